//! Numbers: rationals, exact roots, outward-rounded enclosures, and a float of unbounded exponent.
//!
//! | type | holds | used for |
//! |---|---|---|
//! | [`Rational`] | any rational, exactly | weights, costs, claims |
//! | [`Dyadic`] | `m · 2^e >= 0`, rounded in a stated direction | the two ends of an [`Enclosure`] |
//! | [`Enclosure`] | every real between two dyadics | costs and scalings that are irrational |
//! | [`Wide`] | an `f64` mantissa with a 64-bit exponent | solvers: costs from `1e-20000` to `1e20000` |
//!
//! [`Scalar`] is what network code asks of a number, so that the same code runs on [`Rational`]
//! and on `f64`.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod dyadic;
mod enclosure;
mod half;
mod lanes;
mod rational;
mod root;
mod scalar;
mod short;
mod wide;

pub use dyadic::{Direction, Dyadic};
pub use enclosure::{Enclosure, Order};
pub use half::{bf16_to_f64, f16_to_f64};
#[doc(hidden)]
pub use lanes::in_lanes;
pub use rational::{
    MAX_DIGITS, ParseRationalError, Rational, is_power_of_two, natural_log, parse_rational,
    rational_from_f64, rational_to_f64, rational_to_f64_down, rational_to_f64_up, simplest_between,
    sum,
};
pub use root::{MAX_POWER_BITS, nth_root, rational_power, root_of_power};
pub use scalar::Scalar;
pub use wide::Wide;
