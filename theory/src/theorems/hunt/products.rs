//! Products: beside the sums of small networks, where the output also reads the product of two hidden units, and in
//! random networks that have products of their own.

use num_traits::{One, Zero};

use super::hunted::{Domain, Held, Hunted};
use super::scalings::outputs;
use crate::theorems::Failure;
use crate::theorems::support::{integer, many, rank, ratio};
use synaptic_balance_core::kernel::{Priced, Problem, Synapse};
use synaptic_balance_core::network::{Activation, Network, Regularizer, Unit, UnitKind};
use synaptic_balance_core::numbers::{Rational, rational_power, rational_to_f64, sum};
use synaptic_balance_core::solve::{
    DirectOptions, Existence, existence_by_linear_program, solve_direct,
};

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
    Hunted::holds(
        "products",
        "with products, powers and ties of powers: scaling all hidden units changes no output in three steps from state 0",
        |network| all_kept(network, false),
    )
    .over(Domain::Products),
    Hunted::without(
        "products",
        "the same with one synapse left as it is",
        "every synapse is scaled",
        "products",
        |network| all_kept(network, true),
    )
    .over(Domain::Products),
    Hunted::holds(
        "product-balance",
        "R at the geometric mean of two choices of multipliers is at most the mean of R there",
        |network| mean_of_two(network, |one, other| one * other),
    )
    .over(Domain::Products),
    Hunted::without(
        "product-balance",
        "R at the arithmetic mean of two choices of multipliers is at most the mean of R there",
        "convex in the logarithms",
        "product-balance",
        |network| {
            mean_of_two(network, |one, other| {
                (one * one + other * other) / integer(2)
            })
        },
    )
    .over(Domain::Products),
    Hunted::holds(
        "comparison-principle",
        "where no cost rises or falls in two multipliers, those with A <= B at every unit are at most the balanced ones, these in f64",
        |network| compared(network, true),
    )
    .over(Domain::Products),
    Hunted::without(
        "odd-cycle",
        "multipliers with A <= B at every unit are at most the balanced ones, these in f64",
        "no cost rises or falls in two multipliers",
        "odd-cycle",
        |network| compared(network, false),
    )
    .over(Domain::Products),
    Hunted::holds(
        "energy-certificate",
        "R exceeds R at other multipliers by at most Σ (y - w)²/w, for the costs w and a circulation y",
        |network| gap(network, true),
    )
    .over(Domain::Products),
    Hunted::without(
        "energy-certificate",
        "R exceeds R at other multipliers by at most Σ (y - w)²/w, for the costs w and y = w",
        "y is a circulation",
        "energy-certificate",
        |network| gap(network, false),
    )
    .over(Domain::Products),
];

/// The network with a unit `z`, the product of its first and its last hidden unit, and a weight 1 from it to the
/// output.
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

