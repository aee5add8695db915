//! Weights that vanish where the minimum is not attained.

use std::borrow::Cow;
use std::ops::Range;

use super::OnnxFile;
use super::units::Units;
use super::weights::Scaled;
use crate::formats::storage::Storage;
use crate::forms::Slot;

/// Units whose weights become 0: those that are counted, and join them to other units.
#[derive(Default)]
pub(super) struct Out<'a> {
    units: Option<&'a Units>,
    is_out: Vec<bool>,
}

impl<'a> Out<'a> {
    /// The units of which the multiplier is 0.
    pub fn of(units: &'a Units, multipliers: &[f64]) -> Self {
        let is_out: Vec<bool> = multipliers.iter().map(|value| *value == 0.0).collect();
        match is_out.contains(&true) {
            true => Out {
                units: Some(units),
                is_out,
            },
            false => Out::default(),
        }
    }

    /// The multipliers, 1 for these units.
    pub fn multipliers<'b>(&self, multipliers: &'b [f64]) -> Cow<'b, [f64]> {
        if self.units.is_none() {
            return Cow::Borrowed(multipliers);
        }
        let pairs = multipliers.iter().zip(&self.is_out);
        pairs
            .map(|(value, out)| if *out { 1.0 } else { *value })
            .collect()
    }

    /// The bytes of a part of a constant with what vanishes set to 0.
    pub fn cleared<'b>(
        &self,
        scaled: &Scaled,
        part: &Range<usize>,
        storage: Storage,
        bytes: &'b [u8],
    ) -> Cow<'b, [u8]> {
        let mut bytes = Cow::Borrowed(bytes);
        let Some(units) = self.units else {
            return bytes;
        };
        let is_weight = scaled.is_weight();
        scaled.each_of(part.clone(), |entry, plus: Slot, minus: Slot| {
            let (to, from) = (units.source(plus), units.source(minus));
            let is_counted = is_weight || units.is_held(plus);
            if is_counted && to != from && (self.is_out[to] || self.is_out[from]) {
                let at = (entry - part.start) * storage.size();
                bytes.to_mut()[at..at + storage.size()].fill(0);
            }
        });
        bytes
    }
}

impl OnnxFile {
    /// The counted weights other than 0 between units of which `vanishes(to, from)` holds: the first of them, at most
    /// so many, as tensors and places there, all axes counted as one, and their number. Units are numbered from unit 2
    /// on, their number stands for what is not scaled.
    pub fn vanishing(
        &self,
        vanishes: &dyn Fn(usize, usize) -> bool,
        most: usize,
    ) -> (Vec<(String, usize)>, usize) {
        let (mut found, mut count) = (Vec::new(), 0);
        self.each_weight(|(constant, entry), [to, from], value| {
            if to == from || value == 0.0 || !vanishes(self.node(to), self.node(from)) {
                return;
            }
            count += 1;
            if found.len() < most {
                found.push((constant.name.clone(), entry));
            }
        });
        (found, count)
    }
}
