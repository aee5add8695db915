//! The factors of a term: the cost of its weight, and the products of multipliers of its row and its column.

use num_traits::{One, ToPrimitive};

use crate::number::{Base, Number, Powers, base};
use crate::problem::{Exponents, Magnitude};
use crate::short::Short;
use crate::{Block, Entries, Rational};

/// Multipliers to their powers.
pub(crate) fn powers(exponents: &Exponents, point: &[Base]) -> Option<Vec<(Base, Rational)>> {
    let factors = exponents.iter();
    let factors = factors.map(|(v, exponent)| Some((point.get(*v)?.clone(), exponent.clone())));
    factors.collect()
}

impl Block<'_> {
    /// `coefficient · |weight|^power` as factors, for a weight of these entries: the outer option is `None` where it is no number, the inner one where it is 0.
    pub(crate) fn factors(
        &self,
        of: &Entries,
        entry: usize,
    ) -> Option<Option<Vec<(Base, Rational)>>> {
        let weight = match of.magnitude(entry)? {
            Magnitude::Zero => return Some(None),
            Magnitude::Exact(value) => base(value),
            Magnitude::Binary(mantissa, exponent) => Number::new(mantissa.into(), exponent).base(),
        };
        let coefficient = (base(&self.coefficient), Rational::one());
        Some(Some(vec![(weight, self.power.clone()), coefficient]))
    }

    /// The same, rounded down to so many significant bits: the outer option is `None` also where it is out of range.
    pub(crate) fn cost(&self, of: &Entries, entry: usize, bits: u32) -> Option<Option<Number>> {
        match self.factors(of, entry)? {
            Some(factors) => Powers::of(&factors)?.rounded(bits).map(Some),
            None => Some(None),
        }
    }

    /// The power, if it is a small integer and the coefficient is 1: then the costs of most floats need no long numbers.
    pub(crate) fn small_power(&self) -> Option<u8> {
        let is_plain = self.power.is_integer() && self.coefficient.is_one();
        self.power.to_u8().filter(|_| is_plain)
    }

    /// The cost where it is short, if this is the small power.
    #[inline]
    pub(crate) fn short(
        &self,
        of: &Entries,
        entry: usize,
        (bits, power): (u32, Option<u8>),
    ) -> Option<Option<Short>> {
        let short = match (of.magnitude(entry)?, power) {
            (Magnitude::Zero, _) => return Some(None),
            (Magnitude::Binary(mantissa, exponent), Some(power)) => {
                Short::of_float(mantissa, exponent, power, bits)
            }
            _ => None,
        };
        short
            .or_else(|| Short::of(&self.cost(of, entry, bits)??))
            .map(Some)
    }
}
