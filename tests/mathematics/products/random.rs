//! Random networks of products, inverse ties, powers and cycles.

use num_traits::{One, Zero};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::{Obstacle, Refusal, check};
use synaptic_balance::learn::{GradientError, Sample, gradient, gradient_over_time, squared_error};
use synaptic_balance::network::{Manifold, Network, Regularizer, Shape, Values, random_general};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::solve::{
    Existence, Method, Options, Outcome, RandomPermutation, ScalingVerdict, StochasticOptions,
    balance, balance_stochastic, double_cover, existence_by_linear_program, judge,
};

use super::q;

fn sample(few: u64, full: u64) -> u64 {
    if crate::in_full() { full } else { few }
}

const SHAPE: Shape = Shape {
    inputs: 2,
    hidden: 8,
    outputs: 2,
};

/// Multipliers all of whose powers that occur are rational.
fn multipliers(network: &Network<Rational>, rng: &mut ChaCha8Rng) -> Vec<Rational> {
    let one =
        |_| Rational::new(rng.random_range(1..4).into(), rng.random_range(1..4).into()).pow(4);
    (0..network.variables()).map(one).collect()
}

/// `value` times what the multipliers make of a unit's value.
fn moved(network: &Network<Rational>, unit: usize, by: &[Rational], value: &Rational) -> Rational {
    let form = network.form(unit).into_iter();
    form.fold(value.clone(), |value, (variable, exponent)| {
        value * synaptic_balance::numbers::rational_power(&by[variable], &exponent).unwrap()
    })
}

/// Checks: random networks of products, powers, inverse ties and cycles compute the same function after any scaling,
/// exactly.
#[test]
fn scalings_of_random_networks_keep_the_function() {
    let mut exact = 0;
    let count = sample(60, 1_000);
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let recurrent = seed % 2 == 1;
        let network = random_general(SHAPE, recurrent, Values::Rational, &mut rng);
        let by = multipliers(&network, &mut rng);
        let scaled = network.scaled(&by).unwrap();
        let mut draw = || Rational::from_integer(rng.random_range(-3..4).into());
        let inputs = [draw(), draw()];
        if let Ok(before) = network.evaluate(&inputs) {
            assert_eq!(scaled.evaluate(&inputs).unwrap(), before, "seed {seed}");
            exact += 1;
        }
        let steps: Vec<Vec<Rational>> = (0..3).map(|_| vec![draw(), draw()]).collect();
        let state: Vec<Rational> = (0..network.units()).map(|_| draw()).collect();
        let places = (0..network.units()).zip(&state);
        let other: Vec<Rational> = places
            .map(|(unit, value)| moved(&network, unit, &by, value))
            .collect();
        let before = network.evaluate_over_time(&steps, &state).unwrap();
        let after = scaled.evaluate_over_time(&steps, &other).unwrap();
        assert_eq!(before, after, "seed {seed}");
        let problem = network.problem(&Regularizer::l2());
        let (old, new) = (network.weights(), scaled.weights());
        check::scaling(&problem, &old, &new, &by).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    assert!(exact * 3 > count, "{exact} of {count}");
}

