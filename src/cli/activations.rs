//! `--activations`: ranges of activations as costs beside those of weights.

use std::path::{Path, PathBuf};

use clap::Args;
use num_traits::Zero;
use serde_json::{Value, json};
use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::{MAX_TEXT, MappedPerceptron, Model, RangeOrigin, Ranges};
use synaptic_balance::network::one_line;
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::report::Report;

use super::arguments::{Perceptron, RoleArguments};
use super::{BadInput, in_place, input};

#[derive(Debug, Clone, Args)]
pub struct ActivationArguments {
    /// Count the ranges of activations too, as weights that lead to their channels: npz or safetensors with one number
    /// of 0 or more for each channel, by the names of an ONNX model's tensors, of a perceptron's layers, or of units.
    #[arg(long, value_name = "FILE")]
    pub activations: Option<PathBuf>,
    /// What ranges are multiplied by before they are counted (a rational above 0).
    #[arg(long, value_name = "C", requires = "activations", value_parser = weight)]
    pub activation_weight: Option<Rational>,
}

fn weight(text: &str) -> Result<Rational, String> {
    let weight = parse_rational(text).map_err(|fault| fault.to_string())?;
    match weight > Rational::zero() {
        true => Ok(weight),
        false => Err("must be a number above 0".to_string()),
    }
}

/// The ranges that were counted.
pub struct Counted {
    found: Option<Found>,
}

struct Found {
    path: PathBuf,
    origin: RangeOrigin,
    arrays: usize,
    ranges: usize,
    fixed: Vec<String>,
}

/// Arrays named.
const SHOWN: usize = 3;

impl ActivationArguments {
    /// Is nothing asked for?
    pub fn is_none(&self) -> bool {
        self.activations.is_none()
    }

    /// Refuses what no ranges are counted for.
    pub fn refuse_checkpoints(&self, path: &Path) -> Result<(), BadInput> {
        match !self.is_none() && Checkpoint::is_at(path) {
            true => Err(BadInput::at(
                path,
                "--activations is for ONNX models, perceptrons and network JSON, not for checkpoints",
            )),
            false => Ok(()),
        }
    }

    /// Refuses perceptrons that are balanced where they lie only.
    pub fn refuse(&self, path: &Path, perceptron: &Perceptron) -> Result<(), BadInput> {
        if self.is_none() || !in_place::is_perceptron(path, perceptron) {
            return Ok(());
        }
        let is_large = MappedPerceptron::is_large(path);
        match is_large.map_err(|fault| BadInput::at(path, fault))? {
            true => Err(BadInput::at(
                path,
                "--activations is not for perceptrons of this size: as an ONNX model it can be balanced with them",
            )),
            false => Ok(()),
        }
    }

    /// The model with the ranges that were given.
    pub fn apply(&self, file: Model, roles: &RoleArguments) -> Result<(Model, Counted), BadInput> {
        let Some(own) = &self.activations else {
            return Ok((file, Counted { found: None }));
        };
        let one = Rational::from_integer(1.into());
        let weight = self.activation_weight.as_ref().unwrap_or(&one);
        let fault = |fault: &dyn std::fmt::Display| BadInput::at(own, fault);
        let ranges = Ranges::read(&input(own, MAX_TEXT)?, weight);
        let ranges = ranges.map_err(|reason| fault(&reason))?;
        let counted = file.with_ranges(&roles.roles(), &ranges);
        let (file, fixed) = counted.map_err(|reason| fault(&reason))?;
        let counted = ranges.arrays.iter();
        let counted = counted.filter(|array| !fixed.contains(&array.name));
        let found = Found {
            path: own.clone(),
            origin: ranges.origin.clone(),
            arrays: ranges.arrays.len() - fixed.len(),
            ranges: counted.map(|array| array.values.len()).sum(),
            fixed,
        };
        Ok((file, Counted { found: Some(found) }))
    }
}

impl Counted {
    /// Says it after everything else.
    pub fn state(&self, report: &mut Report) {
        let Some(found) = &self.found else {
            return;
        };
        let times = match found.origin.weight.as_str() {
            "1" => String::new(),
            weight => format!(", each times {weight}"),
        };
        let path = found.path.display().to_string();
        let mut line = format!(
            "ranges    {} in {} {}, counted beside the weights in all sums and proofs{times}: {}",
            found.ranges,
            found.arrays,
            if found.arrays == 1 { "array" } else { "arrays" },
            one_line(&path)
        );
        if !found.fixed.is_empty() {
            let names = found.fixed.iter().take(SHOWN);
            let names: Vec<String> = names.map(|name| format!("`{}`", one_line(name))).collect();
            let more = match found.fixed.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            line += &format!("; nothing scales {}{more}", names.join(", "));
        }
        report.text.push_str(&line);
        report.text.push('\n');
        if let Value::Object(fields) = &mut report.json {
            let ranges = json!({
                "file": path,
                "sha256": found.origin.sha256,
                "weight": found.origin.weight,
                "arrays": found.arrays,
                "ranges": found.ranges,
                "not_scaled": found.fixed,
            });
            fields.insert("activations".into(), ranges);
        }
    }
}
