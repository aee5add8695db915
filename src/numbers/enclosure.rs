//! Enclosures of non-negative reals, rounded outward.

use std::cmp::Ordering;

use super::{Direction, Dyadic, Rational};

/// A real number known to lie in `[lo, hi]`, with `0 <= lo <= hi`.
///
/// Enclosures have no `PartialOrd`: of two that overlap neither `<` nor `>=` is known, see [`Order`].
/// Operations return `None` where [`Dyadic`] does.
#[derive(Debug, Clone)]
pub struct Enclosure {
    lo: Dyadic,
    hi: Dyadic,
}

/// What two enclosures say about the numbers in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Every number of the first is at most every number of the second.
    AtMost,
    /// Every number of the first is greater than every number of the second.
    Greater,
    /// Neither.
    Unknown,
}

impl Enclosure {
    /// Exactly zero.
    pub fn zero() -> Self {
        Enclosure {
            lo: Dyadic::zero(),
            hi: Dyadic::zero(),
        }
    }

    /// The rational `value >= 0`, rounded outward to `bits` bits.
    pub fn from_rational(value: &Rational, bits: u64) -> Option<Self> {
        let end = |direction| Dyadic::from_rational(value, bits, direction);
        Some(Enclosure {
            lo: end(Direction::Down)?,
            hi: end(Direction::Up)?,
        })
    }

    /// The lower end.
    pub fn lo(&self) -> &Dyadic {
        &self.lo
    }

    /// The upper end.
    pub fn hi(&self) -> &Dyadic {
        &self.hi
    }

    /// The product.
    pub fn mul(&self, other: &Self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.lo.mul(&other.lo, bits, Direction::Down)?,
            hi: self.hi.mul(&other.hi, bits, Direction::Up)?,
        })
    }

    /// The sum.
    pub fn add(&self, other: &Self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.lo.add(&other.lo, bits, Direction::Down)?,
            hi: self.hi.add(&other.hi, bits, Direction::Up)?,
        })
    }

    /// The reciprocal; `None` if the enclosure holds zero.
    pub fn reciprocal(&self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.hi.reciprocal(bits, Direction::Down)?,
            hi: self.lo.reciprocal(bits, Direction::Up)?,
        })
    }

    /// The power with a rational exponent of either sign.
    pub fn power(&self, exponent: &Rational, bits: u64) -> Option<Self> {
        let negative = num_traits::Signed::is_negative(exponent);
        let (low, high) = if negative {
            (&self.hi, &self.lo)
        } else {
            (&self.lo, &self.hi)
        };
        Some(Enclosure {
            lo: low.power(exponent, bits, Direction::Down)?,
            hi: high.power(exponent, bits, Direction::Up)?,
        })
    }

    /// Three-valued comparison.
    pub fn order(&self, other: &Self) -> Option<Order> {
        Some(if self.hi.compare(&other.lo)? != Ordering::Greater {
            Order::AtMost
        } else if self.lo.compare(&other.hi)? == Ordering::Greater {
            Order::Greater
        } else {
            Order::Unknown
        })
    }
}
