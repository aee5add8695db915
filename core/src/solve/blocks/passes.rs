//! Passes over the weights of a block problem.

use std::borrow::Cow;
use std::ops::Range;

use super::kernels::TILE;
use super::matrix::{Matrix, RowsAndColumns};
use super::shape::{Shape, Sums, add};
use super::{Blocks, CostSums, Edge, Extent};

/// Weights of a band of rows, the unit of parallel work, unless that makes more than [`BANDS`] of them. Fixed, so that
/// sums do not depend on the number of threads.
const BAND: usize = 1 << 16;
const BANDS: usize = 64;

/// Weights of the rows that a step reads while it reads again those of the step before: few enough for a processor's
/// own memory (64 kB in `f64`) where rows are not longer.
const STEP: usize = 1 << 13;

impl Blocks<'_> {
    /// The blocks that are passed together, band by band: those into one group, and each block into the ground by
    /// itself.
    fn targets(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        let outputs = self.outputs.iter().map(|block| vec![*block]);
        self.inputs.iter().cloned().chain(outputs)
    }

    fn bands(&self, blocks: &[usize]) -> Vec<Range<usize>> {
        let Some(first) = blocks.first() else {
            return Vec::new();
        };
        ranges(0..self.matrices[*first].rows, count(self.stored(blocks)))
    }

    /// The blocks that are stored row after row, and those that are so column after column.
    fn by_storage(&self, blocks: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let blocks = blocks.iter();
        blocks.partition(|block| !self.matrices[**block].is_transposed)
    }

    /// The number of weights of blocks.
    fn stored(&self, blocks: &[usize]) -> usize {
        blocks.iter().map(|b| self.matrices[*b].stored()).sum()
    }

    /// The potentials of a link's source.
    fn source<'b>(&'b self, block: usize, q: &'b [f64]) -> &'b [f64] {
        match self.shape.links()[block].from {
            Some(group) => &q[self.shape.group(group)],
            None => &self.ones[..self.matrices[block].columns],
        }
    }

    /// One band of some blocks: the sums of rows, the potentials of the rows, which may depend on them, the sums of
    /// columns. The sums of a step's columns are taken together with those of the next step's rows, so that memory is
    /// never waited for without work.
    fn band(
        &self,
        blocks: &[usize],
        band: Range<usize>,
        q: &[f64],
        potentials: impl Fn(Range<usize>, &[Vec<f64>]) -> Vec<f64>,
    ) -> Band {
        let rows = |block: &usize| vec![0.0; if self.has_rows(*block) { band.len() } else { 0 }];
        let columns = |block: &usize| vec![0.0; self.shape.links()[*block].columns.len()];
        let mut found = Band {
            start: band.start,
            rows: blocks.iter().map(rows).collect(),
            potentials: Vec::with_capacity(band.len()),
            columns: blocks.iter().map(columns).collect(),
        };
        let all_rows = blocks.first().map_or(1, |block| self.matrices[*block].rows);
        let share = self.stored(blocks) as f64 * band.len() as f64 / all_rows.max(1) as f64;
        let steps = ranges(band.clone(), (share as usize).div_ceil(STEP));
        let mut before = band.start..band.start;
        let end = std::iter::once(band.end..band.end);
        for step in steps.into_iter().chain(end) {
            let own = step.start - band.start..step.end - band.start;
            for (position, block) in blocks.iter().enumerate() {
                let rows = &mut found.rows[position];
                let sums = if rows.is_empty() { 0..0 } else { own.clone() };
                self.matrices[*block].step(RowsAndColumns {
                    rows: step.clone(),
                    q: self.source(*block, q),
                    sums: &mut rows[sums],
                    p: &found.potentials[before.start - band.start..],
                    spread: before.clone(),
                    columns: &mut found.columns[position],
                });
            }
            found.potentials.extend(potentials(own, &found.rows));
            before = step;
        }
        found
    }

    /// A block that is stored column after column, read once, column by column: adds up its columns at the potentials
    /// `p` of its rows, its rows at those of its columns, or both.
    fn columns_of(&self, block: usize, p: Option<&[f64]>, q: Option<&[f64]>, sums: &mut Sums) {
        let (link, matrix) = (&self.shape.links()[block], &self.matrices[block]);
        let length = |is_added: bool, length: usize| if is_added { length } else { 0 };
        let rows = length(q.is_some(), link.rows.len());
        let bands = ranges(0..matrix.columns, count(matrix.stored()));
        let found = all(&bands, |band| {
            let columns = length(p.is_some() && !link.columns.is_empty(), band.len());
            let (mut columns, mut rows) = (vec![0.0; columns], vec![0.0; rows]);
            matrix.step(RowsAndColumns {
                rows: band.clone(),
                q: p.unwrap_or(&[]),
                sums: &mut columns,
                p: q.map_or(&[], |q| &q[band.clone()]),
                spread: band,
                columns: &mut rows,
            });
            (columns, rows)
        });
        if q.is_some() {
            sums.values[link.rows.clone()].fill(0.0);
        }
        let mut start = link.columns.start;
        for (columns, rows) in found {
            sums.values[start..start + columns.len()].copy_from_slice(&columns);
            start += columns.len();
            add(&mut sums.values[link.rows.clone()], &rows);
        }
    }

    /// Potentials, 0 for the units that are left out: nothing that they add to counts.
    fn without_left_out<'b>(&self, potentials: &'b [f64]) -> Cow<'b, [f64]> {
        let mut potentials = Cow::Borrowed(potentials);
        if !self.left_out.is_empty() {
            let pairs = potentials.to_mut().iter_mut().zip(&self.left_out);
            pairs.for_each(|(potential, out)| *potential *= f64::from(u8::from(!out)));
        }
        potentials
    }

    /// Nor does what is added up at them.
    fn clear_left_out(&self, blocks: &[usize], sums: &mut Sums) {
        if self.left_out.is_empty() {
            return;
        }
        for block in blocks {
            let link = &self.shape.links()[*block];
            for (group, range) in [(link.to, &link.rows), (link.from, &link.columns)] {
                let Some(group) = group else { continue };
                let units = self.shape.group(group).zip(&mut sums.values[range.clone()]);
                let out = units.filter(|(unit, _)| self.is_left_out(*unit));
                out.for_each(|(_, sum)| *sum = 0.0);
            }
        }
    }

    /// Balances a group as its rows are read: these blocks lead into it from groups, what leads into it from the ground
    /// and what comes from it add up to `constant` and `outgoing`. Takes the sums of the blocks, those of columns at
    /// the new potentials, which it returns.
    pub(super) fn balance_group(
        &self,
        group: usize,
        blocks: &[usize],
        (constant, outgoing): (&[f64], &[f64]),
        q: &[f64],
        sums: &mut Sums,
    ) -> Vec<f64> {
        let units = self.shape.group(group);
        let all_blocks = blocks;
        for block in all_blocks {
            sums.values[self.shape.links()[*block].columns.clone()].fill(0.0);
        }
        let (blocks, turned) = self.by_storage(all_blocks);
        let mut constant = constant.to_vec();
        for block in &turned {
            self.columns_of(*block, None, Some(self.source(*block, q)), sums);
            let rows = self.shape.links()[*block].rows.clone();
            add(&mut constant, &sums.values[rows]);
        }
        let first = units.start;
        let balanced = |start: usize, own: Range<usize>, rows: &[Vec<f64>]| {
            let units = start + own.start..start + own.end;
            let mut incoming = constant[units.clone()].to_vec();
            let rows = rows.iter().filter(|rows| !rows.is_empty());
            rows.for_each(|rows| add(&mut incoming, &rows[own.clone()]));
            let pairs = incoming.iter().zip(&outgoing[units.clone()]);
            let root = |(unit, (a, b)): (usize, (&f64, &f64))| match self.is_left_out(first + unit)
            {
                true => 0.0,
                false => root(*a, *b),
            };
            units.zip(pairs).map(root).collect::<Vec<f64>>()
        };
        let mut bands = self.bands(&blocks);
        if blocks.is_empty() {
            bands.push(0..units.len());
        }
        let found = all(&bands, |band| {
            let start = band.start;
            self.band(&blocks, band, q, |own, rows| balanced(start, own, rows))
        });
        found
            .iter()
            .for_each(|band| self.store(&blocks, band, sums));
        let potentials: Vec<f64> = found.into_iter().flat_map(|band| band.potentials).collect();
        for block in turned {
            self.columns_of(block, Some(&potentials), None, sums);
        }
        self.clear_left_out(all_blocks, sums);
        potentials
    }

    /// Is a cost lost below the range of `f64`?
    pub(super) fn has_lost(&self) -> bool {
        self.lost || self.matrices.iter().any(Matrix::loses_costs)
    }

    fn has_rows(&self, block: usize) -> bool {
        self.shape.links()[block].to.is_some()
    }

    /// Adds a band's sums to those of all.
    fn store(&self, blocks: &[usize], band: &Band, sums: &mut Sums) {
        for (position, block) in blocks.iter().enumerate() {
            let link = &self.shape.links()[*block];
            let rows = &band.rows[position];
            let at = link.rows.start + band.start;
            if !rows.is_empty() {
                sums.values[at..at + rows.len()].copy_from_slice(rows);
            }
            add(
                &mut sums.values[link.columns.clone()],
                &band.columns[position],
            );
        }
    }
}

