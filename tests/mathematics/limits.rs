//! Limits of random networks: going to the limit never changes a function that the program says it keeps.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind, random_weight};
use synaptic_balance::numbers::{Rational, Scalar, parse_rational, rational_to_f64};
use synaptic_balance::solve::{
    Balance, BalanceFailure, Method, Options, Outcome, Restriction, balance,
};

/// Networks with a limit that are looked at where tests sample.
const NETWORKS: usize = 150;
const STEPS: usize = 5;
/// Of the sum of the magnitudes of everything that was added up: far above the rounding of a few hundred operations.
const ROUNDING: f64 = 1e-10;

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

/// What kinds of units a network has.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    BiLu,
    /// BiPU of degree 2 among them.
    Polynomial,
    /// Degree 1/2 among them; nothing negative, so that no difference makes a root inexact.
    Root,
    /// Degrees 0 and -1 among them: discontinuous at 0.
    Discontinuous,
}

const KINDS: [Kind; 8] = [
    Kind::BiLu,
    Kind::BiLu,
    Kind::BiLu,
    Kind::BiLu,
    Kind::Polynomial,
    Kind::Polynomial,
    Kind::Root,
    Kind::Discontinuous,
];

fn activation(kind: Kind, rng: &mut ChaCha8Rng) -> Activation<Rational> {
    let power = |degree: &str, below: &str| Activation::BiPu {
        degree: q(degree),
        above: q("1"),
        below: q(below),
    };
    match (kind, rng.random_range(0..3)) {
        (Kind::Polynomial, 0) => power("2", "-1/2"),
        (Kind::Root, 0) => power("1/2", "0"),
        (Kind::Discontinuous, 0) => power(["-1", "0"][rng.random_range(0..2)], "2"),
        _ => match rng.random_range(0..5) {
            0 => Activation::Linear,
            1 => Activation::Abs,
            2 => Activation::LeakyRelu(q("1/10")),
            3 => Activation::BiLu {
                below: q("-1/2"),
                above: q("2"),
            },
            _ => Activation::Relu,
        },
    }
}

/// Sparse, so that units are often dead or read by nothing; with self-connections and cycles if `recurrent`, with ties.
fn random_network(kind: Kind, recurrent: bool, rng: &mut ChaCha8Rng) -> Network<Rational> {
    let (inputs, hidden) = (rng.random_range(1..3usize), rng.random_range(2..7usize));
    let outputs = rng.random_range(1..3usize);
    let source = |index| Unit::new(format!("x{index}"), UnitKind::Input, Activation::Linear);
    let mut units: Vec<_> = (0..inputs).map(source).collect();
    units.push(Unit::new("one", UnitKind::Bias, Activation::Linear));
    let first = units.len();
    for index in 0..hidden {
        let activation = activation(kind, rng);
        units.push(Unit::new(format!("h{index}"), UnitKind::Hidden, activation));
    }
    for index in 0..outputs {
        units.push(Unit::new(
            format!("y{index}"),
            UnitKind::Output,
            activation(Kind::BiLu, rng),
        ));
    }
    let density = rng.random_range(0.2..0.6);
    let is_hidden = |unit: usize| (first..first + hidden).contains(&unit);
    let mut synapses = Vec::new();
    for from in 0..first + hidden {
        for to in first..units.len() {
            let allowed = from < to || recurrent && is_hidden(to);
            if !allowed || !rng.random_bool(density) {
                continue;
            }
            let weight = match (rng.random_bool(0.1), kind) {
                (true, _) => q("0"),
                (false, Kind::Root) => {
                    let weight = random_weight(rng);
                    &weight * Rational::from_integer(if weight < q("0") { -1 } else { 1 }.into())
                }
                _ => random_weight(rng),
            };
            synapses.push((from, to, weight));
        }
    }
    let ties = match rng.random_bool(0.3) {
        true => vec![vec![first, first + hidden - 1]],
        false => Vec::new(),
    };
    let tied = Network::new(units.clone(), synapses.clone(), ties);
    tied.or_else(|_| Network::new(units, synapses, Vec::new()))
        .unwrap()
}

/// The outputs, over time from state 0.
fn outputs<S: Scalar>(network: &Network<S>, inputs: &[Vec<S>]) -> Vec<Vec<S>> {
    let initial = vec![S::zero(); network.units()];
    network.evaluate_over_time(inputs, &initial).unwrap()
}

/// The magnitudes that add up to each output: every weight and slope by its magnitude, nothing cut off.
fn magnitudes(network: &Network<Rational>, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let units = (0..network.units()).map(|unit| {
        let unit = network.unit(unit);
        let slope = |one: &Rational, other: &Rational| {
            rational_to_f64(one).abs().max(rational_to_f64(other).abs())
        };
        let activation = match &unit.activation {
            Activation::BiPu {
                degree,
                above,
                below,
            } => Activation::BiPu {
                degree: degree.clone(),
                above: slope(above, below),
                below: 0.0,
            },
            Activation::BiLu { above, below } => Activation::BiLu {
                above: slope(above, below),
                below: 0.0,
            },
            _ => Activation::Linear,
        };
        Unit::new(unit.id.clone(), unit.kind, activation)
    });
    let synapses = (0..network.synapses()).map(|synapse| {
        let (from, to) = network.endpoints(synapse);
        (from, to, rational_to_f64(network.weight(synapse)).abs())
    });
    let absolute = Network::new(units.collect(), synapses.collect(), Vec::new()).unwrap();
    let inputs: Vec<Vec<f64>> = inputs
        .iter()
        .map(|step| step.iter().map(|value| value.abs()).collect())
        .collect();
    outputs(&absolute, &inputs)
}

