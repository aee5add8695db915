//! The groups of cases.

mod attention;
mod bipu;
mod bounded;
mod degenerate;
mod graphs;
mod invalid;
mod judged;
mod plain;
mod powers;
mod products;
mod scales;
mod steps;
mod written;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::VectorError;
use super::case::Cases;
use crate::network::{Activation, Network, Unit, UnitKind};
use crate::numbers::{Rational, parse_rational};
use written::text;

/// A group: the file it fills, what it is about, and how it is filled.
pub(super) struct Group {
    pub name: &'static str,
    pub comment: &'static str,
    pub fill: fn(&mut Cases) -> Result<(), VectorError>,
}

/// All groups, in the order in which an implementer meets them.
pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "basic",
        comment: "Networks without biases under L1 and L2: one step, exact scalings, chains, layers, skips, mixed units.",
        fill: plain::basic,
    },
    Group {
        name: "biases",
        comment: "The bias of a unit is one of its incoming weights.",
        fill: plain::biases,
    },
    Group {
        name: "p",
        comment: "L_p for other powers, below 1 and fractional ones included.",
        fill: powers::p,
    },
    Group {
        name: "mixtures",
        comment: "Sums of powers, sum of a |w|^p: no closed form for a step; `mu` is Lambda itself.",
        fill: powers::mixtures,
    },
    Group {
        name: "recurrent",
        comment: "Directed cycles among hidden units.",
        fill: graphs::recurrent,
    },
    Group {
        name: "self_connections",
        comment: "Synapses from a unit to itself: unchanged by scaling, in neither cost (E4).",
        fill: graphs::self_connections,
    },
    Group {
        name: "ties",
        comment: "Units that share one multiplier: layers, channels of convolutions written out, residual branches.",
        fill: graphs::ties,
    },
    Group {
        name: "bipu",
        comment: "Units homogeneous of degree c: balance is A + (1-c) S = c B, with S the cost of a self-connection.",
        fill: bipu::fill,
    },
    Group {
        name: "products",
        comment: "Units that multiply the values of others: gates, squares, products of products; the value scales as its factors together.",
        fill: products::fill,
    },
    Group {
        name: "attention",
        comment: "Queries against keys, values against outputs, shared key heads, rotary pairs, free gains: ties of inverse multipliers.",
        fill: attention::fill,
    },
    Group {
        name: "bounded",
        comment: "Multipliers kept within 1/S and S: a unit at a bound is not balanced, and the optimum is the one within the bounds.",
        fill: bounded::fill,
    },
    Group {
        name: "extreme_scales",
        comment: "Weights of very different sizes, beyond binary64 too, and deep networks.",
        fill: scales::fill,
    },
    Group {
        name: "degenerate",
        comment: "Zero weights, units without cost, sets of units away from the visible ones, units that must not be scaled.",
        fill: degenerate::fill,
    },
    Group {
        name: "not_attained",
        comment: "Networks whose regularizer has an infimum only: what must be refused, and its limit.",
        fill: degenerate::not_attained,
    },
    Group {
        name: "gradient_steps",
        comment: "One step of gradient descent on the error alone: exact weights, and by how much each unit leaves balance.",
        fill: steps::fill,
    },
    Group {
        name: "judge",
        comment: "Results of other implementations, right and wrong: what an oracle must say of them.",
        fill: judged::fill,
    },
    Group {
        name: "invalid",
        comment: "Documents that are no networks and texts that are no regularizers: kind and place of the error.",
        fill: invalid::fill,
    },
];

impl From<String> for VectorError {
    fn from(reason: String) -> Self {
        VectorError {
            case: "(its input)".into(),
            reason,
        }
    }
}

/// The same numbers on every machine.
fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn q(text: &str) -> Result<Rational, VectorError> {
    parse_rational(text).map_err(|fault| fault.to_string().into())
}

/// What an id says of its unit: `x..` and `u..` are inputs, `one` the bias, `y..` outputs, all others hidden ReLUs.
fn plain_unit(id: &str) -> Unit<Rational> {
    match id {
        "one" => Unit::new(id, UnitKind::Bias, Activation::Linear),
        _ if id.starts_with(['x', 'u']) => Unit::new(id, UnitKind::Input, Activation::Linear),
        _ if id.starts_with('y') => Unit::new(id, UnitKind::Output, Activation::Linear),
        _ => Unit::new(id, UnitKind::Hidden, Activation::Relu),
    }
}

/// A network from lines such as `x a 3, a y 1/2`; units in the order in which they are met.
fn net(synapses: &str) -> Result<Network<Rational>, VectorError> {
    build(synapses, &[], &[])
}

/// The same with activations other than ReLU, and ties given as `a b`.
fn build(
    synapses: &str,
    activations: &[(&str, Activation<Rational>)],
    ties: &[&str],
) -> Result<Network<Rational>, VectorError> {
    let mut units: Vec<Unit<Rational>> = Vec::new();
    let place = |id: &str, units: &mut Vec<Unit<Rational>>| {
        units
            .iter()
            .position(|unit| unit.id == id)
            .unwrap_or_else(|| {
                let mut unit = plain_unit(id);
                if let Some((_, activation)) = activations.iter().find(|(name, _)| *name == id) {
                    unit.activation = activation.clone();
                }
                units.push(unit);
                units.len() - 1
            })
    };
    let mut joined = Vec::new();
    for line in synapses.split(',') {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [from, to, weight] = words.as_slice() else {
            return Err(format!("`{line}` is not a synapse").into());
        };
        let ends = (place(from, &mut units), place(to, &mut units));
        joined.push((ends.0, ends.1, q(weight)?));
    }
    let ties = ties.iter().map(|tie| {
        let ids = tie.split_whitespace();
        ids.map(|id| place(id, &mut units)).collect::<Vec<_>>()
    });
    let ties: Vec<Vec<usize>> = ties.collect();
    Network::new(units, joined, ties).map_err(|fault| fault.to_string().into())
}
