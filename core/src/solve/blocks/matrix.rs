//! Blocks of weights, dense or in compressed rows, and their passes by bands of rows.

use pulp::{Simd, WithSimd};
use std::ops::Range;

pub(in crate::solve) use super::kernels::TILE;
use super::kernels::{
    HalfBytes, Number, dot, dot_and_spread, dot_and_spread_again, dot_one, spread, spread_one,
};
use crate::numbers::in_lanes;

/// How a stored number becomes a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::solve) enum Cost {
    /// `|w|`; also of numbers that are costs already.
    First,
    /// `w²`.
    Second,
}

impl Cost {
    pub fn of(self, weight: f64) -> f64 {
        match self {
            Cost::First => weight.abs(),
            Cost::Second => weight * weight,
        }
    }
}

/// Dense numbers, row after row.
#[derive(Debug, Clone)]
pub(in crate::solve) enum Dense<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
    Bytes4(&'a [[u8; 4]]),
    Bytes8(&'a [[u8; 8]]),
    Half(&'a [HalfBytes]),
    Brain(&'a [[u8; 2]]),
    Owned(Vec<f64>),
}

/// Does something with the numbers of a [`Dense`], whatever their type.
macro_rules! with_numbers {
    ($dense:expr, $numbers:ident => $work:expr) => {
        match $dense {
            Dense::Single(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Double(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Bytes4(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Bytes8(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Half(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Brain(numbers) => with_numbers!(@ numbers, $numbers => $work),
            Dense::Owned(numbers) => with_numbers!(@ numbers, $numbers => $work),
        }
    };
    (@ $found:ident, $numbers:ident => $work:expr) => {{
        let $numbers: &[_] = $found;
        $work
    }};
}

impl Dense<'_> {
    /// All numbers, as `f64`, exactly.
    pub fn each(&self, mut call: impl FnMut(f64)) {
        with_numbers!(self, numbers => numbers.iter().for_each(|number| call(number.wide())));
    }
}

/// Numbers in compressed rows.
#[derive(Debug, Clone)]
pub(in crate::solve) struct Sparse {
    /// Where each row begins, and where the last one ends.
    pub starts: Vec<usize>,
    pub columns: Vec<u32>,
    pub costs: Vec<f64>,
}

#[derive(Debug, Clone)]
pub(in crate::solve) enum Entries<'a> {
    Dense(Dense<'a>),
    Sparse(Sparse),
}

/// A block of synapses: row `i` leads into unit `i` of one group, column `j` comes from unit `j` of another.
#[derive(Debug, Clone)]
pub(in crate::solve) struct Matrix<'a> {
    pub rows: usize,
    pub columns: usize,
    pub cost: Cost,
    /// Dense entries stand column after column; they have no diagonal.
    pub is_transposed: bool,
    /// From a group to itself, the column at which the first row holds its self-connection: no scaling changes those
    /// along the diagonal.
    pub diagonal: Option<usize>,
    pub entries: Entries<'a>,
}

impl Matrix<'_> {
    pub fn stored(&self) -> usize {
        match &self.entries {
            Entries::Dense(_) => self.rows * self.columns,
            Entries::Sparse(sparse) => sparse.costs.len(),
        }
    }

    pub fn bytes(&self) -> usize {
        match &self.entries {
            Entries::Dense(dense) => with_numbers!(dense, numbers => size_of_val(numbers)),
            Entries::Sparse(sparse) => 12 * sparse.costs.len() + 8 * sparse.starts.len(),
        }
    }

    /// Is the cost of a weight that is not 0 too small for `f64` to hold in full? Costs computed beforehand are known
    /// to be.
    pub fn loses_costs(&self) -> bool {
        let lost = |weight: f64| is_lost(weight, self.cost.of(weight));
        match &self.entries {
            Entries::Dense(Dense::Owned(_)) | Entries::Sparse(_) => false,
            Entries::Dense(dense) => {
                with_numbers!(dense, numbers => numbers.iter().any(|number| lost(number.wide())))
            }
        }
    }

    /// One step of a pass.
    pub fn step(&self, step: RowsAndColumns) {
        in_lanes(Work { matrix: self, step });
    }

    /// Calls `visit(row, column, cost)` for every synapse that balancing knows.
    pub fn visit(&self, mut visit: impl FnMut(usize, usize, f64)) {
        let diagonal = self.diagonal;
        let visit = |row, column, cost| {
            if !is_on(diagonal, row, column) {
                visit(row, column, cost);
            }
        };
        match &self.entries {
            Entries::Dense(dense) => {
                with_numbers!(dense, numbers => self.visit_dense(numbers, visit));
            }
            Entries::Sparse(sparse) => sparse.visit(visit),
        }
    }

    fn visit_dense<T: Number>(&self, weights: &[T], mut visit: impl FnMut(usize, usize, f64)) {
        if self.is_transposed {
            for (column, weights) in weights.chunks_exact(self.rows.max(1)).enumerate() {
                for (row, weight) in weights.iter().enumerate() {
                    visit(row, column, self.cost.of(weight.wide()));
                }
            }
            return;
        }
        for (row, weights) in weights.chunks_exact(self.columns.max(1)).enumerate() {
            for (column, weight) in weights.iter().enumerate() {
                visit(row, column, self.cost.of(weight.wide()));
            }
        }
    }
}

impl Sparse {
    fn visit(&self, mut visit: impl FnMut(usize, usize, f64)) {
        for (row, ends) in self.starts.windows(2).enumerate() {
            for at in ends[0]..ends[1] {
                visit(row, self.columns[at] as usize, self.costs[at]);
            }
        }
    }
}

/// What is done at once: sums along some rows, and sums down columns over others. Where dense entries stand column
/// after column, rows and columns change places.
pub(in crate::solve) struct RowsAndColumns<'a> {
    /// `sums_i += Σ_j c_ij q_j` for these rows; no sums, and nothing is done.
    pub rows: Range<usize>,
    pub q: &'a [f64],
    pub sums: &'a mut [f64],
    /// `columns_j += Σ_i c_ij p_i` over these rows, which `p` belongs to; no columns, and nothing is done.
    pub spread: Range<usize>,
    pub p: &'a [f64],
    pub columns: &'a mut [f64],
}

/// A step on its block.
struct Work<'a, 'b> {
    matrix: &'a Matrix<'a>,
    step: RowsAndColumns<'b>,
}

impl WithSimd for Work<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match &self.matrix.entries {
            Entries::Sparse(sparse) => self.step.sparse(sparse, self.matrix.diagonal),
            Entries::Dense(dense) => with_numbers!(dense, numbers => self.dense(simd, numbers)),
        }
    }
}

impl Work<'_, '_> {
    #[inline(always)]
    fn dense<S: Simd, T: Number>(self, simd: S, weights: &[T]) {
        let width = match self.matrix.is_transposed {
            true => self.matrix.rows,
            false => self.matrix.columns,
        };
        match (self.matrix.cost, self.matrix.diagonal) {
            (Cost::First, None) => self.step.dense::<S, T, 1>(simd, weights, width),
            (Cost::Second, None) => self.step.dense::<S, T, 2>(simd, weights, width),
            (Cost::First, Some(first)) => {
                self.step.dense_but_diagonal::<T, 1>(weights, width, first);
            }
            (Cost::Second, Some(first)) => {
                self.step.dense_but_diagonal::<T, 2>(weights, width, first);
            }
        }
    }
}

/// Is it a self-connection, where the first row's is in this column?
#[inline(always)]
fn is_on(diagonal: Option<usize>, row: usize, column: usize) -> bool {
    diagonal.is_some_and(|first| first + row == column)
}

#[inline(always)]
fn row<T>(weights: &[T], width: usize, index: usize) -> &[T] {
    &weights[index * width..(index + 1) * width]
}

impl RowsAndColumns<'_> {
    #[inline(always)]
    fn dense<S: Simd, T: Number, const P: u8>(self, simd: S, weights: &[T], width: usize) {
        let tile = |start: usize| [0, 1, 2, 3].map(|r| row(weights, width, start + r));
        let (tiles, tiles_p) = (
            self.sums.as_chunks_mut::<TILE>(),
            self.p.as_chunks::<TILE>(),
        );
        let (mut at, mut from) = (self.rows.start, self.spread.start);
        let mut sums = tiles.0.iter_mut();
        let mut p = match self.columns.is_empty() {
            true => [].iter(),
            false => tiles_p.0.iter(),
        };
        while sums.len() > 0 && p.len() > 0 {
            if let (Some(sums), Some(p)) = (sums.next(), p.next()) {
                let (own, q, columns) = (tile(at), self.q, &mut *self.columns);
                let found = match at == from {
                    true => dot_and_spread_again::<S, T, P>(simd, own, q, *p, columns),
                    false => dot_and_spread::<S, T, P>(simd, own, q, tile(from), *p, columns),
                };
                (0..TILE).for_each(|r| sums[r] += found[r]);
                (at, from) = (at + TILE, from + TILE);
            }
        }
        for sums in sums {
            let found = dot::<S, T, P>(simd, tile(at), self.q);
            (0..TILE).for_each(|r| sums[r] += found[r]);
            at += TILE;
        }
        for sum in tiles.1 {
            *sum += dot_one::<T, P>(row(weights, width, at), self.q);
            at += 1;
        }
        for p in p {
            spread::<S, T, P>(simd, tile(from), *p, self.columns);
            from += TILE;
        }
        if !self.columns.is_empty() {
            for p in tiles_p.1 {
                spread_one::<T, P>(row(weights, width, from), *p, self.columns);
                from += 1;
            }
        }
    }

    #[inline(always)]
    fn dense_but_diagonal<T: Number, const P: u8>(self, weights: &[T], width: usize, first: usize) {
        for (index, sum) in self.rows.zip(self.sums) {
            let (row, own) = (row(weights, width, index), first + index);
            *sum += dot_one::<T, P>(&row[..own], &self.q[..own]);
            *sum += dot_one::<T, P>(&row[own + 1..], &self.q[own + 1..]);
        }
        if self.columns.is_empty() {
            return;
        }
        for (index, p) in self.spread.zip(self.p) {
            let (row, own) = (row(weights, width, index), first + index);
            spread_one::<T, P>(&row[..own], *p, &mut self.columns[..own]);
            spread_one::<T, P>(&row[own + 1..], *p, &mut self.columns[own + 1..]);
        }
    }

    #[inline(always)]
    fn sparse(self, sparse: &Sparse, diagonal: Option<usize>) {
        for (index, sum) in self.rows.zip(self.sums) {
            for at in sparse.starts[index]..sparse.starts[index + 1] {
                let column = sparse.columns[at] as usize;
                if !is_on(diagonal, index, column) {
                    *sum += sparse.costs[at] * self.q[column];
                }
            }
        }
        if self.columns.is_empty() {
            return;
        }
        for (index, p) in self.spread.zip(self.p) {
            for at in sparse.starts[index]..sparse.starts[index + 1] {
                let column = sparse.columns[at] as usize;
                if !is_on(diagonal, index, column) {
                    self.columns[column] += sparse.costs[at] * p;
                }
            }
        }
    }
}

/// Is the cost of a weight too small for `f64` to hold in full?
pub(super) fn is_lost(weight: f64, cost: f64) -> bool {
    weight != 0.0 && cost < f64::MIN_POSITIVE
}
