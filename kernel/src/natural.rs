//! Natural numbers of two kinds: in 256 bits, which suffice for most weights and are fast, and of any length.

use ethnum::U256;
use num_bigint::BigUint;

/// No number of more bits than this is computed: it bounds the time that a small file can ask for. Sums may be longer.
pub(crate) const MAX_LENGTH: u64 = 1 << 18;

/// A natural number. What is computed is exact, or `None` where it is too long for this kind.
pub trait Natural: From<u64> + TryInto<u64> {
    /// The same number.
    fn of(value: &BigUint) -> Option<Self>;

    /// The same number.
    fn long(&self) -> BigUint;

    /// How many binary digits it has; 0 of 0.
    fn bits(&self) -> u64;

    fn plus(&self, other: &Self) -> Option<Self>;

    fn times(&self, other: &Self) -> Option<Self>;

    /// Times `2^shift`, rounded down.
    fn shifted(&self, shift: i64) -> Option<Self>;
}

impl Natural for U256 {
    fn of(value: &BigUint) -> Option<Self> {
        let digits = value.iter_u64_digits().rev();
        let short = digits.fold(U256::ZERO, |all, one| {
            all.wrapping_shl(64) | U256::from(one)
        });
        (value.bits() <= 256).then_some(short)
    }

    fn long(&self) -> BigUint {
        BigUint::from_bytes_le(&self.to_le_bytes())
    }

    #[inline]
    fn bits(&self) -> u64 {
        256u64.saturating_sub(self.leading_zeros().into())
    }

    #[inline]
    fn plus(&self, other: &Self) -> Option<Self> {
        self.checked_add(*other)
    }

    #[inline]
    fn times(&self, other: &Self) -> Option<Self> {
        let fits = self.bits().saturating_add(other.bits()) <= 256;
        fits.then(|| self.wrapping_mul(*other))
    }

    #[inline]
    fn shifted(&self, shift: i64) -> Option<Self> {
        let amount = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
        match shift < 0 {
            true => Some(self.checked_shr(amount).unwrap_or_default()),
            false => (amount <= self.leading_zeros()).then(|| self.wrapping_shl(amount)),
        }
    }
}

impl Natural for BigUint {
    fn of(value: &BigUint) -> Option<Self> {
        Some(value.clone())
    }

    fn long(&self) -> BigUint {
        self.clone()
    }

    fn bits(&self) -> u64 {
        self.bits()
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        Some(self + other)
    }

    fn times(&self, other: &Self) -> Option<Self> {
        let length = self.bits().checked_add(other.bits())?;
        (length <= MAX_LENGTH).then(|| self * other)
    }

    fn shifted(&self, shift: i64) -> Option<Self> {
        let amount = shift.unsigned_abs();
        match shift < 0 {
            true => Some(self >> amount),
            false => (self.bits().checked_add(amount)? <= MAX_LENGTH).then(|| self << amount),
        }
    }
}
