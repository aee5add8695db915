//! Algebra: statements about all weights at once, proved as identities between polynomials.
//!
//! On an activation region every BiLU unit multiplies by a constant slope and every BiPU unit is
//! a monomial, so what a network computes is a polynomial in its weights, its inputs and its
//! slopes: the sum over paths of the products along them. Two polynomials are the same function
//! iff they have the same coefficients, so a statement about *every* choice of weights, scalings
//! and data becomes one comparison of normal forms. It ends in one of two ways:
//!
//! * [`Proved`]: both sides have one normal form, the identity holds for all values;
//! * [`Refuted`]: a rational point, all coordinates positive, where the sides differ.
//!
//! | file | holds |
//! |---|---|
//! | [`Symbol`], [`Monomial`] | named variables, products of their powers |
//! | [`Laurent`] | Laurent polynomials over the rationals in normal form |
//! | [`Expression`] | expression trees: the second, independent side |
//! | [`Identity`], [`Claim`] | what is to be proved, and the verdicts |
//! | [`Architecture`], [`Run`] | a network as letters, its path polynomial |
//! | [`Scaling`] | `w -> w λ_i / λ_j^c`, with symbolic `λ` |
//! | [`statements`] | the theory's statements as claims |
//!
//! ```
//! use synaptic_balance::symbolic::{Architecture, Run, Unit, statements};
//!
//! let network = Architecture::new(
//!     &[
//!         ("x", Unit::Input),
//!         ("one", Unit::Bias),
//!         ("a", Unit::bilu()),
//!         ("y", Unit::linear_output()),
//!     ],
//!     &[("x", "a"), ("one", "a"), ("a", "y")],
//! )?;
//! assert_eq!(
//!     network.function(Run::Acyclic)?["y[y]"].to_string(),
//!     "s[a]*w[a->y]*w[x->a]*x[x] + s[a]*w[a->y]*w[one->a]"
//! );
//! let proved = statements::invariance(&network, Run::Acyclic)?.prove()?;
//! assert_eq!(proved.identities().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why by hand
//!
//! Needed are named variables, negative exponents, rational coefficients, substitution and a
//! stable printed form, on polynomials of at most some thousand terms. `polynomial-ring` and
//! `algebraics` handle one variable; `symbolica` does all of this and more under a licence that
//! is not free; `feanor-math` is a framework for rings whose multivariate polynomials have
//! non-negative exponents and numbered indeterminates fixed in advance by a ring object. The few
//! hundred lines here are also what a reader has to trust, and they can be read.

mod architecture;
mod error;
mod expression;
mod function;
mod identity;
mod laurent;
mod monomial;
mod operators;
mod sample;
mod scaling;
pub mod statements;

pub use architecture::{Activation, Architecture, Unit};
pub use error::{AlgebraError, ArchitectureError};
pub use expression::Expression;
pub use function::{Loss, Run};
pub use identity::{Claim, Identity, Proved, Refuted};
pub use laurent::{Laurent, Point};
pub use monomial::{Monomial, Symbol};
pub use sample::Sampled;
pub use scaling::Scaling;
