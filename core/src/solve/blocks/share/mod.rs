//! One problem on many machines: each holds some rows of each block, and all add up what they find.
//!
//! Every block is divided into bands of rows by its size alone, whatever the number of machines. A machine holds whole
//! bands, so that each band's sums are the same wherever it lies; over bands they are added in twice the digits, and
//! rounded once. So all machines see the same sums, and any number of machines sees the same ones as one does, but for
//! chances of about `2^-50` a number: the solver takes the same steps, with the same number of reads.

mod pair;
mod signs;

use std::ops::Range;
use synaptic_balance_kernel::Entries;

pub use pair::Pair;
pub use signs::{BoundsError, confirm_bounds};

use super::kernels::TILE;
use super::passes::root;
use super::{BlockError, Blocks, CostSums, Edge, Extent, Shape, Sums, Weights};

/// Weights of a band, or rows if those make it larger: adding up the columns of bands then takes a small part of the
/// time. Unless that makes fewer than [`BANDS`] of them.
const BAND: usize = 1 << 20;
const ROWS: usize = 64;
const BANDS: usize = 16;

/// What machines tell each other. Every machine makes the same calls in the same order, with as many numbers.
pub trait Exchange {
    /// Sums over all machines, entry by entry, added in any order by [`Pair::plus`] and rounded once: each sum by one
    /// machine, so that all have the same bits.
    fn add(&mut self, pairs: &[Pair]) -> Vec<f64>;

    /// Sums of integers over all machines, entry by entry; none overflows.
    fn add_integers(&mut self, numbers: &mut [u64]);

    /// The numbers of all machines, one machine after the other; here they need not be as many on each.
    fn gather(&mut self, numbers: &[u64]) -> Vec<u64>;

    /// Does it hold on any machine?
    fn any(&mut self, holds: bool) -> bool {
        let mut count = [u64::from(holds)];
        self.add_integers(&mut count);
        count[0] > 0
    }
}

/// One machine, which holds everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Exchange for Alone {
    fn add(&mut self, pairs: &[Pair]) -> Vec<f64> {
        pairs.iter().map(|pair| pair.rounded()).collect()
    }

    fn add_integers(&mut self, _: &mut [u64]) {}

    fn gather(&mut self, numbers: &[u64]) -> Vec<u64> {
        numbers.to_vec()
    }
}

/// The rows of each band of a block of this size; the last band may have fewer.
pub fn band_rows(rows: usize, columns: usize) -> usize {
    let by_size = BAND.div_ceil(columns.max(1)).max(ROWS);
    by_size
        .min(rows.div_ceil(BANDS))
        .max(1)
        .next_multiple_of(TILE)
}

/// Some rows of every block of a problem: what one machine holds. Groups and blocks are added in the same order on
/// every machine.
///
/// ```
/// use synaptic_balance_kernel::Entries;
/// use synaptic_balance::solve::blocks::{Alone, BlockOptions, Share, Shared, balance_blocks};
/// // One input, a layer of 2 units, one output.
/// let [w1, w2] = [[3.0f64, 1.0], [0.5, 2.0]].map(|w| w.map(f64::to_le_bytes));
/// let mut share = Share::new(2.0).unwrap();
/// let hidden = share.add_group(2);
/// share.add_rows((Some(hidden), None), (2, 1), 0..2, Entries::F64(&w1)).unwrap();
/// share.add_rows((None, Some(hidden)), (1, 2), 0..1, Entries::F64(&w2)).unwrap();
/// let mut shared = Shared::new(share, Alone);
/// let found = balance_blocks(&mut shared, &BlockOptions::default(), &mut |_| {}).unwrap();
/// assert!(found.deficit <= 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct Share<'a> {
    shape: Shape,
    /// The weights of each link, on all machines.
    stored: Vec<usize>,
    /// What lies here: each band is a group of its own, and what it comes from a whole one.
    local: Blocks<'a>,
    parts: Vec<Part<'a>>,
    /// The units of each local group.
    units: Vec<Range<usize>>,
    /// By group, that of the whole one here.
    sources: Vec<usize>,
}

