//! Numbers of 16 bits times powers of 2: an addition to the field of the exponent, many at a time.

use pulp::{Arch, Simd, WithSimd};

use crate::numbers::is_power_of_two;

/// Exponents further from 0 leave no number of 16 bits what it is.
const FAR: i64 = 600;

/// The exponents of factors that are powers of 2; `None` if one is none, or beyond what numbers of 16 bits can take.
pub(super) fn exponents(factors: &[f64]) -> Option<Vec<i16>> {
    factors.iter().map(|factor| exponent(*factor)).collect()
}

/// The exponent of one.
pub(super) fn exponent(factor: f64) -> Option<i16> {
    let exponent = (factor.to_bits() >> 52) as i64 - 1023;
    let is_near = is_power_of_two(factor) && exponent.abs() <= FAR;
    is_near.then_some(exponent as i16)
}

/// Multiplies numbers with `FRACTION` bits of fraction, whose exponents count up to `ONES`, by `2^(row + column)`.
/// Nothing is changed, and `false` given, where one is neither normal, before and after, nor 0.
pub(super) fn shift<const FRACTION: u32, const ONES: u16>(
    slots: &mut [[u8; 2]],
    row: i16,
    columns: &[i16],
) -> bool {
    let arch = Arch::new();
    let is_whole = arch.dispatch(Whole::<FRACTION, ONES> {
        slots,
        row,
        columns,
    });
    if is_whole {
        arch.dispatch(Move::<FRACTION> {
            slots,
            row,
            columns,
        });
    }
    is_whole
}

/// Is each number after what the one before becomes, and both normal, or both the same 0?
pub(super) fn is_shifted<const FRACTION: u32, const ONES: u16>(
    before: &[[u8; 2]],
    after: &[[u8; 2]],
    row: i16,
    columns: &[i16],
) -> bool {
    Arch::new().dispatch(Moved::<FRACTION, ONES> {
        before,
        after,
        row,
        columns,
    })
}

struct Whole<'a, const FRACTION: u32, const ONES: u16> {
    slots: &'a [[u8; 2]],
    row: i16,
    columns: &'a [i16],
}

struct Move<'a, const FRACTION: u32> {
    slots: &'a mut [[u8; 2]],
    row: i16,
    columns: &'a [i16],
}

struct Moved<'a, const FRACTION: u32, const ONES: u16> {
    before: &'a [[u8; 2]],
    after: &'a [[u8; 2]],
    row: i16,
    columns: &'a [i16],
}

/// 0 if a number is normal, before and after, or 0.
#[inline(always)]
fn fault<const FRACTION: u32, const ONES: u16>(bits: u16, exponent: i16) -> u16 {
    let magnitude = bits & 0x7fff;
    let old = magnitude >> FRACTION;
    // What is below 1 wraps, and is too large.
    let new = old.wrapping_add(exponent as u16);
    let is_normal = (old.wrapping_sub(1) < ONES - 1) & (new.wrapping_sub(1) < ONES - 1);
    u16::from(!((magnitude == 0) | is_normal))
}

#[inline(always)]
fn moved<const FRACTION: u32>(bits: u16, exponent: i16) -> u16 {
    match bits & 0x7fff {
        0 => bits,
        _ => bits.wrapping_add((exponent as u16) << FRACTION),
    }
}

impl<const FRACTION: u32, const ONES: u16> WithSimd for Whole<'_, FRACTION, ONES> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let mut faults = 0;
        for (slot, column) in self.slots.iter().zip(self.columns) {
            faults |= fault::<FRACTION, ONES>(u16::from_le_bytes(*slot), self.row + column);
        }
        faults == 0
    }
}

impl<const FRACTION: u32> WithSimd for Move<'_, FRACTION> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (slot, column) in self.slots.iter_mut().zip(self.columns) {
            *slot = moved::<FRACTION>(u16::from_le_bytes(*slot), self.row + column).to_le_bytes();
        }
    }
}

impl<const FRACTION: u32, const ONES: u16> WithSimd for Moved<'_, FRACTION, ONES> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let mut faults = 0;
        let pairs = self.before.iter().zip(self.after);
        for ((before, after), column) in pairs.zip(self.columns) {
            let before = u16::from_le_bytes(*before);
            let exponent = self.row + column;
            faults |= fault::<FRACTION, ONES>(before, exponent);
            faults |= moved::<FRACTION>(before, exponent) ^ u16::from_le_bytes(*after);
        }
        faults == 0
    }
}
