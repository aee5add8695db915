//! Named variables and products of their powers.

use super::AlgebraError;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A named variable, ordered by name; cheap to clone.
///
/// Paper: ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The variable of this name. Two symbols of one name are the same variable.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Arc::from(name.as_ref()))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for Symbol {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}

// The derived order is the order of the name, which lets a map keyed by symbols be asked by name.
impl Borrow<str> for Symbol {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A product of powers of variables, with exponents of either sign; the empty product is 1.
///
/// Ordered by total degree, then lexicographically (the earlier name with the larger exponent is
/// larger): the graded lexicographic order.
///
/// Paper: ours.
///
/// ```
/// use synaptic_balance::symbolic::Monomial;
///
/// let ratio = Monomial::power("a", 2).checked_mul(&Monomial::power("b", -1))?;
/// assert_eq!(ratio.to_string(), "a^2*b^-1");
/// assert_eq!(ratio.inverse()?.exponent("b"), 1);
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Monomial {
    /// Sorted by symbol, exponents not zero.
    powers: Vec<(Symbol, i32)>,
}

impl Monomial {
    /// The empty product.
    pub fn one() -> Self {
        Self::default()
    }

    /// One variable to a power; a zero exponent gives 1.
    pub fn power(symbol: impl Into<Symbol>, exponent: i32) -> Self {
        let powers = match exponent {
            0 => Vec::new(),
            _ => vec![(symbol.into(), exponent)],
        };
        Self { powers }
    }

    /// One variable.
    pub fn symbol(symbol: impl Into<Symbol>) -> Self {
        Self::power(symbol, 1)
    }

    /// The variables and their exponents, none of them zero, in the order of the variables.
    pub fn powers(&self) -> impl ExactSizeIterator<Item = (&Symbol, i32)> {
        self.powers
            .iter()
            .map(|(symbol, exponent)| (symbol, *exponent))
    }

    /// The exponent of a variable, 0 if it does not occur.
    pub fn exponent(&self, symbol: &str) -> i32 {
        self.powers
            .binary_search_by(|(other, _)| other.name().cmp(symbol))
            .map_or(0, |at| self.powers[at].1)
    }

    /// Whether this is the empty product.
    pub fn is_one(&self) -> bool {
        self.powers.is_empty()
    }

    /// The sum of the exponents.
    pub fn degree(&self) -> i64 {
        self.powers
            .iter()
            .map(|(_, exponent)| i64::from(*exponent))
            .sum()
    }

    /// The product.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`].
    pub fn checked_mul(&self, other: &Self) -> Result<Self, AlgebraError> {
        let (mut left, mut right) = (
            self.powers.iter().peekable(),
            other.powers.iter().peekable(),
        );
        let mut powers = Vec::with_capacity(self.powers.len() + other.powers.len());
        while let (Some((a, n)), Some((b, m))) = (left.peek(), right.peek()) {
            match a.cmp(b) {
                Ordering::Less => powers.extend(left.next().cloned()),
                Ordering::Greater => powers.extend(right.next().cloned()),
                Ordering::Equal => {
                    let sum = n.checked_add(*m).ok_or(AlgebraError::ExponentOverflow)?;
                    if sum != 0 {
                        powers.push((a.clone(), sum));
                    }
                    left.next();
                    right.next();
                }
            }
        }
        powers.extend(left.chain(right).cloned());
        Ok(Self { powers })
    }

    /// An integer power; the zeroth is 1.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`].
    pub fn pow(&self, exponent: i32) -> Result<Self, AlgebraError> {
        if exponent == 0 {
            return Ok(Self::one());
        }
        let powers = self
            .powers
            .iter()
            .map(|(symbol, n)| Some((symbol.clone(), n.checked_mul(exponent)?)))
            .collect::<Option<_>>()
            .ok_or(AlgebraError::ExponentOverflow)?;
        Ok(Self { powers })
    }

    /// The monomial that makes 1 with this one.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`]: the exponent `i32::MIN` has no negative.
    pub fn inverse(&self) -> Result<Self, AlgebraError> {
        self.pow(-1)
    }

    /// The monomial without one variable, and that variable's exponent.
    pub(super) fn split(&self, symbol: &str) -> (Self, i32) {
        let mut rest = self.clone();
        let at = rest
            .powers
            .iter()
            .position(|(other, _)| other.name() == symbol);
        let exponent = at.map_or(0, |at| rest.powers.remove(at).1);
        (rest, exponent)
    }
}

impl Ord for Monomial {
    fn cmp(&self, other: &Self) -> Ordering {
        let lexicographic = || {
            for ((a, n), (b, m)) in self.powers.iter().zip(&other.powers) {
                let order = match a.cmp(b) {
                    Ordering::Less => n.cmp(&0),
                    Ordering::Greater => 0.cmp(m),
                    Ordering::Equal => n.cmp(m),
                };
                if order.is_ne() {
                    return order;
                }
            }
            let (n, m) = (self.powers.len(), other.powers.len());
            let after = |powers: &[(Symbol, i32)], at: usize| powers.get(at).map_or(0, |p| p.1);
            after(&self.powers, m).cmp(&after(&other.powers, n))
        };
        self.degree().cmp(&other.degree()).then_with(lexicographic)
    }
}

impl PartialOrd for Monomial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Monomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() {
            return f.write_str("1");
        }
        for (at, (symbol, exponent)) in self.powers.iter().enumerate() {
            let star = if at == 0 { "" } else { "*" };
            match exponent {
                1 => write!(f, "{star}{symbol}")?,
                n => write!(f, "{star}{symbol}^{n}")?,
            }
        }
        Ok(())
    }
}
