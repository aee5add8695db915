//! The weights of a model as a network, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::constant::Constant;
use super::field::{Channels, Slot};
use super::uses::Use;
use super::{ChannelGroup, Files};
use crate::network::{Activation, Network, NetworkError, Unit, UnitIndex, UnitKind};
use crate::numbers::{Rational, rational_from_f64};

/// The unit that stands for everything that weights come from and no scaling changes: inputs, the constant 1 of biases.
pub const SOURCE: UnitIndex = 0;

/// The unit that stands for everything that weights lead to and no scaling changes.
pub(super) const SINK: UnitIndex = 1;

/// A unit for every multiplier that is left free.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// The unit of each slot; [`SOURCE`] where it is pinned, or scales nothing.
    of_slot: Vec<u32>,
    ids: Vec<String>,
    /// The units whose statistics are counted as weights, in order.
    held: Vec<UnitIndex>,
}

impl Units {
    /// Numbers the classes of slots that scale something, and explains all groups of channels.
    pub fn new(channels: &Channels, uses: &[Use]) -> (Self, Vec<ChannelGroup>) {
        let class = channels.representatives();
        let mut pinned: BTreeMap<Slot, &str> = BTreeMap::new();
        for (slot, reason) in &channels.pins {
            pinned.entry(class[*slot as usize]).or_insert(reason);
        }
        let mut scales = vec![false; class.len()];
        for found in uses {
            for field in [&found.plus, &found.minus] {
                field
                    .labels
                    .iter()
                    .for_each(|slot| scales[class[*slot as usize] as usize] = true);
            }
        }
        let mut units: BTreeMap<Slot, u32> = BTreeMap::new();
        let mut ids = vec!["(from outside)".to_owned(), "(to outside)".to_owned()];
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut of_slot = vec![SOURCE as u32; class.len()];
        for group in &channels.groups {
            for channel in 0..group.len {
                let slot = group.first as usize + channel;
                if pinned.contains_key(&class[slot]) || !scales[class[slot] as usize] {
                    continue;
                }
                of_slot[slot] = *units.entry(class[slot]).or_insert_with(|| {
                    let mut id = format!("{}[{channel}]", group.tensor);
                    while !taken.insert(id.clone()) {
                        id.push('\'');
                    }
                    ids.push(id);
                    ids.len() as u32 - 1
                });
            }
        }
        let explained = channels
            .groups
            .iter()
            .filter(|group| !group.is_constant && group.len > 0);
        let groups = explained.map(|group| {
            let slots = group.first..group.first + group.len as Slot;
            let reasons = slots
                .clone()
                .filter_map(|slot| pinned.get(&class[slot as usize]));
            let mut pinned_by: Vec<String> = Vec::new();
            for reason in reasons {
                if !pinned_by.iter().any(|known| known == reason) {
                    pinned_by.push((*reason).to_owned());
                }
            }
            ChannelGroup {
                tensor: group.tensor.clone(),
                operator: group.operator.clone(),
                units: slots
                    .map(|slot| of_slot[slot as usize] as UnitIndex)
                    .collect(),
                pinned_by,
            }
        });
        let groups = groups.filter(|group| group.operator != "zero").collect();
        let held = Vec::new();
        (Units { of_slot, ids, held }, groups)
    }

    /// Counts the statistics of some units, in order, as weights.
    pub fn hold(&mut self, held: Vec<UnitIndex>) {
        self.held = held;
    }

    /// Are the statistics of any unit counted?
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Are those that scale with a slot?
    pub fn is_held(&self, slot: Slot) -> bool {
        self.holds() && self.held.binary_search(&self.source(slot)).is_ok()
    }

    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// The unit of each slot, as [`source`](Units::source).
    pub fn of_slots(&self) -> impl Iterator<Item = UnitIndex> {
        self.of_slot.iter().map(|unit| *unit as UnitIndex)
    }

    pub fn source(&self, slot: Slot) -> UnitIndex {
        self.of_slot[slot as usize] as UnitIndex
    }

    pub fn target(&self, slot: Slot) -> UnitIndex {
        match self.source(slot) {
            SOURCE => SINK,
            unit => unit,
        }
    }

    /// The network of the units, with these synapses.
    pub fn network(
        &self,
        synapses: Vec<(UnitIndex, UnitIndex, Rational)>,
    ) -> Result<Network<Rational>, NetworkError> {
        Network::with_parallel_synapses(self.units(), synapses)
    }

    fn units(&self) -> Vec<Unit<Rational>> {
        let kind = |unit: UnitIndex| match unit {
            SOURCE => UnitKind::Input,
            SINK => UnitKind::Output,
            _ => UnitKind::Hidden,
        };
        let ids = self.ids.iter().enumerate();
        ids.map(|(unit, id)| Unit::new(id, kind(unit), Activation::Linear))
            .collect()
    }
}

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

    /// Ranges of a constant of so many entries that can be gone through by themselves: runs of at least `size` where entries
    /// follow each other as they are used, else all.
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

/// A synapse for each weight, from the unit that divides it to the one that multiplies it, and where the weight stands.
pub(super) fn synapses(
    files: &Files,
    constants: &[Constant],
    uses: &[Use],
    units: &Units,
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
            if !is_weight && !units.is_held(plus) {
                return;
            }
            let at = entry * storage.size();
            let value = storage.decode(&bytes[at..]);
            // Constants that scale hold finite numbers only.
            let Some(weight) = rational_from_f64(value) else {
                return;
            };
            synapses.push((units.source(minus), units.target(plus), weight));
            places.push(Place {
                constant: scaled.constant as u32,
                entry: entry as u32,
            });
        });
    }
    (synapses, places)
}
