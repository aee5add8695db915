//! `synbal balance` for models that need not fit into memory.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::energy::{EnergyFile, NamedProblem, TermNames};
use synaptic_balance::formats::{
    Losses, MAPPED_WEIGHTS, MappedError, MappedPerceptron, holds_weights_only,
};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::report::{
    InPlace, NumberType, Report, SecondRun, in_place_report, layers_report, lost_weights,
};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{
    BlockOptions, Blocks, CostSums, Cut, Sums, balance_blocks, enclose_blocks,
};
use synaptic_balance::solve::energy::EnergyProof;
use synaptic_balance_kernel::Refusal;

use super::arguments::{BalanceArguments, Perceptron, RoleArguments};
use super::found::Found;
use super::limit_in_place::{
    Unsolved, free, in_limit, is_for_exact_arithmetic, is_left, leave_out, not_attained,
};
use super::offered::{EXACT, is_plain_for_perceptrons, power};
use super::proving::{prove, second_run};
use super::restricted_in_place::{bounded_solution, is_asked, restrict};
use super::shards::{check, outputs, write};
use super::unsettled::{incomplete, unsettled};
use super::{BadInput, Exit, Failure, Progress, Reported, layers, rounded};

/// The method of blocks, as on the command line.
const METHOD: &str = "two-level";

/// From so many weights on neither the kernel nor a second method is asked unless the user does: both take longer than
/// reading.
pub const ASKED_ONLY: usize = MAPPED_WEIGHTS;

/// Balances a model where it lies. `None` for a small one for which this way is not meant, or of which something else
/// has to be said than that it is balanced.
pub fn balance(arguments: &BalanceArguments) -> Option<Reported> {
    let path = &arguments.network;
    let start = Instant::now();
    match MappedPerceptron::is_large(path) {
        Err(fault) => Some(Err(BadInput::at(path, fault).into())),
        Ok(true) => {
            let model = open(arguments);
            Some(model.and_then(|model| balance_mapped(arguments, &model, false, start)))
        }
        Ok(false) => balance_small(arguments, start),
    }
}

/// What is wrong with a file is said by the reader of files of every kind.
fn balance_small(arguments: &BalanceArguments, start: Instant) -> Option<Reported> {
    let is_one = arguments.perceptron.arch.is_some() && holds_weights_only(&arguments.network);
    if !is_one || !is_plain_for_perceptrons(arguments) {
        return None;
    }
    let model = open(arguments).ok()?;
    let is_for_exact = is_asked(arguments) && model.weights() < EXACT;
    if is_for_exact || !model.is_finite_where_fixed() {
        return None;
    }
    match balance_mapped(arguments, &model, true, start) {
        outcome if is_left(&outcome) => Some(outcome),
        Err(Failure::Incomplete(_)) | Ok((_, Exit::Incomplete)) => None,
        outcome => Some(outcome),
    }
}

/// Is it a perceptron whose tensors can be mapped, in one file or several?
pub fn is_perceptron(path: &Path, perceptron: &Perceptron) -> bool {
    let is_several = || perceptron.arch.is_some() && MappedPerceptron::is_index(path);
    holds_weights_only(path) || is_several()
}

/// Is a perceptron asked which of its tensors are learned?
pub fn refuse_roles(
    path: &Path,
    perceptron: &Perceptron,
    roles: &RoleArguments,
) -> Result<(), BadInput> {
    if roles.roles().is_empty() || !is_perceptron(path, perceptron) {
        return Ok(());
    }
    let reason = "--learned and --constant are for ONNX models: here all weights are learned";
    Err(BadInput::at(path, reason))
}

fn open(arguments: &BalanceArguments) -> Result<MappedPerceptron, Failure> {
    let path = &arguments.network;
    power(arguments, true)?;
    let architecture = arguments.perceptron.needed(path)?;
    let model = MappedPerceptron::open(path, &architecture);
    Ok(model.map_err(|fault| BadInput::at(path, fault))?)
}

