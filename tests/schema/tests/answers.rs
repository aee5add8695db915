//! What the program reads, writes and answers is valid under the schemas of `docs/schemas`; what is broken is not.

mod desk;
mod schemas;

use desk::{Desk, checkpoint, perceptron};
use schema_tests::documents;
use schemas::{Schemas, breaks};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn cases(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    path.to_str().unwrap().to_owned()
}

const JSON: &str = r#"{"format": "synaptic-balance/network", "version": 1,
  "units": [{"id": "x", "kind": "input"}, {"id": "one", "kind": "bias"}, {"id": "a", "kind": "hidden", "activation": "relu"},
            {"id": "b", "kind": "hidden", "activation": {"leaky_relu": "1/10"}}, {"id": "y", "kind": "output", "activation": "linear"}],
  "synapses": [{"from": "x", "to": "a", "weight": "1"}, {"from": "one", "to": "a", "weight": "-3/4"}, {"from": "a", "to": "b", "weight": 4},
               {"from": "b", "to": "y", "weight": "0.25"}]}"#;

/// A network whose minimum is not attained.
const DEAD: &str = r#"{"format": "synaptic-balance/network", "version": 1,
  "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "dead", "kind": "hidden", "activation": "relu"},
            {"id": "y", "kind": "output"}],
  "synapses": [{"from": "x", "to": "a", "weight": "1"}, {"from": "a", "to": "y", "weight": "2"}, {"from": "x", "to": "dead", "weight": "3"}]}"#;

/// One model of each kind: its name, its path, and what every command is told besides.
fn models(desk: &Desk) -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        (
            "network",
            desk.write("network.json", JSON.as_bytes()),
            vec![],
        ),
        (
            "perceptron",
            desk.write("perceptron.safetensors", &perceptron()),
            vec!["--arch", "relu"],
        ),
        ("onnx", cases("tests/cases/k.onnx"), vec![]),
        ("checkpoint", checkpoint(desk), vec![]),
    ]
}

/// Runs a command whose answer must be valid, and unbroken by no change; gives exit code and answer.
fn answer(schemas: &Schemas, desk: &Desk, name: &str, arguments: &[&str]) -> (i32, Value) {
    let (code, answer) = desk.run(arguments);
    let faults = schemas.faults(name, &answer);
    assert!(faults.is_empty(), "{arguments:?}: {}", faults.join("\n"));
    let taken = schemas.taken(name, breaks(&answer));
    assert!(
        taken.is_empty(),
        "{arguments:?}: {name} takes {}",
        taken.join(", ")
    );
    (code, answer)
}

/// Checks: `explain`, `balance`, `check`, `verify` answer under their schemas for a network in JSON, a perceptron, an
/// ONNX model and a checkpoint; every answer with an unknown field, or with a value of another type, is refused.
#[test]
fn answers_about_models_are_valid() {
    let (schemas, desk) = (Schemas::read(), Desk::new("models"));
    for (kind, path, more) in models(&desk) {
        let ask = |name: &str, arguments: &[&str]| {
            let all = [arguments, &more].concat();
            answer(&schemas, &desk, name, &all)
        };
        let balanced = desk.path(&format!("{kind}-balanced"));
        let certificate = desk.path(&format!("{kind}-certificate"));
        assert_eq!(ask("explain.json", &["explain", &path]).0, 0, "{kind}");
        let (code, _) = ask(
            "balance.json",
            &[
                "balance",
                &path,
                "-o",
                &balanced,
                "--certificate",
                &certificate,
            ],
        );
        assert_eq!(code, 0, "{kind}");
        assert_eq!(
            ask("check.json", &["check", &path, &balanced]).0,
            0,
            "{kind}"
        );
        assert_eq!(ask("check.json", &["check", &path, &path]).0, 1, "{kind}");
        let powers = desk.path(&format!("{kind}-powers"));
        ask(
            "balance.json",
            &["balance", &path, "-o", &powers, "--power-of-two"],
        );
        ask("check.json", &["check", &path, &powers]);
        if kind == "checkpoint" {
            continue;
        }
        let written = desk.json(&certificate);
        assert_eq!(
            schemas.faults("certificate.json", &written),
            Vec::<String>::new(),
            "{kind}"
        );
        assert_eq!(
            ask("verify.json", &["verify", &path, &certificate]).0,
            0,
            "{kind}"
        );
        let bounded = desk.path(&format!("{kind}-bounded"));
        let within = [
            "balance",
            &path,
            "--max-scaling",
            "1.1",
            "--certificate",
            &bounded,
        ];
        assert_eq!(ask("balance.json", &within).0, 0, "{kind}");
        let faults = schemas.faults("certificate.json", &desk.json(&bounded));
        assert_eq!(faults, Vec::<String>::new(), "{kind}");
        assert_eq!(
            ask("verify.json", &["verify", &path, &bounded]).0,
            0,
            "{kind}"
        );
        let other = desk.path(&format!("{kind}-other"));
        let mut wrong = written.clone();
        wrong["grid"] = json!(1);
        desk.write(&format!("{kind}-other"), wrong.to_string().as_bytes());
        assert_eq!(
            ask("verify.json", &["verify", &path, &other]).0,
            1,
            "{kind}"
        );
        for extra in [
            &["--certify"][..],
            &["--max-scaling", "1.1"],
            &["--limit"],
            &["--regularizer", "l1"],
        ] {
            ask("balance.json", &[&["balance", &path], extra].concat());
        }
    }
}

