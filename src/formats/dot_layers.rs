//! A model as a graph of its layers.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::MappedPerceptron;
use super::dot::escaped;
use crate::network::{Network, UnitIndex, UnitKind};
use crate::numbers::Rational;

/// Groups of units, and how many weights lead from one to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerGraph {
    /// Names, with the number of units and of those that can be scaled.
    pub layers: Vec<(String, usize, usize)>,
    /// By the numbers of two layers, the weights from one to the other.
    pub weights: BTreeMap<(usize, usize), usize>,
}

impl LayerGraph {
    /// The layers of a network: those given, or the units of one depth; what is visible is apart from what is hidden.
    pub fn of_network(
        network: &Network<Rational>,
        groups: Option<&[(String, Vec<UnitIndex>)]>,
    ) -> Self {
        let mut graph = LayerGraph::default();
        let mut layer_of: Vec<Option<usize>> = vec![None; network.units()];
        for (name, units) in groups.unwrap_or_default() {
            graph.take(network, name, units, &mut layer_of);
        }
        let mut rest: BTreeMap<(usize, &str), Vec<UnitIndex>> = BTreeMap::new();
        for (unit, depth) in network.depths().into_iter().enumerate() {
            let kind = match network.unit(unit).kind {
                UnitKind::Input => "inputs",
                UnitKind::Bias => "biases",
                UnitKind::Hidden => "hidden",
                UnitKind::Product => "products",
                UnitKind::Output => "outputs",
            };
            rest.entry((depth, kind)).or_default().push(unit);
        }
        for ((depth, kind), units) in rest {
            let name = match kind {
                "inputs" | "biases" => kind.to_owned(),
                _ => format!("{kind}, depth {depth}"),
            };
            graph.take(network, &name, &units, &mut layer_of);
        }
        for synapse in 0..network.synapses() {
            let (from, to) = network.endpoints(synapse);
            if let (Some(from), Some(to)) = (layer_of[from], layer_of[to]) {
                *graph.weights.entry((from, to)).or_default() += 1;
            }
        }
        for unit in network.products().iter().copied() {
            let factors = network.factors(unit).iter();
            for from in factors.filter_map(|factor| layer_of[*factor]) {
                if let Some(to) = layer_of[unit] {
                    graph.weights.entry((from, to)).or_default();
                }
            }
        }
        graph
    }

    /// A layer of those units that are in none.
    fn take(
        &mut self,
        network: &Network<Rational>,
        name: &str,
        units: &[UnitIndex],
        layer_of: &mut [Option<usize>],
    ) {
        let number = self.layers.len();
        let (mut count, mut free) = (0, 0);
        for unit in units {
            if layer_of[*unit].is_none() {
                layer_of[*unit] = Some(number);
                count += 1;
                free += usize::from(network.variable(*unit).is_some());
            }
        }
        if count > 0 {
            self.layers.push((name.to_owned(), count, free));
        }
    }

    /// The graph in DOT: ellipses for layers with units that can be scaled, boxes for others.
    pub fn to_dot(&self) -> String {
        let mut text = "digraph {\n".to_owned();
        for (number, (name, units, free)) in self.layers.iter().enumerate() {
            let shape = if *free > 0 { "ellipse" } else { "box" };
            let _ = writeln!(
                text,
                "    {number} [ label = \"{}\\n{units} units, {free} scaled\" shape = {shape} ]",
                escaped(name)
            );
        }
        for ((from, to), weights) in &self.weights {
            let _ = match weights {
                0 => writeln!(text, "    {from} -> {to} [ style = dashed ]"),
                1 => writeln!(text, "    {from} -> {to} [ label = \"1 weight\" ]"),
                many => writeln!(text, "    {from} -> {to} [ label = \"{many} weights\" ]"),
            };
        }
        text.push_str("}\n");
        text
    }
}

impl MappedPerceptron {
    /// The graph of the layers; no weight is read.
    pub fn layer_graph(&self) -> LayerGraph {
        let mut graph = LayerGraph::default();
        let inputs = self.layers.first().map_or(0, |layer| layer.weight.shape[1]);
        graph.layers.push(("inputs".to_owned(), inputs, 0));
        let has_bias = self.layers.iter().any(|layer| layer.bias.is_some());
        for (number, layer) in self.layers.iter().enumerate() {
            let &[units, sources] = layer.weight.shape.as_slice() else {
                continue;
            };
            let free = if layer.group.is_some() { units } else { 0 };
            graph.layers.push((layer.weight.name.clone(), units, free));
            graph.weights.insert((number, number + 1), units * sources);
            if layer.bias.is_some() {
                graph
                    .weights
                    .insert((self.layers.len() + 1, number + 1), units);
            }
        }
        if has_bias {
            graph.layers.push(("biases".to_owned(), 1, 0));
        }
        graph
    }
}
