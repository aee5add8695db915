//! ReLU6: what is said of it, and what its replacement is called.

use super::{Desk, example, is_tried, json, run};

const MOBILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/cases/mobilenet-like-relu6.onnx"
);
const SPELLINGS: [&str; 2] = [
    concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/blocks/relu6_clip.onnx"
    ),
    concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/blocks/relu6_minmax2.onnx"
    ),
];

/// Checks: where ReLU6 pins, the first line says that nothing can be scaled, or that it pins, with the reason, and the
/// text names the option; of a model without ReLU6 nothing is said.
#[test]
fn it_is_named_first() {
    let models = [MOBILE, SPELLINGS[0], SPELLINGS[1]];
    for (row, model) in models.into_iter().enumerate() {
        for (column, command) in ["explain", "balance"].into_iter().enumerate() {
            if !is_tried(2, row, column) {
                continue;
            }
            let (_, text, _) = run(&[command, model]);
            let first = text.lines().next().unwrap();
            assert!(
                first.starts_with("nothing   can be scaled: ") && first.contains("ReLU6 pins"),
                "{text}"
            );
            assert!(
                first.contains("bound 6") && first.contains("--replace-relu6"),
                "{text}"
            );
            let (_, report) = json(&[command, model]);
            assert_eq!(report["relu6"]["replaced"], false);
            assert!(!report["relu6"]["operators"].as_array().unwrap().is_empty());
            assert!(!report["nothing_scales"].as_array().unwrap().is_empty());
        }
    }
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/data/blazeface-front-128.onnx");
    assert!(json(&["explain", plain]).1.get("relu6").is_none());
}

/// Checks: with the option units are free and what changes is said first; the result is balanced, and no judge calls it
/// the same function as the model before; its certificate is verified of the model with ReLU only.
#[test]
fn another_function_is_no_scaling() {
    let desk = Desk::new();
    for (number, model) in SPELLINGS.into_iter().enumerate() {
        let out = desk.path(&format!("{number}.onnx"));
        let proof = desk.path(&format!("{number}.json"));
        let (out, proof) = (out.to_str().unwrap(), proof.to_str().unwrap());
        let options = ["--replace-relu6", "-o", out, "--certificate", proof];
        let (code, text, _) = run(&[&["balance", model], &options[..]].concat());
        assert_eq!(code, 0, "{text}");
        let first = text.lines().next().unwrap();
        assert!(
            first.contains("replaced by ReLU") && first.contains("ANOTHER FUNCTION"),
            "{text}"
        );
        let (code, report) = json(&["check", model, out]);
        assert_ne!(report["same_function"], true, "{report:#}");
        assert_ne!(code, 0);
        assert!(run(&["verify", model, proof]).0 != 0);
        let (code, text, _) = run(&["verify", model, proof, "--replace-relu6"]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("ANOTHER FUNCTION"), "{text}");
        let (code, report) = json(&["explain", out]);
        assert_eq!((code, report.get("relu6").is_none()), (0, true));
        assert!(report["deficit"].as_f64().unwrap() < 1e-5, "{report}");
    }
    let (code, report) = json(&["explain", MOBILE, "--replace-relu6"]);
    assert_eq!((code, &report["relu6"]["replaced"]), (0, &true.into()));
    assert_eq!(report["relu6"]["operators"].as_array().unwrap().len(), 5);
    assert!(report["manifold"]["dimension"].as_u64().unwrap() > 0);
}

/// Checks: other files have no operators to replace: exit 2 with the reason.
#[test]
fn only_for_onnx() {
    let net = example();
    let digits = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp.safetensors");
    let cases: [&[&str]; 3] = [
        &["balance", net.to_str().unwrap()],
        &["explain", net.to_str().unwrap()],
        &["balance", digits, "--arch", "relu"],
    ];
    for command in cases {
        let (code, _, complaint) = run(&[command, &["--replace-relu6"]].concat());
        assert_eq!(code, 2);
        assert!(complaint.contains("for ONNX models"), "{complaint}");
    }
}
