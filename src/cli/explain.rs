//! `synbal explain`.

use serde_json::json;
use std::fmt::Write;
use std::path::Path;

use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::formats::onnx::MAX_WEIGHTS;
use synaptic_balance::formats::{
    LayerGraph, MappedPerceptron, Measured, Model, OnnxFile, measure_network, to_dot,
    verify_certificate,
};
use synaptic_balance::network::{Network, Regularizer, UnitKind};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::report::{self, Basis, Detail, Report, Subject, Tensors};
use synaptic_balance::solve::blocks::CostSums;
use synaptic_balance::solve::energy::EnergyProof;
use synaptic_balance::solve::{self, Balance};

use super::arguments::{ExplainArguments, Tied};
use super::outputs::{self, Kind, Output};
use super::{
    BadInput, Exit, Failure, Progress, Reported, balance, checkpoint, explain_checkpoint, files,
    in_place, layers, proving, terms_in_place,
};

/// Above so many synapses a basis of the constraints is written on demand only: it is far longer than the network.
const BASIS_LIMIT: usize = 10_000;

pub fn explain(arguments: &ExplainArguments, json: bool) -> Reported {
    (arguments.activations).refuse_checkpoints(&arguments.network)?;
    (arguments.activations).refuse(&arguments.network, &arguments.perceptron)?;
    if let Some(outcome) = explain_checkpoint::explain(arguments) {
        return outcome;
    }
    checkpoint::refuse_elsewhere(&arguments.network, &arguments.family)?;
    in_place::refuse_roles(&arguments.network, &arguments.perceptron, &arguments.roles)?;
    let detail = match (json, arguments.full) {
        (true, _) => Detail::Json,
        (false, true) => Detail::Full,
        (false, false) => Detail::Screen,
    };
    if let Some(found) = explain_mapped(arguments, detail)? {
        return Ok((found, Exit::Done));
    }
    let file = balance::open(&arguments.network, &arguments.perceptron)?;
    let (file, replaced) = arguments.relu6.apply(file, &arguments.network)?;
    let mut found = explain_file(arguments, file, detail)?;
    replaced.state(&mut found);
    Ok((found, Exit::Done))
}

fn explain_file(
    arguments: &ExplainArguments,
    file: Model,
    detail: Detail,
) -> Result<Report, Failure> {
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(&arguments.network, fault))?;
    let (file, ranges) = arguments.activations.apply(file, &arguments.roles)?;
    let mut found = explain_model(arguments, file, detail)?;
    ranges.state(&mut found);
    Ok(found)
}

