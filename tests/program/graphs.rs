//! `check` on models that other tools have saved again, or in another format.

use prost::Message;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::collections::HashMap;
use synaptic_balance::formats::onnx::message::{
    Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};

use super::{Desk, json, run};

fn case(name: &str) -> String {
    format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Checks: a node renamed, a `value_info` more, initializers in another order: the same function; a model against its
/// balanced version saved in another order too.
#[test]
fn saved_again() {
    let pairs = [
        ("k", "k-nn"),
        ("k", "k-vi"),
        ("k", "k-ord"),
        ("k-ord", "k"),
        ("base", "base.out"),
        ("base", "reord"),
        ("base.out", "reord"),
    ];
    for (before, after) in pairs {
        let (before, after) = (
            case(&format!("{before}.onnx")),
            case(&format!("{after}.onnx")),
        );
        let (code, report) = json(&["check", &before, &after]);
        assert_eq!(
            report["same_function"], true,
            "{before} {after}: {report:#}"
        );
        assert!(code == 0 || report["balanced"] == false, "{code}");
    }
}

/// Checks: another architecture is no error and no proof: undecided, exit code 3, and what differs comes first, in text
/// and JSON.
#[test]
fn another_architecture() {
    let (before, after) = (case("base.onnx"), case("k.onnx"));
    let (code, report) = json(&["check", &before, &after]);
    assert_eq!((code, &report["same_function"]), (3, &"undecided".into()));
    assert_eq!(report["known_scaling"], false);
    assert!(report["witness"]["place"].is_string() && report["differences"].is_array());
    let (code, text, _) = run(&["check", &before, &after]);
    assert_eq!(code, 3);
    assert!(text.starts_with("same function      undecided"), "{text}");
}

/// Checks: rescalings of a transformer's block by another tool, by powers of two: those that are right are exact
/// scalings; one that forgot a query head of a shared value head is none, and the tensor and its entries are named.
#[test]
fn folded_by_another_tool() {
    let before = case("blocks/llama_rms_swiglu_rope_gqa.onnx");
    for right in ["folds_updown_ok", "folds_vo_gqa_ok"] {
        let (_, report) = json(&["check", &before, &case(&format!("{right}.onnx"))]);
        assert_eq!(report["same_function"], true, "{right}");
        assert_eq!(report["exact_scaling"], true, "{right}");
    }
    let (code, report) = json(&["check", &before, &case("folds_vo_gqa_wrong.onnx")]);
    assert_eq!((code, &report["same_function"]), (3, &"undecided".into()));
    assert_eq!(report["known_scaling"], false);
    let first = &report["witness"]["synapses"][0];
    assert_eq!(first["tensor"], "attn.o_proj.weight");
    assert_eq!(
        first["index"], 24,
        "the first weight of the head that was forgotten"
    );
}

/// `x -> 3 relu -> y`, scaled by some powers of two, in each format.
struct Formats {
    json: String,
    safetensors: String,
    onnx: String,
}

fn formats(desk: &Desk, name: &str, factors: [f32; 3], wrong: f32) -> Formats {
    let (w1, b1, w2) = (
        [0.5f32, -2.0, 1.5, 0.25, 3.0, -0.75],
        [1.0f32, -0.5, 0.25],
        [2.0f32, -1.0, 4.0],
    );
    let w1: Vec<f32> = (0..6).map(|at| w1[at] * factors[at / 2]).collect();
    let b1: Vec<f32> = (0..3).map(|at| b1[at] * factors[at]).collect();
    let mut w2: Vec<f32> = (0..3).map(|at| w2[at] / factors[at]).collect();
    w2[2] += wrong;
    let mut synapses = Vec::new();
    for unit in 0..3 {
        // The hidden units are called otherwise, and one that reads nothing from `u` does not say so.
        for (place, input) in ["u", "v"].iter().enumerate() {
            let weight = f64::from(w1[2 * unit + place]);
            synapses.push(
                serde_json::json!({"from": input, "to": format!("n{unit}"), "weight": weight}),
            );
        }
        let bias = f64::from(b1[unit]);
        synapses.push(serde_json::json!({"from": "b", "to": format!("n{unit}"), "weight": bias}));
        let weight = f64::from(w2[unit]);
        synapses
            .push(serde_json::json!({"from": format!("n{unit}"), "to": "out", "weight": weight}));
    }
    let hidden = (0..3).map(|unit| serde_json::json!({"id": format!("n{unit}"), "kind": "hidden", "activation": "relu"}));
    let mut units: Vec<serde_json::Value> = vec![
        serde_json::json!({"id": "b", "kind": "bias"}),
        serde_json::json!({"id": "u", "kind": "input"}),
        serde_json::json!({"id": "v", "kind": "input"}),
    ];
    units.extend(hidden);
    units.push(serde_json::json!({"id": "out", "kind": "output", "activation": "linear"}));
    let document = serde_json::json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses});
    let path = |name: std::path::PathBuf| name.to_str().unwrap().to_owned();
    let bytes = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let data = [bytes(&w1), bytes(&b1), bytes(&w2)];
    let view = |name: &str, shape: &[usize], at: usize| {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), &data[at]);
        (name.to_owned(), view.unwrap())
    };
    let views = [
        view("l1.weight", &[3, 2], 0),
        view("l1.bias", &[3], 1),
        view("l2.weight", &[1, 3], 2),
    ];
    let tensors = serialize(views, None::<HashMap<String, String>>).unwrap();
    Formats {
        json: path(desk.write(&format!("{name}.json"), document.to_string())),
        safetensors: path(desk.write(&format!("{name}.safetensors"), tensors)),
        onnx: path(desk.write(&format!("{name}.onnx"), onnx(&data, [2, 3, 1]))),
    }
}

