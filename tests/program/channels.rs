//! ONNX models balanced, judged and explained over the bytes of their tensors, against exact arithmetic.

use serde_json::Value;
use std::path::{Path, PathBuf};

use super::{Desk, is_tried, json, one_in, run};

const DIGITS: &str = "data/digits-mlp-sklearn.onnx";

/// Models that have a minimum, and models that have none.
const CASES: [&str; 8] = [
    DIGITS,
    "tests/cases/base.onnx",
    "tests/cases/bn_mean_dead.onnx",
    "tests/cases/dead-channel-cnn.onnx",
    "tests/cases/k.onnx",
    "tests/cases/mobilenet-like-relu6.onnx",
    "tests/cases/pth.onnx",
    "tests/cases/blocks/relu6_minmax2.onnx",
];

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    text(&path).to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn near(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1e-3),
        _ => one == other,
    }
}

/// Every number of a field that is a number, a list or an object of such.
fn numbers(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        Value::Object(all) => all.values().flat_map(numbers).collect(),
        value => vec![value.clone()],
    }
}

fn agree(name: &str, one: &Value, other: &Value, fields: &[&str]) {
    for field in fields {
        let (own, others) = (numbers(&one[field]), numbers(&other[field]));
        let all = own.iter().zip(&others).all(|(one, other)| near(one, other));
        assert!(own.len() == others.len() && all, "{name}: {field}");
    }
}

/// Checks: what is found over the bytes is what exact arithmetic finds (which more digits than energy certificates
/// reach ask for), with the same exit code; certificates about these models verify, others and corrupted ones do not.
#[test]
fn exact_arithmetic_agrees() {
    let desk = Desk::new();
    let mut certificates: Vec<(&str, PathBuf)> = Vec::new();
    for (number, name) in CASES.into_iter().enumerate() {
        let model = case(name);
        let proof = desk.path(&format!("{number}.json"));
        let regularizers = ["l2", "lp:3/2"].into_iter().enumerate();
        for (other, regularizer) in regularizers.take(if number == 0 { 1 } else { 2 }) {
            if !is_tried(2, number, other) {
                continue;
            }
            let asked = ["balance", &model, "--regularizer", regularizer];
            let ours = [&asked[..], &["--certificate", text(&proof)]].concat();
            let (code, found) = json(&ours);
            let (exact_code, exact) = json(&[&asked[..], &["--certify=16"]].concat());
            let limits = code != 0 && exact_code != 0;
            assert!(code == exact_code || limits, "{name}: {code} {exact_code}");
            let fields = [
                "status",
                "regularizer_before",
                "regularizer_after",
                "deficit_before",
                "multipliers",
                "lost",
                "held",
                "dead",
                "nothing_scales",
            ];
            agree(name, &found, &exact, &fields);
            if !proof.exists() {
                continue;
            }
            let (verified, said, _) = run(&["verify", &model, text(&proof)]);
            assert_eq!(verified, 0, "{name}: {said}");
        }
        certificates.push((name, proof));
    }
    let energy: Vec<&(&str, PathBuf)> = certificates
        .iter()
        .filter(|(_, proof)| {
            std::fs::read_to_string(proof).is_ok_and(|text| text.contains("\"energy\""))
        })
        .collect();
    assert!(energy.len() >= 3, "{energy:?}");
    for (name, proof) in &energy {
        let mut spoiled: Value = serde_json::from_slice(&std::fs::read(proof).unwrap()).unwrap();
        let point = spoiled["point"].as_object_mut().unwrap();
        let (_, number) = point.iter_mut().next().unwrap();
        let mantissa = number[0].as_str().unwrap();
        number[0] = format!("1{mantissa}").into();
        let spoiled = desk.write("spoiled.json", spoiled.to_string());
        let model = case(name);
        assert_eq!(run(&["verify", &model, text(&spoiled)]).0, 1, "{name}");
        let others = energy.iter().filter(|(other, _)| other != name);
        for (other, _) in one_in(3, others) {
            assert_eq!(
                run(&["verify", &case(other), text(proof)]).0,
                1,
                "{name} {other}"
            );
        }
        let demanded = run(&["verify", &model, text(proof), "--regularizer", "l1"]);
        assert_eq!(demanded.0, 1, "{name}");
    }
}

/// Checks: a model of more than 10,000 weights is explained with an energy certificate that verifies; its balanced
/// result is judged a scaling with a proved distance; the model itself, a changed weight and another sign are not
/// balanced, or not the same.
#[test]
fn many_weights() {
    let desk = Desk::new();
    let full = crate::in_full();
    let models = [DIGITS, "data/blazeface-front-128.onnx"];
    for name in &models[..if full { 2 } else { 1 }] {
        let name = *name;
        let model = case(name);
        let after = desk.path(&format!("after {}", name.replace('/', " ")));
        let (code, found) = json(&["balance", &model, "-o", text(&after)]);
        assert_eq!(code, 0, "{name}");
        let (code, judged) = json(&["check", &model, text(&after)]);
        assert_eq!(code, 0, "{name}");
        assert_eq!(judged["bound"], "certified", "{name}");
        assert_eq!(judged["exact_scaling"], "undecided", "{name}");
        assert!(judged["distance_to_optimum"].as_f64().unwrap() < 1e-6);
        let multipliers = numbers(&judged["witness"]["multipliers"]);
        assert!(multipliers.len() >= 100, "{name}");
        if name != DIGITS {
            continue;
        }
        let (code, explained) = json(&["explain", &model]);
        assert_eq!(code, 0, "{name}");
        assert_eq!(explained["witness"]["claim"], "energy", "{name}");
        assert!(explained["channels"].is_array() && explained["dynamic_range"].is_array());
        assert!(near(&explained["deficit"], &found["deficit_before"]));
        let witness = desk.write("witness.json", explained["witness"].to_string());
        assert_eq!(run(&["verify", &model, text(&witness)]).0, 0, "{name}");
        // The certificate is about the given weights, not about balanced ones.
        assert_eq!(run(&["verify", text(&after), text(&witness)]).0, 1);
        let (code, judged) = json(&["check", &model, &model]);
        assert_eq!((code, &judged["balanced"]), (1, &Value::Bool(false)));
        assert_eq!(judged["scaling_deviation"], 0.0, "{name}");
    }
    let after = desk.path(&format!("after {}", DIGITS.replace('/', " ")));
    let bytes = std::fs::read(&after).unwrap();
    let before = std::fs::read(case(DIGITS)).unwrap();
    // The first byte that differs is the lowest one of a number: its sign, and a digit of it.
    let first = (0..bytes.len()).find(|place| bytes[*place] != before[*place]);
    for (place, mask) in [(3, 0x80), (2, 0x40)] {
        let mut bytes = bytes.clone();
        bytes[first.unwrap() + place] ^= mask;
        let path = desk.write("spoiled.onnx", bytes);
        let (code, judged) = json(&["check", &case(DIGITS), text(&path)]);
        assert!(code != 0 && judged["same_function"] != true, "{judged:#}");
    }
}
