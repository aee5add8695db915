//! Builders: chains, layers, random graphs, and networks whose balanced weights are known by construction.

use num_traits::{One, Zero};
use rand::{Rng, RngExt};
use std::collections::BTreeSet;

use super::{Activation, Network, Regularizer, Unit, UnitIndex, UnitKind};
use crate::numbers::{Rational, Scalar};

/// The chain `x -> h1 -> h2 -> ... -> y` with the given weights and ReLU units; one weight joins `x` to `y`.
///
/// # Panics
/// If there is no weight.
pub fn chain<S: Scalar>(weights: &[S]) -> Network<S> {
    assert!(!weights.is_empty(), "a chain has at least one synapse");
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    units.extend(
        (1..weights.len()).map(|i| Unit::new(format!("h{i}"), UnitKind::Hidden, Activation::Relu)),
    );
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    let synapses = weights
        .iter()
        .enumerate()
        .map(|(i, weight)| (i, i + 1, weight.clone()));
    Network::new(units, synapses.collect(), vec![]).expect("a chain is a network")
}

/// A dense layered network, inputs first. `sizes` are the numbers of units of the layers; `weight(k, i, j)` gives the
/// weight into unit `i` of layer `k + 1` from unit `j` of layer `k`; `bias(k, i)`, where it is given, that from the
/// constant unit. Hidden units are named `h1.0`, `h1.1`, ... and have the given activation; outputs are linear.
///
/// # Panics
/// If there are fewer than two layers.
pub fn layered<S: Scalar>(
    sizes: &[usize],
    activation: &Activation<S>,
    mut weight: impl FnMut(usize, usize, usize) -> S,
    bias: Option<&mut dyn FnMut(usize, usize) -> S>,
) -> Network<S> {
    assert!(sizes.len() >= 2, "a layered network has inputs and outputs");
    let last = sizes.len() - 1;
    let mut units = Vec::new();
    let mut layers: Vec<Vec<UnitIndex>> = Vec::new();
    for (layer, size) in sizes.iter().enumerate() {
        layers.push((units.len()..units.len() + size).collect());
        units.extend((0..*size).map(|i| match layer {
            0 => Unit::new(format!("x{i}"), UnitKind::Input, Activation::Linear),
            _ if layer == last => Unit::new(format!("y{i}"), UnitKind::Output, Activation::Linear),
            _ => Unit::new(
                format!("h{layer}.{i}"),
                UnitKind::Hidden,
                activation.clone(),
            ),
        }));
    }
    let mut synapses = Vec::new();
    for (k, pair) in layers.windows(2).enumerate() {
        for (i, to) in pair[1].iter().enumerate() {
            synapses.extend(
                pair[0]
                    .iter()
                    .enumerate()
                    .map(|(j, from)| (*from, *to, weight(k, i, j))),
            );
        }
    }
    if let Some(bias) = bias {
        let one = units.len();
        units.push(Unit::new("one", UnitKind::Bias, Activation::Linear));
        for (k, layer) in layers.iter().skip(1).enumerate() {
            synapses.extend(
                layer
                    .iter()
                    .enumerate()
                    .map(|(i, to)| (one, *to, bias(k, i))),
            );
        }
    }
    Network::new(units, synapses, vec![]).expect("layers make a network")
}

/// A random rational `± a/b` with `1 <= a, b <= 4`.
pub fn random_weight(rng: &mut impl Rng) -> Rational {
    let magnitude = random_positive(rng);
    if rng.random() { -magnitude } else { magnitude }
}

fn random_positive(rng: &mut impl Rng) -> Rational {
    Rational::new(
        rng.random_range(1..=4i64).into(),
        rng.random_range(1..=4i64).into(),
    )
}

pub(super) fn random_activation(rng: &mut impl Rng) -> Activation<Rational> {
    match rng.random_range(0..6) {
        0 => Activation::Linear,
        1 => Activation::Abs,
        2 => Activation::LeakyRelu(Rational::new(1.into(), 10.into())),
        3 => Activation::BiLu {
            below: random_weight(rng),
            above: random_weight(rng),
        },
        _ => Activation::Relu,
    }
}

