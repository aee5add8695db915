//! Perceptrons that need not fit into memory: safetensors files mapped into it, one or several.

use bytes::Bytes;
use num_traits::One;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use thiserror::Error;

use super::architecture::Architecture;
use super::container::{Place, tensors};
use super::file_bytes::{self, MAX_TEXT, open_input, read_input};
use super::layers::chain;
use super::lost::{Losses, Settled};
use super::memory::{Held, HeldTensor, held};
use super::model::holds_weights_only;
use super::safetensors_mlp::{PerceptronFile, SafetensorsError};
use super::storage::{Brain, Half, Storage, Stored};
use super::strict::NoRepeats;
use crate::solve::blocks::{BlockError, Blocks, Weights};

/// Why files are not a perceptron that can be balanced where it lies.
#[derive(Debug, Error)]
pub enum MappedError {
    /// A file cannot be opened or mapped.
    #[error("{}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        fault: std::io::Error,
    },
    /// The tensors are not those of a perceptron.
    #[error(transparent)]
    Tensors(#[from] SafetensorsError),
    /// An index that is not one, or does not fit its files.
    #[error("the index of the shards: {0}")]
    Index(String),
    /// Units of another degree.
    #[error(
        "layer `{0}`: only units of degree 1, and units that are not scaled, can be balanced in place"
    )]
    Degree(String),
    /// The power of the regularizer.
    #[error(transparent)]
    Blocks(#[from] BlockError),
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// The index of a model in several files.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// A layer, and the group of its units, if they can be scaled.
#[derive(Debug)]
pub(super) struct Layer {
    name: String,
    pub(super) weight: Place,
    pub(super) bias: Option<Place>,
    pub(super) group: Option<usize>,
}

struct Shard {
    path: PathBuf,
    map: Bytes,
}

/// A perceptron whose weights stay in their files: each pass reads them in order, through the system's page cache, and
/// what is kept in memory is a few numbers for each unit.
pub struct MappedPerceptron {
    shards: Vec<Shard>,
    pub(super) layers: Vec<Layer>,
}

/// The number of weights from which files are mapped rather than read.
pub const MAPPED_WEIGHTS: usize = 1 << 21;

impl MappedPerceptron {
    /// Does the file hold an index of shards, or more than [`MAPPED_WEIGHTS`] weights? Only its beginning is read.
    ///
    /// # Errors
    /// Those of the system.
    pub fn is_large(path: &Path) -> std::io::Result<bool> {
        if let Some(held) = held(path) {
            let is_long = held.len() > 4 * MAPPED_WEIGHTS;
            return Ok(is_long && held.start().get(8) == Some(&b'{'));
        }
        // A pipe is read once, and to its end.
        if !path.metadata()?.is_file() {
            return Ok(false);
        }
        let mut file = open_input(path)?;
        let length = file.metadata()?.len();
        let mut start = [0; 9];
        if length < 9 || file.read_exact(&mut start).is_err() {
            return Ok(false);
        }
        let header = u64::from_le_bytes(start[..8].try_into().unwrap_or([0; 8]));
        if start[8] == b'{' && header <= length {
            return Ok(length > 4 * MAPPED_WEIGHTS as u64);
        }
        Ok(start.contains(&b'{') && MappedPerceptron::is_index(path))
    }

    /// Is it the index of a model in several files?
    pub fn is_index(path: &Path) -> bool {
        let is_file = path.metadata().is_ok_and(|about| about.is_file());
        is_file && held(path).is_none() && read_index(path).is_some()
    }

    /// The same in one file, as the exact methods take it.
    ///
    /// # Errors
    /// [`SafetensorsError`] for what they do not.
    pub fn in_one_file(
        &self,
        architecture: &Architecture,
    ) -> Result<PerceptronFile, SafetensorsError> {
        let layers = self.layers.iter();
        let places = layers.flat_map(|layer| [Some(&layer.weight), layer.bias.as_ref()]);
        let tensors = places.flatten().map(|place| HeldTensor {
            name: place.name.clone(),
            shape: place.shape.clone(),
            storage: place.storage,
            bytes: self.shards[place.shard].map.slice(place.bytes.clone()),
        });
        let bytes = Held::Tensors(tensors.collect()).bytes();
        PerceptronFile::read(bytes.into(), architecture)
    }

    /// Maps a safetensors file, or the shards that an index (`model.safetensors.index.json`) names, beside it.
    ///
    /// # Errors
    /// [`MappedError`], naming the file or tensor.
    pub fn open(path: &Path, architecture: &Architecture) -> Result<Self, MappedError> {
        if let Some(held) = held(path) {
            return MappedPerceptron::in_memory(path, held, architecture);
        }
        let (mut names, mut index) = (Vec::new(), None);
        if let Some(found) = read_index(path) {
            let found = found.map_err(MappedError::Index)?;
            names.extend(found.weight_map.values().cloned());
            names.sort();
            names.dedup();
            check_names(&names)?;
            index = Some(found);
        }
        let mut paths = vec![path.to_path_buf()];
        if index.is_some() {
            let folder = path.parent().unwrap_or(Path::new(""));
            paths = names.iter().map(|name| folder.join(name)).collect();
        }
        let shards = paths.into_iter().map(map).collect::<Result<Vec<_>, _>>()?;
        let mut places = BTreeMap::new();
        for (shard, mapped) in shards.iter().enumerate() {
            for place in tensors(&mapped.map, shard)? {
                if let Some(other) = places.insert(place.name.clone(), place) {
                    let (name, one, two) = (&other.name, &names[other.shard], &names[shard]);
                    let reason = format!("the tensor `{name}` is in `{one}` and in `{two}`");
                    return Err(MappedError::Index(reason));
                }
            }
        }
        if let Some(index) = &index {
            check_index(index, &names, &places)?;
        }
        Ok(MappedPerceptron {
            layers: layers(places.into_values().collect(), architecture)?,
            shards,
        })
    }

    /// The same of a file that was read.
    ///
    /// # Errors
    /// As [`open`](MappedPerceptron::open).
    pub fn of_file(
        file: &PerceptronFile,
        path: &Path,
        architecture: &Architecture,
    ) -> Result<Self, MappedError> {
        let bytes = Held::Bytes(file.bytes.clone().into());
        MappedPerceptron::in_memory(path, bytes, architecture)
    }

    /// The same of a file in memory; of tensors, each is a shard of its own.
    fn in_memory(
        path: &Path,
        held: Held,
        architecture: &Architecture,
    ) -> Result<Self, MappedError> {
        let shard = |(number, tensor): (usize, HeldTensor)| {
            let place = Place {
                bytes: 0..tensor.bytes.len(),
                name: tensor.name,
                shard: number,
                storage: tensor.storage,
                shape: tensor.shape,
            };
            let path = path.join(number.to_string());
            let map = tensor.bytes;
            (place, Shard { path, map })
        };
        let (places, shards) = match held {
            Held::Tensors(all) => all.into_iter().enumerate().map(shard).unzip(),
            Held::Bytes(map) => {
                let path = path.to_path_buf();
                (tensors(&map, 0)?, vec![Shard { path, map }])
            }
        };
        Ok(MappedPerceptron {
            layers: layers(places, architecture)?,
            shards,
        })
    }

    /// The names of the layers, the first one first.
    pub fn layers(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.name.clone()).collect()
    }

    /// The number of weights and biases.
    pub fn weights(&self) -> usize {
        let places = self
            .layers
            .iter()
            .flat_map(|layer| std::iter::once(&layer.weight).chain(&layer.bias));
        places
            .map(|place| place.shape.iter().product::<usize>())
            .sum()
    }

    /// The most synapses at a unit.
    pub fn fan(&self) -> usize {
        let pairs = self.layers.windows(2);
        let fans = pairs.map(|pair| pair[0].weight.shape[1] + 1 + pair[1].weight.shape[0]);
        fans.max().unwrap_or(0)
    }

    /// The balancing problem on the mapped weights: nothing is copied for powers 1 and 2.
    ///
    /// # Errors
    /// [`MappedError::Blocks`].
    pub fn blocks(&self, power: f64) -> Result<Blocks<'_>, MappedError> {
        let mut blocks = Blocks::new(power)?;
        let mut from = None;
        for layer in &self.layers {
            let &[units, inputs] = layer.weight.shape.as_slice() else {
                continue;
            };
            let to = layer.group.map(|_| blocks.add_group(units));
            blocks.add_dense(to, from, units, inputs, self.weights_of(&layer.weight))?;
            if let Some(bias) = &layer.bias {
                blocks.add_dense(to, None, units, 1, self.weights_of(bias))?;
            }
            from = to;
        }
        Ok(blocks)
    }

    pub(super) fn bytes(&self, place: &Place) -> &[u8] {
        &self.shards[place.shard].map[place.bytes.clone()]
    }

    pub(super) fn file_bytes(&self, shard: usize) -> &[u8] {
        &self.shards[shard].map
    }

    fn weights_of(&self, place: &Place) -> Weights<'_> {
        place.storage.weights(self.bytes(place))
    }

    /// For each hidden layer that is scaled, the name of its weight and its number of units, in the order of the
    /// groups.
    pub fn groups(&self) -> Vec<(String, usize)> {
        let scaled = self.layers.iter().filter(|layer| layer.group.is_some());
        scaled
            .map(|layer| (layer.weight.name.clone(), layer.weight.shape[0]))
            .collect()
    }

    /// The files, in the order of [`MappedPerceptron::write`].
    pub fn files(&self) -> Vec<&Path> {
        self.shards
            .iter()
            .map(|shard| shard.path.as_path())
            .collect()
    }

    /// Writes a shard with its weights scaled by the multipliers `Λ` of all groups, row by row; every other byte stays
    /// as it is. A multiplier 0 stands for a unit whose weights, into it and out of it, become 0. Gives the weights
    /// that their number type could not hold.
    ///
    /// # Errors
    /// [`SafetensorsError::Range`] for a weight that overflows; errors of writing.
    pub fn write(
        &self,
        shard: usize,
        multipliers: &[f64],
        into: &mut impl Write,
    ) -> Result<Losses, MappedError> {
        let mut lost = Losses::default();
        let mut ends = Vec::new();
        let (mut from, mut start): (Option<&[f64]>, usize) = (None, 0);
        for layer in &self.layers {
            let to = layer.group.map(|_| {
                let units = layer.weight.shape[0];
                start += units;
                &multipliers[start - units..start]
            });
            ends.push((&layer.weight, to, from));
            ends.extend(layer.bias.as_ref().map(|bias| (bias, to, None)));
            from = to;
        }
        ends.retain(|(place, _, _)| place.shard == shard);
        ends.sort_by_key(|(place, _, _)| place.bytes.start);
        let all = &self.shards[shard].map;
        let mut written = 0;
        for (place, to, from) in ends {
            into.write_all(&all[written..place.bytes.start])?;
            lost.append(self.write_scaled(place, to, from, into)?);
            written = place.bytes.end;
        }
        into.write_all(&all[written..])?;
        Ok(lost)
    }

    fn write_scaled(
        &self,
        place: &Place,
        to: Option<&[f64]>,
        from: Option<&[f64]>,
        into: &mut impl Write,
    ) -> Result<Losses, MappedError> {
        let bytes = self.bytes(place);
        if to.is_none() && from.is_none() {
            into.write_all(bytes)?;
            return Ok(Losses::default());
        }
        write_scaled(place, (bytes, 0), to, from, into)
    }
}