fn explain_model(
    arguments: &ExplainArguments,
    file: Model,
    detail: Detail,
) -> Result<Report, Failure> {
    if let (Some(path), Model::Onnx(_)) = (&arguments.certificate, &file) {
        let reason = "nothing written: constraints of ONNX models are not listed";
        return Err(BadInput::at(path, reason).into());
    }
    let file = match file {
        Model::Onnx(model) if model.weights() > MAX_WEIGHTS => {
            if let (Some(path), true) = (&arguments.dot, arguments.dot_units) {
                let reason = format!(
                    "nothing written: units of more than {MAX_WEIGHTS} weights are not drawn; without --dot-units layers are"
                );
                return Err(BadInput::at(path, reason).into());
            }
            draw_tensors(arguments, &model)?;
            return Ok(outline(arguments, &model, detail));
        }
        Model::Onnx(model) if is_outlined(arguments, &model) => {
            draw_tensors(arguments, &model)?;
            return Ok(outline(arguments, &model, detail));
        }
        Model::Onnx(model) => match explain_channels(arguments, &model, detail)? {
            Some(found) => return Ok(found),
            None => balance::with_weights(Model::Onnx(model), &arguments.network)?,
        },
        file => balance::with_weights(file, &arguments.network)?,
    };
    if let (Some(path), Model::Onnx(model)) = (&arguments.dot, &file) {
        let data = model.data_files();
        let data: Vec<&Path> = data.iter().map(std::path::PathBuf::as_path).collect();
        outputs::check(&[Output::new(path, Kind::Dot)], &data)?;
    }
    let network = Tied::apply(arguments.tied, &file);
    let groups = layers::groups(&file, &network);
    let basis = match &file {
        Model::Onnx(_) => Basis::Omitted,
        _ if network.synapses() > BASIS_LIMIT && !arguments.basis => Basis::Omitted,
        _ => Basis::Wanted,
    };
    let subject = Subject::new(&network, file.onnx());
    let explanation = report::explain(subject, &arguments.regularizer, basis);
    let explanation = explanation.map_err(|failure| Failure::Incomplete(failure.to_string()))?;
    let mut outputs: Vec<(&Path, Vec<u8>)> = Vec::new();
    if let Some(path) = &arguments.dot {
        let text = match (&file, is_drawn_by_units(arguments, network.synapses())) {
            (_, true) => to_dot(&network),
            (Model::Onnx(model), false) => model.layer_graph().to_dot(),
            (_, false) => LayerGraph::of_network(&network, groups.as_deref()).to_dot(),
        };
        outputs.push((path, text.into_bytes()));
    }
    if let Some(path) = &arguments.certificate {
        let mut certificate = explanation.certificate();
        if let Some(certificate) = &mut certificate {
            certificate.activations = file.ranges().cloned();
        }
        let certificate = certificate.filter(|own| verify_certificate(&network, own).is_ok());
        let certificate = certificate.ok_or_else(|| {
            let path = path.display();
            let reason = match basis {
                Basis::Wanted => "the constraints were not verified",
                Basis::Omitted => "the constraints of so many synapses are listed with --basis",
            };
            Failure::Incomplete(format!("{path}: nothing written: {reason}"))
        })?;
        outputs.push((path, certificate.to_json().into_bytes()));
    }
    files::write_all(outputs)?;
    // A basis of the constraints can be long: only what is printed is written out.
    let mut report = match detail {
        Detail::Json => Report {
            text: String::new(),
            json: explanation.json(),
        },
        detail => Report {
            text: explanation.text(detail),
            json: json!({}),
        },
    };
    let regularizer = &arguments.regularizer;
    if let Model::Onnx(model) = &file {
        let found = balanced(&network, regularizer);
        let multipliers = found.map(|found| found.by_unit(&network));
        let channels = report::channels_report(model, multipliers.as_deref(), regularizer, detail);
        report.precede(channels);
    } else {
        let found = match &file {
            Model::Perceptron(_) => balanced(&network, regularizer),
            _ => None,
        };
        let measured = match &found {
            Some(found) => layers::of_result(regularizer, &file, &network, found),
            None => measure_network(&network, regularizer, None, &[], groups.as_deref()),
        };
        report.precede(measured_report(&measured, regularizer, detail));
    }
    report::freedom(&mut report, &network, file.onnx());
    report.state_layers(file.layers());
    Ok(report)
}

/// From so many weights on, what is known without exact arithmetic is all that is said of a model of which not
/// everything is proved.
const OUTLINED: usize = 1 << 19;

/// Is there nothing to balance in a model with many weights?
fn is_outlined(arguments: &ExplainArguments, model: &OnnxFile) -> bool {
    let is_plain = arguments.tied.is_none() && !(arguments.dot.is_some() && arguments.dot_units);
    is_plain && model.network().variables() == 0 && model.weights() > BASIS_LIMIT
}

/// Channels, multipliers and what pins them, of a model whose weights are not gone through one by one.
fn outline(arguments: &ExplainArguments, model: &OnnxFile, detail: Detail) -> Report {
    let free = model.network().variables();
    let mut found = report::channels_report(model, None, &arguments.regularizer, detail);
    let _ = writeln!(
        found.text,
        "scaling   {free} independent multipliers of {} weights",
        model.weights()
    );
    found.json["synapses"] = model.weights().into();
    found.json["manifold"] = json!({"dimension": free});
    report::freedom(&mut found, model.network(), Some(model));
    found
}

