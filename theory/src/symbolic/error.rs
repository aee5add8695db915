//! What can be wrong with a computation or with the description of a network.

use super::Symbol;
use thiserror::Error;

/// A computation with polynomials that has no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AlgebraError {
    /// An exponent left the range of `i32`.
    #[error("an exponent leaves the range of 32-bit integers")]
    ExponentOverflow,
    /// A negative power of something that is zero or has more than one term.
    #[error("`{base}` has no inverse among the Laurent polynomials")]
    NotInvertible {
        /// The base, printed.
        base: String,
    },
    /// The point gives a variable no value.
    #[error("the point gives `{symbol}` no value")]
    Unassigned {
        /// The variable.
        symbol: Symbol,
    },
    /// A negative power of zero at the point.
    #[error("`{base}` is zero at the point and has a negative exponent")]
    DivisionByZero {
        /// What is zero: a variable, or an expression printed.
        base: String,
    },
}

/// A description of a network that is refused. The first fault in input order is reported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchitectureError {
    /// A name is empty or holds something besides letters, digits and `_`.
    #[error("unit name `{name}`: only letters, digits and `_` keep the symbols unambiguous")]
    Name {
        /// The name.
        name: String,
    },
    /// Two units of one name.
    #[error("unit `{name}` is declared twice")]
    DuplicateUnit {
        /// The name.
        name: String,
    },
    /// A synapse, tie or shared weight that names no unit.
    #[error("unit `{name}` is not declared")]
    UnknownUnit {
        /// The name.
        name: String,
    },
    /// Two synapses from and to the same units.
    #[error("synapse `{from}->{to}` is declared twice")]
    DuplicateSynapse {
        /// Where it starts.
        from: String,
        /// Where it ends.
        to: String,
    },
    /// A shared weight that names no synapse.
    #[error("there is no synapse `{from}->{to}`")]
    UnknownSynapse {
        /// Where it would start.
        from: String,
        /// Where it would end.
        to: String,
    },
    /// A synapse into an input, a bias or a product.
    #[error("synapse `{from}->{to}` enters a source")]
    IntoSource {
        /// Where it starts.
        from: String,
        /// The input, bias or product.
        to: String,
    },
    /// A product without factors.
    #[error("the product `{name}` has no factors")]
    NoFactors {
        /// The product.
        name: String,
    },
    /// A tie with exponents of a unit that is tied already, or one that is 0, or whose first exponent is not 1.
    #[error(
        "unit `{name}`: a tie with exponents begins with exponent 1, has none that is 0, and overlaps no other tie"
    )]
    TieExponent {
        /// The unit.
        name: String,
    },
    /// A statement about sums of inputs met a product, or a tie with exponents.
    #[error(
        "unit `{name}` is a product, or its scaling another power of one: the statement is about sums of inputs"
    )]
    NotAGraph {
        /// The unit.
        name: String,
    },
    /// A tie that includes a unit that is never scaled.
    #[error("unit `{name}` is visible and cannot be tied")]
    TiedVisible {
        /// The visible unit.
        name: String,
    },
    /// A weight shared by synapses that the scalings of the units change differently.
    #[error("weight `{weight}` is shared by synapses that scale differently: tie their units")]
    SharedDifferently {
        /// The weight.
        weight: Symbol,
    },
    /// A directed cycle where none is allowed.
    #[error(
        "unit `{name}` lies on or behind a directed cycle: only a run over time steps is defined"
    )]
    Cycle {
        /// The first such unit.
        name: String,
    },
    /// The function's degree exceeds [`Architecture::MAX_DEGREE`](super::Architecture::MAX_DEGREE).
    #[error("the value of unit `{name}` has a degree above {limit}")]
    Degree {
        /// The first unit whose value does.
        name: String,
        /// The limit.
        limit: u32,
    },
    /// A statement about BiLU units met a BiPU unit of another degree than 1.
    #[error("unit `{name}` has degree {degree}, the statement is about BiLU units")]
    NotBilu {
        /// The unit.
        name: String,
        /// Its degree.
        degree: u32,
    },
    /// A computation with the network's polynomials failed.
    #[error(transparent)]
    Algebra(#[from] AlgebraError),
}
