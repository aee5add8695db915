//! Ranges of the units of networks.

use num_traits::{One, Zero};

use super::{RangeArray, RangeOrigin, Ranges, RangesError};
use crate::formats::model::{Model, ModelError};
use crate::formats::onnx::Roles;
use crate::network::{Network, UnitIndex, UnitKind};
use crate::numbers::{Rational, rational_from_f64};

/// The id of the unit that ranges come from.
const SOURCE: &str = "(ranges)";

impl Model {
    /// Where the ranges of activations are from that it counts.
    pub fn ranges(&self) -> Option<&RangeOrigin> {
        match self {
            Model::Json(file) => file.ranges.as_ref(),
            Model::Perceptron(file) => file.ranges.as_ref(),
            Model::Onnx(file) => file.range_origin(),
        }
    }

    /// The model with the costs of ranges of activations, and the arrays of which no unit scales, which are not
    /// counted. Arrays are named after tensors of an ONNX model (read with `roles`), after layers of a perceptron,
    /// `NAME` or `NAME.weight`, with a number for each of its units, and after units of network JSON, with one number.
    ///
    /// # Errors
    /// [`RangesError`], naming the array: also of a unit whose output does not scale as its weights do, a product or a
    /// BiPU of a degree other than 1.
    pub fn with_ranges(
        self,
        roles: &Roles,
        ranges: &Ranges,
    ) -> Result<(Self, Vec<String>), ModelError> {
        match self {
            Model::Onnx(file) => {
                let file = file.with_ranges(roles, ranges)?;
                let fixed = file.fixed_ranges().to_vec();
                Ok((Model::Onnx(Box::new(file)), fixed))
            }
            Model::Json(mut file) => {
                let units = |array: &RangeArray| match file.network.find(&array.name) {
                    Some(unit) => Ok(vec![unit]),
                    None => {
                        let network = &file.network;
                        let known = (0..network.units()).map(|unit| network.unit(unit).id.as_str());
                        Err(RangesError::no_tensor(&array.name, "unit", known))
                    }
                };
                let (network, fixed) = counted(&file.network, ranges, &units)?;
                file.network = network;
                file.ranges = Some(ranges.origin.clone());
                Ok((Model::Json(file), fixed))
            }
            Model::Perceptron(file) => {
                let hidden = file.groups();
                let outputs = file.network.units_of(UnitKind::Output);
                let layers = file.layers();
                let units = |array: &RangeArray| {
                    let name = &array.name;
                    let stem = name.strip_suffix(".weight").unwrap_or(name);
                    let place = layers
                        .iter()
                        .position(|layer| layer == name || layer == stem);
                    let place = place.ok_or_else(|| {
                        RangesError::no_tensor(name, "layer", layers.iter().map(String::as_str))
                    })?;
                    Ok(match hidden.get(place) {
                        Some((_, units)) => units.clone(),
                        None => outputs.clone(),
                    })
                };
                let (network, fixed) = counted(&file.network, ranges, &units)?;
                Ok((
                    Model::Perceptron(file.with_network(network, ranges.origin.clone())),
                    fixed,
                ))
            }
        }
    }
}

/// The unit that ranges come from, if a network counts any.
pub fn range_source(network: &Network<Rational>) -> Option<UnitIndex> {
    let last = network.units().checked_sub(1)?;
    let unit = network.unit(last);
    let is_source = unit.kind == UnitKind::Bias && unit.id.trim_end_matches('\'') == SOURCE;
    is_source.then_some(last)
}

/// A network with a synapse more for each range, and the arrays that stay out.
fn counted(
    network: &Network<Rational>,
    ranges: &Ranges,
    units: &dyn Fn(&RangeArray) -> Result<Vec<UnitIndex>, RangesError>,
) -> Result<(Network<Rational>, Vec<String>), ModelError> {
    let (mut synapses, mut fixed) = (Vec::new(), Vec::new());
    let mut seen = vec![false; network.units()];
    for array in &ranges.arrays {
        let units = units(array)?;
        if units.len() != array.values.len() {
            let (found, expected) = (array.values.len(), units.len());
            let reason = format!("it has {found} numbers, and there are {expected} units");
            return Err(RangesError::array(&array.name, reason).into());
        }
        if units.iter().all(|unit| network.variable(*unit).is_none()) {
            fixed.push(array.name.clone());
            continue;
        }
        for (unit, value) in units.into_iter().zip(&array.values) {
            if network.variable(unit).is_none() {
                continue;
            }
            let own = network.unit(unit);
            let is_plain = own
                .activation
                .degree()
                .is_some_and(|degree| degree.is_one());
            if own.kind == UnitKind::Product || !is_plain {
                let reason = format!(
                    "unit `{}` is a product or a power: what it makes does not scale as its weights do",
                    own.id
                );
                return Err(RangesError::array(&array.name, reason).into());
            }
            if std::mem::replace(&mut seen[unit], true) {
                let reason = format!("another array has a range of unit `{}` too", own.id);
                return Err(RangesError::array(&array.name, reason).into());
            }
            synapses.push((
                unit,
                rational_from_f64(*value).unwrap_or_else(Rational::zero),
            ));
        }
    }
    if synapses.is_empty() {
        return Ok((network.clone(), fixed));
    }
    let mut source = SOURCE.to_owned();
    while network.find(&source).is_some() {
        source.push('\'');
    }
    let network = network.with_source(&source, synapses);
    Ok((network.map_err(RangesError::from)?, fixed))
}
