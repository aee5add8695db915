//! The small networks that the hunt goes through.

use num_traits::Zero;

use super::super::Failure;
use super::super::support::{generator, integer, ratio, without_zeros};
use synaptic_balance_core::network::{
    Activation, Network, Shape, Unit, UnitKind, Values, chain, random_general, random_recurrent,
};
use synaptic_balance_core::numbers::Rational;

/// All architectures of one input, `hidden` hidden units and one output, with weights 1; self-connections and the
/// synapse from input to output only for up to two hidden units.
///
/// # Errors
/// None occurs.
pub fn architectures(hidden: usize) -> Result<Vec<Network<Rational>>, Failure> {
    super::super::local_to_global::all_architectures(hidden, hidden <= 2)
}

/// The same with a bias unit and at least one synapse from it, into hidden units.
pub fn architectures_with_bias(
    hidden: usize,
) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    let mut places = places(hidden);
    places.push((0, hidden + 1));
    with_bias(hidden, places, (1..=hidden).collect(), &[0, 1])
        .map(|network| without_zeros(&network?))
}

/// All networks of one input, `hidden` hidden units and one output with weights 0, 1 and 4, linear units, one after the
/// other; self-connections only for up to two hidden units. A synapse of weight 0 is there.
pub fn weighted(hidden: usize) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    weighted_of(hidden, &[0, 1, 4])
}

/// The same with other weights.
pub fn weighted_of(
    hidden: usize,
    weights: &'static [i64],
) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    enumerated(hidden, places(hidden), Vec::new(), weights)
}

/// The same with a bias unit that feeds hidden units and, beside one hidden unit, the output; weights as given.
pub fn weighted_with_bias(
    hidden: usize,
    weights: &'static [i64],
) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    let biased = (1..=hidden + usize::from(hidden == 1)).collect();
    with_bias(hidden, places(hidden), biased, weights)
}

/// Chains of one hidden unit, weights 1, one for each of many activations: BiLUs with slopes from -2 to 2, BiPUs of
/// degree -1, 0, 1/2, 2 and 3 with factors from -1 to 2, and `relu6`, which is not homogeneous.
///
/// # Errors
/// None occurs.
pub fn activations() -> Result<Vec<Network<Rational>>, Failure> {
    let mut kinds = vec![Activation::Other("relu6".into())];
    for below in -2..=2 {
        for above in -2..=2 {
            let (below, above) = (integer(below), integer(above));
            kinds.push(Activation::BiLu { below, above });
        }
    }
    for degree in [integer(-1), integer(0), ratio(1, 2), integer(2), integer(3)] {
        for below in -1..=2 {
            for above in -1..=2 {
                kinds.push(Activation::BiPu {
                    degree: degree.clone(),
                    above: integer(above),
                    below: integer(below),
                });
            }
        }
    }
    let plain = chain(&[integer(1), integer(1)]);
    kinds
        .into_iter()
        .map(|kind| with_activation(&plain, |_| kind.clone()))
        .collect()
}

/// Random recurrent networks of one input, up to five hidden BiLU units, a bias and one output.
pub(super) fn random_networks(count: u32, seed: u64) -> Vec<Network<Rational>> {
    let mut rng = generator(seed);
    let random = |case: u32| {
        let shape = Shape::new(1, 1 + (case % 5) as usize, 1);
        random_recurrent(shape, 0.4, &mut rng)
    };
    (0..count).map(random).collect()
}

/// Random networks of one input, up to five hidden units and products together, a bias and one output: units of degree
/// 1, 2 and 3, ties of integer powers, every third one recurrent. Each has a product.
pub(super) fn random_products(count: u32, seed: u64) -> Vec<Network<Rational>> {
    let mut rng = generator(seed);
    let mut found = Vec::new();
    for case in 0.. {
        if found.len() == count as usize {
            break;
        }
        let shape = Shape::new(1, 3 + (case % 3) as usize, 1);
        let network = random_general(shape, case % 3 == 2, Values::Rational, &mut rng);
        if !network.products().is_empty() {
            found.push(network);
        }
    }
    found
}

/// The network with other activations of its hidden units, given by their place among these.
pub(super) fn with_activation(
    network: &Network<Rational>,
    activation: impl Fn(usize) -> Activation<Rational>,
) -> Result<Network<Rational>, Failure> {
    let mut hidden = 0;
    let units = (0..network.units()).map(|unit| {
        let mut copy: Unit<Rational> = network.unit(unit).clone();
        if copy.kind == UnitKind::Hidden {
            copy.activation = activation(hidden);
            hidden += 1;
        }
        copy
    });
    let (units, ties) = (units.collect(), network.ties().to_vec());
    let none = std::collections::BTreeMap::new();
    Ok(Network::with_products(
        units,
        none,
        synapses(network),
        ties,
    )?)
}

/// The network with other ties.
pub(super) fn tied(
    network: &Network<Rational>,
    ties: Vec<Vec<usize>>,
) -> Result<Network<Rational>, Failure> {
    let units = (0..network.units()).map(|unit| network.unit(unit).clone());
    Ok(Network::new(units.collect(), synapses(network), ties)?)
}

fn synapses(network: &Network<Rational>) -> Vec<(usize, usize, Rational)> {
    let synapse = |e: usize| {
        let (from, to) = network.endpoints(e);
        (from, to, network.weight(e).clone())
    };
    (0..network.synapses()).map(synapse).collect()
}

type Place = (usize, usize);

fn with_bias(
    hidden: usize,
    places: Vec<Place>,
    biased: Vec<usize>,
    weights: &'static [i64],
) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    let has_bias = |network: &Network<Rational>| {
        let bias = network.units_of(UnitKind::Bias);
        (0..network.synapses())
            .any(|e| bias.contains(&network.endpoints(e).0) && !network.weight(e).is_zero())
    };
    enumerated(hidden, places, biased, weights)
        .filter(move |network| network.as_ref().is_ok_and(has_bias))
}

/// All choices of weights at the given places, and from a bias unit into the units `biased`.
fn enumerated(
    hidden: usize,
    mut places: Vec<Place>,
    biased: Vec<usize>,
    weights: &'static [i64],
) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    let bias = hidden + 2;
    let has_bias = !biased.is_empty();
    places.extend(biased.into_iter().map(|unit| (bias, unit)));
    (0..weights.len().pow(places.len() as u32)).map(move |code| {
        let mut rest = code;
        let synapses = places.iter().map(|(from, to)| {
            let weight = integer(weights[rest % weights.len()]);
            rest /= weights.len();
            (*from, *to, weight)
        });
        let name = |i: usize| char::from(b'a' + (i % 26) as u8).to_string();
        let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
        units.extend((0..hidden).map(|i| Unit::new(name(i), UnitKind::Hidden, Activation::Linear)));
        units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
        if has_bias {
            units.push(Unit::new("one", UnitKind::Bias, Activation::Linear));
        }
        Ok(Network::new(units, synapses.collect(), vec![])?)
    })
}

fn places(hidden: usize) -> Vec<Place> {
    let mut places = Vec::new();
    for from in 0..=hidden {
        for to in 1..=hidden + 1 {
            let self_connection = from == to && hidden > 2;
            let idle = from == 0 && to == hidden + 1;
            if !self_connection && !idle {
                places.push((from, to));
            }
        }
    }
    places
}
