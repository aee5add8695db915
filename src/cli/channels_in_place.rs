//! `synbal balance` for ONNX models with more weights than exact arithmetic takes.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use synaptic_balance::formats::{Losses, MAPPED_WEIGHTS, OnnxFile};
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::freedom;

use super::arguments::BalanceArguments;
use super::files::{self, Content};
use super::{Failure, Outcome, in_place};

/// Is the model one to be balanced by blocks? A certificate that was asked for is tried in exact arithmetic as far as that goes.
pub fn is_meant(arguments: &BalanceArguments, model: &OnnxFile) -> bool {
    let certifies = arguments.certify.is_some() || arguments.certificate.is_some();
    let limit = match certifies {
        true => synaptic_balance::formats::onnx::MAX_WEIGHTS,
        false => MAPPED_WEIGHTS,
    };
    model.weights() > limit
}

/// Balances a model whose outputs have been checked.
pub fn balance(arguments: &BalanceArguments, model: &OnnxFile, read: f64) -> Outcome {
    let power = in_place::power(arguments)?;
    let mut lost = Losses::default();
    let start = Instant::now();
    let costs = model.blocks(rational_to_f64(&power));
    let fault = |fault: &dyn std::fmt::Display| Failure::Incomplete(fault.to_string());
    let mut blocks = costs.problem().map_err(|failure| fault(&failure))?;
    let added = start.elapsed().as_secs_f64();
    let found = in_place::solve(arguments, &mut blocks, None, costs.fan());
    // The units of a model begin with two that stand for what is outside.
    let name = |variable: usize| model.network().unit(variable + 2).id.clone();
    let path = &arguments.network;
    let mut found = found.map_err(|failure| in_place::failure(failure, path, &name))?;
    found.solve += added;
    let start = Instant::now();
    let multipliers = model
        .multipliers(&found.multipliers)
        .map_err(|failure| fault(&failure))?;
    if let Some(output) = &arguments.output {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let files = model.names(&name).into_iter().enumerate();
        let (multipliers, name) = (&*multipliers, &*name);
        let files = files.map(|(file, own)| {
            let write = move |into: &mut dyn Write| {
                let written = model.write(file, multipliers, name, into);
                written.map_err(|fault| fault.to_string())
            };
            (output.with_file_name(own), Box::new(write) as Content)
        });
        // The model itself last.
        let files: Vec<(PathBuf, Content)> = files.rev().collect();
        lost = files::write(files)?;
    }
    let groups = model.groups().iter().map(|group| {
        let of = |unit: &usize| multipliers[*unit];
        (group.tensor.clone(), group.units.iter().map(of).collect())
    });
    let write = start.elapsed().as_secs_f64();
    let (mut report, verdict) = in_place::outcome(
        arguments,
        &found,
        None,
        model.weights(),
        groups.collect(),
        [read, write],
        &lost,
    );
    freedom(&mut report, model.network(), Some(model));
    Ok((report, verdict))
}
