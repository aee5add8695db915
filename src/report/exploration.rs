//! What the interactive page is told, as JSON: networks on their way to balance, orders, the optimum, ranges of layers.

use num_traits::Signed;
use serde_json::{Value, json};

use super::{Basis, explain, wide};
use crate::formats::write_network;
use crate::kernel::Problem;
use crate::network::{Network, Regularizer, UnitIndex};
use crate::numbers::{Rational, Wide, rational_to_f64};
use crate::solve::walk::{Orders, fixed_cost, price};
use crate::solve::{Balance, ExistenceClaim, ExistenceError, Walk, WalkStep};

/// The network as it stands: units, weights, costs, deficits, multipliers, and the basis of its manifold.
///
/// # Errors
/// Existence that could not be decided.
pub fn walk_state(walk: &Walk, regularizer: &Regularizer) -> Result<Value, ExistenceError> {
    let network = walk.network();
    let explained = explain(network, regularizer, Basis::Wanted)?;
    let rows = explained.by_variable();
    let explained = explained.json();
    let (exact, cost) = price(&network.problem(regularizer));
    let variables = walk.multipliers().iter().enumerate().zip(rows);
    let variables = variables.map(|((variable, multiplier), row)| {
        let members = network.members(variable).iter();
        let mut row = row;
        row["units"] = members.map(|unit| id(network, *unit)).collect();
        row["by_now"] = multiplier.to_string().into();
        row
    });
    Ok(json!({
        "network": {"units": units(network), "synapses": synapses(network)},
        "variables": variables.collect::<Value>(),
        "cost": wide(cost),
        "cost_exact": exact.map(|cost| cost.to_string()),
        "deficit": explained["deficit"],
        "regularizer": explained["regularizer"],
        "manifold": explained["manifold"],
        "attained": explained["attained"],
        "vanishing": explained["vanishing"],
        "document": write_network(network),
    }))
}

fn id(network: &Network<Rational>, unit: UnitIndex) -> Value {
    network.unit(unit).id.clone().into()
}

fn units(network: &Network<Rational>) -> Value {
    let units = (0..network.units()).map(|index| {
        let unit = network.unit(index);
        json!({"id": unit.id, "variable": network.variable(index)})
    });
    units.collect()
}

fn synapses(network: &Network<Rational>) -> Value {
    let synapses = (0..network.synapses()).map(|synapse| {
        let (from, to) = network.endpoints(synapse);
        let weight = network.weight(synapse);
        json!({
            "from": id(network, from), "to": id(network, to),
            "weight": weight.to_string(), "number": signed(weight),
            "is_scaled": network.is_scaled(synapse),
        })
    });
    synapses.collect()
}

/// A weight as a number; beyond the range of `f64` its decimal text.
fn signed(weight: &Rational) -> Value {
    match wide(Wide::from(weight)) {
        Value::String(text) if weight.is_negative() => format!("-{text}").into(),
        Value::String(text) => text.into(),
        _ => rational_to_f64(weight).into(),
    }
}

/// What one step did.
pub fn walk_step(step: &WalkStep) -> Value {
    json!({
        "variable": step.variable,
        "multiplier": super::explain::multiplier_json(&step.balance.multiplier),
        "is_exact": step.is_exact,
    })
}

/// Points of a curve that are told.
const POINTS: usize = 300;

/// Runs in random orders: the regularizer step by step, of many steps at some, where they ended, and how far their ends
/// are apart.
pub fn orders_report(problem: &Problem, regularizer: &Regularizer, orders: &Orders) -> Value {
    let (_, before) = price(problem);
    let fixed = fixed_cost(problem);
    let root = regularizer.variable_power().recip();
    let runs = orders.runs.iter().map(|(trace, end)| {
        let after = trace.iter().map(|step| step.regularizer + fixed);
        let costs = std::iter::once(before).chain(after);
        let every = (trace.len() / POINTS).max(1);
        let points = costs.enumerate();
        let points = points.filter(|(step, _)| step % every == 0 || *step == trace.len());
        let points = points.map(|(step, cost)| json!([step, wide(cost)]));
        let multipliers = end.multipliers.iter().map(|mu| wide(mu.power(&root)));
        json!({
            "steps": trace.len(),
            "costs": points.collect::<Value>(),
            "deficit": end.deficit,
            "multipliers": multipliers.collect::<Value>(),
        })
    });
    json!({"runs": runs.collect::<Value>(), "difference": orders.difference})
}

