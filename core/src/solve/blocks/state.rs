//! A block balancing under way: potentials, the sums at them, and the coarse correction.

use super::rows::Edge;
use super::shape::{Shape, Sums, inner};
use super::small::{SmallProblem, deficit};
use super::{BlockSolution, CostSums, Extent};
use crate::solve::SolveError;

/// Everything that a solver holds besides the weights: a few numbers for each unit and link.
pub(super) struct State<'c, C> {
    pub problem: &'c mut C,
    /// The multipliers `μ`.
    pub u: Vec<f64>,
    /// Their inverses.
    pub v: Vec<f64>,
    /// By link: `Σ_j c_ij / μ_j` and `Σ_i c_ij μ_i`.
    pub sums: Sums,
    /// `Σ_j c_ij / μ_j` by unit.
    pub incoming: Vec<f64>,
    /// `Σ_i c_ij μ_i` by unit.
    pub outgoing: Vec<f64>,
    coarse: SmallProblem,
    pub reads: f64,
    pub passes: usize,
}

impl<'c, C: CostSums> State<'c, C> {
    /// Reads all the weights once, at multipliers 1.
    pub fn new(problem: &'c mut C) -> Result<Self, SolveError> {
        let mut state = Self::empty(problem);
        state.read(Extent::All);
        if state.is_at_risk() {
            return Err(SolveError::CostsLost);
        }
        for unit in 0..state.u.len() {
            let (input, output) = (state.incoming[unit], state.outgoing[unit]);
            if !input.is_finite() || !output.is_finite() {
                return Err(SolveError::NotFinite { variable: unit });
            }
            let side = match (input == 0.0, output == 0.0) {
                (true, false) => "input",
                (false, true) => "output",
                _ => continue,
            };
            return Err(SolveError::OneSided {
                variable: unit,
                side,
            });
        }
        Ok(state)
    }

    /// At a solution, with the sums found there: nothing is read.
    pub fn at(problem: &'c mut C, solution: &BlockSolution) -> Self {
        let mut state = Self::empty(problem);
        state.sums.values.copy_from_slice(&solution.sums.values);
        state.u.copy_from_slice(&solution.multipliers);
        for (v, u) in state.v.iter_mut().zip(&state.u) {
            *v = 1.0 / u;
        }
        state.collect();
        state
    }

    /// May what is lost below the range of `f64` be more than rounding of a sum? Sums that are 0 are believed if no
    /// cost is lost, and no potential is so small that a whole product could be.
    pub fn is_at_risk(&mut self) -> bool {
        let potentials = || self.u.iter().chain(&self.v);
        let largest = potentials().fold(1.0f64, |largest, value| largest.max(*value));
        let smallest = potentials().fold(1.0f64, |smallest, value| smallest.min(*value));
        let floor = f64::MIN_POSITIVE * self.problem.weights().max(1) as f64 * largest;
        let sums = || self.incoming.iter().chain(&self.outgoing);
        let is_small = sums().any(|sum| *sum < floor && *sum > 0.0);
        let is_zero = sums().any(|sum| *sum == 0.0);
        is_small || (is_zero && (smallest < f64::EPSILON || self.problem.loses_costs()))
    }

    fn empty(problem: &'c mut C) -> Self {
        let shape = problem.shape();
        let units = shape.units();
        let sums = Sums::new(shape);
        let ground = shape.groups() as u32;
        let node = |group: Option<usize>| group.map_or(ground, |group| group as u32);
        let edges = shape.links().iter().map(|link| Edge {
            to: node(link.to),
            from: node(link.from),
            cost: 0.0,
        });
        let coarse = SmallProblem::new(shape.groups(), edges.collect());
        State {
            problem,
            u: vec![1.0; units],
            v: vec![1.0; units],
            sums,
            incoming: vec![0.0; units],
            outgoing: vec![0.0; units],
            coarse,
            reads: 0.0,
            passes: 0,
        }
    }

    pub fn shape(&self) -> &Shape {
        self.problem.shape()
    }

    /// Sums at the present potentials.
    pub fn read(&mut self, extent: Extent) {
        self.reads += self.problem.read(extent, &self.u, &self.v, &mut self.sums);
        self.passes += 1;
        self.collect();
    }

