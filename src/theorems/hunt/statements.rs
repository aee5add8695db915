//! The statements hunted: whether each holds of one network, decided exactly wherever that is possible.

use num_traits::{One, Signed, Zero};

use super::super::Failure;
use super::super::local_to_global::{
    Pair, covered_by_visible_walks, ends, on_no_cycle, rows, walks, walks_decide,
};
use super::super::support::{CostGraph, integer, rank, ratio};
use crate::kernel::check;
use crate::network::{BalanceError, Manifold, Network, Regularizer, UnitKind};
use crate::numbers::{Rational, rational_to_f64};
use crate::solve::{
    Cyclic, Existence, Given, Schedule, StochasticOptions, balance_stochastic,
    existence_by_components,
};

/// `None` where the statement says nothing about the network.
type Outcome = Result<Option<bool>, Failure>;

/// A statement about a network, as printed or with a hypothesis dropped.
#[derive(Debug)]
pub struct Hunted {
    /// The statement.
    pub statement: &'static str,
    /// Is it about the architecture alone? Then it is tried on every choice of synapses, not of weights.
    pub about_architecture: bool,
    /// The hypothesis dropped; empty if it is as printed, or as it holds.
    pub dropped: &'static str,
    /// The entry that it belongs to.
    pub about: &'static str,
    /// The entry that explains why it fails; `None` if it must not.
    pub explained_by: Option<&'static str>,
    /// Decides it for one network.
    pub test: fn(&Network<Rational>) -> Outcome,
}

