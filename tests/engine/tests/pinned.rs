//! Operators that are not homogeneous, or not followed: what they touch is never changed.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::OnnxFile;

use super::builder::{Builder, Setting, Setting::*, read};
use engine_tests::{Engine, relative};

/// `x -> relu(6 units) -> OPERATOR -> dense -> relu -> dense`.
fn model(operator: &str, inputs: &str, settings: &[Setting]) -> Builder {
    Builder::new(13)
        .input("x", &[2, 3])
        .weight("w1", &[3, 6])
        .positive("b1", &[6])
        .node("Gemm", "x w1 b1", "g1", &[])
        .node("Relu", "g1", "h", &[])
        .floats("six", &[], &[0.6])
        .floats("zero", &[], &[0.0])
        .node(operator, inputs, "o", settings)
        .weight("w2", &[6, 4])
        .positive("b2", &[4])
        .node("Gemm", "o w2 b2", "g2", &[])
        .node("Relu", "g2", "h2", &[])
        .weight("w3", &[4, 2])
        .node("MatMul", "h2 w3", "y", &[])
        .output("y", &[2, 2])
}

/// Checks: scalings of what is left free keep the function, and the note names the operator.
fn check(builder: &Builder, operator: &str, free: usize) -> OnnxFile {
    let bytes = builder.bytes();
    let file = read(&bytes);
    assert_eq!(file.network().variables(), free, "{operator}");
    assert!(
        file.notes().iter().any(|note| note.operator == operator),
        "{operator}: {:?}",
        file.notes()
    );
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let free = (0..free).map(|_| rng.random_range(-2.3f64..2.3).exp());
    let multipliers = file.multipliers(&free.collect::<Vec<f64>>()).unwrap();
    let scaled = file.scaled(&multipliers, &[], false, "scaled").unwrap();
    let found = relative(&Engine::new(&bytes), &Engine::new(&scaled.model), 3);
    assert!(found < 2e-5, "{operator}: {found}");
    file
}

/// Checks: one layer is pinned, the next is free.
#[test]
fn activations_that_are_not_homogeneous() {
    for operator in [
        "Sigmoid",
        "Tanh",
        "Softmax",
        "Elu",
        "Exp",
        "Softplus",
        "Erf",
        "HardSigmoid",
    ] {
        check(&model(operator, "h", &[]), operator, 4);
    }
    check(&model("Clip", "h zero six", &[]), "Clip", 4);
    check(&model("Clip", "h six", &[]), "Clip", 4);
    check(&model("Pow", "h six", &[]), "Pow", 4);
}

/// Checks: the explanation of a channel group names what pins it.
#[test]
fn groups_name_what_pins_them() {
    let file = read(&model("Sigmoid", "h", &[]).bytes());
    let group = file
        .groups()
        .iter()
        .find(|group| group.tensor == "g1")
        .unwrap();
    assert_eq!(group.units, [0; 6]);
    assert_eq!(group.pinned_by, ["Sigmoid `Sigmoid of o` (nodes[2])"]);
    let group = file
        .groups()
        .iter()
        .find(|group| group.tensor == "y")
        .unwrap();
    assert_eq!(group.pinned_by, ["output `y` of the model"]);
}

/// Checks: an operator of another domain, and an initializer that is also an output or an input, are left alone.
#[test]
fn what_a_caller_may_see_or_set() {
    let mut foreign = model("Relu", "h", &[]);
    foreign.graph().node[2].domain = Some("com.example".into());
    let file = read(&foreign.bytes());
    assert_eq!(file.network().variables(), 4);
    assert_eq!(file.notes()[0].reason, "is of the domain `com.example`");

    let output = model("Relu", "h", &[]).output("w2", &[6, 4]);
    let file = read(&output.bytes());
    assert_eq!(
        file.network().variables(),
        1,
        "what goes through a weight that is seen has one size"
    );
    let multipliers = file.multipliers(&[3.0]).unwrap();
    let scaled = file.scaled(&multipliers, &[], false, "scaled").unwrap();
    let after = read(&scaled.model);
    let weights = |file: &OnnxFile, tensor: &str| -> Vec<String> {
        let network = file.network();
        let synapses = (0..network.synapses()).filter(|synapse| file.place(*synapse).0 == tensor);
        synapses
            .map(|synapse| network.weight(synapse).to_string())
            .collect()
    };
    assert_eq!(weights(&after, "w2"), weights(&file, "w2"));
    assert_ne!(weights(&after, "w1"), weights(&file, "w1"));
    assert!(
        relative(
            &Engine::new(&output.bytes()),
            &Engine::new(&scaled.model),
            3
        ) < 2e-5
    );

    let input = model("Relu", "h", &[]).input("b2", &[4]);
    let file = read(&input.bytes());
    assert_eq!(file.network().variables(), 6);
    assert!(file.notes().iter().any(|note| note.name == "b2"));
    let mut old = input;
    old.model.ir_version = Some(3);
    assert_eq!(
        read(&old.bytes()).network().variables(),
        10,
        "before version 4 every initializer is an input"
    );
}

