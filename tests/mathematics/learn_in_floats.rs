//! Training and balancing in floating point: the same bits on any number of threads, and the solver's balance.

use nalgebra::{DMatrix, DVector};
use num_traits::One;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synaptic_balance::learn::{
    Deficits, Descent, Layer, Loss, Norm, Perceptron, balance_fully, deficits,
};
use synaptic_balance::network::Activation;
use synaptic_balance::numbers::{Rational, Scalar};

fn integer(value: i64) -> Rational {
    Rational::from_integer(value.into())
}

/// Checks: a batch gives the same bits whatever the number of threads, also where it is shared among them.
#[test]
fn threads_do_not_change_a_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let model = Perceptron::<f64>::random(&[8, 20, 10, 8], Activation::Relu, &mut rng).unwrap();
    let x = DMatrix::from_fn(8, 250, |i, j| ((3 * i + 5 * j) % 7) as f64 / 7.0);
    let after = |threads| {
        let mut model = model.clone();
        let descent = Descent {
            loss: Loss::SquaredError,
            rate: 0.1,
            penalty: None,
            threads,
        };
        for _ in 0..3 {
            descent.step(&mut model, &x, &x).unwrap();
        }
        model
    };
    assert_eq!(after(1), after(2));
    assert_eq!(after(1), after(5));
}

/// Checks: the measures of the deficit on three units whose input and output costs are 4 and 1, 9 and 9, 0 and 0: the
/// last counts for none of them.
#[test]
fn deficits_of_a_worked_example() {
    let layer = |rows: usize, weights: &[f64]| Layer {
        weights: DMatrix::from_row_slice(rows, weights.len() / rows, weights),
        bias: DVector::from_element(rows, 0.0),
    };
    let layers = vec![layer(3, &[2.0, -3.0, 0.0]), layer(1, &[1.0, 3.0, 0.0])];
    let model = Perceptron::new(layers, Activation::Relu).unwrap();
    let expected = Deficits {
        squares: 9.0,
        total: 3.0,
        weighted: 3.0 / 23.0,
        largest: 0.6,
        mean: 0.3,
    };
    assert_eq!(deficits(&model, Norm::L2), expected);
    let dead = Perceptron::new(vec![layer(1, &[0.0]), layer(1, &[0.0])], Activation::Relu);
    let none = deficits(&dead.unwrap(), Norm::L2);
    assert_eq!((none.squares, none.total, none.weighted), (0.0, 0.0, 0.0));
    assert_eq!((none.largest, none.mean), (0.0, 0.0));
}

/// Checks: balancing a model reaches the balance of the solver, and changes no output beyond rounding.
#[test]
fn models_are_balanced_as_the_solver_does() {
    use synaptic_balance::network::Regularizer;
    use synaptic_balance::solve::{DirectOptions, solve_direct};
    for norm in [Norm::L1, Norm::L2] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut model =
            Perceptron::<f64>::random(&[5, 6, 4, 3], Activation::Relu, &mut rng).unwrap();
        let before = model.clone();
        assert!(deficits(&model, norm).largest > 0.01);
        balance_fully(&mut model, norm, 1e-13, 1000);
        assert!(deficits(&model, norm).largest <= 1e-12);
        let exact = synaptic_balance::learn::exactly(&before)
            .unwrap()
            .to_network();
        let regularizer = if norm == Norm::L1 {
            Regularizer::l1()
        } else {
            Regularizer::l2()
        };
        let solution = solve_direct(
            &exact.problem(&regularizer),
            &DirectOptions::default(),
            &mut |_| {},
        )
        .unwrap();
        let power = Rational::one() / integer(norm.power().into());
        let multipliers: Vec<f64> = solution
            .multipliers
            .iter()
            .map(|m| m.to_f64().power(&power).unwrap())
            .collect();
        let expected = before.to_network().scaled(&multipliers).unwrap().weights();
        for (found, expected) in model.in_network_order().iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-11 * expected.abs(),
                "{found} {expected}"
            );
        }
    }
}
