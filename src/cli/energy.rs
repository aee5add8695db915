//! `synbal verify` for energy certificates.

use std::path::Path;

use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::energy::{EnergyFile, EnergyFileError, NamedProblem};
use synaptic_balance::formats::{MappedPerceptron, Model, ModelError, holds_weights_only};
use synaptic_balance::network::Regularizer;
use synaptic_balance::report::{Reliance, Report, energy_report, relied_on};
use synaptic_balance::solve::energy::EnergyProof;

use super::arguments::{Tied, VerifyArguments};
use super::balance::open;
use super::{BadInput, Failure, Outcome, Verdict, checkpoint, in_place};

/// Verifies a certificate about the model, read as far as it has to be.
pub fn verify(arguments: &VerifyArguments, certificate: &EnergyFile) -> Outcome {
    let spoken_of = certificate.regularizer.parse::<Regularizer>();
    let regularizer = spoken_of.map_err(|fault| BadInput::at(&arguments.certificate, fault))?;
    if let Some(demanded) = arguments
        .regularizer
        .as_ref()
        .filter(|demanded| **demanded != regularizer)
    {
        let reason = format!("the certificate is about {regularizer}, not {demanded}");
        return Ok((energy_report(&regularizer, Err(reason)), Verdict::False));
    }
    let path = &arguments.network;
    if Checkpoint::is_at(path) {
        return checkpoint::verify(arguments, certificate, &regularizer);
    }
    let is_lp = matches!(regularizer, Regularizer::Lp(_));
    if is_lp && holds_weights_only(path) {
        let architecture = arguments.perceptron.architecture()?;
        let architecture =
            architecture.ok_or_else(|| BadInput::at(path, ModelError::NoArchitecture))?;
        let model = MappedPerceptron::open(path, &architecture);
        let model = model.map_err(|fault| BadInput::at(path, fault))?;
        let problem = in_place::named_problem(
            &model,
            &regularizer.variable_power(),
            arguments.tied.is_some(),
        );
        let problem = problem.map_err(|fault| BadInput::at(path, fault))?;
        let relied = [Reliance::WeightsReader, Reliance::Architecture];
        let (mut report, verdict) =
            judge(&arguments.certificate, certificate, &regularizer, &problem)?;
        report.state_layers(Some(&model.layers()));
        return Ok(ended(report, verdict, &relied));
    }
    let file = open(path, &arguments.perceptron)?;
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(path, fault))?;
    if let Model::Onnx(model) = &file {
        if !is_lp || arguments.tied.is_some() {
            let reason = "energy certificates about ONNX models are about one power, and about units that are not tied";
            return Err(BadInput::at(path, reason).into());
        }
        let problem = model.energy_problem(&regularizer.variable_power());
        let problem = problem.map_err(|fault| BadInput::at(path, fault))?;
        let (report, verdict) = judge(&arguments.certificate, certificate, &regularizer, &problem)?;
        return Ok(ended(report, verdict, &relied_on(&[&file])));
    }
    let network = Tied::apply(arguments.tied, &file);
    let problem = NamedProblem::of_network(&network, &regularizer);
    let problem = problem.map_err(|fault| BadInput::at(path, fault))?;
    let (mut report, verdict) = judge(&arguments.certificate, certificate, &regularizer, &problem)?;
    report.state_layers(file.layers());
    Ok(ended(report, verdict, &relied_on(&[&file])))
}

fn ended(mut report: Report, verdict: Verdict, relied: &[Reliance]) -> (Report, Verdict) {
    report.state_reliance(relied);
    (report, verdict)
}

/// What the kernel says of a certificate about a problem.
pub fn judge(
    path: &Path,
    file: &EnergyFile,
    regularizer: &Regularizer,
    problem: &NamedProblem,
) -> Result<(Report, Verdict), Failure> {
    let proof = file
        .certificate(problem)
        .and_then(|certificate| Ok(EnergyProof::new(&problem.problem, certificate)?));
    match proof {
        Ok(proof) => Ok((energy_report(regularizer, Ok(&proof)), Verdict::Done)),
        Err(fault) if fault.is_malformed() => Err(BadInput::at(path, fault).into()),
        Err(fault) => {
            let reason = words(problem, &fault);
            Ok((energy_report(regularizer, Err(reason)), Verdict::False))
        }
    }
}

/// A refusal with names in place of numbers.
fn words(problem: &NamedProblem, fault: &EnergyFileError) -> String {
    use synaptic_balance_kernel::Refusal;
    let EnergyFileError::Refused(refusal) = fault else {
        return fault.to_string();
    };
    match refusal {
        Refusal::NotACirculation(variable) => {
            let names = problem.names();
            let units = names
                .get(variable)
                .map_or(String::new(), |names| names.join(", "));
            format!("the sums of input and output costs on the grid differ at {units}")
        }
        Refusal::Term(block, entry, _) => {
            format!("{refusal} ({})", problem.term(*block, *entry))
        }
        other => other.to_string(),
    }
}
