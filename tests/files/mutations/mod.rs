//! Certificates of every kind, mutated field by field, before two judges that share no code: the kernel, and
//! `examples/check_certificate.py`.

mod bases;
mod bounded;
mod energy;
mod general;
mod mutate;
pub(crate) mod second;

use std::collections::BTreeMap;

use bases::{Base, bases};
use mutate::Sample;
use second::{Verdict, second_opinions};
use serde_json::{Value, json};
use synaptic_balance::formats::energy::read_energy;
use synaptic_balance::formats::{read_certificate, read_network, verify_certificate};
use synaptic_balance::numbers::parse_rational;

/// A network and a certificate as texts, what was done to them, and the kind of certificate it started from.
pub(crate) struct Case {
    kind: String,
    what: String,
    network: String,
    certificate: String,
}

/// What the crate says.
fn first_opinion(case: &Case) -> Verdict {
    let Ok(file) = read_network(case.network.as_bytes()) else {
        return Verdict::Malformed;
    };
    match read_energy(case.certificate.as_bytes()) {
        Err(_) => return Verdict::Malformed,
        Ok(Some(certificate)) => return energy::opinion(&file.network, &certificate),
        Ok(None) => {}
    }
    let Ok(certificate) = read_certificate(case.certificate.as_bytes()) else {
        return Verdict::Malformed;
    };
    match verify_certificate(&file.network, &certificate) {
        Ok(_) => Verdict::Accepted,
        Err(fault) if fault.is_malformed() => Verdict::Malformed,
        Err(_) => Verdict::Refused,
    }
}

/// Judges all cases twice, prints the counts of each kind, and demands that the two agree case by case.
fn compare(title: &str, cases: &[Case]) -> [usize; 3] {
    let first: Vec<Verdict> = cases.iter().map(first_opinion).collect();
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (case, verdict) in cases.iter().zip(&first) {
        counts.entry(&case.kind).or_default()[*verdict as usize] += 1;
    }
    println!("{title:<28} accepted  refused malformed");
    for (kind, [accepted, refused, malformed]) in &counts {
        println!("  {kind:<26} {accepted:>8} {refused:>8} {malformed:>9}");
    }
    if let Some(second) = second_opinions(cases) {
        assert_eq!(second.len(), cases.len(), "a verdict for each case");
        let pairs = first.iter().zip(&second).zip(cases);
        let differ: Vec<String> = pairs
            .filter(|((first, (second, _)), _)| *first != second)
            .map(|((first, (_, words)), case)| {
                let Case {
                    kind,
                    what,
                    network,
                    certificate,
                } = case;
                format!(
                    "{kind}, {what}: {first:?} here, {words:?} there\n{network}\n{certificate}\n"
                )
            })
            .collect();
        let shown = differ.iter().take(12).cloned().collect::<String>();
        assert!(
            differ.is_empty(),
            "{} of {} cases differ\n{shown}",
            differ.len(),
            cases.len()
        );
    }
    let total = |index| counts.values().map(|entry| entry[index]).sum();
    [total(0), total(1), total(2)]
}

fn case(base: &Base, what: impl Into<String>, network: &str, certificate: String) -> Case {
    Case {
        kind: base.kind.clone(),
        what: format!("{} {}: {}", base.name, base.regularizer, what.into()),
        network: network.to_string(),
        certificate,
    }
}

/// Checks: Section 5 and Section 3: the certificates that the crate makes of every claim are proofs, for both judges.
#[test]
fn certificates_of_every_kind_are_accepted_twice() {
    let bases = bases();
    let unchanged = bases.iter().map(|base| {
        case(
            base,
            "unchanged",
            &base.network,
            base.certificate.to_string(),
        )
    });
    let cases: Vec<Case> = unchanged.collect();
    let [accepted, refused, malformed] = compare("unchanged", &cases);
    assert_eq!((accepted, refused, malformed), (bases.len(), 0, 0));
    for kind in [
        "enclosure",
        "limit",
        "attained",
        "not_attained",
        "balanced",
        "balanced_limit",
        "scaling",
    ] {
        let found = bases.iter().filter(|base| base.kind == kind).count();
        assert!(found >= 2, "{found} certificates of kind {kind}");
    }
}

