//! Rules of the kernel with what their callers need not say. Nothing here is trusted.

use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance_kernel::check::{self, Checked};

use super::{Balanced, Basis, Enclosed, Problem, Refusal};
use crate::numbers::Rational;

/// Exact balance of the whole problem: [`check::balanced`].
///
/// # Errors
/// Those of the rule.
pub fn balanced(problem: &Problem, multipliers: &[Rational]) -> Checked<'static, Balanced> {
    check::balanced(problem, None, multipliers)
}

/// Exact balance in the limit of a direction: [`check::balanced`].
///
/// # Errors
/// Those of the rule.
pub fn limit_balanced(
    problem: &Problem,
    direction: &[Rational],
    multipliers: &[Rational],
) -> Checked<'static, Balanced> {
    check::balanced(problem, Some(direction), multipliers)
}

/// An enclosure of the multipliers of the whole problem: [`check::enclosure`].
///
/// # Errors
/// Those of the rule.
pub fn enclosure(
    problem: &Problem,
    lower: &[Rational],
    upper: &[Rational],
) -> Checked<'static, Enclosed> {
    check::enclosure(problem, None, lower, upper)
}

/// The same in the limit of a direction.
///
/// # Errors
/// Those of the rule.
pub fn limit_enclosure(
    problem: &Problem,
    direction: &[Rational],
    lower: &[Rational],
    upper: &[Rational],
) -> Checked<'static, Enclosed> {
    check::enclosure(problem, Some(direction), lower, upper)
}

/// The constraints of the manifold, brought into an order in which the kernel sees that they are independent: [`check::manifold`].
///
/// # Errors
/// Those of the rule; a constraint is named by its place in `constraints`.
pub fn manifold(
    problem: &Problem,
    constraints: &[Vec<(usize, Rational)>],
    spanning: &[usize],
) -> Checked<'static, Basis> {
    let synapses = |terms: &Vec<(usize, Rational)>| -> Vec<usize> {
        terms.iter().map(|(synapse, _)| *synapse).collect()
    };
    let constraints = constraints.iter().enumerate();
    let constraints = removal(constraints.map(|row| (synapses(row.1), row)).collect());
    let variables = |synapse: &usize| -> Vec<usize> {
        let synapse = problem.synapses().get(*synapse);
        let direction = synapse.into_iter().flat_map(|synapse| &synapse.direction);
        direction.map(|(variable, _)| *variable).collect()
    };
    let spanning = spanning
        .iter()
        .map(|synapse| (variables(synapse), *synapse));
    let spanning = removal(spanning.collect());
    let rows: Vec<_> = constraints.iter().map(|(_, row)| (*row).clone()).collect();
    let named = |place: usize| constraints.get(place).map_or(place, |(place, _)| *place);
    check::manifold(problem, &rows, &spanning).map_err(|refusal| match refusal {
        Refusal::Coefficient(place, synapse) => Refusal::Coefficient(named(place), synapse),
        Refusal::NotAConstraint(place, left) => Refusal::NotAConstraint(named(place), left),
        other => other,
    })
}

/// Rows, each with the columns of its non-zero entries, in an order in which each has one that no later row has; those for which there is no such order come
/// last.
fn removal<T>(rows: Vec<(Vec<usize>, T)>) -> Vec<T> {
    // By column, the rows that are left and hold it.
    let mut holders: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, (columns, _)) in rows.iter().enumerate() {
        for column in columns {
            holders.entry(*column).or_default().insert(index);
        }
    }
    let only = |rows: &BTreeSet<usize>| rows.first().copied().filter(|_| rows.len() == 1);
    let mut removable: Vec<usize> = holders.values().filter_map(only).collect();
    let mut rows: Vec<Option<(Vec<usize>, T)>> = rows.into_iter().map(Some).collect();
    let mut order = Vec::with_capacity(rows.len());
    while let Some(index) = removable.pop() {
        let Some((columns, row)) = rows.get_mut(index).and_then(Option::take) else {
            continue;
        };
        order.push(row);
        for column in columns {
            if let Some(others) = holders.get_mut(&column) {
                others.remove(&index);
                removable.extend(only(others));
            }
        }
    }
    order.extend(rows.into_iter().flatten().map(|(_, row)| row));
    order
}
