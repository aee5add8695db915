//! SmallProblem problems, solved to the end: single synapses between a few nodes.

use super::elimination::Elimination;

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

/// A balancing problem of few nodes: the coarse one between groups, or a small network unit by unit.
#[derive(Debug, Clone)]
pub struct SmallProblem {
    nodes: usize,
    edges: Vec<Edge>,
    /// For each node, the edges into and out of it.
    starts: Vec<u32>,
    touching: Vec<u32>,
    system: Elimination,
    /// Input and output costs.
    sides: Vec<(f64, f64)>,
    /// The multipliers, with that of the ground, 1, at the end.
    u: Vec<f64>,
    step: Vec<f64>,
}

/// The most Newton steps.
const STEPS: usize = 200;

impl SmallProblem {
    /// A problem between `nodes` nodes, whose costs can be changed later.
    pub fn new(nodes: usize, edges: Vec<Edge>) -> Self {
        let ground = nodes as u32;
        let inner = edges
            .iter()
            .filter(|edge| edge.to != ground && edge.from != ground);
        let pairs = inner.map(|edge| (edge.to as usize, edge.from as usize));
        let system = Elimination::new(nodes, pairs);
        let mut starts = vec![0u32; nodes + 2];
        for edge in &edges {
            starts[edge.to as usize + 1] += 1;
            starts[edge.from as usize + 1] += 1;
        }
        for node in 0..=nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut touching = vec![0u32; 2 * edges.len()];
        for (index, edge) in edges.iter().enumerate() {
            for node in [edge.to, edge.from] {
                touching[next[node as usize] as usize] = index as u32;
                next[node as usize] += 1;
            }
        }
        SmallProblem {
            nodes,
            edges,
            starts,
            touching,
            system,
            sides: vec![(0.0, 0.0); nodes + 1],
            u: vec![1.0; nodes + 1],
            step: vec![0.0; nodes],
        }
    }

    /// The edges, to set their costs.
    pub fn edges(&mut self) -> &mut [Edge] {
        &mut self.edges
    }

    /// The multipliers found, without the ground's.
    pub fn multipliers(&self) -> &[f64] {
        &self.u[..self.nodes]
    }

    /// Balances from multipliers 1 until the deficit is at most `tolerance` or as small as rounding allows; returns the deficit and
    /// the number of Newton steps. Nodes with cost on one side only are left where they are.
    pub fn balance(&mut self, tolerance: f64) -> (f64, usize) {
        self.u.fill(1.0);
        let mut best = self.measure();
        let mut kept = self.u.clone();
        for step in 0..STEPS {
            if best <= tolerance {
                return (best, step);
            }
            if best > 0.1 {
                self.sweep(true);
                self.sweep(false);
                self.measure();
            }
            self.newton_step();
            let deficit = self.measure();
            if deficit < best {
                kept.copy_from_slice(&self.u);
                best = deficit;
            } else if best < 1e-10 || !deficit.is_finite() {
                self.u.copy_from_slice(&kept);
                return (best, step + 1);
            }
        }
        self.u.copy_from_slice(&kept);
        (best, STEPS)
    }

    /// Updates input and output costs; returns the deficit.
    fn measure(&mut self) -> f64 {
        self.sides.fill((0.0, 0.0));
        for edge in &self.edges {
            let (to, from) = (edge.to as usize, edge.from as usize);
            if to == from {
                continue;
            }
            let cost = edge.cost * (self.u[to] / self.u[from]);
            self.sides[to].0 += cost;
            self.sides[from].1 += cost;
        }
        let deficits = self.sides[..self.nodes]
            .iter()
            .map(|(input, output)| deficit(*input, *output));
        deficits.fold(0.0, f64::max)
    }

    fn sweep(&mut self, forward: bool) {
        for position in 0..self.nodes {
            let node = if forward {
                position
            } else {
                self.nodes - 1 - position
            };
            let edges = self.starts[node] as usize..self.starts[node + 1] as usize;
            let (mut input, mut output) = (0.0, 0.0);
            for index in &self.touching[edges] {
                let edge = self.edges[*index as usize];
                let (to, from) = (edge.to as usize, edge.from as usize);
                if to == from {
                    continue;
                }
                if to == node {
                    input += edge.cost / self.u[from];
                } else {
                    output += edge.cost * self.u[to];
                }
            }
            let balanced = (output / input).sqrt();
            if balanced > 0.0 && balanced.is_finite() {
                self.u[node] = balanced;
            }
        }
    }

    /// One step of Newton, cut to `ln(1 + β)/β` of its length with `β` the largest rate of a cost along it.
    fn newton_step(&mut self) {
        let ground = self.nodes;
        self.system.clear();
        for edge in &self.edges {
            let (to, from) = (edge.to as usize, edge.from as usize);
            if to == from {
                continue;
            }
            let cost = edge.cost * (self.u[to] / self.u[from]);
            match (to == ground, from == ground) {
                (false, false) => self.system.add(to, from, cost),
                (false, true) => self.system.add_ground(to, cost),
                (true, false) => self.system.add_ground(from, cost),
                (true, true) => {}
            }
        }
        self.system.factor();
        for (entry, (input, output)) in self.step.iter_mut().zip(&self.sides) {
            *entry = output - input;
        }
        self.system.solve(&mut self.step);
        let value = |node: usize| self.step.get(node).copied().unwrap_or(0.0);
        let rates = self
            .edges
            .iter()
            .map(|edge| (value(edge.to as usize) - value(edge.from as usize)).abs());
        let beta = rates.fold(0.0, f64::max);
        if !beta.is_finite() {
            return;
        }
        let length = if beta > 1e-8 {
            beta.ln_1p() / beta
        } else {
            1.0
        };
        for (u, entry) in self.u.iter_mut().zip(&self.step) {
            *u *= (length * entry).exp();
        }
    }
}

/// `|A - B| / (A + B)`; 0 if both are zero.
pub(super) fn deficit(input: f64, output: f64) -> f64 {
    let total = input + output;
    if total == 0.0 {
        0.0
    } else {
        (input - output).abs() / total
    }
}
