//! The files: what the program writes, and what the schema allows.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use synaptic_balance::vectors::generate;

use super::{documents, folder};

/// Checks: the committed files are what the program writes, byte for byte, and there are no others.
#[test]
fn the_committed_vectors_are_what_the_program_writes() {
    let made = generate(&mut |_| {}).unwrap();
    let names: BTreeSet<String> = made.iter().map(|file| file.name()).collect();
    let found: BTreeSet<String> = documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, found);
    for file in &made {
        let committed = std::fs::read_to_string(folder().join(file.name())).unwrap();
        let pairs = committed.lines().zip(file.text.lines()).enumerate();
        let differing = pairs.into_iter().find(|(_, (old, new))| old != new);
        assert!(
            committed == file.text,
            "{} is not what `synbal vectors tests/vectors` writes: {differing:?}",
            file.name()
        );
    }
    let again = generate(&mut |_| {}).unwrap();
    assert_eq!(made, again, "two calls differ");
}

fn schema() -> Value {
    let text = std::fs::read_to_string(folder().join("schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Checks: every file is valid under the schema, which is itself a valid schema.
#[test]
fn every_file_is_valid_under_the_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, document) in documents() {
        let faults = validator.iter_errors(&document);
        let faults: Vec<String> = faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    }
}

/// Checks: the schema refuses documents with one thing wrong.
#[test]
fn the_schema_refuses_broken_documents() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let all = documents();
    let broken = |group: &str, place: &str, value: Value| {
        let (_, document) = all
            .iter()
            .find(|(name, _)| *name == format!("{group}.json"))
            .unwrap();
        let mut document = document.clone();
        *document
            .pointer_mut(place)
            .unwrap_or_else(|| panic!("no {place}")) = value;
        assert!(!validator.is_valid(&document), "{group}{place}");
    };
    for (place, value) in [
        ("/format", json!("synaptic-balance/network")),
        ("/version", json!(2)),
        ("/group", json!("other")),
        ("/digits", json!(15)),
        ("/cases", json!([])),
        ("/flags/bias", json!("a text")),
        ("/flags/bias/for_whom", json!("")),
        ("/cases/0/id", json!("basic-1")),
        ("/cases/0/operation", json!("guess")),
        ("/cases/0/comment", json!("")),
        ("/cases/0/regularizer", json!("l3")),
        ("/cases/0/flags", json!(["tie", "tie"])),
        ("/cases/0/expected/status", json!("fine")),
        ("/cases/0/expected/weights/0", json!(2.0)),
        ("/cases/0/expected/weights/0", json!("2.0")),
        ("/cases/0/expected/weights/0", json!("4/0")),
        ("/cases/0/expected/mu/a", json!({"lo": "1e0"})),
        (
            "/cases/0/expected/mu/a",
            json!({"lo": "1e0", "hi": "1.0e0"}),
        ),
        ("/cases/0/network/units/0/kind", json!("visible")),
        ("/cases/0/network/synapses/0/weight", json!("0.5")),
        (
            "/cases/0/network/synapses/0",
            json!({"from": "x", "to": "a"}),
        ),
        ("/cases/0/expected", json!({"status": "balanced"})),
    ] {
        broken("basic", place, value);
    }
    broken("not_attained", "/cases/0/expected/vanishing", json!([]));
    broken("not_attained", "/cases/0/expected/vanishing/0", json!(-1));
    broken("gradient_steps", "/cases/0/data", json!([]));
    broken(
        "gradient_steps",
        "/cases/0/expected/gradient/0",
        json!({"lo": "1e0", "hi": "2e0"}),
    );
    broken("judge", "/cases/0/expected/balanced", json!("yes"));
    broken("judge", "/cases/0/expected", json!({"status": "balanced"}));
    broken("invalid", "/cases/0/expected/place", json!(3));
}

/// Checks: a field that no reader knows is refused everywhere, since it could change a meaning.
#[test]
fn the_schema_refuses_unknown_fields() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, mut document) in documents() {
        document["note"] = "unknown".into();
        assert!(!validator.is_valid(&document), "{name}");
        document.as_object_mut().unwrap().remove("note");
        document["cases"][0]["note"] = "unknown".into();
        assert!(!validator.is_valid(&document), "{name}");
        document["cases"][0].as_object_mut().unwrap().remove("note");
        document["cases"][0]["expected"]["note"] = "unknown".into();
        assert!(!validator.is_valid(&document), "{name}");
    }
}

/// Checks: ids are unique, every flag used is explained and every flag explained is used, groups hold eight cases or more,
/// 200 together, in less than 3 MB.
#[test]
fn ids_flags_and_sizes() {
    let (mut ids, mut total, mut bytes) = (BTreeSet::new(), 0, 0);
    for (name, document) in documents() {
        let cases = document["cases"].as_array().unwrap();
        let explained: BTreeSet<&str> = document["flags"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let flags = cases
            .iter()
            .flat_map(|case| case["flags"].as_array().unwrap());
        let used: BTreeSet<&str> = flags.map(|flag| flag.as_str().unwrap()).collect();
        assert_eq!(explained, used, "{name}");
        assert_eq!(
            format!("{}.json", document["group"].as_str().unwrap()),
            name
        );
        assert!(cases.len() >= 8, "{name} has {} cases", cases.len());
        for case in cases {
            assert!(
                ids.insert(case["id"].as_str().unwrap().to_string()),
                "{}",
                case["id"]
            );
        }
        total += cases.len();
        bytes += std::fs::metadata(folder().join(&name)).unwrap().len();
    }
    assert!(
        total >= 200 && bytes < 3_000_000,
        "{total} cases, {bytes} bytes"
    );
}

/// Checks: the guide names every group, operation, flag and status that occurs, and no file is missing from it.
#[test]
fn the_guide_names_everything_that_occurs() {
    let guide = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut words = BTreeSet::new();
    for (_, document) in documents() {
        words.insert(document["group"].as_str().unwrap().to_string());
        words.extend(document["flags"].as_object().unwrap().keys().cloned());
        for case in document["cases"].as_array().unwrap() {
            words.insert(case["operation"].as_str().unwrap().to_string());
            words.extend(case["expected"].as_object().unwrap().keys().cloned());
            words.extend(case["expected"]["status"].as_str().map(String::from));
            words.extend(
                case["expected"]["error"]
                    .as_str()
                    .filter(|e| e.starts_with(char::is_alphabetic))
                    .map(String::from),
            );
        }
    }
    for word in words {
        assert!(
            guide.contains(&format!("`{word}`")),
            "the guide does not explain `{word}`"
        );
    }
}
