//! Perceptrons of which each of many machines reads and writes some rows.

use std::io::Write;
use std::ops::Range;

use super::container::Place;
use super::lost::Losses;
use super::mapped::{MappedError, MappedPerceptron, write_scaled};
use super::safetensors_mlp::SafetensorsError;
use crate::solve::blocks::Share;

/// A tensor of a mapped perceptron: a weight, or a bias as a matrix of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedTensor {
    /// Its name.
    pub name: String,
    /// The number of its file in [`MappedPerceptron::files`].
    pub file: usize,
    /// Where its bytes lie in that file.
    pub bytes: Range<usize>,
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
}

impl MappedTensor {
    /// Where the bytes of some rows lie in the file.
    pub fn bytes_of(&self, rows: &Range<usize>) -> Range<usize> {
        let size = self.bytes.len() / self.rows.max(1);
        self.bytes.start + rows.start * size..self.bytes.start + rows.end * size
    }
}

/// A tensor, with the groups of its rows and of its columns.
type Ends<'a> = (&'a Place, [Option<usize>; 2]);

impl MappedPerceptron {
    fn ends(&self) -> Vec<Ends<'_>> {
        let (mut ends, mut from) = (Vec::new(), None);
        for layer in &self.layers {
            ends.push((&layer.weight, [layer.group, from]));
            ends.extend(layer.bias.as_ref().map(|bias| (bias, [layer.group, None])));
            from = layer.group;
        }
        ends
    }

    /// All tensors, layer by layer, a weight before its bias.
    pub fn tensors(&self) -> Vec<MappedTensor> {
        let ends = self.ends().into_iter();
        ends.map(|(place, _)| MappedTensor {
            name: place.name.clone(),
            file: place.shard,
            bytes: place.bytes.clone(),
            rows: place.shape[0],
            columns: place.shape.get(1).copied().unwrap_or(1),
        })
        .collect()
    }

    /// The part of the balancing problem in some rows of each of the [`tensors`](MappedPerceptron::tensors); of the
    /// files no other weights are looked at.
    ///
    /// # Errors
    /// [`MappedError::Blocks`], also for rows that are not whole bands.
    ///
    /// # Panics
    /// If there is not one range for each tensor, or one goes beyond its rows.
    pub fn share(&self, power: f64, own: &[Range<usize>]) -> Result<Share<'_>, MappedError> {
        let mut share = Share::new(power)?;
        for (_, units) in self.groups() {
            share.add_group(units);
        }
        let tensors = self.tensors();
        assert_eq!(own.len(), tensors.len(), "one range for each tensor");
        for (((place, [to, from]), tensor), own) in self.ends().iter().zip(&tensors).zip(own) {
            let bytes = &self.file_bytes(tensor.file)[tensor.bytes_of(own)];
            let size = (tensor.rows, tensor.columns);
            share.add_rows(
                (*to, *from),
                size,
                own.clone(),
                place.storage.entries(bytes),
            )?;
        }
        Ok(share)
    }

    /// The first weight that is no finite number, in some rows of each tensor.
    ///
    /// # Panics
    /// As [`share`](MappedPerceptron::share).
    pub fn not_finite(&self, own: &[Range<usize>]) -> Option<SafetensorsError> {
        let tensors = self.tensors();
        let all = self.ends().into_iter().zip(&tensors).zip(own);
        let mut faults = all.filter_map(|(((place, _), tensor), own)| {
            let bytes = &self.file_bytes(tensor.file)[tensor.bytes_of(own)];
            let mut numbers = bytes.chunks_exact(place.storage.size());
            let first = numbers.position(|bytes| !place.storage.decode(bytes).is_finite())?;
            Some(SafetensorsError::NotFinite {
                name: tensor.name.clone(),
                index: own.start * tensor.columns + first,
            })
        });
        faults.next()
    }

    /// Writes some rows of a tensor, scaled by the multipliers `Λ` of all groups. Gives the weights that their number
    /// type could not hold.
    ///
    /// # Errors
    /// [`SafetensorsError::Range`](super::SafetensorsError::Range) for a weight that overflows; errors of writing.
    ///
    /// # Panics
    /// If there is no such tensor, or it has no such rows.
    pub fn write_rows(
        &self,
        tensor: usize,
        rows: &Range<usize>,
        multipliers: &[f64],
        into: &mut impl Write,
    ) -> Result<Losses, MappedError> {
        let (place, ends) = self.ends()[tensor];
        let all = &self.tensors()[tensor];
        let bytes = &self.file_bytes(all.file)[all.bytes_of(rows)];
        let mut starts = vec![0];
        for (_, units) in self.groups() {
            starts.push(starts[starts.len() - 1] + units);
        }
        let [to, from] = ends.map(|group| {
            let group = group?;
            Some(&multipliers[starts[group]..starts[group + 1]])
        });
        if to.is_none() && from.is_none() {
            into.write_all(bytes)?;
            return Ok(Losses::default());
        }
        write_scaled(place, (bytes, rows.start), to, from, into)
    }

    /// The bytes of a file before its first tensor.
    pub fn header(&self, file: usize) -> &[u8] {
        let tensors = self.ends().into_iter().map(|(place, _)| place);
        let own = tensors.filter(|place| place.shard == file);
        let all = self.file_bytes(file);
        let start = own.map(|place| place.bytes.start).min();
        &all[..start.unwrap_or(all.len())]
    }

    /// The length of a file.
    pub fn file_length(&self, file: usize) -> usize {
        self.file_bytes(file).len()
    }
}
