//! The statements hunted: whether each holds of one network, decided exactly wherever that is possible.

use num_traits::{One, Signed, Zero};

use super::super::Failure;
use super::super::local_to_global::{
    Pair, covered_by_visible_walks, ends, on_no_cycle, rows, walks, walks_decide,
};
use super::super::support::{CostGraph, integer, rank, ratio};
use super::hunted::{Domain, Held, Hunted};
use synaptic_balance_core::kernel::{Surveyed, check};
use synaptic_balance_core::network::{BalanceError, Manifold, Network, Regularizer, UnitKind};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};
use synaptic_balance_core::solve::{
    Cyclic, Existence, Given, Schedule, StochasticOptions, balance_stochastic,
    existence_by_components,
};

/// Section 5.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::without(
        "thm-3.1-lp",
        "every hidden unit with a non-zero synapse to or from another has one optimal multiplier",
        "A, B > 0",
        "E6",
        every_unit_has_a_multiplier,
    ),
    Hunted::printed(
        "recurrent",
        "counting a self-connection in both sums gives the optimal multiplier",
        "E4",
        self_connections_counted,
    ),
    Hunted::printed(
        "noncommutativity",
        "balancing two directly connected units does not commute",
        "E8",
        |network| {
            Ok(pair(network)
                .filter(|found| found.joined)
                .map(|found| !found.commutes))
        },
    ),
    Hunted::holds(
        "noncommutativity",
        "balancing two units commutes exactly if they are not joined, balanced, or joined to each other alone",
        |network| Ok(pair(network).map(|found| found.commutes == found.predicted())),
    ),
    Hunted::without(
        "prop-5.4",
        "sums along paths and cycles decide self-consistency",
        "every synapse on a walk between visible units",
        "E7",
        |network| Ok(Some(walks_decide(network))),
    )
    .over(Domain::Architectures),
    Hunted::holds(
        "prop-5.4",
        "sums along paths and cycles decide self-consistency",
        |network| Ok(covered(network).then(|| walks_decide(network))),
    )
    .over(Domain::Architectures),
    Hunted::without(
        "manifold-dimension",
        "the dimension of the manifold is the number of hidden units",
        "each connected to a visible one",
        "manifold-dimension",
        |network| {
            Ok(Some(
                Manifold::of(network).dimension() == network.variables(),
            ))
        },
    )
    .over(Domain::Architectures),
    Hunted::without(
        "manifold-dimension",
        "the constraints have a basis of directed cycles",
        "every synapse on a directed cycle",
        "manifold-dimension",
        |network| {
            Ok(Some({
                Manifold::of(network)
                    .constraints()
                    .iter()
                    .all(|c| c.directed)
            }))
        },
    )
    .over(Domain::Architectures),
    Hunted::printed(
        "manifold-dimension",
        "input-output paths that cover every unit give all constraints",
        "E5",
        covering_paths,
    )
    .over(Domain::Architectures),
    Hunted::without(
        "thm-5.1",
        "the minimum is attained",
        "non-zero synapses on directed cycles",
        "E6",
        |network| Ok(Some(existence(network)?.is_attained())),
    ),
    Hunted::without(
        "thm-5.1",
        "the minimum is attained if A, B > 0 at every hidden unit",
        "non-zero synapses on directed cycles",
        "E6",
        attained_if_steps_are_defined,
    ),
    Hunted::holds(
        "existence",
        "exactly one of circulation and direction exists, as the cycles say",
        |network| {
            Ok(Some(
                existence(network)?.vanishing() == on_no_cycle(network),
            ))
        },
    ),
    Hunted::without(
        "existence",
        "in the limit no output changes, from any initial state",
        "initial state 0",
        "existence",
        |network| outputs_in_the_limit(network, integer(1)),
    ),
    Hunted::holds(
        "existence",
        "in the limit no output changes, from initial state 0",
        |network| outputs_in_the_limit(network, integer(0)),
    ),
    Hunted::without(
        "thm-5.1",
        "the balanced Λ is unique where the minimum is attained",
        "components joined to a visible unit",
        "E6",
        |network| {
            Ok(existence(network)?
                .is_attained()
                .then(|| CostGraph::of(network).is_grounded()))
        },
    ),
    Hunted::without(
        "thm-5.1",
        "the balanced L is unique on every synapse where the minimum is attained",
        "non-zero synapses only",
        "E6",
        unique_logarithms,
    ),
    Hunted::holds(
        "thm-5.1",
        "two opposite orders reach the same weights where the minimum is attained (they agree to 1e-9)",
        two_orders_agree,
    ),
    Hunted::without(
        "comparison-principle",
        "A <= B everywhere implies μ <= μ*",
        "units joined to the ground",
        "comparison-principle",
        |network| comparison(network, false),
    ),
    Hunted::holds(
        "comparison-principle",
        "A <= B everywhere implies μ <= μ*",
        |network| comparison(network, true),
    ),
];

pub(super) fn existence(network: &Network<Rational>) -> Result<Existence, Failure> {
    Ok(existence_by_components(
        &network.problem(&Regularizer::l1()),
    )?)
}

fn covered(network: &Network<Rational>) -> bool {
    covered_by_visible_walks(&ends(network), network.variables())
}

fn pair(network: &Network<Rational>) -> Option<super::super::local_to_global::CommutingPair> {
    (network.variables() >= 2)
        .then(|| Pair::of(&CostGraph::of(network), 0, 1).decide())
        .flatten()
}

fn every_unit_has_a_multiplier(network: &Network<Rational>) -> Held {
    let found = network.balance_each(&Regularizer::l1());
    let alone = |outcome: &Result<_, BalanceError>| matches!(outcome, Err(BalanceError::NoCost(_)));
    Ok(Some(
        found
            .iter()
            .all(|outcome| outcome.is_ok() || alone(outcome)),
    ))
}