/// A band of a block.
#[derive(Debug, Clone)]
struct Part<'a> {
    link: usize,
    rows: Range<usize>,
    /// Its local group, if it leads into one.
    group: Option<usize>,
    entries: Entries<'a>,
}

impl<'a> Share<'a> {
    /// A share of a problem without units, for the regularizer `Σ |w|^power`.
    ///
    /// # Errors
    /// [`BlockError::Power`].
    pub fn new(power: f64) -> Result<Self, BlockError> {
        Ok(Share {
            shape: Shape::default(),
            stored: Vec::new(),
            local: Blocks::new(power)?,
            parts: Vec::new(),
            units: Vec::new(),
            sources: Vec::new(),
        })
    }

    /// Adds a group of units, and returns its number; see [`Blocks::add_group`].
    pub fn add_group(&mut self, units: usize) -> usize {
        let group = self.shape.add_group(units);
        self.sources.push(self.local.add_group(units));
        self.units.push(self.shape.group(group));
        group
    }

    /// Adds a dense block `to`, `from` of so many rows and columns, of which this machine holds the rows `own`: whole
    /// bands of [`band_rows`]. `entries` are the weights of those rows alone.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn add_rows(
        &mut self,
        (to, from): (Option<usize>, Option<usize>),
        (rows, columns): (usize, usize),
        own: Range<usize>,
        entries: Entries<'a>,
    ) -> Result<(), BlockError> {
        let link = self.shape.links().len();
        let size = |found: usize, expected: usize| match found == expected {
            true => Ok(()),
            false => Err(BlockError::Size {
                block: link,
                found,
                expected,
            }),
        };
        for (group, found) in [(to, rows), (from, columns)] {
            let Some(group) = group else { continue };
            if group >= self.shape.groups() {
                return Err(BlockError::NoSuchGroup(group));
            }
            size(found, self.shape.group(group).len())?;
        }
        let step = band_rows(rows, columns);
        let is_whole = |row: usize| row.is_multiple_of(step) || row == rows;
        if own.start > own.end || own.end > rows || !is_whole(own.start) || !is_whole(own.end) {
            return Err(BlockError::Bands { block: link, own });
        }
        size(entries.len(), own.len().saturating_mul(columns))?;
        self.shape.add_link(to, from);
        self.stored.push(rows * columns);
        let starts = own.clone().step_by(step);
        for band in starts.map(|start| start..(start + step).min(own.end)) {
            let place = (band.start - own.start) * columns..(band.end - own.start) * columns;
            let entries = part(&entries, place).ok_or(BlockError::Exact(link))?;
            self.add_band((to, from), columns, (link, band), entries)?;
        }
        Ok(())
    }

    fn add_band(
        &mut self,
        (to, from): (Option<usize>, Option<usize>),
        columns: usize,
        (link, rows): (usize, Range<usize>),
        entries: Entries<'a>,
    ) -> Result<(), BlockError> {
        let weights = Weights::of(&entries).ok_or(BlockError::Exact(link))?;
        let group = to.map(|to| {
            let first = self.shape.group(to).start;
            self.units.push(first + rows.start..first + rows.end);
            self.local.add_group(rows.len())
        });
        let source = from.map(|from| self.sources[from]);
        self.local
            .add_dense(group, source, rows.len(), columns, weights)?;
        if to.is_some() && to == from {
            self.local.leave_out_diagonal(rows.start);
        }
        self.parts.push(Part {
            link,
            rows,
            group,
            entries,
        });
        Ok(())
    }

    /// The weights that lie here.
    pub fn held(&self) -> usize {
        self.local.weights()
    }

    /// Values by unit, as the local groups have them.
    fn here(&self, values: &[f64]) -> Vec<f64> {
        let groups = self.units.iter();
        groups
            .flat_map(|units| &values[units.clone()])
            .copied()
            .collect()
    }
}

