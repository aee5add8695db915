//! One function for each rule: a problem and a certificate in, a [`Verified`](super::Verified) claim or a
//! [`Refusal`] out.

mod balanced;
mod comparison;
mod existence;
mod identity;
mod manifold;
mod not_scaled;
mod scaling;

pub use balanced::{balanced, limit_balanced};
pub use comparison::{enclosure, limit_enclosure};
pub use existence::{attained, not_attained};
pub use identity::identity;
pub use manifold::manifold;
pub use not_scaled::not_scaled;
pub use scaling::scaling;

use num_traits::{One, Signed};

use super::{Cost, Problem, Refusal, Synapse};
use crate::numbers::{Rational, Work};

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

/// Every multiplier of a synapse with its exponent, times `power`.
fn scaled_exponents<'a>(
    direction: &'a [(usize, Rational)],
    multipliers: &'a [Rational],
    power: &'a Rational,
) -> impl Iterator<Item = (&'a Rational, Rational)> {
    let factors = direction.iter();
    factors.filter_map(move |(variable, d)| Some((multipliers.get(*variable)?, d * power)))
}

/// `Π μ_v^{d_v}` where it is rational.
fn exact_ratio(direction: &[(usize, Rational)], multipliers: &[Rational]) -> Option<Rational> {
    Work::new(1).powers(scaled_exponents(direction, multipliers, &Rational::one()))
}

/// The derivative of a cost in `log r`, where it is rational.
fn exact_slope(
    cost: &Cost,
    synapse: &Synapse,
    multipliers: &[Rational],
    work: &mut Work,
) -> Option<Rational> {
    let own = std::iter::once((&cost.base, cost.power.clone()));
    let others = scaled_exponents(&synapse.direction, multipliers, &cost.exponent);
    let product = work.powers(own.chain(others))?;
    work.product(&(&cost.coefficient * &cost.exponent), &product)
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
    let mut work = Work::new(problem.synapses().len());
    for synapse in problem.active() {
        let mut variables = synapse.direction.iter();
        if !variables.any(|(variable, _)| wanted(*variable)) {
            continue;
        }
        let terms = synapse.costs.iter();
        let terms = terms.map(|cost| exact_slope(cost, synapse, multipliers, &mut work));
        let terms = terms.collect::<Option<Vec<_>>>();
        let slope = terms.and_then(|terms| work.sum(&terms));
        for (variable, exponent) in &synapse.direction {
            let side = match exponent.is_positive() {
                true => &mut input,
                false => &mut output,
            };
            let Some(terms) = side.get_mut(*variable) else {
                continue;
            };
            match (&slope, terms.as_mut()) {
                (Some(slope), Some(known)) => match work.product(slope, &exponent.abs()) {
                    Some(share) => known.push(share),
                    None => *terms = None,
                },
                _ => *terms = None,
            }
        }
    }
    let pairs = input.into_iter().zip(output);
    let sums = pairs.map(|(input, output)| Some((work.sum(&input?)?, work.sum(&output?)?)));
    sums.collect()
}
