//! Exact balanced multipliers, where they are rational.

use super::{Solution, certify};
use crate::kernel::{Balanced, Problem, Verified, check};
use crate::numbers::simplest_between;

/// Digits of the enclosures in which simple rationals are looked for, one after the other.
const DIGITS: [u32; 3] = [12, 30, 80];

/// Rational multipliers `μ` that balance the problem exactly, verified by the kernel; `None` if none was found.
///
/// If every `μ*` is rational, each is the simplest rational in a narrow enough enclosure of it; so certified
/// enclosures are narrowed and the simplest rationals tried. `None` means that some `μ*` is irrational, or has
/// numerator and denominator of more than about 40 digits together, or that costs are irrational.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{balance_exactly, solve_direct, DirectOptions};
/// let weights = ["1", "64", "1"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l1());
/// let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
/// let exact = balance_exactly(&problem, &solution).unwrap();
/// assert_eq!(exact.claim().multipliers[0].to_string(), "4");
/// ```
pub fn balance_exactly(problem: &Problem, solution: &Solution) -> Option<Verified<Balanced>> {
    let irrational = |synapse: &crate::kernel::Synapse| {
        synapse.is_active() && synapse.costs.iter().any(|cost| cost.exact().is_none())
    };
    if problem.synapses().iter().any(irrational) {
        return None;
    }
    for digits in DIGITS {
        let enclosure = certify(problem, solution, digits).ok()?;
        let bounds = enclosure.claim().lower.iter().zip(&enclosure.claim().upper);
        let simplest: Option<Vec<_>> = bounds
            .map(|(lower, upper)| simplest_between(lower, upper))
            .collect();
        if let Ok(verified) = check::balanced(problem, &simplest?) {
            return Some(verified);
        }
    }
    None
}
