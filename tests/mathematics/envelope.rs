//! The sparse factors that Newton's method solves with.

use nalgebra::{Cholesky, DMatrix, DVector};
use num_traits::ToPrimitive;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synaptic_balance::network::{Regularizer, chain};
use synaptic_balance::numbers::{Rational, natural_log};
use synaptic_balance::solve::{DirectOptions, Envelope, solve_direct};

/// Checks: solutions are those of the dense factor, for random matrices of several components, given in any order;
/// a matrix that is not positive definite has no factor.
#[test]
fn solutions_are_those_of_the_dense_factor() {
    for seed in 0..40 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rows = 1 + seed as usize;
        let joined: Vec<(usize, usize)> = (0..2 * rows)
            .map(|_| (random.random_range(0..rows), random.random_range(0..rows)))
            .filter(|(one, other)| one != other && (one % 3 == 0) == (other % 3 == 0))
            .collect();
        let mut dense = DMatrix::<f64>::identity(rows, rows);
        let entries: Vec<(usize, usize, f64)> = joined
            .iter()
            .map(|(one, other)| (*one, *other, 0.02 * random.random_range(-1.0..1.0)))
            .collect();
        for (one, other, entry) in &entries {
            dense[(*one, *other)] += entry;
            dense[(*other, *one)] += entry;
        }
        let side: Vec<f64> = (0..rows).map(|_| random.random_range(-1.0..1.0)).collect();
        let factor = Envelope::new(rows, &joined).factored(&entries).unwrap();
        let found = factor.solve(&side);
        let wanted = Cholesky::new(dense)
            .unwrap()
            .solve(&DVector::from_vec(side));
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-12, "seed {seed}");
        }
    }
    let pair = [(0, 1)];
    assert!(Envelope::new(2, &pair).factored(&[(0, 1, 1.0)]).is_none());
    assert!(
        Envelope::new(2, &pair)
            .factored(&[(0, 1, f64::NAN)])
            .is_none()
    );
}

/// Checks: a chain in any order takes work in proportion to its length.
#[test]
fn a_chain_takes_no_more_than_its_length() {
    let rows = 1_000;
    let scattered = |row: usize| row * 617 % rows;
    let pairs: Vec<(usize, usize)> = (1..rows)
        .map(|row| (scattered(row - 1), scattered(row)))
        .collect();
    assert_eq!(Envelope::new(rows, &pairs).work(), 4.0 * 999.0 + 1.0);
}

/// Checks: a chain of 1,000 units is balanced: all its weights become the root of their product.
#[test]
fn a_long_chain_is_balanced() {
    let weights: Vec<Rational> = (0..=1_000u32)
        .map(|place| Rational::from_integer((1 + place * 37 % 90).into()))
        .collect();
    let problem = chain(&weights).problem(&Regularizer::l2());
    let options = DirectOptions::default();
    let solution = solve_direct(&problem, &options, &mut |_| {}).unwrap();
    assert!(solution.deficit <= 1e-12);
    let logs: f64 = weights.iter().map(natural_log).sum();
    let mean = 2.0 * logs / weights.len() as f64;
    let logs: Vec<f64> = solution.multipliers.iter().map(|own| own.ln()).collect();
    for (synapse, weight) in problem.synapses().iter().zip(&weights) {
        let shares = synapse.direction.iter();
        let shares = shares.map(|(variable, d)| d.to_f64().unwrap() * logs[*variable]);
        let cost = 2.0 * natural_log(weight) + shares.sum::<f64>();
        assert!((cost - mean).abs() < 1e-7, "{cost} {mean}");
    }
}
