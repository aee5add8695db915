//! Learning in exact arithmetic: the statements of Section 6 on the code that also runs the simulations.

use nalgebra::DMatrix;
use num_traits::Zero;
use quickcheck::{Arbitrary, Gen, QuickCheck};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::learn::{
    Descent, Layer, Loss, Model, Norm, Perceptron, Recurrent, Sample, WeightPenalty, gradient,
    gradient_over_time, squared_error,
};
use synaptic_balance::network::{Activation, UnitKind, random_acyclic};
use synaptic_balance::numbers::{Rational, Scalar};

fn integer(value: i64) -> Rational {
    Rational::from_integer(value.into())
}

fn ratio(above: i64, below: i64) -> Rational {
    Rational::new(above.into(), below.into())
}

/// A seed that shrinks towards 0.
#[derive(Debug, Clone, Copy)]
struct Seed(u64);

impl Arbitrary for Seed {
    fn arbitrary(g: &mut Gen) -> Self {
        Seed(u64::arbitrary(g) % 100_000)
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Seed))
    }
}

/// An eighth of them where tests sample.
fn check(cases: u64, property: fn(Seed) -> bool) {
    let cases = if crate::in_full() { cases } else { cases / 8 };
    QuickCheck::new()
        .tests(cases)
        .quickcheck(property as fn(Seed) -> bool);
}

/// A rational from so many that sums of a few products are not 0 by chance: no unit is at its kink.
fn number(rng: &mut ChaCha8Rng) -> Rational {
    let above: i64 = rng.random_range(1..1_000_000);
    ratio(if rng.random() { above } else { -above }, 1_000_003)
}

fn matrix(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> DMatrix<Rational> {
    DMatrix::from_fn(rows, columns, |_, _| number(rng))
}

fn leaky() -> Activation<Rational> {
    Activation::LeakyRelu(ratio(1, 10))
}

fn perceptron(rng: &mut ChaCha8Rng) -> Perceptron<Rational> {
    let layers = [2, 3, 2, 2].windows(2).map(|pair| Layer {
        weights: matrix(pair[1], pair[0], rng),
        bias: matrix(pair[1], 1, rng).column(0).into_owned(),
    });
    Perceptron::new(layers.collect(), leaky()).unwrap()
}

fn recurrent(rng: &mut ChaCha8Rng) -> Recurrent<Rational> {
    let mut model = Recurrent::random(2, 2, 2, leaky(), rng).unwrap();
    for array in model.parameters_mut() {
        for weight in array {
            *weight = number(rng);
        }
    }
    model
}

fn loss_at<M: Model<Rational>>(
    model: &M,
    x: &DMatrix<Rational>,
    t: &DMatrix<Rational>,
) -> Rational {
    let outputs = model.outputs(x);
    let squares = outputs.iter().zip(t.iter()).map(|(y, t)| (y - t) * (y - t));
    squares.fold(Rational::zero(), |sum, square| sum + square) / integer(2)
}

/// Is every entry of the gradient the symmetric difference of the loss, exactly? In a single weight of an acyclic
/// network the loss is quadratic as long as no unit changes its branch; of a recurrent one, of higher degree: there
/// Richardson's extrapolation of two differences is exact up to degree 4.
fn is_the_difference<M: Model<Rational>>(
    model: &M,
    x: &DMatrix<Rational>,
    t: &DMatrix<Rational>,
) -> bool {
    let (loss, slopes) = model.gradient(x, t, Loss::SquaredError).unwrap();
    assert_eq!(loss, loss_at(model, x, t));
    let slopes = slopes.parameters().concat();
    let total = slopes.len();
    let shifted = |place: usize, by: Rational| {
        let mut moved = model.clone();
        let mut left = place;
        for array in moved.parameters_mut() {
            if left < array.len() {
                array[left] += by;
                break;
            }
            left -= array.len();
        }
        loss_at(&moved, x, t)
    };
    let reach = Rational::new(1.into(), num_bigint::BigInt::from(1) << 60);
    let difference = |place: usize, reach: &Rational| {
        (shifted(place, reach.clone()) - shifted(place, -reach)) / (reach + reach)
    };
    (0..total).all(|place| {
        let near = difference(place, &reach);
        let far = difference(place, &(&reach + &reach));
        slopes[place] == (integer(4) * near - far) / integer(3)
    })
}

/// Checks: gradients of layered networks are exact differences.
#[test]
fn gradients_of_layered_networks_are_exact_differences() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let model = perceptron(&mut rng);
        let (x, t) = (matrix(2, 3, &mut rng), matrix(2, 3, &mut rng));
        is_the_difference(&model, &x, &t)
    });
}

