//! Graphviz DOT.

use petgraph::dot::{Config, Dot};

use crate::network::{Network, UnitKind};
use crate::numbers::Rational;

/// The network as a DOT graph: boxes for visible units, circles for units that can be scaled, weights on synapses.
///
/// ```
/// let network = synaptic_balance::network::chain(&[1, 2].map(|w| num_rational::BigRational::from_integer(w.into())));
/// assert!(synaptic_balance::formats::to_dot(&network).starts_with("digraph"));
/// ```
pub fn to_dot(network: &Network<Rational>) -> String {
    let graph = network.graph();
    let edge = |_, edge: petgraph::graph::EdgeReference<'_, Rational>| {
        format!("label = \"{}\"", edge.weight())
    };
    let node = |_, (index, unit): (petgraph::graph::NodeIndex, &crate::network::Unit<Rational>)| {
        let shape = match (network.variable(index.index()), unit.kind) {
            (Some(_), _) => "circle",
            (None, UnitKind::Hidden) => "octagon",
            (None, _) => "box",
        };
        format!("label = \"{}\" shape = {shape}", escaped(&unit.id))
    };
    let config = [Config::EdgeNoLabel, Config::NodeNoLabel];
    format!("{:?}", Dot::with_attr_getters(graph, &config, &edge, &node))
}

/// What a quoted DOT string needs.
fn escaped(id: &str) -> String {
    crate::network::printable(&id.replace('\\', "\\\\").replace('"', "\\\""))
}
