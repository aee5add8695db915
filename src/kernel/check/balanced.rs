//! Exact balance.

use super::{arity, exact_sides, positive};
use crate::kernel::{Balanced, Problem, Refusal, Verified};
use crate::numbers::Rational;

/// **`A_v = B_v` exactly at every variable**, at the multipliers `μ`.
///
/// By convexity of `R` in `log μ` these multipliers minimise `R` among all scalings (for any exponents of
/// the ratios, BiPU included), and the balanced weights are unique. Paper: Theorem 5.1; Theorem 3.1 for a
/// single unit. A variable without active synapses is balanced.
///
/// # Errors
/// Wrong length or sign; the first variable that is not balanced, with both costs; [`Refusal::Undecided`]
/// where a cost is irrational.
pub fn balanced(
    problem: &Problem,
    multipliers: &[Rational],
) -> Result<Verified<Balanced>, Refusal> {
    arity("multipliers", multipliers.len(), problem.variables())?;
    positive("multipliers", multipliers)?;
    for (variable, sides) in exact_sides(problem, multipliers, |_| true)
        .into_iter()
        .enumerate()
    {
        let (input, output) = sides.ok_or(Refusal::Undecided { variable })?;
        if input != output {
            return Err(Refusal::Unbalanced {
                variable,
                input: Box::new(input),
                output: Box::new(output),
            });
        }
    }
    Ok(Verified::new(Balanced {
        multipliers: multipliers.to_vec(),
    }))
}