/// Checks: the same with ranges of activations, of which answers and certificates tell.
#[test]
fn answers_about_ranges_are_valid() {
    let (schemas, desk) = (Schemas::read(), Desk::new("ranges"));
    let model = cases("tests/cases/one-free-layer.onnx");
    let ranges = cases("tests/cases/one-free-layer.npz");
    let certificate = desk.path("certificate.json");
    let more = ["--activations", &ranges, "--activation-weight", "1/2"];
    let ask = |name: &str, arguments: &[&str]| {
        let (code, found) = answer(&schemas, &desk, name, &[arguments, &more].concat());
        assert_eq!((code, &found["activations"]["weight"]), (0, &json!("1/2")));
    };
    ask("explain.json", &["explain", &model]);
    let written = ["balance", &model, "--certificate", &certificate];
    ask("balance.json", &written);
    ask("verify.json", &["verify", &model, &certificate]);
    let written = desk.json(&certificate);
    assert!(written["activations"].is_object());
    assert_eq!(
        schemas.faults("certificate.json", &written),
        Vec::<String>::new()
    );
}

/// Checks: the same for answers that something is missing or wrong: a minimum that is not attained, its limit, another
/// function, a network that nothing scales, a batch, errors.
#[test]
fn answers_about_faults_are_valid() {
    let (schemas, desk) = (Schemas::read(), Desk::new("faults"));
    let path = desk.write("dead.json", DEAD.as_bytes());
    let (code, left) = answer(&schemas, &desk, "balance.json", &["balance", &path]);
    assert_eq!((code, &left["status"]), (3, &json!("not_attained")));
    let (_, limit) = answer(
        &schemas,
        &desk,
        "balance.json",
        &["balance", &path, "--limit"],
    );
    assert_eq!(limit["status"], "limit");
    let (_, found) = answer(&schemas, &desk, "explain.json", &["explain", &path]);
    assert_eq!(found["attained"], false);
    let other = desk.write("other.json", DEAD.replace("\"2\"", "\"-2\"").as_bytes());
    let (code, judged) = answer(&schemas, &desk, "check.json", &["check", &path, &other]);
    assert_eq!((code, &judged["same_function"]), (1, &json!(false)));
    let third = desk.write("third.json", DEAD.replace("\"2\"", "\"7\"").as_bytes());
    let certificate = desk.path("not-scaled.json");
    answer(
        &schemas,
        &desk,
        "check.json",
        &["check", &path, &third, "--certificate", &certificate],
    );
    assert_eq!(
        schemas.faults("certificate.json", &desk.json(&certificate)),
        Vec::<String>::new()
    );
    let fixed = desk.write("fixed.json", DEAD.replace("relu", "tanh").as_bytes());
    let (_, found) = answer(&schemas, &desk, "explain.json", &["explain", &fixed]);
    assert!(found["nothing_scales"].is_array());
    answer(&schemas, &desk, "balance.json", &["balance", &fixed]);
    let dead = cases("tests/cases/dead-channel-cnn.onnx");
    answer(&schemas, &desk, "balance.json", &["balance", &dead]);
    answer(
        &schemas,
        &desk,
        "balance.json",
        &["balance", &dead, "--limit"],
    );
    for arguments in [
        &["balance", "absent"][..],
        &["balance"],
        &["check", &path, "absent"],
        &["nonsense"],
    ] {
        let (code, _) = answer(&schemas, &desk, "error.json", arguments);
        assert_eq!(code, 2, "{arguments:?}");
    }
    let line =
        |id: &str, after: &str| json!({"id": id, "before": path, "after": after}).to_string();
    let lines = [
        line("same", &path),
        line("other", &other),
        "nonsense".into(),
        line("absent", "absent"),
    ]
    .join("\n");
    let lines = desk.batch(&lines);
    assert_eq!(lines.len(), 4);
    for line in &lines {
        let faults = schemas.faults("check.json#/$defs/line", line);
        assert!(faults.is_empty(), "{line}: {}", faults.join("\n"));
        let mut broken = line.clone();
        broken["unknown"] = true.into();
        assert!(!schemas.accepts("check.json#/$defs/line", &broken));
    }
}

