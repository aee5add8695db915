//! The same roundings in 256 bits, for rows of weights in the formats of floats.

use ethnum::U256;

use crate::Number;

/// The most bits of a short factor: three of them fit 256 bits.
pub(crate) const SHORT_BITS: u32 = 85;

/// The most bits that a term may have on the grid: sums of 2^64 such terms fit 256.
const GRID_BITS: u32 = 192;

/// A positive number of at most [`SHORT_BITS`] bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short {
    mantissa: u128,
    exponent: i64,
}

/// Sums of terms on the grid.
#[derive(Debug)]
pub(crate) struct ShortSums {
    pub total: U256,
    /// How many terms have so many bits.
    pub lengths: [u64; 257],
}

impl ShortSums {
    /// Adds the product of three factors on the grid to these sums and to others; they do not overflow. `None` if it has too many bits.
    #[inline(always)]
    pub(crate) fn add(&mut self, factors: [Short; 3], grid: i64, to: [&mut U256; 2]) -> Option<()> {
        let (y, [row, column]) = (on_grid(factors, grid)?, to);
        for sum in [&mut self.total, row, column] {
            *sum = sum.wrapping_add(y);
        }
        let length = usize::try_from(256u32.saturating_sub(y.leading_zeros())).ok()?;
        let count = self.lengths.get_mut(length)?;
        *count = count.saturating_add(1);
        Some(())
    }
}

impl Number {
    /// The same number, if it is short.
    pub(crate) fn short(&self) -> Option<Short> {
        let mantissa = u128::try_from(self.mantissa()).ok()?;
        let is_short = self.mantissa().bits() <= SHORT_BITS.into();
        is_short.then_some(Short {
            mantissa,
            exponent: self.exponent(),
        })
    }
}

impl Short {
    /// `(mantissa · 2^exponent)^power`, rounded down to so many significant bits; `None` if the power is too long.
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
        Some(Short {
            mantissa: value.checked_shr(excess)?,
            exponent: exponent.checked_add(excess.into())?,
        })
    }

    /// The same number: mantissa and exponent.
    pub(crate) fn wide(self) -> (U256, i64) {
        (U256::from(self.mantissa), self.exponent)
    }
}

/// The product of three factors, exactly: mantissa and exponent.
#[inline]
pub(crate) fn product([cost, row, column]: [Short; 3]) -> Option<(U256, i64)> {
    let two = U256::from(cost.mantissa).wrapping_mul(U256::from(column.mantissa));
    let mantissa = two.wrapping_mul(U256::from(row.mantissa));
    let exponent = cost.exponent.checked_add(row.exponent)?;
    Some((mantissa, exponent.checked_add(column.exponent)?))
}

/// `2^grid` times the product of three factors, rounded down; `None` if it has too many bits.
#[inline]
fn on_grid(factors: [Short; 3], grid: i64) -> Option<U256> {
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