fn balance_mapped(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    is_small: bool,
    start: Instant,
) -> Reported {
    let path = &arguments.network;
    let fault = |fault: MappedError| BadInput::at(path, fault);
    let power = power(arguments, true)?;
    let outputs = outputs(arguments, model)?;
    check(arguments, model, &outputs)?;
    let mut blocks = model.blocks(rational_to_f64(&power)).map_err(fault)?;
    let is_tied = arguments.tied.is_some();
    let (mut fan, mut fixed, mut variables) = (model.fan(), 0.0, None);
    if is_tied {
        variables = Some(variables_of_layers(model));
        // Every weight is added up.
        fan = model.weights();
        (blocks, fixed) = blocks.tied();
    }
    let read = start.elapsed().as_secs_f64();
    let problem =
        named_problem(model, &power, is_tied).map_err(|refusal| BadInput::at(path, refusal))?;
    let begin = Instant::now();
    let groups = model.groups();
    let name = |variable: usize| match is_tied {
        true => groups[variable].0.clone(),
        false => problem.units[variable].0.clone(),
    };
    let kernel = Some(&problem);
    let rounds = arguments.rounds(model.number_type().is_some_and(NumberType::is_short));
    let found = solve(arguments, &mut blocks, kernel, fan, (&name, rounds));
    let weights = model.weights();
    let limit = |cut: &Cut| {
        let of = |unit: usize| match &variables {
            Some(variables) => variables.get(unit).copied().unwrap_or(usize::MAX),
            None => unit,
        };
        in_limit(cut, &name, |vanishes, most| {
            model.vanishing(&|to, from| vanishes(of(to), of(from)), most)
        })
    };
    let cut = match &found {
        Ok(found) => found.cut.as_ref(),
        Err(Unsolved::NotAttained(cut)) => Some(cut),
        Err(_) => None,
    };
    if cut.is_some() && is_for_exact_arithmetic(arguments, weights, !is_small) {
        return Err(Failure::Incomplete("the minimum is not attained".into()));
    }
    let limit = cut.map(limit);
    let mut found = match (found, &limit) {
        (Ok(found), _) => found,
        (Err(Unsolved::NotAttained(_)), Some(limit)) => {
            let seconds = [read, begin.elapsed().as_secs_f64()];
            let (mut report, verdict) = not_attained(arguments, weights, (limit, true), seconds);
            let measured = model.measure(&arguments.regularizer, None, variables.as_deref());
            layers_report(&mut report, &measured, &arguments.regularizer, layers::ROWS);
            report.state_layers(Some(&model.layers()));
            return Ok((report, verdict));
        }
        (Err(fault), _) => return Err(failure(fault, path, &name)),
    };
    found.limit = limit;
    found.variables = variables;
    found.add_fixed(fixed);
    let start = Instant::now();
    if let (true, Some(reason)) = (is_small, unsettled(arguments, &found)) {
        return Err(Failure::Incomplete(reason));
    }
    let certificate = certificate(arguments, &problem, &found);
    let written = found.written();
    let measured = model.measure(
        &arguments.regularizer,
        Some(&written),
        found.variables.as_deref(),
    );
    let plot = layers::plot(arguments, &measured)?;
    let beside = certificate.into_iter().chain(plot).collect();
    let lost = write(arguments, model, &written, outputs, beside)?;
    let by_unit = found.by_unit();
    let mut rest = by_unit.as_slice();
    let layers = model.hidden_layers().into_iter();
    let grouped = layers.map(|(name, units, is_scaled)| {
        if !is_scaled {
            return (name, vec![1.0; units]);
        }
        let (own, others) = rest.split_at(units);
        rest = others;
        (name, own.to_vec())
    });
    let write = start.elapsed().as_secs_f64();
    let (mut report, verdict) = outcome(
        arguments,
        &found,
        Some(&problem),
        (model.weights(), grouped.collect()),
        [read, write],
        (&lost, None),
    );
    layers_report(&mut report, &measured, &arguments.regularizer, layers::ROWS);
    report.state_layers(Some(&model.layers()));
    Ok((report, verdict))
}

/// The file of the certificate that was asked for.
pub fn certificate(
    arguments: &BalanceArguments,
    problem: &NamedProblem,
    found: &Found,
) -> Option<(PathBuf, String)> {
    let proof = match &found.restricted {
        Some(restricted) => restricted.proof(),
        None => found.proof(),
    };
    let file = proof
        .and_then(|proof| EnergyFile::new(problem, &proof.certificate, &arguments.regularizer));
    let path = arguments.certificate.clone();
    path.zip(file.map(|file| file.to_json()))
}

