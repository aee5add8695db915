//! Non-negative dyadic numbers with directed rounding: the ends of enclosures.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

use super::Rational;
use super::rational::magnitude;

/// Which way an inexact result is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards zero: the result is a lower bound.
    Down,
    /// Away from zero: the result is an upper bound.
    Up,
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Direction::Down => Direction::Up,
            Direction::Up => Direction::Down,
        }
    }
}

/// `mantissa · 2^exponent`, at least 0.
///
/// Every operation takes the number of bits to keep and the [`Direction`] in which to round, and returns
/// `None` if an exponent leaves the range of `i64` (or an argument is outside the domain): no operation
/// panics.
#[derive(Debug, Clone)]
pub struct Dyadic {
    mantissa: BigUint,
    exponent: i64,
}

impl Dyadic {
    /// Zero.
    pub fn zero() -> Self {
        Dyadic {
            mantissa: BigUint::zero(),
            exponent: 0,
        }
    }

    /// `value`, rounded to `bits` bits; `None` if it is negative.
    pub fn from_rational(value: &Rational, bits: u64, direction: Direction) -> Option<Self> {
        if value.is_negative() {
            return None;
        }
        let (numerator, denominator) = (magnitude(value.numer()), magnitude(value.denom()));
        if denominator.is_one() {
            return Dyadic {
                mantissa: numerator.clone(),
                exponent: 0,
            }
            .rounded(bits, direction);
        }
        Self::quotient(numerator, denominator, 0, bits, direction)
    }

