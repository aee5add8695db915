//! What is computed after what, over time steps where a network is recurrent.

use petgraph::Direction;

use super::ball::Ball;
use crate::network::{Network, SynapseIndex, UnitIndex, UnitKind};
use crate::numbers::Rational;
use crate::solve::NumberType;
use num_traits::{One, Signed, Zero};

/// The order in which a network is evaluated.
pub(super) struct Plan {
    /// Computed units: sources first where there is no cycle, else in their order, the products after the others.
    pub order: Vec<UnitIndex>,
    /// Does a unit read what others were one step before?
    pub recurrent: bool,
    /// The synapses into each unit with their sources.
    pub into: Vec<Vec<(UnitIndex, SynapseIndex)>>,
    pub inputs: Vec<UnitIndex>,
    pub outputs: Vec<UnitIndex>,
    biases: Vec<UnitIndex>,
}

impl Plan {
    pub fn of(network: &Network<Rational>) -> Self {
        let sorted = network.in_order();
        let recurrent = sorted.is_err();
        let all = sorted.unwrap_or_else(|_| {
            let units = 0..network.units();
            let summing = units.filter(|unit| network.unit(*unit).kind != UnitKind::Product);
            summing.chain(network.products().iter().copied()).collect()
        });
        let computed = |unit: &UnitIndex| {
            !matches!(network.unit(*unit).kind, UnitKind::Input | UnitKind::Bias)
        };
        let into = (0..network.units()).map(|unit| {
            let synapses = network.synapses_of(unit, Direction::Incoming);
            let with_source = |synapse| (network.endpoints(synapse).0, synapse);
            synapses.into_iter().map(with_source).collect()
        });
        Plan {
            order: all.into_iter().filter(computed).collect(),
            recurrent,
            into: into.collect(),
            inputs: network.units_of(UnitKind::Input),
            outputs: network.units_of(UnitKind::Output),
            biases: network.units_of(UnitKind::Bias),
        }
    }

    /// The outputs over time steps from state 0 (one step where there is no cycle), if every weight is only known up to
    /// rounding to a number type. `None` where an activation has no value that is known, or a number is too long.
    pub fn evaluate(
        &self,
        network: &Network<Rational>,
        inputs: &[Vec<Rational>],
        rounded_to: NumberType,
    ) -> Option<Vec<Vec<Ball>>> {
        // Of a weight before it was rounded, relative to the weight after: e / (1 - e) for e of the weight before.
        let excused = rounded_to.excused();
        let relative = &excused / (Rational::one() - &excused);
        let absolute = rounded_to.smallest();
        let mut state = vec![Ball::exactly(Rational::zero()); network.units()];
        let mut outputs = Vec::with_capacity(inputs.len());
        for step in inputs {
            let mut next = state.clone();
            for (unit, value) in self.inputs.iter().zip(step) {
                next[*unit] = Ball::exactly(value.clone());
            }
            for unit in &self.biases {
                next[*unit] = Ball::exactly(Rational::one());
            }
            for unit in &self.order {
                let factors = network.factors(*unit);
                if !factors.is_empty() {
                    let one = Ball::exactly(Rational::one());
                    let product = factors
                        .iter()
                        .try_fold(one, |product, factor| product.times(&next[*factor]));
                    next[*unit] = product?;
                    continue;
                }
                let (mut terms, mut radius) = (Vec::new(), Rational::zero());
                for (source, synapse) in &self.into[*unit] {
                    let value = match self.is_delayed(network, *source) {
                        true => &state[*source],
                        false => &next[*source],
                    };
                    if value.middle.is_zero() && value.radius.is_zero() {
                        continue;
                    }
                    let weight = network.weight(*synapse);
                    terms.push(weight * &value.middle);
                    if !value.radius.is_zero() {
                        radius += weight.abs() * &value.radius;
                    }
                    if let Some(absolute) = &absolute {
                        let off = weight.abs() * &relative + absolute;
                        radius += off * (value.middle.abs() + &value.radius);
                    }
                }
                let middle = crate::numbers::sum(&terms);
                let sum = Ball { middle, radius }.shortened()?;
                next[*unit] = sum.activated(&network.unit(*unit).activation)?;
            }
            outputs.push(
                self.outputs
                    .iter()
                    .map(|unit| next[*unit].clone())
                    .collect(),
            );
            state = next;
        }
        Some(outputs)
    }

    fn is_delayed(&self, network: &Network<Rational>, source: UnitIndex) -> bool {
        self.recurrent && !self.is_source(network, source)
    }

    /// The unit at the time step at which a unit reads it; `None` for state 0.
    pub fn read(
        &self,
        network: &Network<Rational>,
        step: usize,
        source: UnitIndex,
    ) -> Option<(usize, UnitIndex)> {
        let delay = usize::from(self.is_delayed(network, source));
        Some((step.checked_sub(delay)?, source))
    }

    /// Is a unit given from outside, or the constant 1?
    pub fn is_source(&self, network: &Network<Rational>, unit: UnitIndex) -> bool {
        matches!(network.unit(unit).kind, UnitKind::Input | UnitKind::Bias)
    }
}