/// The problem that the kernel reads, with names.
pub fn named_problem<'a>(
    model: &'a MappedPerceptron,
    power: &Rational,
    is_tied: bool,
) -> Result<NamedProblem<'a>, Refusal> {
    let names = model.unit_names().into_iter();
    let (problem, variables) = match is_tied {
        true => (
            model.tied_energy_problem(power)?,
            variables_of_layers(model),
        ),
        false => (model.energy_problem(power)?, (0..names.len()).collect()),
    };
    let units = names.zip(variables);
    let tensors = model.scaled_tensors().into_iter().map(str::to_owned);
    Ok(NamedProblem {
        ranges: None,
        units: units.collect(),
        terms: TermNames::Tensors(tensors.collect()),
        problem,
    })
}

/// Balances, bounds, cross-checks and has the kernel verify; `fan` is the largest number of synapses at a unit, `name`
/// gives the unit of a variable. What is found is rounded to powers of two if `rounds`.
pub fn solve(
    arguments: &BalanceArguments,
    problem: &mut Blocks,
    kernel: Option<&NamedProblem>,
    fan: usize,
    (name, rounds): (&dyn Fn(usize) -> String, bool),
) -> Result<Found, Unsolved> {
    let start = Instant::now();
    let is_small = problem.weights() < ASKED_ONLY;
    let value_before = is_small.then(|| problem.total(None));
    let cut = leave_out(arguments, problem).map_err(Unsolved::Solver)?;
    let options = BlockOptions {
        tolerance: arguments.tolerance,
        ..BlockOptions::default()
    };
    let progress = Progress::new();
    let mut before = None;
    let solution = balance_blocks(problem, &options, &mut |deficit| {
        before.get_or_insert(deficit);
        progress.report(METHOD, deficit);
    });
    let mut say = |deficit| progress.report("restricted", deficit);
    let mut solution = match solution.map_err(|fault| Unsolved::of(fault, problem)) {
        Err(Unsolved::NotAttained(without)) if arguments.max_scaling.is_some() => {
            let found = restrict(arguments, problem, kernel, name, None, &mut say);
            let found = found.map_err(Unsolved::Solver)?;
            let found = found.ok_or(Unsolved::Solver(SolveError::NotBlocks("no bound")))?;
            return Ok(Found {
                method: METHOD,
                deficit_before: 1.0,
                regularizer: value_before.map(|before| [before, found.value]),
                free: vec![false; found.multipliers.len()],
                solution: bounded_solution(Sums::new(problem.shape()), &found),
                multipliers: found.multipliers.clone(),
                restricted: Some(found),
                rounded: None,
                has_optimum: false,
                is_unattained: without.verified().is_some(),
                cut,
                left_out: Vec::new(),
                limit: None,
                variables: None,
                enclosed: None,
                proof: None,
                cross_check: None,
                solve: start.elapsed().as_secs_f64(),
                certify: 0.0,
            });
        }
        solution => solution?,
    };
    let cross_check = (is_small || arguments.cross_check).then(|| {
        let run = second_run(problem, arguments.seed, &mut |deficit| {
            progress.report("stochastic", deficit);
        });
        let difference = problem.largest_difference(&solution.multipliers, &run.multipliers);
        SecondRun { run, difference }
    });
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let asked = arguments.certify.is_some() || arguments.certificate.is_some();
    let proof = kernel.filter(|_| asked || is_small).map(|kernel| {
        progress.report("certifying", solution.deficit);
        prove(problem, &solution, &kernel.problem, cut.as_ref())
    });
    if let Some(Ok(proof)) = &proof {
        let pairs = solution.multipliers.iter_mut().zip(proof.multipliers());
        let stays = |unit: usize| cut.as_ref().is_none_or(|cut| !cut.is_out(unit));
        let pairs = pairs.enumerate().filter(|(unit, _)| stays(*unit));
        pairs.for_each(|(_, (own, refined))| *own = refined);
        solution.deficit = problem.deficit_at(&solution.multipliers);
    }
    let says_enough = |proof: &Result<EnergyProof, _>| {
        let says_all = |proof: &EnergyProof| proof.is_attained || cut.is_some();
        asked || proof.as_ref().is_ok_and(says_all)
    };
    let enclosed = match proof.as_ref().is_some_and(says_enough) {
        false => {
            progress.report("bounds", solution.deficit);
            enclose_blocks(problem, &solution, fan)
        }
        true => None,
    };
    let optimum = Some(solution.multipliers.as_slice());
    let restricted = restrict(arguments, problem, kernel, name, optimum, &mut say);
    let restricted = restricted.map_err(Unsolved::Solver)?;
    let power = rational_to_f64(&arguments.regularizer.variable_power());
    let roots = solution.multipliers.iter().map(|mu| mu.powf(1.0 / power));
    let after = Some(solution.multipliers.as_slice());
    let mut found = Found {
        method: METHOD,
        multipliers: match &restricted {
            Some(restricted) => restricted.multipliers.clone(),
            None => roots.collect(),
        },
        restricted,
        rounded: None,
        has_optimum: true,
        is_unattained: false,
        // A dead unit has cost on one side only.
        deficit_before: cut.as_ref().map_or(before.unwrap_or(0.0), |_| 1.0),
        free: free(problem, &solution),
        cut,
        left_out: Vec::new(),
        limit: None,
        variables: None,
        regularizer: value_before.map(|before| [before, problem.total(after)]),
        enclosed,
        proof,
        cross_check,
        solution,
        solve,
        certify: start.elapsed().as_secs_f64(),
    };
    if rounds && found.restricted.is_none() {
        rounded::round(&mut found, problem, power);
    }
    Ok(found)
}

