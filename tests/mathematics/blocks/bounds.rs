//! Bounds on balanced multipliers, and where there are none.

use super::{assert_close, perceptron, recurrent, recurrent_weights, solve};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{
    BlockOptions, Blocks, SmallProblem, Weights, balance_blocks, enclose_blocks,
};

/// Checks: the comparison principle (ours) in floating point: bounds with rounding taken into account hold the optimum;
/// scaling in place balances the network itself.
#[test]
fn bounds_and_scaling_in_place() {
    for skew in [0.0, 4.0] {
        let mut network = perceptron(&[6, 20, 15, 20, 5], skew, 0.0, 9);
        let found = solve(&mut network.blocks(2.0));
        let enclosed = enclose_blocks(&mut network.blocks(2.0), &found, 40).unwrap();
        assert!(enclosed.width < 1e-9, "{}", enclosed.width);
        let mut small = SmallProblem::new(55, network.blocks(2.0).edges());
        assert!(small.balance(0.0).0 < 1e-14);
        for (unit, mu) in small.multipliers().iter().enumerate() {
            assert!(enclosed.lower[unit] < *mu && *mu < enclosed.upper[unit]);
        }
        network.scale(&found.multipliers, 2.0);
        let again = solve(&mut network.blocks(2.0));
        assert_close(&again.multipliers, &[1.0; 55], 1e-9, "scaled");
    }
    // Cut off from the ground: nothing is enclosed.
    let weights = recurrent_weights(20, 0.0, 0.0, 1);
    let mut blocks = recurrent(20, &weights);
    let found = solve(&mut blocks);
    assert!(enclose_blocks(&mut blocks, &found, 40).is_none());
}

/// Checks: costs below the range of `f64` are no zeros: what loses them is refused, or has no bounds; units without
/// weights are none of it.
#[test]
fn lost_costs_are_noticed() {
    let lost = |scale: f64, power: f64| {
        let mut network = perceptron(&[6, 20, 15, 5], 0.0, 0.0, 4);
        let layers = network.weights.iter_mut().chain(&mut network.biases);
        layers.flatten().for_each(|weight| *weight *= scale);
        let mut blocks = network.blocks(power);
        match balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}) {
            Ok(found) => enclose_blocks(&mut blocks, &found, 40).is_none(),
            Err(fault) => fault == SolveError::CostsLost,
        }
    };
    for (scale, power) in [(1e-170, 2.0), (1e-156, 2.0), (1e-10, 40.0), (1e-310, 1.0)] {
        assert!(lost(scale, power), "{scale:e}, p = {power}");
    }
    assert!(!lost(1e-100, 2.0) && !lost(1e-5, 40.0));
    let (into, out_of) = ([3.0, 0.0], [2.0, 0.0]);
    let mut blocks = Blocks::new(2.0).unwrap();
    let group = Some(blocks.add_group(2));
    blocks
        .add_dense(group, None, 2, 1, Weights::Double(&into))
        .unwrap();
    blocks
        .add_dense(None, group, 1, 2, Weights::Double(&out_of))
        .unwrap();
    let found = solve(&mut blocks);
    assert!(enclose_blocks(&mut blocks, &found, 4).is_some());
}
