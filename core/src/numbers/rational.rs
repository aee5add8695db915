//! Rationals: reading, conversion to and from `f64`, sums, and the simplest one in an interval.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{Float, One, Signed, Zero};
use thiserror::Error;

use super::Wide;

/// An exact rational number of any size.
pub type Rational = num_rational::BigRational;

/// Why a text is not a rational number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseRationalError {
    /// The text is not an integer, a fraction `p/q` or a decimal.
    #[error(
        "`{0}` is not a number (write an integer, a fraction as 3/4, or a decimal as 0.25 or 1e-3)"
    )]
    NotANumber(String),
    /// The denominator of a fraction is zero.
    #[error("`{0}` has a zero denominator")]
    ZeroDenominator(String),
    /// The text would denote a number of more digits than [`MAX_DIGITS`].
    #[error("a number of more than {MAX_DIGITS} digits is not accepted")]
    TooLong,
}

/// The longest number that [`parse_rational`] accepts, in decimal digits; it bounds the memory that a
/// hostile exponent such as `1e999999999` could ask for.
pub const MAX_DIGITS: usize = 4_000;

/// Reads an integer (`-3`), a fraction (`-3/4`) or a decimal (`0.25`, `1e-3`), exactly.
///
/// # Errors
/// Anything else, a zero denominator, and numbers of more than [`MAX_DIGITS`] digits.
///
/// ```
/// use synaptic_balance::numbers::parse_rational;
/// assert_eq!(parse_rational("0.25"), parse_rational("1/4"));
/// assert_eq!(parse_rational("1e-3"), parse_rational("1/1000"));
/// assert!(parse_rational("1/0").is_err() && parse_rational("NaN").is_err());
/// ```
pub fn parse_rational(text: &str) -> Result<Rational, ParseRationalError> {
    if text.len() > MAX_DIGITS {
        return Err(ParseRationalError::TooLong);
    }
    let shown = || text.chars().take(60).collect::<String>();
    let invalid = || ParseRationalError::NotANumber(shown());
    if let Some((numerator, denominator)) = text.split_once('/') {
        let numerator = signed_integer(numerator).ok_or_else(invalid)?;
        let denominator = digits(denominator).ok_or_else(invalid)?;
        if denominator.is_zero() {
            return Err(ParseRationalError::ZeroDenominator(shown()));
        }
        return Ok(Rational::new(numerator, denominator));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent).ok_or_else(invalid)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if mantissa.contains('.') && digits(fraction).is_none() {
        return Err(invalid());
    }
    let value = signed_integer(&format!("{whole}{fraction}")).ok_or_else(invalid)?;
    signed_integer(whole).ok_or_else(invalid)?;
    let exponent = exponent - fraction.len() as i64;
    let size = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    if size > MAX_DIGITS {
        return Err(ParseRationalError::TooLong);
    }
    let scale = BigInt::from(10).pow(size as u32);
    Ok(if exponent >= 0 {
        Rational::from_integer(value * scale)
    } else {
        Rational::new(value, scale)
    })
}

fn digits(text: &str) -> Option<BigInt> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn signed_integer(text: &str) -> Option<BigInt> {
    match text.strip_prefix('-') {
        Some(rest) => Some(-digits(rest)?),
        None => digits(text.strip_prefix('+').unwrap_or(text)),
    }
}

fn exponent_of(text: &str) -> Option<i64> {
    let value = signed_integer(text)?;
    // An exponent beyond i32 is too long whatever the mantissa; clamping keeps the error the same.
    Some(
        i64::try_from(value.clone())
            .unwrap_or(i64::MAX / 4)
            .clamp(-(1 << 40), 1 << 40),
    )
}

/// The rational that a finite `f64` denotes; `None` for NaN and the infinities.
pub fn rational_from_f64(value: f64) -> Option<Rational> {
    if !value.is_finite() {
        return None;
    }
    let (mantissa, exponent, sign) = Float::integer_decode(value);
    let mantissa = BigInt::from(mantissa) * sign;
    Some(times_power_of_two(mantissa, i64::from(exponent)))
}

/// `mantissa · 2^exponent` in lowest terms. Only twos can be common, so that no greatest common divisor is sought, which
/// takes many times as long.
pub(super) fn times_power_of_two(mantissa: BigInt, exponent: i64) -> Rational {
    let Some(twos) = mantissa.trailing_zeros() else {
        return Rational::zero();
    };
    let shift = exponent.unsigned_abs();
    if exponent >= 0 {
        return Rational::from_integer(mantissa << shift);
    }
    let common = twos.min(shift);
    Rational::new_raw(mantissa >> common, BigInt::one() << (shift - common))
}

