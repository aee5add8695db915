//! Certificates that the program writes of perceptrons, before `examples/check_certificate.py`.

use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::Value;
use std::io::{Seek, Write};
use std::path::Path;

use super::{Desk, is_tried, one_in, run};

/// Exit code and sentence of the independent checker; `None` where there is no Python and none is demanded.
pub(super) fn second_opinion(model: &str, certificate: &str) -> Option<(i32, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/check_certificate.py");
    let mut python = crate::python::python();
    python.arg(script).args([model, certificate]);
    if model.ends_with(".safetensors") {
        python.args(["--arch", "relu"]);
    }
    match python.output() {
        Ok(output) => Some((
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )),
        Err(fault) => {
            let demanded = std::env::var_os("SYNBAL_REQUIRE_PYTHON").is_some();
            assert!(!demanded, "python3: {fault}");
            None
        }
    }
}

/// Its sentences on requests, one a line.
pub(super) fn second_opinions(requests: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/check_certificate.py");
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(requests.as_bytes()).unwrap();
    input.rewind().unwrap();
    let mut python = crate::python::python();
    match python.arg(script).arg("--batch").stdin(input).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(fault) => {
            let demanded = std::env::var_os("SYNBAL_REQUIRE_PYTHON").is_some();
            assert!(!demanded, "python3: {fault}");
            None
        }
    }
}

/// Layers of sizes 3, 4, 3, 2 with biases, weights small multiples of 1/8, so that every number type holds them.
pub(super) fn perceptron(kind: Dtype, encode: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let mut next = 0;
    let mut numbers = |count: usize| -> Vec<u8> {
        let values = (0..count).map(|_| {
            next = (next * 5 + 3) % 31;
            (next - 15) as f32 / 8.0
        });
        values.flat_map(&encode).collect()
    };
    let sizes = [3, 4, 3, 2];
    let mut tensors = Vec::new();
    for (layer, pair) in sizes.windows(2).enumerate() {
        tensors.push((
            format!("layers.{layer}.weight"),
            vec![pair[1], pair[0]],
            numbers(pair[0] * pair[1]),
        ));
        tensors.push((
            format!("layers.{layer}.bias"),
            vec![pair[1]],
            numbers(pair[1]),
        ));
    }
    let views = tensors.iter().map(|(name, shape, data)| {
        (
            name,
            TensorView::new(kind, shape.clone(), data.as_slice()).unwrap(),
        )
    });
    serialize(views, None).unwrap()
}

/// Checks: Section 10 of the theory: the certificate of a perceptron is a proof for both judges, of the same weights in
/// f64, f16 and bf16 too; after any change of a number of it, or of one weight, the second judge refuses it.
#[test]
fn certificates_of_perceptrons_convince_twice() {
    let desk = Desk::new();
    let half = |value: f32| {
        let bits = value.to_bits();
        let exponent = ((bits >> 23) & 255) as u16;
        let fraction = (bits >> 13) as u16 & 0x3ff;
        let magnitude = if value == 0.0 {
            0
        } else {
            (exponent - 112) << 10 | fraction
        };
        ((bits >> 16) as u16 & 0x8000 | magnitude)
            .to_le_bytes()
            .to_vec()
    };
    let single = perceptron(Dtype::F32, |value| value.to_le_bytes().to_vec());
    let files = [
        ("f32", single.clone()),
        (
            "f64",
            perceptron(Dtype::F64, |value| f64::from(value).to_le_bytes().to_vec()),
        ),
        ("f16", perceptron(Dtype::F16, half)),
        (
            "bf16",
            perceptron(Dtype::BF16, |value| value.to_le_bytes()[2..].to_vec()),
        ),
    ];
    let paths = files.map(|(name, bytes)| {
        let path = desk.write(&format!("{name}.safetensors"), bytes);
        path.to_str().unwrap().to_owned()
    });
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    let (code, _, errors) = run(&[
        "balance",
        &paths[0],
        "--arch",
        "relu",
        "--certificate",
        certificate,
    ]);
    assert_eq!(code, 0, "{errors}");
    for path in &paths[..2] {
        assert_eq!(run(&["verify", path, certificate, "--arch", "relu"]).0, 0);
    }
    for path in one_in(2, &paths) {
        let Some((code, sentence)) = second_opinion(path, certificate) else {
            return;
        };
        assert_eq!(code, 0, "{path}: {sentence}");
        assert!(sentence.contains("a minimum exists"), "{sentence}");
    }
    let text = std::fs::read_to_string(certificate).unwrap();
    let good: Value = serde_json::from_str(&text).unwrap();
    let unit = good["point"].as_object().unwrap().keys().next().unwrap();
    let term = good["exceptions"].as_object().unwrap().keys().next();
    let term = term.unwrap();
    let changes: [&dyn Fn(&mut Value); 5] = [
        &|bad| bad["point"][unit][1] = (bad["point"][unit][1].as_i64().unwrap() + 1).into(),
        &|bad| bad["grid"] = (bad["grid"].as_i64().unwrap() - 1).into(),
        &|bad| bad["F"] = (bad["F"].as_i64().unwrap() - 1).into(),
        &|bad| drop(bad["exceptions"].as_object_mut().unwrap().remove(term)),
        &|bad| bad["exceptions"][term] = format!("{}1", term.len()).into(),
    ];
    for (number, change) in one_in(2, changes.iter().enumerate()) {
        let mut bad = good.clone();
        change(&mut bad);
        let path = desk.write(&format!("bad{number}.json"), bad.to_string());
        let (code, sentence) = second_opinion(&paths[0], path.to_str().unwrap()).unwrap();
        assert_eq!(code, 1, "change {number}: {sentence}");
    }
    let mut changed = single;
    let last = changed.len() - 3 * 4;
    // The file ends with weights of the last layer.
    changed[last] ^= 1;
    let path = desk.write("changed.safetensors", changed);
    let (code, sentence) = second_opinion(path.to_str().unwrap(), certificate).unwrap();
    assert_eq!(code, 1, "a weight changed: {sentence}");
}

