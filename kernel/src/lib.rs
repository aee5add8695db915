//! **The trusted kernel of synaptic-balance**: all that can say that something was verified, in integers and rationals
//! only: no floats, no input or output, no panics.
//!
//! Given the weights of a network and a small certificate, it proves where each weight of the one balanced network
//! lies, in one read of the weights: below. All other claims, in exact arithmetic, are those of [`check`].
//!
//! # The problem
//! Variables `μ_v > 0` are the multipliers of costs. A [`Form`] is a product of powers of them. A *term* has the cost
//! `w = a |weight|^p · P · Q`, `P` and `Q` the products that its row and its column contribute: [`Problem`]. The
//! regularizer is the sum of all costs, a convex function of the logarithms of the multipliers; *balanced* is a point
//! where its gradient is 0.
//!
//! # The rule
//! A [`Certificate`] names a point and, by a rule that depends on the weights, a number `y >= 0` for each term. If at
//! the point the costs are `w` and `Σ y · (exponents of the term) = 0` exactly, for every variable, then the
//! regularizer at the point exceeds its infimum by at most `gap = Σ (y - w)²/w`, and every balanced cost is within a
//! factor that `gap/w` bounds: see [`Certified`]. If all `y` are positive, the minimum is attained (Stiemke). Nothing
//! has to be assumed of the network: products, ties, any degree of homogeneity, recurrence. With bounds of multipliers
//! in the certificate the same is said of the minimum within them: there a sum may push a multiplier against its bound.
//!
//! The inequality is proved in Coq, roundings included, as this crate evaluates it: `proofs/general/energy*.v`.
//!
//! # Reading it
//! The README of this crate has an order in which to read it, and names all that is relied on.
//!
//! Relied on without review: `num-bigint`, `num-rational`, the 256-bit integers of `ethnum`, the standard library, the
//! compiler. That the problem is that of a file is the caller's to show.
//!
//! ```
//! use synaptic_balance_kernel::{Block, Certificate, Entries, Layout, Number, Problem, Rational, Reader};
//! // x -> h -> y with weights 3 and 12; l1. Balanced: h at 2, both weights 6.
//! let rational = |value: i64| Rational::from_integer(value.into());
//! let weights = [rational(3), rational(12)];
//! let forms = vec![vec![], vec![(0, rational(1))], vec![(0, rational(-1))]];
//! let block = Block {
//!     entries: Entries::Rational(weights.to_vec().into()),
//!     rows: vec![1, 0],
//!     columns: vec![0, 2],
//!     layout: Layout::List(vec![(0, 0), (1, 1)]),
//!     power: rational(1),
//!     coefficient: rational(1),
//!     again: false,
//! };
//! let problem = Problem::new(1, forms, vec![block]).unwrap();
//! let certificate = Certificate { point: vec![Number::new(2u32.into(), 0)], bits: 80, grid: 100, ..Certificate::default() };
//! let reader = Reader::new(&problem, &certificate).unwrap();
//! let bands = vec![reader.read(0, 0..2).unwrap()];
//! let certified = reader.finish(bands).unwrap();
//! assert!(certified.is_attained());
//! let (low, high) = certified.balanced_cost(0, 0).unwrap();
//! assert!(low <= rational(6) && rational(6) <= high && &high - &low < Rational::new(1.into(), 1_000_000_000_000u64.into()));
//! ```
//!
//! A [`Certified`] comes from [`Reader::finish`] alone, of bands from [`Reader::read`], and its certificate stays as it
//! was:
//! ```compile_fail,E0451
//! # use synaptic_balance_kernel::{Certified, Rational, Reader};
//! fn forged<'a>(reader: Reader<'a>, gap: Rational) -> Certified<'a> {
//!     Certified { reader, gap: gap.numer().clone(), places: 0, least: None, zeros: 0, upper: gap }
//! }
//! ```
//! ```compile_fail,E0616
//! # use synaptic_balance_kernel::{Certified, Rational};
//! fn forged(certified: &mut Certified, gap: Rational) {
//!     certified.gap = gap.numer().clone();
//! }
//! ```
//! ```compile_fail,E0451
//! # use synaptic_balance_kernel::Band;
//! fn forged(band: Band) -> Band {
//!     Band { total: 0.into(), ..band }
//! }
//! ```
//! ```compile_fail,E0505
//! # use synaptic_balance_kernel::{Certificate, Certified, Problem, Reader};
//! # fn forged(problem: &Problem, certificate: Certificate) {
//! let reader = Reader::new(problem, &certificate).unwrap();
//! let other = Certificate { bits: 80, ..certificate };
//! let certified = reader.finish(vec![]).unwrap();
//! # }
//! ```
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod certified;
pub mod check;
mod claims;
mod comparison;
mod distance;
mod natural;
mod number;
mod problem;
mod reader;
mod refusal;

pub use certified::Certified;
pub use claims::{
    Attained, Balanced, Basis, Enclosed, NotAttained, NotScaled, Obstacle, Scaled, Verified,
};
pub use number::Number;
pub use problem::{Block, Entries, Form, Layout, Problem};
pub use reader::{Band, Certificate, MAX_BITS, Reader};
pub use refusal::Refusal;

/// An exact rational number of any size.
pub type Rational = num_rational::BigRational;
