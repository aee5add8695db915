//! Memory of the solver for large networks, with every allocation counted.

use peak_alloc::PeakAlloc;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::solve::blocks::{
    BlockOptions, Blocks, Perceptron, Weights, balance_blocks, enclose_blocks,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SIZES: [usize; 6] = [784, 1200, 900, 600, 300, 10];

/// Checks: balancing and bounding take less than 0.3 times the memory of the weights beside them, for powers 1 and 2 and weights of
/// either type: nothing is copied, and what is kept is a few numbers for each unit.
#[test]
fn balancing_copies_no_weights() {
    let network = Perceptron::random(&SIZES, 0.0, 0.0, &mut ChaCha8Rng::seed_from_u64(1));
    let single: Vec<Vec<f32>> = network
        .weights
        .iter()
        .map(|layer| layer.iter().map(|weight| *weight as f32).collect())
        .collect();
    for power in [1.0, 2.0] {
        let mut blocks = network.blocks(power);
        assert_small(&mut blocks, &format!("f64, p = {power}"));
        let mut blocks = Blocks::new(power).unwrap();
        let mut from = None;
        for (layer, weights) in single.iter().enumerate() {
            let (columns, rows) = (SIZES[layer], SIZES[layer + 1]);
            let to = (layer + 1 < single.len()).then(|| blocks.add_group(rows));
            let weights = Weights::Single(weights);
            blocks.add_dense(to, from, rows, columns, weights).unwrap();
            from = to;
        }
        assert_small(&mut blocks, &format!("f32, p = {power}"));
    }
}

fn assert_small(blocks: &mut Blocks, what: &str) {
    let model = blocks.bytes();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let found = balance_blocks(blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    assert!(enclose_blocks(blocks, &found, 2000).is_some(), "{what}");
    let share = (MEMORY.peak_usage() - before) as f64 / model as f64;
    assert!(share < 0.3, "{what}: {share:.2} of the model");
    println!("{what}: {share:.3} of the model");
}
