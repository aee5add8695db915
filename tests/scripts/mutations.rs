//! A script that stays true when a number in its claim changes does not check that number.

use std::ops::Range;
use synaptic_balance::script::{Outcome, literals};

use crate::support::scripts;

/// The places of the claims in a script: `show(...)` and `refute(...)`, to the closing bracket.
fn claims(source: &str) -> Vec<Range<usize>> {
    let mut claims = Vec::new();
    for line in source.match_indices('\n').map(|(at, _)| at + 1).chain([0]) {
        let rest = source[line..].trim_start();
        let start = source.len() - rest.len();
        if !rest.starts_with("show(") && !rest.starts_with("refute(") || start > line + 40 {
            continue;
        }
        let mut depth = 0;
        let mut quote = None;
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"' | '`') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if c == ')' && depth == 0 && quote.is_none() {
                claims.push(start..start + at + 1);
                break;
            }
        }
    }
    claims
}

/// The literal plus one: `0.25` becomes `1.25`.
fn changed(literal: &str) -> String {
    let end = literal.find(['.', 'e', 'E']).unwrap_or(literal.len());
    let whole: u128 = literal[..end].replace('_', "").parse().unwrap();
    format!("{}{}", whole + 1, &literal[end..])
}

/// Checks: every script proves its theorem, and fails when any one number in any of its claims is raised by 1.
#[test]
fn every_number_in_a_claim_matters() {
    let (mut mutations, mut idle) = (0, Vec::new());
    for script in scripts() {
        let source = &script.source;
        assert_eq!(script.run(source).outcome, Outcome::Proved, "{}", script.id);
        let claims = claims(source);
        let inside = |place: &Range<usize>| claims.iter().any(|claim| claim.contains(&place.start));
        let places: Vec<_> = literals(source).into_iter().filter(inside).collect();
        assert!(!places.is_empty(), "{} claims no number", script.id);
        for place in places {
            let literal = &source[place.clone()];
            let (before, after) = (&source[..place.start], &source[place.end..]);
            let mutated = format!("{before}{}{after}", changed(literal));
            let line = before.lines().count();
            if script.run(&mutated).outcome == Outcome::Proved {
                idle.push(format!("{}:{line}: `{literal}`", script.id));
            }
            mutations += 1;
        }
    }
    assert!(idle.is_empty(), "can be changed: {idle:#?}");
    // Deleting numbers from claims must not go unnoticed.
    assert!(mutations >= 550, "{mutations} numbers in claims");
}

/// Checks: every script states its theorem first, makes a claim and ends with `qed()`.
#[test]
fn scripts_say_what_they_prove() {
    for script in scripts() {
        let head = format!("// {}", script.id);
        assert!(
            script.source.starts_with(&head),
            "{} starts with its id",
            script.id
        );
        let place = |line: &&str| line.starts_with("// Paper:") || line.starts_with("// Place:");
        assert!(
            script.source.lines().find(place).is_some(),
            "{} names its place",
            script.id
        );
        assert!(
            script.source.trim_end().ends_with("qed();"),
            "{}",
            script.id
        );
    }
}

/// Checks: an erratum refutes the printed statement and shows the corrected one.
#[test]
fn errata_refute_and_correct() {
    for script in scripts().iter().filter(|script| script.room == "errata") {
        let source = &script.source;
        assert!(
            source.contains("refute(") && source.contains("show("),
            "{}",
            script.id
        );
        let spoken = source.contains("as printed") || source.contains("As printed");
        assert!(spoken && source.contains("orrected"), "{}", script.id);
    }
}
