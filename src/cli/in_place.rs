//! `synbal balance` for models that need not fit into memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::energy::{EnergyFile, NamedProblem, TermNames};
use synaptic_balance::formats::{
    Losses, MAPPED_WEIGHTS, MAX_TEXT, MappedError, MappedPerceptron, ModelError, holds_weights_only,
};
use synaptic_balance::numbers::{Rational, Wide, rational_to_f64};
use synaptic_balance::report::{
    InPlace, NumberType, Report, RoundedRun, SecondRun, in_place_report, lost_weights,
};
use synaptic_balance::solve::blocks::{
    BlockEnclosure, BlockOptions, BlockSolution, Blocks, CostSums, NewtonStep, RandomOptions,
    RandomRun, balance_blocks, balance_in_random_order, enclose_blocks,
};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, PLAIN_DIGITS, point_of_floats};
use synaptic_balance::solve::{AGREEMENT, SolveError};
use synaptic_balance_kernel::{Problem, Refusal};

use super::arguments::BalanceArguments;
use super::balance::check_files;
use super::files::{self, Content};
use super::offered::{MOST_DIGITS, is_plain, power};
use super::outputs::{self, Kind, Output};
use super::places::Place;
use super::{BadInput, Failure, Outcome, Progress, Verdict, rounded};

/// Bounds wider than this say too little to count as done.
const WIDTH: f64 = 1e-6;

/// From so many weights on neither the kernel nor a second method is asked unless the user does: both take longer than reading.
pub(super) const ASKED_ONLY: usize = MAPPED_WEIGHTS;

/// Balances a model where it lies. `None` for a small one for which this way is not meant, or of which something else has to be said than that it is balanced.
pub fn balance(arguments: &BalanceArguments) -> Option<Outcome> {
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
fn balance_small(arguments: &BalanceArguments, start: Instant) -> Option<Outcome> {
    let is_one = arguments.perceptron.arch.is_some() && holds_weights_only(&arguments.network);
    if !is_one || !is_plain(arguments) {
        return None;
    }
    let model = open(arguments).ok()?;
    if !model.is_finite_where_fixed() {
        return None;
    }
    match balance_mapped(arguments, &model, true, start) {
        Err(Failure::Incomplete(_)) | Ok((_, Verdict::Incomplete)) => None,
        outcome => Some(outcome),
    }
}

fn open(arguments: &BalanceArguments) -> Result<MappedPerceptron, Failure> {
    let path = &arguments.network;
    if !(arguments.roles.learned.is_empty() && arguments.roles.constant.is_empty()) {
        let reason = "--learned and --constant are for ONNX models: here all weights are learned";
        return Err(BadInput::at(path, reason).into());
    }
    power(arguments)?;
    let architecture = arguments.perceptron.architecture()?;
    let architecture =
        architecture.ok_or_else(|| BadInput::at(path, ModelError::NoArchitecture))?;
    let model = MappedPerceptron::open(path, &architecture);
    Ok(model.map_err(|fault| BadInput::at(path, fault))?)
}

fn balance_mapped(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    is_small: bool,
    start: Instant,
) -> Outcome {
    let path = &arguments.network;
    let fault = |fault: MappedError| BadInput::at(path, fault);
    let power = power(arguments)?;
    let outputs = outputs(arguments, model)?;
    check(arguments, model, &outputs)?;
    let mut blocks = model.blocks(rational_to_f64(&power)).map_err(fault)?;
    let read = start.elapsed().as_secs_f64();
    let problem = named_problem(model, &power).map_err(|refusal| BadInput::at(path, refusal))?;
    let rounds = arguments.rounds(model.number_type().is_some_and(NumberType::is_short));
    let found = solve(arguments, &mut blocks, Some(&problem), model.fan(), rounds);
    let name = |variable: usize| unit_name(model, variable);
    let found = found.map_err(|fault| failure(fault, path, &name))?;
    let start = Instant::now();
    if let (true, Some(reason)) = (is_small, unsettled(arguments, &found)) {
        return Err(Failure::Incomplete(reason));
    }
    let certificate = certificate(arguments, &problem, &found);
    let lost = write(arguments, model, &found.multipliers, outputs, certificate)?;
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
        Some(&problem),
        (model.weights(), grouped.collect()),
        [read, write],
        &lost,
    );
    report.state_layers(Some(&model.layers()));
    Ok((report, verdict))
}

/// The file of the certificate that was asked for.
pub fn certificate(
    arguments: &BalanceArguments,
    problem: &NamedProblem,
    found: &Found,
) -> Option<(PathBuf, String)> {
    let file = found
        .proof()
        .and_then(|proof| EnergyFile::new(problem, &proof.certificate, &arguments.regularizer));
    let path = arguments.certificate.clone();
    path.zip(file.map(|file| file.to_json()))
}

