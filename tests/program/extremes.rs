//! Networks of extreme weights, and files that are none.

use serde_json::{Value, json};

use super::{Desk, is_tried, run};

/// Three hidden units in each of two layers, between two inputs and an output, with weights of extreme sizes, from a
/// fixed seed.
fn extreme(mut seed: u64) -> Value {
    let mut weight = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ["1e300", "1e-300", "-1e300", "-1e-300", "1"][(seed >> 33) as usize % 5]
    };
    let layers = [
        vec!["x0", "x1"],
        vec!["g0", "g1", "g2"],
        vec!["h0", "h1", "h2"],
        vec!["y"],
    ];
    let mut units = Vec::new();
    let mut synapses = Vec::new();
    for (place, layer) in layers.iter().enumerate() {
        for id in layer {
            units.push(match place {
                0 => json!({"id": id, "kind": "input"}),
                3 => json!({"id": id, "kind": "output"}),
                _ => json!({"id": id, "kind": "hidden", "activation": "relu"}),
            });
            let before = layers[..place].last().into_iter().flatten();
            synapses.extend(before.map(|from| json!({"from": from, "to": id, "weight": weight()})));
        }
    }
    json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses})
}

/// Checks: networks whose costs span thousands of orders are balanced and certified, or it is said why not; nothing is
/// a defect, and no share of a layer that costs something is told as 0.
#[test]
fn costs_of_thousands_of_orders() {
    let desk = Desk::new();
    let mut certified = 0;
    for seed in 0..6 {
        let path = desk.write("net.json", extreme(seed).to_string());
        for (place, regularizer) in ["l2", "lp:64", "lp:256"].into_iter().enumerate() {
            if !is_tried(3, seed as usize, place) {
                continue;
            }
            let arguments = [
                "balance",
                path.to_str().unwrap(),
                "--regularizer",
                regularizer,
                "--certify",
                "--json",
            ];
            let (code, stdout, stderr) = run(&arguments);
            assert!(
                [0, 3].contains(&code),
                "seed {seed}, {regularizer}: {stderr}"
            );
            assert!(
                !stderr.contains("defect"),
                "seed {seed}, {regularizer}: {stderr}"
            );
            certified += usize::from(code == 0);
            let found: Value = serde_json::from_str(&stdout).unwrap();
            for layer in found["by_layer"].as_array().into_iter().flatten() {
                for when in ["before", "after"] {
                    assert_ne!(layer[when]["share"], 0.0, "{layer}");
                }
            }
        }
    }
    let least = if crate::in_full() { 5 } else { 2 };
    assert!(
        certified >= least,
        "{certified} of 18, or 6 where tests sample"
    );
}

/// Checks: files that are no model or certificate at all are called so, and of a scaling by another tool that forgot a
/// bias it is the bias that is named, not what a normalisation knows of other channels.
#[test]
fn reasons_name_what_is_wrong() {
    let desk = Desk::new();
    let script = desk.write("model.py", "import torch\n");
    let (code, _, stderr) = run(&["explain", script.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(stderr.contains("network JSON, but text"), "{stderr}");
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/");
    let before = format!("{cases}normalised.onnx");
    for certificate in [
        desk.write("empty.json", ""),
        desk.write("proof.onnx", "\u{8}proof"),
    ] {
        let (code, _, stderr) = run(&["verify", &before, certificate.to_str().unwrap()]);
        assert_eq!(code, 2);
        assert!(stderr.contains("not a certificate"), "{stderr}");
    }
    let after = format!("{cases}normalised-bias-forgotten.onnx");
    let (code, stdout, stderr) = run(&["check", &before, &after]);
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stdout.contains("second.bias[0]") && !stdout.contains("bn.mean"),
        "{stdout}"
    );
    let (code, _, stderr) = run(&["explore", script.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(stderr.contains("next: synbal explore --help"), "{stderr}");
}
