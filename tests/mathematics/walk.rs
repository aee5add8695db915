//! Balancing by hand in exact numbers.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::network::{
    BalanceError, Network, Regularizer, ScaleError, Shape, chain, planted, random_weight,
};
use synaptic_balance::numbers::{Rational, Wide, parse_rational};
use synaptic_balance::solve::walk::{Orders, price, random_orders, rounded};
use synaptic_balance::solve::{Balancing, SolveError, Walk, WalkError};

const SHAPE: Shape = Shape {
    inputs: 2,
    hidden: 4,
    outputs: 1,
};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn from_start(network: Network<Rational>) -> Walk {
    let ones = vec![q("1"); network.variables()];
    Walk::new(network, ones).unwrap()
}

fn regularizers() -> [Regularizer; 3] {
    ["l1", "l2", "mix:1*1+1/2*2"].map(|text| text.parse().unwrap())
}

/// Checks: each step balances its unit, exactly or to 40 bits, raises the costs at no time, and leaves the outputs as
/// they are, as rationals.
#[test]
fn steps_balance_and_change_no_output() {
    for seed in 0..12 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = planted(SHAPE, false, false, &mut rng).network;
        let inputs: Vec<Rational> = (0..SHAPE.inputs).map(|_| random_weight(&mut rng)).collect();
        let outputs = network.evaluate(&inputs).unwrap();
        for regularizer in regularizers() {
            let mut walk = from_start(network.clone());
            let (_, mut cost) = price(&network.problem(&regularizer));
            for _ in 0..12 {
                let variable = rng.random_range(0..network.variables());
                let unit = network.members(variable)[0];
                let step = match walk.balance(unit, &regularizer) {
                    Err(WalkError::Balance(BalanceError::NoCost(_))) => continue,
                    step => step.unwrap(),
                };
                assert_eq!(step.variable, variable);
                let problem = walk.network().problem(&regularizer);
                let deficit = Balancing::new(&problem).deficit(variable);
                assert!(deficit < 2f64.powi(-40), "{deficit}");
                let (_, now) = price(&problem);
                assert!(now.ratio(cost) < 1.0 + 1e-12);
                cost = now;
                assert_eq!(walk.network().evaluate(&inputs).unwrap(), outputs);
                assert!(
                    walk.multipliers()
                        .iter()
                        .all(|own| own.numer().bits() <= 256)
                );
            }
        }
    }
}

/// Checks: orders end at the planted optimum, cyclic networks too; with a dead synapse none does, and the error says
/// so.
#[test]
fn orders_end_at_the_planted_optimum() {
    for seed in 0..12 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let planted = planted(SHAPE, seed % 2 == 1, false, &mut rng);
        for regularizer in regularizers() {
            let problem = planted.network.problem(&regularizer);
            let found: Orders = random_orders(&problem, &regularizer, 4, 20_000).unwrap();
            assert!(found.difference < 1e-6, "{}", found.difference);
            let root = regularizer.variable_power().recip();
            let (trace, end) = &found.runs[3];
            let multipliers: Vec<f64> = end
                .multipliers
                .iter()
                .map(|mu| mu.power(&root).to_f64())
                .collect();
            let scaled = planted.network.to_f64().scaled(&multipliers).unwrap();
            assert!(planted.error(&scaled.weights()) < 1e-6);
            let costs = trace
                .windows(2)
                .all(|pair| pair[1].regularizer.ratio(pair[0].regularizer) < 1.0 + 1e-12);
            assert!(costs);
        }
    }
    let dead = chain(&[q("2"), q("0")]).problem(&Regularizer::l2());
    let refused = random_orders(&dead, &Regularizer::l2(), 1, 10);
    assert!(
        matches!(refused, Err(SolveError::OneSided { .. })),
        "{refused:?}"
    );
    let slow = chain(
        &vec![q("3"); 40]
            .into_iter()
            .enumerate()
            .map(|(at, w)| if at == 0 { q("1000") } else { w })
            .collect::<Vec<_>>(),
    );
    let refused = random_orders(&slow.problem(&Regularizer::l2()), &Regularizer::l2(), 1, 2);
    assert!(
        matches!(refused, Err(SolveError::NotConverged { .. })),
        "{refused:?}"
    );
}

/// Checks: what cannot be done is refused for its own reason, and changes nothing; multipliers that grow too long to be
/// exact are rounded.
#[test]
fn refused_steps_change_nothing() {
    let l2 = Regularizer::l2();
    let network = chain(&[q("4"), q("1")]);
    let mut walk = from_start(network.clone());
    let refused = walk.balance(0, &l2).unwrap_err();
    assert_eq!(
        refused,
        WalkError::Balance(BalanceError::NotScalable("x".into()))
    );
    let mut dead = from_start(chain(&[q("2"), q("0")]));
    let refused = dead.balance(1, &l2).unwrap_err();
    assert!(matches!(
        refused,
        WalkError::Balance(BalanceError::NoOutputCost(_))
    ));
    assert_eq!(dead.network().weights(), [q("2"), q("0")]);
    for (multipliers, is_number) in [
        (vec![], true),
        (vec![q("0")], false),
        (vec![q("-1")], false),
    ] {
        let refused = Walk::new(network.clone(), multipliers).unwrap_err();
        assert_eq!(matches!(refused, ScaleError::Multipliers { .. }), is_number);
        assert_eq!(
            matches!(refused, ScaleError::NotPositive { .. }),
            !is_number
        );
    }
    // A rational of more bits than are kept: balanced by 1/λ with λ = (2^300 + 1)/2^300, exactly but not shortly.
    let long = (num_traits::pow(q("2"), 300) + q("1")) / num_traits::pow(q("2"), 300);
    let mut walk = from_start(chain(&[&long * &long, q("1")]));
    let step = walk.balance(1, &l2).unwrap();
    assert!(!step.is_exact);
    let exact = walk.balance(1, &l2).unwrap();
    assert!(
        Balancing::new(&walk.network().problem(&l2)).deficit(0) < 1e-12,
        "{exact:?}"
    );
    assert_eq!(rounded(Wide::from(&num_traits::pow(q("2"), 5000))), None);
}
