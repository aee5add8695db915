//! The linear manifold of scalings: its constraints and its dimension.

use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};

use crate::problem::is_number;
use crate::{Basis, Flat, Rational, Refusal, Verified};

/// **The vectors `L` with `L_e = Σ_v d_ev x_v` for some `x` are exactly those with `Σ_e c_e L_e = 0` for every one of the
/// constraints, none of which can be spared; they form a space of dimension `spanning.len()`.**
///
/// A constraint lists synapses with coefficients; for a cycle of the coalesced graph they are 1 along a synapse and -1
/// against it. `spanning` lists synapses whose `L` can be chosen freely.
///
/// Why: each constraint vanishes on the manifold, as `Σ_e c_e d_ev = 0` at every variable. They are linearly independent,
/// because they can be removed one after the other, each with a synapse that no remaining one holds. The rows `d_e` of the
/// spanning synapses are so in the same way, each with a variable of its own, so the manifold has at least their number of
/// dimensions. Both numbers together are that of all synapses, which leaves no room for more.
/// Paper: Definition 5.2, Proposition 5.4, Remark 5.6 (corrected, E5).
///
/// Cost: linear in the length of the constraints.
///
/// # Errors
/// A constraint that names no synapse of the problem, one twice, or one with coefficient 0; one that does not vanish; rows
/// for which no such order of removal exists; the wrong number of constraints. Rows can be independent without such an
/// order, where BiPU units of a cycle away from the ground disagree on their common scaling: refused as well.
pub fn manifold(
    problem: &Flat,
    constraints: &[Vec<(usize, Rational)>],
    spanning: &[usize],
) -> Result<Verified<Basis>, Refusal> {
    for (constraint, terms) in constraints.iter().enumerate() {
        vanishes(problem, constraint, terms)?;
    }
    let rows = constraints
        .iter()
        .map(|terms| terms.iter().map(|(synapse, _)| *synapse).collect());
    if !independent(rows.collect()) {
        return Err(Refusal::Dependent {
            what: "constraints",
        });
    }
    let mut rows = Vec::new();
    for synapse in spanning {
        let found = problem.synapses().get(*synapse);
        let found = found.ok_or(Refusal::NoSuchSynapse(*synapse))?;
        let variables = found.direction.iter().map(|(variable, _)| *variable);
        rows.push(variables.collect());
    }
    if !independent(rows) {
        return Err(Refusal::Dependent {
            what: "spanning synapses",
        });
    }
    let found = constraints.len().saturating_add(spanning.len());
    Refusal::unless_equal(
        "constraints and spanning synapses",
        found,
        problem.synapses().len(),
    )?;
    let claim = Basis {
        constraints: constraints.to_vec(),
        dimension: spanning.len(),
    };
    Ok(Verified::new(problem, claim))
}

/// Is `Σ_e c_e d_ev = 0` at every variable?
pub(super) fn vanishes(
    problem: &Flat,
    constraint: usize,
    terms: &[(usize, Rational)],
) -> Result<(), Refusal> {
    let mut sums: BTreeMap<usize, Rational> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (synapse, coefficient) in terms {
        let found = problem.synapses().get(*synapse);
        let found = found.ok_or(Refusal::NoSuchSynapse(*synapse))?;
        if !is_number(coefficient) || coefficient.is_zero() || !seen.insert(*synapse) {
            return Err(Refusal::Coefficient {
                constraint,
                synapse: *synapse,
            });
        }
        for (variable, exponent) in &found.direction {
            *sums.entry(*variable).or_insert_with(Rational::zero) += coefficient * exponent;
        }
    }
    match sums.into_iter().find(|(_, sum)| !sum.is_zero()) {
        Some((variable, _)) => Err(Refusal::NotAConstraint {
            constraint,
            variable,
        }),
        None => Ok(()),
    }
}

/// Can the rows, each given by the columns of its non-zero entries, be removed one after the other, each while it has a
/// column that no other remaining row has? Then they are linearly independent.
fn independent(mut rows: Vec<BTreeSet<usize>>) -> bool {
    let mut holders: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for column in row {
            holders.entry(*column).or_default().insert(index);
        }
    }
    let single = |rows: &BTreeSet<usize>| match rows.len() {
        1 => rows.first().copied(),
        _ => None,
    };
    let mut removable: Vec<usize> = holders.values().filter_map(single).collect();
    let mut left = rows.len();
    while let Some(index) = removable.pop() {
        let Some(row) = rows.get_mut(index).map(std::mem::take) else {
            continue;
        };
        // Emptied when it was removed before.
        if row.is_empty() {
            continue;
        }
        left = left.saturating_sub(1);
        for column in row {
            if let Some(others) = holders.get_mut(&column) {
                others.remove(&index);
                removable.extend(single(others));
            }
        }
    }
    left == 0
}
