//! Units that no path of weights other than 0 joins to the visible units.

use num_traits::{One, Signed, Zero};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use crate::network::{Network, UnitIndex};
use crate::numbers::Rational;

/// The scalable units that can be left out without changing an output, from initial state 0. Where weights of theirs
/// are not 0 that are on no cycle, the minimum is not attained.
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
    if !(network.products().is_empty() && network.has_plain_ties()) {
        return dead_by_direction(network);
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

/// The same where there are products, or ties with exponents. A variable is fed by a weight that rises with it if all
/// that the weight falls with are fed, and read by one that falls with it if all others that it falls with are fed, and
/// all that it rises with are read. Of those that are not fed only such count as can grow at one rate, of those that
/// are not read such as can shrink, without any weight other than 0 that grows: weights of several variables can hold
/// them back. Units whose multiplier is another power are not listed.
fn dead_by_direction(network: &Network<Rational>) -> DeadUnits {
    let terms: Vec<Vec<(usize, Rational)>> = (0..network.synapses())
        .filter(|synapse| !network.weight(*synapse).is_zero())
        .map(|synapse| network.direction(synapse))
        .collect();
    let rises = |(_, exponent): &&(usize, Rational)| exponent.is_positive();
    let falls = |(_, exponent): &&(usize, Rational)| exponent.is_negative();
    let mut fed = vec![false; network.variables()];
    settle(&mut fed, |fed| {
        for term in &terms {
            if term
                .iter()
                .filter(falls)
                .all(|(variable, _)| fed[*variable])
            {
                let rising = term.iter().filter(rises);
                rising.for_each(|(variable, _)| fed[*variable] = true);
            }
        }
    });
    let mut read = vec![false; network.variables()];
    settle(&mut read, |read| {
        for term in &terms {
            let is_read = term
                .iter()
                .filter(rises)
                .all(|(variable, _)| read[*variable]);
            let mut falling = term.iter().filter(falls);
            let unfed = falling
                .clone()
                .filter(|(variable, _)| !fed[*variable])
                .count();
            let alone = |variable: usize| unfed == usize::from(!fed[variable]);
            if is_read {
                falling
                    .by_ref()
                    .filter(|(variable, _)| alone(*variable))
                    .for_each(|(variable, _)| read[*variable] = true);
            }
        }
    });
    let of = |dead: Vec<bool>| {
        let known = |unit: &UnitIndex| {
            let variable = network.variable(*unit);
            variable.is_some_and(|own| dead[own]) && network.exponent(*unit).is_one()
        };
        (0..network.units()).filter(known).collect()
    };
    let unread = fed.iter().zip(&read).map(|(fed, read)| *fed && !read);
    DeadUnits {
        unread: of(free(unread.collect(), &terms, &Rational::is_negative)),
        unfed: of(free(
            fed.iter().map(|fed| !fed).collect(),
            &terms,
            &Rational::is_positive,
        )),
    }
}

/// The variables of a set without those that raise a term where all of the set move at one rate: in such a term the
/// exponents of the set have a sum that `grows`, and so does the exponent of each that is taken out.
fn free(
    mut set: Vec<bool>,
    terms: &[Vec<(usize, Rational)>],
    grows: &dyn Fn(&Rational) -> bool,
) -> Vec<bool> {
    settle(&mut set, |set| {
        for term in terms {
            let own = || term.iter().filter(|(variable, _)| set[*variable]);
            let sum: Rational = own().map(|(_, exponent)| exponent).sum();
            if grows(&sum) {
                let raising = own().filter(|(_, exponent)| grows(exponent));
                let raising: Vec<usize> = raising.map(|(variable, _)| *variable).collect();
                raising
                    .into_iter()
                    .for_each(|variable| set[variable] = false);
            }
        }
    });
    set
}

/// Repeats until nothing changes.
fn settle(found: &mut Vec<bool>, mut step: impl FnMut(&mut Vec<bool>)) {
    loop {
        let before = found.clone();
        step(found);
        if *found == before {
            return;
        }
    }
}

/// Which of `count` nodes do paths from node 0 reach, and from which do paths lead to it? Nodes beyond those of the
/// graph have no links. Cost: linear.
pub fn joined(graph: &DiGraph<(), ()>, count: usize) -> [Vec<bool>; 2] {
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
