//! The parts of ONNX's protobuf messages that balancing looks at; every other field is passed over.
//!
//! A decoded message shares the bytes of its file, so that a tensor's data tell where they stand in it. Packed numbers
//! are kept as bytes for that reason. Nothing is ever encoded from these: files are changed in place.

use bytes::Bytes;
use prost::Message;

/// `ModelProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// The version of the format.
    #[prost(int64, optional, tag = "1")]
    pub ir_version: Option<i64>,
    /// The graph.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// The sets of operators that the graph uses.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    /// Operators that the file defines itself, as they stand.
    #[prost(bytes = "bytes", repeated, tag = "25")]
    pub functions: Vec<Bytes>,
}

/// What of a `FunctionProto` says which operator it defines.
#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, optional, tag = "10")]
    domain: Option<String>,
}

impl Model {
    /// The operators that the file defines itself, by domain and name.
    pub fn defined(&self) -> impl Iterator<Item = (String, String)> {
        let functions = self.functions.iter();
        functions.filter_map(|function| {
            let function = Function::decode(function.clone()).ok()?;
            Some((function.domain.unwrap_or_default(), function.name?))
        })
    }
}

/// `OperatorSetIdProto`.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Empty, or `ai.onnx`, for ONNX itself.
    #[prost(string, optional, tag = "1")]
    pub domain: Option<String>,
    /// Its version.
    #[prost(int64, optional, tag = "2")]
    pub version: Option<i64>,
}

/// `GraphProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The operators, each after those whose results it reads.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// Constant tensors: the weights.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// What is given.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// What is asked for.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
    /// Shapes of what lies between.
    #[prost(message, repeated, tag = "13")]
    pub value_info: Vec<ValueInfo>,
    /// Constant tensors stored by their nonzero entries.
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensor>,
}

/// `NodeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of tensors; empty where an optional one is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of tensors; empty where an optional one is left out.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// A name, or nothing.
    #[prost(string, optional, tag = "3")]
    pub name: Option<String>,
    /// The operator.
    #[prost(string, optional, tag = "4")]
    pub op_type: Option<String>,
    /// Its settings.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// The set of operators that it is from.
    #[prost(string, optional, tag = "7")]
    pub domain: Option<String>,
    /// Which of several functions of one name it is.
    #[prost(string, optional, tag = "8")]
    pub overload: Option<String>,
}

/// `AttributeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// A number.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// An integer.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// A text.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub s: Option<Bytes>,
    /// A tensor.
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    /// A graph.
    #[prost(message, optional, tag = "6")]
    pub g: Option<Graph>,
    /// Numbers.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// Integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Texts.
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub strings: Vec<Bytes>,
    /// Which of these it is.
    #[prost(int32, optional, tag = "20")]
    pub r#type: Option<i32>,
    /// Tensors.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<Tensor>,
    /// Graphs.
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<Graph>,
    /// A type, as it stands.
    #[prost(bytes = "bytes", optional, tag = "14")]
    pub tp: Option<Bytes>,
    /// Types, as they stand.
    #[prost(bytes = "bytes", repeated, tag = "15")]
    pub type_protos: Vec<Bytes>,
    /// Within a function: the attribute of the caller that it takes.
    #[prost(string, optional, tag = "21")]
    pub ref_attr_name: Option<String>,
    /// A tensor stored by its nonzero entries.
    #[prost(message, optional, tag = "22")]
    pub sparse_tensor: Option<SparseTensor>,
    /// Several of them.
    #[prost(message, repeated, tag = "23")]
    pub sparse_tensors: Vec<SparseTensor>,
}

/// `TensorProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Its shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// The type of its entries; see [`element`].
    #[prost(int32, optional, tag = "2")]
    pub data_type: Option<i32>,
    /// Set if only a part of the tensor is here.
    #[prost(message, optional, tag = "3")]
    pub segment: Option<Segment>,
    /// `f32` entries, little endian.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub float_data: Vec<Bytes>,
    /// Entries of 32 bits and fewer that are no `f32`.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Texts.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    /// Integers.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name.
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    /// Entries of any type, little endian.
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub raw_data: Option<Bytes>,
    /// `f64` entries, little endian.
    #[prost(bytes = "bytes", repeated, tag = "10")]
    pub double_data: Vec<Bytes>,
    /// Integers without a sign.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Where the data are, if not here: `location`, `offset`, `length`.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<Entry>,
    /// 1 if the data are in another file.
    #[prost(int32, optional, tag = "14")]
    pub data_location: Option<i32>,
}

/// The types of entries that balancing tells apart.
pub mod element {
    /// `f32`.
    pub const FLOAT: i32 = 1;
    /// `i32`.
    pub const INT32: i32 = 6;
    /// Truth values.
    pub const BOOL: i32 = 9;
    /// `i64`.
    pub const INT64: i32 = 7;
    /// `f16`.
    pub const FLOAT16: i32 = 10;
    /// `f64`.
    pub const DOUBLE: i32 = 11;
    /// `bf16`.
    pub const BFLOAT16: i32 = 16;
    /// Floats of 8 bits.
    pub const FLOAT8: std::ops::RangeInclusive<i32> = 17..=20;
}

/// `TensorProto.Segment`.
#[derive(Clone, PartialEq, Message)]
pub struct Segment {
    /// Where the part begins.
    #[prost(int64, optional, tag = "1")]
    pub begin: Option<i64>,
    /// Where it ends.
    #[prost(int64, optional, tag = "2")]
    pub end: Option<i64>,
}

/// `SparseTensorProto`.
#[derive(Clone, PartialEq, Message)]
pub struct SparseTensor {
    /// The nonzero entries, and the name of the tensor.
    #[prost(message, optional, tag = "1")]
    pub values: Option<Tensor>,
    /// Where they stand.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<Tensor>,
    /// The shape.
    #[prost(int64, repeated, packed = "false", tag = "3")]
    pub dims: Vec<i64>,
}

impl SparseTensor {
    /// The name of the tensor; empty if it has none.
    pub fn name(&self) -> &str {
        let values = self.values.as_ref();
        values
            .and_then(|values| values.name.as_deref())
            .unwrap_or("")
    }
}

/// `StringStringEntryProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    /// The key.
    #[prost(string, optional, tag = "1")]
    pub key: Option<String>,
    /// The value.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

/// `ValueInfoProto`.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// The name of a tensor.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// `TypeProto`, for tensors.
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// The type of a dense tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// `TypeProto.Tensor`.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// The type of its entries.
    #[prost(int32, optional, tag = "1")]
    pub elem_type: Option<i32>,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// `TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// The length along each axis.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// A number.
    #[prost(int64, optional, tag = "1")]
    pub dim_value: Option<i64>,
    /// Or a name for one that is not known.
    #[prost(string, optional, tag = "2")]
    pub dim_param: Option<String>,
}
