//! Random networks with products, and with ties that have exponents.

use num_traits::One;
use rand::{Rng, RngExt};
use std::collections::{BTreeMap, BTreeSet};

use super::build::{random_activation, random_weight};
use super::{Activation, Network, Shape, Tie, Unit, UnitIndex, UnitKind};
use crate::numbers::Rational;

/// What values random general networks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Exact ones: units of degree 1, 2 and 3.
    Rational,
    /// Units of degree 1/2 too, and ties with exponent -1/2.
    Any,
}

/// A random network of inputs, a bias, hidden units (BiLU and BiPU), products of them and of inputs, and outputs; some
/// hidden units are tied, most of these with an exponent. Every hidden unit is fed; every hidden unit and product is
/// read by a synapse or a product. With `recurrent`, synapses between hidden units go in both directions, and there are
/// self-connections.
///
/// `shape.hidden` counts hidden units and products together.
pub fn random_general(
    shape: Shape,
    recurrent: bool,
    values: Values,
    rng: &mut impl Rng,
) -> Network<Rational> {
    let mut plan = Plan::new(shape, values, rng);
    let inner = plan.first..plan.first + shape.hidden;
    for unit in inner.clone() {
        if unit > plan.first + 1 && rng.random_bool(0.35) {
            plan.add_product(unit, rng);
        } else {
            for _ in 0..rng.random_range(1..=3) {
                let latest = if recurrent { inner.end } else { unit };
                let from = rng.random_range(0..latest);
                plan.join(from, unit, rng);
            }
            // At least one source comes before it.
            let from = rng.random_range(0..unit);
            plan.join(from, unit, rng);
        }
    }
    for unit in inner.clone() {
        if !plan.read.contains(&unit) || rng.random_bool(0.2) {
            let later = (unit + 1..plan.units.len()).filter(|to| plan.takes_synapses(*to));
            let later: Vec<UnitIndex> = later.collect();
            plan.join(unit, later[rng.random_range(0..later.len())], rng);
        }
    }
    for output in inner.end..plan.units.len() {
        let from = rng.random_range(0..inner.end);
        plan.join(from, output, rng);
    }
    plan.add_ties(values, rng);
    Network::with_products(plan.units, plan.factors, plan.synapses, plan.ties)
        .expect("a plan respects the kinds of units")
}

struct Plan {
    units: Vec<Unit<Rational>>,
    /// The first unit after inputs and bias.
    first: UnitIndex,
    factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
    synapses: Vec<(UnitIndex, UnitIndex, Rational)>,
    joined: BTreeSet<(UnitIndex, UnitIndex)>,
    read: BTreeSet<UnitIndex>,
    ties: Vec<Tie>,
}

impl Plan {
    fn new(shape: Shape, values: Values, rng: &mut impl Rng) -> Self {
        let plain = |id: String, kind| Unit::new(id, kind, Activation::Linear);
        let mut units: Vec<Unit<Rational>> = Vec::new();
        units.extend((0..shape.inputs).map(|i| plain(format!("x{i}"), UnitKind::Input)));
        units.push(plain("one".to_string(), UnitKind::Bias));
        let first = units.len();
        units.extend((0..shape.hidden).map(|i| {
            let activation = match rng.random_range(0..5) {
                0 => bipu(values, rng),
                _ => random_activation(rng),
            };
            Unit::new(format!("h{i}"), UnitKind::Hidden, activation)
        }));
        units.extend((0..shape.outputs).map(|i| plain(format!("y{i}"), UnitKind::Output)));
        Plan {
            units,
            first,
            factors: BTreeMap::new(),
            synapses: Vec::new(),
            joined: BTreeSet::new(),
            read: BTreeSet::new(),
            ties: Vec::new(),
        }
    }

    fn takes_synapses(&self, unit: UnitIndex) -> bool {
        matches!(self.units[unit].kind, UnitKind::Hidden | UnitKind::Output)
    }

    fn add_product(&mut self, unit: UnitIndex, rng: &mut impl Rng) {
        let place = self.units[unit].id.trim_start_matches('h').to_string();
        self.units[unit] = Unit::new(format!("z{place}"), UnitKind::Product, Activation::Linear);
        let mut factors: Vec<UnitIndex> = (0..rng.random_range(2..=3))
            .map(|_| rng.random_range(0..unit))
            .collect();
        if rng.random_bool(0.2) {
            factors[1] = factors[0];
        }
        self.read.extend(factors.iter().copied());
        self.factors.insert(unit, factors);
    }

    fn join(&mut self, from: UnitIndex, to: UnitIndex, rng: &mut impl Rng) {
        if self.joined.insert((from, to)) {
            self.synapses.push((from, to, random_weight(rng)));
            if from != to {
                self.read.insert(from);
            }
        }
    }

    fn add_ties(&mut self, values: Values, rng: &mut impl Rng) {
        let hidden =
            (0..self.units.len()).filter(|unit| self.units[*unit].kind == UnitKind::Hidden);
        let hidden: Vec<UnitIndex> = hidden.collect();
        for pair in hidden.chunks_exact(2) {
            if rng.random_bool(0.3) {
                let exponents = [(1, 1), (-1, 1), (-1, 1), (2, 1), (-1, 2)];
                let count = if values == Values::Any { 5 } else { 4 };
                let (above, below): (i64, i64) = exponents[rng.random_range(0..count)];
                let exponent = Rational::new(above.into(), below.into());
                self.ties
                    .push(vec![(pair[0], Rational::one()), (pair[1], exponent)]);
            }
        }
    }
}

fn bipu(values: Values, rng: &mut impl Rng) -> Activation<Rational> {
    let degrees: [(i64, i64); 3] = [(2, 1), (3, 1), (1, 2)];
    let count = if values == Values::Any { 3 } else { 2 };
    let (above, below) = degrees[rng.random_range(0..count)];
    Activation::BiPu {
        degree: Rational::new(above.into(), below.into()),
        above: random_weight(rng),
        below: random_weight(rng),
    }
}
