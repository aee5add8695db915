//! Plain multilayer perceptrons in safetensors files.

use num_traits::Signed;
use safetensors::tensor::{SafeTensors, TensorView};
use safetensors::{Dtype, SafeTensorError};
use std::collections::BTreeMap;
use thiserror::Error;

use super::architecture::Architecture;
use super::lost::{Losses, Settled};
use super::network_json::Weight;
use super::storage::Stored;
use super::strict::NoRepeats;
use crate::network::{
    Activation, Network, NetworkError, SynapseIndex, UnitIndex, UnitKind, layered,
};
use crate::numbers::{Rational, Wide, rational_from_f64};

/// Why a safetensors file is not a multilayer perceptron.
#[derive(Debug, Error)]
pub enum SafetensorsError {
    /// The container is damaged.
    #[error("not a safetensors file: {0}")]
    Container(#[from] SafeTensorError),
    /// A name that stands twice in the header: of two tensors a reader could take either.
    #[error("not a safetensors file: its header: {0}")]
    Header(String),
    /// A tensor that is neither a weight nor a bias, or lacks its weight.
    #[error("tensor `{0}`: expected `<layer>.weight` and, optionally, `<layer>.bias`")]
    Name(String),
    /// A number type other than f32 and f64.
    #[error("tensor `{0}`: only f32 and f64 are read")]
    NumberType(String),
    /// A tensor of the wrong shape.
    #[error("tensor `{name}` has the shape {found:?}, where {expected} is needed")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What is needed.
        expected: String,
    },
    /// NaN or infinite.
    #[error("tensor `{name}`: entry {index} is not finite")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Position in the flattened tensor.
        index: usize,
    },
    /// No layers.
    #[error("the file holds no layers")]
    Empty,
    /// The architecture is one of another number of hidden layers.
    #[error("the architecture has {found} activations, the file {expected} hidden layers")]
    Activations {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// An activation that no unit can have.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A weight does not fit the file's number type.
    #[error(
        "tensor `{name}`: the new value of entry {index} is outside the range of {number_type}"
    )]
    Range {
        /// The tensor.
        name: String,
        /// Position in the flattened tensor.
        index: usize,
        /// `f32` or `f64`.
        number_type: &'static str,
    },
}

struct Layer {
    name: String,
    outputs: usize,
    inputs: usize,
    weight: Tensor,
    bias: Option<Tensor>,
}

/// Values, and where they stand in the file.
struct Tensor {
    name: String,
    values: Vec<Rational>,
    start: usize,
    single: bool,
}

/// Reads layers `<name>.weight` of shape `[out, in]` and `<name>.bias` in the natural order of their names (`l2` before
/// `l10`) as a layered network with one activation for all hidden units and linear outputs.
///
/// Every `f32` or `f64` is taken as the rational that it denotes. A layer without a bias among layers with one gets
/// biases of 0.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor.
pub fn read_perceptron(
    bytes: &[u8],
    activation: &Activation<Rational>,
) -> Result<Network<Rational>, SafetensorsError> {
    build(&layers(bytes)?, activation)
}

/// Refuses a header in which a name stands twice.
pub(super) fn check_header(bytes: &[u8]) -> Result<(), SafetensorsError> {
    let (header, _) = SafeTensors::read_metadata(bytes)?;
    let text = bytes.get(8..8 + header).unwrap_or_default();
    match serde_json::from_slice(text) {
        Ok(NoRepeats) => Ok(()),
        Err(fault) => Err(SafetensorsError::Header(fault.to_string())),
    }
}

/// The layers in the natural order of their names.
fn layers(bytes: &[u8]) -> Result<Vec<Layer>, SafetensorsError> {
    let tensors = SafeTensors::deserialize(bytes)?;
    check_header(bytes)?;
    let (header, metadata) = SafeTensors::read_metadata(bytes)?;
    // The data begin after the length of the header, eight bytes, and the header.
    let start = |name: &str| {
        metadata
            .info(name)
            .map_or(0, |info| 8 + header + info.data_offsets.0)
    };
    let mut by_layer: BTreeMap<NaturalName, (Option<TensorView>, Option<TensorView>)> =
        BTreeMap::new();
    let mut names: Vec<String> = tensors
        .names()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    names.sort();
    for name in &names {
        let (layer, part) = name
            .rsplit_once('.')
            .ok_or_else(|| SafetensorsError::Name(name.clone()))?;
        let slot = by_layer.entry(NaturalName::new(layer)).or_default();
        let slot = match part {
            "weight" => &mut slot.0,
            "bias" => &mut slot.1,
            _ => return Err(SafetensorsError::Name(name.clone())),
        };
        *slot = Some(tensors.tensor(name)?);
    }
    let mut layers: Vec<Layer> = Vec::new();
    for (name, (weight, bias)) in by_layer {
        let weight = weight.ok_or_else(|| SafetensorsError::Name(format!("{}.bias", name.text)))?;
        layers.push(layer(name.text, &weight, bias.as_ref(), layers.last())?);
    }
    for layer in &mut layers {
        for tensor in std::iter::once(&mut layer.weight).chain(&mut layer.bias) {
            tensor.start = start(&tensor.name);
        }
    }
    Ok(layers)
}

