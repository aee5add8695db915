//! `synbal balance` for models that need not fit into memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::{Losses, MAX_TEXT, MappedError, MappedPerceptron, ModelError};
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{InPlace, Report, in_place_report, lost_weights};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{
    BlockEnclosure, BlockOptions, BlockSolution, CostSums, balance_blocks, enclose_blocks,
};

use super::arguments::{BalanceArguments, MethodName};
use super::balance::check_files;
use super::files::{self, Content};
use super::outputs::{self, Kind, Output};
use super::places::Place;
use super::{BadInput, Failure, Outcome, Progress, Verdict};

/// Bounds wider than this say too little to count as done.
const WIDTH: f64 = 1e-6;

/// Is the model one to be balanced where it lies?
pub fn is_meant(arguments: &BalanceArguments) -> Result<bool, BadInput> {
    let path = &arguments.network;
    MappedPerceptron::is_large(path).map_err(|fault| BadInput::at(path, fault))
}

pub fn balance(arguments: &BalanceArguments) -> Outcome {
    let path = &arguments.network;
    if !(arguments.roles.learned.is_empty() && arguments.roles.constant.is_empty()) {
        let reason = "--learned and --constant are for ONNX models: here all weights are learned";
        return Err(BadInput::at(path, reason).into());
    }
    let fault = |fault: MappedError| BadInput::at(path, fault);
    let power = power(arguments)?;
    let start = Instant::now();
    let architecture = arguments.perceptron.architecture()?;
    let architecture =
        architecture.ok_or_else(|| BadInput::at(path, ModelError::NoArchitecture))?;
    let model = MappedPerceptron::open(path, &architecture).map_err(fault)?;
    let outputs = outputs(arguments, &model)?;
    check(arguments, &model, &outputs)?;
    let mut blocks = model.blocks(power).map_err(fault)?;
    let read = start.elapsed().as_secs_f64();
    let found = solve(&mut blocks, model.fan(), power, arguments.tolerance);
    let name = |variable| unit_name(&model, variable);
    let found = found.map_err(|fault| failure(fault, path, &name))?;
    let start = Instant::now();
    let lost = write(arguments, &model, &found.multipliers, outputs)?;
    let mut rest = found.multipliers.as_slice();
    let grouped = model.groups().into_iter().map(|(name, units)| {
        let (own, others) = rest.split_at(units);
        rest = others;
        (name, own.to_vec())
    });
    let write = start.elapsed().as_secs_f64();
    let (mut report, verdict) = outcome(
        arguments,
        &found,
        model.weights(),
        grouped.collect(),
        [read, write],
        &lost,
    );
    report.state_layers(Some(&model.layers()));
    Ok((report, verdict))
}

/// What was found by blocks, and the seconds that it took.
pub struct Found {
    solution: BlockSolution,
    deficit_before: f64,
    enclosed: Option<BlockEnclosure>,
    /// The multipliers `Λ`, in the order of the units.
    pub multipliers: Vec<f64>,
    /// Seconds, with those that making the blocks took.
    pub solve: f64,
    certify: f64,
}

/// Balances and bounds; `fan` is the largest number of synapses at a unit, `power` that of the costs.
pub fn solve<C: CostSums>(
    problem: &mut C,
    fan: usize,
    power: f64,
    tolerance: f64,
) -> Result<Found, SolveError> {
    let start = Instant::now();
    let options = BlockOptions {
        tolerance,
        ..BlockOptions::default()
    };
    let progress = Progress::new();
    let mut before = None;
    let solution = balance_blocks(problem, &options, &mut |deficit| {
        before.get_or_insert(deficit);
        progress.report("two-level", deficit);
    })?;
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    progress.report("bounds", solution.deficit);
    let enclosed = enclose_blocks(problem, &solution, fan);
    let roots = solution.multipliers.iter().map(|mu| mu.powf(1.0 / power));
    Ok(Found {
        multipliers: roots.collect(),
        deficit_before: before.unwrap_or(0.0),
        enclosed,
        solution,
        solve,
        certify: start.elapsed().as_secs_f64(),
    })
}

/// The report with the multipliers of each group, and the verdict; reading and writing took so many seconds.
pub fn outcome(
    arguments: &BalanceArguments,
    found: &Found,
    weights: usize,
    multipliers: Vec<(String, Vec<f64>)>,
    [read, write]: [f64; 2],
    lost: &Losses,
) -> (Report, Verdict) {
    let enclosure = found.enclosed.as_ref();
    let incomplete = incomplete(arguments, enclosure.map(|enclosed| enclosed.width));
    let verdict = match incomplete {
        Some(_) => Verdict::Incomplete,
        None => Verdict::Done,
    };
    let mut report = in_place_report(&InPlace {
        regularizer: &arguments.regularizer,
        weights,
        solution: &found.solution,
        deficit_before: found.deficit_before,
        enclosure,
        multipliers,
        incomplete,
        seconds: [read, found.solve, found.certify, write],
    });
    lost_weights(&mut report, lost);
    (report, verdict)
}

