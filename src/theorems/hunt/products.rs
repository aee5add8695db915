//! Products beside the sums of small networks: the output also reads that of two hidden units.

use num_traits::One;

use super::hunted::{Domain, Hunted, Outcome};
use super::scalings::outputs;
use crate::kernel::Priced;
use crate::network::{Activation, Network, Regularizer, Unit, UnitKind};
use crate::numbers::{Rational, rational_power, sum};
use crate::theorems::Failure;
use crate::theorems::support::integer;

/// What holds of products, and what does not.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::holds(
        "products",
        "an output reads the product of the first and the last hidden unit: scaling all hidden units, its weight by all of the \
         product's factors, changes no output in three steps from state 0",
        |network| kept(network, true),
    )
    .over(Domain::Few),
    Hunted::without(
        "products",
        "the same with the weight divided by the multiplier of one factor",
        "the multipliers of all factors",
        "products",
        |network| kept(network, false),
    )
    .over(Domain::Few),
    Hunted::holds(
        "product-balance",
        "with such a product R at the geometric mean of two choices of multipliers is at most the mean of R there",
        |network| convex(network, |one, other| one * other),
    )
    .over(Domain::Few),
    Hunted::without(
        "product-balance",
        "with such a product R at the arithmetic mean of two choices of multipliers is at most the mean of R there",
        "convex in the logarithms",
        "product-balance",
        |network| {
            convex(network, |one, other| {
                (one * one + other * other) / integer(2)
            })
        },
    )
    .over(Domain::Few),
];

/// The network with a unit `z`, the product of its first and its last hidden unit, and a weight 1 from it to the output.
fn with_product(network: &Network<Rational>) -> Result<Option<Network<Rational>>, Failure> {
    let hidden = network.units_of(UnitKind::Hidden);
    let output = network.units_of(UnitKind::Output);
    let (Some(first), Some(last), Some(output)) = (hidden.first(), hidden.last(), output.first())
    else {
        return Ok(None);
    };
    let mut units: Vec<_> = (0..network.units())
        .map(|unit| network.unit(unit).clone())
        .collect();
    let product = units.len();
    units.push(Unit::new("z", UnitKind::Product, Activation::Linear));
    let mut synapses: Vec<_> = (0..network.synapses())
        .map(|synapse| {
            let (from, to) = network.endpoints(synapse);
            (from, to, network.weight(synapse).clone())
        })
        .collect();
    synapses.push((product, *output, Rational::one()));
    let factors = [(product, vec![*first, *last])].into();
    let ties = network.ties().to_vec();
    Ok(Some(Network::with_products(
        units, factors, synapses, ties,
    )?))
}

/// Squares of multipliers, all different.
fn multipliers(network: &Network<Rational>, first: i64) -> Vec<Rational> {
    let variables = 0..network.variables();
    variables
        .map(|variable| integer(first + variable as i64))
        .collect()
}

/// Do the outputs stay, if the weight of the product is divided by all its factors' multipliers, or else by the last one's?
fn kept(network: &Network<Rational>, by_all: bool) -> Outcome {
    let Some(network) = with_product(network)? else {
        return Ok(None);
    };
    let by = multipliers(&network, 2);
    let mut scaled = network.scaled(&by)?;
    if let (false, Some(first)) = (by_all, by.first()) {
        let mut weights = scaled.weights();
        if let Some(weight) = weights.last_mut() {
            *weight *= first;
        }
        scaled = network.with_weights(weights);
    }
    let zeros = vec![integer(0); network.units()];
    Ok(Some(
        outputs(&scaled, &zeros)? == outputs(&network, &zeros)?,
    ))
}

/// Is `R` at some mean of the squares of two multipliers, given by their roots, at most the mean of `R`?
fn convex(network: &Network<Rational>, mean: fn(&Rational, &Rational) -> Rational) -> Outcome {
    let Some(network) = with_product(network)? else {
        return Ok(None);
    };
    let one = multipliers(&network, 1);
    let other: Vec<Rational> = one.iter().map(|root| root * root + integer(1)).collect();
    let square =
        |roots: &[Rational]| -> Vec<Rational> { roots.iter().map(|root| root * root).collect() };
    let middle: Vec<Rational> = one.iter().zip(&other).map(|(a, b)| mean(a, b)).collect();
    let (low, high) = (cost(&network, &middle), cost(&network, &square(&one)));
    let total = high
        .zip(cost(&network, &square(&other)))
        .map(|(one, other)| one + other);
    Ok(low.zip(total).map(|(low, total)| low * integer(2) <= total))
}

/// `R` under `L_1` at multipliers.
fn cost(network: &Network<Rational>, by: &[Rational]) -> Option<Rational> {
    let problem = network.problem(&Regularizer::l1());
    let costs = problem.synapses().iter().map(|synapse| {
        let own = synapse.costs.first()?.exact()?;
        let mut factors = synapse.direction.iter();
        factors.try_fold(own, |product, (variable, exponent)| {
            Some(product * rational_power(by.get(*variable)?, exponent)?)
        })
    });
    Some(sum(&costs.collect::<Option<Vec<_>>>()?))
}
