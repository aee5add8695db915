//! What network code asks of a number.

use num_traits::{Signed, Zero};
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use super::{MAX_POWER_BITS, Rational, rational_from_f64, rational_power, rational_to_f64};

/// A number in which a network can be evaluated, scaled and trained: [`Rational`] (exact), `f64` or `f32`.
///
/// `Option` results say where exactness ends: a power that is not rational has no value in [`Rational`].
pub trait Scalar:
    Clone
    + Debug
    + Display
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + Zero
    + num_traits::One
    + Send
    + Sync
    + 'static
{
    /// Is arithmetic in this type exact?
    const EXACT: bool;

    /// The value nearest to a rational (for `f32`, to the nearest `f64`).
    fn from_rational(value: &Rational) -> Self;

    /// The value nearest to a float; 0 for NaN and the infinities.
    fn from_float(value: f64) -> Self {
        rational_from_f64(value).map_or_else(Self::zero, |value| Self::from_rational(&value))
    }

    /// The rational that this value denotes; `None` for NaN and the infinities.
    fn to_rational(&self) -> Option<Rational>;

    /// The `f64` nearest to this value.
    fn to_f64(&self) -> f64;

    /// `self^exponent` for `self >= 0`; `None` if it has no value in this type.
    fn power(&self, exponent: &Rational) -> Option<Self>;

    /// The product of all values, 1 of none; `None` if it is too long to be written out.
    fn product_of(values: &[Self]) -> Option<Self> {
        let factors = values.iter().cloned();
        Some(factors.fold(Self::one(), |product, factor| product * factor))
    }

    /// Is the value less than zero?
    fn is_negative(&self) -> bool {
        *self < Self::zero()
    }

    /// The magnitude.
    fn magnitude(&self) -> Self {
        if self.is_negative() {
            -self.clone()
        } else {
            self.clone()
        }
    }

    /// The logistic sigmoid or hyperbolic tangent, and other functions that no rational has: applied in
    /// `f64`, and `None` for exact types.
    fn transcendental(&self, function: fn(f64) -> f64) -> Option<Self>;
}

impl Scalar for Rational {
    const EXACT: bool = true;

    fn from_rational(value: &Rational) -> Self {
        value.clone()
    }

    fn to_rational(&self) -> Option<Rational> {
        Some(self.clone())
    }

    fn to_f64(&self) -> f64 {
        rational_to_f64(self)
    }

    fn power(&self, exponent: &Rational) -> Option<Self> {
        rational_power(self, exponent)
    }

    fn product_of(values: &[Self]) -> Option<Self> {
        let length = |value: &Rational| value.numer().bits() + value.denom().bits();
        let total = values.iter().map(length).sum::<u64>();
        (total <= MAX_POWER_BITS).then(|| values.iter().product())
    }

    fn is_negative(&self) -> bool {
        Signed::is_negative(self)
    }

    fn transcendental(&self, _function: fn(f64) -> f64) -> Option<Self> {
        None
    }
}

impl Scalar for f64 {
    const EXACT: bool = false;

    fn from_rational(value: &Rational) -> Self {
        rational_to_f64(value)
    }

    // As by way of the rational, but in no time: rationals know one zero.
    fn from_float(value: f64) -> Self {
        if value.is_finite() { value + 0.0 } else { 0.0 }
    }

    fn to_rational(&self) -> Option<Rational> {
        rational_from_f64(*self)
    }

    fn to_f64(&self) -> f64 {
        *self
    }

    fn power(&self, exponent: &Rational) -> Option<Self> {
        let result = self.powf(rational_to_f64(exponent));
        result.is_finite().then_some(result)
    }

    fn transcendental(&self, function: fn(f64) -> f64) -> Option<Self> {
        Some(function(*self))
    }
}

impl Scalar for f32 {
    const EXACT: bool = false;

    fn from_rational(value: &Rational) -> Self {
        rational_to_f64(value) as f32
    }

    fn to_rational(&self) -> Option<Rational> {
        rational_from_f64(f64::from(*self))
    }

    fn to_f64(&self) -> f64 {
        f64::from(*self)
    }

    fn power(&self, exponent: &Rational) -> Option<Self> {
        let result = f64::from(*self).power(exponent)? as f32;
        result.is_finite().then_some(result)
    }

    fn transcendental(&self, function: fn(f64) -> f64) -> Option<Self> {
        Some(function(f64::from(*self)) as f32)
    }
}
