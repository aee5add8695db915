//! How far given weights are from balanced ones.

use ethnum::U256;
use num_bigint::BigUint;
use num_traits::One;

use crate::natural::Natural;
use crate::reader::OUT_OF_RANGE;
use crate::{Certified, Entries, Number, Rational, Refusal};

/// Bits of a quotient.
const BITS: u32 = 60;

const ONE: u128 = 1 << BITS;

impl Certified<'_> {
    /// Between which factors the costs of other weights, one list for each block of the problem, lie of the balanced
    /// costs; `(1, 1)` where there are no terms. `None` where a weight is 0 on one side only, a term is not enclosed,
    /// or a quotient is not between 1/2 and 2.
    ///
    /// # Errors
    /// [`Refusal::Block`] for lists that do not fit, [`Refusal::Term`] for weights that are out of range.
    pub fn factors_from_balance(
        &self,
        others: &[Entries],
    ) -> Result<Option<(Rational, Rational)>, Refusal> {
        let blocks = self.reader().problem().blocks();
        let lengths = blocks.iter().map(|block| block.entries.len());
        if !lengths.eq(others.iter().map(Entries::len)) {
            let reason = "there is not one other weight for each entry";
            return Err(Refusal::Block(0, reason));
        }
        // What 256 bits do not suffice for, and what is refused, is read again in numbers of any length.
        let found = self.quotients::<U256>(others);
        let found = found.or_else(|_| self.quotients::<BigUint>(others))?;
        let Some(((least, most), radius)) = found.zip(self.radius()) else {
            return Ok(None);
        };
        let rest = Rational::one() - radius;
        let of = |quotient: u128| Rational::new(quotient.into(), ONE.into());
        // Both costs lie within the rounding of their factors above their lower ends.
        Ok(Some((
            of(least) * &rest / &self.upper,
            of(most) * &self.upper / rest,
        )))
    }

    /// The least and the largest quotient of the cost of another weight and that of the term at the point, over
    /// `2^BITS`, rounded down and up.
    fn quotients<N: Natural>(&self, others: &[Entries]) -> Result<Option<(u128, u128)>, Refusal> {
        let (mut least, mut most) = (ONE, ONE);
        let reader = self.reader();
        let blocks = reader.problem().blocks().iter();
        for (block, (content, entries)) in blocks.zip(others).enumerate() {
            let how = (reader.certificate().bits, content.plain_power());
            for entry in 0..entries.len() {
                let other = content.lower::<N>(entries, entry, how);
                let pair = other.zip(reader.lower_in::<N>(block, entry));
                let (other, own) = pair.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))?;
                if other.mantissa.bits() == 0 && own.mantissa.bits() == 0 {
                    continue;
                }
                let Some((below, above)) = quotient(leading(other), leading(own)) else {
                    return Ok(None);
                };
                (least, most) = (least.min(below), most.max(above));
            }
        }
        Ok(Some((least, most)))
    }
}

/// Two to the second times the first, which has 64 bits, are at most the number; the next number with 64 bits is more.
fn leading<N: Natural>(number: Number<N>) -> Option<(u128, i64)> {
    let excess = i64::try_from(number.mantissa.bits())
        .ok()?
        .checked_sub(64)?;
    let exponent = number.exponent.checked_add(excess)?;
    let top: u64 = number.on_grid(exponent.checked_neg()?)?.try_into().ok()?;
    Some((top.into(), exponent))
}

/// The quotient of two such; `None` unless it lies between 1/2 and 2.
fn quotient(dividend: Option<(u128, i64)>, divisor: Option<(u128, i64)>) -> Option<(u128, u128)> {
    let ((top, i), (bottom, j)) = dividend.zip(divisor)?;
    let shift = i.checked_sub(j)?.checked_add(BITS.into())?;
    // Beyond, it would overflow.
    let shift = u32::try_from(shift).ok().filter(|n| *n <= BITS + 1)?;
    let (after, next) = (top.checked_add(1)?, bottom.checked_add(1)?);
    let below = top.checked_shl(shift)?.checked_div(next)?;
    let above = after.checked_shl(shift)?.checked_div(bottom)?;
    let above = above.checked_add(1)?;
    (below >= ONE >> 1 && above <= ONE << 1).then_some((below, above))
}