/// Some entries of a block; `None` of rationals.
fn part<'a>(entries: &Entries<'a>, place: Range<usize>) -> Option<Entries<'a>> {
    match entries {
        Entries::F64(all) => all.get(place).map(Entries::F64),
        Entries::F32(all) => all.get(place).map(Entries::F32),
        Entries::F16(all) => all.get(place).map(Entries::F16),
        Entries::Bf16(all) => all.get(place).map(Entries::Bf16),
        Entries::Rational(_) => None,
    }
}

/// A machine's share with the way to the others: together the sums of the whole problem.
#[derive(Debug)]
pub struct Shared<'a, E> {
    share: Share<'a>,
    exchange: E,
    /// Those of the bands here.
    sums: Sums,
    is_sweepable: bool,
}

impl<'a, E: Exchange> Shared<'a, E> {
    /// All machines do this with the same groups and blocks, each with rows of its own; together they hold each row
    /// once.
    pub fn new(share: Share<'a>, exchange: E) -> Self {
        let into = |group: usize| {
            let links = share.shape.links().iter();
            links
                .filter(|link| link.is_inner() && link.to == Some(group))
                .count()
        };
        // A row must lie on one machine with all that its unit's potential depends on.
        let is_sweepable =
            share.shape.is_sweepable() && (0..share.shape.groups()).all(|g| into(g) <= 1);
        Shared {
            sums: Sums::new(share.local.shape()),
            is_sweepable,
            share,
            exchange,
        }
    }

    /// The way to the others.
    pub fn exchange(&mut self) -> &mut E {
        &mut self.exchange
    }

    /// Numbers that one machine or another tells all others in a read of the weights between groups.
    pub fn numbers(&self) -> usize {
        let links = self.share.shape.links().iter();
        let inner = links.filter(|link| link.is_inner());
        inner.map(|link| link.rows.len() + link.columns.len()).sum()
    }

    /// Adds up the sums of all bands everywhere.
    fn collect(&mut self, extent: Extent, sums: &mut Sums) {
        let share = &self.share;
        let links = share.shape.links();
        let (mut starts, mut pairs) = (vec![None; links.len()], Vec::new());
        for (start, link) in starts.iter_mut().zip(links) {
            if extent == Extent::All || link.is_inner() {
                *start = Some(pairs.len());
                let count = link.rows.len() + link.columns.len();
                pairs.resize(pairs.len() + count, Pair::default());
            }
        }
        for (part, local) in share.parts.iter().zip(share.local.shape().links()) {
            let Some(start) = starts[part.link] else {
                continue;
            };
            // What leads to the ground has no sums of rows.
            let rows = &self.sums.values[local.rows.clone()];
            let first = start + if rows.is_empty() { 0 } else { part.rows.start };
            let own = pairs[first..].iter_mut().zip(rows);
            own.for_each(|(own, sum)| *own = Pair::from(*sum));
            let columns = &self.sums.values[local.columns.clone()];
            let own = &mut pairs[start + links[part.link].rows.len()..];
            own.iter_mut()
                .zip(columns)
                .for_each(|(own, sum)| *own = own.plus(Pair::from(*sum)));
        }
        let found = self.exchange.add(&pairs);
        for (start, link) in starts.into_iter().zip(links) {
            if let Some(start) = start {
                let own = &mut sums.values[link.rows.start..link.columns.end];
                let count = own.len();
                own.copy_from_slice(&found[start..start + count]);
            }
        }
    }

    /// The share of all weights in the blocks that a read takes in.
    fn read_share(&self, extent: Extent) -> f64 {
        let links = self.share.shape.links().iter().zip(&self.share.stored);
        let taken = links.filter(|(link, _)| extent == Extent::All || link.is_inner());
        let taken: usize = taken.map(|(_, stored)| stored).sum();
        taken as f64 / self.weights().max(1) as f64
    }

