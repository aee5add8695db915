//! ReLU6, in every spelling: where it is, and `Relu` in its place.
//!
//! `min(max(x, 0), 6)` does not scale, as its bound stays where it is. `Relu` scales, and differs where `x > 6`.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

use super::message::Node;
use super::scattered::{put, rebuilt};
use super::wire::fields;
use super::{OnnxError, OnnxFile};

/// The bound.
const SIX: f64 = 6.0;

/// A ReLU6 of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relu6 {
    /// The operator that has the bound.
    pub operator: String,
    /// Its name, or that of the tensor that it makes.
    pub name: String,
}

/// What an operator computes of one tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `min(max(x, 0), 6)`.
    Both,
    /// `min(x, 6)`.
    Cap,
    /// `max(x, 0)`.
    Floor,
}

/// An operator that is replaced: by which, and the input that it keeps.
struct Edit {
    operator: &'static str,
    input: String,
}

impl OnnxFile {
    /// Where the graph of the model has a ReLU6: `Clip` from 0 to 6, or a bound of 6 (`Clip`, `Min`) right behind or
    /// before one of 0 (`Relu`, `Clip`, `Max`). Not those of a hard sigmoid, which are of `x + 3`; nor of constants,
    /// inputs or outputs of the model, where nothing would become free; nor any within functions and graphs within the
    /// graph.
    pub fn relu6(&self) -> Vec<Relu6> {
        let Some(graph) = &self.model.graph else {
            return Vec::new();
        };
        let edits = self.edits().into_keys().map(|place| &graph.node[place]);
        let named = edits.map(|node| {
            let output = node.output.first().cloned().unwrap_or_default();
            let name = node.name.clone().filter(|name| !name.is_empty());
            Relu6 {
                operator: node.op_type.clone().unwrap_or_default(),
                name: name.unwrap_or(output),
            }
        });
        named.collect()
    }

    /// The model with `Relu` in the place of each [`ReLU6`](OnnxFile::relu6), without its weights as synapses: another
    /// function wherever a ReLU6 reads more than 6. Every byte but those of the operators, and of the lengths around
    /// them, stays as it was.
    ///
    /// # Errors
    /// As [`open`](OnnxFile::open).
    pub fn without_relu6(&self) -> Result<Self, OnnxError> {
        let edits = self.edits();
        let bytes = rebuilt(self.files.bytes(0), &mut |number, _, graph| match number {
            7 => {
                let own = rebuilt(graph, &mut |number, place, node| match edits
                    .get(&place)
                    .filter(|_| number == 1)
                {
                    Some(edit) => edited(node, edit).map(Some),
                    None => Ok(None),
                });
                own.map(Some)
            }
            _ => Ok(None),
        });
        OnnxFile::open(Bytes::from(bytes?), self.files.folder())
    }

    /// The operators to be replaced, by their numbers in the graph.
    fn edits(&self) -> BTreeMap<usize, Edit> {
        let Some(graph) = &self.model.graph else {
            return BTreeMap::new();
        };
        let values = self.single_values();
        let parts: Vec<Option<(Part, &str)>> =
            graph.node.iter().map(|node| part(node, &values)).collect();
        let mut made_by: BTreeMap<&str, usize> = BTreeMap::new();
        let mut read_by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, node) in graph.node.iter().enumerate() {
            made_by.extend(node.output.iter().map(|name| (name.as_str(), place)));
            for name in &node.input {
                read_by.entry(name).or_default().push(place);
            }
        }
        let asked = graph
            .output
            .iter()
            .filter_map(|output| output.name.as_deref());
        let asked: BTreeSet<&str> = asked.collect();
        let inputs = graph.input.iter().filter_map(|input| input.name.as_deref());
        let constants = self.constants.iter().map(|own| own.name.as_str());
        let given: BTreeSet<&str> = inputs.chain(constants).collect();
        let is = |place: &usize, part: Part| parts[*place].is_some_and(|(own, _)| own == part);
        // What reads graphs within the graph is not known.
        let has_graphs = |node: &Node| {
            node.attribute
                .iter()
                .any(|own| own.g.is_some() || !own.graphs.is_empty())
        };
        let is_closed = !graph.node.iter().any(has_graphs);
        let mut edits = BTreeMap::new();
        for (place, part) in parts.iter().enumerate() {
            let Some((part, input)) = part else { continue };
            let output = graph.node[place].output.first().map_or("", String::as_str);
            let maker = |name: &str| made_by.get(name).map(|place| &graph.node[*place]);
            let is_fixed = given.contains(input) || asked.contains(output);
            if is_fixed || is_of_sum_with_three(input, &maker, &values) {
                continue;
            }
            let readers = read_by.get(output).map_or(&[][..], Vec::as_slice);
            let is_floored = made_by
                .get(input)
                .is_some_and(|maker| is(maker, Part::Floor) || is(maker, Part::Both));
            let is_read_by_floors = !readers.is_empty()
                && readers.iter().all(|reader| is(reader, Part::Floor))
                && !asked.contains(output)
                && is_closed;
            let operator = match part {
                Part::Both => "Relu",
                Part::Cap if is_floored || is_read_by_floors => "Identity",
                _ => continue,
            };
            edits.insert(
                place,
                Edit {
                    operator,
                    input: (*input).to_owned(),
                },
            );
        }
        edits
    }

    /// The constants all of whose entries are one number, by name.
    fn single_values(&self) -> BTreeMap<String, Single> {
        let mut values = BTreeMap::new();
        for constant in &self.constants {
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            let bytes = &self.files.bytes(file)[start..][..constant.len() * storage.size()];
            let mut entries = bytes.chunks_exact(storage.size());
            let Some(first) = entries.next() else {
                continue;
            };
            if entries.all(|entry| entry == first) {
                let single = Single {
                    value: storage.decode(first),
                    is_scalar: constant.len() == 1 && constant.shape.len() <= 1,
                };
                values.insert(constant.name.clone(), single);
            }
        }
        let nodes = self.model.graph.iter().flat_map(|graph| &graph.node);
        for node in nodes.filter(|node| is_onnx(node)) {
            let operator = node.op_type.as_deref().unwrap_or("");
            let keeps_shape = matches!(operator, "Identity" | "Cast");
            let passes =
                keeps_shape || matches!(operator, "Reshape" | "Unsqueeze" | "Squeeze" | "Expand");
            let first = node.input.first().and_then(|name| values.get(name));
            if let (true, Some(first), Some(output)) = (passes, first, node.output.first()) {
                let single = Single {
                    value: first.value,
                    is_scalar: first.is_scalar && keeps_shape,
                };
                values.insert(output.clone(), single);
            }
        }
        values
    }
}

