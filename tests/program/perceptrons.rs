//! Perceptrons in safetensors files, read, balanced, written back and judged.

use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Desk, json, run};

fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits-mlp.safetensors")
}

/// A file of tensors in f64 (or f32), with a note in its metadata.
fn file(desk: &Desk, name: &str, single: bool, tensors: &[(&str, &[usize], &[f64])]) -> String {
    let encode = |value: &f64| match single {
        true => (*value as f32).to_le_bytes().to_vec(),
        false => value.to_le_bytes().to_vec(),
    };
    let kind = if single { Dtype::F32 } else { Dtype::F64 };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(encode).collect())
        .collect();
    let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
        (*name, TensorView::new(kind, shape.to_vec(), data).unwrap())
    });
    let note = HashMap::from([("note".to_owned(), "kept".to_owned())]);
    let bytes = serialize(views, Some(note)).unwrap();
    desk.write(name, bytes).to_str().unwrap().to_owned()
}

/// Checks: a trained model is balanced and written back in its own format; only weights change; the oracle finds the
/// result a scaling within the rounding of f32, balanced, and says how far it is from the optimum.
#[test]
fn a_trained_model_is_balanced_and_judged() {
    let desk = Desk::new();
    let before = digits();
    let before = before.to_str().unwrap();
    let after = desk.path("after.safetensors");
    let after = after.to_str().unwrap();
    let (code, report) = json(&["balance", before, "--arch", "relu", "-o", after]);
    assert_eq!((code, &report["status"]), (0, &"balanced".into()));
    let of = |name: &str| report["multipliers"][name].as_array().unwrap().len();
    assert_eq!((of("layers.0.weight"), of("layers.1.weight")), (100, 50));
    let (old, new) = (
        std::fs::read(before).unwrap(),
        std::fs::read(after).unwrap(),
    );
    let header = 8 + u64::from_le_bytes(old[..8].try_into().unwrap()) as usize;
    assert_eq!(old.len(), new.len());
    assert_eq!(old[..header], new[..header]);
    assert_ne!(old, new);
    let (code, verdict) = json(&["check", before, after, "--arch", "relu"]);
    assert_eq!(code, 0, "{verdict:#}");
    assert_eq!(verdict["rounding_excused"]["type"], "f32");
    assert_eq!(verdict["within_rounding"], true);
    assert_eq!(verdict["bound"], "certified");
    assert!(verdict["distance_to_optimum"].as_f64().unwrap() < 1e-6);
}

fn small<'a>() -> Vec<(&'a str, &'a [usize], &'a [f64])> {
    vec![
        ("l2.weight", &[2, 1], &[1.0, 2.0]),
        ("l2.bias", &[2], &[0.5, -1.0]),
        ("l10.weight", &[2, 2], &[4.0, 1.0, 3.0, -2.0]),
        ("l11.weight", &[1, 2], &[0.25, 8.0]),
    ]
}

/// Checks: layers in the natural order of their names; activations from a file, one for each hidden layer, of which one
/// is not homogeneous and stays as it was; biases that the file does not hold stay away.
#[test]
fn activations_come_from_a_file() {
    let desk = Desk::new();
    let net = file(&desk, "net.safetensors", false, &small());
    let arch = r#"{"format": "synaptic-balance/architecture", "version": 1, "activations": [{"leaky_relu": "1/10"}, "tanh"]}"#;
    let arch = desk.write("arch.json", arch);
    let arch = arch.to_str().unwrap();
    let (code, report) = json(&["explain", &net, "--arch", arch]);
    assert_eq!(code, 0);
    assert_eq!(
        report["units"]["pinned"],
        serde_json::json!(["h2.0", "h2.1"])
    );
    assert_eq!(report["units"]["variables"], 2);
    let out = desk.path("out.safetensors");
    let out = out.to_str().unwrap();
    let (code, report) = json(&["balance", &net, "--arch", arch, "-o", out, "--certify"]);
    assert_eq!(code, 0);
    assert_eq!(
        report["multipliers"]["l10.weight"],
        serde_json::json!([1.0, 1.0])
    );
    let read = |path: &str| std::fs::read(path).unwrap();
    let (old, new) = (read(&net), read(out));
    let last = |bytes: &[u8]| bytes[bytes.len() - 16..].to_vec();
    let tensors = |bytes: &[u8]| -> Value {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        serde_json::from_slice(&bytes[8..8 + length]).unwrap()
    };
    assert_eq!(tensors(&old)["__metadata__"]["note"], "kept");
    assert_eq!(tensors(&old), tensors(&new));
    assert_eq!(old.len(), new.len());
    assert!(last(&old).len() == last(&new).len() && old != new);
    assert_eq!(run(&["check", &net, out, "--arch", arch]).0, 0);
}