/// What the direct method found, and what of it is proved.
pub fn optimum_report(found: &Balance, problem: &Problem) -> Value {
    let proved = found.proved_about(problem);
    let existence = proved.map(|proved| matches!(proved.existence, ExistenceClaim::Attained(_)));
    let bounds = found.bounds();
    let bounds = bounds.map(|bounds| {
        let ends = bounds.lower.iter().zip(&bounds.upper);
        let ends = ends.map(|(lower, upper)| json!([lower.to_string(), upper.to_string()]));
        ends.collect::<Value>()
    });
    json!({
        "is_attained": existence,
        "cost": found.regularizer_after.map(wide),
        "deficit": found.solution.as_ref().map(|solution| solution.deficit),
        "multipliers": found.multipliers().into_iter().map(wide).collect::<Value>(),
        "cost_multipliers_within": bounds,
    })
}

/// A layer: its name, and by channel the largest magnitude of a weight before and after, infinite beyond the range of
/// `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Channels {
    /// The tensor.
    pub name: String,
    /// By channel, the largest magnitude before.
    pub before: Vec<f64>,
    /// The same after; empty where there is no after.
    pub after: Vec<f64>,
}

/// Channels told one by one, evenly chosen of those in the order of size.
const TOLD: usize = 128;

/// The ranges of layers; of many channels some are told, in the order of their magnitudes.
pub fn ranges_report(layers: &[Channels]) -> Value {
    let layers = layers.iter().map(|layer| {
        json!({
            "name": layer.name,
            "channels": layer.before.len(),
            "before": told(&layer.before),
            "after": told(&layer.after),
            "spread_before": spread(&layer.before),
            "spread_after": spread(&layer.after),
        })
    });
    layers.collect()
}

/// In JSON what is beyond the range of `f64` is null.
fn told(largest: &[f64]) -> Vec<f64> {
    let mut sorted = largest.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0..=TOLD => sorted,
        length => (0..TOLD)
            .map(|place| sorted[place * (length - 1) / (TOLD - 1)])
            .collect(),
    }
}

/// The largest over the smallest magnitude that is not 0; nothing for a layer of zeros, and beyond the range of `f64`.
fn spread(largest: &[f64]) -> Option<f64> {
    let there = || largest.iter().copied().filter(|value| *value > 0.0);
    let (low, high) = (there().reduce(f64::min)?, there().reduce(f64::max)?);
    Some(high / low).filter(|spread| spread.is_finite())
}

/// A magnitude, infinite beyond the range of `f64`.
fn size(value: Wide) -> f64 {
    match value.to_f64() {
        0.0 if !value.is_zero() => f64::INFINITY,
        size => size,
    }
}

/// By unit of a perceptron or a network in layers, the largest magnitude of a weight into it: one layer for each group.
pub fn network_ranges(
    network: &Network<Rational>,
    groups: &[(String, Vec<UnitIndex>)],
    multipliers: Option<&[f64]>,
) -> Vec<Channels> {
    let mut before = vec![0.0f64; network.units()];
    let mut after = vec![0.0f64; network.units()];
    let at = |unit: UnitIndex| multipliers.map_or(1.0, |multipliers| multipliers[unit]);
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let weight = Wide::from(network.weight(synapse));
        before[to] = before[to].max(size(weight));
        let factors = [at(to), at(from)];
        let scaled = match factors.iter().all(|factor| factor.is_normal()) {
            true => size(weight * Wide::from_f64(factors[0]) / Wide::from_f64(factors[1])),
            // The multiplier itself is beyond the range.
            false => f64::INFINITY,
        };
        after[to] = after[to].max(scaled);
    }
    let of = |values: &[f64], units: &[UnitIndex]| units.iter().map(|unit| values[*unit]).collect();
    let layers = groups.iter().map(|(name, units)| Channels {
        name: name.clone(),
        before: of(&before, units),
        after: multipliers.map_or(Vec::new(), |_| of(&after, units)),
    });
    layers.collect()
}
