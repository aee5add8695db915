//! What has been verified: values that only the kernel can make.

use crate::numbers::Rational;

/// A claim that the kernel has checked. There is no public constructor.
///
/// ```compile_fail,E0451
/// use synaptic_balance::kernel::{Attained, Verified};
/// let forged = Verified { claim: Attained { circulation: vec![] } };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    claim: T,
}

impl<T> Verified<T> {
    pub(super) fn new(claim: T) -> Self {
        Verified { claim }
    }

    /// What was verified.
    pub fn claim(&self) -> &T {
        &self.claim
    }
}

/// The minimum of the regularizer is attained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attained {
    /// A circulation, at least 1 on every synapse of non-zero cost.
    pub circulation: Vec<Rational>,
}

/// The regularizer has an infimum that no scaling attains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAttained {
    /// Moving `log μ` along it raises no cost.
    pub direction: Vec<Rational>,
    /// The synapses of non-zero cost whose cost it sends to 0.
    pub vanishing: Vec<usize>,
}

/// The minimum is attained, and every balanced multiplier is enclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosed {
    /// Lower bounds of `μ*`.
    pub lower: Vec<Rational>,
    /// Upper bounds of `μ*`.
    pub upper: Vec<Rational>,
    /// For each variable, whether it belongs to a component that no non-zero synapse joins to a visible unit. Such
    /// multipliers are determined only up to a common factor; the bounds are for those whose first one is 1.
    pub normalised: Vec<bool>,
    /// Synapses that vanish in the limit; empty if the minimum of the whole problem is attained.
    pub vanishing: Vec<usize>,
}

/// At these multipliers input and output cost are equal, exactly, at every variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balanced {
    /// The multipliers `μ`.
    pub multipliers: Vec<Rational>,
}

/// One set of weights is another one, scaled by positive multipliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaled {
    /// The multipliers `Λ`.
    pub multipliers: Vec<Rational>,
}

/// The constraints of the manifold, complete and independent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Each constraint as synapses with coefficients.
    pub constraints: Vec<Vec<(usize, Rational)>>,
    /// The dimension of the manifold.
    pub dimension: usize,
}

/// What stands against every scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A weight that changed its sign, or is zero on one side only.
    Synapse(usize),
    /// Synapses with coefficients, a combination that vanishes on the manifold.
    Cycle(Vec<(usize, Rational)>),
}

/// No scaling explains the weights up to the tolerance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotScaled {
    /// Why.
    pub obstacle: Obstacle,
    /// The relative deviation of each weight that even would have been allowed.
    pub tolerance: Rational,
    /// The product of the ratios along the cycle; `None` for a single synapse.
    pub product: Option<Rational>,
}

/// One step of a formula. Each takes its operands from the results of the steps before it, the last ones first used, and
/// leaves one result in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A number.
    Constant(Rational),
    /// A variable to an integer power.
    Power {
        /// The variable.
        variable: usize,
        /// The exponent, of either sign.
        exponent: i64,
    },
    /// The sum of so many results; 0 of none.
    Sum(usize),
    /// The product of so many results; 1 of none.
    Product(usize),
}

/// Two formulas are the same function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identical {
    /// One formula.
    pub left: Vec<Step>,
    /// The other.
    pub right: Vec<Step>,
}
