//! When the minimum is attained.

use num_traits::Zero;
use rand::RngExt;

use super::manifold::ends;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, many, signed, small};
use synaptic_balance_core::kernel::check as kernel;
use synaptic_balance_core::network::{
    Network, Regularizer, Shape, planted, random_acyclic, random_recurrent,
};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};
use synaptic_balance_core::solve::{
    DirectOptions, Existence, existence_by_components, existence_by_linear_program, solve_direct,
};

/// The synapses of non-zero weight that lie on no directed cycle of the coalesced graph, self-connections aside.
pub(in crate::theorems) fn on_no_cycle(network: &Network<Rational>) -> Vec<usize> {
    let active: Vec<usize> = (0..network.synapses())
        .filter(|e| !network.weight(*e).is_zero())
        .collect();
    let ends = ends(network);
    let reaches = |start: Option<usize>, goal: Option<usize>| {
        let mut reached = vec![start];
        let mut next = 0;
        while next < reached.len() {
            for synapse in &active {
                if ends[*synapse].0 == reached[next] && !reached.contains(&ends[*synapse].1) {
                    reached.push(ends[*synapse].1);
                }
            }
            next += 1;
        }
        reached.contains(&goal)
    };
    active
        .iter()
        .copied()
        .filter(|e| !reaches(ends[*e].1, ends[*e].0))
        .collect()
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let places = [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (1, 3), (2, 3)];
    let weights = [0, 1, 4].map(integer);
    let (mut networks, mut attained) = (0, 0);
    for code in 0..weights.len().pow(places.len() as u32) {
        let weight =
            |place: usize| weights[code / weights.len().pow(place as u32) % weights.len()].clone();
        let synapses: Vec<_> = places
            .iter()
            .enumerate()
            .map(|(place, (from, to))| (*from, *to, weight(place)))
            .collect();
        attained += usize::from(decide(ledger, &small(2, &synapses)?)?);
        networks += 1;
    }
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "all {networks} networks of two hidden units with weights 0, 1, 4, one self-connection: the kernel accepts a \
             circulation for {attained} and a direction for the others, exactly as cycles say"
        ),
    )?;
    let mut rng = generator(57);
    let mut attained = 0;
    for _ in 0..60 {
        let shape = Shape::new(1, rng.random_range(1..=6), 1);
        let network = random_recurrent(shape, 0.3, &mut rng);
        attained += usize::from(decide(ledger, &network)?);
        let problem = network.problem(&Regularizer::l2());
        let (graph, program) = (
            existence_by_components(&problem)?,
            existence_by_linear_program(&problem)?,
        );
        ledger.equal(
            "vanishing by linear programs",
            &program.vanishing(),
            &graph.vanishing(),
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        format!("60 random recurrent networks of up to 6 hidden units ({attained} attained): cycles and linear programs agree, with witnesses verified exactly"),
    )?;
    limit(ledger)?;
    initial_states(ledger)
}

/// One network: witness, synapses that vanish, and that the other witness is refused.
fn decide(ledger: &mut Ledger, network: &Network<Rational>) -> Result<bool, Failure> {
    let problem = network.problem(&Regularizer::l2());
    let existence = existence_by_components(&problem)?;
    ledger.equal(
        "vanishing",
        &existence.vanishing(),
        &on_no_cycle(network).as_slice(),
    )?;
    ledger.equal(
        "cycles",
        &existence.is_attained(),
        &CostGraph::of(network).is_covered_by_cycles(),
    )?;
    match &existence {
        Existence::Attained(_) => {
            // Directions that would deny it, one for each unit.
            for variable in 0..network.variables() {
                let mut direction = vec![Rational::zero(); network.variables()];
                direction[variable] = integer(-1);
                let denied = kernel::not_attained(&problem, &direction);
                ledger.holds(denied.is_err(), || "both witnesses were accepted".into())?;
            }
        }
        Existence::NotAttained(_) => {
            let ones: Vec<Rational> = (0..network.synapses())
                .map(|e| {
                    if network.weight(e).is_zero() {
                        Rational::zero()
                    } else {
                        integer(1)
                    }
                })
                .collect();
            let flow = kernel::attained(&problem, &ones);
            ledger.holds(flow.is_err(), || "both witnesses were accepted".into())?;
        }
    }
    Ok(existence.is_attained())
}