/// What a random network is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Input units, at least 1.
    pub inputs: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Output units, at least 1.
    pub outputs: usize,
}

impl Shape {
    /// So many inputs, hidden units and outputs.
    pub const fn new(inputs: usize, hidden: usize, outputs: usize) -> Self {
        Shape {
            inputs,
            hidden,
            outputs,
        }
    }
}

fn random_units(shape: Shape, rng: &mut impl Rng) -> Vec<Unit<Rational>> {
    let mut units = Vec::new();
    units.extend(
        (0..shape.inputs).map(|i| Unit::new(format!("x{i}"), UnitKind::Input, Activation::Linear)),
    );
    units.push(Unit::new("one", UnitKind::Bias, Activation::Linear));
    for i in 0..shape.hidden {
        units.push(Unit::new(
            format!("h{i}"),
            UnitKind::Hidden,
            random_activation(rng),
        ));
    }
    units.extend(
        (0..shape.outputs)
            .map(|i| Unit::new(format!("y{i}"), UnitKind::Output, Activation::Linear)),
    );
    units
}

/// A random acyclic network with biases: each pair that the order of the units allows is joined with the
/// given probability, with a [`random_weight`]. Some units may be dead.
pub fn random_acyclic(shape: Shape, density: f64, rng: &mut impl Rng) -> Network<Rational> {
    random_graph(shape, density, false, rng)
}

/// The same with synapses in both directions between hidden units, and self-connections.
pub fn random_recurrent(shape: Shape, density: f64, rng: &mut impl Rng) -> Network<Rational> {
    random_graph(shape, density, true, rng)
}

fn random_graph(
    shape: Shape,
    density: f64,
    recurrent: bool,
    rng: &mut impl Rng,
) -> Network<Rational> {
    let units = random_units(shape, rng);
    let first_hidden = shape.inputs + 1;
    let first_output = first_hidden + shape.hidden;
    let mut synapses = Vec::new();
    for from in 0..first_output {
        for to in first_hidden..units.len() {
            let both_hidden = from >= first_hidden && to < first_output;
            let allowed = from < to || (recurrent && both_hidden);
            if allowed && rng.random_bool(density.clamp(0.0, 1.0)) {
                synapses.push((from, to, random_weight(rng)));
            }
        }
    }
    Network::new(units, synapses, vec![]).expect("random synapses respect the kinds of units")
}

/// A network whose balanced weights are known.
#[derive(Debug, Clone)]
pub struct PlantedNetwork {
    /// The network to balance: the balanced one, scaled.
    pub network: Network<Rational>,
    /// The balanced weights; 0 for the synapses that vanish in the limit.
    pub balanced: Vec<Rational>,
    /// The synapses that vanish.
    pub vanishing: Vec<usize>,
}

/// Plants a balanced network and hides it behind a random exact scaling.
///
/// Synapses come as directed cycles of the coalesced graph (walks from input or bias to output, and cycles
/// among hidden units if `recurrent`) that share no synapse, all weights of a cycle having one magnitude: every
/// unit then has equal input and output cost under every `L_p` and every mixture. Self-connections, synapses
/// of weight 0, ties and, if `dead`, synapses that lie on no cycle are added; these last must vanish.
pub fn planted(shape: Shape, recurrent: bool, dead: bool, rng: &mut impl Rng) -> PlantedNetwork {
    let units = random_units(shape, rng);
    let mut plan = Plan {
        shape,
        used: BTreeSet::new(),
        synapses: Vec::new(),
    };
    for _ in 0..2 * shape.hidden + 2 {
        let walk = plan.random_walk(recurrent, rng);
        plan.add(&walk, rng);
    }
    plan.add_idle(recurrent, rng);
    let mut balanced: Vec<Rational> = plan
        .synapses
        .iter()
        .map(|(_, _, weight)| weight.clone())
        .collect();
    let mut synapses = plan.synapses;
    let mut vanishing = Vec::new();
    if dead {
        // Fed by the first input, read by nothing.
        vanishing.push(synapses.len());
        synapses.push((0, units.len(), random_weight(rng)));
        balanced.push(Rational::zero());
    }
    let mut units = units;
    if dead {
        units.push(Unit::new("dead", UnitKind::Hidden, Activation::Relu));
    }
    let hidden = shape.inputs + 1..shape.inputs + 1 + shape.hidden;
    let tie: Vec<UnitIndex> = hidden.filter(|_| rng.random_bool(0.2)).collect();
    let ties = if tie.len() > 1 { vec![tie] } else { vec![] };
    let plain = Network::new(units, synapses, ties).expect("a plan respects the kinds of units");
    let hiding: Vec<Rational> = (0..plain.variables())
        .map(|_| random_positive(rng))
        .collect();
    let network = plain
        .scaled(&hiding)
        .expect("rational multipliers scale BiLU units exactly");
    PlantedNetwork {
        network,
        balanced,
        vanishing,
    }
}

