//! Scaling: the group that leaves the function of a network unchanged.

use num_traits::One;
use thiserror::Error;

use super::{Network, SynapseIndex, UnitIndex};
use crate::numbers::{Rational, Scalar};

/// Why a network could not be scaled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScaleError {
    /// The number of multipliers is not the number of variables.
    #[error("{found} multipliers were given, the network has {expected}")]
    Multipliers {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A multiplier that is not positive and finite; negative ones change the function.
    #[error("the multiplier of {unit} is not positive and finite")]
    NotPositive {
        /// The units that share it.
        unit: String,
    },
    /// The scaled weight is irrational (a BiPU of fractional degree) or outside the range of `f64`.
    #[error("the scaled weight of {synapse} is not a number of this type")]
    Weight {
        /// The synapse, as `from -> to`.
        synapse: String,
    },
}

impl<S: Scalar> Network<S> {
    /// How the multipliers enter the weight of a synapse: `w -> w Π Λ_v^{d_v}`, as `(v, d_v)` with `d_v != 0`.
    ///
    /// The target's variable enters with exponent 1 and the source's with minus its degree; where the source is a
    /// product, those of its factors with minus their degrees. Nothing remains of a synapse between units that share a
    /// variable of degree 1, in particular of a self-connection of a BiLU (E4); that of a BiPU of degree `c` has `1 -
    /// c`. In a tie with exponents the variable's exponents are multiplied by that of the unit.
    pub fn direction(&self, synapse: SynapseIndex) -> Vec<(usize, Rational)> {
        let (from, to) = self.endpoints(synapse);
        if !self.has_plain_ties() || !self.factors(from).is_empty() {
            return self.difference_of_forms(from, to);
        }
        let mut direction: Vec<(usize, Rational)> = Vec::new();
        if let Some(target) = self.variable(to) {
            direction.push((target, Rational::one()));
        }
        if let (Some(source), Some(degree)) =
            (self.variable(from), self.unit(from).activation.degree())
        {
            match direction.first_mut() {
                Some((target, exponent)) if *target == source => *exponent -= degree,
                _ => direction.push((source, -degree)),
            }
        }
        direction.retain(|(_, exponent)| *exponent != Rational::from_integer(0.into()));
        direction.sort_by_key(|(variable, _)| *variable);
        direction
    }

    /// Does anything remain of [`direction`](Network::direction)?
    pub fn is_scaled(&self, synapse: SynapseIndex) -> bool {
        let (from, to) = self.endpoints(synapse);
        match (self.variable(to), self.variable(from)) {
            _ if !self.factors(from).is_empty() => !self.direction(synapse).is_empty(),
            (None, None) => false,
            (Some(_), None) => true,
            (Some(target), Some(source)) if target != source => true,
            _ => !self.direction(synapse).is_empty(),
        }
    }

    /// What a unit contributes to [`direction`](Network::direction), as the target of a synapse and as its source.
    pub fn contributions(&self, unit: UnitIndex) -> [Vec<(usize, Rational)>; 2] {
        let target = self.variable(unit);
        let target = target.map(|variable| (variable, self.exponent(unit)));
        let source = self.form(unit).into_iter();
        let source = source.map(|(variable, exponent)| (variable, -exponent));
        let is_there =
            |(_, exponent): &(usize, Rational)| *exponent != Rational::from_integer(0.into());
        [
            target.into_iter().filter(is_there).collect(),
            source.filter(is_there).collect(),
        ]
    }

    /// The weight of one synapse under the multipliers of its units; `None` if one of them is missing or has no such
    /// power in the number type.
    pub fn scaled_weight(
        &self,
        synapse: SynapseIndex,
        multiplier: impl Fn(usize) -> Option<S>,
    ) -> Option<S> {
        let mut weight = self.weight(synapse).clone();
        for (variable, exponent) in self.direction(synapse) {
            weight *= multiplier(variable)?.power(&exponent)?;
        }
        Some(weight)
    }

    /// The network with every variable `v` scaled by `multipliers[v] > 0`: the same function.
    ///
    /// Scalings compose by multiplication and so commute. Paper: Section 3.
    ///
    /// # Errors
    /// Wrong number or sign of multipliers; a scaled weight that the number type does not have.
    ///
    /// ```
    /// use synaptic_balance::network::chain;
    /// use synaptic_balance::numbers::parse_rational as q;
    /// let network = chain(&[q("1").unwrap(), q("16").unwrap()]);
    /// let scaled = network.scaled(&[q("4").unwrap()]).unwrap();
    /// assert_eq!(scaled.weights(), [q("4").unwrap(), q("4").unwrap()]);
    /// ```
    pub fn scaled(&self, multipliers: &[S]) -> Result<Self, ScaleError> {
        if multipliers.len() != self.variables() {
            return Err(ScaleError::Multipliers {
                found: multipliers.len(),
                expected: self.variables(),
            });
        }
        for (variable, multiplier) in multipliers.iter().enumerate() {
            if !(*multiplier > S::zero() && multiplier.to_rational().is_some()) {
                return Err(ScaleError::NotPositive {
                    unit: self.variable_name(variable),
                });
            }
        }
        let mut weights = Vec::with_capacity(self.synapses());
        for synapse in 0..self.synapses() {
            let weight =
                self.scaled_weight(synapse, |variable| Some(multipliers[variable].clone()));
            let weight = weight.ok_or_else(|| self.not_a_weight(synapse))?;
            if !S::EXACT && weight.to_rational().is_none() {
                return Err(self.not_a_weight(synapse));
            }
            weights.push(weight);
        }
        Ok(self.with_weights(weights))
    }

    fn not_a_weight(&self, synapse: SynapseIndex) -> ScaleError {
        ScaleError::Weight {
            synapse: self.synapse_name(synapse),
        }
    }
}
