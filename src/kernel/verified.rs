//! What has been verified: values that only the kernel can make.

use super::Problem;
use crate::numbers::Rational;

/// A claim that the kernel has checked, with the problem that it speaks of. There is no public constructor.
///
/// ```compile_fail,E0451
/// use synaptic_balance::kernel::{Attained, Problem, Verified};
/// let forged = Verified { claim: Attained { circulation: vec![] }, problem: Problem::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    claim: T,
    problem: Problem,
}

impl<T> Verified<T> {
    pub(super) fn new(problem: &Problem, claim: T) -> Self {
        let problem = problem.clone();
        Verified { claim, problem }
    }

    /// What was verified, if it was verified of this problem. Of no other does it say anything: not of the same network
    /// under another regularizer, nor with a weight more or less.
    ///
    /// Cost: none for copies of one problem; linear otherwise.
    ///
    /// ```
    /// use synaptic_balance::kernel::check;
    /// use synaptic_balance::network::{Regularizer, chain};
    /// use synaptic_balance::numbers::parse_rational;
    /// let problem = |weights: [&str; 2]| chain(&weights.map(|text| parse_rational(text).unwrap())).problem(&Regularizer::l1());
    /// let (one, other) = (problem(["1", "4"]), problem(["1", "5"]));
    /// let verified = check::balanced(&one, &[parse_rational("2").unwrap()]).unwrap();
    /// assert!(verified.claim_about(&one).is_some() && verified.claim_about(&other).is_none());
    /// ```
    pub fn claim_about(&self, problem: &Problem) -> Option<&T> {
        (self.problem == *problem).then_some(&self.claim)
    }

    /// The same as mere data, for solvers to go on from: what is not held against a problem is not claimed.
    pub(crate) fn data(&self) -> &T {
        &self.claim
    }
}

/// Claims that hold all that they speak of, so that they can be read without a problem beside them.
pub trait Complete {}

impl Complete for Scaled {}
impl Complete for NotScaled {}
impl Complete for Identical {}

impl<T: Complete> Verified<T> {
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
    /// Synapses without whose costs this is true: those that vanish in the limit; empty if the whole problem is balanced.
    pub vanishing: Vec<usize>,
}

/// One set of weights is another one, scaled by positive multipliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaled {
    /// The weights.
    pub before: Vec<Rational>,
    /// The scaled ones.
    pub after: Vec<Rational>,
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
    /// The weights that stand against it: each synapse of the obstacle with its weight before and after.
    pub weights: Vec<(usize, Rational, Rational)>,
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
