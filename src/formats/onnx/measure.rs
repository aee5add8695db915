//! Layers of a model, over the bytes of its tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::OnnxFile;
use super::units::UnitForm;
use super::weights::Scaled;
use crate::formats::measure::{LayerSums, Matrix, Measured, Meter, Sides, inverse, merge};
use crate::formats::storage::Storage;
use crate::network::{Network, Regularizer, SynapseIndex, UnitIndex};
use crate::numbers::{Rational, rational_to_f64};

/// The powers of variables in a multiplier.
type Powers = Vec<(usize, f64)>;

impl OnnxFile {
    /// Measures every weight of at least two axes and every range of activations, in one read of the weights, in the
    /// order of the graph; biases count in costs and deficits. `network` is that of the model, whose units may share
    /// multipliers; `multipliers` are those of all its units, and `vanished` are the synapses that are 0 with them.
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
        // By unit, the last constant that leads to it, and which of the channels of that it is.
        let mut channels = vec![(usize::MAX, 0); powers.len()];
        let mut direction = Powers::new();
        for weight in &counted {
            let constant = &self.constants[weight.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            let long = constant.shape.iter().filter(|length| **length > 1);
            let has_row = constant.is_beside() || long.count() >= 2 && weight.is_weight();
            let row = has_row.then(|| {
                meter.layers.push(LayerSums {
                    name: constant.name.clone(),
                    ..LayerSums::default()
                });
                meter.layers.len() - 1
            });
            let bytes = &self.files.bytes(file)[start..];
            if vanished.is_empty()
                && matches!(regularizer, Regularizer::Lp(_))
                && let Some(ends) = self.plain_ends(weight, constant.len(), &powers)
            {
                let length = constant.len() * storage.size();
                ends.measure(&mut meter, (&bytes[..length], storage), row, multipliers);
                continue;
            }
            let mut count = 0;
            self.each_counted(weight, constant.len(), |entry, to, from| {
                let size = storage.decode(&bytes[entry * storage.size()..]).abs();
                let after = match multipliers {
                    Some(_) if vanished.contains(&(weight.constant, entry)) => 0.0,
                    Some(all) if all[to] == 0.0 || all[from] == 0.0 => 0.0,
                    Some(all) => size * (all[to] / all[from]),
                    None => size,
                };
                let (own, channel) = &mut channels[to];
                if *own != weight.constant {
                    (*own, *channel) = (weight.constant, count);
                    count += 1;
                }
                let place = row.map(|row| (row, *channel));
                along(&mut direction, &powers[to], &powers[from]);
                meter.add(place, [size, after], direction.iter().copied());
            });
        }
        meter.layers.retain(|layer| !layer.channels.is_empty());
        meter.figures(multipliers.is_some())
    }
}

/// One end of a matrix: the unit of each row, or of each column, and its variable.
struct End {
    units: Vec<UnitIndex>,
    variables: Vec<Option<usize>>,
}

/// Both ends of a matrix whose rows and columns each scale with one multiplier, or with none, and not with the same.
struct Ends {
    rows: End,
    columns: End,
    /// Do rows lead to their units? Otherwise columns do.
    leads_to_rows: bool,
}

impl OnnxFile {
    /// The ends of a weight, if it is so plain that its rows and columns can be gone through as they are. Under a power
    /// a cost is how fast it grows, but for a factor; under a mixture it is not.
    fn plain_ends(&self, weight: &Scaled, count: usize, powers: &[Powers]) -> Option<Ends> {
        let (one, _) = weight.plain().filter(|_| weight.is_weight())?;
        let ([rows, columns], leads_to_rows) = self.dense_units(one, count)?;
        let end = |units: Vec<UnitIndex>| -> Option<End> {
            let variables = units.iter().map(|unit| match powers[*unit].as_slice() {
                [] => Some(None),
                [(variable, power)] if *power == 1.0 => Some(Some(*variable)),
                _ => None,
            });
            let variables = variables.collect::<Option<_>>()?;
            Some(End { units, variables })
        };
        let (rows, columns) = (end(rows)?, end(columns)?);
        let own: BTreeSet<usize> = rows.variables.iter().flatten().copied().collect();
        let mut others = columns.variables.iter().flatten();
        others
            .all(|variable| !own.contains(variable))
            .then_some(Ends {
                rows,
                columns,
                leads_to_rows,
            })
    }
}

impl Ends {
    fn measure(
        &self,
        meter: &mut Meter,
        (bytes, storage): (&[u8], Storage),
        layer: Option<usize>,
        multipliers: Option<&[f64]>,
    ) {
        let law = meter.law.clone();
        let factors = |end: &End, is_target: bool| {
            let of = |all: &[f64]| {
                let own = end.units.iter().map(|unit| all[*unit]);
                own.map(|own| if is_target { own } else { inverse(own) })
                    .collect()
            };
            multipliers.map(of)
        };
        let matrix = Matrix {
            bytes,
            storage,
            rows: self.rows.units.len(),
            columns: self.columns.units.len(),
            by_row: factors(&self.rows, self.leads_to_rows),
            by_column: factors(&self.columns, !self.leads_to_rows),
        };
        let (mut rows, mut columns) = (Vec::new(), vec![Sides::default(); matrix.columns]);
        matrix.measure(&law, true, |_, (found, more)| {
            rows.extend(found);
            for (column, more) in columns.iter_mut().zip(&more) {
                merge(&law, column, more);
            }
        });
        let (to, from) = match self.leads_to_rows {
            true => ((&self.rows, rows), (&self.columns, columns)),
            false => ((&self.columns, columns), (&self.rows, rows)),
        };
        let mut channels: BTreeMap<UnitIndex, Sides> = BTreeMap::new();
        for ((unit, variable), own) in to.0.units.iter().zip(&to.0.variables).zip(&to.1) {
            merge(&law, channels.entry(*unit).or_default(), own);
            if let Some(variable) = variable {
                merge(&law, &mut meter.plus[*variable], own);
            }
        }
        for (variable, own) in from.0.variables.iter().zip(&from.1) {
            if let Some(variable) = variable {
                merge(&law, &mut meter.minus[*variable], own);
            }
        }
        match layer {
            Some(layer) => {
                meter.layers[layer]
                    .variables
                    .extend(to.0.variables.iter().flatten());
                meter.layers[layer].channels = channels.into_values().collect();
            }
            None => channels
                .values()
                .for_each(|own| merge(&law, &mut meter.others, own)),
        }
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

/// The powers of a weight that leads to one unit from another; mostly those of two multipliers, or of one.
fn along(direction: &mut Powers, to: &Powers, from: &Powers) {
    direction.clear();
    match (to.as_slice(), from.as_slice()) {
        (all, []) => direction.extend(all),
        ([], [(variable, power)]) => direction.push((*variable, -power)),
        ([one], [(variable, power)]) if one.0 != *variable => {
            direction.extend([*one, (*variable, -power)]);
        }
        _ => *direction = difference(to, from),
    }
}

fn difference(one: &Powers, other: &Powers) -> Powers {
    let mut sum: BTreeMap<usize, f64> = BTreeMap::new();
    let less = other.iter().map(|(variable, power)| (*variable, -power));
    for (variable, power) in one.iter().copied().chain(less) {
        *sum.entry(variable).or_default() += power;
    }
    sum.into_iter().filter(|(_, power)| *power != 0.0).collect()
}
