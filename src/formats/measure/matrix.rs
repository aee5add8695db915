//! Sums of costs by row and column of a matrix, over its bytes.

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use pulp::Arch;

use super::{Law, Sides, Sum};
use crate::formats::storage::Storage;

/// Numbers that are gone through at once, and parts of so many that are before they are added.
const PART: usize = 1 << 20;
const BATCH: usize = 4;

/// Numbers row after row, with the factors that they are multiplied by afterwards.
pub(in crate::formats) struct Matrix<'a> {
    pub bytes: &'a [u8],
    pub storage: Storage,
    pub rows: usize,
    pub columns: usize,
    pub by_row: Option<Vec<f64>>,
    pub by_column: Option<Vec<f64>>,
}

/// Sums of some rows, and of all columns over them.
pub(in crate::formats) type Part = (Vec<Sides>, Vec<Sides>);

impl Matrix<'_> {
    /// Gives sums part after part, with the first row of each; those of columns only if they are wanted.
    pub fn measure(&self, law: &Law, has_columns: bool, mut add: impl FnMut(usize, Part)) {
        let rows = self.rows;
        let step = PART.div_ceil(self.columns.max(1));
        let starts: Vec<usize> = (0..rows).step_by(step.max(1)).collect();
        for batch in starts.chunks(BATCH) {
            let part = |first: &usize| {
                (
                    *first,
                    self.part(law, *first..rows.min(first + step), has_columns),
                )
            };
            #[cfg(feature = "parallel")]
            let parts: Vec<(usize, Part)> = batch.into_par_iter().map(part).collect();
            #[cfg(not(feature = "parallel"))]
            let parts: Vec<(usize, Part)> = batch.iter().map(part).collect();
            parts.into_iter().for_each(|(first, part)| add(first, part));
        }
    }

    fn part(&self, law: &Law, rows: std::ops::Range<usize>, has_columns: bool) -> Part {
        let plain = match law {
            Law::One => self.plain_sums::<false>(law, rows.clone(), has_columns),
            Law::Two => self.plain_sums::<true>(law, rows.clone(), has_columns),
            _ => None,
        };
        plain.unwrap_or_else(|| self.sums(law, rows, has_columns))
    }

    /// The same where costs are magnitudes or their squares, and no sum of them comes near the ends of `f64`: many
    /// times as fast.
    fn plain_sums<const SQUARES: bool>(
        &self,
        law: &Law,
        rows: std::ops::Range<usize>,
        has_columns: bool,
    ) -> Option<Part> {
        let width = self.columns * self.storage.size();
        let ones = || vec![1.0; self.columns];
        let factors = self.by_column.clone().unwrap_or_else(ones);
        let empty = || vec![[0.0; LANES]; self.columns.div_ceil(LANES)];
        let mut columns = [[empty(), empty()], [empty(), empty()]];
        let (mut numbers, arch) = (Vec::with_capacity(self.columns), Arch::new());
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.storage.numbers(bytes, &mut numbers);
            let up = self.by_row.as_ref().map_or(1.0, |all| all[row]);
            let own = arch.dispatch(|| match has_columns {
                true => row_and_columns::<SQUARES>(&numbers, &factors, up, &mut columns),
                false => row_alone::<SQUARES>(&numbers, &factors, up),
            });
            found.push(own.sides(law)?);
        }
        if !has_columns {
            return Some((found, Vec::new()));
        }
        let side = |[largest, sum]: &[Vec<[f64; LANES]>; 2], column: usize| {
            let [largest, sum] = [largest, sum].map(|all| all[column / LANES][column % LANES]);
            law.of_plain(largest, sum)
        };
        let sides = (0..self.columns).map(|column| {
            let [before, after] = &columns;
            Some([side(before, column)?, side(after, column)?])
        });
        Some((found, sides.collect::<Option<Vec<Sides>>>()?))
    }

    fn sums(&self, law: &Law, rows: std::ops::Range<usize>, has_columns: bool) -> Part {
        let width = self.columns * self.storage.size();
        let mut columns = match has_columns {
            true => vec![Sides::default(); self.columns],
            false => Vec::new(),
        };
        let mut numbers = Vec::with_capacity(self.columns);
        let of_row = |row: usize| {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.storage.numbers(bytes, &mut numbers);
            let up = self.by_row.as_ref().map_or(1.0, |all| all[row]);
            let mut own = Sides::default();
            for (column, number) in numbers.iter().enumerate() {
                let down = self.by_column.as_ref().map_or(1.0, |all| all[column]);
                let sizes = [number.abs(), number.abs() * (up * down)];
                let add = |sums: &mut Sides| {
                    let [before, after]: &mut [Sum; 2] = sums;
                    law.add_cost(before, sizes[0]);
                    law.add_cost(after, sizes[1]);
                };
                add(&mut own);
                if let Some(column) = columns.get_mut(column) {
                    add(column);
                }
            }
            own
        };
        let found = rows.map(of_row).collect();
        (found, columns)
    }
}

