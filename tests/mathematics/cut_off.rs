//! Networks that are joined to their visible units by far less than `f64` can tell beside the rest.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind};
use synaptic_balance::numbers::{Rational, parse_rational, rational_from_f64};
use synaptic_balance::solve::{Balance, Method, Options, balance};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

/// Hidden ReLU units after one input, unit 0, and before one output, the last unit.
fn network(hidden: usize, synapses: Vec<(usize, usize, Rational)>) -> Network<Rational> {
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    for unit in 0..hidden {
        let id = format!("h{unit}");
        units.push(Unit::new(&id, UnitKind::Hidden, Activation::Relu));
    }
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    Network::new(units, synapses, vec![]).unwrap()
}

fn certified(network: &Network<Rational>, regularizer: &Regularizer) -> Balance {
    let options = Options {
        certify: Some(12),
        ..Options::default()
    };
    let found = balance(network, regularizer, &options, &mut |_, _| {}).unwrap();
    assert_eq!(found.incomplete(Method::Direct), None);
    assert!(found.certified_distance().unwrap() < 1e-11);
    found
}

/// Checks: uniqueness (Theorem 5.1) where `f64` sees no optimum: two units that excite each other, with costs `B` and
/// `C` between them, an input of cost `A` and an output of cost `D`. Adding the two conditions gives `μ_h μ_k = D/A`;
/// with `r = μ_k / μ_h` the first is `B r - C/r = A μ_h`, whose right side vanishes beside the left, so that `μ_h² =
/// (D/A) sqrt(B/C)`.
#[test]
fn pairs_are_certified_at_the_closed_form() {
    for (weights, power) in [
        (["1", "3", "5", "1/2"], 40.0),
        (["1", "3e9", "5e9", "7"], 2.0),
        (["1e-30", "1", "1", "1e-20"], 2.0),
        (["1e-200", "2", "7", "1e-210"], 1.0),
        (["1e-10", "2", "3", "1e-10"], 40.0),
    ] {
        let [a, b, c, d] = weights.map(q);
        let logs =
            [&a, &b, &c, &d].map(|weight| power * synaptic_balance::numbers::natural_log(weight));
        let expected = (logs[3] - logs[0] + (logs[1] - logs[2]) / 2.0) / (2.0 * power);
        let network = network(2, vec![(0, 1, a), (1, 2, b), (2, 1, c), (2, 3, d)]);
        let regularizer = Regularizer::lp(rational_from_f64(power).unwrap()).unwrap();
        let found = certified(&network, &regularizer).multipliers()[0].ln();
        assert!(
            (found - expected).abs() < 1e-9,
            "{weights:?}, p = {power}: {found} and {expected}"
        );
    }
}

/// Checks: the same without a closed form: recurrent networks of 12 units at couplings from `1e-6` to `1e-60`, enclosed
/// by the kernel.
#[test]
fn recurrent_networks_are_certified_at_any_coupling() {
    for (seed, coupling) in ["1e-6", "1e-12", "1e-30", "1e-60"].into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut synapses = vec![(0, 1, q(coupling)), (12, 13, q(coupling))];
        for from in 1..=12 {
            synapses.push((from, from % 12 + 1, q("1")));
            for to in 1..=12 {
                if to != from && to != from % 12 + 1 && rng.random_bool(0.4) {
                    let weight = rng.random_range(0.1f64..2.0);
                    synapses.push((from, to, rational_from_f64(weight).unwrap()));
                }
            }
        }
        certified(&network(12, synapses), &Regularizer::l2());
    }
}
