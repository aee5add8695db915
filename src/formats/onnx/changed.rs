//! The weights of two models side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::units::SINK;
use super::weights::{self, Scaled};
use super::{OnnxError, OnnxFile};
use crate::formats::storage::Storage;
use crate::network::{SynapseIndex, UnitIndex};
use crate::solve::NumberType;
use crate::solve::changed::{Change, Followed, Pair, Place};

/// A constant's weights in two models.
struct Beside<'a> {
    weight: Scaled<'a>,
    values: [(&'a [u8], Storage); 2],
}

/// Two nodes that a weight joins, by number: it leads to the first.
pub type Ends = [u32; 2];

impl OnnxFile {
    /// How the weights that are counted became those of a model [aligned](OnnxFile::aligned) with this one, the second
    /// written in a number type; those that are 0 in it and join nodes of which `vanishes(to, from)` holds are left
    /// out. Nodes are numbered as variables are, from unit 2 on. `None` where numbers leave the range of `f64`, or the
    /// other model has no such weights. Cost: some dozens of reads of both models.
    pub fn followed(
        &self,
        other: &OnnxFile,
        (number_type, tolerance): (NumberType, f64),
        vanishes: &dyn Fn(Ends) -> bool,
    ) -> Option<Followed> {
        let units = SINK + 1..self.units.count();
        let mut forms: Vec<Vec<(usize, f64)>> = Vec::with_capacity(units.len() + 1);
        for unit in units {
            let own = self.units.form(unit).into_iter();
            let float = own.map(|(unit, exponent)| {
                let (above, below) = (*exponent.numer() as f64, *exponent.denom() as f64);
                (unit - SINK - 1, above / below)
            });
            forms.push(float.collect());
        }
        forms.push(Vec::new());
        let types = other.number_types();
        let beside = self.beside(other)?;
        let change = Change {
            variables: self.units.variables(),
            forms: &forms,
            number_type,
            tolerance,
            pairs: &|call| {
                self.each_pair(&beside, &types, |pair| {
                    let is_out = pair.values[1] == 0.0 && vanishes(pair.ends);
                    if !is_out {
                        call(pair);
                    }
                });
            },
        };
        change.followed()
    }

    /// The weights that are 0 in the other model only.
    pub fn dropped(&self, other: &OnnxFile) -> Vec<(Place, Ends)> {
        let mut found = Vec::new();
        let Some(beside) = self.beside(other) else {
            return found;
        };
        self.each_pair(&beside, &other.number_types(), |pair| {
            if pair.values[0] != 0.0 && pair.values[1] == 0.0 {
                found.push((pair.place, pair.ends));
            }
        });
        found
    }

    /// The constants that hold weights, with their bytes in this model and in another one; `None` if that has none of
    /// some.
    fn beside<'a>(&'a self, other: &'a Self) -> Option<Vec<Beside<'a>>> {
        let data = |model: &'a OnnxFile, constant: usize| {
            let constant = model.constants.get(constant)?;
            let (file, start, storage) = *constant.place.as_ref().ok()?;
            let length = constant.len() * storage.size();
            Some((&model.files.bytes(file)[start..start + length], storage))
        };
        let mut all = Vec::new();
        for weight in self.counted() {
            if let Some(own) = data(self, weight.constant) {
                let values = [own, data(other, weight.constant)?];
                all.push(Beside { weight, values });
            }
        }
        Some(all)
    }

    /// Calls back with every weight that is counted and its values in this model and in another one, of which the types
    /// of all constants are given.
    fn each_pair(&self, all: &[Beside], types: &[NumberType], mut call: impl FnMut(&Pair)) {
        let node = |unit: UnitIndex| self.node(unit) as u32;
        for Beside { weight, values } in all {
            let constant = weight.constant;
            let count = self.constants[constant].len();
            self.each_counted(weight, count, |entry, to, from| {
                let value = |(bytes, storage): &(&[u8], Storage)| {
                    storage.decode(&bytes[entry * storage.size()..])
                };
                call(&Pair {
                    place: (constant, entry),
                    ends: [node(to), node(from)],
                    values: values.each_ref().map(value),
                    number_type: types[constant],
                });
            });
        }
    }

    /// The model with some of its weights only, and which synapse each of them is.
    ///
    /// # Errors
    /// None in practice: the units are those of this model.
    pub fn part(
        &self,
        wanted: &BTreeSet<Place>,
    ) -> Result<(Self, BTreeMap<Place, SynapseIndex>), OnnxError> {
        let (synapses, places) = weights::synapses(
            &self.files,
            &self.constants,
            &self.uses,
            &self.units,
            &|place| wanted.contains(&place),
        );
        let numbered = places.iter().enumerate();
        let numbered = numbered
            .map(|(synapse, place)| ((place.constant as usize, place.entry as usize), synapse));
        let numbers = numbered.collect();
        let mut part = self.clone();
        part.network = self.units.network(synapses)?;
        part.places = places;
        Ok((part, numbers))
    }

    /// The name of a tensor by its number.
    ///
    /// # Panics
    /// If there is none.
    pub fn tensor(&self, number: usize) -> &str {
        &self.constants[number].name
    }
}
