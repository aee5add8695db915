//! How far given weights are from balanced ones.

use ethnum::U256;
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive};

use crate::costs::Costs;
use crate::short::SHORT_BITS;
use crate::{Block, Certified, Entries, Number, Rational, Refusal};

/// Bits of a quotient.
const BITS: u32 = 60;

impl Certified<'_> {
    /// Between which factors the costs of other weights, one list for each block of the problem, lie of the balanced costs; `(1, 1)` where there are no terms. `None` where
    /// a weight is 0 on one side only, a term is not enclosed, or a quotient is not between 1/2 and 2.
    ///
    /// # Errors
    /// [`Refusal::Block`] for lists that do not fit, [`Refusal::Cost`] for weights that are out of range.
    pub fn factors_from_balance(
        &self,
        others: &[Entries],
    ) -> Result<Option<(Rational, Rational)>, Refusal> {
        let (reader, blocks) = (self.reader(), self.problem().blocks());
        let bits = reader.certificate().bits;
        let lengths = |entries: &mut dyn Iterator<Item = &Entries>| {
            entries.map(Entries::len).collect::<Vec<_>>()
        };
        if lengths(&mut blocks.iter().map(|block| &block.entries)) != lengths(&mut others.iter()) {
            let reason = "there is not one other weight for each entry";
            return Err(Refusal::Block { block: 0, reason });
        }
        let (mut least, mut most) = (1u128 << BITS, 1u128 << BITS);
        for (block, (content, entries)) in blocks.iter().zip(others).enumerate() {
            let other = Block {
                entries: *entries,
                ..content.clone()
            };
            let costs = Costs::new(&other, bits);
            for entry in 0..entries.len() {
                let fault = Refusal::Cost { block, entry };
                let other = match costs.short(entry).filter(|_| bits <= SHORT_BITS) {
                    Some(other) => other.map(|cost| Leading::of_wide(cost.wide())),
                    None => costs.of(entry).ok_or(fault)?.map(|cost| Leading::of(&cost)),
                };
                let own = match reader
                    .lower_short(block, entry)
                    .filter(|_| bits <= SHORT_BITS)
                {
                    Some(own) => own.map(Leading::of_wide),
                    None => reader.lower(block, entry)?.map(|cost| Leading::of(&cost)),
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
        let upper = Rational::one() + self.width();
        Ok(Some((of(least) * &rest / &upper, of(most) * upper / rest)))
    }
}

/// A number between `top` and `top + 1`, times a power of 2; `top` has its leading 64 bits.
#[derive(Clone, Copy)]
struct Leading {
    top: u128,
    exponent: i64,
}

impl Leading {
    fn of(number: &Number) -> Option<Self> {
        let exponent = number.top()?.checked_sub(64)?;
        let top = number.on_grid(exponent.checked_neg()?)?;
        let top = top.to_u128()?;
        Some(Leading { top, exponent })
    }

    fn of_wide((value, exponent): (U256, i64)) -> Option<Self> {
        let zeros = value.leading_zeros();
        let length = 256i64.checked_sub(zeros.into())?;
        let top = value.checked_shl(zeros)?.wrapping_shr(192).as_u128();
        let exponent = exponent.checked_add(length)?.checked_sub(64)?;
        Some(Leading { top, exponent })
    }
}

/// `dividend / divisor` over `2^BITS`, rounded down and up; `None` unless it lies between 1/2 and 2.
fn quotient(dividend: Leading, divisor: Leading) -> Option<(u128, u128)> {
    let shift = dividend.exponent.checked_sub(divisor.exponent)?;
    let shift = shift.checked_add(BITS.into())?;
    if !(i64::from(BITS).saturating_sub(1)..=i64::from(BITS).saturating_add(1)).contains(&shift) {
        return None;
    }
    let shift = u32::try_from(shift).ok()?;
    let below = dividend.top.checked_shl(shift)?;
    let below = below.checked_div(divisor.top.checked_add(1)?)?;
    let above = dividend.top.checked_add(1)?.checked_shl(shift)?;
    let above = above.checked_div(divisor.top)?.checked_add(1)?;
    let (half, two) = (1u128 << (BITS - 1), 1u128 << (BITS + 1));
    (below >= half && above <= two).then_some((below, above))
}
