//! `synbal balance`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::{
    Certificate, Model, OnnxFile, Scaling, Weight, Written, read_certificate, verify_certificate,
};
use synaptic_balance::network::Network;
use synaptic_balance::numbers::{Rational, rational_power};
use synaptic_balance::report::{balance_report, group_multipliers};
use synaptic_balance::solve::{
    self, Balance, BalanceFailure, Existence, Method, Options, Restriction,
};

use super::arguments::{BalanceArguments, Tied};
use super::{BadInput, Failure, Outcome, Progress, Verdict, channels_in_place, files, read};

/// Digits certified where a certificate file is asked for without a number of digits.
const DEFAULT_DIGITS: u32 = 12;

pub fn balance(arguments: &BalanceArguments) -> Outcome {
    files::distinct(
        &[arguments.output.as_ref(), arguments.certificate.as_ref()],
        &[],
    )?;
    files::distinct(&[arguments.certificate.as_ref()], &[&arguments.network])?;
    let start = Instant::now();
    let file = open(&arguments.network, arguments.arch.as_deref())?;
    let file = arguments.roles.apply(file);
    let file = match file.map_err(|fault| BadInput::at(&arguments.network, fault))? {
        Model::Onnx(model) if channels_in_place::is_meant(arguments, &model) => {
            let seconds_read = start.elapsed().as_secs_f64();
            return channels_in_place::balance(arguments, &model, seconds_read);
        }
        file => with_weights(file, &arguments.network)?,
    };
    let network = Tied::apply(arguments.tied, &file);
    let seconds_read = start.elapsed().as_secs_f64();
    let method = Method::from(arguments.method);
    let options = Options {
        method,
        seed: arguments.seed,
        tolerance: arguments.tolerance,
        limit: arguments.limit,
        certify: arguments
            .certify
            .or(arguments.certificate.as_ref().map(|_| DEFAULT_DIGITS)),
        restriction: match (&arguments.max_scaling, arguments.power_of_two) {
            (Some(bound), _) => Some(Restriction::Within(bound.clone())),
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
    let outputs = outputs(arguments, &file, &network, &result)?;
    let paths: Vec<&PathBuf> = outputs.iter().map(|(path, _)| path).collect();
    let data = match &file {
        Model::Onnx(model) => model.data_files(),
        _ => Vec::new(),
    };
    files::beside(&paths, &data)?;
    files::write_all(&outputs)?;
    let times = (seconds_read, start.elapsed().as_secs_f64());
    let mut report = balance_report(&network, &arguments.regularizer, method, &result, times);
    if let Some(groups) = file.groups() {
        group_multipliers(&mut report.json, &network, &groups);
    }
    Ok((report, verdict(&result, method)))
}

/// The model; an ONNX model without its weights as yet.
pub fn open(path: &Path, arch: Option<&str>) -> Result<Model, BadInput> {
    let is_onnx = arch.is_none() && files::begins_as_onnx(path);
    if !is_onnx {
        return read(path, arch);
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

fn verdict(result: &Balance, method: Method) -> Verdict {
    match result.incomplete(method) {
        Some(_) => Verdict::Incomplete,
        None => Verdict::Done,
    }
}

/// The files to write: the network, where there is a solution, and the strongest certificate that was verified.
fn outputs(
    arguments: &BalanceArguments,
    file: &Model,
    network: &Network<Rational>,
    result: &Balance,
) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut outputs = Vec::new();
    if let Some(path) = &arguments.output
        && let Some(weights) = balanced_weights(arguments, path, file, network, result)?
    {
        let multipliers = result.by_unit(network);
        let scaling = Scaling {
            weights: &weights,
            multipliers: &multipliers,
            vanished: result.vanished(),
            exactly: arguments.power_of_two,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Written { model, beside } = file
            .scaled(&scaling, &name)
            .map_err(|fault| BadInput::at(path, format!("nothing written: {fault}")))?;
        let beside = beside.into_iter();
        outputs.extend(beside.map(|(name, bytes)| (path.with_file_name(name), bytes)));
        outputs.push((path.clone(), model));
    }
    if let Some(path) = &arguments.certificate
        && let Some(certificate) = certificate(arguments, network, result)
    {
        let text = certificate.to_json();
        read_back(network, &text).map_err(|fault| {
            let path = path.display();
            Failure::Incomplete(format!(
                "{path}: nothing written: the certificate cannot be read back: {fault}"
            ))
        })?;
        outputs.push((path.clone(), text.into_bytes()));
    }
    Ok(outputs)
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
    let Some(weights) = result.weights(network) else {
        return Ok(None);
    };
    let weights = weights.map_err(|synapse| {
        let name = network.synapse_name(synapse);
        let reason = format!(
            "nothing written: the balanced weight of {name} is outside the range in which f64 has its full precision"
        );
        BadInput::at(path, reason)
    })?;
    Ok(Some(floats(network, &weights)))
}

/// Weights that no scaling changes stay exactly as they were.
fn floats(network: &Network<Rational>, weights: &[f64]) -> Vec<Weight> {
    let weight = |(synapse, value): (usize, &f64)| match network.direction(synapse).is_empty() {
        true => Weight::Exact(network.weight(synapse).clone()),
        false => Weight::Float(*value),
    };
    weights.iter().enumerate().map(weight).collect()
}

/// The balanced weights as rationals, where the exact multipliers of weights are rational.
fn exact_weights(
    arguments: &BalanceArguments,
    network: &Network<Rational>,
    result: &Balance,
) -> Option<Vec<Rational>> {
    let verified = result.exact.as_ref()?;
    let root = arguments.regularizer.variable_power().recip();
    let multipliers = verified
        .claim()
        .multipliers
        .iter()
        .map(|value| rational_power(value, &root));
    let reduced: Vec<Rational> = (0..network.synapses())
        .map(
            |synapse| match result.existence.vanishing().binary_search(&synapse).is_ok() {
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
    let limit = match &result.existence {
        Existence::Attained(_) => None,
        Existence::NotAttained(claim) => Some(claim.claim()),
    };
    match (&result.exact, limit, &result.enclosure) {
        (Some(exact), None, _) => Some(Certificate::balanced(network, regularizer, exact.claim())),
        (_, _, Some(Ok(enclosed))) => Some(Certificate::enclosure(
            network,
            regularizer,
            enclosed.claim(),
            limit,
        )),
        (_, Some(limit), None) => Some(Certificate::not_attained(network, regularizer, limit)),
        _ => None,
    }
}
