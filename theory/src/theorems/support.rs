//! What several checks need: numbers, small networks, costs as a graph, and the rank of rational rows.

use std::cmp::Ordering;

use num_traits::{One, Signed, Zero};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Failure;
use synaptic_balance_core::network::{Activation, Network, Unit, UnitKind};
use synaptic_balance_core::numbers::{Rational, sum};

pub(super) fn integer(value: i64) -> Rational {
    Rational::from_integer(value.into())
}

/// `numerator / denominator`; the denominator is a literal other than 0.
pub(super) fn ratio(numerator: i64, denominator: i64) -> Rational {
    Rational::new(numerator.into(), denominator.into())
}

/// The same numbers on every machine.
pub(super) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A random `a/b` with `1 <= a, b <= 9`.
pub(super) fn positive(rng: &mut impl Rng) -> Rational {
    ratio(rng.random_range(1..=9), rng.random_range(1..=9))
}

/// The same with a random sign.
pub(super) fn signed(rng: &mut impl Rng) -> Rational {
    if rng.random() {
        positive(rng)
    } else {
        -positive(rng)
    }
}

pub(super) fn many<T>(count: usize, mut make: impl FnMut() -> T) -> Vec<T> {
    (0..count).map(|_| make()).collect()
}

/// A network of one input, hidden linear units and one output: unit 0 is the input, 1 to `hidden` are hidden, the
/// next is the output.
pub(super) fn small(
    hidden: usize,
    synapses: &[(usize, usize, Rational)],
) -> Result<Network<Rational>, Failure> {
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    let name = |i: usize| char::from(b'a' + (i % 26) as u8).to_string();
    units.extend((0..hidden).map(|i| Unit::new(name(i), UnitKind::Hidden, Activation::Linear)));
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    Ok(Network::new(units, synapses.to_vec(), vec![])?)
}

/// A dense layered network without biases, in random order of sizes and weights.
pub(super) fn random_layers(sizes: &[usize], rng: &mut impl Rng) -> Network<Rational> {
    synaptic_balance_core::network::layered(sizes, &Activation::Relu, |_, _, _| signed(rng), None)
}

/// One edge of a [`CostGraph`]; `None` is the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    pub from: Option<usize>,
    pub to: Option<usize>,
    pub cost: Rational,
}

/// The costs of a network under `L_1`, self-connections aside, written independently of the kernel.
#[derive(Debug, Clone)]
pub(super) struct CostGraph {
    pub nodes: usize,
    pub edges: Vec<Edge>,
}

impl CostGraph {
    pub fn of(network: &Network<Rational>) -> Self {
        let edges = (0..network.synapses()).map(|synapse| {
            let (from, to) = network.endpoints(synapse);
            Edge {
                from: network.variable(from),
                to: network.variable(to),
                cost: network.weight(synapse).abs(),
            }
        });
        CostGraph {
            nodes: network.variables(),
            edges: edges
                .filter(|edge| edge.from != edge.to && !edge.cost.is_zero())
                .collect(),
        }
    }

    fn at(potentials: &[Rational], node: Option<usize>) -> Rational {
        node.and_then(|node| potentials.get(node).cloned())
            .unwrap_or_else(Rational::one)
    }

    /// The cost of an edge at the given potentials.
    pub fn cost(edge: &Edge, potentials: &[Rational]) -> Rational {
        &edge.cost * Self::at(potentials, edge.to) / Self::at(potentials, edge.from)
    }

    /// The graph of the costs that these are at the given potentials.
    pub fn at_point(&self, potentials: &[Rational]) -> Self {
        let edges = self.edges.iter().map(|edge| Edge {
            cost: Self::cost(edge, potentials),
            ..edge.clone()
        });
        CostGraph {
            nodes: self.nodes,
            edges: edges.collect(),
        }
    }

    /// `(A, B)` of a node.
    pub fn sides(&self, node: usize, potentials: &[Rational]) -> (Rational, Rational) {
        let total = |end: fn(&Edge) -> Option<usize>| {
            let edges = self.edges.iter().filter(|edge| end(edge) == Some(node));
            sum(&edges
                .map(|edge| Self::cost(edge, potentials))
                .collect::<Vec<_>>())
        };
        (total(|edge| edge.to), total(|edge| edge.from))
    }

    /// `T_i(μ)²`, the square of the potential that balances the node; `None` unless both of its costs are positive.
    pub fn step_squared(&self, node: usize, potentials: &[Rational]) -> Option<Rational> {
        let (input, output) = self.sides(node, potentials);
        let own = potentials.get(node)?;
        (input.is_positive() && output.is_positive()).then(|| own * own * output / input)
    }

    pub fn regularizer(&self, potentials: &[Rational]) -> Rational {
        sum(&self
            .edges
            .iter()
            .map(|edge| Self::cost(edge, potentials))
            .collect::<Vec<_>>())
    }

