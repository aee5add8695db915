//! Finding certified enclosures: rational bounds that pass the kernel's sign tests.

use num_traits::{One, Signed};
use thiserror::Error;

use super::newton::{LinearSystem, MAX_DENSE};
use super::{Balancing, Solution};
use crate::kernel::{Enclosed, NotAttained, Problem, Refusal, Synapse, Verified, check};
use crate::numbers::{
    Direction, Dyadic, Rational, rational_from_f64, rational_to_f64, simplest_between, sum,
};

/// The most significant digits that can be asked for.
pub const MAX_DIGITS: u32 = 250;

/// Why no enclosure was found. Nothing is claimed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertifyError {
    /// The comparison principle does not cover the problem.
    #[error(
        "synapse {synapse} rises, or falls, in two multipliers at once (BiPU units of negative degree): the comparison \
         principle does not apply, and the enclosure is undecided"
    )]
    RaisesBoth {
        /// Index of the synapse.
        synapse: usize,
    },
    /// More digits than [`MAX_DIGITS`], or none.
    #[error("between 1 and {MAX_DIGITS} digits can be certified")]
    Digits,
    /// The direct method cannot take so many variables.
    #[error(
        "{0} independent multipliers are too many for the dense Newton system (at most {MAX_DENSE}), and the problem has no block form"
    )]
    TooLarge(usize),
    /// The Newton system is not solvable in `f64`.
    #[error("the network is nearly cut off from its visible units: no bounds were found")]
    Singular,
    /// The refinement of the solution stopped short of what the digits need.
    #[error("the solution could not be refined to the precision asked for")]
    NotRefined,
    /// The kernel refused the bounds.
    #[error("the bounds were refused: {0}")]
    Refused(#[from] Refusal),
}

/// Encloses every balanced multiplier `μ*` to `digits` significant digits, starting from a computed solution.
///
/// With `h` the solution of `H h = diag(H)` the point `log μ* - ε h` has `A < B` everywhere and `log μ* + ε h` has `A > B`,
/// to first order by a share `ε` of `A + B`; so these are the bounds that the comparison principle wants. The
/// solution is refined first, by Newton steps with residuals in directed-rounding arithmetic.
///
/// # Errors
/// [`CertifyError`].
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{certify, solve_direct, DirectOptions};
/// let weights = ["1", "3", "2"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l2());
/// let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
/// let enclosure = certify(&problem, &solution, 30).unwrap();
/// assert!(enclosure.claim().lower[0] < enclosure.claim().upper[0]);
/// ```
pub fn certify(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
) -> Result<Verified<Enclosed>, CertifyError> {
    let (lower, upper) = bounds(problem, solution, digits)?;
    Ok(check::enclosure(problem, &lower, &upper)?)
}

/// The same for the limit in which the synapses of a verified [`NotAttained`] vanish; `solution` solves the problem
/// without them.
///
/// # Errors
/// [`CertifyError`].
pub fn certify_limit(
    problem: &Problem,
    not_attained: &NotAttained,
    solution: &Solution,
    digits: u32,
) -> Result<Verified<Enclosed>, CertifyError> {
    let (lower, upper) = bounds(&problem.without(&not_attained.vanishing), solution, digits)?;
    Ok(check::limit_enclosure(
        problem,
        &not_attained.direction,
        &lower,
        &upper,
    )?)
}

type Bounds = (Vec<Rational>, Vec<Rational>);

