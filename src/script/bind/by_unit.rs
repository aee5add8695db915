//! Numbers by unit: multipliers, bounds, directions.

use num_traits::{One, Signed};
use rhai::Map;

use super::networks::unit;
use crate::network::{Network, UnitIndex};
use crate::numbers::{Rational, rational_power};
use crate::script::limits::{Fault, fault};
use crate::script::session::Session;
use crate::script::value::{exact, number};

/// The variable of a unit, where that is the unit's own multiplier and not another power of it.
pub fn own_variable(network: &Network<Rational>, id: &str) -> Result<usize, Fault> {
    let place = unit(network, id)?;
    let variable = network.variable(place);
    let variable = variable.ok_or_else(|| fault(format!("unit `{id}` cannot be scaled")))?;
    match network.exponent(place).is_one() {
        true => Ok(variable),
        false => Err(not_the_first(id)),
    }
}

fn not_the_first(id: &str) -> Fault {
    fault(format!(
        "unit `{id}` has a power of the multiplier of its tie's first unit: name that one"
    ))
}

/// The multiplier of each variable from a map by unit; units that are not named have `default`.
pub fn by_variable(
    network: &Network<Rational>,
    map: &Map,
    default: &Rational,
) -> Result<Vec<Rational>, Fault> {
    by_variable_as(network, map, default, |id, exponent, given| {
        let root = rational_power(given, &exponent.recip());
        root.filter(|_| given.is_positive()).ok_or_else(|| {
            fault(format!(
                "unit `{id}`: no rational number has this multiplier as its power"
            ))
        })
    })
}

/// One number for each variable, a bound or a direction, from a map by unit: where multipliers of a tie are powers of
/// one, that is named by its first unit.
pub fn by_first_unit(
    network: &Network<Rational>,
    map: &Map,
    default: &Rational,
) -> Result<Vec<Rational>, Fault> {
    by_variable_as(network, map, default, |id, _, _| Err(not_the_first(id)))
}

/// `convert` makes the number of the variable from that of a unit that has another power of it.
fn by_variable_as(
    network: &Network<Rational>,
    map: &Map,
    default: &Rational,
    convert: impl Fn(&str, Rational, &Rational) -> Result<Rational, Fault>,
) -> Result<Vec<Rational>, Fault> {
    let mut values: Vec<Option<Rational>> = vec![None; network.variables()];
    for (id, value) in map {
        let variable = network.variable(unit(network, id)?);
        let variable = variable.ok_or_else(|| fault(format!("unit `{id}` cannot be scaled")))?;
        let given = exact(value)?;
        let exponent = network.exponent(unit(network, id)?);
        let value = match exponent.is_one() {
            true => given,
            false => convert(id, exponent, &given)?,
        };
        match values.get_mut(variable) {
            Some(Some(other)) if *other != value => {
                return Err(fault(format!(
                    "unit `{id}` is tied to one with another multiplier"
                )));
            }
            Some(slot) => *slot = Some(value),
            None => {}
        }
    }
    Ok(values
        .into_iter()
        .map(|value| value.unwrap_or_else(|| default.clone()))
        .collect())
}

/// A map by unit from the multiplier of each variable; a unit whose multiplier is an irrational power of it is left
/// out.
pub fn by_unit(
    network: &Network<Rational>,
    values: &[Rational],
    session: &Session,
) -> Result<Map, Fault> {
    map_by_unit(network, session, |unit| {
        let value = values.get(network.variable(unit)?)?;
        network.unit_multiplier(unit, value)
    })
}

/// The same of bounds and directions: units that have another power of their tie's multiplier are left out.
pub fn of_first_units(
    network: &Network<Rational>,
    values: &[Rational],
    session: &Session,
) -> Result<Map, Fault> {
    map_by_unit(network, session, |unit| {
        let value = values.get(network.variable(unit)?)?;
        network.exponent(unit).is_one().then(|| value.clone())
    })
}

/// The same of logarithms, each unit having its multiple.
pub fn logs_by_unit(
    network: &Network<Rational>,
    values: &[Rational],
    session: &Session,
) -> Result<Map, Fault> {
    map_by_unit(network, session, |unit| {
        Some(values.get(network.variable(unit)?)? * network.exponent(unit))
    })
}

fn map_by_unit(
    network: &Network<Rational>,
    session: &Session,
    value: impl Fn(UnitIndex) -> Option<Rational>,
) -> Result<Map, Fault> {
    let units = (0..network.units()).filter_map(|unit| Some((unit, value(unit)?)));
    units
        .map(|(unit, value)| {
            Ok((
                network.unit(unit).id.as_str().into(),
                number(value, &session.work)?,
            ))
        })
        .collect()
}