/// Checks: what is wrong with a file, or with what is said of it, is named, with exit code 2 and nothing written.
#[test]
fn bad_perceptrons_are_refused() {
    let desk = Desk::new();
    let net = file(&desk, "net.safetensors", false, &small());
    let unchained = file(
        &desk,
        "unchained.safetensors",
        false,
        &[
            ("l1.weight", &[2, 1], &[1.0, 2.0]),
            ("l2.weight", &[1, 3], &[1.0, 1.0, 1.0]),
        ],
    );
    let nan = file(
        &desk,
        "nan.safetensors",
        false,
        &[("l1.weight", &[1, 2], &[1.0, f64::NAN])],
    );
    let mut bytes = std::fs::read(&net).unwrap();
    bytes.truncate(bytes.len() - 3);
    let truncated = desk.write("truncated.safetensors", bytes);
    let truncated = truncated.to_str().unwrap();
    let one =
        r#"{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu"]}"#;
    let one = desk.write("one.json", one);
    let one = one.to_str().unwrap();
    let chain = super::example();
    let chain = chain.to_str().unwrap();
    let cases: [(&str, Option<&str>, &str); 7] = [
        (&net, None, "--arch"),
        (&net, Some("leaky_relu"), "parameters"),
        (&net, Some(one), "1 activations"),
        (&unchained, Some("relu"), "`l2`"),
        (&nan, Some("relu"), "entry 1"),
        (truncated, Some("relu"), "truncated.safetensors"),
        (chain, Some("relu"), "--arch is for"),
    ];
    let out = desk.path("out");
    for (net, arch, named) in cases {
        let mut arguments = vec!["balance", net, "-o", out.to_str().unwrap()];
        arguments.extend(arch.iter().flat_map(|arch| ["--arch", arch]));
        let (code, stdout, stderr) = run(&arguments);
        assert!(code == 2 && stdout.is_empty(), "{net}: {code} {stdout}");
        assert!(stderr.contains(named), "{net}: {stderr}");
        assert!(!out.exists());
    }
}

/// Checks: a balanced weight that the file's number type cannot hold is written as rounding gives it, and named; a type
/// that holds it loses nothing.
#[test]
fn weights_beyond_the_number_type_are_named() {
    let desk = Desk::new();
    let tensors: [(&str, &[usize], &[f64]); 2] = [
        ("l1.weight", &[1, 2], &[1.0, 1e-38]),
        ("l2.weight", &[1, 1], &[1e-30]),
    ];
    let out = desk.path("out");
    for (single, count) in [(true, 1), (false, 0)] {
        let net = file(&desk, "net.safetensors", single, &tensors);
        let arguments = [
            "balance",
            &net,
            "--arch",
            "relu",
            "-o",
            out.to_str().unwrap(),
        ];
        let (code, report) = json(&arguments);
        assert_eq!((code, report["lost_count"].as_u64()), (0, Some(count)));
        if single {
            let lost = &report["lost"][0];
            assert_eq!(
                (lost["tensor"].as_str(), lost["index"].as_u64()),
                (Some("l1.weight"), Some(1))
            );
            assert_eq!(lost["written"].as_f64(), Some(0.0));
        }
    }
}