fn random_options(kind: Kind, rng: &mut ChaCha8Rng) -> (Regularizer, Options) {
    let regularizer = ["l1", "l2", "lp:3", "lp:1/2", "mix:1*2+1/2*1"][rng.random_range(0..5)];
    let method = match rng.random_range(0..6) {
        0 => Method::Exact,
        1 => Method::Sweep,
        2 => Method::Stochastic,
        // Takes no other degrees, and no mixtures.
        3 if kind == Kind::BiLu && !regularizer.starts_with("mix") => Method::TwoLevel,
        _ => Method::Direct,
    };
    let restriction = match rng.random_range(0..8) {
        0 => Some(Restriction::PowersOfTwo),
        1 => Some(Restriction::Within(q("3"))),
        _ => None,
    };
    let options = Options {
        method,
        restriction,
        limit: true,
        seed: rng.random_range(0..1_000),
        max_passes: 20_000,
        ..Options::default()
    };
    (regularizer.parse().unwrap(), options)
}

/// What the program writes computes the same: without what vanishes exactly, and with the weights as written up to
/// rounding.
fn same_function(network: &Network<Rational>, result: &Balance, kind: Kind, rng: &mut ChaCha8Rng) {
    let count = network.units_of(UnitKind::Input).len();
    let mut value = || {
        let value = random_weight(rng);
        match kind {
            Kind::Root if value < q("0") => -value,
            _ => value,
        }
    };
    let inputs: Vec<Vec<Rational>> = (0..STEPS)
        .map(|_| (0..count).map(|_| value()).collect())
        .collect();
    let in_floats = |values: &Vec<Rational>| values.iter().map(rational_to_f64).collect();
    let floats: Vec<Vec<f64>> = inputs.iter().map(in_floats).collect();
    let expected = match kind {
        Kind::Root => outputs(&network.to_f64(), &floats),
        _ => {
            let before = outputs(network, &inputs);
            let mut weights = network.weights();
            for synapse in result.vanished() {
                weights[*synapse] = q("0");
            }
            let after = outputs(&network.with_weights(weights), &inputs);
            assert_eq!(before, after, "without what vanishes: {network:?}");
            before.iter().map(in_floats).collect()
        }
    };
    let Some(weights) = result.weights(network) else {
        panic!("no weights: {network:?}");
    };
    let Ok(weights) = weights else { return };
    let written = outputs(&network.to_f64().with_weights(weights), &floats);
    let sizes = magnitudes(network, &floats);
    let all = |values: Vec<Vec<f64>>| values.into_iter().flatten();
    for ((expected, found), size) in all(expected).zip(all(written)).zip(all(sizes)) {
        assert!(
            (expected - found).abs() <= ROUNDING * size,
            "{found} instead of {expected}, magnitudes {size}: {network:?}"
        );
    }
}

/// Checks: on random networks with limits (synapses on no cycle, dead parts, recurrence, self-connections, ties, units
/// of degree 2 and 1/2, five regularizers, all methods, restrictions) the outputs over five steps from state 0 are
/// exactly those without the synapses that vanish, and up to a bound of rounding those of the weights that are written.
/// With units that are discontinuous at 0 the limit is refused. Seed 1; 1,000 networks where tests run in full.
#[test]
fn limits_keep_the_function() {
    let wanted = if crate::in_full() { 1_000 } else { NETWORKS };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut limits, mut refused, mut exact) = (0, 0, 0);
    for round in 0.. {
        if limits >= wanted {
            break;
        }
        let kind = KINDS[round % KINDS.len()];
        let recurrent = rng.random_bool(0.5);
        let network = random_network(kind, recurrent, &mut rng);
        let (regularizer, options) = random_options(kind, &mut rng);
        match balance(&network, &regularizer, &options, &mut |_, _| {}) {
            Ok(result) => {
                limits += usize::from(result.outcome == Outcome::Limit);
                let problem = network.problem(&regularizer);
                let claim = result.proved_about(&problem).unwrap();
                // What is exact in the limit says that it is of the limit.
                if let Some(claim) = claim.exact {
                    assert_eq!(claim.vanishing, result.existence.vanishing());
                    exact += usize::from(!claim.vanishing.is_empty());
                }
                let is_continuous = (0..network.units()).all(|unit| {
                    let degree = network.unit(unit).activation.degree();
                    degree.is_none_or(|degree| degree > q("0"))
                });
                assert!(is_continuous || result.outcome == Outcome::Balanced);
                same_function(&network, &result, kind, &mut rng);
            }
            Err(BalanceFailure::DiscontinuousLimit(_)) => {
                assert!(kind == Kind::Discontinuous);
                refused += 1;
            }
            Err(failure) => panic!("round {round}: {failure}: {network:?}"),
        }
    }
    println!("{limits} limits, {refused} refused, {exact} exact");
    assert!(refused > 0 && exact > 0);
}
