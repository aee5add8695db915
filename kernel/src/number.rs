//! Products of powers, exact or rounded down to so many significant bits, and what they may cost.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use crate::Rational;
use crate::natural::{MAX_LENGTH, Natural};
use crate::problem::Exponents;

/// No root of this degree or more is taken.
const MAX_DEGREE: u32 = 1 << 12;

/// `mantissa · 2^exponent`, the mantissa a natural number of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number<N = BigUint> {
    /// The mantissa.
    pub mantissa: N,
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

    /// `2^grid` times the number, as a fraction that is not reduced, which would take most of the time; `None` if it is
    /// too long to be written out.
    pub(crate) fn scaled(&self, grid: i64) -> Option<Rational> {
        let [top, bottom] = Base::from(self).fraction(grid)?;
        Some(Rational::new_raw(top.into(), bottom.into()))
    }
}

impl<N: Natural> Number<N> {
    /// `2^grid` times the number, rounded down; `None` if it is too long to be written out.
    #[inline]
    pub fn on_grid(&self, grid: i64) -> Option<N> {
        self.mantissa.shifted(self.exponent.checked_add(grid)?)
    }

    /// The product, exactly.
    #[inline]
    pub(crate) fn times(&self, other: &Number<N>) -> Option<Number<N>> {
        let mantissa = self.mantissa.times(&other.mantissa)?;
        let exponent = self.exponent.checked_add(other.exponent)?;
        Some(Number { mantissa, exponent })
    }

    /// Rounded down to so many significant bits.
    #[inline]
    pub(crate) fn kept(&self, bits: u32) -> Option<Number<N>> {
        let excess = self.mantissa.bits().saturating_sub(bits.into());
        let excess = i64::try_from(excess).ok()?;
        let mantissa = self.mantissa.shifted(excess.checked_neg()?)?;
        let exponent = self.exponent.checked_add(excess)?;
        Some(Number { mantissa, exponent })
    }

    /// The same number in another kind.
    #[inline]
    pub(crate) fn of(number: &Number) -> Option<Self> {
        let mantissa = N::of(&number.mantissa)?;
        let exponent = number.exponent;
        Some(Number { mantissa, exponent })
    }
}

/// `top / bottom · 2^shift`, the magnitude of a number.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) top: BigUint,
    pub(crate) bottom: BigUint,
    pub(crate) shift: i64,
}

impl From<&Number> for Base {
    fn from(value: &Number) -> Self {
        let (top, bottom, shift) = (value.mantissa.clone(), BigUint::one(), value.exponent);
        Base { top, bottom, shift }
    }
}

impl From<&Rational> for Base {
    fn from(value: &Rational) -> Self {
        let [top, bottom] = [value.numer(), value.denom()].map(|part| part.magnitude().clone());
        let shift = 0;
        Base { top, bottom, shift }
    }
}

impl Base {
    /// Numerator and denominator of `2^grid` times the number; `None` if one is too long.
    fn fraction(&self, grid: i64) -> Option<[BigUint; 2]> {
        let shift = self.shift.checked_add(grid)?;
        let top = self.top.shifted(shift.max(0))?;
        Some([top, self.bottom.shifted(shift.checked_neg()?.max(0))?])
    }
}

/// A base and the exponent of its power.
pub(crate) type Factor<'a> = (&'a Base, &'a Rational);

/// Multipliers to their powers; `None` where one is missing.
pub(crate) fn powers<'a>(form: &'a Exponents, point: &'a [Base]) -> Option<Vec<Factor<'a>>> {
    let factors = form.iter();
    let factors = factors.map(|(variable, exponent)| Some((point.get(*variable)?, exponent)));
    factors.collect()
}

/// A product of powers: the root of this degree of a base.
pub(crate) struct Powers(Base, u32);

