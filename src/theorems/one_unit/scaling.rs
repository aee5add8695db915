//! Scaling.

use num_traits::One;
use rand::RngExt;

use crate::network::{
    Activation, Network, Shape, Unit, UnitKind, random_acyclic, random_recurrent,
};
use crate::numbers::Rational;
use crate::symbolic::{Run, Scaling, statements};
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, signed};

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
    random_networks(ledger)?;
    let layered = gallery::layered()?;
    let without_bias = Scaling::of(&layered.network)?.without("w[one->c]");
    let claim = statements::invariance_under(&layered.network, layered.run, &without_bias)?;
    let bias = ledger.refuted(claim)?;
    ledger.holds(bias.left() != bias.right(), || "equal sides".into())?;
    let (network, initial) = remembering()?;
    let inputs = vec![vec![integer(0)]; 2];
    let scaled = network.scaled(&[integer(3)])?;
    let plain = network.evaluate_over_time(&inputs, &initial)?;
    let forgotten = scaled.evaluate_over_time(&inputs, &initial)?;
    ledger.holds(plain != forgotten, || {
        "the initial state does not matter".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "leaving a bias unscaled changes the function (two layers); so does leaving the initial value unscaled in \
         h -> y with h = 1 at the start: the first output becomes 1/3 instead of 1",
    )
}

/// One hidden linear unit that is read, with initial value 1.
fn remembering() -> Result<(Network<Rational>, Vec<Rational>), Failure> {
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        Unit::new("h", UnitKind::Hidden, Activation::Linear),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(units, vec![(0, 1, integer(1)), (1, 2, integer(1))], vec![])?;
    Ok((network, vec![integer(0), integer(1), integer(0)]))
}

fn random_networks(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(31);
    let shape = Shape {
        inputs: 2,
        hidden: 5,
        outputs: 2,
    };
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
        let shape = Shape {
            inputs: 1,
            hidden: rng.random_range(1..=6),
            outputs: 1,
        };
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
