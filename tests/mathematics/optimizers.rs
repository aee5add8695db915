//! Momentum and Adam where weights are rescaled, and training that is the same on every machine.

use nalgebra::DMatrix;
use num_traits::Zero;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::learn::{
    Loss, Model, Norm, Optimizer, Perceptron, Reproducible, Rule, deficits, mean_gradient,
    reproducible_exp, reproducible_ln,
};
use synaptic_balance::network::Activation;
use synaptic_balance::numbers::Rational;

fn quotient(numerator: i64, denominator: i64) -> Rational {
    Rational::new(numerator.into(), denominator.into())
}

/// Small rationals, so that a few steps stay short.
fn rationals(rng: &mut ChaCha8Rng) -> Perceptron<Rational> {
    let mut model = Perceptron::random(&[3, 4, 3, 2], Activation::Relu, rng).unwrap();
    for weight in model.parameters_mut().into_iter().flatten() {
        *weight = quotient(rng.random_range(-8..=8), 8);
    }
    model
}

/// Checks: exactly, in rationals: after two steps of momentum, scaling every unit by odd factors and rescaling what is
/// remembered leaves the outputs as they are; the next gradient, and `v` after it, are those of the unscaled run,
/// rescaled by the inverse factors.
#[test]
fn momentum_is_rescaled_exactly() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut moved = 0;
    let rounds = if crate::in_full() { 10 } else { 4 };
    for _ in 0..rounds {
        let mut model = rationals(&mut rng);
        let x = DMatrix::from_fn(3, 4, |i, j| quotient((3 * i + 5 * j) as i64 % 7 - 3, 2));
        let t = DMatrix::from_fn(2, 4, |i, j| quotient((i + 2 * j) as i64 % 3, 1));
        let rule = Rule::Momentum {
            kept: quotient(9, 10),
        };
        let mut optimizer = Optimizer::new(rule, &model);
        let rate = quotient(1, 16);
        for _ in 0..2 {
            let (_, gradient) = mean_gradient(&model, &x, &t, Loss::SquaredError).unwrap();
            optimizer.step(&mut model, &gradient, &rate).unwrap();
        }
        let (mut scaled, mut rescaled) = (model.clone(), optimizer.clone());
        let factors: Vec<Rational> = (0..model.units())
            .map(|_| quotient(rng.random_range(1..6), rng.random_range(1..6)))
            .collect();
        for (unit, factor) in factors.iter().enumerate() {
            scaled.scale(unit, factor);
            rescaled.rescale(unit, factor);
        }
        assert_eq!(scaled.outputs(&x), model.outputs(&x));
        let inverse = |of: &Perceptron<Rational>| {
            let mut of = of.clone();
            for (unit, factor) in factors.iter().enumerate() {
                of.scale(unit, &factor.recip());
            }
            of
        };
        let (_, next) = mean_gradient(&model, &x, &t, Loss::SquaredError).unwrap();
        let (_, scaled_next) = mean_gradient(&scaled, &x, &t, Loss::SquaredError).unwrap();
        assert_eq!(scaled_next, inverse(&next));
        moved += usize::from(
            next.parameters()
                .iter()
                .any(|a| a.iter().any(|g| !g.is_zero())),
        );
        optimizer.step(&mut model, &next, &rate).unwrap();
        rescaled.step(&mut scaled, &scaled_next, &rate).unwrap();
        assert_eq!(rescaled.memory()[0], inverse(&optimizer.memory()[0]));
    }
    assert!(2 * moved >= rounds, "gradients that are not 0: {moved}");
}

