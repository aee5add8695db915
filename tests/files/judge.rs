//! The oracle: results of other implementations, right and wrong, are judged rightly.

use num_traits::Zero;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{
    Activation, Network, Regularizer, Shape, layered, random_acyclic, random_recurrent,
};
use synaptic_balance::numbers::{Rational, Scalar, Wide, parse_rational};
use synaptic_balance::report::{NumberType, SameFunction, check_report};
use synaptic_balance::solve::{
    Cyclic, Distance, Judgement, Options, Reading, ScalingFault, ScalingVerdict, StochasticOptions,
    Witness, balance, balance_stochastic, judge, judge_as,
};

/// Weights in `f64`.
const FLOATS: Reading = Reading {
    number_type: NumberType::F64,
    computes: true,
};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn random(seed: u64) -> Network<Rational> {
    let shape = Shape {
        inputs: 2,
        hidden: 4,
        outputs: 2,
    };
    let build = if seed.is_multiple_of(2) {
        random_acyclic
    } else {
        random_recurrent
    };
    build(shape, 0.9, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Networks whose minimum is attained, with their balanced weights.
fn balanced(seed: u64) -> Option<(Network<Rational>, Vec<f64>)> {
    let network = random(seed);
    let result = balance(
        &network,
        &Regularizer::l2(),
        &Options::default(),
        &mut |_, _| {},
    )
    .ok()?;
    let weights = result.weights(&network)?.ok()?;
    Some((network, weights))
}

fn exact(network: &Network<Rational>, weights: &[f64]) -> Network<Rational> {
    network.with_weights(
        weights
            .iter()
            .map(|weight| weight.to_rational().unwrap())
            .collect(),
    )
}

/// A synapse that lies on a cycle of the coalesced graph with others, so that its ratio can be wrong.
fn scalable_synapses(network: &Network<Rational>) -> Vec<usize> {
    let scalable = |synapse: &usize| {
        !network.direction(*synapse).is_empty() && !network.weight(*synapse).is_zero()
    };
    (0..network.synapses()).filter(scalable).collect()
}

/// How many results the threads judged, how many of them are wrong at one synapse, and where that synapse was named.
#[derive(Default)]
struct Judged {
    all: usize,
    wrong_synapses: usize,
    named: usize,
    /// No scalings, and those for which inputs were found on which the outputs differ.
    no_scalings: usize,
    witnesses: usize,
}

/// Checks: Section 3 and Theorem 5.1 as the oracle applies them: on 200 random networks (10,000 where tests run in
/// full), five kinds of results are each judged for what they are: right, wrongly scaled at one synapse, stopped early,
/// a sign flipped, a zero dropped.
#[test]
fn five_kinds_of_results_are_told_apart() {
    let count = if crate::in_full() { 10_000 } else { 200 };
    let halves: Vec<Judged> = std::thread::scope(|scope| {
        let half = |start: u64| scope.spawn(move || judge_five_kinds(start, count / 2));
        let threads = [half(0), half(1 << 32)];
        threads.map(|thread| thread.join().unwrap()).into()
    });
    let total = |count: fn(&Judged) -> usize| halves.iter().map(count).sum::<usize>();
    assert_eq!(total(|half| half.all), count);
    // A unit with few synapses may not say which of them is wrong; nearly all do.
    let (named, wrong) = (total(|half| half.named), total(|half| half.wrong_synapses));
    assert!(
        named * 10 >= wrong * 9,
        "{named} of {wrong} wrong synapses were named"
    );
    // In some networks the wrong weight never acts; in nearly all it does.
    let (found, all) = (total(|half| half.witnesses), total(|half| half.no_scalings));
    println!("{found} witnesses for {all} results that are no scalings");
    assert!(
        all * 20 > count && found * 100 >= all * WITNESSED,
        "{found} of {all} have a witness"
    );
}

/// Results in a hundred that are no scalings and have a witness.
const WITNESSED: usize = 90;

/// The outputs on the inputs of a witness, computed anew and exactly, differ.
fn is_shown(before: &Network<Rational>, after: &Network<Rational>, witness: &Witness) -> bool {
    let last = |network: &Network<Rational>| match witness.over_time {
        false => network.evaluate(&witness.inputs[0]).unwrap(),
        true => {
            let initial = vec![Rational::zero(); network.units()];
            let outputs = network.evaluate_over_time(&witness.inputs, &initial);
            outputs.unwrap().pop().unwrap()
        }
    };
    last(before) != last(after)
}

fn judge_five_kinds(first_seed: u64, count: usize) -> Judged {
    let mut judged = Judged::default();
    for seed in first_seed.. {
        if judged.all == count {
            break;
        }
        let Some((network, weights)) = balanced(seed) else {
            continue;
        };
        let choices = scalable_synapses(&network);
        let synapse = choices[ChaCha8Rng::seed_from_u64(seed).random_range(0..choices.len())];
        let verdict = |after: &Network<Rational>| {
            // Witnesses are sought in a tenth of the networks only, for the time that they take.
            let reading = Reading {
                computes: seed % 20 < 2,
                ..FLOATS
            };
            let judgement = judge_as(&network, after, &Regularizer::l2(), 1e-6, reading).unwrap();
            let report = check_report(&network, &judgement, 1e-6);
            (judgement, report.same_function, report.balanced)
        };
        let mut no_scaling = |changed: &Network<Rational>, judgement: &Judgement, same| {
            judged.no_scalings += usize::from(judgement.sought);
            match &judgement.witness {
                Some(witness) => {
                    assert_eq!(same, SameFunction::No, "seed {seed}");
                    assert!(is_shown(&network, changed, witness), "seed {seed}");
                    judged.witnesses += 1;
                }
                None => assert_eq!(same, SameFunction::Undecided, "seed {seed}"),
            }
        };
        let changed_by = |factor: f64| {
            let mut changed = weights.clone();
            changed[synapse] *= factor;
            exact(&network, &changed)
        };
        match judged.all % 5 {
            0 => {
                let (judgement, same, balanced) = verdict(&exact(&network, &weights));
                assert_eq!((same, balanced), (SameFunction::Yes, true), "seed {seed}");
                let Distance::Certified(distance) = judgement.distance else {
                    panic!("seed {seed}: no certificate")
                };
                assert!(distance < 1e-9, "seed {seed}: distance {distance:e}");
            }
            1 => {
                let changed = changed_by(1.5);
                let (judgement, same, _) = verdict(&changed);
                no_scaling(&changed, &judgement, same);
                assert!(judgement.cycle.is_some(), "seed {seed}: no proof");
                judged.wrong_synapses += 1;
                judged.named += usize::from(judgement.suspects == [synapse]);
            }
            2 => {
                let (judgement, same, balanced) = verdict(&stopped_early(&network));
                let converged = judgement.deficit <= 1e-6;
                assert_eq!(
                    (same, balanced),
                    (SameFunction::Yes, converged),
                    "seed {seed}"
                );
                assert!(
                    matches!(judgement.distance, Distance::Certified(_)),
                    "seed {seed}"
                );
            }
            kind => {
                let (factor, fault) = match kind {
                    3 => (-1.0, ScalingFault::Sign(synapse)),
                    _ => (0.0, ScalingFault::Zero(synapse)),
                };
                let changed = changed_by(factor);
                let (judgement, same, _) = verdict(&changed);
                no_scaling(&changed, &judgement, same);
                assert!(
                    matches!(judgement.scaling, ScalingVerdict::Not(found) if found == fault),
                    "seed {seed}"
                );
                assert!(judgement.obstacle.is_some(), "seed {seed}: no proof");
            }
        }
        judged.all += 1;
    }
    judged
}

/// One cyclic pass of the textbook algorithm.
fn stopped_early(network: &Network<Rational>) -> Network<Rational> {
    let problem = network.problem(&Regularizer::l2());
    let options = StochasticOptions {
        tolerance: 0.2,
        ..StochasticOptions::default()
    };
    let run = balance_stochastic(&problem, &mut Cyclic::default(), &options, &mut |_| {}).unwrap();
    let root = |value: &Wide| value.sqrt().to_rational().unwrap();
    network
        .scaled(
            &run.solution
                .multipliers
                .iter()
                .map(root)
                .collect::<Vec<_>>(),
        )
        .unwrap()
}

/// Checks: W1 of Section 8 (biases left out): not a scaling, and the biases are what is named.
#[test]
fn w1_biases_left_out() {
    let network = random(4);
    let bias = network.find("one").unwrap();
    let multipliers: Vec<Rational> = (0..network.variables())
        .map(|v| q("2") + q("1") * q(&v.to_string()))
        .collect();
    let scaled = network.scaled(&multipliers).unwrap();
    let weights =
        (0..network.synapses()).map(|synapse| match network.endpoints(synapse).0 == bias {
            true => network.weight(synapse).clone(),
            false => scaled.weight(synapse).clone(),
        });
    let judgement = judge(
        &network,
        &network.with_weights(weights.collect()),
        &Regularizer::l2(),
        1e-6,
    )
    .unwrap();
    let report = check_report(&network, &judgement, 1e-6);
    assert_eq!(report.same_function, SameFunction::No);
    assert!(!judgement.suspects.is_empty());
    assert!(
        judgement
            .suspects
            .iter()
            .all(|synapse| network.endpoints(*synapse).0 == bias)
    );
}

/// Checks: W4 of Section 8 (multipliers rounded to powers of two): exactly a scaling, not balanced, at a proved
/// distance.
#[test]
fn w4_powers_of_two() {
    let (network, _) = balanced(6).unwrap();
    let result = balance(
        &network,
        &Regularizer::l2(),
        &Options::default(),
        &mut |_, _| {},
    )
    .unwrap();
    let power_of_two = |value: Wide| Wide::exp(value.ln().div_euclid(2f64.ln()) * 2f64.ln());
    let nearest = |value: Wide| q(&format!("{:.0}", power_of_two(value).to_f64().max(1.0)));
    let multipliers: Vec<Rational> = result.multipliers().into_iter().map(nearest).collect();
    let after = network.scaled(&multipliers).unwrap();
    let judgement = judge(&network, &after, &Regularizer::l2(), 1e-6).unwrap();
    let report = check_report(&network, &judgement, 1e-6);
    assert!(matches!(judgement.scaling, ScalingVerdict::Exact(_)));
    assert_eq!(
        (report.same_function, report.balanced),
        (SameFunction::Yes, false)
    );
    assert!(matches!(judgement.distance, Distance::Certified(distance) if distance > 0.01));
}

/// Checks: networks that are not the same network are not compared.
#[test]
fn other_structures_are_refused() {
    let (one, other) = (random(2), random(3));
    assert!(judge(&one, &other, &Regularizer::l2(), 1e-6).is_err());
}

/// Checks: a network beyond the dense method is judged like any other, its distance proved.
#[test]
fn large_networks_are_judged() {
    let weight = |_, i: usize, _| Rational::from_integer((1 + i as i64 % 7).into());
    let network = layered(&[1, 4_001, 1], &Activation::Relu, weight, None);
    let judgement = judge(&network, &network, &Regularizer::l2(), 1e-6).unwrap();
    assert!(matches!(judgement.scaling, ScalingVerdict::Exact(_)));
    assert!(matches!(judgement.distance, Distance::Certified(distance) if distance > 0.1));
}

/// Checks: where the optimum cannot be found, whether the function is the same and balanced is answered all the same.
#[test]
fn an_optimum_out_of_reach_leaves_the_other_answers() {
    use synaptic_balance::network::{Activation, Unit, UnitKind};
    let unit = |id: &str, kind, activation| Unit::new(id, kind, activation);
    let one = Rational::from_integer(1.into());
    let reciprocal = Activation::BiPu {
        degree: -one.clone(),
        above: one.clone(),
        below: one.clone(),
    };
    let units = vec![
        unit("x", UnitKind::Input, Activation::Linear),
        unit("h", UnitKind::Hidden, reciprocal),
        unit("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(units, vec![(0, 1, one.clone()), (1, 2, one)], vec![]).unwrap();
    let judgement = judge(&network, &network, &Regularizer::l2(), 1e-6).unwrap();
    assert!(matches!(judgement.scaling, ScalingVerdict::Exact(_)));
    assert!(
        !matches!(judgement.distance, Distance::Certified(_)),
        "{:?}",
        judgement.distance
    );
}

/// Checks: the distance counts weights that no scaling changes, a direct synapse and a self-connection: once it left
/// them out, and a self-connection of half its weight was at distance 0.
#[test]
fn the_distance_counts_weights_that_no_scaling_changes() {
    use synaptic_balance::network::{Activation, Unit, UnitKind};
    let unit = |id: &str, kind| Unit::new(id, kind, Activation::Relu);
    let units = vec![
        unit("x", UnitKind::Input),
        unit("a", UnitKind::Hidden),
        unit("y", UnitKind::Output),
    ];
    let ends = [(0, 1), (1, 2), (1, 1), (0, 2)];
    let synapses = ends.map(|(from, to)| (from, to, q("2")));
    let before = Network::new(units, synapses.to_vec(), vec![]).unwrap();
    for changed in [2, 3] {
        let mut weights = before.weights();
        weights[changed] = q("3");
        let after = before.with_weights(weights);
        let judged = judge(&before, &after, &Regularizer::l2(), 1e-6).unwrap();
        let Distance::Certified(distance) = judged.distance else {
            panic!("{:?}", judged.distance)
        };
        assert!((distance - 0.5).abs() < 1e-12, "{distance}");
    }
}

/// Checks: the certified distance is at least the true one, and hardly more, near and far, for powers with and without
/// roots.
#[test]
fn the_distance_is_that_of_the_weights() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut certified = 0;
    let networks = if crate::in_full() { 12 } else { 4 };
    for seed in 0..networks {
        let network = random(seed);
        for regularizer in ["l2", "l1", "lp:3/2"] {
            let regularizer: Regularizer = regularizer.parse().unwrap();
            let found = balance(&network, &regularizer, &Options::default(), &mut |_, _| {});
            let Ok(Some(Ok(best))) = found.map(|found| found.weights(&network)) else {
                continue;
            };
            for change in [0.0, 1e-9, 1e-4, 0.3, 3.0] {
                let mut weights = best.clone();
                let place = rng.random_range(0..weights.len());
                weights[place] *= 1.0 + change;
                let judged = judge(&network, &exact(&network, &weights), &regularizer, 1e-6);
                let Distance::Certified(distance) = judged.unwrap().distance else {
                    continue;
                };
                certified += 1;
                let expected = if weights[place] == 0.0 { 0.0 } else { change };
                assert!(
                    distance >= expected * (1.0 - 1e-9) - 1e-12,
                    "{seed} {change} {distance}"
                );
                assert!(
                    distance <= expected * (1.0 + 1e-6) + 1e-11,
                    "{seed} {change} {distance}"
                );
            }
        }
    }
    assert!(certified > 5 * networks, "{certified}");
}
