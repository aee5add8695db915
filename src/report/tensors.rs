//! What is to be said of a model of tensors before any balancing, read where it lies.

use serde_json::{Map, Value, json};
use std::fmt::Write;

use super::deficits::{deficits, printed, units_shown};
use super::{Detail, Report, count, list};
use crate::formats::energy::{EnergyFile, NamedProblem};
use crate::network::Regularizer;
use crate::numbers::Wide;
use crate::solve::blocks;
use crate::solve::energy::EnergyProof;

/// A model of many weights.
#[derive(Debug, Clone, Copy)]
pub struct Tensors<'a> {
    /// Input, bias, hidden and output units.
    pub units: [usize; 4],
    /// Hidden units that cannot be scaled.
    pub pinned: &'a [String],
    /// Weights and biases, each a synapse.
    pub weights: usize,
    /// Can a basis of the constraints be asked for?
    pub has_basis: bool,
    /// The regularizer.
    pub regularizer: &'a Regularizer,
    /// The problem, with names.
    pub problem: &'a NamedProblem<'a>,
    /// What the kernel verified: that the minimum is attained.
    pub proof: &'a EnergyProof,
    /// Input and output cost of each variable.
    pub sides: &'a [(f64, f64)],
}

/// Units, synapses, manifold, existence with its witness, and the deficit by unit. Every multiplier is joined to units
/// that cannot be scaled, so that the dimension is the number of multipliers.
pub fn explain_tensors(model: &Tensors, detail: Detail) -> Report {
    let largest = model.sides.iter().map(deficit);
    let largest = largest.fold(0.0, f64::max);
    Report {
        text: match detail {
            Detail::Json => String::new(),
            detail => text(model, largest, detail),
        },
        json: match detail {
            Detail::Json => fields(model, largest),
            _ => json!({}),
        },
    }
}

fn deficit(sides: &(f64, f64)) -> f64 {
    blocks::deficit(sides.0, sides.1)
}

fn fields(model: &Tensors, largest: f64) -> Value {
    let [input, bias, hidden, output] = model.units;
    let dimension = model.sides.len();
    let units = model.problem.units.iter().zip(model.sides);
    let by_unit: Map<String, Value> = units
        .map(|((name, _), sides)| {
            let (input, output) = sides;
            let value =
                json!({"input_cost": input, "output_cost": output, "deficit": deficit(sides)});
            (name.clone(), value)
        })
        .collect();
    let witness = EnergyFile::new(model.problem, &model.proof.certificate, model.regularizer);
    json!({
        "units": {"input": input, "bias": bias, "hidden": hidden, "output": output, "variables": dimension, "pinned": model.pinned},
        "synapses": model.weights,
        "manifold": {"dimension": dimension, "constraints": model.weights - dimension, "basis_proved": null, "basis": null},
        "regularizer": model.regularizer.to_string(),
        "attained": true,
        "vanishing": [],
        "linear_program_agrees": null,
        "witness": serde_json::to_value(witness).unwrap_or_default(),
        "deficit": largest,
        "by_unit": by_unit,
    })
}

fn text(model: &Tensors, largest: f64, detail: Detail) -> String {
    let shown = units_shown(detail);
    let [input, bias, hidden, output] = model.units;
    let dimension = model.sides.len();
    let mut text = String::new();
    let out = &mut text;
    let _ = writeln!(
        out,
        "units     {input} input, {bias} bias, {hidden} hidden, {output} output; {}",
        count(model.weights, "synapse")
    );
    let _ = writeln!(
        out,
        "scaling   {}",
        count(dimension, "independent multiplier")
    );
    if !model.pinned.is_empty() {
        let _ = writeln!(
            out,
            "          fixed at 1: {}",
            list(&printed(model.pinned), shown)
        );
    }
    let _ = writeln!(
        out,
        "manifold  dimension {dimension} in a space of {}; {}, not listed{}",
        count(model.weights, "synapse"),
        count(model.weights - dimension, "independent constraint"),
        if model.has_basis { " (--basis)" } else { "" },
    );
    let _ = writeln!(
        out,
        "minimum   of {} attained: proved by an energy certificate",
        model.regularizer
    );
    let _ = writeln!(
        out,
        "deficit   {largest:.6} at most; by unit, largest first:"
    );
    let mut rows: Vec<(&str, &(f64, f64))> = model
        .problem
        .units
        .iter()
        .map(|(name, _)| name.as_str())
        .zip(model.sides)
        .collect();
    rows.sort_by(|a, b| deficit(b.1).total_cmp(&deficit(a.1)));
    let rows = rows.into_iter().map(|(name, sides)| {
        let deficit = format!("{:.6}", deficit(sides));
        let costs = [sides.0, sides.1].map(Wide::from_f64);
        (name.to_owned(), costs, deficit, String::new())
    });
    deficits(out, model.regularizer, rows.collect(), shown);
    text
}
