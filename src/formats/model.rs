//! Networks from files of any format that is read, told apart by their content.

use thiserror::Error;

use super::architecture::Architecture;
use super::network_json::{FormatError, NetworkFile, Weight, read_network};
use super::safetensors_mlp::{PerceptronFile, SafetensorsError};
use crate::network::{Network, UnitIndex};
use crate::numbers::Rational;

/// A network with the file that it came from.
#[derive(Debug, Clone)]
pub enum Model {
    /// Network JSON.
    Json(NetworkFile),
    /// A perceptron in a safetensors file.
    Perceptron(PerceptronFile),
}

/// Why a file is not a model.
#[derive(Debug, Error)]
pub enum ModelError {
    /// It is not network JSON.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is not a perceptron.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// A safetensors file does not say what its units compute.
    #[error(
        "a safetensors file holds weights only; name the activation of its hidden layers, as in --arch relu"
    )]
    NoArchitecture,
    /// Network JSON has activations of its own.
    #[error("--arch is for safetensors files; this file says itself what its units compute")]
    Architecture,
}

/// Reads a model; `architecture` is what a safetensors file does not say, and nothing else needs.
///
/// # Errors
/// [`ModelError`], naming the place.
pub fn read_model(
    bytes: Vec<u8>,
    architecture: Option<&Architecture>,
) -> Result<Model, ModelError> {
    if is_safetensors(&bytes) {
        let architecture = architecture.ok_or(ModelError::NoArchitecture)?;
        return Ok(Model::Perceptron(PerceptronFile::read(
            bytes,
            architecture,
        )?));
    }
    let file = read_network(&bytes)?;
    match architecture {
        Some(_) => Err(ModelError::Architecture),
        None => Ok(Model::Json(file)),
    }
}

/// Does the file begin with the length of a header, followed by an object?
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return false;
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    rest.first() == Some(&b'{') && length <= rest.len()
}

impl Model {
    /// The network.
    pub fn network(&self) -> &Network<Rational> {
        match self {
            Model::Json(file) => &file.network,
            Model::Perceptron(file) => &file.network,
        }
    }

    /// Are all weights given exactly, so that none was rounded?
    pub fn is_exact(&self) -> bool {
        match self {
            Model::Json(file) => file.is_exact(),
            Model::Perceptron(_) => false,
        }
    }

    /// Units by the tensor that leads into them, where the file holds tensors.
    pub fn groups(&self) -> Option<Vec<(String, Vec<UnitIndex>)>> {
        match self {
            Model::Json(_) => None,
            Model::Perceptron(file) => Some(file.groups()),
        }
    }

    /// The file with other weights, everything else as it was.
    ///
    /// # Errors
    /// A weight that the file's number type cannot hold.
    ///
    /// # Panics
    /// If there are not as many weights as synapses.
    pub fn with_weights(&self, weights: &[Weight]) -> Result<Vec<u8>, ModelError> {
        Ok(match self {
            Model::Json(file) => file.with_weights(weights).into_bytes(),
            Model::Perceptron(file) => file.with_weights(weights)?,
        })
    }
}
