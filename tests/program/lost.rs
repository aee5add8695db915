//! Weights that their number type cannot hold are written as rounding gives them, and named.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use synaptic_balance::formats::OnnxFile;

use super::{Desk, chain, json, run};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(name)
}

/// Tensor, index, and the value written, of each weight lost.
fn lost(report: &Value) -> Vec<(String, u64, f64)> {
    let entries = report["lost"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            let tensor = entry["tensor"].as_str().unwrap().to_owned();
            (
                tensor,
                entry["index"].as_u64().unwrap(),
                entry["written"].as_f64().unwrap(),
            )
        })
        .collect()
}

/// Checks: ONNX weights that become 0, or subnormal, are written and named with their values; the text says so.
#[test]
fn weights_of_onnx_models() {
    let desk = Desk::new();
    let out = desk.path("out.onnx");
    let normal = case("uf_normal.onnx");
    let (code, report) = json(&["balance", text(&normal), "-o", text(&out)]);
    assert_eq!(code, 0);
    assert_eq!(lost(&report), [("w1".to_owned(), 8, 0.0)]);
    let exact = report["lost"][0]["exact"].as_f64().unwrap();
    assert!(
        (exact / 5.814332793118506e-47 - 1.0).abs() < 1e-9,
        "{exact}"
    );
    assert_eq!(report["lost_count"], 1);
    let (_, stdout, _) = run(&["balance", text(&normal), "-o", text(&out)]);
    assert!(
        stdout.contains("w1[8] is 0e0 instead of 5.81433e-47"),
        "{stdout}"
    );
    let below = case("sub2.onnx");
    let (code, report) = json(&["balance", text(&below), "-o", text(&out)]);
    assert_eq!(code, 0);
    let least = f64::from(f32::from_bits(1));
    assert_eq!(
        lost(&report),
        [("w1".to_owned(), 8, 0.0), ("w1".to_owned(), 9, least)]
    );
    // Nothing is written, and nothing lost.
    let (_, report) = json(&["balance", text(&below)]);
    assert!(report["lost"].as_array().is_some());
    // Powers of two promise more than was kept.
    let (code, report) = json(&["balance", text(&below), "-o", text(&out), "--power-of-two"]);
    assert_eq!(code, if lost(&report).is_empty() { 0 } else { 3 });
}

/// Checks: where the function is said to stay bit for bit, weights given exactly stay exact, and other ones are numbers
/// as before.
#[test]
fn powers_of_two_round_no_weight_of_a_document() {
    let desk = Desk::new();
    let before = desk.write("before.json", chain(&["1/3", "1000"]));
    let after = desk.path("after.json");
    let words = [
        "balance",
        text(&before),
        "-o",
        text(&after),
        "--power-of-two",
    ];
    let (code, report) = json(&words);
    assert_eq!((code, &report["function"]), (0, &"bit_for_bit".into()));
    let written: Value = serde_json::from_slice(&std::fs::read(&after).unwrap()).unwrap();
    let weights: Vec<&Value> = (0..2)
        .map(|at| &written["synapses"][at]["weight"])
        .collect();
    assert_eq!(weights, [&Value::from("64/3"), &Value::from(15.625)]);
    let (_, report) = json(&["check", text(&before), text(&after)]);
    assert_eq!(report["scaling"], "exact", "{report}");
    // A root of two is no number of a document.
    let mut network: Value = serde_json::from_str(&chain(&["3", "1000"])).unwrap();
    network["units"][1]["activation"] =
        serde_json::json!({"bipu": {"c": "1/2", "C": "1", "D": "1"}});
    std::fs::write(&before, network.to_string()).unwrap();
    let (code, report) = json(&words);
    assert_eq!((code, &report["function"]), (0, &"to_rounding".into()));
}

