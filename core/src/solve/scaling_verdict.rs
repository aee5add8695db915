//! Whether one network is a scaling of another, or why not.

use crate::kernel::{Scaled, Verified};
use crate::network::SynapseIndex;
use crate::numbers::Rational;

/// Is the second network a scaling of the first?
#[derive(Debug, Clone)]
pub enum ScalingVerdict {
    /// Exactly; the kernel verified it weight by weight.
    Exact(Verified<Scaled>),
    /// There are multipliers that give every weight up to a relative deviation, both in exact arithmetic.
    Near {
        /// The multipliers `Λ`, one for each variable.
        multipliers: Vec<Rational>,
        /// The largest relative deviation of a weight from the scaled one. Between BiLU units no multipliers do better,
        /// but for rounding and for the difference of relative and logarithmic deviations: see
        /// [`Judgement::obstacle`](super::Judgement::obstacle).
        deviation: Rational,
        /// The synapse where it is reached.
        synapse: SynapseIndex,
    },
    /// No multipliers can do it.
    Not(ScalingFault),
}

impl ScalingVerdict {
    pub(super) fn multipliers(&self) -> Option<&[Rational]> {
        match self {
            ScalingVerdict::Exact(claim) => Some(&claim.data().multipliers),
            ScalingVerdict::Near { multipliers, .. } => Some(multipliers),
            ScalingVerdict::Not(_) => None,
        }
    }
}

/// Why a network is no scaling of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalingFault {
    /// A weight became zero, or was zero and is not any more.
    Zero(SynapseIndex),
    /// A weight changed its sign.
    Sign(SynapseIndex),
}
