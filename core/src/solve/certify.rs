//! Finding certified enclosures: rational bounds that pass the kernel's sign tests.

use num_traits::{One, Signed};
use thiserror::Error;

use super::flat::MAX_DENSE;
use super::linear_system::{LinearSystem, Unsolvable};
use super::precise::solve_precisely;
use super::{Balancing, Solution};
use crate::kernel::{Enclosed, NotAttained, Problem, Refusal, Surveyed, Synapse, Verified, check};
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
        "synapse {synapse} rises, or falls, in two multipliers at once (BiPU units of negative degree, products, or ties with negative exponents): the comparison \
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

impl From<Unsolvable> for CertifyError {
    fn from(fault: Unsolvable) -> Self {
        match fault {
            Unsolvable::Singular => CertifyError::Singular,
            Unsolvable::TooLarge(variables) => CertifyError::TooLarge(variables),
        }
    }
}

/// Encloses every balanced multiplier `μ*` to `digits` significant digits, starting from a computed solution.
///
/// With `h` the solution of `H h = diag(H)` the point `log μ* - ε h` has `A < B` everywhere and `log μ* + ε h` has `A >
/// B`, to first order by a share `ε` of `A + B`; so these are the bounds that the comparison principle wants. The
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
/// let enclosed = enclosure.claim_about(&problem).unwrap();
/// assert!(enclosed.lower[0] < enclosed.upper[0]);
/// ```
pub fn certify(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
) -> Result<Verified<Enclosed>, CertifyError> {
    Ok(certify_refined(problem, solution, digits)?.0)
}

/// The same, with the point that the solution was refined to.
pub(super) fn certify_refined(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
) -> Result<(Verified<Enclosed>, Vec<Rational>), CertifyError> {
    let check = |(lower, upper): &Bounds| check::enclosure(problem, lower, upper);
    enclosed(problem, solution, digits, &check)
}

/// The same for the limit in which the synapses of a [`NotAttained`] of this problem vanish; `solution` solves the
/// problem without them.
///
/// # Errors
/// [`CertifyError`].
pub fn certify_limit(
    problem: &Problem,
    not_attained: &NotAttained,
    solution: &Solution,
    digits: u32,
) -> Result<Verified<Enclosed>, CertifyError> {
    Ok(certify_limit_refined(problem, not_attained, solution, digits)?.0)
}

/// The same, with the point that the solution was refined to.
pub(super) fn certify_limit_refined(
    problem: &Problem,
    not_attained: &NotAttained,
    solution: &Solution,
    digits: u32,
) -> Result<(Verified<Enclosed>, Vec<Rational>), CertifyError> {
    let reduced = problem.without(&not_attained.vanishing);
    let direction = &not_attained.direction;
    let check = |(lower, upper): &Bounds| check::limit_enclosure(problem, direction, lower, upper);
    enclosed(&reduced, solution, digits, &check)
}

/// Bounds that pass the check, and what the solution was refined to: by the Newton system in `f64`; where that is
/// singular or of no use, in numbers of many bits.
fn enclosed(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
    check: &dyn Fn(&Bounds) -> Result<Verified<Enclosed>, Refusal>,
) -> Result<(Verified<Enclosed>, Vec<Rational>), CertifyError> {
    if digits == 0 || digits > MAX_DIGITS {
        return Err(CertifyError::Digits);
    }
    if let Some(synapse) = problem.synapses().iter().position(Synapse::raises_both) {
        return Err(CertifyError::RaisesBoth { synapse });
    }
    // Half of the width allowed, so that rounding outward keeps within it.
    let widest = Rational::new(1.into(), num_bigint::BigInt::from(10).pow(digits) * 4);
    let state = Balancing::at(problem, &solution.multipliers);
    let checked = |refined: Refined| Ok((check(&refined.bounds()?)?, refined.point));
    match Refined::in_floats(problem, &state, &widest).and_then(checked) {
        Err(fault @ CertifyError::TooLarge(_)) => Err(fault),
        Err(fault) => match Refined::precisely(problem, &state, &widest) {
            Some(refined) => checked(refined),
            None => Err(fault),
        },
        found => found,
    }
}

