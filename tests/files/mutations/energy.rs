//! Energy certificates, made from optima that Python computes to 80 digits, before the kernel and before
//! `examples/check_certificate.py`.

use num_traits::{One, Signed, Zero};
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use synaptic_balance::formats::energy::{EnergyFile, NamedProblem};
use synaptic_balance::formats::energy::{TermNames, read_energy};
use synaptic_balance::formats::read_network;
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::solve::energy::verify_energy;

use super::bases::{document, networks};
use super::mutate::{self, Sample};
use super::second::{Verdict, references};
use super::{Case, compare};

/// What the kernel says of a certificate about a network.
pub fn opinion(network: &Network<Rational>, file: &EnergyFile) -> Verdict {
    let Ok(regularizer) = file.regularizer.parse::<Regularizer>() else {
        return Verdict::Malformed;
    };
    let problem = NamedProblem::of_network(network, &regularizer).unwrap();
    match file.certificate(&problem) {
        Err(fault) if fault.is_malformed() => Verdict::Malformed,
        Err(_) => Verdict::Refused,
        Ok(certificate) => match verify_energy(&problem.problem, &certificate) {
            Ok(_) => Verdict::Accepted,
            Err(_) => Verdict::Refused,
        },
    }
}

/// A network of up to five hidden units of degrees 1, 2, 1/2, and -1, with cycles, sometimes with products, sometimes
/// with a tie.
fn random_network(rng: &mut impl rand::Rng) -> String {
    const KINDS: [&str; 6] = ["relu", "relu", "abs", "bipu:2", "bipu:1/2", "bipu:-1"];
    let hidden: Vec<String> = (0..rng.random_range(1..=5))
        .map(|i| format!("h{i}"))
        .collect();
    let mut units = vec!["x=input".to_owned(), "z=input".to_owned()];
    units.extend(
        hidden
            .iter()
            .map(|id| format!("{id}={}", KINDS[rng.random_range(0..KINDS.len())])),
    );
    units.extend(["y=output".to_owned(), "one=bias".to_owned()]);
    let products = ["p=product:h0*h0", "q=product:h0*x*p"];
    let products = &products[..rng.random_range(0..=2)];
    units.extend(products.iter().copied().map(str::to_owned));
    let sources = ["x", "z", "one", "p", "q"][..3 + products.len()].iter();
    let sources: Vec<String> = sources.copied().map(str::to_owned).collect();
    let sources: Vec<&String> = sources.iter().chain(&hidden).collect();
    let output = "y".to_owned();
    let mut synapses = Vec::new();
    for to in hidden.iter().chain([&output]) {
        for from in &sources {
            if rng.random_range(0..3) > 0 {
                let [top, bottom] = [rng.random_range(-9..=9), rng.random_range(1..=9)];
                synapses.push(format!("{from}-{to}:{top}/{bottom}"));
            }
        }
    }
    synapses.push("x-y2:1".to_owned());
    units.push("y2=output".to_owned());
    let ties = match rng.random_range(0..6) {
        0 if hidden.len() > 2 => "h0=h2",
        1 if hidden.len() > 2 => "h0=h1^-1=h2^1/2",
        2 if hidden.len() > 1 => "h0^2=h1^-2/3",
        _ => "",
    };
    document(&units.join(" "), &synapses.join(" "), ties)
}

/// The networks of version 1, and random ones.
pub(super) fn all_networks() -> Vec<(String, &'static str)> {
    const SEED: u64 = 17;
    println!("seed {SEED}");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let mut all = networks();
    for regularizer in ["l1", "l2", "lp:1/2", "lp:3", "mix:1*2+1/3*1", "l2"] {
        let count = if crate::in_full() { 20 } else { 6 };
        all.extend((0..count).map(|_| (random_network(&mut rng), regularizer)));
    }
    all
}

pub(super) fn case(network: &str, regularizer: &str, what: String, certificate: String) -> Case {
    Case {
        kind: format!("energy {regularizer}"),
        what,
        network: network.to_owned(),
        certificate,
    }
}

