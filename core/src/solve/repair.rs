//! Existence from a computed solution: the balanced costs are a circulation but for rounding, which is repaired
//! exactly.

use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;

use super::{Balancing, DirectOptions, Existence, solve_direct};
use crate::kernel::{Problem, check};
use crate::network::vanishing_with;
use crate::numbers::{Rational, Wide};

/// Newton steps within which a minimum that is attained is found.
const STEPS: usize = 60;

/// The circulation of a problem whose minimum is attained and found, verified; `None` where it is not, or may be. For
/// problems too large for linear programs. Ours.
///
/// Balanced costs, in `f64`, are a circulation up to rounding. What is left over at each variable is taken off the
/// costs of independent synapses, the largest first, by elimination over the rationals.
pub(super) fn existence_by_solution(problem: &Problem) -> Option<Existence> {
    let options = DirectOptions {
        max_steps: STEPS,
        ..DirectOptions::default()
    };
    let solution = solve_direct(problem, &options, &mut |_| {}).ok()?;
    let costs = Balancing::at(problem, &solution.multipliers).costs(problem);
    let least = costs
        .iter()
        .flatten()
        .copied()
        .reduce(|a, b| if b < a { b } else { a })?;
    // Twice the least, so that the repair leaves it at 1 at least.
    let unit = Wide::from_f64(2.0) / least;
    let flow = |cost: &Option<Wide>| match cost {
        Some(cost) => (*cost * unit).to_rational(),
        None => Some(Rational::zero()),
    };
    let mut flow: Vec<Rational> = costs.iter().map(flow).collect::<Option<_>>()?;
    let mut surplus: BTreeMap<usize, Rational> = BTreeMap::new();
    let active = || {
        problem
            .synapses()
            .iter()
            .enumerate()
            .filter(|(_, one)| one.is_active())
    };
    for (index, synapse) in active() {
        for (variable, exponent) in &synapse.direction {
            *surplus.entry(*variable).or_insert_with(Rational::zero) += exponent * &flow[index];
        }
    }
    surplus.retain(|_, left| !left.is_zero());
    // The heaviest first, so that they take the repair.
    let mut order: Vec<usize> = active().map(|(index, _)| index).collect();
    order.sort_by(|a, b| flow[*b].cmp(&flow[*a]));
    let rows: Vec<_> = order
        .iter()
        .map(|index| problem.synapses()[*index].direction.clone())
        .collect();
    let wanted = [(rows.len(), surplus.into_iter().collect::<Vec<_>>())];
    let repair = vanishing_with(&rows, &wanted).into_iter().next()?;
    for (place, change) in repair {
        if let Some(index) = order.get(place) {
            flow[*index] += change;
        }
    }
    let one = Rational::one();
    let positive = active().all(|(index, _)| flow[index].is_positive() && flow[index] >= one);
    let attained = check::attained(problem, &flow).ok();
    attained.filter(|_| positive).map(Existence::Attained)
}
