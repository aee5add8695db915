//! Multipliers that may not be chosen freely: powers of two, or within a bound.

use num_traits::{One, Signed};

use super::flat::MAX_DENSE;
use super::newton::NewtonSystem;
use super::{Balancing, SolveError};
use crate::kernel::Problem;
use crate::numbers::{Rational, Wide};

/// What multipliers `Λ` of weights are restricted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restriction {
    /// Powers of two: a weight in binary floating point is then scaled without rounding, barring over- and underflow.
    PowersOfTwo,
    /// Between `1/S` and `S`, `S >= 1`.
    Within(Rational),
    /// Powers of two between them: the optimum between the powers of two within `S`, rounded to the nearest.
    PowersOfTwoWithin(Rational),
}

impl Restriction {
    /// Is every multiplier within a bound?
    pub fn is_bounded(&self) -> bool {
        !matches!(self, Restriction::PowersOfTwo)
    }
}

/// Restricted multipliers: computed, not verified.
#[derive(Debug, Clone)]
pub struct Restricted {
    /// The multipliers `μ`, one for each variable.
    pub multipliers: Vec<Wide>,
    /// The largest deficit.
    pub deficit: f64,
    /// The largest deficit of the variables that no bound holds; with powers of two, of all.
    pub residual: f64,
    /// The variables that lie at a bound.
    pub at_bound: Vec<usize>,
    /// The largest factor between a multiplier `Λ` and the one that it was rounded from, where they were rounded.
    pub rounding: Option<f64>,
}

/// Rounds multipliers `Λ = μ^(1/p)` to the nearest powers of two: each is within a factor `√2` of what it was.
///
/// ```
/// use synaptic_balance::network::{Regularizer, chain};
/// use synaptic_balance::numbers::{Rational, Wide, parse_rational};
/// use synaptic_balance::solve::powers_of_two;
/// let weights = ["1", "18"].map(|text| parse_rational(text).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l2());
/// // Balanced by Λ² = 18; the nearest power of two is 4.
/// let restricted = powers_of_two(&problem, &Rational::from_integer(2.into()), &[Wide::from_f64(18.0)]);
/// assert_eq!(restricted.multipliers[0].to_f64(), 16.0);
/// assert!(restricted.rounding.unwrap() < 1.07);
/// ```
pub fn powers_of_two(problem: &Problem, power: &Rational, multipliers: &[Wide]) -> Restricted {
    let log = |mu: &Wide| mu.power(&power.recip()).ln() / std::f64::consts::LN_2;
    let two = Wide::from_f64(2.0);
    let mut factor = 1.0f64;
    let rounded = multipliers.iter().map(|mu| {
        let log = log(mu);
        let exponent = log.round();
        factor = factor.max((log - exponent).abs().exp2());
        two.power(&(Rational::from_integer((exponent as i64).into()) * power))
    });
    let mut state = Balancing::at(problem, &rounded.collect::<Vec<_>>());
    let deficit = state.max_deficit();
    Restricted {
        deficit,
        residual: deficit,
        multipliers: state.multipliers().to_vec(),
        at_bound: Vec::new(),
        rounding: Some(factor),
    }
}

/// The largest power of two that is not above a bound of 1 or more: multipliers within it stay within it when they are
/// rounded to the nearest powers of two.
pub(super) fn power_below(bound: &Rational) -> Rational {
    let mut power = num_bigint::BigInt::one() << bound.to_integer().bits().saturating_sub(1);
    if power < num_bigint::BigInt::one() {
        power = num_bigint::BigInt::one();
    }
    Rational::from_integer(power)
}

