//! Networks from files of any format that is read, told apart by their content.

use std::path::Path;
use thiserror::Error;

use super::architecture::Architecture;
use super::foreign::{foreign, is_text};
use super::lost::Losses;
use super::memory::held;
use super::network_json::{FormatError, NetworkFile, Weight, read_network};
use super::onnx::{OnnxError, OnnxFile, SOURCE, Written};
use super::ranges::RangesError;
use super::safetensors_mlp::{PerceptronFile, SafetensorsError};
use crate::network::{Network, SynapseIndex, UnitIndex};
use crate::numbers::Rational;
use crate::solve::NumberType;

/// A network with the file that it came from.
#[derive(Debug, Clone)]
pub enum Model {
    /// Network JSON.
    Json(NetworkFile),
    /// A perceptron in a safetensors file.
    Perceptron(PerceptronFile),
    /// An ONNX model.
    Onnx(Box<OnnxFile>),
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
    /// It is not an ONNX model.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A safetensors file does not say what its units compute.
    #[error(
        "a safetensors file holds weights only; name the activation of its hidden layers, as in --arch relu"
    )]
    NoArchitecture,
    /// The ranges of activations are not those of the network.
    #[error(transparent)]
    Ranges(#[from] RangesError),
    /// It is none of these, but something that is known.
    #[error("not an ONNX model, a safetensors file or network JSON, but {0}")]
    Foreign(&'static str),
    /// Network JSON has activations of its own.
    #[error("--arch is for safetensors files; this file says itself what its units compute")]
    Architecture,
}

/// Reads a model; `architecture` is what a safetensors file does not say, and nothing else needs; `folder` is where the
/// tensors are that an ONNX model keeps in other files.
///
/// # Errors
/// [`ModelError`], naming the place.
pub fn read_model(
    bytes: Vec<u8>,
    architecture: Option<&Architecture>,
    folder: Option<&Path>,
) -> Result<Model, ModelError> {
    if let Some(what) = foreign(&bytes) {
        return Err(ModelError::Foreign(what));
    }
    if is_safetensors(&bytes) {
        let architecture = architecture.ok_or(ModelError::NoArchitecture)?;
        return Ok(Model::Perceptron(PerceptronFile::read(
            bytes,
            architecture,
        )?));
    }
    if architecture.is_some() {
        return Err(ModelError::Architecture);
    }
    if has_key(&bytes) && is_text(&bytes[..bytes.len().min(START)]) {
        return Err(ModelError::Foreign("text"));
    }
    if is_onnx(&bytes) {
        return Ok(Model::Onnx(Box::new(OnnxFile::read(bytes, folder)?)));
    }
    let start = bytes.trim_ascii_start();
    if !matches!(start.first(), Some(b'{' | b'[')) {
        let is_text = is_text(&start[..start.len().min(START)]);
        let what = if is_text { "text" } else { "something else" };
        return Err(ModelError::Foreign(what));
    }
    Ok(Model::Json(read_network(&bytes)?))
}

/// Does the file begin with the length of a header, followed by an object? Eight letters or blanks are no length: it
/// would be beyond any file.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return false;
    };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*length) < 1 << 48
}

/// Does a file begin with the key of a field of an ONNX model? No JSON object or array begins with such a byte; a
/// safetensors file begins with its length, and then an object.
pub fn is_onnx(bytes: &[u8]) -> bool {
    has_key(bytes) && !is_text(&bytes[..bytes.len().min(START)])
}

/// Bytes that are looked at; messages within messages need some that are no text.
const START: usize = 16;

fn has_key(bytes: &[u8]) -> bool {
    bytes.get(8) != Some(&b'{')
        && matches!(
            bytes.first(),
            Some(0x08 | 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72)
        )
}

/// Does a file begin as one of safetensors does, which holds weights and does not say what its units compute? False for
/// a file that cannot be read.
pub fn holds_weights_only(path: &Path) -> bool {
    use std::io::Read;
    // The length of a header needs six of its eight bytes at the most; no text has a byte 0.
    let weights_only = |start: &[u8]| start.get(6..9) == Some(&[0, 0, b'{']);
    if let Some(held) = held(path) {
        return weights_only(&held.start());
    }
    let mut start = [0; 9];
    let about = path.metadata();
    let read = about.is_ok_and(|about| about.is_file())
        && std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok());
    read && weights_only(&start)
}