fn incomplete(arguments: &BalanceArguments, width: Option<f64>) -> Option<String> {
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

/// The row of a weight that a variable scales.
fn unit_name(model: &MappedPerceptron, variable: usize) -> String {
    let mut first = 0;
    for (name, units) in model.groups() {
        if variable < first + units {
            return format!("{name}[{}]", variable - first);
        }
        first += units;
    }
    format!("variable {variable}")
}

/// What went wrong, with what can be done about it here; `name` gives the unit of a variable.
pub fn failure(fault: SolveError, path: &Path, name: &dyn Fn(usize) -> String) -> Failure {
    match fault {
        SolveError::OneSided { variable, side } => Failure::Incomplete(format!(
            "{}: unit {} has no {side} cost, so that no minimum exists, and limits are not offered for models of this size: \
             take the unit out of the model, or give it weights on both sides",
            path.display(),
            name(variable),
        )),
        SolveError::NotFinite { .. } => BadInput::at(path, fault).into(),
        fault => Failure::Incomplete(fault.to_string()),
    }
}

/// The power of the regularizer, and that nothing was asked for which is not done in place.
pub fn power(arguments: &BalanceArguments) -> Result<f64, Failure> {
    let path = &arguments.network;
    let is_two_level = matches!(arguments.method, MethodName::Direct | MethodName::TwoLevel);
    let not_offered = [
        (!is_two_level, "another method than two-level"),
        (arguments.tied.is_some(), "--tied"),
        (arguments.limit, "--limit"),
        (arguments.power_of_two, "--power-of-two"),
        (arguments.max_scaling.is_some(), "--max-scaling"),
    ];
    let not_offered = not_offered.into_iter().find(|(is_asked, _)| *is_asked);
    if let Some((_, what)) = not_offered {
        let reason = format!(
            "models of this size are balanced where they lie, without {what}; only smaller ones are with it"
        );
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

/// Refuses outputs that cannot be written, before anything is computed.
fn check(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    outputs: &[PathBuf],
) -> Result<(), BadInput> {
    if !is_sharded(arguments, model) {
        return check_files(arguments, outputs, &[], Kind::Safetensors);
    }
    let index = &arguments.network;
    files::check_finished(index.parent().unwrap_or(Path::new("")))?;
    let Some(folder) = &arguments.output else {
        return Ok(());
    };
    let inputs: Vec<&Path> = model.files().into_iter().chain([index.as_path()]).collect();
    let place = folder.join(index.file_name().unwrap_or_default());
    let written = outputs.iter().chain([&place]).zip(&inputs);
    // Each may take the place of its own.
    let outputs: Vec<Output> = written
        .map(|(path, input)| Output {
            path,
            kind: Some(Kind::Part),
            replaces: Some(input),
        })
        .collect();
    let is_special =
        |path: &Path| !matches!(Place::of(path), Ok(Place::File(_) | Place::Folder(_)));
    match outputs.iter().find(|output| is_special(output.path)) {
        Some(output) => Err(BadInput::at(
            output.path,
            "is a pipe or a device, not a file",
        )),
        None => outputs::check(&outputs, &inputs),
    }
}

/// Writes all shards, and the index that goes with them, last.
fn write(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    multipliers: &[f64],
    outputs: Vec<PathBuf>,
) -> Result<Losses, BadInput> {
    let index = &arguments.network;
    let shards = outputs.into_iter().enumerate();
    let mut files: Vec<(PathBuf, Content)> = shards
        .map(|(shard, path)| {
            let write = move |mut into: &mut dyn Write| {
                let written = model.write(shard, multipliers, &mut into);
                written.map_err(|fault| fault.to_string())
            };
            (path, Box::new(write) as Content)
        })
        .collect();
    if let (Some(folder), true) = (&arguments.output, is_sharded(arguments, model)) {
        let text = super::input(index, MAX_TEXT)?;
        let place = folder.join(index.file_name().unwrap_or_default());
        files.push((place, files::content(text)));
    }
    files::write(files)
}

/// Was an index given, rather than the one file of the model?
fn is_sharded(arguments: &BalanceArguments, model: &MappedPerceptron) -> bool {
    model.files() != [arguments.network.as_path()]
}
