//! Weights that are floats, as they lie in memory: the kernel reads these faster than rationals.

use synaptic_balance_kernel::{Block, Entries, Problem};

use crate::numbers::{Rational, rational_from_f64, rational_to_f64};

/// The numbers as they lie in memory, if all are numbers of `f64`.
pub(super) fn in_memory<'w>(weights: impl Iterator<Item = &'w Rational>) -> Option<Vec<[u8; 8]>> {
    let float = |value: &Rational| {
        let float = rational_to_f64(value);
        (rational_from_f64(float)? == *value).then(|| float.to_le_bytes())
    };
    weights.map(float).collect()
}

/// The same problem over these numbers, which must be its weights: every block lists all of them. `None` if they do not fit.
pub(super) fn over_floats<'a>(problem: &Problem, weights: &'a [[u8; 8]]) -> Option<Problem<'a>> {
    let blocks = problem.blocks().iter().map(|block| Block {
        entries: Entries::F64(weights),
        rows: block.rows.clone(),
        columns: block.columns.clone(),
        layout: block.layout.clone(),
        power: block.power.clone(),
        coefficient: block.coefficient.clone(),
    });
    let forms = problem.forms().to_vec();
    Problem::new(problem.variables(), forms, blocks.collect()).ok()
}
