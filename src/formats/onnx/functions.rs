//! Functions that a model defines, and branches of a choice: where an operator is one, what it does is written out.

use prost::Message;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::OnnxError;
use super::message::{Attribute, Graph, Model, Node, OperatorSet};
use super::order::order;

/// Operators of a model with its functions written out; beyond, a file is not a model but an attack.
const MAX_NODES: usize = 1 << 20;

/// Functions within functions.
const MAX_DEPTH: usize = 16;

#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, repeated, tag = "4")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    output: Vec<String>,
    #[prost(string, repeated, tag = "6")]
    attribute: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    node: Vec<Node>,
    #[prost(message, repeated, tag = "9")]
    opset_import: Vec<OperatorSet>,
    #[prost(string, optional, tag = "10")]
    domain: Option<String>,
    #[prost(message, repeated, tag = "11")]
    attribute_proto: Vec<Attribute>,
    #[prost(string, optional, tag = "13")]
    overload: Option<String>,
}

type Bodies = BTreeMap<(String, String, String), Body>;

/// The operators of a model, written out, each with the place of the one in the model's graph that it is part of.
#[derive(Debug, Clone)]
pub(super) struct WrittenOut {
    pub nodes: Vec<Node>,
    pub places: Vec<usize>,
    /// The conditions under which each is computed, and what they must be.
    pub guards: Vec<Rc<[(String, bool)]>>,
}

/// The operators of a model's graph. Those that are functions of the model are replaced by what these do, but for
/// functions of another version of ONNX's operators. Of a choice (`If`) both branches are written out, and after them
/// an `If` that reads the condition and the results of both.
pub(super) fn entered(model: &Model) -> Result<WrittenOut, OnnxError> {
    let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
    let mut bodies = Bodies::new();
    for bytes in &model.functions {
        let Ok(body) = Body::decode(bytes.clone()) else {
            continue;
        };
        if is_simple(&body, model) {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let key = (
                own_domain(text(&body.domain)),
                text(&body.name),
                text(&body.overload),
            );
            bodies.insert(key, body);
        }
    }
    let mut writer = Writer {
        bodies: &bodies,
        written: WrittenOut {
            nodes: Vec::with_capacity(graph.node.len()),
            places: Vec::with_capacity(graph.node.len()),
            guards: Vec::with_capacity(graph.node.len()),
        },
        place: 0,
        guard: Rc::new([]),
        calls: 0,
    };
    for place in order(&graph.node) {
        writer.place = place;
        writer.write(graph.node[place].clone(), 0)?;
    }
    Ok(writer.written)
}

fn own_domain(domain: String) -> String {
    match domain.as_str() {
        "ai.onnx" => String::new(),
        _ => domain,
    }
}

fn key(node: &Node) -> (String, String, String) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (
        own_domain(text(&node.domain)),
        text(&node.op_type),
        text(&node.overload),
    )
}

fn is_simple(body: &Body, model: &Model) -> bool {
    let version = |sets: &[OperatorSet], domain: &str| {
        let own = |set: &&OperatorSet| own_domain(set.domain.clone().unwrap_or_default()) == domain;
        sets.iter().find(own).and_then(|set| set.version)
    };
    let made: HashSet<&String> = body.node.iter().flat_map(|node| &node.output).collect();
    let is_whole = !body.output.is_empty() && body.output.iter().all(|name| made.contains(name));
    let uses_own = |node: &Node| every(node).any(|node| key(node).0.is_empty());
    let same = version(&body.opset_import, "") == version(&model.opset_import, "");
    is_whole && (same || !body.node.iter().any(uses_own))
}

/// An operator, and those of the graphs within it.
pub(super) fn every(node: &Node) -> Box<dyn Iterator<Item = &Node> + '_> {
    let attributes = node.attribute.iter();
    let graphs = attributes.flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    let inner = graphs.flat_map(|graph| graph.node.iter().flat_map(every));
    Box::new(std::iter::once(node).chain(inner))
}

struct Writer<'a> {
    bodies: &'a Bodies,
    written: WrittenOut,
    /// The place of the operator that is being written.
    place: usize,
    /// The conditions under which it is computed.
    guard: Rc<[(String, bool)]>,
    calls: usize,
}

impl Writer<'_> {
    fn write(&mut self, node: Node, depth: usize) -> Result<(), OnnxError> {
        let fits = |body: &&Body| depth < MAX_DEPTH && node.output.len() <= body.output.len();
        let body = self.bodies.get(&key(&node)).filter(fits);
        let Some(body) = body else {
            return match branches(&node).filter(|_| depth < MAX_DEPTH) {
                Some(branches) => self.choose(&node, branches, depth),
                None => self.push(node),
            };
        };
        self.calls += 1;
        let prefix = format!("{}/{}/", node.op_type.as_deref().unwrap_or(""), self.calls);
        let mut names: HashMap<&str, String> = HashMap::new();
        for (place, name) in body.input.iter().enumerate() {
            names.insert(name, node.input.get(place).cloned().unwrap_or_default());
        }
        // An output that the caller leaves out may be read within the function all the same.
        for (name, given) in body.output.iter().zip(&node.output) {
            if !given.is_empty() {
                names.insert(name, given.clone());
            }
        }
        // Graphs within its operators read these names, too.
        let inner = body.node.iter();
        for name in inner.flat_map(|own| own.output.iter().chain(&own.input)) {
            let given = || format!("{prefix}{name}");
            if !name.is_empty() {
                names.entry(name).or_insert_with(given);
            }
        }
        let inner = body.node.iter().map(|own| {
            let own = Node {
                name: own.name.as_ref().map(|own| format!("{prefix}{own}")),
                ..resolved(own, &node, body)
            };
            renamed(&own, &names)
        });
        let inner: Vec<Node> = inner.collect();
        for own in inner {
            self.write(own, depth + 1)?;
        }
        Ok(())
    }
}

