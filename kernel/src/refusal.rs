//! Why something is refused.

use thiserror::Error;

use crate::Rational;

/// What is wrong with a problem or with a certificate. A certificate that is refused proves nothing; what it speaks of may be true.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A block whose rows, columns and entries do not fit, or that names a form or a variable that is not there.
    #[error("block {block}: {reason}")]
    Block {
        /// The block.
        block: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A form that names a variable that is not there, twice, or with an exponent that is 0 or no number.
    #[error("form {0}: its variables must exist and differ, and its exponents may not be 0")]
    Form(usize),
    /// A vector of the certificate has the wrong length.
    #[error("{what}: {found} values, {expected} needed")]
    Arity {
        /// Which vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the problem asks for.
        expected: usize,
    },
    /// A number of significant bits, a grid, or a number of the certificate with a denominator that is not positive.
    #[error("{0} is out of range")]
    Range(&'static str),
    /// A weight, a multiplier or a power of one that is too long to be computed with, or an infinity.
    #[error("block {block}, entry {entry}: the cost is out of range")]
    Cost {
        /// The block.
        block: usize,
        /// The entry.
        entry: usize,
    },
    /// A cost that has too many bits on the grid.
    #[error("block {block}, entry {entry}: the grid is too fine for the cost there")]
    Grid {
        /// The block.
        block: usize,
        /// The entry.
        entry: usize,
    },
    /// The product of multipliers of a form cannot be computed.
    #[error("form {0}: the product of multipliers is out of range")]
    Product(usize),
    /// An exception that is negative or no number, or for an entry that is not there or is 0.
    #[error("block {block}, entry {entry}: this exception is negative, or of no term")]
    Exception {
        /// The block.
        block: usize,
        /// The entry.
        entry: usize,
    },
    /// What flows into a variable differs from what flows out of it.
    #[error("the circulation has a surplus at variable {0}")]
    NotACirculation(usize),
    /// Bands that do not cover the rows of a block once each, or that were read by another reader.
    #[error("block {0}: the bands read do not cover its rows once each")]
    Coverage(usize),
    /// A problem names a variable that it does not have, or one variable twice in a synapse, or holds a
    /// number of the wrong sign.
    #[error("synapse {synapse} of the problem is malformed: {reason}")]
    Malformed {
        /// Index of the synapse.
        synapse: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The flow on a synapse of non-zero cost is below 1, or that on one of zero cost is not 0.
    #[error("the circulation on synapse {synapse} is {flow}, but must be {needed}")]
    Flow {
        /// Index of the synapse.
        synapse: usize,
        /// The certificate's value.
        flow: Box<Rational>,
        /// What it has to be.
        needed: &'static str,
    },
    /// The direction raises the cost of a synapse.
    #[error("the direction raises the cost of synapse {0}")]
    Rises(usize),
    /// The direction lowers no cost.
    #[error("the direction lowers no cost")]
    NothingFalls,
    /// A bound or multiplier that is zero or negative.
    #[error("{what} at variable {variable} is not positive")]
    NotPositive {
        /// Which vector.
        what: &'static str,
        /// The variable.
        variable: usize,
    },
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
    /// A sign test of the comparison principle fails.
    #[error("at the {bound} bound, the {larger} cost of variable {variable} is the larger one")]
    Sign {
        /// The variable.
        variable: usize,
        /// `lower` or `upper`.
        bound: &'static str,
        /// `input` or `output`.
        larger: &'static str,
    },
    /// Input and output cost differ.
    #[error("variable {variable} is not balanced: input cost {input}, output cost {output}")]
    Unbalanced {
        /// The variable.
        variable: usize,
        /// Its input cost.
        input: Box<Rational>,
        /// Its output cost.
        output: Box<Rational>,
    },
    /// A weight is not the scaled one.
    #[error("synapse {synapse} has the weight {found}; the scaling gives {expected}")]
    Weight {
        /// Index of the synapse.
        synapse: usize,
        /// The weight given.
        found: Box<Rational>,
        /// The weight that the multipliers give.
        expected: Box<Rational>,
    },
    /// Irrational costs, exponents too large, or sums closer than the arithmetic resolves.
    #[error("variable {0} is undecided: its costs are irrational or too close to compare")]
    Undecided(usize),
    /// A scaled weight, or a power of a ratio of weights, is irrational or too long to be written out.
    #[error("the scaled weight of synapse {0}, or a power of its ratio, is irrational or too long")]
    Irrational(usize),
    /// A certificate names a synapse that the problem does not have.
    #[error("there is no synapse {0}")]
    NoSuchSynapse(usize),
    /// A constraint holds a synapse twice or with coefficient 0.
    #[error("constraint {constraint} holds synapse {synapse} twice, or with coefficient 0")]
    Coefficient {
        /// Index of the constraint.
        constraint: usize,
        /// Index of the synapse.
        synapse: usize,
    },
    /// A combination of synapses does not vanish on the manifold.
    #[error(
        "combination {constraint} is no cycle: it does not cancel the multiplier of variable {variable}"
    )]
    NotAConstraint {
        /// Index of the constraint.
        constraint: usize,
        /// The first variable that is left over.
        variable: usize,
    },
    /// No order of removal shows that the rows are independent.
    #[error("the {what} are not independent, or not visibly so")]
    Dependent {
        /// `constraints` or `spanning synapses`.
        what: &'static str,
    },
    /// A tolerance outside `[0, 1)`.
    #[error("the tolerance must be at least 0 and below 1")]
    Tolerance,
    /// A synapse said to stand against every scaling has weights of one sign.
    #[error("the weights of synapse {0} agree in sign")]
    SameSign(usize),
    /// A ratio of weights on a cycle is not a positive number.
    #[error("the weights of synapse {0} have no positive ratio")]
    Ratio(usize),
    /// The ratios along a cycle are those of a scaling, within the tolerance.
    #[error("the ratios along the cycle multiply to {product}, which is within the tolerance")]
    Consistent {
        /// Their product.
        product: Box<Rational>,
    },
}

impl Refusal {
    /// Refuses a vector of another length than is needed.
    pub(crate) fn unless_equal(
        what: &'static str,
        found: usize,
        expected: usize,
    ) -> Result<(), Refusal> {
        match found == expected {
            true => Ok(()),
            false => Err(Refusal::Arity {
                what,
                found,
                expected,
            }),
        }
    }
}
