//! What two spellings of one operator have in common: defaults written out or not, names within graphs, how entries are
//! stored.

use prost::Message;
use std::collections::HashMap;

use super::message::{Attribute, Graph, Node, Tensor};

/// The operator of ONNX itself; empty for those of other domains.
pub(super) fn operator(node: &Node) -> &str {
    match node.domain.as_deref() {
        None | Some("" | "ai.onnx") => node.op_type.as_deref().unwrap_or(""),
        Some(_) => "",
    }
}

/// Does the order of the inputs not matter?
pub(super) fn is_symmetric(node: &Node) -> bool {
    matches!(
        operator(node),
        "Add" | "Mul" | "Sum" | "Mean" | "Max" | "Min" | "And" | "Or" | "Xor" | "Equal"
    )
}

/// The value of an attribute that is left out.
enum Default {
    Int(i64),
    Float(f32),
    Text(&'static str),
    /// So many times this number, however many.
    All(i64),
    /// In inference every value means the same.
    Any,
}

const WINDOWS: &[&str] = &["Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"];
const LAYERS: &[&str] = &["Conv", "ConvTranspose"];
const NORMS: &[&str] = &[
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "GroupNormalization",
];
const REDUCTIONS: &[&str] = &[
    "ReduceMean",
    "ReduceSum",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceProd",
    "ReduceSumSquare",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ArgMax",
    "ArgMin",
];

/// Attributes that mean the same written out as left out.
const DEFAULTS: &[(&[&str], &str, Default)] = &[
    (&["Gemm"], "alpha", Default::Float(1.0)),
    (&["Gemm"], "beta", Default::Float(1.0)),
    (&["Gemm"], "transA", Default::Int(0)),
    (&["Gemm"], "transB", Default::Int(0)),
    (WINDOWS, "auto_pad", Default::Text("NOTSET")),
    (WINDOWS, "dilations", Default::All(1)),
    (WINDOWS, "strides", Default::All(1)),
    (WINDOWS, "pads", Default::All(0)),
    (WINDOWS, "ceil_mode", Default::Int(0)),
    (WINDOWS, "count_include_pad", Default::Int(0)),
    (WINDOWS, "storage_order", Default::Int(0)),
    (LAYERS, "group", Default::Int(1)),
    (LAYERS, "output_padding", Default::All(0)),
    // It is the shape of the weight.
    (LAYERS, "kernel_shape", Default::Any),
    (&["LeakyRelu"], "alpha", Default::Float(0.01)),
    (&["Elu", "Celu"], "alpha", Default::Float(1.0)),
    (&["Flatten"], "axis", Default::Int(1)),
    (&["Gather", "GatherElements"], "axis", Default::Int(0)),
    (&["Split"], "axis", Default::Int(0)),
    (REDUCTIONS, "keepdims", Default::Int(1)),
    (REDUCTIONS, "noop_with_empty_axes", Default::Int(0)),
    (REDUCTIONS, "select_last_index", Default::Int(0)),
    (NORMS, "epsilon", Default::Float(1e-5)),
    (&["BatchNormalization"], "momentum", Default::Any),
    (&["BatchNormalization"], "spatial", Default::Int(1)),
    (&["BatchNormalization"], "training_mode", Default::Int(0)),
    (&["LayerNormalization"], "axis", Default::Int(-1)),
    (
        &["LayerNormalization", "GroupNormalization"],
        "stash_type",
        Default::Int(1),
    ),
    (&["Reshape"], "allowzero", Default::Int(0)),
    (&["Cast"], "saturate", Default::Int(1)),
    (&["Shape"], "start", Default::Int(0)),
    (&["Pad"], "mode", Default::Text("constant")),
    (&["Dropout"], "seed", Default::Any),
    (&["Dropout"], "ratio", Default::Any),
    (
        &["RNN", "LSTM", "GRU"],
        "direction",
        Default::Text("forward"),
    ),
    (&["RNN", "LSTM", "GRU"], "layout", Default::Int(0)),
    (&["RNN", "LSTM", "GRU"], "hidden_size", Default::Any),
];

fn is_default(operator: &str, attribute: &Attribute) -> bool {
    let name = attribute.name.as_deref().unwrap_or("");
    let known = DEFAULTS
        .iter()
        .find(|(operators, of, _)| *of == name && operators.contains(&operator));
    known.is_some_and(|(_, _, default)| match default {
        Default::Int(value) => attribute.i.unwrap_or(0) == *value,
        Default::Float(value) => attribute.f == Some(*value),
        Default::Text(value) => attribute.s.as_deref() == Some(value.as_bytes()),
        Default::All(value) => attribute.ints.iter().all(|found| found == value),
        Default::Any => true,
    })
}

/// The attributes of an operator by name, without those that say nothing; equal bytes mean the same.
pub(super) fn attributes(node: &Node) -> Vec<(String, Vec<u8>)> {
    let operator = operator(node);
    let telling = node
        .attribute
        .iter()
        .filter(|attribute| !is_default(operator, attribute));
    let mut found: Vec<(String, Vec<u8>)> = telling
        .map(|attribute| {
            let name = attribute.name.clone().unwrap_or_default();
            (name, written(attribute).encode_to_vec())
        })
        .collect();
    if let Some(overload) = &node.overload {
        found.push(("overload".into(), overload.clone().into_bytes()));
    }
    found.sort();
    found
}

/// An attribute with what has no meaning taken out.
fn written(attribute: &Attribute) -> Attribute {
    let mut plain_one = attribute.clone();
    plain_one.r#type = None;
    let tensors = plain_one.t.iter_mut().chain(&mut plain_one.tensors);
    tensors.for_each(|tensor| *tensor = stored(tensor));
    for graph in plain_one.g.iter_mut().chain(&mut plain_one.graphs) {
        *graph = plain(graph).0;
    }
    plain_one
}

/// A tensor without its name, its entries as raw bytes where they are at hand.
fn stored(tensor: &Tensor) -> Tensor {
    let Some(entries) = entries(tensor).filter(|_| tensor.data_location != Some(1)) else {
        return Tensor {
            name: None,
            ..tensor.clone()
        };
    };
    Tensor {
        dims: tensor.dims.clone(),
        data_type: tensor.data_type,
        segment: tensor.segment.clone(),
        raw_data: Some(entries.into()),
        ..Tensor::default()
    }
}

/// The entries of a tensor that are in its message, little endian; `None` for texts and for types of less than a byte.
pub(super) fn entries(tensor: &Tensor) -> Option<Vec<u8>> {
    if let Some(raw) = &tensor.raw_data {
        return Some(raw.to_vec());
    }
    let narrow = |bytes: usize| {
        let values = tensor.int32_data.iter();
        values
            .flat_map(|value| value.to_le_bytes().into_iter().take(bytes))
            .collect()
    };
    // The numbers of `TensorProto.DataType`, by the field that holds their entries.
    match tensor.data_type? {
        1 | 14 => Some(tensor.float_data.concat()),
        11 | 15 => Some(tensor.double_data.concat()),
        2 | 3 | 9 | 17..=20 => Some(narrow(1)),
        4 | 5 | 10 | 16 => Some(narrow(2)),
        6 => Some(narrow(4)),
        7 => {
            let values = tensor.int64_data.iter();
            Some(values.flat_map(|value| value.to_le_bytes()).collect())
        }
        12 => {
            let values = tensor.uint64_data.iter();
            Some(
                values
                    .flat_map(|value| (*value as u32).to_le_bytes())
                    .collect(),
            )
        }
        13 => {
            let values = tensor.uint64_data.iter();
            Some(values.flat_map(|value| value.to_le_bytes()).collect())
        }
        _ => None,
    }
}

/// Graphs within an operator, in the order of its attributes by name.
pub(super) fn graphs(node: &Node) -> Vec<&Graph> {
    let mut attributes: Vec<&Attribute> = node.attribute.iter().collect();
    attributes.sort_by(|one, other| one.name.cmp(&other.name));
    attributes
        .into_iter()
        .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
        .collect()
}

/// A graph within an operator with its own names numbered in the order in which they come, and the names that it takes
/// from outside, which are numbered too.
pub(super) fn plain(graph: &Graph) -> (Graph, Vec<String>) {
    let mut names = Names::default();
    let mut graph = graph.clone();
    names.graph(&mut graph);
    (graph, names.outside)
}

#[derive(Default)]
struct Names {
    own: HashMap<String, String>,
    outside: Vec<String>,
}

impl Names {
    fn define(&mut self, name: &mut String) {
        if name.is_empty() {
            return;
        }
        let number = format!("own {}", self.own.len());
        let old = std::mem::replace(name, number.clone());
        self.own.insert(old, number);
    }

