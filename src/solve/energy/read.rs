//! Reading the weights on all cores.

use std::ops::Range;
use synaptic_balance_kernel::{Band, Reader, Refusal};

/// Weights of a band: enough to be worth a thread.
const BAND: usize = 1 << 17;

/// Entries of a band for each of its rows and columns: so many that adding up their sums takes little of the time.
const ENTRIES: usize = 16;

/// Reads all the weights. Results do not depend on the number of threads, and each holds the sums of one band at a time.
///
/// # Errors
/// What the kernel refuses.
pub fn read_all(reader: &Reader) -> Result<Vec<Band>, Refusal> {
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    for (number, block) in reader.problem().blocks().iter().enumerate() {
        let entries = block.entries.len();
        let step = BAND.max(ENTRIES * (block.rows.len() + block.columns.len()));
        let starts = (0..entries).step_by(step);
        parts.extend(starts.map(|start| (number, start..(start + step).min(entries))));
    }
    let read = |(block, entries): (usize, Range<usize>)| reader.read(block, entries);
    let join = |one: Option<Band>, other: Band| match one {
        Some(one) => one.join(other),
        None => other,
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        let bands = parts.into_par_iter().map(read);
        let bands = bands.try_fold(|| None, |sums, band| Ok(Some(join(sums, band?))));
        let all = bands.try_reduce_with(|one, other| {
            Ok(match other {
                Some(other) => Some(join(one, other)),
                None => one,
            })
        });
        all.unwrap_or(Ok(None)).map(|all| all.into_iter().collect())
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut all = None;
        for part in parts {
            all = Some(join(all, read(part)?));
        }
        Ok(all.into_iter().collect())
    }
}
