//! Layers of a network whose weights are rational numbers.

use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};

use super::{LayerSums, Measured, Meter};
use crate::formats::ranges::range_source;
use crate::network::{Network, Regularizer, SynapseIndex, UnitIndex, printable};
use crate::numbers::{Rational, rational_to_f64};

/// Units named as a layer.
const NAMED: usize = 3;

/// Measures the layers of a network: the units of each depth, or those given by name, with the synapses into them, and
/// ranges of activations apart. `multipliers` are those of its variables, and `vanished` the synapses that are 0 with
/// them; without them, only what is before is measured.
pub fn measure_network(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    multipliers: Option<&[f64]>,
    vanished: &[SynapseIndex],
    groups: Option<&[(String, Vec<UnitIndex>)]>,
) -> Measured {
    let mut meter = Meter::new(regularizer, network.variables());
    let layers = match groups {
        Some(groups) => groups.to_vec(),
        None => by_depth(network),
    };
    let mut places = BTreeMap::new();
    for (name, units) in layers {
        let layer = meter.layers.len();
        let channels = units.into_iter().enumerate();
        places.extend(channels.map(|(channel, unit)| (unit, (layer, channel))));
        meter.layers.push(LayerSums {
            name,
            ..LayerSums::default()
        });
    }
    let source = range_source(network);
    // The ranges of a layer's activations stand behind all layers.
    let behind = meter.layers.len();
    if source.is_some() {
        let names = meter.layers.iter().map(|layer| LayerSums {
            name: format!("range of {}", layer.name),
            ..LayerSums::default()
        });
        let names: Vec<LayerSums> = names.collect();
        meter.layers.extend(names);
    }
    let vanished: BTreeSet<SynapseIndex> = vanished.iter().copied().collect();
    for synapse in 0..network.synapses() {
        let direction = network.direction(synapse).into_iter();
        let direction: Vec<(usize, f64)> = direction
            .map(|(variable, power)| (variable, rational_to_f64(&power)))
            .collect();
        let size = rational_to_f64(network.weight(synapse)).abs();
        let after = match multipliers {
            Some(_) if vanished.contains(&synapse) => 0.0,
            Some(multipliers) => {
                let factors = direction.iter();
                let factors = factors.map(|(variable, power)| multipliers[*variable].powf(*power));
                size * factors.product::<f64>()
            }
            None => size,
        };
        let is_lost = |size: f64| size == 0.0 && !network.weight(synapse).is_zero();
        meter.is_beyond |= is_lost(size) || (is_lost(after) && !vanished.contains(&synapse));
        let (from, to) = network.endpoints(synapse);
        let place = places.get(&to).map(|(layer, channel)| match source {
            Some(source) if source == from => (behind + layer, *channel),
            _ => (*layer, *channel),
        });
        meter.add(place, [size, after], direction);
    }
    meter.layers.retain(|layer| !layer.channels.is_empty());
    meter.figures(multipliers.is_some())
}

/// Units that something leads to, by the longest way from what is visible; what lies on cycles is one layer.
fn by_depth(network: &Network<Rational>) -> Vec<(String, Vec<UnitIndex>)> {
    let depths = network.depths();
    let mut layers: BTreeMap<usize, Vec<UnitIndex>> = BTreeMap::new();
    for (unit, depth) in depths.into_iter().enumerate() {
        layers.entry(depth).or_default().push(unit);
    }
    let fed: BTreeSet<UnitIndex> = (0..network.synapses())
        .map(|synapse| network.endpoints(synapse).1)
        .collect();
    let layers = layers.into_values().map(|units| {
        let units: Vec<UnitIndex> = units
            .into_iter()
            .filter(|unit| fed.contains(unit))
            .collect();
        let shown = units.iter().take(NAMED);
        let mut name: Vec<String> = shown
            .map(|unit| printable(&network.unit(*unit).id))
            .collect();
        if units.len() > NAMED {
            name.truncate(1);
            name.push(format!("... ({})", units.len()));
        }
        (name.join(", "), units)
    });
    layers.filter(|(_, units)| !units.is_empty()).collect()
}
