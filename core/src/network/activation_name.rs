//! Activation functions by name: one list for every file, option and script.

use thiserror::Error;

use super::Activation;

/// Names that stand for a function by themselves and are homogeneous.
const HOMOGENEOUS: [&str; 3] = ["linear", "relu", "abs"];

/// Names of homogeneous functions that need parameters.
const WITH_PARAMETERS: [&str; 4] = ["leaky_relu", "prelu", "bilu", "bipu"];

/// The names of well-known functions that are not homogeneous. Their units are never scaled.
pub const NOT_HOMOGENEOUS: [&str; 25] = [
    "celu",
    "cos",
    "elu",
    "erf",
    "exp",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "quick_gelu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
    "threshold",
];

/// Why a name is not that of an activation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActivationNameError {
    /// No name at all.
    #[error("an activation needs a name")]
    Empty,
    /// A function of this name has parameters.
    #[error("the activation `{0}` needs parameters, as in {{\"leaky_relu\": \"1/10\"}}")]
    Parameters(String),
    /// A name that is not known: a misspelt one would leave its units unscaled without a word.
    #[error("there is no activation `{name}`; the nearest is `{nearest}`")]
    Unknown {
        /// The name given.
        name: String,
        /// The known name with the fewest letters to change.
        nearest: &'static str,
    },
    /// A homogeneous function declared not to be one.
    #[error("the activation `{0}` is homogeneous and cannot be declared not to be")]
    Homogeneous(String),
}

impl<S> Activation<S> {
    /// The activation of a name: `linear`, `relu`, `abs`, or one of [`NOT_HOMOGENEOUS`].
    ///
    /// # Errors
    /// Any other name, with the nearest known one; a function that is not homogeneous and not in the list is
    /// [declared](Self::declared).
    ///
    /// ```
    /// use synaptic_balance::network::{Activation, ActivationNameError};
    /// assert_eq!(Activation::<f64>::named("relu"), Ok(Activation::Relu));
    /// let misspelt = Activation::<f64>::named("ReLU");
    /// assert!(matches!(misspelt, Err(ActivationNameError::Unknown { nearest: "relu", .. })));
    /// ```
    pub fn named(name: &str) -> Result<Self, ActivationNameError> {
        match name {
            "linear" => Ok(Activation::Linear),
            "relu" => Ok(Activation::Relu),
            "abs" => Ok(Activation::Abs),
            "" => Err(ActivationNameError::Empty),
            known if NOT_HOMOGENEOUS.contains(&known) => Ok(Activation::Other(name.to_owned())),
            known if WITH_PARAMETERS.contains(&known) => {
                Err(ActivationNameError::Parameters(name.to_owned()))
            }
            _ => Err(ActivationNameError::Unknown {
                name: shorten(name),
                nearest: nearest(name),
            }),
        }
    }

    /// A function of any name that is declared not to be homogeneous.
    ///
    /// # Errors
    /// No name, or that of a homogeneous function.
    pub fn declared(name: &str) -> Result<Self, ActivationNameError> {
        match name {
            "" => Err(ActivationNameError::Empty),
            known if HOMOGENEOUS.contains(&known) || WITH_PARAMETERS.contains(&known) => {
                Err(ActivationNameError::Homogeneous(name.to_owned()))
            }
            _ => Ok(Activation::Other(name.to_owned())),
        }
    }
}

/// No name that is known is as long; more would only fill a message.
const LONGEST: usize = 80;

fn shorten(name: &str) -> String {
    name.chars().take(LONGEST).collect()
}

/// The known name with the fewest letters to change; case and what separates words count less than a letter. The first
/// of several.
fn nearest(name: &str) -> &'static str {
    let plain = |text: &str| -> Vec<char> {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).take(LONGEST).collect()
    };
    let given = plain(name);
    let known = HOMOGENEOUS
        .iter()
        .chain(&WITH_PARAMETERS)
        .chain(&NOT_HOMOGENEOUS);
    let distance = |known: &&&str| changes(&given, &plain(known));
    known.min_by_key(distance).copied().unwrap_or("linear")
}

/// The letters to insert, remove or replace to make one word of the other.
pub fn changes(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        row[0] = left;
        for (b, above) in other.iter().zip(&mut row[1..]) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
    }
    row[other.len()]
}
