//! Section 6: gradients, steps and deficits.

use num_traits::{One, Signed, Zero};

use super::gradients::gradient;
use super::hunted::{Domain, Held, Hunted};
use super::networks::with_activation;
use crate::theorems::Failure;
use crate::theorems::support::{CostGraph, integer, ratio};
use synaptic_balance_core::learn::GradientOverTime;
use synaptic_balance_core::network::{Activation, Network, UnitIndex, UnitKind};
use synaptic_balance_core::numbers::Rational;

/// Section 6.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::holds(
        "euler-identity",
        "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w over three steps from initial state 0",
        |network| euler(network, &integer(0), Terms::default()),
    )
    .over(Domain::Few),
    Hunted::holds(
        "euler-identity",
        "Σ_IN w ∂E/∂w + h ∂E/∂h = Σ_OUT w ∂E/∂w over three steps from initial states h = 1",
        |network| {
            euler(
                network,
                &integer(1),
                Terms {
                    initial: true,
                    ..Terms::default()
                },
            )
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "euler-identity",
        "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w over three steps",
        "initial state 0",
        "euler-identity",
        |network| euler(network, &integer(1), Terms::default()),
    )
    .over(Domain::Few),
    Hunted::without(
        "euler-identity",
        "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w without the bias",
        "the bias is an incoming weight",
        "scaling-invariance",
        |network| {
            euler(
                network,
                &integer(0),
                Terms {
                    bias: false,
                    ..Terms::default()
                },
            )
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "euler-identity",
        "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w for units that clip at 6",
        "a BiLU unit",
        "mixed-units",
        |network| {
            euler(
                &with_activation(network, |_| Activation::Other("relu6".into()))?,
                &integer(0),
                Terms::default(),
            )
        },
    )
    .over(Domain::Few),
    Hunted::holds(
        "euler-identity",
        "Σ_IN w ∂E/∂w - Σ_SELF w ∂E/∂w = 2 Σ_OUT w ∂E/∂w for units that square",
        |network| {
            euler(
                &squaring(network)?,
                &integer(0),
                Terms {
                    degree: 2,
                    ..Terms::default()
                },
            )
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "euler-identity",
        "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w for units that square",
        "degree 1",
        "euler-identity",
        |network| euler(&squaring(network)?, &integer(0), Terms::default()),
    )
    .over(Domain::Few),
    Hunted::holds(
        "flow-conservation",
        "along -∂E/∂w the derivative of Σ_IN w² - Σ_OUT w² is 0, from initial state 0",
        |network| conserved(network, &integer(0)),
    )
    .over(Domain::Few),
    Hunted::without(
        "flow-conservation",
        "along -∂E/∂w the derivative of Σ_IN w² - Σ_OUT w² is 0",
        "initial state 0",
        "flow-conservation",
        |network| conserved(network, &integer(1)),
    )
    .over(Domain::Few),
    Hunted::holds(
        "gradient-step",
        "a step of size 1/4 changes Σ_IN w² - Σ_OUT w² by (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²)/16, from initial \
         state 0",
        |network| step(network, &integer(0)),
    )
    .over(Domain::Few),
    Hunted::without(
        "gradient-step",
        "a step of size 1/4 changes Σ_IN w² - Σ_OUT w² by (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²)/16",
        "initial state 0",
        "gradient-step",
        |network| step(network, &integer(1)),
    )
    .over(Domain::Few),
    Hunted::without(
        "descent-leaves-balance",
        "a step of size 1/4 on E alone keeps a balanced network balanced (L_2)",
        "E + R in place of E",
        "descent-leaves-balance",
        keeps_balance,
    )
    .over(Domain::Few),
    Hunted::without(
        "descent-leaves-balance",
        "a stationary point of E alone is balanced if A, B > 0 (L_2)",
        "E + R in place of E",
        "descent-leaves-balance",
        stationary_without_regularizer,
    )
    .over(Domain::Few),
    Hunted::holds(
        "stationary-balance",
        "Σ_IN w ∂(E+R)/∂w - Σ_OUT w ∂(E+R)/∂w = 2 (A - B), from initial state 0 (R = L_2)",
        |network| regularized(network, &integer(0)),
    )
    .over(Domain::Few),
    Hunted::without(
        "stationary-balance",
        "Σ_IN w ∂(E+R)/∂w - Σ_OUT w ∂(E+R)/∂w = 2 (A - B) (R = L_2)",
        "initial state 0",
        "stationary-balance",
        |network| regularized(network, &integer(1)),
    )
    .over(Domain::Few),
    Hunted::without(
        "stationary-balance",
        "a balanced network is a stationary point of E + R (L_2)",
        "only one direction is claimed",
        "stationary-balance",
        balanced_is_stationary,
    )
    .over(Domain::Few),
    Hunted::holds(
        "deficit",
        "both deficits are 0 exactly in balance; the scale-free one lies in [0, 1] and is the same for 3 R; \
         the other is 9 times as large",
        deficits,
    )
    .over(Domain::Few),
    Hunted::without(
        "deficit",
        "Σ (A - B)² is the same for 3 R",
        "the scale-free deficit",
        "deficit",
        |network| {
            let (once, thrice) = (squares(&sides(network, 1)), squares(&sides(network, 3)));
            Ok(Some(once == thrice))
        },
    )
    .over(Domain::Few),
];

/// Which terms an identity has.
struct Terms {
    degree: i64,
    bias: bool,
    initial: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            degree: 1,
            bias: true,
            initial: false,
        }
    }
}