/// Checks: a model written as it is made loses what one written at once does; what vanishes in any case is not lost.
#[test]
fn both_ways_to_write_onnx_models_agree() {
    let bytes = std::fs::read(case("sub2.onnx")).unwrap();
    let model = OnnxFile::read(bytes, None).unwrap();
    let units = model.network().units();
    for exponent in [-3, -10, 0, 4] {
        let mut multipliers = vec![2f64.powi(exponent); units];
        multipliers[..2].fill(1.0);
        let at_once = model.scaled(&multipliers, &[], false, "out").unwrap();
        let mut made = Vec::new();
        let lost = model.write(0, &multipliers, "out", &mut made).unwrap();
        assert_eq!((&made, &lost), (&at_once.model, &at_once.lost));
        assert_eq!(lost.count > 0, exponent < 0, "{exponent}: {lost:?}");
        for loss in &lost.first {
            let network = 0..model.network().synapses();
            let mut own =
                network.filter(|synapse| model.place(*synapse) == (&*loss.tensor, loss.index));
            let vanished = [own.next().unwrap()];
            let written = model.scaled(&multipliers, &vanished, false, "out").unwrap();
            assert_eq!(written.lost.count, lost.count - 1);
        }
    }
}

/// A perceptron `x -> a -> y` with one weight of two that scaling loses: `a` goes down by `10^-20`, its second input is
/// `small`.
fn perceptron<const SIZE: usize>(
    dtype: Dtype,
    large: f64,
    small: f64,
    encode: impl Fn(f64) -> [u8; SIZE],
) -> Vec<u8> {
    let bytes =
        |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|value| encode(*value)).collect() };
    let (first, second) = (bytes(&[large, -small]), bytes(&[1.0 / large]));
    let tensors = [
        (
            "l1.weight",
            TensorView::new(dtype, vec![1, 2], &first).unwrap(),
        ),
        (
            "l2.weight",
            TensorView::new(dtype, vec![1, 1], &second).unwrap(),
        ),
    ];
    serialize(tensors, None).unwrap()
}

/// Checks: perceptrons in safetensors, read or mapped, 32 or 64 bits.
#[test]
fn weights_of_perceptrons() {
    let desk = Desk::new();
    let single = perceptron(Dtype::F32, 1e20, 1e-30, |value| {
        (value as f32).to_le_bytes()
    });
    let double = perceptron(Dtype::F64, 1e30, 1e-300, f64::to_le_bytes);
    let below = perceptron(Dtype::F32, 1e5, 1e-37, |value| (value as f32).to_le_bytes());
    for (name, model, expected) in [
        ("single", single, Some(0.0)),
        ("double", double, Some(0.0)),
        ("below", below, None),
    ] {
        let path = desk.write("model.safetensors", &model);
        let index = format!(
            "{{\"weight_map\": {}}}",
            r#"{"l1.weight": "model.safetensors", "l2.weight": "model.safetensors"}"#
        );
        let index = desk.write("index.json", index);
        let (out, folder) = (desk.path("out.safetensors"), desk.path("folder"));
        let _ = std::fs::create_dir(&folder);
        let arguments = ["balance", text(&path), "--arch", "relu", "-o", text(&out)];
        let (code, report) = json(&arguments);
        assert_eq!(code, 0, "{name}: {report:#}");
        let (code, mapped) = json(&[
            "balance",
            text(&index),
            "--arch",
            "relu",
            "-o",
            text(&folder),
        ]);
        assert_eq!(code, 0, "{name}: {mapped:#}");
        for (report, path) in [(&report, out), (&mapped, folder.join("model.safetensors"))] {
            let found = lost(report);
            let [(tensor, 1, written)] = found.as_slice() else {
                panic!("{name}: {found:?}");
            };
            assert_eq!(tensor, "l1.weight");
            let bytes = std::fs::read(path).unwrap();
            let tensors = SafeTensors::deserialize(&bytes).unwrap();
            let data = tensors.tensor("l1.weight").unwrap().data().to_vec();
            let stored = match data.len() {
                8 => f64::from(f32::from_le_bytes(data[4..].try_into().unwrap())),
                _ => f64::from_le_bytes(data[8..].try_into().unwrap()),
            };
            assert_eq!((stored, stored.is_sign_negative()), (*written, true));
            match expected {
                Some(expected) => assert_eq!(stored, expected),
                None => assert!(stored.abs() > 0.0 && stored.abs() < f64::from(f32::MIN_POSITIVE)),
            }
            let exact = &report["lost"][0]["exact"];
            let exact = exact
                .as_f64()
                .or_else(|| exact.as_str()?.parse().ok())
                .unwrap();
            assert!(exact <= 0.0, "{name}: {exact}");
        }
    }
}

