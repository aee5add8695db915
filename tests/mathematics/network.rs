//! The network model: validity, evaluation, scaling, one unit, manifold.

use num_traits::{One, Zero};
use quickcheck::quickcheck;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{
    Activation, BalanceError, Inconsistent, Manifold, Multiplier, Network, NetworkError, Penalty,
    Regularizer, ScaleError, Shape, Unit, UnitKind, balance_general, chain, layered,
    random_acyclic, random_recurrent, random_weight,
};
use synaptic_balance::numbers::{Rational, parse_rational};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn unit(id: &str, kind: UnitKind, activation: Activation<Rational>) -> Unit<Rational> {
    Unit::new(id, kind, activation)
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn positive(count: usize, seed: u64) -> Vec<Rational> {
    let mut rng = rng(seed);
    (0..count)
        .map(|_| synaptic_balance::numbers::Scalar::magnitude(&random_weight(&mut rng)))
        .collect()
}

quickcheck! {
    /// Checks: Section 3, scaling does not change the function of an acyclic network (exactly, with biases, ties and
    /// every BiLU).
    fn scaling_keeps_acyclic_functions(seed: u64, hidden: u8, tied: bool) -> bool {
        let shape = Shape { inputs: 2, hidden: usize::from(hidden % 8), outputs: 2 };
        let network = random_acyclic(shape, 0.6, &mut rng(seed));
        let network = if tied { network.tied_by_layer() } else { network };
        let scaled = network.scaled(&positive(network.variables(), seed)).unwrap();
        let input = [random_weight(&mut rng(seed ^ 1)), random_weight(&mut rng(seed ^ 2))];
        network.evaluate(&input) == scaled.evaluate(&input)
    }

    /// Checks: Section 3, the same for recurrent networks over time, with self-connections, the initial state being
    /// scaled too.
    fn scaling_keeps_recurrent_functions(seed: u64, hidden: u8) -> bool {
        let shape = Shape { inputs: 1, hidden: usize::from(hidden % 5) + 1, outputs: 1 };
        let network = random_recurrent(shape, 0.6, &mut rng(seed));
        let multipliers = positive(network.variables(), seed);
        let scaled = network.scaled(&multipliers).unwrap();
        let mut random = rng(seed ^ 1);
        let initial: Vec<Rational> = (0..network.units()).map(|_| random_weight(&mut random)).collect();
        let mut scaled_initial = initial.clone();
        for (unit, value) in scaled_initial.iter_mut().enumerate() {
            if let Some(variable) = network.variable(unit) {
                *value *= &multipliers[variable];
            }
        }
        let inputs: Vec<Vec<Rational>> = (0..4).map(|_| vec![random_weight(&mut random)]).collect();
        network.evaluate_over_time(&inputs, &initial) == scaled.evaluate_over_time(&inputs, &scaled_initial)
    }

    /// Checks: Section 3, scalings form a commutative group: they compose by multiplication and can be undone.
    fn scalings_compose(seed: u64) -> bool {
        let network = random_recurrent(Shape { inputs: 1, hidden: 4, outputs: 1 }, 0.5, &mut rng(seed));
        let (one, other) = (positive(network.variables(), seed), positive(network.variables(), seed ^ 1));
        let product: Vec<Rational> = one.iter().zip(&other).map(|(a, b)| a * b).collect();
        let inverse: Vec<Rational> = product.iter().map(Rational::recip).collect();
        let both = network.scaled(&one).unwrap().scaled(&other).unwrap().weights();
        let swapped = network.scaled(&other).unwrap().scaled(&one).unwrap().weights();
        let at_once = network.scaled(&product).unwrap();
        both == swapped && both == at_once.weights() && at_once.scaled(&inverse).unwrap().weights() == network.weights()
    }

    /// Checks: Definition 5.2 and Proposition 5.4: ratios that come from a scaling are recognised and give it back up
    /// to components without visible units; one ratio changed on a cycle is not consistent.
    fn self_consistency_is_decided_exactly(seed: u64) -> bool {
        let network = random_recurrent(Shape { inputs: 1, hidden: 4, outputs: 2 }, 0.6, &mut rng(seed));
        let manifold = Manifold::of(&network);
        let scaled = network.scaled(&positive(network.variables(), seed)).unwrap();
        let ratios = || (0..network.synapses()).map(|e| Some(scaled.weight(e) / network.weight(e))).collect::<Vec<_>>();
        let Ok(found) = manifold.multipliers(&ratios()) else { return false };
        let recovered = network.scaled(&found).unwrap().weights() == scaled.weights();
        let on_a_cycle = manifold.constraints().first().map(|constraint| constraint.terms[0].0);
        let broken = on_a_cycle.is_none_or(|synapse| {
            let mut ratios = ratios();
            ratios[synapse] = ratios[synapse].as_ref().map(|ratio| ratio * q("2"));
            matches!(manifold.multipliers(&ratios), Err(Inconsistent::Synapse { .. }))
        });
        recovered && broken
    }

    /// Checks: Section 5, a basis of the constraints has |E| - dimension cycles: they vanish on every potential, each
    /// directed one is a closed directed walk, and they are independent.
    fn the_cycle_basis_is_a_basis(seed: u64, density: u8, tied: bool) -> bool {
        let shape = Shape { inputs: 2, hidden: 5, outputs: 2 };
        let network = random_recurrent(shape, f64::from(density % 10) / 10.0, &mut rng(seed));
        let network = if tied { network.tied_by_layer() } else { network };
        let manifold = Manifold::of(&network);
        let basis = manifold.constraints();
        let matrix = manifold.potential_matrix();
        let vanish = basis.iter().all(|constraint| {
            let mut total = vec![Rational::zero(); network.variables()];
            for (synapse, coefficient) in &constraint.terms {
                for (variable, exponent) in &matrix[*synapse] {
                    total[*variable] += coefficient * exponent;
                }
            }
            total.iter().all(Zero::is_zero)
        });
        let node = |unit| network.variable(unit);
        let closed = basis.iter().filter(|constraint| constraint.directed).all(|constraint| {
            let ends: Vec<_> = constraint.terms.iter().map(|(synapse, _)| network.endpoints(*synapse)).collect();
            let next = ends.iter().cycle().skip(1);
            ends.iter().zip(next).all(|((_, to), (from, _))| node(*to) == node(*from))
        });
        let rows: Vec<Vec<Rational>> = basis.iter().map(|constraint| {
            let mut row = vec![Rational::zero(); network.synapses()];
            constraint.terms.iter().for_each(|(synapse, coefficient)| row[*synapse] += coefficient);
            row
        }).collect();
        let columns: Vec<Vec<Rational>> = matrix.iter().map(|row| {
            let mut dense = vec![Rational::zero(); network.variables()];
            row.iter().for_each(|(variable, exponent)| dense[*variable] = exponent.clone());
            dense
        }).collect();
        vanish && closed && rank(columns) == manifold.dimension() && rank(rows) == basis.len()
            && basis.len() == network.synapses() - manifold.dimension()
    }
}

/// Plain elimination, the second side for ranks.
fn rank(mut rows: Vec<Vec<Rational>>) -> usize {
    let mut rank = 0;
    for column in 0..rows.first().map_or(0, Vec::len) {
        let Some(pivot) = (rank..rows.len()).find(|row| !rows[*row][column].is_zero()) else {
            continue;
        };
        rows.swap(rank, pivot);
        for row in rank + 1..rows.len() {
            let factor = &rows[row][column] / &rows[rank][column];
            for k in 0..rows[row].len() {
                let change = &factor * &rows[rank][k];
                rows[row][k] -= change;
            }
        }
        rank += 1;
    }
    rank
}

/// Checks: E5 (Remark 5.6 refuted): in a 1-2-2-1 network two paths cover all units, but the manifold needs 4
/// constraints,
/// |E| - |hidden|; each is a directed cycle of the coalesced graph.
#[test]
fn e5_covering_paths_do_not_suffice() {
    let network = layered(&[1, 2, 2, 1], &Activation::<f64>::Relu, |_, _, _| 1.0, None);
    let manifold = Manifold::of(&network);
    assert_eq!((network.synapses(), manifold.dimension()), (8, 4));
    let basis = manifold.constraints();
    assert_eq!(basis.len(), 4);
    assert!(basis.iter().all(|constraint| constraint.directed));
}

/// Checks: E7: a synapse on no input-output walk leaves its unit's potential free of directed cycles; the constraint
/// that it closes is an undirected one.
#[test]
fn e7_synapses_off_the_walks_close_undirected_cycles() {
    let units = vec![
        unit("x", UnitKind::Input, Activation::Linear),
        unit("dead", UnitKind::Hidden, Activation::Relu),
        unit("z", UnitKind::Input, Activation::Linear),
        unit("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(
        units,
        vec![(0, 1, q("1")), (2, 1, q("1")), (0, 3, q("1"))],
        vec![],
    )
    .unwrap();
    let basis = Manifold::of(&network).constraints();
    assert_eq!(
        basis
            .iter()
            .filter(|constraint| constraint.directed)
            .count(),
        1
    );
    assert_eq!(
        basis
            .iter()
            .filter(|constraint| !constraint.directed)
            .count(),
        1
    );
}

/// Checks: Theorem 3.1 (L_p): the multiplier is rational iff B/A is a 2p-th power, and costs need one square root only.
#[test]
fn one_unit_is_balanced_exactly() {
    let found = |weights: [&str; 2], regularizer: &Regularizer| {
        let found = chain(&weights.map(q)).balance_unit(1, regularizer).unwrap();
        (found.multiplier, found.cost_multiplier)
    };
    let irrational = |ratio: &str, degree: &str| Multiplier::Irrational {
        ratio: q(ratio),
        degree: q(degree),
    };
    let rational = |value: &str| Multiplier::Rational(q(value));
    assert_eq!(
        found(["1", "16"], &Regularizer::l2()),
        (rational("4"), rational("16"))
    );
    assert_eq!(
        found(["-1", "4"], &Regularizer::l1()),
        (rational("2"), rational("2"))
    );
    assert_eq!(
        found(["1", "3"], &Regularizer::l2()),
        (irrational("9", "4"), rational("3"))
    );
    assert_eq!(
        found(["1", "2"], &Regularizer::l1()),
        (irrational("2", "2"), irrational("2", "2"))
    );
    let half = Regularizer::lp(q("1/2")).unwrap();
    assert_eq!(
        found(["4", "9"], &half),
        (rational("3/2"), irrational("3/2", "2"))
    );
}

/// Checks: enclosed multipliers (irrational costs, mixtures) hold the number whose equation is known otherwise.
#[test]
fn enclosed_multipliers_hold_the_truth() {
    let half = Regularizer::lp(q("1/2")).unwrap();
    let Multiplier::Enclosed { lower, upper } = chain(&["2", "8"].map(q))
        .balance_unit(1, &half)
        .unwrap()
        .multiplier
    else {
        panic!("irrational costs have no exact quotient")
    };
    // Both sides are roots: A = √2, B = √8, so λ = B/A = 2.
    assert!(lower < q("2") && q("2") < upper && upper - lower < q("1e-11"));
    let mixture: Regularizer = "mix:1*2+1*1".parse().unwrap();
    let found = chain(&["1", "4"].map(q))
        .balance_unit(1, &mixture)
        .unwrap()
        .multiplier;
    let Multiplier::Enclosed { lower, upper } = found else {
        panic!("two powers meet")
    };
    // λ = 2 equalises: 2·2² + 2 = 10 = 2·2² + 2.
    assert!(lower <= q("2") && q("2") <= upper && upper - lower < q("1e-11"));
}

/// Checks: BiPU balance (ours), A = c B, and that c <= 0 has no minimiser.
#[test]
fn bipu_units_balance_with_their_degree() {
    let network = |degree: &str| {
        let bipu = Activation::BiPu {
            degree: q(degree),
            above: q("1"),
            below: q("0"),
        };
        let units = vec![
            unit("x", UnitKind::Input, Activation::Linear),
            unit("a", UnitKind::Hidden, bipu),
            unit("y", UnitKind::Output, Activation::Linear),
        ];
        Network::new(units, vec![(0, 1, q("2")), (1, 2, q("4"))], vec![]).unwrap()
    };
    // λ^(p(1+c)) = c B / A = 2·16/4 = 8 with p = 2, c = 2.
    let found = network("2").balance_unit(1, &Regularizer::l2()).unwrap();
    assert_eq!(
        found.multiplier,
        Multiplier::Irrational {
            ratio: q("8"),
            degree: q("6")
        }
    );
    assert_eq!(found.cost_multiplier, Multiplier::Rational(q("2")));
    let refused = network("-1").balance_unit(1, &Regularizer::l2());
    assert_eq!(refused, Err(BalanceError::Degree("a".into())));
    let scaled = network("2").scaled(&[q("3")]).unwrap();
    assert_eq!(scaled.evaluate(&[q("5")]), network("2").evaluate(&[q("5")]));
}

/// Checks: E4: a self-connection is in neither sum.
#[test]
fn e4_self_connections_are_left_out() {
    let units = vec![
        unit("x", UnitKind::Input, Activation::Linear),
        unit("a", UnitKind::Hidden, Activation::Relu),
        unit("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(
        units,
        vec![(0, 1, q("1")), (1, 1, q("5")), (1, 2, q("16"))],
        vec![],
    )
    .unwrap();
    let found = network.balance_unit(1, &Regularizer::l2()).unwrap();
    assert_eq!(
        (found.input_cost, found.output_cost),
        (Some(q("1")), Some(q("256")))
    );
    assert_eq!(found.multiplier, Multiplier::Rational(q("4")));
}

/// Checks: degenerate units are errors that name them.
#[test]
fn degenerate_units_are_named() {
    let l2 = Regularizer::l2();
    let balance = |weights: [&str; 2]| chain(&weights.map(q)).balance_unit(1, &l2).unwrap_err();
    assert_eq!(balance(["0", "1"]), BalanceError::NoInputCost("h1".into()));
    assert_eq!(balance(["1", "0"]), BalanceError::NoOutputCost("h1".into()));
    assert_eq!(balance(["0", "0"]), BalanceError::NoCost("h1".into()));
    let visible = chain(&["1", "1"].map(q)).balance_unit(0, &l2).unwrap_err();
    assert_eq!(visible, BalanceError::NotScalable("x".into()));
}

/// A penalty for which the minimum over `λ` is not unique.
struct Wavy;

impl Penalty for Wavy {
    fn cost(&self, weight: f64) -> f64 {
        ((weight.abs() - 2.0).powi(3) + 8.0) / 3.0 + weight.abs() / 2.0
    }
    fn derivative(&self, weight: f64) -> f64 {
        ((weight.abs() - 2.0).powi(2) + 0.5) * weight.signum()
    }
}

/// Checks: Theorem 3.1 (general regularizer) and E2: the root found is a minimum, although `λ = 1` satisfies the
/// equation too and is a maximum.
#[test]
fn e2_the_general_balance_finds_a_minimum() {
    let multiplier = balance_general(&Wavy, &[1.0], &[1.0], 1.0).unwrap();
    let cost = |multiplier: f64| Wavy.cost(multiplier) + Wavy.cost(1.0 / multiplier);
    assert!((cost(2.0) - 131.0 / 24.0).abs() < 1e-12 && (cost(1.0) - 17.0 / 3.0).abs() < 1e-12);
    assert!(cost(multiplier) <= 131.0 / 24.0 && (multiplier - 1.0).abs() > 0.5);
    for nearby in [0.999, 1.001] {
        assert!(cost(multiplier * nearby) > cost(multiplier));
    }
}

/// Checks: the general trait and the exact regularizers agree where both apply.
#[test]
fn general_and_exact_balance_agree() {
    for text in ["l2", "l1", "lp:1/2", "lp:3", "mix:1*2+3*1/2"] {
        let regularizer: Regularizer = text.parse().unwrap();
        assert_eq!(
            regularizer.to_string().parse::<Regularizer>().unwrap(),
            regularizer
        );
        let network = chain(&["3", "1/7"].map(q));
        let general = network.balance_unit_general(1, &regularizer).unwrap();
        let bounds = match network.balance_unit(1, &regularizer).unwrap().multiplier {
            Multiplier::Enclosed { lower, upper } => (lower, upper),
            Multiplier::Rational(value) => (value.clone(), value),
            Multiplier::Irrational { ratio, degree } => {
                let value = synaptic_balance::numbers::rational_to_f64(&ratio)
                    .powf(1.0 / synaptic_balance::numbers::rational_to_f64(&degree));
                let value = synaptic_balance::numbers::rational_from_f64(value).unwrap();
                (value.clone(), value)
            }
        };
        let middle = synaptic_balance::numbers::rational_to_f64(&((bounds.0 + bounds.1) / q("2")));
        assert!(
            (general / middle - 1.0).abs() < 1e-10,
            "{text}: {general} and {middle}"
        );
    }
}

/// Checks: a network is valid by construction; every fault has its own error.
#[test]
fn invalid_networks_are_refused() {
    let units = || {
        vec![
            unit("x", UnitKind::Input, Activation::Linear),
            unit("a", UnitKind::Hidden, Activation::Relu),
            unit("y", UnitKind::Output, Activation::Linear),
        ]
    };
    let build = |units, synapses, ties| Network::new(units, synapses, ties).unwrap_err();
    let w = || q("1");
    let mut twice = units();
    twice[2].id = "a".into();
    assert!(matches!(
        build(twice, vec![], vec![]),
        NetworkError::DuplicateUnit {
            index: 2,
            first: 1,
            ..
        }
    ));
    assert!(matches!(
        build(units(), vec![(0, 9, w())], vec![]),
        NetworkError::NoSuchUnit { unit: 9, .. }
    ));
    let double = vec![(0, 1, w()), (0, 1, w())];
    assert!(matches!(
        build(units(), double, vec![]),
        NetworkError::DuplicateSynapse {
            index: 1,
            first: 0,
            ..
        }
    ));
    assert!(matches!(
        build(units(), vec![(1, 0, w())], vec![]),
        NetworkError::IntoSource { index: 0, .. }
    ));
    assert!(matches!(
        build(units(), vec![], vec![vec![1, 2]]),
        NetworkError::TieOfVisible { index: 0, .. }
    ));
    assert!(matches!(
        build(units(), vec![], vec![vec![1, 1]]),
        NetworkError::TieRepeats { index: 0, .. }
    ));
    let floats = units()
        .into_iter()
        .map(|u| Unit::new(u.id, u.kind, u.activation.map(|_| 0.0)))
        .collect();
    let nan = Network::new(floats, vec![(0, 1, f64::NAN)], vec![]).unwrap_err();
    assert!(matches!(nan, NetworkError::NotFinite { index: 0, .. }));
}

/// Checks: multipliers that are not positive, or irrational weights, are refused; nothing is rounded.
#[test]
fn impossible_scalings_are_refused() {
    let network = chain(&["1", "1"].map(q));
    assert!(matches!(
        network.scaled(&[]),
        Err(ScaleError::Multipliers {
            found: 0,
            expected: 1
        })
    ));
    for bad in ["0", "-3"] {
        assert!(matches!(
            network.scaled(&[q(bad)]),
            Err(ScaleError::NotPositive { .. })
        ));
    }
    let half = Activation::BiPu {
        degree: q("1/2"),
        above: Rational::one(),
        below: Rational::one(),
    };
    let units = vec![
        unit("x", UnitKind::Input, Activation::Linear),
        unit("a", UnitKind::Hidden, half),
        unit("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(units, vec![(0, 1, q("1")), (1, 2, q("1"))], vec![]).unwrap();
    assert!(matches!(
        network.scaled(&[q("2")]),
        Err(ScaleError::Weight { .. })
    ));
    assert!(network.scaled(&[q("4")]).is_ok());
}

/// Checks: Section 4: units that are not homogeneous are carried along and never scaled; a tie with one fixes the
/// others.
#[test]
fn other_activations_are_pinned() {
    let units = vec![
        unit("x", UnitKind::Input, Activation::Linear),
        unit("s", UnitKind::Hidden, Activation::Other("sigmoid".into())),
        unit("a", UnitKind::Hidden, Activation::Relu),
        unit("b", UnitKind::Hidden, Activation::Relu),
        unit("y", UnitKind::Output, Activation::Linear),
    ];
    let synapses = vec![
        (0, 1, q("1")),
        (1, 2, q("1")),
        (2, 3, q("1")),
        (3, 4, q("1")),
    ];
    let free = Network::new(units.clone(), synapses.clone(), vec![]).unwrap();
    assert_eq!(
        (free.variables(), free.variable(1), free.variable(2)),
        (2, None, Some(0))
    );
    let tied = Network::new(units.clone(), synapses.clone(), vec![vec![1, 2]]).unwrap();
    assert_eq!(
        (tied.variables(), tied.variable(2), tied.variable(3)),
        (1, None, Some(0))
    );
    let overlapping = Network::new(units, synapses, vec![vec![2, 3]]).unwrap();
    assert_eq!(
        (overlapping.variables(), overlapping.members(0)),
        (1, &[2, 3][..])
    );
    assert!(
        free.evaluate(&[q("1")]).is_err(),
        "a sigmoid has no rational value"
    );
    assert!(free.to_f64().evaluate(&[1.0]).is_ok());
}
