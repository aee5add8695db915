//! Is the minimum attained? Answered by strongly connected components, with witnesses that the kernel checks.

use num_traits::{One, Signed, Zero};
use petgraph::graph::{DiGraph, NodeIndex};
use thiserror::Error;

use crate::kernel::{Attained, NotAttained, Problem, Refusal, Synapse, Verified, check};
use crate::numbers::Rational;

/// The answer, verified by the kernel either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existence {
    /// The minimum is attained; the circulation proves it.
    Attained(Verified<Attained>),
    /// Only an infimum exists; the direction proves it and names the synapses that vanish.
    NotAttained(Verified<NotAttained>),
}

/// What is claimed of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistenceClaim<'a> {
    /// The minimum is attained.
    Attained(&'a Attained),
    /// Only an infimum exists.
    NotAttained(&'a NotAttained),
}

impl Existence {
    /// What was verified, if it was verified of this problem.
    pub fn claim_about(&self, problem: &Problem) -> Option<ExistenceClaim<'_>> {
        match self {
            Existence::Attained(claim) => claim.claim_about(problem).map(ExistenceClaim::Attained),
            Existence::NotAttained(claim) => {
                claim.claim_about(problem).map(ExistenceClaim::NotAttained)
            }
        }
    }

    /// The synapses that vanish in the limit, as data to go on from; none if the minimum is attained.
    pub fn vanishing(&self) -> &[usize] {
        match self {
            Existence::Attained(_) => &[],
            Existence::NotAttained(claim) => &claim.data().vanishing,
        }
    }

    /// Is the minimum attained?
    pub fn is_attained(&self) -> bool {
        matches!(self, Existence::Attained(_))
    }
}

/// Why existence was not decided.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExistenceError {
    /// Synapses of BiPU units, after products and within ties with exponents are not edges of a graph; the linear
    /// programs decide these.
    #[error(
        "the problem is not a graph: BiPU units of degree other than 1, products or ties with exponents"
    )]
    NotAGraph,
    /// The linear programs gave nothing that the kernel accepts.
    #[error("neither a circulation nor a direction could be verified: {0}")]
    Undecided(String),
    /// The kernel refused a witness made from components; a defect of this crate.
    #[error("a witness was refused: {0}")]
    Refused(#[from] Refusal),
}

/// Decides existence by the strongly connected components of the coalesced graph of non-zero synapses: the minimum
/// is attained iff no such synapse joins two components. Ours. Cost: linear.
///
/// The circulation is the sum, over all synapses, of the closed walk from the component's root to the synapse
/// along one tree and back along another. The direction lowers components in the order of the longest path.
///
/// # Errors
/// [`ExistenceError::NotAGraph`] with BiPU units of degree other than 1, products or ties with exponents.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::existence_by_components;
/// let problem = chain(&["1", "0"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap()));
/// let existence = existence_by_components(&problem.problem(&Regularizer::l2())).unwrap();
/// assert_eq!(existence.vanishing(), [0]);
/// ```
pub fn existence_by_components(problem: &Problem) -> Result<Existence, ExistenceError> {
    let witness = witness_by_components(problem).ok_or(ExistenceError::NotAGraph)?;
    Ok(match witness {
        Witness::Circulation(flow) => Existence::Attained(check::attained(problem, &flow)?),
        Witness::Direction(direction) => {
            Existence::NotAttained(check::not_attained(problem, &direction)?)
        }
    })
}

/// What shows that the minimum is attained, or that it is not; computed, not verified.
pub(super) enum Witness {
    /// By synapse.
    Circulation(Vec<Rational>),
    /// By variable.
    Direction(Vec<Rational>),
}

/// The witness of [`existence_by_components`]; `None` where the problem is not a graph.
pub(super) fn witness_by_components(problem: &Problem) -> Option<Witness> {
    let graph = Coalesced::new(problem)?;
    let crossing = |edge: &Edge| graph.component[edge.from] != graph.component[edge.to];
    Some(match graph.edges.iter().any(crossing) {
        false => Witness::Circulation(graph.circulation(problem)),
        true => Witness::Direction(graph.direction()),
    })
}

/// The ratio as `(entered variable, left variable)`, `None` standing for the ground, if it is `μ_i/μ_j`, `μ_i` or
/// `1/μ_j`; the outer `None` otherwise.
pub(super) fn endpoints(synapse: &Synapse) -> Option<(Option<usize>, Option<usize>)> {
    let unit = |exponent: &Rational| exponent.abs().is_one();
    match synapse.direction.as_slice() {
        [(v, exponent)] if unit(exponent) => Some(if exponent.is_positive() {
            (Some(*v), None)
        } else {
            (None, Some(*v))
        }),
        [(v, a), (w, b)] if unit(a) && unit(b) && a.is_positive() != b.is_positive() => {
            Some(if a.is_positive() {
                (Some(*v), Some(*w))
            } else {
                (Some(*w), Some(*v))
            })
        }
        _ => None,
    }
}

