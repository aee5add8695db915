//! Answers that are known before anything is computed: in closed form, or by construction.

use num_traits::{One, Signed, Zero};

use super::VectorError;
use super::case::{Cases, Note};
use super::number::Number;
use super::truth;
use crate::network::Network;
use crate::numbers::{Rational, parse_rational};

impl Cases {
    /// `balance`, whose weights must be these: `c`, or `c*b^x` for `c · b^x`. They are no part of the case: they keep
    /// the solvers and the kernel from being wrong together.
    pub fn balance_known(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        regularizer: &str,
        weights: &[&str],
    ) -> Result<(), VectorError> {
        let parsed = self.regularizer(regularizer)?;
        let found = truth::optimum(&network.problem(&parsed));
        let found = found.and_then(|found| truth::weights(network, &parsed, &found));
        let found = found.map_err(|reason| self.fault(reason))?;
        agree(&found, weights).map_err(|reason| self.fault(reason))?;
        self.balance(note, network, regularizer)
    }
}

/// Are the weights found those that are known?
pub(super) fn agree(found: &[Number], known: &[&str]) -> Result<(), String> {
    if found.len() != known.len() {
        return Err("another number of weights".into());
    }
    for (place, (found, known)) in found.iter().zip(known).enumerate() {
        let value = closed_form(known).ok_or_else(|| format!("`{known}` is no closed form"))?;
        let meet = value.lower() <= found.upper() && found.lower() <= value.upper();
        let is_as_exact = value.exact().is_none() || value.exact() == found.exact();
        if !(meet && is_as_exact) {
            return Err(format!("weight {place} is not {known}"));
        }
    }
    Ok(())
}

/// `c` or `c*b^x`.
fn closed_form(text: &str) -> Option<Number> {
    let read = |text: &str| parse_rational(text).ok();
    let Some((base, exponent)) = text.split_once('^') else {
        return read(text).map(Number::Exact);
    };
    let (factor, base) = match base.split_once('*') {
        Some((factor, base)) => (read(factor)?, base),
        None => (Rational::one(), base),
    };
    let base = read(base).filter(|base| base.is_positive() && !factor.is_zero())?;
    let root = Number::Exact(base).power(&read(exponent)?)?;
    // The product of a negative number and an enclosure is taken in this order.
    Some(Number::Exact(factor).times(&root))
}
