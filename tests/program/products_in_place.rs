//! Large models whose channels carry products of multipliers, balanced where they lie.

use serde_json::json as value;
use synaptic_balance::formats::onnx::message::{
    Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};

use super::in_place::weights;
use super::{Desk, json, run};

const INPUTS: usize = 600;
const HIDDEN: usize = 150;
const OUTPUTS: usize = 20;

/// `(x W1) * (x W2)` entry by entry, and `W3`; with columns of `W1` and rows of `W3` that are 0.
fn gated(desk: &Desk, name: &str, unfed: &[usize], unread: &[usize]) -> String {
    let mut first = weights(INPUTS * HIDDEN, 1);
    let second = weights(INPUTS * HIDDEN, 2);
    let mut third = weights(HIDDEN * OUTPUTS, 3);
    for unit in unfed {
        (0..INPUTS).for_each(|row| first[row * HIDDEN + unit] = 0.0);
    }
    for unit in unread {
        third[unit * OUTPUTS..][..OUTPUTS].fill(0.0);
    }
    let tensor = |name: &str, dims: [usize; 2], values: &[f32]| Tensor {
        dims: dims.map(|dim| dim as i64).to_vec(),
        data_type: Some(1),
        name: Some(name.into()),
        raw_data: Some(
            values
                .iter()
                .flat_map(|w| w.to_le_bytes())
                .collect::<Vec<u8>>()
                .into(),
        ),
        ..Tensor::default()
    };
    let node = |operator: &str, input: [&str; 2], output: &str| Node {
        input: input.map(str::to_owned).to_vec(),
        output: vec![output.into()],
        op_type: Some(operator.into()),
        ..Node::default()
    };
    let info = |name: &str, width: usize| {
        let dim = |length: usize| Dimension {
            dim_value: Some(length as i64),
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
    let graph = Graph {
        node: vec![
            node("MatMul", ["x", "w1"], "h"),
            node("MatMul", ["x", "w2"], "k"),
            node("Mul", ["h", "k"], "p"),
            node("MatMul", ["p", "w3"], "y"),
        ],
        initializer: vec![
            tensor("w1", [INPUTS, HIDDEN], &first),
            tensor("w2", [INPUTS, HIDDEN], &second),
            tensor("w3", [HIDDEN, OUTPUTS], &third),
        ],
        input: vec![info("x", INPUTS)],
        output: vec![info("y", OUTPUTS)],
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
    let path = desk.write(name, prost::Message::encode_to_vec(&model));
    path.to_str().unwrap().to_owned()
}

/// Checks: a large model with products is balanced and its weights are enclosed; a bound on the multipliers is refused with a word.
#[test]
fn products_are_balanced() {
    let desk = Desk::new();
    let model = gated(&desk, "gated.onnx", &[], &[]);
    let (code, found) = json(&["balance", &model]);
    assert_eq!((code, &found["attained"]), (0, &value!(true)), "{found}");
    assert!(found["weights_within"].as_f64() < Some(1e-12));
    assert!(found["cross_check"]["max_relative_difference"].as_f64() < Some(1e-9));
    let (code, _, fault) = run(&["balance", &model, "--max-scaling", "4"]);
    assert_eq!(code, 2);
    assert!(fault.contains("without --max-scaling"), "{fault}");
}

/// Checks: where factors of a product can run away, some only after others, it is proved that the minimum is not attained, with all weights that vanish; nothing is
/// written.
#[test]
fn factors_run_away() {
    let desk = Desk::new();
    let model = gated(&desk, "open.onnx", &[7], &[5]);
    let after = desk.path("after.onnx");
    let after = after.to_str().unwrap();
    let (code, found) = json(&["balance", &model, "-o", after]);
    assert_eq!((code, &found["status"]), (3, &value!("not_attained")));
    assert_eq!(found["dead"]["unfed"], value!(["h[7]"]));
    let mut unread: Vec<&str> = Vec::new();
    let all = found["dead"]["unread"].as_array().unwrap();
    unread.extend(all.iter().map(|name| name.as_str().unwrap()));
    unread.sort_unstable();
    assert_eq!(unread, ["h[5]", "k[5]", "k[7]"]);
    assert_eq!(found["vanished_count"], 3 * INPUTS + OUTPUTS);
    let (code, text, _) = run(&["balance", &model, "--limit", "-o", after]);
    assert_eq!(code, 3);
    assert!(
        text.contains("proved    the minimum of l2 is not attained"),
        "{text}"
    );
    assert!(text.contains("the limit is not computed"), "{text}");
    assert!(!std::path::Path::new(after).exists());
}
