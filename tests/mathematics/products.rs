//! Products of values and ties with exponents: evaluation, scaling, the manifold, and what the kernel accepts of them.

use num_traits::{One, Zero};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::{Cost, Obstacle, Problem, Refusal, Synapse, check};
use synaptic_balance::network::{
    Activation, EvaluateError, Manifold, Network, NetworkError, Regularizer, Shape, Unit, UnitKind,
    Values, random_general,
};
use synaptic_balance::numbers::{Rational, parse_rational, rational_to_f64};
use synaptic_balance::solve::{
    DirectOptions, Existence, Method, Options, Outcome, RandomPermutation, ScalingVerdict,
    StochasticOptions, balance, balance_exactly, balance_stochastic, double_cover,
    existence_by_linear_program, judge, solve_direct,
};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn qs(text: &str) -> Vec<Rational> {
    text.split_whitespace().map(q).collect()
}

fn unit(id: &str, kind: UnitKind) -> Unit<Rational> {
    let activation = match kind {
        UnitKind::Hidden => Activation::Relu,
        _ => Activation::Linear,
    };
    Unit::new(id, kind, activation)
}

fn sample(few: u64, full: u64) -> u64 {
    match std::env::var_os("SYNBAL_FULL") {
        Some(_) => full,
        None => few,
    }
}

const SHAPE: Shape = Shape {
    inputs: 2,
    hidden: 8,
    outputs: 2,
};

/// A gate: `z = g u` with `g`, `u` fed by `x`, read by `h`, read by `y`.
fn gated(weights: &str) -> Network<Rational> {
    let units = vec![
        unit("x", UnitKind::Input),
        unit("g", UnitKind::Hidden),
        unit("u", UnitKind::Hidden),
        unit("z", UnitKind::Product),
        unit("h", UnitKind::Hidden),
        unit("y", UnitKind::Output),
    ];
    let ends = [(0, 1), (0, 2), (3, 4), (4, 5)];
    let synapses = ends.into_iter().zip(qs(weights));
    let synapses = synapses.map(|((from, to), weight)| (from, to, weight));
    Network::with_products(units, [(3, vec![1, 2])].into(), synapses.collect(), vec![]).unwrap()
}

/// Checks: a product's value is that of its factors multiplied, in exact numbers and in f64; its form is the sum of theirs, so
/// that the synapse that reads it is divided by both multipliers, and the function stays.
#[test]
fn products_multiply_and_scale() {
    let network = gated("2 3 5 7");
    // 2·2 = 4, 2·3 = 6, 24, 120, 840.
    assert_eq!(network.evaluate(&qs("2")).unwrap(), qs("840"));
    assert_eq!(network.to_f64().evaluate(&[2.0]).unwrap(), [840.0]);
    let (g, u, h) = (0, 1, 2);
    let minus = |variable: usize| (variable, -Rational::one());
    assert_eq!(network.form(3), [(g, q("1")), (u, q("1"))]);
    assert_eq!(
        network.direction(2),
        [minus(g), minus(u), (h, Rational::one())]
    );
    let scaled = network.scaled(&qs("2 3 5")).unwrap();
    assert_eq!(scaled.weights(), qs("4 9 25/6 7/5"));
    assert_eq!(scaled.evaluate(&qs("2")).unwrap(), qs("840"));
    assert_eq!(Manifold::of(&network).dimension(), 3);
    // x -> g, x -> u, z -> h, h -> y multiply to a constant: one constraint.
    let constraints = Manifold::of(&network).constraints();
    assert_eq!(constraints.len(), 1);
    let rows = vec![constraints[0].terms.clone()];
    let spanning = Manifold::of(&network).spanning_synapses();
    let problem = network.problem(&Regularizer::l2());
    let basis = check::manifold(&problem, &rows, &spanning).unwrap();
    assert_eq!(basis.claim_about(&problem).unwrap().dimension, 3);
}