/// Checks: a weight that becomes infinite is an error that names it, and nothing is written.
#[test]
fn overflow_is_refused() {
    let desk = Desk::new();
    let bytes = |count| -> Vec<u8> { (0..count).flat_map(|_| 3e38f32.to_le_bytes()).collect() };
    let (one, many) = (bytes(1), bytes(100));
    let tensors = [
        (
            "l1.weight",
            TensorView::new(Dtype::F32, vec![1, 1], &one).unwrap(),
        ),
        (
            "l2.weight",
            TensorView::new(Dtype::F32, vec![100, 1], &many).unwrap(),
        ),
    ];
    let path = desk.write("model.safetensors", serialize(tensors, None).unwrap());
    let index =
        r#"{"weight_map": {"l1.weight": "model.safetensors", "l2.weight": "model.safetensors"}}"#;
    let index = desk.write("index.json", index);
    let folder = desk.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let out = folder.join("model.safetensors");
    for (model, out) in [(&path, &out), (&index, &folder)] {
        let (code, _, stderr) = run(&["balance", text(model), "--arch", "relu", "-o", text(out)]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("l1.weight"), "{stderr}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}

/// Checks: network JSON loses nothing: weights beyond every float are written out.
#[test]
fn network_json_loses_nothing() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1e-500", "1e-300"]));
    let out = desk.path("out.json");
    let (code, report) = json(&["balance", text(&net), "-o", text(&out)]);
    assert_eq!(
        (code, report["lost_count"].as_u64()),
        (0, Some(0)),
        "{report:#}"
    );
    let (code, judged) = json(&["check", text(&net), text(&out)]);
    assert_eq!(
        (code, judged["balanced"].as_bool()),
        (0, Some(true)),
        "{judged:#}"
    );
}

/// Checks: names that stand twice, or in two files, are refused, and layers without units.
#[test]
fn nothing_stands_twice() {
    let twice = case("shards-duplicate-tensor/m.index.json");
    let (code, _, stderr) = run(&["balance", text(&twice), "--arch", "relu"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("`a.st`") && stderr.contains("`b.st`"),
        "{stderr}"
    );
    let none = case("shards-zero-columns/m.index.json");
    let (code, _, stderr) = run(&["balance", text(&none), "--arch", "relu"]);
    assert!(code == 2 && stderr.contains("l1.weight"), "{stderr}");
    let desk = Desk::new();
    let header = r#"{"l.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"l.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}"#;
    let file = [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &1f32.to_le_bytes(),
    ]
    .concat();
    let model = desk.write("m.st", file);
    let index = desk.write("index.json", r#"{"weight_map": {"l.weight": "m.st"}}"#);
    for path in [&model, &index] {
        let (code, _, stderr) = run(&["balance", text(path), "--arch", "relu"]);
        assert!(
            code == 2 && stderr.contains("`l.weight` occurs twice"),
            "{stderr}"
        );
    }
    let cases = [
        (
            r#"{"weight_map": {"l.weight": "m.st", "l.weight": "n.st"}}"#,
            "`l.weight` occurs twice",
        ),
        (
            r#"{"weight_map": {}, "weight_map": {"l.weight": "m.st"}}"#,
            "`weight_map` occurs twice",
        ),
        (
            r#"{"weight_map": {"l.weight": "./m.st"}}"#,
            "is not a file beside it",
        ),
        (
            r#"{"weight_map": {"l.weight": "m.st/"}}"#,
            "is not a file beside it",
        ),
        (r#"{"weight_map": {"l.weight": 3}}"#, "invalid type"),
    ];
    for (text_of, words) in cases {
        let index = desk.write("index.json", text_of);
        let (code, _, stderr) = run(&["balance", text(&index), "--arch", "relu"]);
        assert!(code == 2 && stderr.contains(words), "{text_of}: {stderr}");
    }
    // Two entries of one key for the data of a tensor.
    let (model, _) = super::outputs::model_in_two_files(&desk);
    let bytes = std::fs::read(&model).unwrap();
    let at = bytes.windows(6).position(|word| word == b"length").unwrap();
    let changed = [&bytes[..at], b"offset", &bytes[at + 6..]].concat();
    let changed = desk.write("twice.onnx", changed);
    let (code, _, stderr) = run(&["explain", text(&changed)]);
    assert!(
        code == 2 && stderr.contains("two entries `offset`"),
        "{stderr}"
    );
}
