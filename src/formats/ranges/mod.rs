//! Ranges of activations: for tensors of a model one number for each channel, over calibration data.

mod models;
pub(super) use models::range_source;
mod npz;

use num_traits::Zero;
use safetensors::Dtype;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use thiserror::Error;

use super::container::listed;
use super::safetensors_mlp::SafetensorsError;
use super::storage::Storage;
use crate::network::{NetworkError, changes};
use crate::numbers::{Rational, rational_from_f64, rational_to_f64};

/// Arrays of ranges by the names of tensors, with the file that they came from.
///
/// A range counts as a weight of its size that leads to the channel, and comes from nowhere: scaling multiplies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    /// In the order of the file; by name for safetensors.
    pub arrays: Vec<RangeArray>,
    /// What the certificate says of them.
    pub origin: RangeOrigin,
}

/// The ranges of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeArray {
    /// The tensor.
    pub name: String,
    /// One number of 0 or more by channel, times the [weight](RangeOrigin::weight), rounded to `f64`.
    pub values: Vec<f64>,
}

/// Which ranges were counted, and how much.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeOrigin {
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What every range is multiplied by, a rational above 0.
    pub weight: String,
}

impl RangeOrigin {
    /// How the ranges that a certificate is about differ from those that are given.
    pub fn difference(certificate: Option<&Self>, given: Option<&Self>) -> Option<String> {
        if certificate == given {
            return None;
        }
        let Some(own) = certificate else {
            let reason = "the certificate is about weights alone, not about ranges of activations";
            return Some(reason.to_owned());
        };
        Some(match given {
            None => format!(
                "the certificate is about ranges of activations too: give it their file, of SHA-256 {}, by --activations",
                own.shown()
            ),
            Some(given) if own.sha256 == given.sha256 => format!(
                "the certificate is about ranges times {}, not times {}",
                own.shown_weight(),
                given.weight
            ),
            Some(given) => format!(
                "the certificate is about ranges of activations in another file, of SHA-256 {}, not {}",
                own.shown(),
                given.sha256
            ),
        })
    }

    fn shown(&self) -> String {
        self.sha256.chars().take(64).collect()
    }

    fn shown_weight(&self) -> String {
        self.weight.chars().take(80).collect()
    }
}

/// Why a file holds no ranges of a model's activations.
#[derive(Debug, Error)]
pub enum RangesError {
    /// Neither an archive of NumPy arrays nor safetensors.
    #[error("neither npz nor safetensors: ranges are arrays by the names of tensors")]
    Format,
    /// The archive cannot be read.
    #[error("not an npz file: {0}")]
    Archive(String),
    /// The file of tensors cannot be read.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// The network cannot have more synapses.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// There is nothing in it.
    #[error("it holds no arrays")]
    Empty,
    /// An array that cannot be taken.
    #[error("array `{name}`: {reason}")]
    Array {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model has no such tensor.
    #[error("array `{name}`: the model has no {what} of this name{offer}")]
    NoTensor {
        /// The name.
        name: String,
        /// What arrays are named after.
        what: &'static str,
        /// Names that are near.
        offer: String,
    },
}

impl RangesError {
    pub(super) fn array(name: &str, reason: impl Into<String>) -> Self {
        RangesError::Array {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn no_tensor<'n>(
        name: &str,
        what: &'static str,
        known: impl Iterator<Item = &'n str>,
    ) -> Self {
        RangesError::NoTensor {
            name: name.to_owned(),
            what,
            offer: offer(name, known),
        }
    }
}

/// Names offered.
const OFFERED: usize = 3;

/// Names that are looked at.
const COMPARED: usize = 20_000;

/// The known names with the fewest letters to change, where that is no more than half of them.
fn offer<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let letters = |text: &str| -> Vec<char> { text.chars().take(80).collect() };
    let given = letters(name);
    let known = known.filter(|known| !known.is_empty()).take(COMPARED);
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (changes(&given, &letters(known)), known))
        .filter(|(distance, _)| *distance <= given.len().div_ceil(2))
        .collect();
    near.sort_unstable();
    near.dedup();
    let near: Vec<String> = near
        .into_iter()
        .map(|(_, known)| format!("`{known}`"))
        .collect();
    match near.is_empty() {
        true => String::new(),
        false => format!("; near it: {}", near[..near.len().min(OFFERED)].join(", ")),
    }
}

