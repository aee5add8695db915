//! Exact scaling.

use num_traits::Zero;

use super::{numbers, positive};
use crate::{Flat, Rational, Refusal, Scaled, Verified};

/// **`after` is `before`, scaled**: `after_e = before_e · Π Λ_v^{d_ev}` exactly, for every synapse, with all
/// `Λ > 0`. Both networks then compute the same function.
///
/// `problem` supplies the exponents `d`; its costs are not looked at. Paper: Section 3, eq. for `S_λ(i)`.
///
/// # Errors
/// Wrong lengths, a multiplier that is not positive, or the first synapse whose weight differs, with what
/// the multipliers give; [`Refusal::Irrational`] where that is irrational (BiPU of fractional degree).
pub fn scaling(
    problem: &Flat,
    before: &[Rational],
    after: &[Rational],
    multipliers: &[Rational],
) -> Result<Verified<Scaled>, Refusal> {
    numbers("weights before", before, problem.synapses().len())?;
    numbers("weights after", after, problem.synapses().len())?;
    positive("multipliers", multipliers, problem.variables())?;
    let weights = before.iter().zip(after);
    for (index, (synapse, (before, after))) in problem.synapses().iter().zip(weights).enumerate() {
        // Whatever the ratio, 0 stays 0.
        let expected = match before.is_zero() {
            true => Rational::zero(),
            false => {
                let ratio = synapse.ratio(multipliers);
                before * ratio.ok_or(Refusal::Irrational(index))?
            }
        };
        if expected != *after {
            return Err(Refusal::Weight {
                synapse: index,
                found: Box::new(after.clone()),
                expected: Box::new(expected),
            });
        }
    }
    let claim = Scaled {
        before: before.to_vec(),
        after: after.to_vec(),
        multipliers: multipliers.to_vec(),
    };
    Ok(Verified::new(problem, claim))
}