/// In the limit: planted weights, and the same outputs.
fn limit(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(58);
    for _ in 0..20 {
        let planted = planted(Shape::new(2, 4, 2), false, true, &mut rng);
        let problem = planted.network.problem(&Regularizer::l1());
        let existence = existence_by_components(&problem)?;
        ledger.equal(
            "vanishing",
            &existence.vanishing(),
            &planted.vanishing.as_slice(),
        )?;
        let reduced = problem.without(existence.vanishing());
        let solution = solve_direct(&reduced, &DirectOptions::default(), &mut |_| {})?;
        for (synapse, balanced) in planted
            .balanced
            .iter()
            .enumerate()
            .filter(|(_, weight)| !weight.is_zero())
        {
            let (from, to) = planted.network.endpoints(synapse);
            let at = |unit| {
                planted
                    .network
                    .variable(unit)
                    .map_or(1.0, |v: usize| solution.multipliers[v].to_f64())
            };
            let found = rational_to_f64(planted.network.weight(synapse)) * at(to) / at(from);
            ledger.agree("limit", found, rational_to_f64(balanced))?;
        }
    }
    let mut vanished = 0;
    for _ in 0..60 {
        let network = random_acyclic(Shape::new(1, 5, 1), 0.3, &mut rng);
        let vanishing = on_no_cycle(&network);
        vanished += vanishing.len();
        let cut = without(&network, &vanishing);
        let inputs = many(1, || signed(&mut rng));
        ledger.equal(
            "outputs in the limit",
            &cut.evaluate(&inputs)?,
            &network.evaluate(&inputs)?,
        )?;
    }
    for _ in 0..30 {
        let network = random_recurrent(Shape::new(1, 4, 1), 0.25, &mut rng);
        let cut = without(&network, &on_no_cycle(&network));
        let (inputs, zero) = (
            many(4, || many(1, || signed(&mut rng))),
            vec![Rational::zero(); network.units()],
        );
        let plain = network.evaluate_over_time(&inputs, &zero)?;
        ledger.equal(
            "outputs in the limit",
            &cut.evaluate_over_time(&inputs, &zero)?,
            &plain,
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "the limit: 20 planted networks with dead ends have their planted weights (they agree to 1e-9); removing the \
             {vanished} vanishing synapses of 60 random acyclic networks, and those of 30 recurrent ones run from state 0, \
             changes no output, exactly"
        ),
    )
}

fn without(network: &Network<Rational>, vanishing: &[usize]) -> Network<Rational> {
    let mut weights = network.weights();
    vanishing
        .iter()
        .for_each(|synapse| weights[*synapse] = Rational::zero());
    network.with_weights(weights)
}

/// A unit that nothing feeds, with a self-connection of 1 and initial value 1, read by the output.
fn initial_states(ledger: &mut Ledger) -> Result<(), Failure> {
    let network = small(1, &[(1, 1, integer(1)), (1, 2, integer(1))])?;
    let vanishing = on_no_cycle(&network);
    ledger.equal("vanishing", &vanishing, &vec![1])?;
    let initial = [0, 1, 0].map(integer);
    let inputs = vec![vec![integer(0)]; 2];
    let plain = network.evaluate_over_time(&inputs, &initial)?;
    let cut = without(&network, &vanishing).evaluate_over_time(&inputs, &initial)?;
    ledger.equal("outputs", &plain, &vec![vec![integer(1)]; 2])?;
    ledger.equal("outputs in the limit", &cut, &vec![vec![integer(0)]; 2])?;
    ledger.record(
        Kind::ExactCounterexample,
        "from other initial states outputs can change: a -> a and a -> y with weights 1 and a = 1 at the start give 1, 1; \
         in the limit a -> y is 0, and so are the outputs",
    )
}
