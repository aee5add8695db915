//! Multipliers that may not be chosen freely: powers of two, or within a bound.

use num_traits::{One, Signed};

use super::newton::{MAX_DENSE, NewtonSystem};
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
}

/// Rounds multipliers `Λ = μ^(1/p)` to powers of two, and improves on that one variable at a time.
///
/// Starting from the nearest powers, each variable is doubled or halved as long as that lowers the regularizer. What is
/// returned is no worse than rounding, but need not be the best of all choices. Cost: a few reads of the weights.
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
/// ```
pub fn powers_of_two(problem: &Problem, power: &Rational, multipliers: &[Wide]) -> Restricted {
    let log = |mu: &Wide| mu.power(&power.recip()).ln() / std::f64::consts::LN_2;
    let mut exponents: Vec<f64> = multipliers.iter().map(|mu| log(mu).round()).collect();
    let two = Wide::from_f64(2.0);
    let value = |exponent: f64| {
        let exponent = Rational::from_integer((exponent as i64).into());
        two.power(&(exponent * power))
    };
    let rounded: Vec<Wide> = exponents.iter().map(|exponent| value(*exponent)).collect();
    let mut state = Balancing::at(problem, &rounded);
    // Each change lowers a convex function on a lattice; the limit only guards against rounding.
    for _ in 0..100 {
        let mut changed = false;
        for (variable, exponent) in exponents.iter_mut().enumerate() {
            let before = state.cost_of(variable);
            for step in [1.0, -1.0] {
                state.set(variable, value(*exponent + step));
                let lower = state.cost_of(variable) < before * Wide::from_f64(1.0 - 1e-12);
                if lower {
                    *exponent += step;
                    changed = true;
                    break;
                }
                state.set(variable, value(*exponent));
            }
        }
        if !changed {
            break;
        }
    }
    let deficit = state.max_deficit();
    Restricted {
        deficit,
        residual: deficit,
        multipliers: state.multipliers().to_vec(),
        at_bound: Vec::new(),
    }
}

/// Minimises the regularizer over `1/S <= Λ_v <= S`: strictly convex as without bounds, with one solution.
///
/// Each round balances the variables one by one, as far as the bounds allow (a monotone step, as in the theory), then takes a
/// Newton step in the variables that are not held by a bound. With `newton` off, the rounds alone: a second method. The
/// variables of a component without visible units start from 1. Ours: theory of bounded scalings.
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