/// The report with the multipliers of each group, and the verdict; reading and writing took so many seconds. What was
/// lost of weights comes with the operator, if there is one, that takes powers which do not commute with those of two.
pub fn outcome(
    arguments: &BalanceArguments,
    found: &Found,
    kernel: Option<&NamedProblem>,
    (weights, multipliers): (usize, Vec<(String, Vec<f64>)>),
    [read, write]: [f64; 2],
    (lost, rounding): (&Losses, Option<&str>),
) -> (Report, Exit) {
    let incomplete = incomplete(arguments, found);
    let verdict = match incomplete {
        Some(_) => Exit::Incomplete,
        None => Exit::Done,
    };
    let asked = arguments.certify.is_some() || arguments.certificate.is_some();
    let units = kernel.map_or(&[][..], |kernel| kernel.units.as_slice());
    let free = units.iter().filter(|(_, variable)| found.free[*variable]);
    let undetermined = free.map(|(name, _)| name.clone());
    let mut report = in_place_report(&InPlace {
        regularizer: &arguments.regularizer,
        values: found.regularizer,
        weights,
        method: found.method,
        solution: &found.solution,
        deficit_before: found.deficit_before,
        enclosure: found.enclosed.as_ref(),
        proof: found.proof(),
        limit: found.limit.as_ref(),
        within: found.within(),
        restricted: found.restricted.clone(),
        rounded: found.rounded,
        has_optimum: found.has_optimum,
        is_unattained: found.is_unattained,
        undetermined: undetermined.collect(),
        names: kernel
            .filter(|_| asked)
            .map(|kernel| kernel.units.as_slice()),
        cross_check: found.cross_check.as_ref(),
        multipliers,
        incomplete,
        seconds: [read, found.solve, found.certify, write],
    });
    lost_weights(&mut report, lost);
    let verdict = match found.rounded {
        Some(_) => rounded::judge(arguments, &mut report, (lost, rounding), verdict),
        None => verdict,
    };
    (report, verdict)
}

/// By unit, the number of its layer among those that are scaled.
fn variables_of_layers(model: &MappedPerceptron) -> Vec<usize> {
    let layers = model.groups().into_iter().enumerate();
    let variables = layers.flat_map(|(layer, (_, units))| vec![layer; units]);
    variables.collect()
}

/// What went wrong; `name` gives the unit of a variable.
pub fn failure(fault: Unsolved, path: &Path, name: &dyn Fn(usize) -> String) -> Failure {
    match fault {
        Unsolved::Solver(SolveError::OneSided { variable, side }) => Failure::Incomplete(format!(
            "{}: unit {} has no {side} cost, so that no minimum exists",
            path.display(),
            name(variable),
        )),
        Unsolved::Solver(SolveError::RunsAway { variable, deficit }) => {
            Failure::Incomplete(format!(
                "{}: not decided whether the minimum is attained: the multiplier of {} runs away (the deficit is {deficit:.1e})",
                path.display(),
                name(variable),
            ))
        }
        Unsolved::Solver(fault @ SolveError::NotFinite { .. }) => BadInput::at(path, fault).into(),
        Unsolved::Solver(fault) => Failure::Incomplete(fault.to_string()),
        Unsolved::NotAttained(_) | Unsolved::RunsAway(_) => {
            Failure::Incomplete("the minimum is not attained".into())
        }
    }
}