/// Checks: the manifold of random networks: constraints and dimension are proved by the kernel, multipliers are found
/// again from ratios of weights, and a changed weight on a constraint is refuted.
#[test]
fn manifolds_of_random_networks() {
    let (mut proved, mut refuted) = (0, 0);
    let count = sample(40, 500);
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = random_general(SHAPE, seed % 2 == 1, Values::Any, &mut rng);
        let problem = network.problem(&Regularizer::l2());
        let manifold = Manifold::of(&network);
        let constraints = manifold.constraints();
        let dimension = manifold.dimension();
        assert_eq!(
            constraints.len() + dimension,
            network.synapses(),
            "seed {seed}"
        );
        let rows: Vec<_> = constraints.iter().map(|c| c.terms.clone()).collect();
        let spanning = manifold.spanning_synapses();
        assert_eq!(spanning.len(), dimension, "seed {seed}");
        match check::manifold(&problem, &rows, &spanning) {
            Ok(_) => proved += 1,
            Err(refusal) => assert!(matches!(refusal, Refusal::Dependent(..)), "{refusal}"),
        }
        let by = multipliers(&network, &mut rng);
        let scaled = network.scaled(&by).unwrap();
        let ratios: Vec<Option<Rational>> = (0..network.synapses())
            .map(|e| Some(scaled.weight(e) / network.weight(e)))
            .collect();
        match manifold.multipliers(&ratios) {
            Ok(found) => {
                let again = network.scaled(&found).unwrap();
                assert_eq!(again.weights(), scaled.weights(), "seed {seed}");
            }
            Err(fault) => panic!("seed {seed}: {fault}"),
        }
        let Some(row) = rows.first() else { continue };
        let mut wrong = scaled.weights();
        wrong[row[0].0] *= q("2");
        let mut other = ratios;
        other[row[0].0] = other[row[0].0].take().map(|ratio| ratio * q("2"));
        assert!(manifold.multipliers(&other).is_err(), "seed {seed}");
        let whole: Vec<_> = whole(row);
        let (old, obstacle) = (network.weights(), Obstacle::Cycle(whole));
        check::not_scaled(&problem, &old, &wrong, &obstacle, &Rational::zero())
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        refuted += 1;
    }
    println!("{proved} of {count} manifolds proved by removal, {refuted} changes refuted");
    assert!(proved * 4 > count * 3);
}

/// A combination with integers for coefficients.
fn whole(row: &[(usize, Rational)]) -> Vec<(usize, Rational)> {
    let common = row.iter().fold(Rational::one(), |product, (_, c)| {
        product * Rational::from_integer(c.denom().clone())
    });
    row.iter().map(|(e, c)| (*e, c * &common)).collect()
}

const FULL: Options = Options {
    method: Method::Direct,
    seed: 0,
    tolerance: 1e-13,
    max_passes: 1_000_000,
    limit: true,
    certify: None,
    restriction: None,
};

/// Checks: random networks of products, inverse ties, powers and cycles under `lp` with `p` in 1/2, 1, 2, 3: existence
/// is decided and verified, the direct method and the stochastic one, from its own start and in its own order, agree to
/// 1e-9, and the function is that of before.
#[test]
fn direct_and_stochastic_agree_on_random_networks() {
    let count = sample(30, 500);
    let (mut limits, mut wide, mut evaluated, mut covered) = (0, 0, 0, 0);
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let recurrent = seed % 3 == 2;
        let network = random_general(SHAPE, recurrent, Values::Any, &mut rng);
        let power = ["1/2", "1", "2", "3"][seed as usize % 4];
        let regularizer = Regularizer::lp(q(power)).unwrap();
        let result = balance(&network, &regularizer, &FULL, &mut |_, _| {})
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let problem = network.problem(&regularizer);
        assert!(result.existence.claim_about(&problem).is_some());
        // Where the double cover decided, linear programs say the same.
        if double_cover(&problem).is_some() {
            let second = existence_by_linear_program(&problem).unwrap();
            assert_eq!(
                second.vanishing(),
                result.existence.vanishing(),
                "seed {seed}"
            );
            covered += 1;
        }
        let reduced = problem.without(result.vanished());
        let direct = result.solution.as_ref().unwrap();
        assert!(direct.deficit <= 1e-12, "seed {seed}: {:e}", direct.deficit);
        let options = StochasticOptions {
            tolerance: 1e-12,
            max_passes: 1_000_000,
            ..StochasticOptions::default()
        };
        let mut schedule = RandomPermutation::new(rng.clone());
        let run = balance_stochastic(&reduced, &mut schedule, &options, &mut |_| {})
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for (index, synapse) in reduced
            .synapses()
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_active())
        {
            let ratio = |multipliers: &[synaptic_balance::numbers::Wide]| {
                let factors = synapse.direction.iter();
                factors
                    .map(|(v, a)| multipliers[*v].ln() * rational_to_f64(a))
                    .sum::<f64>()
            };
            let apart = (ratio(&direct.multipliers) - ratio(&run.solution.multipliers)).abs();
            assert!(apart <= 1e-9, "seed {seed}: synapse {index}: {apart:e}");
        }
        limits += u32::from(result.outcome == Outcome::Limit);
        wide += u32::from(
            problem
                .synapses()
                .iter()
                .any(|s| s.is_active() && s.direction.len() > 2),
        );
        evaluated += u32::from(same_outputs(&network, &result, seed));
    }
    println!(
        "{count} networks: {limits} limits, {wide} with three variables in a synapse, {evaluated} evaluated, {covered} covered"
    );
    assert!(wide > 0 && evaluated > 0 && limits > 0);
}

