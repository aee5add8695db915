//! The nearest scaling of a result that is none: found, and proved to be the nearest, up to rounding.

use good_lp::{Expression, ProblemVariables, Solution, SolverModel, microlp, variable};
use num_traits::Signed;
use quickcheck::{QuickCheck, TestResult};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{Network, Regularizer, Shape, random_acyclic, random_recurrent};
use synaptic_balance::numbers::{Rational, natural_log, rational_from_f64, rational_to_f64};
use synaptic_balance::report::{NumberType, SameFunction, check_report};
use synaptic_balance::solve::{Judgement, Reading, ScalingVerdict, judge, judge_as};

fn network(seed: u64, hidden: u8) -> Network<Rational> {
    let shape = Shape {
        inputs: 2,
        hidden: 1 + usize::from(hidden % 6),
        outputs: 2,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    match seed % 2 {
        0 => random_acyclic(shape, 0.8, &mut rng),
        _ => random_recurrent(shape, 0.6, &mut rng),
    }
}

/// A random scaling of the network with every weight off by up to a factor of `1 + noise`.
fn disturbed(network: &Network<Rational>, noise: f64, seed: u64) -> Network<Rational> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut factor =
        |size: f64| rational_from_f64(1.0 + size * rng.random_range(0.0..1.0)).unwrap();
    let by: Vec<Rational> = (0..network.variables()).map(|_| factor(3.0)).collect();
    let scaled = network.scaled(&by).unwrap();
    let weights = scaled.weights().into_iter().map(|w| w * factor(noise));
    scaled.with_weights(weights.collect())
}

fn judged(before: &Network<Rational>, after: &Network<Rational>) -> Judgement {
    judge(before, after, &Regularizer::l2(), 1e-6).unwrap()
}

/// The smallest largest `|log r_e - Σ d_ev x_v|`, by a linear program.
fn by_linear_program(before: &Network<Rational>, after: &Network<Rational>) -> f64 {
    let mut variables = ProblemVariables::new();
    let deviation = variables.add(variable().min(0.0));
    let x: Vec<_> = (0..before.variables())
        .map(|_| variables.add(variable()))
        .collect();
    let mut model = variables.minimise(deviation).using(microlp);
    for synapse in 0..before.synapses() {
        if before.weight(synapse).numer() == &0.into() {
            continue;
        }
        let log = natural_log(&(after.weight(synapse) / before.weight(synapse)));
        let direction = before.direction(synapse);
        let sum = || -> Expression {
            let terms = direction.iter().map(|(v, d)| rational_to_f64(d) * x[*v]);
            terms.sum()
        };
        model = model
            .with((sum() - log).leq(deviation))
            .with((log - sum()).leq(deviation));
    }
    model.solve().unwrap().value(deviation)
}

/// Checks: Definition 5.2 for weights that no scaling explains: the deviation of the scaling found is that of a linear
/// program, and the kernel's proof that nothing nearer exists is as strong.
#[test]
fn the_nearest_scaling_is_that_of_a_linear_program() {
    fn property(seed: u64, hidden: u8) -> TestResult {
        let before = network(seed, hidden);
        let after = disturbed(&before, 0.2, seed);
        let least = by_linear_program(&before, &after);
        let judgement = judged(&before, &after);
        let ScalingVerdict::Near { multipliers, .. } = &judgement.scaling else {
            // No cycle has two weights that could disagree.
            return TestResult::from_bool(least < 1e-9);
        };
        let scaled = before.scaled(multipliers).unwrap();
        let logs = (0..before.synapses())
            .filter(|e| before.weight(*e).is_positive() || before.weight(*e).is_negative())
            .map(|e| natural_log(&(after.weight(e) / scaled.weight(e))).abs());
        let found = logs.fold(0.0, f64::max);
        let proved = judgement
            .obstacle
            .map_or(0.0, |proof| rational_to_f64(&proof.data().tolerance));
        // A cycle bounds the relative deviation between -t and t, which for weights that fall is 1 - e^-t.
        let weakest = -(-least).exp_m1();
        TestResult::from_bool(
            (found - least).abs() < 1e-9 && proved <= least.exp_m1() && proved > weakest - 1e-7,
        )
    }
    let tests = if crate::in_full() { 300 } else { 80 };
    QuickCheck::new()
        .tests(tests)
        .max_tests(3 * tests)
        .quickcheck(property as fn(u64, u8) -> TestResult);
}

