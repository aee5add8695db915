//! The weights of a model as a network, and back.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Files;
use super::constant::Constant;
use super::units::Units;
use super::uses::Use;
use crate::forms::Slot;
use crate::network::UnitIndex;
use crate::numbers::{Rational, rational_from_f64};

/// The entries of one constant that scale: each with the slots that multiply and divide it.
pub(super) struct Scaled<'a> {
    pub constant: usize,
    uses: Vec<&'a Use>,
}

/// Constants in their order with their uses.
pub(super) fn scaled(uses: &[Use]) -> Vec<Scaled<'_>> {
    let mut by_constant: BTreeMap<usize, Vec<&Use>> = BTreeMap::new();
    for found in uses {
        by_constant
            .entry(found.view.constant)
            .or_default()
            .push(found);
    }
    let scaled = by_constant.into_iter();
    scaled
        .map(|(constant, uses)| Scaled { constant, uses })
        .collect()
}

impl Scaled<'_> {
    /// Does the regularizer count it?
    pub fn is_weight(&self) -> bool {
        self.uses.iter().any(|found| found.is_weight)
    }

    /// What multiplies or divides its entries.
    pub fn labels(&self) -> impl Iterator<Item = Slot> + '_ {
        let fields = self
            .uses
            .iter()
            .flat_map(|found| [&found.plus, &found.minus]);
        fields.flat_map(|field| field.labels.iter().copied())
    }

    /// Ranges of a constant of so many entries that can be gone through by themselves: runs of at least `size` where
    /// entries follow each other as they are used, else all.
    pub fn parts(&self, length: usize, size: usize) -> Vec<Range<usize>> {
        let Some((one, places)) = self.plain() else {
            return std::iter::once(0..length).collect();
        };
        let (slices, _) = one.slices();
        let step = size.div_ceil(places) * places;
        let starts = (0..slices * places).step_by(step);
        starts
            .map(|start| start..(start + step).min(slices * places))
            .collect()
    }

    /// The only use, where it takes the entries as they stand, and the places in a slice of it.
    pub fn plain(&self) -> Option<(&Use, usize)> {
        let [one] = self.uses.as_slice() else {
            return None;
        };
        let (slices, places) = one.slices();
        (one.view.entries.is_none() && slices > 0).then_some((one, places))
    }

    /// Calls back once with each entry that scales.
    pub fn each(&self, length: usize, call: impl FnMut(usize, Slot, Slot)) {
        self.each_of(0..length, call);
    }

    /// The same for one of the [`parts`](Scaled::parts).
    pub fn each_of(&self, part: Range<usize>, mut call: impl FnMut(usize, Slot, Slot)) {
        if let Some((one, places)) = self.plain() {
            return one.each_of(part.start / places..part.end / places, call);
        }
        let mut slots = vec![None; part.len()];
        for found in &self.uses {
            found.each(|entry, plus, minus| slots[entry] = Some((plus, minus)));
        }
        for (entry, slots) in slots.into_iter().enumerate() {
            if let Some((plus, minus)) = slots {
                call(entry, plus, minus);
            }
        }
    }
}

/// Where a synapse's weight stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub constant: u32,
    pub entry: u32,
}

/// A synapse for each weight that is wanted, by its constant and entry, from the unit that divides it to the one that
/// multiplies it, and where the weight stands.
pub(super) fn synapses(
    files: &Files,
    constants: &[Constant],
    uses: &[Use],
    units: &Units,
    wanted: &dyn Fn((usize, usize)) -> bool,
) -> (Vec<(UnitIndex, UnitIndex, Rational)>, Vec<Place>) {
    let mut synapses = Vec::new();
    let mut places = Vec::new();
    for scaled in &scaled(uses) {
        let is_weight = scaled.is_weight();
        if !is_weight && !units.holds() {
            continue;
        }
        let constant = &constants[scaled.constant];
        let Ok((file, start, storage)) = &constant.place else {
            continue;
        };
        let bytes = &files.bytes(*file)[*start..];
        scaled.each(constant.len(), |entry, plus, minus| {
            if !is_weight && !units.is_held(plus) || !wanted((scaled.constant, entry)) {
                return;
            }
            let at = entry * storage.size();
            let value = storage.decode(&bytes[at..]);
            // Constants that scale hold finite numbers only.
            let Some(weight) = rational_from_f64(value) else {
                return;
            };
            let (from, to) = units.ends(plus, minus);
            synapses.push((from, to, weight));
            places.push(Place {
                constant: scaled.constant as u32,
                entry: entry as u32,
            });
        });
    }
    (synapses, places)
}