/// The multiplier of every unit after balancing; `None` if there is no optimum, or none was found.
#[cfg(feature = "explore")]
pub fn balanced_multipliers(
    network: &Network<Rational>,
    regularizer: &Regularizer,
) -> Option<Vec<f64>> {
    balanced(network, regularizer).map(|found| found.by_unit(network))
}

/// What balancing finds; `None` if there is no optimum, or none was found.
fn balanced(network: &Network<Rational>, regularizer: &Regularizer) -> Option<Balance> {
    let progress = Progress::new();
    let mut report = |what: &str, deficit| progress.report(what, deficit);
    let found = solve::balance(
        network,
        regularizer,
        &solve::Options::default(),
        &mut report,
    )
    .ok()?;
    found.solution.is_some().then_some(found)
}

/// The table of layers, as a report of its own.
fn measured_report(measured: &Measured, regularizer: &Regularizer, detail: Detail) -> Report {
    let mut found = Report {
        text: String::new(),
        json: json!({}),
    };
    let shown = if detail == Detail::Full {
        usize::MAX
    } else {
        layers::ROWS
    };
    report::layers_report(&mut found, measured, regularizer, shown);
    found
}

/// Networks of more synapses are drawn by layers, unless units are asked for.
const DRAWN: usize = 200;

fn is_drawn_by_units(arguments: &ExplainArguments, synapses: usize) -> bool {
    arguments.dot_units || synapses <= DRAWN
}

/// Writes the graph of the layers of a model, if that was asked for.
fn draw_tensors(arguments: &ExplainArguments, model: &OnnxFile) -> Result<(), BadInput> {
    let Some(path) = &arguments.dot else {
        return Ok(());
    };
    let data = model.data_files();
    let data: Vec<&Path> = data.iter().map(std::path::PathBuf::as_path).collect();
    outputs::check(&[Output::new(path, Kind::Dot)], &data)?;
    files::write_all(vec![(path, model.layer_graph().to_dot().into_bytes())])
}

/// A perceptron with many weights, explained where it lies; `None` for what is small, or of which something else has to
/// be said.
fn explain_mapped(arguments: &ExplainArguments, detail: Detail) -> Result<Option<Report>, Failure> {
    let path = &arguments.network;
    let draws_units = arguments.dot.is_some() && arguments.dot_units;
    let writes = draws_units || arguments.certificate.is_some();
    let is_plain = arguments.tied.is_none() && !writes && !arguments.basis;
    let is_lp = matches!(arguments.regularizer, Regularizer::Lp(_));
    if !is_plain
        || !is_lp
        || !arguments.activations.is_none()
        || !in_place::is_perceptron(path, &arguments.perceptron)
    {
        return Ok(None);
    }
    let Some(architecture) = arguments.perceptron.architecture()? else {
        return Ok(None);
    };
    let Ok(model) = MappedPerceptron::open(path, &architecture) else {
        return Ok(None);
    };
    if model.weights() <= BASIS_LIMIT || model.groups().is_empty() {
        return Ok(None);
    }
    let power = arguments.regularizer.variable_power();
    let (Ok(mut blocks), Ok(problem)) = (
        model.blocks(rational_to_f64(&power)),
        in_place::named_problem(&model, &power, false),
    ) else {
        return Ok(None);
    };
    let sides = blocks.sides();
    let Some(proof) = proving::prove_attained(&mut blocks, &problem.problem) else {
        return Ok(None);
    };
    debug_assert_eq!(problem.problem.variables(), blocks.shape().units());
    let asked = Tensors {
        units: model.units(),
        pinned: &model.pinned(),
        weights: model.weights(),
        has_basis: true,
        regularizer: &arguments.regularizer,
        problem: &problem,
        proof: &proof,
        sides: &sides,
    };
    let mut found = report::explain_tensors(&asked, detail);
    let multipliers = of_weights(&proof, &power);
    let measured = model.measure(&arguments.regularizer, Some(&multipliers), None);
    found.precede(measured_report(&measured, &arguments.regularizer, detail));
    found.state_layers(Some(&model.layers()));
    if let Some(path) = &arguments.dot {
        files::write_all(vec![(path, model.layer_graph().to_dot().into_bytes())])?;
    }
    Ok(Some(found))
}