/// Checks: back-propagation through time is exact over two steps, in which the loss has degree 4 at most in any weight.
#[test]
fn gradients_through_time_are_exact_differences() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let model = recurrent(&mut rng);
        let (x, t) = (matrix(4, 2, &mut rng), matrix(2, 2, &mut rng));
        is_the_difference(&model, &x, &t)
    });
}

/// Checks: models and graphs compute the same outputs and the same gradients: two implementations, exactly.
#[test]
fn models_agree_with_their_graphs() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let model = perceptron(&mut rng);
        let (x, t) = (matrix(2, 3, &mut rng), matrix(2, 3, &mut rng));
        let samples: Vec<Sample<Rational>> = (0..3)
            .map(|i| Sample {
                input: x.column(i).iter().cloned().collect(),
                target: t.column(i).iter().cloned().collect(),
            })
            .collect();
        let network = model.to_network();
        let (loss, slopes) = model.gradient(&x, &t, Loss::SquaredError).unwrap();
        assert_eq!(network.weights(), model.in_network_order());
        assert_eq!(squared_error(&network, &samples).unwrap(), loss);
        assert_eq!(
            gradient(&network, &samples).unwrap(),
            slopes.in_network_order()
        );

        let model = recurrent(&mut rng);
        let network = model.to_network();
        assert_eq!(network.weights(), model.in_network_order());
        let x = matrix(4, 1, &mut rng);
        // The graph answers one step later, and its targets count at every step: only the last one should.
        let steps = [x.rows(0, 2), x.rows(2, 2), x.rows(0, 2)];
        let inputs: Vec<Vec<Rational>> =
            steps.iter().map(|s| s.iter().cloned().collect()).collect();
        let still = vec![Rational::zero(); network.units()];
        let outputs = network.evaluate_over_time(&inputs, &still).unwrap();
        assert_eq!(outputs[2], model.outputs(&x).as_slice());
        let t = matrix(2, 1, &mut rng);
        let mut targets = outputs.clone();
        targets[2] = t.as_slice().to_vec();
        let slopes = gradient_over_time(&network, &inputs, &still, &targets).unwrap();
        let (loss, expected) = model.gradient(&x, &t, Loss::SquaredError).unwrap();
        slopes.error == loss && slopes.weights == expected.in_network_order()
    });
}

/// Checks: the gradient of any acyclic network of BiLU units is the symmetric difference, and fails at kinks.
#[test]
fn gradients_of_graphs_are_exact_differences() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let shape = synaptic_balance::network::Shape {
            inputs: 2,
            hidden: 3,
            outputs: 1,
        };
        let network = random_acyclic(shape, 0.7, &mut rng);
        let sample = Sample {
            input: vec![integer(7), integer(5)],
            target: vec![integer(1)],
        };
        let Ok(slopes) = gradient(&network, std::slice::from_ref(&sample)) else {
            return true;
        };
        let reach = Rational::new(1.into(), num_bigint::BigInt::from(1) << 60);
        (0..network.synapses()).all(|synapse| {
            let at = |by: Rational| {
                let mut weights = network.weights();
                weights[synapse] += by;
                let moved = network.with_weights(weights);
                squared_error(&moved, std::slice::from_ref(&sample)).unwrap()
            };
            slopes[synapse] == (at(reach.clone()) - at(-&reach)) / (&reach + &reach)
        })
    });
}

/// `Σ_IN value - Σ_OUT value` at each hidden unit, over the synapses of the model's graph.
fn by_unit(
    network: &synaptic_balance::network::Network<Rational>,
    values: &[Rational],
) -> Vec<Rational> {
    let mut sums = vec![Rational::zero(); network.units()];
    for (synapse, value) in values.iter().enumerate() {
        let (from, to) = network.endpoints(synapse);
        if from != to {
            sums[to] += value;
            sums[from] -= value;
        }
    }
    let hidden = network.units_of(UnitKind::Hidden);
    hidden.into_iter().map(|unit| sums[unit].clone()).collect()
}

