//! ONNX models on the command line.

use std::path::Path;

use super::{Desk, json, run};

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp-sklearn.onnx");

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Checks: a model is balanced, certified, verified again and judged the same function; the file keeps its length.
#[test]
fn a_model_goes_the_whole_way() {
    let desk = Desk::new();
    let (after, proof) = (desk.path("after.onnx"), desk.path("proof.json"));
    let (code, report) = json(&[
        "balance",
        DIGITS,
        "-o",
        text(&after),
        "--certificate",
        text(&proof),
    ]);
    assert_eq!((code, report["status"].as_str()), (0, Some("balanced")));
    assert_eq!(
        report["multipliers"]["mul_result"]
            .as_array()
            .unwrap()
            .len(),
        100
    );
    // The output layer is pinned: its multipliers are 1.
    assert_eq!(
        report["multipliers"]["mul_result2"],
        serde_json::json!(vec![1.0; 10])
    );
    assert_eq!(report["enclosure"].as_object().unwrap().len(), 150);
    let length = |path: &str| std::fs::metadata(path).unwrap().len();
    assert_eq!(length(DIGITS), length(text(&after)));
    let (code, stdout, _) = run(&["verify", DIGITS, text(&proof)]);
    assert_eq!(code, 0, "{stdout}");
    let (code, judged) = json(&["check", DIGITS, text(&after)]);
    assert_eq!(
        (
            code,
            judged["same_function"].as_bool(),
            judged["bound"].as_str()
        ),
        (0, Some(true), Some("certified"))
    );
}

/// Checks: powers of two give an exact scaling that is not balanced, bounded multipliers keep to their bound, and
/// layers can be tied; each says what it costs.
#[test]
fn restrictions() {
    let desk = Desk::new();
    let after = desk.path("after.onnx");
    let (code, report) = json(&["balance", DIGITS, "-o", text(&after), "--power-of-two"]);
    assert_eq!((code, report["status"].as_str()), (0, Some("rounded")));
    assert!(report["restriction"]["price"].as_f64().unwrap() > 0.0);
    let factor = report["rounding"]["largest_factor"].as_f64().unwrap();
    assert!((1.0..1.4143).contains(&factor), "{factor}");
    assert!(report["deficit"].as_f64().unwrap() < 1e-12);
    assert!(report["deficit_written"].as_f64().unwrap() > 0.01);
    let (code, judged) = json(&["check", DIGITS, text(&after)]);
    assert_eq!(
        (
            code,
            judged["scaling"].as_str(),
            judged["balanced"].as_str()
        ),
        (0, Some("exact"), Some("to_powers_of_two"))
    );
    let (code, report) = json(&["balance", DIGITS, "--max-scaling", "3/2"]);
    assert_eq!(code, 0);
    let first = report["multipliers"]["mul_result"].as_array().unwrap();
    assert!(
        first
            .iter()
            .all(|value| (1.0 / 1.5 - 1e-9..=1.5 + 1e-9).contains(&value.as_f64().unwrap()))
    );
    let (code, report) = json(&["balance", DIGITS, "--tied", "layer"]);
    assert_eq!(code, 0);
    let first = report["multipliers"]["mul_result"].as_array().unwrap();
    assert!(first.iter().all(|value| value == &first[0]));
    for bad in [["--max-scaling", "1/2"], ["--max-scaling", "x"]] {
        assert_eq!(run(&["balance", DIGITS, bad[0], bad[1]]).0, 2);
    }
    let both = ["balance", DIGITS, "--max-scaling", "3", "--power-of-two"];
    let (code, report) = json(&both);
    assert_eq!((code, report["status"].as_str()), (0, Some("rounded")));
    let first = report["multipliers"]["mul_result"].as_array().unwrap();
    let allowed = |value: &serde_json::Value| [0.5, 1.0, 2.0].contains(&value.as_f64().unwrap());
    assert!(first.iter().all(allowed), "{first:?}");
}

/// Checks: a minimum that is not attained is one within a bound.
#[test]
fn a_bound_makes_a_minimum() {
    let desk = Desk::new();
    let network = desk.write(
        "dead.json",
        r#"{"format": "synaptic-balance/network", "version": 1,
            "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
            "synapses": [{"from": "x", "to": "a", "weight": "4"}, {"from": "a", "to": "y", "weight": "0"}]}"#,
    );
    let (code, report) = json(&["balance", text(&network), "--max-scaling", "8"]);
    assert_eq!((code, report["status"].as_str()), (0, Some("restricted")));
    assert_eq!(report["multipliers"]["a"].as_f64(), Some(0.125));
    assert_eq!(report["restriction"]["at_bound"], serde_json::json!(["a"]));
    assert_eq!(report["regularizer_after"].as_f64(), Some(0.25));
}

/// Checks: the explanation names every group of channels, what pins it, and the dynamic range of every layer.
#[test]
fn explanations() {
    let (code, report) = json(&["explain", DIGITS]);
    assert_eq!(code, 0);
    let channels = report["channels"].as_array().unwrap();
    let of = |tensor: &str| {
        channels
            .iter()
            .find(|group| group["tensor"] == tensor)
            .unwrap()
    };
    assert_eq!(
        (
            of("mul_result")["free"].as_u64(),
            of("mul_result1")["free"].as_u64()
        ),
        (Some(100), Some(50))
    );
    assert!(
        of("mul_result2")["pinned_by"][0]
            .as_str()
            .unwrap()
            .contains("Softmax")
    );
    assert!(
        report["pinned_by"]
            .as_array()
            .unwrap()
            .iter()
            .any(|note| note["operator"] == "Softmax")
    );
    let ranges = report["dynamic_range"].as_array().unwrap();
    assert_eq!(ranges.len(), 3);
    let between = |when: &str| ranges[0][when]["between_channels"].as_f64().unwrap();
    assert!(between("after") > 1.0 && between("before") > 1.0);
    let (_, stdout, _) = run(&["explain", DIGITS, "--full"]);
    assert!(stdout.contains("100 channels: 100 free") && stdout.contains("Softmax"));
}

/// Checks: damaged files are bad input, and nothing is written; models that differ in more than weights leave it
/// undecided.
#[test]
fn what_is_refused() {
    let desk = Desk::new();
    let whole = std::fs::read(DIGITS).unwrap();
    let cut = desk.write("cut.onnx", &whole[..whole.len() / 2]);
    let (code, _, stderr) = run(&["balance", text(&cut), "-o", text(&desk.path("out.onnx"))]);
    assert_eq!(code, 2);
    assert!(stderr.contains("cut.onnx: not an ONNX model"), "{stderr}");
    assert_eq!(desk.files(), 1);
    assert_eq!(run(&["explain", text(&cut)]).0, 2);
    assert_eq!(run(&["explain", DIGITS, "--arch", "relu"]).0, 2);
    let renamed = whole
        .iter()
        .map(|byte| if *byte == b'R' { b'S' } else { *byte })
        .collect::<Vec<u8>>();
    let other = desk.write("other.onnx", renamed);
    assert_eq!(run(&["check", DIGITS, text(&other)]).0, 3);
}
