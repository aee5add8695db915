//! Multipliers within a bound, for problems of any forms.

use super::costs::TermCosts;
use super::newton::{GeneralOptions, State};
use crate::solve::SolveError;
use crate::solve::blocks::{RestrictedBlocks, deficit};

/// Halvings of a step until the regularizer falls by enough.
const HALVINGS: usize = 40;

/// The share of the fall that the gradient promises, at least.
const ENOUGH: f64 = 1e-4;

/// Minimises the regularizer over `1/bound <= μ <= bound`, in the multipliers `μ` of costs: strictly convex where terms
/// tell variables apart, and there is a solution whether or not the minimum is attained without the bound. A variable
/// without any cost keeps the multiplier 1.
///
/// Newton steps in the variables that no bound holds, solved by conjugate gradients, cut off at the bounds (a projected
/// Newton method). Cost: some dozens of reads of the weights. It ends where the largest deficit of the variables that
/// are not held is within the tolerance, and no held one gains by moving back.
///
/// # Errors
/// [`SolveError::NotFinite`]; [`SolveError::NotConverged`] where reads run out, or rounding allows no better.
pub fn balance_terms_within(
    costs: &TermCosts,
    bound: f64,
    options: &GeneralOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<RestrictedBlocks, SolveError> {
    let limit = bound.ln().max(0.0);
    let mut state = costs.state(vec![0.0; costs.variables()]);
    let mut reads = 1;
    loop {
        let sides = state.pairs();
        let is_finite = |(rising, falling): &(f64, f64)| (rising + falling).is_finite();
        if let Some(variable) = sides.iter().position(|pair| !is_finite(pair)) {
            return Err(SolveError::NotFinite { variable });
        }
        let held = held(&state.x, &sides, limit);
        let of = |(rising, falling): &(f64, f64)| deficit(*rising, *falling);
        let free = sides.iter().zip(&held).filter(|(_, held)| **held == 0);
        let residual = free.map(|(pair, _)| of(pair)).fold(0.0, f64::max);
        progress(residual);
        if residual <= options.tolerance {
            let multipliers = state.x.iter().zip(&held);
            let multipliers = multipliers.map(|(x, held)| match held {
                0 => x.exp(),
                side => bound.powi(i32::from(*side)),
            });
            return Ok(RestrictedBlocks {
                multipliers: multipliers.collect(),
                deficit: sides.iter().map(of).fold(0.0, f64::max),
                residual,
                reads: reads as f64,
                held,
            });
        }
        let stuck = |reads: usize, reason| SolveError::NotConverged {
            deficit: residual,
            tolerance: options.tolerance,
            passes: reads as f64,
            reason,
        };
        let left = options.max_reads.saturating_sub(reads);
        if left == 0 {
            return Err(stuck(reads, "the reads are used up"));
        }
        let accuracy = residual.sqrt().clamp(1e-6, 0.1);
        let side: Vec<f64> = sides
            .iter()
            .map(|(rising, falling)| falling - rising)
            .collect();
        let is_free = |variable: usize| held[variable] == 0;
        let (step, own) = costs.conjugate(&state, &side, (accuracy, left), is_free);
        reads += own;
        let next = descended(costs, &state, (&step, &side), limit, &mut reads);
        state = next.ok_or_else(|| stuck(reads, "no step lowers the regularizer"))?;
    }
}

/// By variable, the bound at which it lies and that it would leave outwards.
fn held(x: &[f64], sides: &[(f64, f64)], limit: f64) -> Vec<i8> {
    let pairs = x.iter().zip(sides);
    let held = pairs.map(|(x, (rising, falling))| match () {
        () if *x >= limit && falling > rising => 1,
        () if *x <= -limit && rising > falling => -1,
        () => 0,
    });
    held.collect()
}

/// The state after a step that is cut off at the bounds, shortened until the regularizer falls by a share of what the
/// gradient promises, or by as much as rounding tells.
fn descended(
    costs: &TermCosts,
    state: &State,
    (step, fall): (&[f64], &[f64]),
    limit: f64,
    reads: &mut usize,
) -> Option<State> {
    let mut share = costs.share(step)?;
    for _ in 0..HALVINGS {
        let moved = state.x.iter().zip(step);
        let x: Vec<f64> = moved
            .map(|(x, step)| (x + share * step).clamp(-limit, limit))
            .collect();
        let moves = x.iter().zip(&state.x).zip(fall);
        let promised: f64 = moves.map(|((new, old), fall)| (new - old) * fall).sum();
        let next = costs.state(x);
        *reads += 1;
        let most = state.regularizer * (1.0 + 1e-14) - ENOUGH * promised.max(0.0);
        if next.regularizer <= most {
            return Some(next);
        }
        share /= 2.0;
    }
    None
}