fn layer(
    name: String,
    weight: &TensorView,
    bias: Option<&TensorView>,
    previous: Option<&Layer>,
) -> Result<Layer, SafetensorsError> {
    let shape_error = |part: &str, found: &[usize], expected: String| SafetensorsError::Shape {
        name: format!("{name}.{part}"),
        found: found.to_vec(),
        expected,
    };
    let &[outputs, inputs] = weight.shape() else {
        return Err(shape_error("weight", weight.shape(), "[out, in]".into()));
    };
    if let Some(previous) = previous.filter(|previous| previous.outputs != inputs) {
        let expected = format!(
            "[out, {}], the outputs of `{}`,",
            previous.outputs, previous.name
        );
        return Err(shape_error("weight", weight.shape(), expected));
    }
    if let Some(bias) = bias.filter(|bias| bias.shape() != [outputs]) {
        return Err(shape_error("bias", bias.shape(), format!("[{outputs}]")));
    }
    let bias = bias
        .map(|bias| values(&format!("{name}.bias"), bias))
        .transpose()?;
    Ok(Layer {
        weight: values(&format!("{name}.weight"), weight)?,
        name,
        outputs,
        inputs,
        bias,
    })
}

fn values(name: &str, tensor: &TensorView) -> Result<Tensor, SafetensorsError> {
    let data = tensor.data();
    let floats: Vec<f64> = match tensor.dtype() {
        Dtype::F32 => data
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
            .collect(),
        Dtype::F64 => data
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect(),
        _ => return Err(SafetensorsError::NumberType(name.to_string())),
    };
    let exact = |(index, value)| {
        rational_from_f64(value).ok_or_else(|| SafetensorsError::NotFinite {
            name: name.to_string(),
            index,
        })
    };
    Ok(Tensor {
        values: floats
            .into_iter()
            .enumerate()
            .map(exact)
            .collect::<Result<_, _>>()?,
        name: name.to_string(),
        start: 0,
        single: tensor.dtype() == Dtype::F32,
    })
}

fn build(
    layers: &[Layer],
    activation: &Activation<Rational>,
) -> Result<Network<Rational>, SafetensorsError> {
    let first = layers.first().ok_or(SafetensorsError::Empty)?;
    let sizes: Vec<usize> = std::iter::once(first.inputs)
        .chain(layers.iter().map(|layer| layer.outputs))
        .collect();
    let weight =
        |k: usize, i: usize, j: usize| layers[k].weight.values[i * layers[k].inputs + j].clone();
    let mut bias = |k: usize, i: usize| match &layers[k].bias {
        Some(bias) => bias.values[i].clone(),
        None => Rational::default(),
    };
    let biased = layers.iter().any(|layer| layer.bias.is_some());
    Ok(layered(
        &sizes,
        activation,
        weight,
        biased.then_some(&mut bias),
    ))
}

/// A perceptron with the file that it came from, so that writing it back changes nothing but weights.
#[derive(Debug, Clone)]
pub struct PerceptronFile {
    /// The network.
    pub network: Network<Rational>,
    bytes: Vec<u8>,
    /// For each synapse its place in the file; `None` for biases that the file does not hold.
    places: Vec<Option<Place>>,
    /// The names of the weights that lead into hidden layers.
    hidden: Vec<String>,
}

#[derive(Debug, Clone)]
struct Place {
    tensor: std::sync::Arc<str>,
    index: usize,
    at: usize,
    single: bool,
}

impl PerceptronFile {
    /// Reads a file as [`read_perceptron`] does, hidden layers with the activations of `architecture`.
    ///
    /// # Errors
    /// [`SafetensorsError`], naming the tensor.
    pub fn read(bytes: Vec<u8>, architecture: &Architecture) -> Result<Self, SafetensorsError> {
        let layers = layers(&bytes)?;
        let hidden = layers.len().saturating_sub(1);
        let activations = architecture.of_layers(hidden);
        if activations.len() != hidden {
            let (found, expected) = (activations.len(), hidden);
            return Err(SafetensorsError::Activations { found, expected });
        }
        let network =
            with_activations(&build(&layers, &Activation::Linear)?, &layers, activations)?;
        Ok(PerceptronFile {
            network,
            places: places(&layers),
            hidden: layers
                .iter()
                .take(hidden)
                .map(|layer| layer.weight.name.clone())
                .collect(),
            bytes,
        })
    }

    /// The name of the weight that leads into each hidden layer, with the units of the layer.
    pub fn groups(&self) -> Vec<(String, Vec<UnitIndex>)> {
        let units = self.network.units_of(UnitKind::Hidden);
        let layer = |number: usize| {
            let prefix = format!("h{}.", number + 1);
            let members = units.iter().copied();
            members
                .filter(|unit| self.network.unit(*unit).id.starts_with(&prefix))
                .collect()
        };
        let names = self.hidden.iter().cloned().enumerate();
        names.map(|(number, name)| (name, layer(number))).collect()
    }

