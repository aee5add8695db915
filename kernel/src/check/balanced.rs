//! Exact balance.

use super::{exact_sum, existence::falling, positive};
use crate::work::Work;
use crate::{Balanced, Flat, Rational, Refusal, Verified};

/// **`A_v = B_v` exactly at every variable**, at the multipliers `μ`.
///
/// By convexity of `R` in `log μ` these multipliers minimise `R` among all scalings (for any exponents of
/// the ratios, BiPU included), and the balanced weights are unique. Paper: Theorem 5.1; Theorem 3.1 for a
/// single unit. A variable without active synapses is balanced.
///
/// # Errors
/// Wrong length or sign; the first variable that is not balanced, with both costs; [`Refusal::Undecided`]
/// where a cost is irrational.
pub fn balanced(problem: &Flat, multipliers: &[Rational]) -> Result<Verified<Balanced>, Refusal> {
    balance(problem, Vec::new(), multipliers)
}

/// **The infimum is not attained, and in the limit in which the synapses that fall along `direction` vanish, `A_v = B_v`
/// exactly at every variable.**
///
/// Why: without the falling synapses these multipliers minimise `R`, see [`balanced`], and `R` with them is larger. From there
/// along `direction` the falling costs tend to 0 and the others do not change, so that least value is the infimum of `R`.
/// Of the problem with all its synapses nothing is said: there these multipliers are not balanced. Place: ours.
///
/// # Errors
/// Those of [`not_attained`](super::not_attained), and of [`balanced`] for the remaining problem.
pub fn limit_balanced(
    problem: &Flat,
    direction: &[Rational],
    multipliers: &[Rational],
) -> Result<Verified<Balanced>, Refusal> {
    balance(problem, falling(problem, direction)?, multipliers)
}

fn balance(
    problem: &Flat,
    vanishing: Vec<usize>,
    multipliers: &[Rational],
) -> Result<Verified<Balanced>, Refusal> {
    positive("multipliers", multipliers, problem.variables())?;
    let rest = problem.without(&vanishing);
    let mut work = Work::new(rest.synapses().len());
    for (variable, [input, output]) in rest.shares().iter().enumerate() {
        let mut sum = |shares| exact_sum(shares, multipliers, &mut work);
        let (input, output) = sum(input)
            .zip(sum(output))
            .ok_or(Refusal::Undecided(variable))?;
        if input != output {
            return Err(Refusal::Unbalanced {
                variable,
                input: Box::new(input),
                output: Box::new(output),
            });
        }
    }
    let multipliers = multipliers.to_vec();
    let claim = Balanced {
        multipliers,
        vanishing,
    };
    Ok(Verified::new(problem, claim))
}