fn squaring(network: &Network<Rational>) -> Result<Network<Rational>, Failure> {
    let square = Activation::BiPu {
        degree: integer(2),
        above: integer(1),
        below: integer(3),
    };
    with_activation(network, |_| square.clone())
}

/// `Σ_e f(e)` over synapses into the unit, out of it, and from it to itself; biases on request.
fn sums(
    network: &Network<Rational>,
    unit: UnitIndex,
    bias: bool,
    term: impl Fn(usize) -> Rational,
) -> [Rational; 3] {
    let mut found = [(); 3].map(|()| Rational::zero());
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let left_out = !bias && network.unit(from).kind == UnitKind::Bias;
        let place = match (from == unit, to == unit) {
            (true, true) => 2,
            (true, false) => 1,
            (false, true) if !left_out => 0,
            _ => continue,
        };
        found[place] += term(synapse);
    }
    found
}

/// The larger random networks say little more here and take long.
fn is_small(network: &Network<Rational>) -> bool {
    network.units_of(UnitKind::Hidden).len() <= 3
}

fn at_every_unit(
    network: &Network<Rational>,
    initial: &Rational,
    holds: impl Fn(UnitIndex, &GradientOverTime<Rational>) -> bool,
) -> Held {
    if !is_small(network) {
        return Ok(None);
    }
    let Some(gradient) = gradient(network, initial)? else {
        return Ok(None);
    };
    let units = network.units_of(UnitKind::Hidden);
    Ok(Some(units.into_iter().all(|unit| holds(unit, &gradient))))
}

fn euler(network: &Network<Rational>, initial: &Rational, terms: Terms) -> Held {
    at_every_unit(network, initial, |unit, gradient| {
        let term = |e: usize| network.weight(e) * &gradient.weights[e];
        let [mut input, output, own] = sums(network, unit, terms.bias, term);
        if terms.initial {
            input += initial * &gradient.initial[unit];
        }
        input + integer(1 - terms.degree) * own == integer(terms.degree) * output
    })
}

/// `Σ_IN w² - Σ_OUT w²` for other weights of the same network.
fn difference(network: &Network<Rational>, unit: UnitIndex, weights: &[Rational]) -> Rational {
    let [input, output, _] = sums(network, unit, true, |e| &weights[e] * &weights[e]);
    input - output
}

/// The derivative as the slope of the parabola through the steps ±1.
fn conserved(network: &Network<Rational>, initial: &Rational) -> Held {
    at_every_unit(network, initial, |unit, gradient| {
        let moved = |size: i64| {
            let pairs = network.weights().into_iter().zip(&gradient.weights);
            let weights: Vec<Rational> = pairs.map(|(w, g)| w - integer(size) * g).collect();
            difference(network, unit, &weights)
        };
        moved(1) == moved(-1)
    })
}