    /// The file with other weights, each rounded to the number type of its tensor, and those that it could not hold; where the new
    /// weight equals the old one, and everywhere else, every byte stays as it was.
    ///
    /// # Errors
    /// [`SafetensorsError::Range`] for a number that overflows.
    ///
    /// # Panics
    /// If there are not as many weights as synapses.
    pub fn with_weights(&self, weights: &[Weight]) -> Result<(Vec<u8>, Losses), SafetensorsError> {
        assert_eq!(
            weights.len(),
            self.places.len(),
            "one weight for each synapse"
        );
        let mut bytes = self.bytes.clone();
        let mut lost = Losses::default();
        for (synapse, (weight, place)) in weights.iter().zip(&self.places).enumerate() {
            let (sign, exact) = match weight {
                Weight::Exact(exact) if exact == self.network.weight(synapse) => continue,
                Weight::Exact(exact) if exact.is_negative() => (-1.0, Wide::from(exact)),
                Weight::Exact(exact) => (1.0, Wide::from(exact)),
                Weight::Float(float) => (*float, Wide::from_f64(float.abs())),
            };
            let Some(place) = place else { continue };
            match place.single {
                true => place.write::<f32, 4>(&mut bytes, sign, exact, &mut lost)?,
                false => place.write::<f64, 8>(&mut bytes, sign, exact, &mut lost)?,
            }
        }
        Ok((bytes, lost))
    }
}

impl Place {
    /// Writes a number given by its magnitude and any number of its sign.
    fn write<T: Stored<SIZE>, const SIZE: usize>(
        &self,
        bytes: &mut [u8],
        sign: f64,
        exact: Wide,
        lost: &mut Losses,
    ) -> Result<(), SafetensorsError> {
        let settled = Settled::new::<T>(sign, exact);
        if !settled.is_finite {
            return Err(SafetensorsError::Range {
                name: self.tensor.to_string(),
                index: self.index,
                number_type: if self.single { "f32" } else { "f64" },
            });
        }
        if let Some(loss) = settled.loss::<T>(&self.tensor, self.index) {
            lost.push(loss);
        }
        if let Some(slot) = bytes.get_mut(self.at..self.at + SIZE) {
            slot.copy_from_slice(&settled.slot);
        }
        Ok(())
    }
}

/// The places of all synapses, in the order in which [`layered`] makes them.
fn places(layers: &[Layer]) -> Vec<Option<Place>> {
    let of = |tensor: &Tensor| -> Vec<Option<Place>> {
        let name: std::sync::Arc<str> = tensor.name.as_str().into();
        let size = if tensor.single { 4 } else { 8 };
        let place = |index| {
            Some(Place {
                tensor: name.clone(),
                index,
                at: tensor.start + index * size,
                single: tensor.single,
            })
        };
        (0..tensor.values.len()).map(place).collect()
    };
    let mut places: Vec<Option<Place>> =
        layers.iter().flat_map(|layer| of(&layer.weight)).collect();
    if layers.iter().any(|layer| layer.bias.is_some()) {
        places.extend(layers.iter().flat_map(|layer| match &layer.bias {
            Some(bias) => of(bias),
            None => vec![None; layer.outputs],
        }));
    }
    places
}

/// The same network, its hidden layers with activations of their own.
fn with_activations(
    network: &Network<Rational>,
    layers: &[Layer],
    activations: Vec<Activation<Rational>>,
) -> Result<Network<Rational>, SafetensorsError> {
    let sizes = layers.iter().map(|layer| layer.outputs);
    let mut by_unit = activations
        .into_iter()
        .zip(sizes)
        .flat_map(|(activation, size)| vec![activation; size]);
    let units = (0..network.units()).map(|unit| {
        let mut unit = network.unit(unit).clone();
        if unit.kind == UnitKind::Hidden
            && let Some(activation) = by_unit.next()
        {
            unit.activation = activation;
        }
        unit
    });
    let synapse = |index: SynapseIndex| {
        let (from, to) = network.endpoints(index);
        (from, to, network.weight(index).clone())
    };
    let synapses = (0..network.synapses()).map(synapse).collect();
    Ok(Network::new(units.collect(), synapses, vec![])?)
}

/// A name that sorts with its numbers by value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NaturalName {
    parts: Vec<(String, u64)>,
    text: String,
}

impl NaturalName {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digit = rest
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (word, tail) = rest.split_at(digit);
            let end = tail
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(tail.len());
            let (number, tail) = tail.split_at(end);
            parts.push((word.to_string(), number.parse().unwrap_or(u64::MAX)));
            rest = tail;
        }
        NaturalName {
            parts,
            text: text.to_string(),
        }
    }
}
