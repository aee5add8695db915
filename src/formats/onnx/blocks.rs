//! The weights of a model as blocks of costs, for models of any size.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::units::SOURCE;
use super::weights::scaled;
use super::{OnnxError, OnnxFile};
use crate::forms::Field;
use crate::network::UnitIndex;
use crate::solve::blocks::{BlockError, Blocks, Weights};

use super::direct::Direct;

/// The costs of a model's weights: those of large matrices are left where they lie, those of other tensors added up
/// between every two channels.
#[derive(Debug)]
pub struct ChannelCosts<'a> {
    power: f64,
    direct: Vec<Direct<'a>>,
    /// The units of each group of the blocks; they follow each other from unit 2 on.
    groups: Vec<std::ops::Range<UnitIndex>>,
    links: Vec<(Ends, Costs)>,
    fan: usize,
    /// Was the cost of a weight too small for `f64`?
    lost: bool,
    /// The costs that no multipliers change.
    fixed: f64,
}

/// The groups that a block leads to and comes from; `None` is outside.
type Ends = (Option<usize>, Option<usize>);

#[derive(Debug)]
enum Costs {
    Dense(Vec<f64>),
    /// By row and column.
    Sparse(BTreeMap<(u32, u32), f64>),
}

impl OnnxFile {
    /// The costs `|w|^power` of all weights, channel by channel. Cost: one read of the weights; `f64` for each pair of
    /// channels of tensors that are no large matrix, or all where the power is neither 1 nor 2.
    pub fn blocks(&self, power: f64) -> ChannelCosts<'_> {
        let mut groups: Vec<std::ops::Range<UnitIndex>> = Vec::new();
        let mut end = 2;
        for group in &self.groups {
            let last = group.units.iter().copied().max().unwrap_or(SOURCE);
            if last >= end {
                groups.push(end..last + 1);
                end = last + 1;
            }
        }
        // Channels that only constants bring are a group of their own.
        if end < self.units.count() {
            groups.push(end..self.units.count());
        }
        let scaled = scaled(&self.uses);
        let candidates = scaled.iter().filter(|_| power == 1.0 || power == 2.0);
        let direct: Vec<Direct> = candidates
            .filter_map(|weight| self.direct(weight, &groups))
            .collect();
        let mut costs = ChannelCosts {
            power,
            direct,
            groups,
            links: Vec::new(),
            fan: 0,
            lost: false,
            fixed: 0.0,
        };
        costs.count(self);
        costs.add(self, power);
        costs
    }

    /// Calls back with the weights that are not read where they lie and follow each other with the same ends: the units
    /// that they lead to and come from, how many they are, and the sum of their costs.
    fn each_run(
        &self,
        direct: &[Direct],
        cost: impl Fn(f64) -> f64,
        mut call: impl FnMut(UnitIndex, UnitIndex, usize, f64),
    ) {
        for weight in &scaled(&self.uses) {
            if direct
                .iter()
                .any(|direct| direct.constant == weight.constant)
            {
                continue;
            }
            let is_weight = weight.is_weight();
            if !is_weight && !self.units.holds() {
                continue;
            }
            let constant = &self.constants[weight.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            let bytes = &self.files.bytes(file)[start..];
            let cost = |entry: usize| cost(storage.decode(&bytes[entry * storage.size()..]).abs());
            let Some((one, _)) = weight.plain().filter(|_| is_weight) else {
                weight.each(constant.len(), |entry, plus, minus| {
                    if !is_weight && !self.units.is_held(plus) {
                        return;
                    }
                    let (to, from) = (self.units.source(plus), self.units.source(minus));
                    call(to, from, 1, cost(entry));
                });
                continue;
            };
            let units = |field: &Field| -> Vec<UnitIndex> {
                let labels = field.labels.iter();
                labels.map(|slot| self.units.source(*slot)).collect()
            };
            let (to, from) = (units(&one.plus), units(&one.minus));
            one.each_slice(0..one.slices().0, |slice| {
                for step in 0..slice.steps {
                    let first = slice.place + step * slice.run;
                    let sum = (first..first + slice.run).map(&cost).sum();
                    let (to, from) = (to[slice.plus(step)], from[slice.minus(step)]);
                    call(to, from, slice.run, sum);
                }
            });
        }
    }
}