/// The problem that the kernel reads, with names.
pub fn named_problem<'a>(
    model: &'a MappedPerceptron,
    power: &Rational,
) -> Result<NamedProblem<'a>, Refusal> {
    let problem = model.energy_problem(power)?;
    let units = model.unit_names().into_iter().zip(0..);
    let tensors = model.scaled_tensors().into_iter().map(str::to_owned);
    Ok(NamedProblem {
        units: units.collect(),
        terms: TermNames::Tensors(tensors.collect()),
        problem,
    })
}

/// What was found by blocks, and the seconds that it took.
pub struct Found {
    pub(super) solution: BlockSolution,
    pub(super) deficit_before: f64,
    /// Costs of everything that is scaled, before and after.
    pub(super) regularizer: Option<[f64; 2]>,
    pub(super) enclosed: Option<BlockEnclosure>,
    pub(super) proof: Option<Result<EnergyProof, EnergyError>>,
    pub(super) cross_check: Option<SecondRun>,
    pub(super) rounded: Option<RoundedRun>,
    /// The multipliers `Λ`, in the order of the units, rounded if that was asked for.
    pub multipliers: Vec<f64>,
    /// Seconds, with those that making the blocks took.
    pub solve: f64,
    pub(super) certify: f64,
}

impl Found {
    /// Adds costs that no multipliers change to what is reported.
    pub fn add_fixed(&mut self, fixed: f64) {
        let values = self.regularizer;
        self.regularizer = values.map(|values| values.map(|value| value + fixed));
        if let Some(rounded) = &mut self.rounded {
            rounded.value = rounded.value.map(|value| value + fixed);
        }
    }

    /// What the kernel verified.
    pub(super) fn proof(&self) -> Option<&EnergyProof> {
        self.proof.as_ref().and_then(|proof| proof.as_ref().ok())
    }

    /// Did the kernel verify where every multiplier lies?
    pub fn is_enclosed(&self) -> bool {
        self.proof().is_some_and(EnergyProof::is_enclosed)
    }
}

/// Why something else may have to be said of a model small enough for exact arithmetic; `None` if nothing has.
pub fn unsettled(arguments: &BalanceArguments, found: &Found) -> Option<String> {
    let open = match &found.proof {
        Some(Ok(proof)) if !proof.is_attained => {
            Some("that the minimum is attained was not verified".to_owned())
        }
        // Such as weights that are not finite, where no unit reads them.
        Some(Err(fault @ EnergyError::Refused(_))) => Some(fault.to_string()),
        _ => None,
    };
    incomplete(arguments, found).or(open)
}

/// Balances, bounds, cross-checks and has the kernel verify; `fan` is the largest number of synapses at a unit. What is found is rounded to powers of two if `rounds`.
pub fn solve(
    arguments: &BalanceArguments,
    problem: &mut Blocks,
    kernel: Option<&NamedProblem>,
    fan: usize,
    rounds: bool,
) -> Result<Found, SolveError> {
    let start = Instant::now();
    let options = BlockOptions {
        tolerance: arguments.tolerance,
        ..BlockOptions::default()
    };
    let progress = Progress::new();
    let mut before = None;
    let mut solution = balance_blocks(problem, &options, &mut |deficit| {
        before.get_or_insert(deficit);
        progress.report("two-level", deficit);
    })?;
    let is_small = problem.weights() < ASKED_ONLY;
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
        prove(problem, &solution, &kernel.problem)
    });
    if let Some(Ok(proof)) = &proof {
        solution.multipliers = proof.multipliers();
        solution.deficit = problem.deficit_at(&solution.multipliers);
    }
    let says_enough = |proof: &Result<EnergyProof, _>| {
        asked || proof.as_ref().is_ok_and(|proof| proof.is_attained)
    };
    let enclosed = match proof.as_ref().is_some_and(says_enough) {
        false => {
            progress.report("bounds", solution.deficit);
            enclose_blocks(problem, &solution, fan)
        }
        true => None,
    };
    let power = rational_to_f64(&arguments.regularizer.variable_power());
    let roots = solution.multipliers.iter().map(|mu| mu.powf(1.0 / power));
    let after = Some(solution.multipliers.as_slice());
    let mut found = Found {
        multipliers: roots.collect(),
        deficit_before: before.unwrap_or(0.0),
        regularizer: is_small.then(|| [problem.total(None), problem.total(after)]),
        enclosed,
        proof,
        cross_check,
        solution,
        rounded: None,
        solve,
        certify: start.elapsed().as_secs_f64(),
    };
    if rounds {
        rounded::round(&mut found, problem, power);
    }
    Ok(found)
}

/// Has the kernel verify what was found, refined by Newton steps.
fn prove(
    problem: &mut Blocks,
    solution: &BlockSolution,
    kernel: &Problem,
) -> Result<EnergyProof, EnergyError> {
    let computed = point_of_floats(&solution.multipliers).ok_or(EnergyError::NotRefined)?;
    let mut newton = NewtonStep::at(problem, solution);
    let mut step = |side: &[f64], scale: Wide| {
        let scale = scale.to_f64();
        let solved = newton.solve(side, NEWTON)?;
        Some(solved.into_iter().map(|entry| entry * scale).collect())
    };
    EnergyProof::find(kernel, computed, &mut step, PLAIN_DIGITS)
}