/// A Gemm with bias, Relu and MatMul, weights of the first layer by its outputs.
pub fn onnx(data: &[Vec<u8>; 3], [inputs, hidden, outputs]: [i64; 3]) -> Vec<u8> {
    let tensor = |name: &str, dims: &[i64], at: usize| Tensor {
        dims: dims.to_vec(),
        data_type: Some(1),
        name: Some(name.into()),
        raw_data: Some(data[at].clone().into()),
        ..Tensor::default()
    };
    let node = |operator: &str, input: &[&str], output: &str| Node {
        input: input.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        op_type: Some(operator.into()),
        ..Node::default()
    };
    let info = |name: &str, width: i64| {
        let dim = |length| Dimension {
            dim_value: Some(length),
            dim_param: None,
        };
        let shape = Shape {
            dim: vec![dim(1), dim(width)],
        };
        ValueInfo {
            name: Some(name.into()),
            r#type: Some(Type {
                tensor_type: Some(TensorType {
                    elem_type: Some(1),
                    shape: Some(shape),
                }),
            }),
        }
    };
    let mut transposed = node("Gemm", &["x", "w1", "b1"], "h");
    transposed
        .attribute
        .push(synaptic_balance::formats::onnx::message::Attribute {
            name: Some("transB".into()),
            i: Some(1),
            ..Default::default()
        });
    let graph = Graph {
        node: vec![
            transposed,
            node("Relu", &["h"], "r"),
            node("MatMul", &["r", "w2"], "y"),
        ],
        initializer: vec![
            tensor("w1", &[hidden, inputs], 0),
            tensor("b1", &[hidden], 1),
            tensor("w2", &[hidden, outputs], 2),
        ],
        input: vec![info("x", inputs)],
        output: vec![info("y", outputs)],
        ..Graph::default()
    };
    let model = Model {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSet {
            domain: None,
            version: Some(13),
        }],
        ..Model::default()
    };
    model.encode_to_vec()
}

/// Checks: one perceptron in three formats is judged in each against each, scaled or not; a weight that is wrong is
/// never called the same.
#[test]
fn across_formats() {
    let desk = Desk::new();
    let plain = formats(&desk, "plain", [1.0; 3], 0.0);
    let scaled = formats(&desk, "scaled", [2.0, 0.25, 8.0], 0.0);
    let wrong = formats(&desk, "wrong", [2.0, 0.25, 8.0], 1.0);
    let each = |formats: &Formats| {
        [
            formats.json.clone(),
            formats.safetensors.clone(),
            formats.onnx.clone(),
        ]
    };
    for before in each(&plain) {
        for (after, is_same) in each(&scaled)
            .into_iter()
            .map(|after| (after, true))
            .chain(each(&wrong).map(|after| (after, false)))
        {
            let mut arguments = vec!["check", &before, &after];
            if before.ends_with("safetensors") || after.ends_with("safetensors") {
                arguments.extend(["--arch", "relu"]);
            }
            let (code, report) = json(&arguments);
            assert_eq!(
                report["same_function"] == true,
                is_same,
                "{before} {after}: {report:#}"
            );
            assert!(
                code == 1 || code == 3,
                "unbalanced, or not the same: {code}"
            );
        }
    }
    // Other numbers of units are no error.
    let chain = super::example();
    let (code, report) = json(&["check", &plain.onnx, chain.to_str().unwrap()]);
    assert_eq!(
        (code, &report["same_function"]),
        (3, &"undecided".into()),
        "{report:#}"
    );
}

/// Checks: `--learned` and `--constant` are taken by every command that reads a model, unknown names and other formats
/// are refused, and `explain` says what is a constant and why.
#[test]
fn roles() {
    let model = case("blocks/relu6_minmax2.onnx");
    let (code, report) = json(&["explain", &model]);
    assert_eq!((code, &report["manifold"]["dimension"]), (0, &0.into()));
    let reasons = report["constants"].as_array().unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().any(|kept| kept["tensor"] == "six" && kept["reason"].as_str().unwrap().contains("Min")));
    let (_, text, _) = run(&["explain", &model, "--full"]);
    assert!(text.contains("`six`: an operand of Min"), "{text}");
    let base = case("base.onnx");
    let dimension = |arguments: &[&str]| {
        json(&[&["explain", &base], arguments].concat()).1["manifold"]["dimension"].clone()
    };
    assert_eq!(
        (dimension(&[]), dimension(&["--constant", "b1"])),
        (6.into(), 0.into())
    );
    for command in [
        &["explain", &base][..],
        &["balance", &base],
        &["check", &base, &base],
        &["verify", &base, &base],
    ] {
        let (code, _, complaint) = run(&[command, &["--constant", "none"]].concat());
        assert_eq!(code, 2);
        assert!(
            complaint.contains("no constant tensor has the name `none`"),
            "{complaint}"
        );
    }
    let chain = super::example();
    let (code, _, complaint) = run(&["balance", chain.to_str().unwrap(), "--learned", "a"]);
    assert_eq!(code, 2);
    assert!(complaint.contains("for ONNX models"), "{complaint}");
    // With the bias fixed, a result that scales it is no scaling.
    let (code, report) = json(&["check", &base, &case("base.out.onnx"), "--constant", "b1"]);
    assert!(code != 0 && report["same_function"] != true, "{report:#}");
}
