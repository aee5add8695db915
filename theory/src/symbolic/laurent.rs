//! Laurent polynomials over the rationals, in normal form.

use super::{AlgebraError, Monomial, Symbol};
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance_core::kernel::Step;
use synaptic_balance_core::numbers::Rational;

/// A value for each variable.
pub type Point = BTreeMap<Symbol, Rational>;

/// A Laurent polynomial: a finite sum of rational multiples of monomials whose exponents may be
/// negative.
///
/// The representation is the normal form (each monomial once, no zero coefficient), so `==`
/// decides equality of functions: two Laurent polynomials are equal iff they agree at every point
/// with non-zero coordinates. The operators `+ - *` work on values and references.
///
/// Paper: ours.
///
/// ```
/// use synaptic_balance::symbolic::Laurent;
///
/// let (a, b) = (Laurent::symbol("a"), Laurent::symbol("b"));
/// let square = (&a - &b).pow(2)?;
/// assert_eq!(square.to_string(), "a^2 - 2*a*b + b^2");
/// assert_eq!(square, &a * &a - Laurent::integer(2) * &a * &b + &b * &b);
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Laurent {
    /// No coefficient is zero.
    terms: BTreeMap<Monomial, Rational>,
}

impl Laurent {
    /// A constant.
    pub fn constant(value: Rational) -> Self {
        Self::term(value, Monomial::one())
    }

    /// An integer constant.
    pub fn integer(value: i64) -> Self {
        Self::constant(Rational::from_integer(value.into()))
    }

    /// One variable.
    pub fn symbol(symbol: impl Into<Symbol>) -> Self {
        Monomial::symbol(symbol).into()
    }

    /// One variable to a power of either sign; a zero exponent gives 1.
    pub fn power(symbol: impl Into<Symbol>, exponent: i32) -> Self {
        Monomial::power(symbol, exponent).into()
    }

    /// A rational multiple of a monomial; a zero coefficient gives 0.
    pub fn term(coefficient: Rational, monomial: Monomial) -> Self {
        let mut result = Self::default();
        result.add_term(coefficient, monomial);
        result
    }

