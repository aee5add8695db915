//! How far given weights are from balanced ones.

use ethnum::U256;
use num_bigint::BigUint;
use num_traits::One;

use crate::natural::Natural;
use crate::number::Product;
use crate::reader::OUT_OF_RANGE;
use crate::{Certified, Entries, Rational, Refusal};

/// Bits of a quotient.
const BITS: u32 = 60;

const ONE: u128 = 1 << BITS;

impl Certified<'_> {
    /// Between which factors the costs of other weights, one list for each block of the problem, lie of the balanced costs; `(1, 1)` where there are no terms. `None` where
    /// a weight is 0 on one side only, a term is not enclosed, or a quotient is not between 1/2 and 2.
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
        let (mut least, mut most) = (ONE, ONE);
        for (block, entries) in others.iter().enumerate() {
            for entry in 0..entries.len() {
                let found = self.quotients::<U256>(entries, block, entry);
                let found = found.or_else(|_| self.quotients::<BigUint>(entries, block, entry))?;
                let Some((below, above)) = found else {
                    return Ok(None);
                };
                (least, most) = (least.min(below), most.max(above));
            }
        }
        let Some(radius) = self.radius() else {
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

    /// The cost of another weight over that of a term at the point, over `2^BITS`, rounded down and up; that of two zeros is 1.
    #[inline]
    fn quotients<N: Natural>(
        &self,
        others: &Entries,
        block: usize,
        entry: usize,
    ) -> Result<Option<(u128, u128)>, Refusal> {
        let (bits, blocks) = (
            self.reader().certificate().bits,
            self.reader().problem().blocks(),
        );
        let other = blocks
            .get(block)
            .and_then(|content| content.lower::<N>(others, entry, (bits, content.plain_power())));
        let pair = other.zip(self.reader().lower_in::<N>(block, entry));
        let (other, own) = pair.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))?;
        Ok(match other.0.bits() == 0 && own.0.bits() == 0 {
            true => Some((ONE, ONE)),
            false => quotient(leading(other), leading(own)),
        })
    }
}

/// Two to the second times the first, which has 64 bits, are at most the number; the next number with 64 bits is more.
fn leading<N: Natural>((mantissa, exponent): Product<N>) -> Option<(u128, i64)> {
    let excess = i64::try_from(mantissa.bits()).ok()?.checked_sub(64)?;
    let top: u64 = mantissa.shifted(excess.checked_neg()?)?.try_into().ok()?;
    Some((top.into(), exponent.checked_add(excess)?))
}

/// The quotient of two such; `None` unless it lies between 1/2 and 2.
fn quotient(dividend: Option<(u128, i64)>, divisor: Option<(u128, i64)>) -> Option<(u128, u128)> {
    let ((top, i), (bottom, j)) = dividend.zip(divisor)?;
    let shift = i.checked_sub(j)?.checked_add(BITS.into())?;
    // Beyond, it would overflow.
    let shift = u32::try_from(shift).ok().filter(|n| *n <= BITS + 1)?;
    let below = top
        .checked_shl(shift)?
        .checked_div(bottom.checked_add(1)?)?;
    let above = top
        .checked_add(1)?
        .checked_shl(shift)?
        .checked_div(bottom)?;
    let above = above.checked_add(1)?;
    (below >= ONE >> 1 && above <= ONE << 1).then_some((below, above))
}
