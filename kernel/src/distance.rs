//! How far given weights are from balanced ones.

use ethnum::U256;
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive};

use crate::reader::OUT_OF_RANGE;
use crate::{Certified, Entries, Number, Rational, Refusal};

/// Bits of a quotient.
const BITS: u32 = 60;

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
        let (reader, blocks) = (self.reader(), self.reader().problem().blocks());
        let lengths = blocks.iter().map(|block| block.entries.len());
        if !lengths.eq(others.iter().map(Entries::len)) {
            let reason = "there is not one other weight for each entry";
            return Err(Refusal::Block(0, reason));
        }
        let (mut least, mut most) = (1u128 << BITS, 1u128 << BITS);
        for (block, (content, entries)) in blocks.iter().zip(others).enumerate() {
            let (bits, power) = (reader.certificate().bits, content.small_power());
            for entry in 0..entries.len() {
                let other = match content.short(entries, entry, (bits, power)) {
                    Some(short) => short.map(|short| leading_wide(short.wide())),
                    None => {
                        let cost = content.cost(entries, entry, bits);
                        let cost = cost.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))?;
                        cost.as_ref().map(leading)
                    }
                };
                let own = match reader.lower_short(block, entry, power) {
                    Some(short) => Some(leading_wide(short)),
                    None => reader.lower(block, entry)?.as_ref().map(leading),
                };
                let found = match (other, own) {
                    (None, None) => continue,
                    (Some(Some(other)), Some(Some(own))) => quotient(other, own),
                    _ => None,
                };
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
        let of = |quotient: u128| Rational::new(quotient.into(), BigInt::one() << BITS);
        // Both costs lie within the rounding of their factors above their lower ends.
        Ok(Some((
            of(least) * &rest / &self.upper,
            of(most) * &self.upper / rest,
        )))
    }
}

/// A number between the first and the one after it, times 2 to the second; the first has its leading 64 bits.
type Leading = (u128, i64);

fn leading(number: &Number) -> Option<Leading> {
    let length = i64::try_from(number.mantissa.bits()).ok()?;
    let exponent = number.exponent.checked_add(length)?.checked_sub(64)?;
    let top = number.on_grid(exponent.checked_neg()?)?;
    Some((top.to_u128()?, exponent))
}

fn leading_wide((value, exponent): (U256, i64)) -> Option<Leading> {
    let zeros = value.leading_zeros();
    let top = value.checked_shl(zeros)?.wrapping_shr(192).as_u128();
    let exponent = exponent.checked_add(192)?.checked_sub(zeros.into())?;
    Some((top, exponent))
}

/// `dividend / divisor` over `2^BITS`, rounded down and up; `None` unless it lies between 1/2 and 2.
fn quotient((top, i): Leading, (bottom, j): Leading) -> Option<(u128, u128)> {
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
    let (above, half, two) = (
        above.checked_add(1)?,
        1u128 << (BITS - 1),
        1u128 << (BITS + 1),
    );
    (below >= half && above <= two).then_some((below, above))
}