/// Checks: Adam's two moments, to the last bit where multipliers are powers of two and ε is 0: `m` by the inverse
/// factor, `s` by its square, so that a step goes as far in the scaled weights as it would in the others.
#[test]
fn adam_is_rescaled_to_the_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let first = Perceptron::<f64>::random(&[5, 7, 6, 3], Activation::Relu, &mut rng).unwrap();
    let mut model = Reproducible(first);
    let x = DMatrix::from_fn(5, 8, |i, j| ((3 * i + 5 * j) % 7) as f64 - 2.0);
    let t = DMatrix::from_fn(3, 8, |i, j| f64::from(u8::from(j % 3 == i)));
    let rule = Rule::Adam {
        first: 0.9,
        second: 0.999,
        floor: 0.0,
    };
    let gradient =
        |model: &Reproducible| mean_gradient(model, &x, &t, Loss::CrossEntropy).unwrap().1;
    let mut optimizer = Optimizer::new(rule, &model);
    for _ in 0..3 {
        let slope = gradient(&model);
        optimizer.step(&mut model, &slope, &0.01).unwrap();
    }
    let (mut scaled, mut rescaled) = (model.clone(), optimizer.clone());
    let factors: Vec<f64> = (0..model.units())
        .map(|i| [4.0, 0.5, 1.0, 0.125][i % 4])
        .collect();
    for (unit, factor) in factors.iter().enumerate() {
        scaled.scale(unit, factor);
        rescaled.rescale(unit, factor);
    }
    assert_eq!(scaled.outputs(&x), model.outputs(&x));
    let (before, scaled_before) = (model.clone(), scaled.clone());
    let (slope, scaled_slope) = (gradient(&model), gradient(&scaled));
    optimizer.step(&mut model, &slope, &0.01).unwrap();
    rescaled.step(&mut scaled, &scaled_slope, &0.01).unwrap();
    let back = |of: &Reproducible, times: usize| {
        let mut of = of.clone();
        for (unit, factor) in factors.iter().enumerate() {
            (0..times).for_each(|_| of.scale(unit, factor));
        }
        of
    };
    for (at, (found, expected)) in rescaled.memory().iter().zip(optimizer.memory()).enumerate() {
        assert_eq!(&back(found, at + 1), expected, "moment {}", at + 1);
    }
    // The step itself, to the rounding of the subtraction.
    let steps = |after: &Reproducible, before: &Reproducible| {
        let after = after.parameters().concat().into_iter();
        after
            .zip(before.parameters().concat())
            .map(|(a, b)| a - b)
            .collect::<Vec<_>>()
    };
    let pairs = steps(&scaled, &scaled_before)
        .into_iter()
        .zip(steps(&model, &before));
    for (found, expected) in pairs {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
    let memory = Optimizer::new(rule, &model);
    assert!(
        memory
            .memory()
            .iter()
            .all(|m| m.parameters().concat().iter().all(|v| *v == 0.0))
    );
}

/// Checks: the first two steps of Adam on one weight against the formulas by hand: with a constant gradient each is η
/// to ε.
#[test]
fn adam_of_a_worked_example() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Perceptron::<f64>::random(&[1, 1], Activation::Relu, &mut rng).unwrap();
    model.parameters_mut()[0][0] = 1.0;
    let mut gradient = model.clone();
    gradient.parameters_mut()[0][0] = -0.25;
    let rule = Rule::Adam {
        first: 0.9,
        second: 0.999,
        floor: 1e-8,
    };
    let mut optimizer = Optimizer::new(rule, &model);
    for steps in 1..=2 {
        optimizer.step(&mut model, &gradient, &0.125).unwrap();
        let expected = 1.0 + 0.125 * f64::from(steps);
        assert!((model.parameters()[0][0] - expected).abs() < 1e-7);
    }
    assert_eq!(model.parameters()[1][0], 0.0);
    let exact = rationals(&mut rng);
    let rule = Rule::Adam {
        first: quotient(9, 10),
        second: quotient(9, 10),
        floor: quotient(1, 100),
    };
    let mut optimizer = Optimizer::new(rule, &exact);
    let mut to_move = exact.clone();
    assert!(
        optimizer
            .step(&mut to_move, &exact, &quotient(1, 2))
            .is_err(),
        "no square roots"
    );
}

/// Checks: balancing in the middle of training balances the weights, leaves the outputs to rounding, and rescales what
/// momentum remembers so that it is the inverse of what happened to the weights.
#[test]
fn balancing_carries_the_memory_along() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let first = Perceptron::<f64>::random(&[5, 6, 4, 3], Activation::Relu, &mut rng).unwrap();
    let mut model = Reproducible(first);
    let mut optimizer = Optimizer::new(Rule::Momentum { kept: 0.9 }, &model);
    let x = DMatrix::from_fn(5, 8, |i, j| ((3 * i + 5 * j) % 7) as f64 - 2.0);
    let t = x.rows(0, 3).into_owned();
    let (_, gradient) = mean_gradient(&model, &x, &t, Loss::SquaredError).unwrap();
    optimizer.step(&mut model, &gradient, &0.01).unwrap();
    let products = |model: &Reproducible, memory: &Reproducible| {
        let pairs = model.parameters().concat().into_iter();
        pairs
            .zip(memory.parameters().concat())
            .map(|(w, v)| w * v)
            .collect::<Vec<_>>()
    };
    let before = (model.outputs(&x), products(&model, &optimizer.memory()[0]));
    let half = deficits(&model, Norm::L2).squares;
    optimizer.sweep(&mut model, true);
    assert!(deficits(&model, Norm::L2).squares < half);
    assert!(deficits(&model, Norm::L2).largest > 1e-3);
    assert!(optimizer.balance_fully(&mut model, 1e-12, 1000) > 0);
    assert!(deficits(&model, Norm::L2).largest <= 1e-12);
    let after = (model.outputs(&x), products(&model, &optimizer.memory()[0]));
    assert!((before.0 - after.0).amax() < 1e-12);
    for (one, other) in before.1.iter().zip(&after.1) {
        assert!((one - other).abs() <= 1e-12 * one.abs(), "{one} {other}");
    }
}