/// The potential that balances a unit with these sums; 1 where nothing comes from it.
pub(super) fn root(incoming: f64, outgoing: f64) -> f64 {
    match outgoing {
        0.0 => 1.0,
        outgoing => (outgoing / incoming).sqrt(),
    }
}

struct Band {
    start: usize,
    rows: Vec<Vec<f64>>,
    potentials: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

/// The bands of so many weights.
fn count(weights: usize) -> usize {
    weights.div_ceil(BAND).min(BANDS)
}

/// Rows in so many ranges, or fewer, of whole tiles.
fn ranges(rows: Range<usize>, count: usize) -> Vec<Range<usize>> {
    let size = rows.len().div_ceil(count.max(1)).next_multiple_of(TILE);
    let starts = rows.clone().step_by(size.max(TILE));
    starts
        .map(|start| start..(start + size).min(rows.end))
        .collect()
}

/// The results of all bands, in their order whatever the number of threads.
fn all<R: Send>(bands: &[Range<usize>], work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    #[cfg(feature = "parallel")]
    if bands.len() > 1 {
        use rayon::prelude::*;
        return bands.par_iter().map(|band| work(band.clone())).collect();
    }
    bands.iter().cloned().map(work).collect()
}

impl CostSums for Blocks<'_> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn weights(&self) -> usize {
        self.stored
    }

    fn read(&mut self, extent: Extent, p: &[f64], q: &[f64], sums: &mut Sums) -> f64 {
        let inner = |block: &usize| self.shape.links()[*block].is_inner();
        let (p, q) = (self.without_left_out(p), self.without_left_out(q));
        let mut read = 0;
        for mut blocks in self.targets() {
            if extent == Extent::Inner {
                blocks.retain(inner);
            }
            for block in &blocks {
                let link = &self.shape.links()[*block];
                sums.values[link.columns.clone()].fill(0.0);
                read += self.matrices[*block].stored();
            }
            let group = blocks.first().and_then(|b| self.shape.links()[*b].to);
            let p = match group {
                Some(group) => &p[self.shape.group(group)],
                None => &self.ones,
            };
            let (by_row, by_column) = self.by_storage(&blocks);
            for block in by_column {
                let p = &p[..self.matrices[block].rows];
                self.columns_of(block, Some(p), Some(self.source(block, &q)), sums);
            }
            let found = all(&self.bands(&by_row), |band| {
                let start = band.start;
                let known = |own: Range<usize>, _: &[Vec<f64>]| {
                    p[start + own.start..start + own.end].to_vec()
                };
                self.band(&by_row, band, &q, known)
            });
            found
                .iter()
                .for_each(|band| self.store(&by_row, band, sums));
            self.clear_left_out(&blocks, sums);
        }
        read as f64 / self.stored.max(1) as f64
    }

    fn loses_costs(&mut self) -> bool {
        self.has_lost()
    }

    fn strong(
        &mut self,
        (u, v): (&[f64], &[f64]),
        (incoming, outgoing): (&[f64], &[f64]),
    ) -> Option<(Vec<Edge>, f64)> {
        let (mut edges, mut read) = (Vec::new(), 0);
        for (link, matrix) in self.shape.links().iter().zip(&self.matrices) {
            let (Some(to), Some(from)) = (link.to, link.from) else {
                continue;
            };
            let (to, from) = (self.shape.group(to), self.shape.group(from));
            let (u, incoming) = (&u[to.clone()], &incoming[to.clone()]);
            let (v, outgoing) = (&v[from.clone()], &outgoing[from.clone()]);
            matrix.visit(|row, column, cost| {
                let ends = [to.start + row, from.start + column];
                if ends.into_iter().any(|unit| self.is_left_out(unit)) {
                    return;
                }
                if cost * v[column] > incoming[row] || cost * u[row] > outgoing[column] {
                    let [to, from] = ends.map(|unit| unit as u32);
                    edges.push(Edge { to, from, cost });
                }
            });
            read += matrix.stored();
        }
        Some((edges, read as f64 / self.stored.max(1) as f64))
    }

    fn sweep(
        &mut self,
        outgoing: &[f64],
        u: &mut [f64],
        v: &mut [f64],
        sums: &mut Sums,
    ) -> Option<f64> {
        if !self.shape.is_sweepable() {
            return None;
        }
        let mut q = self.without_left_out(v).into_owned();
        let mut read = 0;
        for (group, mut blocks) in self.targets().take(self.shape.groups()).enumerate() {
            let units = self.shape.group(group);
            // Links from the ground: their sums do not change.
            let mut constant = vec![0.0; units.len()];
            blocks.retain(|block| {
                let link = &self.shape.links()[*block];
                let matrix = &self.matrices[*block];
                // Columns can be added up only when all rows are: what is stored by columns is read twice.
                let times = if matrix.is_transposed { 2 } else { 1 };
                match link.is_inner() {
                    true => read += times * matrix.stored(),
                    false => add(&mut constant, &sums.values[link.rows.clone()]),
                }
                link.is_inner()
            });
            let sides = (constant.as_slice(), &outgoing[units.clone()]);
            let potentials = self.balance_group(group, &blocks, sides, &q, sums);
            for (unit, potential) in units.zip(potentials) {
                if !self.is_left_out(unit) {
                    (u[unit], v[unit]) = (potential, 1.0 / potential);
                    q[unit] = v[unit];
                }
            }
        }
        Some(read as f64 / self.stored.max(1) as f64)
    }
}
