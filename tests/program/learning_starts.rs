//! Where the experiments begin.

use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::learn::experiment::tuned::{Start, start};
use synaptic_balance::learn::{Model, Norm};
use synaptic_balance::network::Activation;

/// Checks: orthogonal starts are orthogonal to rounding, wide and tall ones; unequal gains leave the function the same
/// bits.
#[test]
fn starts_are_what_they_are_said_to_be() {
    let sizes = [12, 7, 9, 4];
    let of = |how| {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        start(&sizes, Activation::Relu, how, &mut random).unwrap()
    };
    for layer in of(Start::Orthogonal).layers() {
        let w = &layer.weights;
        let square = match w.nrows() < w.ncols() {
            true => w * w.transpose(),
            false => w.transpose() * w,
        };
        let expected = DMatrix::identity(square.nrows(), square.ncols()) * 2.0;
        assert!((square - expected).amax() < 1e-14);
    }
    let inputs = DMatrix::from_fn(12, 5, |i, j| ((i * 5 + j) % 7) as f64 - 3.0);
    let (usual, unequal) = (of(Start::Today), of(Start::Unequal));
    assert_eq!(usual.outputs(&inputs), unequal.outputs(&inputs));
    assert_ne!(Norm::L2.of(&usual), Norm::L2.of(&unequal));
    assert_eq!(Norm::L2.of(&usual), 4.0 * Norm::L2.of(&of(Start::Scaled)));
}
