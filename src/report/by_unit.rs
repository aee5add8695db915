//! Multipliers and their bounds by unit.

use num_traits::One;
use serde_json::{Value, json};
use std::fmt::Write;

use super::SHOWN;
use crate::kernel::{Balanced, Enclosed};
use crate::network::{Network, Regularizer, UnitIndex, printable};
use crate::numbers::{Enclosure, Rational, rational_power};
use crate::solve::Balance;

/// Every unit that can be scaled, with its variable and the power of it that is its multiplier.
pub(super) fn scalable(
    network: &Network<Rational>,
) -> impl Iterator<Item = (String, usize, Rational)> + '_ {
    let variable = |unit: UnitIndex| {
        let variable = network.variable(unit)?;
        Some((
            network.unit(unit).id.clone(),
            variable,
            network.exponent(unit),
        ))
    };
    (0..network.units()).filter_map(variable)
}

/// The exact multipliers that were verified, as JSON; null where one is irrational.
pub(super) fn exact(network: &Network<Rational>, found: Option<&Balanced>) -> Value {
    let Some(Balanced { multipliers, .. }) = found else {
        return Value::Null;
    };
    scalable(network)
        .map(|(id, variable, exponent)| {
            let value = rational_power(&multipliers[variable], &exponent);
            (id, Value::from(value.map(|value| value.to_string())))
        })
        .collect()
}

/// Bits of enclosures of powers of bounds.
const BITS: u64 = 1_024;

/// The verified bounds of multipliers, as JSON.
pub(super) fn enclosure(network: &Network<Rational>, enclosed: &Enclosed) -> Value {
    let bounds = |(id, variable, exponent): (String, usize, Rational)| {
        let ends = [&enclosed.lower[variable], &enclosed.upper[variable]];
        let power = |end: &Rational| {
            let end = match exponent.is_one() {
                true => return Some([end.clone(), end.clone()]),
                false => Enclosure::from_rational(end, BITS)?.power(&exponent, BITS)?,
            };
            Some([end.lo().to_rational(), end.hi().to_rational()])
        };
        let ends = ends.map(power).into_iter().collect::<Option<Vec<_>>>();
        let ends = ends.map(|ends| {
            let ends = ends.into_iter().flatten();
            (ends.clone().min(), ends.max())
        });
        match ends {
            Some((Some(lower), Some(upper))) => (
                id,
                json!({"lo": lower.to_string(), "hi": upper.to_string()}),
            ),
            _ => (id, Value::Null),
        }
    };
    scalable(network).map(bounds).collect()
}

/// The table of multipliers; exact ones are shown beside those that they equal.
pub(super) fn multipliers(
    out: &mut String,
    network: &Network<Rational>,
    regularizer: &Regularizer,
    result: &Balance,
    exact: Option<&Balanced>,
) {
    let multipliers = result.multipliers();
    let exact = exact.filter(|_| result.restricted.is_none());
    let units: Vec<_> = scalable(network)
        .map(|(id, variable, exponent)| (printable(&id), variable, exponent))
        .collect();
    if units.is_empty() {
        let _ = writeln!(out, "note      no unit of this network can be scaled");
        return;
    }
    // What larger ones come to is said by layer.
    if units.len() > SHOWN {
        return;
    }
    let width = units
        .iter()
        .map(|(id, ..)| id.chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    let _ = writeln!(out, "\n{:<width$}  multiplier of weights", "unit");
    for (id, variable, exponent) in units {
        let exact = exact.map_or(String::new(), |exact| {
            let Some(value) = rational_power(&exact.multipliers[variable], &exponent) else {
                return String::new();
            };
            match regularizer {
                Regularizer::Lp(_) => format!("  (of costs: {value} exactly)"),
                Regularizer::Mixture(_) => format!("  ({value} exactly)"),
            }
        });
        let _ = writeln!(
            out,
            "{id:<width$}  {}{exact}",
            multipliers[variable].power(&exponent)
        );
    }
}
