//! Scaling.

use num_traits::One;
use rand::RngExt;

use crate::symbolic::{Run, statements};
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, many, positive, signed};
use synaptic_balance_core::network::{Shape, random_acyclic, random_recurrent};
use synaptic_balance_core::numbers::Rational;

pub(super) fn invariance(ledger: &mut Ledger) -> Result<(), Failure> {
    let exhibits = [
        gallery::layered()?,
        gallery::skipping()?,
        gallery::recurrent(Run::Steps(3))?,
        gallery::power_units(Run::Steps(3))?,
        gallery::convolution()?,
    ];
    let mut names = Vec::new();
    for exhibit in &exhibits {
        ledger.proved(statements::invariance(&exhibit.network, exhibit.run)?)?;
        names.push(exhibit.name);
    }
    ledger.record(
        Kind::SymbolicIdentity,
        format!(
            "for all weights, inputs, slopes and multipliers of: {}",
            names.join("; ")
        ),
    )?;
    random_networks(ledger)
}

fn random_networks(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(31);
    let shape = Shape::new(2, 5, 2);
    for _ in 0..60 {
        let network = random_acyclic(shape, 0.6, &mut rng);
        let multipliers = many(network.variables(), || positive(&mut rng));
        let scaled = network.scaled(&multipliers)?;
        for _ in 0..3 {
            let inputs = many(2, || signed(&mut rng));
            ledger.equal(
                "outputs",
                &scaled.evaluate(&inputs)?,
                &network.evaluate(&inputs)?,
            )?;
        }
    }
    for _ in 0..30 {
        let network = random_recurrent(shape, 0.5, &mut rng);
        let multipliers = many(network.variables(), || positive(&mut rng));
        let scaled = network.scaled(&multipliers)?;
        let initial = many(network.units(), || signed(&mut rng));
        let scaled_initial: Vec<Rational> = initial
            .iter()
            .enumerate()
            .map(|(unit, value)| match network.variable(unit) {
                Some(variable) => value * &multipliers[variable],
                None => value.clone(),
            })
            .collect();
        let inputs = many(4, || many(2, || signed(&mut rng)));
        let plain = network.evaluate_over_time(&inputs, &initial)?;
        ledger.equal(
            "outputs",
            &scaled.evaluate_over_time(&inputs, &scaled_initial)?,
            &plain,
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        "60 random acyclic networks at 3 inputs each and 30 recurrent ones over 4 steps, all with biases, random BiLUs, \
         random multipliers and random initial states: every output equal, exactly",
    )
}

pub(super) fn group(ledger: &mut Ledger) -> Result<(), Failure> {
    let exhibits = [
        gallery::layered()?,
        gallery::recurrent(Run::Steps(3))?,
        gallery::power_units(Run::Steps(3))?,
        gallery::convolution()?,
    ];
    for exhibit in &exhibits {
        ledger.proved(statements::scalings_form_a_group(&exhibit.network)?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "composition, order and inverse on every weight of a layered, a recurrent, a BiPU and a convolutional network",
    )?;
    let mut rng = generator(32);
    for _ in 0..60 {
        let shape = Shape::new(1, rng.random_range(1..=6), 1);
        let network = random_recurrent(shape, 0.5, &mut rng);
        let (first, second) = (
            many(network.variables(), || positive(&mut rng)),
            many(network.variables(), || positive(&mut rng)),
        );
        let product: Vec<Rational> = first.iter().zip(&second).map(|(a, b)| a * b).collect();
        let inverse: Vec<Rational> = first.iter().map(|a| Rational::one() / a).collect();
        let once = network.scaled(&first)?;
        let twice = once.scaled(&second)?.weights();
        ledger.equal("product", &twice, &network.scaled(&product)?.weights())?;
        ledger.equal(
            "order",
            &twice,
            &network.scaled(&second)?.scaled(&first)?.weights(),
        )?;
        ledger.equal(
            "inverse",
            &once.scaled(&inverse)?.weights(),
            &network.weights(),
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        "60 random recurrent networks: composition, order and inverse, exactly",
    )
}
