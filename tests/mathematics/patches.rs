//! Convolutional and locally connected networks, exactly, against the dense network of the same function.

use nalgebra::{DMatrix, DVector};
use num_traits::{One, Zero};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::learn::{
    Kernels, Layer, Loss, Model, Norm, Patches, Perceptron, PerceptronError, Recurrent,
    Reproducible, Sample, Windows, gradient,
};
use synaptic_balance::network::Activation;
use synaptic_balance::numbers::Rational;

const BOTH: [Kernels; 2] = [Kernels::Shared, Kernels::Own];

fn ratio(above: i64, below: i64) -> Rational {
    Rational::new(above.into(), below.into())
}

/// A rational from so many that sums of a few products are not 0 by chance: no unit is at its kink.
fn number(rng: &mut ChaCha8Rng) -> Rational {
    let above: i64 = rng.random_range(1..1_000_000);
    ratio(if rng.random() { above } else { -above }, 1_000_003)
}

fn matrix(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> DMatrix<Rational> {
    DMatrix::from_fn(rows, columns, |_, _| number(rng))
}

/// Windows of 2 x 2 pixels, 1 apart: 3 x 2 of them, which overlap; two channels; dense layers of 3 and 2 units.
fn model(kernels: Kernels, rng: &mut ChaCha8Rng) -> Patches<Rational> {
    let windows = Windows::new(4, 3, 2, 1).unwrap();
    assert_eq!((windows.count(), windows.pixels()), (6, 12));
    let leaky = Activation::LeakyRelu(ratio(1, 10));
    let mut model = Patches::random(windows, kernels, 2, &[3, 2], leaky, rng).unwrap();
    for weight in model.parameters_mut().into_iter().flatten() {
        *weight = number(rng);
    }
    model
}

/// The model with one parameter moved by 1.
fn moved(model: &Patches<Rational>, place: usize) -> Patches<Rational> {
    let mut moved = model.clone();
    let mut all = moved.parameters_mut().into_iter().flatten();
    *all.nth(place).unwrap() += Rational::one();
    drop(all);
    moved
}

fn product(one: &[Rational], other: &[Rational]) -> Rational {
    let pairs = one.iter().zip(other);
    pairs.fold(Rational::zero(), |sum, (a, b)| sum + a * b)
}

/// Checks: windows lie where they are said to lie: of 4 x 5 pixels, 2 x 2 windows at a stride of 2 are four, and the
/// last column is not read; none fits that is larger than the image, or that has no side or no stride.
#[test]
fn windows_lie_on_the_image() {
    let windows = Windows::new(4, 5, 2, 2).unwrap();
    assert_eq!((windows.count(), windows.pixels()), (4, 20));
    for wrong in [(4, 5, 5, 1), (4, 5, 0, 1), (4, 5, 2, 0), (0, 5, 1, 1)] {
        assert_eq!(Windows::new(wrong.0, wrong.1, wrong.2, wrong.3), None);
    }
    // One channel that takes the second pixel of a window, and an output for each window.
    let layer = |weights: DMatrix<Rational>| Layer {
        bias: DVector::from_element(weights.nrows(), Rational::zero()),
        weights,
    };
    let first = layer(DMatrix::from_row_slice(
        1,
        4,
        &[0, 1, 0, 0].map(|w| ratio(w, 1)),
    ));
    let rest = |units| {
        Perceptron::new(
            vec![layer(DMatrix::identity(units, units))],
            Activation::Relu,
        )
    };
    let rest = |units| rest(units).unwrap();
    let model = Patches::new(windows, Kernels::Shared, first.clone(), rest(4)).unwrap();
    let image = DMatrix::from_fn(20, 1, |pixel, _| ratio(pixel as i64, 1));
    assert_eq!(
        model.outputs(&image).as_slice(),
        [1, 3, 11, 13].map(|x| ratio(x, 1))
    );
    let fault = |layer, rows, columns| PerceptronError::Shape {
        layer,
        rows,
        columns,
    };
    let refused = Patches::new(windows, Kernels::Shared, first.clone(), rest(5));
    assert_eq!(refused.unwrap_err(), fault(1, 5, 5));
    let refused = Patches::new(windows, Kernels::Own, first, rest(4));
    assert_eq!(refused.unwrap_err(), fault(0, 1, 4));
}

/// Checks: outputs are those of the dense network of the same function, exactly; the loss and its derivative by every
/// parameter (every third where tests sample) are what the graph of that network gives: the sum over all of its weights that the parameter is.
#[test]
fn gradients_are_those_of_the_dense_network() {
    for (seed, kernels) in BOTH.into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
        let model = model(kernels, &mut rng);
        let dense = model.to_perceptron();
        let (x, t) = (matrix(12, 3, &mut rng), matrix(2, 3, &mut rng));
        assert_eq!(model.outputs(&x), dense.outputs(&x));
        let (loss, slopes) = model.gradient(&x, &t, Loss::SquaredError).unwrap();
        let samples: Vec<Sample<Rational>> = (0..3)
            .map(|i| Sample {
                input: x.column(i).iter().cloned().collect(),
                target: t.column(i).iter().cloned().collect(),
            })
            .collect();
        let expected = gradient(&dense.to_network(), &samples).unwrap();
        assert_eq!(loss, dense.loss(&x, &t, Loss::SquaredError).unwrap());
        let slopes = slopes.parameters().concat();
        let before = dense.in_network_order();
        let step = if crate::in_full() { 1 } else { 3 };
        for (place, slope) in slopes.iter().enumerate().step_by(step) {
            let after = moved(&model, place).to_perceptron().in_network_order();
            let pairs = after.iter().zip(&before);
            let direction: Vec<Rational> = pairs.map(|(after, before)| after - before).collect();
            assert!(!slope.is_zero());
            assert_eq!(
                *slope,
                product(&direction, &expected),
                "{kernels:?}, {place}"
            );
        }
    }
}

