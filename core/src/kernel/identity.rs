//! Polynomial identities: formulas, not of a problem.

use num_traits::Zero;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::numbers::Rational;

/// One step of a formula. Each takes its operands from the results of the steps before it, the last ones first used,
/// and leaves one result in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A number.
    Constant(Rational),
    /// A variable to an integer power.
    Power {
        /// The variable.
        variable: usize,
        /// The exponent, of either sign.
        exponent: i64,
    },
    /// The sum of so many results; 0 of none.
    Sum(usize),
    /// The product of so many results; 1 of none.
    Product(usize),
}

/// Two formulas that were found to be the same function; [`identity`] alone makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identical {
    left: Vec<Step>,
    right: Vec<Step>,
}

impl Identical {
    /// One formula.
    pub fn left(&self) -> &[Step] {
        &self.left
    }

    /// The other.
    pub fn right(&self) -> &[Step] {
        &self.right
    }
}

/// Why two formulas are not found to be the same function.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotIdentical {
    /// A formula is not well formed.
    #[error("step {step} of the {side} formula: {reason}")]
    Formula {
        /// `left` or `right`.
        side: &'static str,
        /// Index of the step.
        step: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Two formulas have different coefficients.
    #[error("the coefficients of {monomial:?} (variable, exponent) differ: {left} and {right}")]
    Differs {
        /// Variables with their exponents.
        monomial: Vec<(usize, i64)>,
        /// The coefficient on the left.
        left: Box<Rational>,
        /// The coefficient on the right.
        right: Box<Rational>,
    },
}

/// Variables with their exponents, none of them zero.
type Monomial = BTreeMap<usize, i64>;

/// Monomials with their coefficients, none of them zero: a polynomial function in exactly one way.
type Expanded = BTreeMap<Monomial, Rational>;

/// **Both formulas are the same function** of their variables (non-zero ones, where a negative exponent occurs).
///
/// Each is expanded into monomials, and the coefficients are compared. Two Laurent polynomials over the rationals are
/// the same function exactly if their coefficients agree. Place: ours.
///
/// Cost: one product of coefficients for each pair of terms of a product, which can be exponential in their number.
///
/// # Errors
/// A formula that is not well formed or leaves the range of exponents; the first monomial with different coefficients.
pub fn identity(left: &[Step], right: &[Step]) -> Result<Identical, NotIdentical> {
    let (one, other) = (expand("left", left)?, expand("right", right)?);
    let zero = Rational::zero();
    for monomial in one.keys().chain(other.keys()) {
        let coefficient = |side: &Expanded| side.get(monomial).unwrap_or(&zero).clone();
        let (left, right) = (coefficient(&one), coefficient(&other));
        if left != right {
            return Err(NotIdentical::Differs {
                monomial: monomial.iter().map(|(v, e)| (*v, *e)).collect(),
                left: Box::new(left),
                right: Box::new(right),
            });
        }
    }
    let (left, right) = (left.to_vec(), right.to_vec());
    Ok(Identical { left, right })
}

fn expand(side: &'static str, formula: &[Step]) -> Result<Expanded, NotIdentical> {
    let mut stack: Vec<Expanded> = Vec::new();
    for (index, step) in formula.iter().enumerate() {
        let malformed = |reason| NotIdentical::Formula {
            side,
            step: index,
            reason,
        };
        let next = match step {
            Step::Constant(value) => term(Monomial::new(), value.clone()),
            Step::Power { variable, exponent } => {
                let powers = std::iter::once((*variable, *exponent));
                let monomial = powers.filter(|(_, exponent)| *exponent != 0).collect();
                term(monomial, num_traits::One::one())
            }
            Step::Sum(count) | Step::Product(count) => {
                let Some(start) = stack.len().checked_sub(*count) else {
                    return Err(malformed("there are not so many results before it"));
                };
                let parts = stack.split_off(start).into_iter();
                match step {
                    Step::Sum(_) => parts.fold(Expanded::new(), plus),
                    _ => parts
                        .into_iter()
                        .try_fold(term(Monomial::new(), num_traits::One::one()), times)
                        .map_err(malformed)?,
                }
            }
        };
        stack.push(next);
    }
    match (stack.pop(), stack.is_empty()) {
        (Some(result), true) => Ok(result),
        _ => Err(NotIdentical::Formula {
            side,
            step: formula.len(),
            reason: "exactly one result must be left at the end",
        }),
    }
}

fn term(monomial: Monomial, coefficient: Rational) -> Expanded {
    let entry = std::iter::once((monomial, coefficient));
    entry.filter(|(_, value)| !value.is_zero()).collect()
}

fn plus(mut sum: Expanded, part: Expanded) -> Expanded {
    for (monomial, coefficient) in part {
        add(&mut sum, monomial, coefficient);
    }
    sum
}

fn add(sum: &mut Expanded, monomial: Monomial, coefficient: Rational) {
    let total = sum.remove(&monomial).unwrap_or_else(Rational::zero) + coefficient;
    if !total.is_zero() {
        sum.insert(monomial, total);
    }
}

fn times(product: Expanded, part: Expanded) -> Result<Expanded, &'static str> {
    let mut result = Expanded::new();
    for (one, a) in &product {
        for (other, b) in &part {
            let mut monomial = one.clone();
            for (variable, exponent) in other {
                let before = monomial.remove(variable).unwrap_or(0);
                let total = before
                    .checked_add(*exponent)
                    .ok_or("an exponent leaves its range")?;
                if total != 0 {
                    monomial.insert(*variable, total);
                }
            }
            add(&mut result, monomial, a * b);
        }
    }
    Ok(result)
}