/// Checks: our `exp` and `ln` against those of the library, to two units in the last place over all magnitudes, and at
/// the ends.
#[test]
fn exp_and_ln_are_those_of_the_library() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let close = |found: f64, expected: f64, what: f64| {
        let unit = expected.abs().max(f64::MIN_POSITIVE) * f64::EPSILON;
        assert!(
            (found - expected).abs() <= 2.0 * unit,
            "{what}: {found} {expected}"
        );
    };
    for _ in 0..20_000 {
        let x = rng.random_range(-740.0..709.0f64);
        close(reproducible_exp(x), x.exp(), x);
        close(reproducible_exp(x / 500.0), (x / 500.0).exp(), x / 500.0);
        let y = x.exp();
        close(reproducible_ln(y), y.ln(), y);
        let y = 1.0 + x / 2000.0;
        close(reproducible_ln(y), y.ln(), y);
    }
    assert_eq!(reproducible_exp(f64::NEG_INFINITY), 0.0);
    assert_eq!(reproducible_exp(f64::INFINITY), f64::INFINITY);
    assert!(reproducible_exp(f64::NAN).is_nan() && reproducible_ln(-1.0).is_nan());
    assert_eq!(reproducible_ln(0.0), f64::NEG_INFINITY);
    assert_eq!((reproducible_ln(1.0), reproducible_exp(0.0)), (0.0, 1.0));
}

/// Checks: the reproducible arithmetic adds in one order: an entry is the plain sum from the first term to the last,
/// and outputs, losses and gradients agree with the fast arithmetic to rounding.
#[test]
fn reproducible_products_are_plain_sums() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let model = Perceptron::<f64>::random(&[7, 9, 6, 4], Activation::Relu, &mut rng).unwrap();
    let x = DMatrix::from_fn(7, 11, |_, _| rng.random_range(-1.0..1.0f64));
    let t = DMatrix::from_fn(4, 11, |i, j| f64::from(u8::from(j % 4 == i)));
    let mut values = x.clone();
    for (at, layer) in model.layers().iter().enumerate() {
        values = DMatrix::from_fn(layer.weights.nrows(), 11, |i, j| {
            let mut sum = layer.bias[i];
            for k in 0..values.nrows() {
                sum += layer.weights[(i, k)] * values[(k, j)];
            }
            if at < 2 && sum < 0.0 { 0.0 } else { sum }
        });
    }
    let ours = Reproducible(model.clone());
    assert_eq!(ours.outputs(&x), values);
    for loss in [Loss::SquaredError, Loss::CrossEntropy] {
        let (total, gradient) = ours.gradient(&x, &t, loss).unwrap();
        let (expected, slopes) = model.gradient(&x, &t, loss).unwrap();
        assert!((total - expected).abs() < 1e-12);
        assert_eq!(total, ours.loss(&x, &t, loss).unwrap());
        for (one, other) in gradient
            .parameters()
            .concat()
            .iter()
            .zip(slopes.parameters().concat())
        {
            assert!((one - other).abs() < 1e-12);
        }
    }
}

/// Checks: products of more terms than are added at once, of rows and columns that fill no register and no tile: each
/// entry is the plain sum, to the bit; and numbers that are not finite stay in their rows.
#[test]
fn large_products_are_plain_sums() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for (rows, inner, columns) in [(17, 600, 7), (8, 256, 4), (1, 257, 1), (3, 1, 5)] {
        let mut model =
            Perceptron::<f64>::random(&[inner, rows], Activation::Relu, &mut rng).unwrap();
        let x = DMatrix::from_fn(inner, columns, |_, _| rng.random_range(-1.0..1.0f64));
        let plain = |model: &Perceptron<f64>, i: usize, j: usize| {
            let layer = &model.layers()[0];
            let terms = (0..inner).map(|k| layer.weights[(i, k)] * x[(k, j)]);
            terms.fold(layer.bias[i], |sum, term| sum + term)
        };
        let ours = Reproducible(model.clone()).outputs(&x);
        let expected = DMatrix::from_fn(rows, columns, |i, j| plain(&model, i, j));
        assert_eq!(ours, expected);
        model.parameters_mut()[0][rows - 1] = f64::NAN;
        let broken = Reproducible(model).outputs(&x);
        for (i, row) in broken.row_iter().enumerate() {
            match i + 1 == rows {
                true => assert!(row.iter().all(|entry| entry.is_nan())),
                false => assert_eq!(row, expected.row(i)),
            }
        }
    }
}
