//! One function for each rule: a problem and a certificate in, a [`Verified`](super::Verified) claim or a
//! [`Refusal`] out.

mod balanced;
mod comparison;
mod existence;
mod identity;
mod manifold;
mod not_scaled;
mod scaling;

pub use balanced::balanced;
pub use comparison::{enclosure, limit_enclosure};
pub use existence::{attained, not_attained};
pub use identity::identity;
pub use manifold::manifold;
pub use not_scaled::not_scaled;
pub use scaling::scaling;

use num_traits::{One, Signed};

use super::{Problem, Refusal};
use crate::numbers::{Rational, rational_power, sum};

fn arity(what: &'static str, found: usize, expected: usize) -> Result<(), Refusal> {
    if found == expected {
        Ok(())
    } else {
        Err(Refusal::Arity {
            what,
            found,
            expected,
        })
    }
}

fn positive(what: &'static str, values: &[Rational]) -> Result<(), Refusal> {
    match values.iter().position(|value| !value.is_positive()) {
        Some(variable) => Err(Refusal::NotPositive { what, variable }),
        None => Ok(()),
    }
}

/// `Π μ_v^{d_v}` where it is rational.
fn exact_ratio(direction: &[(usize, Rational)], multipliers: &[Rational]) -> Option<Rational> {
    direction
        .iter()
        .try_fold(Rational::one(), |product, (variable, exponent)| {
            Some(product * rational_power(multipliers.get(*variable)?, exponent)?)
        })
}

/// `(A_v, B_v)` of every wanted variable at the given multipliers, exactly; `None` where a cost is irrational or too long
/// to be written out.
fn exact_sides(
    problem: &Problem,
    multipliers: &[Rational],
    wanted: impl Fn(usize) -> bool,
) -> Vec<Option<(Rational, Rational)>> {
    let mut input = vec![Some(Vec::new()); problem.variables()];
    let mut output = input.clone();
    for synapse in problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active())
    {
        if !synapse
            .direction
            .iter()
            .any(|(variable, _)| wanted(*variable))
        {
            continue;
        }
        let ratio = exact_ratio(&synapse.direction, multipliers);
        let slope = ratio.and_then(|ratio| {
            let terms = synapse.costs.iter().map(|cost| {
                Some(&cost.exponent * cost.exact()? * rational_power(&ratio, &cost.exponent)?)
            });
            Some(sum(&terms.collect::<Option<Vec<_>>>()?))
        });
        for (variable, exponent) in &synapse.direction {
            let side = if exponent.is_positive() {
                &mut input
            } else {
                &mut output
            };
            let Some(terms) = side.get_mut(*variable) else {
                continue;
            };
            match (&slope, terms.as_mut()) {
                (Some(slope), Some(terms)) => terms.push(slope * exponent.abs()),
                _ => *terms = None,
            }
        }
    }
    let pairs = input.into_iter().zip(output);
    pairs
        .map(|(input, output)| Some((sum(&input?), sum(&output?))))
        .collect()
}