/// Checks: all other commands answer under their schemas.
#[test]
fn answers_of_other_commands_are_valid() {
    let (schemas, desk) = (Schemas::read(), Desk::new("others"));
    answer(&schemas, &desk, "demonstration.json", &[]);
    answer(
        &schemas,
        &desk,
        "completions.json",
        &["completions", "bash"],
    );
    answer(&schemas, &desk, "man.json", &["man", &desk.path("manual")]);
    let clipped = cases("tests/cases/mobilenet-like-relu6.onnx");
    for more in [&[][..], &["--replace-relu6"]] {
        let all = [&["explain", &clipped], more].concat();
        answer(&schemas, &desk, "explain.json", &all);
    }
    answer(
        &schemas,
        &desk,
        "theorems.json",
        &["theorems", "thm-3.1-lp", "E6"],
    );
    answer(
        &schemas,
        &desk,
        "theorems.json",
        &["theorems", "--hunt", "1"],
    );
    answer(
        &schemas,
        &desk,
        "vectors.json",
        &["vectors", &desk.path("vectors")],
    );
    answer(
        &schemas,
        &desk,
        "prove.json",
        &[
            "prove",
            &cases("proofs/errata/E5.rhai"),
            &cases("proofs/errata/E6.rhai"),
        ],
    );
    let failing = desk.write("failing.rhai", b"show(\"one is two\", 1, \"==\", 2);");
    assert_eq!(
        answer(&schemas, &desk, "prove.json", &["prove", &failing]).0,
        1
    );
    answer(
        &schemas,
        &desk,
        "learn.json",
        &["learn", "balance-is-lost", "--seeds", "2", "--epochs", "1"],
    );
    let model = checkpoint(&desk);
    let (_, found) = answer(
        &schemas,
        &desk,
        "balance.json",
        &["balance", &model, "-o", &desk.path("balanced")],
    );
    let multipliers = desk.write("multipliers.json", found.to_string().as_bytes());
    answer(
        &schemas,
        &desk,
        "apply.json",
        &["apply", &multipliers, &model, "-o", &desk.path("applied")],
    );
}

/// Checks: `multipliers_by_group` has one shape for every model, lists by name, and says what `multipliers` says.
#[test]
fn multipliers_have_one_shape() {
    let desk = Desk::new("shape");
    for (kind, path, more) in models(&desk) {
        let output = desk.path(&format!("{kind}-balanced"));
        let (_, found) = desk.run(&[&["balance", &path, "-o", &output], &more[..]].concat());
        let groups = found["multipliers_by_group"].as_object().unwrap();
        assert!(!groups.is_empty(), "{kind}");
        for (name, list) in groups {
            let list = list.as_array().unwrap();
            assert!(list.iter().all(Value::is_number), "{kind}: {name}");
            let own = &found["multipliers"][name];
            assert!(
                own.as_array() == Some(list) || [own.clone()] == list[..],
                "{kind}: {name}"
            );
        }
        assert_eq!(
            groups.len(),
            found["multipliers"].as_object().unwrap().len(),
            "{kind}"
        );
    }
}

/// Faults of the vectors that no schema can see: they are of several places at once, or of the text.
const UNSEEN: [&str; 12] = [
    "duplicate_field",
    "duplicate_synapse",
    "duplicate_unit",
    "into_product",
    "into_source",
    "no_such_unit",
    "product_cycle",
    "tie_exponent",
    "tie_of_visible",
    "tie_repeats",
    "too_large",
    "too_long",
];

