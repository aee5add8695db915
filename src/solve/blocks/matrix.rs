//! Blocks of weights, dense or in compressed rows, and their passes by bands of rows.

use std::ops::Range;

use super::kernels::{Number, TILE, dot, dot_one, spread, spread_one};

/// How a stored number becomes a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// `|w|`; also of numbers that are costs already.
    First,
    /// `w²`.
    Second,
}

/// Dense numbers, row after row.
#[derive(Debug, Clone)]
pub(super) enum Dense<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
    Owned(Vec<f64>),
}

/// Numbers in compressed rows.
#[derive(Debug, Clone)]
pub(super) struct Sparse {
    /// Where each row begins, and where the last one ends.
    pub starts: Vec<usize>,
    pub columns: Vec<u32>,
    pub costs: Vec<f64>,
}

#[derive(Debug, Clone)]
pub(super) enum Entries<'a> {
    Dense(Dense<'a>),
    Sparse(Sparse),
}

/// A block of synapses: row `i` leads into unit `i` of one group, column `j` comes from unit `j` of another.
#[derive(Debug, Clone)]
pub(super) struct Matrix<'a> {
    pub rows: usize,
    pub columns: usize,
    pub cost: Cost,
    /// From a group to itself: the diagonal holds self-connections, which no scaling changes.
    pub skip_diagonal: bool,
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
            Entries::Dense(Dense::Single(weights)) => size_of_val(*weights),
            Entries::Dense(Dense::Double(weights)) => size_of_val(*weights),
            Entries::Dense(Dense::Owned(weights)) => size_of_val(weights.as_slice()),
            Entries::Sparse(sparse) => 12 * sparse.costs.len() + 8 * sparse.starts.len(),
        }
    }

    /// `into_i += Σ_j c_ij q_j` for the rows of a band.
    pub fn dot(&self, band: Range<usize>, q: &[f64], into: &mut [f64]) {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || self.each(Dot { band, q, into }),
        );
    }

    /// `into_j += Σ_i c_ij p_i` over the rows of a band; `p` holds the band only.
    pub fn spread(&self, band: Range<usize>, p: &[f64], into: &mut [f64]) {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || self.each(Spread { band, p, into }),
        );
    }

    #[inline(always)]
    fn each(&self, pass: impl Pass) {
        let skip = self.skip_diagonal;
        match &self.entries {
            Entries::Sparse(sparse) => pass.sparse(sparse, skip),
            Entries::Dense(Dense::Single(weights)) => self.dense(weights, pass),
            Entries::Dense(Dense::Double(weights)) => self.dense(weights, pass),
            Entries::Dense(Dense::Owned(weights)) => self.dense(weights.as_slice(), pass),
        }
    }

    #[inline(always)]
    fn dense<T: Number>(&self, weights: &[T], pass: impl Pass) {
        match self.cost {
            Cost::First => pass.dense::<T, 1>(weights, self.columns, self.skip_diagonal),
            Cost::Second => pass.dense::<T, 2>(weights, self.columns, self.skip_diagonal),
        }
    }

    /// Calls `visit(row, column, cost)` for every synapse that balancing knows.
    pub fn visit(&self, mut visit: impl FnMut(usize, usize, f64)) {
        let skip = self.skip_diagonal;
        let visit = |row, column, cost| {
            if !(skip && row == column) {
                visit(row, column, cost);
            }
        };
        match &self.entries {
            Entries::Dense(Dense::Single(weights)) => self.visit_dense(weights, visit),
            Entries::Dense(Dense::Double(weights)) => self.visit_dense(weights, visit),
            Entries::Dense(Dense::Owned(weights)) => self.visit_dense(weights, visit),
            Entries::Sparse(sparse) => sparse.visit(visit),
        }
    }

    fn visit_dense<T: Number>(&self, weights: &[T], mut visit: impl FnMut(usize, usize, f64)) {
        let second = self.cost == Cost::Second;
        for (row, weights) in weights.chunks_exact(self.columns.max(1)).enumerate() {
            for (column, weight) in weights.iter().enumerate() {
                let weight = weight.wide();
                visit(
                    row,
                    column,
                    if second {
                        weight * weight
                    } else {
                        weight.abs()
                    },
                );
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

/// What is done with the rows of a band.
trait Pass {
    fn dense<T: Number, const P: u8>(self, weights: &[T], width: usize, skip_diagonal: bool);
    fn sparse(self, sparse: &Sparse, skip_diagonal: bool);
}

struct Dot<'a> {
    band: Range<usize>,
    q: &'a [f64],
    into: &'a mut [f64],
}

struct Spread<'a> {
    band: Range<usize>,
    p: &'a [f64],
    into: &'a mut [f64],
}

#[inline(always)]
fn row<T>(weights: &[T], width: usize, index: usize) -> &[T] {
    &weights[index * width..(index + 1) * width]
}

impl Pass for Dot<'_> {
    #[inline(always)]
    fn dense<T: Number, const P: u8>(self, weights: &[T], width: usize, skip_diagonal: bool) {
        let Dot { band, q, into } = self;
        if skip_diagonal {
            for (index, sum) in band.zip(into) {
                let row = row(weights, width, index);
                *sum += dot_one::<T, P>(&row[..index], &q[..index]);
                *sum += dot_one::<T, P>(&row[index + 1..], &q[index + 1..]);
            }
            return;
        }
        let (tiles, rest) = into.as_chunks_mut::<TILE>();
        let mut index = band.start;
        for tile in tiles {
            let rows = [0, 1, 2, 3].map(|r| row(weights, width, index + r));
            let sums = dot::<T, P>(rows, q);
            (0..TILE).for_each(|r| tile[r] += sums[r]);
            index += TILE;
        }
        for sum in rest {
            *sum += dot_one::<T, P>(row(weights, width, index), q);
            index += 1;
        }
    }

    #[inline(always)]
    fn sparse(self, sparse: &Sparse, skip_diagonal: bool) {
        for (index, sum) in self.band.zip(self.into) {
            for at in sparse.starts[index]..sparse.starts[index + 1] {
                let column = sparse.columns[at] as usize;
                if !(skip_diagonal && column == index) {
                    *sum += sparse.costs[at] * self.q[column];
                }
            }
        }
    }
}

impl Pass for Spread<'_> {
    #[inline(always)]
    fn dense<T: Number, const P: u8>(self, weights: &[T], width: usize, skip_diagonal: bool) {
        let Spread { band, p, into } = self;
        if skip_diagonal {
            for (index, p) in band.zip(p) {
                let row = row(weights, width, index);
                spread_one::<T, P>(&row[..index], *p, &mut into[..index]);
                spread_one::<T, P>(&row[index + 1..], *p, &mut into[index + 1..]);
            }
            return;
        }
        let (tiles, rest) = p.as_chunks::<TILE>();
        let mut index = band.start;
        for tile in tiles {
            let rows = [0, 1, 2, 3].map(|r| row(weights, width, index + r));
            spread::<T, P>(rows, *tile, into);
            index += TILE;
        }
        for p in rest {
            spread_one::<T, P>(row(weights, width, index), *p, into);
            index += 1;
        }
    }

    #[inline(always)]
    fn sparse(self, sparse: &Sparse, skip_diagonal: bool) {
        for (index, p) in self.band.zip(self.p) {
            for at in sparse.starts[index]..sparse.starts[index + 1] {
                let column = sparse.columns[at] as usize;
                if !(skip_diagonal && column == index) {
                    self.into[column] += sparse.costs[at] * p;
                }
            }
        }
    }
}