/// Checks: a factor can be repeated (`r r` is a unit of degree 2), can be an input, a unit that is never scaled or another
/// product; only what can be scaled is in the form.
#[test]
fn factors_may_repeat_and_be_of_any_kind() {
    let mut sigmoid = unit("s", UnitKind::Hidden);
    sigmoid.activation = Activation::Other("sigmoid".into());
    let units = vec![
        unit("x", UnitKind::Input),
        unit("r", UnitKind::Hidden),
        sigmoid,
        unit("rr", UnitKind::Product),
        unit("z", UnitKind::Product),
        unit("y", UnitKind::Output),
    ];
    let factors = [(3, vec![1, 1]), (4, vec![3, 0, 2, 1])].into();
    let synapses = vec![
        (0, 1, q("2")),
        (0, 2, q("0")),
        (4, 5, q("1")),
        (3, 5, q("1")),
    ];
    let network = Network::with_products(units, factors, synapses, vec![]).unwrap();
    assert_eq!(network.form(3), [(0, q("2"))]);
    assert_eq!(network.form(4), [(0, q("3"))]);
    assert_eq!(network.variable(2), None);
    // r = 6, sigmoid(0) = 1/2: 36 · 3 · 1/2 · 6 + 36.
    assert_eq!(network.to_f64().evaluate(&[3.0]).unwrap(), [360.0]);
    let scaled = network.scaled(&qs("2")).unwrap();
    assert_eq!(scaled.weights(), qs("4 0 1/8 1/4"));
    assert_eq!(scaled.to_f64().evaluate(&[3.0]).unwrap(), [360.0]);
}

/// Checks: in recurrent networks a product multiplies values of the same step: an accumulator `h` that reads `z = h u`.
#[test]
fn products_in_recurrent_networks() {
    let units = vec![
        unit("x", UnitKind::Input),
        unit("u", UnitKind::Hidden),
        unit("h", UnitKind::Hidden),
        unit("z", UnitKind::Product),
        unit("y", UnitKind::Output),
    ];
    let synapses = vec![
        (0, 1, q("1")),
        (3, 2, q("2")),
        (0, 2, q("1")),
        (3, 4, q("1")),
    ];
    let network =
        Network::with_products(units, [(3, vec![2, 1])].into(), synapses, vec![]).unwrap();
    let recurrent = EvaluateError::Recurrent { unit: "h".into() };
    let fault = network.evaluate(&qs("1")).unwrap_err();
    assert!(fault == recurrent || matches!(fault, EvaluateError::Recurrent { .. }));
    let steps = vec![qs("1"), qs("2"), qs("1")];
    // u: 1, 2, 1; h: 1 + 2·10, 2 + 2·21, 1 + 2·88; z: 21, 88, 177; y reads z one step before.
    let initial = qs("0 0 0 10 0");
    let outputs = network.evaluate_over_time(&steps, &initial).unwrap();
    assert_eq!(outputs.concat(), qs("10 21 88"));
    let scaled = network.scaled(&qs("3 5")).unwrap();
    let moved = qs("0 0 0 150 0");
    assert_eq!(scaled.evaluate_over_time(&steps, &moved).unwrap(), outputs);
}