    fn read(&mut self, name: &mut String) {
        if name.is_empty() {
            return;
        }
        if let Some(own) = self.own.get(name) {
            name.clone_from(own);
            return;
        }
        let known = self.outside.iter().position(|outside| outside == name);
        let number = known.unwrap_or_else(|| {
            self.outside.push(name.clone());
            self.outside.len() - 1
        });
        *name = format!("outside {number}");
    }

    fn graph(&mut self, graph: &mut Graph) {
        graph.value_info.clear();
        for input in &mut graph.input {
            input.r#type = None;
            input.name.iter_mut().for_each(|name| self.define(name));
        }
        for tensor in &mut graph.initializer {
            let mut name = tensor.name.clone();
            *tensor = stored(tensor);
            name.iter_mut().for_each(|name| self.define(name));
            tensor.name = name;
        }
        for sparse in &mut graph.sparse_initializer {
            let values = sparse.values.iter_mut();
            values
                .filter_map(|values| values.name.as_mut())
                .for_each(|name| self.define(name));
        }
        for node in &mut graph.node {
            node.name = None;
            node.input.iter_mut().for_each(|name| self.read(name));
            let operator = operator(node).to_owned();
            node.attribute
                .retain(|attribute| !is_default(&operator, attribute));
            node.attribute
                .sort_by(|one, other| one.name.cmp(&other.name));
            for attribute in &mut node.attribute {
                attribute.r#type = None;
                let tensors = attribute.t.iter_mut().chain(&mut attribute.tensors);
                tensors.for_each(|tensor| *tensor = stored(tensor));
                let graphs = attribute.g.iter_mut().chain(&mut attribute.graphs);
                graphs.for_each(|inner| self.graph(inner));
            }
            node.output.iter_mut().for_each(|name| self.define(name));
        }
        for output in &mut graph.output {
            output.r#type = None;
            output.name.iter_mut().for_each(|name| self.read(name));
        }
    }
}

/// Operators whose meaning has stayed the same since opset 7 wherever their spelling did.
const STABLE: &[&str] = &[
    "Abs",
    "Add",
    "And",
    "ArgMax",
    "ArgMin",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvTranspose",
    "Cos",
    "DepthToSpace",
    "Div",
    "Dropout",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "HardSigmoid",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "PRelu",
    "Pad",
    "Pow",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "Relu",
    "Reshape",
    "RNN",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softplus",
    "Softsign",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "Where",
    "Xor",
];

/// Operators whose meaning changed with these opsets.
const CHANGED: &[(&str, &[i64])] = &[
    ("Softmax", &[13]),
    ("LogSoftmax", &[13]),
    ("Hardmax", &[13]),
    ("AveragePool", &[19]),
    ("LpPool", &[18]),
    ("Resize", &[11, 13, 18, 19]),
    ("Gelu", &[]),
    ("HardSwish", &[]),
];

/// Does an operator of ONNX itself mean the same in two opsets?
pub(super) fn means_the_same(operator: &str, one: i64, other: i64) -> bool {
    if one == other {
        return true;
    }
    if one.min(other) < 7 {
        return false;
    }
    let changed = CHANGED.iter().find(|(known, _)| *known == operator);
    match changed {
        Some((_, versions)) => versions
            .iter()
            .all(|version| (one < *version) == (other < *version)),
        None => STABLE.contains(&operator),
    }
}
