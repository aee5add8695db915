//! A model with its weights scaled.

use std::collections::BTreeMap;

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::constant::Constant;
use super::weights::{Scaled, decode, scaled};
use super::{LayerRange, OnnxError, OnnxFile, wire};
use crate::network::SynapseIndex;

/// A tensor in a file: its first byte, and how it scales.
type Part<'a> = (usize, &'a Constant, Scaled<'a>);

/// What entries are multiplied by.
struct Factors<'a> {
    multipliers: &'a [f64],
    /// Powers of two have exact inverses; else this is one more rounding of an `f64`.
    inverse: Vec<f64>,
    /// Is a number that has to be rounded an error?
    exactly: bool,
}

/// A model as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The model.
    pub model: Vec<u8>,
    /// Files beside it, by their names.
    pub beside: Vec<(String, Vec<u8>)>,
}

impl OnnxFile {
    /// The model with the multiplier `Λ` of every unit of [`network`](OnnxFile::network) applied, and the weights of some
    /// synapses 0; `name` is the file name that it will have. Each number is rounded once, to its own type.
    ///
    /// # Errors
    /// [`OnnxError::Multiplier`]; [`OnnxError::Range`] for a number that overflows, or becomes 0 without being 0; with `exactly`, for any that is rounded.
    ///
    /// # Panics
    /// If there are not as many multipliers as units, or a synapse does not exist.
    pub fn scaled(
        &self,
        multipliers: &[f64],
        vanished: &[SynapseIndex],
        exactly: bool,
        name: &str,
    ) -> Result<Written, OnnxError> {
        assert_eq!(
            multipliers.len(),
            self.units.count(),
            "one multiplier for each unit"
        );
        let is_wrong = |multiplier: &f64| !(*multiplier > 0.0 && multiplier.is_finite());
        if let Some(unit) = multipliers.iter().position(is_wrong) {
            return Err(OnnxError::Multiplier(unit));
        }
        let mut files: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for file in std::iter::once(0).chain(self.files.beside().map(|(file, _)| file)) {
            files.insert(file, self.files.bytes(file).to_vec());
        }
        let inverse: Vec<f64> = multipliers
            .iter()
            .map(|multiplier| multiplier.recip())
            .collect();
        let factors = Factors {
            multipliers,
            inverse,
            exactly,
        };
        let mut by_file: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
        for scaled in scaled(&self.uses) {
            let constant = &self.constants[scaled.constant];
            if let Ok((file, start, _)) = constant.place {
                let parts = by_file.entry(file).or_default();
                parts.push((start, constant, scaled));
            }
        }
        for (file, parts) in by_file {
            if let Some(bytes) = files.get_mut(&file) {
                self.scale_all(bytes, parts, &factors)?;
            }
        }
        for synapse in vanished {
            let place = self.places[*synapse];
            if let Ok((file, start, storage)) = self.constants[place.constant as usize].place
                && let Some(bytes) = files.get_mut(&file)
            {
                let at = start + place.entry as usize * storage.size();
                bytes[at..at + storage.size()].fill(0);
            }
        }
        self.named(files, name)
    }

    /// Scales tensors that lie apart from each other in one file, in parallel where that is built in.
    fn scale_all(
        &self,
        mut bytes: &mut [u8],
        mut parts: Vec<Part>,
        factors: &Factors,
    ) -> Result<(), OnnxError> {
        parts.sort_by_key(|(start, ..)| *start);
        let mut slices = Vec::with_capacity(parts.len());
        let mut offset = 0;
        for (start, constant, scaled) in parts {
            let Ok((_, _, storage)) = constant.place else {
                continue;
            };
            let (_, rest) = bytes.split_at_mut(start - offset);
            let (own, rest) = rest.split_at_mut(constant.len() * storage.size());
            offset = start + own.len();
            slices.push((own, constant, scaled));
            bytes = rest;
        }
        let scale = |(own, constant, scaled): (&mut [u8], &Constant, Scaled)| {
            self.scale(&scaled, constant, own, factors)
        };
        #[cfg(feature = "parallel")]
        return slices.into_par_iter().try_for_each(scale);
        #[cfg(not(feature = "parallel"))]
        slices.into_iter().try_for_each(scale)
    }