/// Writes numbers of a tensor from a row on, each times the quotient of its two multipliers, those of all rows and of
/// all columns.
pub(super) fn write_scaled(
    place: &Place,
    (bytes, first): (&[u8], usize),
    to: Option<&[f64]>,
    from: Option<&[f64]>,
    into: &mut impl Write,
) -> Result<Losses, MappedError> {
    let columns = place.shape.get(1).copied().unwrap_or(1);
    let ends = |index: usize| {
        let up = to.map_or(1.0, |to| to[index / columns]);
        (up, from.map_or(1.0, |from| from[index % columns]))
    };
    match place.storage {
        Storage::Half => write_rows::<Half, 2>(place, (bytes, first), columns, ends, into),
        Storage::Brain => write_rows::<Brain, 2>(place, (bytes, first), columns, ends, into),
        Storage::Single => write_rows::<f32, 4>(place, (bytes, first), columns, ends, into),
        Storage::Double => write_rows::<f64, 8>(place, (bytes, first), columns, ends, into),
    }
}

/// Writes numbers of `SIZE` bytes, each times the quotient of its two multipliers, row by row.
fn write_rows<T: Stored<SIZE>, const SIZE: usize>(
    place: &Place,
    (bytes, first): (&[u8], usize),
    columns: usize,
    ends: impl Fn(usize) -> (f64, f64),
    into: &mut impl Write,
) -> Result<Losses, MappedError> {
    let mut lost = Losses::default();
    let mut row = Vec::with_capacity(SIZE * columns);
    for (number, bytes) in bytes.chunks(SIZE * columns).enumerate() {
        row.clear();
        for (offset, bytes) in bytes.as_chunks().0.iter().enumerate() {
            let index = (first + number) * columns + offset;
            let old = T::decode(*bytes);
            let (up, down) = ends(index);
            if up == 0.0 || down == 0.0 {
                row.extend(T::encode(0.0));
                continue;
            }
            let mut slot = T::encode(old * (up / down));
            let new = T::decode(slot);
            let is_whole =
                new.is_finite() && new.abs() >= T::SMALLEST && up / down >= f64::MIN_POSITIVE;
            if !is_whole && old != 0.0 {
                let settled = Settled::scaled::<T>(old, up, down);
                if !settled.is_finite {
                    return Err(MappedError::Tensors(SafetensorsError::Range {
                        name: place.name.clone(),
                        index,
                        number_type: place.storage.name(),
                    }));
                }
                if let Some(loss) = settled.loss::<T>(&place.name, index) {
                    lost.push(loss);
                }
                slot = settled.slot;
            }
            row.extend(slot);
        }
        into.write_all(&row)?;
    }
    Ok(lost)
}

