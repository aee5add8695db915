//! What is to be said of a model of tensors before any balancing, read where it lies.

use serde_json::{Map, Value, json};
use std::fmt::Write;

use super::{Report, count, list};
use crate::formats::energy::{EnergyFile, NamedProblem};
use crate::network::Regularizer;
use crate::solve::blocks;
use crate::solve::energy::EnergyProof;

/// Units named in the text.
const SHOWN: usize = 12;

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

/// Units, synapses, manifold, existence with its witness, and the deficit by unit. Every multiplier is joined to units that cannot
/// be scaled, so that the dimension is the number of multipliers.
pub fn explain_tensors(model: &Tensors) -> Report {
    let largest = model.sides.iter().map(deficit);
    let largest = largest.fold(0.0, f64::max);
    Report {
        text: text(model, largest),
        json: fields(model, largest),
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

fn text(model: &Tensors, largest: f64) -> String {
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
        let _ = writeln!(out, "          fixed at 1: {}", list(model.pinned, SHOWN));
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
    let _ = writeln!(
        out,
        "          {:<8}  {:<12} {:<12} deficit",
        "unit", "input cost", "output cost"
    );
    for (name, sides) in rows.iter().take(SHOWN) {
        let (input, output) = sides;
        let _ = writeln!(
            out,
            "          {name:<8}  {input:<12.6} {output:<12.6} {:.6}",
            deficit(sides)
        );
    }
    if rows.len() > SHOWN {
        let _ = writeln!(
            out,
            "          ... and {} more; --json prints all",
            rows.len() - SHOWN
        );
    }
    text
}