    /// The monomials and their coefficients, none of them zero, in increasing monomial order.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = (&Monomial, &Rational)> {
        self.terms.iter()
    }

    /// The kernel's formula for it, variables numbered by their place among `symbols`.
    pub(super) fn formula(&self, symbols: &BTreeSet<Symbol>) -> Vec<Step> {
        let number: BTreeMap<&Symbol, usize> = symbols.iter().zip(0..).collect();
        let mut steps = Vec::new();
        for (monomial, coefficient) in &self.terms {
            steps.push(Step::Constant(coefficient.clone()));
            steps.extend(monomial.powers().map(|(symbol, exponent)| Step::Power {
                variable: number[symbol],
                exponent: exponent.into(),
            }));
            steps.push(Step::Product(monomial.powers().len() + 1));
        }
        steps.push(Step::Sum(self.terms.len()));
        steps
    }

    /// The terms in decreasing monomial order, as they are printed.
    pub(super) fn terms_from_largest(&self) -> impl Iterator<Item = (&Monomial, &Rational)> {
        self.terms.iter().rev()
    }

    /// The coefficient of a monomial, 0 if it does not occur.
    pub fn coefficient(&self, monomial: &Monomial) -> Rational {
        self.terms
            .get(monomial)
            .cloned()
            .unwrap_or_else(Rational::zero)
    }

    /// The variables that occur.
    pub fn symbols(&self) -> BTreeSet<Symbol> {
        let all = self.terms.keys().flat_map(Monomial::powers);
        all.map(|(symbol, _)| symbol.clone()).collect()
    }

    /// Whether no exponent is negative. True for 0.
    pub fn is_polynomial(&self) -> bool {
        self.terms
            .keys()
            .flat_map(Monomial::powers)
            .all(|(_, exponent)| exponent > 0)
    }

    /// The product. Cost: one rational multiplication per pair of terms.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`].
    pub fn checked_mul(&self, other: &Self) -> Result<Self, AlgebraError> {
        let mut product = Self::default();
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                product.add_term(a * b, left.checked_mul(right)?);
            }
        }
        Ok(product)
    }

    /// An integer power; the zeroth is 1, that of 0 too. A negative power is the power of the
    /// inverse.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::NotInvertible`] for a negative power of anything but a single term, which
    /// alone has an inverse; [`AlgebraError::ExponentOverflow`].
    pub fn pow(&self, exponent: i32) -> Result<Self, AlgebraError> {
        if let (Some((monomial, coefficient)), 1) = (self.terms.first_key_value(), self.terms.len())
        {
            return Ok(Self::term(
                coefficient.pow(exponent),
                monomial.pow(exponent)?,
            ));
        }
        if exponent < 0 {
            return Err(AlgebraError::NotInvertible {
                base: self.to_string(),
            });
        }
        let (mut result, mut square, mut left) = (Self::one(), self.clone(), exponent);
        while left > 0 {
            if left % 2 == 1 {
                result = result.checked_mul(&square)?;
            }
            left /= 2;
            if left > 0 {
                square = square.checked_mul(&square)?;
            }
        }
        Ok(result)
    }

    /// All given variables replaced at once; variables without replacement stay.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::NotInvertible`] where a variable with a negative exponent is replaced by
    /// anything but a single term; [`AlgebraError::ExponentOverflow`].
    pub fn substitute(
        &self,
        replacements: &BTreeMap<Symbol, Laurent>,
    ) -> Result<Self, AlgebraError> {
        let mut result = Self::default();
        for (monomial, coefficient) in &self.terms {
            let mut kept = Monomial::one();
            let mut factor = Self::constant(coefficient.clone());
            for (symbol, exponent) in monomial.powers() {
                match replacements.get(symbol) {
                    Some(by) => factor = factor.checked_mul(&by.pow(exponent)?)?,
                    None => kept = kept.checked_mul(&Monomial::power(symbol.clone(), exponent))?,
                }
            }
            result += factor.checked_mul(&kept.into())?;
        }
        Ok(result)
    }

    /// The partial derivative.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`], for the exponent `i32::MIN` only.
    pub fn derivative(&self, symbol: &str) -> Result<Self, AlgebraError> {
        self.euler_derivative(symbol)
            .checked_mul(&Self::power(symbol, -1))
    }

    /// `x ∂/∂x`: multiplies each term by its exponent of `x`, hence has no overflow. In the
    /// coordinate `log x` it is the derivative.
    pub fn euler_derivative(&self, symbol: &str) -> Self {
        let mut result = Self::default();
        for (monomial, coefficient) in &self.terms {
            let exponent = Rational::from_integer(monomial.exponent(symbol).into());
            result.add_term(coefficient * exponent, monomial.clone());
        }
        result
    }

    /// The value at a point. Further coordinates of the point are ignored.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::Unassigned`], [`AlgebraError::DivisionByZero`].
    pub fn evaluate(&self, point: &Point) -> Result<Rational, AlgebraError> {
        let mut sum = Rational::zero();
        for (monomial, coefficient) in &self.terms {
            let mut product = coefficient.clone();
            for (symbol, exponent) in monomial.powers() {
                let unassigned = || AlgebraError::Unassigned {
                    symbol: symbol.clone(),
                };
                let value = point.get(symbol).ok_or_else(unassigned)?;
                if exponent < 0 && value.is_zero() {
                    return Err(AlgebraError::DivisionByZero {
                        base: symbol.to_string(),
                    });
                }
                product *= value.pow(exponent);
            }
            sum += product;
        }
        Ok(sum)
    }

    /// One variable replaced by a number that is not zero.
    pub(super) fn assign(&self, symbol: &str, value: &Rational) -> Self {
        let mut result = Self::default();
        for (monomial, coefficient) in &self.terms {
            let (rest, exponent) = monomial.split(symbol);
            result.add_term(coefficient * value.pow(exponent), rest);
        }
        result
    }

    /// Adds one term and keeps the normal form.
    pub(super) fn add_term(&mut self, coefficient: Rational, monomial: Monomial) {
        use std::collections::btree_map::Entry;
        match self.terms.entry(monomial) {
            Entry::Vacant(entry) if !coefficient.is_zero() => {
                entry.insert(coefficient);
            }
            Entry::Vacant(_) => {}
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += coefficient;
                if entry.get().is_zero() {
                    entry.remove();
                }
            }
        }
    }

    /// The terms by value.
    pub(super) fn into_terms(self) -> impl Iterator<Item = (Monomial, Rational)> {
        self.terms.into_iter()
    }
}

impl From<Monomial> for Laurent {
    fn from(monomial: Monomial) -> Self {
        Self::term(Rational::one(), monomial)
    }
}

impl From<Rational> for Laurent {
    fn from(value: Rational) -> Self {
        Self::constant(value)
    }
}
