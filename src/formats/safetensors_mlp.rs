//! Plain multilayer perceptrons in safetensors files.

use super::ranges::RangeOrigin;
use num_traits::Signed;
use thiserror::Error;

use super::architecture::Architecture;
use super::container::{Place, tensors};
use super::layers::{Layer, chain};
use super::lost::{Losses, Settled};
use super::network_json::Weight;
use super::storage::{Brain, Half, Storage, Stored};
use crate::network::{Activation, Network, NetworkError, UnitIndex, UnitKind, layered};
use crate::numbers::{Rational, Wide, rational_from_f64};
use crate::solve::NumberType;

/// Why a safetensors file is not a multilayer perceptron.
#[derive(Debug, Error)]
pub enum SafetensorsError {
    /// The container is damaged.
    #[error("not a safetensors file: {0}")]
    Container(String),
    /// A tensor that is neither a weight nor a bias.
    #[error("tensor `{0}`: expected `<layer>.weight` and, optionally, `<layer>.bias`")]
    Name(String),
    /// A number type that is not read.
    #[error("tensor `{0}`: only f16, bf16, f32 and f64 are read")]
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
    /// A bias of a layer that has no weight.
    #[error("tensor `{0}` is the bias of a layer without a weight")]
    NoWeight(String),
    /// The names of the layers do not tell their order.
    #[error(
        "the names of the weights do not tell the order of the layers: {0}; name the layers in the order of computation, as in \
         --layers a,b,c or in the field `layers` of an architecture file"
    )]
    Order(String),
    /// An order that does not name every layer once.
    #[error("the order of the layers: {0}")]
    Layers(String),
    /// The outputs of a layer are not the inputs of the next.
    #[error(
        "the layers do not chain: `{before}` has {outputs} outputs, and `{after}`, the next, {inputs} inputs; if that is not their order, \
         name them in the order of computation, as in --layers a,b,c"
    )]
    Chain {
        /// The earlier layer.
        before: String,
        /// Its outputs.
        outputs: usize,
        /// The later layer.
        after: String,
        /// Its inputs.
        inputs: usize,
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
        /// `f16`, `bf16`, `f32` or `f64`.
        number_type: &'static str,
    },
}

/// The numbers of a layer, each as the rational that it denotes.
struct Values {
    weight: Vec<Rational>,
    bias: Option<Vec<Rational>>,
}

/// Reads layers `<name>.weight` of shape `[out, in]` and `<name>.bias` as a layered network with one activation for all
/// hidden units and linear outputs. Their order is that of the numbers in their names, which must differ in nothing
/// else.
///
/// Every `f16`, `bf16`, `f32` or `f64` is taken as the rational that it denotes. A layer without a bias among layers
/// with one gets biases of 0.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor.
pub fn read_perceptron(
    bytes: &[u8],
    activation: &Activation<Rational>,
) -> Result<Network<Rational>, SafetensorsError> {
    let layers = chain(tensors(bytes, 0)?, None)?;
    Ok(build(&layers, &values(bytes, &layers)?, activation))
}

fn values(bytes: &[u8], layers: &[Layer]) -> Result<Vec<Values>, SafetensorsError> {
    let of = |layer: &Layer| {
        Ok(Values {
            weight: numbers(bytes, &layer.weight)?,
            bias: match &layer.bias {
                Some(bias) => Some(numbers(bytes, bias)?),
                None => None,
            },
        })
    };
    layers.iter().map(of).collect()
}

fn numbers(bytes: &[u8], place: &Place) -> Result<Vec<Rational>, SafetensorsError> {
    let bytes = bytes.get(place.bytes.clone()).unwrap_or_default();
    let exact = |(index, bytes)| {
        let value = rational_from_f64(place.storage.decode(bytes));
        value.ok_or_else(|| SafetensorsError::NotFinite {
            name: place.name.clone(),
            index,
        })
    };
    let each = bytes.chunks_exact(place.storage.size()).enumerate();
    each.map(exact).collect()
}

fn build(
    layers: &[Layer],
    values: &[Values],
    activation: &Activation<Rational>,
) -> Network<Rational> {
    let inputs = layers.first().map_or(0, Layer::inputs);
    let sizes: Vec<usize> = std::iter::once(inputs)
        .chain(layers.iter().map(Layer::outputs))
        .collect();
    let weight = |k: usize, i: usize, j: usize| values[k].weight[i * sizes[k] + j].clone();
    let mut bias = |k: usize, i: usize| match &values[k].bias {
        Some(bias) => bias[i].clone(),
        None => Rational::default(),
    };
    let biased = layers.iter().any(|layer| layer.bias.is_some());
    layered(&sizes, activation, weight, biased.then_some(&mut bias))
}

