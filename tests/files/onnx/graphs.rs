//! Models compared as graphs: what changes nothing is no difference, and what changes something is found and named.

use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::onnx::message::{
    Attribute, Node, OperatorSet, TensorType, ValueInfo, element,
};

use super::builder::{Builder, Setting, floats, read};

/// Two layers, a table and a sum of two branches.
fn model() -> Builder {
    Builder::new(13)
        .input("x", &[2, 3])
        .weight("w1", &[3, 4])
        .positive("b1", &[4])
        .node("MatMul", "x w1", "m1", &[])
        .node("Add", "m1 b1", "h1", &[])
        .node("Relu", "h1", "r1", &[])
        .weight("w2", &[3, 4])
        .node("Gemm", "x w2", "h2", &[])
        .node("LeakyRelu", "h2", "r2", &[])
        .node("Add", "r1 r2", "s", &[])
        .floats("table", &[4], &[0.5, 2.0, 0.25, 4.0])
        .node("Mul", "s table", "t", &[])
        .weight("w3", &[4, 2])
        .node("MatMul", "t w3", "y", &[])
        .output("y", &[2, 2])
}

/// The model with its weights scaled, as a builder.
fn scaled() -> Builder {
    let mut builder = model();
    let file = read(&builder.bytes());
    let multipliers: Vec<f64> = (0..file.network().units())
        .map(|unit| if unit < 2 { 1.0 } else { 0.5 * unit as f64 })
        .collect();
    let written = file.scaled(&multipliers, &[], false, "scaled").unwrap();
    builder.model = prost::Message::decode(&*written.model).unwrap();
    builder
}

fn rename(builder: &mut Builder) {
    let new = |name: &mut String| {
        if !name.is_empty() && name != "x" && name != "y" {
            *name = format!("other/{name}");
        }
    };
    let graph = builder.graph();
    for tensor in &mut graph.initializer {
        tensor.name.iter_mut().for_each(new);
    }
    for node in &mut graph.node {
        node.name = None;
        node.input.iter_mut().chain(&mut node.output).for_each(new);
    }
}

fn add(builder: &mut Builder, at: usize, operator: &str, input: &str, output: &str) {
    let node = Node {
        input: vec![input.into()],
        output: vec![output.into()],
        op_type: Some(operator.into()),
        ..Node::default()
    };
    builder.graph().node.insert(at, node);
}

/// Weights in the order of the first model.
fn weights(file: &OnnxFile) -> Vec<String> {
    file.network()
        .weights()
        .iter()
        .map(ToString::to_string)
        .collect()
}

