//! Elimination of a grounded Laplacian without subtraction.

/// A factored matrix `H_ii = g_i + Σ_j w_ij`, `H_ij = -w_ij`, for conductances `w >= 0` between nodes and `g >= 0` to
/// the ground.
///
/// Eliminating a node joins its neighbours by what flowed through it: only sums, products and quotients of positive
/// numbers occur (Grassmann, Taksar and Heyman), so every entry of the factor, and of a solution for a right side `>=
/// 0`, keeps nearly the full relative precision of `f64`, however nearly the nodes are cut off from the ground. Rows
/// are stored from their first neighbour on: a chain of layers costs no more than its length.
#[derive(Debug, Clone, Default)]
pub struct Elimination {
    /// The smallest neighbour below each node.
    first: Vec<usize>,
    starts: Vec<usize>,
    /// Below the diagonal: conductances, then shares of what leaves the eliminated node.
    shares: Vec<f64>,
    ground: Vec<f64>,
    pivots: Vec<f64>,
    /// For each node, the largest node with an entry in its column.
    last: Vec<usize>,
    column: Vec<f64>,
}

impl Elimination {
    /// Makes room for the conductances of `pairs` between `nodes` nodes.
    pub fn new(nodes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut first: Vec<usize> = (0..nodes).collect();
        for (one, other) in pairs {
            let (low, high) = (one.min(other), one.max(other));
            first[high] = first[high].min(low);
        }
        let mut starts = vec![0];
        let mut last: Vec<usize> = (0..nodes).collect();
        for node in 0..nodes {
            starts.push(starts[node] + node - first[node]);
            last[first[node]] = last[first[node]].max(node);
        }
        for node in 1..nodes {
            last[node] = last[node].max(last[node - 1]);
        }
        Elimination {
            shares: vec![0.0; starts[nodes]],
            ground: vec![0.0; nodes],
            pivots: vec![0.0; nodes],
            column: vec![0.0; nodes],
            first,
            starts,
            last,
        }
    }

    /// Multiplications and additions of a factorisation, roughly.
    pub fn work(&self) -> f64 {
        let heights = self
            .starts
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64);
        heights.map(|height| height * height).sum()
    }

    /// All conductances zero again.
    pub fn clear(&mut self) {
        self.shares.fill(0.0);
        self.ground.fill(0.0);
    }

    /// Adds a conductance to the ground.
    pub fn add_ground(&mut self, node: usize, conductance: f64) {
        self.ground[node] += conductance;
    }

    /// Adds a conductance between two nodes of the pairs that room was made for.
    pub fn add(&mut self, one: usize, other: usize, conductance: f64) {
        let (low, high) = (one.min(other), one.max(other));
        self.shares[self.starts[high] + low - self.first[high]] += conductance;
    }

    /// Eliminates all nodes in their order.
    pub fn factor(&mut self) {
        for node in 0..self.pivots.len() {
            let end = self.last[node] + 1;
            let mut pivot = self.ground[node];
            for j in node + 1..end {
                self.column[j] = 0.0;
                if self.first[j] <= node {
                    self.column[j] = self.shares[self.starts[j] + node - self.first[j]];
                    pivot += self.column[j];
                }
            }
            self.pivots[node] = pivot;
            if pivot == 0.0 {
                continue;
            }
            let inverse = 1.0 / pivot;
            for j in node + 1..end {
                if self.column[j] == 0.0 {
                    continue;
                }
                let share = self.column[j] * inverse;
                let row = &mut self.shares[self.starts[j]..self.starts[j + 1]];
                let at = node - self.first[j];
                row[at] = share;
                self.ground[j] += share * self.ground[node];
                let pairs = row[at + 1..].iter_mut().zip(&self.column[node + 1..j]);
                pairs.for_each(|(entry, flow)| *entry += share * flow);
            }
        }
    }

    /// Replaces a right side by the solution; nodes that nothing joins to the ground, even through others, get 0.
    pub fn solve(&self, side: &mut [f64]) {
        let nodes = self.pivots.len();
        for node in 0..nodes {
            let row = &self.shares[self.starts[node]..self.starts[node + 1]];
            let below = &side[self.first[node]..node];
            let carried: f64 = row
                .iter()
                .zip(below)
                .map(|(share, value)| share * value)
                .sum();
            side[node] += carried;
        }
        for node in (0..nodes).rev() {
            side[node] = match self.pivots[node] {
                0.0 => 0.0,
                _ => side[node] / self.pivots[node],
            };
        }
        for node in (0..nodes).rev() {
            let value = side[node];
            let row = &self.shares[self.starts[node]..self.starts[node + 1]];
            let below = &mut side[self.first[node]..node];
            below
                .iter_mut()
                .zip(row)
                .for_each(|(entry, share)| *entry += share * value);
        }
    }
}
