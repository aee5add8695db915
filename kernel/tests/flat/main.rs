//! The rules about problems of exact weights, on problems made by hand.

mod check;
mod comparison;
mod exact;
mod shape;

use synaptic_balance_kernel::{Block, Entries, Layout, Problem, Rational, Refusal};

/// A summand of the cost of a synapse: `coefficient · base^power · r^exponent`, `r` the product of multipliers.
#[derive(Clone)]
pub struct Cost {
    pub coefficient: Rational,
    pub base: Rational,
    pub power: Rational,
    pub exponent: Rational,
}

/// A synapse: variables with their exponents, and the summands of its cost.
#[derive(Clone)]
pub struct Synapse {
    pub direction: Vec<(usize, Rational)>,
    pub costs: Vec<Cost>,
}

/// A problem that holds its weights, synapse by synapse: a block for each summand.
pub type Flat = Problem<'static>;

pub fn flat(variables: usize, synapses: Vec<Synapse>) -> Result<Flat, Refusal> {
    let (mut forms, mut blocks) = (vec![vec![]], Vec::new());
    for mut synapse in synapses {
        if synapse.costs.is_empty() {
            synapse.costs = crate::synapse("", "0", "1").costs;
        }
        for (place, cost) in synapse.costs.into_iter().enumerate() {
            let direction = synapse.direction.iter();
            let factors = direction.map(|(variable, d)| (*variable, times(d, &cost.exponent)));
            forms.push(factors.collect());
            blocks.push(Block {
                entries: Entries::Rational(vec![cost.base].into()),
                rows: vec![0],
                columns: vec![forms.len() - 1],
                layout: Layout::Dense,
                power: cost.power,
                coefficient: cost.coefficient,
                again: place > 0,
            });
        }
    }
    Problem::new(variables, forms, blocks)
}

/// The product, where both are numbers.
fn times(one: &Rational, other: &Rational) -> Rational {
    match other.is_integer() && *other.numer() == 1.into() {
        true => one.clone(),
        false => one * other,
    }
}

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
    flat(last, synapses.collect()).unwrap()
}