/// An ONNX model with many weights, in the same way.
fn explain_channels(
    arguments: &ExplainArguments,
    model: &OnnxFile,
    detail: Detail,
) -> Result<Option<Report>, BadInput> {
    let is_plain = arguments.tied.is_none() && !(arguments.dot.is_some() && arguments.dot_units);
    let is_lp = matches!(arguments.regularizer, Regularizer::Lp(_));
    let network = model.network();
    let weights = model.synapses();
    if !is_plain || !is_lp || weights <= BASIS_LIMIT || network.variables() == 0 {
        return Ok(None);
    }
    let found = explain_proved(arguments, model, weights, detail);
    let found = match found.is_none() && weights > OUTLINED {
        true => Some(outline(arguments, model, detail)),
        false => found,
    };
    if found.is_some() {
        draw_tensors(arguments, model)?;
    }
    Ok(found)
}

/// The multipliers of weights that were proved.
fn of_weights(proof: &EnergyProof, power: &Rational) -> Vec<f64> {
    let root = rational_to_f64(power).recip();
    let multipliers = proof.multipliers().into_iter();
    multipliers.map(|mu| mu.powf(root)).collect()
}

/// The sides of every unit and what is proved of the optimum, from the weights where they lie.
type Proof = (Vec<(f64, f64)>, EnergyProof);

fn proved(model: &OnnxFile, problem: &NamedProblem, power: f64) -> Option<Proof> {
    if !model.is_plain() {
        return terms_in_place::explained(problem);
    }
    let costs = model.blocks(power);
    let mut blocks = costs.problem().ok()?;
    let sides = blocks.sides();
    let proof = proving::prove_attained(&mut blocks, &problem.problem)?;
    Some((sides, proof))
}

/// The multiplier of every unit of a model's network that the proof has.
fn multipliers_of(model: &OnnxFile, proof: &EnergyProof, power: &Rational) -> Option<Vec<f64>> {
    model.multipliers(&of_weights(proof, power)).ok()
}

/// The multiplier of every unit of a model's network after balancing, however many weights it has; `None` if there is
/// no optimum, or none was found.
#[cfg(feature = "explore")]
pub fn channel_multipliers(model: &OnnxFile, regularizer: &Regularizer) -> Option<Vec<f64>> {
    if model.network().variables() == 0 {
        return None;
    }
    if model.synapses() <= BASIS_LIMIT || !matches!(regularizer, Regularizer::Lp(_)) {
        let exact = model.clone().with_weights().ok()?;
        return balanced_multipliers(exact.network(), regularizer);
    }
    let power = regularizer.variable_power();
    let problem = model.energy_problem(&power).ok()?;
    let (_, proof) = proved(model, &problem, rational_to_f64(&power))?;
    multipliers_of(model, &proof, &power)
}

fn explain_proved(
    arguments: &ExplainArguments,
    model: &OnnxFile,
    weights: usize,
    detail: Detail,
) -> Option<Report> {
    let network = model.network();
    let power = arguments.regularizer.variable_power();
    let problem = model.energy_problem(&power).ok()?;
    let (sides, proof) = proved(model, &problem, rational_to_f64(&power))?;
    // Otherwise some multiplier changes no weight, or nothing is known of it.
    if !proof.is_enclosed() {
        return None;
    }
    let count = |kind| network.units_of(kind).len();
    let asked = Tensors {
        units: [
            count(UnitKind::Input),
            count(UnitKind::Bias),
            count(UnitKind::Hidden),
            count(UnitKind::Output),
        ],
        pinned: &[],
        weights,
        has_basis: false,
        regularizer: &arguments.regularizer,
        problem: &problem,
        proof: &proof,
        sides: &sides,
    };
    let mut found = report::explain_tensors(&asked, detail);
    let multipliers = multipliers_of(model, &proof, &power)?;
    let regularizer = &arguments.regularizer;
    found.precede(report::channels_report(
        model,
        Some(&multipliers),
        regularizer,
        detail,
    ));
    report::freedom(&mut found, network, Some(model));
    Some(found)
}
