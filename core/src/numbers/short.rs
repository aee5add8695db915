//! Products and sums of mantissas that fit 128 bits, rounded in a stated direction without allocating.

use super::Direction;

/// The most bits of a short mantissa.
pub(super) const SHORT_BITS: u64 = 128;

/// `high · 2^128 + low`.
struct Double {
    high: u128,
    low: u128,
}

/// `mantissa · 2^exponent` of a product or sum: at most `bits <= 128` bits are kept, or a power of two above them.
pub(super) type Rounded = (u128, i64);

/// `a · b`, its exponent given.
pub(super) fn product(
    a: u128,
    b: u128,
    exponent: i64,
    bits: u64,
    direction: Direction,
) -> Option<Rounded> {
    const HALF: u128 = u64::MAX as u128;
    let ((a1, a0), (b1, b0)) = ((a >> 64, a & HALF), (b >> 64, b & HALF));
    // None of these overflows: a product of halves is at most (2^64 - 1)², and there is room for two carries.
    let lowest = a0 * b0;
    let middle = a1 * b0 + (lowest >> 64);
    let other = a0 * b1 + (middle & HALF);
    let product = Double {
        high: a1 * b1 + (middle >> 64) + (other >> 64),
        low: (other << 64) | (lowest & HALF),
    };
    product.rounded(exponent, bits, direction)
}

/// `a · 2^shift + b`, in units of `2^exponent`; `None` if that needs more than 256 bits.
pub(super) fn shifted_sum(
    a: u128,
    shift: u64,
    b: u128,
    exponent: i64,
    bits: u64,
    direction: Direction,
) -> Option<Rounded> {
    let shift = u32::try_from(shift).ok().filter(|shift| *shift < 128)?;
    let carried = a.checked_shr(128 - shift).unwrap_or(0);
    let (low, overflow) = (a << shift).overflowing_add(b);
    let high = carried.checked_add(u128::from(overflow))?;
    Double { high, low }.rounded(exponent, bits, direction)
}

impl Double {
    fn rounded(self, exponent: i64, bits: u64, direction: Direction) -> Option<Rounded> {
        let length = match self.high {
            0 => 128 - self.low.leading_zeros(),
            high => 256 - high.leading_zeros(),
        };
        let excess = length.saturating_sub(u32::try_from(bits.min(SHORT_BITS)).ok()?);
        if excess == 0 {
            return Some((self.low, exponent));
        }
        let below = |word: u128, places: u32| word & !u128::MAX.checked_shl(places).unwrap_or(0);
        let (kept, lost) = if excess < 128 {
            let kept = (self.high << (128 - excess)) | (self.low >> excess);
            (kept, below(self.low, excess) != 0)
        } else {
            let places = excess - 128;
            let lost = self.low != 0 || below(self.high, places) != 0;
            (self.high.checked_shr(places).unwrap_or(0), lost)
        };
        let exponent = exponent.checked_add(excess.into())?;
        if direction == Direction::Down || !lost {
            return Some((kept, exponent));
        }
        match kept.checked_add(1) {
            Some(next) => Some((next, exponent)),
            None => Some((1 << 127, exponent.checked_add(1)?)),
        }
    }
}
