//! Exact balanced multipliers, where they are rational.

use super::certify::refined_point;
use super::{CertifyError, Solution, certify};
use crate::kernel::{Balanced, NotAttained, Priced, Problem, Refusal, Verified, check};
use crate::numbers::{Rational, simplest_between};

/// Digits of the enclosures in which simple rationals are looked for, one after the other.
const DIGITS: [u32; 3] = [12, 30, 80];

/// Rational multipliers `μ` that balance the problem exactly, verified by the kernel; `None` if none was found.
///
/// If every `μ*` is rational, each is the simplest rational in a narrow enough enclosure of it; so certified enclosures
/// are narrowed and the simplest rationals tried (where the comparison principle does not apply, in computed
/// neighbourhoods). `None` means that some `μ*` is irrational, or has numerator and denominator of more than about 40
/// digits together, or that costs are irrational.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{balance_exactly, solve_direct, DirectOptions};
/// let weights = ["1", "64", "1"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l1());
/// let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
/// let exact = balance_exactly(&problem, &solution).unwrap();
/// assert_eq!(exact.claim_about(&problem).unwrap().multipliers[0].to_string(), "4");
/// ```
pub fn balance_exactly(problem: &Problem, solution: &Solution) -> Option<Verified<Balanced>> {
    simplest(problem, solution, &|multipliers| {
        check::balanced(problem, multipliers)
    })
}

/// The same for the limit in which the synapses of a [`NotAttained`] of this problem vanish; `solution` solves the
/// problem without them.
pub fn balance_exactly_in_limit(
    problem: &Problem,
    not_attained: &NotAttained,
    solution: &Solution,
) -> Option<Verified<Balanced>> {
    let reduced = problem.without(&not_attained.vanishing);
    simplest(&reduced, solution, &|multipliers| {
        check::limit_balanced(problem, &not_attained.direction, multipliers)
    })
}

/// Where each multiplier lies: by enclosures where there are any, else about a refined point; what is found there is
/// verified.
fn bounds(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
) -> Option<Vec<(Rational, Rational)>> {
    match certify(problem, solution, digits) {
        Ok(enclosure) => {
            let enclosed = enclosure.claim_about(problem)?;
            let bounds = enclosed.lower.iter().zip(&enclosed.upper);
            Some(
                bounds
                    .map(|(lower, upper)| (lower.clone(), upper.clone()))
                    .collect(),
            )
        }
        Err(CertifyError::RaisesBoth { .. }) => {
            let width = Rational::new(1.into(), num_bigint::BigInt::from(10).pow(digits));
            let point = refined_point(problem, solution, digits).ok()?.into_iter();
            let around = point.map(|value| {
                let reach = &value * &width;
                (&value - &reach, value + reach)
            });
            Some(around.collect())
        }
        Err(_) => None,
    }
}

type Checked = Result<Verified<Balanced>, Refusal>;

fn simplest(
    problem: &Problem,
    solution: &Solution,
    check: &dyn Fn(&[Rational]) -> Checked,
) -> Option<Verified<Balanced>> {
    let irrational = |synapse: &crate::kernel::Synapse| {
        synapse.is_active() && synapse.costs.iter().any(|cost| cost.exact().is_none())
    };
    if problem.synapses().iter().any(irrational) {
        return None;
    }
    for digits in DIGITS {
        let simplest: Option<Vec<_>> = bounds(problem, solution, digits)?
            .iter()
            .map(|(lower, upper)| simplest_between(lower, upper))
            .collect();
        if let Ok(verified) = check(&simplest?) {
            return Some(verified);
        }
    }
    None
}
