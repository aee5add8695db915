//! `synbal balance` for ONNX models, over the bytes of their tensors.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::formats::{Losses, MAPPED_WEIGHTS, OnnxFile};
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{freedom, layers_report};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::Cut;

use super::arguments::BalanceArguments;
use super::files::{self, Content};
use super::found::Found;
use super::limit_in_place::{Unsolved, in_limit, is_for_exact_arithmetic, not_attained};
use super::offered::{self, EXACT, is_plain};
use super::restricted_in_place::is_asked;
use super::terms_in_place;
use super::{BadInput, Failure, Reported};
use super::{in_place, layers};

fn certifies(arguments: &BalanceArguments) -> bool {
    arguments.certify.is_some() || arguments.certificate.is_some()
}

/// Beyond so many weights exact arithmetic takes minutes: what is not verified in place is said, and nothing else is
/// tried.
pub const RATIONAL: usize = 1 << 17;

/// Is there no exact arithmetic for so many weights? A certificate that was asked for is tried in it as far as that
/// goes.
fn is_large(arguments: &BalanceArguments, model: &OnnxFile) -> bool {
    let limit = match certifies(arguments) {
        true => synaptic_balance::formats::onnx::MAX_WEIGHTS,
        false => MAPPED_WEIGHTS,
    };
    model.weights() > limit
}

/// Balances a model whose outputs have been checked. `None` for one that exact arithmetic takes, and of which something
/// else has to be said than that it is balanced.
pub fn balance(arguments: &BalanceArguments, model: &OnnxFile, read: f64) -> Option<Reported> {
    let is_large = is_large(arguments, model);
    let is_final = is_large || model.weights() > RATIONAL;
    let is_for_exact = is_asked(arguments) && model.weights() < EXACT;
    if !is_large && (is_for_exact || !is_plain(arguments) || model.network().variables() == 0) {
        return None;
    }
    let path = &arguments.network;
    if let Err(fault) = offered::power(arguments, false) {
        return Some(Err(fault));
    }
    let power = arguments.regularizer.variable_power();
    // Of a large model the kernel verifies what is asked for only.
    let is_verified = !is_large || !model.is_plain() || certifies(arguments);
    let problem = match is_verified
        .then(|| model.energy_problem(&power))
        .transpose()
    {
        Ok(problem) => problem,
        Err(refusal) => return is_large.then(|| Err(BadInput::at(path, refusal).into())),
    };
    let problem = problem.as_ref();
    let start = Instant::now();
    let name = |variable: usize| model.network().unit(variable + 2).id.clone();
    let has_limit = model.broken_at_zero().is_none();
    let limit = |cut: &Cut| in_limit(cut, &name, |vanishes, most| model.vanishing(vanishes, most));
    let rounds = arguments.rounds(model.is_short());
    let solved = solve(arguments, model, problem, rounds);
    let cut = match &solved {
        Ok(found) => found.cut.as_ref(),
        Err(Unsolved::NotAttained(cut)) => Some(cut),
        Err(_) => None,
    };
    if cut.is_some() && is_for_exact_arithmetic(arguments, model.weights(), is_large) {
        return None;
    }
    if let Err(Unsolved::RunsAway(limit)) = &solved {
        let seconds = [read, start.elapsed().as_secs_f64()];
        let (mut report, verdict) =
            not_attained(arguments, model.weights(), (limit, has_limit), seconds);
        if arguments.limit {
            report.json["incomplete"] =
                "the limit is not gone to: without what vanishes, no minimum was found".into();
        }
        return is_final.then_some(Ok((report, verdict)));
    }
    let limit = cut.map(limit);
    let solved = match (solved, limit) {
        (Err(Unsolved::NotAttained(_)), Some(limit)) => {
            let seconds = [read, start.elapsed().as_secs_f64()];
            let (mut report, verdict) =
                not_attained(arguments, model.weights(), (&limit, has_limit), seconds);
            let regularizer = &arguments.regularizer;
            let measured = model.measure(model.network(), regularizer, None, &[]);
            layers_report(&mut report, &measured, regularizer, layers::ROWS);
            return Some(Ok((report, verdict)));
        }
        (Ok(mut found), limit) => {
            found.limit = limit.or(found.limit);
            Ok(found)
        }
        (Err(fault), _) => Err(in_place::failure(fault, path, &name)),
    };
    match solved {
        Ok(found)
            if is_final
                || super::unsettled::unsettled(arguments, &found).is_none()
                    && (found.is_enclosed() || !found.has_optimum) =>
        {
            Some(write(arguments, model, problem, &found, read))
        }
        Err(failure) if is_final => Some(Err(failure)),
        _ => None,
    }
}

