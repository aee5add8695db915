//! The balancing problem of a model as the kernel reads it, over the bytes of its tensors.

use num_traits::One;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Problem, Refusal};

use super::units::{SINK, Units};
use super::uses::Use;
use super::weights::{Scaled, scaled};
use super::{Constant, OnnxFile};
use crate::formats::energy::{NamedProblem, TermNames};
use crate::forms::Field;
use crate::forms::advance;
use crate::network::UnitIndex;
use crate::numbers::Rational;
use crate::solve::NumberType;

/// The form of what nothing scales.
const GROUND: usize = 0;

/// The form of a unit that a weight leads to, and of one that it comes from.
fn form(unit: UnitIndex, is_source: bool) -> usize {
    match unit {
        unit if unit <= SINK => GROUND,
        unit => 1 + 2 * (unit - SINK - 1) + usize::from(is_source),
    }
}

/// All forms, in the order of the units.
fn forms(units: &Units) -> Vec<Form> {
    let mut forms = vec![Form::new()];
    for unit in SINK + 1..units.count() {
        let own = units.form(unit);
        for sign in [1, -1] {
            let factors = own.iter().map(|(unit, exponent)| {
                let exponent = exponent * sign;
                let (above, below) = (*exponent.numer(), *exponent.denom());
                (unit - SINK - 1, Rational::new(above.into(), below.into()))
            });
            forms.push(factors.into_iter().collect());
        }
    }
    forms
}

/// Forms of rows and columns, and which entry is whose.
struct Places {
    rows: Vec<usize>,
    columns: Vec<usize>,
    layout: Layout,
}