/// Checks: the trained model of the repository: all its weights that are not 0 are enclosed, for the second judge too;
/// where tests sample, for the program alone.
#[test]
fn the_certificate_of_a_trained_model_convinces_twice() {
    let desk = Desk::new();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits-mlp.safetensors");
    let model = model.to_str().unwrap();
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    let arguments = [
        "balance",
        model,
        "--arch",
        "relu",
        "--certificate",
        certificate,
    ];
    assert_eq!(run(&arguments).0, 0);
    if !crate::in_full() {
        let (code, text, _) = run(&["verify", model, certificate, "--arch", "relu"]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("every weight is within"), "{text}");
        return;
    }
    if let Some((code, sentence)) = second_opinion(model, certificate) {
        assert_eq!(code, 0, "{sentence}");
        assert!(sentence.contains("12050 of 12050"), "{sentence}");
    }
}

/// Checks: Section 9 of the theory: a network with a product, which comparison does not cover: its certificate
/// convinces twice, under four regularizers, and not of another weight.
#[test]
fn the_certificate_of_a_product_convinces_twice() {
    let desk = Desk::new();
    let network = |weight: &str| {
        serde_json::json!({"format": "synaptic-balance/network", "version": 1,
            "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"},
                      {"id": "b", "kind": "hidden", "activation": "linear"}, {"id": "p", "kind": "product", "of": ["a", "b", "a"]},
                      {"id": "y", "kind": "output"}],
            "synapses": [{"from": "x", "to": "a", "weight": "3"}, {"from": "x", "to": "b", "weight": "1/7"},
                         {"from": "p", "to": "y", "weight": weight}, {"from": "a", "to": "y", "weight": "2"}]})
        .to_string()
    };
    let path = |name: &str, weight: &str| {
        let path = desk.write(name, network(weight));
        path.to_str().unwrap().to_owned()
    };
    let (model, other) = (path("model.json", "-5"), path("other.json", "6"));
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    for regularizer in one_in(3, ["l2", "l1", "lp:1/2", "mix:1*2+1/3*1"]) {
        let arguments = [
            "balance",
            &model,
            "--regularizer",
            regularizer,
            "--certificate",
            certificate,
        ];
        assert_eq!(run(&arguments).0, 0, "{regularizer}");
        for (path, expected) in [(&model, 0), (&other, 1)] {
            let Some((code, sentence)) = second_opinion(path, certificate) else {
                return;
            };
            assert_eq!(code, expected, "{regularizer}, {path}: {sentence}");
            assert_eq!(run(&["verify", path, certificate]).0, expected);
        }
    }
}

/// Checks: whatever way a model of tensors is balanced, its certificate is about these tensors: it is verified from the
/// model alone, and, of perceptrons that are not tied, by the independent checker. Where tests sample, every third
/// way.
#[test]
fn certificates_of_every_option_are_verified() {
    let desk = Desk::new();
    let single = perceptron(Dtype::F32, |value| value.to_le_bytes().to_vec());
    let perceptron = desk.write("model.safetensors", single);
    let block = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/blocks/se_block.onnx");
    let options: [&[&str]; 8] = [
        &[],
        &["--regularizer", "mix:1*1+1/2*3"],
        &["--regularizer", "lp:3"],
        &["--tied", "layer"],
        &["--max-scaling", "11/10"],
        &["--method", "stochastic"],
        &["--power-of-two"],
        &["--certify=20"],
    ];
    let certificate = desk.path("certificate.json");
    for (model, architecture) in [(&perceptron, &["--arch", "relu"][..]), (&block, &[])] {
        let model = model.to_str().unwrap();
        let is_onnx = usize::from(architecture.is_empty());
        for (place, options) in options.into_iter().enumerate() {
            if !is_tried(3, place, is_onnx) {
                continue;
            }
            let _ = std::fs::remove_file(&certificate);
            let name = certificate.to_str().unwrap();
            let mut words = vec!["balance", model, "--certificate", name];
            words.extend(architecture.iter().chain(options));
            let (code, _, errors) = run(&words);
            assert_eq!(code, 0, "{words:?} {errors}");
            let mut words = vec!["verify", model, name];
            words.extend(architecture);
            let is_tied = options.contains(&"--tied");
            words.extend(options.iter().filter(|_| is_tied));
            let (code, text, errors) = run(&words);
            assert_eq!(code, 0, "{options:?} {text} {errors}");
            if let Some((code, sentence)) =
                second_opinion(model, name).filter(|_| !architecture.is_empty() && !is_tied)
            {
                assert_eq!(code, 0, "{options:?} {sentence}");
            }
        }
    }
}
