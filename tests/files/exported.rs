//! Certificates that no scaling fits and of the manifold: written, read and verified again.

use synaptic_balance::formats::{Certificate, read_certificate, read_network, verify_certificate};
use synaptic_balance::kernel::{Obstacle, check};
use synaptic_balance::network::{Manifold, Network, Regularizer};
use synaptic_balance::numbers::{Rational, parse_rational};

/// `x -> a -> y`, `x -> b -> y`, and `a -> b`: one cycle more than units.
const NETWORK: &str = r#"{"format": "synaptic-balance/network", "version": 1,
 "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"},
           {"id": "b", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output", "activation": "linear"}],
 "synapses": [{"from": "x", "to": "a", "weight": "1"}, {"from": "x", "to": "b", "weight": "2"}, {"from": "a", "to": "b", "weight": "3"},
              {"from": "a", "to": "y", "weight": "-4"}, {"from": "b", "to": "y", "weight": "5"}]}"#;

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn network() -> Network<Rational> {
    read_network(NETWORK.as_bytes()).unwrap().network
}

/// Whether a certificate, as a file, proves its claim of the network.
fn verified(network: &Network<Rational>, certificate: &Certificate) -> bool {
    let file = read_certificate(certificate.to_json().as_bytes()).unwrap();
    assert_eq!(file, *certificate);
    verify_certificate(network, &file).is_ok()
}

/// Checks: the file of an obstacle, a synapse or a cycle, is verified; with weights that a scaling gives, another
/// coefficient, or the obstacle of another kind beside it, it is not.
#[test]
fn obstacles_are_written_and_verified() {
    let (network, l2) = (network(), Regularizer::l2());
    let (problem, before) = (network.problem(&l2), network.weights());
    let cycle = |last: &str| {
        let terms = [(0, "1"), (2, "1"), (1, last)];
        terms.map(|(synapse, coefficient)| (synapse, q(coefficient)))
    };
    for (obstacle, synapse, weight) in [
        (Obstacle::Synapse(3), 3, "4"),
        (Obstacle::Synapse(4), 4, "0"),
        (Obstacle::Cycle(cycle("-1").to_vec()), 2, "7/2"),
    ] {
        let mut after = before.clone();
        after[synapse] = q(weight);
        let found = check::not_scaled(&problem, &before, &after, &obstacle, &q("1/100")).unwrap();
        let certificate = Certificate::not_scaled(&l2, &after, found.data());
        assert!(verified(&network, &certificate), "{obstacle:?}");
        let same = Certificate::not_scaled(&l2, &before, found.data());
        assert!(!verified(&network, &same), "{obstacle:?}");
        let mut both = certificate.clone();
        both.synapse = Some(3);
        both.cycle = Certificate::not_scaled(
            &l2,
            &after,
            &synaptic_balance::kernel::NotScaled {
                obstacle: Obstacle::Cycle(cycle("-1").to_vec()),
                ..found.data().clone()
            },
        )
        .cycle;
        assert!(!verified(&network, &both), "{obstacle:?}");
        let mut wide = certificate.clone();
        wide.tolerance = Some("1".to_owned());
        assert!(!verified(&network, &wide), "{obstacle:?}");
    }
    let mut wrong = Certificate::not_scaled(
        &l2,
        &before,
        check::not_scaled(
            &problem,
            &before,
            &[&before[..4], &[q("0")]].concat(),
            &Obstacle::Synapse(4),
            &q("0"),
        )
        .unwrap()
        .data(),
    );
    wrong.synapse = Some(5);
    assert!(!verified(&network, &wrong), "there is no such synapse");
}

/// Checks: the file of a basis of constraints is verified, with a synapse or a constraint fewer, or another
/// coefficient, it is not.
#[test]
fn bases_are_written_and_verified() {
    let (network, l2) = (network(), Regularizer::l2());
    let problem = network.problem(&l2);
    let manifold = Manifold::of(&network);
    let rows: Vec<_> = manifold
        .constraints()
        .into_iter()
        .map(|found| found.terms)
        .collect();
    let spanning = manifold.spanning_synapses();
    assert_eq!((rows.len(), spanning.len()), (3, 2));
    let found = check::manifold(&problem, &rows, &spanning).unwrap();
    let basis = found.claim_about(&problem).unwrap();
    let certificate = Certificate::manifold(&l2, basis, &spanning);
    assert!(verified(&network, &certificate));
    assert!(!verified(
        &network,
        &Certificate::manifold(&l2, basis, &spanning[1..])
    ));
    let mut fewer = certificate.clone();
    fewer.constraints.as_mut().unwrap().pop();
    assert!(!verified(&network, &fewer));
    let text = certificate.to_json();
    let changed = text.replacen(": \"1\"", ": \"2\"", 1);
    assert_ne!(text, changed);
    let changed = read_certificate(changed.as_bytes()).unwrap();
    assert!(verify_certificate(&network, &changed).is_err());
    let signed = text.replacen("\"0\":", "\"+0\":", 1);
    assert_ne!(text, signed);
    let signed = read_certificate(signed.as_bytes()).unwrap();
    assert!(verify_certificate(&network, &signed).is_err_and(|fault| fault.is_malformed()));
}
