//! Multipliers of one checkpoint carried to what belongs to it: another number type, an adapter, the state of an
//! optimizer.

use bytes::Bytes;
use indexmap::IndexMap;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::families::stores_input_first;
use super::part::Scaled;
use crate::formats::Losses;
use crate::formats::container::{Listed, listed};
use crate::formats::file_bytes::{self, open_input};
use crate::formats::storage::{Brain, Half, Storage};

/// What numbers are, beside the weights that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Weights: times `Λ`.
    Weights,
    /// First moments of gradients: by `1/Λ`.
    First,
    /// Second moments: by `1/Λ²`.
    Second,
}

/// The multipliers of a checkpoint, and where they act, as `synbal balance --json` prints them.
#[derive(Debug, Deserialize)]
pub struct Multipliers {
    #[serde(default)]
    family: Option<String>,
    #[serde(deserialize_with = "crate::formats::strict::unique")]
    multipliers: IndexMap<String, Vec<f64>>,
    #[serde(deserialize_with = "crate::formats::strict::unique")]
    members: IndexMap<String, Entry>,
}

/// A tensor, and what scales it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    shape: Vec<usize>,
    #[serde(default)]
    offset: u8,
    scales: Vec<Scale>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    group: String,
    axis: usize,
    exponent: String,
    /// Runs of indices: the first, how many, and the first channel.
    map: Vec<[usize; 3]>,
}

/// The factors of a tensor by axis.
#[derive(Debug, Clone)]
struct Factors {
    shape: Vec<usize>,
    offset: u8,
    axes: BTreeMap<usize, Vec<f64>>,
}

/// Multipliers that are ready to be carried.
#[derive(Debug)]
pub struct Carrier {
    tensors: BTreeMap<String, Factors>,
    /// What plain names of tensors stand for.
    role: Role,
    /// Does an adapter belong to weights that are stored input first?
    transposed: bool,
}

/// Indices along an axis: no tensor has more.
const MOST: usize = 1 << 32;

