//! Units that no path of weights other than 0 joins to the visible units.

use num_traits::Zero;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use crate::network::{Network, UnitIndex};
use crate::numbers::Rational;

/// The scalable units that can be left out without changing an output, from initial state 0. Where there are any, and weights of
/// theirs are not 0, the minimum is not attained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadUnits {
    /// Nothing feeds them: every path to them from a visible unit has a weight 0.
    pub unfed: Vec<UnitIndex>,
    /// Something feeds them, but every path from them to a visible unit has a weight 0.
    pub unread: Vec<UnitIndex>,
}

/// Finds them. Units that share a multiplier are taken as one. Cost: linear.
///
/// ```
/// use synaptic_balance::network::chain;
/// use synaptic_balance::numbers::parse_rational;
/// use synaptic_balance::solve::dead_units;
/// let network = chain(&["1", "0", "1"].map(|weight| parse_rational(weight).unwrap()));
/// let dead = dead_units(&network);
/// assert_eq!((dead.unfed.len(), dead.unread.len()), (1, 1));
/// ```
pub fn dead_units(network: &Network<Rational>) -> DeadUnits {
    if !network.products().is_empty() {
        return dead_around_products(network);
    }
    let node = |unit: UnitIndex| network.variable(unit).map_or(0, |variable| variable + 1);
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let count = (0..network.units()).map(node).max().unwrap_or(0) + 1;
    (0..count).for_each(|_| {
        graph.add_node(());
    });
    for synapse in 0..network.synapses() {
        if !network.weight(synapse).is_zero() {
            let (from, to) = network.endpoints(synapse);
            graph.add_edge(NodeIndex::new(node(from)), NodeIndex::new(node(to)), ());
        }
    }
    let [fed, read] = joined(&graph, count);
    let mut dead = DeadUnits::default();
    for unit in 0..network.units() {
        match (fed[node(unit)], read[node(unit)]) {
            (false, _) => dead.unfed.push(unit),
            (true, false) => dead.unread.push(unit),
            (true, true) => {}
        }
    }
    dead
}

/// The same where there are products: one is fed if all its factors are, and reads its factors if it is fed and read itself.
fn dead_around_products(network: &Network<Rational>) -> DeadUnits {
    let is_visible =
        |unit: UnitIndex| network.factors(unit).is_empty() && network.variable(unit).is_none();
    let mut fed: Vec<bool> = (0..network.units()).map(is_visible).collect();
    let mut read = fed.clone();
    let joins: Vec<(UnitIndex, UnitIndex)> = (0..network.synapses())
        .filter(|synapse| !network.weight(*synapse).is_zero())
        .map(|synapse| network.endpoints(synapse))
        .collect();
    let tied: Vec<&[UnitIndex]> = (0..network.variables())
        .map(|variable| network.members(variable))
        .collect();
    let share = |found: &mut Vec<bool>| {
        for members in &tied {
            let any = members.iter().any(|unit| found[*unit]);
            members.iter().for_each(|unit| found[*unit] = any);
        }
    };
    settle(&mut fed, |fed| {
        joins.iter().for_each(|(from, to)| fed[*to] |= fed[*from]);
        for unit in network.products() {
            fed[*unit] = network.factors(*unit).iter().all(|factor| fed[*factor]);
        }
        share(fed);
    });
    settle(&mut read, |read| {
        joins.iter().for_each(|(from, to)| read[*from] |= read[*to]);
        for unit in network.products() {
            if fed[*unit] && read[*unit] {
                let factors = network.factors(*unit).iter();
                factors.for_each(|factor| read[*factor] = true);
            }
        }
        share(read);
    });
    let scalable = |unit: &UnitIndex| network.variable(*unit).is_some();
    let units = || (0..network.units()).filter(scalable);
    DeadUnits {
        unfed: units().filter(|unit| !fed[*unit]).collect(),
        unread: units().filter(|unit| fed[*unit] && !read[*unit]).collect(),
    }
}

/// Repeats until nothing is added.
fn settle(found: &mut Vec<bool>, mut step: impl FnMut(&mut Vec<bool>)) {
    loop {
        let before = found.clone();
        step(found);
        if *found == before {
            return;
        }
    }
}

/// Which of `count` nodes do paths from node 0 reach, and from which do paths lead to it? Nodes beyond those of the graph have no
/// links. Cost: linear.
pub(crate) fn joined(graph: &DiGraph<(), ()>, count: usize) -> [Vec<bool>; 2] {
    let ground = NodeIndex::new(0);
    let mut found = [vec![false; count], vec![false; count]];
    let [forth, back] = &mut found;
    let mut walk = Dfs::new(graph, ground);
    while let Some(node) = walk.next(graph) {
        forth[node.index()] = true;
    }
    let mut walk = Dfs::new(Reversed(graph), ground);
    while let Some(node) = walk.next(Reversed(graph)) {
        back[node.index()] = true;
    }
    found
}
