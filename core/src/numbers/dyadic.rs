//! Non-negative dyadic numbers with directed rounding: the ends of enclosures.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;
use std::cmp::Ordering;

use super::Rational;
use super::rational::{magnitude, times_power_of_two};
use super::root::integer_root;
use super::short::{Rounded, SHORT_BITS, product, shifted_sum};

/// The longest radicand of a root, in bits: precision times degree. It bounds the time that exponents can ask for.
const MAX_ROOT_BITS: u64 = 1 << 19;

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
    mantissa: Mantissa,
    exponent: i64,
}

/// Short wherever it fits, so that sums over many synapses allocate nothing.
#[derive(Debug, Clone)]
enum Mantissa {
    Short(u128),
    Long(BigUint),
}

impl Mantissa {
    fn new(value: BigUint) -> Self {
        match value.to_u128() {
            Some(short) => Mantissa::Short(short),
            None => Mantissa::Long(value),
        }
    }

    fn long(&self) -> Cow<'_, BigUint> {
        match self {
            Mantissa::Short(value) => Cow::Owned(BigUint::from(*value)),
            Mantissa::Long(value) => Cow::Borrowed(value),
        }
    }

    fn bits(&self) -> u64 {
        match self {
            Mantissa::Short(value) => u64::from(value.checked_ilog2().map_or(0, |log| log + 1)),
            Mantissa::Long(value) => value.bits(),
        }
    }

    fn is_zero(&self) -> bool {
        self.bits() == 0
    }
}

impl Dyadic {
    /// Zero.
    pub fn zero() -> Self {
        (0, 0).into()
    }

    /// `value` if it is dyadic and its mantissa needs no more than `bits` bits.
    pub(super) fn exactly(value: &Rational, bits: u64) -> Option<Self> {
        if value.is_negative() || value.numer().bits() > bits {
            return None;
        }
        let shift = value.denom().bits().checked_sub(1)?;
        if value.denom().trailing_zeros() != Some(shift) {
            return None;
        }
        Some(Dyadic {
            mantissa: Mantissa::new(magnitude(value.numer()).clone()),
            exponent: i64::try_from(shift).ok()?.checked_neg()?,
        })
    }

