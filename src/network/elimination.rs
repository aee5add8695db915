//! Elimination over the rationals on sparse rows.

use num_traits::{One, Zero};
use std::collections::BTreeMap;

use crate::numbers::Rational;

/// Columns with their non-zero entries.
pub(super) type SparseRow = Vec<(usize, Rational)>;

/// Rank of the rows, and a basis of the combinations of rows that vanish, by elimination over the rationals.
pub(super) fn eliminate(rows: &[SparseRow]) -> (usize, Vec<SparseRow>) {
    type Sparse = BTreeMap<usize, Rational>;
    let subtract = |target: &mut Sparse, row: &Sparse, factor: &Rational| {
        for (column, value) in row {
            let slot = target.entry(*column).or_insert_with(Rational::zero);
            *slot -= value * factor;
            if slot.is_zero() {
                target.remove(column);
            }
        }
    };
    let mut pivots: BTreeMap<usize, (Sparse, Sparse)> = BTreeMap::new();
    let mut vanishing = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut row: Sparse = row.iter().cloned().collect();
        let mut combination = Sparse::from([(index, Rational::one())]);
        while let Some((column, value)) = row.first_key_value().map(|(c, v)| (*c, v.clone())) {
            let Some((pivot, its_combination)) = pivots.get(&column) else {
                break;
            };
            let factor = value / &pivot[&column];
            subtract(&mut row, pivot, &factor);
            subtract(&mut combination, its_combination, &factor);
        }
        match row.first_key_value().map(|(column, _)| *column) {
            Some(column) => {
                pivots.insert(column, (row, combination));
            }
            None => vanishing.push(combination.into_iter().collect()),
        }
    }
    (pivots.len(), vanishing)
}
