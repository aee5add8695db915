//! Exact arithmetic that ends in time: what an operation costs is known before it is done.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

use super::{Rational, rational_power, root_of_power};

/// The highest degree of the common root that [`Work::powers`] takes.
const MAX_DEGREE: u32 = 1 << 12;

/// What exact operations may still cost, in squares of bits: to reduce a fraction takes time with the square of its length. It
/// bounds the time that a small file can ask for by numbers that grow; the same on every machine.
#[derive(Debug, Clone)]
pub struct Work(u64);

impl Work {
    /// Enough for `operations` on the numbers that files of floats hold, and for some seconds on longer ones.
    pub fn new(operations: usize) -> Self {
        let operations = u64::try_from(operations).unwrap_or(u64::MAX);
        Work((1u64 << 37).saturating_add(operations.saturating_mul(1 << 21)))
    }

    /// Accounts for one operation on numbers of `bits` bits together; `None` if it would be too much.
    pub fn spend(&mut self, bits: u64) -> Option<()> {
        self.0 = self.0.checked_sub(bits.checked_mul(bits)?)?;
        Some(())
    }

    /// `one · other`.
    pub fn product(&mut self, one: &Rational, other: &Rational) -> Option<Rational> {
        self.spend(length(one).checked_add(length(other))?)?;
        Some(one * other)
    }

    /// The sum, taken as a balanced tree as [`sum`](super::sum) takes it.
    pub fn sum(&mut self, terms: &[Rational]) -> Option<Rational> {
        self.tree(terms, Rational::zero, |one, other| one + other)
    }

    /// The product of all, taken in the same way.
    pub fn product_of(&mut self, factors: &[Rational]) -> Option<Rational> {
        self.tree(factors, Rational::one, |one, other| one * other)
    }

    /// `Π base^exponent` over bases that are not negative, where it is rational: factors that are irrational each by itself may
    /// cancel. `None` as well where a power is too long to be written out, or the common root of too high a degree.
    pub fn powers<'a>(
        &mut self,
        factors: impl Iterator<Item = (&'a Rational, Rational)>,
    ) -> Option<Rational> {
        let factors: Vec<(Rational, Rational)> = factors
            .map(|(base, exponent)| root_of_power(base, &exponent))
            .collect();
        let degrees = factors.iter().map(|(_, exponent)| exponent.denom());
        let degree = degrees.fold(BigInt::one(), |all, one| all.lcm(one));
        if degree > MAX_DEGREE.into() {
            return None;
        }
        let power =
            |(base, exponent): &(Rational, Rational)| rational_power(base, &(exponent * &degree));
        let powers = factors.iter().map(power).collect::<Option<Vec<_>>>()?;
        rational_power(
            &self.product_of(&powers)?,
            &Rational::new(BigInt::one(), degree),
        )
    }

    fn tree(
        &mut self,
        terms: &[Rational],
        empty: fn() -> Rational,
        join: fn(Rational, Rational) -> Rational,
    ) -> Option<Rational> {
        match terms {
            [] => Some(empty()),
            [one] => Some(one.clone()),
            _ => {
                let (left, right) = terms.split_at_checked(terms.len() / 2)?;
                let left = self.tree(left, empty, join)?;
                let right = self.tree(right, empty, join)?;
                self.spend(length(&left).checked_add(length(&right))?)?;
                Some(join(left, right))
            }
        }
    }
}

/// Bits of numerator and denominator.
fn length(value: &Rational) -> u64 {
    value.numer().bits().saturating_add(value.denom().bits())
}