struct Plan {
    shape: Shape,
    used: BTreeSet<(UnitIndex, UnitIndex)>,
    synapses: Vec<(UnitIndex, UnitIndex, Rational)>,
}

impl Plan {
    fn hidden(&self) -> std::ops::Range<UnitIndex> {
        self.shape.inputs + 1..self.shape.inputs + 1 + self.shape.hidden
    }

    /// Units of a directed cycle of the coalesced graph; first and last are equal, or both visible.
    fn random_walk(&self, recurrent: bool, rng: &mut impl Rng) -> Vec<UnitIndex> {
        let mut middle: Vec<UnitIndex> = self.hidden().filter(|_| rng.random_bool(0.5)).collect();
        if recurrent {
            // Any order of the hidden units will do; a few exchanges make one.
            for _ in 0..middle.len() {
                let (i, j) = (
                    rng.random_range(0..middle.len()),
                    rng.random_range(0..middle.len()),
                );
                middle.swap(i, j);
            }
            if middle.len() > 1 && rng.random_bool(0.3) {
                middle.push(middle[0]);
                return middle;
            }
        }
        let mut walk = vec![rng.random_range(0..=self.shape.inputs)];
        walk.append(&mut middle);
        walk.push(self.hidden().end + rng.random_range(0..self.shape.outputs));
        walk
    }

    fn add(&mut self, walk: &[UnitIndex], rng: &mut impl Rng) {
        let steps: Vec<_> = walk.windows(2).map(|pair| (pair[0], pair[1])).collect();
        if steps.iter().any(|step| self.used.contains(step)) {
            return;
        }
        let magnitude = random_positive(rng);
        for (from, to) in steps {
            self.used.insert((from, to));
            let weight = if rng.random() {
                -magnitude.clone()
            } else {
                magnitude.clone()
            };
            self.synapses.push((from, to, weight));
        }
    }

    /// Synapses that take no part: weights of 0, and self-connections.
    fn add_idle(&mut self, recurrent: bool, rng: &mut impl Rng) {
        for unit in self.hidden() {
            if recurrent && rng.random_bool(0.3) && self.used.insert((unit, unit)) {
                self.synapses.push((unit, unit, random_weight(rng)));
            }
            if rng.random_bool(0.3) && self.used.insert((0, unit)) {
                self.synapses.push((0, unit, Rational::zero()));
            }
        }
    }
}

impl PlantedNetwork {
    /// The largest relative difference between the weights that `multipliers` (of weights) give and the
    /// planted ones. In `f64`.
    ///
    /// # Panics
    /// If there is not one multiplier for each variable.
    pub fn error(&self, weights: &[f64]) -> f64 {
        let pairs = self.balanced.iter().zip(weights);
        pairs
            .map(|(planted, found)| {
                let planted = crate::numbers::rational_to_f64(planted);
                if planted == 0.0 {
                    found.abs()
                } else {
                    (found / planted - 1.0).abs()
                }
            })
            .fold(0.0, f64::max)
    }

    /// Whether the planted weights are balanced under the regularizer, by exact arithmetic in the kernel.
    pub fn is_balanced(&self, regularizer: &Regularizer) -> bool {
        let network = self.network.with_weights(self.balanced.clone());
        let ones = vec![Rational::one(); network.variables()];
        crate::kernel::check::balanced(&network.problem(regularizer), &ones).is_ok()
    }
}
