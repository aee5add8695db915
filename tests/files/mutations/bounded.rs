//! Certificates of minima within bounds of multipliers, before the kernel and before `examples/check_certificate.py`.

use serde_json::Value;
use synaptic_balance::formats::energy::{EnergyFile, NamedProblem};
use synaptic_balance::formats::read_network;
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::parse_rational;
use synaptic_balance::solve::{CrossCheck, Options, Restriction, balance};

use super::energy::{all_networks, case};
use super::mutate::{self, Sample};
use super::second::Verdict;
use super::{Case, compare, first_opinion};

/// The certificate of the minimum of a network within `1/S` and `S`, and whether a bound holds a unit; `None` where
/// ties allow for no bounds or the kernel accepted none.
fn certificate(network: &str, regularizer: &str, bound: &str) -> Option<(Value, bool)> {
    let network = read_network(network.as_bytes()).unwrap().network;
    let regularizer: Regularizer = regularizer.parse().unwrap();
    let options = Options {
        certify: Some(9),
        restriction: Some(Restriction::Within(parse_rational(bound).unwrap())),
        ..Options::default()
    };
    let found = balance(&network, &regularizer, &options, &mut |_, _| {}).ok()?;
    let proof = found.bounded.as_ref()?.as_ref().ok()?;
    assert!(proof.is_bounded && !proof.is_attained);
    assert!(found.cross_check.as_ref().is_some_and(CrossCheck::agrees));
    let named = NamedProblem::of_network(&network, &regularizer).unwrap();
    let file = EnergyFile::new(&named, &proof.certificate, &regularizer).unwrap();
    let is_held = !found.restricted?.0.at_bound.is_empty();
    Some((serde_json::from_str(&file.to_json()).unwrap(), is_held))
}

/// Checks: Section 10 of the theory: certificates of minima within bounds are proofs for both judges; changed in one
/// place, or without their bounds, they are accepted or refused by both alike.
#[test]
fn certificates_within_bounds_are_judged_alike() {
    let step = if crate::in_full() { 1 } else { 9 };
    let (mut whole, mut changed, mut without) = (Vec::new(), Vec::new(), Vec::new());
    let mut held = 0;
    let mut sample = Sample::one_in(30);
    for (network, regularizer) in all_networks().into_iter().step_by(step) {
        for bound in ["9/8", "2"] {
            let Some((found, is_held)) = certificate(&network, regularizer, bound) else {
                continue;
            };
            held += usize::from(is_held);
            let of = |what: &str, text: String| case(&network, regularizer, what.to_owned(), text);
            whole.push(of("unchanged", found.to_string()));
            let mutants = mutate::mutants(&found, &mut sample).into_iter();
            changed.extend(mutants.map(|(what, text)| of(&what, text)));
            let mut free = found.clone();
            for side in ["lower", "upper"] {
                let removed = free.as_object_mut().unwrap().remove(side);
                assert!(removed.is_some());
                // On one side only they are malformed.
                let cases: &mut Vec<Case> = if side == "lower" {
                    &mut changed
                } else {
                    &mut without
                };
                let cases = if side == "upper" && !is_held {
                    &mut changed
                } else {
                    cases
                };
                cases.push(of("without bounds", free.to_string()));
            }
        }
    }
    println!("{} certificates, {held} with units held", whole.len());
    assert!(whole.len() >= 10 && held >= 8);
    // The second judge is asked of all at once.
    let all_are = |cases: &[Case], verdict| cases.iter().all(|case| first_opinion(case) == verdict);
    assert!(all_are(&whole, Verdict::Accepted) && all_are(&without, Verdict::Refused));
    let (accepted, refused) = (whole.len(), without.len());
    changed.extend(whole.into_iter().chain(without));
    let mut counts = compare("within bounds", &changed);
    counts[0] -= accepted;
    counts[1] -= refused;
    let least = if crate::in_full() { 20 } else { 1 };
    assert!(counts.iter().all(|count| *count >= least), "{counts:?}");
}
