//! Newton's method by conjugate gradients: one read for each product with the Hessian.

use super::elimination::Elimination;
use super::shape::{Sums, inner};
use super::state::State;
use super::{BlockOptions, BlockSolution, CostSums, Extent};
use crate::solve::SolveError;
use crate::solve::flat::damping;

/// The most products for one right side.
const PRODUCTS: usize = 2_000;
/// The most Newton steps.
const STEPS: usize = 200;
/// Above this deficit, Newton steps are preceded by cautious balancing of all units at once.
const FAR: f64 = 0.2;

/// The Hessian at the state's potentials, the Laplacian of the current costs, grounded; with the coarse one of groups
/// that move as wholes.
pub(super) struct Hessian {
    /// `A + B` of each unit.
    pub diagonal: Vec<f64>,
    coarse: Elimination,
    /// Of products: by link, as the sums of the state.
    sums: Sums,
    incoming: Vec<f64>,
    outgoing: Vec<f64>,
}

impl Hessian {
    /// The state's sums must be those at its potentials.
    pub fn new<C: CostSums>(state: &State<C>) -> Self {
        let shape = state.shape();
        let inner_links = shape
            .links()
            .iter()
            .filter_map(|link| link.to.zip(link.from));
        let mut coarse = Elimination::new(shape.groups(), inner_links);
        for (link, total) in shape.links().iter().zip(state.totals()) {
            match (link.to, link.from) {
                (Some(to), Some(from)) if to != from => coarse.add(to, from, total),
                (Some(group), None) | (None, Some(group)) => coarse.add_ground(group, total),
                _ => {}
            }
        }
        coarse.factor();
        Hessian {
            diagonal: state
                .sides()
                .map(|(input, output)| input + output)
                .collect(),
            coarse,
            sums: Sums::new(shape),
            incoming: vec![0.0; shape.units()],
            outgoing: vec![0.0; shape.units()],
        }
    }

    /// `H z`: one read.
    pub fn product<C: CostSums>(&mut self, state: &mut State<C>, z: &[f64]) -> Vec<f64> {
        let p: Vec<f64> = state.u.iter().zip(z).map(|(u, z)| u * z).collect();
        let q: Vec<f64> = state.v.iter().zip(z).map(|(v, z)| v * z).collect();
        state.reads += state.problem.read(Extent::Inner, &p, &q, &mut self.sums);
        state.passes += 1;
        self.sums
            .incoming(state.problem.shape(), &mut self.incoming);
        self.sums
            .outgoing(state.problem.shape(), &mut self.outgoing);
        let entry = |unit: usize| {
            let carried = state.u[unit] * self.incoming[unit] + state.v[unit] * self.outgoing[unit];
            self.diagonal[unit] * z[unit] - carried
        };
        (0..z.len()).map(entry).collect()
    }

    /// Sums over the units of each group.
    fn restrict<C: CostSums>(&self, state: &State<C>, values: &[f64]) -> Vec<f64> {
        let shape = state.shape();
        let groups = 0..shape.groups();
        groups
            .map(|group| values[shape.group(group)].iter().sum())
            .collect()
    }

    /// `H` times the vector that has the value `y` of its group at each unit, from the state's sums.
    fn product_of_groups<C: CostSums>(&self, state: &State<C>, y: &[f64]) -> Vec<f64> {
        let shape = state.shape();
        let mut product = vec![0.0; shape.units()];
        for (group, y) in y.iter().enumerate() {
            for unit in shape.group(group) {
                product[unit] = self.diagonal[unit] * y;
            }
        }
        for link in shape.links() {
            let (Some(to), Some(from)) = (link.to, link.from) else {
                continue;
            };
            let rows = shape.group(to).zip(&state.sums.values[link.rows.clone()]);
            rows.for_each(|(unit, sum)| product[unit] -= state.u[unit] * sum * y[from]);
            let columns = shape
                .group(from)
                .zip(&state.sums.values[link.columns.clone()]);
            columns.for_each(|(unit, sum)| product[unit] -= state.v[unit] * sum * y[to]);
        }
        product
    }