    /// `bytes` are those of the tensor.
    fn scale(
        &self,
        scaled: &Scaled,
        constant: &Constant,
        bytes: &mut [u8],
        factors: &Factors,
    ) -> Result<(), OnnxError> {
        let Ok((.., storage)) = constant.place else {
            return Ok(());
        };
        let Factors {
            multipliers,
            inverse,
            exactly,
        } = factors;
        let mut fault = None;
        scaled.each(constant.len(), |entry, plus, minus| {
            let (up, down) = (self.units.source(plus), self.units.source(minus));
            if multipliers[up] == multipliers[down] {
                return;
            }
            let at = entry * storage.size();
            let slot = &mut bytes[at..at + storage.size()];
            let old = decode(slot, storage);
            let new = old * (multipliers[up] * inverse[down]);
            match storage {
                super::constant::Storage::Single => {
                    slot.copy_from_slice(&(new as f32).to_le_bytes());
                }
                super::constant::Storage::Double => slot.copy_from_slice(&new.to_le_bytes()),
            }
            let kept = decode(slot, storage);
            // A number below the normal ones has lost digits already: it may vanish.
            let is_normal = old.abs() >= storage.smallest();
            let is_lost = !kept.is_finite() || (kept == 0.0 && is_normal);
            // Back again: a product that was rounded does not return.
            let is_exact = || kept == new && kept * (multipliers[down] * inverse[up]) == old;
            if is_lost || (*exactly && !is_exact()) {
                fault = fault.or(Some(entry));
            }
        });
        match fault {
            None => Ok(()),
            Some(entry) => Err(OnnxError::Range {
                name: constant.name.clone(),
                entry,
                number_type: storage.name(),
            }),
        }
    }

    /// The files under their new names.
    fn named(&self, mut files: BTreeMap<usize, Vec<u8>>, name: &str) -> Result<Written, OnnxError> {
        let model = files.remove(&0).unwrap_or_default();
        let names: BTreeMap<&str, String> = self
            .files
            .beside()
            .map(|(file, location)| {
                let flat = location.replace(['/', '\\'], "_");
                let many = if file > 1 {
                    format!("{file}.")
                } else {
                    String::new()
                };
                (location, format!("{name}.{many}{flat}"))
            })
            .collect();
        let model = match names.is_empty() {
            true => model,
            false => wire::relocate(&model, &|old| names.get(old).cloned())?,
        };
        let beside = self.files.beside().filter_map(|(file, location)| {
            Some((names.get(location)?.clone(), files.remove(&file)?))
        });
        Ok(Written {
            model,
            beside: beside.collect(),
        })
    }

    /// The magnitudes of every weight of at least two axes, by output channel, after multipliers have been applied.
    ///
    /// # Panics
    /// If there are not as many multipliers as units.
    pub fn ranges(&self, multipliers: &[f64]) -> Vec<LayerRange> {
        let layers = scaled(&self.uses).into_iter().filter(Scaled::is_weight);
        let mut ranges = Vec::new();
        for layer in layers {
            let constant = &self.constants[layer.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            if constant.shape.iter().filter(|length| **length > 1).count() < 2 {
                continue;
            }
            let bytes = &self.files.bytes(file)[start..];
            let mut channels: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            layer.each(constant.len(), |entry, plus, minus| {
                let at = entry * storage.size();
                let ratio =
                    multipliers[self.units.source(plus)] / multipliers[self.units.source(minus)];
                let value = (decode(&bytes[at..at + storage.size()], storage) * ratio).abs();
                if value > 0.0 {
                    channels.entry(plus).or_default().push(value);
                }
            });
            let summary = channels.into_values().map(|mut magnitudes| {
                magnitudes.sort_by(f64::total_cmp);
                let largest = magnitudes.last().copied().unwrap_or(0.0);
                (largest, magnitudes[magnitudes.len() / 2])
            });
            ranges.push(LayerRange {
                tensor: constant.name.clone(),
                channels: summary.collect(),
            });
        }
        ranges
    }
}
