//! The linear manifold of self-consistent scalings: what the architecture alone determines.
//!
//! Let `L_e = log(Λ_i/Λ_j)` for `e = (j -> i)`, `Λ = 1` on visible units. The vectors `L` that come from some `Λ` form
//! a linear space (Definition 5.2, Proposition 5.4 of the paper): the potentials of the *coalesced graph*, in which all
//! visible units are one node, the ground. Its constraints are `Σ L = 0` around cycles.

use num_traits::{One, Zero};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, VecDeque};
use thiserror::Error;

use super::elimination::{independent, vanishing};
use super::{Network, SynapseIndex};
use crate::numbers::{Rational, Scalar};

/// One linear constraint `Σ coefficient · L = 0` on the logarithmic scalings of synapses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Synapses with their coefficients; for a cycle in the order of the walk, `1` along a synapse and `-1`
    /// against it.
    pub terms: Vec<(SynapseIndex, Rational)>,
    /// Is it a directed cycle of the coalesced graph?
    pub directed: bool,
}

/// Why ratios of weights do not come from a scaling.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Inconsistent {
    /// The number of values is not the number of synapses.
    #[error("{found} values were given, the network has {expected} synapses")]
    Arity {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// The value of a synapse is not the one that the others force.
    #[error("synapse {synapse} is {found}, but the other synapses force {expected}")]
    Synapse {
        /// The synapse.
        synapse: SynapseIndex,
        /// Its value.
        found: Box<Rational>,
        /// What the multipliers found from a spanning forest give.
        expected: Box<Rational>,
    },
    /// A multiplier is irrational, or only a BiPU cycle away from the ground determines it.
    #[error("the multiplier of variable {variable} is not determined rationally")]
    Undetermined {
        /// The variable.
        variable: usize,
    },
}

/// The architecture of a network, as far as scalings see it.
#[derive(Debug, Clone)]
pub struct Manifold {
    pub(super) variables: usize,
    pub(super) directions: Vec<Vec<(usize, Rational)>>,
    /// Ends in the coalesced graph, as (source, target); the ground is node `variables`.
    ends: Vec<(usize, usize)>,
    pub(super) shape: Shape,
}

/// What `L` is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Differences of potentials on the coalesced graph.
    Graph,
    /// The same with factors: units of other degrees.
    Degrees,
    /// Any combinations: products, and ties with exponents.
    General,
}

impl Manifold {
    /// Reads the architecture off a network; weights do not matter.
    pub fn of<S: Scalar>(network: &Network<S>) -> Self {
        let ground = network.variables();
        let node = |unit| network.variable(unit).unwrap_or(ground);
        let synapses = 0..network.synapses();
        let ends = synapses.clone().map(|synapse| {
            let (from, to) = network.endpoints(synapse);
            (node(from), node(to))
        });
        let mut degrees = (0..network.units()).filter(|unit| network.variable(*unit).is_some());
        let products = network.products().iter();
        let is_general = !network.has_plain_ties()
            || products
                .into_iter()
                .any(|unit| !network.form(*unit).is_empty());
        let is_graph = degrees.all(|unit| {
            let degree = network.unit(unit).activation.degree();
            degree.is_some_and(|degree| degree.is_one())
        });
        Manifold {
            variables: ground,
            directions: synapses.map(|synapse| network.direction(synapse)).collect(),
            ends: ends.collect(),
            shape: match (is_general, is_graph) {
                (true, _) => Shape::General,
                (false, false) => Shape::Degrees,
                (false, true) => Shape::Graph,
            },
        }
    }

    /// The number of synapses, the dimension of the space in which the manifold lies.
    pub fn synapses(&self) -> usize {
        self.directions.len()
    }

    /// The matrix that takes potentials `x = log Λ` to `L`, one sparse row for each synapse.
    pub fn potential_matrix(&self) -> &[Vec<(usize, Rational)>] {
        &self.directions
    }

    /// The dimension of the manifold: the rank of the potential matrix.
    ///
    /// The number of variables, less one for each component of the graph without a visible unit. Cost: linear;
    /// with BiPU units of degree other than 1, products or ties with exponents, an elimination over the rationals.
    pub fn dimension(&self) -> usize {
        if self.shape != Shape::Graph {
            return independent(&self.directions).len();
        }
        let forest = self.forest(|_| true);
        self.variables
            - (0..self.variables)
                .filter(|v| forest.parent[*v].is_none())
                .count()
    }

