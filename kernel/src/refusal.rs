//! Why something is refused.

use thiserror::Error;

use crate::Rational;

/// What is wrong with a problem or with a certificate. A certificate that is refused proves nothing; what it speaks of
/// may be true.
///
/// Synapses are weights of the problem, numbered block after block, as in the rules of [`check`](crate::check).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A block whose rows, columns and entries do not fit, or that names a form that is not there, or holds what is no
    /// number; one that is not covered once each by the bands that this reader read.
    #[error("block {0}: {1}")]
    Block(usize, &'static str),
    /// A form that names a variable that is not there, twice, or with an exponent that is 0 or no number; one whose
    /// product cannot be computed.
    #[error("form {0}: {1}")]
    Form(usize, &'static str),
    /// A vector of the certificate has the wrong length: which, its length, and the one that the problem asks for.
    #[error("{0}: {1} values, {2} needed")]
    Arity(&'static str, usize, usize),
    /// A number of significant bits, a grid, a tolerance outside `[0, 1)`, or a number of the certificate with a
    /// denominator that is not positive.
    #[error("{0} is out of range")]
    Range(&'static str),
    /// A term, as block and entry: its cost is out of range or has too many bits on the grid, or an exception is
    /// negative or of no term.
    #[error("block {0}, entry {1}: {2}")]
    Term(usize, usize, &'static str),
    /// A multiplier that is not within its bounds, or bounds that are no positive numbers: the variable.
    #[error("the multiplier of variable {0} is not within its bounds")]
    Outside(usize),
    /// What flows into a variable differs from what flows out of it.
    #[error("the circulation has a surplus at variable {0}")]
    NotACirculation(usize),
    /// The flow on a synapse of non-zero cost is below 1, or that on one of zero cost is not 0: the synapse, the flow,
    /// what it has to be.
    #[error("the circulation on synapse {0} is {1}, but must be {2}")]
    Flow(usize, Box<Rational>, &'static str),
    /// The direction raises the cost of a synapse.
    #[error("the direction raises the cost of synapse {0}")]
    Rises(usize),
    /// The direction lowers no cost.
    #[error("the direction lowers no cost")]
    NothingFalls,
    /// A bound or multiplier that is zero or negative: which, and at which variable.
    #[error("{0} at variable {1} is not positive")]
    NotPositive(&'static str, usize),
    /// A lower bound above the upper one.
    #[error("the lower bound exceeds the upper one at variable {0}")]
    Crossed(usize),
    /// A component without a visible unit is defined up to a factor; its first variable must be 1.
    #[error("variable {0} represents a component without visible units: both its bounds must be 1")]
    NotNormalised(usize),
    /// The comparison principle needs every synapse to rise in at most one variable and to fall in at most one.
    #[error(
        "synapse {0} rises, or falls, in two multipliers at once: the comparison principle does not apply"
    )]
    RaisesBoth(usize),
    /// A sign test of the comparison principle fails: the variable, `lower` or `upper`, `input` or `output`.
    #[error("at the {1} bound, the {2} cost of variable {0} is the larger one")]
    Sign(usize, &'static str, &'static str),
    /// Input and output cost of a variable differ.
    #[error("variable {0} is not balanced: input cost {1}, output cost {2}")]
    Unbalanced(usize, Box<Rational>, Box<Rational>),
    /// A weight is not the scaled one: the synapse, its weight, and what the multipliers give.
    #[error("synapse {0} has the weight {1}; the scaling gives {2}")]
    Weight(usize, Box<Rational>, Box<Rational>),
    /// Irrational costs, exponents too large, sums closer than the arithmetic resolves, or sums of fractions that would
    /// take too long.
    #[error(
        "variable {0} is undecided: its costs are irrational or too close to compare, or its sums too long"
    )]
    Undecided(usize),
    /// A scaled weight, or a power of a ratio of weights, is irrational or too long to be written out.
    #[error("the scaled weight of synapse {0}, or a power of its ratio, is irrational or too long")]
    Irrational(usize),
    /// A certificate names a synapse that the problem does not have.
    #[error("there is no synapse {0}")]
    NoSuchSynapse(usize),
    /// A constraint holds a synapse twice or with coefficient 0.
    #[error("constraint {0} holds synapse {1} twice, or with coefficient 0")]
    Coefficient(usize, usize),
    /// A combination of synapses does not vanish on the manifold: which, and the first variable that is left over.
    #[error("combination {0} is no cycle: it does not cancel the multiplier of variable {1}")]
    NotAConstraint(usize, usize),
    /// No order of removal shows that the rows are independent: `constraints` or `spanning synapses`.
    #[error("the {0} are not independent, or not visibly so")]
    Dependent(&'static str),
    /// A synapse said to stand against every scaling has weights of one sign.
    #[error("the weights of synapse {0} agree in sign")]
    SameSign(usize),
    /// A ratio of weights on a cycle is not a positive number.
    #[error("the weights of synapse {0} have no positive ratio")]
    Ratio(usize),
    /// The ratios along a cycle multiply to this, as those of a scaling, within the tolerance.
    #[error("the ratios along the cycle multiply to {0}, which is within the tolerance")]
    Consistent(Box<Rational>),
}

/// Does a demand hold?
pub(crate) type Held = Result<(), Refusal>;

impl Refusal {
    /// Refuses a vector of another length than is needed.
    pub(crate) fn unless_equal(what: &'static str, found: usize, needed: usize) -> Held {
        match found == needed {
            true => Ok(()),
            false => Err(Refusal::Arity(what, found, needed)),
        }
    }
}
