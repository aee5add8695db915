//! Layers of a perceptron, over the bytes of its tensors.

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Law, LayerSums, Measured, Meter, Sides, Sum};
use crate::formats::MappedPerceptron;
use crate::formats::container::Place;
use crate::network::Regularizer;

/// Numbers that are gone through at once, and parts of so many that are before they are added.
const PART: usize = 1 << 20;
const BATCH: usize = 4;

/// A tensor with the multipliers of its rows and columns.
struct Tensor<'a> {
    place: &'a Place,
    bytes: &'a [u8],
    columns: usize,
    to: Option<&'a [f64]>,
    /// What columns are multiplied by.
    from: Option<Vec<f64>>,
}

impl MappedPerceptron {
    /// Measures the layers, in one read of the weights. `multipliers` are the `Λ` of all hidden units that are scaled, 0 for those whose
    /// weights vanish; `variables` gives the variable of each where they share some.
    ///
    /// # Panics
    /// If there are not as many multipliers, or variables, as such units.
    pub fn measure(
        &self,
        regularizer: &Regularizer,
        multipliers: Option<&[f64]>,
        variables: Option<&[usize]>,
    ) -> Measured {
        let count = self.groups().iter().map(|(_, units)| units).sum();
        let mut meter = Meter::new(regularizer, count);
        let variable = |unit: usize| variables.map_or(unit, |variables| variables[unit]);
        let (mut from, mut start): (Option<usize>, usize) = (None, 0);
        for layer in &self.layers {
            let rows = layer.weight.shape[0];
            let to = layer.group.map(|_| {
                start += rows;
                start - rows
            });
            let mut own = LayerSums {
                name: layer.weight.name.clone(),
                channels: vec![Sides::default(); rows],
                ..LayerSums::default()
            };
            for (place, from) in [
                Some((&layer.weight, from)),
                layer.bias.as_ref().map(|bias| (bias, None)),
            ]
            .into_iter()
            .flatten()
            {
                let columns = place.shape.get(1).copied().unwrap_or(1);
                let scaled_by = |first: Option<usize>, length: usize| {
                    let (first, all) = (first?, multipliers?);
                    Some(&all[first..first + length])
                };
                let inverse = |own: &f64| if *own == 0.0 { 0.0 } else { own.recip() };
                let tensor = Tensor {
                    place,
                    bytes: self.bytes(place),
                    columns,
                    to: scaled_by(to, rows),
                    from: scaled_by(from, columns).map(|own| own.iter().map(inverse).collect()),
                };
                let is_weight = std::ptr::eq(place, &layer.weight);
                tensor.measure(
                    &meter.law.clone(),
                    from.is_some(),
                    |first, (found, ends)| {
                        for (row, found) in found.iter().enumerate() {
                            let mut into: Vec<&mut Sides> = Vec::new();
                            match is_weight {
                                true => into.push(&mut own.channels[first + row]),
                                false => into.push(&mut meter.others),
                            }
                            if let Some(to) = to {
                                own.variables.insert(variable(to + first + row));
                                into.push(&mut meter.plus[variable(to + first + row)]);
                            }
                            into.into_iter()
                                .for_each(|into| merge(&meter.law, into, found));
                        }
                        let sources = ends.iter().enumerate();
                        for (column, found) in sources {
                            let source = variable(from.unwrap_or(0) + column);
                            merge(&meter.law, &mut meter.minus[source], found);
                        }
                    },
                );
            }
            meter.layers.push(own);
            from = to;
        }
        meter.figures(multipliers.is_some())
    }
}

fn merge(law: &Law, into: &mut Sides, other: &Sides) {
    let pairs = into.iter_mut().zip(other);
    pairs.for_each(|(into, other)| law.merge(into, other));
}

/// Sums of some rows, and of all columns over them.
type Part = (Vec<Sides>, Vec<Sides>);

impl Tensor<'_> {
    /// Gives sums part after part, with the first row of each.
    fn measure(&self, law: &Law, has_sources: bool, mut add: impl FnMut(usize, Part)) {
        let rows = self.place.shape[0];
        let step = PART.div_ceil(self.columns.max(1));
        let starts: Vec<usize> = (0..rows).step_by(step.max(1)).collect();
        for batch in starts.chunks(BATCH) {
            let part = |first: &usize| {
                (
                    *first,
                    self.part(law, *first..rows.min(first + step), has_sources),
                )
            };
            #[cfg(feature = "parallel")]
            let parts: Vec<(usize, Part)> = batch.into_par_iter().map(part).collect();
            #[cfg(not(feature = "parallel"))]
            let parts: Vec<(usize, Part)> = batch.iter().map(part).collect();
            parts.into_iter().for_each(|(first, part)| add(first, part));
        }
    }

    fn part(&self, law: &Law, rows: std::ops::Range<usize>, has_sources: bool) -> Part {
        let plain = match law {
            Law::One => self.plain_sums::<false>(law, rows.clone(), has_sources),
            Law::Two => self.plain_sums::<true>(law, rows.clone(), has_sources),
            _ => None,
        };
        plain.unwrap_or_else(|| self.sums(law, rows, has_sources))
    }

    /// The same where costs are magnitudes or their squares, and no sum of them comes near the ends of `f64`: several times as fast.
    fn plain_sums<const SQUARES: bool>(
        &self,
        law: &Law,
        rows: std::ops::Range<usize>,
        has_sources: bool,
    ) -> Option<Part> {
        let width = self.columns * self.place.storage.size();
        let ones = || vec![1.0; self.columns];
        let factors = self.from.clone().unwrap_or_else(ones);
        let mut columns = vec![Plain::default(); if has_sources { self.columns } else { 0 }];
        let mut numbers = Vec::with_capacity(self.columns);
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.place.storage.numbers(bytes, &mut numbers);
            let up = self.to.map_or(1.0, |to| to[row]);
            let mut own = Plain::default();
            let sizes = numbers.iter().zip(&factors);
            let sizes = sizes.map(|(number, factor)| (number.abs(), number.abs() * (up * factor)));
            match has_sources {
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

    fn sums(&self, law: &Law, rows: std::ops::Range<usize>, has_sources: bool) -> Part {
        let width = self.columns * self.place.storage.size();
        let mut columns = match has_sources {
            true => vec![Sides::default(); self.columns],
            false => Vec::new(),
        };
        let mut numbers = Vec::with_capacity(self.columns);
        let of_row = |row: usize| {
            let bytes = &self.bytes[row * width..(row + 1) * width];
            self.place.storage.numbers(bytes, &mut numbers);
            let up = self.to.map_or(1.0, |to| to[row]);
            let mut own = Sides::default();
            for (column, number) in numbers.iter().enumerate() {
                let down = self.from.as_ref().map_or(1.0, |from| from[column]);
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
