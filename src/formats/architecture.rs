//! What a file of weights does not say: the activations of its hidden layers, and where names do not tell, the order of
//! its layers.

use serde::Deserialize;

use super::activation_json::{activation, declaration};
use super::network_json::{FormatError, check_header, content};
use super::strict::{Object, StrictValue};
use crate::network::Activation;
use crate::numbers::Rational;

/// What a perceptron's file of weights does not say. Its outputs are linear.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The activations of the hidden layers.
    pub activations: Activations,
    /// The names of all layers, the first one first; `None` leaves it to names that are numbered.
    pub layers: Option<Vec<String>>,
}

/// The activations of the hidden layers of a perceptron.
#[derive(Debug, Clone, PartialEq)]
pub enum Activations {
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
    #[serde(default, deserialize_with = "super::strict::present")]
    layers: Option<Vec<String>>,
}

const FORMAT: &str = "synaptic-balance/architecture";

impl Architecture {
    /// One activation for all hidden layers, by a name that needs no parameters: see [`Activation::named`].
    ///
    /// # Errors
    /// Any other name.
    pub fn named(name: &str) -> Result<Self, FormatError> {
        let named = Activation::named(name);
        Ok(Architecture {
            activations: Activations::Uniform(
                named.map_err(|fault| content("--arch", declaration(&fault)))?,
            ),
            layers: None,
        })
    }

    /// Reads a file: `{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu", {"leaky_relu":
    /// "1/10"}]}`, activations as in network files, one for each hidden layer; `"layers": ["encoder", "middle",
    /// "decoder"]`, if it is there, names all layers in the order of computation.
    ///
    /// # Errors
    /// [`FormatError`], with the first fault in the order of the document.
    ///
    /// ```
    /// use synaptic_balance::formats::{Activations, Architecture};
    /// let text = br#"{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu", "tanh"],
    ///                 "layers": ["encoder", "middle", "decoder"]}"#;
    /// let architecture = Architecture::read(text).unwrap();
    /// assert!(matches!(architecture.activations, Activations::Layers(layers) if layers.len() == 2));
    /// assert_eq!(architecture.layers.unwrap()[2], "decoder");
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
        Ok(Architecture {
            activations: Activations::Layers(read.collect::<Result<_, _>>()?),
            layers: document.layers,
        })
    }

    /// One activation for each of so many layers, or those that were given.
    pub(super) fn of_layers(&self, count: usize) -> Vec<Activation<Rational>> {
        match &self.activations {
            Activations::Uniform(activation) => vec![activation.clone(); count],
            Activations::Layers(activations) => activations.clone(),
        }
    }
}
