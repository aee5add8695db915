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

/// Checks: a large model with products is balanced and its weights are enclosed.
#[test]
fn products_are_balanced() {
    let desk = Desk::new();
    let model = gated(&desk, "gated.onnx", &[], &[]);
    let (code, found) = json(&["balance", &model]);
    assert_eq!((code, &found["attained"]), (0, &value!(true)), "{found}");
    assert!(found["weights_within"].as_f64() < Some(1e-12));
    assert!(found["cross_check"]["max_relative_difference"].as_f64() < Some(1e-9));
}

/// The tensors of a model, in order.
fn tensors(path: &str) -> [Vec<f32>; 3] {
    let bytes = std::fs::read(path).unwrap();
    let model: Model = prost::Message::decode(bytes.as_slice()).unwrap();
    let numbers = model.graph.unwrap().initializer.into_iter().map(|tensor| {
        let raw = tensor.raw_data.unwrap();
        let numbers = raw.as_chunks::<4>().0.iter();
        numbers.map(|w| f32::from_le_bytes(*w)).collect()
    });
    numbers.collect::<Vec<_>>().try_into().unwrap()
}

/// What the model computes of an input.
fn outputs([first, second, third]: &[Vec<f32>; 3], input: &[f64]) -> Vec<f64> {
    let sum = |weights: &[f32], unit: usize| -> f64 {
        let column = weights.iter().skip(unit).step_by(HIDDEN);
        column.zip(input).map(|(w, x)| f64::from(*w) * x).sum()
    };
    let products: Vec<f64> = (0..HIDDEN)
        .map(|unit| sum(first, unit) * sum(second, unit))
        .collect();
    let output = |output: usize| {
        let column = third.iter().skip(output).step_by(OUTPUTS);
        column.zip(&products).map(|(w, p)| f64::from(*w) * p).sum()
    };
    (0..OUTPUTS).map(output).collect()
}

fn same_outputs(before: &str, after: &str) {
    let input: Vec<f64> = weights(INPUTS, 9).into_iter().map(f64::from).collect();
    let (old, new) = (
        outputs(&tensors(before), &input),
        outputs(&tensors(after), &input),
    );
    let size = old.iter().map(|y| y.abs()).fold(0.0, f64::max);
    for (old, new) in old.iter().zip(&new) {
        assert!((old - new).abs() < 1e-5 * size, "{old} {new}");
    }
}

/// The squares of the weights of both factors and of the result of each unit.
fn costs([first, second, third]: &[Vec<f32>; 3]) -> Vec<[f64; 3]> {
    let square = |w: &f32| f64::from(*w).powi(2);
    let column = |weights: &[f32], unit: usize| -> f64 {
        weights.iter().skip(unit).step_by(HIDDEN).map(square).sum()
    };
    let row = |unit: usize| third[unit * OUTPUTS..][..OUTPUTS].iter().map(square).sum();
    (0..HIDDEN)
        .map(|unit| [column(first, unit), column(second, unit), row(unit)])
        .collect()
}

/// Checks: with a bound on the multipliers the function stays, no multiplier passes the bound, and those that are not
/// at it are balanced: whether or not there is a minimum without the bound.
#[test]
fn products_within_a_bound() {
    let desk = Desk::new();
    for (name, unfed) in [("gated.onnx", &[][..]), ("open.onnx", &[7][..])] {
        let model = gated(&desk, name, unfed, &[]);
        let after = desk.path("after.onnx");
        let after = after.to_str().unwrap();
        let (code, found) = json(&["balance", &model, "--max-scaling", "7/4", "-o", after]);
        assert_eq!(
            (code, &found["status"]),
            (0, &value!("restricted")),
            "{found}"
        );
        assert!(
            found["restricted"]["residual"].as_f64() < Some(1e-10),
            "{found}"
        );
        same_outputs(&model, after);
        let (old, new) = (costs(&tensors(&model)), costs(&tensors(after)));
        let mut held = 0;
        for (unit, (old, [h, k, p])) in old.iter().zip(&new).enumerate() {
            for (before, own) in [(old[0], *h), (old[1], *k)] {
                if before == 0.0 {
                    assert!(unfed.contains(&unit));
                    continue;
                }
                let multiplier = (own / before).sqrt();
                assert!(multiplier < 1.75 * (1.0 + 1e-6) && multiplier > (1.0 - 1e-6) / 1.75);
                let (is_upper, is_lower) =
                    (multiplier > 1.75 - 1e-5, multiplier < 1.0 / 1.75 + 1e-5);
                held += usize::from(is_upper || is_lower);
                let pull = (own - p) / (own + p);
                match (is_upper, is_lower) {
                    (true, _) => assert!(pull < 1e-6, "{unit} {pull}"),
                    (_, true) => assert!(pull > -1e-6, "{unit} {pull}"),
                    _ => assert!(pull.abs() < 1e-5, "{unit} {pull}"),
                }
            }
        }
        assert!(held > 0);
        assert!(name == "open.onnx" || held < 2 * HIDDEN);
    }
}

/// Checks: where factors of a product can run away, some only after others, it is proved that the minimum is not
/// attained, with all weights that vanish, and nothing is written; in the limit exactly these are 0, the function
/// stays, and all others are balanced and enclosed.
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
    let (code, text, _) = run(&["balance", &model]);
    assert_eq!(code, 3);
    assert!(text.contains("the minimum of l2 is not attained"), "{text}");
    assert!(text.contains("--limit goes to the limit"), "{text}");
    assert!(!std::path::Path::new(after).exists());
    let (code, found) = json(&["balance", &model, "--limit", "--certify", "-o", after]);
    assert_eq!((code, &found["status"]), (0, &value!("limit")), "{found}");
    assert_eq!(found["vanished_count"], 3 * INPUTS + OUTPUTS);
    assert!(
        found["multipliers_within"].as_f64() < Some(1e-12),
        "{found}"
    );
    same_outputs(&model, after);
    for (unit, [h, k, p]) in costs(&tensors(after)).into_iter().enumerate() {
        match unit {
            5 | 7 => assert_eq!([h, k, p], [0.0; 3]),
            _ => assert!((h - p).abs().max((k - p).abs()) < 1e-5 * p, "{h} {k} {p}"),
        }
    }
}
