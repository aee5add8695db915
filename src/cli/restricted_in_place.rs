//! Multipliers that may not be chosen freely, for models that are balanced where they lie.

use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::numbers::{rational_to_f64, rational_to_f64_down};
use synaptic_balance::report::RestrictedRun;
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{
    BlockOptions, BlockSolution, Blocks, RestrictedBlocks, Sums, balance_blocks_within,
};
use synaptic_balance::solve::energy::{EnergyError, PLAIN_DIGITS, Within, prove_within};
use synaptic_balance::solve::general::{GeneralOptions, TermCosts, balance_terms_within};

use super::arguments::BalanceArguments;

/// Was something else asked for than the optimum, rounded or not?
pub fn is_asked(arguments: &BalanceArguments) -> bool {
    arguments.max_scaling.is_some()
}

/// Restricted multipliers, if they were asked for; `optimum` are those without the restriction, where there is one;
/// `name` gives the unit of a variable.
pub fn restrict(
    arguments: &BalanceArguments,
    problem: &mut Blocks,
    kernel: Option<&NamedProblem>,
    name: &dyn Fn(usize) -> String,
    optimum: Option<&[f64]>,
    progress: &mut dyn FnMut(f64),
) -> Result<Option<RestrictedRun>, SolveError> {
    restricted(arguments, kernel, name, |bound| {
        let options = BlockOptions {
            tolerance: arguments.tolerance,
            ..BlockOptions::default()
        };
        let run = balance_blocks_within(problem, bound, &options, progress)?;
        let value = problem.total(Some(&run.multipliers));
        let optimum = optimum.map(|optimum| problem.total(Some(optimum)));
        Ok((run, value, optimum))
    })
}

/// The same of a model with products or powers of multipliers; `optimum` is the regularizer without the restriction.
pub fn restrict_terms(
    arguments: &BalanceArguments,
    costs: &TermCosts,
    kernel: &NamedProblem,
    name: &dyn Fn(usize) -> String,
    optimum: Option<f64>,
    progress: &mut dyn FnMut(f64),
) -> Result<Option<RestrictedRun>, SolveError> {
    restricted(arguments, Some(kernel), name, |bound| {
        let options = GeneralOptions {
            tolerance: arguments.tolerance,
            ..GeneralOptions::default()
        };
        let run = balance_terms_within(costs, bound, &options, progress)?;
        let (_, value) = costs.at(&run.multipliers);
        Ok((run, value, optimum))
    })
}

/// What `balance` finds within the bound of multipliers of costs, with the regularizer there and without a restriction,
/// if a bound was asked for; and what the kernel verifies of it, if a certificate was.
fn restricted(
    arguments: &BalanceArguments,
    kernel: Option<&NamedProblem>,
    name: &dyn Fn(usize) -> String,
    balance: impl FnOnce(f64) -> Result<(RestrictedBlocks, f64, Option<f64>), SolveError>,
) -> Result<Option<RestrictedRun>, SolveError> {
    let Some(exact) = &arguments.max_scaling else {
        return Ok(None);
    };
    let bound = rational_to_f64_down(exact).max(1.0);
    let power = rational_to_f64(&arguments.regularizer.variable_power());
    let (run, value, optimum) = balance(bound.powf(power))?;
    let pairs = run.multipliers.iter().zip(&run.held);
    let root = |(mu, held): (&f64, &i8)| match held {
        0 => mu.powf(1.0 / power).clamp(1.0 / bound, bound),
        side => bound.powi(i32::from(*side)),
    };
    let multipliers = pairs.map(root).collect();
    let prove = |kernel: &NamedProblem| {
        let power = arguments.regularizer.variable_power();
        let within = Within::scaling(exact, &power, &run.held);
        let within = within.ok_or(EnergyError::NotRefined)?;
        prove_within(&kernel.problem, &run.multipliers, &within, PLAIN_DIGITS)
    };
    let bounded = kernel.filter(|_| arguments.digits().is_some()).map(prove);
    let held = run.held.iter().enumerate().filter(|(_, side)| **side != 0);
    Ok(Some(RestrictedRun {
        at_bound: held.map(|(unit, _)| name(unit)).collect(),
        value,
        optimum,
        multipliers,
        bounded,
        run,
    }))
}

/// In place of a solution where there is none without the bound.
pub fn bounded_solution(sums: Sums, found: &RestrictedRun) -> BlockSolution {
    BlockSolution {
        multipliers: found.run.multipliers.clone(),
        deficit: found.run.deficit,
        sums,
        reads: found.run.reads,
        passes: 0,
        sweeps: 0,
        newton_steps: 0,
    }
}