fn products(one: &[Rational], two: &[Rational]) -> Vec<Rational> {
    one.iter().zip(two).map(|(a, b)| a * b).collect()
}

/// Checks: the Euler identity `Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w`, and that one gradient step changes `Σ_IN w² - Σ_OUT w²`
/// by exactly `η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²)`, on what `Descent` does (Section 6).
#[test]
fn euler_identity_and_one_step() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let layered = perceptron(&mut rng);
        let (x, t) = (matrix(2, 1, &mut rng), matrix(2, 1, &mut rng));
        let one = obeys(
            &layered,
            &layered.to_network(),
            Perceptron::in_network_order,
            &x,
            &t,
        );
        let looped = recurrent(&mut rng);
        let x = matrix(6, 1, &mut rng);
        one && obeys(
            &looped,
            &looped.to_network(),
            Recurrent::in_network_order,
            &x,
            &t,
        )
    });
}

fn obeys<M: Model<Rational>>(
    model: &M,
    network: &synaptic_balance::network::Network<Rational>,
    order: fn(&M) -> Vec<Rational>,
    x: &DMatrix<Rational>,
    t: &DMatrix<Rational>,
) -> bool {
    let slopes = order(&model.gradient(x, t, Loss::SquaredError).unwrap().1);
    let weights = order(model);
    let euler = by_unit(network, &products(&weights, &slopes));
    let mut after = model.clone();
    let descent = Descent {
        loss: Loss::SquaredError,
        rate: ratio(1, 7),
        penalty: None,
        threads: 1,
    };
    descent.step(&mut after, x, t).unwrap();
    let after = order(&after);
    let before = by_unit(network, &products(&weights, &weights));
    let change = by_unit(network, &products(&slopes, &slopes));
    let later = by_unit(network, &products(&after, &after));
    let exact = (0..change.len()).all(|u| &later[u] - &before[u] == &change[u] * ratio(1, 49));
    euler.iter().all(Rational::is_zero) && exact
}

fn star(weights: [i64; 3]) -> Perceptron<Rational> {
    let [u, v, y] = weights.map(integer);
    let layer = |rows, columns, weights| Layer {
        weights: DMatrix::from_vec(rows, columns, weights),
        bias: nalgebra::DVector::from_element(rows, Rational::zero()),
    };
    Perceptron::new(
        vec![layer(1, 2, vec![u, v]), layer(1, 1, vec![y])],
        Activation::Linear,
    )
    .unwrap()
}

fn difference(model: &Perceptron<Rational>) -> Rational {
    let (input, output) = model.sides(0, Norm::L2);
    input - output
}

/// Checks: a stationary point of `E` that is not balanced; a balanced point that one step unbalances; a stationary
/// point of `E + R` is balanced, and a step stays there (Section 6).
#[test]
fn stationary_balanced_and_lost() {
    let column = |values: &[i64]| {
        DMatrix::from_iterator(values.len(), 1, values.iter().map(|v| integer(*v)))
    };
    let mut descent = Descent {
        loss: Loss::SquaredError,
        rate: ratio(1, 10),
        penalty: None,
        threads: 1,
    };
    // y = (u w_u + v w_v) w_y = 2 · 3 = 6 at (1, 0).
    let mut still = star([2, 0, 3]);
    descent
        .step(&mut still, &column(&[1, 0]), &column(&[6]))
        .unwrap();
    assert_eq!(
        still.layers()[0].weights,
        star([2, 0, 3]).layers()[0].weights
    );
    assert_eq!(
        difference(&still),
        integer(4 - 9),
        "stationary and not balanced"
    );

    // Biases are parameters too: the gradient at the hidden bias is y' w_y, at the output bias y'.
    let mut balanced = star([3, 4, 5]);
    assert!(difference(&balanced).is_zero());
    descent
        .step(&mut balanced, &column(&[1, 0]), &column(&[14]))
        .unwrap();
    // With η = 1/10: w = 3 - 1/2, 4, bias -1/2, w_y = 5 - 3/10.
    let (input, output) = (
        ratio(25, 4) + integer(16) + ratio(1, 4),
        ratio(47, 10) * ratio(47, 10),
    );
    assert_eq!(balanced.sides(0, Norm::L2), (input.clone(), output.clone()));
    assert_eq!(
        input - output,
        ratio(1, 100) * integer(25 + 25 - 9),
        "balance is lost"
    );

    // E + 5/2 Σ w² at (3, 4) with target 126 is stationary in the weights at 3, 4, 5 if biases are kept at 0 by inputs
    // that cancel them: the samples x and -x with targets t and -t have bias gradients that sum to 0.
    let mut penalised = star([3, 4, 5]);
    descent.penalty = Some(WeightPenalty {
        norm: Norm::L2,
        strength: ratio(5, 2),
    });
    let x = DMatrix::from_iterator(2, 2, [3, 4, -3, -4].map(integer));
    let t = DMatrix::from_iterator(1, 2, [126, -126].map(integer));
    for _ in 0..3 {
        descent.step(&mut penalised, &x, &t).unwrap();
    }
    assert_eq!(penalised, star([3, 4, 5]), "stationary");
    assert!(difference(&penalised).is_zero(), "and balanced");
    descent.step(&mut penalised, &x, &(t * integer(2))).unwrap();
    assert_ne!(
        penalised,
        star([3, 4, 5]),
        "not stationary for other targets"
    );
}

