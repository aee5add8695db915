//! The small networks that the hunt goes through.

use super::super::Failure;
use super::super::local_to_global::all_architectures;
use super::super::support::{integer, small};
use crate::network::Network;
use crate::numbers::Rational;

/// All architectures of one input, `hidden` hidden units and one output, with weights 1; self-connections and the synapse
/// from input to output only for up to two hidden units.
///
/// # Errors
/// None occurs.
pub fn architectures(hidden: usize) -> Result<Vec<Network<Rational>>, Failure> {
    all_architectures(hidden, hidden <= 2)
}

/// All networks of one input, `hidden` hidden units and one output with weights 0, 1 and 4, linear units, one after the
/// other; self-connections only for up to two hidden units. A synapse of weight 0 is there.
pub fn weighted(hidden: usize) -> impl Iterator<Item = Result<Network<Rational>, Failure>> {
    let places = places(hidden);
    let weights = [0, 1, 4].map(integer);
    (0..weights.len().pow(places.len() as u32)).map(move |code| {
        let mut rest = code;
        let synapses = places.iter().map(|(from, to)| {
            let weight = weights[rest % weights.len()].clone();
            rest /= weights.len();
            (*from, *to, weight)
        });
        small(hidden, &synapses.collect::<Vec<_>>())
    })
}

fn places(hidden: usize) -> Vec<(usize, usize)> {
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