/// Checks: both branches of a choice are entered; the body of a loop is not, and pins what it reads from around it.
#[test]
fn graphs_within_operators() {
    let file = read(&within("If").bytes());
    assert_eq!(file.network().variables(), 10);
    let file = read(&within("Loop").bytes());
    assert_eq!(file.network().variables(), 4);
    let group = file
        .groups()
        .iter()
        .find(|group| group.tensor == "g1")
        .unwrap();
    assert_eq!(group.pinned_by, ["Loop `Relu of o` (nodes[2])"]);
}

/// Checks: of a choice that the shapes decide, the branch that is never taken ties nothing.
#[test]
fn choices_that_shapes_decide() {
    let free = |rank: i64| {
        let mut builder = model("Relu", "h", &[])
            .node("Shape", "h", "lengths", &[])
            .node("Size", "lengths", "rank", &[])
            .integers("wanted", &[rank])
            .node("Equal", "rank wanted", "condition", &[]);
        let graph = |operator: &str| {
            let inner = Builder::new(13)
                .node(operator, "h", "inner", &[])
                .output("inner", &[2, 6]);
            inner.model.graph.clone()
        };
        let branch =
            |name: &str, operator: &str| synaptic_balance::formats::onnx::message::Attribute {
                name: Some(name.into()),
                g: graph(operator),
                ..Default::default()
            };
        let nodes = &mut builder.graph().node;
        let mut choice = nodes.remove(2);
        choice.op_type = Some("If".into());
        choice.input = vec!["condition".into()];
        choice.attribute = vec![
            branch("then_branch", "Neg"),
            branch("else_branch", "Sigmoid"),
        ];
        // After the condition, before what reads it.
        let conditions = nodes.split_off(nodes.len() - 3);
        let rest = nodes.split_off(2);
        nodes.extend(conditions);
        nodes.push(choice);
        nodes.extend(rest);
        read(&builder.bytes()).network().variables()
    };
    assert_eq!((free(2), free(3)), (10, 4));
}

/// An operator with two graphs within it that read `h` from around them.
fn within(operator: &str) -> Builder {
    let mut builder = model("Relu", "h", &[]);
    let inner = Builder::new(13)
        .node("Neg", "h", "inner", &[])
        .output("inner", &[2, 6]);
    let mut node = builder.graph().node[2].clone();
    node.op_type = Some(operator.into());
    node.input = vec!["condition".into()];
    let mut attribute = synaptic_balance::formats::onnx::message::Attribute {
        name: Some("then_branch".into()),
        g: inner.model.graph.clone(),
        ..Default::default()
    };
    node.attribute = vec![attribute.clone()];
    attribute.name = Some("else_branch".into());
    node.attribute.push(attribute);
    builder.graph().node[2] = node;
    builder.input("condition", &[])
}

/// Checks: numbers that are not finite, and operators that broadcast in the old way, are left alone.
#[test]
fn what_is_not_read() {
    let mut wrong = model("Add", "h mask", &[]);
    let mask = super::builder::floats("mask", &[6], &[0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0]);
    wrong.graph().initializer.push(mask);
    let file = read(&wrong.bytes());
    let group = file
        .groups()
        .iter()
        .find(|group| group.tensor == "g1")
        .unwrap();
    assert_eq!(group.units[1], 0, "what a NaN is added to is pinned");
    assert_eq!(group.units.iter().filter(|unit| **unit == 0).count(), 1);
    let mut old = model("Relu", "h", &[]);
    old.model.opset_import[0].version = Some(6);
    let file = read(&old.bytes());
    assert_eq!(file.network().variables(), 0);
    assert_eq!(file.notes()[0].reason, "is of opset 6, before 7");
}

/// Checks: an initializer that a caller may replace is no shape, no index and no bound.
#[test]
fn defaults_are_not_constants() {
    let builder = model("Gather", "h order", &[Int("axis", 1)])
        .integers("order", &[5, 4, 3, 2, 1, 0])
        .input("order", &[6]);
    let file = read(&builder.bytes());
    // The computed indices tie all channels of the first layer.
    assert_eq!(file.network().variables(), 1 + 4);
}

/// Checks: models that are not valid, their shapes at odds with each other or beyond all measure, are read without a
/// panic.
#[test]
fn shapes_at_odds() {
    let huge = |operator: &str, inputs: &str| {
        Builder::new(13)
            .input("x", &[1 << 62, 3])
            .integers("starts", &[0])
            .integers("ends", &[i64::MAX])
            .node(operator, inputs, "a b", &[])
            .output("a", &[1, 3])
    };
    for (operator, inputs) in [("Split", "x"), ("Slice", "x starts ends")] {
        let _ = OnnxFile::read(huge(operator, inputs).bytes(), None);
    }
    for length in [1, 2, 5, 7] {
        for operator in ["Mul", "Add", "Div", "PRelu"] {
            let builder = model(operator, "h odd", &[]).weight("odd", &[length]);
            let file = OnnxFile::read(builder.bytes(), None).unwrap();
            let ones = vec![2.0; file.network().units()];
            let _ = file.scaled(&ones, &[], false, "scaled");
        }
        let builder =
            model("BatchNormalization", "h odd odd odd odd", &[]).weight("odd", &[length]);
        let sliced = builder
            .integers("starts", &[0])
            .integers("ends", &[4])
            .integers("axes", &[1])
            .node("Slice", "o starts ends axes", "s", &[]);
        let _ = OnnxFile::read(sliced.bytes(), None);
    }
}