fn bounds(problem: &Problem, solution: &Solution, digits: u32) -> Result<Bounds, CertifyError> {
    if digits == 0 || digits > MAX_DIGITS {
        return Err(CertifyError::Digits);
    }
    if let Some(synapse) = problem.synapses().iter().position(Synapse::raises_both) {
        return Err(CertifyError::RaisesBoth { synapse });
    }
    let state = Balancing::at(problem, &solution.multipliers);
    let mut system = LinearSystem::new(problem, &state)?;
    let heights = system.heights().ok_or(CertifyError::Singular)?;
    let highest = heights.iter().copied().fold(1.0, f64::max);
    // Half of the width allowed, so that rounding outward keeps within it.
    let widest = Rational::new(1.into(), num_bigint::BigInt::from(10).pow(digits) * 4);
    let highest = rational_from_f64(highest).ok_or(CertifyError::Singular)?;
    let epsilon = widest / highest;
    let point = refine(problem, &state, &mut system, &epsilon)?;
    let mut lower = vec![Rational::one(); problem.variables()];
    let mut upper = lower.clone();
    for (variable, height) in system.variables().iter().zip(&heights) {
        let height = rational_from_f64(*height).ok_or(CertifyError::Singular)?;
        let (centre, reach) = (&point[*variable], &epsilon * height);
        // The simplest rationals a little outside: short certificates.
        let slack = &epsilon / Rational::from_integer(8.into());
        let end = |sign: i32| {
            let sign = Rational::from_integer(sign.into());
            let near = centre * (Rational::one() + &sign * &reach);
            let far = &near * (Rational::one() + sign * &slack);
            simplest_between((&near).min(&far), (&near).max(&far)).ok_or(CertifyError::NotRefined)
        };
        (lower[*variable], upper[*variable]) = (end(-1)?, end(1)?);
    }
    Ok((lower, upper))
}

/// Newton steps whose residual is computed to enough digits and whose matrix stays as it was: each gains as many
/// digits as `f64` has to give.
fn refine(
    problem: &Problem,
    state: &Balancing,
    system: &mut LinearSystem,
    epsilon: &Rational,
) -> Result<Vec<Rational>, CertifyError> {
    let bits = epsilon
        .denom()
        .bits()
        .saturating_sub(epsilon.numer().bits())
        + 40;
    let goal = epsilon / Rational::from_integer(16.into());
    let costs = problem.costs(bits);
    let ratio = system.side_ratio(state);
    let start = state.multipliers().iter().map(|value| value.to_rational());
    let mut point: Vec<Rational> = start
        .collect::<Option<_>>()
        .ok_or(CertifyError::NotRefined)?;
    for _ in 0..200 {
        let sides = problem.sides(&costs, &point);
        let mut residual = Vec::with_capacity(ratio.len());
        for variable in system.variables() {
            let (Some(input), Some(output)) = &sides[*variable] else {
                return Err(CertifyError::NotRefined);
            };
            let (input, output) = (input.lo().to_rational(), output.lo().to_rational());
            residual.push((&output - &input) / (input + output));
        }
        let largest = residual.iter().map(Signed::abs).max();
        let Some(largest) = largest.filter(|largest| *largest > goal) else {
            return Ok(point);
        };
        // Relative to the largest, so that f64 holds the entries whatever their size.
        let scaled: Vec<f64> = residual
            .iter()
            .zip(&ratio)
            .map(|(r, ratio)| rational_to_f64(&(r / &largest)) * ratio)
            .collect();
        let steps = system.solve(&scaled).ok_or(CertifyError::NotRefined)?;
        for (variable, step) in system.variables().iter().zip(steps) {
            let step = rational_from_f64(step).ok_or(CertifyError::NotRefined)? * &largest;
            let moved = &point[*variable] * (Rational::one() + step);
            let rounded = Dyadic::from_rational(&moved, bits, Direction::Down);
            let rounded = rounded
                .map(|value| value.to_rational())
                .filter(Signed::is_positive);
            point[*variable] = rounded.ok_or(CertifyError::NotRefined)?;
        }
    }
    Err(CertifyError::NotRefined)
}

/// The largest relative width `(upper - lower) / lower` of an enclosure, exactly; 0 without variables.
pub fn relative_width(enclosed: &Enclosed) -> Rational {
    let pairs = enclosed.lower.iter().zip(&enclosed.upper);
    let widths = pairs.map(|(lower, upper)| sum(&[upper.clone(), -lower]) / lower);
    widths
        .max()
        .unwrap_or_else(|| Rational::from_integer(0.into()))
}
