//! Layers of a model, over the bytes of its tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::OnnxFile;
use super::units::UnitForm;
use crate::formats::measure::{LayerSums, Measured, Meter};
use crate::network::{Network, Regularizer, SynapseIndex, UnitIndex};
use crate::numbers::{Rational, rational_to_f64};

/// The powers of variables in a multiplier.
type Powers = Vec<(usize, f64)>;

impl OnnxFile {
    /// Measures every weight of at least two axes, in one read of the weights, in the order of the graph; biases count in costs and deficits. `network` is that of the
    /// model, whose units may share multipliers; `multipliers` are those of all its units, and `vanished` are the synapses that are 0 with them.
    ///
    /// # Panics
    /// If there are not as many multipliers as units.
    pub fn measure(
        &self,
        network: &Network<Rational>,
        regularizer: &Regularizer,
        multipliers: Option<&[f64]>,
        vanished: &[SynapseIndex],
    ) -> Measured {
        let mut meter = Meter::new(regularizer, network.variables());
        let powers: Vec<Powers> = (0..self.units.count())
            .map(|unit| powers(network, self.units.form(unit)))
            .collect();
        let vanished = vanished.iter().map(|synapse| self.places[*synapse]);
        let vanished: BTreeSet<(usize, usize)> = vanished
            .map(|place| (place.constant as usize, place.entry as usize))
            .collect();
        let mut first_uses = BTreeMap::new();
        for (number, found) in self.uses.iter().enumerate() {
            first_uses.entry(found.view.constant).or_insert(number);
        }
        let mut counted = self.counted();
        counted.sort_by_key(|weight| first_uses.get(&weight.constant).copied());
        for weight in &counted {
            let constant = &self.constants[weight.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            let long = constant.shape.iter().filter(|length| **length > 1);
            let row = (long.count() >= 2 && weight.is_weight()).then(|| {
                meter.layers.push(LayerSums {
                    name: constant.name.clone(),
                    ..LayerSums::default()
                });
                meter.layers.len() - 1
            });
            let bytes = &self.files.bytes(file)[start..];
            let mut channels: BTreeMap<UnitIndex, usize> = BTreeMap::new();
            let mut last: Option<([UnitIndex; 2], usize, Powers)> = None;
            self.each_counted(weight, constant.len(), |entry, to, from| {
                let size = storage.decode(&bytes[entry * storage.size()..]).abs();
                let after = match multipliers {
                    Some(_) if vanished.contains(&(weight.constant, entry)) => 0.0,
                    Some(all) if all[to] == 0.0 || all[from] == 0.0 => 0.0,
                    Some(all) => size * (all[to] / all[from]),
                    None => size,
                };
                if last.as_ref().is_none_or(|(ends, ..)| *ends != [to, from]) {
                    let next = channels.len();
                    let channel = *channels.entry(to).or_insert(next);
                    last = Some(([to, from], channel, difference(&powers[to], &powers[from])));
                }
                if let Some((_, channel, direction)) = &last {
                    let place = row.map(|row| (row, *channel));
                    meter.add(place, [size, after], direction.iter().copied());
                }
            });
        }
        meter.layers.retain(|layer| !layer.channels.is_empty());
        meter.figures(multipliers.is_some())
    }
}

/// A form in the variables of the network.
fn powers(network: &Network<Rational>, form: UnitForm) -> Powers {
    let variables = form.into_iter().filter_map(|(unit, exponent)| {
        let power = *exponent.numer() as f64 / *exponent.denom() as f64;
        let own = rational_to_f64(&network.exponent(unit));
        Some((network.variable(unit)?, power * own))
    });
    difference(&variables.collect(), &Vec::new())
}

fn difference(one: &Powers, other: &Powers) -> Powers {
    let mut sum: BTreeMap<usize, f64> = BTreeMap::new();
    let less = other.iter().map(|(variable, power)| (*variable, -power));
    for (variable, power) in one.iter().copied().chain(less) {
        *sum.entry(variable).or_default() += power;
    }
    sum.into_iter().filter(|(_, power)| *power != 0.0).collect()
}