/// Checks: the three questions on results in floating point: rounding of either number type is excused, ten units in
/// the last place at one weight are not, and the kernel proves it.
#[test]
fn rounding_is_told_from_deviation() {
    let (mut rounded, mut refuted) = (0, 0);
    let networks = if crate::in_full() { 200 } else { 12 };
    for seed in 0..networks {
        let before = network(seed, 5);
        let exact = disturbed(&before, 0.0, seed);
        for (number_type, digits) in [(NumberType::F32, 23), (NumberType::F64, 52)] {
            let round = |weight: &Rational| match number_type {
                NumberType::F32 => f64::from(rational_to_f64(weight) as f32),
                _ => rational_to_f64(weight),
            };
            let weights: Vec<f64> = exact.weights().iter().map(round).collect();
            let rational = |weights: &[f64]| {
                let weights = weights.iter().map(|w| rational_from_f64(*w).unwrap());
                before.with_weights(weights.collect())
            };
            let reading = Reading {
                number_type,
                computes: true,
            };
            let judged_as = |weights: &[f64], tolerance| {
                let after = rational(weights);
                judge_as(&before, &after, &Regularizer::l2(), tolerance, reading).unwrap()
            };
            let judgement = judged_as(&weights, 1e-9);
            let report = check_report(&before, &judgement, 1e-9);
            assert_eq!(report.report.json["within_rounding"], true, "seed {seed}");
            assert_eq!(report.same_function, SameFunction::Yes);
            rounded += 1;
            let Some(synapse) = wrongable(&before) else {
                continue;
            };
            let mut wrong = weights;
            wrong[synapse] *= 1.0 + 200.0 * 0.5f64.powi(digits);
            let judgement = judged_as(&wrong, 1e-4);
            let report = check_report(&before, &judgement, 1e-4);
            let json = &report.report.json;
            assert_eq!(json["within_rounding"], false, "seed {seed}: {json:#}");
            assert_eq!(json["exact_scaling"], false);
            assert_eq!(json["scaling"], "within_tolerance");
            refuted += 1;
        }
    }
    assert!(
        rounded == 2 * networks && refuted * 4 > 3 * rounded,
        "{rounded} rounded, {refuted} refuted"
    );
}

/// A synapse from an input to a unit that has another one from an input: their ratios must agree.
fn wrongable(network: &Network<Rational>) -> Option<usize> {
    let from_visible = |synapse: &usize| {
        let (from, to) = network.endpoints(*synapse);
        network.variable(from).is_none()
            && network.variable(to).is_some()
            && network.weight(*synapse).numer() != &0.into()
    };
    let candidates: Vec<usize> = (0..network.synapses()).filter(from_visible).collect();
    let target = |synapse: usize| network.endpoints(synapse).1;
    let twin = |synapse: &&usize| {
        let twins = candidates
            .iter()
            .filter(|other| target(**other) == target(**synapse));
        twins.count() > 1
    };
    candidates.iter().find(twin).copied()
}

/// Checks: BiPU units (Proposition 2.3): weights that no scaling explains are refuted along a combination with their
/// degrees.
#[test]
fn bipu_results_are_refuted() {
    use synaptic_balance::network::{Activation, Unit, UnitKind};
    let q = |n: i64, d: i64| Rational::new(n.into(), d.into());
    let unit = |id: &str, n, d| {
        let (degree, above, below) = (q(n, d), q(1, 1), q(0, 1));
        Unit::new(
            id,
            UnitKind::Hidden,
            Activation::BiPu {
                degree,
                above,
                below,
            },
        )
    };
    let visible = |id: &str, kind| Unit::new(id, kind, Activation::Linear);
    let units = vec![
        visible("x", UnitKind::Input),
        unit("a", 2, 1),
        unit("b", 3, 2),
        visible("y", UnitKind::Output),
    ];
    let synapses = vec![(0, 1, q(1, 1)), (1, 2, q(2, 1)), (2, 3, q(3, 1))];
    let before = Network::new(units, synapses, vec![]).unwrap();
    let scaled = before.scaled(&[q(2, 1), q(4, 1)]).unwrap();
    let judgement = judged(&before, &scaled);
    assert!(matches!(judgement.scaling, ScalingVerdict::Exact(_)));
    let mut weights = scaled.weights();
    weights[1] *= q(11, 10);
    let judgement = judged(&before, &scaled.with_weights(weights));
    let report = check_report(&before, &judgement, 1e-6);
    // 3/2 is no integer, but some inputs have rational outputs.
    assert_ne!(report.same_function, SameFunction::Yes);
    assert!(judgement.cycle.is_some());
}
