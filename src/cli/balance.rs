//! `synbal balance`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::{
    BalancedWeights, Certificate, Losses, Model, OnnxFile, Weight, Written, read_certificate,
    verify_certificate,
};
use synaptic_balance::network::Network;
use synaptic_balance::numbers::{MAX_DIGITS, Rational, Wide, rational_from_f64, rational_power};
use synaptic_balance::report::{
    Subject, balance_report, freedom, function_near, group_multipliers, layers_report, lost_weights,
};
use synaptic_balance::solve::{
    self, Balance, BalanceFailure, ExistenceClaim, Method, Options, Restriction,
};

use super::arguments::{BalanceArguments, Perceptron, Tied};
use super::outputs::{self, Kind, Output};
use super::places::Place;
use super::{
    BadInput, Exit, Failure, Progress, Reported, channels_in_place, energy, files, layers, read,
    rounded,
};

pub fn balance(arguments: &BalanceArguments) -> Reported {
    let start = Instant::now();
    let file = open(&arguments.network, &arguments.perceptron)?;
    let (file, replaced) = arguments.relu6.apply(file, &arguments.network)?;
    let (mut report, verdict) = balance_file(arguments, file, start)?;
    replaced.state(&mut report);
    Ok((report, verdict))
}

fn balance_file(arguments: &BalanceArguments, file: Model, start: Instant) -> Reported {
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(&arguments.network, fault))?;
    let (file, ranges) = arguments.activations.apply(file, &arguments.roles)?;
    let (mut report, verdict) = balance_model(arguments, file, start)?;
    ranges.state(&mut report);
    Ok((report, verdict))
}

fn balance_model(arguments: &BalanceArguments, file: Model, start: Instant) -> Reported {
    check_outputs(arguments, &file)?;
    if let Model::Onnx(model) = &file {
        let seconds_read = start.elapsed().as_secs_f64();
        if let Some(outcome) = channels_in_place::balance(arguments, model, seconds_read) {
            return outcome;
        }
    }
    let file = with_weights(file, &arguments.network)?;
    let network = Tied::apply(arguments.tied, &file);
    let seconds_read = start.elapsed().as_secs_f64();
    let method = Method::from(arguments.method);
    let rounds = arguments.rounds(file.is_short());
    let options = Options {
        method,
        seed: arguments.seed,
        tolerance: arguments.tolerance,
        limit: arguments.limit,
        certify: arguments.digits(),
        restriction: match (&arguments.max_scaling, rounds) {
            (Some(bound), true) => Some(Restriction::PowersOfTwoWithin(bound.clone())),
            (Some(bound), false) => Some(Restriction::Within(bound.clone())),
            (None, true) => Some(Restriction::PowersOfTwo),
            (None, false) => None,
        },
        ..Options::default()
    };
    let progress = Progress::new();
    let mut report = |what: &str, deficit| progress.report(what, deficit);
    let result =
        solve::balance(&network, &arguments.regularizer, &options, &mut report).map_err(failure)?;
    drop(progress);
    let start = Instant::now();
    let layers = layers::of_result(&arguments.regularizer, &file, &network, &result);
    let (mut outputs, mut lost) = outputs(arguments, &file, &network, &result)?;
    let plot = layers::plot(arguments, &layers)?;
    outputs.extend(plot.map(|(path, picture)| (path, picture.into_bytes())));
    let outputs = outputs.iter();
    let contents = outputs.map(|(path, bytes)| (path.clone(), files::content(bytes)));
    lost.append(files::write(contents.collect())?);
    let times = (seconds_read, start.elapsed().as_secs_f64());
    let subject = Subject::new(&network, file.onnx());
    let mut report = balance_report(subject, &arguments.regularizer, method, &result, times);
    lost_weights(&mut report, &lost);
    if let Some(groups) = file.groups() {
        group_multipliers(&mut report.json, &network, &groups);
    }
    let mut verdict = verdict(&result, method);
    let rounding = file.onnx().and_then(OnnxFile::rounds_powers);
    if rounds && result.restricted.is_some() {
        verdict = match has_rational_factors(&network, &result) {
            true => rounded::judge(arguments, &mut report, (&lost, rounding), verdict),
            false => {
                let why = "units of a fractional degree divide weights by what is no power of two";
                function_near(&mut report, &lost, why);
                verdict
            }
        };
    }
    layers_report(&mut report, &layers, &arguments.regularizer, layers::ROWS);
    freedom(&mut report, &network, file.onnx());
    report.state_layers(file.layers());
    Ok((report, verdict))
}

/// Refuses what the model cannot be written to, and a pipe or a stream for one that has files beside it.
pub fn check_outputs(arguments: &BalanceArguments, file: &Model) -> Result<(), BadInput> {
    let mut names: Vec<PathBuf> = arguments.output.iter().cloned().collect();
    let mut data = Vec::new();
    if let Model::Onnx(model) = file {
        data = model.data_files();
        if let Some(output) = &arguments.output {
            let name = output.file_name().unwrap_or_default().to_string_lossy();
            let beside = model.names(&name).into_iter().skip(1);
            names.extend(beside.map(|own| output.with_file_name(own)));
        }
    }
    check_files(arguments, &names, &data, Kind::of(file))
}