type Bounds = (Vec<Rational>, Vec<Rational>);

/// A solution refined, and what bounds around it are made of.
struct Refined {
    variables: Vec<usize>,
    point: Vec<Rational>,
    /// For each of `variables`, how far a deficit of 1 everywhere moves it.
    heights: Vec<Rational>,
    /// The deficit at the bounds.
    epsilon: Rational,
}

impl Refined {
    fn in_floats(
        problem: &Problem,
        state: &Balancing,
        widest: &Rational,
    ) -> Result<Self, CertifyError> {
        let mut system = LinearSystem::new(problem, state)?;
        let heights = system.heights().ok_or(CertifyError::Singular)?;
        let heights = heights.iter().map(|height| rational_from_f64(*height));
        let heights: Vec<Rational> = heights
            .collect::<Option<_>>()
            .ok_or(CertifyError::Singular)?;
        let epsilon = widest / highest(&heights);
        Ok(Refined {
            variables: system.variables().to_vec(),
            point: refine(problem, state, &mut system, &epsilon)?,
            heights,
            epsilon,
        })
    }

    fn precisely(problem: &Problem, state: &Balancing, widest: &Rational) -> Option<Self> {
        let found = solve_precisely(problem, state, widest)?;
        Some(Refined {
            epsilon: widest / highest(&found.heights),
            variables: found.variables,
            point: found.point,
            heights: found.heights,
        })
    }

    fn bounds(&self) -> Result<Bounds, CertifyError> {
        let epsilon = &self.epsilon;
        let mut lower = vec![Rational::one(); self.point.len()];
        let mut upper = lower.clone();
        for (variable, height) in self.variables.iter().zip(&self.heights) {
            let (centre, reach) = (&self.point[*variable], epsilon * height);
            // The simplest rationals a little outside: short certificates.
            let slack = epsilon / Rational::from_integer(8.into());
            let end = |sign: i32| {
                let sign = Rational::from_integer(sign.into());
                let near = centre * (Rational::one() + &sign * &reach);
                let far = &near * (Rational::one() + sign * &slack);
                let simplest = simplest_between((&near).min(&far), (&near).max(&far));
                simplest.ok_or(CertifyError::NotRefined)
            };
            (lower[*variable], upper[*variable]) = (end(-1)?, end(1)?);
        }
        Ok((lower, upper))
    }
}

fn highest(heights: &[Rational]) -> Rational {
    let one = Rational::one();
    heights
        .iter()
        .fold(one, |highest, height| highest.max(height.clone()))
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

/// A solution refined until each multiplier is right, to first order, to about `digits` digits, whatever the exponents:
/// nothing is proved of it.
pub(super) fn refined_point(
    problem: &Problem,
    solution: &Solution,
    digits: u32,
) -> Result<Vec<Rational>, CertifyError> {
    let state = Balancing::at(problem, &solution.multipliers);
    let mut system = LinearSystem::new(problem, &state)?;
    let reach = rational_from_f64(system.reach()).ok_or(CertifyError::Singular)?;
    let width = Rational::new(1.into(), num_bigint::BigInt::from(10).pow(digits));
    let epsilon = width / reach.max(Rational::one());
    refine(problem, &state, &mut system, &epsilon)
}

/// The largest relative width `(upper - lower) / lower` of an enclosure, exactly; 0 without variables.
pub fn relative_width(enclosed: &Enclosed) -> Rational {
    let pairs = enclosed.lower.iter().zip(&enclosed.upper);
    let widths = pairs.map(|(lower, upper)| sum(&[upper.clone(), -lower]) / lower);
    widths
        .max()
        .unwrap_or_else(|| Rational::from_integer(0.into()))
}
