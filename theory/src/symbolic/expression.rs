//! Expression trees: the same functions, computed without the normal form.

use super::{AlgebraError, Laurent, Point, Symbol};
use num_traits::{One, Zero};
use std::collections::BTreeSet;
use std::ops::{Add, Mul, Neg, Sub};
use synaptic_balance_core::numbers::Rational;

/// An expression in rational constants, variables, sums, products and integer powers.
///
/// It has two independent uses: [`expand`](Expression::expand) into the normal form, and
/// [`evaluate`](Expression::evaluate) at a point by walking the tree. The second shares no code
/// with [`Laurent`], so each checks the other.
///
/// Where both are defined they agree. Expansion is defined at more points: `x * x^-1` expands to
/// 1 and has no value at `x = 0`.
///
/// Both recurse to the depth of the tree.
///
/// Paper: ours.
///
/// ```
/// use synaptic_balance::symbolic::{Expression, Point};
///
/// let (a, b) = (Expression::symbol("a"), Expression::symbol("b"));
/// let expression = (a - b).pow(2);
/// assert_eq!(expression.expand()?.to_string(), "a^2 - 2*a*b + b^2");
/// let point = Point::from([("a".into(), 5.into_rational()), ("b".into(), 2.into_rational())]);
/// assert_eq!(expression.evaluate(&point)?, 9.into_rational());
/// # trait IntoRational { fn into_rational(self) -> synaptic_balance::numbers::Rational; }
/// # impl IntoRational for i32 {
/// #     fn into_rational(self) -> synaptic_balance::numbers::Rational {
/// #         synaptic_balance::numbers::Rational::from_integer(self.into())
/// #     }
/// # }
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A rational number.
    Constant(Rational),
    /// A variable.
    Symbol(Symbol),
    /// The sum; 0 if empty.
    Sum(Vec<Expression>),
    /// The product; 1 if empty.
    Product(Vec<Expression>),
    /// An integer power; the zeroth is 1, that of 0 too.
    Power(Box<Expression>, i32),
}

impl Expression {
    /// A rational number.
    pub fn constant(value: Rational) -> Self {
        Self::Constant(value)
    }

    /// An integer.
    pub fn integer(value: i64) -> Self {
        Self::Constant(Rational::from_integer(value.into()))
    }

    /// A variable.
    pub fn symbol(symbol: impl Into<Symbol>) -> Self {
        Self::Symbol(symbol.into())
    }

    /// An integer power.
    pub fn pow(self, exponent: i32) -> Self {
        Self::Power(Box::new(self), exponent)
    }

    /// The variables that occur.
    pub fn symbols(&self) -> BTreeSet<Symbol> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::Symbol(symbol) => BTreeSet::from([symbol.clone()]),
            Self::Sum(parts) | Self::Product(parts) => {
                parts.iter().flat_map(Self::symbols).collect()
            }
            Self::Power(base, _) => base.symbols(),
        }
    }

    /// The normal form. Cost: up to exponential in the size of the tree.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::NotInvertible`] for a negative power of anything that does not expand to a
    /// single term; [`AlgebraError::ExponentOverflow`].
    pub fn expand(&self) -> Result<Laurent, AlgebraError> {
        match self {
            Self::Constant(value) => Ok(Laurent::constant(value.clone())),
            Self::Symbol(symbol) => Ok(Laurent::symbol(symbol.clone())),
            Self::Sum(parts) => parts
                .iter()
                .try_fold(Laurent::zero(), |sum, part| Ok(sum + part.expand()?)),
            Self::Product(parts) => parts.iter().try_fold(Laurent::one(), |product, part| {
                product.checked_mul(&part.expand()?)
            }),
            Self::Power(base, exponent) => base.expand()?.pow(*exponent),
        }
    }

    /// The value at a point, without expanding. Cost: linear in the size of the tree.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::Unassigned`], [`AlgebraError::DivisionByZero`].
    pub fn evaluate(&self, point: &Point) -> Result<Rational, AlgebraError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Symbol(symbol) => {
                let unassigned = || AlgebraError::Unassigned {
                    symbol: symbol.clone(),
                };
                point.get(symbol).cloned().ok_or_else(unassigned)
            }
            Self::Sum(parts) => {
                parts.iter().try_fold(
                    Rational::zero(),
                    |sum, part| Ok(sum + part.evaluate(point)?),
                )
            }
            Self::Product(parts) => parts.iter().try_fold(Rational::one(), |product, part| {
                Ok(product * part.evaluate(point)?)
            }),
            Self::Power(base, exponent) => {
                let value = base.evaluate(point)?;
                if *exponent < 0 && value.is_zero() {
                    return Err(AlgebraError::DivisionByZero {
                        base: base.to_string(),
                    });
                }
                Ok(value.pow(*exponent))
            }
        }
    }
}

impl Add for Expression {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::Sum(vec![self, other])
    }
}

impl Sub for Expression {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Expression {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::Product(vec![self, other])
    }
}

impl Neg for Expression {
    type Output = Self;
    fn neg(self) -> Self {
        Self::integer(-1) * self
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, parts: &[Self], sign: &str, empty: &str| {
            if parts.is_empty() {
                return f.write_str(empty);
            }
            for (at, part) in parts.iter().enumerate() {
                let before = if at == 0 { "(" } else { sign };
                write!(f, "{before}{part}")?;
            }
            f.write_str(")")
        };
        match self {
            Self::Constant(value) => write!(f, "({value})"),
            Self::Symbol(symbol) => write!(f, "{symbol}"),
            Self::Sum(parts) => list(f, parts, " + ", "0"),
            Self::Product(parts) => list(f, parts, " * ", "1"),
            Self::Power(base, exponent) if matches!(**base, Self::Power(..)) => {
                write!(f, "({base})^{exponent}")
            }
            Self::Power(base, exponent) => write!(f, "{base}^{exponent}"),
        }
    }
}
