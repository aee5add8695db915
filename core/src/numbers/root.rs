//! Exact roots and powers: an answer only if it is rational.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use super::Rational;
use super::rational::magnitude;

/// The non-negative `n`-th root of `value` if it is rational, else `None`.
///
/// A reduced fraction has a rational `n`-th root iff its numerator and denominator are `n`-th powers of
/// integers. `None` as well for negative values and for `n = 0`. Cost: one integer root of the same size.
///
/// ```
/// use synaptic_balance::numbers::{nth_root, parse_rational as q};
/// assert_eq!(nth_root(&q("16/81").unwrap(), 4), q("2/3").ok());
/// assert_eq!(nth_root(&q("2").unwrap(), 2), None);
/// ```
pub fn nth_root(value: &Rational, n: u32) -> Option<Rational> {
    if n == 0 || value.is_negative() {
        return None;
    }
    let root = |integer: &BigInt| {
        let root = integer_root(magnitude(integer), n);
        (Pow::pow(&root, n) == *magnitude(integer)).then(|| BigInt::from(root))
    };
    Some(Rational::new(root(value.numer())?, root(value.denom())?))
}

/// The largest integer whose `n`-th power is at most `value`, for `n >= 1`.
///
/// Newton's method from above, started from the root of the leading bits, which has half as many places; the first of
/// them from a logarithm. Whatever the start is worth, the answer is checked.
pub(super) fn integer_root(value: &BigUint, n: u32) -> BigUint {
    if n < 4 || value.bits() < 64 {
        return value.nth_root(n);
    }
    let length = value.bits() / u64::from(n) + 1;
    // Newton's steps double the places as soon as n times the relative error is small.
    let needed = u64::from(n.ilog2()) + 4;
    let places = length.saturating_sub(needed) / 2;
    let mut guess = if length <= 2 * needed + 24 {
        let shift = value.bits() - 64;
        let leading = (value >> shift).to_f64().unwrap_or(f64::MAX);
        let log = (leading.log2() + shift as f64) / f64::from(n);
        // A little too large: 30 bits are right, and the last of them is raised.
        let places = (log as u64).saturating_sub(30);
        (BigUint::from((log - places as f64).exp2() as u64) + 2u32) << places
    } else {
        (integer_root(&(value >> (places * u64::from(n))), n) + 1u32) << places
    };
    loop {
        let quotient = value / Pow::pow(&guess, n - 1);
        let next: BigUint = (&guess * (n - 1) + quotient) / n;
        if next >= guess {
            break;
        }
        guess = next;
    }
    let above = &guess + 1u32;
    match Pow::pow(&guess, n) <= *value && Pow::pow(&above, n) > *value {
        true => guess,
        false => value.nth_root(n),
    }
}

/// `(b, e)` with `b^e = base^exponent` and the denominator of `e` as small as it can be, for `base > 0`: what is a
/// power is taken for one, so that roots are of numbers as short as possible. As it was where the degree does not fit
/// in 12 bits.
pub fn root_of_power(base: &Rational, exponent: &Rational) -> (Rational, Rational) {
    let (mut base, mut exponent) = (base.clone(), exponent.clone());
    let degree = exponent.denom().to_u32().filter(|n| *n < 1 << 12);
    let mut left = degree.unwrap_or(1);
    let mut prime = 2;
    while left > 1 {
        if !left.is_multiple_of(prime) {
            prime += 1;
            continue;
        }
        left /= prime;
        if let Some(root) = nth_root(&base, prime) {
            base = root;
            exponent *= BigInt::from(prime);
        }
    }
    (base, exponent)
}

/// `base^exponent` if it is rational, for `base >= 0`; else `None`.
///
/// `0^0 = 1`; `0` to a negative exponent is `None`, as are negative bases with an exponent that is not an
/// integer, exponents whose numerator or denominator does not fit in 20 bits, and results of more than
/// [`MAX_POWER_BITS`] bits: such a number would not be worth its memory.
pub fn rational_power(base: &Rational, exponent: &Rational) -> Option<Rational> {
    let power = exponent
        .numer()
        .to_i32()
        .filter(|n| n.unsigned_abs() < 1 << 20)?;
    let degree = exponent.denom().to_u32().filter(|n| *n < 1 << 20)?;
    if power == 0 {
        return Some(Rational::one());
    }
    if base.is_zero() {
        return (power > 0).then(Rational::zero);
    }
    let root = if degree == 1 {
        base.clone()
    } else {
        nth_root(base, degree)?
    };
    let size = root.numer().bits().max(root.denom().bits());
    if size.saturating_mul(power.unsigned_abs().into()) > MAX_POWER_BITS {
        return None;
    }
    Some(Pow::pow(&root, power))
}

/// The largest numerator or denominator that [`rational_power`] makes, in bits.
pub const MAX_POWER_BITS: u64 = 1 << 18;
