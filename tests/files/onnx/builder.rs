//! Small ONNX models, written operator by operator.

use prost::Message;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::onnx::message::{
    Attribute, Dimension, Entry, Graph, Model, Node, OperatorSet, Shape, SparseTensor, Tensor,
    TensorType, Type, ValueInfo, element,
};

/// A model that has all that it needs in it.
pub fn read(bytes: &[u8]) -> OnnxFile {
    OnnxFile::read(bytes.to_vec(), None).unwrap()
}

/// `x -> convolution -> leaky relu` on images of 6 by 6: no channel is dead.
pub fn image(channels: i64) -> Builder {
    Builder::new(13)
        .input("x", &[1, 2, 6, 6])
        .weight("w1", &[channels, 2, 3, 3])
        .positive("b1", &[channels])
        .node("Conv", "x w1 b1", "c", &[])
        .node("LeakyRelu", "c", "h", &[Setting::Float("alpha", 0.3)])
}

/// A graph under construction, with random weights from a fixed seed.
pub struct Builder {
    pub model: Model,
    rng: ChaCha8Rng,
}

impl Builder {
    pub fn new(opset: i64) -> Self {
        let set = OperatorSet {
            domain: None,
            version: Some(opset),
        };
        Builder {
            model: Model {
                ir_version: Some(8),
                graph: Some(Graph::default()),
                opset_import: vec![set],
                functions: Vec::new(),
            },
            rng: ChaCha8Rng::seed_from_u64(7),
        }
    }

    pub fn graph(&mut self) -> &mut Graph {
        self.model.graph.as_mut().expect("made with a graph")
    }

    pub fn input(mut self, name: &str, shape: &[i64]) -> Self {
        let info = info(name, shape);
        self.graph().input.push(info);
        self
    }

    pub fn output(mut self, name: &str, shape: &[i64]) -> Self {
        let info = info(name, shape);
        self.graph().output.push(info);
        self
    }

    /// Random weights away from 0, of both signs.
    pub fn weight(self, name: &str, shape: &[i64]) -> Self {
        self.random(name, shape, |rng| {
            let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
            sign * rng.random_range(0.3f32..1.0)
        })
    }

    /// Random positive numbers, as variances and biases that leave units active.
    pub fn positive(self, name: &str, shape: &[i64]) -> Self {
        self.random(name, shape, |rng| rng.random_range(0.3f32..1.0))
    }

    fn random(mut self, name: &str, shape: &[i64], draw: impl Fn(&mut ChaCha8Rng) -> f32) -> Self {
        let count = shape.iter().product::<i64>() as usize;
        let values: Vec<f32> = (0..count).map(|_| draw(&mut self.rng)).collect();
        self.floats(name, shape, &values)
    }

    pub fn floats(mut self, name: &str, shape: &[i64], values: &[f32]) -> Self {
        let tensor = floats(name, shape, values);
        self.graph().initializer.push(tensor);
        self
    }

    pub fn integers(self, name: &str, values: &[i64]) -> Self {
        self.indices(name, &[values.len() as i64], values)
    }

    /// Integers of any shape.
    pub fn indices(mut self, name: &str, shape: &[i64], values: &[i64]) -> Self {
        let tensor = Tensor {
            dims: shape.to_vec(),
            data_type: Some(element::INT64),
            int64_data: values.to_vec(),
            name: Some(name.into()),
            ..Tensor::default()
        };
        self.graph().initializer.push(tensor);
        self
    }

    /// An operator, as `"Conv"`, `"x w b"`, `"y"`.
    pub fn node(
        mut self,
        operator: &str,
        inputs: &str,
        outputs: &str,
        settings: &[Setting],
    ) -> Self {
        let names = |text: &str| -> Vec<String> {
            let blank = |name: &str| {
                if name == "-" {
                    String::new()
                } else {
                    name.to_owned()
                }
            };
            text.split_whitespace().map(blank).collect()
        };
        let node = Node {
            input: names(inputs),
            output: names(outputs),
            name: Some(format!("{operator} of {outputs}")),
            op_type: Some(operator.into()),
            attribute: settings.iter().map(Setting::attribute).collect(),
            ..Node::default()
        };
        self.graph().node.push(node);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }
}

/// An attribute of an operator.
#[allow(clippy::large_enum_variant, reason = "few are made at a time")]
pub enum Setting<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
    Floats(&'a str, &'a [f32]),
    Sparse(&'a str, SparseTensor),
    Text(&'a str, &'a str),
    Texts(&'a str, &'a [&'a str]),
    Tensor(&'a str, Tensor),
}

impl Setting<'_> {
    fn attribute(&self) -> Attribute {
        let mut attribute = Attribute {
            r#type: Some(match self {
                Setting::Float(..) => 1,
                Setting::Int(..) => 2,
                Setting::Text(..) => 3,
                Setting::Tensor(..) => 4,
                Setting::Floats(..) => 6,
                Setting::Sparse(..) => 11,
                Setting::Ints(..) => 7,
                Setting::Texts(..) => 8,
            }),
            ..Attribute::default()
        };
        let name = match self {
            Setting::Int(name, value) => {
                attribute.i = Some(*value);
                name
            }
            Setting::Ints(name, values) => {
                attribute.ints = values.to_vec();
                name
            }
            Setting::Float(name, value) => {
                attribute.f = Some(*value);
                name
            }
            Setting::Floats(name, values) => {
                attribute.floats = values.to_vec();
                name
            }
            Setting::Sparse(name, value) => {
                attribute.sparse_tensor = Some(value.clone());
                name
            }
            Setting::Text(name, value) => {
                attribute.s = Some(value.as_bytes().to_vec().into());
                name
            }
            Setting::Texts(name, values) => {
                let texts = values.iter().map(|value| value.as_bytes().to_vec().into());
                attribute.strings = texts.collect();
                name
            }
            Setting::Tensor(name, value) => {
                attribute.t = Some(value.clone());
                name
            }
        };
        attribute.name = Some((*name).to_owned());
        attribute
    }
}

pub fn floats(name: &str, shape: &[i64], values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    Tensor {
        dims: shape.to_vec(),
        data_type: Some(element::FLOAT),
        name: Some(name.into()),
        raw_data: Some(bytes.into()),
        ..Tensor::default()
    }
}

/// Where a tensor kept in another file is.
pub fn elsewhere(tensor: &mut Tensor, location: &str, offset: usize, length: usize) {
    let entry = |key: &str, value: String| Entry {
        key: Some(key.into()),
        value: Some(value),
    };
    tensor.raw_data = None;
    tensor.data_location = Some(1);
    tensor.external_data = vec![
        entry("location", location.into()),
        entry("offset", offset.to_string()),
        entry("length", length.to_string()),
    ];
}

fn info(name: &str, shape: &[i64]) -> ValueInfo {
    let dim = |length: &i64| Dimension {
        dim_value: Some(*length),
        dim_param: None,
    };
    ValueInfo {
        name: Some(name.into()),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: Some(element::FLOAT),
                shape: Some(Shape {
                    dim: shape.iter().map(dim).collect(),
                }),
            }),
        }),
    }
}