impl Carrier {
    /// From the JSON of a balancing. Whether weights are stored input first is told by the family, where it is a known
    /// one, else by what an adapter says of itself: those who load it go by the weights, too.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(text: &[u8], role: Role, says_input_first: bool) -> Result<Self, String> {
        let found: Multipliers = crate::formats::read_json(text)
            .map_err(|(place, reason)| format!("{place}: {reason}"))?;
        let known = found.family.as_deref().and_then(stores_input_first);
        let transposed = known.unwrap_or(says_input_first);
        let mut tensors = BTreeMap::new();
        for (name, entry) in found.members {
            let mut factors = Factors {
                shape: entry.shape,
                offset: entry.offset,
                axes: BTreeMap::new(),
            };
            for scale in &entry.scales {
                let wrong = |reason: &str| format!("members: `{name}`: {reason}");
                let values = found.multipliers.get(&scale.group);
                let values =
                    values.ok_or_else(|| wrong(&format!("there is no group `{}`", scale.group)))?;
                let exponent = crate::numbers::parse_rational(&scale.exponent);
                let exponent = exponent.map_err(|fault| wrong(&fault.to_string()))?;
                let exponent = crate::numbers::rational_to_f64(&exponent);
                let size = factors
                    .shape
                    .get(scale.axis)
                    .copied()
                    .filter(|size| *size < MOST);
                let size = size.ok_or_else(|| wrong("there is no such axis"))?;
                let axis = factors
                    .axes
                    .entry(scale.axis)
                    .or_insert_with(|| vec![1.0; size]);
                for [first, count, channel] in &scale.map {
                    let places = first
                        .checked_add(*count)
                        .and_then(|end| axis.get_mut(*first..end));
                    let ends = channel
                        .checked_add(*count)
                        .and_then(|end| values.get(*channel..end));
                    let (Some(places), Some(values)) = (places, ends) else {
                        return Err(wrong("a run leaves its axis, or its group"));
                    };
                    for (place, value) in places.iter_mut().zip(values) {
                        if !(*value > 0.0 && value.is_finite()) {
                            return Err(wrong("a multiplier is no positive number"));
                        }
                        *place *= power(*value, exponent);
                    }
                }
            }
            tensors.insert(name, factors);
        }
        Ok(Carrier {
            tensors,
            role,
            transposed,
        })
    }

    /// Writes a safetensors file with its tensors scaled; every other byte stays as it is. Gives the numbers that their
    /// type could not hold.
    ///
    /// # Errors
    /// A tensor that belongs to none of the checkpoint, has another shape, or would be too large, in words; those of
    /// writing.
    pub fn carry(&self, bytes: &[u8], into: &mut dyn Write) -> Result<Losses, String> {
        let mut tensors = listed(bytes).map_err(|fault| fault.to_string())?;
        tensors.sort_by_key(|tensor| tensor.bytes.start);
        let failed = |fault: std::io::Error| fault.to_string();
        let mut lost = Losses::default();
        let mut written = 0;
        for tensor in &tensors {
            let Some(sides) = self.sides(tensor)? else {
                continue;
            };
            let storage = tensor.storage().ok_or_else(|| {
                format!(
                    "tensor `{}` holds no numbers that can be scaled",
                    tensor.name
                )
            })?;
            into.write_all(&bytes[written..tensor.bytes.start])
                .map_err(failed)?;
            let mut own = bytes[tensor.bytes.clone()].to_vec();
            let scaled = Scaled {
                name: &tensor.name,
                rows: &sides.rows,
                columns: &sides.columns,
                offset: sides.offset,
            };
            let found = match storage {
                Storage::Half => scaled.all::<Half, 2>(&mut own),
                Storage::Brain => scaled.all::<Brain, 2>(&mut own),
                Storage::Single => scaled.all::<f32, 4>(&mut own),
                Storage::Double => scaled.all::<f64, 8>(&mut own),
            };
            let found = found.map_err(|index| {
                format!(
                    "tensor `{}`: number {index} would be too large for its number type",
                    tensor.name
                )
            })?;
            lost.append(found);
            into.write_all(&own).map_err(failed)?;
            written = tensor.bytes.end;
        }
        into.write_all(&bytes[written..]).map_err(failed)?;
        Ok(lost)
    }

    /// Is every tensor of a file one that is known here? Nothing is written.
    ///
    /// # Errors
    /// Those of [`Carrier::carry`], but for numbers that are too large.
    pub fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let tensors = listed(bytes).map_err(|fault| fault.to_string())?;
        tensors
            .iter()
            .try_for_each(|tensor| self.sides(tensor).map(drop))
    }

    /// The factors of a tensor's rows and columns; `None` for one that stays as it is.
    fn sides(&self, tensor: &Listed) -> Result<Option<Sides>, String> {
        let name = tensor.name.as_str();
        let other = |shape: &[usize]| {
            format!(
                "tensor `{name}` has the shape {:?}, which does not go with {shape:?} in the multipliers",
                tensor.shape
            )
        };
        if let Some((factors, is_first)) = self.adapted(name)? {
            let axis = usize::from(is_first != self.transposed);
            let own = usize::from(is_first);
            let (Some(size), Some(found)) = (factors.shape.get(axis), tensor.shape.get(own)) else {
                return Err(other(&factors.shape));
            };
            if size != found || tensor.shape.len() != 2 || factors.shape.len() != 2 {
                return Err(other(&factors.shape));
            }
            let factors = factors.axes.get(&axis).cloned();
            let sides = factors.map(|factors| match is_first {
                true => Sides::new(vec![1.0; tensor.shape[0]], factors),
                false => Sides::new(factors, vec![1.0; tensor.shape[1]]),
            });
            return Ok(sides);
        }
        let Some((factors, role)) = self.found(name)? else {
            return Ok(None);
        };
        if factors.axes.is_empty() {
            return Ok(None);
        }
        if factors.shape != tensor.shape {
            return Err(other(&factors.shape));
        }
        Ok(Some(factors.sides(role)))
    }

    /// The weights that a part of an adapter goes with, and whether it is the first factor, which reads the input.
    fn adapted(&self, name: &str) -> Result<Option<(&Factors, bool)>, String> {
        let plain = name.strip_prefix("base_model.model.").unwrap_or(name);
        let parts = [(".lora_A", true), (".lora_B", false)];
        for (part, is_first) in parts {
            let Some((base, rest)) = plain.split_once(part) else {
                continue;
            };
            if !(rest.ends_with(".weight") || rest.is_empty()) {
                break;
            }
            let base = format!("{base}.weight");
            let found = self.tensors.get(&base);
            return match found {
                Some(factors) => Ok(Some((factors, is_first))),
                None => Err(format!(
                    "tensor `{name}` belongs to `{base}`, which is not in the multipliers"
                )),
            };
        }
        match plain.contains(".lora_") {
            true => Err(format!(
                "tensor `{name}`: only the factors lora_A and lora_B are known"
            )),
            false => Ok(None),
        }
    }

    /// The tensor that a name is about, and what its numbers are.
    fn found(&self, name: &str) -> Result<Option<(&Factors, Role)>, String> {
        let plain = name.strip_prefix("base_model.model.").unwrap_or(name);
        if let Some(factors) = self.tensors.get(plain) {
            return Ok(Some((factors, self.role)));
        }
        let words: Vec<&str> = name.split(['.', '/']).collect();
        if words.last() == Some(&"step") {
            return Ok(None);
        }
        for (place, word) in words.iter().enumerate() {
            let Some(role) = moment(word, place == 0 || place + 1 == words.len()) else {
                continue;
            };
            let mut rest = words.clone();
            rest.remove(place);
            let is_cover = |word: &&str| ["state", "optimizer", "optim", "module"].contains(word);
            let start = rest.iter().take_while(|word| is_cover(word)).count();
            for start in 0..=start {
                if let Some(factors) = self.tensors.get(&rest[start..].join(".")) {
                    return Ok(Some((factors, role)));
                }
            }
        }
        Err(format!(
            "tensor `{name}` belongs to none in the multipliers"
        ))
    }
}