    /// `numerator / denominator · 2^exponent`; a zero denominator is `None`.
    fn quotient(
        numerator: &BigUint,
        denominator: &BigUint,
        exponent: i64,
        bits: u64,
        direction: Direction,
    ) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        let shift = bits
            .checked_add(denominator.bits())?
            .saturating_sub(numerator.bits());
        let (mut mantissa, rest) = (numerator << shift).div_rem(denominator);
        if direction == Direction::Up && !rest.is_zero() {
            mantissa += 1u32;
        }
        let exponent = exponent.checked_sub(i64::try_from(shift).ok()?)?;
        Dyadic { mantissa, exponent }.rounded(bits, direction)
    }

    /// Keeps at most `bits` bits.
    fn rounded(mut self, bits: u64, direction: Direction) -> Option<Self> {
        let excess = self.mantissa.bits().saturating_sub(bits);
        if excess > 0 {
            let exact = self
                .mantissa
                .trailing_zeros()
                .is_none_or(|zeros| zeros >= excess);
            self.mantissa >>= excess;
            if direction == Direction::Up && !exact {
                self.mantissa += 1u32;
            }
            self.exponent = self.exponent.checked_add(i64::try_from(excess).ok()?)?;
        }
        Some(self)
    }

    /// The exact value.
    pub fn to_rational(&self) -> Rational {
        let mantissa = num_bigint::BigInt::from(self.mantissa.clone());
        let shift = self.exponent.unsigned_abs();
        if self.exponent >= 0 {
            Rational::from_integer(mantissa << shift)
        } else {
            Rational::new(mantissa, num_bigint::BigInt::one() << shift)
        }
    }

    /// Is this zero?
    pub fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// `self · other`.
    pub fn mul(&self, other: &Self, bits: u64, direction: Direction) -> Option<Self> {
        let exponent = self.exponent.checked_add(other.exponent)?;
        Dyadic {
            mantissa: &self.mantissa * &other.mantissa,
            exponent,
        }
        .rounded(bits, direction)
    }

    /// `1 / self`; `None` for zero.
    pub fn reciprocal(&self, bits: u64, direction: Direction) -> Option<Self> {
        let exponent = self.exponent.checked_neg()?;
        Self::quotient(&BigUint::one(), &self.mantissa, exponent, bits, direction)
    }

    /// `self + other`.
    pub fn add(&self, other: &Self, bits: u64, direction: Direction) -> Option<Self> {
        if self.is_zero() || other.is_zero() {
            let sum = if self.is_zero() { other } else { self };
            return sum.clone().rounded(bits, direction);
        }
        let (high, low) = if self.top()? >= other.top()? {
            (self, other)
        } else {
            (other, self)
        };
        let far = i64::try_from(bits).ok()?.checked_add(2)?;
        if high.top()?.checked_sub(low.top()?)? > far {
            return high.nudged(bits, direction);
        }
        let exponent = high.exponent.min(low.exponent);
        let shifted =
            |number: &Self| Some(&number.mantissa << number.exponent.checked_sub(exponent)?);
        let mantissa: BigUint = shifted(high)? + shifted(low)?;
        Dyadic { mantissa, exponent }.rounded(bits, direction)
    }

    /// The exponent of the bit above the leading one.
    fn top(&self) -> Option<i64> {
        self.exponent
            .checked_add(i64::try_from(self.mantissa.bits()).ok()?)
    }

    /// `self` plus something positive and smaller than `2^-bits` of it.
    fn nudged(&self, bits: u64, direction: Direction) -> Option<Self> {
        if direction == Direction::Down {
            return self.clone().rounded(bits, direction);
        }
        // Rounded first: one unit in the last of `bits` places exceeds what is added.
        let high = self.clone().rounded(bits, Direction::Up)?;
        let room = bits.saturating_sub(high.mantissa.bits());
        let mantissa = (&high.mantissa << room) + 1u32;
        let exponent = high.exponent.checked_sub(i64::try_from(room).ok()?)?;
        Dyadic { mantissa, exponent }.rounded(bits, direction)
    }

    /// `self^exponent` for a rational exponent whose numerator and denominator fit in 20 bits; `None`
    /// otherwise and for zero to a negative exponent.
    pub fn power(&self, exponent: &Rational, bits: u64, direction: Direction) -> Option<Self> {
        let small = |n: &u32| *n < 1 << 20;
        let degree = exponent.denom().to_u32().filter(small)?;
        let power = magnitude(exponent.numer()).to_u32().filter(small)?;
        let negative = exponent.is_negative();
        let inner = if negative {
            direction.opposite()
        } else {
            direction
        };
        // Repeated squaring and the root each lose a few units in the last place.
        let working = bits.checked_add(64)?;
        let root = if degree == 1 {
            self.clone()
        } else {
            self.root(degree, working, inner)?
        };
        let value = root.integer_power(power, working, inner)?;
        if negative {
            value.reciprocal(bits, direction)
        } else {
            value.rounded(bits, direction)
        }
    }

    fn integer_power(&self, mut power: u32, bits: u64, direction: Direction) -> Option<Self> {
        let mut square = self.clone();
        let mut result = Dyadic {
            mantissa: BigUint::one(),
            exponent: 0,
        };
        while power > 0 {
            if power & 1 == 1 {
                result = result.mul(&square, bits, direction)?;
            }
            power >>= 1;
            if power > 0 {
                square = square.mul(&square, bits, direction)?;
            }
        }
        Some(result)
    }

    fn root(&self, degree: u32, bits: u64, direction: Direction) -> Option<Self> {
        if self.is_zero() {
            return Some(Self::zero());
        }
        let wanted = bits.checked_mul(u64::from(degree))?;
        let mut shift = i64::try_from(wanted.saturating_sub(self.mantissa.bits())).ok()?;
        let exponent = self.exponent.checked_sub(shift)?;
        let remainder = exponent.rem_euclid(i64::from(degree));
        shift = shift.checked_add(remainder)?;
        let radicand = &self.mantissa << shift;
        let mut mantissa = radicand.nth_root(degree);
        if direction == Direction::Up && num_traits::Pow::pow(&mantissa, degree) != radicand {
            mantissa += 1u32;
        }
        let exponent = exponent
            .checked_sub(remainder)?
            .checked_div(i64::from(degree))?;
        Dyadic { mantissa, exponent }.rounded(bits, direction)
    }

    /// Exact comparison; `None` only if an exponent leaves its range.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_zero() || other.is_zero() {
            return Some(self.mantissa.cmp(&other.mantissa));
        }
        let tops = self.top()?.cmp(&other.top()?);
        if tops != Ordering::Equal {
            return Some(tops);
        }
        let exponent = self.exponent.min(other.exponent);
        let shifted =
            |number: &Self| Some(&number.mantissa << number.exponent.checked_sub(exponent)?);
        let (left, right): (BigUint, BigUint) = (shifted(self)?, shifted(other)?);
        Some(left.cmp(&right))
    }
}
