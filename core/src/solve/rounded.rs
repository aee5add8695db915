//! Results whose multipliers were rounded to powers of two.

use num_traits::{One, Signed};

use super::{Options, balance};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, rational_to_f64, rational_to_f64_down, rational_to_f64_up};

/// Is a multiplier `Λ` a power of `2^step` that lies within a factor `2^(step/2)`, and a relative tolerance, of every `Λ*`
/// with `lo <= Λ*^p <= hi`?
pub fn is_rounded(
    multiplier: f64,
    (lo, hi): (&Rational, &Rational),
    power: f64,
    (step, tolerance): (u64, f64),
) -> bool {
    let is_power = multiplier.is_normal()
        && multiplier.to_bits().trailing_zeros() >= 52
        && multiplier.log2() % step as f64 == 0.0;
    // As logarithms of base 2.
    let cost = multiplier.log2() * power;
    let reach = (step as f64 / 2.0 + (1.0 + tolerance).log2()) * power;
    is_power
        && cost - rational_to_f64_down(lo).log2() <= reach
        && rational_to_f64_up(hi).log2() - cost <= reach
}

/// Is a scaling by these multipliers `Λ`, each known up to a relative deviation, that which balances a network, all
/// rounded to powers of two, as far as verified bounds show? Never where a multiplier is a higher power of its variable
/// than the first or its inverse: the nearest power of two of the one is not that of the other. Then the largest step between
/// multipliers, as an exponent of 2.
pub(super) fn balance_rounded(
    before: &Network<Rational>,
    regularizer: &Regularizer,
    (multipliers, deviation): (&[Rational], f64),
    tolerance: f64,
) -> Option<u64> {
    let exceeds_one = |unit: usize| before.exponent(unit).abs() > Rational::one();
    if (0..before.units()).any(exceeds_one) {
        return None;
    }
    let steps = steps(before);
    let powers = multipliers.iter().map(|value| {
        let value = rational_to_f64(value);
        let power = value.log2().round().exp2();
        ((value / power - 1.0).abs() <= deviation).then_some(power)
    });
    let powers = powers.collect::<Option<Vec<f64>>>()?;
    let options = Options {
        certify: Some(DIGITS),
        max_passes: 1_000,
        ..Options::default()
    };
    let optimum = balance(before, regularizer, &options, &mut |_, _| {}).ok()?;
    let power = rational_to_f64(&regularizer.variable_power());
    let bounds = optimum.bounds()?;
    let ends = bounds.lower.iter().zip(&bounds.upper);
    let mut all = powers.iter().zip(&steps).zip(ends);
    all.all(|((value, step), ends)| is_rounded(*value, ends, power, (*step, tolerance)))
        .then(|| steps.iter().copied().fold(1, u64::max))
}

/// By variable, the power of two of which its multiplier must be a power so that every weight changes by a power of two,
/// as an exponent.
fn steps(network: &Network<Rational>) -> Vec<u64> {
    let mut steps = vec![1u64; network.variables()];
    for (variable, exponent) in (0..network.synapses()).flat_map(|e| network.direction(e)) {
        let below = exponent.denom().try_into().unwrap_or(1);
        steps[variable] = num_integer::lcm(steps[variable], below);
    }
    steps
}

/// Digits to which the optimum is known.
const DIGITS: u32 = 12;
