//! Products of values, and ties of powers.

use num_traits::Zero;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::symbolic::{self, Architecture, Run, Scaling, statements};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, signed};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{
    Manifold, Network, Regularizer, Shape, Values, random_general, random_weight,
};
use synaptic_balance_core::numbers::{Rational, rational_power};

const SHAPE: Shape = Shape::new(2, 8, 2);

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    identities(ledger)?;
    functions_stay(ledger)?;
    manifolds(ledger)
}

/// A gate `z = g u` with `g` of degree 2, the product of `z` with an input, and scores `q k`.
fn gallery() -> Result<Architecture, Failure> {
    use symbolic::Unit;
    let product = |factors: [&str; 2]| Unit::Product(factors.map(str::to_owned).to_vec());
    let units = [
        ("x", Unit::Input),
        ("g", Unit::bipu(2)),
        ("u", Unit::bilu()),
        ("z", product(["g", "u"])),
        ("zx", product(["z", "x"])),
        ("q", Unit::bilu()),
        ("k", Unit::bilu()),
        ("s", product(["q", "k"])),
        ("h", Unit::bilu()),
        ("y", Unit::linear_output()),
    ];
    let synapses = [
        ("x", "g"),
        ("x", "u"),
        ("x", "q"),
        ("x", "k"),
        ("z", "h"),
        ("zx", "h"),
        ("h", "y"),
        ("s", "y"),
    ];
    Ok(Architecture::new(&units, &synapses)?)
}

fn identities(ledger: &mut Ledger) -> Result<(), Failure> {
    let free = gallery()?;
    let tied = free.clone().tie_powers(&[("q", 1), ("k", -1)])?;
    for network in [&free, &tied] {
        for run in [Run::Acyclic, Run::Steps(3)] {
            ledger.proved(statements::invariance(network, run)?)?;
        }
        ledger.proved(statements::scalings_form_a_group(network)?)?;
    }
    let scores = |network: &Architecture| -> Result<bool, Failure> {
        Ok(Scaling::of(network)?.multiplier("w[s->y]").is_one())
    };
    ledger.holds(scores(&tied)?, || "inverse factors cancel".into())?;
    ledger.holds(!scores(&free)?, || "free factors do not cancel".into())?;
    ledger.record(
        Kind::SymbolicIdentity,
        "a gate of a squaring and a BiLU unit, its product with an input, and scores of two units, free or with inverse \
         multipliers: the outputs stay, once through and over three steps, and scalings form a commutative group",
    )
}

/// Multipliers all of whose powers that occur are rational.
fn multipliers(network: &Network<Rational>, rng: &mut ChaCha8Rng) -> Vec<Rational> {
    many(network.variables(), || positive(rng).pow(4))
}

fn functions_stay(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(61);
    let mut through = 0;
    for round in 0..60 {
        let network = random_general(SHAPE, round % 2 == 1, Values::Rational, &mut rng);
        let by = multipliers(&network, &mut rng);
        let scaled = network.scaled(&by)?;
        let inputs = many(2, || signed(&mut rng));
        if let Ok(outputs) = network.evaluate(&inputs) {
            ledger.equal("outputs", &scaled.evaluate(&inputs)?, &outputs)?;
            through += 1;
        }
        let steps = many(2, || many(2, || signed(&mut rng)));
        let state = many(network.units(), || integer(rng.random_range(-3..=3)));
        let moved = state.iter().enumerate().map(|(unit, value)| {
            let mut form = network.form(unit).into_iter();
            form.try_fold(value.clone(), |value, (variable, exponent)| {
                Some(value * rational_power(&by[variable], &exponent)?)
            })
        });
        let moved = moved.collect::<Option<Vec<_>>>();
        let moved = moved.ok_or_else(|| Failure::new("a power is irrational"))?;
        ledger.equal(
            "outputs over time",
            &scaled.evaluate_over_time(&steps, &moved)?,
            &network.evaluate_over_time(&steps, &state)?,
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "60 random networks of sums, products, powers, ties and cycles, scaled by random multipliers: equal outputs, exactly, \
             over two steps from scaled initial values, and of {through} without cycles once through"
        ),
    )
}

fn manifolds(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(62);
    let mut constraints_in_all = 0;
    for round in 0..40 {
        let network = random_general(SHAPE, round % 2 == 1, Values::Any, &mut rng);
        let other = many(network.synapses(), || random_weight(&mut rng));
        let manifold = Manifold::of(&network);
        let rows: Vec<_> = manifold
            .constraints()
            .into_iter()
            .map(|constraint| constraint.terms)
            .collect();
        for weights in [network.weights(), other] {
            let same = network.with_weights(weights);
            let problem = same.problem(&Regularizer::l2());
            let found = check::manifold(&problem, &rows, &manifold.spanning_synapses());
            ledger.holds(found.is_ok(), || format!("round {round}: {found:?}"))?;
        }
        constraints_in_all += rows.len();
        // Logarithms of two scalings add up to one: the potentials are found again.
        let logs = |potentials: &[Rational]| -> Vec<Option<Rational>> {
            let rows = manifold.potential_matrix().iter();
            let log = |row: &Vec<(usize, Rational)>| {
                let terms = row.iter().map(|(v, a)| a * &potentials[*v]);
                terms.fold(Rational::zero(), |sum, term| sum + term)
            };
            rows.map(|row| Some(log(row))).collect()
        };
        let (one, two) = (
            many(network.variables(), || signed(&mut rng)),
            many(network.variables(), || signed(&mut rng)),
        );
        let sum: Vec<_> = one.iter().zip(&two).map(|(a, b)| a + b).collect();
        let pairs = logs(&one).into_iter().zip(logs(&two));
        let added: Vec<_> = pairs.map(|(a, b)| Some(a? + b?)).collect();
        let found = manifold.potentials(&added)?;
        ledger.equal("the sum of two scalings", &logs(&found), &logs(&sum))?;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "40 random architectures, each with two sets of weights: the same {constraints_in_all} constraints, proved complete and \
             independent by the kernel, and logarithms of scalings add up to those of a scaling"
        ),
    )
}
