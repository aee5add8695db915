//! The operators of the standard library on Laurent polynomials, and their printed form.

use super::{Laurent, Monomial};
use num_traits::{One, Signed, Zero};
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use synaptic_balance_core::numbers::Rational;

impl AddAssign for Laurent {
    fn add_assign(&mut self, other: Self) {
        for (monomial, coefficient) in other.into_terms() {
            self.add_term(coefficient, monomial);
        }
    }
}

impl AddAssign<&Self> for Laurent {
    fn add_assign(&mut self, other: &Self) {
        for (monomial, coefficient) in other.terms() {
            self.add_term(coefficient.clone(), monomial.clone());
        }
    }
}

impl SubAssign<&Self> for Laurent {
    fn sub_assign(&mut self, other: &Self) {
        for (monomial, coefficient) in other.terms() {
            self.add_term(-coefficient, monomial.clone());
        }
    }
}

impl SubAssign for Laurent {
    fn sub_assign(&mut self, other: Self) {
        *self -= &other;
    }
}

impl MulAssign<&Self> for Laurent {
    /// # Panics
    ///
    /// If an exponent leaves the range of `i32`, as integer arithmetic does; a wrapped exponent
    /// would make false identities true. [`Laurent::checked_mul`] reports it instead.
    fn mul_assign(&mut self, other: &Self) {
        match self.checked_mul(other) {
            Ok(product) => *self = product,
            Err(error) => panic!("{error}"),
        }
    }
}

impl MulAssign for Laurent {
    fn mul_assign(&mut self, other: Self) {
        *self *= &other;
    }
}

impl Neg for Laurent {
    type Output = Self;
    fn neg(self) -> Self {
        let mut result = Self::default();
        result -= self;
        result
    }
}

impl Neg for &Laurent {
    type Output = Laurent;
    fn neg(self) -> Laurent {
        -self.clone()
    }
}

macro_rules! operator {
    ($operator:ident, $function:ident, $assign:ident) => {
        impl $operator for Laurent {
            type Output = Laurent;
            fn $function(mut self, other: Laurent) -> Laurent {
                self.$assign(other);
                self
            }
        }
        impl $operator<&Laurent> for Laurent {
            type Output = Laurent;
            fn $function(mut self, other: &Laurent) -> Laurent {
                self.$assign(other);
                self
            }
        }
        impl $operator<Laurent> for &Laurent {
            type Output = Laurent;
            fn $function(self, other: Laurent) -> Laurent {
                self.clone().$function(other)
            }
        }
        impl $operator<&Laurent> for &Laurent {
            type Output = Laurent;
            fn $function(self, other: &Laurent) -> Laurent {
                self.clone().$function(other)
            }
        }
    };
}

operator!(Add, add, add_assign);
operator!(Sub, sub, sub_assign);
operator!(Mul, mul, mul_assign);

impl Zero for Laurent {
    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.terms().len() == 0
    }
}

impl One for Laurent {
    fn one() -> Self {
        Monomial::one().into()
    }
}

impl Sum for Laurent {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::zero(), Add::add)
    }
}

impl Product for Laurent {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors.fold(Self::one(), Mul::mul)
    }
}

/// The terms from the largest monomial down: `2*a^2*b^-1 - 1/2*c + 1`; `0` for zero.
impl fmt::Display for Laurent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        for (at, (monomial, coefficient)) in self.terms_from_largest().enumerate() {
            f.write_str(match (at, coefficient.is_negative()) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            })?;
            write_term(f, &coefficient.abs(), monomial)?;
        }
        Ok(())
    }
}

fn write_term(f: &mut fmt::Formatter<'_>, size: &Rational, monomial: &Monomial) -> fmt::Result {
    match (size.is_one(), monomial.is_one()) {
        (_, true) => write!(f, "{size}"),
        (true, false) => write!(f, "{monomial}"),
        (false, false) => write!(f, "{size}*{monomial}"),
    }
}
