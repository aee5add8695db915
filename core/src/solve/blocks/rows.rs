//! Edges by the node that they lead into or come from, in compressed rows.

/// A synapse into `to` from `from`; the ground is the number of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The node that it leads into.
    pub to: u32,
    /// The node that it comes from.
    pub from: u32,
    /// Its cost at multipliers 1.
    pub cost: f64,
}

/// The edges into, or out of, each node.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    starts: Vec<u32>,
    /// The other end, and the cost.
    entries: Vec<(u32, f64)>,
    /// The edge of each entry.
    edges: Vec<u32>,
}

impl Rows {
    /// Edges that join a node to itself, and rows of the ground, are left out.
    pub fn new(nodes: usize, edges: &[Edge], ends: impl Fn(&Edge) -> (u32, u32)) -> Self {
        let known = || {
            let all = edges
                .iter()
                .enumerate()
                .map(|(edge, found)| (edge as u32, ends(found)));
            all.filter(|(_, (node, other))| node != other && (*node as usize) < nodes)
        };
        let mut starts = vec![0u32; nodes + 2];
        known().for_each(|(_, (node, _))| starts[node as usize + 2] += 1);
        (2..nodes + 2).for_each(|node| starts[node] += starts[node - 1]);
        let count = starts[nodes + 1] as usize;
        let (mut entries, mut places) = (vec![(0, 0.0); count], vec![0u32; count]);
        for (edge, (node, other)) in known() {
            let at = starts[node as usize + 1] as usize;
            entries[at] = (other, edges[edge as usize].cost);
            places[at] = edge;
            starts[node as usize + 1] += 1;
        }
        Rows {
            starts,
            entries,
            edges: places,
        }
    }

    /// How many edges there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes over other costs of the same edges.
    pub fn set_costs(&mut self, edges: &[Edge]) {
        for (entry, edge) in self.entries.iter_mut().zip(&self.edges) {
            entry.1 = edges[*edge as usize].cost;
        }
    }

    pub fn row(&self, node: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// The costs of a node's edges, each times the potential of the other end, in the order of the edges.
    pub fn sum(&self, node: usize, potentials: &[f64]) -> f64 {
        let entries = self.row(node).iter();
        entries
            .map(|(other, cost)| cost * potentials[*other as usize])
            .sum()
    }
}
