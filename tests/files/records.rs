//! Recorded exact values: fixpoints, bases of manifolds, refusals. Snapshots are compared, never written, in CI.

use std::fmt::Write;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::{
    read_certificate, read_network, verify_certificate, write_network,
};
use synaptic_balance::kernel::check;
use synaptic_balance::network::{
    Activation, Manifold, Network, Regularizer, Shape, Unit, UnitKind, chain, layered, planted,
};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::solve::{DirectOptions, Existence, balance_exactly, existence, solve_direct};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn record(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Checks: Theorem 5.1: the exact balanced multipliers of chains and of planted networks, found by solvers and verified
/// by the kernel.
#[test]
fn exact_fixpoints() {
    let mut text = String::new();
    let mut cases: Vec<(String, Network<Rational>)> = Vec::new();
    for weights in ["1 8 1", "1 16", "2 2 2", "1/2 9 3/4 1", "-5 3 1/7 2"] {
        let network = chain(&weights.split(' ').map(q).collect::<Vec<_>>());
        cases.push((format!("chain {weights}"), network));
    }
    for seed in 0..6 {
        let shape = Shape {
            inputs: 2,
            hidden: 4,
            outputs: 2,
        };
        let found = planted(
            shape,
            seed % 2 == 1,
            false,
            &mut ChaCha8Rng::seed_from_u64(seed),
        );
        cases.push((format!("planted {seed}"), found.network));
    }
    for (name, network) in cases {
        for regularizer in [Regularizer::l1(), Regularizer::l2()] {
            let problem = network.problem(&regularizer);
            let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
            let _ = write!(text, "{name}, {regularizer}:");
            match balance_exactly(&problem, &solution) {
                None => text.push_str(" no rational multipliers found"),
                Some(exact) => exact
                    .claim_about(&problem)
                    .unwrap()
                    .multipliers
                    .iter()
                    .enumerate()
                    .for_each(|(variable, value)| {
                        let _ = write!(
                            text,
                            " {} = {value}",
                            network.variable_name(variable).replace(" = ", "=")
                        );
                    }),
            }
            text.push('\n');
        }
    }
    record("fixpoints", &text);
}

fn recurrent() -> Network<Rational> {
    let hidden = |id: &str| Unit::new(id, UnitKind::Hidden, Activation::Relu);
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        hidden("a"),
        hidden("b"),
        hidden("dead"),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let ends = [(0, 1), (1, 2), (2, 1), (1, 1), (2, 4), (0, 3), (1, 3)];
    let synapses = ends
        .into_iter()
        .map(|(from, to)| (from, to, q("1")))
        .collect();
    Network::new(units, synapses, vec![]).unwrap()
}

/// Checks: Proposition 5.4: bases of the constraints, directed cycles first.
#[test]
fn manifold_bases() {
    let dense = |sizes: &[usize]| layered(sizes, &Activation::Relu, |_, _, _| q("1"), None);
    let cases = [
        ("chain of two", chain(&["1", "1"].map(q))),
        ("1-2-2-1", dense(&[1, 2, 2, 1])),
        (
            "1-2-2-1, tied by layer",
            dense(&[1, 2, 2, 1]).tied_by_layer(),
        ),
        (
            "recurrent, with a self-connection and a dead unit",
            recurrent(),
        ),
    ];
    let mut text = String::new();
    for (name, network) in cases {
        let manifold = Manifold::of(&network);
        let _ = writeln!(
            text,
            "{name}: dimension {} of {}",
            manifold.dimension(),
            manifold.synapses()
        );
        for constraint in manifold.constraints() {
            let terms = constraint.terms.iter().map(|(synapse, coefficient)| {
                format!("{coefficient} ({})", network.synapse_name(*synapse))
            });
            let kind = if constraint.directed {
                "directed"
            } else {
                "undirected"
            };
            let _ = writeln!(text, "  {kind}: {}", terms.collect::<Vec<_>>().join(" + "));
        }
    }
    record("manifold_bases", &text);
}

/// Checks: existence: the witnesses of both cases of Stiemke's lemma.
#[test]
fn existence_witnesses() {
    let mut text = String::new();
    for (name, network) in [
        ("chain", chain(&["1", "2", "3"].map(q))),
        ("dead end", recurrent()),
    ] {
        let list = |values: &[Rational]| {
            values
                .iter()
                .map(Rational::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let problem = network.problem(&Regularizer::l2());
        let _ = match existence(&problem).unwrap() {
            Existence::Attained(claim) => {
                writeln!(
                    text,
                    "{name}: attained, circulation {}",
                    list(&claim.claim_about(&problem).unwrap().circulation)
                )
            }
            Existence::NotAttained(claim) => {
                let claim = claim.claim_about(&problem).unwrap();
                let names: Vec<_> = claim
                    .vanishing
                    .iter()
                    .map(|synapse| network.synapse_name(*synapse))
                    .collect();
                writeln!(
                    text,
                    "{name}: not attained, direction {}; {} vanish",
                    list(&claim.direction),
                    names.join(", ")
                )
            }
        };
    }
    record("existence_witnesses", &text);
}

/// Checks: refusals of the kernel, of certificates and of networks say what is wrong and where.
#[test]
fn refusals() {
    let network = chain(&["1", "8", "1"].map(q));
    let problem = network.problem(&Regularizer::l1());
    let vector = |text: &str| text.split(' ').map(q).collect::<Vec<_>>();
    let mut text = String::new();
    let mut note = |rule: &str, refusal: String| {
        let _ = writeln!(text, "{rule}: {refusal}");
    };
    for circulation in ["1 1", "1 1/2 1", "1 2 1"] {
        note(
            "attained",
            check::attained(&problem, &vector(circulation))
                .unwrap_err()
                .to_string(),
        );
    }
    for direction in ["1", "0 0", "-1 0"] {
        note(
            "not_attained",
            check::not_attained(&problem, &vector(direction))
                .unwrap_err()
                .to_string(),
        );
    }
    for (lower, upper) in [
        ("2", "2 1/2"),
        ("0 1", "2 2"),
        ("3 1", "2 2"),
        ("2 1/2", "3 1/2"),
        ("3 1/2", "3 1/2"),
    ] {
        let refusal = check::enclosure(&problem, &vector(lower), &vector(upper)).unwrap_err();
        note("enclosure", refusal.to_string());
    }
    note(
        "balanced",
        check::balanced(&problem, &vector("2 1"))
            .unwrap_err()
            .to_string(),
    );
    let weights = network.weights();
    let refusal = check::scaling(&problem, &weights, &vector("2 8 1"), &vector("2 1")).unwrap_err();
    note("scaling", refusal.to_string());
    let certificate = |body: &str| {
        let text = format!(
            r#"{{"format": "synaptic-balance/certificate", "version": 1, "regularizer": "l1", {body}}}"#
        );
        let certificate = read_certificate(text.as_bytes()).map_err(|fault| fault.to_string());
        certificate.and_then(|found| {
            verify_certificate(&network, &found).map_err(|fault| fault.to_string())
        })
    };
    for body in [
        r#""claim": "magic""#,
        r#""claim": "balanced""#,
        r#""claim": "balanced", "multipliers": {"h1": "2"}"#,
        r#""claim": "balanced", "multipliers": {"h1": "2", "h2": "1/2", "y": "1"}"#,
        r#""claim": "balanced", "multipliers": {"h1": "2", "h2": "half"}"#,
        r#""claim": "balanced", "multipliers": {"h1": "2", "h2": "1/2"}, "lower": {}"#,
        r#""claim": "balanced", "multipliers": {"h1": "2", "h2": "1"}"#,
        r#""claim": "balanced", "multipliers": {"h1": "2", "h1": "2", "h2": "1/2"}"#,
    ] {
        note("certificate", certificate(body).unwrap_err());
    }
    let good = write_network(&network);
    for (from, to) in [
        (r#""h2""#, r#""h1""#),
        (r#""relu""#, r#"{"relu": 1}"#),
        (r#""8""#, r#""8/0""#),
        (r#""8""#, "true"),
        (r#""version": 1"#, r#""version": 3"#),
        (r#""kind": "output""#, r#""kind": "input""#),
    ] {
        note(
            "network",
            read_network(good.replacen(from, to, 1).as_bytes())
                .unwrap_err()
                .to_string(),
        );
    }
    record("refusals", &text);
}
