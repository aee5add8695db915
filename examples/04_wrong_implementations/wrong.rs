//! Balancing done wrong, in six ways seen in published implementations, each written from the description of what it
//! does; `f64` and plain matrices, as they have it.

use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind, layered};
use synaptic_balance::numbers::{Rational, Scalar, parse_rational, rational_to_f64};
use synaptic_balance::report::digits_network;
use synaptic_balance::solve::{Options, balance};

/// What an implementation made of a network.
pub struct Made {
    /// The network that it was given, by name.
    pub network: &'static str,
    /// `right`, or `w1` to `w6`.
    pub by: &'static str,
    pub before: Network<Rational>,
    pub after: Vec<f64>,
}

/// A multilayer perceptron: `weights[k][i][j]` leads from unit `j` of layer `k` to unit `i` of the next.
#[derive(Clone)]
pub struct Layers {
    pub weights: Vec<Vec<Vec<f64>>>,
    pub biases: Vec<Vec<f64>>,
}

impl Layers {
    /// From a network made by `layered` with biases.
    pub fn of(network: &Network<Rational>, sizes: &[usize]) -> Self {
        let mut all = network.to_f64().weights().into_iter();
        let mut take = |n: usize| all.by_ref().take(n).collect::<Vec<f64>>();
        let pairs = || sizes.windows(2);
        let weights = pairs().map(|pair| (0..pair[1]).map(|_| take(pair[0])).collect());
        let weights = weights.collect();
        let biases = pairs().map(|pair| take(pair[1])).collect();
        Layers { weights, biases }
    }

    /// In the order of the network's synapses.
    pub fn synapses(&self) -> Vec<f64> {
        let weights = self.weights.iter().flatten().flatten();
        weights
            .chain(self.biases.iter().flatten())
            .copied()
            .collect()
    }

    fn hidden(&self) -> std::ops::Range<usize> {
        0..self.weights.len() - 1
    }

    fn in_to(&self, layer: usize, unit: usize) -> f64 {
        self.weights[layer][unit].iter().map(|w| w * w).sum()
    }

    fn bias(&self, layer: usize, unit: usize) -> f64 {
        self.biases[layer][unit].powi(2)
    }

    fn out_of(&self, layer: usize, unit: usize) -> f64 {
        self.weights[layer + 1]
            .iter()
            .map(|row| row[unit].powi(2))
            .sum()
    }

    /// The optimal multiplier of a unit under L2.
    fn optimal(&self, layer: usize, unit: usize) -> f64 {
        let input = self.in_to(layer, unit) + self.bias(layer, unit);
        (self.out_of(layer, unit) / input).powf(0.25)
    }

    fn scale_weights(&mut self, layer: usize, unit: usize, multiplier: f64) {
        self.weights[layer][unit]
            .iter_mut()
            .for_each(|w| *w *= multiplier);
        self.weights[layer + 1]
            .iter_mut()
            .for_each(|row| row[unit] /= multiplier);
    }

    fn scale(&mut self, layer: usize, unit: usize, multiplier: f64) {
        self.scale_weights(layer, unit, multiplier);
        self.biases[layer][unit] *= multiplier;
    }
}

/// W1: biases are forgotten, in the costs and in the scaling.
pub fn w1(mut net: Layers) -> Layers {
    let mut farthest = f64::INFINITY;
    while farthest > 1e-9 {
        farthest = 0.0;
        for layer in net.hidden() {
            for unit in 0..net.weights[layer].len() {
                let multiplier = (net.out_of(layer, unit) / net.in_to(layer, unit)).powf(0.25);
                net.scale_weights(layer, unit, multiplier);
                farthest = farthest.max((multiplier - 1.0).abs());
            }
        }
    }
    net
}

/// W2: right steps, from the last layer to the first, until the mean multiplier of every layer lies in [0.999, 1.001].
/// Returns the number of sweeps too.
pub fn w2(mut net: Layers) -> (Layers, usize) {
    for sweep in 1.. {
        let mut stop = true;
        for layer in net.hidden().rev() {
            let units = net.weights[layer].len();
            let multipliers: Vec<f64> = (0..units).map(|unit| net.optimal(layer, unit)).collect();
            for (unit, multiplier) in multipliers.iter().enumerate() {
                net.scale(layer, unit, *multiplier);
            }
            let mean = multipliers.iter().sum::<f64>() / units as f64;
            stop &= (0.999..=1.001).contains(&mean);
        }
        if stop {
            return (net, sweep);
        }
    }
    unreachable!("balancing converges, and with it the means")
}