/// What balancing found, for a file to be written with it.
#[derive(Debug, Clone, Copy)]
pub struct BalancedWeights<'a> {
    /// The weight of every synapse; not looked at for an ONNX model, which the multipliers scale.
    pub weights: &'a [Weight],
    /// The multiplier `Λ` of every unit; 1 where it cannot be scaled.
    pub multipliers: &'a [f64],
    /// The synapses whose weights are 0 in the limit.
    pub vanished: &'a [SynapseIndex],
    /// Is a number that has to be rounded an error?
    pub exactly: bool,
}

impl Model {
    /// The network.
    pub fn network(&self) -> &Network<Rational> {
        match self {
            Model::Json(file) => &file.network,
            Model::Perceptron(file) => &file.network,
            Model::Onnx(file) => file.network(),
        }
    }

    /// The network with one multiplier for each layer: for an ONNX model, for each tensor that has channels of its own.
    pub fn tied_by_layer(&self) -> Network<Rational> {
        let Model::Onnx(file) = self else {
            return self.network().tied_by_layer();
        };
        let free = |units: &[UnitIndex]| {
            let mut units: Vec<_> = units
                .iter()
                .copied()
                .filter(|unit| *unit != SOURCE)
                .collect();
            units.sort_unstable();
            units.dedup();
            units
        };
        let ties = file.groups().iter().map(|group| free(&group.units));
        let tied = self
            .network()
            .tied(ties.filter(|tie| tie.len() > 1).collect());
        tied.expect("the units of a group exist and are hidden")
    }

    /// The names of a perceptron's layers, the first one first.
    pub fn layers(&self) -> Option<&[String]> {
        match self {
            Model::Perceptron(file) => Some(file.layers()),
            _ => None,
        }
    }

    /// The file, if it is an ONNX model.
    pub fn onnx(&self) -> Option<&OnnxFile> {
        match self {
            Model::Onnx(file) => Some(file),
            _ => None,
        }
    }

    /// The 16-bit type in which weights are stored that some scaling changes, if there are any.
    pub fn short_type(&self) -> Option<NumberType> {
        let found = match self {
            Model::Json(_) => None,
            Model::Perceptron(file) => file.number_type(),
            Model::Onnx(file) => file.short_type(),
        };
        found.filter(|found| found.is_short())
    }

    /// Has any weight that some scaling changes 16 bits or fewer?
    pub fn is_short(&self) -> bool {
        match self {
            Model::Onnx(file) => file.is_short(),
            _ => self.short_type().is_some(),
        }
    }

    /// Are all weights given exactly, so that none was rounded?
    pub fn is_exact(&self) -> bool {
        matches!(self, Model::Json(file) if file.is_exact())
    }

    /// Units by the tensor that leads into them, where the file holds tensors; unit 0, which cannot be scaled, for
    /// pinned channels of ONNX models.
    pub fn groups(&self) -> Option<Vec<(String, Vec<UnitIndex>)>> {
        match self {
            Model::Json(_) => None,
            Model::Perceptron(file) => Some(file.groups()),
            Model::Onnx(file) => {
                let groups = file.groups().iter();
                Some(
                    groups
                        .map(|group| (group.tensor.clone(), group.units.clone()))
                        .collect(),
                )
            }
        }
    }

    /// The file with other weights, everything else as it was, and the weights that their number type could not hold;
    /// `name` is the file name that it will have.
    ///
    /// # Errors
    /// A weight that overflows.
    ///
    /// # Panics
    /// If there are not as many weights as synapses (multipliers as units for an ONNX model).
    pub fn scaled(&self, scaling: &BalancedWeights, name: &str) -> Result<Written, ModelError> {
        let (model, lost) = match self {
            Model::Json(file) => {
                let text = file.with_weights(scaling.weights);
                (text.into_bytes(), Losses::default())
            }
            Model::Perceptron(file) => file.with_weights(scaling.weights)?,
            Model::Onnx(file) => {
                let BalancedWeights {
                    multipliers,
                    vanished,
                    exactly,
                    ..
                } = *scaling;
                return Ok(file.scaled(multipliers, vanished, exactly, name)?);
            }
        };
        Ok(Written {
            model,
            beside: Vec::new(),
            lost,
        })
    }
}
