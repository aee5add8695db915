//! Products of powers, exact or rounded down to so many significant bits, and what they may cost.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use crate::Rational;

/// No number of more bits than this is computed: it bounds the time that a small file can ask for.
const MAX_LENGTH: u64 = 1 << 18;

/// No root of this degree or more is taken.
const MAX_DEGREE: u32 = 1 << 12;

/// `mantissa · 2^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The mantissa.
    pub mantissa: BigUint,
    /// The exponent.
    pub exponent: i64,
}

impl Number {
    /// `mantissa · 2^exponent`.
    pub fn new(mantissa: BigUint, exponent: i64) -> Self {
        Number { mantissa, exponent }
    }

    /// The exact value; `None` if it is too long to be written out.
    pub fn to_rational(&self) -> Option<Rational> {
        Some(self.scaled(0)?.reduced())
    }

    /// `2^grid` times the number, as a fraction that is not reduced, which would take most of the time; `None` if it is too long to be written out.
    pub(crate) fn scaled(&self, grid: i64) -> Option<Rational> {
        let shift = self.exponent.checked_add(grid)?;
        let amount = shift.unsigned_abs();
        if amount.checked_add(self.mantissa.bits())? > MAX_LENGTH {
            return None;
        }
        let mantissa = BigInt::from(self.mantissa.clone());
        Some(match shift >= 0 {
            true => Rational::from_integer(mantissa << amount),
            false => Rational::new_raw(mantissa, BigInt::one() << amount),
        })
    }

    /// `2^grid` times the number, rounded down; `None` if it is too long to be written out.
    pub fn on_grid(&self, grid: i64) -> Option<BigInt> {
        let shift = self.exponent.checked_add(grid)?;
        match shift >= 0 {
            true => Some(self.scaled(grid)?.to_integer()),
            false => Some((&self.mantissa >> shift.unsigned_abs()).into()),
        }
    }

    pub(crate) fn base(&self) -> Base {
        (self.mantissa.clone(), BigUint::one(), self.exponent)
    }

    /// The product, exactly; `None` if the exponent is out of range.
    pub(crate) fn times(&self, other: &Number) -> Option<Number> {
        let exponent = self.exponent.checked_add(other.exponent)?;
        Some(Number::new(&self.mantissa * &other.mantissa, exponent))
    }
}

/// Numerator and denominator of a positive number, but for a power of 2.
pub(crate) type Base = (BigUint, BigUint, i64);

/// The magnitude of a rational.
pub(crate) fn base(value: &Rational) -> Base {
    let magnitudes = (value.numer().magnitude(), value.denom().magnitude());
    (magnitudes.0.clone(), magnitudes.1.clone(), 0)
}

/// A product of powers: the root of this degree of a base.
pub(crate) struct Powers(Base, u32);

impl Powers {
    /// `Π base^exponent`; `None` if it is too long, or its root of too high a degree.
    pub(crate) fn of(factors: &[(Base, Rational)]) -> Option<Self> {
        let is_small = |degree: &u32| (1..MAX_DEGREE).contains(degree);
        let degrees = factors.iter();
        let mut degrees = degrees.map(|(_, exponent)| exponent.denom().to_u32());
        // Two small ones, so that the multiple does not overflow.
        let degree = degrees.try_fold(1u32, |all, one| {
            Some(all.lcm(&one.filter(is_small)?)).filter(is_small)
        })?;
        let (mut top, mut bottom, mut shift) = (BigUint::one(), BigUint::one(), 0i64);
        for ((numerator, denominator, power_of_2), exponent) in factors {
            // A multiple of every denominator.
            let times = exponent.numer() * BigInt::from(degree) / exponent.denom();
            let power = times.magnitude().to_u32()?;
            let (above, below) = match times.is_negative() {
                false => (numerator, denominator),
                true => (denominator, numerator),
            };
            top = product(&top, &raised(above, power)?)?;
            bottom = product(&bottom, &raised(below, power)?)?;
            shift = shift.checked_add(power_of_2.checked_mul(times.to_i64()?)?)?;
        }
        let is_positive = !top.is_zero() && !bottom.is_zero();
        is_positive.then_some(Powers((top, bottom, shift), degree))
    }

