//! Energy certificates: `synbal verify`, and the files that `synbal balance` writes of networks.

use num_traits::One;
use std::collections::HashMap;
use std::path::Path;

use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::energy::{EnergyFile, EnergyFileError, NamedProblem};
use synaptic_balance::formats::{MappedPerceptron, Model};
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::Rational;
use synaptic_balance::report::{Reliance, Report, energy_report, relied_on};
use synaptic_balance::solve::Balance;
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, Within};
use synaptic_balance_kernel::{Certificate, Number, Refusal};

use super::arguments::{BalanceArguments, DEFAULT_DIGITS, Tied, VerifyArguments};
use super::balance::{open, with_weights};
use super::{BadInput, Exit, Failure, Reported, checkpoint, in_place};

/// Verifies a certificate about the model, read as far as it has to be.
pub fn verify(arguments: &VerifyArguments, certificate: &EnergyFile) -> Reported {
    let spoken_of = certificate.regularizer.parse::<Regularizer>();
    let regularizer = spoken_of.map_err(|fault| BadInput::at(&arguments.certificate, fault))?;
    if let Some(demanded) = arguments
        .regularizer
        .as_ref()
        .filter(|demanded| **demanded != regularizer)
    {
        let reason = format!("the certificate is about {regularizer}, not {demanded}");
        return Ok((energy_report(&regularizer, Err(reason)), Exit::False));
    }
    let path = &arguments.network;
    if Checkpoint::is_at(path) {
        return checkpoint::verify(arguments, certificate, &regularizer);
    }
    arguments.activations.refuse(path, &arguments.perceptron)?;
    if in_place::is_perceptron(path, &arguments.perceptron) && arguments.activations.is_none() {
        let architecture = arguments.perceptron.needed(path)?;
        let model = MappedPerceptron::open(path, &architecture);
        let model = model.map_err(|fault| BadInput::at(path, fault))?;
        let problem = perceptron_problem(&model, &regularizer, arguments.tied.is_some());
        let problem = problem.map_err(|fault| BadInput::at(path, fault))?;
        let relied = [Reliance::WeightsReader, Reliance::Architecture];
        let (mut report, verdict) =
            judge(&arguments.certificate, certificate, &regularizer, &problem)?;
        report.state_layers(Some(&model.layers()));
        return Ok(ended(report, verdict, &relied));
    }
    let file = open(path, &arguments.perceptron)?;
    let (file, replaced) = arguments.relu6.apply(file, path)?;
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(path, fault))?;
    let (file, ranges) = arguments.activations.apply(file, &arguments.roles)?;
    // Of tied units the terms are the synapses.
    let file = match arguments.tied {
        Some(_) => with_weights(file, path)?,
        None => file,
    };
    let of_synapses =
        || NamedProblem::of_network(&Tied::apply(arguments.tied, &file), &regularizer);
    let named = channels_problem(&file, arguments.tied, &regularizer).unwrap_or_else(of_synapses);
    let problem = named.map_err(|fault| BadInput::at(path, fault))?;
    let problem = problem.about(file.ranges());
    let (mut report, verdict) = judge(&arguments.certificate, certificate, &regularizer, &problem)?;
    report.state_layers(file.layers());
    ranges.state(&mut report);
    if replaced.is_done() {
        replaced.state(&mut report);
    }
    Ok(ended(report, verdict, &relied_on(&[&file])))
}

/// The problem of a perceptron over the bytes of its tensors.
fn perceptron_problem<'a>(
    model: &'a MappedPerceptron,
    regularizer: &Regularizer,
    is_tied: bool,
) -> Result<NamedProblem<'a>, Refusal> {
    NamedProblem::of_tensors(regularizer, |power| {
        in_place::named_problem(model, power, is_tied)
    })
}

/// The problem of an ONNX model over the bytes of its tensors; `None` for what has synapses only, as models whose units
/// are tied.
fn channels_problem<'a>(
    file: &'a Model,
    tied: Option<Tied>,
    regularizer: &Regularizer,
) -> Option<Result<NamedProblem<'a>, Refusal>> {
    let model = file.onnx().filter(|_| tied.is_none())?;
    let of_power = |power: &Rational| model.energy_problem(power);
    Some(NamedProblem::of_tensors(regularizer, of_power))
}

fn ended(mut report: Report, verdict: Exit, relied: &[Reliance]) -> (Report, Exit) {
    report.state_reliance(relied);
    (report, verdict)
}

/// What the kernel says of a certificate about a problem.
pub fn judge(
    path: &Path,
    file: &EnergyFile,
    regularizer: &Regularizer,
    problem: &NamedProblem,
) -> Result<(Report, Exit), Failure> {
    let proof = file
        .certificate(problem)
        .and_then(|certificate| Ok(EnergyProof::new(&problem.problem, certificate)?));
    match proof {
        Ok(proof) => Ok((energy_report(regularizer, Ok(&proof)), Exit::Done)),
        Err(fault) if fault.is_malformed() => Err(BadInput::at(path, fault).into()),
        Err(fault) => {
            let reason = words(problem, &fault);
            Ok((energy_report(regularizer, Err(reason)), Exit::False))
        }
    }
}

