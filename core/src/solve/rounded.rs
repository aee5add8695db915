//! Results whose multipliers were rounded to powers of two.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive};

use super::{Options, balance};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, Scalar, rational_to_f64, rational_to_f64_down, rational_to_f64_up};

/// Is a multiplier `Λ` a power of `2^step` that lies within a factor `2^(step/2)` of every `Λ*` with `lo <= Λ*^p <=
/// hi`, up to one part in a thousand million, as one half way between two was rounded by what was computed of it?
pub fn is_rounded(
    multiplier: f64,
    (lo, hi): (&Rational, &Rational),
    power: f64,
    step: u64,
) -> bool {
    let is_power = multiplier.is_normal()
        && multiplier.to_bits().trailing_zeros() >= 52
        && multiplier.log2() % step as f64 == 0.0;
    // As logarithms of base 2.
    let cost = multiplier.log2() * power;
    let reach = (step as f64 / 2.0 + HALF_WAY.log2()) * power;
    is_power
        && cost - rational_to_f64_down(lo).log2() <= reach
        && rational_to_f64_up(hi).log2() - cost <= reach
}

/// Is a scaling by these multipliers `Λ`, each known up to a relative deviation, that which balances a network, all
/// rounded to powers of two, as far as verified bounds show? Then the largest step between multipliers of units, as an
/// exponent of 2: see [`largest_step`].
pub(super) fn balance_rounded(
    before: &Network<Rational>,
    regularizer: &Regularizer,
    (multipliers, deviation): (&[Rational], f64),
) -> Option<u64> {
    let mut steps = vec![1u64; before.variables()];
    for (variable, exponent) in (0..before.synapses()).flat_map(|e| before.direction(e)) {
        steps[variable] = common_step(steps[variable], exponent.denom().to_u64());
    }
    let largest = largest_step(before, &steps)?;
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
    all.all(|((value, step), ends)| is_rounded(*value, ends, power, *step))
        .then_some(largest)
}

/// The largest step between multipliers of units, as an exponent of 2: where that of a unit is a power of its variable,
/// so many times the step of that. `None` beyond 4: to the nearest power of two it may then be further than a factor 4,
/// which says little of balance.
pub fn largest_step<S: Scalar>(network: &Network<S>, steps: &[u64]) -> Option<u64> {
    let units = 0..network.units();
    let own = units.filter_map(|unit| {
        let step = Rational::from_integer((*steps.get(network.variable(unit)?)?).into());
        Some((step * network.exponent(unit).abs()).ceil().to_integer())
    });
    let largest = own.max().unwrap_or_else(BigInt::one).max(BigInt::one());
    largest.to_u64().filter(|step| *step <= MOST)
}

/// A step, as an exponent of 2, that is one for a weight too that takes a power of a multiplier with this denominator
/// (`None`: too long a number). The largest `u64` stands for all that are too large.
pub fn common_step(step: u64, denominator: Option<u64>) -> u64 {
    let below = denominator.unwrap_or(u64::MAX);
    (step / step.gcd(&below).max(1)).saturating_mul(below)
}

/// The largest step that is called near.
const MOST: u64 = 4;

/// How far beyond the half of a step a multiplier may be.
const HALF_WAY: f64 = 1.0 + 1e-9;

/// Digits to which the optimum is known.
const DIGITS: u32 = 12;