fn stepped(network: &Network<Rational>, gradient: &GradientOverTime<Rational>) -> Vec<Rational> {
    let pairs = network.weights().into_iter().zip(&gradient.weights);
    pairs.map(|(w, g)| w - ratio(1, 4) * g).collect()
}

fn step(network: &Network<Rational>, initial: &Rational) -> Held {
    at_every_unit(network, initial, |unit, gradient| {
        let before = difference(network, unit, &network.weights());
        let after = difference(network, unit, &stepped(network, gradient));
        let change = ratio(1, 16) * difference(network, unit, &gradient.weights);
        after - before == change
    })
}

fn is_balanced(network: &Network<Rational>, weights: &[Rational]) -> bool {
    let units = network.units_of(UnitKind::Hidden);
    units
        .into_iter()
        .all(|unit| difference(network, unit, weights).is_zero())
}

fn keeps_balance(network: &Network<Rational>) -> Held {
    if !is_small(network) || !is_balanced(network, &network.weights()) {
        return Ok(None);
    }
    let gradient = gradient(network, &integer(0))?;
    Ok(gradient.map(|gradient| is_balanced(network, &stepped(network, &gradient))))
}

fn stationary_without_regularizer(network: &Network<Rational>) -> Held {
    let alive = |unit: UnitIndex| {
        let [input, output, _] = sums(network, unit, true, |e| network.weight(e).abs());
        input.is_positive() && output.is_positive()
    };
    if !is_small(network) || !network.units_of(UnitKind::Hidden).into_iter().all(alive) {
        return Ok(None);
    }
    let Some(gradient) = gradient(network, &integer(0))? else {
        return Ok(None);
    };
    let stationary = gradient.weights.iter().all(Rational::is_zero);
    Ok(stationary.then(|| is_balanced(network, &network.weights())))
}

fn regularized(network: &Network<Rational>, initial: &Rational) -> Held {
    at_every_unit(network, initial, |unit, gradient| {
        let term = |e: usize| {
            let weight = network.weight(e);
            weight * (&gradient.weights[e] + integer(2) * weight)
        };
        let [input, output, _] = sums(network, unit, true, term);
        input - output == integer(2) * difference(network, unit, &network.weights())
    })
}

fn balanced_is_stationary(network: &Network<Rational>) -> Held {
    if !is_small(network) || !is_balanced(network, &network.weights()) {
        return Ok(None);
    }
    let stationary = |gradient: GradientOverTime<Rational>| {
        let pairs = network.weights().into_iter().zip(gradient.weights);
        pairs
            .map(|(w, g)| g + integer(2) * w)
            .all(|sum| sum.is_zero())
    };
    Ok(gradient(network, &integer(0))?.map(stationary))
}

type Sides = Vec<(Rational, Rational)>;

/// `(A, B)` of every unit for `factor · R`.
fn sides(network: &Network<Rational>, factor: i64) -> Sides {
    let weights = network.weights().into_iter();
    let graph =
        CostGraph::of(&network.with_weights(weights.map(|w| w * integer(factor)).collect()));
    let ones = vec![Rational::one(); graph.nodes];
    (0..graph.nodes)
        .map(|node| graph.sides(node, &ones))
        .collect()
}

fn squares(sides: &Sides) -> Rational {
    sides
        .iter()
        .fold(Rational::zero(), |total, (a, b)| total + (a - b) * (a - b))
}

fn scale_free(sides: &Sides) -> Rational {
    let cost = sides.iter().filter(|(a, b)| !(a + b).is_zero());
    let ratios = cost.map(|(a, b)| (a - b).abs() / (a + b));
    ratios.max().unwrap_or_else(Rational::zero)
}

fn deficits(network: &Network<Rational>) -> Held {
    let (once, thrice) = (sides(network, 1), sides(network, 3));
    let balanced = once.iter().all(|(a, b)| a == b);
    let free = scale_free(&once);
    Ok(Some(
        squares(&once).is_zero() == balanced
            && free.is_zero() == balanced
            && free <= Rational::one()
            && free == scale_free(&thrice)
            && squares(&thrice) == integer(9) * squares(&once),
    ))
}
