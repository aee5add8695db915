//! The vectors are valid under their schema, and the schema refuses what is broken.

use schema_tests::{documents, schema};
use serde_json::{Value, json};

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
    for (place, value) in [
        ("/cases/0/network/units/3/of", json!([])),
        ("/cases/0/network/units/3/of", json!("g")),
        ("/cases/0/network/units/3/kind", json!("hidden")),
        ("/cases/0/network/units/0/kind", json!("product")),
    ] {
        broken("products", place, value);
    }
    for (place, value) in [
        ("/cases/0/network/ties/0/1", json!({"exponent": "-1"})),
        ("/cases/0/network/ties/0/1/exponent", json!(-1)),
        ("/cases/0/network/ties/0/1/exponent", json!("1/0")),
        ("/cases/0/network/ties/0/1/unit", json!("")),
    ] {
        broken("attention", place, value);
    }
    for (place, value) in [
        ("/cases/0/max_scaling", json!(2)),
        ("/cases/0/operation", json!("balance")),
        ("/cases/0/expected/at_bound/a", json!("above")),
        ("/cases/0/expected/status", json!("balanced")),
    ] {
        broken("bounded", place, value);
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