    /// Do edges join every node to the ground, in whatever direction?
    pub fn is_grounded(&self) -> bool {
        let mut reached = vec![false; self.nodes];
        let is_reached =
            |reached: &[bool], node: Option<usize>| node.is_none_or(|node| reached[node]);
        loop {
            let before = reached.clone();
            for edge in &self.edges {
                let joined = is_reached(&reached, edge.from) || is_reached(&reached, edge.to);
                for node in [edge.from, edge.to].into_iter().flatten() {
                    reached[node] |= joined;
                }
            }
            if before == reached {
                return reached.into_iter().all(|node| node);
            }
        }
    }

    /// The nodes from which `start` can be reached along edges (or against them), itself included.
    fn reaching(&self, start: Option<usize>, against: bool) -> Vec<Option<usize>> {
        let mut reached = vec![start];
        let mut next = 0;
        while next < reached.len() {
            let here = reached[next];
            for edge in &self.edges {
                let (from, to) = if against {
                    (edge.to, edge.from)
                } else {
                    (edge.from, edge.to)
                };
                if from == here && !reached.contains(&to) {
                    reached.push(to);
                }
            }
            next += 1;
        }
        reached
    }

    /// Does every edge lie on a directed cycle?
    pub fn is_covered_by_cycles(&self) -> bool {
        let closes = |edge: &Edge| self.reaching(edge.to, false).contains(&edge.from);
        self.edges.iter().all(closes)
    }
}

/// The network without its synapses of weight 0.
pub(super) fn without_zeros(network: &Network<Rational>) -> Result<Network<Rational>, Failure> {
    let active = (0..network.synapses()).filter(|e| !network.weight(*e).is_zero());
    let synapses = active.map(|e| {
        let (from, to) = network.endpoints(e);
        (from, to, network.weight(e).clone())
    });
    Ok(network.with_synapses(synapses.collect())?)
}

/// The rank of a list of rational rows, by elimination.
pub(super) fn rank(mut rows: Vec<Vec<Rational>>) -> usize {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|row| !rows[*row][column].is_zero()) else {
            continue;
        };
        rows.swap(rank, pivot);
        let (done, rest) = rows.split_at_mut(rank + 1);
        for row in rest {
            let factor = &row[column] / &done[rank][column];
            if !factor.is_zero() {
                row.iter_mut()
                    .zip(&done[rank])
                    .for_each(|(entry, lead)| *entry -= &factor * lead);
            }
        }
        rank += 1;
    }
    rank
}

/// The sign of the smallest eigenvalue of a symmetric matrix, by elimination: `Greater` if it is positive definite,
/// `Equal` if it is semidefinite and singular.
pub(super) fn definiteness(mut matrix: Vec<Vec<Rational>>) -> Ordering {
    let mut sign = Ordering::Greater;
    for pivot in 0..matrix.len() {
        let (done, rest) = matrix.split_at_mut(pivot + 1);
        let lead = &done[pivot];
        if lead[pivot].is_zero() {
            if lead[pivot..].iter().any(|entry| !entry.is_zero()) {
                return Ordering::Less;
            }
            sign = Ordering::Equal;
            continue;
        }
        if lead[pivot].is_negative() {
            return Ordering::Less;
        }
        for row in rest {
            let factor = &row[pivot] / &lead[pivot];
            if !factor.is_zero() {
                row.iter_mut()
                    .zip(lead)
                    .for_each(|(entry, lead)| *entry -= &factor * lead);
            }
        }
    }
    sign
}

/// Costs made of closed walks: a flow of random size along each of `count` random walks through all layers, so that
/// every unit has equal input and output cost. Layered, without biases; some synapses stay 0.
pub(super) fn balanced_layers(
    sizes: &[usize],
    count: usize,
    rng: &mut impl Rng,
) -> Network<Rational> {
    let mut costs: Vec<Vec<Vec<Rational>>> = sizes
        .windows(2)
        .map(|pair| vec![vec![Rational::zero(); pair[0]]; pair[1]])
        .collect();
    let widest = sizes.iter().copied().max().unwrap_or(1);
    for walk in 0..count.max(widest) {
        let flow = positive(rng);
        // The first walks visit every unit of every layer.
        let route: Vec<usize> = sizes
            .iter()
            .map(|size| {
                if walk < widest {
                    walk % size
                } else {
                    rng.random_range(0..*size)
                }
            })
            .collect();
        for (layer, pair) in route.windows(2).enumerate() {
            costs[layer][pair[1]][pair[0]] += &flow;
        }
    }
    synaptic_balance_core::network::layered(
        sizes,
        &Activation::Relu,
        |k, i, j| costs[k][i][j].clone(),
        None,
    )
}

/// What most entries share; the check fails, so that an entry cannot forget its own.
pub(super) const ENTRY: super::Theorem = super::Theorem {
    id: "",
    room: super::Room::Units,
    title: "",
    statement: "",
    hypotheses: "",
    place: "ours",
    status: super::Status::Holds,
    corrected: None,
    kinds: &[],
    scripted: true,
    general_proof: None,
    check: |_| Err(Failure::new("the entry has no check")),
};

/// A general proof that leaves nothing of its statement open.
pub(super) const fn proved(
    theorems: &'static [&'static str],
    proves: &'static str,
) -> Option<super::GeneralProof> {
    Some(super::GeneralProof {
        theorems,
        proves,
        open: "",
    })
}
