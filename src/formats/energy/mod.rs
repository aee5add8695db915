//! Energy certificates as files: about a network, or about the tensors of a model.

mod file;
mod named;

pub use file::{EnergyFile, read_energy};
pub use named::{NamedProblem, TermNames};

use thiserror::Error;

use super::network_json::FormatError;
use crate::numbers::ParseRationalError;
use synaptic_balance_kernel::Refusal;

/// Why an energy certificate does not prove anything about a model.
#[derive(Debug, Error)]
pub enum EnergyFileError {
    /// The file is not an energy certificate.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A number cannot be read.
    #[error("{place}: {fault}")]
    Number {
        /// Field and name.
        place: String,
        /// What is wrong.
        fault: ParseRationalError,
    },
    /// A multiplier that is no positive mantissa with an exponent.
    #[error("point: `{0}` must be a positive integer and an exponent of 2, as [\"3\", -1]")]
    Multiplier(String),
    /// A unit that is not one of the model that can be scaled.
    #[error("{0}: `{1}` is not a unit of the model that can be scaled")]
    NoSuchUnit(&'static str, String),
    /// A unit that is missing.
    #[error("{0}: unit `{1}` is missing")]
    MissingUnit(&'static str, String),
    /// Tied units with different numbers.
    #[error("{0}: `{1}` is tied to a unit with another number")]
    Tie(&'static str, String),
    /// Bounds on one side only.
    #[error("`lower` and `upper` stand together")]
    OneSided,
    /// A term that the model does not have.
    #[error("exceptions: there is no term `{0}`")]
    NoSuchTerm(String),
    /// It is about other ranges of activations, or none.
    #[error("{0}")]
    Ranges(String),
    /// The kernel refused.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl EnergyFileError {
    /// Is the file no certificate at all, rather than one that proves nothing about this model?
    pub fn is_malformed(&self) -> bool {
        use EnergyFileError::{Format, Multiplier, Number, OneSided};
        matches!(self, Format(_) | Number { .. } | Multiplier(_) | OneSided)
    }
}