/// Checks: every network of the conformance vectors is valid, and every text that is none is refused, but where its
/// fault is one that no schema sees.
#[test]
fn networks_are_valid_where_the_vectors_say_so() {
    let schemas = Schemas::read();
    let (mut valid, mut refused, mut unseen) = (0, 0, BTreeSet::new());
    for (name, document) in documents() {
        for case in document["cases"].as_array().unwrap() {
            if case["network"].is_object() {
                let faults = schemas.faults("network.json", &case["network"]);
                assert!(
                    faults.is_empty(),
                    "{name} {}: {}",
                    case["id"],
                    faults.join("\n")
                );
                valid += 1;
            }
            if case["operation"] != "read" {
                continue;
            }
            let kind = case["expected"]["error"].as_str().unwrap();
            match serde_json::from_str::<Value>(case["text"].as_str().unwrap()) {
                Ok(network) if schemas.accepts("network.json", &network) => {
                    unseen.insert(kind.to_owned());
                }
                _ => refused += 1,
            }
        }
    }
    assert!(valid > 150 && refused > 20, "{valid} {refused}");
    assert_eq!(
        unseen.iter().map(String::as_str).collect::<Vec<_>>(),
        UNSEEN
    );
}

/// Checks: certificates of every claim are valid, and broken ones refused.
#[test]
fn certificates_are_valid() {
    let schemas = Schemas::read();
    let certificate = |claim: &str, version: u64, fields: Value| {
        let mut all = json!({"format": "synaptic-balance/certificate", "version": version, "claim": claim, "regularizer": "l2"});
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        all
    };
    let units = json!({"a": "1", "b": "-3/4"});
    for found in [
        certificate("enclosure", 1, json!({"lower": units, "upper": units})),
        certificate(
            "enclosure",
            1,
            json!({"lower": units, "upper": units, "direction": units}),
        ),
        certificate("attained", 1, json!({"circulation": ["1", "2"]})),
        certificate("not_attained", 1, json!({"direction": units})),
        certificate("balanced", 1, json!({"multipliers": units})),
        certificate(
            "scaling",
            1,
            json!({"multipliers": units, "weights": ["1"]}),
        ),
        certificate(
            "not_scaled",
            1,
            json!({"weights": ["1"], "tolerance": "1/1000", "synapse": 0}),
        ),
        certificate(
            "not_scaled",
            1,
            json!({"weights": ["1"], "tolerance": "1/1000", "cycle": {"0": "1", "12": "-1"}}),
        ),
        certificate(
            "manifold",
            1,
            json!({"constraints": [{"0": "1"}], "spanning": [1, 2]}),
        ),
        certificate(
            "energy",
            2,
            json!({"point": {"a": ["123", -4]}, "F": 85, "grid": 100, "exceptions": {"3#1": "7"}}),
        ),
    ] {
        let faults = schemas.faults("certificate.json", &found);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        let taken = schemas.taken("certificate.json", breaks(&found));
        assert!(taken.is_empty(), "{}: {}", found["claim"], taken.join(", "));
        let fields = found
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| *field != "direction" || found["claim"] != "enclosure");
        for field in fields {
            let mut broken = found.clone();
            broken.as_object_mut().unwrap().remove(field);
            assert!(
                !schemas.accepts("certificate.json", &broken),
                "{}: without {field}",
                found["claim"]
            );
        }
    }
    let wrong = certificate(
        "energy",
        1,
        json!({"point": {"a": ["123", -4]}, "F": 85, "grid": 100, "exceptions": {}}),
    );
    assert!(!schemas.accepts("certificate.json", &wrong));
    let both = certificate(
        "not_scaled",
        1,
        json!({"weights": ["1"], "tolerance": "0", "synapse": 0, "cycle": {"0": "1"}}),
    );
    assert!(!schemas.accepts("certificate.json", &both));
}

/// Checks: every command has a schema, the page names every file, and all references of every schema lead somewhere.
#[test]
fn every_command_has_a_schema() {
    let schemas = Schemas::read();
    let desk = Desk::new("commands");
    let page = std::fs::read_to_string(cases("docs/schemas.md")).unwrap();
    let mut expected: BTreeSet<String> = desk
        .commands()
        .iter()
        .map(|name| format!("{name}.json"))
        .collect();
    let others = ["common", "network", "certificate", "demonstration", "error"];
    expected.extend(others.map(|name| format!("{name}.json")));
    assert_eq!(schemas.names(), expected);
    for name in &expected {
        assert!(
            page.contains(&format!("(schemas/{name})")),
            "the page does not name {name}"
        );
        assert!(jsonschema::meta::is_valid(schemas.schema(name)), "{name}");
        schemas.accepts(name, &Value::Null);
    }
    for field in [
        "status",
        "regularizer",
        "seconds",
        "multipliers",
        "cross_check",
        "vanished",
        "method",
    ] {
        assert!(
            schemas.schema("balance.json")["required"]
                .as_array()
                .unwrap()
                .contains(&field.into()),
            "{field}"
        );
    }
}
