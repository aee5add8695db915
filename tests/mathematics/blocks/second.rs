//! The paper's algorithm on blocks, as a check of the direct solution; and the energy certificates of networks.

use synaptic_balance::network::{Regularizer, Shape, Values, random_general};
use synaptic_balance::solve::blocks::{RandomOptions, balance_in_random_order};
use synaptic_balance::solve::energy::prove_network;
use synaptic_balance::solve::{DirectOptions, existence, solve_direct};

use super::{perceptron, solve};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const OPTIONS: RandomOptions = RandomOptions {
    seed: 3,
    tolerance: 1e-12,
    max_reads: 2_000,
};

/// Checks: Theorem 5.1 on blocks: random orders from the given weights lead to the direct solution, and a wrong one is
/// seen.
#[test]
fn a_wrong_solution_is_seen() {
    let network = perceptron(&[6, 9, 7, 5, 4], 1.0, 0.5, 11);
    let mut blocks = network.blocks(2.0);
    let found = solve(&mut blocks);
    let run = balance_in_random_order(&blocks, &OPTIONS, &mut |_| {});
    assert!(run.is_complete && run.predicted.is_none(), "{run:?}");
    let difference = blocks.largest_difference(&found.multipliers, &run.multipliers);
    assert!(difference < 1e-9, "{difference:e}");
    let mut wrong = found.multipliers.clone();
    wrong[4] *= 1.001;
    let difference = blocks.largest_difference(&wrong, &run.multipliers);
    assert!((4e-4..6e-4).contains(&difference), "{difference:e}");
}

/// Checks: the depth law where reads run out: the run says that it is incomplete, and about how many reads it would
/// take.
#[test]
fn what_is_incomplete_says_so() {
    let network = perceptron(&[4; 25], 0.0, 1.0, 12);
    let blocks = network.blocks(2.0);
    let whole = balance_in_random_order(&blocks, &OPTIONS, &mut |_| {});
    let options = RandomOptions {
        max_reads: 150,
        ..OPTIONS
    };
    let run = balance_in_random_order(&blocks, &options, &mut |_| {});
    assert!(!run.is_complete && run.reads == 150, "{run:?}");
    let predicted = run.predicted.expect("the deficit falls");
    let reads = if whole.is_complete {
        whole.reads
    } else {
        2_000
    };
    assert!(predicted > 0.2 * reads as f64, "{predicted} {reads}");
}

/// Checks: energy-certificate for networks with products, inverse ties and BiPU units, recurrent ones among them, p in
/// 1/2, 1, 2, 3: wherever the minimum is attained the kernel proves every weight to 12 digits.
#[test]
fn general_networks_are_certified() {
    let full = crate::in_full();
    let shape = Shape {
        inputs: 2,
        hidden: 7,
        outputs: 2,
    };
    let (mut tried, mut proved) = (0, 0);
    for seed in 0..if full { 500 } else { 40 } {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = random_general(shape, seed % 3 == 2, Values::Any, &mut rng);
        let regularizer: Regularizer = ["lp:1/2", "l1", "l2", "lp:3", "mix:1*2+1/2*1"]
            [seed as usize % 5]
            .parse()
            .unwrap();
        let problem = network.problem(&regularizer);
        if !existence(&problem).is_ok_and(|found| found.is_attained()) {
            continue;
        }
        tried += 1;
        let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {});
        let solution = solution.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        // Beyond about 20 digits the kernel computes in numbers of any length.
        let digits = if seed % 4 == 0 { 60 } else { 12 };
        let proof = prove_network(&network, &regularizer, &problem, &solution, digits);
        let proof = proof.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        assert!(
            proof.is_attained && proof.is_good(digits),
            "seed {seed}: {proof:?}"
        );
        proved += 1;
    }
    assert!(proved == tried && proved > 10, "{proved} of {tried}");
}
