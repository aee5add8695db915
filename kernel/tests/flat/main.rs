//! The rules about problems of exact weights, on problems made by hand.

mod comparison;
mod exact;
mod shape;

use synaptic_balance_kernel::{Cost, Flat, Rational, Synapse};

/// A rational from `3`, `-3/4`.
pub fn q(text: &str) -> Rational {
    text.parse().unwrap()
}

pub fn qs(text: &str) -> Vec<Rational> {
    text.split_whitespace().map(q).collect()
}

/// `0*1 1*-1`: numbers with coefficients.
pub fn terms(text: &str) -> Vec<(usize, Rational)> {
    let term = |word: &str| {
        let (number, coefficient) = word.split_once('*').unwrap();
        (number.parse().unwrap(), q(coefficient))
    };
    text.split_whitespace().map(term).collect()
}

/// A synapse of one summand: its direction, its weight and its power.
pub fn synapse(direction: &str, weight: &str, power: &str) -> Synapse {
    Synapse {
        direction: terms(direction),
        costs: vec![Cost {
            coefficient: q("1"),
            base: q(weight),
            power: q(power),
            exponent: q("1"),
        }],
    }
}

/// A chain of units: each synapse rises in its target and falls in its source.
pub fn chain(weights: &str, power: &str) -> Flat {
    let weights: Vec<&str> = weights.split_whitespace().collect();
    let last = weights.len() - 1;
    let synapses = weights.iter().enumerate().map(|(index, weight)| {
        let target = (index < last).then(|| format!("{index}*1"));
        let source = index.checked_sub(1).map(|source| format!("{source}*-1"));
        let direction: Vec<String> = source.into_iter().chain(target).collect();
        synapse(&direction.join(" "), weight, power)
    });
    Flat::new(last, synapses.collect()).unwrap()
}
