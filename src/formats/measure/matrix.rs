//! Sums of costs by row and column of a matrix, over its bytes.

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator, ParallelIterator};

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

    /// The same where costs are magnitudes or their squares, and no sum of them comes near the ends of `f64`: several
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
        let mut columns = vec![Plain::default(); if has_columns { self.columns } else { 0 }];
        let mut numbers = Vec::with_capacity(self.columns);
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.storage.numbers(bytes, &mut numbers);
            let up = self.by_row.as_ref().map_or(1.0, |all| all[row]);
            let mut own = Plain::default();
            let sizes = numbers.iter().zip(&factors);
            let sizes = sizes.map(|(number, factor)| (number.abs(), number.abs() * (up * factor)));
            match has_columns {
                true => sizes.zip(&mut columns).for_each(|(sizes, column)| {
                    own.add::<SQUARES>(sizes);
                    column.add::<SQUARES>(sizes);
                }),
                false => sizes.for_each(|sizes| own.add::<SQUARES>(sizes)),
            }
            found.push(own.sides(law)?);
        }
        let columns = columns.iter().map(|column| column.sides(law));
        Some((found, columns.collect::<Option<Vec<Sides>>>()?))
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

/// Sums before and after, added up as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Plain {
    largest: [f64; 2],
    sum: [f64; 2],
}

impl Plain {
    #[inline(always)]
    fn add<const SQUARES: bool>(&mut self, (before, after): (f64, f64)) {
        let cost = |size: f64| if SQUARES { size * size } else { size };
        self.largest = [self.largest[0].max(before), self.largest[1].max(after)];
        self.sum = [self.sum[0] + cost(before), self.sum[1] + cost(after)];
    }

    fn sides(&self, law: &Law) -> Option<Sides> {
        let side = |at: usize| law.of_plain(self.largest[at], self.sum[at]);
        Some([side(0)?, side(1)?])
    }
}