/// What is hunted.
pub static STATEMENTS: &[Hunted] = &[
    Hunted {
        statement: "every hidden unit with a non-zero synapse to or from another has one optimal multiplier",
        about_architecture: false,
        dropped: "A, B > 0",
        about: "thm-3.1-lp",
        explained_by: Some("E6"),
        test: every_unit_has_a_multiplier,
    },
    Hunted {
        statement: "counting a self-connection in both sums gives the optimal multiplier",
        about_architecture: false,
        dropped: "",
        about: "recurrent",
        explained_by: Some("E4"),
        test: self_connections_counted,
    },
    Hunted {
        statement: "balancing two directly connected units does not commute",
        about_architecture: false,
        dropped: "",
        about: "noncommutativity",
        explained_by: Some("E8"),
        test: |network| {
            Ok(pair(network)
                .filter(|found| found.joined)
                .map(|found| !found.commutes))
        },
    },
    Hunted {
        statement: "balancing two units commutes exactly if they are not joined, balanced, or joined to each other alone",
        about_architecture: false,
        dropped: "",
        about: "noncommutativity",
        explained_by: None,
        test: |network| Ok(pair(network).map(|found| found.commutes == found.predicted())),
    },
    Hunted {
        statement: "sums along paths and cycles decide self-consistency",
        about_architecture: true,
        dropped: "every synapse on a walk between visible units",
        about: "prop-5.4",
        explained_by: Some("E7"),
        test: |network| Ok(Some(walks_decide(network))),
    },
    Hunted {
        statement: "sums along paths and cycles decide self-consistency",
        about_architecture: true,
        dropped: "",
        about: "prop-5.4",
        explained_by: None,
        test: |network| Ok(covered(network).then(|| walks_decide(network))),
    },
    Hunted {
        statement: "the dimension of the manifold is the number of hidden units",
        about_architecture: true,
        dropped: "each connected to a visible one",
        about: "manifold-dimension",
        explained_by: Some("manifold-dimension"),
        test: |network| {
            Ok(Some(
                Manifold::of(network).dimension() == network.variables(),
            ))
        },
    },
    Hunted {
        statement: "the constraints have a basis of directed cycles",
        about_architecture: true,
        dropped: "every synapse on a directed cycle",
        about: "manifold-dimension",
        explained_by: Some("manifold-dimension"),
        test: |network| {
            Ok(Some({
                Manifold::of(network)
                    .constraints()
                    .iter()
                    .all(|c| c.directed)
            }))
        },
    },
    Hunted {
        statement: "input-output paths that cover every unit give all constraints",
        about_architecture: true,
        dropped: "",
        about: "manifold-dimension",
        explained_by: Some("E5"),
        test: covering_paths,
    },
    Hunted {
        statement: "the minimum is attained",
        about_architecture: false,
        dropped: "non-zero synapses on directed cycles",
        about: "thm-5.1",
        explained_by: Some("E6"),
        test: |network| Ok(Some(existence(network)?.is_attained())),
    },
    Hunted {
        statement: "the minimum is attained if A, B > 0 at every hidden unit",
        about_architecture: false,
        dropped: "non-zero synapses on directed cycles",
        about: "thm-5.1",
        explained_by: Some("E6"),
        test: attained_if_steps_are_defined,
    },
    Hunted {
        statement: "exactly one of circulation and direction exists, as the cycles say",
        about_architecture: false,
        dropped: "",
        about: "existence",
        explained_by: None,
        test: |network| {
            Ok(Some(
                existence(network)?.vanishing() == on_no_cycle(network),
            ))
        },
    },
    Hunted {
        statement: "in the limit no output changes, from any initial state",
        about_architecture: false,
        dropped: "initial state 0",
        about: "existence",
        explained_by: Some("existence"),
        test: |network| outputs_in_the_limit(network, integer(1)),
    },
    Hunted {
        statement: "in the limit no output changes, from initial state 0",
        about_architecture: false,
        dropped: "",
        about: "existence",
        explained_by: None,
        test: |network| outputs_in_the_limit(network, integer(0)),
    },
    Hunted {
        statement: "the balanced Λ is unique where the minimum is attained",
        about_architecture: false,
        dropped: "components joined to a visible unit",
        about: "thm-5.1",
        explained_by: Some("E6"),
        test: |network| {
            Ok(existence(network)?
                .is_attained()
                .then(|| CostGraph::of(network).is_grounded()))
        },
    },
    Hunted {
        statement: "the balanced L is unique on every synapse where the minimum is attained",
        about_architecture: false,
        dropped: "non-zero synapses only",
        about: "thm-5.1",
        explained_by: Some("E6"),
        test: unique_logarithms,
    },
    Hunted {
        statement: "two opposite orders reach the same weights where the minimum is attained (they agree to 1e-9)",
        about_architecture: false,
        dropped: "",
        about: "thm-5.1",
        explained_by: None,
        test: two_orders_agree,
    },
    Hunted {
        statement: "A <= B everywhere implies μ <= μ*",
        about_architecture: false,
        dropped: "units joined to the ground",
        about: "comparison-principle",
        explained_by: Some("comparison-principle"),
        test: |network| comparison(network, false),
    },
    Hunted {
        statement: "A <= B everywhere implies μ <= μ*",
        about_architecture: false,
        dropped: "",
        about: "comparison-principle",
        explained_by: None,
        test: |network| comparison(network, true),
    },
];

fn existence(network: &Network<Rational>) -> Result<Existence, Failure> {
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

fn every_unit_has_a_multiplier(network: &Network<Rational>) -> Outcome {
    let found = network.balance_each(&Regularizer::l1());
    let alone = |outcome: &Result<_, BalanceError>| matches!(outcome, Err(BalanceError::NoCost(_)));
    Ok(Some(
        found
            .iter()
            .all(|outcome| outcome.is_ok() || alone(outcome)),
    ))
}

fn self_connections_counted(network: &Network<Rational>) -> Outcome {
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
fn covering_paths(network: &Network<Rational>) -> Outcome {
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

fn attained_if_steps_are_defined(network: &Network<Rational>) -> Outcome {
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

fn outputs_in_the_limit(network: &Network<Rational>, initial: Rational) -> Outcome {
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

fn unique_logarithms(network: &Network<Rational>) -> Outcome {
    if !existence(network)?.is_attained() {
        return Ok(None);
    }
    let component = network.problem(&Regularizer::l1()).floating();
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
fn two_orders_agree(network: &Network<Rational>) -> Outcome {
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
fn comparison(network: &Network<Rational>, grounded: bool) -> Outcome {
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
