//! Stochastic balancing: the paper's algorithm (Theorem 5.1), step by step.

use super::blocks::predicted;
use super::flat::SolveError;
use super::{Balancing, Schedule, Solution};
use crate::kernel::Problem;
use crate::numbers::Wide;

/// How a stochastic run goes on and ends.
#[derive(Debug, Clone)]
pub struct StochasticOptions {
    /// The variables to balance; all if `None` (Remark 5.7: subsets balance too).
    pub subset: Option<Vec<usize>>,
    /// How far each step goes towards the balancing multiplier, on the logarithmic scale, in `(0, 1]`.
    pub fraction: f64,
    /// The run ends when the largest deficit of the subset is at most this.
    pub tolerance: f64,
    /// A run that has not ended after so many passes (of as many steps as there are variables) fails.
    pub max_passes: usize,
    /// Record every step?
    pub trace: bool,
}

impl Default for StochasticOptions {
    /// Everything, full steps, deficit `1e-12`, at most 100,000 passes, no trace.
    fn default() -> Self {
        StochasticOptions {
            subset: None,
            fraction: 1.0,
            tolerance: 1e-12,
            max_passes: 100_000,
            trace: false,
        }
    }
}

/// One step of a recorded run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceStep {
    /// The variable.
    pub variable: usize,
    /// The factor by which its `μ` was multiplied.
    pub factor: f64,
    /// The regularizer afterwards, without the costs that scaling does not change.
    pub regularizer: Wide,
}

/// What a stochastic run found.
#[derive(Debug, Clone)]
pub struct StochasticRun {
    /// The multipliers and their deficit.
    pub solution: Solution,
    /// The steps, if they were to be recorded.
    pub trace: Vec<TraceStep>,
}

/// Balances one variable after another as `schedule` says. Computed in `f64` with an unbounded exponent.
///
/// Tied units move together: they are one variable. Variables without any cost are left at 1. `progress` is told
/// the deficit after each pass.
///
/// # Errors
/// A variable with cost on one side only (no minimum exists), a tolerance that is not reached, a subset or
/// fraction out of range.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{balance_stochastic, Cyclic, StochasticOptions};
/// let costs = ["1", "16", "1"].map(|c| synaptic_balance::numbers::parse_rational(c).unwrap());
/// let problem = chain(&costs).problem(&Regularizer::l1());
/// let options = StochasticOptions::default();
/// let run = balance_stochastic(&problem, &mut Cyclic::default(), &options, &mut |_| {}).unwrap();
/// assert!(run.solution.deficit <= 1e-12);
/// ```
pub fn balance_stochastic(
    problem: &Problem,
    schedule: &mut dyn Schedule,
    options: &StochasticOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<StochasticRun, SolveError> {
    let approach = approach(problem, schedule, options, progress)?;
    match approach.unfinished {
        None => Ok(approach.run),
        Some(unfinished) => Err(SolveError::NotConverged {
            deficit: unfinished.deficit,
            tolerance: options.tolerance,
            passes: unfinished.reads,
            reason: "balancing unit after unit is slow on deep or nearly decomposable networks; the direct method is not",
        }),
    }
}

/// How far a stochastic run came whose passes ended first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unfinished {
    /// Passes.
    pub reads: f64,
    /// The deficit that was reached.
    pub deficit: f64,
    /// Passes that it would take in all, from the rate of the last ones; `None` where they show none.
    pub predicted: Option<f64>,
}

/// Where a stochastic run came to.
pub(super) struct Approach {
    pub run: StochasticRun,
    /// `None` where it ended by its own rule.
    pub unfinished: Option<Unfinished>,
}

/// [`balance_stochastic`] as far as its passes go.
pub(super) fn approach(
    problem: &Problem,
    schedule: &mut dyn Schedule,
    options: &StochasticOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<Approach, SolveError> {
    if !(options.fraction > 0.0 && options.fraction <= 1.0) {
        return Err(SolveError::Fraction);
    }
    let mut state = Balancing::new(problem);
    let all = || (0..state.variables()).collect();
    let mut allowed: Vec<usize> = options.subset.clone().unwrap_or_else(all);
    if let Some(variable) = allowed
        .iter()
        .find(|variable| **variable >= state.variables())
    {
        return Err(SolveError::NoSuchVariable(*variable));
    }
    let mut active = Vec::new();
    for variable in allowed.drain(..) {
        if state.balancing_log(variable)?.is_some() {
            active.push(variable);
        }
    }
    let (mut trace, mut deficits) = (Vec::new(), Vec::new());
    let mut steps = 0;
    loop {
        let all = active.iter().map(|variable| state.deficit(*variable));
        let deficit = all.fold(0.0, f64::max);
        deficits.push(deficit);
        progress(deficit);
        let is_complete = deficit <= options.tolerance;
        if is_complete || deficits.len() > options.max_passes {
            let unfinished = (!is_complete).then(|| Unfinished {
                reads: state.passes(),
                deficit,
                predicted: predicted(&deficits, options.tolerance),
            });
            let mut solution = state.finish(steps);
            if options.subset.is_some() {
                solution.deficit = deficit;
            }
            let run = StochasticRun { solution, trace };
            return Ok(Approach { run, unfinished });
        }
        for _ in 0..active.len() {
            let variable = schedule.next(&active, &state);
            let log = state.balancing_log(variable)?.unwrap_or(0.0) * options.fraction;
            state.shift(variable, log);
            steps += 1;
            if options.trace {
                trace.push(TraceStep {
                    variable,
                    factor: log.exp(),
                    regularizer: state.regularizer(),
                });
            }
        }
    }
}