impl Writer<'_> {
    fn push(&mut self, node: Node) -> Result<(), OnnxError> {
        if self.written.nodes.len() >= MAX_NODES {
            return Err(OnnxError::TooLarge("operators"));
        }
        self.written.nodes.push(node);
        self.written.places.push(self.place);
        self.written.guards.push(Rc::clone(&self.guard));
        Ok(())
    }

    /// Writes out both branches.
    fn choose(
        &mut self,
        node: &Node,
        branches: [&Graph; 2],
        depth: usize,
    ) -> Result<(), OnnxError> {
        self.calls += 1;
        // Choices within a branch are calls of their own.
        let call = self.calls;
        let mut inputs = node.input.clone();
        let outer = Rc::clone(&self.guard);
        for (branch, word) in branches.into_iter().zip(["then", "else"]) {
            let condition = inputs.first().cloned().unwrap_or_default();
            let own = (condition, word == "then");
            self.guard = outer.iter().cloned().chain([own]).collect();
            let prefix = format!("If/{call}/{word}/");
            let own = branch.node.iter().flat_map(|node| &node.output);
            let held = branch
                .initializer
                .iter()
                .filter_map(|tensor| tensor.name.as_ref());
            let names: HashMap<&str, String> = own
                .chain(held)
                .filter(|name| !name.is_empty())
                .map(|name| (name.as_str(), format!("{prefix}{name}")))
                .collect();
            for tensor in &branch.initializer {
                let name = tensor.name.as_deref().unwrap_or("");
                self.push(Node {
                    op_type: Some("Constant".into()),
                    output: vec![names.get(name).cloned().unwrap_or_default()],
                    attribute: vec![Attribute {
                        name: Some("value".into()),
                        t: Some(tensor.clone()),
                        ..Attribute::default()
                    }],
                    ..Node::default()
                })?;
            }
            for own in &branch.node {
                self.write(renamed(own, &names), depth + 1)?;
            }
            let results = branch.output.iter().map(|output| {
                let name = output.name.as_deref().unwrap_or("");
                names.get(name).cloned().unwrap_or_else(|| name.to_owned())
            });
            inputs.extend(results);
        }
        self.guard = outer;
        self.push(Node {
            input: inputs,
            attribute: Vec::new(),
            ..node.clone()
        })
    }
}

/// The branches of a choice between as many results as it has.
fn branches(node: &Node) -> Option<[&Graph; 2]> {
    let (domain, operator, _) = key(node);
    if !domain.is_empty() || operator != "If" || node.input.len() != 1 {
        return None;
    }
    let branch = |name: &str| {
        let mut attributes = node.attribute.iter();
        let found = attributes.find(|attribute| attribute.name.as_deref() == Some(name))?;
        let plain = |graph: &&Graph| {
            graph.input.is_empty()
                && graph.sparse_initializer.is_empty()
                && graph.output.len() == node.output.len()
        };
        found.g.as_ref().filter(plain)
    };
    Some([branch("then_branch")?, branch("else_branch")?])
}

/// An operator with other names for some tensors, also where graphs within it read them.
fn renamed(node: &Node, names: &HashMap<&str, String>) -> Node {
    let name = |own: &String| names.get(own.as_str()).unwrap_or(own).clone();
    let within = |graph: &Graph| {
        let mut graph = graph.clone();
        graph.node = graph.node.iter().map(|node| renamed(node, names)).collect();
        for output in &mut graph.output {
            output.name = output.name.as_ref().map(name);
        }
        graph
    };
    let attribute = |own: &Attribute| {
        let mut attribute = own.clone();
        attribute.g = own.g.as_ref().map(within);
        attribute.graphs = own.graphs.iter().map(within).collect();
        attribute
    };
    Node {
        input: node.input.iter().map(name).collect(),
        output: node.output.iter().map(name).collect(),
        attribute: node.attribute.iter().map(attribute).collect(),
        ..node.clone()
    }
}

/// An operator within a function with its own attributes, the caller's, or the function's defaults.
fn resolved(own: &Node, caller: &Node, body: &Body) -> Node {
    let within = |graph: &Graph| {
        let nodes = graph.node.iter();
        Graph {
            node: nodes.map(|node| resolved(node, caller, body)).collect(),
            ..graph.clone()
        }
    };
    let resolved = own.attribute.iter().filter_map(|attribute| {
        let asked = attribute
            .ref_attr_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let Some(asked) = asked else {
            return Some(Attribute {
                g: attribute.g.as_ref().map(within),
                graphs: attribute.graphs.iter().map(within).collect(),
                ..attribute.clone()
            });
        };
        let mut given = caller.attribute.iter().chain(&body.attribute_proto);
        let found = given.find(|given| given.name.as_deref() == Some(asked))?;
        Some(Attribute {
            name: attribute.name.clone(),
            ..found.clone()
        })
    });
    Node {
        attribute: resolved.collect(),
        ..own.clone()
    }
}
