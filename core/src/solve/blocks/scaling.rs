//! The scaling that is nearest to a change of weights, nearly: for blocks of floats.

use super::{Blocks, CostSums, Edge};
use crate::numbers::is_power_of_two;

/// Sweeps in which each multiplier is put in the middle of what its synapses ask for.
const SWEEPS: usize = 12;

/// Multipliers `Λ` by which weights became others, and the largest relative deviation from them, with the rounding of
/// this computation; `None` where a weight is 0 or of another sign on one side only, or where no scaling is near.
///
/// `before` and `after` are the same blocks with power 1, so that costs are magnitudes; signs are not looked at. Where
/// all multipliers are powers of two and the deviation is 0, the one is exactly the other scaled: such products are not
/// rounded.
pub fn scaling_between(before: &Blocks, after: &Blocks) -> Option<(Vec<f64>, f64)> {
    let units = before.shape().units();
    let (old, new) = (before.edges(), after.edges());
    if old.len() != new.len() {
        return None;
    }
    let mut ratios: Vec<Edge> = Vec::with_capacity(old.len());
    for (old, new) in old.iter().zip(&new) {
        match (old.cost == 0.0, new.cost == 0.0) {
            (true, true) => {}
            (false, false) if (new.cost / old.cost).is_normal() => ratios.push(Edge {
                cost: new.cost / old.cost,
                ..*old
            }),
            _ => return None,
        }
    }
    let mut multipliers = from_the_ground(units, &ratios);
    if deviation(&multipliers, &ratios) > 0.0 {
        settle(&mut multipliers, &ratios);
    }
    let deviation = deviation(&multipliers, &ratios);
    deviation.is_finite().then_some((multipliers, deviation))
}

/// Along a tree from what cannot be scaled; 1 for what is not joined to it.
fn from_the_ground(units: usize, ratios: &[Edge]) -> Vec<f64> {
    let mut multipliers = vec![0.0; units];
    multipliers.push(1.0);
    loop {
        let mut found = false;
        for edge in ratios {
            let (to, from) = (edge.to as usize, edge.from as usize);
            match (multipliers[to] > 0.0, multipliers[from] > 0.0) {
                (false, true) => multipliers[to] = edge.cost * multipliers[from],
                (true, false) => multipliers[from] = multipliers[to] / edge.cost,
                _ => continue,
            }
            found = true;
        }
        if found {
            continue;
        }
        match multipliers.iter().position(|value| *value == 0.0) {
            Some(root) => multipliers[root] = 1.0,
            None => break,
        }
    }
    multipliers.truncate(units);
    multipliers
}

/// Each multiplier in the middle between the least and the largest that a synapse asks for, again and again.
fn settle(multipliers: &mut [f64], ratios: &[Edge]) {
    let units = multipliers.len();
    for _ in 0..SWEEPS {
        let mut ends = vec![(f64::INFINITY, 0.0f64); units + 1];
        let mut ask = |unit: usize, value: f64| {
            let (low, high) = &mut ends[unit];
            (*low, *high) = (low.min(value), high.max(value));
        };
        let of = |unit: u32| multipliers.get(unit as usize).copied().unwrap_or(1.0);
        for edge in ratios {
            ask(edge.to as usize, edge.cost * of(edge.from));
            ask(edge.from as usize, of(edge.to) / edge.cost);
        }
        for (value, (low, high)) in multipliers.iter_mut().zip(&ends) {
            if *high > 0.0 {
                // Half of the way: neighbours move at the same time.
                *value = (*value * (low * high).sqrt()).sqrt();
            }
        }
    }
}

/// The largest relative deviation, with what rounding can hide of it.
fn deviation(multipliers: &[f64], ratios: &[Edge]) -> f64 {
    let of = |unit: u32| multipliers.get(unit as usize).copied().unwrap_or(1.0);
    let mut largest = 0.0f64;
    for edge in ratios {
        let expected = of(edge.to) / of(edge.from);
        largest = largest.max((edge.cost / expected - 1.0).abs());
    }
    match largest == 0.0 && multipliers.iter().all(|value| is_power_of_two(*value)) {
        true => 0.0,
        // Four roundings.
        false => largest + 4.0 * f64::EPSILON,
    }
}
