//! A graph as its meaning: where every tensor comes from, whatever it is called and however it is stored.

use bytes::Bytes;
use prost::Message;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::OnnxFile;
use super::message::{Attribute, Graph, Node, Tensor, TensorType, element};
use super::spelling;

/// What a tensor comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An input of the model.
    Input(usize),
    /// One of the [`Side::leaves`].
    Constant(usize),
    /// A result of an operator.
    Made(usize, usize),
    /// An optional input that is left out.
    Nothing,
}

/// A constant: an initializer, or what an operator `Constant` holds.
pub(super) struct Leaf<'a> {
    pub name: &'a str,
    pub shape: Vec<i64>,
    pub data_type: i32,
    data: Data<'a>,
}

enum Data<'a> {
    Tensor(&'a Tensor),
    /// Little endian, as it would be stored.
    Bytes(Vec<u8>),
    /// What has no plain entries: its message.
    Other(Vec<u8>),
}

/// Two numbers for everything that an operator depends on: its structure alone, and its structure with the names of
/// constants.
type Key = (u64, u64);

/// One of two models.
pub(super) struct Side<'a> {
    pub file: &'a OnnxFile,
    pub nodes: &'a [Node],
    pub inputs: Vec<&'a str>,
    /// What is declared of each.
    pub types: Vec<Option<&'a TensorType>>,
    pub leaves: Vec<Leaf<'a>>,
    /// The constant that each input is where a caller gives none.
    defaults: Vec<Option<usize>>,
    sources: HashMap<&'a str, Source>,
    keys: Vec<Key>,
}

impl<'a> Side<'a> {
    pub fn new(file: &'a OnnxFile) -> Self {
        let graph = file.model.graph.as_ref();
        let mut side = Side {
            file,
            nodes: &file.written.nodes,
            inputs: Vec::new(),
            types: Vec::new(),
            leaves: Vec::new(),
            defaults: Vec::new(),
            sources: HashMap::new(),
            keys: Vec::new(),
        };
        if let Some(graph) = graph {
            side.given(graph);
        }
        for place in 0..side.nodes.len() {
            side.node(place);
        }
        side
    }

    /// Inputs and initializers.
    fn given(&mut self, graph: &'a Graph) {
        let held: HashMap<&str, &Tensor> = graph
            .initializer
            .iter()
            .map(|tensor| (tensor.name.as_deref().unwrap_or(""), tensor))
            .collect();
        // Before version 4 every initializer is listed among the inputs too; after it, one that is may be set by a
        // caller.
        let may_be_set = self.file.model.ir_version.unwrap_or(0) >= 4;
        for input in &graph.input {
            let name = input.name.as_deref().unwrap_or("");
            if may_be_set || !held.contains_key(name) {
                self.sources.insert(name, Source::Input(self.inputs.len()));
                self.inputs.push(name);
                self.defaults.push(held.get(name).map(|tensor| {
                    self.leaves.push(Leaf::tensor(name, tensor));
                    self.leaves.len() - 1
                }));
                let declared = input.r#type.as_ref();
                self.types
                    .push(declared.and_then(|own| own.tensor_type.as_ref()));
            }
        }
        for tensor in &graph.initializer {
            let name = tensor.name.as_deref().unwrap_or("");
            if !self.sources.contains_key(name) {
                self.leaf(name, Leaf::tensor(name, tensor));
            }
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.name();
            let mut message = sparse.clone();
            if let Some(values) = &mut message.values {
                values.name = None;
            }
            self.leaf(name, Leaf::other(name, message.encode_to_vec()));
        }
    }

    fn leaf(&mut self, name: &'a str, leaf: Leaf<'a>) {
        self.sources
            .insert(name, Source::Constant(self.leaves.len()));
        self.leaves.push(leaf);
    }

