//! The certificate of what `synbal check` proved.

use std::path::{Path, PathBuf};

use synaptic_balance::formats::memory::held;
use synaptic_balance::formats::{Certificate, Model, read_certificate, verify_certificate};
use synaptic_balance::network::{Network, Regularizer, one_line};
use synaptic_balance::numbers::Rational;
use synaptic_balance::report::Report;
use synaptic_balance::solve::{Judgement, ScalingVerdict};

use super::outputs::{self, Kind, Output};
use super::{BadInput, Exit, files};

/// Above so many bytes two models are judged where they lie, if they can be: nothing exact is proved there.
const MOST_EXACT: u64 = 1 << 23;

/// Are the files small enough for a proof in exact arithmetic?
pub fn is_within_reach(paths: &[&Path]) -> bool {
    let is_small = |path: &&Path| match held(path) {
        Some(held) => held.len() as u64 <= MOST_EXACT,
        None => path.metadata().is_ok_and(|file| file.len() <= MOST_EXACT),
    };
    paths.iter().all(is_small)
}

/// Why nothing was written for models that were judged where they lie.
pub const IN_PLACE: &str = "nothing exact is proved of models of this size";

/// Refuses a place where data of a model lie.
pub fn check_place(path: &Path, models: [&Model; 2]) -> Result<(), BadInput> {
    let data: Vec<PathBuf> = models
        .into_iter()
        .filter_map(Model::onnx)
        .flat_map(|model| model.data_files())
        .collect();
    let data: Vec<&Path> = data.iter().map(PathBuf::as_path).collect();
    outputs::check(&[Output::new(path, Kind::Json)], &data)
}

/// The certificate of what was proved of two networks, if it says so about the first model as it is read by itself
/// (`alone`).
pub fn text(
    alone: &Network<Rational>,
    [before, after]: [&Network<Rational>; 2],
    regularizer: &Regularizer,
    judgement: &Judgement,
) -> Result<(String, String), &'static str> {
    if !judgement.vanished.is_empty() {
        return Err("what is proved is about the network without the weights that vanish");
    }
    // The one that allows for more says more.
    let refuted = judgement.cycle.iter().chain(&judgement.obstacle);
    let refuted = refuted.max_by_key(|proof| &proof.data().tolerance);
    let certificate = match (&judgement.scaling, refuted) {
        (ScalingVerdict::Exact(proof), _) => {
            let proof = proof.data();
            Certificate::scaling(before, regularizer, &proof.after, &proof.multipliers)
        }
        (_, Some(proof)) => Certificate::not_scaled(regularizer, &after.weights(), proof.data()),
        _ => return Err("neither an exact scaling nor an obstacle to one was found"),
    };
    let text = certificate.to_json();
    let read = read_certificate(text.as_bytes());
    let read = read.map_err(|_| "the certificate cannot be read back")?;
    let statement = verify_certificate(alone, &read).map_err(
        |_| "what is proved is not about the units and synapses of the first file alone",
    )?;
    Ok((text, statement))
}

/// Writes it and says so; where there is none, more was asked for than is answered.
pub fn write(
    path: &Path,
    found: Result<(String, String), &str>,
    (report, verdict): &mut (Report, Exit),
) -> Result<(), BadInput> {
    match found {
        Ok((text, statement)) => {
            files::write_all(vec![(path, text.into_bytes())])?;
            let name = path.display().to_string();
            let line = format!(
                "certificate        {}: {}\n",
                one_line(&name),
                one_line(&statement)
            );
            report.text.push_str(&line);
            report.json["certificate"] = statement.into();
        }
        Err(reason) => {
            let line = format!("certificate        none: {reason}\n");
            report.text.push_str(&line);
            report.json["certificate"] = serde_json::Value::Null;
            if *verdict == Exit::Done {
                *verdict = Exit::Incomplete;
            }
        }
    }
    Ok(())
}