/// A perceptron with the file that it came from, so that writing it back changes nothing but weights.
#[derive(Debug, Clone)]
pub struct PerceptronFile {
    /// The network.
    pub network: Network<Rational>,
    pub(super) bytes: Vec<u8>,
    /// For each synapse its place in the file; `None` for biases that the file does not hold.
    places: Vec<Option<Slot>>,
    /// The names of the layers, the first one first.
    layers: Vec<String>,
    /// The ranges of activations that the network counts, which the file does not hold.
    pub(super) ranges: Option<RangeOrigin>,
}

/// The place of a number.
#[derive(Debug, Clone)]
struct Slot {
    tensor: std::sync::Arc<str>,
    index: usize,
    at: usize,
    storage: Storage,
}

impl PerceptronFile {
    /// Reads a file as [`read_perceptron`] does, hidden layers with the activations of `architecture`, layers in the
    /// order that it gives, if it gives one.
    ///
    /// # Errors
    /// [`SafetensorsError`], naming the tensor.
    pub fn read(bytes: Vec<u8>, architecture: &Architecture) -> Result<Self, SafetensorsError> {
        let layers = chain(tensors(&bytes, 0)?, architecture.layers.as_deref())?;
        let hidden = layers.len().saturating_sub(1);
        let activations = architecture.of_layers(hidden);
        if activations.len() != hidden {
            let (found, expected) = (activations.len(), hidden);
            return Err(SafetensorsError::Activations { found, expected });
        }
        let network = build(&layers, &values(&bytes, &layers)?, &Activation::Linear);
        Ok(PerceptronFile {
            network: with_activations(&network, &layers, activations)?,
            places: places(&layers),
            layers: layers.into_iter().map(|layer| layer.name).collect(),
            ranges: None,
            bytes,
        })
    }

    /// The names of the layers, the first one first.
    pub fn layers(&self) -> &[String] {
        &self.layers
    }

    /// The same file with a network of more synapses, which it does not hold.
    pub(super) fn with_network(mut self, network: Network<Rational>, ranges: RangeOrigin) -> Self {
        self.ranges = Some(ranges);
        self.places.resize(network.synapses(), None);
        self.network = network;
        self
    }

    /// The number type of the weights that some scaling changes, the one with the fewest digits if they have several.
    pub fn number_type(&self) -> Option<NumberType> {
        let scaled =
            (0..self.places.len()).filter(|synapse| !self.network.direction(*synapse).is_empty());
        let places = scaled.filter_map(|synapse| self.places[synapse].as_ref());
        places.map(|place| place.storage.number_type()).min()
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
        let hidden = self.layers.len().saturating_sub(1);
        let names = self.layers.iter().take(hidden).enumerate();
        names
            .map(|(number, name)| (format!("{name}.weight"), layer(number)))
            .collect()
    }

    /// The file with other weights, each rounded to the number type of its tensor, and those that it could not hold;
    /// where the new weight equals the old one, and everywhere else, every byte stays as it was.
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
            match place.storage {
                Storage::Half => place.write::<Half, 2>(&mut bytes, sign, exact, &mut lost)?,
                Storage::Brain => place.write::<Brain, 2>(&mut bytes, sign, exact, &mut lost)?,
                Storage::Single => place.write::<f32, 4>(&mut bytes, sign, exact, &mut lost)?,
                Storage::Double => place.write::<f64, 8>(&mut bytes, sign, exact, &mut lost)?,
            }
        }
        Ok((bytes, lost))
    }
}

impl Slot {
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
                number_type: self.storage.name(),
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
fn places(layers: &[Layer]) -> Vec<Option<Slot>> {
    let of = |place: &Place| -> Vec<Option<Slot>> {
        let name: std::sync::Arc<str> = place.name.as_str().into();
        let starts = place
            .bytes
            .clone()
            .step_by(place.storage.size())
            .enumerate();
        let slot = |(index, at)| {
            Some(Slot {
                tensor: name.clone(),
                index,
                at,
                storage: place.storage,
            })
        };
        starts.map(slot).collect()
    };
    let mut places: Vec<Option<Slot>> = layers.iter().flat_map(|layer| of(&layer.weight)).collect();
    if layers.iter().any(|layer| layer.bias.is_some()) {
        places.extend(layers.iter().flat_map(|layer| match &layer.bias {
            Some(bias) => of(bias),
            None => vec![None; layer.outputs()],
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
    let sizes = layers.iter().map(Layer::outputs);
    let mut by_unit = activations
        .into_iter()
        .zip(sizes)
        .flat_map(|(activation, size)| vec![activation; size]);
    let network = network.with_activations(|unit| match unit.kind {
        UnitKind::Hidden => by_unit.next(),
        _ => None,
    });
    Ok(network?)
}