type Change = (&'static str, fn(&mut Builder));

/// Changes that leave the model what it is.
const SAME: &[Change] = &[
    ("names", rename),
    ("initializers", |builder| {
        builder.graph().initializer.reverse()
    }),
    ("operators", |builder| {
        builder.graph().node[0..5].rotate_left(3);
    }),
    ("summands", |builder| {
        for node in &mut builder.graph().node {
            if node.op_type.as_deref() == Some("Add") || node.op_type.as_deref() == Some("Mul") {
                node.input.reverse();
            }
        }
    }),
    ("value_info", |builder| {
        let info = ValueInfo {
            name: Some("r1".into()),
            r#type: None,
        };
        builder.graph().value_info.push(info);
    }),
    ("versions", |builder| {
        builder.model.ir_version = Some(10);
        builder.model.opset_import = vec![
            OperatorSet {
                domain: Some("unused".into()),
                version: Some(3),
            },
            OperatorSet {
                domain: Some("ai.onnx".into()),
                version: Some(17),
            },
        ];
    }),
    ("packed numbers", |builder| {
        for tensor in &mut builder.graph().initializer {
            tensor.float_data = vec![tensor.raw_data.take().unwrap()];
        }
    }),
    ("Constant operators", |builder| {
        for tensor in std::mem::take(&mut builder.graph().initializer) {
            let node = Node {
                output: vec![tensor.name.clone().unwrap()],
                op_type: Some("Constant".into()),
                attribute: vec![Attribute {
                    name: Some("value".into()),
                    t: Some(tensor),
                    r#type: Some(4),
                    ..Attribute::default()
                }],
                ..Node::default()
            };
            builder.graph().node.insert(0, node);
        }
    }),
    ("an Identity", |builder| {
        add(builder, 0, "Identity", "x", "x again");
        builder.graph().node[4].input[0] = "x again".into();
    }),
    ("defaults", |builder| {
        let node = &mut builder.graph().node[3];
        let attribute = |name: &str, f: Option<f32>, i: Option<i64>| Attribute {
            name: Some(name.into()),
            f,
            i,
            ..Attribute::default()
        };
        node.attribute.push(attribute("alpha", Some(1.0), None));
        node.attribute.push(attribute("transB", None, Some(0)));
    }),
    ("what nothing needs", |builder| {
        let tensor = floats("unused", &[2], &[1.0, 2.0]);
        builder.graph().initializer.insert(0, tensor);
        add(builder, 0, "Relu", "x", "nothing");
    }),
];

/// Checks: after each change, and after all of them that go together, the scaled model is brought into the form of the
/// first, weight by weight.
#[test]
fn what_is_no_difference() {
    let file = read(&model().bytes());
    let plain = file.aligned(&read(&scaled().bytes())).unwrap();
    assert_ne!(weights(&plain), weights(&file));
    for (name, change) in SAME {
        let mut other = scaled();
        change(&mut other);
        let found = file.aligned(&read(&other.bytes()));
        let found = found.unwrap_or_else(|differences| panic!("{name}: {differences:?}"));
        assert_eq!(weights(&found), weights(&plain), "{name}");
        let back = read(&other.bytes()).aligned(&file);
        assert!(back.is_ok(), "{name}, the other way: {back:?}");
    }
    let mut all = scaled();
    for place in [9, 3, 5, 1, 6, 4] {
        SAME[place].1(&mut all);
    }
    rename(&mut all);
    assert_eq!(
        weights(&file.aligned(&read(&all.bytes())).unwrap()),
        weights(&plain)
    );
}

/// The place and the reason that are to be named, and the change.
type Difference = (&'static str, &'static str, fn(&mut Builder));

/// Changes that make another model, each with the place that is to be named first.
const OTHER: &[Difference] = &[
    ("Relu `Relu of r1`", "Abs", |builder| {
        builder.graph().node[2].op_type = Some("Abs".into());
    }),
    ("LeakyRelu `LeakyRelu of r2`", "alpha", |builder| {
        let Setting::Float(name, value) = Setting::Float("alpha", 0.2) else {
            return;
        };
        let attribute = Attribute {
            name: Some(name.into()),
            f: Some(value),
            ..Attribute::default()
        };
        builder.graph().node[4].attribute.push(attribute);
    }),
    (
        "LeakyRelu `LeakyRelu of r2`",
        "is Relu `Relu of r1`",
        |builder| {
            builder.graph().node[5].input[1] = "r1".into();
        },
    ),
    (
        "tensor `table`",
        "another entry 2 after: 0.25 before, 0.75 after",
        |builder| {
            let tensor = floats("table", &[4], &[0.5, 2.0, 0.75, 4.0]);
            let place = builder
                .graph()
                .initializer
                .iter()
                .position(|held| held.name.as_deref() == Some("table"));
            builder.graph().initializer[place.unwrap()] = tensor;
        },
    ),
    ("tensor `table`", "shape", |builder| {
        let place = builder
            .graph()
            .initializer
            .iter()
            .position(|held| held.name.as_deref() == Some("table"));
        builder.graph().initializer[place.unwrap()].dims = vec![1, 4];
    }),
    ("tensor `table`", "number type", |builder| {
        let place = builder
            .graph()
            .initializer
            .iter()
            .position(|held| held.name.as_deref() == Some("table"));
        let tensor = &mut builder.graph().initializer[place.unwrap()];
        tensor.data_type = Some(element::DOUBLE);
        tensor.raw_data = Some(
            [0.5f64, 2.0, 0.25, 4.0]
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect::<Vec<u8>>()
                .into(),
        );
    }),
    ("the outputs", "1 before, 2 after", |builder| {
        let mut second = builder.graph().output[0].clone();
        second.name = Some("s".into());
        builder.graph().output.push(second);
    }),
];

/// Checks: every other model is told apart, and the first thing that differs is named first.
#[test]
fn what_differs() {
    let file = read(&model().bytes());
    for (place, reason, change) in OTHER {
        let mut other = scaled();
        change(&mut other);
        let differences = file.aligned(&read(&other.bytes())).unwrap_err();
        assert!(
            differences[0].place.starts_with(place),
            "{place}: {differences:?}"
        );
        assert!(
            differences[0].reason.contains(reason),
            "{reason}: {differences:?}"
        );
    }
    let mut two = scaled();
    OTHER[0].2(&mut two);
    OTHER[3].2(&mut two);
    let differences = file.aligned(&read(&two.bytes())).unwrap_err();
    assert_eq!(differences.len(), 2);
    assert!(differences[0].place.starts_with("Relu") && differences[1].place.contains("table"));
}

/// Checks: entries that only some fields of a message hold are compared too, as those of a mask of truth values.
#[test]
fn every_field_counts() {
    let masked = |truth: i32| {
        let mut builder = model();
        let mut tensor = floats("mask", &[4], &[]);
        tensor.raw_data = None;
        tensor.data_type = Some(9);
        tensor.int32_data = vec![1, truth, 1, 0];
        builder.graph().initializer.push(tensor);
        let node = Node {
            input: vec!["mask".into(), "t".into(), "s".into()],
            output: vec!["chosen".into()],
            op_type: Some("Where".into()),
            ..Node::default()
        };
        builder.graph().node.insert(7, node);
        builder.graph().node[8].input[0] = "chosen".into();
        read(&builder.bytes())
    };
    assert!(masked(1).aligned(&masked(1)).is_ok());
    let differences = masked(1).aligned(&masked(0)).unwrap_err();
    assert_eq!(differences[0].place, "tensor `mask`");
}

/// Checks: what the inputs are declared to be belongs to a model, as far as both say it.
#[test]
fn declarations_of_inputs_count() {
    let first = read(&model().bytes());
    let declared = |change: fn(&mut TensorType)| {
        let mut builder = model();
        let own = builder.graph().input[0].r#type.as_mut().unwrap();
        change(own.tensor_type.as_mut().unwrap());
        first.aligned(&read(&builder.bytes())).map(|_| ())
    };
    let double = declared(|own| own.elem_type = Some(element::DOUBLE)).unwrap_err();
    assert!(
        double[0].reason.contains("entries of the type"),
        "{double:?}"
    );
    let batch = |own: &mut TensorType| own.shape.as_mut().unwrap().dim[0].dim_value = Some(7);
    let longer = declared(batch).unwrap_err();
    assert!(longer[0].reason.contains("other lengths"), "{longer:?}");
    let open = |own: &mut TensorType| own.shape.as_mut().unwrap().dim[0].dim_value = None;
    declared(open).unwrap();
}

/// Checks: an operator of ONNX that a file defines anew is not followed.
#[test]
fn redefined_operators_are_not_followed() {
    let mut builder = model();
    // A `FunctionProto` with a name, in the domain of ONNX.
    builder.model.functions = vec![b"\x0a\x04Relu".as_slice().into()];
    let file = read(&builder.bytes());
    let reasons: Vec<&str> = file.notes().iter().map(|note| &*note.reason).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("defined anew")),
        "{reasons:?}"
    );
    assert!(file.network().variables() < read(&model().bytes()).network().variables());
}
