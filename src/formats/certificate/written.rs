//! Certificates of what was verified.

use num_traits::One;

use super::{Certificate, FORMAT};
use crate::formats::strict::UniqueMap;
use crate::kernel::{Balanced, Basis, Enclosed, NotAttained, NotScaled, Obstacle};
use crate::network::{Network, Regularizer};
use crate::numbers::Rational;

impl Certificate {
    fn new(claim: &str, regularizer: &Regularizer) -> Self {
        Certificate {
            format: FORMAT.to_string(),
            version: 1,
            claim: claim.to_string(),
            regularizer: regularizer.to_string(),
            activations: None,
            lower: None,
            upper: None,
            circulation: None,
            direction: None,
            multipliers: None,
            weights: None,
            tolerance: None,
            synapse: None,
            cycle: None,
            constraints: None,
            spanning: None,
        }
    }

    /// The certificate of an enclosure; `limit` is given if it is one of the limit.
    pub fn enclosure(
        network: &Network<Rational>,
        regularizer: &Regularizer,
        enclosed: &Enclosed,
        limit: Option<&NotAttained>,
    ) -> Self {
        Certificate {
            lower: Some(by_unit(network, &enclosed.lower)),
            upper: Some(by_unit(network, &enclosed.upper)),
            direction: limit.map(|limit| by_unit(network, &limit.direction)),
            ..Self::new("enclosure", regularizer)
        }
    }

    /// The certificate that the minimum is attained.
    pub fn attained(regularizer: &Regularizer, circulation: &[Rational]) -> Self {
        let circulation = circulation.iter().map(Rational::to_string).collect();
        Certificate {
            circulation: Some(circulation),
            ..Self::new("attained", regularizer)
        }
    }

    /// The certificate that the infimum is not attained.
    pub fn not_attained(
        network: &Network<Rational>,
        regularizer: &Regularizer,
        claim: &NotAttained,
    ) -> Self {
        let direction = Some(by_unit(network, &claim.direction));
        Certificate {
            direction,
            ..Self::new("not_attained", regularizer)
        }
    }

    /// The certificate of exact balance; `limit` is given if it is one of the limit.
    pub fn balanced(
        network: &Network<Rational>,
        regularizer: &Regularizer,
        claim: &Balanced,
        limit: Option<&NotAttained>,
    ) -> Self {
        let multipliers = Some(by_unit(network, &claim.multipliers));
        Certificate {
            multipliers,
            direction: limit.map(|limit| by_unit(network, &limit.direction)),
            ..Self::new("balanced", regularizer)
        }
    }

    /// The certificate that `weights` are the network's, scaled by `multipliers` (of weights, `Λ`).
    pub fn scaling(
        network: &Network<Rational>,
        regularizer: &Regularizer,
        weights: &[Rational],
        multipliers: &[Rational],
    ) -> Self {
        Certificate {
            weights: Some(weights.iter().map(Rational::to_string).collect()),
            multipliers: Some(by_unit(network, multipliers)),
            ..Self::new("scaling", regularizer)
        }
    }

    /// The certificate that no scaling makes `weights` of the network's.
    pub fn not_scaled(regularizer: &Regularizer, weights: &[Rational], claim: &NotScaled) -> Self {
        let (synapse, cycle) = match &claim.obstacle {
            Obstacle::Synapse(synapse) => (Some(*synapse), None),
            Obstacle::Cycle(terms) => (None, Some(by_synapse(terms))),
        };
        Certificate {
            weights: Some(weights.iter().map(Rational::to_string).collect()),
            tolerance: Some(claim.tolerance.to_string()),
            synapse,
            cycle,
            ..Self::new("not_scaled", regularizer)
        }
    }

    /// The certificate of a basis of constraints; `spanning` are the synapses that it was verified with.
    pub fn manifold(regularizer: &Regularizer, claim: &Basis, spanning: &[usize]) -> Self {
        let rows = claim.constraints.iter();
        Certificate {
            constraints: Some(rows.map(|row| by_synapse(row)).collect()),
            spanning: Some(spanning.to_vec()),
            ..Self::new("manifold", regularizer)
        }
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn by_unit(network: &Network<Rational>, values: &[Rational]) -> UniqueMap {
    let units = (0..network.units())
        .filter(|unit| network.exponent(*unit).is_one())
        .filter_map(|unit| Some((unit, network.variable(unit)?)));
    let named =
        units.map(|(unit, variable)| (network.unit(unit).id.clone(), values[variable].to_string()));
    UniqueMap(named.collect())
}

fn by_synapse(terms: &[(usize, Rational)]) -> UniqueMap {
    let named = terms.iter();
    let named = named.map(|(synapse, coefficient)| (synapse.to_string(), coefficient.to_string()));
    UniqueMap(named.collect())
}