    /// The potentials of a group that rows here and elsewhere give, `q` those of local groups.
    fn balance_group(
        &mut self,
        group: usize,
        (constant, outgoing): (&[f64], &[f64]),
        q: &[f64],
    ) -> Vec<f64> {
        let share = &self.share;
        let is_own = |link: usize| {
            let link = &share.shape.links()[link];
            link.is_inner() && link.to == Some(group)
        };
        if !(0..share.stored.len()).any(is_own) {
            let pairs = constant.iter().zip(outgoing);
            return pairs.map(|(a, b)| root(*a, *b)).collect();
        }
        let mut pairs = vec![Pair::default(); constant.len()];
        for (block, part) in share.parts.iter().enumerate() {
            let (Some(local), true) = (part.group, is_own(part.link)) else {
                continue;
            };
            let rows = part.rows.clone();
            let sides = (&constant[rows.clone()], &outgoing[rows.clone()]);
            let found = (share.local).balance_group(local, &[block], sides, q, &mut self.sums);
            let own = pairs[rows].iter_mut().zip(found);
            own.for_each(|(own, potential)| *own = Pair::from(potential));
        }
        self.exchange.add(&pairs)
    }
}

impl<E: Exchange> CostSums for Shared<'_, E> {
    fn shape(&self) -> &Shape {
        &self.share.shape
    }

    fn weights(&self) -> usize {
        self.share.stored.iter().sum()
    }

    fn read(&mut self, extent: Extent, p: &[f64], q: &[f64], sums: &mut Sums) -> f64 {
        let (p, q) = (self.share.here(p), self.share.here(q));
        self.share.local.read(extent, &p, &q, &mut self.sums);
        self.collect(extent, sums);
        self.read_share(extent)
    }

    fn sweep(
        &mut self,
        outgoing: &[f64],
        u: &mut [f64],
        v: &mut [f64],
        sums: &mut Sums,
    ) -> Option<f64> {
        if !self.is_sweepable {
            return None;
        }
        let mut q = self.share.here(v);
        for group in 0..self.share.shape.groups() {
            let units = self.share.shape.group(group);
            let mut constant = vec![0.0; units.len()];
            for link in self.share.shape.links() {
                if link.to == Some(group) && !link.is_inner() {
                    super::shape::add(&mut constant, &sums.values[link.rows.clone()]);
                }
            }
            let sides = (constant.as_slice(), &outgoing[units.clone()]);
            let potentials = self.balance_group(group, sides, &q);
            let source = self.share.local.shape().group(self.share.sources[group]);
            for ((unit, source), potential) in units.zip(source).zip(potentials) {
                (u[unit], v[unit]) = (potential, 1.0 / potential);
                q[source] = v[unit];
            }
        }
        self.collect(Extent::Inner, sums);
        Some(self.read_share(Extent::Inner))
    }

    fn loses_costs(&mut self) -> bool {
        let here = self.share.local.has_lost();
        self.exchange.any(here)
    }

    fn strong(
        &mut self,
        (u, v): (&[f64], &[f64]),
        (incoming, outgoing): (&[f64], &[f64]),
    ) -> Option<(Vec<Edge>, f64)> {
        let [u, v, incoming, outgoing] = [u, v, incoming, outgoing].map(|own| self.share.here(own));
        let (found, _) = self.share.local.strong((&u, &v), (&incoming, &outgoing))?;
        let units: Vec<u64> = self
            .share
            .units
            .iter()
            .flat_map(|units| units.clone())
            .map(|unit| unit as u64)
            .collect();
        let words = found.iter().flat_map(|edge| {
            let [to, from] = [edge.to, edge.from].map(|unit| units[unit as usize]);
            [to, from, edge.cost.to_bits()]
        });
        let mut all = self
            .exchange
            .gather(&words.collect::<Vec<u64>>())
            .as_chunks::<3>()
            .0
            .to_vec();
        // In an order that does not depend on who holds what.
        all.sort_unstable();
        let edges = all.into_iter().map(|[to, from, cost]| Edge {
            to: to as u32,
            from: from as u32,
            cost: f64::from_bits(cost),
        });
        Some((edges.collect(), self.read_share(Extent::Inner)))
    }
}