fn self_connections_counted(network: &Network<Rational>) -> Held {
    let graph = CostGraph::of(network);
    let ones = vec![Rational::one(); graph.nodes];
    let mut applies = false;
    let mut holds = true;
    for unit in network.units_of(UnitKind::Hidden) {
        let own = network
            .find_synapse(unit, unit)
            .map(|synapse| network.weight(synapse).abs());
        let (Some(own), Some(node)) = (own.filter(|own| !own.is_zero()), network.variable(unit))
        else {
            continue;
        };
        if let Some(square) = graph.step_squared(node, &ones) {
            let (input, output) = graph.sides(node, &ones);
            applies = true;
            holds &= square == (output + &own) / (input + own);
        }
    }
    Ok(applies.then_some(holds))
}

/// The first path through each unit that earlier ones miss; the statement says nothing if a unit lies on none.
fn covering_paths(network: &Network<Rational>) -> Held {
    if !covered(network) {
        return Ok(None);
    }
    let ends = ends(network);
    let mut missing: Vec<usize> = (0..network.variables()).collect();
    let mut chosen = Vec::new();
    for path in walks(network)
        .into_iter()
        .filter(|path| path.first().is_some_and(|e| ends[*e].0.is_none()))
    {
        let before = missing.len();
        missing.retain(|unit| path.iter().all(|e| ends[*e].1 != Some(*unit)));
        if missing.len() < before {
            chosen.push(path);
        }
    }
    let needed = network.synapses() - Manifold::of(network).dimension();
    Ok(missing
        .is_empty()
        .then(|| rank(rows(network.synapses(), &chosen)) == needed))
}

fn attained_if_steps_are_defined(network: &Network<Rational>) -> Held {
    let defined = network
        .balance_each(&Regularizer::l1())
        .iter()
        .all(Result::is_ok);
    Ok(if defined {
        Some(existence(network)?.is_attained())
    } else {
        None
    })
}

fn outputs_in_the_limit(network: &Network<Rational>, initial: Rational) -> Held {
    let vanishing = on_no_cycle(network);
    let mut weights = network.weights();
    vanishing
        .iter()
        .for_each(|synapse| weights[*synapse] = Rational::zero());
    let cut = network.with_weights(weights);
    let inputs = vec![vec![integer(1); network.units_of(UnitKind::Input).len()]; 4];
    let state = vec![initial; network.units()];
    Ok(Some(
        cut.evaluate_over_time(&inputs, &state)? == network.evaluate_over_time(&inputs, &state)?,
    ))
}

fn unique_logarithms(network: &Network<Rational>) -> Held {
    if !existence(network)?.is_attained() {
        return Ok(None);
    }
    let component = network.problem(&Regularizer::l1()).floating()?;
    let of = |unit| {
        network
            .variable(unit)
            .and_then(|variable: usize| component[variable])
    };
    Ok(Some((0..network.synapses()).all(|synapse| {
        let (from, to) = network.endpoints(synapse);
        of(from) == of(to)
    })))
}

/// Tried where the multipliers of weights come out of a loop in few steps: up to two hidden units, and random ones.
fn two_orders_agree(network: &Network<Rational>) -> Held {
    let random = !network.units_of(UnitKind::Bias).is_empty();
    if (network.variables() > 2 && !random) || !existence(network)?.is_attained() {
        return Ok(None);
    }
    let problem = network.problem(&Regularizer::l1());
    let options = StochasticOptions {
        tolerance: 1e-13,
        ..StochasticOptions::default()
    };
    let backwards = (0..network.variables()).rev().collect();
    let orders: [Box<dyn Schedule>; 2] =
        [Box::new(Cyclic::default()), Box::new(Given::new(backwards))];
    let mut found = Vec::new();
    for mut schedule in orders {
        let run = balance_stochastic(&problem, &mut *schedule, &options, &mut |_| {})?;
        let multipliers: Vec<f64> = run
            .solution
            .multipliers
            .iter()
            .map(|mu| mu.to_f64())
            .collect();
        let at = |unit| {
            network
                .variable(unit)
                .map_or(1.0, |v: usize| multipliers[v])
        };
        let weights = (0..network.synapses()).map(|synapse| {
            let (from, to) = network.endpoints(synapse);
            rational_to_f64(network.weight(synapse)) * at(to) / at(from)
        });
        found.push(weights.collect::<Vec<f64>>());
    }
    let close =
        |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-9 * one.abs().max(other.abs());
    Ok(Some(found[0].iter().zip(&found[1]).all(close)))
}

/// On networks that are balanced as they are, so that `μ* = 1`, at all points with entries 1/2, 1, 2.
fn comparison(network: &Network<Rational>, grounded: bool) -> Held {
    let graph = CostGraph::of(network);
    let ones = vec![Rational::one(); graph.nodes];
    let balanced = check::balanced(&network.problem(&Regularizer::l1()), &ones).is_ok();
    if !balanced || graph.nodes > 3 || (grounded && !graph.is_grounded()) {
        return Ok(None);
    }
    let entries = [ratio(1, 2), integer(1), integer(2)];
    for code in 0..entries.len().pow(graph.nodes as u32) {
        let entry =
            |place: usize| entries[code / entries.len().pow(place as u32) % entries.len()].clone();
        let point: Vec<Rational> = (0..graph.nodes).map(entry).collect();
        let premise = (0..graph.nodes).all(|node| {
            let (input, output) = graph.sides(node, &point);
            input <= output
        });
        if premise && point.iter().any(|entry| *entry > Rational::one()) {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}