/// The `f64` nearest to `value` up to one unit in the last place; infinite or zero beyond the range of `f64`.
pub fn rational_to_f64(value: &Rational) -> f64 {
    let magnitude = Wide::from_rational(&value.abs()).to_f64();
    if value.is_negative() {
        -magnitude
    } else {
        magnitude
    }
}

/// The least `f64` that is at least `value >= 0`, up to one unit in the last place more: for upper bounds that are
/// printed as proved. Infinite beyond the range of `f64`, the least normal number below it.
pub fn rational_to_f64_up(value: &Rational) -> f64 {
    let rounded = rounded_to_f64(value, super::Direction::Up).unwrap_or(f64::INFINITY);
    // Below the normal numbers the conversion rounds to nearest.
    if rounded < f64::MIN_POSITIVE && value.is_positive() {
        f64::MIN_POSITIVE
    } else {
        rounded
    }
}

/// Is it a power of two, positive and normal?
pub fn is_power_of_two(value: f64) -> bool {
    value.is_normal() && value > 0.0 && value.to_bits() << 12 == 0
}

/// The largest `f64` that is at most `value >= 0`, up to one unit in the last place less: for lower bounds that are
/// printed as proved. The largest finite number beyond the range of `f64`, 0 below that of normal numbers.
pub fn rational_to_f64_down(value: &Rational) -> f64 {
    let rounded = rounded_to_f64(value, super::Direction::Down).unwrap_or(0.0);
    match rounded.is_normal() {
        true => rounded,
        false if rounded.is_infinite() => f64::MAX,
        false => 0.0,
    }
}

fn rounded_to_f64(value: &Rational, direction: super::Direction) -> Option<f64> {
    let dyadic = super::Dyadic::from_rational(value, 52, direction)?;
    Some(rational_to_f64(&dyadic.to_rational()))
}

/// `ln |value|`; minus infinity for zero.
pub fn natural_log(value: &Rational) -> f64 {
    Wide::from_rational(&value.abs()).ln()
}

/// The sum, taken as a balanced tree: adding many fractions from left to right makes every
/// intermediate denominator long, and is slower by orders of magnitude.
pub fn sum(terms: &[Rational]) -> Rational {
    match terms {
        [] => Rational::zero(),
        [one] => one.clone(),
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            sum(left) + sum(right)
        }
    }
}

/// The rational of least denominator, and among those of least magnitude, in `[low, high]`; `None` if
/// `low > high`. Solvers propose with it: an exact answer hidden behind a float is a simple rational.
///
/// ```
/// use synaptic_balance::numbers::{parse_rational as q, simplest_between};
/// let found = simplest_between(&q("0.33333").unwrap(), &q("0.33334").unwrap());
/// assert_eq!(found, q("1/3").ok());
/// ```
pub fn simplest_between(low: &Rational, high: &Rational) -> Option<Rational> {
    if low > high {
        return None;
    }
    if !low.is_positive() && !high.is_negative() {
        return Some(Rational::zero());
    }
    if high.is_negative() {
        return simplest_positive(&-high, &-low).map(|found| -found);
    }
    simplest_positive(low, high)
}

/// Continued fractions of both ends, followed while they agree, on numerators and denominators: nothing has to be
/// reduced.
fn simplest_positive(low: &Rational, high: &Rational) -> Option<Rational> {
    let (mut above, mut below) = (low.numer().clone(), low.denom().clone());
    let (mut high_above, mut high_below) = (high.numer().clone(), high.denom().clone());
    let mut quotients: Vec<BigInt> = Vec::new();
    loop {
        let (floor, rest) = above.div_mod_floor(&below);
        if rest.is_zero() {
            quotients.push(floor);
            break;
        }
        let next = &floor + BigInt::one();
        if &next * &high_below <= high_above {
            quotients.push(next);
            break;
        }
        // Less the floor, both ends are inverted and change places.
        let high_rest = high_above - &floor * &high_below;
        quotients.push(floor);
        (above, below, high_above, high_below) = (high_below, high_rest, below, rest);
    }
    let (mut numerator, mut denominator) = (quotients.pop()?, BigInt::one());
    while let Some(quotient) = quotients.pop() {
        (numerator, denominator) = (quotient * &numerator + denominator, numerator);
    }
    Some(Rational::new(numerator, denominator))
}

/// The magnitude of an integer; a shorthand that keeps signs out of the positive arithmetic.
pub(super) fn magnitude(value: &BigInt) -> &BigUint {
    value.magnitude()
}