    /// `value`, rounded to `bits` bits; `None` if it is negative.
    pub fn from_rational(value: &Rational, bits: u64, direction: Direction) -> Option<Self> {
        if value.is_negative() {
            return None;
        }
        let (numerator, denominator) = (magnitude(value.numer()), magnitude(value.denom()));
        if denominator.is_one() {
            return Self::rounded(numerator.clone(), 0, bits, direction);
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
        Self::rounded(mantissa, exponent, bits, direction)
    }

    /// `mantissa · 2^exponent` with at most `bits` bits kept.
    fn rounded(
        mut mantissa: BigUint,
        mut exponent: i64,
        bits: u64,
        direction: Direction,
    ) -> Option<Self> {
        let excess = mantissa.bits().saturating_sub(bits);
        if excess > 0 {
            let exact = mantissa
                .trailing_zeros()
                .is_none_or(|zeros| zeros >= excess);
            mantissa >>= excess;
            if direction == Direction::Up && !exact {
                mantissa += 1u32;
            }
            exponent = exponent.checked_add(i64::try_from(excess).ok()?)?;
        }
        Some(Dyadic {
            mantissa: Mantissa::new(mantissa),
            exponent,
        })
    }

    /// `self` with at most `bits` bits kept.
    fn shortened(&self, bits: u64, direction: Direction) -> Option<Self> {
        if self.mantissa.bits() <= bits {
            return Some(self.clone());
        }
        Self::rounded(
            self.mantissa.long().into_owned(),
            self.exponent,
            bits,
            direction,
        )
    }

    /// The exact value.
    pub fn to_rational(&self) -> Rational {
        times_power_of_two(self.mantissa.long().into_owned().into(), self.exponent)
    }

    /// Is this zero?
    pub fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// `self · other`.
    pub fn mul(&self, other: &Self, bits: u64, direction: Direction) -> Option<Self> {
        let exponent = self.exponent.checked_add(other.exponent)?;
        match (&self.mantissa, &other.mantissa) {
            (Mantissa::Short(a), Mantissa::Short(b)) if bits <= SHORT_BITS => {
                product(*a, *b, exponent, bits, direction).map(Self::from)
            }
            (a, b) => {
                let product = a.long().as_ref() * b.long().as_ref();
                Self::rounded(product, exponent, bits, direction)
            }
        }
    }

    /// `1 / self`; `None` for zero.
    pub fn reciprocal(&self, bits: u64, direction: Direction) -> Option<Self> {
        let exponent = self.exponent.checked_neg()?;
        let mantissa = self.mantissa.long();
        Self::quotient(&BigUint::one(), &mantissa, exponent, bits, direction)
    }

    /// `self + other`.
    pub fn add(&self, other: &Self, bits: u64, direction: Direction) -> Option<Self> {
        if self.is_zero() || other.is_zero() {
            let sum = if self.is_zero() { other } else { self };
            return sum.shortened(bits, direction);
        }
        let (high, low) = if self.top()? >= other.top()? {
            (self, other)
        } else {
            (other, self)
        };
        let far = i64::try_from(bits).ok()?.checked_add(2)?;
        let gap = high.top()?.checked_sub(low.top()?)?;
        if gap > far && low.top()? <= high.exponent {
            return high.nudged(bits, direction);
        }
        let (coarse, fine) = if high.exponent >= low.exponent {
            (high, low)
        } else {
            (low, high)
        };
        let shift = u64::try_from(coarse.exponent.checked_sub(fine.exponent)?).ok()?;
        if let (Mantissa::Short(a), Mantissa::Short(b)) = (&coarse.mantissa, &fine.mantissa)
            && bits <= SHORT_BITS
            && let Some(sum) = shifted_sum(*a, shift, *b, fine.exponent, bits, direction)
        {
            return Some(sum.into());
        }
        let sum = (coarse.mantissa.long().as_ref() << shift) + fine.mantissa.long().as_ref();
        Self::rounded(sum, fine.exponent, bits, direction)
    }

    /// The exponent of the bit above the leading one.
    fn top(&self) -> Option<i64> {
        self.exponent
            .checked_add(i64::try_from(self.mantissa.bits()).ok()?)
    }

    /// `self` plus something positive, smaller than `2^-bits` of it and than one unit in its last place.
    fn nudged(&self, bits: u64, direction: Direction) -> Option<Self> {
        let low = self.shortened(bits, Direction::Down)?;
        if direction == Direction::Down {
            return Some(low);
        }
        let room = bits.saturating_sub(low.mantissa.bits());
        let mantissa = (low.mantissa.long().as_ref() << room) + 1u32;
        let exponent = low.exponent.checked_sub(i64::try_from(room).ok()?)?;
        Self::rounded(mantissa, exponent, bits, direction)
    }

    /// `self^exponent` for a rational exponent whose numerator and denominator fit in 20 bits; `None`
    /// otherwise, for roots of too high a degree for the precision, and for zero to a negative exponent.
    pub fn power(&self, exponent: &Rational, bits: u64, direction: Direction) -> Option<Self> {
        let small = |n: &u32| *n < 1 << 20;
        let degree = exponent.denom().to_u32().filter(small)?;
        let power = magnitude(exponent.numer()).to_u32().filter(small)?;
        if (degree, power) == (1, 2) && !exponent.is_negative() {
            return self.mul(self, bits, direction);
        }
        let negative = exponent.is_negative();
        let inner = if negative {
            direction.opposite()
        } else {
            direction
        };
        // Repeated squaring loses a few units in the last place.
        let working = bits.checked_add(if power == 1 { 0 } else { 64 })?;
        let root = if degree == 1 {
            self.clone()
        } else {
            self.root(degree, working, inner)?
        };
        let value = root.integer_power(power, working, inner)?;
        if negative {
            value.reciprocal(bits, direction)
        } else {
            value.shortened(bits, direction)
        }
    }

    fn integer_power(&self, mut power: u32, bits: u64, direction: Direction) -> Option<Self> {
        let mut square = self.clone();
        let mut result: Dyadic = (1, 0).into();
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
        let (below, above) = self.root_between(degree, bits)?;
        match direction {
            Direction::Down => Some(below),
            Direction::Up => Some(above.unwrap_or(below)),
        }
    }

    /// The root rounded down and, where it is not exact, rounded up; `None` if that takes more than [`MAX_ROOT_BITS`].
    pub(super) fn root_between(&self, degree: u32, bits: u64) -> Option<(Self, Option<Self>)> {
        if self.is_zero() {
            return Some((Self::zero(), None));
        }
        let wanted = bits.checked_mul(u64::from(degree))?;
        if wanted > MAX_ROOT_BITS {
            return None;
        }
        let mut shift = i64::try_from(wanted.saturating_sub(self.mantissa.bits())).ok()?;
        let exponent = self.exponent.checked_sub(shift)?;
        let remainder = exponent.rem_euclid(i64::from(degree));
        shift = shift.checked_add(remainder)?;
        let radicand = self.mantissa.long().as_ref() << shift;
        let mantissa = integer_root(&radicand, degree);
        let exponent = exponent
            .checked_sub(remainder)?
            .checked_div(i64::from(degree))?;
        let exact = num_traits::Pow::pow(&mantissa, degree) == radicand;
        let next = &mantissa + u32::from(!exact);
        let above = match exact && mantissa.bits() <= bits {
            true => None,
            false => Some(Self::rounded(next, exponent, bits, Direction::Up)?),
        };
        let below = Self::rounded(mantissa, exponent, bits, Direction::Down)?;
        Some((below, above))
    }

    /// Exact comparison; `None` only if an exponent leaves its range.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_zero() || other.is_zero() {
            return Some(self.mantissa.bits().cmp(&other.mantissa.bits()));
        }
        let tops = self.top()?.cmp(&other.top()?);
        if tops != Ordering::Equal {
            return Some(tops);
        }
        let exponent = self.exponent.min(other.exponent);
        let shifted = |number: &Self| {
            Some(number.mantissa.long().as_ref() << number.exponent.checked_sub(exponent)?)
        };
        let (left, right): (BigUint, BigUint) = (shifted(self)?, shifted(other)?);
        Some(left.cmp(&right))
    }
}

impl From<Rounded> for Dyadic {
    fn from((mantissa, exponent): Rounded) -> Self {
        Dyadic {
            mantissa: Mantissa::Short(mantissa),
            exponent,
        }
    }
}
