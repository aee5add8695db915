//! Results whose multipliers were rounded to powers of two.

use super::{Options, balance};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, rational_to_f64, rational_to_f64_down, rational_to_f64_up};

/// Is a multiplier `Λ` a power of two that lies within a factor `√2`, and a relative tolerance, of every `Λ*` with `lo
/// <= Λ*^p <= hi`?
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

/// Is a scaling by these multipliers `Λ`, each known up to a relative deviation, that which balances a network, all
/// rounded to powers of two, as far as verified bounds show?
pub(super) fn is_balance_rounded(
    before: &Network<Rational>,
    regularizer: &Regularizer,
    (multipliers, deviation): (&[Rational], f64),
    tolerance: f64,
) -> bool {
    let powers = multipliers.iter().map(|value| {
        let value = rational_to_f64(value);
        let power = value.log2().round().exp2();
        ((value / power - 1.0).abs() <= deviation).then_some(power)
    });
    let Some(powers) = powers.collect::<Option<Vec<f64>>>() else {
        return false;
    };
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
        powers
            .iter()
            .zip(ends)
            .all(|(value, ends)| is_rounded(*value, ends, power, tolerance))
    })
}

/// Digits to which the optimum is known.
const DIGITS: u32 = 12;
