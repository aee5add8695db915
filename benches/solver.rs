//! The solver on networks of a few sizes, beside one streaming read of their weights.
//!
//! `cargo bench --bench solver`; `synbal bench` prints reads, passes and ratios. Compare times within one run.

use divan::{Bencher, black_box};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::report::{AUTOENCODER, acyclic, balance_small};
use synaptic_balance::solve::blocks::{BlockMethod, BlockOptions, Perceptron, balance_blocks};

fn main() {
    divan::main();
}

fn random(sizes: &[usize], skew: f64) -> Perceptron {
    Perceptron::random(sizes, skew, 0.0, &mut ChaCha8Rng::seed_from_u64(1))
}

fn solve(network: &Perceptron, method: BlockMethod) {
    let options = BlockOptions {
        method,
        max_reads: 1e5,
        ..BlockOptions::default()
    };
    let found = balance_blocks(&mut network.blocks(2.0), &options, &mut |_| {});
    black_box(found.expect("a balanced network"));
}

const METHODS: [BlockMethod; 3] = [
    BlockMethod::TwoLevel,
    BlockMethod::NewtonCg,
    BlockMethod::Sweeps,
];

#[divan::bench(args = METHODS)]
fn autoencoder(bencher: Bencher, method: BlockMethod) {
    let network = random(&AUTOENCODER, 0.0);
    bencher.bench_local(|| solve(&network, method));
}

#[divan::bench(args = METHODS)]
fn autoencoder_skewed(bencher: Bencher, method: BlockMethod) {
    let network = random(&AUTOENCODER, 4.0);
    bencher.bench_local(|| solve(&network, method));
}

#[divan::bench(args = METHODS)]
fn depth_20(bencher: Bencher, method: BlockMethod) {
    let network = random(&[64; 21], 0.0);
    bencher.bench_local(|| solve(&network, method));
}

#[divan::bench]
fn autoencoder_streaming_read(bencher: Bencher) {
    let network = random(&AUTOENCODER, 0.0);
    bencher.bench_local(|| black_box(network.weights.iter().flatten().sum::<f64>()));
}

#[divan::bench]
fn thirty_units(bencher: Bencher) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let synapses = acyclic(&mut rng);
    bencher.bench_local(|| black_box(balance_small(&synapses)));
}