/// The number that all entries of a constant are.
#[derive(Debug, Clone, Copy)]
struct Single {
    value: f64,
    /// Does it give no other tensor another shape?
    is_scalar: bool,
}

/// What an operator is of a ReLU6, and the name of what it reads.
fn part<'n>(node: &'n Node, values: &BTreeMap<String, Single>) -> Option<(Part, &'n str)> {
    if !is_onnx(node) {
        return None;
    }
    let value = |place: usize| node.input.get(place).and_then(|name| values.get(name));
    let first = node.input.first().map(String::as_str);
    match node.op_type.as_deref()? {
        "Relu" => Some((Part::Floor, first?)),
        "Clip" => {
            let float = |name: &str| {
                let own = node
                    .attribute
                    .iter()
                    .find(|own| own.name.as_deref() == Some(name));
                own.map(|own| f64::from(own.f.unwrap_or(0.0)))
            };
            let is_named =
                |place: usize| node.input.get(place).is_some_and(|name| !name.is_empty());
            let bound = |place: usize, name: &str, open: f64| match (is_named(place), float(name)) {
                (true, _) => value(place).map_or(f64::NAN, |own| own.value),
                (false, Some(own)) => own,
                (false, None) => open,
            };
            let low = bound(1, "min", f64::NEG_INFINITY);
            let high = bound(2, "max", f64::INFINITY);
            let (is_open_below, is_open_above) =
                (low <= f64::from(f32::MIN), high >= f64::from(f32::MAX));
            let part = match (low == 0.0, high == SIX) {
                (true, true) => Part::Both,
                (false, true) if is_open_below => Part::Cap,
                (true, false) if is_open_above => Part::Floor,
                _ => return None,
            };
            Some((part, first?))
        }
        operator @ ("Min" | "Max") => {
            let [one, other] = node.input.as_slice() else {
                return None;
            };
            let (read, bound) = match (value(0), value(1)) {
                (None, Some(bound)) => (one, bound),
                (Some(bound), None) => (other, bound),
                _ => return None,
            };
            // A bound with more axes would make what it bounds larger.
            match (operator, Some(bound.value).filter(|_| bound.is_scalar)?) {
                ("Min", SIX) => Some((Part::Cap, read)),
                ("Max", 0.0) => Some((Part::Floor, read)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_onnx(node: &Node) -> bool {
    matches!(node.domain.as_deref(), None | Some("" | "ai.onnx"))
}

/// Operators that carry on what they read, or cut it off at 0.
const CARRIERS: &[&str] = &[
    "Identity",
    "Cast",
    "Dropout",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Relu",
    "Clip",
    "Max",
];

/// Steps back in search of a sum.
const STEPS: usize = 16;

/// Is it `x + 3`, perhaps in another shape, which a hard sigmoid cuts off at 0 and 6?
fn is_of_sum_with_three<'n>(
    mut name: &'n str,
    maker: &impl Fn(&str) -> Option<&'n Node>,
    values: &BTreeMap<String, Single>,
) -> bool {
    let is = |name: &String, value: f64| values.get(name).is_some_and(|own| own.value == value);
    for _ in 0..STEPS {
        let Some(node) = maker(name).filter(|node| is_onnx(node)) else {
            return false;
        };
        let carried = match node.op_type.as_deref().unwrap_or("") {
            "Add" => return node.input.iter().any(|name| is(name, 3.0)),
            "Sub" => return node.input.get(1).is_some_and(|name| is(name, -3.0)),
            operator if CARRIERS.contains(&operator) => {
                let mut inputs = node.input.iter();
                inputs.find(|name| !values.contains_key(*name))
            }
            _ => return false,
        };
        match carried {
            Some(carried) => name = carried,
            None => return false,
        }
    }
    false
}

/// An operator with another name and one input; its outputs, its own name and what is said of it stay.
fn edited(bytes: &[u8], edit: &Edit) -> Result<Vec<u8>, OnnxError> {
    let mut result = Vec::with_capacity(bytes.len());
    put(&mut result, 1, edit.input.as_bytes());
    let mut walk = fields(bytes, 0..bytes.len());
    while let Some(field) = walk.next()? {
        match field.number {
            // Inputs, and settings.
            1 | 5 => {}
            4 => put(&mut result, 4, edit.operator.as_bytes()),
            _ => result.extend_from_slice(&bytes[field.start..field.content.end]),
        }
    }
    Ok(result)
}
