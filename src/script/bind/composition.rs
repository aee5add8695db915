//! One network after another.

use std::collections::BTreeMap;

use crate::network::{Network, Unit, UnitIndex, UnitKind};
use crate::numbers::Rational;
use crate::script::limits::{Fault, fault};

/// The network that computes `second` of `first`: each output of the first becomes a hidden unit with its activation,
/// and takes the place of an input of the second. Units of the second are renamed where both have the id.
pub fn composed(
    first: &Network<Rational>,
    second: &Network<Rational>,
) -> Result<Network<Rational>, Fault> {
    let (outputs, inputs) = (
        first.units_of(UnitKind::Output),
        second.units_of(UnitKind::Input),
    );
    if outputs.len() != inputs.len() {
        let (outputs, inputs) = (outputs.len(), inputs.len());
        return Err(fault(format!(
            "{outputs} outputs cannot be joined to {inputs} inputs"
        )));
    }
    let mut units: Vec<Unit<Rational>> = (0..first.units())
        .map(|unit| first.unit(unit).clone())
        .collect();
    for output in &outputs {
        if let Some(unit) = units.get_mut(*output) {
            unit.kind = UnitKind::Hidden;
        }
    }
    let mut place = Vec::with_capacity(second.units());
    for index in 0..second.units() {
        let joined = inputs.iter().position(|input| *input == index);
        if let Some(output) = joined.and_then(|joined| outputs.get(joined)) {
            place.push(*output);
            continue;
        }
        let mut unit = second.unit(index).clone();
        while units.iter().any(|other| other.id == unit.id) {
            unit.id.push('_');
        }
        place.push(units.len());
        units.push(unit);
    }
    let end = |unit: UnitIndex| place.get(unit).copied().unwrap_or(unit);
    let mut synapses: Vec<_> = (0..first.synapses())
        .map(|synapse| (first.endpoints(synapse), first.weight(synapse).clone()))
        .map(|((from, to), weight)| (from, to, weight))
        .collect();
    synapses.extend((0..second.synapses()).map(|synapse| {
        let (from, to) = second.endpoints(synapse);
        (end(from), end(to), second.weight(synapse).clone())
    }));
    let mut ties = first.ties().to_vec();
    ties.extend(second.ties().iter().map(|tie| {
        let tied = tie
            .iter()
            .map(|(unit, exponent)| (end(*unit), exponent.clone()));
        tied.collect()
    }));
    let own = first.products().iter();
    let mut products: BTreeMap<_, _> = own
        .map(|unit| (*unit, first.factors(*unit).to_vec()))
        .collect();
    products.extend(second.products().iter().map(|unit| {
        let factors = second.factors(*unit).iter();
        (end(*unit), factors.map(|factor| end(*factor)).collect())
    }));
    Network::with_products(units, products, synapses, ties)
        .map_err(|error| fault(error.to_string()))
}