/// Checks: Section 5 and Section 3: a mutated certificate is accepted where it is still a proof and refused everywhere
/// else, field by field, entry by entry, and digit by digit.
#[test]
fn mutated_certificates_are_judged_alike() {
    let bases = bases();
    let mut cases = Vec::new();
    let (mut own, mut whole, mut mixed) =
        (Sample::one_in(60), Sample::one_in(60), Sample::one_in(60));
    for base in &bases {
        let mutants = mutate::mutants(&base.certificate, &mut own);
        cases.extend(
            mutants
                .into_iter()
                .map(|(what, text)| case(base, what, &base.network, text)),
        );
        for other in bases.iter().filter(|other| other.name != base.name) {
            let words = |field: &str| format!("{field} of {} {}", other.name, other.regularizer);
            if whole.takes() {
                let (what, text) = (format!("for {}", base.name), other.certificate.to_string());
                cases.push(case(other, what, &base.network, text));
            }
            if other.kind == base.kind {
                let (one, two) = (&base.certificate, &other.certificate);
                let replaced = mutate::fields_of_another(one, two, &mut mixed);
                cases.extend(
                    replaced
                        .into_iter()
                        .map(|(field, text)| case(base, words(&field), &base.network, text)),
                );
            }
        }
    }
    let mut faults = Sample::one_in(8);
    for base in bases.iter().filter(|base| base.kind == "enclosure") {
        if !faults.takes() {
            continue;
        }
        // Two faults: that a number is none does not depend on the network, that a unit is missing does.
        let mut mutant = base.certificate.clone();
        let unit = mutant["lower"].as_object().unwrap().keys().next().cloned();
        let unit = unit.unwrap();
        mutant["lower"].as_object_mut().unwrap().remove(&unit);
        mutant["upper"][&unit] = "1/0".into();
        cases.push(case(base, "two faults", &base.network, mutant.to_string()));
    }
    let [accepted, refused, malformed] = compare("mutated certificates", &cases);
    println!(
        "{} mutants: {accepted} accepted, {refused} refused, {malformed} malformed",
        cases.len()
    );
    let least = if crate::in_full() { 100 } else { 5 };
    assert!(refused >= 10 * least, "only {refused} refusals");
    assert!(
        accepted >= least,
        "mutants that are still proofs: {accepted}"
    );
}

/// Checks: Theorem 5.1: the optimum is one, so whatever two certificates prove about one network must agree: bounds
/// overlap, and no mutant proves that a minimum exists where another certificate proves that it does not.
#[test]
fn accepted_certificates_do_not_contradict_each_other() {
    let bases = bases();
    let rational = |value: &Value| parse_rational(value.as_str().unwrap()).unwrap();
    let (mut overlaps, mut refused) = (0, 0);
    let (mut mutants, mut claims) = (Sample::one_in(5), Sample::one_in(5));
    for base in &bases {
        for (what, text) in mutate::mutants(&base.certificate, &mut mutants) {
            let mutant = case(base, what, &base.network, text);
            let Ok(other) = serde_json::from_str::<Value>(&mutant.certificate) else {
                continue;
            };
            let comparable = matches!(base.kind.as_str(), "enclosure" | "limit")
                && ["claim", "regularizer"]
                    .iter()
                    .all(|field| other[*field] == base.certificate[*field])
                && other.get("direction").is_some() == base.certificate.get("direction").is_some();
            if !comparable || first_opinion(&mutant) != Verdict::Accepted {
                continue;
            }
            for (unit, lower) in base.certificate["lower"].as_object().unwrap() {
                let upper = &base.certificate["upper"][unit];
                assert!(
                    rational(lower) <= rational(&other["upper"][unit]),
                    "{}",
                    mutant.what
                );
                assert!(
                    rational(&other["lower"][unit]) <= rational(upper),
                    "{}",
                    mutant.what
                );
                overlaps += 1;
            }
        }
        // Claims that the minimum exists, and that it does not.
        let exists = |base: &Base| match base.kind.as_str() {
            "scaling" => None,
            kind => Some(!["limit", "balanced_limit", "not_attained"].contains(&kind)),
        };
        let contrary = |other: &&Base| matches!((exists(base), exists(other)), (Some(one), Some(two)) if one != two);
        for other in bases.iter().filter(contrary).filter(|_| claims.takes()) {
            assert_ne!(other.name, base.name, "{} and {}", base.kind, other.kind);
            let foreign = case(
                other,
                "for another",
                &base.network,
                other.certificate.to_string(),
            );
            assert_ne!(
                first_opinion(&foreign),
                Verdict::Accepted,
                "{} for {}",
                foreign.what,
                base.name
            );
            refused += 1;
        }
    }
    println!("{overlaps} pairs of bounds overlap, {refused} claims to the contrary refused");
    assert!(overlaps >= 100 && refused >= 100);
}