/// The same after balancing, if what is verified is that the minimum is attained.
pub fn prove_attained(problem: &mut Blocks, kernel: &Problem) -> Option<EnergyProof> {
    let progress = Progress::new();
    let solution = balance_blocks(problem, &BlockOptions::default(), &mut |deficit| {
        progress.report("two-level", deficit);
    });
    let proof = prove(problem, &solution.ok()?, kernel).ok()?;
    proof.is_attained.then_some(proof)
}

/// The accuracy of Newton steps, as a share of the right side.
const NEWTON: f64 = 1e-9;

/// Weights that the second method may read: some seconds.
pub(super) const SECOND_READS: usize = 1 << 27;

/// The paper's algorithm from the given weights, by its own rule.
fn second_run(problem: &Blocks, seed: u64, progress: &mut dyn FnMut(f64)) -> RandomRun {
    let options = RandomOptions {
        seed,
        tolerance: 1e-12,
        max_reads: (SECOND_READS / problem.weights().max(1)).clamp(1, 2_000),
    };
    balance_in_random_order(problem, &options, progress)
}

/// The report with the multipliers of each group, and the verdict; reading and writing took so many seconds.
pub fn outcome(
    arguments: &BalanceArguments,
    found: &Found,
    kernel: Option<&NamedProblem>,
    (weights, multipliers): (usize, Vec<(String, Vec<f64>)>),
    [read, write]: [f64; 2],
    lost: &Losses,
) -> (Report, Verdict) {
    let incomplete = incomplete(arguments, found);
    let verdict = match incomplete {
        Some(_) => Verdict::Incomplete,
        None => Verdict::Done,
    };
    let asked = arguments.certify.is_some() || arguments.certificate.is_some();
    let mut report = in_place_report(&InPlace {
        regularizer: &arguments.regularizer,
        values: found.regularizer,
        weights,
        solution: &found.solution,
        deficit_before: found.deficit_before,
        enclosure: found.enclosed.as_ref(),
        proof: found.proof(),
        names: kernel
            .filter(|_| asked)
            .map(|kernel| kernel.units.as_slice()),
        cross_check: found.cross_check.as_ref(),
        rounded: found.rounded,
        multipliers,
        incomplete,
        seconds: [read, found.solve, found.certify, write],
    });
    lost_weights(&mut report, lost);
    let verdict = match found.rounded {
        Some(_) => rounded::judge(arguments, &mut report, lost, verdict),
        None => verdict,
    };
    (report, verdict)
}

/// Why not everything that was asked for was verified; `None` if it was.
fn incomplete(arguments: &BalanceArguments, found: &Found) -> Option<String> {
    let complete = found
        .cross_check
        .as_ref()
        .filter(|check| check.run.is_complete);
    if let Some(check) = complete
        && check.difference > AGREEMENT
    {
        return Some("the two methods disagree".into());
    }
    let asked = arguments.certify.is_some() || arguments.certificate.is_some();
    match &found.proof {
        Some(Ok(proof)) if asked || proof.is_attained => {
            if !proof.is_attained {
                return Some("that the minimum is attained was not verified".into());
            }
            let digits = arguments.certify.unwrap_or(DEFAULT_DIGITS).min(MOST_DIGITS);
            let wanted = 10f64.powi(-(digits as i32));
            match proof.within().filter(|_| asked) {
                _ if !asked && proof.is_good(UNASKED_DIGITS) => None,
                _ if !asked => Some("too little was proved of the balanced weights".into()),
                Some(within) if within <= wanted => None,
                Some(within) => Some(format!(
                    "multipliers were certified to {within:.1e}, not to {digits} digits"
                )),
                None => Some("not every multiplier is enclosed".into()),
            }
        }
        Some(Err(fault)) if asked => Some(fault.to_string()),
        None if asked => Some("models of this kind are not certified at this size".into()),
        _ => match found.enclosed.as_ref().map(|enclosed| enclosed.width) {
            Some(width) if width <= WIDTH => None,
            _ if complete.is_some() => None,
            _ => Some(
                "a small deficit says little in a network nearly cut off from its visible units"
                    .into(),
            ),
        },
    }
}

/// Digits certified where a certificate file is asked for without a number of digits.
const DEFAULT_DIGITS: u32 = 12;

/// Digits to which weights are known where nobody asked, so that a result counts as done.
const UNASKED_DIGITS: u32 = 6;

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
    certificate: Option<(PathBuf, String)>,
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
    files.extend(certificate.map(|(path, text)| (path, files::content(text))));
    files::write(files)
}

/// Was an index given, rather than the one file of the model?
fn is_sharded(arguments: &BalanceArguments, model: &MappedPerceptron) -> bool {
    model.files() != [arguments.network.as_path()]
}
