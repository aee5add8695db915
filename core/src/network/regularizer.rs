//! Regularizers: what a synapse costs.

use num_traits::{One, Signed};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

use super::validate::{LARGEST_POWER, is_small};
use crate::numbers::{ParseRationalError, Rational, parse_rational, rational_to_f64};

/// An additive regularizer `R(W) = Σ_e g(w_e)` for which everything in this crate is exact or certified.
///
/// Reads and prints as on the command line: `l2`, `l1`, `lp:P`, `mix:a1*P1+a2*P2`, with `P` and `a` positive
/// rationals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regularizer {
    /// `|w|^p`, `p > 0`.
    Lp(Rational),
    /// `Σ_k a_k |w|^{p_k}` with all `a_k, p_k > 0`, as `(a_k, p_k)`.
    Mixture(Vec<(Rational, Rational)>),
}

/// Why a text is not a regularizer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegularizerError {
    /// The text does not start as a regularizer does.
    #[error("`{0}` is not a regularizer (l1, l2, lp:P or mix:a1*P1+a2*P2)")]
    Unknown(String),
    /// A number in it cannot be read.
    #[error("in the regularizer: {0}")]
    Number(#[from] ParseRationalError),
    /// A power or factor that is zero or negative.
    #[error("in the regularizer: `{0}` must be positive")]
    NotPositive(String),
    /// A power beyond what is computed.
    #[error(
        "in the regularizer: the power `{0}` must be a fraction with numerator and denominator up to {LARGEST_POWER}"
    )]
    TooLarge(String),
}

impl Regularizer {
    /// `|w|^p`.
    ///
    /// # Errors
    /// A power that is not positive, or too large.
    pub fn lp(power: Rational) -> Result<Self, RegularizerError> {
        check_power(&power)?;
        Ok(Regularizer::Lp(power))
    }

    /// The squared norm `Σ w²`.
    pub fn l2() -> Self {
        Regularizer::Lp(Rational::from_integer(2.into()))
    }

    /// The norm `Σ |w|`.
    pub fn l1() -> Self {
        Regularizer::Lp(Rational::one())
    }

    /// The summands `(a, p)` of the cost `Σ a |w|^p`.
    pub fn terms(&self) -> Vec<(Rational, Rational)> {
        match self {
            Regularizer::Lp(power) => vec![(Rational::one(), power.clone())],
            Regularizer::Mixture(terms) => terms.clone(),
        }
    }

    /// The power `p` such that the variables of the problem are `Λ^p`: that of `L_p`, and 1 for a mixture.
    pub fn variable_power(&self) -> Rational {
        match self {
            Regularizer::Lp(power) => power.clone(),
            Regularizer::Mixture(_) => Rational::one(),
        }
    }
}

fn check_power(power: &Rational) -> Result<(), RegularizerError> {
    if !power.is_positive() {
        return Err(RegularizerError::NotPositive(power.to_string()));
    }
    if is_small(power) {
        Ok(())
    } else {
        Err(RegularizerError::TooLarge(power.to_string()))
    }
}

impl FromStr for Regularizer {
    type Err = RegularizerError;

    fn from_str(text: &str) -> Result<Self, RegularizerError> {
        match text {
            "l1" => return Ok(Self::l1()),
            "l2" => return Ok(Self::l2()),
            _ => {}
        }
        if let Some(power) = text.strip_prefix("lp:") {
            return Self::lp(parse_rational(power)?);
        }
        let unknown = || RegularizerError::Unknown(text.chars().take(80).collect());
        let terms = text
            .strip_prefix("mix:")
            .ok_or_else(unknown)?
            .split('+')
            .map(|term| {
                let (factor, power) = term.split_once('*').ok_or_else(unknown)?;
                let (factor, power) = (parse_rational(factor)?, parse_rational(power)?);
                check_power(&power)?;
                // Certificates hold the fraction, which can be longer than the decimal.
                parse_rational(&factor.to_string())?;
                if !factor.is_positive() {
                    return Err(RegularizerError::NotPositive(factor.to_string()));
                }
                Ok((factor, power))
            });
        Ok(Regularizer::Mixture(terms.collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for Regularizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Regularizer::Lp(power)
                if power.is_integer() && *power <= Rational::from_integer(2.into()) =>
            {
                write!(f, "l{power}")
            }
            Regularizer::Lp(power) => write!(f, "lp:{power}"),
            Regularizer::Mixture(terms) => {
                let terms: Vec<_> = terms
                    .iter()
                    .map(|(factor, power)| format!("{factor}*{power}"))
                    .collect();
                write!(f, "mix:{}", terms.join("+"))
            }
        }
    }
}

/// A cost `g(w)` of one weight for any additive regularizer: even, increasing from 0 to infinity in `|w|`,
/// continuously differentiable off 0.
///
/// Balancing a unit under such a cost is [`balance_general`](super::balance_general). The minimiser is
/// unique if `t -> g(exp t)` is convex (ours); without that it need not be (E2).
pub trait Penalty {
    /// `g(w)`.
    fn cost(&self, weight: f64) -> f64;

    /// `g'(w)`, for `w != 0`.
    fn derivative(&self, weight: f64) -> f64;
}

impl Penalty for Regularizer {
    fn cost(&self, weight: f64) -> f64 {
        let terms = self.terms();
        terms
            .iter()
            .map(|(a, p)| rational_to_f64(a) * weight.abs().powf(rational_to_f64(p)))
            .sum()
    }

    fn derivative(&self, weight: f64) -> f64 {
        let derivative = |(a, p): &(Rational, Rational)| {
            let p = rational_to_f64(p);
            rational_to_f64(a) * p * weight.abs().powf(p - 1.0)
        };
        self.terms().iter().map(derivative).sum::<f64>() * weight.signum()
    }
}