/// Does an acyclic network compute in f64 what it did, where that can be evaluated?
fn same_outputs(
    network: &Network<Rational>,
    result: &synaptic_balance::solve::Balance,
    seed: u64,
) -> bool {
    let Some(Ok(weights)) = result.weights(network) else {
        return false;
    };
    let (before, input) = (network.to_f64(), [1.0, -2.0]);
    let Ok(expected) = before.evaluate(&input) else {
        return false;
    };
    let after = before.with_weights(weights).evaluate(&input).unwrap();
    // Sums may cancel: errors are relative to the sum of magnitudes, here that of the largest output.
    let size = expected
        .iter()
        .fold(1.0f64, |size, value| size.max(value.abs()));
    for (one, other) in expected.iter().zip(&after) {
        assert!(
            (one - other).abs() <= 1e-8 * size,
            "seed {seed}: {one} became {other}"
        );
    }
    true
}

/// Checks: a network whose balanced costs are planted: a circulation, found by a linear program and verified, as the
/// costs under `l1`, hidden by a random scaling; the direct solve finds the planted weights to 1e-9.
#[test]
fn planted_circulations_are_found() {
    let mut found = 0;
    let count = sample(30, 2_000);
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(5_000 + seed);
        let network = random_general(SHAPE, seed % 3 == 2, Values::Any, &mut rng);
        let problem = network.problem(&Regularizer::l1());
        let Ok(Existence::Attained(attained)) = existence_by_linear_program(&problem) else {
            continue;
        };
        let flow = &attained.claim_about(&problem).unwrap().circulation;
        let weights = flow
            .iter()
            .zip(network.weights())
            .map(|(flow, own)| match flow.is_zero() {
                true => own,
                false => flow.clone(),
            });
        let planted = network.with_weights(weights.collect());
        let hidden = planted.scaled(&multipliers(&network, &mut rng)).unwrap();
        let planted_problem = planted.problem(&Regularizer::l1());
        let ones = vec![Rational::one(); network.variables()];
        assert!(
            check::balanced(&planted_problem, &ones).is_ok(),
            "seed {seed}"
        );
        let result = balance(&hidden, &Regularizer::l1(), &FULL, &mut |_, _| {}).unwrap();
        let weights = result.weights(&hidden).unwrap().unwrap();
        for (synapse, weight) in weights.into_iter().enumerate() {
            let expected = rational_to_f64(planted.weight(synapse));
            assert!(
                (weight / expected - 1.0).abs() <= 1e-9,
                "seed {seed}: {weight} for {expected}"
            );
        }
        found += 1;
    }
    println!("{found} of {count} planted");
    assert!(found * 3 > count);
}