struct Edge {
    synapse: usize,
    from: usize,
    to: usize,
}

/// The coalesced graph of active synapses; the ground is the last node.
struct Coalesced {
    nodes: usize,
    edges: Vec<Edge>,
    component: Vec<usize>,
    /// Components, targets first.
    components: Vec<Vec<usize>>,
}

impl Coalesced {
    fn new(problem: &Problem) -> Option<Self> {
        let ground = problem.variables();
        let mut edges = Vec::new();
        let mut graph = DiGraph::<(), ()>::new();
        (0..=ground).for_each(|_| {
            graph.add_node(());
        });
        for (synapse, entry) in problem
            .synapses()
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.is_active())
        {
            let (entered, left) = endpoints(entry)?;
            let edge = Edge {
                synapse,
                from: left.unwrap_or(ground),
                to: entered.unwrap_or(ground),
            };
            graph.add_edge(NodeIndex::new(edge.from), NodeIndex::new(edge.to), ());
            edges.push(edge);
        }
        let index = |nodes: Vec<NodeIndex>| nodes.into_iter().map(NodeIndex::index).collect();
        let components: Vec<Vec<usize>> = petgraph::algo::kosaraju_scc(&graph)
            .into_iter()
            .map(index)
            .collect();
        let mut component = vec![0; ground + 1];
        for (number, nodes) in components.iter().enumerate() {
            nodes.iter().for_each(|node| component[*node] = number);
        }
        Some(Coalesced {
            nodes: ground + 1,
            edges,
            component,
            components,
        })
    }

    fn circulation(&self, problem: &Problem) -> Vec<Rational> {
        let forward = self.tree(false);
        let backward = self.tree(true);
        let mut flow = vec![0i64; self.edges.len()];
        let mut starts = vec![0i64; self.nodes];
        let mut ends = vec![0i64; self.nodes];
        for (index, edge) in self.edges.iter().enumerate() {
            flow[index] += 1;
            starts[edge.from] += 1;
            ends[edge.to] += 1;
        }
        for (tree, mut load) in [(forward, starts), (backward, ends)] {
            for node in tree.order.iter().rev() {
                if let Some((edge, parent)) = tree.parent[*node] {
                    flow[edge] += load[*node];
                    load[parent] += load[*node];
                }
            }
        }
        let mut circulation = vec![Rational::zero(); problem.synapses().len()];
        for (edge, flow) in self.edges.iter().zip(flow) {
            circulation[edge.synapse] = Rational::from_integer(flow.into());
        }
        circulation
    }

    /// A breadth-first tree of every component from its smallest node, along edges or against them.
    fn tree(&self, against: bool) -> Tree {
        let mut next: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.nodes];
        for (index, edge) in self.edges.iter().enumerate() {
            if self.component[edge.from] == self.component[edge.to] {
                let (from, to) = if against {
                    (edge.to, edge.from)
                } else {
                    (edge.from, edge.to)
                };
                next[from].push((index, to));
            }
        }
        let mut tree = Tree {
            parent: vec![None; self.nodes],
            order: Vec::new(),
        };
        let mut seen = vec![false; self.nodes];
        for root in self
            .components
            .iter()
            .filter_map(|nodes| nodes.iter().copied().min())
        {
            seen[root] = true;
            let mut position = tree.order.len();
            tree.order.push(root);
            while position < tree.order.len() {
                let node = tree.order[position];
                for (edge, to) in &next[node] {
                    if !std::mem::replace(&mut seen[*to], true) {
                        tree.parent[*to] = Some((*edge, node));
                        tree.order.push(*to);
                    }
                }
                position += 1;
            }
        }
        tree
    }

    /// Minus the longest path between components to each variable, relative to the ground.
    fn direction(&self) -> Vec<Rational> {
        let mut level = vec![0i64; self.components.len()];
        let mut into: Vec<Vec<usize>> = vec![Vec::new(); self.components.len()];
        for edge in &self.edges {
            let (from, to) = (self.component[edge.from], self.component[edge.to]);
            if from != to {
                into[to].push(from);
            }
        }
        for number in (0..self.components.len()).rev() {
            level[number] = into[number]
                .iter()
                .map(|from| level[*from] + 1)
                .max()
                .unwrap_or(0);
        }
        let ground = level[self.component[self.nodes - 1]];
        let variables = self.component[..self.nodes - 1].iter();
        variables
            .map(|component| Rational::from_integer((ground - level[*component]).into()))
            .collect()
    }
}

struct Tree {
    /// The edge to the parent, and the parent.
    parent: Vec<Option<(usize, usize)>>,
    order: Vec<usize>,
}
