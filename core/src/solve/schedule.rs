//! Schedules: in which order a stochastic run visits the units.

use rand::{Rng, RngExt};

use super::Balancing;

/// Chooses the variable to balance next.
///
/// Theorem 5.1 holds for every schedule that visits each variable again and again ("fair").
pub trait Schedule {
    /// One of `allowed`, which is not empty.
    fn next(&mut self, allowed: &[usize], state: &Balancing) -> usize;
}

/// Each step a variable drawn uniformly.
#[derive(Debug, Clone)]
pub struct UniformRandom<R>(
    /// The source of randomness; seed it to repeat a run.
    pub R,
);

impl<R: Rng> Schedule for UniformRandom<R> {
    fn next(&mut self, allowed: &[usize], _state: &Balancing) -> usize {
        allowed[self.0.random_range(0..allowed.len())]
    }
}

/// Each pass all variables, in a new random order.
#[derive(Debug, Clone)]
pub struct RandomPermutation<R> {
    rng: R,
    order: Vec<usize>,
}

impl<R: Rng> RandomPermutation<R> {
    /// A schedule with a source of randomness.
    pub fn new(rng: R) -> Self {
        RandomPermutation {
            rng,
            order: Vec::new(),
        }
    }
}

impl<R: Rng> Schedule for RandomPermutation<R> {
    fn next(&mut self, allowed: &[usize], _state: &Balancing) -> usize {
        if self.order.is_empty() {
            self.order = allowed.to_vec();
            for last in (1..self.order.len()).rev() {
                self.order.swap(last, self.rng.random_range(0..=last));
            }
        }
        self.order.pop().unwrap_or(allowed[0])
    }
}

/// All variables in their order, again and again.
#[derive(Debug, Clone, Default)]
pub struct Cyclic {
    position: usize,
}

impl Schedule for Cyclic {
    fn next(&mut self, allowed: &[usize], _state: &Balancing) -> usize {
        self.position += 1;
        allowed[(self.position - 1) % allowed.len()]
    }
}

/// The variable of largest deficit; the first of them.
#[derive(Debug, Clone, Default)]
pub struct Greedy;

impl Schedule for Greedy {
    fn next(&mut self, allowed: &[usize], state: &Balancing) -> usize {
        let deficits = allowed
            .iter()
            .map(|variable| (*variable, state.deficit(*variable)));
        let best = deficits.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(allowed[0], |(variable, _)| variable)
    }
}

/// A given order, again and again. Entries that are not allowed are skipped.
#[derive(Debug, Clone)]
pub struct Given {
    order: Vec<usize>,
    position: usize,
}

impl Given {
    /// The order to repeat.
    pub fn new(order: Vec<usize>) -> Self {
        Given { order, position: 0 }
    }
}

impl Schedule for Given {
    fn next(&mut self, allowed: &[usize], _state: &Balancing) -> usize {
        for _ in 0..self.order.len() {
            let variable = self.order[self.position % self.order.len()];
            self.position += 1;
            if allowed.contains(&variable) {
                return variable;
            }
        }
        allowed[0]
    }
}
