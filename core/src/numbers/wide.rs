//! Positive floats with an exponent that does not overflow.

use num_traits::{Float, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul};

use super::Rational;
use super::rational::{magnitude, times_power_of_two};

/// `mantissa · 2^exponent` with `1 <= mantissa < 2`, or zero: an `f64` without overflow or underflow.
///
/// Costs `|w|^p` with weights from `1e-300` to `1e300` and `p` up to 64 span 38,000 decimal orders. A
/// logarithm would hold them with an absolute error, hence a relative error of the cost, of `1e-11`; this
/// keeps the full relative precision of `f64`. Rounding is to nearest: nothing here is certified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wide {
    mantissa: f64,
    exponent: i64,
}

impl Wide {
    /// Zero.
    pub const ZERO: Wide = Wide {
        mantissa: 0.0,
        exponent: 0,
    };
    /// One.
    pub const ONE: Wide = Wide {
        mantissa: 1.0,
        exponent: 0,
    };

    fn normalised(mantissa: f64, exponent: i64) -> Self {
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        let bits = mantissa.to_bits();
        let biased = (bits >> 52) as i64 & 0x7ff;
        if biased == 0 {
            return Self::normalised(mantissa * 2f64.powi(64), exponent.saturating_sub(64));
        }
        let one_to_two = f64::from_bits((bits & !(0x7ff << 52)) | (1023 << 52));
        Wide {
            mantissa: one_to_two,
            exponent: exponent.saturating_add(biased - 1023),
        }
    }

    /// A finite `value >= 0`.
    pub fn from_f64(value: f64) -> Self {
        debug_assert!(value.is_finite() && value >= 0.0);
        Self::normalised(value, 0)
    }

    /// The magnitude of a rational, correct to one unit in the last place.
    pub fn from_rational(value: &Rational) -> Self {
        if value.is_zero() {
            return Self::ZERO;
        }
        let (numerator, denominator) = (magnitude(value.numer()), magnitude(value.denom()));
        // Most weights are floats: no division then, and nothing is rounded.
        let places = denominator.bits() - 1;
        if denominator.trailing_zeros() == Some(places)
            && let Some(numerator) = numerator.to_u64().filter(|bits| *bits < 1 << 53)
        {
            return Self::normalised(numerator as f64, -(places as i64));
        }
        let shift = 64 + denominator.bits() as i64 - numerator.bits() as i64;
        let quotient = if shift >= 0 {
            (numerator << shift) / denominator
        } else {
            numerator / (denominator << -shift)
        };
        // 64 or 65 bits: the conversion rounds to nearest.
        Self::normalised(quotient.to_f64().unwrap_or(f64::MAX), -shift)
    }

    /// The value as `f64`: zero or infinite beyond its range.
    pub fn to_f64(self) -> f64 {
        let clamped = self.exponent.clamp(-1200, 1200) as i32;
        let half = clamped / 2;
        self.mantissa * power_of_two(half) * power_of_two(clamped - half)
    }

    /// The rational that the value denotes; `None` where the exponent is too large to be worth the memory.
    pub fn to_rational(self) -> Option<Rational> {
        if !self.mantissa.is_finite() || self.exponent.unsigned_abs() > 1 << 24 {
            return None;
        }
        let (mantissa, exponent, sign) = Float::integer_decode(self.mantissa);
        let mantissa = num_bigint::BigInt::from(mantissa) * sign;
        Some(times_power_of_two(
            mantissa,
            self.exponent + i64::from(exponent),
        ))
    }

    /// The natural logarithm; minus infinity for zero.
    pub fn ln(self) -> f64 {
        self.mantissa.ln() + self.exponent as f64 * std::f64::consts::LN_2
    }

    /// `e^x`.
    pub fn exp(x: f64) -> Self {
        let exponent = (x / std::f64::consts::LN_2).round();
        // ln 2 in two parts, the first with trailing zeros, so that the reduction is exact to first order.
        const HIGH: f64 = 6.931_471_803_691_238e-1;
        const LOW: f64 = 1.908_214_929_270_587_7e-10;
        let reduced = (x - exponent * HIGH) - exponent * LOW;
        Self::normalised(reduced.exp(), exponent as i64)
    }

