//! `synbal balance` for ONNX models with more weights than exact arithmetic takes.

use std::time::Instant;

use synaptic_balance::formats::{MAPPED_WEIGHTS, OnnxFile, Written};
use synaptic_balance::report::{InPlace, in_place_report};
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks, enclose_blocks};

use super::arguments::BalanceArguments;
use super::{BadInput, Failure, Outcome, Progress, Verdict, files, in_place};

/// Is the model one to be balanced by blocks? A certificate that was asked for is tried in exact arithmetic as far as that goes.
pub fn is_meant(arguments: &BalanceArguments, model: &OnnxFile) -> bool {
    let certifies = arguments.certify.is_some() || arguments.certificate.is_some();
    let limit = match certifies {
        true => synaptic_balance::formats::onnx::MAX_WEIGHTS,
        false => MAPPED_WEIGHTS,
    };
    model.weights() > limit
}

pub fn balance(arguments: &BalanceArguments, model: &OnnxFile, read: f64) -> Outcome {
    let path = &arguments.network;
    let power = in_place::power(arguments)?;
    if arguments.power_of_two || arguments.max_scaling.is_some() {
        let reason = "models of this size are balanced without --power-of-two and --max-scaling";
        return Err(BadInput::at(path, reason).into());
    }
    let start = Instant::now();
    let costs = model.blocks(power);
    let fault = |fault: &dyn std::fmt::Display| Failure::Incomplete(fault.to_string());
    let mut blocks = costs.problem().map_err(|failure| fault(&failure))?;
    let options = BlockOptions {
        tolerance: arguments.tolerance,
        ..BlockOptions::default()
    };
    let progress = Progress::new();
    let mut before = None;
    let solution = balance_blocks(&mut blocks, &options, &mut |deficit| {
        before.get_or_insert(deficit);
        progress.report("two-level", deficit);
    });
    let solution = solution.map_err(|failure| fault(&failure))?;
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    progress.report("bounds", solution.deficit);
    let enclosed = enclose_blocks(&mut blocks, &solution, costs.fan());
    let enclosed = enclosed.map_err(|failure| fault(&failure))?;
    let certify = start.elapsed().as_secs_f64();
    drop(progress);
    let start = Instant::now();
    let free: Vec<f64> = solution
        .multipliers
        .iter()
        .map(|mu| mu.powf(1.0 / power))
        .collect();
    let multipliers = model
        .multipliers(&free)
        .map_err(|failure| fault(&failure))?;
    if let Some(output) = &arguments.output {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let written = model.scaled(&multipliers, &[], false, &name);
        let Written { model, beside } =
            written.map_err(|fault| BadInput::at(output, format!("nothing written: {fault}")))?;
        let beside = beside.into_iter();
        let mut outputs: Vec<_> = beside
            .map(|(name, bytes)| (output.with_file_name(name), bytes))
            .collect();
        outputs.push((output.clone(), model));
        files::write_all(&outputs)?;
    }
    let incomplete =
        in_place::incomplete(arguments, enclosed.as_ref().map(|enclosed| enclosed.width));
    let verdict = match incomplete {
        Some(_) => Verdict::Incomplete,
        None => Verdict::Done,
    };
    let groups = model.groups().iter().map(|group| {
        let of = |unit: &usize| multipliers[*unit];
        (group.tensor.clone(), group.units.iter().map(of).collect())
    });
    let report = in_place_report(&InPlace {
        regularizer: &arguments.regularizer,
        weights: model.weights(),
        solution: &solution,
        deficit_before: before.unwrap_or(0.0),
        enclosure: enclosed.as_ref(),
        multipliers: groups.collect(),
        incomplete,
        seconds: [read, solve, certify, start.elapsed().as_secs_f64()],
    });
    Ok((report, verdict))
}