/// W3: each row of the input-to-hidden matrix is balanced against the same row of the hidden-to-hidden matrix: against
/// incoming weights again, whatever the units are.
pub fn w3(network: &Network<Rational>) -> Vec<f64> {
    let mut weights = network.to_f64().weights();
    for unit in network.units_of(UnitKind::Hidden) {
        let incoming = (0..network.synapses()).filter(|s| network.endpoints(*s).1 == unit);
        let (recurrent, input): (Vec<usize>, Vec<usize>) =
            incoming.partition(|s| network.unit(network.endpoints(*s).0).kind == UnitKind::Hidden);
        let cost = |row: &[usize]| row.iter().map(|s| weights[*s].powi(2)).sum::<f64>();
        let multiplier = (cost(&recurrent) / cost(&input)).powf(0.25);
        input.iter().for_each(|s| weights[*s] *= multiplier);
        recurrent.iter().for_each(|s| weights[*s] /= multiplier);
    }
    weights
}

/// W4: multipliers are powers of two, applied while they lower the sum of both costs by 5 %, as in matrix balancing.
pub fn w4(mut net: Layers) -> Layers {
    let mut changed = true;
    while changed {
        changed = false;
        for layer in net.hidden() {
            for unit in 0..net.weights[layer].len() {
                let multiplier = net.optimal(layer, unit).log2().round().exp2();
                let (input, output) = (
                    net.in_to(layer, unit) + net.bias(layer, unit),
                    net.out_of(layer, unit),
                );
                let square = multiplier * multiplier;
                if input * square + output / square < 0.95 * (input + output) {
                    net.scale(layer, unit, multiplier);
                    changed = true;
                }
            }
        }
    }
    net
}

/// W5: gradient flow on the sum of `(A - B)²`, from time 0 to `time` in Runge-Kutta steps, whether or not it has
/// arrived.
pub fn w5(net: Layers, time: f64, steps: usize) -> Layers {
    let h = time / steps as f64;
    let mut net = net;
    for _ in 0..steps {
        let k1 = flow(&net);
        let k2 = flow(&add(&net, &k1, h / 2.0));
        let k3 = flow(&add(&net, &k2, h / 2.0));
        let k4 = flow(&add(&net, &k3, h));
        for (slope, share) in [(k1, 1.0), (k2, 2.0), (k3, 2.0), (k4, 1.0)] {
            net = add(&net, &slope, h * share / 6.0);
        }
    }
    net
}

/// Minus the gradient: `-4 w (D_i - D_j)` for a weight from `j` to `i`, `D` being `A - B` at hidden units and 0
/// elsewhere.
fn flow(net: &Layers) -> Layers {
    let difference = |layer: usize, unit: usize| match net.hidden().contains(&layer) {
        true => net.in_to(layer, unit) + net.bias(layer, unit) - net.out_of(layer, unit),
        false => 0.0,
    };
    let differences: Vec<Vec<f64>> = (0..net.weights.len())
        .map(|layer| {
            (0..net.weights[layer].len())
                .map(|unit| difference(layer, unit))
                .collect()
        })
        .collect();
    let mut slope = net.clone();
    for layer in 0..net.weights.len() {
        for (unit, row) in slope.weights[layer].iter_mut().enumerate() {
            let target = differences[layer][unit];
            for (from, weight) in row.iter_mut().enumerate() {
                let source = if layer == 0 {
                    0.0
                } else {
                    differences[layer - 1][from]
                };
                *weight *= -4.0 * (target - source);
            }
            slope.biases[layer][unit] *= -4.0 * target;
        }
    }
    slope
}

fn add(net: &Layers, slope: &Layers, step: f64) -> Layers {
    let mut sum = net.clone();
    let ends = sum
        .weights
        .iter_mut()
        .flatten()
        .flatten()
        .zip(slope.weights.iter().flatten().flatten());
    ends.for_each(|(w, s)| *w += step * s);
    let ends = sum
        .biases
        .iter_mut()
        .flatten()
        .zip(slope.biases.iter().flatten());
    ends.for_each(|(w, s)| *w += step * s);
    sum
}

/// W6: cross-layer equalisation: the largest weight into each unit and the largest out of it are made equal, layer pair
/// after layer pair, once.
pub fn w6(mut net: Layers) -> Layers {
    for layer in net.hidden() {
        for unit in 0..net.weights[layer].len() {
            let largest = |weights: &mut dyn Iterator<Item = f64>| {
                weights.fold(0.0f64, |most, w| most.max(w.abs()))
            };
            let input = largest(&mut net.weights[layer][unit].iter().copied());
            let output = largest(&mut net.weights[layer + 1].iter().map(|row| row[unit]));
            net.scale(layer, unit, (output / input).sqrt());
        }
    }
    net
}

fn q(text: &str) -> Rational {
    parse_rational(text).expect("a number")
}