impl ChannelCosts<'_> {
    /// The group of a unit, and its place there.
    fn place(&self, unit: UnitIndex) -> Option<(usize, usize)> {
        let group = self.groups.partition_point(|group| group.end <= unit);
        let found = self
            .groups
            .get(group)
            .filter(|found| found.contains(&unit))?;
        Some((group, unit - found.start))
    }

    fn size(&self, group: Option<usize>) -> usize {
        group.map_or(1, |group| self.groups[group].len())
    }

    /// Finds the blocks, and which of them are dense.
    fn count(&mut self, file: &OnnxFile) {
        let mut entries: BTreeMap<Ends, usize> = BTreeMap::new();
        let mut of_unit = vec![0usize; file.units.count()];
        let group: Vec<Option<usize>> = (0..file.units.count())
            .map(|unit| self.place(unit).map(|(group, _)| group))
            .collect();
        let mut last: (Ends, usize) = ((None, None), 0);
        for direct in &self.direct {
            let ends = [(direct.to, direct.columns), (direct.from, direct.rows)];
            for (group, weights) in ends {
                let units = group.map_or(0..0, |group| self.groups[group].clone());
                units.for_each(|unit| of_unit[unit] += weights);
            }
        }
        file.each_run(
            &self.direct,
            |_| 0.0,
            |to, from, weights, _| {
                of_unit[to] += weights;
                of_unit[from] += weights;
                if to == from {
                    return;
                }
                // Weights of one layer follow each other.
                let ends = (group[to], group[from]);
                if last.0 != ends {
                    *entries.entry(last.0).or_default() += last.1;
                    last = (ends, 0);
                }
                last.1 += weights;
            },
        );
        *entries.entry(last.0).or_default() += last.1;
        entries.retain(|_, count| *count > 0);
        self.fan = of_unit.into_iter().skip(2).max().unwrap_or(0);
        let blocks = entries.into_iter().map(|(ends, count)| {
            let size = self.size(ends.0).saturating_mul(self.size(ends.1));
            let costs = match count.saturating_mul(4) >= size {
                true => Costs::Dense(vec![0.0; size]),
                false => Costs::Sparse(BTreeMap::new()),
            };
            (ends, costs)
        });
        self.links = blocks.collect();
    }

    fn add(&mut self, file: &OnnxFile, power: f64) {
        let mut links = std::mem::take(&mut self.links);
        let number: BTreeMap<Ends, usize> = links
            .iter()
            .enumerate()
            .map(|(number, (ends, _))| (*ends, number))
            .collect();
        let places: Vec<Option<(usize, usize)>> = (0..file.units.count())
            .map(|unit| self.place(unit))
            .collect();
        let columns = links.iter().map(|((_, from), _)| self.size(*from));
        let widths: Vec<usize> = columns.collect();
        // Weights of one layer follow each other: the block is looked up when it changes.
        let mut last: Option<(Ends, usize)> = None;
        let mut fixed = 0.0;
        let add = |to: UnitIndex, from: UnitIndex, _: usize, cost: f64| {
            if to == from {
                fixed += cost;
                return;
            }
            let (to, from) = (places[to], places[from]);
            let ends = (to.map(|place| place.0), from.map(|place| place.0));
            let link = match last {
                Some((known, link)) if known == ends => link,
                _ => number[&ends],
            };
            last = Some((ends, link));
            let (row, column) = (
                to.map_or(0, |place| place.1),
                from.map_or(0, |place| place.1),
            );
            match &mut links[link].1 {
                Costs::Dense(costs) => costs[row * widths[link] + column] += cost,
                Costs::Sparse(costs) => {
                    *costs.entry((row as u32, column as u32)).or_default() += cost
                }
            }
        };
        let lost = Cell::new(false);
        let noted = |magnitude: f64, cost: f64| {
            if cost < f64::MIN_POSITIVE && magnitude > 0.0 {
                lost.set(true);
            }
            cost
        };
        match power {
            1.0 => file.each_run(&self.direct, |magnitude| magnitude, add),
            2.0 => {
                let square = |magnitude| noted(magnitude, magnitude * magnitude);
                file.each_run(&self.direct, square, add);
            }
            power => {
                let cost = |magnitude: f64| noted(magnitude, magnitude.powf(power));
                file.each_run(&self.direct, cost, add);
            }
        }
        self.lost = lost.get();
        self.fixed = fixed;
        self.links = links;
    }

    /// The problem, its variables `μ = Λ^p` in the order of the units from 2 on.
    ///
    /// # Errors
    /// None in practice: the blocks fit.
    pub fn problem(&self) -> Result<Blocks<'_>, BlockError> {
        let mut blocks = Blocks::new(self.power)?;
        if self.lost {
            blocks.lose_costs();
        }
        for group in &self.groups {
            blocks.add_group(group.len());
        }
        for direct in &self.direct {
            let Direct {
                to,
                from,
                rows,
                columns,
                ..
            } = *direct;
            match direct.is_transposed {
                true => blocks.add_transposed(to, from, rows, columns, direct.weights)?,
                false => blocks.add_dense(to, from, rows, columns, direct.weights)?,
            }
        }
        blocks.take_costs();
        for ((to, from), costs) in &self.links {
            let (rows, columns) = (self.size(*to), self.size(*from));
            match costs {
                Costs::Dense(costs) => {
                    blocks.add_dense(*to, *from, rows, columns, Weights::Double(costs))?;
                }
                Costs::Sparse(costs) => {
                    let mut starts = vec![0; rows + 1];
                    costs
                        .keys()
                        .for_each(|(row, _)| starts[*row as usize + 1] += 1);
                    (0..rows).for_each(|row| starts[row + 1] += starts[row]);
                    let entries = costs.iter().map(|((_, column), cost)| (*column, *cost));
                    blocks.add_sparse(*to, *from, columns, starts, entries.collect())?;
                }
            }
        }
        Ok(blocks)
    }

    /// The sum of the costs that no multipliers change.
    pub fn fixed(&self) -> f64 {
        self.fixed
    }

    /// The most weights at one unit.
    pub fn fan(&self) -> usize {
        self.fan
    }
}

impl OnnxFile {
    /// The multipliers of all units, from those of the units from 2 on.
    ///
    /// # Errors
    /// [`OnnxError::Weights`] if there is another number of them.
    pub fn multipliers(&self, free: &[f64]) -> Result<Vec<f64>, OnnxError> {
        match free.len() == self.units.variables() {
            true => Ok(self.units.expanded(free)),
            false => Err(OnnxError::Weights(free.len())),
        }
    }
}
