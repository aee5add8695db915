//! `synbal balance` for models that need not fit into memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::{MappedError, MappedPerceptron};
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{InPlace, in_place_report};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks, enclose_blocks};

use super::arguments::{BalanceArguments, MethodName};
use super::{BadInput, Failure, Outcome, Progress, Verdict, architecture, files};

/// Bounds wider than this say too little to count as done.
const WIDTH: f64 = 1e-6;

/// Is the model one to be balanced where it lies?
pub fn is_meant(arguments: &BalanceArguments) -> Result<bool, BadInput> {
    let path = &arguments.network;
    MappedPerceptron::is_large(path).map_err(|fault| BadInput::at(path, fault))
}

pub fn balance(arguments: &BalanceArguments) -> Outcome {
    let path = &arguments.network;
    let fault = |fault: MappedError| BadInput::at(path, fault);
    let power = power(arguments)?;
    let start = Instant::now();
    let arch = arguments.arch.as_deref().ok_or_else(|| {
        BadInput::at(path, "a safetensors file holds weights only; name the activation of its hidden layers, as in --arch relu")
    })?;
    let model = MappedPerceptron::open(path, &architecture(arch)?).map_err(fault)?;
    let outputs = outputs(arguments, &model)?;
    let mut blocks = model.blocks(power).map_err(fault)?;
    let read = start.elapsed().as_secs_f64();
    let start = Instant::now();
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
    let solution = solution.map_err(|fault| failure(fault, path))?;
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    progress.report("bounds", solution.deficit);
    let enclosed = enclose_blocks(&mut blocks, &solution, model.fan());
    let enclosed = enclosed.map_err(|fault| failure(fault, path))?;
    let certify = start.elapsed().as_secs_f64();
    drop(progress);
    let start = Instant::now();
    let multipliers: Vec<f64> = solution
        .multipliers
        .iter()
        .map(|mu| mu.powf(1.0 / power))
        .collect();
    for (shard, path) in outputs.iter().enumerate() {
        files::write_with(path, |into| {
            model
                .write(shard, &multipliers, into)
                .map_err(|fault| fault.to_string())
        })?;
    }
    if let (Some(folder), true) = (&arguments.output, is_sharded(arguments, &model)) {
        copy_index(&arguments.network, folder)?;
    }
    let mut rest = multipliers.as_slice();
    let grouped = model.groups().into_iter().map(|(name, units)| {
        let (own, others) = rest.split_at(units);
        rest = others;
        (name, own.to_vec())
    });
    let incomplete = incomplete(arguments, enclosed.as_ref().map(|enclosed| enclosed.width));
    let verdict = if incomplete.is_some() {
        Verdict::Incomplete
    } else {
        Verdict::Done
    };
    let report = in_place_report(&InPlace {
        regularizer: &arguments.regularizer,
        weights: model.weights(),
        solution: &solution,
        deficit_before: before.unwrap_or(0.0),
        enclosure: enclosed.as_ref(),
        multipliers: grouped.collect(),
        incomplete,
        seconds: [read, solve, certify, start.elapsed().as_secs_f64()],
    });
    Ok((report, verdict))
}

pub fn incomplete(arguments: &BalanceArguments, width: Option<f64>) -> Option<String> {
    if arguments.certify.is_some() || arguments.certificate.is_some() {
        return Some(
            "the bounds of a model of this size are computed, not verified by the kernel".into(),
        );
    }
    match width {
        Some(width) if width <= WIDTH => None,
        _ => Some(
            "a small deficit says little in a network nearly cut off from its visible units".into(),
        ),
    }
}

fn failure(fault: SolveError, path: &Path) -> Failure {
    match fault {
        SolveError::NotFinite { .. } => BadInput::at(path, fault).into(),
        fault => Failure::Incomplete(fault.to_string()),
    }
}

/// The power of the regularizer, and that nothing was asked for which is not done in place.
pub fn power(arguments: &BalanceArguments) -> Result<f64, Failure> {
    let path = &arguments.network;
    let not_offered = match (arguments.method, arguments.tied, arguments.limit) {
        (MethodName::Direct | MethodName::TwoLevel, None, false) => None,
        (MethodName::Direct | MethodName::TwoLevel, Some(_), _) => Some("--tied"),
        (MethodName::Direct | MethodName::TwoLevel, _, true) => Some("--limit"),
        _ => Some("another method than two-level"),
    };
    if let Some(what) = not_offered {
        let reason = format!("models of this size are balanced where they lie, without {what}");
        return Err(BadInput::at(path, reason).into());
    }
    match &arguments.regularizer {
        Regularizer::Lp(power) => Ok(rational_to_f64(power)),
        Regularizer::Mixture(_) => {
            Err(BadInput::at(path, "models of this size are balanced for one power only").into())
        }
    }
}

/// Where each file of the model goes: one to the path given, several into the folder given.
fn outputs(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
) -> Result<Vec<PathBuf>, BadInput> {
    let Some(output) = &arguments.output else {
        return Ok(Vec::new());
    };
    if !is_sharded(arguments, model) {
        return Ok(vec![output.clone()]);
    }
    let inputs = model.files();
    if !output.is_dir() {
        return Err(BadInput::at(
            output,
            "a model in several files is written into a folder, which must exist",
        ));
    }
    Ok(inputs
        .iter()
        .filter_map(|input| Some(output.join(input.file_name()?)))
        .collect())
}

/// Was an index given, rather than the one file of the model?
fn is_sharded(arguments: &BalanceArguments, model: &MappedPerceptron) -> bool {
    model.files() != [arguments.network.as_path()]
}

/// The index goes with its shards, last.
fn copy_index(index: &Path, folder: &Path) -> Result<(), BadInput> {
    let text = std::fs::read(index).map_err(|fault| BadInput::at(index, fault))?;
    let place = folder.join(index.file_name().unwrap_or_default());
    files::write_with(&place, |into| {
        into.write_all(&text).map_err(|fault| fault.to_string())
    })
}