    /// Synapses whose logarithmic scalings can be chosen freely and determine all others: `dimension` of them.
    ///
    /// A spanning forest of the coalesced graph. With BiPU units of degree other than 1 it leaves out what a cycle away
    /// from the ground determines beyond the forest. With products or ties with exponents an elimination finds them.
    /// Cost: linear but for that.
    pub fn spanning_synapses(&self) -> Vec<SynapseIndex> {
        if self.shape == Shape::General {
            return independent(&self.directions);
        }
        let forest = self.forest(|synapse| !self.directions[synapse].is_empty());
        let mut spanning: Vec<SynapseIndex> = forest.parent.into_iter().flatten().collect();
        spanning.sort_unstable();
        spanning
    }

    /// A basis of the constraints: `synapses - dimension` of them, directed cycles of the coalesced graph wherever
    /// a synapse lies on one.
    ///
    /// Each strongly connected component has a tree of paths from its root and one of paths back to it. A synapse
    /// outside the first tree closes a cycle through both, and these cycles are independent: ordered by the distance to
    /// the root along the second tree, each holds a synapse that no earlier one holds. A synapse between components
    /// closes an undirected cycle. With BiPU units of degree other than 1, products or ties with exponents the
    /// constraints are general rows. Cost: the length of all cycles together.
    pub fn constraints(&self) -> Vec<Constraint> {
        if self.shape != Shape::Graph {
            let rows = vanishing(&self.directions);
            return rows
                .into_iter()
                .map(|terms| Constraint {
                    terms,
                    directed: false,
                })
                .collect();
        }
        let component = self.components();
        let mut constraints = self.directed_cycles(&component);
        constraints.extend(self.undirected_cycles(&component));
        constraints
    }

    /// The strongly connected component of every node of the coalesced graph.
    fn components(&self) -> Vec<usize> {
        let mut graph = DiGraph::<(), ()>::new();
        for _ in 0..=self.variables {
            graph.add_node(());
        }
        for (from, to) in &self.ends {
            graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
        }
        let mut component = vec![0; self.variables + 1];
        for (number, nodes) in petgraph::algo::kosaraju_scc(&graph).into_iter().enumerate() {
            nodes
                .into_iter()
                .for_each(|node| component[node.index()] = number);
        }
        component
    }

    /// One simple directed cycle for each synapse inside a component that is not in the component's outgoing tree.
    fn directed_cycles(&self, component: &[usize]) -> Vec<Constraint> {
        let outgoing = self.tree(component, false);
        let incoming = self.tree(component, true);
        // Stamped with the number of the cycle for which a node lies on the outgoing path.
        let mut stamp = vec![usize::MAX; self.variables + 1];
        let mut cycles = Vec::new();
        for (synapse, (from, to)) in self.ends.iter().enumerate() {
            if component[*from] != component[*to] || outgoing[*to] == Some(synapse) {
                continue;
            }
            let mut node = *from;
            stamp[node] = synapse;
            while let Some(step) = outgoing[node] {
                node = self.ends[step].0;
                stamp[node] = synapse;
            }
            // Towards the root until the outgoing path is met, then along it.
            let mut walk = vec![synapse];
            let mut node = *to;
            while stamp[node] != synapse {
                let Some(step) = incoming[node] else { break };
                walk.push(step);
                node = self.ends[step].1;
            }
            let mut back = Vec::new();
            let mut end = *from;
            while end != node {
                let Some(step) = outgoing[end] else { break };
                back.push(step);
                end = self.ends[step].0;
            }
            walk.extend(back.into_iter().rev());
            let terms = walk
                .into_iter()
                .map(|synapse| (synapse, Rational::one()))
                .collect();
            cycles.push(Constraint {
                terms,
                directed: true,
            });
        }
        cycles
    }