fn solve(
    arguments: &BalanceArguments,
    model: &OnnxFile,
    problem: Option<&NamedProblem>,
    rounds: bool,
) -> Result<Found, Unsolved> {
    let power = arguments.regularizer.variable_power();
    // The units of a model begin with two that stand for what is outside.
    let name = |variable: usize| model.network().unit(variable + 2).id.clone();
    if let (false, Some(problem)) = (model.is_plain(), problem) {
        let mut found = terms_in_place::solve(arguments, problem, (&name, rounds))?;
        let [before, _] = found.regularizer.unwrap_or_default();
        found.add_fixed(model.total(rational_to_f64(&power)) - before);
        return Ok(found);
    }
    let start = Instant::now();
    let costs = model.blocks(rational_to_f64(&power));
    let blocks = costs.problem();
    let mut blocks =
        blocks.map_err(|_| Unsolved::Solver(SolveError::NotBlocks("its blocks do not fit")))?;
    let added = start.elapsed().as_secs_f64();
    let found = in_place::solve(
        arguments,
        &mut blocks,
        problem,
        costs.fan(),
        (&name, rounds),
    );
    let mut found = found?;
    found.solve += added;
    found.add_fixed(costs.fixed());
    Ok(found)
}

fn write(
    arguments: &BalanceArguments,
    model: &OnnxFile,
    problem: Option<&NamedProblem>,
    found: &Found,
    read: f64,
) -> Reported {
    let mut lost = Losses::default();
    let start = Instant::now();
    let written = model.multipliers(&found.written());
    let written = written.map_err(|failure| Failure::Incomplete(failure.to_string()))?;
    let multipliers = model.multipliers(&found.by_unit());
    let multipliers = multipliers.map_err(|failure| Failure::Incomplete(failure.to_string()))?;
    let mut contents: Vec<(PathBuf, Content)> = Vec::new();
    if let Some(output) = &arguments.output {
        let name = output
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let multipliers = &*written;
        // The model itself last.
        for (file, own) in model.names(&name).into_iter().enumerate().rev() {
            let name = name.clone();
            let write = move |into: &mut dyn Write| {
                let written = model.write(file, multipliers, &name, into);
                written.map_err(|fault| fault.to_string())
            };
            contents.push((output.with_file_name(own), Box::new(write)));
        }
    }
    let certificate = problem.and_then(|problem| in_place::certificate(arguments, problem, found));
    contents.extend(certificate.map(|(path, text)| (path, files::content(text))));
    let regularizer = &arguments.regularizer;
    let measured = model.measure(model.network(), regularizer, Some(&written), &[]);
    let plot = layers::plot(arguments, &measured)?;
    contents.extend(plot.map(|(path, picture)| (path, files::content(picture))));
    if !contents.is_empty() {
        lost = files::write(contents)?;
    }
    let groups = model.groups().iter().map(|group| {
        let of = |unit: &usize| multipliers[*unit];
        (group.tensor.clone(), group.units.iter().map(of).collect())
    });
    let write = start.elapsed().as_secs_f64();
    let (mut report, verdict) = in_place::outcome(
        arguments,
        found,
        problem,
        (model.weights(), groups.collect()),
        [read, write],
        (&lost, model.rounds_powers()),
    );
    layers_report(&mut report, &measured, regularizer, layers::ROWS);
    freedom(&mut report, model.network(), Some(model));
    Ok((report, verdict))
}