/// A refusal with names in place of numbers.
fn words(problem: &NamedProblem, fault: &EnergyFileError) -> String {
    let EnergyFileError::Refused(refusal) = fault else {
        return fault.to_string();
    };
    let units = |variable: &usize| {
        let names = problem.names();
        let units = names.get(variable);
        units.map_or(String::new(), |names| names.join(", "))
    };
    match refusal {
        Refusal::NotACirculation(variable) => {
            let units = units(variable);
            format!("the sums of input and output costs on the grid differ at {units}")
        }
        Refusal::Outside(variable) => {
            format!(
                "the multiplier of {} is not within its bounds",
                units(variable)
            )
        }
        Refusal::Term(block, entry, _) => {
            format!("{refusal} ({})", problem.term(*block, *entry))
        }
        other => other.to_string(),
    }
}

/// The file of the energy certificate, where there is no stronger one.
pub fn written(
    arguments: &BalanceArguments,
    file: &Model,
    network: &Network<Rational>,
    result: &Balance,
) -> Result<Option<String>, Failure> {
    let bounded = result
        .bounded
        .as_ref()
        .and_then(|found| found.as_ref().ok());
    let free = || {
        let is_strongest = result.exact.is_none() && result.enclosure.is_none();
        let is_free = is_strongest && result.bounded.is_none();
        result.energy.as_ref().filter(|_| is_free)
    };
    let Some(proof) = bounded.or_else(free) else {
        return Ok(None);
    };
    let held = match &result.restricted {
        Some((restricted, _)) if proof.is_bounded => &restricted.at_bound[..],
        _ => &[],
    };
    let (path, regularizer) = (&arguments.network, &arguments.regularizer);
    let refused = |fault: Refusal| BadInput::at(path, fault);
    let known = NamedProblem::of_network(network, regularizer).map_err(refused)?;
    let known = known.about(file.ranges());
    let mapped = match file {
        // The file has no terms for ranges.
        Model::Perceptron(read) if file.ranges().is_none() => {
            let model = MappedPerceptron::of_file(read, path, &arguments.perceptron.needed(path)?);
            Some(model.map_err(|fault| BadInput::at(path, fault))?)
        }
        _ => None,
    };
    let problem = match &mapped {
        Some(model) => Some(perceptron_problem(
            model,
            regularizer,
            arguments.tied.is_some(),
        )),
        None => channels_problem(file, arguments.tied, regularizer),
    };
    let Some(problem) = problem else {
        let file = EnergyFile::new(&known, &proof.certificate, regularizer);
        return Ok(file.map(|file| file.to_json()));
    };
    let problem = problem.map_err(refused)?;
    let digits = arguments.digits().unwrap_or(DEFAULT_DIGITS);
    let file = of_terms(
        (&known, &proof.certificate, held),
        &problem,
        regularizer,
        digits,
    );
    let file = file.map_err(|fault| {
        let reason =
            format!("nothing written: no certificate about its tensors was found: {fault}");
        Failure::Incomplete(format!("{}: {reason}", path.display()))
    })?;
    Ok(file.map(|file| file.to_json()))
}

/// The file of a certificate about a network, with the terms of the tensors that hold its weights: the point is the
/// same, the exceptions are found once more.
fn of_terms(
    (known, certificate, held): (&NamedProblem, &Certificate, &[usize]),
    problem: &NamedProblem,
    regularizer: &Regularizer,
    digits: u32,
) -> Result<Option<EnergyFile>, EnergyError> {
    let places: HashMap<&str, usize> = known
        .units
        .iter()
        .map(|(name, variable)| (name.as_str(), *variable))
        .collect();
    let one = Number::new(1u32.into(), 0);
    let variables = problem.problem.variables();
    let mut point = vec![one; variables];
    let mut within = Within::default();
    if !certificate.bounds.is_empty() {
        within = Within {
            bounds: vec![[Rational::one(), Rational::one()]; variables],
            held: vec![0; variables],
        };
    }
    for (name, variable) in &problem.units {
        if let Some(place) = places.get(name.as_str()) {
            point[*variable] = certificate.point[*place].clone();
            if let Some([lower, upper]) = certificate.bounds.get(*place) {
                within.bounds[*variable] = [lower.clone(), upper.clone()];
                let is_upper = point[*variable]
                    .to_rational()
                    .is_some_and(|value| value > Rational::one());
                let side = if is_upper { 1 } else { -1 };
                within.held[*variable] = if held.contains(place) { side } else { 0 };
            }
        }
    }
    // The point is refined already.
    let mut stay = |side: &[f64], _| Some(vec![0.0; side.len()]);
    let proof = EnergyProof::find_within(&problem.problem, point, &mut stay, digits, &within)?;
    Ok(EnergyFile::new(problem, &proof.certificate, regularizer))
}