    /// `H z` summed over each group, from the state's sums.
    fn product_by_group<C: CostSums>(&self, state: &State<C>, z: &[f64]) -> Vec<f64> {
        let shape = state.shape();
        let full: Vec<f64> = self.diagonal.iter().zip(z).map(|(d, z)| d * z).collect();
        let mut product = self.restrict(state, &full);
        for link in shape.links() {
            let (Some(to), Some(from)) = (link.to, link.from) else {
                continue;
            };
            let rows = shape.group(to).zip(&state.sums.values[link.rows.clone()]);
            product[from] -= rows
                .map(|(unit, sum)| state.u[unit] * sum * z[unit])
                .sum::<f64>();
            let columns = shape
                .group(from)
                .zip(&state.sums.values[link.columns.clone()]);
            product[to] -= columns
                .map(|(unit, sum)| state.v[unit] * sum * z[unit])
                .sum::<f64>();
        }
        product
    }

    /// Adds `y` of its group to each unit.
    fn prolong<C: CostSums>(state: &State<C>, y: &[f64], into: &mut [f64]) {
        for (group, y) in y.iter().enumerate() {
            into[state.shape().group(group)]
                .iter_mut()
                .for_each(|entry| *entry += y);
        }
    }

    /// Solves `H z = side` until every residual is at most `tolerance` of `A + B`, by conjugate gradients scaled by the
    /// diagonal and kept orthogonal to the groups, whose part is solved directly. Returns what it has when products run
    /// out.
    pub fn solve<C: CostSums>(
        &mut self,
        state: &mut State<C>,
        side: &[f64],
        tolerance: f64,
    ) -> Vec<f64> {
        let mut coarse = self.restrict(state, side);
        self.coarse.solve(&mut coarse);
        let mut solution = vec![0.0; side.len()];
        Self::prolong(state, &coarse, &mut solution);
        let known = self.product_of_groups(state, &coarse);
        let mut residual: Vec<f64> = side
            .iter()
            .zip(&known)
            .map(|(side, known)| side - known)
            .collect();
        let mut direction = vec![0.0; side.len()];
        let mut last = 0.0;
        for _ in 0..PRODUCTS {
            if self.largest(&residual) <= tolerance {
                break;
            }
            let scaled = self.precondition(state, &residual);
            let energy = inner(&residual, &scaled);
            let share = if last > 0.0 { energy / last } else { 0.0 };
            let entries = direction.iter_mut().zip(&scaled);
            entries.for_each(|(entry, scaled)| *entry = share * *entry + scaled);
            let product = self.product(state, &direction);
            let length = energy / inner(&direction, &product);
            if !(length > 0.0 && length.is_finite()) {
                break;
            }
            for unit in 0..solution.len() {
                solution[unit] += length * direction[unit];
                residual[unit] -= length * product[unit];
            }
            last = energy;
        }
        solution
    }

    fn largest(&self, residual: &[f64]) -> f64 {
        let pairs = residual
            .iter()
            .zip(&self.diagonal)
            .filter(|(_, diagonal)| **diagonal > 0.0);
        pairs
            .map(|(residual, diagonal)| (residual / diagonal).abs())
            .fold(0.0, f64::max)
    }

    fn precondition<C: CostSums>(&self, state: &State<C>, residual: &[f64]) -> Vec<f64> {
        let pairs = residual.iter().zip(&self.diagonal);
        let scale = |(residual, diagonal): (&f64, &f64)| match *diagonal {
            0.0 => 0.0,
            diagonal => residual / diagonal,
        };
        let mut scaled: Vec<f64> = pairs.map(scale).collect();
        let mut coarse = self.product_by_group(state, &scaled);
        coarse.iter_mut().for_each(|entry| *entry = -*entry);
        self.coarse.solve(&mut coarse);
        Self::prolong(state, &coarse, &mut scaled);
        scaled
    }
}

/// Solves `H z = diag(H) · side`, to `tolerance`, at the potentials of a state whose sums are those there.
pub(super) fn solve_at<C: CostSums>(
    state: &mut State<C>,
    side: &[f64],
    tolerance: f64,
) -> Vec<f64> {
    let mut hessian = Hessian::new(state);
    let entries = side.iter().zip(&hessian.diagonal);
    let side: Vec<f64> = entries.map(|(side, diagonal)| side * diagonal).collect();
    hessian.solve(state, &side, tolerance)
}