/// The index of shards, or what is wrong with it; `None` if it is no JSON object with the map of one.
fn read_index(path: &Path) -> Option<Result<Index, String>> {
    if holds_weights_only(path) {
        return None;
    }
    let text = read_input(path, MAX_TEXT).ok()?;
    let fields: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(&text).ok()?;
    fields.contains_key("weight_map").then(|| {
        let NoRepeats = serde_json::from_slice(&text).map_err(|fault| fault.to_string())?;
        serde_json::from_slice(&text).map_err(|fault| fault.to_string())
    })
}

/// No shard lies elsewhere.
fn check_names(names: &[String]) -> Result<(), MappedError> {
    let is_beside = |name: &&String| {
        let mut parts = Path::new(name.as_str()).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name.as_str())
    };
    match names.iter().find(|name| !is_beside(name)) {
        Some(name) => Err(MappedError::Index(format!(
            "`{name}` is not a file beside it"
        ))),
        None => Ok(()),
    }
}

/// The shards hold the tensors of the index, each where it says, and no others.
fn check_index(
    index: &Index,
    names: &[String],
    places: &BTreeMap<String, Place>,
) -> Result<(), MappedError> {
    let fault = |text: String| Err(MappedError::Index(text));
    for (tensor, file) in &index.weight_map {
        if places.get(tensor).map(|place| &names[place.shard]) != Some(file) {
            return fault(format!("`{file}` does not hold the tensor `{tensor}`"));
        }
    }
    match places
        .keys()
        .find(|tensor| !index.weight_map.contains_key(*tensor))
    {
        Some(tensor) => fault(format!("the tensor `{tensor}` is missing in it")),
        None => Ok(()),
    }
}