/// Checks: the comparison principle needs synapses that raise at most one multiplier: in a network where a unit of
/// degree -1 is tied to a ReLU, bounds pass both sign tests that leave out the optimum 1. Both judges see that it does
/// not apply.
#[test]
fn sign_tests_alone_prove_nothing_of_negative_degrees() {
    let network = json!({"format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"},
                  {"id": "a", "kind": "hidden", "activation": {"bipu": {"c": "-1", "C": "1", "D": "0"}}},
                  {"id": "b", "kind": "hidden", "activation": "relu"}, {"id": "c", "kind": "hidden", "activation": "relu"},
                  {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": "a", "weight": "1"}, {"from": "a", "to": "b", "weight": "1"},
                     {"from": "c", "to": "y", "weight": "2"}, {"from": "b", "to": "y", "weight": "1"}],
        "ties": [["a", "c"]]});
    let header =
        json!({"format": "synaptic-balance/certificate", "version": 1, "regularizer": "l1"});
    let certified = |claim: Value| {
        let mut certificate = header.clone();
        certificate
            .as_object_mut()
            .unwrap()
            .extend(claim.as_object().unwrap().clone());
        let (network, certificate) = (network.to_string(), certificate.to_string());
        Case {
            kind: "negative degree".into(),
            what: claim["claim"].to_string(),
            network,
            certificate,
        }
    };
    let optimum =
        certified(json!({"claim": "balanced", "multipliers": {"a": "1", "b": "1", "c": "1"}}));
    let bounds = certified(
        json!({"claim": "enclosure", "lower": {"a": "1/2", "b": "7/5", "c": "1/2"},
                                  "upper": {"a": "2", "b": "3/2", "c": "2"}}),
    );
    let of = |case: &Case| first_opinion(case);
    assert_eq!(
        (of(&optimum), of(&bounds)),
        (Verdict::Accepted, Verdict::Refused)
    );
    assert_eq!(compare("negative degree", &[optimum, bounds]), [1, 1, 0]);
}

/// Checks: the contract: a certificate is about its network: with a weight, a unit, a synapse or a tie changed it is
/// judged anew, and a file that is no network is not judged at all.
#[test]
fn mutated_networks_are_judged_alike() {
    let mut cases = Vec::new();
    let bases = bases();
    let mut sample = Sample::one_in(60);
    for (index, base) in bases.iter().enumerate() {
        // The networks are the same for all regularizers.
        let same = |other: &Base| (other.name, &other.kind) == (base.name, &base.kind);
        if bases[..index].iter().any(same) {
            continue;
        }
        let network: Value = serde_json::from_str(&base.network).unwrap();
        for (what, text) in mutate::mutants(&network, &mut sample) {
            cases.push(case(base, what, &text, base.certificate.to_string()));
        }
    }
    let [_, refused, malformed] = compare("mutated networks", &cases);
    let least = if crate::in_full() { 1_000 } else { 30 };
    assert!(
        refused >= least && malformed >= least,
        "{refused} refused, {malformed} malformed"
    );
}