/// The Newton system at a solution, for whoever refines it.
pub struct NewtonStep<'c, C> {
    state: State<'c, C>,
}

impl<'c, C: CostSums> NewtonStep<'c, C> {
    /// At a solution of this problem; nothing is read.
    pub fn at(problem: &'c mut C, solution: &BlockSolution) -> Self {
        NewtonStep {
            state: State::at(problem, solution),
        }
    }

    /// Solves `H d = side` in the logarithms of the multipliers, until every residual is at most `tolerance` of the
    /// largest entry of `side`, relative to `A + B`. `None` where the result is not finite.
    pub fn solve(&mut self, side: &[f64], tolerance: f64) -> Option<Vec<f64>> {
        let mut hessian = Hessian::new(&self.state);
        let share = hessian.largest(side);
        let solution = hessian.solve(&mut self.state, side, tolerance * share);
        solution
            .iter()
            .all(|entry| entry.is_finite())
            .then_some(solution)
    }

    /// Reads of all the weights so far.
    pub fn reads(&self) -> f64 {
        self.state.reads
    }
}

/// The same at the potentials `point`, after a read.
pub(in crate::solve) fn solve_hessian<C: CostSums>(
    problem: &mut C,
    point: &[f64],
    side: &[f64],
    tolerance: f64,
) -> Result<Vec<f64>, SolveError> {
    let mut state = State::new(problem)?;
    state.restore(point);
    Ok(solve_at(&mut state, side, tolerance))
}

/// Newton steps until the deficit is at most the tolerance, or nothing improves. Returns their number. The state's sums
/// must be those at its potentials, and are at the end.
pub(super) fn newton<C: CostSums>(
    state: &mut State<C>,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> usize {
    let mut best = (f64::INFINITY, state.u.clone());
    for step in 0..STEPS {
        state.correct();
        let deficit = state.deficit();
        progress(deficit);
        if deficit <= options.tolerance || state.reads >= options.max_reads {
            return step;
        }
        if deficit < best.0 {
            best = (deficit, state.u.clone());
        } else if best.0 < 1e-9 || deficit.is_nan() {
            // Rounding is reached.
            state.restore(&best.1);
            return step;
        }
        if deficit > FAR {
            cautious_step(state);
        }
        newton_step(state, options.tolerance);
        state.read(Extent::Inner);
    }
    STEPS
}

/// Half of a balancing step at all units at once, which never passes the balance by more than others allow.
fn cautious_step<C: CostSums>(state: &mut State<C>) {
    let factors: Vec<f64> = state
        .sides()
        .map(|(input, output)| (output / input).sqrt().sqrt())
        .collect();
    state.scale(&factors);
    state.read(Extent::Inner);
    state.correct();
}

/// One step, solved as far as its quadratic model is worth, and cut to `ln(1 + β)/β` of its length with `β` a bound on
/// the rate of every cost along it: that length is sure to lower the regularizer.
fn newton_step<C: CostSums>(state: &mut State<C>, tolerance: f64) {
    let deficit = state.deficit();
    let mut hessian = Hessian::new(state);
    let side: Vec<f64> = state
        .sides()
        .map(|(input, output)| output - input)
        .collect();
    let accuracy = (0.1 * deficit * deficit).max(0.1 * tolerance);
    let step = hessian.solve(state, &side, accuracy);
    let beta = rate(state, &step);
    if beta.is_finite() {
        let length = damping(beta);
        let factors: Vec<f64> = step.iter().map(|entry| (length * entry).exp()).collect();
        state.scale(&factors);
    }
}

/// The largest difference of `step` between the ends of a link.
fn rate<C: CostSums>(state: &State<C>, step: &[f64]) -> f64 {
    let range = |group: Option<usize>| match group {
        Some(group) => {
            let entries = step[state.shape().group(group)].iter();
            entries.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), entry| {
                (low.min(*entry), high.max(*entry))
            })
        }
        None => (0.0, 0.0),
    };
    let links = state.shape().links().iter().map(|link| {
        let ((low, high), (other_low, other_high)) = (range(link.to), range(link.from));
        (high - other_low).max(other_high - low)
    });
    links.fold(0.0, f64::max)
}