fn map(path: PathBuf) -> Result<Shard, MappedError> {
    let mapped = open_input(&path).and_then(|file| match file.metadata()?.is_file() {
        true => file_bytes::map(&file),
        false => Err(std::io::Error::other("is a pipe, which cannot be mapped")),
    });
    match mapped {
        Ok(map) => Ok(Shard { path, map }),
        Err(fault) => Err(MappedError::File { path, fault }),
    }
}

/// The layers in their order, with the groups of the hidden ones.
fn layers(places: Vec<Place>, architecture: &Architecture) -> Result<Vec<Layer>, MappedError> {
    let chained = chain(places, architecture.layers.as_deref())?;
    let hidden = chained.len().saturating_sub(1);
    let activations = architecture.of_layers(hidden);
    if activations.len() != hidden {
        let (found, expected) = (activations.len(), hidden);
        return Err(SafetensorsError::Activations { found, expected }.into());
    }
    let mut layers: Vec<Layer> = Vec::with_capacity(chained.len());
    let mut groups = 0;
    for (number, layer) in chained.into_iter().enumerate() {
        let group = match activations
            .get(number)
            .map(|activation| activation.degree())
        {
            None | Some(None) => None,
            Some(Some(degree)) if degree.is_one() => {
                groups += 1;
                Some(groups - 1)
            }
            Some(Some(_)) => return Err(MappedError::Degree(layer.name)),
        };
        layers.push(Layer {
            name: layer.name,
            weight: layer.weight,
            bias: layer.bias,
            group,
        });
    }
    Ok(layers)
}