/// Do the outputs stay, if the weight of the product is divided by all its factors' multipliers, or else by the last
/// one's?
fn kept(network: &Network<Rational>, by_all: bool) -> Held {
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
fn convex(network: &Network<Rational>, mean: fn(&Rational, &Rational) -> Rational) -> Held {
    match with_product(network)? {
        Some(network) => mean_of_two(&network, mean),
        None => Ok(None),
    }
}

fn mean_of_two(network: &Network<Rational>, mean: fn(&Rational, &Rational) -> Rational) -> Held {
    let one = multipliers(network, 1);
    let other: Vec<Rational> = one.iter().map(|root| root * root + integer(1)).collect();
    let square =
        |roots: &[Rational]| -> Vec<Rational> { roots.iter().map(|root| root * root).collect() };
    let middle: Vec<Rational> = one.iter().zip(&other).map(|(a, b)| mean(a, b)).collect();
    let (low, high) = (cost(network, &middle), cost(network, &square(&one)));
    let total = high
        .zip(cost(network, &square(&other)))
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

/// Do the outputs stay, if every synapse is scaled, or all but the first that a scaling changes?
fn all_kept(network: &Network<Rational>, but_one: bool) -> Held {
    let mut scaled = network.scaled(&multipliers(network, 2))?;
    if but_one {
        let changes = |synapse: &usize| scaled.weight(*synapse) != network.weight(*synapse);
        let Some(kept) = (0..network.synapses()).find(changes) else {
            return Ok(None);
        };
        let mut weights = scaled.weights();
        weights[kept].clone_from(network.weight(kept));
        scaled = network.with_weights(weights);
    }
    let zeros = vec![integer(0); network.units()];
    Ok(Some(outputs(&scaled, &zeros)? == outputs(network, &zeros)?))
}

/// The costs under `L_1` at multipliers, of the synapses that a scaling changes.
fn costs(problem: &Problem, by: &[Rational]) -> Option<Vec<Rational>> {
    let cost = |synapse: &Synapse| {
        let mut factors = synapse.direction.iter();
        factors.try_fold(synapse.costs.first()?.exact()?, |product, (v, exponent)| {
            Some(product * rational_power(by.get(*v)?, exponent)?)
        })
    };
    let active = problem.synapses().iter().filter(|one| one.is_active());
    active.map(cost).collect()
}

/// Wherever `A <= B` at all units among some choices of multipliers: are these at most the balanced ones? Says nothing
/// where the minimum is not attained, or leaves multipliers free; if `apart`, where a cost rises or falls in two
/// multipliers.
fn compared(network: &Network<Rational>, apart: bool) -> Held {
    let problem = network.problem(&Regularizer::l1());
    let active: Vec<&Synapse> = problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active())
        .collect();
    let rises_twice = active.iter().any(|synapse| {
        let signs = synapse.direction.iter().map(|(_, d)| *d > Rational::zero());
        let rising = signs.filter(|rises| *rises).count();
        rising > 1 || synapse.direction.len() - rising > 1
    });
    let row = |synapse: &&Synapse| {
        let mut row = many(network.variables(), Rational::zero);
        for (variable, exponent) in &synapse.direction {
            row[*variable].clone_from(exponent);
        }
        row
    };
    let is_free = rank(active.iter().map(row).collect()) < network.variables();
    let found = existence_by_linear_program(&problem)?;
    if (apart && rises_twice) || is_free || !found.is_attained() {
        return Ok(None);
    }
    let best = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})?.multipliers;
    let mut seen = None;
    for by in choices(network.variables()) {
        let Some(costs) = costs(&problem, &by) else {
            continue;
        };
        let mut slopes = many(by.len(), Rational::zero);
        for (synapse, cost) in active.iter().zip(&costs) {
            for (variable, exponent) in &synapse.direction {
                slopes[*variable] += exponent * cost;
            }
        }
        if slopes.iter().any(|slope| *slope > Rational::zero()) {
            continue;
        }
        let below = by
            .iter()
            .zip(&best)
            .all(|(by, best)| rational_to_f64(by) <= best.to_f64() * (1.0 + 1e-9));
        seen = Some(seen.unwrap_or(true) && below);
    }
    Ok(seen)
}

/// All choices of 1/2, 1 and 2 as multipliers.
fn choices(variables: usize) -> impl Iterator<Item = Vec<Rational>> {
    (0..3usize.pow(variables.min(5) as u32)).map(move |code| {
        let digit = |v: usize| code / 3usize.pow(v.min(5) as u32) % 3;
        let value = |v: usize| [ratio(1, 2), integer(1), integer(2)][digit(v)].clone();
        (0..variables).map(value).collect()
    })
}

/// Is `R(1) - R(μ)` at most the gap at some other `μ`, with a verified circulation for `y`, or with the costs
/// themselves?
fn gap(network: &Network<Rational>, circulates: bool) -> Held {
    let problem = network.problem(&Regularizer::l1());
    let ones = many(network.variables(), || integer(1));
    let Existence::Attained(found) = existence_by_linear_program(&problem)? else {
        return Ok(None);
    };
    let (Some(here), Some(found)) = (costs(&problem, &ones), found.claim_about(&problem)) else {
        return Ok(None);
    };
    let active = problem.synapses().iter().zip(&found.circulation);
    let flow = active.filter(|(synapse, _)| synapse.is_active());
    let pairs = here.iter().zip(flow);
    let gaps: Vec<Rational> = pairs
        .map(|(w, (_, y))| match circulates {
            true => (y - w) * (y - w) / w,
            false => Rational::zero(),
        })
        .collect();
    let highest = sum(&here) - sum(&gaps);
    let mut all = choices(network.variables()).filter_map(|by| costs(&problem, &by));
    Ok(Some(all.all(|there| highest <= sum(&there))))
}