    fn node(&mut self, place: usize) {
        let node = &self.nodes[place];
        self.keys.push(self.key_of(node));
        let name = node.output.first().map_or("", String::as_str);
        match spelling::operator(node) {
            "Identity" if node.input.len() == 1 => {
                let source = self.source(&node.input[0]);
                self.sources.insert(name, source);
            }
            "Constant" if node.attribute.len() == 1 => {
                let leaf = Leaf::held(name, &node.attribute[0]);
                self.leaf(name, leaf);
            }
            _ => {
                for (number, name) in node.output.iter().enumerate() {
                    if !name.is_empty() {
                        self.sources.insert(name, Source::Made(place, number));
                    }
                }
            }
        }
    }

    /// The version of a set of operators that the model asks for.
    pub fn version(&self, domain: &str) -> i64 {
        let own = |domain: &str| {
            if domain == "ai.onnx" {
                String::new()
            } else {
                domain.to_owned()
            }
        };
        let mut sets = self.file.model.opset_import.iter();
        let set = sets.find(|set| own(set.domain.as_deref().unwrap_or("")) == own(domain));
        set.and_then(|set| set.version).unwrap_or(1)
    }

    /// Where the tensor of a name comes from.
    pub fn source(&self, name: &str) -> Source {
        self.sources.get(name).copied().unwrap_or(Source::Nothing)
    }

    /// What an operator reads, and after it what graphs within it read from outside.
    pub fn inputs_of(&self, node: &Node) -> Vec<Source> {
        let end = node.input.iter().rposition(|name| !name.is_empty());
        let own = node.input[..end.map_or(0, |end| end + 1)].iter();
        let mut captured = Vec::new();
        for graph in spelling::graphs(node) {
            captured.extend(spelling::plain(graph).1);
        }
        let names = own
            .map(String::as_str)
            .chain(captured.iter().map(String::as_str));
        names.map(|name| self.source(name)).collect()
    }

    fn key_of(&self, node: &Node) -> Key {
        let mut inputs: Vec<Key> = self
            .inputs_of(node)
            .iter()
            .map(|source| self.key(*source))
            .collect();
        if spelling::is_symmetric(node) {
            inputs.sort_unstable();
        }
        let attributes = spelling::attributes(node);
        let hash = |inputs: Vec<u64>| {
            let mut hasher = DefaultHasher::new();
            (spelling::operator(node), &node.domain, &attributes, inputs).hash(&mut hasher);
            hasher.finish()
        };
        let (structure, named) = inputs.into_iter().unzip();
        (hash(structure), hash(named))
    }

