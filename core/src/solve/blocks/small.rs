//! Small problems, solved to the end: single synapses between a few nodes.

use super::elimination::Elimination;
use super::rows::{Edge, Rows};

/// A balancing problem of few nodes: the coarse one between groups, or a small network unit by unit.
#[derive(Debug, Clone)]
pub struct SmallProblem {
    nodes: usize,
    edges: Vec<Edge>,
    into: Rows,
    out_of: Rows,
    system: Elimination,
    /// Input and output costs.
    sides: Vec<(f64, f64)>,
    /// The multipliers, with that of the ground, 1, at the end, and their inverses.
    u: Vec<f64>,
    v: Vec<f64>,
    step: Vec<f64>,
}

/// The most steps.
const STEPS: usize = 200;
/// Above this deficit, steps are preceded by sweeps to and fro.
const FAR: f64 = 0.1;
/// A factored system serves for more steps as long as each makes the deficit so many times smaller: solving costs a few
/// times less than factoring.
const KEEP: f64 = 0.05;
/// Steps along which no cost changes by more than this rate are taken in full.
const FULL: f64 = 0.5;

impl SmallProblem {
    /// A problem between `nodes` nodes, whose costs can be changed later.
    pub fn new(nodes: usize, edges: Vec<Edge>) -> Self {
        let ground = nodes as u32;
        let inner = edges
            .iter()
            .filter(|edge| edge.to != ground && edge.from != ground);
        let pairs = inner.map(|edge| (edge.to as usize, edge.from as usize));
        SmallProblem {
            nodes,
            system: Elimination::new(nodes, pairs),
            into: Rows::new(nodes, &edges, |edge| (edge.to, edge.from)),
            out_of: Rows::new(nodes, &edges, |edge| (edge.from, edge.to)),
            sides: vec![(0.0, 0.0); nodes],
            edges,
            u: vec![1.0; nodes + 1],
            v: vec![1.0; nodes + 1],
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

    /// Balances from multipliers 1 until the deficit is at most `tolerance` or as small as rounding allows; returns the
    /// deficit and the number of steps, of Newton or with the system of an earlier one. Nodes with cost on one side
    /// only are left where they are.
    pub fn balance(&mut self, tolerance: f64) -> (f64, usize) {
        self.into.set_costs(&self.edges);
        self.out_of.set_costs(&self.edges);
        self.u.fill(1.0);
        self.v.fill(1.0);
        let mut best = self.measure();
        let mut kept = self.u.clone();
        let mut is_factored = false;
        for step in 0..STEPS {
            if best <= tolerance {
                return (best, step);
            }
            if best > FAR {
                self.sweep(true);
                self.sweep(false);
                self.measure();
            }
            if !is_factored {
                self.factor();
            }
            let is_full = self.step();
            let deficit = self.measure();
            is_factored = is_full && deficit < KEEP * best;
            if deficit < best {
                kept.copy_from_slice(&self.u);
                best = deficit;
            } else if best < 1e-10 || !deficit.is_finite() {
                break;
            }
        }
        self.u.copy_from_slice(&kept);
        (best, STEPS)
    }

    /// Updates the costs; returns the deficit.
    fn measure(&mut self) -> f64 {
        let mut largest = 0.0f64;
        for node in 0..self.nodes {
            let input = self.u[node] * self.into.sum(node, &self.v);
            let output = self.v[node] * self.out_of.sum(node, &self.u);
            self.sides[node] = (input, output);
            largest = largest.max(deficit(input, output));
        }
        largest
    }

    fn sweep(&mut self, forward: bool) {
        for position in 0..self.nodes {
            let node = if forward {
                position
            } else {
                self.nodes - 1 - position
            };
            let input = self.into.sum(node, &self.v);
            let output = self.out_of.sum(node, &self.u);
            let balanced = (output / input).sqrt();
            if balanced > 0.0 && balanced.is_finite() {
                (self.u[node], self.v[node]) = (balanced, 1.0 / balanced);
            }
        }
    }

    /// Factors the Hessian.
    fn factor(&mut self) {
        self.system.clear();
        for node in 0..self.nodes {
            for (from, cost) in self.into.row(node) {
                let cost = cost * self.u[node] * self.v[*from as usize];
                match *from as usize == self.nodes {
                    true => self.system.add_ground(node, cost),
                    false => self.system.add(node, *from as usize, cost),
                }
            }
            for (to, cost) in self.out_of.row(node) {
                if *to as usize == self.nodes {
                    self.system.add_ground(node, cost * self.v[node]);
                }
            }
        }
        self.system.factor();
    }

    /// One step with the factored system, cut to `ln(1 + β)/β` of its length, with `β` a bound on the rate of every
    /// cost along it, if that is large: at the point where the system was factored that is sure to lower the
    /// regularizer. Was it taken in full?
    fn step(&mut self) -> bool {
        for (entry, (input, output)) in self.step.iter_mut().zip(&self.sides) {
            *entry = output - input;
        }
        self.system.solve(&mut self.step);
        let entries = self.step.iter();
        let (low, high) = entries.fold((0.0f64, 0.0f64), |(low, high), entry| {
            (low.min(*entry), high.max(*entry))
        });
        let beta = high - low;
        if !beta.is_finite() {
            return false;
        }
        let length = if beta > FULL {
            beta.ln_1p() / beta
        } else {
            1.0
        };
        for (node, entry) in self.step.iter().enumerate() {
            self.u[node] *= (length * entry).exp();
            self.v[node] = 1.0 / self.u[node];
        }
        beta <= FULL
    }
}

/// `|A - B| / (A + B)`; 0 if both are zero.
pub fn deficit(input: f64, output: f64) -> f64 {
    let total = input + output;
    if total == 0.0 {
        0.0
    } else {
        (input - output).abs() / total
    }
}