impl OnnxFile {
    /// The balancing problem of the costs `|w|^power`, its variables `μ = Λ^power` in the order of the units from 2 on:
    /// a block for each tensor of which some entry is counted and scales, over its bytes in the file. Terms are the
    /// synapses of [`network`](OnnxFile::network) with their weights; entries that are not counted, or are divided by
    /// what multiplies them, stand where nothing scales, which changes no claim about the others.
    ///
    /// # Errors
    /// What the kernel refuses; nothing in practice.
    pub fn energy_problem(&self, power: &Rational) -> Result<NamedProblem<'_>, Refusal> {
        let variables = self.units.variables();
        let forms = forms(&self.units);
        let (mut blocks, mut tensors) = (Vec::new(), Vec::new());
        for weight in &self.counted() {
            let constant = &self.constants[weight.constant];
            let Some(entries) = self.entries(constant) else {
                continue;
            };
            let Some(places) = self.places_of(weight, constant) else {
                continue;
            };
            tensors.push(constant.name.clone());
            blocks.push(Block {
                entries,
                rows: places.rows,
                columns: places.columns,
                layout: places.layout,
                power: power.clone(),
                coefficient: Rational::one(),
                again: false,
            });
        }
        let names = (0..variables).map(|variable| {
            let unit = self.network.unit(variable + SINK + 1);
            (unit.id.clone(), variable)
        });
        Ok(NamedProblem {
            ranges: self.counted_ranges.origin.clone(),
            units: names.collect(),
            terms: TermNames::Tensors(tensors),
            problem: Problem::new(variables, forms, blocks)?,
        })
    }

    /// The constants that hold weights, and, where they are counted, statistics.
    pub(super) fn counted(&self) -> Vec<Scaled<'_>> {
        let mut all = scaled(&self.uses);
        all.retain(|scaled| scaled.is_weight() || self.units.holds());
        all
    }

    fn entries(&self, constant: &Constant) -> Option<Entries<'_>> {
        let (file, start, storage) = constant.place.as_ref().ok()?;
        let bytes = &self.files.bytes(*file)[*start..][..constant.len() * storage.size()];
        Some(storage.entries(bytes))
    }

    /// Where the entries of a constant stand; `None` if no term of it scales.
    fn places_of(&self, weight: &Scaled, constant: &Constant) -> Option<Places> {
        let plain = weight.plain().filter(|_| weight.is_weight());
        let dense = plain.and_then(|(one, _)| self.dense(one, constant.len()));
        let places = dense.unwrap_or_else(|| self.listed(weight, constant.len()));
        let scales = |forms: &[usize]| forms.iter().any(|form| *form != GROUND);
        (scales(&places.rows) || scales(&places.columns)).then_some(places)
    }

    /// Rows and columns of a constant whose first axes belong to one end of its weights, and the others to the other
    /// end.
    fn dense(&self, one: &Use, count: usize) -> Option<Places> {
        let ([rows, columns], leads_to_rows) = self.dense_units(one, count)?;
        let forms = |units: Vec<UnitIndex>, is_source: bool| -> Vec<usize> {
            let units = units.into_iter();
            units.map(|unit| form(unit, is_source)).collect()
        };
        Some(Places {
            rows: forms(rows, !leads_to_rows),
            columns: forms(columns, leads_to_rows),
            layout: Layout::Dense,
        })
    }

    /// The units of the rows and of the columns of such a constant, and whether it leads to those of rows.
    pub(super) fn dense_units(
        &self,
        one: &Use,
        count: usize,
    ) -> Option<([Vec<UnitIndex>; 2], bool)> {
        let shape = &one.view.shape;
        let rank = shape.len();
        let varying = |field: &Field| -> Vec<usize> {
            (0..rank).filter(|axis| field.varies(*axis, rank)).collect()
        };
        let (plus, minus) = (varying(&one.plus), varying(&one.minus));
        // Axes along which neither varies belong to either end: the fewest rows and columns take the least memory.
        let lines = |split: &usize| -> usize {
            let (rows, columns) = shape.split_at(*split);
            let count = |axes: &[usize]| axes.iter().fold(1usize, |a, b| a.saturating_mul(*b));
            count(rows).saturating_add(count(columns))
        };
        let split = |first: &[usize], second: &[usize]| {
            let end = first.last().map_or(0, |axis| axis + 1);
            let start = second.first().copied().unwrap_or(rank);
            (end..=start).min_by_key(lines)
        };
        let orders = [(split(&plus, &minus), true), (split(&minus, &plus), false)];
        let found = orders
            .into_iter()
            .filter_map(|(at, leads_to_rows)| Some((at?, leads_to_rows)));
        let (split, leads_to_rows) = found.min_by_key(|(at, _)| lines(at))?;
        let [rows, columns] = match leads_to_rows {
            true => [&one.plus, &one.minus],
            false => [&one.minus, &one.plus],
        };
        let rows = self.units_along(rows, shape, 0..split);
        let columns = self.units_along(columns, shape, split..rank);
        (rows.len() * columns.len() == count).then_some(([rows, columns], leads_to_rows))
    }

    /// The units of a field at all indices of some axes, where no others matter.
    fn units_along(
        &self,
        field: &Field,
        shape: &[usize],
        axes: std::ops::Range<usize>,
    ) -> Vec<UnitIndex> {
        let field = field.of_rank(shape.len());
        let own = &shape[axes.clone()];
        let mut index = vec![0; shape.len()];
        let mut units = Vec::with_capacity(own.iter().product());
        for _ in 0..own.iter().product::<usize>() {
            units.push(self.units.source(field.at(&index)));
            advance(&mut index[axes.clone()], own);
        }
        units
    }

    /// Every entry by itself; rows and columns are the forms.
    fn listed(&self, weight: &Scaled, count: usize) -> Places {
        let mut forms = vec![GROUND];
        let mut numbers = std::collections::BTreeMap::from([(GROUND, 0)]);
        let mut places = vec![(0, 0); count];
        let mut number = |form: usize| {
            *numbers.entry(form).or_insert_with(|| {
                forms.push(form);
                forms.len() - 1
            })
        };
        self.each_counted(weight, count, |entry, to, from| {
            if to != from {
                places[entry] = (number(form(to, false)), number(form(from, true)));
            }
        });
        Places {
            rows: forms.clone(),
            columns: forms,
            layout: Layout::List(places),
        }
    }

    /// Calls back with the entries of a constant that are counted, and the units that they lead to and come from.
    pub(super) fn each_counted(
        &self,
        weight: &Scaled,
        count: usize,
        mut call: impl FnMut(usize, UnitIndex, UnitIndex),
    ) {
        let is_weight = weight.is_weight();
        weight.each(count, |entry, plus, minus| {
            if is_weight || self.units.is_held(plus) {
                call(entry, self.units.source(plus), self.units.source(minus));
            }
        });
    }

    /// The number of a unit among those from 2 on; that of all of them for what is not scaled.
    pub(super) fn node(&self, unit: UnitIndex) -> usize {
        unit.checked_sub(SINK + 1)
            .unwrap_or(self.units.count() - SINK - 1)
    }

    /// Calls back with every weight that is counted: its place, the units that it leads to and comes from, and its
    /// value.
    pub(super) fn each_weight(
        &self,
        mut call: impl FnMut((&Constant, usize), [UnitIndex; 2], f64),
    ) {
        for weight in &self.counted() {
            let constant = &self.constants[weight.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            let bytes = &self.files.bytes(file)[start..];
            self.each_counted(weight, constant.len(), |entry, to, from| {
                let value = storage.decode(&bytes[entry * storage.size()..]);
                call((constant, entry), [to, from], value);
            });
        }
    }

    /// The sum of the costs `|w|^power` of all weights that are counted.
    pub fn total(&self, power: f64) -> f64 {
        let mut total = 0.0;
        self.each_weight(|_, _, value| total += value.abs().powf(power));
        total
    }

    /// Is the cost `|w|^power` of some weight that is counted too small for `f64` to hold in full?
    pub fn loses_costs(&self, power: f64) -> bool {
        let mut least = f64::INFINITY;
        self.each_weight(|_, _, value| {
            if value != 0.0 {
                least = least.min(value.abs());
            }
        });
        least.powf(power) < f64::MIN_POSITIVE
    }

    /// The number of synapses of [`network`](OnnxFile::network) with its weights.
    pub fn synapses(&self) -> usize {
        let mut count = 0;
        self.each_weight(|_, _, _| count += 1);
        count
    }

    /// The type with the fewest digits of those in which weights that some scaling changes are stored and read; where
    /// all are `f64`, `f32` if it holds them.
    pub fn number_type(&self) -> NumberType {
        if let Some(found) = self.stored_type().filter(|found| *found != NumberType::F64) {
            return found;
        }
        let mut is_single = true;
        self.each_weight(|(constant, _), _, value| {
            is_single &= constant.is_beside() || f64::from(value as f32) == value;
        });
        match is_single {
            true => NumberType::F32,
            false => NumberType::F64,
        }
    }

    /// The 16-bit type in which weights are stored or read that some scaling changes, if there are any.
    pub fn short_type(&self) -> Option<NumberType> {
        self.stored_type().filter(|found| found.is_short())
    }

    /// Has any such weight 16 bits or fewer, or is a computed value that scales rounded to 16 or to 8? Of floats of 8 bits the
    /// scales are what scales.
    pub fn is_short(&self) -> bool {
        let counted = self.counted();
        let mut scaled = counted.iter();
        let scales_eighths =
            |scaled: &Scaled| self.constants[scaled.constant].scales_eighths && self.scales(scaled);
        self.rounded.to_short || self.short_type().is_some() || scaled.any(scales_eighths)
    }

    /// Does some scaling change any entry?
    fn scales(&self, scaled: &Scaled) -> bool {
        let mut labels = scaled.labels();
        labels.any(|slot| self.units.source(slot) > SINK)
    }

    fn stored_type(&self) -> Option<NumberType> {
        let counted = self.counted();
        let scaled = counted.iter().filter(|scaled| self.scales(scaled));
        let types = scaled.filter_map(|scaled| self.constants[scaled.constant].number_type());
        types.min()
    }

    /// For each constant the type by which tiny entries of it are lost: its own, with no fewer digits than
    /// [all](OnnxFile::number_type).
    pub(super) fn number_types(&self) -> Vec<NumberType> {
        let whole = self.number_type();
        let is_double = matches!(self.stored_type(), None | Some(NumberType::F64));
        let constants = self.constants.iter();
        constants
            .map(|constant| match constant.number_type() {
                Some(own) if !is_double => own.max(whole),
                _ => whole,
            })
            .collect()
    }

    /// The same by synapse of [`network`](OnnxFile::network).
    pub fn synapse_types(&self) -> Vec<NumberType> {
        let types = self.number_types();
        let places = self.places.iter();
        places.map(|place| types[place.constant as usize]).collect()
    }
}
