//! The factors of a term: the cost of its weight, and the products of multipliers of its row and its column.

use num_bigint::BigUint;
use num_traits::{One, ToPrimitive};

use crate::number::{Base, Number, Powers, base};
use crate::problem::Magnitude;
use crate::short::Short;
use crate::{Block, Entries, Rational};

/// How costs are computed from weights, with what is the same for all those of a block.
#[derive(Debug)]
pub(crate) struct Costs<'a> {
    entries: &'a Entries<'a>,
    /// The power, if it is a small integer and the coefficient is 1: then the costs of most floats need no long numbers.
    short: Option<u8>,
    power: &'a Rational,
    coefficient: &'a Rational,
    bits: u32,
}

impl<'a> Costs<'a> {
    /// The costs of these weights in a block, rounded down to so many significant bits.
    pub(crate) fn new(block: &'a Block, entries: &'a Entries<'a>, bits: u32) -> Self {
        let (power, coefficient) = (&block.power, &block.coefficient);
        let is_plain = power.is_integer() && coefficient.is_one();
        let short = power.to_u8().filter(|_| is_plain);
        Costs {
            entries,
            short,
            power,
            coefficient,
            bits,
        }
    }

    /// `coefficient · |weight|^power`, as factors: the outer option is `None` where the weight is no number, the inner one where it is 0.
    pub(crate) fn factors(&self, entry: usize) -> Option<Option<Vec<(Base, Rational)>>> {
        let weight = match self.entries.magnitude(entry)? {
            Magnitude::Zero => return Some(None),
            Magnitude::Exact(value) => base(value),
            Magnitude::Binary(mantissa, exponent) => (mantissa.into(), BigUint::one(), exponent),
        };
        let coefficient = (base(self.coefficient), Rational::one());
        Some(Some(vec![(weight, self.power.clone()), coefficient]))
    }

    /// The cost: the outer option is `None` also where it is out of range.
    pub(crate) fn of(&self, entry: usize) -> Option<Option<Number>> {
        match self.factors(entry)? {
            Some(factors) => Powers::of(&factors)?.rounded(self.bits).map(Some),
            None => Some(None),
        }
    }

    /// The same where it is short.
    #[inline]
    pub(crate) fn short(&self, entry: usize) -> Option<Option<Short>> {
        let short = match (self.entries.magnitude(entry)?, self.short) {
            (Magnitude::Zero, _) => return Some(None),
            (Magnitude::Binary(mantissa, exponent), Some(power)) => {
                Short::of_float(mantissa, exponent, power, self.bits)
            }
            _ => None,
        };
        match short {
            Some(short) => Some(Some(short)),
            None => Short::of(&self.of(entry)??).map(Some),
        }
    }
}

/// Multipliers to their powers.
pub(crate) fn powers<'a>(
    form: impl IntoIterator<Item = (&'a usize, &'a Rational)>,
    point: &[Base],
) -> Option<Vec<(Base, Rational)>> {
    let factors = form.into_iter();
    factors
        .map(|(variable, exponent)| Some((point.get(*variable)?.clone(), exponent.clone())))
        .collect()
}