/// Checks: there is one multiplier for each channel where kernels are shared, and one for each unit where they are not;
/// scaling every unit leaves the outputs as they are, exactly; and the sides of a unit are what scaling it by 2 shows:
/// the costs of weights that it doubles and of those that it halves, every weight counted once.
#[test]
fn every_multiplier_leaves_the_outputs() {
    for (kernels, units) in BOTH.into_iter().zip([2 + 3, 12 + 3]) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let model = model(kernels, &mut rng);
        assert_eq!(model.units(), units);
        let x = matrix(12, 2, &mut rng);
        let mut scaled = model.clone();
        for unit in 0..units {
            let mut one = model.clone();
            one.scale(unit, &ratio(2, 1));
            assert_eq!(one.outputs(&x), model.outputs(&x));
            let (mut input, mut output) = (Rational::zero(), Rational::zero());
            let (before, after) = (model.parameters().concat(), one.parameters().concat());
            for (before, after) in before.iter().zip(&after) {
                if *after == before * ratio(2, 1) {
                    input += before * before;
                } else if *after == before / ratio(2, 1) {
                    output += before * before;
                } else {
                    assert_eq!(before, after);
                }
            }
            assert_eq!(model.sides(unit, Norm::L2), (input, output));
            scaled.scale(unit, &ratio(unit as i64 + 2, 7));
        }
        assert_ne!(scaled, model);
        assert_eq!(scaled.outputs(&x), model.outputs(&x));
    }
}

/// Checks: the Euler identity: for every multiplier `Σ w ∂E/∂w` over the weights that come in is that over those that
/// go out, exactly.
#[test]
fn euler_identity_for_every_multiplier() {
    for kernels in BOTH {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let model = model(kernels, &mut rng);
        let (x, t) = (matrix(12, 2, &mut rng), matrix(2, 2, &mut rng));
        let (_, slopes) = model.gradient(&x, &t, Loss::SquaredError).unwrap();
        let (weights, slopes) = (model.parameters().concat(), slopes.parameters().concat());
        for unit in 0..model.units() {
            let mut doubled = model.clone();
            doubled.scale(unit, &ratio(2, 1));
            let (mut input, mut output) = (Rational::zero(), Rational::zero());
            let after = doubled.parameters().concat();
            for ((before, after), slope) in weights.iter().zip(&after).zip(&slopes) {
                if after == before {
                    continue;
                }
                let side = if *after == before * ratio(2, 1) {
                    &mut input
                } else {
                    &mut output
                };
                *side += before * slope;
            }
            assert!(!input.is_zero());
            assert_eq!(input, output, "{kernels:?}, {unit}");
        }
    }
}

/// Checks: in reproducible arithmetic, outputs and gradients of convolutional, locally connected and recurrent networks
/// agree with those of the fast arithmetic to rounding; and outputs do not depend on how many images are read together.
#[test]
fn all_models_run_reproducibly() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let windows = Windows::new(7, 6, 3, 2).unwrap();
    let x = DMatrix::from_fn(42, 130, |_, _| rng.random_range(-1.0..1.0f64));
    let t = DMatrix::from_fn(3, 130, |i, j| f64::from(u8::from(j % 3 == i)));
    for kernels in BOTH {
        let relu = Activation::Relu;
        let model = Patches::random(windows, kernels, 3, &[5, 3], relu, &mut rng).unwrap();
        agrees(model, &x, &t);
    }
    let model = Recurrent::random(6, 5, 3, Activation::Relu, &mut rng).unwrap();
    agrees(model, &x, &t);
}

fn agrees<M: Model<f64>>(model: M, x: &DMatrix<f64>, t: &DMatrix<f64>) {
    let ours = Reproducible(model.clone());
    let together = ours.outputs(x);
    for at in [0, 99, 100, 129] {
        let one = x.columns(at, 1).into_owned();
        assert_eq!(
            ours.outputs(&one).as_slice(),
            together.column(at).as_slice()
        );
    }
    assert!((together - model.outputs(x)).amax() < 1e-12);
    for loss in [Loss::SquaredError, Loss::CrossEntropy] {
        let (total, gradient) = ours.gradient(x, t, loss).unwrap();
        let (expected, slopes) = model.gradient(x, t, loss).unwrap();
        assert!((total - expected).abs() < 1e-10 * expected.abs());
        let slopes = slopes.parameters().concat();
        for (one, other) in gradient.parameters().concat().iter().zip(slopes) {
            assert!((one - other).abs() < 1e-10, "{one} {other}");
        }
    }
}
