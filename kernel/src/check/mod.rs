//! One function for each rule: a problem and a certificate in, a [`Verified`](crate::Verified) claim or a [`Refusal`] out.

mod balanced;
mod comparison;
mod components;
mod existence;
mod manifold;
mod not_scaled;
mod scaling;

pub use balanced::{balanced, limit_balanced};
pub use comparison::{enclosure, limit_enclosure};
pub use existence::{attained, not_attained};
pub use manifold::manifold;
pub use not_scaled::not_scaled;
pub use scaling::scaling;

use num_traits::Signed;

use crate::flat::Share;
use crate::problem::is_number;
use crate::work::Work;
use crate::{Rational, Refusal};

fn numbers(what: &'static str, values: &[Rational], expected: usize) -> Result<(), Refusal> {
    match values.iter().all(is_number) {
        true => Refusal::unless_equal(what, values.len(), expected),
        false => Err(Refusal::Range(what)),
    }
}

fn positive(what: &'static str, values: &[Rational], expected: usize) -> Result<(), Refusal> {
    numbers(what, values, expected)?;
    match values.iter().position(|value| !value.is_positive()) {
        Some(variable) => Err(Refusal::NotPositive { what, variable }),
        None => Ok(()),
    }
}

/// The sum of one side of a variable, exactly; `None` where a cost is irrational or too long to be written out.
fn exact_sum(shares: &[Share], point: &[Rational], work: &mut Work) -> Option<Rational> {
    let terms = shares.iter().map(|share| share.exact(point, work));
    let terms: Vec<Rational> = terms.collect::<Option<_>>()?;
    work.sum(&terms)
}
