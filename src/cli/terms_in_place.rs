//! Models whose channels carry products and powers of multipliers, balanced over the bytes of their tensors.

use std::time::Instant;

use synaptic_balance::formats::energy::{NamedProblem, TermNames};
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{InLimit, RestrictedRun, SecondRun};
use synaptic_balance::solve::blocks::{BlockSolution, Sums};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, point_of_floats};
use synaptic_balance::solve::general::{
    GeneralOptions, Runaway, TermCosts, balance_terms, balance_terms_in_random_order,
};
use synaptic_balance::solve::{Distance, SolveError};

use super::Progress;
use super::arguments::BalanceArguments;
use super::check_in_place::attained;
use super::found::Found;
use super::in_place::ASKED_ONLY;
use super::limit_in_place::{NAMED, Unsolved};
use super::proving::{find, second_options};
use super::restricted_in_place::{bounded_solution, restrict_terms};
use super::rounded::nearest;

/// Balances, cross-checks and has the kernel verify.
pub fn solve(
    arguments: &BalanceArguments,
    kernel: &NamedProblem,
    (name, rounds): (&dyn Fn(usize) -> String, bool),
) -> Result<Found, Unsolved> {
    let start = Instant::now();
    let progress = Progress::new();
    let mut costs = TermCosts::new(&kernel.problem);
    let options = GeneralOptions {
        tolerance: arguments.tolerance,
        ..GeneralOptions::default()
    };
    let mut report = |deficit| progress.report("newton", deficit);
    let mut solution = balance_terms(&costs, &options, &mut report);
    let fault = solution.as_ref().err();
    let away = fault.and_then(|fault| running_away(fault, &costs, kernel, name));
    let mut is_limit = false;
    if let (Some((runaway, _)), true) = (&away, arguments.limit)
        && costs.leave_out(runaway)
    {
        solution = balance_terms(&costs, &options, &mut report);
        is_limit = true;
    }
    let mut say = |deficit| progress.report("restricted", deficit);
    let mut solution = match solution {
        Ok(solution) => solution,
        Err(fault) => {
            if !is_limit && !matches!(fault, SolveError::NotFinite { .. }) {
                let found = restrict_terms(arguments, &costs, kernel, name, None, &mut say);
                if let Some(found) = found.map_err(Unsolved::Solver)? {
                    return Ok(bounded(&costs, found, away.is_some(), start));
                }
            }
            return Err(match away {
                Some((_, named)) => Unsolved::RunsAway(Box::new(named)),
                None => Unsolved::Solver(fault),
            });
        }
    };
    let limit = away.filter(|_| is_limit);
    let is_small = costs.weights() < ASKED_ONLY;
    let power = rational_to_f64(&arguments.regularizer.variable_power());
    let cross_check = (limit.is_none() && (is_small || arguments.cross_check)).then(|| {
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
    let runaway = limit.as_ref().map(|(runaway, _)| runaway);
    let proof = Some(prove(&costs, &solution.multipliers, kernel, runaway));
    let left_out: Vec<bool> = match runaway {
        Some(runaway) => runaway.levels.iter().map(|level| *level != 0).collect(),
        None => vec![false; solution.multipliers.len()],
    };
    if let Some(Ok(proof)) = &proof {
        let pairs = solution.multipliers.iter_mut().zip(proof.multipliers());
        let pairs = pairs
            .enumerate()
            .filter(|(variable, _)| !left_out[*variable]);
        pairs.for_each(|(_, (own, refined))| *own = refined);
        solution.deficits[1] = costs.at(&solution.multipliers).0;
    }
    let roots = solution.multipliers.iter().map(|mu| mu.powf(1.0 / power));
    let multipliers: Vec<f64> = roots.collect();
    let within = proof
        .as_ref()
        .and_then(|proof| proof.as_ref().ok()?.within());
    let optimum = costs.at(&solution.multipliers).1;
    let restricted = restrict_terms(arguments, &costs, kernel, name, Some(optimum), &mut say);
    let restricted = restricted.map_err(Unsolved::Solver)?;
    let (multipliers, rounded) = match (&restricted, rounds) {
        (Some(restricted), _) => (restricted.multipliers.clone(), None),
        (None, true) => {
            let at = |of_costs: &[f64]| {
                let (deficit, value) = costs.at(of_costs);
                (deficit, Some(value))
            };
            let lattice = (kernel.steps(), kernel.powers());
            let (nearest, run) = nearest(&multipliers, &lattice, (power, within), at);
            (nearest, Some(run))
        }
        (None, false) => (multipliers, None),
    };
    Ok(Found {
        method: "direct",
        free: left_out.clone(),
        left_out,
        multipliers,
        rounded,
        restricted,
        has_optimum: true,
        is_unattained: false,
        cut: None,
        limit: limit.map(|(_, named)| named),
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

/// Multipliers within a bound, where there is no optimum without it, or none was found.
fn bounded(costs: &TermCosts, found: RestrictedRun, is_unattained: bool, start: Instant) -> Found {
    let ones = vec![1.0; found.multipliers.len()];
    let (deficit_before, before) = costs.at(&ones);
    Found {
        method: "direct",
        free: vec![false; found.multipliers.len()],
        multipliers: found.multipliers.clone(),
        rounded: None,
        has_optimum: false,
        is_unattained,
        cut: None,
        left_out: Vec::new(),
        limit: None,
        variables: None,
        deficit_before,
        regularizer: Some([before, found.value]),
        enclosed: None,
        proof: None,
        cross_check: None,
        solution: bounded_solution(Sums { values: Vec::new() }, &found),
        restricted: Some(found),
        solve: start.elapsed().as_secs_f64(),
        certify: 0.0,
    }
}

/// What stands in the way of a minimum: a direction in which weights vanish, if one was found and verified.
fn running_away(
    fault: &SolveError,
    costs: &TermCosts,
    kernel: &NamedProblem,
    name: &dyn Fn(usize) -> String,
) -> Option<(Runaway, InLimit)> {
    if matches!(fault, SolveError::NotFinite { .. }) {
        return None;
    }
    let runaway = costs.runaway()?;
    runaway.verified()?;
    let (first, vanishing) = costs.vanishing(&runaway, NAMED);
    let tensor = |block: usize| match &kernel.terms {
        TermNames::Tensors(names) => names.get(block).cloned().unwrap_or_default(),
        TermNames::Synapses => String::new(),
    };
    let first = first.into_iter();
    let dead = runaway.variables();
    let named = InLimit {
        dead: dead.map(|variables| variables.into_iter().map(name).collect()),
        vanishing,
        first: first.map(|(block, entry)| (tensor(block), entry)).collect(),
        is_plain: false,
        is_verified: true,
    };
    Some((runaway, named))
}

/// The two sides of each variable, and what the kernel verifies after balancing, if that is that the minimum is
/// attained.
pub fn explained(kernel: &NamedProblem) -> Option<(Vec<(f64, f64)>, EnergyProof)> {
    let progress = Progress::new();
    let costs = TermCosts::new(&kernel.problem);
    let solution = balance_terms(&costs, &GeneralOptions::default(), &mut |deficit| {
        progress.report("newton", deficit);
    });
    let proof = prove(&costs, &solution.ok()?.multipliers, kernel, None).ok()?;
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
    attained(prove(&costs, &solution.multipliers, kernel, None))
}

/// Where some variables run away, the point is one at which what vanishes costs next to nothing.
fn prove(
    costs: &TermCosts,
    multipliers: &[f64],
    kernel: &NamedProblem,
    runaway: Option<&Runaway>,
) -> Result<EnergyProof, EnergyError> {
    let mut computed = point_of_floats(multipliers).ok_or(EnergyError::NotRefined)?;
    if let Some(runaway) = runaway {
        computed = runaway.far(computed).ok_or(EnergyError::NotRefined)?;
    }
    let mut newton = costs.newton_at(multipliers, |_| true);
    find(
        &kernel.problem,
        computed,
        &mut newton,
        (costs.weights(), runaway.is_some()),
    )
}
