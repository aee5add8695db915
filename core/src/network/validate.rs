//! What makes units, synapses and ties a network.

use num_traits::{One, Zero};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

use super::{Activation, SynapseIndex, Tie, Unit, UnitIndex, UnitKind};
use crate::numbers::{Rational, Scalar};

/// Why units, synapses and ties do not make a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Two units have one id.
    #[error("units[{index}]: the id `{id}` is already taken by units[{first}]")]
    DuplicateUnit {
        /// The second unit.
        index: UnitIndex,
        /// The id.
        id: String,
        /// The first unit with it.
        first: UnitIndex,
    },
    /// A synapse or tie refers to a unit index that does not exist.
    #[error("{place} refers to unit number {unit}, but there are {units} units")]
    NoSuchUnit {
        /// Which synapse or tie.
        place: String,
        /// The index given.
        unit: UnitIndex,
        /// How many units there are.
        units: usize,
    },
    /// Two synapses between one ordered pair of units.
    #[error(
        "synapses[{index}]: a synapse from `{from}` to `{to}` is already given by synapses[{first}]"
    )]
    DuplicateSynapse {
        /// The second synapse.
        index: SynapseIndex,
        /// The source.
        from: String,
        /// The target.
        to: String,
        /// The first synapse of the pair.
        first: SynapseIndex,
    },
    /// A synapse into an input or bias unit.
    #[error(
        "synapses[{index}]: `{to}` is an input or bias unit and takes no synapses (this one is from `{from}`)"
    )]
    IntoSource {
        /// The synapse.
        index: SynapseIndex,
        /// The source.
        from: String,
        /// The target.
        to: String,
    },
    /// A weight that is NaN or infinite.
    #[error("synapses[{index}]: the weight from `{from}` to `{to}` is not finite")]
    NotFinite {
        /// The synapse.
        index: SynapseIndex,
        /// The source.
        from: String,
        /// The target.
        to: String,
    },
    /// A parameter of an activation is NaN or infinite.
    #[error("units[{index}]: a parameter of the activation of `{id}` is not finite")]
    ParameterNotFinite {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
    },
    /// The degree of a BiPU is beyond what powers are computed for.
    #[error(
        "units[{index}]: the degree of `{id}` must be a fraction with numerator and denominator up to {limit}"
    )]
    DegreeTooLarge {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
        /// The largest numerator and denominator accepted.
        limit: u32,
    },
    /// The degrees of all BiPU units multiply, along a chain of them, to numbers beyond what is computed.
    #[error(
        "units[{index}]: the degrees of the units up to `{id}` multiply to numbers too long for a network of {units} units"
    )]
    DegreesMultiply {
        /// The unit with which they do.
        index: UnitIndex,
        /// Its id.
        id: String,
        /// How many units there are.
        units: usize,
    },
    /// A synapse into a product unit.
    #[error(
        "synapses[{index}]: `{to}` is a product and takes no synapses (this one is from `{from}`)"
    )]
    IntoProduct {
        /// The synapse.
        index: SynapseIndex,
        /// The source.
        from: String,
        /// The target.
        to: String,
    },
    /// A product without factors.
    #[error("units[{index}]: the product `{id}` has no factors")]
    NoFactors {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
    },
    /// Factors of a unit that is no product.
    #[error("units[{index}]: `{id}` is no product and has no factors")]
    NoProduct {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
    },
    /// A product that is, through other products, a factor of itself at the same time.
    #[error(
        "units[{index}]: the product `{id}` is among its own factors, directly or through other products"
    )]
    ProductCycle {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
    },
    /// A product of too many values.
    #[error(
        "units[{index}]: the product `{id}` has more than {limit} factors, with those of the products among them"
    )]
    ProductTooLong {
        /// The unit.
        index: UnitIndex,
        /// Its id.
        id: String,
        /// The most factors.
        limit: u32,
    },
    /// Products of products whose factors, and those of the synapses that read them, are too many together.
    #[error(
        "units[{index}]: the products up to `{id}`, with the synapses that read them, have too many factors together for a network of this size"
    )]
    ProductsTooLong {
        /// The unit with which they have.
        index: UnitIndex,
        /// Its id.
        id: String,
    },
    /// An exponent of a tie that is 0, or beyond what powers are computed for.
    #[error(
        "ties[{index}]: the exponent of `{id}` must be a fraction other than 0 with numerator and denominator up to {limit}"
    )]
    TieExponent {
        /// The tie.
        index: usize,
        /// The unit's id.
        id: String,
        /// The largest numerator and denominator accepted.
        limit: u32,
    },
    /// The exponents of overlapping ties multiply to numbers beyond what is computed.
    #[error(
        "ties[{index}]: the exponents of the ties up to this one multiply, with the degrees of the units, to numbers too long for a network of {units} units"
    )]
    ExponentsMultiply {
        /// The tie with which they do.
        index: usize,
        /// How many units there are.
        units: usize,
    },
    /// Only hidden units can share a multiplier.
    #[error("ties[{index}]: `{id}` is not a hidden unit and has no multiplier to share")]
    TieOfVisible {
        /// The tie.
        index: usize,
        /// The unit's id.
        id: String,
    },
    /// A unit occurs twice in one tie.
    #[error("ties[{index}]: `{id}` occurs twice")]
    TieRepeats {
        /// The tie.
        index: usize,
        /// The unit's id.
        id: String,
    },
}

