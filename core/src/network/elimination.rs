//! Elimination over the rationals on sparse rows.

use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};

use crate::numbers::Rational;

/// Columns with their non-zero entries.
pub(super) type SparseRow = Vec<(usize, Rational)>;

type Sparse = BTreeMap<usize, Rational>;

fn subtract(target: &mut Sparse, row: &Sparse, factor: &Rational) {
    for (column, value) in row {
        let slot = target.entry(*column).or_insert_with(Rational::zero);
        *slot -= value * factor;
        if slot.is_zero() {
            target.remove(column);
        }
    }
}

/// Rows, each with a first column that no other has as its first, and the combinations of the given rows that they are.
pub(super) struct Echelon {
    /// By first column.
    pub pivots: BTreeMap<usize, (Sparse, Sparse)>,
    /// A basis of the combinations of rows that vanish.
    pub vanishing: Vec<SparseRow>,
}

impl Echelon {
    /// What is left of a row when multiples of the others are subtracted, up to its first column that no other begins
    /// with, and the combination that it is.
    fn reduced(&self, number: usize, row: &SparseRow) -> (Sparse, Sparse) {
        let mut row: Sparse = row.iter().cloned().collect();
        let mut combination = Sparse::from([(number, Rational::one())]);
        while let Some((column, value)) = row.first_key_value().map(|(c, v)| (*c, v.clone())) {
            let Some((pivot, its_combination)) = self.pivots.get(&column) else {
                break;
            };
            let factor = value / &pivot[&column];
            subtract(&mut row, pivot, &factor);
            subtract(&mut combination, its_combination, &factor);
        }
        (row, combination)
    }
}

/// The echelon of some of the rows, each with its number.
pub(super) fn echelon<'a>(rows: impl Iterator<Item = (usize, &'a SparseRow)>) -> Echelon {
    let mut echelon = Echelon {
        pivots: BTreeMap::new(),
        vanishing: Vec::new(),
    };
    for (index, row) in rows {
        let (row, combination) = echelon.reduced(index, row);
        match row.first_key_value().map(|(column, _)| *column) {
            Some(column) => {
                echelon.pivots.insert(column, (row, combination));
            }
            None => echelon.vanishing.push(combination.into_iter().collect()),
        }
    }
    echelon
}

/// A basis of the combinations of rows that vanish.
pub(super) fn vanishing(rows: &[SparseRow]) -> Vec<SparseRow> {
    echelon(rows.iter().enumerate()).vanishing
}

/// For each wanted row, given with its number, the combination of it and of others that vanishes, if it depends on
/// these.
pub(crate) fn vanishing_with(rows: &[SparseRow], wanted: &[(usize, SparseRow)]) -> Vec<SparseRow> {
    let chosen = independent(rows).into_iter();
    let base = echelon(chosen.map(|row| (row, &rows[row])));
    let found = wanted.iter().filter_map(|(number, row)| {
        let (row, combination) = base.reduced(*number, row);
        row.is_empty().then(|| combination.into_iter().collect())
    });
    found.collect()
}

/// The numbers of rows that are independent and span all others, in increasing order: short ones where there is a
/// choice.
pub(super) fn independent(rows: &[SparseRow]) -> Vec<usize> {
    let columns: BTreeSet<usize> = rows.iter().flatten().map(|(column, _)| *column).collect();
    let mut order: Vec<usize> = (0..rows.len())
        .filter(|row| !rows[*row].is_empty())
        .collect();
    order.sort_by_key(|row| rows[*row].len());
    let mut pivots: BTreeMap<usize, Sparse> = BTreeMap::new();
    let mut found = Vec::new();
    for index in order {
        // No more can be independent.
        if pivots.len() == columns.len() {
            break;
        }
        let mut row: Sparse = rows[index].iter().cloned().collect();
        while let Some((column, value)) = row.first_key_value().map(|(c, v)| (*c, v.clone())) {
            let Some(pivot) = pivots.get(&column) else {
                break;
            };
            let factor = value / &pivot[&column];
            subtract(&mut row, pivot, &factor);
        }
        if let Some(column) = row.first_key_value().map(|(column, _)| *column) {
            pivots.insert(column, row);
            found.push(index);
        }
    }
    found.sort_unstable();
    found
}

/// A basis of the vectors that all rows map to 0, one for each column that the others determine not; each is 1 there
/// and 0 at the other such columns. `columns` is the number of columns; those of no row are among them.
pub(crate) fn kernel_basis(rows: &[SparseRow], columns: usize) -> Vec<(usize, SparseRow)> {
    let chosen = independent(rows).into_iter();
    let Echelon { mut pivots, .. } = echelon(chosen.map(|row| (row, &rows[row])));
    // Backwards, so that a pivot's row holds no later pivot.
    let order: Vec<usize> = pivots.keys().rev().copied().collect();
    for column in order {
        let Some((row, combination)) = pivots.get(&column).cloned() else {
            continue;
        };
        let mut reduced = row.clone();
        for (other, value) in row.range(column + 1..) {
            if let Some((pivot, _)) = pivots.get(other) {
                subtract(&mut reduced, pivot, &(value / &pivot[other]));
            }
        }
        pivots.insert(column, (reduced, combination));
    }
    let free = (0..columns).filter(|column| !pivots.contains_key(column));
    let mut basis: BTreeMap<usize, SparseRow> = free
        .map(|column| (column, vec![(column, Rational::one())]))
        .collect();
    for (column, (row, _)) in &pivots {
        for (other, value) in row.range(column + 1..) {
            if let Some(vector) = basis.get_mut(other) {
                vector.push((*column, -value / &row[column]));
            }
        }
    }
    basis.into_iter().collect()
}
