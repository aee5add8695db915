//! Reports: what a person reads and what `--json` prints. No mathematics.

mod balance;
mod balanced;
mod bench;
mod blocks;
mod by_unit;
mod channels;
#[cfg(feature = "plot")]
mod chart;
mod check;
mod check_in_place;
mod checkpoint;
mod checkpoint_groups;
mod deficits;
mod demonstration;
mod differences;
mod digits;
mod distance;
mod energy;
mod explain;
pub mod exploration;
mod figure;
mod freedom;
mod layers;
#[cfg(feature = "learn")]
pub mod learning;
mod limit;
mod lost;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "plot")]
mod plot_layers;
mod reliance;
mod rounding;
mod subject;
mod tensors;
mod theorems;
mod witness;

pub use crate::solve::{EXCUSED_ULPS, NumberType};
pub use balance::{balance_report, group_multipliers};
pub use bench::{
    AUTOENCODER, Bench, BenchOptions, Curve, LARGE, acyclic, balance_small, bench, streaming,
};
pub use blocks::{InPlace, RestrictedRun, RoundedRun, SecondRun, in_place_report};
pub use channels::channels_report;
#[cfg(feature = "plot")]
pub use chart::ChartError;
pub use check::{CheckReport, SameFunction, check_report};
pub use check_in_place::{FAR, InPlaceCheck, in_place_check};
pub use checkpoint::{
    CheckpointBalance, CheckpointCheck, WrongBlock, checkpoint_balance, checkpoint_check,
};
pub use checkpoint_groups::checkpoint_groups;
pub use demonstration::{Demonstration, DemonstrationError, demonstrate};
pub use differences::differences_report;
pub use digits::{Digits, digits, digits_network};
pub use energy::energy_report;
pub use explain::{Basis, Explanation, explain};
pub use figure::unit_balance_figure;
pub use freedom::freedom;
pub use layers::layers_report;
pub use limit::{InLimit, not_attained_report};
pub use lost::{below_range, function_kept, function_near, lost_weights};
#[cfg(feature = "plot")]
pub use plot::plot_reads;
#[cfg(feature = "plot")]
pub use plot_layers::plot_layers;
pub use reliance::{Reliance, relied_on, relied_on_by_judgement};
pub use subject::Subject;
pub use tensors::{Tensors, explain_tensors};
pub use theorems::{hunt_report, theorems_report};

use serde_json::Value;

use crate::network::{Regularizer, one_line};
use crate::numbers::{Rational, Wide};

/// A report in both forms.
#[derive(Debug, Clone)]
pub struct Report {
    /// For a person.
    pub text: String,
    /// For a program.
    pub json: Value,
}

/// How much of a report is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What fits a screen.
    Screen,
    /// All that is said to people.
    Full,
    /// The fields, for programs.
    Json,
}

impl Report {
    /// States the order in which the layers of a perceptron were taken, before everything else; nothing for other
    /// networks.
    pub fn state_layers(&mut self, layers: Option<&[String]>) {
        self.state("layers", layers);
    }

    /// The same for the network that a perceptron is compared with, if its layers have other names or another order.
    pub fn state_layers_after(&mut self, layers: Option<&[String]>) {
        self.state("layers_after", layers);
    }

    /// Adds the multipliers of a balancing in one shape for every kind of model, `multipliers_by_group`: lists by
    /// group, a unit of a network in JSON being a group of one.
    pub fn state_groups(&mut self) {
        let Value::Object(fields) = &mut self.json else {
            return;
        };
        let Some(Value::Object(multipliers)) = fields.get("multipliers") else {
            return;
        };
        let listed = |value: &Value| match value.is_array() {
            true => value.clone(),
            false => vec![value.clone()].into(),
        };
        let groups = multipliers
            .iter()
            .map(|(name, value)| (name.clone(), listed(value)));
        let groups: Value = groups.collect();
        fields.insert("multipliers_by_group".into(), groups);
    }

    /// Puts the text of another report before this one, and takes in its fields.
    pub fn precede(&mut self, other: Report) {
        self.text.insert_str(0, &other.text);
        if let (Value::Object(fields), Value::Object(more)) = (&mut self.json, other.json) {
            fields.extend(more);
        }
    }

    fn state(&mut self, field: &str, layers: Option<&[String]>) {
        let Some(layers) = layers else { return };
        let names: Vec<_> = layers.iter().map(|name| one_line(name)).collect();
        let line = format!("{}: {}\n", field.replace('_', " "), names.join(" -> "));
        self.text.insert_str(0, &line);
        if let Value::Object(fields) = &mut self.json {
            fields.insert(field.to_owned(), layers.into());
        }
    }
}

/// A number as JSON; beyond the range of `f64` its decimal text, as `"1.00000e600"`.
fn wide(value: Wide) -> Value {
    let plain = value.to_f64();
    if plain.is_finite() && (plain > 0.0 || value.is_zero()) {
        plain.into()
    } else {
        value.to_string().into()
    }
}

/// Names that most lines of a text have room for.
const SHOWN: usize = 12;

/// At most `shown` names, and how many more there are.
fn list(names: &[String], shown: usize) -> String {
    let mut text = names
        .iter()
        .take(shown)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > shown {
        text.push_str(&format!(" and {} more", names.len() - shown));
    }
    text
}

/// A lower bound in two digits, rounded down: what is printed as proved must not be more than what was.
fn down(bound: f64) -> String {
    let text = format!("{bound:.1e}");
    if text.parse::<f64>().is_ok_and(|shown| shown <= bound) {
        return text;
    }
    let unit = 10f64.powf(bound.log10().floor() - 1.0);
    format!("{:.1e}", bound - unit)
}

/// A cost as people read it: with six decimals, or, where it is very large or small, with six digits.
fn cost(value: f64) -> String {
    match value {
        0.0 | 1e-3..1e9 => format!("{value:.6}"),
        _ => format!("{value:.6e}"),
    }
}

/// The `p`-th root of a cost, where that is another number than people see anyway.
fn root(regularizer: &Regularizer, cost: Wide) -> Option<Wide> {
    match regularizer {
        Regularizer::Lp(power) if *power > Rational::from_integer(2.into()) => {
            Some(cost.power(&power.recip()))
        }
        _ => None,
    }
}

/// What such roots are called beside their costs.
fn roots_words(before: &str, after: &str) -> String {
    format!(" (p-th roots: {before} to {after})")
}

/// The same of costs before and after.
fn roots_of(regularizer: &Regularizer, costs: [f64; 2]) -> Option<String> {
    let [before, after] = costs.map(|cost| root(regularizer, Wide::from_f64(cost)));
    Some(roots_words(&before?.to_string(), &after?.to_string()))
}

/// The same for an upper bound, rounded up.
fn up(bound: f64) -> String {
    let text = format!("{bound:.1e}");
    if text.parse::<f64>().is_ok_and(|shown| shown >= bound) {
        return text;
    }
    let unit = 10f64.powf(bound.log10().floor() - 1.0);
    format!("{:.1e}", bound + unit)
}

/// `1 synapse`, `2 synapses`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