    /// What a tensor depends on; equal for what is equal but for its weights.
    pub fn key(&self, source: Source) -> Key {
        let hash = |what: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            what(&mut hasher);
            hasher.finish()
        };
        match source {
            Source::Nothing => (0, 0),
            Source::Input(place) => {
                let key = hash(&|hasher| (1, place).hash(hasher));
                (key, key)
            }
            Source::Constant(leaf) => {
                let leaf = &self.leaves[leaf];
                let role =
                    |hasher: &mut DefaultHasher| (2, &leaf.shape, leaf.data_type).hash(hasher);
                (
                    hash(&role),
                    hash(&|hasher| {
                        role(hasher);
                        leaf.name.hash(hasher);
                    }),
                )
            }
            Source::Made(node, number) => {
                let key = self.keys[node];
                let of = |key: u64| hash(&|hasher| (3, key, number).hash(hasher));
                (of(key.0), of(key.1))
            }
        }
    }

    /// The entries of a constant, little endian, and whether they are its entries and not its message.
    pub fn data(&self, leaf: usize) -> (Vec<u8>, bool) {
        match &self.leaves[leaf].data {
            Data::Bytes(bytes) => (bytes.clone(), true),
            Data::Other(bytes) => (bytes.clone(), false),
            Data::Tensor(tensor) => {
                if tensor.data_location == Some(1) {
                    let name = self.leaves[leaf].name;
                    let held = self.file.constants.iter().find(|held| held.name == name);
                    if let Some((file, range)) = held.and_then(|held| held.data.clone()) {
                        return (self.file.files.bytes(file)[range].to_vec(), true);
                    }
                }
                match spelling::entries(tensor) {
                    Some(entries) => (entries, true),
                    None => (tensor.encode_to_vec(), false),
                }
            }
        }
    }

    /// What is not the same of an input where a caller gives none, if that is something before.
    pub fn default_differs(&self, input: usize, after: &Side, second: usize) -> Option<&str> {
        let own = self.defaults[input]?;
        let Some(other) = after.defaults[second] else {
            return Some("has no value of its own after");
        };
        let is_outside = |side: &Side, leaf: usize| match &side.leaves[leaf].data {
            Data::Tensor(tensor) => tensor.data_location == Some(1),
            Data::Bytes(_) | Data::Other(_) => false,
        };
        if is_outside(self, own) || is_outside(after, other) {
            return Some("has a value in another file, which is not compared");
        }
        let (one, second) = (&self.leaves[own], &after.leaves[other]);
        let same = one.shape == second.shape
            && one.data_type == second.data_type
            && self.data(own) == after.data(other);
        (!same).then_some("has another value after where a caller gives none")
    }

    /// An operator in words.
    pub fn describe(&self, place: usize) -> String {
        let node = &self.nodes[place];
        let named = node.name.as_deref().filter(|name| !name.is_empty());
        let name = named.or(node.output.first().map(String::as_str));
        let operator = node.op_type.as_deref().unwrap_or("");
        let place = self.file.written.places[place];
        format!("{operator} `{}` (nodes[{place}])", name.unwrap_or(""))
    }

    /// A tensor in words.
    pub fn name(&self, source: Source) -> String {
        match source {
            Source::Nothing => "nothing".into(),
            Source::Input(place) => format!("the input `{}`", self.inputs[place]),
            Source::Constant(leaf) => format!("the constant `{}`", self.leaves[leaf].name),
            Source::Made(node, 0) => format!("the result of {}", self.describe(node)),
            Source::Made(node, number) => {
                format!("result {number} of {}", self.describe(node))
            }
        }
    }
}

impl<'a> Leaf<'a> {
    fn tensor(name: &'a str, tensor: &'a Tensor) -> Self {
        Leaf {
            name,
            shape: tensor.dims.clone(),
            data_type: tensor.data_type.unwrap_or(0),
            data: Data::Tensor(tensor),
        }
    }

    fn other(name: &'a str, message: Vec<u8>) -> Self {
        Leaf {
            name,
            shape: Vec::new(),
            data_type: 0,
            data: Data::Other(message),
        }
    }

    /// What an operator `Constant` holds, in whichever attribute.
    fn held(name: &'a str, attribute: &'a Attribute) -> Self {
        let bytes = |data_type: i32, shape: Vec<i64>, bytes: Vec<u8>| Leaf {
            name,
            shape,
            data_type,
            data: Data::Bytes(bytes),
        };
        let floats = |values: &[f32]| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        };
        let integers = |values: &[i64]| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        };
        match (attribute.name.as_deref().unwrap_or(""), &attribute.t) {
            ("value", Some(tensor)) => Leaf::tensor(name, tensor),
            ("value_float", _) => bytes(
                element::FLOAT,
                vec![],
                floats(&[attribute.f.unwrap_or(0.0)]),
            ),
            ("value_floats", _) => bytes(
                element::FLOAT,
                vec![attribute.floats.len() as i64],
                floats(&attribute.floats),
            ),
            ("value_int", _) => bytes(
                element::INT64,
                vec![],
                integers(&[attribute.i.unwrap_or(0)]),
            ),
            ("value_ints", _) => bytes(
                element::INT64,
                vec![attribute.ints.len() as i64],
                integers(&attribute.ints),
            ),
            _ => Leaf::other(name, Bytes::from(attribute.encode_to_vec()).to_vec()),
        }
    }
}