    /// One sweep that starts from the given sums over outgoing synapses. False if groups cannot be balanced one after
    /// the other.
    pub fn sweep(&mut self, outgoing: &[f64]) -> bool {
        let (u, v) = (&mut self.u, &mut self.v);
        let Some(read) = self.problem.sweep(outgoing, u, v, &mut self.sums) else {
            return false;
        };
        self.reads += read;
        self.passes += 1;
        self.collect();
        true
    }

    /// Synapses between units that carry more than `share` of a unit's cost; `None` if they cannot be told.
    pub fn strong(&mut self, share: f64) -> Option<Vec<Edge>> {
        let bound = |sums: &[f64]| sums.iter().map(|sum| share * sum).collect::<Vec<f64>>();
        let bounds = (bound(&self.incoming), bound(&self.outgoing));
        let (edges, read) = self
            .problem
            .strong((&self.u, &self.v), (&bounds.0, &bounds.1))?;
        self.reads += read;
        self.passes += 1;
        Some(edges)
    }

    /// Counts reads of single synapses.
    pub fn count(&mut self, synapses: usize) {
        self.reads += synapses as f64 / self.problem.weights().max(1) as f64;
    }

    fn collect(&mut self) {
        self.sums.incoming(self.problem.shape(), &mut self.incoming);
        self.sums.outgoing(self.problem.shape(), &mut self.outgoing);
    }

    /// Multiplies the potentials; the sums no longer belong to them.
    pub fn scale(&mut self, factors: &[f64]) {
        for (unit, factor) in factors.iter().enumerate() {
            let scaled = self.u[unit] * factor;
            if scaled > 0.0 && scaled.is_finite() {
                (self.u[unit], self.v[unit]) = (scaled, 1.0 / scaled);
            }
        }
    }

    /// Goes to other potentials, and reads the sums there.
    pub fn restore(&mut self, u: &[f64]) {
        self.u.copy_from_slice(u);
        self.v.iter_mut().zip(u).for_each(|(v, u)| *v = 1.0 / u);
        self.read(Extent::Inner);
    }

    /// Input and output cost of each unit.
    pub fn sides(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let inputs = self.u.iter().zip(&self.incoming).map(|(u, a)| u * a);
        let outputs = self.v.iter().zip(&self.outgoing).map(|(v, b)| v * b);
        inputs.zip(outputs)
    }

    pub fn deficit(&self) -> f64 {
        self.sides()
            .map(|(input, output)| deficit(input, output))
            .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
    }

    /// The deficit, the weights read again at the present potentials. Those from and to the ground need not be: their
    /// sums do not depend on potentials, and are kept as they were read.
    pub fn verify(&mut self) -> f64 {
        self.read(Extent::Inner);
        self.deficit()
    }

    /// The total cost of each link.
    pub fn totals(&self) -> impl Iterator<Item = f64> + '_ {
        let shape = self.problem.shape();
        shape.links().iter().map(|link| match (link.from, link.to) {
            (Some(from), _) => inner(
                &self.v[shape.group(from)],
                &self.sums.values[link.columns.clone()],
            ),
            (None, Some(to)) => inner(
                &self.u[shape.group(to)],
                &self.sums.values[link.rows.clone()],
            ),
            (None, None) => 0.0,
        })
    }

    /// Balances the groups as wholes, to the end; nothing is read.
    pub fn correct(&mut self) {
        let totals: Vec<f64> = self.totals().collect();
        for (edge, total) in self.coarse.edges().iter_mut().zip(totals) {
            edge.cost = total;
        }
        self.coarse.balance(1e-14);
        let factors = self.coarse.multipliers();
        let shape = self.problem.shape();
        for (group, factor) in factors.iter().enumerate() {
            for unit in shape.group(group) {
                self.u[unit] *= factor;
                self.v[unit] = 1.0 / self.u[unit];
            }
        }
        for link in shape.links() {
            if let Some(from) = link.from {
                let inverse = 1.0 / factors[from];
                self.sums.values[link.rows.clone()]
                    .iter_mut()
                    .for_each(|sum| *sum *= inverse);
            }
            if let Some(to) = link.to {
                let factor = factors[to];
                self.sums.values[link.columns.clone()]
                    .iter_mut()
                    .for_each(|sum| *sum *= factor);
            }
        }
        self.collect();
    }
}