    /// The value, rounded down to so many significant bits; `None` if it is out of range.
    pub(crate) fn rounded(&self, bits: u32) -> Option<Number> {
        let Powers((top, bottom, shift), degree) = self;
        let length = |value: &BigUint| i64::try_from(value.bits()).ok();
        // So that the root of the quotient has at least one bit more than is kept.
        let wanted = i64::from(bits.checked_add(1)?).checked_mul((*degree).into())?;
        let least = wanted.checked_add(length(bottom)?.checked_sub(length(top)?)?)?;
        let least = least.checked_add(1)?;
        let misfit = shift.checked_sub(least)?.rem_euclid((*degree).into());
        let places = least.checked_add(misfit)?;
        let amount = Some(places.unsigned_abs()).filter(|amount| *amount <= MAX_LENGTH)?;
        let quotient = match places >= 0 {
            true => (top << amount).div_floor(bottom),
            false => top.div_floor(&(bottom << amount)),
        };
        let value = integer_root(&quotient, *degree);
        let excess = value.bits().checked_sub(bits.into())?;
        let exponent = shift.checked_sub(places)?.checked_div((*degree).into())?;
        let exponent = exponent.checked_add(i64::try_from(excess).ok()?)?;
        Some(Number::new(value >> excess, exponent))
    }

    /// The value, if it is rational; `None` also if it is too long to be written out.
    pub(crate) fn exact(&self, work: &mut Work) -> Option<Rational> {
        let Powers((top, bottom, shift), degree) = self;
        let power = BigUint::one() << Some(shift.unsigned_abs()).filter(|n| *n <= MAX_LENGTH)?;
        let (top, bottom) = match *shift >= 0 {
            true => (product(top, &power)?, bottom.clone()),
            false => (top.clone(), product(bottom, &power)?),
        };
        work.spend(top.bits().checked_add(bottom.bits())?)?;
        let value = Rational::new(top.into(), bottom.into());
        // A reduced fraction has a rational root iff its numerator and denominator are powers of integers.
        let root = |integer: &BigUint| {
            let root = integer_root(integer, *degree);
            (Pow::pow(&root, *degree) == *integer).then(|| BigInt::from(root))
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

/// Is the denominator positive? It may be 0 or negative in what `Ratio::new_raw` made, and arithmetic panics there.
pub(crate) fn is_number(value: &Rational) -> bool {
    value.denom().is_positive()
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

/// What exact operations may still cost, in squares of bits: to reduce a fraction takes time with the square of its length. It
/// bounds the time that a small file can ask for by numbers that grow; the same on every machine.
pub(crate) struct Work(u64);

impl Work {
    /// Enough for `operations` on the numbers that files of floats hold, and for some seconds on longer ones.
    pub(crate) fn new(operations: usize) -> Self {
        let operations = u64::try_from(operations).unwrap_or(u64::MAX);
        Work((1u64 << 37).saturating_add(operations.saturating_mul(1 << 21)))
    }

    /// Accounts for one operation on numbers of `bits` bits together; `None` if it would be too much.
    fn spend(&mut self, bits: u64) -> Option<()> {
        self.0 = self.0.checked_sub(bits.checked_mul(bits)?)?;
        Some(())
    }

    /// The sum, taken as a balanced tree: adding many fractions from left to right makes every intermediate denominator long.
    pub(crate) fn sum(&mut self, terms: &[Rational]) -> Option<Rational> {
        if let [] | [_] = terms {
            return Some(terms.first().cloned().unwrap_or_default());
        }
        let (left, right) = terms.split_at_checked(terms.len() / 2)?;
        let (left, right) = (self.sum(left)?, self.sum(right)?);
        let length = |value: &Rational| value.numer().bits().checked_add(value.denom().bits());
        self.spend(length(&left)?.checked_add(length(&right)?)?)?;
        Some(plus(&left, &right))
    }
}
