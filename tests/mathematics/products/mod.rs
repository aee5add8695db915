//! Products of values and ties with exponents: evaluation, scaling, the manifold, and what the kernel accepts of them.

mod costs;
mod random;

use num_traits::One;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::kernel::check;
use synaptic_balance::network::{
    Activation, EvaluateError, Manifold, Network, NetworkError, Regularizer, Unit, UnitKind,
};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::solve::{Method, Options, balance, double_cover, existence};

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

/// Checks: a product's value is that of its factors multiplied, in exact numbers and in f64; its form is the sum of
/// theirs, so that the synapse that reads it is divided by both multipliers, and the function stays.
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
    assert_eq!(basis.claim_about(&problem).unwrap().spanning.len(), 3);
}

/// Checks: a factor can be repeated (`r r` is a unit of degree 2), can be an input, a unit that is never scaled or
/// another product; only what can be scaled is in the form.
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
    // 256 inputs in one product, read by as many synapses as there are other units.
    let many = 30_000;
    let mut kinds = "x".repeat(256);
    kinds.push('z');
    kinds.push_str(&"y".repeat(many));
    let readers: Vec<_> = (0..many).map(|reader| (256, 257 + reader)).collect();
    let long = products(&kinds, vec![(256, (0..256).collect())], &readers);
    assert!(matches!(
        long,
        NetworkError::ProductsTooLong { index: 256, .. }
    ));
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

/// Checks: a network too large for linear programs, whose gates are read by hidden units, so that synapses have three
/// variables: its minimum is shown to be attained by its balanced costs, repaired to a circulation; with weights over
/// many orders too.
#[test]
fn large_networks_are_decided_by_their_solution() {
    let (wide, hidden) = (16, 34);
    let mut units: Vec<Unit<Rational>> = Vec::new();
    let mut layer = |id: &str, count: usize, kind| {
        units.extend((0..count).map(|i| unit(&format!("{id}{i}"), kind)));
        units.len() - count
    };
    let x = layer("x", wide, UnitKind::Input);
    let (g, u) = (
        layer("g", wide, UnitKind::Hidden),
        layer("u", wide, UnitKind::Hidden),
    );
    let z = layer("z", wide, UnitKind::Product);
    let h = layer("h", hidden, UnitKind::Hidden);
    let y = layer("y", hidden, UnitKind::Output);
    let factors = (0..wide).map(|i| (z + i, vec![g + i, u + i])).collect();
    let mut synapses = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut join = |from: usize, senders: usize, to: usize, readers: usize| {
        for (i, j) in (0..senders).flat_map(|i| (0..readers).map(move |j| (i, j))) {
            let weight = rng.random_range(1..1_000_000i64);
            synapses.push((from + i, to + j, Rational::new(weight.into(), 1_000.into())));
        }
    };
    join(x, wide, g, wide);
    join(x, wide, u, wide);
    join(z, wide, h, hidden);
    join(h, hidden, y, hidden);
    let network = Network::with_products(units, factors, synapses, vec![]).unwrap();
    assert!(network.synapses() > 2_000);
    for regularizer in ["l2", "lp:1/2"] {
        let problem = network.problem(&regularizer.parse().unwrap());
        assert!(double_cover(&problem).is_none());
        assert!(existence(&problem).unwrap().is_attained());
    }
}
