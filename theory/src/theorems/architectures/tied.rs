//! Tied units, shared weights, and layer-wise balancing.

use num_traits::{One, Signed};
use rand::RngExt;

use crate::symbolic::statements;
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, many, positive, random_layers, signed};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{Activation, Network, Regularizer, layered};
use synaptic_balance_core::numbers::{Rational, sum};

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
    )
}
