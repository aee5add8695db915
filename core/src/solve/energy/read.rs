//! Reading the weights on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use synaptic_balance_kernel::{Band, Reader, Refusal};

/// Weights of a band: enough to be worth a thread.
const BAND: usize = 1 << 17;

/// Entries of a band for each of its rows and columns: so many that adding up their sums takes little of the time.
const ENTRIES: usize = 16;

/// Reads all the weights. Results do not depend on the number of threads, and each holds its own sums and those of one
/// band at a time, whoever is fast.
///
/// # Errors
/// What the kernel refuses first.
pub fn read_all(reader: &Reader) -> Result<Vec<Band>, Refusal> {
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    for (number, block) in reader.problem().blocks().iter().enumerate() {
        let entries = block.entries.len();
        let step = BAND.max(ENTRIES * (block.rows.len() + block.columns.len()));
        let starts = (0..entries).step_by(step);
        parts.extend(starts.map(|start| (number, start..(start + step).min(entries))));
    }
    let next = AtomicUsize::new(0);
    let own = |_: usize| -> Result<Option<Band>, (usize, Refusal)> {
        let mut sums: Option<Band> = None;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((block, entries)) = parts.get(number) else {
                return Ok(sums);
            };
            let band = reader.read(*block, entries.clone());
            let band = band.map_err(|fault| (number, fault))?;
            sums = Some(match sums {
                Some(sums) => sums.join(band),
                None => band,
            });
        }
    };
    #[cfg(feature = "parallel")]
    let found: Vec<_> = {
        use rayon::prelude::*;
        let threads = (0..rayon::current_num_threads()).into_par_iter();
        threads.with_max_len(1).map(own).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let found = vec![own(0)];
    let (mut bands, mut first): (Vec<Band>, Option<(usize, Refusal)>) = (Vec::new(), None);
    for own in found {
        match own {
            Ok(sums) => bands.extend(sums),
            // Parts are taken in their order, so that the first fault of all is some thread's first.
            Err(fault) if first.as_ref().is_none_or(|first| fault.0 < first.0) => {
                first = Some(fault);
            }
            Err(_) => {}
        }
    }
    match first {
        Some((_, fault)) => Err(fault),
        None => Ok(bands),
    }
}
