//! Sums of costs by row and column of a matrix, over its bytes.

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use pulp::{Simd, WithSimd};

use super::{Law, Sides, Sum};
use crate::formats::storage::Storage;
use crate::numbers::in_lanes;

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
        let places = if has_columns { self.columns } else { 0 };
        let mut columns = [0.0; 4].map(|zero| vec![zero; places]);
        let mut numbers = Vec::with_capacity(self.columns);
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.storage.numbers(bytes, &mut numbers);
            let own = in_lanes(Row::<SQUARES> {
                numbers: &numbers,
                factors: &factors,
                up: self.by_row.as_ref().map_or(1.0, |all| all[row]),
                columns: has_columns.then_some(&mut columns),
            });
            found.push(own.sides(law)?);
        }
        let [top, all, top_after, all_after] = &columns;
        let sides = (0..places).map(|column| {
            let own = Plain {
                largest: [top[column], top_after[column]],
                sum: [all[column], all_after[column]],
            };
            own.sides(law)
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

/// A row of numbers, with the factors of its columns and its own.
struct Row<'a, const SQUARES: bool> {
    numbers: &'a [f64],
    factors: &'a [f64],
    up: f64,
    /// Of every column the largest magnitude and the sum before, and the same after.
    columns: Option<&'a mut [Vec<f64>; 4]>,
}

impl<const SQUARES: bool> Row<'_, SQUARES> {
    /// The magnitudes of some numbers before and after, each with its cost.
    #[inline(always)]
    fn sizes<S: Simd>(simd: S, number: S::f64s, factor: S::f64s) -> [[S::f64s; 2]; 2] {
        let before = simd.abs_f64s(number);
        let after = simd.mul_f64s(before, factor);
        [before, after].map(|size| match SQUARES {
            true => [size, simd.mul_f64s(size, size)],
            false => [size, size],
        })
    }
}

/// Adds magnitudes and costs to the largest ones and the sums.
#[inline(always)]
fn join<S: Simd>(simd: S, into: [&mut S::f64s; 4], sizes: [[S::f64s; 2]; 2]) {
    let [top, all, top_after, all_after] = into;
    let [[before, cost], [after, cost_after]] = sizes;
    *top = simd.max_f64s(*top, before);
    *all = simd.add_f64s(*all, cost);
    *top_after = simd.max_f64s(*top_after, after);
    *all_after = simd.add_f64s(*all_after, cost_after);
}

impl<const SQUARES: bool> WithSimd for Row<'_, SQUARES> {
    type Output = Plain;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Plain {
        let length = self.numbers.len();
        let (numbers, rest) = S::as_simd_f64s(self.numbers);
        let (factors, of_rest) = S::as_simd_f64s(&self.factors[..length]);
        let up = simd.splat_f64s(self.up);
        let mut lanes = [simd.splat_f64s(0.0); 4];
        let pairs = numbers.iter().zip(factors);
        let sizes =
            pairs.map(|(number, factor)| Self::sizes(simd, *number, simd.mul_f64s(up, *factor)));
        let mut columns = self
            .columns
            .map(|all| all.each_mut().map(|own| &mut own[..length]));
        match &mut columns {
            None => sizes.for_each(|sizes| join(simd, lanes.each_mut(), sizes)),
            Some([top, all, top_after, all_after]) => {
                let top = S::as_mut_simd_f64s(top).0.iter_mut();
                let all = S::as_mut_simd_f64s(all).0.iter_mut();
                let top_after = S::as_mut_simd_f64s(top_after).0.iter_mut();
                let all_after = S::as_mut_simd_f64s(all_after).0.iter_mut();
                let own = top.zip(all).zip(top_after).zip(all_after);
                for (sizes, (((top, all), top_after), all_after)) in sizes.zip(own) {
                    join(simd, lanes.each_mut(), sizes);
                    join(simd, [top, all, top_after, all_after], sizes);
                }
            }
        }
        let mut own = Plain::of(lanes.map(pulp::cast::<S::f64s, [f64; 4]>));
        let first = length - rest.len();
        for (place, (number, factor)) in rest.iter().zip(of_rest).enumerate() {
            let before = number.abs();
            let sizes = [before, before * (self.up * factor)];
            own.add::<SQUARES>(sizes);
            if let Some(columns) = &mut columns {
                let mut column = Plain::at(columns, first + place);
                column.add::<SQUARES>(sizes);
                column.put(columns, first + place);
            }
        }
        own
    }
}

/// Sums before and after, added up as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Plain {
    largest: [f64; 2],
    sum: [f64; 2],
}

impl Plain {
    /// What lanes have together.
    fn of([top, all, top_after, all_after]: [[f64; 4]; 4]) -> Self {
        let most = |lanes: [f64; 4]| lanes.into_iter().fold(0.0, f64::max);
        Plain {
            largest: [most(top), most(top_after)],
            sum: [all.iter().sum(), all_after.iter().sum()],
        }
    }

    fn at(columns: &[&mut [f64]; 4], place: usize) -> Self {
        Plain {
            largest: [columns[0][place], columns[2][place]],
            sum: [columns[1][place], columns[3][place]],
        }
    }

    fn put(&self, columns: &mut [&mut [f64]; 4], place: usize) {
        (columns[0][place], columns[2][place]) = self.largest.into();
        (columns[1][place], columns[3][place]) = self.sum.into();
    }

    fn add<const SQUARES: bool>(&mut self, sizes: [f64; 2]) {
        for (side, size) in sizes.into_iter().enumerate() {
            self.largest[side] = self.largest[side].max(size);
            self.sum[side] += if SQUARES { size * size } else { size };
        }
    }

    fn sides(&self, law: &Law) -> Option<Sides> {
        let side = |at: usize| law.of_plain(self.largest[at], self.sum[at]);
        Some([side(0)?, side(1)?])
    }
}
