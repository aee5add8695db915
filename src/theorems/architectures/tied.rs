//! Tied units, shared weights, and layer-wise balancing.

use num_traits::{One, Signed};
use rand::RngExt;

use crate::kernel::check;
use crate::network::{Activation, Network, Regularizer, Unit, UnitKind, layered};
use crate::numbers::{Rational, sum};
use crate::symbolic::statements;
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, random_layers, ratio, signed};

pub(super) fn scaling(ledger: &mut Ledger) -> Result<(), Failure> {
    let convolution = gallery::convolution()?;
    ledger.proved(statements::invariance(
        &convolution.network,
        convolution.run,
    )?)?;
    ledger.proved(statements::laplacian(&convolution.network, 2)?)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "a convolution of two places with shared kernel: the function stays, and the gradient of R over the group is \
         p (A - B) with each shared weight counted once",
    )?;
    let mut rng = generator(44);
    for _ in 0..40 {
        let sizes = many(4, || rng.random_range(1..=3));
        let tied = random_layers(&sizes, &mut rng).tied_by_layer();
        ledger.equal("one multiplier a layer", &tied.variables(), &2)?;
        let scaled = tied.scaled(&many(2, || positive(&mut rng)))?;
        let inputs = many(sizes[0], || signed(&mut rng));
        ledger.equal(
            "outputs",
            &scaled.evaluate(&inputs)?,
            &tied.evaluate(&inputs)?,
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        "40 random layered networks, one multiplier a layer: outputs equal exactly",
    )?;
    counted_once(ledger)
}

/// A shared weight of cost 8 read at two places, whose outputs are read by two weights of cost 1: the arithmetic of counting
/// it once.
fn counted_once(ledger: &mut Ledger) -> Result<(), Failure> {
    let cost = |mu: &Rational| integer(8) * mu + integer(1) / mu + integer(1) / mu;
    let best = ratio(1, 2);
    for n in 1..=40 {
        let other = ratio(n, 20);
        ledger.holds(other == best || cost(&other) > cost(&best), || {
            format!("{other} is better")
        })?;
    }
    // Counted at both places the input cost would be 16, and μ² = 2/16.
    let counted_twice = ratio(2, 16);
    ledger.holds(&best * &best != counted_twice, || {
        "counting twice is the same".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "a shared weight of cost 8 read at two places, two outgoing weights of cost 1: 8μ + 2/μ is least at μ* = 1/2 among 40 \
         multipliers, while counting the shared weight twice would give μ² = 1/8",
    )
}

/// Random layers whose costs are the `N`-th powers of `roots`, N being the number of weight layers.
fn with_layer_costs(
    sizes: &[usize],
    roots: &[Rational],
    rng: &mut rand_chacha::ChaCha8Rng,
) -> Network<Rational> {
    let power = roots.len() as i32;
    let layers: Vec<Vec<Rational>> = sizes
        .windows(2)
        .zip(roots)
        .map(|(pair, root)| {
            let raw = many(pair[0] * pair[1], || signed(rng));
            let total = sum(&raw.iter().map(Signed::abs).collect::<Vec<_>>());
            let factor = root.pow(power) / total;
            raw.into_iter().map(|weight| weight * &factor).collect()
        })
        .collect();
    layered(
        sizes,
        &Activation::Relu,
        |k, i, j| layers[k][i * sizes[k] + j].clone(),
        None,
    )
}

pub(super) fn closed_form(ledger: &mut Ledger) -> Result<(), Failure> {
    for layers in 2..=6 {
        ledger.proved(statements::tied_closed_form(layers)?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "with μ_k = G^k / (C_1 ... C_k) and G^N = Π C, every layer costs G, for N = 2, ..., 6",
    )?;
    let mut rng = generator(45);
    for _ in 0..30 {
        let sizes = many(rng.random_range(3..=6), || rng.random_range(1..=3));
        let roots = many(sizes.len() - 1, || positive(&mut rng));
        let tied = with_layer_costs(&sizes, &roots, &mut rng).tied_by_layer();
        let mean = roots
            .iter()
            .fold(Rational::one(), |product, root| product * root);
        let mut multiplier = Rational::one();
        let mut multipliers = Vec::new();
        for root in &roots[..roots.len() - 1] {
            multiplier *= &mean / root.pow(roots.len() as i32);
            multipliers.push(multiplier.clone());
        }
        let balanced = check::balanced(&tied.problem(&Regularizer::l1()), &multipliers);
        ledger.holds(balanced.is_ok(), || format!("not balanced: {balanced:?}"))?;
        let scaled = tied.scaled(&multipliers)?;
        let mut first = 0;
        for pair in sizes.windows(2) {
            let layer: Vec<Rational> = scaled.weights()[first..first + pair[0] * pair[1]]
                .iter()
                .map(Signed::abs)
                .collect();
            ledger.equal("layer cost", &sum(&layer), &mean)?;
            first += pair[0] * pair[1];
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "30 random networks of 1 to 4 hidden layers with costs q_k^N: the kernel accepts the closed form as balanced, and \
         every layer costs Π q_k exactly",
    )?;
    biases(ledger)
}

/// A chain with the given weights and one bias, into the unit of the given number.
fn with_bias(weights: &[i64], into: usize, bias: i64) -> Result<Network<Rational>, Failure> {
    let last = weights.len();
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    units.extend((1..last).map(|i| Unit::new(format!("h{i}"), UnitKind::Hidden, Activation::Relu)));
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    units.push(Unit::new("one", UnitKind::Bias, Activation::Linear));
    let chain = weights
        .iter()
        .enumerate()
        .map(|(i, weight)| (i, i + 1, integer(*weight)));
    let synapses = chain.chain([(last + 1, into, integer(bias))]);
    Ok(Network::new(units, synapses.collect(), vec![])?)
}

/// Is the network balanced at these multipliers, under `L_1`?
fn is_balanced(network: &Network<Rational>, multipliers: &[Rational]) -> bool {
    check::balanced(&network.problem(&Regularizer::l1()), multipliers).is_ok()
}

fn biases(ledger: &mut Ledger) -> Result<(), Failure> {
    // Costs 1 + 3 and 16: both 8 at μ = 2.
    let first = with_bias(&[1, 16], 1, 3)?;
    ledger.holds(is_balanced(&first, &[integer(2)]), || {
        "a first bias breaks the closed form".into()
    })?;
    ledger.equal(
        "layer cost",
        &(integer(2) * integer(4)),
        &(integer(16) / integer(2)),
    )?;
    ledger.record(
        Kind::ExactInstance,
        "a bias into the first hidden layer scales with it: costs 1 + 3 and 16 become 8 and 8 at μ = 2",
    )?;
    // Costs 1 and 1 + 3: the closed form would have both 2, at μ = 2.
    let last = with_bias(&[1, 1], 2, 3)?;
    ledger.holds(is_balanced(&last, &[integer(1)]), || {
        "not balanced at 1".into()
    })?;
    ledger.holds(!is_balanced(&last, &[integer(2)]), || {
        "balanced at 2".into()
    })?;
    // Costs 1, 1 + 1 and 2: balanced as it is.
    let middle = with_bias(&[1, 1, 2], 2, 1)?;
    let ones = [integer(1), integer(1)];
    ledger.holds(is_balanced(&middle, &ones), || "not balanced at 1".into())?;
    ledger.record(
        Kind::ExactCounterexample,
        "other biases break it: layers of costs 1 and 1 + 3 (output bias) are balanced as they are, and not at the closed \
         form's μ = 2; so are 1, 1 + 1 and 2 (bias of the second hidden layer), which are not all equal",
    )
}
