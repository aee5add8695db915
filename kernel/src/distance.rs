//! How far given weights are from balanced ones.

use ethnum::U256;
use num_bigint::BigInt;
use num_traits::One;

use crate::number::{Costs, Factor, mantissas};
use crate::{Block, Certified, Entries, Rational, Refusal};

/// Bits of a quotient.
const BITS: u32 = 60;

/// The quotient of two costs, over all terms: bounds from below and above, over `2^BITS`.
struct Quotients {
    least: u128,
    most: u128,
}

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
        let blocks = self.problem().blocks();
        if others.len() != blocks.len() {
            let reason = "there is not one list of other weights for each block";
            return Err(Refusal::Block { block: 0, reason });
        }
        let one = 1u128 << BITS;
        let mut all = Quotients {
            least: one,
            most: one,
        };
        for (number, (block, entries)) in blocks.iter().zip(others).enumerate() {
            if entries.len() != block.entries.len() {
                let reason = "there is not one other weight for each entry";
                return Err(Refusal::Block {
                    block: number,
                    reason,
                });
            }
            if self.quotients(number, block, *entries, &mut all)?.is_none() {
                return Ok(None);
            }
        }
        let Some(radius) = self.radius() else {
            return Ok(None);
        };
        let rest = Rational::one() - radius;
        let scale = BigInt::one() << BITS;
        let of = |quotient: u128| Rational::new(quotient.into(), scale.clone());
        // Both costs lie within the rounding of their factors above their lower ends.
        let upper = Rational::one() + self.width();
        Ok(Some((
            of(all.least) * &rest / &upper,
            of(all.most) * upper / rest,
        )))
    }

    fn quotients(
        &self,
        number: usize,
        block: &Block,
        entries: Entries,
        all: &mut Quotients,
    ) -> Result<Option<()>, Refusal> {
        let other = Block {
            entries,
            ..block.clone()
        };
        let costs = Costs::new(&other, self.bits());
        for entry in 0..entries.len() {
            let fault = Refusal::Cost {
                block: number,
                entry,
            };
            let own = self.factors(number, entry)?;
            let other = costs.of(entry).ok_or(fault)?;
            match (own, other) {
                (None, None) => {}
                (Some(own), Some(other)) => {
                    let Some((below, above)) = quotient(other, own) else {
                        return Ok(None);
                    };
                    all.least = all.least.min(below);
                    all.most = all.most.max(above);
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(()))
    }
}

/// `dividend / Π factors` over `2^BITS`, rounded down and up; `None` unless it lies between 1/2 and 2.
fn quotient(dividend: Factor, [cost, row, column]: [Factor; 3]) -> Option<(u128, u128)> {
    let exponent = cost.exponent.checked_add(row.exponent)?;
    let exponent = exponent.checked_add(column.exponent)?;
    let divisor = mantissas(cost, row, column);
    let dividend_bits = 128u32.checked_sub(dividend.mantissa.leading_zeros())?;
    let divisor_bits = 256u32.checked_sub(divisor.leading_zeros())?;
    // Both with their leading bit at one place, so that what is cut off counts alike.
    let place = 64u32;
    let (top, top_exponent) = leading(
        dividend.mantissa.into(),
        dividend_bits,
        dividend.exponent,
        place,
    )?;
    let (bottom, bottom_exponent) = leading(divisor, divisor_bits, exponent, place)?;
    // The dividend is in [top, top + 1), the divisor in [bottom, bottom + 1), times powers of 2.
    let shift = top_exponent.checked_sub(bottom_exponent)?;
    let shift = shift.checked_add(BITS.into())?;
    if !(i64::from(BITS).saturating_sub(1)..=i64::from(BITS).saturating_add(1)).contains(&shift) {
        return None;
    }
    let shift = u32::try_from(shift).ok()?;
    let below = top
        .checked_shl(shift)?
        .checked_div(bottom.checked_add(1)?)?;
    let above = top.checked_add(1)?.checked_shl(shift)?;
    let above = above.checked_div(bottom)?.checked_add(1)?;
    let (half, two) = (1u128 << (BITS - 1), 1u128 << (BITS + 1));
    (below >= half && above <= two).then_some((below, above))
}

/// The number as its leading bits, so many of them, and an exponent.
fn leading(value: U256, bits: u32, exponent: i64, place: u32) -> Option<(u128, i64)> {
    let shift = i64::from(bits).checked_sub(place.into())?;
    let amount = u32::try_from(shift.unsigned_abs()).ok()?;
    let cut = match shift >= 0 {
        true => value.wrapping_shr(amount),
        false => value.wrapping_shl(amount),
    };
    Some((cut.as_u128(), exponent.checked_add(shift)?))
}
