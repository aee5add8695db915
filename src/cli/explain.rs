//! `synbal explain`.

use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::formats::onnx::MAX_WEIGHTS;
use synaptic_balance::formats::{MappedPerceptron, Model, OnnxFile, to_dot, verify_certificate};
use synaptic_balance::network::{Network, Regularizer, UnitKind};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::report::{self, Basis, Report, Subject, Tensors};
use synaptic_balance::solve;
use synaptic_balance::solve::blocks::CostSums;
use synaptic_balance::solve::energy::EnergyProof;

use super::arguments::{ExplainArguments, Tied};
use super::outputs::{self, Kind, Output};
use super::{
    BadInput, Failure, Outcome, Progress, Verdict, balance, explain_checkpoint, files, in_place,
    proving, terms_in_place,
};

/// Above so many synapses a basis of the constraints is written on demand only: it is far longer than the network.
const BASIS_LIMIT: usize = 10_000;

pub fn explain(arguments: &ExplainArguments, json: bool) -> Outcome {
    if let Some(outcome) = explain_checkpoint::explain(arguments) {
        return outcome;
    }
    if let Some(found) = explain_mapped(arguments)? {
        return Ok((found, Verdict::Done));
    }
    let file = balance::open(&arguments.network, &arguments.perceptron)?;
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(&arguments.network, fault))?;
    if let (Some(path), Model::Onnx(_)) = (&arguments.certificate, &file) {
        let reason = "nothing written: constraints of ONNX models are not listed";
        return Err(BadInput::at(path, reason).into());
    }
    let file = match file {
        Model::Onnx(model) if model.weights() > MAX_WEIGHTS => {
            if let Some(path) = &arguments.dot {
                let reason = format!(
                    "nothing written: no graph of more than {MAX_WEIGHTS} weights is drawn"
                );
                return Err(BadInput::at(path, reason).into());
            }
            return Ok((outline(&model), Verdict::Done));
        }
        Model::Onnx(model) if is_outlined(arguments, &model) => {
            return Ok((outline(&model), Verdict::Done));
        }
        Model::Onnx(model) => match explain_channels(arguments, &model) {
            Some(found) => return Ok((found, Verdict::Done)),
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
        outputs.push((path, to_dot(&network).into_bytes()));
    }
    if let Some(path) = &arguments.certificate {
        let certificate = explanation.certificate();
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
    let mut report = match json {
        true => Report {
            text: String::new(),
            json: explanation.json(),
        },
        false => Report {
            text: explanation.text(),
            json: Value::Null,
        },
    };
    if let Model::Onnx(model) = &file {
        let multipliers = balanced_multipliers(&network, &arguments.regularizer);
        report.precede(report::channels_report(model, multipliers.as_deref()));
    }
    report::freedom(&mut report, &network, file.onnx());
    report.state_layers(file.layers());
    Ok((report, Verdict::Done))
}

/// From so many weights on, what is known without exact arithmetic is all that is said of a model of which not everything is proved.
const OUTLINED: usize = 1 << 19;

/// Is there nothing to balance in a model with many weights?
fn is_outlined(arguments: &ExplainArguments, model: &OnnxFile) -> bool {
    let is_plain = arguments.tied.is_none() && arguments.dot.is_none();
    is_plain && model.network().variables() == 0 && model.weights() > BASIS_LIMIT
}

/// Channels, multipliers and what pins them, of a model whose weights are not gone through one by one.
fn outline(model: &OnnxFile) -> Report {
    let free = model.network().variables();
    let mut found = report::channels_report(model, None);
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
pub fn balanced_multipliers(
    network: &Network<Rational>,
    regularizer: &Regularizer,
) -> Option<Vec<f64>> {
    let progress = Progress::new();
    let mut report = |what: &str, deficit| progress.report(what, deficit);
    let found = solve::balance(
        network,
        regularizer,
        &solve::Options::default(),
        &mut report,
    )
    .ok()?;
    found.solution.as_ref()?;
    Some(found.by_unit(network))
}

/// A perceptron with many weights, explained where it lies; `None` for what is small, or of which something else has to be said.
fn explain_mapped(arguments: &ExplainArguments) -> Result<Option<Report>, Failure> {
    let path = &arguments.network;
    let writes = arguments.dot.is_some() || arguments.certificate.is_some();
    let is_plain = arguments.tied.is_none() && !writes && !arguments.basis;
    let is_lp = matches!(arguments.regularizer, Regularizer::Lp(_));
    if !is_plain || !is_lp || !in_place::is_perceptron(path, &arguments.perceptron) {
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
    let mut found = report::explain_tensors(&Tensors {
        units: model.units(),
        pinned: &model.pinned(),
        weights: model.weights(),
        has_basis: true,
        regularizer: &arguments.regularizer,
        problem: &problem,
        proof: &proof,
        sides: &sides,
    });
    found.state_layers(Some(&model.layers()));
    Ok(Some(found))
}

/// An ONNX model with many weights, in the same way.
fn explain_channels(arguments: &ExplainArguments, model: &OnnxFile) -> Option<Report> {
    let is_plain = arguments.tied.is_none() && arguments.dot.is_none();
    let is_lp = matches!(arguments.regularizer, Regularizer::Lp(_));
    let network = model.network();
    let weights = model.synapses();
    if !is_plain || !is_lp || weights <= BASIS_LIMIT || network.variables() == 0 {
        return None;
    }
    let found = explain_proved(arguments, model, weights);
    match found.is_none() && weights > OUTLINED {
        true => Some(outline(model)),
        false => found,
    }
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
fn multipliers_of(model: &OnnxFile, proof: &EnergyProof, power: f64) -> Option<Vec<f64>> {
    let multipliers = proof.multipliers().into_iter();
    let multipliers: Vec<f64> = multipliers.map(|mu| mu.powf(power.recip())).collect();
    model.multipliers(&multipliers).ok()
}

/// The multiplier of every unit of a model's network after balancing, however many weights it has; `None` if there is no optimum, or none was found.
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
    let power = rational_to_f64(&power);
    let (_, proof) = proved(model, &problem, power)?;
    multipliers_of(model, &proof, power)
}

fn explain_proved(
    arguments: &ExplainArguments,
    model: &OnnxFile,
    weights: usize,
) -> Option<Report> {
    let network = model.network();
    let power = arguments.regularizer.variable_power();
    let problem = model.energy_problem(&power).ok()?;
    let power = rational_to_f64(&power);
    let (sides, proof) = proved(model, &problem, power)?;
    // Otherwise some multiplier changes no weight, or nothing is known of it.
    if !proof.is_enclosed() {
        return None;
    }
    let count = |kind| network.units_of(kind).len();
    let mut found = report::explain_tensors(&Tensors {
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
    });
    let multipliers = multipliers_of(model, &proof, power)?;
    found.precede(report::channels_report(model, Some(&multipliers)));
    report::freedom(&mut found, network, Some(model));
    Some(found)
}