/// Checks: scaling a unit changes no output, in rationals, of layered and recurrent models.
#[test]
fn scaling_changes_no_output() {
    check(20, |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let x = matrix(6, 2, &mut rng);
        let (mut looped, first) = (recurrent(&mut rng), x.rows(0, 2).into_owned());
        let mut layered = perceptron(&mut rng);
        let before = (looped.outputs(&x), layered.outputs(&first));
        for unit in 0..looped.units() {
            let (_, output) = looped.sides(unit, Norm::L1);
            looped.scale(unit, &ratio(3, 7));
            assert_eq!(looped.sides(unit, Norm::L1).1, output * ratio(7, 3));
        }
        for unit in 0..layered.units() {
            layered.scale(unit, &ratio(5, 2));
        }
        before == (looped.outputs(&x), layered.outputs(&first))
    });
}

/// Checks: `f64` and `f32` follow the same path as rationals, and cross-entropy has the gradient of its differences.
#[test]
fn floats_follow_rationals() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let exact = perceptron(&mut rng);
    let (x, t) = (matrix(2, 3, &mut rng), matrix(2, 3, &mut rng));
    let expected = exact
        .gradient(&x, &t, Loss::SquaredError)
        .unwrap()
        .1
        .in_network_order();
    fn same<S: Scalar>(
        exact: &Perceptron<Rational>,
        x: &DMatrix<Rational>,
        t: &DMatrix<Rational>,
        expected: &[Rational],
        tolerance: f64,
    ) {
        let layers = exact.layers().iter().map(|layer| Layer {
            weights: layer.weights.map(|w| S::from_rational(&w)),
            bias: layer.bias.map(|w| S::from_rational(&w)),
        });
        let activation = leaky().map(S::from_rational);
        let model = Perceptron::new(layers.collect(), activation).unwrap();
        let (x, t) = (
            x.map(|v| S::from_rational(&v)),
            t.map(|v| S::from_rational(&v)),
        );
        let found = model
            .gradient(&x, &t, Loss::SquaredError)
            .unwrap()
            .1
            .in_network_order();
        for (found, expected) in found.iter().zip(expected) {
            let (found, expected) = (found.to_f64(), expected.to_f64());
            assert!(
                (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
                "{found} {expected}"
            );
        }
    }
    same::<f64>(&exact, &x, &t, &expected, 1e-12);
    same::<f32>(&exact, &x, &t, &expected, 1e-4);
    assert!(
        exact.gradient(&x, &t, Loss::CrossEntropy).is_err(),
        "no rational has a logarithm"
    );

    let model = Perceptron::<f64>::random(&[3, 4, 3], Activation::Relu, &mut rng).unwrap();
    let x = DMatrix::from_fn(3, 2, |i, j| 0.3 + 0.2 * i as f64 - 0.1 * j as f64);
    let t = DMatrix::from_fn(3, 2, |i, j| f64::from(u8::from(i == j)));
    let (_, slopes) = model.gradient(&x, &t, Loss::CrossEntropy).unwrap();
    for place in 0..12 {
        let at = |by: f64| {
            let mut moved = model.clone();
            moved.parameters_mut()[0][place] += by;
            moved.gradient(&x, &t, Loss::CrossEntropy).unwrap().0
        };
        let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((slope - slopes.parameters()[0][place]).abs() < 1e-8);
    }
}
