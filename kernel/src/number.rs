//! Numbers rounded down to so many significant bits.

use ethnum::U256;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use crate::problem::{Magnitude, denominator, numerator};
use crate::{Block, Entries, Form, Rational};

/// No number of more bits than this is computed: it bounds the time that a small file can ask for.
const MAX_LENGTH: u64 = 1 << 16;

/// `mantissa · 2^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    mantissa: BigUint,
    exponent: i64,
}

impl Number {
    /// `mantissa · 2^exponent`.
    pub fn new(mantissa: BigUint, exponent: i64) -> Self {
        Number { mantissa, exponent }
    }

    /// The mantissa.
    pub fn mantissa(&self) -> &BigUint {
        &self.mantissa
    }

    /// The exponent.
    pub fn exponent(&self) -> i64 {
        self.exponent
    }

    /// The exact value; `None` if it is too long to be written out.
    pub fn to_rational(&self) -> Option<Rational> {
        let shift = self.exponent.unsigned_abs();
        if shift.checked_add(self.mantissa.bits())? > MAX_LENGTH {
            return None;
        }
        let mantissa = num_bigint::BigInt::from(self.mantissa.clone());
        Some(match self.exponent >= 0 {
            true => Rational::from_integer(mantissa << shift),
            false => Rational::new(mantissa, num_bigint::BigInt::one() << shift),
        })
    }
}

/// A positive number of at most [`MAX_BITS`](crate::MAX_BITS) significant bits: its mantissa and exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Factor {
    pub mantissa: u128,
    pub exponent: i64,
}

/// `numerator / denominator · 2^exponent` to the power `1/degree`, rounded down to `bits` significant bits.
fn root(
    numerator: &BigUint,
    denominator: &BigUint,
    exponent: i64,
    degree: u32,
    bits: u32,
) -> Option<Factor> {
    if numerator.is_zero() || denominator.is_zero() || degree == 0 {
        return None;
    }
    let degree_wide = i64::from(degree);
    // So that the root of the quotient has at least one bit more than is kept.
    let wanted = i64::from(bits.checked_add(1)?).checked_mul(degree_wide)?;
    let length = i64::try_from(denominator.bits())
        .ok()?
        .checked_sub(i64::try_from(numerator.bits()).ok()?)?;
    let least = wanted.checked_add(length)?.checked_add(1)?;
    let misfit = exponent.checked_sub(least)?.rem_euclid(degree_wide);
    let shift = least.checked_add(misfit)?;
    let amount = shift.unsigned_abs();
    if amount > MAX_LENGTH {
        return None;
    }
    let quotient = match shift >= 0 {
        true => (numerator << amount).div_floor(denominator),
        false => numerator.div_floor(&(denominator << amount)),
    };
    let value = quotient.nth_root(degree);
    let excess = value.bits().checked_sub(u64::from(bits))?;
    let mantissa = (value >> excess).to_u128()?;
    let exponent = exponent.checked_sub(shift)?.checked_div(degree_wide)?;
    Some(Factor {
        mantissa,
        exponent: exponent.checked_add(i64::try_from(excess).ok()?)?,
    })
}

/// `base^power`; `None` if it is too long.
fn power(base: &BigUint, power: u32) -> Option<BigUint> {
    let length = base.bits().checked_mul(u64::from(power))?;
    (length <= MAX_LENGTH).then(|| Pow::pow(base, power))
}

/// How costs are computed from the weights of a block, with what is the same for all of them.
#[derive(Debug, Clone)]
pub(crate) struct Costs<'a> {
    entries: Entries<'a>,
    /// 1 or 2, if that is the power and the coefficient is 1: then the cost of a float needs no long numbers.
    short: Option<u8>,
    power: &'a Rational,
    coefficient: &'a Rational,
    bits: u32,
}

impl<'a> Costs<'a> {
    /// The costs of a block, rounded down to so many significant bits.
    pub(crate) fn new(block: &'a Block, bits: u32) -> Self {
        let power = block.power.is_integer().then(|| block.power.to_u8());
        let is_short = |power: &u8| *power <= 2 && block.coefficient.is_one();
        Costs {
            entries: block.entries,
            short: power.flatten().filter(is_short),
            power: &block.power,
            coefficient: &block.coefficient,
            bits,
        }
    }

    /// `coefficient · |weight|^power`: the outer option is `None` where it is out of range, the inner one where the weight is 0.
    #[inline]
    pub(crate) fn of(&self, entry: usize) -> Option<Option<Factor>> {
        match (self.entries.magnitude(entry)?, self.short) {
            (Magnitude::Zero, _) => Some(None),
            (Magnitude::Binary(mantissa, exponent), Some(power)) => {
                short_cost(mantissa, exponent, power, self.bits).map(Some)
            }
            (Magnitude::Binary(mantissa, exponent), None) => {
                let shift = exponent.unsigned_abs();
                let mantissa = BigUint::from(mantissa);
                let one = BigUint::one();
                let (top, bottom) = match exponent >= 0 {
                    true => (mantissa << shift, one),
                    false => (mantissa, one << shift),
                };
                self.long(&top, &bottom).map(Some)
            }
            (Magnitude::Exact(value), _) => {
                self.long(numerator(value), denominator(value)).map(Some)
            }
        }
    }

