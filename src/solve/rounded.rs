//! Results whose multipliers were rounded to powers of two.

use num_traits::One;

use super::{Options, balance};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, rational_to_f64, rational_to_f64_down, rational_to_f64_up};

/// Is a multiplier `Λ` a power of two that lies within a factor `√2`, and a relative tolerance, of every `Λ*` with `lo <= Λ*^p <= hi`?
pub fn is_rounded(
    multiplier: f64,
    (lo, hi): (&Rational, &Rational),
    power: f64,
    tolerance: f64,
) -> bool {
    let is_power = multiplier.is_normal() && multiplier.to_bits().trailing_zeros() >= 52;
    // As logarithms of base 2.
    let cost = multiplier.log2() * power;
    let reach = power / 2.0 + (1.0 + tolerance).log2() * power;
    is_power
        && cost - rational_to_f64_down(lo).log2() <= reach
        && rational_to_f64_up(hi).log2() - cost <= reach
}

/// Is a scaling by these multipliers `Λ` that which balances a network, all rounded to powers of two, as far as verified bounds show?
pub(super) fn is_balance_rounded(
    before: &Network<Rational>,
    regularizer: &Regularizer,
    multipliers: &[Rational],
    tolerance: f64,
) -> bool {
    let is_power = |value: &Rational| {
        let (above, below) = (value.numer(), value.denom());
        let single = |part: &num_bigint::BigInt| {
            part.trailing_zeros().map(|zeros| zeros + 1) == Some(part.bits())
        };
        (below.is_one() && single(above)) || (above.is_one() && single(below))
    };
    if !multipliers.iter().all(is_power) {
        return false;
    }
    let options = Options {
        certify: Some(DIGITS),
        max_passes: 1_000,
        ..Options::default()
    };
    let Ok(optimum) = balance(before, regularizer, &options, &mut |_, _| {}) else {
        return false;
    };
    let power = rational_to_f64(&regularizer.variable_power());
    let bounds = optimum.bounds();
    bounds.is_some_and(|bounds| {
        let ends = bounds.lower.iter().zip(&bounds.upper);
        multipliers
            .iter()
            .zip(ends)
            .all(|(value, ends)| is_rounded(rational_to_f64(value), ends, power, tolerance))
    })
}

/// Digits to which the optimum is known.
const DIGITS: u32 = 12;