impl Ranges {
    /// Reads an npz or safetensors file of `f16`, `f32`, `f64` (`bf16` in safetensors) or integers. Every number times
    /// `weight` is rounded to `f64`, once; what is said of ranges is said of these.
    ///
    /// # Errors
    /// [`RangesError`], naming the array: a number that is negative, not finite or too large, an integer that no `f64`
    /// is.
    ///
    /// # Panics
    /// If the weight is not positive.
    pub fn read(bytes: &[u8], weight: &Rational) -> Result<Self, RangesError> {
        assert!(*weight > Rational::zero(), "a positive weight");
        let stored = match bytes {
            [b'P', b'K', ..] => npz::arrays(bytes)?,
            [_, _, _, _, _, _, 0, 0, b'{', ..] => tensors(bytes)?,
            _ => return Err(RangesError::Format),
        };
        if stored.is_empty() {
            return Err(RangesError::Empty);
        }
        let mut names = BTreeSet::new();
        let arrays = stored.into_iter().map(|(name, numbers)| {
            if !names.insert(name.clone()) {
                return Err(RangesError::array(&name, "it is there twice"));
            }
            let values = numbers.into_iter().enumerate();
            let values = values.map(|(index, number)| {
                weighted(number, weight)
                    .map_err(|reason| RangesError::array(&name, format!("entry {index} {reason}")))
            });
            Ok(RangeArray {
                values: values.collect::<Result<_, _>>()?,
                name,
            })
        });
        let digest: Vec<String> = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Ranges {
            arrays: arrays.collect::<Result<_, _>>()?,
            origin: RangeOrigin {
                sha256: digest.concat(),
                weight: weight.to_string(),
            },
        })
    }
}

fn weighted(number: f64, weight: &Rational) -> Result<f64, String> {
    let exact =
        rational_from_f64(number).ok_or_else(|| format!("is {number}: a range is finite"))?;
    if exact < Rational::zero() {
        return Err(format!("is {number}: a range is 0 or more"));
    }
    let value = rational_to_f64(&(exact * weight));
    match value.is_finite() && (value > 0.0 || number == 0.0) {
        true => Ok(value),
        false => Err(format!(
            "is {number}, and its weight takes it out of the range of f64"
        )),
    }
}

/// The numbers of an array with its name.
type Stored = (String, Vec<f64>);

fn tensors(bytes: &[u8]) -> Result<Vec<Stored>, RangesError> {
    let all = listed(bytes)?.into_iter().map(|tensor| {
        let kind = match (tensor.storage(), tensor.dtype) {
            (Some(storage), _) => Kind::Float(storage),
            (_, Dtype::I8) => Kind::Signed(1),
            (_, Dtype::I16) => Kind::Signed(2),
            (_, Dtype::I32) => Kind::Signed(4),
            (_, Dtype::I64) => Kind::Signed(8),
            (_, Dtype::U8) => Kind::Unsigned(1),
            (_, Dtype::U16) => Kind::Unsigned(2),
            (_, Dtype::U32) => Kind::Unsigned(4),
            (_, Dtype::U64) => Kind::Unsigned(8),
            (_, other) => {
                let reason = format!("its numbers are {other:?}, which are no ranges");
                return Err(RangesError::array(&tensor.name, reason));
            }
        };
        let numbers = kind.numbers(&bytes[tensor.bytes], false);
        let numbers = numbers.map_err(|reason| RangesError::array(&tensor.name, reason))?;
        Ok((tensor.name, numbers))
    });
    all.collect()
}

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float(Storage),
    /// With so many bytes.
    Signed(usize),
    Unsigned(usize),
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Kind::Float(storage) => storage.size(),
            Kind::Signed(size) | Kind::Unsigned(size) => size,
        }
    }

    /// All numbers, the last byte of each first if they are stored so.
    fn numbers(self, bytes: &[u8], is_big_endian: bool) -> Result<Vec<f64>, String> {
        let size = self.size();
        let one = |(index, chunk): (usize, &[u8])| {
            let mut own = chunk.to_vec();
            if is_big_endian {
                own.reverse();
            }
            self.number(&own)
                .ok_or_else(|| format!("entry {index} is an integer that no f64 is"))
        };
        bytes.chunks_exact(size).enumerate().map(one).collect()
    }

    fn number(self, bytes: &[u8]) -> Option<f64> {
        // Extended by the sign, or by zeros.
        let widened = |fill: u8| {
            let mut all = [fill; 16];
            all[..bytes.len()].copy_from_slice(bytes);
            i128::from_le_bytes(all)
        };
        let integer = match self {
            Kind::Float(storage) => return Some(storage.decode(bytes)),
            Kind::Unsigned(_) => widened(0),
            Kind::Signed(_) => {
                let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
                widened(if is_negative { 0xff } else { 0 })
            }
        };
        let value = integer as f64;
        (value as i128 == integer).then_some(value)
    }
}