/// The squared length of the product of all degrees, in bits, times the number of units: it bounds the time in which
/// multipliers that leave every weight as it is are computed.
const MAX_DEGREES: u64 = 1 << 38;

/// The largest numerator and denominator of a power `p` or degree `c`.
pub(crate) const LARGEST_POWER: u32 = 256;

pub(super) fn id<S>(graph: &DiGraph<Unit<S>, S>, unit: UnitIndex) -> String {
    graph[NodeIndex::new(unit)].id.clone()
}

pub(super) fn check_units<S: Scalar>(units: &[Unit<S>]) -> Result<(), NetworkError> {
    let mut seen = BTreeMap::new();
    let mut length = 0u64;
    for (index, unit) in units.iter().enumerate() {
        let id = unit.id.clone();
        if let Some(first) = seen.insert(&unit.id, index) {
            return Err(NetworkError::DuplicateUnit { index, id, first });
        }
        let limit = LARGEST_POWER;
        match &unit.activation {
            Activation::BiPu { degree, .. } if !is_small(degree) => {
                return Err(NetworkError::DegreeTooLarge { index, id, limit });
            }
            Activation::BiPu { degree, .. } if is_long(degree, units.len(), &mut length) => {
                let units = units.len();
                return Err(NetworkError::DegreesMultiply { index, id, units });
            }
            Activation::LeakyRelu(a) | Activation::Prelu(a) if a.to_rational().is_none() => {
                return Err(NetworkError::ParameterNotFinite { index, id });
            }
            Activation::BiLu { below: a, above: b }
            | Activation::BiPu {
                above: a, below: b, ..
            } if a.to_rational().is_none() || b.to_rational().is_none() => {
                return Err(NetworkError::ParameterNotFinite { index, id });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Adds to the length of the product of all degrees, and says whether it is too long.
fn is_long(degree: &Rational, units: usize, length: &mut u64) -> bool {
    let bits = |part: &num_bigint::BigInt| part.bits().saturating_sub(1);
    *length += bits(degree.numer()) + bits(degree.denom());
    length.saturating_mul(*length).saturating_mul(units as u64) > MAX_DEGREES
}

/// Is the number a fraction of integers up to [`LARGEST_POWER`]?
pub(crate) fn is_small(value: &Rational) -> bool {
    let limit = LARGEST_POWER.into();
    value.numer().magnitude() <= &limit && value.denom().magnitude() <= &limit
}

pub(super) fn check_synapse<S: Scalar>(
    graph: &DiGraph<Unit<S>, S>,
    index: SynapseIndex,
    from: UnitIndex,
    to: UnitIndex,
    weight: &S,
) -> Result<(), NetworkError> {
    let units = graph.node_count();
    if let Some(unit) = [from, to].into_iter().find(|unit| *unit >= units) {
        return Err(NetworkError::NoSuchUnit {
            place: format!("synapses[{index}]"),
            unit,
            units,
        });
    }
    let ids = || (id(graph, from), id(graph, to));
    if graph[NodeIndex::new(to)].kind == UnitKind::Product {
        let (from, to) = ids();
        return Err(NetworkError::IntoProduct { index, from, to });
    }
    if matches!(
        graph[NodeIndex::new(to)].kind,
        UnitKind::Input | UnitKind::Bias
    ) {
        let (from, to) = ids();
        return Err(NetworkError::IntoSource { index, from, to });
    }
    if !S::EXACT && weight.to_rational().is_none() {
        let (from, to) = ids();
        return Err(NetworkError::NotFinite { index, from, to });
    }
    Ok(())
}

pub(super) fn check_ties<S: Scalar>(
    graph: &DiGraph<Unit<S>, S>,
    ties: &[Tie],
) -> Result<(), NetworkError> {
    let units = graph.node_count();
    let mut length = length_of_degrees(graph, ties);
    for (index, tie) in ties.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for (unit, exponent) in tie {
            let unit = *unit;
            if unit >= units {
                return Err(NetworkError::NoSuchUnit {
                    place: format!("ties[{index}]"),
                    unit,
                    units,
                });
            }
            let id = || id(graph, unit);
            if graph[NodeIndex::new(unit)].kind != UnitKind::Hidden {
                return Err(NetworkError::TieOfVisible { index, id: id() });
            }
            if !seen.insert(unit) {
                return Err(NetworkError::TieRepeats { index, id: id() });
            }
            if exponent.is_zero() || !is_small(exponent) {
                let (id, limit) = (id(), LARGEST_POWER);
                return Err(NetworkError::TieExponent { index, id, limit });
            }
            // Each is divided by its neighbour's.
            if !exponent.is_one() && is_long(&exponent.pow(2), units, &mut length) {
                return Err(NetworkError::ExponentsMultiply { index, units });
            }
        }
    }
    Ok(())
}

/// The length of the product of all degrees, where ties have exponents to multiply with them.
fn length_of_degrees<S: Scalar>(graph: &DiGraph<Unit<S>, S>, ties: &[Tie]) -> u64 {
    let mut length = 0;
    if ties
        .iter()
        .flatten()
        .any(|(_, exponent)| !exponent.is_one())
    {
        for unit in graph.node_weights() {
            if let Activation::BiPu { degree, .. } = &unit.activation {
                is_long(degree, graph.node_count(), &mut length);
            }
        }
    }
    length
}