/// A 2-3-2-1 network with biases, small enough to be looked at.
pub fn small() -> (Network<Rational>, &'static [usize]) {
    let weight = |k: usize, i: usize, j: usize| {
        let size = Rational::new(
            ((5 * k + 3 * i + 7 * j) % 8 + 1).into(),
            ((k + i + 2 * j) % 4 + 1).into(),
        );
        if (k + i + j).is_multiple_of(3) {
            -size
        } else {
            size
        }
    };
    let mut bias = |k: usize, i: usize| Rational::new((2 * i as i64 - 1).into(), (k + 3).into());
    (
        layered(&[2, 3, 2, 1], &Activation::Relu, weight, Some(&mut bias)),
        &[2, 3, 2, 1],
    )
}

/// The network on which W2 stops after one sweep: the first step's multipliers are (1/2, 3/2), the second's
/// (0.01, 1.99).
pub fn means_of_one() -> (Network<Rational>, &'static [usize]) {
    let second = [
        [q("1.000001"), q("0.000001")],
        [q("0.000001"), q("1.000001")],
    ];
    // Both rows have this norm; the first layer's weights make the squares of its multipliers 1e-4 and 1.99².
    let norm = (1.000001f64.powi(2) + 1e-12).sqrt();
    let column = |j: usize| {
        let entry = |i: usize| rational_to_f64(&second[i][j]) * [0.5, 1.5][i];
        entry(0).hypot(entry(1))
    };
    let exact = |value: f64| value.to_rational().expect("finite");
    let weight = |k: usize, i: usize, j: usize| match k {
        0 => exact(column(i) / [1e-4, 1.99 * 1.99][i]),
        1 => second[i][j].clone(),
        _ => exact(norm * [0.25, 2.25][j]),
    };
    let mut none = |_: usize, _: usize| Rational::default();
    (
        layered(&[1, 2, 2, 1], &Activation::Relu, weight, Some(&mut none)),
        &[1, 2, 2, 1],
    )
}

/// Two inputs, three hidden units that all read each other and themselves, one output.
pub fn recurrent(activation: &Activation<Rational>) -> Network<Rational> {
    let mut units = vec![("x0", UnitKind::Input), ("x1", UnitKind::Input)];
    units.extend([
        ("h0", UnitKind::Hidden),
        ("h1", UnitKind::Hidden),
        ("h2", UnitKind::Hidden),
    ]);
    units.push(("y", UnitKind::Output));
    let of = |kind| {
        if kind == UnitKind::Hidden {
            activation.clone()
        } else {
            Activation::Linear
        }
    };
    let units = units
        .into_iter()
        .map(|(id, kind)| Unit::new(id, kind, of(kind)));
    let mut synapses = Vec::new();
    for to in 2..5 {
        synapses.extend((0..5).map(|from| {
            (
                from,
                to,
                Rational::new((3 * to + 2 * from + 1).into(), (from + 2).into()),
            )
        }));
        synapses.push((to, 5, Rational::new(7.into(), to.into())));
    }
    Network::new(units.collect(), synapses, vec![]).expect("a recurrent network")
}

/// Balanced by this crate.
pub fn right(network: &Network<Rational>) -> Vec<f64> {
    let result = balance(
        network,
        &Regularizer::l2(),
        &Options::default(),
        &mut |_, _| {},
    );
    let weights = result.expect("a solution").weights(network);
    weights
        .expect("the minimum is attained")
        .expect("weights in the range of f64")
}

/// Everything that [`main`](super) writes and the tests judge.
pub fn made() -> Vec<Made> {
    let mut found = Vec::new();
    let mut add = |network, by, before: &Network<Rational>, after| {
        found.push(Made {
            network,
            by,
            before: before.clone(),
            after,
        });
    };
    let digits = (
        digits_network().expect("embedded"),
        [64usize, 100, 50, 10].as_slice(),
    );
    for (name, (before, sizes), time) in [("digits", digits, 0.02), ("small", small(), 0.002)] {
        let net = Layers::of(&before, sizes);
        add(name, "right", &before, right(&before));
        add(name, "w1", &before, w1(net.clone()).synapses());
        add(name, "w2", &before, w2(net.clone()).0.synapses());
        add(name, "w4", &before, w4(net.clone()).synapses());
        add(name, "w5", &before, w5(net.clone(), time, 100).synapses());
        add(name, "w6", &before, w6(net).synapses());
    }
    let (before, sizes) = means_of_one();
    add("means-of-one", "right", &before, right(&before));
    add(
        "means-of-one",
        "w2",
        &before,
        w2(Layers::of(&before, sizes)).0.synapses(),
    );
    let relu = recurrent(&Activation::Relu);
    add("recurrent", "right", &relu, right(&relu));
    add("recurrent", "w3", &relu, w3(&relu));
    let gated = recurrent(&Activation::Other("sigmoid".into()));
    add("gated", "w3", &gated, w3(&gated));
    found
}
