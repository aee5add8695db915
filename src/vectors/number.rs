//! Expected numbers: exact, or enclosed and rounded outward.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Pow, Signed, Zero};
use serde_json::{Value, json};

use crate::numbers::{Enclosure, Rational, natural_log, rational_power};

/// The significant digits that expected enclosures are good for: their relative width is at most `10^-DIGITS`.
pub const DIGITS: u32 = 30;

/// Significant digits in which ends are written: enough that rounding them outward keeps [`DIGITS`].
const WRITTEN: u32 = 34;

/// Working precision of roots, in bits.
const BITS: u64 = 512;

/// A real number, known exactly or between two rationals of the same sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    Exact(Rational),
    Between(Rational, Rational),
}

impl Number {
    pub fn zero() -> Self {
        Number::Exact(Rational::zero())
    }

    pub fn lower(&self) -> &Rational {
        match self {
            Number::Exact(value) | Number::Between(value, _) => value,
        }
    }

    pub fn upper(&self) -> &Rational {
        match self {
            Number::Exact(value) | Number::Between(_, value) => value,
        }
    }

    pub fn exact(&self) -> Option<&Rational> {
        match self {
            Number::Exact(value) => Some(value),
            Number::Between(..) => None,
        }
    }

    /// The product with a number that is not negative.
    pub fn times(&self, other: &Self) -> Self {
        match (self, other) {
            (Number::Exact(a), Number::Exact(b)) => Number::Exact(a * b),
            (Number::Exact(zero), _) | (_, Number::Exact(zero)) if zero.is_zero() => Self::zero(),
            _ if self.lower().is_negative() => {
                let (low, high) = (self.lower() * other.upper(), self.upper() * other.lower());
                Number::Between(low, high)
            }
            _ => Number::Between(self.lower() * other.lower(), self.upper() * other.upper()),
        }
    }

    pub fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Number::Exact(a), Number::Exact(b)) => Number::Exact(a + b),
            _ => Number::Between(self.lower() + other.lower(), self.upper() + other.upper()),
        }
    }

    /// The power of a positive number; exact where it is rational. `None` where it cannot be computed.
    pub fn power(&self, exponent: &Rational) -> Option<Self> {
        if let Number::Exact(value) = self
            && let Some(power) = rational_power(value, exponent)
        {
            return Some(Number::Exact(power));
        }
        let end = |value| Enclosure::from_rational(value, 4 * BITS)?.power(exponent, BITS);
        let (one, other) = (end(self.lower())?, end(self.upper())?);
        let (one, other) = match exponent.is_negative() {
            true => (other, one),
            false => (one, other),
        };
        Some(Number::Between(
            one.lo().to_rational(),
            other.hi().to_rational(),
        ))
    }

    /// The larger of two; of overlapping enclosures, an enclosure of the larger.
    pub fn max(&self, other: &Self) -> Self {
        let low = self.lower().max(other.lower()).clone();
        let high = self.upper().max(other.upper()).clone();
        match low == high {
            true => Number::Exact(low),
            false => Number::Between(low, high),
        }
    }

    /// Is the number exact, or its relative width at most `10^-DIGITS`?
    pub fn is_narrow(&self) -> bool {
        let width = self.upper() - self.lower();
        let scale = Rational::from_integer(Pow::pow(BigInt::from(10), DIGITS));
        let least = self.lower().abs().min(self.upper().abs());
        width * scale <= least
    }

    /// A string `p/q`, or an object with the two ends as decimals, rounded outward.
    pub fn json(&self) -> Value {
        match self {
            Number::Exact(value) => value.to_string().into(),
            Number::Between(low, high) => {
                json!({"lo": decimal(low, false), "hi": decimal(high, true)})
            }
        }
    }

    /// What [`json`](Self::json) writes, read again.
    pub fn rounded(&self) -> Option<Self> {
        let Number::Between(low, high) = self else {
            return Some(self.clone());
        };
        let read = |text: String| crate::numbers::parse_rational(&text).ok();
        let (below, above) = (read(decimal(low, false))?, read(decimal(high, true))?);
        (below <= *low && above >= *high).then_some(Number::Between(below, above))
    }
}

/// A decimal of [`WRITTEN`] significant digits, not above the value, or not below it if `up`.
fn decimal(value: &Rational, up: bool) -> String {
    if value.is_zero() {
        return "0".into();
    }
    let (magnitude, away) = (value.abs(), up != value.is_negative());
    let ten = |exponent: i64| {
        let power = Rational::from_integer(Pow::pow(BigInt::from(10), exponent.unsigned_abs()));
        if exponent < 0 { power.recip() } else { power }
    };
    // The estimate may be off by one; the loop below makes it right.
    let mut exponent = (natural_log(&magnitude) / std::f64::consts::LN_10).floor() as i64;
    while magnitude < ten(exponent) {
        exponent -= 1;
    }
    while magnitude >= ten(exponent + 1) {
        exponent += 1;
    }
    let scaled = magnitude * ten(i64::from(WRITTEN) - 1 - exponent);
    let mut digits = scaled.numer().div_floor(scaled.denom());
    if away && !scaled.is_integer() {
        digits += BigInt::one();
    }
    let digits = digits.to_string();
    // Rounding up 9.99... carries into one more digit.
    let exponent = exponent + digits.len() as i64 - i64::from(WRITTEN);
    let (lead, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let sign = if value.is_negative() { "-" } else { "" };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{lead}{point}{rest}e{exponent}")
}
