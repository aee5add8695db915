//! The committed vectors: written by the program, valid under their schema, and passed by the crate's own solvers,
//! which read them as any other implementation would. Checks: every statement that a vector names as its source.

mod answers;
mod balancing;
mod files;
mod newton;

use answers::{Answers, flatten, wrong};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// The committed documents, by name; the schema is not among them.
fn documents() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if name.ends_with(".json") && name != "schema.json" {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn cases() -> Vec<Value> {
    let documents = documents().into_iter();
    let cases = documents.map(|(_, document)| document["cases"].as_array().unwrap().clone());
    cases.flatten().collect()
}

/// What the crate's solvers say of a case, by place in `expected`.
fn answers(case: &Value) -> Answers {
    match case["operation"].as_str().unwrap() {
        "balance" | "limit" => balancing::balance(case),
        "balance_within" => balancing::within(case),
        "balance_units" => balancing::units(case),
        "scale" => answers::scale(case),
        "gradient_step" => answers::gradient_step(case),
        "judge" => answers::judge(case),
        _ => answers::read(case),
    }
}

/// Values that are witnesses of which there are many, or words for a person.
fn is_free(case: &Value, place: &str, expected: &Value) -> bool {
    let degrees = case["flags"].as_array().unwrap().contains(&"bipu".into());
    ["direction", "reason", "fault/synapses", "fault/signs", "fault/product", "witness"]
        .iter()
        .any(|free| place.starts_with(free))
        || (place == "place" && expected.is_null())
        // The limit of a BiPU of degree 0 or below is not defined, and the solvers give none.
        || (degrees && place == "infimum")
}

/// The first place where `expected` and the answers differ.
fn difference(case: &Value, expected: &Value, answers: &Answers) -> Option<String> {
    for (place, value) in flatten(expected) {
        if is_free(case, &place, &value) {
            continue;
        }
        match answers.get(&place) {
            None => return Some(format!("{place}: no answer")),
            Some(found) => {
                if let Some(answer) = found.iter().find(|answer| !answer.agrees(&value)) {
                    return Some(format!("{place}: {answer:?} instead of {value}"));
                }
            }
        }
    }
    None
}

/// Checks: direct, stochastic, exact and certified answers all agree with every vector; and no vector passes with one
/// of its values changed. Where tests sample, every fifth vector.
#[test]
fn the_solvers_pass_every_vector_and_every_changed_value_fails() {
    let (mut passed, mut refused) = (0, 0);
    let mut faults = Vec::new();
    let step = if crate::in_full() { 1 } else { 5 };
    for case in cases().into_iter().step_by(step) {
        let id = case["id"].as_str().unwrap().to_string();
        let found = answers(&case);
        match difference(&case, &case["expected"], &found) {
            Some(fault) => faults.push(format!("{id}: {fault}")),
            None => passed += 1,
        }
        for (place, value) in flatten(&case["expected"]) {
            if is_free(&case, &place, &value) {
                continue;
            }
            let mut changed = case["expected"].clone();
            *changed.pointer_mut(&format!("/{place}")).unwrap() = wrong(&place, &value);
            match difference(&case, &changed, &found) {
                Some(_) => refused += 1,
                None => faults.push(format!("{id}: {place} can be changed unnoticed")),
            }
        }
    }
    println!("{passed} vectors passed, {refused} changed values were refused");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(
        passed * step >= 200 && refused * step >= 2_000,
        "{passed} {refused}"
    );
}

/// Checks: a direction given as the witness of `not_attained` is one, by the kernel.
#[test]
fn every_direction_is_accepted_by_the_kernel() {
    let mut seen = 0;
    for case in cases() {
        if let Some(direction) = case["expected"].get("direction") {
            balancing::check_direction(&case, direction);
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} directions");
}

/// Checks: the witness of every other function is one, in an evaluation of its own, and is none with an output or an
/// input changed.
#[test]
fn every_witness_shows_another_function() {
    let mut seen = 0;
    for case in cases().iter().filter(|case| case["operation"] == "judge") {
        let (id, expected) = (&case["id"], &case["expected"]);
        assert_eq!(
            expected["same_function"] == false,
            expected["witness"].is_object(),
            "{id}"
        );
        let Some(witness) = expected.get("witness") else {
            continue;
        };
        assert_eq!(answers::check_witness(case, witness), Ok(()), "{id}");
        for field in ["before", "after"] {
            let mut changed = witness.clone();
            let place = format!("/{field}/0/0");
            *changed.pointer_mut(&place).unwrap() = wrong(&place, &witness[field][0][0]);
            assert!(
                answers::check_witness(case, &changed).is_err(),
                "{id}: {field}"
            );
        }
        seen += 1;
    }
    assert!(seen >= 14, "{seen} witnesses");
}
