//! Reading the weights on all cores.

use std::ops::Range;
use synaptic_balance_kernel::{Band, Layout, Reader, Refusal};

/// Weights of a band: enough to be worth a thread.
const BAND: usize = 1 << 17;

/// Reads all the weights. Results do not depend on the number of threads.
///
/// # Errors
/// What the kernel refuses.
pub fn read_all(reader: &Reader) -> Result<Vec<Band>, Refusal> {
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    for (number, block) in reader.problem().blocks().iter().enumerate() {
        let (rows, width) = match &block.layout {
            Layout::Dense => (block.rows.len(), block.columns.len()),
            Layout::List(places) => (places.len(), 1),
        };
        let step = (BAND / width.max(1)).max(1);
        let starts = (0..rows).step_by(step);
        parts.extend(starts.map(|start| (number, start..(start + step).min(rows))));
    }
    let read = |(block, rows): (usize, Range<usize>)| reader.read(block, rows);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        parts.into_par_iter().map(read).collect()
    }
    #[cfg(not(feature = "parallel"))]
    parts.into_iter().map(read).collect()
}
