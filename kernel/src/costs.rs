//! The factors of a term: the cost of its weight, and the products of multipliers of its row and its column.

use num_bigint::BigUint;
use num_traits::{One, ToPrimitive};

use crate::number::{Base, Number, Powers};
use crate::problem::Magnitude;
use crate::short::Short;
use crate::{Block, Entries, Form, Rational};

/// How costs are computed from the weights of a block, with what is the same for all of them.
#[derive(Debug, Clone)]
pub(crate) struct Costs<'a> {
    entries: Entries<'a>,
    /// The power, if it is a small integer and the coefficient is 1: then the costs of most floats need no long numbers.
    short: Option<u8>,
    power: &'a Rational,
    coefficient: &'a Rational,
    bits: u32,
}

impl<'a> Costs<'a> {
    /// The costs of a block, rounded down to so many significant bits.
    pub(crate) fn new(block: &'a Block, bits: u32) -> Self {
        let power = block.power.is_integer().then(|| block.power.to_u8());
        Costs {
            entries: block.entries,
            short: power.flatten().filter(|_| block.coefficient.is_one()),
            power: &block.power,
            coefficient: &block.coefficient,
            bits,
        }
    }

    /// `coefficient · |weight|^power`: the outer option is `None` where it is out of range, the inner one where the weight is 0.
    pub(crate) fn of(&self, entry: usize) -> Option<Option<Number>> {
        let weight = match self.entries.magnitude(entry)? {
            Magnitude::Zero => return Some(None),
            Magnitude::Exact(value) => Base::from(value),
            Magnitude::Binary(mantissa, exponent) => {
                Base::from(&Number::new(BigUint::from(mantissa), exponent))
            }
        };
        let mut factors = vec![(weight, self.power.clone())];
        if !self.coefficient.is_one() {
            factors.push((Base::from(self.coefficient), Rational::one()));
        }
        Powers::of(&factors)?.rounded(self.bits).map(Some)
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
            None => self.of(entry)??.short().map(Some),
        }
    }
}

/// `Π μ_v^exponent`, rounded down to `bits` significant bits; `None` if it is out of range.
pub(crate) fn product(form: &Form, point: &[Number], bits: u32) -> Option<Number> {
    let factors = form.factors().iter();
    let factors: Option<Vec<(Base, Rational)>> = factors
        .map(|(variable, exponent)| Some((Base::from(point.get(*variable)?), exponent.clone())))
        .collect();
    Powers::of(&factors?)?.rounded(bits)
}
