//! Weights that are floats, as they lie in memory: the kernel reads these faster than rationals.

use num_traits::{Signed, ToPrimitive};
use synaptic_balance_kernel::{Block, Entries, Problem};

use crate::numbers::{Rational, rational_from_f64, rational_to_f64};

/// The numbers as they lie in memory, if all are numbers of `f64`.
pub(super) fn in_memory<'w>(weights: impl Iterator<Item = &'w Rational>) -> Option<Vec<[u8; 8]>> {
    let float = |value: &Rational| {
        if let Some(float) = short(value) {
            return Some(float.to_le_bytes());
        }
        let float = rational_to_f64(value);
        (rational_from_f64(float)? == *value).then(|| float.to_le_bytes())
    };
    weights.map(float).collect()
}

/// A number of 53 bits at most over a power of two, both of moderate size.
fn short(value: &Rational) -> Option<f64> {
    let (top, bottom) = (value.numer().magnitude(), value.denom().magnitude());
    let places = bottom.trailing_zeros()?;
    if top.bits() > 53 || bottom.bits() != places + 1 || places > 900 {
        return None;
    }
    let float = top.to_u64()? as f64 * f64::from(-(places as i32)).exp2();
    Some(if value.is_negative() { -float } else { float })
}

/// The same problem over these numbers, which must be its weights: every block lists all of them. `None` if they do not
/// fit.
pub(super) fn over_floats<'a>(problem: &Problem, weights: &'a [[u8; 8]]) -> Option<Problem<'a>> {
    let blocks = problem.blocks().iter().map(|block| Block {
        entries: Entries::F64(weights),
        rows: block.rows.clone(),
        columns: block.columns.clone(),
        layout: block.layout.clone(),
        power: block.power.clone(),
        coefficient: block.coefficient.clone(),
        again: block.again,
    });
    let forms = problem.forms().to_vec();
    Problem::new(problem.variables(), forms, blocks.collect()).ok()
}
