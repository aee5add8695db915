//! The paper's algorithm on blocks: one unit after another, in random order. It knows nothing of any other solution.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::small::deficit;
use super::{Blocks, CostSums, Extent, Sums};

/// When a run in random order ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomOptions {
    /// Seed of the orders.
    pub seed: u64,
    /// It ends when no unit met in a pass had a larger deficit.
    pub tolerance: f64,
    /// Reads of all the weights after which it gives up.
    pub max_reads: usize,
}

/// What a run in random order came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomRun {
    /// The multipliers `μ` of costs.
    pub multipliers: Vec<f64>,
    /// The largest deficit met in the last pass.
    pub deficit: f64,
    /// Passes: each takes the two sides of every unit, which is one read of the weights.
    pub reads: usize,
    /// Did it end by itself?
    pub is_complete: bool,
    /// If not: the reads that it would take in all, if the deficit goes on falling as it did.
    pub predicted: Option<f64>,
}

/// The synapses at each unit, the others' numbers and costs.
pub(super) struct Side {
    starts: Vec<usize>,
    others: Vec<u32>,
    costs: Vec<f64>,
}

impl Side {
    pub fn new(
        units: usize,
        ends: impl Fn(&super::Edge) -> (u32, u32),
        edges: &[super::Edge],
    ) -> Self {
        let mut starts = vec![0; units + 2];
        for edge in edges {
            starts[ends(edge).0 as usize + 1] += 1;
        }
        (0..=units).for_each(|unit| starts[unit + 1] += starts[unit]);
        let mut next = starts.clone();
        let mut others = vec![0; edges.len()];
        let mut costs = vec![0.0; edges.len()];
        for edge in edges {
            let (own, other) = ends(edge);
            let at = &mut next[own as usize];
            (others[*at], costs[*at]) = (other, edge.cost);
            *at += 1;
        }
        Side {
            starts,
            others,
            costs,
        }
    }

    /// `Σ cost · factor` of the other ends.
    pub fn sum(&self, unit: usize, factors: &[f64]) -> f64 {
        let range = self.starts[unit]..self.starts[unit + 1];
        let entries = self.others[range.clone()].iter().zip(&self.costs[range]);
        entries
            .map(|(other, cost)| cost * factors[*other as usize])
            .sum()
    }
}

/// Passes after which the rate is measured again.
const WINDOW: usize = 16;

/// Balances unit after unit, each pass in a new random order, from the given weights. Paper: Theorem 5.1. Cost: one
/// read for a pass; twelve bytes a synapse for each of its ends.
///
/// A unit that has no cost on one side stays as it is.
pub fn balance_in_random_order(
    problem: &Blocks,
    options: &RandomOptions,
    progress: &mut dyn FnMut(f64),
) -> RandomRun {
    let units = problem.shape().units();
    let edges = problem.edges();
    let incoming = Side::new(units, |edge| (edge.to, edge.from), &edges);
    let outgoing = Side::new(units, |edge| (edge.from, edge.to), &edges);
    drop(edges);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let (mut u, mut v) = (vec![1.0; units + 1], vec![1.0; units + 1]);
    let mut order: Vec<usize> = (0..units).collect();
    let mut deficits: Vec<f64> = Vec::new();
    while deficits.len() < options.max_reads {
        (1..units).for_each(|last| order.swap(last, rng.random_range(0..=last)));
        let mut largest = 0.0f64;
        for unit in &order {
            let input = incoming.sum(*unit, &v);
            let output = outgoing.sum(*unit, &u);
            if input == 0.0 || output == 0.0 {
                continue;
            }
            let (own, other) = (u[*unit] * input, output * v[*unit]);
            largest = largest.max((own - other).abs() / (own + other));
            u[*unit] = (output / input).sqrt();
            v[*unit] = 1.0 / u[*unit];
        }
        deficits.push(largest);
        progress(largest);
        if largest <= options.tolerance {
            break;
        }
    }
    u.truncate(units);
    let deficit = deficits.last().copied().unwrap_or(0.0);
    let is_complete = deficit <= options.tolerance;
    let predicted = match is_complete {
        true => None,
        false => predicted(&deficits, options.tolerance),
    };
    RandomRun {
        multipliers: u,
        deficit,
        reads: deficits.len(),
        is_complete,
        predicted,
    }
}

/// The passes that it takes to reach the tolerance, from the rate of the last ones, which differ by chance.
pub(in crate::solve) fn predicted(deficits: &[f64], tolerance: f64) -> Option<f64> {
    let window = WINDOW.max(deficits.len() / 4);
    let earlier = *deficits.get(deficits.len().checked_sub(window + 1)?)?;
    let last = *deficits.last()?;
    let rate = (last / earlier).ln() / window as f64;
    let more = (tolerance / last).ln() / rate;
    (rate < 0.0 && more.is_finite()).then(|| (deficits.len() as f64 + more).ceil())
}

impl Blocks<'_> {
    /// The largest relative difference of a weight between two sets of multipliers `μ`.
    pub fn largest_difference(&self, one: &[f64], other: &[f64]) -> f64 {
        let logs = one.iter().zip(other).map(|(one, other)| (one / other).ln());
        let mut logs: Vec<f64> = logs.collect();
        logs.push(0.0);
        let mut largest = 0.0f64;
        self.each_edge(|to, from, cost| {
            if cost > 0.0 {
                largest = largest.max((logs[to as usize] - logs[from as usize]).abs());
            }
        });
        (largest / self.power()).exp_m1()
    }

    /// Input and output cost of each unit at multipliers `μ`. Cost: one read.
    pub fn sides_at(&mut self, multipliers: &[f64]) -> Vec<(f64, f64)> {
        let units = self.shape().units();
        let inverse: Vec<f64> = multipliers.iter().map(|mu| 1.0 / mu).collect();
        let mut sums = Sums::new(self.shape());
        self.read(Extent::All, multipliers, &inverse, &mut sums);
        let (mut incoming, mut outgoing) = (vec![0.0; units], vec![0.0; units]);
        sums.incoming(self.shape(), &mut incoming);
        sums.outgoing(self.shape(), &mut outgoing);
        let sides = |unit: usize| {
            (
                multipliers[unit] * incoming[unit],
                outgoing[unit] * inverse[unit],
            )
        };
        (0..units).map(sides).collect()
    }

    /// The same for the weights as they are.
    pub fn sides(&mut self) -> Vec<(f64, f64)> {
        self.sides_at(&vec![1.0; self.shape().units()])
    }

    /// The largest deficit at multipliers `μ`. Cost: one read.
    pub fn deficit_at(&mut self, multipliers: &[f64]) -> f64 {
        let sides = self.sides_at(multipliers).into_iter();
        sides
            .map(|(input, output)| deficit(input, output))
            .fold(0.0, f64::max)
    }

    /// `Σ cost · μ_to / μ_from` over all synapses that balancing knows.
    pub fn total(&self, multipliers: Option<&[f64]>) -> f64 {
        let of = |unit: u32| {
            multipliers
                .and_then(|all| all.get(unit as usize))
                .copied()
                .unwrap_or(1.0)
        };
        let mut total = 0.0;
        self.each_edge(|to, from, cost| total += cost * of(to) / of(from));
        total
    }
}
