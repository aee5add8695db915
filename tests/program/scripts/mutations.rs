//! A script that stays true when a number in its claim changes does not check that number.

use std::ops::Range;
use synaptic_balance::script::{Ending, literals};

use super::support::scripts;

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

/// Checks: every script proves its theorem, and fails when any one number in any of its claims is raised by 1; where
/// tests sample, every fifteenth of the numbers.
#[test]
fn every_number_in_a_claim_matters() {
    let (mut mutations, mut idle) = (0, Vec::new());
    let step = if crate::in_full() { 1 } else { 15 };
    for script in scripts() {
        let source = &script.source;
        assert_eq!(script.run(source).outcome, Ending::Checked, "{}", script.id);
        let claims = claims(source);
        let inside = |place: &Range<usize>| claims.iter().any(|claim| claim.contains(&place.start));
        let places: Vec<_> = literals(source).into_iter().filter(inside).collect();
        assert!(!places.is_empty(), "{} claims no number", script.id);
        for place in places {
            mutations += 1;
            if mutations % step != 0 {
                continue;
            }
            let literal = &source[place.clone()];
            let (before, after) = (&source[..place.start], &source[place.end..]);
            let mutated = format!("{before}{}{after}", changed(literal));
            let line = before.lines().count();
            if script.run(&mutated).outcome == Ending::Checked {
                idle.push(format!("{}:{line}: `{literal}`", script.id));
            }
        }
    }
    assert!(idle.is_empty(), "can be changed: {idle:#?}");
    // Deleting numbers from claims must not go unnoticed.
    assert!(mutations >= 550, "{mutations} numbers in claims");
}

/// Numbers outside claims that may change and leave all claims true: script, the text that follows `let` on their line,
/// and why they are free. Every entry is needed, or the test fails.
const FREE: &[(&str, &str, &str)] = &[
    ("mixed-units", "input =", "any input where clipping shows"),
    (
        "recurrent",
        "inputs =",
        "compared between two networks; values that the outputs reach in time are claimed",
    ),
    ("recurrent", "state =", "any state that is not 0"),
    (
        "tied-scaling",
        "into =",
        "a place in a list: both units are unbalanced",
    ),
    (
        "tied-scaling",
        "out =",
        "a place in a list: both units are unbalanced",
    ),
    (
        "E1",
        "printed =",
        "any positive sequence that falls to 0 slowly will do",
    ),
    ("E1", "next = printed", "later terms are lower too"),
    (
        "E2",
        "symbolic =",
        "a constant has no slope; g(0) is claimed",
    ),
    (
        "E3",
        "origin =",
        "a function of degree 0 is constant above 0 too",
    ),
    (
        "E5",
        "logs =",
        "any vector whose sums along two paths are 0 will do",
    ),
    (
        "E5",
        "zeros =",
        "compared with values that are not 0 elsewhere",
    ),
    ("E6", "found = certify", "the digits asked for"),
    ("euler-identity", "steps =", "any number of steps will do"),
    (
        "gradient-step",
        "predicted =",
        "a place in a list: the entry is 0, as claimed",
    ),
    ("existence", "witness =", "a direction has no length"),
    ("double-cover", "fact = certify", "the digits asked for"),
    (
        "product-balance",
        "proposed = propose",
        "a tolerance: what it proposes is verified",
    ),
    (
        "comparison-principle",
        "fact = certify",
        "the digits asked for",
    ),
    (
        "comparison-principle",
        "lower =",
        "any bound below the certified one is one",
    ),
    (
        "fair-orders",
        "r = max",
        "a place in a list: the larger entry is the other",
    ),
    (
        "fair-orders",
        "raised =",
        "any common factor will do; unlike factors are balanced again",
    ),
    (
        "foreign-scaling",
        "flipped =",
        "any weight of the wrong sign will do",
    ),
    ("foreign-scaling", "filled =", "any weight but 0 will do"),
    ("manifold-dimension", "scaled =", "weights play no part"),
    (
        "rem-5.7",
        "cyclic = propose",
        "a tolerance: what it proposes is verified",
    ),
    (
        "rem-5.7",
        "subset = propose",
        "a tolerance: what it proposes is verified",
    ),
    (
        "thm-5.1",
        "proposed = propose",
        "a tolerance: what it proposes is verified",
    ),
    ("thm-5.1", "fact = certify", "the digits asked for"),
    ("attention", "inputs =", "the equation holds for any inputs"),
    (
        "attention",
        "channel =",
        "any multiplier but 1 of one channel of a pair breaks it",
    ),
    (
        "attention",
        "head =",
        "any multiplier but 1 of one query head breaks it",
    ),
    (
        "generalised-scaling",
        "factor =",
        "any factor but 0, 1 and -1 breaks the identity",
    ),
];

/// Checks: every number that a script computes with before its claims matters as well, but for the free ones. Heads of
/// `for` loops are left out: they list the cases of a claim that is made for all. Where tests sample, every ninth number,
/// and what is listed as free may not be met.
#[test]
fn every_number_before_a_claim_matters() {
    let (mut mutations, mut idle) = (0, Vec::new());
    let mut needed = vec![false; FREE.len()];
    let step = if crate::in_full() { 1 } else { 9 };
    for script in scripts() {
        let source = &script.source;
        let claims = claims(source);
        for place in literals(source) {
            let (before, after) = (&source[..place.start], &source[place.end..]);
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = source[start..].lines().next().unwrap_or_default().trim();
            let in_head = line.starts_with("for ") && !before[start..].contains('{');
            if in_head || claims.iter().any(|claim| claim.contains(&place.start)) {
                continue;
            }
            mutations += 1;
            if mutations % step != 0 {
                continue;
            }
            let mutated = format!("{before}{}{after}", changed(&source[place.clone()]));
            if script.run(&mutated).outcome != Ending::Checked {
                continue;
            }
            let is_free = |(id, text, _): &(&str, &str, &str)| {
                *id == script.id
                    && line
                        .strip_prefix("let ")
                        .is_some_and(|rest| rest.starts_with(text))
            };
            match FREE.iter().position(is_free) {
                Some(entry) => needed[entry] = true,
                None => idle.push(format!("{}: {line}: `{}`", script.id, &source[place])),
            }
        }
    }
    assert!(idle.is_empty(), "can be changed: {idle:#?}");
    let spare: Vec<_> = FREE
        .iter()
        .zip(needed)
        .filter(|(_, needed)| !needed)
        .collect();
    assert!(spare.is_empty() || step > 1, "not free: {spare:#?}");
    assert!(mutations >= 250, "{mutations} numbers before claims");
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
