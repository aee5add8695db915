//! Inputs on which two networks differ, in words and in JSON.

use num_traits::Zero;
use serde_json::{Map, Value, json};

use super::{list, up};
use crate::network::{Network, UnitKind, printable};
use crate::numbers::{Rational, Wide, rational_to_f64, rational_to_f64_up};
use crate::solve::{Ball, Witness};

/// Numbers shown of a list.
const SHOWN: usize = 6;

/// `input`, `output_before` and `output_after`: values by unit, in a recurrent network a list of them by time step.
pub(super) fn fields(network: &Network<Rational>, witness: &Witness) -> Map<String, Value> {
    let by_unit = |kind, values: &mut dyn Iterator<Item = Value>| -> Value {
        let units = network.units_of(kind).into_iter();
        let ids = units.map(|unit| network.unit(unit).id.clone());
        ids.zip(values).collect()
    };
    let exact = |values: &Vec<Rational>| {
        let mut values = values.iter().map(|value| value.to_string().into());
        by_unit(UnitKind::Input, &mut values)
    };
    let enclosed = |values: &Vec<Ball>| by_unit(UnitKind::Output, &mut values.iter().map(between));
    let over_time = witness.over_time;
    let fields = [
        ("input", steps(over_time, &witness.inputs, exact)),
        ("output_before", steps(over_time, &witness.before, enclosed)),
        ("output_after", steps(over_time, &witness.after, enclosed)),
    ];
    let named = fields.into_iter().map(|(name, value)| (name.into(), value));
    named.collect()
}

/// One value, or one for each time step.
fn steps<T>(over_time: bool, steps: &[T], show: impl Fn(&T) -> Value) -> Value {
    match steps {
        [one] if !over_time => show(one),
        _ => steps.iter().map(show).collect(),
    }
}

/// A number, or its bounds.
fn between(ball: &Ball) -> Value {
    match ball.radius.is_zero() {
        true => ball.middle.to_string().into(),
        false => json!({
            "lo": (&ball.middle - &ball.radius).to_string(),
            "hi": (&ball.middle + &ball.radius).to_string(),
        }),
    }
}

/// What was put in, and what came out of both networks.
pub(super) fn words(network: &Network<Rational>, witness: &Witness) -> String {
    let (step, output) = witness.place;
    let output_units = network.units_of(UnitKind::Output);
    let named = output_units
        .get(output)
        .map(|unit| printable(&network.unit(*unit).id));
    let values = witness.inputs.iter().map(|step| {
        let values: Vec<String> = step.iter().map(number).collect();
        format!("({})", list(&values, SHOWN))
    });
    let sequence = list(&values.collect::<Vec<_>>(), SHOWN);
    let input = match witness.over_time {
        true => format!("after the inputs {sequence} from state 0"),
        false => format!("at the input {sequence}"),
    };
    let (before, after) = (&witness.before[step][output], &witness.after[step][output]);
    let (one, other) = (value(before), value(after));
    let by = match one == other {
        true => format!(", {} more", number(&(&after.middle - &before.middle))),
        false => String::new(),
    };
    let named = named.unwrap_or_default();
    format!("{input} the output {named} is {one} before and {other}{by} after")
}

fn value(ball: &Ball) -> String {
    match ball.radius.is_zero() {
        true => number(&ball.middle),
        false => format!(
            "{} (within {})",
            number(&ball.middle),
            up(rational_to_f64_up(&ball.radius))
        ),
    }
}

/// A number as it is if it is short, else with six digits.
fn number(value: &Rational) -> String {
    let text = value.to_string();
    let rounded = rational_to_f64(value);
    if text.len() <= 8 {
        text
    } else if (1e-4..1e6).contains(&rounded.abs()) {
        format!("{rounded:.6}")
    } else {
        let sign = if *value < Rational::zero() { "-" } else { "" };
        format!("{sign}{}", Wide::from(&num_traits::Signed::abs(value)))
    }
}
