//! Rules of the kernel with what their callers need not say. Nothing here is trusted.

use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance_kernel::check::{self, Checked};

use super::{
    Attained, Balanced, Basis, Enclosed, NotAttained, NotScaled, Obstacle, Problem, Refusal, Scaled,
};
use crate::numbers::Rational;

/// That the minimum is attained: [`check::attained`].
///
/// # Errors
/// Those of the rule.
pub fn attained(problem: &Problem, circulation: &[Rational]) -> Checked<'static, Attained> {
    let circulation = circulation.to_vec();
    check::attained(problem, Attained { circulation })
}

/// That it is not: [`check::not_attained`].
///
/// # Errors
/// Those of the rule.
pub fn not_attained(problem: &Problem, direction: &[Rational]) -> Checked<'static, NotAttained> {
    let claim = NotAttained {
        direction: direction.to_vec(),
        ..NotAttained::default()
    };
    check::not_attained(problem, claim)
}

/// Exact balance of the whole problem: [`check::balanced`].
///
/// # Errors
/// Those of the rule.
pub fn balanced(problem: &Problem, multipliers: &[Rational]) -> Checked<'static, Balanced> {
    balanced_along(problem, None, multipliers)
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
    balanced_along(problem, Some(direction), multipliers)
}

fn balanced_along(
    problem: &Problem,
    direction: Option<&[Rational]>,
    multipliers: &[Rational],
) -> Checked<'static, Balanced> {
    let claim = Balanced {
        multipliers: multipliers.to_vec(),
        direction: direction.map(<[Rational]>::to_vec),
        ..Balanced::default()
    };
    check::balanced(problem, claim)
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
    enclosure_along(problem, None, lower, upper)
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
    enclosure_along(problem, Some(direction), lower, upper)
}

fn enclosure_along(
    problem: &Problem,
    direction: Option<&[Rational]>,
    lower: &[Rational],
    upper: &[Rational],
) -> Checked<'static, Enclosed> {
    let claim = Enclosed {
        lower: lower.to_vec(),
        upper: upper.to_vec(),
        direction: direction.map(<[Rational]>::to_vec),
        ..Enclosed::default()
    };
    check::enclosure(problem, claim)
}

/// That some weights are others, scaled: [`check::scaling`].
///
/// # Errors
/// Those of the rule.
pub fn scaling(
    problem: &Problem,
    before: &[Rational],
    after: &[Rational],
    multipliers: &[Rational],
) -> Checked<'static, Scaled> {
    let [before, after, multipliers] = [before, after, multipliers].map(<[Rational]>::to_vec);
    let claim = Scaled {
        before,
        after,
        multipliers,
    };
    check::scaling(problem, claim)
}

/// That they are not: [`check::not_scaled`].
///
/// # Errors
/// Those of the rule.
pub fn not_scaled(
    problem: &Problem,
    before: &[Rational],
    after: &[Rational],
    obstacle: &Obstacle,
    tolerance: &Rational,
) -> Checked<'static, NotScaled> {
    let claim = NotScaled {
        before: before.to_vec(),
        after: after.to_vec(),
        obstacle: obstacle.clone(),
        tolerance: tolerance.clone(),
        product: None,
    };
    check::not_scaled(problem, claim)
}

/// The constraints of the manifold, brought into an order in which the kernel sees that they are independent:
/// [`check::manifold`].
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
    let rows = constraints.iter().map(|(_, row)| (*row).clone()).collect();
    let named = |place: usize| constraints.get(place).map_or(place, |(place, _)| *place);
    let claim = Basis {
        constraints: rows,
        spanning,
    };
    check::manifold(problem, claim).map_err(|refusal| match refusal {
        Refusal::Coefficient(place, synapse) => Refusal::Coefficient(named(place), synapse),
        Refusal::NotAConstraint(place, left) => Refusal::NotAConstraint(named(place), left),
        other => other,
    })
}

/// Rows, each with the columns of its non-zero entries, in an order in which each has one that no later row has; those
/// for which there is no such order come last.
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
