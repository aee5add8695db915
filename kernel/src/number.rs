//! Products of powers, exact or rounded down to so many significant bits.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use crate::Rational;
use crate::work::Work;

/// No number of more bits than this is computed: it bounds the time that a small file can ask for.
pub const MAX_LENGTH: u64 = 1 << 18;

/// No root of this degree or more is taken.
const MAX_DEGREE: u32 = 1 << 12;

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
        let mantissa = BigInt::from(self.mantissa.clone());
        Some(match self.exponent >= 0 {
            true => Rational::from_integer(mantissa << shift),
            false => Rational::new(mantissa, BigInt::one() << shift),
        })
    }

    /// The product, exactly; `None` if the exponent is out of range.
    pub(crate) fn times(&self, other: &Number) -> Option<Number> {
        let exponent = self.exponent.checked_add(other.exponent)?;
        Some(Number::new(&self.mantissa * &other.mantissa, exponent))
    }

    /// `2^grid` times the number, rounded down; `None` if it is too long to be written out.
    pub(crate) fn on_grid(&self, grid: i64) -> Option<BigUint> {
        let shift = self.exponent.checked_add(grid)?;
        let amount = shift.unsigned_abs();
        match shift >= 0 {
            true if self.mantissa.bits().checked_add(amount)? > MAX_LENGTH => None,
            true => Some(&self.mantissa << amount),
            false => Some(&self.mantissa >> amount),
        }
    }

    /// The exponent of the bit above the leading one.
    pub(crate) fn top(&self) -> Option<i64> {
        let length = i64::try_from(self.mantissa.bits()).ok()?;
        self.exponent.checked_add(length)
    }
}

/// `top / bottom · 2^shift`, positive.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub top: BigUint,
    pub bottom: BigUint,
    pub shift: i64,
}

impl From<&Rational> for Base {
    fn from(value: &Rational) -> Self {
        Base {
            top: value.numer().magnitude().clone(),
            bottom: value.denom().magnitude().clone(),
            shift: 0,
        }
    }
}

impl From<&Number> for Base {
    fn from(value: &Number) -> Self {
        Base {
            top: value.mantissa.clone(),
            bottom: BigUint::one(),
            shift: value.exponent,
        }
    }
}

/// A product of powers: the root of this degree of `base`.
pub(crate) struct Powers {
    base: Base,
    degree: u32,
}

impl Powers {
    /// `Π base^exponent`; `None` if it is too long, or its root of too high a degree.
    pub(crate) fn of(factors: &[(Base, Rational)]) -> Option<Self> {
        let is_small = |degree: &u32| (1..MAX_DEGREE).contains(degree);
        let mut degrees = factors
            .iter()
            .map(|(_, exponent)| exponent.denom().to_u32());
        // Two small ones, so that the multiple does not overflow.
        let degree = degrees.try_fold(1u32, |all, one| {
            Some(all.lcm(&one.filter(is_small)?)).filter(is_small)
        })?;
        let (mut top, mut bottom, mut shift) = (BigUint::one(), BigUint::one(), 0i64);
        for (base, exponent) in factors {
            // A multiple of every denominator.
            let times = exponent.numer() * BigInt::from(degree) / exponent.denom();
            let power = times.magnitude().to_u32()?;
            let (above, below) = match times.is_negative() {
                false => (&base.top, &base.bottom),
                true => (&base.bottom, &base.top),
            };
            top = product(&top, &raised(above, power)?)?;
            bottom = product(&bottom, &raised(below, power)?)?;
            shift = shift.checked_add(base.shift.checked_mul(times.to_i64()?)?)?;
        }
        let base = Base { top, bottom, shift };
        let is_positive = !base.top.is_zero() && !base.bottom.is_zero();
        is_positive.then_some(Powers { base, degree })
    }

    /// The value, rounded down to so many significant bits; `None` if it is out of range.
    pub(crate) fn rounded(&self, bits: u32) -> Option<Number> {
        let Base { top, bottom, shift } = &self.base;
        let degree = i64::from(self.degree);
        // So that the root of the quotient has at least one bit more than is kept.
        let wanted = i64::from(bits.checked_add(1)?).checked_mul(degree)?;
        let length = i64::try_from(bottom.bits())
            .ok()?
            .checked_sub(i64::try_from(top.bits()).ok()?)?;
        let least = wanted.checked_add(length)?.checked_add(1)?;
        let misfit = shift.checked_sub(least)?.rem_euclid(degree);
        let places = least.checked_add(misfit)?;
        let amount = places.unsigned_abs();
        if amount > MAX_LENGTH {
            return None;
        }
        let quotient = match places >= 0 {
            true => (top << amount).div_floor(bottom),
            false => top.div_floor(&(bottom << amount)),
        };
        let value = integer_root(&quotient, self.degree);
        let excess = value.bits().checked_sub(u64::from(bits))?;
        let exponent = shift.checked_sub(places)?.checked_div(degree)?;
        let exponent = exponent.checked_add(i64::try_from(excess).ok()?)?;
        Some(Number::new(value >> excess, exponent))
    }

    /// The value, if it is rational; `None` also if it is too long to be written out.
    pub(crate) fn exact(&self, work: &mut Work) -> Option<Rational> {
        let Base { top, bottom, shift } = &self.base;
        let power = BigUint::one() << Some(shift.unsigned_abs()).filter(|n| *n <= MAX_LENGTH)?;
        let (top, bottom) = match *shift >= 0 {
            true => (product(top, &power)?, bottom.clone()),
            false => (top.clone(), product(bottom, &power)?),
        };
        work.spend(top.bits().checked_add(bottom.bits())?)?;
        let value = Rational::new(top.into(), bottom.into());
        if self.degree == 1 {
            return Some(value);
        }
        // A reduced fraction has a rational root iff its numerator and denominator are powers of integers.
        let root = |integer: &BigUint| {
            let root = integer_root(integer, self.degree);
            (Pow::pow(&root, self.degree) == *integer).then(|| BigInt::from(root))
        };
        let top = root(value.numer().magnitude())?;
        Some(Rational::new(top, root(value.denom().magnitude())?))
    }
}

/// The power; `None` if it is too long.
fn raised(base: &BigUint, power: u32) -> Option<BigUint> {
    let length = base.bits().checked_mul(u64::from(power))?;
    (length <= MAX_LENGTH).then(|| Pow::pow(base, power))
}

/// The product; `None` if it is too long.
fn product(one: &BigUint, other: &BigUint) -> Option<BigUint> {
    let length = one.bits().checked_add(other.bits())?;
    (length <= MAX_LENGTH).then(|| one * other)
}

/// The largest integer whose power of this degree is at most `value`; the degree is positive.
fn integer_root(value: &BigUint, degree: u32) -> BigUint {
    // Newton's method starts too far away where the degree is high: there, bit by bit.
    let length = value.bits().checked_div(degree.into()).unwrap_or(0);
    if degree <= 64 || length > 512 {
        return value.nth_root(degree);
    }
    let mut root = BigUint::zero();
    for place in (0..=length).rev() {
        let next = &root | (BigUint::one() << place);
        if Pow::pow(&next, degree) <= *value {
            root = next;
        }
    }
    root
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
