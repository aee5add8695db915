//! What a file of weights does not say: the activations of its hidden layers.

use serde::Deserialize;

use super::network_json::{FormatError, activation, check_header, content};
use super::strict::{Object, StrictValue};
use crate::network::Activation;
use crate::numbers::Rational;

/// The activations of the hidden layers of a perceptron; its outputs are linear.
#[derive(Debug, Clone, PartialEq)]
pub enum Architecture {
    /// All hidden layers have the same one.
    Uniform(Activation<Rational>),
    /// One for each hidden layer, the first one first.
    Layers(Vec<Activation<Rational>>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u64,
    activations: Vec<StrictValue>,
}

/// Activations that are not homogeneous and have a formula.
const NOT_SCALED: [&str; 4] = ["sigmoid", "tanh", "softplus", "relu6"];

const FORMAT: &str = "synaptic-balance/architecture";

impl Architecture {
    /// One activation by its name in network files, such as `relu`: one of `linear`, `relu`, `abs`, or `sigmoid`, `tanh`,
    /// `softplus`, `relu6`, whose units are never scaled.
    ///
    /// # Errors
    /// A name that needs parameters, and any other: a file can hold it, and a mistyped name would leave every unit unscaled.
    pub fn named(name: &str) -> Result<Self, FormatError> {
        let found = activation("--arch", &name.into())?;
        match &found {
            Activation::Other(other) if !NOT_SCALED.contains(&other.as_str()) => {
                let known = NOT_SCALED.join(", ");
                let reason = format!("`{name}` is none of linear, relu, abs, {known}");
                Err(content("--arch", reason))
            }
            _ => Ok(Architecture::Uniform(found)),
        }
    }

    /// Reads a file: `{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu", {"leaky_relu": "1/10"}]}`,
    /// activations as in network files, one for each hidden layer.
    ///
    /// # Errors
    /// [`FormatError`], with the first fault in the order of the document.
    ///
    /// ```
    /// use synaptic_balance::formats::Architecture;
    /// let text = br#"{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu", "tanh"]}"#;
    /// assert!(matches!(Architecture::read(text), Ok(Architecture::Layers(layers)) if layers.len() == 2));
    /// ```
    pub fn read(text: &[u8]) -> Result<Self, FormatError> {
        let json = |(place, reason)| FormatError::Json { place, reason };
        let Object(document): Object<Document> = super::read_json(text).map_err(json)?;
        check_header("format", &document.format, document.version, FORMAT)?;
        if document.activations.is_empty() {
            return Err(content("activations", "at least one is needed".into()));
        }
        let entries = document.activations.iter().enumerate();
        let read =
            entries.map(|(index, entry)| activation(&format!("activations[{index}]"), &entry.0));
        Ok(Architecture::Layers(read.collect::<Result<_, _>>()?))
    }

    /// One activation for each of so many layers, or those that were given.
    pub(super) fn of_layers(&self, count: usize) -> Vec<Activation<Rational>> {
        match self {
            Architecture::Uniform(activation) => vec![activation.clone(); count],
            Architecture::Layers(activations) => activations.clone(),
        }
    }
}
