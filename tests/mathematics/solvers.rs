//! Solvers at their limits: extreme costs, depth, degenerate networks, exact answers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::check;
use synaptic_balance::network::{
    Activation, Network, Regularizer, Shape, Unit, UnitKind, chain, layered, planted,
    random_recurrent, random_weight,
};
use synaptic_balance::numbers::{Rational, parse_rational, rational_to_f64};
use synaptic_balance::solve::{
    BalanceFailure, CertifyError, Cyclic, DirectOptions, Method, Options, Outcome, SolveError,
    StochasticOptions, balance, balance_exactly, balance_stochastic, certify,
    existence_by_components, existence_by_linear_program, relative_width, solve_direct,
};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn lp(power: &str) -> Regularizer {
    Regularizer::lp(q(power)).unwrap()
}

fn direct(problem: &synaptic_balance::kernel::Problem) -> synaptic_balance::solve::Solution {
    solve_direct(problem, &DirectOptions::default(), &mut |_| {}).unwrap()
}

/// Checks: the convex problem (5.4) with costs from 1e-300 to 1e300 and p up to 64: neither overflow nor loss of
/// precision, the certificate holds to 12 digits.
#[test]
fn extreme_costs_are_solved_and_certified() {
    let sizes = [
        "1e-300", "1e300", "1", "1e150", "1e300", "1e-300", "1e-150", "1e300",
    ];
    for power in ["1/2", "1", "2", "64"] {
        let network = chain(&sizes.map(q));
        let problem = network.problem(&lp(power));
        let solution = direct(&problem);
        assert!(
            solution.deficit <= 1e-12,
            "p = {power}: deficit {:e}",
            solution.deficit
        );
        let enclosed = certify(&problem, &solution, 12).unwrap();
        assert!(
            relative_width(enclosed.claim_about(&problem).unwrap()) <= q("1e-12"),
            "p = {power}"
        );
    }
}

/// Checks: Newton converges quadratically: once the deficit is small, the next one is about its square.
#[test]
fn direct_solve_converges_quadratically() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut weight = |_: usize, _: usize, _: usize| random_weight(&mut rng);
    let network = layered(&[3, 6, 6, 6, 6, 2], &Activation::Relu, &mut weight, None);
    let mut deficits = Vec::new();
    let problem = network.problem(&Regularizer::l2());
    solve_direct(&problem, &DirectOptions::default(), &mut |deficit| {
        deficits.push(deficit)
    })
    .unwrap();
    let steps: Vec<_> = deficits
        .windows(2)
        .filter(|pair| pair[0] < 1e-2 && pair[0] > 1e-7)
        .collect();
    assert!(
        !steps.is_empty(),
        "no step in the quadratic range: {deficits:?}"
    );
    assert!(
        steps.iter().all(|pair| pair[1] <= 10.0 * pair[0] * pair[0]),
        "{deficits:?}"
    );
}

/// Checks: Theorem 3.1 composed (exact method): planted rational optima are found as such and proved.
#[test]
fn planted_optima_are_found_exactly() {
    for seed in 0..50 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shape = Shape {
            inputs: 2,
            hidden: 6,
            outputs: 2,
        };
        let planted = planted(shape, seed % 2 == 0, false, &mut rng);
        for power in ["1", "2", "3"] {
            assert!(planted.is_balanced(&lp(power)));
            let problem = planted.network.problem(&lp(power));
            let exact = balance_exactly(&problem, &direct(&problem))
                .expect("the planted optimum is rational");
            assert!(
                check::balanced(&problem, &exact.claim_about(&problem).unwrap().multipliers)
                    .is_ok()
            );
        }
    }
    let irrational = chain(&["1", "2"].map(q)).problem(&Regularizer::l1());
    assert!(balance_exactly(&irrational, &direct(&irrational)).is_none());
}

