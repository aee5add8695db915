//! A plain perceptron among ONNX models, as a network of units.

use super::side::{Side, Source};
use super::{OnnxFile, spelling};
use crate::formats::onnx::message::Node;
use crate::network::{Activation, Network, UnitKind, layered};
use crate::numbers::{Rational, rational_from_f64};

/// `rows` outputs of `columns` inputs.
struct Layer {
    rows: usize,
    columns: usize,
    weight: Vec<Rational>,
    bias: Option<Vec<Rational>>,
    activation: Activation<Rational>,
}

impl OnnxFile {
    /// The model as a network of units, if it is a plain perceptron: `Gemm`, or `MatMul` and `Add`, one after the
    /// other, each followed by `Relu`, `LeakyRelu`, `Abs` or nothing. `None` for every other model.
    pub fn perceptron(&self) -> Option<Network<Rational>> {
        let side = Side::new(self);
        let layers = side.layers()?;
        let fits = layers
            .windows(2)
            .all(|pair| pair[0].rows == pair[1].columns);
        if !fits {
            return None;
        }
        let mut sizes = vec![layers.first()?.columns];
        sizes.extend(layers.iter().map(|layer| layer.rows));
        let weight = |k: usize, i: usize, j: usize| {
            let layer: &Layer = &layers[k];
            layer.weight[i * layer.columns + j].clone()
        };
        let mut bias = |k: usize, i: usize| {
            let bias = layers[k].bias.as_ref();
            bias.map_or_else(Rational::default, |bias| bias[i].clone())
        };
        let biased = layers.iter().any(|layer| layer.bias.is_some());
        let network = layered(
            &sizes,
            &Activation::Linear,
            weight,
            biased.then_some(&mut bias),
        );
        // Units come layer by layer, inputs first and the constant unit last.
        let activations = layers
            .iter()
            .flat_map(|layer| vec![layer.activation.clone(); layer.rows]);
        let mut activations = std::iter::repeat_n(Activation::Linear, sizes[0]).chain(activations);
        let network = network.with_activations(|unit| match unit.kind {
            UnitKind::Bias => None,
            _ => activations.next(),
        });
        network.ok()
    }
}

impl Side<'_> {
    /// The layers of a chain, first ones first.
    fn layers(&self) -> Option<Vec<Layer>> {
        let graph = self.file.model.graph.as_ref()?;
        let [output] = graph.output.as_slice() else {
            return None;
        };
        let mut source = self.source(output.name.as_deref()?);
        let mut layers = Vec::new();
        while source != Source::Input(0) {
            let (activation, made) = self.activation(source)?;
            let (layer, read) = self.layer(made, activation)?;
            layers.push(layer);
            source = read;
        }
        layers.reverse();
        (!layers.is_empty() && self.inputs.len() == 1).then_some(layers)
    }

    fn made(&self, source: Source) -> Option<&Node> {
        match source {
            Source::Made(node, 0) => Some(&self.nodes[node]),
            _ => None,
        }
    }

    /// The activation that makes a tensor, and what it reads.
    fn activation(&self, source: Source) -> Option<(Activation<Rational>, Source)> {
        let node = self.made(source)?;
        let activation = match spelling::operator(node) {
            "Relu" => Activation::Relu,
            "Abs" => Activation::Abs,
            "LeakyRelu" => {
                let slope = node.attribute.iter().find_map(|attribute| attribute.f);
                Activation::LeakyRelu(rational_from_f64(slope.unwrap_or(0.01).into())?)
            }
            _ => return Some((Activation::Linear, source)),
        };
        let read = *self.inputs_of(node).first()?;
        Some((activation, read))
    }

    /// The layer that makes a tensor, and what it reads.
    fn layer(&self, source: Source, activation: Activation<Rational>) -> Option<(Layer, Source)> {
        let mut node = self.made(source)?;
        let mut reads = self.inputs_of(node);
        let mut bias = None;
        if spelling::operator(node) == "Add" {
            let &[one, other] = reads.as_slice() else {
                return None;
            };
            let (made, added) = match (one, other) {
                (made, Source::Constant(leaf)) | (Source::Constant(leaf), made) => (made, leaf),
                _ => return None,
            };
            bias = Some(added);
            node = self
                .made(made)
                .filter(|node| spelling::operator(node) == "MatMul")?;
            reads = self.inputs_of(node);
        }
        let attributes = spelling::attributes(node);
        let mut transposed = false;
        match spelling::operator(node) {
            "MatMul" => {}
            "Gemm" => {
                transposed = attributes.iter().any(|(name, _)| name == "transB");
                if attributes.iter().any(|(name, _)| name != "transB") {
                    return None;
                }
                bias = match reads.get(2) {
                    None => None,
                    Some(Source::Constant(leaf)) => Some(*leaf),
                    Some(_) => return None,
                };
            }
            _ => return None,
        }
        let (&read, Source::Constant(weight)) = (reads.first()?, *reads.get(1)?) else {
            return None;
        };
        let (shape, stored) = self.rationals(weight)?;
        let &[first, second] = shape.as_slice() else {
            return None;
        };
        let (rows, columns) = if transposed {
            (first, second)
        } else {
            (second, first)
        };
        let entry = |place: usize| {
            let (row, column) = (place / columns, place % columns);
            let at = if transposed {
                place
            } else {
                column * rows + row
            };
            stored[at].clone()
        };
        let bias = match bias {
            None => None,
            Some(leaf) => {
                let (shape, values) = self.rationals(leaf)?;
                let is_row = shape.last() == Some(&rows) && values.len() == rows;
                Some(is_row.then_some(values)?)
            }
        };
        let layer = Layer {
            rows,
            columns,
            weight: (0..rows * columns).map(entry).collect(),
            bias,
            activation,
        };
        Some((layer, read))
    }

    /// The shape and the entries of a constant of floating-point numbers.
    fn rationals(&self, leaf: usize) -> Option<(Vec<usize>, Vec<Rational>)> {
        let name = self.leaves[leaf].name;
        let constant = self.file.constants.iter().find(|held| held.name == name)?;
        let (file, start, storage) = *constant.place.as_ref().ok()?;
        let bytes = self.file.files.bytes(file).get(start..)?;
        let value = |entry: usize| {
            let bytes = bytes.get(entry * storage.size()..)?;
            rational_from_f64(storage.decode(bytes))
        };
        let values: Option<Vec<Rational>> = (0..constant.len()).map(value).collect();
        Some((constant.shape.clone(), values?))
    }
}
