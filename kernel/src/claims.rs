//! What has been verified: values that only the kernel can make.

use crate::check::Checked;
use crate::{Problem, Rational};

/// A claim that the kernel has checked, with the problem that it speaks of. There is no public constructor.
///
/// ```compile_fail,E0451
/// use synaptic_balance_kernel::{Attained, Problem, Verified};
/// let problem = Problem::new(0, vec![], vec![]).unwrap();
/// let forged = Verified { claim: Attained { circulation: vec![] }, problem };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a, T> {
    claim: T,
    problem: Problem<'a>,
}

impl<'a, T> Verified<'a, T> {
    pub(crate) fn of(problem: &Problem<'a>, claim: T) -> Checked<'a, T> {
        let problem = problem.clone();
        Ok(Verified { claim, problem })
    }

    /// What was verified, if it was verified of this problem. Of no other does it say anything: not of the same network
    /// under another regularizer, nor with a weight more or less.
    ///
    /// Cost: linear.
    ///
    /// ```
    /// use synaptic_balance_kernel::{Balanced, Block, Entries, Layout, Problem, Rational, check};
    /// let rational = |value: i64| Rational::from_integer(value.into());
    /// let chain = |weights: [i64; 2]| {
    ///     let block = Block {
    ///         entries: Entries::Rational(weights.map(rational).to_vec().into()),
    ///         rows: vec![0, 1],
    ///         columns: vec![2],
    ///         layout: Layout::List(vec![(0, 0), (1, 0)]),
    ///         power: rational(1),
    ///         coefficient: rational(1),
    ///         again: false,
    ///     };
    ///     let forms = vec![vec![(0, rational(1))], vec![(0, rational(-1))], vec![]];
    ///     Problem::new(1, forms, vec![block]).unwrap()
    /// };
    /// let claim = Balanced { multipliers: vec![rational(2)], ..Balanced::default() };
    /// let verified = check::balanced(&chain([1, 4]), claim).unwrap();
    /// assert!(verified.claim_about(&chain([1, 4])).is_some() && verified.claim_about(&chain([1, 5])).is_none());
    /// ```
    pub fn claim_about(&self, problem: &Problem) -> Option<&T> {
        (self.problem == *problem).then_some(&self.claim)
    }

    /// The same as mere data, for solvers to go on from: what is not held against a problem is not claimed.
    pub fn data(&self) -> &T {
        &self.claim
    }
}

/// The minimum of the regularizer is attained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attained {
    /// A circulation, at least 1 on every synapse of non-zero cost.
    pub circulation: Vec<Rational>,
}

/// The regularizer has an infimum that no scaling attains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotAttained {
    /// Moving `log μ` along it raises no cost.
    pub direction: Vec<Rational>,
    /// Filled in by the rule: the synapses of non-zero cost whose cost it sends to 0: one of its summands, and all of
    /// them where their exponents are multiples of each other, as in mixtures of powers.
    pub vanishing: Vec<usize>,
}

/// The minimum is attained, and every balanced multiplier is enclosed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enclosed {
    /// Lower bounds of `μ*`.
    pub lower: Vec<Rational>,
    /// Upper bounds of `μ*`.
    pub upper: Vec<Rational>,
    /// The limit that is meant, if it is one, in which what falls along this direction vanishes.
    pub direction: Option<Vec<Rational>>,
    /// Filled in by the rule: for each variable, whether it belongs to a component that no non-zero synapse joins to a
    /// visible unit. Such multipliers are determined only up to a common factor; the bounds are for those whose first
    /// one is 1.
    pub normalised: Vec<bool>,
    /// Filled in by the rule: synapses that vanish in the limit; empty if the minimum of the whole problem is attained.
    pub vanishing: Vec<usize>,
}

/// At these multipliers input and output cost are equal, exactly, at every variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balanced {
    /// The multipliers `μ`.
    pub multipliers: Vec<Rational>,
    /// The limit that is meant, if it is one, in which what falls along this direction vanishes.
    pub direction: Option<Vec<Rational>>,
    /// Filled in by the rule: synapses without whose costs this is true: those that vanish in the limit; empty if the
    /// whole problem is balanced.
    pub vanishing: Vec<usize>,
}

/// One set of weights is another one, scaled by positive multipliers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scaled {
    /// The weights.
    pub before: Vec<Rational>,
    /// The scaled ones.
    pub after: Vec<Rational>,
    /// The multipliers `Λ`.
    pub multipliers: Vec<Rational>,
}

/// The constraints of the manifold, complete and independent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// Each constraint as synapses with coefficients.
    pub constraints: Vec<Vec<(usize, Rational)>>,
    /// Synapses that can be chosen freely: as many as the manifold has dimensions.
    pub spanning: Vec<usize>,
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
    /// The weights.
    pub before: Vec<Rational>,
    /// Those that are no scaling of them.
    pub after: Vec<Rational>,
    /// Why.
    pub obstacle: Obstacle,
    /// The relative deviation of each weight that even would have been allowed.
    pub tolerance: Rational,
    /// Filled in by the rule: the product of the ratios along the cycle; `None` for a single synapse.
    pub product: Option<Rational>,
}