/// Checks: digits on request, and that each further digit narrows the same interval.
#[test]
fn fifty_digits_are_certified() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let network = random_recurrent(
        Shape {
            inputs: 2,
            hidden: 5,
            outputs: 2,
        },
        0.9,
        &mut rng,
    );
    for regularizer in [
        lp("1/2"),
        Regularizer::l2(),
        "mix:1*2+1/3*1/2".parse().unwrap(),
    ] {
        let problem = network.problem(&regularizer);
        let solution = direct(&problem);
        let coarse = certify(&problem, &solution, 5).unwrap();
        let fine = certify(&problem, &solution, 50).unwrap();
        assert!(
            relative_width(fine.claim_about(&problem).unwrap()) <= num_traits::pow(q("1/10"), 50)
        );
        for variable in 0..problem.variables() {
            assert!(
                coarse.claim_about(&problem).unwrap().lower[variable]
                    <= fine.claim_about(&problem).unwrap().upper[variable]
            );
            assert!(
                fine.claim_about(&problem).unwrap().lower[variable]
                    <= coarse.claim_about(&problem).unwrap().upper[variable]
            );
        }
        assert_eq!(
            certify(&problem, &solution, 0).unwrap_err(),
            CertifyError::Digits
        );
    }
}

/// Checks: Section 4, tied closed form: optimally tied layers of a network without biases cost `(Π C_k)^(1/N)` each.
#[test]
fn tied_layers_reach_the_closed_form() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut weight = |_: usize, _: usize, _: usize| random_weight(&mut rng);
    let network = layered(&[2, 3, 4, 2], &Activation::Relu, &mut weight, None).tied_by_layer();
    let result = balance(
        &network,
        &Regularizer::l2(),
        &Options::default(),
        &mut |_, _| {},
    )
    .unwrap();
    let layer_cost = |weights: &[f64], range: std::ops::Range<usize>| -> f64 {
        weights[range].iter().map(|weight| weight * weight).sum()
    };
    let layers = [0..6, 6..18, 18..26];
    let before: Vec<f64> = network.weights().iter().map(rational_to_f64).collect();
    let closed = layers
        .iter()
        .map(|layer| layer_cost(&before, layer.clone()))
        .product::<f64>()
        .powf(1.0 / 3.0);
    let after = result.weights(&network).unwrap().unwrap();
    for layer in layers {
        assert!((layer_cost(&after, layer) / closed - 1.0).abs() < 1e-12);
    }
}

/// Checks: Section 5, the limit: dead units vanish, the others are balanced, and no output changes.
#[test]
fn limits_keep_the_function() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let planted = planted(
            Shape {
                inputs: 2,
                hidden: 4,
                outputs: 2,
            },
            false,
            true,
            &mut rng,
        );
        let without = balance(
            &planted.network,
            &Regularizer::l2(),
            &Options::default(),
            &mut |_, _| {},
        )
        .unwrap();
        assert_eq!(without.outcome, Outcome::NotAttained);
        assert!(without.solution.is_none() && without.weights(&planted.network).is_none());
        let options = Options {
            limit: true,
            ..Options::default()
        };
        let limit = balance(
            &planted.network,
            &Regularizer::l2(),
            &options,
            &mut |_, _| {},
        )
        .unwrap();
        let weights = limit.weights(&planted.network).unwrap().unwrap();
        let input =
            [random_weight(&mut rng), random_weight(&mut rng)].map(|value| rational_to_f64(&value));
        let before = planted.network.to_f64().evaluate(&input).unwrap();
        let after = planted
            .network
            .to_f64()
            .with_weights(weights)
            .evaluate(&input)
            .unwrap();
        for (before, after) in before.iter().zip(after) {
            assert!((before - after).abs() <= 1e-9 * before.abs().max(1.0));
        }
    }
}

fn with_bipu(degree: &str) -> Network<Rational> {
    let bipu = Activation::BiPu {
        degree: q(degree),
        above: q("1"),
        below: q("1/2"),
    };
    let hidden = |id: &str, activation| Unit::new(id, UnitKind::Hidden, activation);
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        hidden("a", bipu),
        hidden("b", Activation::Relu),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let synapses = vec![
        (0, 1, q("2")),
        (1, 2, q("3")),
        (0, 2, q("1/2")),
        (2, 3, q("5")),
    ];
    Network::new(units, synapses, vec![]).unwrap()
}