/// Refuses files of a model, the first of them that which names the others, that cannot be written.
pub fn check_files(
    arguments: &BalanceArguments,
    files: &[PathBuf],
    data: &[PathBuf],
    kind: Kind,
) -> Result<(), BadInput> {
    if let (Some(first), true) = (files.first(), files.len() > 1)
        && !matches!(
            Place::of(first),
            Ok(Place::File(_) | Place::Folder(_) | Place::Kept(_))
        )
    {
        let reason = "a model with data in other files is written to files";
        return Err(BadInput::at(first, reason));
    }
    if !data.is_empty() {
        files::check_finished(arguments.network.parent().unwrap_or(Path::new("")))?;
    }
    let certificate = arguments.certificate.as_ref();
    let certificate = certificate.map(|path| Output::new(path, Kind::Json));
    let plot = arguments.plot.as_ref();
    let plot = plot.map(|path| Output::new(path, Kind::Svg));
    let mut outputs: Vec<Output> = certificate.into_iter().chain(plot).collect();
    // A certificate is about the model that was read.
    let may_replace = arguments.certificate.is_none();
    for (number, path) in files.iter().enumerate() {
        outputs.push(Output {
            replaces: (number == 0 && may_replace).then_some(&*arguments.network),
            kind: Some(if number == 0 { kind } else { Kind::Part }),
            path,
        });
    }
    let inputs: Vec<&Path> = data
        .iter()
        .chain([&arguments.network])
        .map(PathBuf::as_path)
        .collect();
    outputs::check(&outputs, &inputs)
}

/// The model; an ONNX model without its weights as yet.
pub fn open(path: &Path, perceptron: &Perceptron) -> Result<Model, BadInput> {
    let is_onnx = perceptron.arch.is_none() && files::begins_as_onnx(path);
    if !is_onnx {
        return read(path, perceptron);
    }
    let model = OnnxFile::open_file(path).map_err(|fault| BadInput::at(path, fault))?;
    Ok(Model::Onnx(Box::new(model)))
}

/// The model with the weights of its network.
pub fn with_weights(file: Model, path: &Path) -> Result<Model, BadInput> {
    let Model::Onnx(model) = file else {
        return Ok(file);
    };
    let exact = model.with_weights();
    Ok(Model::Onnx(Box::new(
        exact.map_err(|fault| BadInput::at(path, fault))?,
    )))
}

fn failure(failure: BalanceFailure) -> Failure {
    Failure::Incomplete(failure.to_string())
}

fn verdict(result: &Balance, method: Method) -> Exit {
    match result.incomplete(method) {
        Some(_) => Exit::Incomplete,
        None => Exit::Done,
    }
}

