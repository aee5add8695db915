//! Models whose channels carry products and powers of multipliers, balanced over the bytes of their tensors.

use std::time::Instant;

use synaptic_balance::formats::energy::{NamedProblem, TermNames};
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{InLimit, SecondRun};
use synaptic_balance::solve::blocks::{BlockSolution, Sums};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, point_of_floats};
use synaptic_balance::solve::general::{
    GeneralOptions, TermCosts, balance_terms, balance_terms_in_random_order,
};
use synaptic_balance::solve::{Distance, SolveError};

use super::Progress;
use super::arguments::BalanceArguments;
use super::check_in_place::attained;
use super::found::Found;
use super::in_place::ASKED_ONLY;
use super::limit_in_place::{NAMED, Unsolved};
use super::proving::{find, second_options};
use super::rounded::nearest;

/// Balances, cross-checks and has the kernel verify.
pub fn solve(
    arguments: &BalanceArguments,
    kernel: &NamedProblem,
    (name, rounds): (&dyn Fn(usize) -> String, bool),
) -> Result<Found, Unsolved> {
    let start = Instant::now();
    let progress = Progress::new();
    let costs = TermCosts::new(&kernel.problem);
    let options = GeneralOptions {
        tolerance: arguments.tolerance,
        ..GeneralOptions::default()
    };
    let solution = balance_terms(&costs, &options, &mut |deficit| {
        progress.report("newton", deficit);
    });
    let mut solution = solution.map_err(|fault| unsolved(fault, &costs, kernel, name))?;
    let is_small = costs.weights() < ASKED_ONLY;
    let power = rational_to_f64(&arguments.regularizer.variable_power());
    let cross_check = (is_small || arguments.cross_check).then(|| {
        let options = second_options(costs.weights(), arguments.seed);
        let run = balance_terms_in_random_order(&costs, &options, &mut |deficit| {
            progress.report("stochastic", deficit);
        });
        let difference = costs.largest_difference(&solution.multipliers, &run.multipliers, power);
        SecondRun { run, difference }
    });
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    // No bounds are computed here: without a proof nothing would be known of the balanced weights.
    progress.report("certifying", solution.deficits[1]);
    let proof = Some(prove(&costs, &solution.multipliers, kernel));
    if let Some(Ok(proof)) = &proof {
        solution.multipliers = proof.multipliers();
        solution.deficits[1] = costs.at(&solution.multipliers).0;
    }
    let roots = solution.multipliers.iter().map(|mu| mu.powf(1.0 / power));
    let multipliers: Vec<f64> = roots.collect();
    let within = proof
        .as_ref()
        .and_then(|proof| proof.as_ref().ok()?.within());
    let (multipliers, rounded) = match rounds {
        true => {
            let at = |of_costs: &[f64]| {
                let (deficit, value) = costs.at(of_costs);
                (deficit, Some(value))
            };
            let (nearest, run) = nearest(&multipliers, &steps(kernel), (power, within), at);
            (nearest, Some(run))
        }
        false => (multipliers, None),
    };
    Ok(Found {
        method: "direct",
        free: vec![false; multipliers.len()],
        multipliers,
        rounded,
        restricted: None,
        has_optimum: true,
        is_unattained: false,
        cut: None,
        limit: None,
        variables: None,
        deficit_before: solution.deficits[0],
        regularizer: Some(solution.regularizer),
        enclosed: None,
        proof,
        cross_check,
        solution: BlockSolution {
            deficit: solution.deficits[1],
            sums: Sums { values: Vec::new() },
            reads: solution.reads as f64,
            passes: solution.reads,
            sweeps: 0,
            newton_steps: solution.steps,
            multipliers: solution.multipliers,
        },
        solve,
        certify: start.elapsed().as_secs_f64(),
    })
}

/// What stands in the way of a minimum: a direction in which weights vanish, if one was found and verified.
fn unsolved(
    fault: SolveError,
    costs: &TermCosts,
    kernel: &NamedProblem,
    name: &dyn Fn(usize) -> String,
) -> Unsolved {
    if matches!(fault, SolveError::NotFinite { .. }) {
        return Unsolved::Solver(fault);
    }
    let found = costs.runaway();
    let Some(runaway) = found.filter(|runaway| runaway.verified().is_some()) else {
        return Unsolved::Solver(fault);
    };
    let (first, vanishing) = costs.vanishing(&runaway, NAMED);
    let tensor = |block: usize| match &kernel.terms {
        TermNames::Tensors(names) => names.get(block).cloned().unwrap_or_default(),
        TermNames::Synapses(_) => String::new(),
    };
    let first = first.into_iter();
    Unsolved::RunsAway(Box::new(InLimit {
        dead: runaway
            .variables()
            .map(|variables| variables.into_iter().map(name).collect()),
        vanishing,
        first: first.map(|(block, entry)| (tensor(block), entry)).collect(),
        is_plain: false,
        is_verified: true,
    }))
}

/// The two sides of each variable, and what the kernel verifies after balancing, if that is that the minimum is attained.
pub fn explained(kernel: &NamedProblem) -> Option<(Vec<(f64, f64)>, EnergyProof)> {
    let progress = Progress::new();
    let costs = TermCosts::new(&kernel.problem);
    let solution = balance_terms(&costs, &GeneralOptions::default(), &mut |deficit| {
        progress.report("newton", deficit);
    });
    let proof = prove(&costs, &solution.ok()?.multipliers, kernel).ok()?;
    proof.is_attained.then(|| (costs.sides(), proof))
}

/// The optimum, proved by the kernel; what is known of a distance to it where there is none.
pub fn optimum_of_terms(kernel: &NamedProblem) -> Result<EnergyProof, Distance> {
    let progress = Progress::new();
    let costs = TermCosts::new(&kernel.problem);
    let solution = balance_terms(&costs, &GeneralOptions::default(), &mut |deficit| {
        progress.report("newton", deficit);
    });
    let solution = solution.map_err(|fault| {
        let runaway = costs.runaway();
        match runaway.is_some_and(|runaway| runaway.verified().is_some()) {
            true => Distance::NoOptimum,
            false => Distance::Undetermined(fault.to_string()),
        }
    })?;
    attained(prove(&costs, &solution.multipliers, kernel))
}

/// By variable, the power of two of which its multiplier must be a power so that every weight changes by a power of two: where a weight takes the root of a multiplier, that is one
/// of four.
fn steps(kernel: &NamedProblem) -> Vec<u64> {
    let mut steps = vec![1u64; kernel.problem.variables()];
    let forms = kernel.problem.forms().iter();
    for (variable, exponent) in forms.flat_map(|form| form.factors()) {
        let below = exponent.denom().try_into().unwrap_or(1);
        steps[*variable] = num_integer::lcm(steps[*variable], below);
    }
    steps
}

fn prove(
    costs: &TermCosts,
    multipliers: &[f64],
    kernel: &NamedProblem,
) -> Result<EnergyProof, EnergyError> {
    let computed = point_of_floats(multipliers).ok_or(EnergyError::NotRefined)?;
    let mut newton = costs.newton_at(multipliers);
    find(
        &kernel.problem,
        computed,
        &mut newton,
        (costs.weights(), false),
    )
}