/// Checks: BiPU balance (ours): solved directly and stochastically, existence decided by linear programs, enclosed by
/// the comparison principle; `c <= 0` has no minimum and no continuous limit.
#[test]
fn bipu_networks_are_balanced_and_certified() {
    let options = Options {
        certify: Some(30),
        ..Options::default()
    };
    for degree in ["2", "1/2", "7/3"] {
        let network = with_bipu(degree);
        let result = balance(&network, &Regularizer::l2(), &options, &mut |_, _| {}).unwrap();
        let enclosed = result.bounds().unwrap();
        let solution = result.solution.unwrap();
        assert!(solution.deficit <= 1e-12);
        assert!(result.cross_check.unwrap().max_relative_difference.unwrap() < 1e-9);
        let width = relative_width(&enclosed);
        assert!(width <= q("1e-30"), "{degree}: {width}");
        let found = solution.multipliers[0].to_f64();
        let lower = rational_to_f64(&enclosed.lower[0]);
        assert!((found / lower - 1.0).abs() < 1e-9, "{degree}");
    }
    let problem = with_bipu("-1").problem(&Regularizer::l2());
    assert!(existence_by_components(&problem).is_err());
    assert!(!existence_by_linear_program(&problem).unwrap().is_attained());
    let limit = Options {
        limit: true,
        ..Options::default()
    };
    let refused = balance(&with_bipu("-1"), &Regularizer::l2(), &limit, &mut |_, _| {});
    assert_eq!(
        refused.unwrap_err(),
        BalanceFailure::DiscontinuousLimit("a".into())
    );
}

/// Checks: solvers asked for what does not exist say so, naming the variable, and subsets balance only themselves.
#[test]
fn solvers_refuse_what_they_cannot_do() {
    let dead_end = chain(&["1", "1", "0"].map(q)).problem(&Regularizer::l2());
    let refused = solve_direct(&dead_end, &DirectOptions::default(), &mut |_| {}).unwrap_err();
    assert_eq!(
        refused,
        SolveError::OneSided {
            variable: 1,
            side: "output"
        }
    );
    let problem = chain(&["1", "16", "1"].map(q)).problem(&Regularizer::l1());
    let run = |options: StochasticOptions| {
        balance_stochastic(&problem, &mut Cyclic::default(), &options, &mut |_| {})
    };
    let default = StochasticOptions::default;
    let beyond = run(StochasticOptions {
        subset: Some(vec![5]),
        ..default()
    });
    assert_eq!(beyond.unwrap_err(), SolveError::NoSuchVariable(5));
    assert_eq!(
        run(StochasticOptions {
            fraction: 0.0,
            ..default()
        })
        .unwrap_err(),
        SolveError::Fraction
    );
    let hasty = run(StochasticOptions {
        max_passes: 1,
        ..default()
    });
    assert!(matches!(
        hasty.unwrap_err(),
        SolveError::NotConverged { .. }
    ));
    // Balancing the first unit only: costs (4, 4, 1).
    let part = run(StochasticOptions {
        subset: Some(vec![0]),
        trace: true,
        ..default()
    })
    .unwrap();
    assert!((part.solution.multipliers[0].to_f64() - 4.0).abs() < 1e-12);
    assert_eq!(part.solution.multipliers[1].to_f64(), 1.0);
    assert_eq!(part.trace.len(), 1);
}

/// Checks: seeds repeat runs, and the seed matters only for the way, not for the end (Theorem 5.1).
#[test]
fn seeds_repeat_runs() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let network = planted(
        Shape {
            inputs: 2,
            hidden: 6,
            outputs: 2,
        },
        true,
        false,
        &mut rng,
    )
    .network;
    let run = |seed| {
        let options = Options {
            method: Method::Stochastic,
            seed,
            ..Options::default()
        };
        balance(&network, &Regularizer::l2(), &options, &mut |_, _| {})
            .unwrap()
            .solution
            .unwrap()
    };
    let (first, again, other) = (run(1), run(1), run(2));
    assert_eq!(first.multipliers, again.multipliers);
    for (one, two) in first.multipliers.iter().zip(&other.multipliers) {
        assert!((one.ratio(*two) - 1.0).abs() < 1e-9);
    }
}
