//! Enclosures of non-negative reals, rounded outward.

use num_traits::{One, Signed, ToPrimitive};
use std::cmp::Ordering;

use super::{Direction, Dyadic, Rational};

/// A real number known to lie in `[lo, hi]`, with `0 <= lo <= hi`.
///
/// Enclosures have no `PartialOrd`: of two that overlap neither `<` nor `>=` is known, see [`Order`].
/// Operations return `None` where [`Dyadic`] does.
#[derive(Debug, Clone)]
pub struct Enclosure {
    lo: Dyadic,
    /// `None` where it equals `lo`: what needs no rounding is computed once.
    above: Option<Dyadic>,
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
        Self::exactly(Dyadic::zero())
    }

    fn exactly(value: Dyadic) -> Self {
        Enclosure {
            lo: value,
            above: None,
        }
    }

    /// The rational `value >= 0`, rounded outward to `bits` bits.
    pub fn from_rational(value: &Rational, bits: u64) -> Option<Self> {
        if let Some(value) = Dyadic::exactly(value, bits) {
            return Some(Self::exactly(value));
        }
        let end = |direction| Dyadic::from_rational(value, bits, direction);
        Some(Enclosure {
            lo: end(Direction::Down)?,
            above: Some(end(Direction::Up)?),
        })
    }

    /// The lower end.
    pub fn lo(&self) -> &Dyadic {
        &self.lo
    }

    /// The upper end.
    pub fn hi(&self) -> &Dyadic {
        self.above.as_ref().unwrap_or(&self.lo)
    }

    /// The product.
    pub fn mul(&self, other: &Self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.lo.mul(&other.lo, bits, Direction::Down)?,
            above: Some(self.hi().mul(other.hi(), bits, Direction::Up)?),
        })
    }

    /// The product with a rational `factor >= 0`.
    pub fn times(self, factor: &Rational, bits: u64) -> Option<Self> {
        if factor.is_one() {
            return Some(self);
        }
        self.mul(&Self::from_rational(factor, bits)?, bits)
    }

    /// The sum.
    pub fn add(&self, other: &Self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.lo.add(&other.lo, bits, Direction::Down)?,
            above: Some(self.hi().add(other.hi(), bits, Direction::Up)?),
        })
    }

    /// The reciprocal; `None` if the enclosure holds zero.
    pub fn reciprocal(&self, bits: u64) -> Option<Self> {
        Some(Enclosure {
            lo: self.hi().reciprocal(bits, Direction::Down)?,
            above: Some(self.lo.reciprocal(bits, Direction::Up)?),
        })
    }

    /// The power with a rational exponent of either sign.
    pub fn power(&self, exponent: &Rational, bits: u64) -> Option<Self> {
        if exponent.is_one() {
            return Some(self.clone());
        }
        if let (None, true, Some(degree)) = (
            &self.above,
            exponent.numer().is_one(),
            exponent.denom().to_u32().filter(|n| *n < 1 << 20),
        ) {
            let (lo, above) = self.lo.root_between(degree, bits)?;
            return Some(Enclosure { lo, above });
        }
        let (low, high) = match exponent.is_negative() {
            true => (self.hi(), &self.lo),
            false => (&self.lo, self.hi()),
        };
        Some(Enclosure {
            lo: low.power(exponent, bits, Direction::Down)?,
            above: Some(high.power(exponent, bits, Direction::Up)?),
        })
    }

    /// Three-valued comparison.
    pub fn order(&self, other: &Self) -> Option<Order> {
        Some(if self.hi().compare(other.lo())? != Ordering::Greater {
            Order::AtMost
        } else if self.lo.compare(other.hi())? == Ordering::Greater {
            Order::Greater
        } else {
            Order::Unknown
        })
    }
}