/// What a word in a name says of moments.
fn moment(word: &str, is_end: bool) -> Option<Role> {
    match word {
        "exp_avg" | "first_moment" | "momentum_buffer" => Some(Role::First),
        "exp_avg_sq" | "max_exp_avg_sq" | "second_moment" => Some(Role::Second),
        "m" if is_end => Some(Role::First),
        "v" if is_end => Some(Role::Second),
        _ => None,
    }
}

/// The factors of the rows and of the columns of a tensor.
struct Sides {
    rows: Vec<f64>,
    columns: Vec<f64>,
    offset: f64,
}

impl Sides {
    fn new(rows: Vec<f64>, columns: Vec<f64>) -> Self {
        Sides {
            rows,
            columns,
            offset: 0.0,
        }
    }
}

impl Factors {
    fn sides(&self, role: Role) -> Sides {
        let (width, split) = match self.shape.len() {
            0 | 1 => (1, self.shape.len()),
            axes => (self.shape[axes - 1], axes - 1),
        };
        let mut rows = vec![1.0; self.shape[..split].iter().product()];
        let mut columns = vec![1.0; width];
        for (axis, factors) in &self.axes {
            let (side, inner) = match *axis < split {
                true => (
                    &mut rows,
                    self.shape[axis + 1..split].iter().product::<usize>().max(1),
                ),
                false => (&mut columns, 1),
            };
            for (entry, value) in side.iter_mut().enumerate() {
                let factor = factors[entry / inner % factors.len()];
                *value *= match role {
                    Role::Weights => factor,
                    Role::First => factor.recip(),
                    Role::Second => (factor * factor).recip(),
                };
            }
        }
        Sides {
            rows,
            columns,
            // Moments are those of the gain, however it is stored.
            offset: match role {
                Role::Weights => self.offset.into(),
                _ => 0.0,
            },
        }
    }
}

fn power(value: f64, exponent: f64) -> f64 {
    match exponent {
        1.0 => value,
        -1.0 => value.recip(),
        _ => value.powf(exponent),
    }
}

/// The bytes of a file, mapped.
///
/// # Errors
/// Those of the system.
pub fn mapped(path: &Path) -> std::io::Result<Bytes> {
    file_bytes::map(&open_input(path)?)
}
