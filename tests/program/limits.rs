//! What is said of models that are dead in part, or wholly pinned.

use serde_json::json;
use std::path::Path;

use super::{Desk, json, run};

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    path.join(name).display().to_string()
}

/// Checks: a channel that only a mean feeds is kept in the limit, which `check` and `verify` confirm; the reports say
/// that the mean is counted.
#[test]
fn a_mean_keeps_its_channel() {
    let desk = Desk::new();
    let model = case("bn_mean_dead.onnx");
    let (after, proof) = (desk.path("after.onnx"), desk.path("proof.json"));
    let (after, proof) = (after.to_str().unwrap(), proof.to_str().unwrap());
    let (code, found) = json(&[
        "balance",
        &model,
        "--limit",
        "-o",
        after,
        "--certificate",
        proof,
    ]);
    assert_eq!((code, &found["status"]), (0, &json!("balanced")));
    let counted = json!([{"tensor": "mu", "entries": [1]}]);
    assert_eq!(found["counted_statistics"], counted);
    assert_eq!(found["vanished"], json!([]));
    assert_eq!(json(&["explain", &model]).1["counted_statistics"], counted);
    assert_eq!(run(&["check", &model, after]).0, 0);
    assert_eq!(run(&["verify", &model, proof]).0, 0);
}

/// Checks: dead channels are named first, with what to ask for; in the limit nothing else vanishes, and what does is
/// named by tensor and place.
#[test]
fn dead_channels_are_named() {
    let desk = Desk::new();
    let model = case("dead-channel-cnn.onnx");
    let dead = json!(["pw2.out[22]", "pw2.out[40]", "pw2.out[41]"]);
    let (code, stdout, _) = run(&["balance", &model]);
    assert_eq!(code, 3);
    let mut lines = stdout.lines();
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(first.starts_with("dead ") && first.ends_with("pw2.out[22], pw2.out[40], pw2.out[41]"));
    assert!(second.contains("--limit") && second.contains("--max-scaling"));
    let output = desk.path("limit.onnx");
    let (code, found) = json(&["balance", &model, "--limit", "-o", output.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert_eq!(found["dead"], json!({"unfed": [], "unread": dead}));
    let vanished = found["vanished"].as_array().unwrap();
    assert_eq!(vanished.len(), 3 * 33);
    assert!(
        vanished
            .iter()
            .all(|synapse| dead.as_array().unwrap().contains(&synapse["to"]))
    );
    for synapse in vanished {
        let place = synapse["index"].as_u64().unwrap();
        // Of 32 inputs to each channel.
        let channel = match synapse["tensor"].as_str() {
            Some("pw2.weight") => place / 32,
            _ => place,
        };
        assert_eq!(synapse["to"], format!("pw2.out[{channel}]"));
    }
    let (code, stdout, _) = run(&["check", &model, output.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(stdout.contains("in the limit, the nearest scaling of what is left is"));
    assert!(stdout.contains("without pw2.weight[704], pw2.weight[705]"));
    assert!(stdout.contains("of the one optimum in the limit, proved"));
}

/// Checks: where nothing can be scaled that comes first, with the reason: for clipped channels, and for units of
/// sigmoids.
#[test]
fn nothing_can_be_scaled() {
    let desk = Desk::new();
    let sigmoid = super::chain(&["2", "1/2"]).replace("relu", "sigmoid");
    let sigmoid = desk.write("sigmoid.json", sigmoid).display().to_string();
    let model = case("mobilenet-like-relu6.onnx");
    for (network, reason) in [
        (
            &model,
            "Clip `conv1.act` and 4 more: has a bound other than 0",
        ),
        (&sigmoid, "no hidden unit has a homogeneous activation"),
    ] {
        for command in ["balance", "explain"] {
            let (code, stdout, _) = run(&[command, network]);
            let first = stdout.lines().next().unwrap();
            let expected = format!("nothing   can be scaled: {reason}");
            assert!(code == 0 && first.starts_with(&expected), "{first}");
            let (_, found) = json(&[command, network]);
            assert_eq!(found["nothing_scales"][0], json!(reason));
        }
    }
}

/// Checks: where an operator divides by what goes to 0, or compares it, no limit is written, and the report names the
/// operator.
#[test]
fn functions_without_a_limit_are_not_written() {
    let desk = Desk::new();
    for (name, operator) in [("limit_quotient", "Div `z`"), ("lim_where", "Greater `c`")] {
        let model = format!(
            "{}/tests/cases/onnx/{name}.onnx",
            env!("CARGO_MANIFEST_DIR")
        );
        let output = desk.path("limit.onnx");
        let place = output.to_str().unwrap();
        let (code, text, error) = run(&["balance", &model, "--limit", "-o", place]);
        assert_eq!(code, 2, "{text}{error}");
        assert!(error.contains(operator), "{error}");
        assert!(!output.exists());
        let (_, text, _) = run(&["explain", &model]);
        assert!(text.contains("--limit is not for this model"), "{text}");
    }
}