/// So many numbers are gone through side by side, on any machine, so that sums are the same.
const LANES: usize = 8;

/// The largest magnitudes and the sums of costs, by lane, before and after.
type Lanes = [[[f64; LANES]; 2]; 2];

/// Adds up to as many numbers as there are lanes.
#[inline(always)]
fn add<const SQUARES: bool>(
    (numbers, factors): (&[f64], &[f64]),
    up: f64,
    mut to: impl FnMut(usize, usize, f64, f64),
) {
    for (lane, (number, factor)) in numbers.iter().zip(factors).enumerate() {
        let sizes = [number.abs(), number.abs() * (up * factor)];
        for (side, size) in sizes.into_iter().enumerate() {
            to(side, lane, size, if SQUARES { size * size } else { size });
        }
    }
}

#[inline(always)]
fn row_alone<const SQUARES: bool>(numbers: &[f64], factors: &[f64], up: f64) -> Plain {
    let mut lanes = Lanes::default();
    let add_to = |lanes: &mut Lanes, pair: (&[f64], &[f64])| {
        add::<SQUARES>(pair, up, |side, lane, size, cost| {
            let [largest, sum] = &mut lanes[side];
            largest[lane] = largest[lane].max(size);
            sum[lane] += cost;
        });
    };
    let (pieces, rest) = numbers.as_chunks::<LANES>();
    let (of_pieces, of_rest) = factors.as_chunks::<LANES>();
    for (piece, factors) in pieces.iter().zip(of_pieces) {
        add_to(&mut lanes, (piece, factors));
    }
    add_to(&mut lanes, (rest, of_rest));
    Plain::of(&lanes)
}

#[inline(always)]
fn row_and_columns<const SQUARES: bool>(
    numbers: &[f64],
    factors: &[f64],
    up: f64,
    columns: &mut [[Vec<[f64; LANES]>; 2]; 2],
) -> Plain {
    let mut lanes = Lanes::default();
    let [[top, all], [top_after, all_after]] = columns;
    let sides = top.iter_mut().zip(all).zip(top_after).zip(all_after);
    let add_to = |lanes: &mut Lanes, pair: (&[f64], &[f64]), own: [[&mut [f64; LANES]; 2]; 2]| {
        let mut own = own;
        add::<SQUARES>(pair, up, |side, lane, size, cost| {
            let [largest, sum] = &mut lanes[side];
            largest[lane] = largest[lane].max(size);
            sum[lane] += cost;
            let [largest, sum] = &mut own[side];
            largest[lane] = largest[lane].max(size);
            sum[lane] += cost;
        });
    };
    let pieces = numbers.chunks(LANES).zip(factors.chunks(LANES));
    for (pair, (((top, all), top_after), all_after)) in pieces.zip(sides) {
        // Of a full piece the length is known when this is compiled.
        let full = pair
            .0
            .first_chunk::<LANES>()
            .zip(pair.1.first_chunk::<LANES>());
        let own = [[top, all], [top_after, all_after]];
        match full {
            Some((numbers, factors)) => add_to(&mut lanes, (numbers, factors), own),
            None => add_to(&mut lanes, pair, own),
        }
    }
    Plain::of(&lanes)
}

/// Sums before and after, added up as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Plain {
    largest: [f64; 2],
    sum: [f64; 2],
}

impl Plain {
    fn of(lanes: &Lanes) -> Self {
        let largest = |[largest, _]: &[[f64; LANES]; 2]| {
            largest.iter().fold(0.0f64, |most, own| most.max(*own))
        };
        Plain {
            largest: [largest(&lanes[0]), largest(&lanes[1])],
            sum: [lanes[0][1].iter().sum(), lanes[1][1].iter().sum()],
        }
    }

    fn sides(&self, law: &Law) -> Option<Sides> {
        let side = |at: usize| law.of_plain(self.largest[at], self.sum[at]);
        Some([side(0)?, side(1)?])
    }
}