impl Powers {
    /// `Π base^exponent`; `None` if it is no number, too long, or its root of too high a degree.
    pub(crate) fn of(factors: &[Factor]) -> Option<Self> {
        let is_small = |degree: &u32| (1..MAX_DEGREE).contains(degree);
        let degree_of = |exponent: &Rational| exponent.denom().to_u32().filter(is_small);
        // Two small ones, so that the multiple does not overflow.
        let degree = factors.iter().try_fold(1u32, |all, (_, exponent)| {
            Some(all.lcm(&degree_of(exponent)?)).filter(is_small)
        })?;
        let (mut top, mut bottom, mut shift) = (BigUint::one(), BigUint::one(), 0i64);
        for (base, exponent) in factors {
            let share = degree.checked_div(degree_of(exponent)?)?;
            let times = exponent.numer().to_i64()?.checked_mul(share.into())?;
            let power = u32::try_from(times.unsigned_abs()).ok()?;
            let (above, below) = match times < 0 {
                false => (&base.top, &base.bottom),
                true => (&base.bottom, &base.top),
            };
            top = top.times(&raised(above, power)?)?;
            bottom = bottom.times(&raised(below, power)?)?;
            shift = shift.checked_add(base.shift.checked_mul(times)?)?;
        }
        (!bottom.is_zero()).then_some(Powers(Base { top, bottom, shift }, degree))
    }

    /// The value, rounded down to so many significant bits; `None` if it is out of range.
    pub(crate) fn rounded(&self, bits: u32) -> Option<Number> {
        let Powers(base, root) = self;
        let degree = i64::from(*root);
        let length = |value: &BigUint| i64::try_from(value.bits()).ok();
        // So that the root of the quotient has at least one bit more than is kept.
        let wanted = i64::from(bits.checked_add(1)?).checked_mul(degree)?;
        let quotient = length(&base.top)?.checked_sub(length(&base.bottom)?)?;
        let places = wanted.checked_sub(quotient)?.checked_add(1)?;
        let exponent = base.shift.checked_sub(places)?.div_euclid(degree);
        let [top, bottom] = base.fraction(exponent.checked_mul(degree)?.checked_neg()?)?;
        let value = integer_root(&top.div_floor(&bottom), *root);
        Number::new(value, exponent).kept(bits)
    }

    /// The value, if it is rational; `None` also if it is too long to be written out.
    pub(crate) fn exact(&self, work: &mut Work) -> Option<Rational> {
        let [top, bottom] = self.0.fraction(0)?;
        work.spend(top.bits().checked_add(bottom.bits())?)?;
        let value = Rational::new(top.into(), bottom.into());
        // A reduced fraction has a rational root iff its numerator and denominator are powers of integers.
        let root = |part: &BigInt| {
            let root = integer_root(part.magnitude(), self.1);
            (Pow::pow(&root, self.1) == *part.magnitude()).then(|| BigInt::from(root))
        };
        Some(Rational::new(root(value.numer())?, root(value.denom())?))
    }
}

/// The power; `None` if it is too long.
fn raised(base: &BigUint, power: u32) -> Option<BigUint> {
    let length = base.bits().checked_mul(power.into())?;
    (length <= MAX_LENGTH).then(|| Pow::pow(base, power))
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

/// What exact operations may still cost, in squares of bits: to reduce a fraction takes time with the square of its
/// length. It bounds the time that a small file can ask for by numbers that grow; the same on every machine.
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

    /// The sum, taken as a balanced tree: adding many fractions from left to right makes every intermediate denominator
    /// long. Integers are never too many.
    pub(crate) fn sum(&mut self, terms: &[Rational]) -> Option<Rational> {
        if let [] | [_] = terms {
            return Some(terms.first().cloned().unwrap_or_default());
        }
        let (left, right) = terms.split_at_checked(terms.len() / 2)?;
        let (left, right) = (self.sum(left)?, self.sum(right)?);
        let length = |value: &Rational| value.numer().bits().checked_add(value.denom().bits());
        if !(left.is_integer() && right.is_integer()) {
            self.spend(length(&left)?.checked_add(length(&right)?)?)?;
        }
        Some(plus(&left, &right))
    }
}
