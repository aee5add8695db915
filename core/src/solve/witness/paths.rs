//! Paths by which a change comes from a synapse to an output.

use num_traits::Zero;
use petgraph::Direction;
use std::collections::VecDeque;

use super::cells::Node;
use super::plan::Plan;
use crate::network::{Network, SynapseIndex, UnitIndex, UnitKind};
use crate::numbers::Rational;

/// Ways on from the target of a synapse that are tried.
const WAYS: usize = 4;

/// Units that all have to act so that a synapse does something to an output, at their time steps, with the number of
/// steps: the source of the synapse where that is computed, its target, and units on a way to an output. Shortest ways
/// first.
pub(super) fn through(
    network: &Network<Rational>,
    plan: &Plan,
    synapse: SynapseIndex,
) -> Vec<(usize, Vec<Node>)> {
    let (source, target) = network.endpoints(synapse);
    let after = distances(network, plan.outputs.iter().copied(), Direction::Incoming);
    let sources = (0..network.units()).filter(|unit| plan.is_source(network, *unit));
    let before = distances(network, sources, Direction::Outgoing);
    let Some(since) = before[source] else {
        return Vec::new();
    };
    let from_source = !plan.is_source(network, source);
    let mut ways = Vec::new();
    if network.unit(target).kind == UnitKind::Output {
        ways.push(vec![target]);
    }
    let mut next: Vec<UnitIndex> = neighbours(network, target, Direction::Outgoing)
        .filter(|unit| after[*unit].is_some())
        .collect();
    next.sort_by_key(|unit| after[*unit]);
    for first in next.into_iter().take(WAYS) {
        let (mut way, mut at) = (vec![target, first], first);
        while after[at] != Some(0) {
            let nearer = |unit: &UnitIndex| after[*unit] < after[at] && after[*unit].is_some();
            let Some(unit) = neighbours(network, at, Direction::Outgoing).find(nearer) else {
                break;
            };
            way.push(unit);
            at = unit;
        }
        ways.push(way);
    }
    // In a recurrent network each synapse from a computed unit takes a step, and time before helps units to act.
    let spare: &[usize] = if plan.recurrent { &[0, 1, 3] } else { &[0] };
    let timed = |extra: &usize, way: &Vec<UnitIndex>| {
        let start = match (plan.recurrent, from_source) {
            (false, _) => 0,
            (true, false) => *extra,
            (true, true) => since + extra,
        };
        let time = |place: usize| if plan.recurrent { start + place } else { 0 };
        let mut nodes: Vec<Node> = Vec::new();
        if from_source {
            nodes.push((time(0).saturating_sub(usize::from(plan.recurrent)), source));
        }
        nodes.extend(
            way.iter()
                .enumerate()
                .map(|(place, unit)| (time(place), *unit)),
        );
        (time(way.len() - 1) + 1, nodes)
    };
    let timed = spare
        .iter()
        .flat_map(|extra| ways.iter().map(move |way| timed(extra, way)));
    timed.collect()
}

/// Units joined to one by synapses that are not 0.
fn neighbours(
    network: &Network<Rational>,
    unit: UnitIndex,
    direction: Direction,
) -> impl Iterator<Item = UnitIndex> + '_ {
    let joined = network.synapses_of(unit, direction).into_iter();
    let joined = joined.filter(|synapse| !network.weight(*synapse).is_zero());
    joined.map(
        move |synapse| match (network.endpoints(synapse), direction) {
            ((from, _), Direction::Incoming) => from,
            ((_, to), Direction::Outgoing) => to,
        },
    )
}

/// The numbers of synapses on shortest ways from some units.
fn distances(
    network: &Network<Rational>,
    from: impl Iterator<Item = UnitIndex>,
    direction: Direction,
) -> Vec<Option<usize>> {
    let mut found = vec![None; network.units()];
    let mut queue: VecDeque<UnitIndex> = VecDeque::new();
    for unit in from {
        found[unit] = Some(0);
        queue.push_back(unit);
    }
    while let Some(unit) = queue.pop_front() {
        let next = found[unit].map(|distance: usize| distance + 1);
        for neighbour in neighbours(network, unit, direction) {
            if found[neighbour].is_none() {
                found[neighbour] = next;
                queue.push_back(neighbour);
            }
        }
    }
    found
}
