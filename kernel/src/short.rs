//! The same roundings in 256 bits, for weights in the formats of floats.

use ethnum::U256;

use crate::Number;

/// The most bits of a short factor: three of them fit 256 bits.
const SHORT_BITS: u64 = 85;

/// The most bits that a term may have on the grid: sums of 2^64 such terms fit 256.
const GRID_BITS: u32 = 192;

/// A positive number of at most [`SHORT_BITS`] bits: mantissa and exponent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short(u128, i64);

impl Short {
    /// The same number, if it is short.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        let is_short = number.mantissa.bits() <= SHORT_BITS;
        let mantissa = u128::try_from(&number.mantissa).ok().filter(|_| is_short)?;
        Some(Short(mantissa, number.exponent))
    }

    /// `(mantissa · 2^exponent)^power`, rounded down to so many significant bits; `None` if the power is too long, or the number is.
    #[inline]
    pub(crate) fn of_float(mantissa: u64, exponent: i64, power: u8, bits: u32) -> Option<Self> {
        let wide = u128::from(mantissa);
        let value = match power {
            2 => wide.checked_mul(wide)?,
            _ => wide.checked_pow(power.into())?,
        };
        let exponent = exponent.checked_mul(power.into())?;
        let length = 128u32.checked_sub(value.leading_zeros())?;
        let excess = length.saturating_sub(bits);
        let is_short = u64::from(length.min(bits)) <= SHORT_BITS;
        let mantissa = value.checked_shr(excess).filter(|_| is_short)?;
        Some(Short(mantissa, exponent.checked_add(excess.into())?))
    }

    /// The same number.
    pub(crate) fn wide(self) -> (U256, i64) {
        (self.0.into(), self.1)
    }
}

/// The product of three factors, exactly: mantissa and exponent.
#[inline]
pub(crate) fn product([cost, row, column]: [Short; 3]) -> Option<(U256, i64)> {
    let two = U256::from(cost.0).wrapping_mul(U256::from(column.0));
    let exponent = cost.1.checked_add(row.1)?.checked_add(column.1)?;
    Some((two.wrapping_mul(U256::from(row.0)), exponent))
}

/// `2^grid` times the product of three factors, rounded down; `None` if it has too many bits.
#[inline]
pub(crate) fn on_grid(factors: [Short; 3], grid: i64) -> Option<U256> {
    let (product, exponent) = product(factors)?;
    let shift = exponent.checked_add(grid)?;
    let amount = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
    let value = match shift >= 0 {
        true if amount <= product.leading_zeros() => product.wrapping_shl(amount),
        true => return None,
        false if amount < 256 => product.wrapping_shr(amount),
        false => U256::ZERO,
    };
    (value.leading_zeros() >= 256 - GRID_BITS).then_some(value)
}