/// Checks: the judge accepts scalings of random general networks, exact ones as exact and those of `f64` weights to
/// rounding, and never a network of which one weight was changed on a constraint.
#[test]
fn scalings_of_random_networks_are_judged() {
    let count = sample(12, 200);
    let mut refuted = 0;
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(9_000 + seed);
        let network = random_general(SHAPE, seed % 3 == 2, Values::Any, &mut rng);
        let scaled = network.scaled(&multipliers(&network, &mut rng)).unwrap();
        let verdict = judge(&network, &scaled, &Regularizer::l2(), 1e-6).unwrap();
        assert!(
            matches!(verdict.scaling, ScalingVerdict::Exact(_)),
            "seed {seed}: {:?}",
            verdict.scaling
        );
        // As another program would write it.
        let noise = |weight: &Rational| {
            let value = rational_to_f64(weight);
            synaptic_balance::numbers::rational_from_f64(value * (1.0 + 1e-15)).unwrap()
        };
        let rounded = network.with_weights(scaled.weights().iter().map(noise).collect());
        match judge(&network, &rounded, &Regularizer::l2(), 1e-6)
            .unwrap()
            .scaling
        {
            ScalingVerdict::Near { deviation, .. } => {
                assert!(
                    deviation < q("1e-12"),
                    "seed {seed}: {:e}",
                    rational_to_f64(&deviation)
                );
            }
            other => panic!("seed {seed}: {other:?}"),
        }
        let constraints = Manifold::of(&network).constraints();
        let Some(row) = constraints.first() else {
            continue;
        };
        let mut weights = rounded.weights();
        weights[row.terms[0].0] *= q("11/10");
        let changed = network.with_weights(weights);
        let verdict = judge(&network, &changed, &Regularizer::l2(), 1e-6).unwrap();
        assert!(
            !matches!(verdict.scaling, ScalingVerdict::Exact(_)),
            "seed {seed}"
        );
        assert!(
            verdict.cycle.is_some(),
            "seed {seed}: the kernel refutes it"
        );
        refuted += 1;
    }
    assert!(refuted * 2 > count);
}

/// Checks: exact gradients through products, once and over time: those of differences, and the Euler identity: the
/// logarithms of the multipliers change nothing, initial states counted.
#[test]
fn gradients_go_through_products() {
    let tiny = Rational::new(1.into(), 1_000_000_000i64.into());
    let small = Shape { hidden: 5, ..SHAPE };
    let mut taken = 0;
    for seed in 0..sample(4, 60) {
        let mut rng = ChaCha8Rng::seed_from_u64(7_000 + seed);
        let network = random_general(small, seed % 2 == 1, Values::Rational, &mut rng);
        let mut draw = || {
            let above: i64 = rng.random_range(-500..500);
            Rational::new(above.into(), 257.into())
        };
        let (input, target) = (vec![draw(), draw()], vec![draw(), draw()]);
        let initial: Vec<Rational> = (0..network.units()).map(|_| draw()).collect();
        let steps = [input.clone(), vec![draw(), draw()], input.clone()];
        let wanted = [target.clone(), target.clone(), vec![draw(), draw()]];
        let through = |network: &Network<Rational>| {
            let found = gradient_over_time(network, &steps, &initial, &wanted);
            found.map(|found| (found.error, found.weights, found.initial))
        };
        let data = [Sample { input, target }];
        let once = |network: &Network<Rational>| {
            let error = squared_error(network, &data)?;
            let none = vec![Rational::zero(); network.units()];
            Ok((error, gradient(network, &data)?, none))
        };
        type Found = Result<(Rational, Vec<Rational>, Vec<Rational>), GradientError>;
        type Way<'a> = &'a dyn Fn(&Network<Rational>) -> Found;
        let ways: [Way; 2] = [&once, &through];
        for way in ways {
            let Ok((_, slopes, states)) = way(&network) else {
                continue;
            };
            taken += 1;
            let mut sums = vec![Rational::zero(); network.variables()];
            for (unit, slope) in states.iter().enumerate() {
                for (variable, exponent) in network.form(unit) {
                    sums[variable] += exponent * &initial[unit] * slope;
                }
            }
            for (synapse, slope) in slopes.iter().enumerate() {
                for (variable, exponent) in network.direction(synapse) {
                    sums[variable] += exponent * network.weight(synapse) * slope;
                }
                let moved = |by: Rational| {
                    let mut weights = network.weights();
                    weights[synapse] += by;
                    way(&network.with_weights(weights)).unwrap().0
                };
                let difference = moved(tiny.clone()) - moved(-tiny.clone());
                let found = difference / (&tiny * Rational::from_integer(2.into()));
                let (found, slope) = (rational_to_f64(&found), rational_to_f64(slope));
                assert!(
                    (found - slope).abs() <= 1e-12 * (1.0 + slope.abs()),
                    "seed {seed}: synapse {synapse}: {found} and {slope}"
                );
            }
            assert!(sums.iter().all(Zero::is_zero), "seed {seed}: {sums:?}");
        }
    }
    println!("{taken} gradients");
    assert!(taken >= 3);
}
