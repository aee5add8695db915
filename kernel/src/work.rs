//! Exact arithmetic that ends in time: what an operation costs is known before it is done.

use num_traits::Zero;

use crate::Rational;
use crate::number::{plus, times};

/// What exact operations may still cost, in squares of bits: to reduce a fraction takes time with the square of its length. It
/// bounds the time that a small file can ask for by numbers that grow; the same on every machine.
#[derive(Debug)]
pub(crate) struct Work(u64);

impl Work {
    /// Enough for `operations` on the numbers that files of floats hold, and for some seconds on longer ones.
    pub(crate) fn new(operations: usize) -> Self {
        let operations = u64::try_from(operations).unwrap_or(u64::MAX);
        Work((1u64 << 37).saturating_add(operations.saturating_mul(1 << 21)))
    }

    /// Accounts for one operation on numbers of `bits` bits together; `None` if it would be too much.
    pub(crate) fn spend(&mut self, bits: u64) -> Option<()> {
        self.0 = self.0.checked_sub(bits.checked_mul(bits)?)?;
        Some(())
    }

    /// `one · other`.
    pub(crate) fn product(&mut self, one: &Rational, other: &Rational) -> Option<Rational> {
        self.spend(length(one).checked_add(length(other))?)?;
        Some(times(one, other))
    }

    /// The sum, taken as a balanced tree: adding many fractions from left to right makes every intermediate denominator long.
    pub(crate) fn sum(&mut self, terms: &[Rational]) -> Option<Rational> {
        match terms {
            [] => Some(Rational::zero()),
            [one] => Some(one.clone()),
            _ => {
                let (left, right) = terms.split_at_checked(terms.len() / 2)?;
                let (left, right) = (self.sum(left)?, self.sum(right)?);
                self.spend(length(&left).checked_add(length(&right))?)?;
                Some(plus(&left, &right))
            }
        }
    }
}

/// Bits of numerator and denominator.
fn length(value: &Rational) -> u64 {
    value.numer().bits().saturating_add(value.denom().bits())
}
