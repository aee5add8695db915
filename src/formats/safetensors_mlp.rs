//! Plain multilayer perceptrons in safetensors files.

use safetensors::tensor::{SafeTensors, TensorView};
use safetensors::{Dtype, SafeTensorError};
use std::collections::BTreeMap;
use thiserror::Error;

use crate::network::{Activation, Network, layered};
use crate::numbers::{Rational, rational_from_f64};

/// Why a safetensors file is not a multilayer perceptron.
#[derive(Debug, Error)]
pub enum SafetensorsError {
    /// The container is damaged.
    #[error("not a safetensors file: {0}")]
    Container(#[from] SafeTensorError),
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
}

struct Layer {
    name: String,
    outputs: usize,
    inputs: usize,
    weight: Vec<Rational>,
    bias: Option<Vec<Rational>>,
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
    let tensors = SafeTensors::deserialize(bytes)?;
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
    build(&layers, activation)
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

fn values(name: &str, tensor: &TensorView) -> Result<Vec<Rational>, SafetensorsError> {
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
    floats.into_iter().enumerate().map(exact).collect()
}

fn build(
    layers: &[Layer],
    activation: &Activation<Rational>,
) -> Result<Network<Rational>, SafetensorsError> {
    let first = layers.first().ok_or(SafetensorsError::Empty)?;
    let sizes: Vec<usize> = std::iter::once(first.inputs)
        .chain(layers.iter().map(|layer| layer.outputs))
        .collect();
    let weight = |k: usize, i: usize, j: usize| layers[k].weight[i * layers[k].inputs + j].clone();
    let mut bias = |k: usize, i: usize| match &layers[k].bias {
        Some(bias) => bias[i].clone(),
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

/// A name that sorts with its numbers by value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NaturalName {
    parts: Vec<(String, u64)>,
    text: String,
}

impl NaturalName {
    fn new(text: &str) -> Self {
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