    /// `self^exponent`; zero stays zero (exponents of zero costs are positive).
    pub fn power(self, exponent: &Rational) -> Self {
        let (Some(numerator), Some(denominator)) =
            (exponent.numer().to_i64(), exponent.denom().to_i64())
        else {
            return Self::ZERO;
        };
        match (numerator, denominator) {
            _ if self.mantissa == 0.0 => Self::ZERO,
            (1, 1) => self,
            (-1, 1) => Wide::ONE / self,
            (2, 1) => self * self,
            _ => {
                let scaled = i128::from(self.exponent) * i128::from(numerator);
                let whole = scaled.div_euclid(i128::from(denominator));
                let rest = scaled.rem_euclid(i128::from(denominator)) as f64 / denominator as f64;
                let power = self.mantissa.powf(numerator as f64 / denominator as f64);
                let fraction = Self::normalised(power, 0) * Self::from_f64(rest.exp2());
                Wide {
                    exponent: fraction.exponent.saturating_add(whole as i64),
                    ..fraction
                }
            }
        }
    }

    /// The square root.
    pub fn sqrt(self) -> Self {
        let odd = self.exponent.rem_euclid(2);
        let mantissa = (self.mantissa * if odd == 1 { 2.0 } else { 1.0 }).sqrt();
        Self::normalised(mantissa, (self.exponent - odd) / 2)
    }

    /// Is this zero?
    pub fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    /// `self / other` as `f64`: zero or infinite beyond its range.
    pub fn ratio(self, other: Self) -> f64 {
        (self / other).to_f64()
    }

    /// `(self - other) / (self + other)`, which is what a deficit needs of two sums; 0 if both are zero.
    pub fn relative_difference(self, other: Self) -> f64 {
        let scale = self + other;
        if scale.is_zero() {
            0.0
        } else {
            self.ratio(scale) - other.ratio(scale)
        }
    }
}

impl Mul for Wide {
    type Output = Wide;
    fn mul(self, other: Wide) -> Wide {
        Self::normalised(
            self.mantissa * other.mantissa,
            self.exponent.saturating_add(other.exponent),
        )
    }
}

impl Div for Wide {
    type Output = Wide;
    /// Division by zero gives the largest value: callers exclude it by the sign tests of their problem.
    fn div(self, other: Wide) -> Wide {
        if other.is_zero() {
            return Wide {
                mantissa: 1.0,
                exponent: i64::MAX,
            };
        }
        Self::normalised(
            self.mantissa / other.mantissa,
            self.exponent.saturating_sub(other.exponent),
        )
    }
}

impl Add for Wide {
    type Output = Wide;
    fn add(self, other: Wide) -> Wide {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other } else { self };
        }
        let (high, low) = if self.exponent >= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        let gap = high.exponent.saturating_sub(low.exponent);
        if gap > 60 {
            return high;
        }
        Self::normalised(
            high.mantissa + low.mantissa * power_of_two(-(gap as i32)),
            high.exponent,
        )
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            _ => (self.exponent, self.mantissa).partial_cmp(&(other.exponent, other.mantissa)),
        }
    }
}

impl std::iter::Sum for Wide {
    fn sum<I: Iterator<Item = Wide>>(terms: I) -> Wide {
        terms.fold(Wide::ZERO, |total, term| total + term)
    }
}

impl From<&Rational> for Wide {
    /// The magnitude; the sign is dropped.
    fn from(value: &Rational) -> Self {
        Self::from_rational(&value.abs())
    }
}

/// `2^exponent`, for the exponents of normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

impl std::fmt::Display for Wide {
    /// Six significant digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = self.to_f64();
        if self.is_zero() || (1e-4..1e6).contains(&plain) {
            let decimals = if self.is_zero() {
                0
            } else {
                (5 - plain.log10().floor() as i64).max(0) as usize
            };
            return write!(f, "{plain:.decimals$}");
        }
        let log10 = self.mantissa.log10() + self.exponent as f64 * std::f64::consts::LOG10_2;
        let exponent = log10.floor();
        let text = format!("{:.5}", 10f64.powf(log10 - exponent));
        match text.as_str() {
            "10.00000" => write!(f, "1.00000e{}", exponent + 1.0),
            mantissa => write!(f, "{mantissa}e{exponent}"),
        }
    }
}
