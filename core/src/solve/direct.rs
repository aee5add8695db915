//! The direct convex solve: `min Σ c_e exp(p L_e)` over the manifold, by damped Newton steps.

use super::flat::SolveError;
use super::flat::{MAX_DENSE, damping};
use super::newton::NewtonSystem;
use super::{Balancing, Solution};
use crate::kernel::Problem;

/// With more synapses than this a step costs more than its last digits are worth, once the deficit is that of rounding.
const MANY: usize = 4_096;
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// When the direct solve ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectOptions {
    /// The scale-free deficit `max |A - B| / (A + B)` to reach.
    pub tolerance: f64,
    /// A solve that has not ended after so many Newton steps fails.
    pub max_steps: usize,
}

impl Default for DirectOptions {
    /// Deficit `1e-12`, 500 steps.
    fn default() -> Self {
        DirectOptions {
            tolerance: 1e-12,
            max_steps: 500,
        }
    }
}

/// Solves the convex problem (5.4) of the paper. Computed in `f64` with an unbounded exponent, so that costs of any
/// size neither overflow nor lose precision.
///
/// Each round does one forward and one backward sweep over single variables, which bring costs of different orders
/// together, and one Newton step `d`, cut to `ln(1 + β)/β` of its length with `β = max_e |Σ a_ev d_v|`. Along `d` every
/// term is an exponential with a rate of at most `β`, so the third derivative of `R` is at most `β` times the second
/// and that length is sure to lower `R`; near the solution it tends to 1, and convergence is quadratic.
/// Cost of a round: linear in the synapses, cubic in the variables.
///
/// # Errors
/// More than 4,000 variables; a variable with cost on one side only (no minimum exists); a tolerance that is not
/// reached, with the reason.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{solve_direct, DirectOptions};
/// let weights = ["1e-300", "1e300", "1"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l2());
/// let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
/// assert!(solution.deficit <= 1e-12);
/// ```
pub fn solve_direct(
    problem: &Problem,
    options: &DirectOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<Solution, SolveError> {
    if problem.variables() > MAX_DENSE {
        return Err(SolveError::TooLarge(problem.variables()));
    }
    let mut state = Balancing::new(problem);
    let mut active = Vec::new();
    for variable in 0..state.variables() {
        if state.balancing_log(variable)?.is_some() {
            active.push(variable);
        }
    }
    let there_and_back: Vec<usize> = active.iter().chain(active.iter().rev()).copied().collect();
    let mut best = (f64::INFINITY, state.clone());
    let mut reason = "the number of Newton steps is used up";
    for step in 0..options.max_steps {
        let deficit = state.max_deficit();
        progress(deficit);
        let converged = deficit <= options.tolerance;
        if deficit < best.0 {
            best = (deficit, state.clone());
        } else if best.0 <= options.tolerance {
            // One step beyond the tolerance no longer helps: rounding is reached.
            return Ok(best.1.finish(step));
        }
        // Of many terms none more can be had than rounding leaves.
        let is_rounding = problem.synapses().len() > MANY && deficit <= ROUNDING;
        if deficit == 0.0 || (is_rounding && converged) {
            return Ok(best.1.finish(step));
        }
        // Close to the solution sweeps would only add rounding.
        if !converged {
            for variable in &there_and_back {
                let log = state.balancing_log(*variable)?.unwrap_or(0.0);
                state.shift(*variable, log);
            }
        }
        match NewtonSystem::new(&state) {
            Some(system) => newton_step(&mut state, &system),
            None => {
                reason = "the network is nearly cut off from its visible units, and only sweeps could be made"
            }
        }
    }
    let (deficit, tolerance) = (best.0, options.tolerance);
    if deficit <= tolerance {
        return Ok(best.1.finish(options.max_steps));
    }
    Err(SolveError::NotConverged {
        deficit,
        tolerance,
        passes: state.passes(),
        reason,
    })
}

fn newton_step(state: &mut Balancing, system: &NewtonSystem) {
    let step = system.solve(&system.residual(state));
    if step.iter().any(|entry| !entry.is_finite()) {
        return;
    }
    let mut by_variable = vec![0.0; state.variables()];
    system
        .variables
        .iter()
        .zip(&step)
        .for_each(|(variable, entry)| by_variable[*variable] = *entry);
    let rate = |links: &[(usize, f64)]| {
        links
            .iter()
            .map(|(v, a)| a * by_variable[*v])
            .sum::<f64>()
            .abs()
    };
    let beta = state
        .current_terms()
        .map(|(_, links)| rate(&links))
        .fold(0.0, f64::max);
    let length = damping(beta);
    let logs = system
        .variables
        .iter()
        .zip(&step)
        .map(|(variable, entry)| (*variable, length * entry));
    state.shift_all(&logs.collect::<Vec<_>>());
}