    /// `(coefficient^d · |weight|^n)^(1/d)` for the power `n/d`.
    fn long(&self, top: &BigUint, bottom: &BigUint) -> Option<Factor> {
        let degree = self.power.denom().to_u32()?;
        let times = self.power.numer().to_u32()?;
        let raised = |coefficient: &BigUint, weight: &BigUint| {
            product_of(&power(coefficient, degree)?, &power(weight, times)?)
        };
        let top = raised(numerator(self.coefficient), top)?;
        let bottom = raised(denominator(self.coefficient), bottom)?;
        root(&top, &bottom, 0, degree, self.bits)
    }
}

/// `(mantissa · 2^exponent)^power` for the powers 1 and 2.
#[inline]
fn short_cost(mantissa: u64, exponent: i64, power: u8, bits: u32) -> Option<Factor> {
    let wide = u128::from(mantissa);
    let (value, exponent) = match power {
        1 => (wide, exponent),
        _ => (wide.checked_mul(wide)?, exponent.checked_mul(2)?),
    };
    let excess = 128u32
        .checked_sub(value.leading_zeros())?
        .saturating_sub(bits);
    Some(Factor {
        mantissa: value.checked_shr(excess)?,
        exponent: exponent.checked_add(excess.into())?,
    })
}

/// The product; `None` if it is too long.
fn product_of(one: &BigUint, other: &BigUint) -> Option<BigUint> {
    let length = one.bits().checked_add(other.bits())?;
    (length <= MAX_LENGTH).then(|| one * other)
}

/// `Π μ_v^exponent`, rounded down to `bits` significant bits; `None` if it is out of range.
pub(crate) fn product(form: &Form, point: &[Number], bits: u32) -> Option<Factor> {
    let mut degrees = form
        .factors()
        .iter()
        .map(|(_, exponent)| exponent.denom().to_u32());
    let is_small = |degree: &u32| (1..1 << 12).contains(degree);
    // Two small ones, so that the multiple does not overflow.
    let degree = degrees.try_fold(1u32, |all, one| {
        Some(all.lcm(&one.filter(is_small)?)).filter(is_small)
    })?;
    let (mut top, mut bottom, mut shift) = (BigUint::one(), BigUint::one(), 0i64);
    for (variable, exponent) in form.factors() {
        let times = (exponent * Rational::from_integer(degree.into())).to_integer();
        let number = point.get(*variable)?;
        let raised = power(&number.mantissa, times.magnitude().to_u32()?)?;
        match times.is_positive() {
            true => top = product_of(&top, &raised)?,
            false => bottom = product_of(&bottom, &raised)?,
        }
        shift = shift.checked_add(number.exponent.checked_mul(times.to_i64()?)?)?;
    }
    root(&top, &bottom, shift, degree, bits)
}

/// `2^grid · cost · row · column`, rounded down; `None` if it has more than [`GRID_BITS`] bits.
#[inline]
pub(crate) fn on_grid(cost: Factor, row: Factor, column: Factor, grid: i64) -> Option<U256> {
    let product = mantissas(cost, row, column);
    let shift = cost
        .exponent
        .checked_add(row.exponent)?
        .checked_add(column.exponent)?
        .checked_add(grid)?;
    let amount = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
    let value = match shift >= 0 {
        true if amount <= product.leading_zeros() => product.wrapping_shl(amount),
        true => return None,
        false if amount < 256 => product.wrapping_shr(amount),
        false => U256::ZERO,
    };
    (value.leading_zeros() >= 256 - GRID_BITS).then_some(value)
}

/// The most bits that a term may have on the grid: sums of 2^64 such terms fit 256.
pub(crate) const GRID_BITS: u32 = 192;

/// The product of three mantissas; of at most 85 bits each, so that it fits.
#[inline]
pub(crate) fn mantissas(cost: Factor, row: Factor, column: Factor) -> U256 {
    let two = U256::from(cost.mantissa).wrapping_mul(U256::from(column.mantissa));
    two.wrapping_mul(U256::from(row.mantissa))
}

/// `cost · row · column`, exactly, as mantissa and exponent; `None` if it would be too long to be written out.
pub(crate) fn exactly(cost: Factor, row: Factor, column: Factor) -> Option<(BigUint, i64)> {
    let exponent = cost.exponent.checked_add(row.exponent)?;
    let exponent = exponent.checked_add(column.exponent)?;
    let is_short = exponent.unsigned_abs() <= MAX_LENGTH;
    is_short.then(|| (long(mantissas(cost, row, column)), exponent))
}

/// The same integer, of any length.
pub(crate) fn long(value: U256) -> BigUint {
    BigUint::from_bytes_le(&value.to_le_bytes())
}

/// The sum. To reduce an integer over 1 takes most of the time, so that it is left out.
pub(crate) fn plus(one: &Rational, other: &Rational) -> Rational {
    match one.is_integer() && other.is_integer() {
        true => Rational::from_integer(one.numer() + other.numer()),
        false => one + other,
    }
}

/// The product, in the same way.
pub(crate) fn times(one: &Rational, other: &Rational) -> Rational {
    match one.is_integer() && other.is_integer() {
        true => Rational::from_integer(one.numer() * other.numer()),
        false => one * other,
    }
}