    /// A breadth-first tree of every strongly connected component, from the ground or the component's first node: for
    /// each node the synapse by which it is reached (or, `towards` the root, left).
    fn tree(&self, component: &[usize], towards: bool) -> Vec<Option<SynapseIndex>> {
        let mut next: Vec<Vec<(SynapseIndex, usize)>> = vec![Vec::new(); self.variables + 1];
        for (synapse, (from, to)) in self.ends.iter().enumerate() {
            if component[*from] == component[*to] {
                let (near, far) = if towards { (*to, *from) } else { (*from, *to) };
                next[near].push((synapse, far));
            }
        }
        let mut tree = vec![None; self.variables + 1];
        let mut seen = vec![false; self.variables + 1];
        for root in std::iter::once(self.variables).chain(0..self.variables) {
            let mut queue = VecDeque::new();
            if !std::mem::replace(&mut seen[root], true) {
                queue.push_back(root);
            }
            while let Some(node) = queue.pop_front() {
                for (synapse, other) in &next[node] {
                    if !std::mem::replace(&mut seen[*other], true) {
                        tree[*other] = Some(*synapse);
                        queue.push_back(*other);
                    }
                }
            }
        }
        tree
    }

    /// Cycles of the synapses between strongly connected components, closed through a spanning forest of
    /// those and any path inside components.
    fn undirected_cycles(&self, component: &[usize]) -> Vec<Constraint> {
        let crossing = |synapse: &SynapseIndex| {
            let (from, to) = self.ends[*synapse];
            component[from] != component[to]
        };
        let mut joined = UnionFind::<usize>::new(component.len());
        let mut kept: Vec<bool> = (0..self.synapses())
            .map(|synapse| !crossing(&synapse))
            .collect();
        let mut closing = Vec::new();
        for synapse in (0..self.synapses()).filter(crossing) {
            let (from, to) = self.ends[synapse];
            kept[synapse] = joined.union(component[from], component[to]);
            if !kept[synapse] {
                closing.push(synapse);
            }
        }
        let forest = self.forest(|synapse| kept[synapse]);
        closing
            .into_iter()
            .map(|synapse| forest.close(self, synapse))
            .collect()
    }

    /// A breadth-first spanning forest of the undirected coalesced graph, from the ground, then from the first
    /// node of each further component.
    pub(super) fn forest(&self, keep: impl Fn(SynapseIndex) -> bool) -> Forest {
        let mut touching: Vec<Vec<SynapseIndex>> = vec![Vec::new(); self.variables + 1];
        for (synapse, (from, to)) in self
            .ends
            .iter()
            .enumerate()
            .filter(|(synapse, _)| keep(*synapse))
        {
            touching[*from].push(synapse);
            touching[*to].push(synapse);
        }
        let mut forest = Forest {
            parent: vec![None; self.variables + 1],
            order: Vec::new(),
        };
        let mut seen = vec![false; self.variables + 1];
        for root in std::iter::once(self.variables).chain(0..self.variables) {
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            let mut queue = VecDeque::from([root]);
            while let Some(node) = queue.pop_front() {
                forest.order.push(node);
                for synapse in &touching[node] {
                    let (from, to) = self.ends[*synapse];
                    let other = if from == node { to } else { from };
                    if !std::mem::replace(&mut seen[other], true) {
                        forest.parent[other] = Some(*synapse);
                        queue.push_back(other);
                    }
                }
            }
        }
        forest
    }
}

pub(super) struct Forest {
    /// The synapse that joins a node to its parent; `None` for roots.
    pub parent: Vec<Option<SynapseIndex>>,
    /// Parents before children.
    pub order: Vec<usize>,
}

impl Forest {
    /// The undirected cycle of a synapse with the forest: along it, then back through the tree.
    fn close(&self, manifold: &Manifold, synapse: SynapseIndex) -> Constraint {
        let (from, to) = manifold.ends[synapse];
        let mut coefficients: BTreeMap<SynapseIndex, Rational> = BTreeMap::new();
        // Up from the target, and down to the source; what both share cancels.
        for (start, sign) in [(to, 1i32), (from, -1)] {
            let mut node = start;
            while let Some(step) = self.parent[node] {
                let (source, target) = manifold.ends[step];
                let along = if source == node { sign } else { -sign };
                *coefficients.entry(step).or_insert_with(Rational::zero) +=
                    Rational::from_integer(along.into());
                node = if source == node { target } else { source };
            }
        }
        coefficients.retain(|_, coefficient| !coefficient.is_zero());
        let mut terms = vec![(synapse, Rational::one())];
        terms.extend(coefficients);
        Constraint {
            terms,
            directed: false,
        }
    }
}