/// Files by their places.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// The files to write: the network, where there is a solution, and the strongest certificate that was verified.
fn outputs(
    arguments: &BalanceArguments,
    file: &Model,
    network: &Network<Rational>,
    result: &Balance,
) -> Result<(Files, Losses), Failure> {
    let (mut outputs, mut losses) = (Vec::new(), Losses::default());
    if let Some(path) = &arguments.output
        && let Some(weights) = balanced_weights(arguments, path, file, network, result)?
    {
        let multipliers = result.by_unit(network);
        let scaling = BalancedWeights {
            weights: &weights,
            multipliers: &multipliers,
            vanished: result.vanished(),
            exactly: arguments.power_of_two,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let written = file.scaled(&scaling, &name);
        let Written {
            model,
            beside,
            lost,
        } = written.map_err(|fault| BadInput::at(path, format!("nothing written: {fault}")))?;
        losses = lost;
        let beside = beside.into_iter();
        outputs.extend(beside.map(|(name, bytes)| (path.with_file_name(name), bytes)));
        outputs.push((path.clone(), model));
    }
    if let Some(path) = &arguments.certificate
        && let Some(text) = energy::written(arguments, file, network, result)?
    {
        outputs.push((path.clone(), text.into_bytes()));
    } else if let Some(path) = &arguments.certificate
        && result.bounded.is_none()
        && let Some(mut certificate) = certificate(arguments, network, result)
    {
        certificate.activations = file.ranges().cloned();
        let text = certificate.to_json();
        read_back(network, &text).map_err(|fault| {
            let path = path.display();
            Failure::Incomplete(format!(
                "{path}: nothing written: the certificate cannot be read back: {fault}"
            ))
        })?;
        outputs.push((path.clone(), text.into_bytes()));
    }
    Ok((outputs, losses))
}

/// A certificate that others could not read would prove nothing to them.
fn read_back(network: &Network<Rational>, text: &str) -> Result<(), String> {
    let read = read_certificate(text.as_bytes()).map_err(|fault| fault.to_string())?;
    verify_certificate(network, &read).map_err(|fault| fault.to_string())?;
    Ok(())
}

/// The weights to write, exact ones where they were found; none for a model that is written by its multipliers alone.
fn balanced_weights(
    arguments: &BalanceArguments,
    path: &Path,
    file: &Model,
    network: &Network<Rational>,
    result: &Balance,
) -> Result<Option<Vec<Weight>>, BadInput> {
    if matches!(file, Model::Onnx(_)) {
        return Ok(result.is_solved().then(Vec::new));
    }
    if let Some(exact) = exact_weights(arguments, network, result) {
        return Ok(Some(exact.into_iter().map(Weight::Exact).collect()));
    }
    let Some(weights) = result.wide_weights(network) else {
        return Ok(None);
    };
    let multipliers = result.multipliers();
    // Powers of two leave the function as it is, and so no weight that is given exactly may be rounded.
    let keeps_all = arguments.power_of_two && matches!(file, Model::Json(_));
    let weight = |(synapse, value): (usize, (bool, Wide))| {
        let unchanged = network.direction(synapse).is_empty();
        if unchanged {
            return Ok(Weight::Exact(network.weight(synapse).clone()));
        }
        // As they were computed, without rounding.
        let multiplier = |variable: usize| multipliers[variable].to_rational();
        let exactly = || network.scaled_weight(synapse, multiplier);
        written_out(value, keeps_all, exactly).ok_or_else(|| {
            let name = network.synapse_name(synapse);
            let reason = format!(
                "nothing written: the balanced weight of {name} is too far from 1 to be written out"
            );
            BadInput::at(path, reason)
        })
    };
    let weights = weights.into_iter().enumerate().map(weight);
    Ok(Some(weights.collect::<Result<_, _>>()?))
}

/// Is each weight multiplied by a rational number? A power of two has no such power where a degree is fractional.
fn has_rational_factors(network: &Network<Rational>, result: &Balance) -> bool {
    let multipliers = result.multipliers();
    (0..network.synapses()).all(|synapse| {
        let mut powers = network.direction(synapse).into_iter();
        powers.all(|(variable, power)| {
            let power = || rational_power(&multipliers[variable].to_rational()?, &power);
            power().is_some()
        })
    })
}

/// A weight by its sign and magnitude: a float with all its digits, or exactly, if it is not too long to be read again;
/// `keeps_all` asks for that wherever a float is another number.
fn written_out(
    (is_negative, magnitude): (bool, Wide),
    keeps_all: bool,
    exactly: impl Fn() -> Option<Rational>,
) -> Option<Weight> {
    let value = magnitude
        .to_f64()
        .copysign(if is_negative { -1.0 } else { 1.0 });
    let has_digits = value.is_finite() && (value.is_normal() || magnitude.is_zero());
    // What vanishes in a limit is 0.
    let is_other = |exact| !magnitude.is_zero() && rational_from_f64(value) != Some(exact);
    if has_digits && !(keeps_all && exactly().is_some_and(is_other)) {
        return Some(Weight::Float(value));
    }
    let exact = exactly().filter(|exact| exact.to_string().len() < MAX_DIGITS)?;
    Some(Weight::Exact(exact))
}

/// The balanced weights as rationals, where the exact multipliers of weights are rational.
fn exact_weights(
    arguments: &BalanceArguments,
    network: &Network<Rational>,
    result: &Balance,
) -> Option<Vec<Rational>> {
    // What was asked for then is not the optimum.
    if result.restricted.is_some() {
        return None;
    }
    let problem = network.problem(&arguments.regularizer);
    let exact = result.proved_about(&problem)?.exact?;
    let root = arguments.regularizer.variable_power().recip();
    let multipliers = exact.multipliers.iter();
    let multipliers = multipliers.map(|value| rational_power(value, &root));
    let reduced: Vec<Rational> = (0..network.synapses())
        .map(
            |synapse| match exact.vanishing.binary_search(&synapse).is_ok() {
                true => Rational::default(),
                false => network.weight(synapse).clone(),
            },
        )
        .collect();
    let scaled = network
        .with_weights(reduced)
        .scaled(&multipliers.collect::<Option<Vec<_>>>()?);
    Some(scaled.ok()?.weights())
}

fn certificate(
    arguments: &BalanceArguments,
    network: &Network<Rational>,
    result: &Balance,
) -> Option<Certificate> {
    let regularizer = &arguments.regularizer;
    let proved = result.proved_about(&network.problem(regularizer))?;
    let limit = match proved.existence {
        ExistenceClaim::Attained(_) => None,
        ExistenceClaim::NotAttained(claim) => Some(claim),
    };
    let certificate = match (proved.exact, proved.enclosed, proved.existence) {
        (Some(exact), _, _) => Certificate::balanced(network, regularizer, exact, limit),
        (_, Some(enclosed), _) => Certificate::enclosure(network, regularizer, enclosed, limit),
        (_, _, ExistenceClaim::NotAttained(claim)) => {
            Certificate::not_attained(network, regularizer, claim)
        }
        (_, _, ExistenceClaim::Attained(claim)) => {
            Certificate::attained(regularizer, &claim.circulation)
        }
    };
    Some(certificate)
}