/// Checks: Section 10 of the theory: where Newton's method in decimals finds an optimum to 80 digits, certificates
/// about points near it are accepted by both judges; the kernel's enclosures hold every one of its costs, and are
/// narrow where every `y` is positive.
#[test]
fn enclosures_hold_the_optimum_to_80_digits() {
    let step = if crate::in_full() { 1 } else { 3 };
    let networks: Vec<_> = all_networks().into_iter().step_by(step).collect();
    let Some(references) = references(&networks) else {
        return;
    };
    assert_eq!(references.len(), networks.len());
    let (mut cases, mut costs, mut light) = (Vec::new(), 0, 0);
    for ((network, regularizer), reference) in networks.iter().zip(&references) {
        let read = read_network(network.as_bytes()).unwrap().network;
        let certificates = reference["certificates"].as_array();
        for certificate in certificates.into_iter().flatten() {
            let found = enclosed(&read, regularizer, certificate, &reference["costs"]);
            let found = found.unwrap_or_else(|| panic!("{network}\n{certificate}"));
            costs += found[0];
            light += found[1];
            cases.push(case(
                network,
                regularizer,
                "unchanged".into(),
                certificate.to_string(),
            ));
        }
    }
    let optima = references
        .iter()
        .filter(|reference| !reference.is_null())
        .count();
    println!(
        "{optima} optima of {} networks, {costs} costs enclosed, {light} not",
        networks.len()
    );
    assert!(optima * step >= 30 && costs * step >= 300 && 2 * light >= optima);
    let [accepted, refused, malformed] = compare("energy", &cases);
    assert_eq!((accepted, refused, malformed), (cases.len(), 0, 0));
}

/// How many balanced costs lie where the kernel says, and of how many it says nothing; `None` if one lies elsewhere.
fn enclosed(
    network: &Network<Rational>,
    regularizer: &str,
    certificate: &Value,
    costs: &Value,
) -> Option<[usize; 2]> {
    let file = read_energy(certificate.to_string().as_bytes()).unwrap()?;
    let problem = NamedProblem::of_network(network, &regularizer.parse().unwrap()).unwrap();
    assert!(matches!(problem.terms, TermNames::Synapses));
    let certificate = file.certificate(&problem).ok()?;
    let certified = verify_energy(&problem.problem, &certificate).ok()?;
    let narrow = Rational::new(1.into(), 1_000_000.into());
    let mut counts = [0, 0];
    for (block, content) in problem.problem.blocks().iter().enumerate() {
        for entry in 0..content.entries.len() {
            let Some(cost) = costs[problem.term(block, entry)].as_str() else {
                // No term: of weight 0, or one that no scaling changes.
                assert!(certified.balanced_cost(block, entry).is_none());
                continue;
            };
            let cost = parse_rational(cost).unwrap();
            assert!(cost.is_positive());
            let Some((low, high)) = certified.balanced_cost(block, entry) else {
                assert!(certified.not_enclosed() > 0);
                counts[1] += 1;
                continue;
            };
            let is_narrow = &high / &low < Rational::one() + &narrow;
            if cost < low || high < cost || !(is_narrow || certified.not_enclosed() > 0) {
                return None;
            }
            counts[0] += 1;
        }
    }
    assert_eq!(certified.not_enclosed().is_zero(), certified.is_attained());
    Some(counts)
}

/// Checks: a mutated energy certificate is accepted where it is still a proof and refused everywhere else, by both
/// judges alike: field by field, digit by digit, and for another network.
#[test]
fn mutated_energy_certificates_are_judged_alike() {
    let step = if crate::in_full() { 1 } else { 12 };
    let networks: Vec<_> = all_networks().into_iter().step_by(step).collect();
    let Some(references) = references(&networks) else {
        return;
    };
    let mut cases = Vec::new();
    let mut before: Option<&str> = None;
    let (mut of_networks, mut of_certificates) = (Sample::one_in(30), Sample::one_in(30));
    for ((network, regularizer), reference) in networks.iter().zip(&references) {
        let certificates = reference["certificates"].as_array();
        if let Some(certificate) = certificates.and_then(|all| all.first()) {
            let document: Value = serde_json::from_str(network).unwrap();
            let mutants = mutate::mutants(&document, &mut of_networks).into_iter();
            cases.extend(
                mutants.map(|(what, text)| case(&text, regularizer, what, certificate.to_string())),
            );
        }
        for certificate in certificates.into_iter().flatten() {
            let mutants = mutate::mutants(certificate, &mut of_certificates);
            cases.extend(
                mutants
                    .into_iter()
                    .map(|(what, text)| case(network, regularizer, what, text)),
            );
            if let Some(other) = before {
                let what = "for another network".to_owned();
                cases.push(case(other, regularizer, what, certificate.to_string()));
            }
        }
        before = Some(network);
    }
    let [accepted, refused, malformed] = compare("mutated energy certificates", &cases);
    println!(
        "{} mutants: {accepted} accepted, {refused} refused, {malformed} malformed",
        cases.len()
    );
    let least = if crate::in_full() { 50 } else { 5 };
    assert!(refused >= least, "only {refused} refusals");
    assert!(
        accepted >= least,
        "mutants that are still proofs: {accepted}"
    );
}
