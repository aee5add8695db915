//! Graphviz DOT.

use petgraph::dot::{Config, Dot};

use crate::network::{Network, UnitKind};
use crate::numbers::Rational;

/// The network as a DOT graph: boxes for visible units, circles for units that can be scaled, octagons for hidden ones
/// that cannot, diamonds for products, weights on synapses, dashed lines from factors to products.
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
            (None, UnitKind::Product) => "diamond",
            (None, _) => "box",
        };
        format!("label = \"{}\" shape = {shape}", escaped(&unit.id))
    };
    let config = [Config::EdgeNoLabel, Config::NodeNoLabel];
    let mut text = format!("{:?}", Dot::with_attr_getters(graph, &config, &edge, &node));
    let end = text.rfind('}').unwrap_or(text.len());
    let dashed = network.products().iter().flat_map(|unit| {
        let factors = network.factors(*unit).iter();
        factors.map(move |factor| format!("    {factor} -> {unit} [ style = dashed ]\n"))
    });
    text.insert_str(end, &dashed.collect::<String>());
    text
}

/// What a quoted DOT string needs.
pub(super) fn escaped(id: &str) -> String {
    crate::network::printable(&id.replace('\\', "\\\\").replace('"', "\\\""))
}
