//! Every entry of the catalogue: its check succeeds, finds the kinds of evidence that it declares, and can fail.

use std::collections::BTreeSet;
use synaptic_balance::theorems::{self, Ledger, Status, Theorem};

use super::FOUND;

/// Checks: every statement of the catalogue, by its own check.
#[test]
fn every_check_succeeds_with_the_evidence_declared() {
    for verdict in FOUND.iter() {
        let id = verdict.theorem.id;
        let evidence = verdict
            .outcome
            .as_ref()
            .unwrap_or_else(|failure| panic!("{id}: {failure}"));
        let found: Vec<_> = evidence.iter().map(|found| found.kind()).collect();
        assert_eq!(found, verdict.theorem.kinds, "{id}: kinds of evidence");
        assert!(!evidence.is_empty(), "{id} has no evidence");
        assert!(
            evidence
                .iter()
                .all(|found| found.comparisons() > 0 && !found.text().is_empty()),
            "{id}"
        );
    }
}

/// Checks: no check can succeed whatever it finds: with a comparison inverted it fails, for the first and the last
/// comparison of every piece of evidence; where tests sample, for one of the two, of every fourth piece, the other one
/// of the next statement.
#[test]
fn every_piece_of_evidence_can_fail() {
    for (entry, verdict) in FOUND.iter().enumerate() {
        let theorem = verdict.theorem;
        let evidence = verdict.outcome.as_deref();
        let evidence = evidence.unwrap_or_else(|failure| panic!("{}: {failure}", theorem.id));
        let mut first = 0;
        for (number, evidence) in evidence.iter().enumerate() {
            let last = first + evidence.comparisons() - 1;
            let inverted = match (crate::in_full(), (number + 4 * (entry % 2)) % 8) {
                (true, _) => BTreeSet::from([first, last]),
                (false, 0) => BTreeSet::from([last]),
                (false, 4) => BTreeSet::from([first]),
                (false, _) => BTreeSet::new(),
            };
            for comparison in inverted {
                let mut inverting = Ledger::inverting(comparison);
                let outcome = (theorem.check)(&mut inverting);
                assert!(
                    outcome.is_err(),
                    "{} does not depend on comparison {comparison}: {}",
                    theorem.id,
                    evidence.text()
                );
            }
            first = last + 1;
        }
    }
}

/// Checks: two runs find the same, word for word: no clock and no unseeded randomness. Where tests sample, the table's
/// snapshot sees it of the entries left out.
#[test]
fn checks_are_deterministic() {
    let step = if crate::in_full() { 1 } else { 14 };
    for first in FOUND.iter().step_by(step) {
        let second = first.theorem.verdict().outcome.unwrap_or_default();
        let first_evidence = first.outcome.as_deref().unwrap_or_default();
        assert_eq!(first_evidence, second, "{}", first.theorem.id);
    }
}

/// Checks: entries are complete: unique ids, corrections exactly where something is corrected.
#[test]
fn entries_are_well_formed() {
    let ids: Vec<&str> = theorems::catalogue()
        .iter()
        .map(|theorem| theorem.id)
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "an id occurs twice"
    );
    for theorem in theorems::catalogue() {
        let Theorem {
            id,
            status,
            corrected,
            ..
        } = theorem;
        assert_eq!(
            corrected.is_none(),
            *status == Status::Holds,
            "{id}: correction"
        );
        for text in [theorem.title, theorem.statement, theorem.place] {
            assert!(!text.is_empty() && text.trim() == text, "{id}: `{text}`");
        }
        assert!(!theorem.kinds.is_empty(), "{id}: no evidence");
    }
}

/// Checks: every statement of the theory's sections 2 to 7 has its entry, in its room.
#[test]
fn rooms_hold_the_statements_of_the_theory() {
    let expected = [
        (
            "units",
            "def-2.1 prop-2.2 prop-2.3 bipu-continuity generalised-scaling universal-approximation",
        ),
        (
            "one-unit",
            "scaling-invariance scaling-group thm-3.1-lp thm-3.1-general bipu-balance smooth-quant",
        ),
        (
            "architectures",
            "mixed-units recurrent tied-scaling pass-through-ties tied-closed-form products",
        ),
        (
            "local-to-global",
            "noncommutativity prop-5.4 manifold-dimension convex-problem convex-in-multipliers existence thm-5.1 fair-orders comparison-principle \
             foreign-scaling representative rem-5.7 depth-law bounded-scalings product-balance odd-cycle double-cover energy-certificate attention",
        ),
        (
            "learning",
            "euler-identity flow-conservation gradient-step descent-leaves-balance stationary-balance deficit local-minimum decay-law",
        ),
        ("errata", "E1 E2 E3 E4 E5 E6 E7 E8"),
    ];
    for (room, ids) in expected {
        let found: Vec<&str> = theorems::catalogue()
            .iter()
            .filter(|theorem| theorem.room.folder() == room)
            .map(|theorem| theorem.id)
            .collect();
        assert_eq!(found, ids.split_whitespace().collect::<Vec<_>>(), "{room}");
    }
}

/// Checks: unknown ids are named, with the list of those that exist.
#[test]
fn unknown_ids_are_refused() {
    let unknown = theorems::run(&["E1", "E99"]).unwrap_err();
    assert_eq!(unknown.id, "E99");
    assert!(unknown.to_string().contains("thm-5.1"));
}

/// Checks: evidence without comparisons is refused, and so is a false comparison.
#[test]
fn ledgers_refuse_what_rests_on_nothing() {
    use synaptic_balance::symbolic::{Claim, Laurent};
    use synaptic_balance::theorems::Kind;
    let mut ledger = Ledger::new();
    assert!(ledger.record(Kind::ExactInstance, "nothing").is_err());
    assert!(ledger.equal("numbers", &1, &2).is_err());
    assert!(ledger.agree("floats", 1.0, 1.0 + 1e-8).is_err());
    assert!(ledger.agree("floats", 1.0, f64::NAN).is_err());
    assert!(ledger.proved(Claim::new("vacuous")).is_err());
    let same = Claim::new("same").and("", Laurent::symbol("a"), Laurent::symbol("a"));
    assert!(ledger.refuted(same.clone()).is_err());
    assert!(ledger.proved(same).is_ok());
    assert!(ledger.record(Kind::SymbolicIdentity, "something").is_ok());
}
