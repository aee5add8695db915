//! What operators read, and which of them are read.

use std::collections::HashSet;

use super::message;

/// On which operators does some output depend?
pub(super) fn live(graph: &message::Graph, nodes: &[message::Node]) -> Vec<bool> {
    let outputs = graph.output.iter();
    let mut wanted: HashSet<&str> = outputs
        .filter_map(|output| output.name.as_deref())
        .collect();
    let mut live = vec![false; nodes.len()];
    // Operators stand after those that they read.
    for (own, node) in live.iter_mut().zip(nodes).rev() {
        *own = node
            .output
            .iter()
            .any(|name| wanted.contains(name.as_str()));
        if *own {
            wanted.extend(read_by(node));
        }
    }
    live
}

/// Names of tensors that an operator reads, those that graphs within it read among them.
pub(super) fn read_by(node: &message::Node) -> impl Iterator<Item = &str> {
    let own = node.input.iter().map(String::as_str);
    own.chain(read_within(node))
}

/// Names of tensors that graphs within an operator read.
pub(super) fn read_within(node: &message::Node) -> Vec<&str> {
    let mut inner = Vec::new();
    for attribute in &node.attribute {
        let graphs = attribute.g.iter().chain(&attribute.graphs);
        graphs.for_each(|graph| names(graph, &mut inner));
    }
    inner
}

/// Names of tensors that a graph within an operator reads.
fn names<'a>(graph: &'a message::Graph, found: &mut Vec<&'a str>) {
    for node in &graph.node {
        found.extend(node.input.iter().map(String::as_str));
        for attribute in &node.attribute {
            attribute
                .g
                .iter()
                .chain(&attribute.graphs)
                .for_each(|inner| names(inner, found));
        }
    }
    found.extend(
        graph
            .output
            .iter()
            .filter_map(|output| output.name.as_deref()),
    );
}
