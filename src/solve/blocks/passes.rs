//! Passes over the weights of a block problem.

use std::borrow::Cow;
use std::ops::Range;

use super::shape::{Shape, Sums, add};
use super::{Blocks, CostSums, Edge, Extent};

/// Weights handed over at once: a band of rows of about this many entries (512 kB in `f64`) stays in a processor's own memory
/// between the two halves of a pass, and is the unit of parallel work. Fixed, so that sums do not depend on the number of threads.
const BAND: usize = 1 << 16;

impl Blocks<'_> {
    /// The blocks that are passed together, band by band: those into one group, and each block into the ground by itself.
    fn targets(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        let outputs = self.outputs.iter().map(|block| vec![*block]);
        self.inputs.iter().cloned().chain(outputs)
    }

    fn bands(&self, blocks: &[usize]) -> Vec<Range<usize>> {
        let Some(first) = blocks.first() else {
            return Vec::new();
        };
        let rows = self.matrices[*first].rows;
        let stored: usize = blocks.iter().map(|b| self.matrices[*b].stored()).sum();
        let count = stored.div_ceil(BAND).clamp(1, rows.max(1));
        let size = rows.div_ceil(count).next_multiple_of(4).max(4);
        (0..rows)
            .step_by(size)
            .map(|start| start..(start + size).min(rows))
            .collect()
    }

    /// The potentials of a link's source.
    fn source<'b>(&'b self, block: usize, q: &'b [f64]) -> &'b [f64] {
        match self.shape.links()[block].from {
            Some(group) => &q[self.shape.group(group)],
            None => &self.ones[..self.matrices[block].columns],
        }
    }

    /// One band of some blocks: the sums of rows, the potentials of the rows, which may depend on them, the sums of columns.
    fn band<'b>(
        &self,
        blocks: &[usize],
        band: Range<usize>,
        q: &[f64],
        potentials: impl FnOnce(&[Vec<f64>]) -> Cow<'b, [f64]>,
    ) -> Band<'b> {
        let rows = |block: &usize| {
            let mut rows = vec![0.0; if self.has_rows(*block) { band.len() } else { 0 }];
            if !rows.is_empty() {
                self.matrices[*block].dot(band.clone(), self.source(*block, q), &mut rows);
            }
            rows
        };
        let rows: Vec<Vec<f64>> = blocks.iter().map(rows).collect();
        let potentials = potentials(&rows);
        let columns = |block: &usize| {
            let mut columns = vec![0.0; self.shape.links()[*block].columns.len()];
            if !columns.is_empty() {
                self.matrices[*block].spread(band.clone(), &potentials, &mut columns);
            }
            columns
        };
        let columns = blocks.iter().map(columns).collect();
        Band {
            start: band.start,
            rows,
            potentials,
            columns,
        }
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

struct Band<'a> {
    start: usize,
    rows: Vec<Vec<f64>>,
    potentials: Cow<'a, [f64]>,
    columns: Vec<Vec<f64>>,
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
            let bands = self.bands(&blocks);
            let group = blocks.first().and_then(|b| self.shape.links()[*b].to);
            let p = match group {
                Some(group) => &p[self.shape.group(group)],
                None => &self.ones,
            };
            let found = all(&bands, |band| {
                let known = Cow::Borrowed(&p[band.clone()]);
                self.band(&blocks, band, q, |_| known)
            });
            found
                .iter()
                .for_each(|band| self.store(&blocks, band, sums));
        }
        read as f64 / self.stored.max(1) as f64
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
                if cost * v[column] > incoming[row] || cost * u[row] > outgoing[column] {
                    let (to, from) = ((to.start + row) as u32, (from.start + column) as u32);
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
        let mut read = 0;
        for (group, mut blocks) in self.targets().take(self.shape.groups()).enumerate() {
            let units = self.shape.group(group);
            // Links from the ground: their sums do not change.
            let mut constant = vec![0.0; units.len()];
            blocks.retain(|block| {
                let link = &self.shape.links()[*block];
                if link.is_inner() {
                    sums.values[link.columns.clone()].fill(0.0);
                    read += self.matrices[*block].stored();
                } else {
                    add(&mut constant, &sums.values[link.rows.clone()]);
                }
                link.is_inner()
            });
            let outgoing = &outgoing[units.clone()];
            let balanced = |band: Range<usize>, rows: &[Vec<f64>]| {
                let mut incoming = constant[band.clone()].to_vec();
                rows.iter().for_each(|rows| add(&mut incoming, rows));
                let pairs = incoming.iter().zip(&outgoing[band]);
                let ratio = |(a, b): (&f64, &f64)| if *b == 0.0 { 1.0 } else { (b / a).sqrt() };
                pairs.map(ratio).collect::<Vec<f64>>()
            };
            let mut bands = self.bands(&blocks);
            if blocks.is_empty() {
                bands.push(0..units.len());
            }
            let v_now: &[f64] = v;
            let found = all(&bands, |band| {
                self.band(&blocks, band.clone(), v_now, |rows| {
                    Cow::Owned(balanced(band, rows))
                })
            });
            for band in &found {
                self.store(&blocks, band, sums);
                let start = units.start + band.start;
                for (offset, potential) in band.potentials.iter().enumerate() {
                    u[start + offset] = *potential;
                    v[start + offset] = 1.0 / potential;
                }
            }
        }
        Some(read as f64 / self.stored.max(1) as f64)
    }
}
