//! What the regularizer is at some multipliers, and how far two sets of them are apart.

use crate::kernel::{Cost, Problem};
use crate::numbers::{Rational, Wide};

/// The regularizer with all synapses, at multipliers or at 1.
pub(super) fn total_cost(problem: &Problem, multipliers: Option<&[Wide]>) -> Wide {
    let synapses = problem.synapses().iter();
    synapses
        .map(|synapse| {
            let ratio = synapse
                .direction
                .iter()
                .fold(Wide::ONE, |ratio, (variable, exponent)| match multipliers {
                    Some(multipliers) => ratio * multipliers[*variable].power(exponent),
                    None => ratio,
                });
            let cost = |cost: &Cost| {
                Wide::from(&cost.coefficient)
                    * Wide::from(&cost.base).power(&cost.power)
                    * ratio.power(&cost.exponent)
            };
            synapse.costs.iter().map(cost).sum::<Wide>()
        })
        .sum()
}

/// The largest relative difference of a weight between two sets of multipliers `μ`.
pub(super) fn difference(problem: &Problem, power: &Rational, one: &[Wide], other: &[Wide]) -> f64 {
    let root = power.recip();
    let active = problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active());
    let differences = active.map(|synapse| {
        let quotient = synapse
            .direction
            .iter()
            .fold(Wide::ONE, |product, (variable, exponent)| {
                product * (one[*variable] / other[*variable]).power(exponent)
            });
        (quotient.power(&root).to_f64() - 1.0).abs()
    });
    differences.fold(0.0, f64::max)
}
