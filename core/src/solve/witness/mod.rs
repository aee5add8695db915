//! Inputs on which two networks compute different outputs: found by search, evaluated exactly or in balls.

mod ball;
mod cells;
mod paths;
mod plan;

use num_traits::{One, Zero};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub use ball::Ball;
use cells::{Budget, Cells};
use plan::Plan;

use super::NumberType;
use crate::network::{Network, SynapseIndex};
use crate::numbers::Rational;

/// Inputs on which the outputs of two networks differ, by more than rounding the weights of the second explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The values of the input units, in their order, at each time step from state 0; one step where there is no cycle.
    pub inputs: Vec<Vec<Rational>>,
    /// Are there time steps, since the network is recurrent?
    pub over_time: bool,
    /// The outputs of the first network at each step, in the order of the output units.
    pub before: Vec<Vec<Ball>>,
    /// Those of the second, with all that rounding its weights could have moved them.
    pub after: Vec<Vec<Ball>>,
    /// The first step and the place among the outputs where they differ.
    pub place: (usize, usize),
}

/// Synapses around which inputs are sought.
const SUSPECTS: usize = 8;

/// Multiplications that plain candidates may cost in one network, and how many are tried in any case.
const EVALUATIONS: usize = 1_000_000;
const FEWEST: usize = 2;

/// The size of the tables of linear programs that a search may fill; half of what is left goes to each suspect.
const TABLES: usize = 1_200_000;

/// Cells that are tried in all, and for one path.
const CELLS: usize = 60;
const CELLS_OF_A_PATH: usize = 12;

/// Looks for inputs on which two networks of the same architecture compute different outputs, from state 0: plain ones
/// first, then such that the suspected synapses act. `rounded_to` is the number type of the second network: where it
/// rounds, a witness stands for all weights that round to those of the second network.
///
/// The networks are evaluated exactly where all units are BiLU or BiPU of integer degree, else in balls that hold the
/// outputs. `None` says only that none was found.
pub fn find_witness(
    before: &Network<Rational>,
    after: &Network<Rational>,
    suspects: &[SynapseIndex],
    rounded_to: NumberType,
) -> Option<Witness> {
    let search = Search {
        plan: Plan::of(before),
        before,
        after,
        rounded_to,
    };
    let found = search.among_plain();
    // What acts behind a product is no linear program.
    match before.products().is_empty() {
        true => found.or_else(|| search.by_direction(suspects)),
        false => found,
    }
}

struct Search<'a> {
    before: &'a Network<Rational>,
    after: &'a Network<Rational>,
    plan: Plan,
    rounded_to: NumberType,
}

impl Search<'_> {
    /// The outputs, if they differ.
    fn try_inputs(&self, inputs: Vec<Vec<Rational>>) -> Option<Witness> {
        let before = self
            .plan
            .evaluate(self.before, &inputs, NumberType::Exact)?;
        let after = self.plan.evaluate(self.after, &inputs, self.rounded_to)?;
        let pairs = before.iter().zip(&after).enumerate();
        let mut apart = pairs.filter_map(|(step, (one, other))| {
            let mut outputs = one.iter().zip(other);
            Some((
                step,
                outputs.position(|(one, other)| one.is_apart_from(other))?,
            ))
        });
        let place = apart.next()?;
        Some(Witness {
            inputs: inputs[..=place.0].to_vec(),
            over_time: self.plan.recurrent,
            before: before[..=place.0].to_vec(),
            after: after[..=place.0].to_vec(),
            place,
        })
    }

    /// Time steps in which a change anywhere can come to an output.
    fn steps(&self) -> usize {
        let powers = (0..self.before.units()).any(|unit| {
            let degree = self.before.unit(unit).activation.degree();
            degree.is_some_and(|degree| !degree.is_one())
        }) || !self.before.products().is_empty();
        match (self.plan.recurrent, powers) {
            (false, _) => 1,
            // Powers of powers grow long.
            (true, true) => self.plan.order.len().min(5) + 1,
            (true, false) => self.plan.order.len().min(10) + 2,
        }
    }

    /// Ones, unit vectors of both signs, and random inputs of several sizes.
    fn among_plain(&self) -> Option<Witness> {
        let (steps, wide) = (self.steps(), self.plan.inputs.len());
        let cost = (self.before.synapses() * steps).max(1);
        let mut left = (EVALUATIONS / cost).max(FEWEST);
        let whole = |value: i64| Rational::from_integer(value.into());
        let everywhere = |step: Vec<Rational>| vec![step; steps];
        let unit = |place: usize, value: i64| {
            let mut step = vec![Rational::zero(); wide];
            step[place] = whole(value);
            step
        };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut random = |numerator: i64, denominator: i64| -> Vec<Vec<Rational>> {
            let mut value = || {
                let drawn: i64 = rng.random_range(-numerator..=numerator);
                Rational::new(drawn.into(), denominator.into())
            };
            (0..steps)
                .map(|_| (0..wide).map(|_| value()).collect())
                .collect()
        };
        let sizes = [(8, 4), (8, 1), (64, 1), (8, 64), (1 << 20, 16)];
        let mut candidates = vec![
            everywhere(vec![whole(1); wide]),
            everywhere(vec![whole(-1); wide]),
        ];
        candidates.extend(sizes.map(|(most, part)| random(most, part)));
        let places = (0..wide.min(8)).flat_map(|place| [(place, 1), (place, -1)]);
        candidates.extend(places.map(|(place, value)| everywhere(unit(place, value))));
        candidates.push(everywhere(vec![Rational::zero(); wide]));
        candidates.extend((0..15).map(|number| {
            let (most, part) = sizes[number % sizes.len()];
            random(most, part)
        }));
        candidates.into_iter().find_map(|inputs| {
            left = left.checked_sub(1)?;
            self.try_inputs(inputs)
        })
    }

    /// Inputs at which a suspected synapse acts and the units after it pass on what it does, in either network.
    fn by_direction(&self, suspects: &[SynapseIndex]) -> Option<Witness> {
        let (mut tables, mut cells_left) = (TABLES, CELLS);
        for suspect in suspects.iter().take(SUSPECTS) {
            let mut budget = Budget(tables / 2);
            tables -= budget.0;
            for network in [self.before, self.after] {
                for (steps, path) in paths::through(network, &self.plan, *suspect) {
                    let mut cells = Cells::new(network, &self.plan, steps, &path);
                    if !cells.is_small() {
                        continue;
                    }
                    for _ in 0..CELLS_OF_A_PATH {
                        let Some(inputs) = cells.next(&mut budget) else {
                            break;
                        };
                        cells_left = cells_left.checked_sub(1)?;
                        let found = self.near(inputs);
                        if found.is_some() {
                            return found;
                        }
                    }
                }
            }
            tables += budget.0;
        }
        None
    }

    /// Inputs, and some a little beside them, where a difference that is 0 by chance is not.
    fn near(&self, inputs: Vec<Vec<Rational>>) -> Option<Witness> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let wide = self.plan.inputs.len() as i64 + 1;
        let mut beside = inputs.clone();
        for value in beside.iter_mut().flatten() {
            let drawn: i64 = rng.random_range(-64..=64);
            *value += Rational::new(drawn.into(), (256 * wide).into());
        }
        self.try_inputs(inputs).or_else(|| self.try_inputs(beside))
    }
}
