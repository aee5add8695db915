//! Why something is refused.

use thiserror::Error;

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
    /// Another number of multipliers than of variables.
    #[error("{found} multipliers for {expected} variables")]
    Arity {
        /// What was given.
        found: usize,
        /// What is needed.
        expected: usize,
    },
    /// A multiplier that is not positive.
    #[error("multiplier {0} is not positive")]
    NotPositive(usize),
    /// A number of significant bits, or a grid, out of range.
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
    /// The sums do not cancel at a variable.
    #[error("variable {0}: the sums of input and output costs on the grid differ")]
    NotACirculation(usize),
    /// Bands that do not cover the rows of a block once each, or that were read by another reader.
    #[error("block {0}: the bands read do not cover its rows once each")]
    Coverage(usize),
}
