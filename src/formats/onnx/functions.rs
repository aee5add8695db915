//! Functions that a model defines: where an operator is one, what it does is written out.

use prost::Message;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::OnnxError;
use super::message::{Attribute, Model, Node, OperatorSet};

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

/// The operators of a model's graph, those that are functions of the model replaced by what these do; functions of another version of ONNX's operators, or
/// with graphs within their operators, stay as they are.
pub(super) fn entered(model: &Model) -> Result<Cow<'_, [Node]>, OnnxError> {
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
    let calls = |node: &Node| bodies.contains_key(&key(node));
    if !graph.node.iter().any(calls) {
        return Ok(Cow::Borrowed(&graph.node));
    }
    let mut writer = Writer {
        bodies: &bodies,
        nodes: Vec::new(),
        calls: 0,
    };
    for node in &graph.node {
        writer.write(node.clone(), 0)?;
    }
    Ok(Cow::Owned(writer.nodes))
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
    let has_graph = |node: &Node| {
        let mut attributes = node.attribute.iter();
        attributes.any(|attribute| attribute.g.is_some() || !attribute.graphs.is_empty())
    };
    let made: HashSet<&String> = body.node.iter().flat_map(|node| &node.output).collect();
    let is_whole = !body.output.is_empty() && body.output.iter().all(|name| made.contains(name));
    let uses_own = |node: &Node| key(node).0.is_empty();
    let same = version(&body.opset_import, "") == version(&model.opset_import, "");
    is_whole && !body.node.iter().any(has_graph) && (same || !body.node.iter().any(uses_own))
}

struct Writer<'a> {
    bodies: &'a Bodies,
    nodes: Vec<Node>,
    calls: usize,
}

impl Writer<'_> {
    fn write(&mut self, node: Node, depth: usize) -> Result<(), OnnxError> {
        let fits = |body: &&Body| depth < MAX_DEPTH && node.output.len() <= body.output.len();
        let body = self.bodies.get(&key(&node)).filter(fits);
        let Some(body) = body else {
            if self.nodes.len() >= MAX_NODES {
                return Err(OnnxError::TooLarge("operators"));
            }
            self.nodes.push(node);
            return Ok(());
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
        let name = |own: &String| match names.get(own.as_str()) {
            _ if own.is_empty() => String::new(),
            Some(given) => given.clone(),
            None => format!("{prefix}{own}"),
        };
        let inner: Vec<Node> = body
            .node
            .iter()
            .map(|own| Node {
                input: own.input.iter().map(name).collect(),
                output: own.output.iter().map(name).collect(),
                name: own.name.as_ref().map(|own| format!("{prefix}{own}")),
                attribute: attributes(own, &node, body),
                ..own.clone()
            })
            .collect();
        for own in inner {
            self.write(own, depth + 1)?;
        }
        Ok(())
    }
}

/// The attributes of an operator within a function: its own, the caller's, or the function's defaults.
fn attributes(own: &Node, caller: &Node, body: &Body) -> Vec<Attribute> {
    let resolved = own.attribute.iter().filter_map(|attribute| {
        let asked = attribute
            .ref_attr_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let Some(asked) = asked else {
            return Some(attribute.clone());
        };
        let mut given = caller.attribute.iter().chain(&body.attribute_proto);
        let found = given.find(|given| given.name.as_deref() == Some(asked))?;
        Some(Attribute {
            name: attribute.name.clone(),
            ..found.clone()
        })
    });
    resolved.collect()
}