/// Checks: `k` inverse to `q`: one multiplier; their product does not change, and needs no synapse to be divided.
#[test]
fn ties_with_exponents() {
    let units = vec![
        unit("x", UnitKind::Input),
        unit("q", UnitKind::Hidden),
        unit("k", UnitKind::Hidden),
        unit("score", UnitKind::Product),
        unit("y", UnitKind::Output),
    ];
    let tie = vec![(1, q("1")), (2, q("-1"))];
    let synapses = vec![(0, 1, q("2")), (0, 2, q("8")), (3, 4, q("1"))];
    let build = |ties| {
        Network::with_products(
            units.clone(),
            [(3, vec![1, 2])].into(),
            synapses.clone(),
            ties,
        )
        .unwrap()
    };
    let network = build(vec![tie.clone()]);
    assert_eq!(network.variables(), 1);
    assert_eq!(network.variable_name(0), "q = k^-1");
    assert_eq!(
        (network.exponent(1), network.exponent(2)),
        (q("1"), q("-1"))
    );
    assert!(network.form(3).is_empty() && network.direction(2).is_empty());
    let scaled = network.scaled(&qs("2")).unwrap();
    assert_eq!(scaled.weights(), qs("4 4 1"));
    assert_eq!(
        scaled.evaluate(&qs("3")).unwrap(),
        network.evaluate(&qs("3")).unwrap()
    );
    // 2 μ + 8 / μ: balanced at 2, with l1; exact.
    let options = Options {
        method: Method::Exact,
        ..Options::default()
    };
    let result = balance(&network, &Regularizer::l1(), &options, &mut |_, _| {}).unwrap();
    let problem = network.problem(&Regularizer::l1());
    let exact = result.exact.as_ref().unwrap().claim_about(&problem);
    assert_eq!(exact.unwrap().multipliers, qs("2"));
    assert_eq!(result.by_unit(&network), [1.0, 2.0, 0.5, 1.0, 1.0]);
    // Exponents that contradict each other leave 1 only.
    let fixed = build(vec![tie, vec![(2, q("1")), (1, q("1"))]]);
    assert_eq!((fixed.variables(), fixed.variable(1)), (0, None));
    // Chains of ties multiply exponents.
    let twice = build(vec![vec![(2, q("3")), (1, q("2"))]]);
    assert_eq!((twice.exponent(1), twice.exponent(2)), (q("1"), q("3/2")));
    assert_eq!(twice.variable_name(0), "q = k^(2/3)");
}