/// Minimises the regularizer over `1/S <= Λ_v <= S`: strictly convex as without bounds, with one solution.
///
/// Each round balances the variables one by one, as far as the bounds allow (a monotone step, as in the theory), then
/// takes a Newton step in the variables that are not held by a bound. With `newton` off, the rounds alone: a second
/// method. The variables of a component without visible units start from 1. Ours: theory of bounded scalings.
///
/// # Errors
/// The tolerance is not reached.
pub fn balance_within(
    problem: &Problem,
    power: &Rational,
    bound: &Rational,
    tolerance: f64,
    newton: bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Restricted, SolveError> {
    debug_assert!(*bound >= Rational::one() && power.is_positive());
    let highest = Wide::from(bound).power(power);
    let limit = highest.ln();
    let mut state = Balancing::new(problem);
    let rounds = if newton { 500 } else { 20_000 };
    let newton = newton && problem.variables() <= MAX_DENSE;
    let mut residual = f64::INFINITY;
    for _ in 0..rounds {
        let order = 0..state.variables();
        for variable in order.clone().chain(order.rev()) {
            clamped_step(&mut state, variable, highest, limit);
        }
        if newton {
            newton_step(&mut state, highest, limit);
        }
        residual = bounded_residual(&mut state, highest);
        progress(residual);
        if residual <= tolerance {
            let deficit = state.max_deficit();
            let held = |variable: &usize| is_held(&state, *variable, highest);
            return Ok(Restricted {
                deficit,
                at_bound: (0..state.variables()).filter(held).collect(),
                residual,
                multipliers: state.multipliers().to_vec(),
                rounding: None,
            });
        }
    }
    Err(SolveError::NotConverged {
        deficit: residual,
        tolerance,
        passes: state.passes(),
        reason: "the number of rounds is used up",
    })
}

/// Balances a variable as far as the bound allows. A variable with cost on one side goes to the bound.
fn clamped_step(state: &mut Balancing, variable: usize, highest: Wide, limit: f64) {
    let log = match state.balancing_log(variable) {
        Ok(None) => return,
        Ok(Some(log)) => log,
        Err(SolveError::OneSided { side: "input", .. }) => f64::INFINITY,
        Err(_) => f64::NEG_INFINITY,
    };
    let target = state.multipliers()[variable].ln() + log;
    if target >= limit {
        state.set(variable, highest);
    } else if target <= -limit {
        state.set(variable, Wide::ONE / highest);
    } else {
        state.shift(variable, log);
    }
}

/// Does a variable lie at a bound that it would leave outwards?
fn is_held(state: &Balancing, variable: usize, highest: Wide) -> bool {
    let multiplier = state.multipliers()[variable];
    let (input, output) = state.sides(variable);
    (multiplier >= highest && output > input)
        || (multiplier <= Wide::ONE / highest && input > output)
}

fn bounded_residual(state: &mut Balancing, highest: Wide) -> f64 {
    state.max_deficit();
    (0..state.variables())
        .filter(|variable| !is_held(state, *variable, highest))
        .map(|variable| state.deficit(variable))
        .fold(0.0, f64::max)
}

/// A Newton step in the variables that are free to move, cut off at the bounds; kept only if it helps.
fn newton_step(state: &mut Balancing, highest: Wide, limit: f64) {
    let mut moved = state.clone();
    moved.hold(|variable| is_held(state, variable, highest));
    let Some(system) = NewtonSystem::new(&moved) else {
        return;
    };
    let step = system.solve(&system.residual(&moved));
    if step.iter().any(|entry| !entry.is_finite()) {
        return;
    }
    for (variable, entry) in system.variables.iter().zip(&step) {
        let target = (moved.multipliers()[*variable].ln() + entry).clamp(-limit, limit);
        let value = match target.abs() >= limit {
            true if target > 0.0 => highest,
            true => Wide::ONE / highest,
            false => moved.multipliers()[*variable] * Wide::exp(*entry),
        };
        moved.set(*variable, value);
    }
    let better = bounded_residual(&mut moved, highest) < bounded_residual(state, highest);
    if better && moved.regularizer() <= state.regularizer() * Wide::from_f64(1.0 + 1e-12) {
        moved.hold(|_| false);
        *state = moved;
    }
}