/// Checks: what is no network is refused, with the place.
#[test]
fn faults_of_products_and_ties_are_named() {
    let units = |kinds: &str| -> Vec<Unit<Rational>> {
        let kind = |(index, letter): (usize, char)| {
            let kind = match letter {
                'x' => UnitKind::Input,
                'h' => UnitKind::Hidden,
                'z' => UnitKind::Product,
                _ => UnitKind::Output,
            };
            unit(&format!("{letter}{index}"), kind)
        };
        kinds.chars().enumerate().map(kind).collect()
    };
    type Factors = Vec<(usize, Vec<usize>)>;
    let products = |kinds: &str, factors: Factors, synapses: &[(usize, usize)]| {
        let synapses = synapses.iter().map(|(from, to)| (*from, *to, q("1")));
        let factors = factors.into_iter().collect();
        Network::with_products(units(kinds), factors, synapses.collect(), vec![]).unwrap_err()
    };
    let id = |id: &str| id.to_string();
    let cases = [
        (
            products("xz", vec![], &[]),
            NetworkError::NoFactors {
                index: 1,
                id: id("z1"),
            },
        ),
        (
            products("xz", vec![(1, vec![])], &[]),
            NetworkError::NoFactors {
                index: 1,
                id: id("z1"),
            },
        ),
        (
            products("xh", vec![(1, vec![0])], &[]),
            NetworkError::NoProduct {
                index: 1,
                id: id("h1"),
            },
        ),
        (
            products("xz", vec![(1, vec![0, 5])], &[]),
            NetworkError::NoSuchUnit {
                place: id("units[1].of"),
                unit: 5,
                units: 2,
            },
        ),
        (
            products("xz", vec![(1, vec![0])], &[(0, 1)]),
            NetworkError::IntoProduct {
                index: 0,
                from: id("x0"),
                to: id("z1"),
            },
        ),
        (
            products("zx", vec![(0, vec![1, 0])], &[]),
            NetworkError::ProductCycle {
                index: 0,
                id: id("z0"),
            },
        ),
        (
            products("xz", vec![(1, vec![0; 257])], &[]),
            NetworkError::ProductTooLong {
                index: 1,
                id: id("z1"),
                limit: 256,
            },
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
    let through = products("zzx", vec![(0, vec![1]), (1, vec![2, 0])], &[]);
    assert!(matches!(through, NetworkError::ProductCycle { .. }));
    // Each the square of the one before: 2^9 factors.
    let squares = (1..10).map(|z| (z, vec![z - 1, z - 1])).collect();
    let long = products("xzzzzzzzzz", squares, &[]);
    assert_eq!(
        long,
        NetworkError::ProductTooLong {
            index: 9,
            id: id("z9"),
            limit: 256
        }
    );
    let tied = |tie: Vec<(usize, Rational)>| {
        Network::with_products(units("xhhz"), [(3, vec![1])].into(), vec![], vec![tie]).unwrap_err()
    };
    assert_eq!(
        tied(vec![(1, q("1")), (2, q("0"))]),
        NetworkError::TieExponent {
            index: 0,
            id: id("h2"),
            limit: 256
        }
    );
    assert!(matches!(
        tied(vec![(1, q("1/257"))]),
        NetworkError::TieExponent { .. }
    ));
    assert_eq!(
        tied(vec![(1, q("1")), (1, q("-1"))]),
        NetworkError::TieRepeats {
            index: 0,
            id: id("h1")
        }
    );
    assert_eq!(
        tied(vec![(3, q("1"))]),
        NetworkError::TieOfVisible {
            index: 0,
            id: id("z3")
        }
    );
    // A chain of ties with exponents 255: their product is too long a number.
    let many = 4_000;
    let long = (1..many).map(|unit| vec![(unit, q("1")), (unit + 1, q("255/256"))]);
    let kinds = format!("x{}", "h".repeat(many));
    let fault = Network::with_products(units(&kinds), [].into(), vec![], long.collect());
    assert!(matches!(fault, Err(NetworkError::ExponentsMultiply { .. })));
}

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

/// Checks: random networks of products, powers, inverse ties and cycles compute the same function after any scaling, exactly.
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

/// Checks: the manifold of random networks: constraints and dimension are proved by the kernel, multipliers are found again from
/// ratios of weights, and a changed weight on a constraint is refuted.
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
            Err(refusal) => assert!(matches!(refusal, Refusal::Dependent { .. }), "{refusal}"),
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

/// `Σ cost · exp<a, log μ>` as a problem, from exponents and costs.
fn posynomial(variables: usize, terms: &[(&str, &str)]) -> Problem {
    let synapse = |(cost, exponents): &(&str, &str)| {
        let direction = qs(exponents).into_iter().enumerate();
        Synapse {
            direction: direction
                .filter(|(_, exponent)| !exponent.is_zero())
                .collect(),
            costs: vec![Cost {
                coefficient: q(cost),
                base: q("1"),
                power: q("1"),
                exponent: q("1"),
            }],
        }
    };
    Problem::new(variables, terms.iter().map(synapse).collect()).unwrap()
}

/// Checks: `a + b + c + 16/(abc)` is least at (2, 2, 2), exactly; the kernel proves that and that the minimum is attained, refuses
/// a point beside it, and does not apply the comparison principle, nor ask for components.
#[test]
fn the_kernel_takes_synapses_of_many_variables() {
    let problem = posynomial(
        3,
        &[
            ("1", "1 0 0"),
            ("1", "0 1 0"),
            ("1", "0 0 1"),
            ("16", "-1 -1 -1"),
        ],
    );
    assert!(check::balanced(&problem, &qs("2 2 2")).is_ok());
    assert!(matches!(
        check::balanced(&problem, &qs("2 2 4")),
        Err(Refusal::Unbalanced { .. })
    ));
    assert!(check::attained(&problem, &qs("1 1 1 1")).is_ok());
    assert!(matches!(
        check::attained(&problem, &qs("1 1 2 1")),
        Err(Refusal::Conservation { .. })
    ));
    let three = Refusal::RaisesBoth { synapse: 3 };
    let wide = check::enclosure(&problem, &qs("1 1 1"), &qs("3 3 3"));
    assert_eq!(wide, Err(three.clone()));
    assert_eq!(problem.common_scaling(), Err(three.clone()));
    assert_eq!(problem.free(), Err(three));
    // Without the synapse of three variables everything can go to 0.
    let without = problem.without(&[3]);
    assert!(check::not_attained(&without, &qs("-1 -1 -1")).is_ok());
    assert!(check::enclosure(&without, &qs("1 1 1"), &qs("3 3 3")).is_err());
    let start = vec![q("1"); 4];
    let scaled = qs("2 3 5 1/30");
    assert!(check::scaling(&problem, &start, &scaled, &qs("2 3 5")).is_ok());
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
    let exact = balance_exactly(&problem, &solution).unwrap();
    assert_eq!(
        exact.claim_about(&problem).unwrap().multipliers,
        qs("2 2 2")
    );
}

/// Checks: the comparison principle fails on an odd cycle, and the kernel refuses it there: at (1, 2.9) both sign tests of a lower
/// bound pass, while the optimum is (4, 2).
#[test]
fn odd_cycles_are_refused_by_comparison() {
    let terms = [("1", "1 -1"), ("16", "-1 -1"), ("2", "0 1")];
    let problem = posynomial(2, &terms);
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
    let exact = balance_exactly(&problem, &solution).unwrap();
    assert_eq!(exact.claim_about(&problem).unwrap().multipliers, qs("4 2"));
    let sides = problem.sides(&problem.costs(128), &qs("1 29/10"));
    for (input, output) in sides {
        let (input, output) = (input.unwrap(), output.unwrap());
        assert!(input.hi().to_rational() <= output.lo().to_rational());
    }
    assert_eq!(
        check::enclosure(&problem, &qs("1 29/10"), &qs("9 9")),
        Err(Refusal::RaisesBoth { synapse: 1 })
    );
    // With one sign turned it is an ordinary problem, whatever the sizes of exponents.
    let even = posynomial(2, &[("1", "1 -1"), ("16", "-1 2"), ("2", "0 -1/2")]);
    let solution = solve_direct(&even, &DirectOptions::default(), &mut |_| {}).unwrap();
    assert!(synaptic_balance::solve::certify(&even, &solution, 12).is_ok());
}

/// Checks: closed forms of one variable: exponents ±1 give `sqrt(B/A)`, ±q `(B/A)^(1/2q)`, 1 and -c `(cB/A)^(1/(1+c))`; any others
/// the root of `Σ a c μ^a`.
#[test]
fn one_variable_is_balanced_by_its_root() {
    let step = |terms: &[(&str, &str)]| {
        let problem = posynomial(1, terms);
        let mut state = synaptic_balance::solve::Balancing::new(&problem);
        let log = state.balancing_log(0).unwrap().unwrap();
        state.shift(0, log);
        assert!(state.deficit(0) < 1e-14);
        log.exp()
    };
    let near =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14, "{found}");
    near(step(&[("2", "1"), ("18", "-1")]), 3.0);
    near(step(&[("2", "3"), ("18", "-3")]), 9f64.powf(1.0 / 6.0));
    near(step(&[("3", "1"), ("7", "-4")]), (28.0f64 / 3.0).powf(0.2));
    // 2μ² + 3μ - 4/μ - 3/μ³ = 0 has no closed form; μ = 1.
    near(
        step(&[("1", "2"), ("3", "1"), ("2", "-1"), ("1", "-3")]),
        1.0,
    );
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

/// Checks: random networks of products, inverse ties, powers and cycles under `lp` with `p` in 1/2, 1, 2, 3: existence is decided
/// and verified, the direct method and the stochastic one, from its own start and in its own order, agree to 1e-9, and the function
/// is that of before.
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

/// Checks: a network whose balanced costs are planted: a circulation, found by a linear program and verified, as the costs under
/// `l1`, hidden by a random scaling; the direct solve finds the planted weights to 1e-9.
#[test]
fn planted_circulations_are_found() {
    let mut found = 0;
    let count = sample(30, 500);
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

/// Checks: the judge accepts scalings of random general networks, exact ones as exact and those of `f64` weights to rounding, and never
/// a network of which one weight was changed on a constraint.
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
