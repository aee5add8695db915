//! Constants that enter a channel which no weight feeds: they keep it alive.

use prost::Message;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::onnx::message;
use synaptic_balance::network::Regularizer;
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks};
use synaptic_balance::solve::{Balance, Options, balance};

use super::builder::{Builder, Setting::*, floats};
use engine_tests::{Engine, differences};

/// Rounding in `f32`, relative to the largest output.
const SAME: f32 = 2e-5;

/// The limit of a model.
pub fn limit(file: &OnnxFile) -> Balance {
    let options = Options {
        limit: true,
        ..Options::default()
    };
    balance(file.network(), &Regularizer::l2(), &options, &mut |_, _| {}).unwrap()
}

/// The file of a limit, its multipliers changed by `round`.
pub fn written(file: &OnnxFile, limit: &Balance, round: fn(f64) -> f64) -> Vec<u8> {
    let multipliers = limit.by_unit(file.network()).into_iter().map(round);
    let multipliers: Vec<f64> = multipliers.collect();
    let written = file.scaled(&multipliers, limit.vanished(), false, "limit");
    written.unwrap().model
}

/// Checks one way for a constant to enter: the limit computes the same, with the constant and with 0 in its place, and
/// the constant matters. Is the minimum attained with it, and without?
fn check(name: &str, model: impl Fn(f32) -> Builder) -> (bool, bool) {
    let attained = |constant: f32| {
        let bytes = model(constant).bytes();
        let file = super::builder::read(&bytes);
        let found = limit(&file);
        let after = written(&file, &found, |multiplier| multiplier);
        let change = differences(&Engine::new(&bytes), &Engine::new(&after), 3).relative;
        assert!(
            change < SAME,
            "{name} {constant}: outputs change by {change}"
        );
        found.existence.is_attained()
    };
    let (one, other) = (model(1.7).bytes(), model(0.0).bytes());
    let effect = differences(&Engine::new(&one), &Engine::new(&other), 3).relative;
    assert!(effect > 1e-3, "{name}: the constant does not matter");
    (attained(1.7), attained(0.0))
}

/// `x -> dense`, the second of three units without weights.
fn dense() -> Builder {
    let weights = [0.5, 0.0, -0.7, 0.4, 0.0, 0.9, -0.3, 0.0, 0.6];
    Builder::new(13)
        .input("x", &[2, 3])
        .floats("w1", &[3, 3], &weights)
        .node("MatMul", "x w1", "h", &[])
}

fn dense_closed(builder: Builder) -> Builder {
    builder
        .node("LeakyRelu", "s", "r", &[Float("alpha", 0.3)])
        .weight("w2", &[3, 2])
        .weight("b2", &[2])
        .node("Gemm", "r w2 b2", "y", &[])
        .output("y", &[2, 2])
}

/// `x -> convolution`, the second of three filters 0.
fn image() -> Builder {
    let mut weights = [0.3, -0.4, 0.5, 0.6].repeat(6);
    weights[8..16].fill(0.0);
    Builder::new(13)
        .input("x", &[1, 2, 4, 4])
        .floats("w1", &[3, 2, 2, 2], &weights)
        .node("Conv", "x w1", "h", &[])
}

fn image_closed(builder: Builder, channels: i64) -> Builder {
    builder
        .node("LeakyRelu", "s", "r", &[Float("alpha", 0.3)])
        .node("GlobalAveragePool", "r", "g", &[])
        .weight("w2", &[2, channels, 1, 1])
        .node("Conv", "g w2", "y", &[])
        .output("y", &[1, 2, 1, 1])
}

fn normalised(builder: Builder, shift: [f32; 3], mean: [f32; 3]) -> Builder {
    builder
        .weight("scale", &[3])
        .floats("shift", &[3], &shift)
        .floats("mean", &[3], &mean)
        .positive("variance", &[3])
        .node(
            "BatchNormalization",
            "h scale shift mean variance",
            "s",
            &[],
        )
}

/// Checks: biases, shifts and means, which are known to be learned, keep a channel alive that has no other weights;
/// without them it is dead.
#[test]
fn what_is_learned_keeps_a_channel_alive() {
    let alive = |name: &str, model: &dyn Fn(f32) -> Builder| {
        assert_eq!(check(name, model), (true, false), "{name}");
    };
    alive("mean of a batch normalisation", &|c| {
        image_closed(normalised(image(), [0.0; 3], [0.2, c, 0.0]), 3)
    });
    alive("mean after a dense layer", &|c| {
        dense_closed(normalised(dense(), [0.4, 0.0, -0.3], [-0.2, c, 0.5]))
    });
    alive(
        "mean before the activation, and a shift that is not 0",
        &|c| image_closed(normalised(image(), [0.3, 0.5, -0.4], [0.2, c, 0.0]), 3),
    );
    // The channel before the normalisation stays dead.
    check("shift of a batch normalisation", |c| {
        image_closed(normalised(image(), [0.0, c, 0.0], [0.0; 3]), 3)
    });
    alive("bias of Conv", &|c| {
        let builder = image().floats("b", &[3], &[0.1, c, 0.2]);
        image_closed(builder.node("Conv", "x w1 b", "s", &[]), 3)
    });
    alive("bias of ConvTranspose", &|c| {
        let mut weights = [0.3, -0.4, 0.5].repeat(3);
        (0..3).for_each(|row| weights[3 * row + 1] = 0.0);
        weights[3..6].fill(0.0);
        let builder = image()
            .floats("d", &[3, 3, 1, 1], &weights)
            .floats("b", &[3], &[0.1, c, 0.2])
            .node("ConvTranspose", "h d b", "s", &[]);
        image_closed(builder, 3)
    });
    alive("bias of Gemm", &|c| {
        let builder = dense().floats("b", &[3], &[0.1, c, 0.2]);
        dense_closed(builder.node("Gemm", "x w1 b", "s", &[]))
    });
    alive("bias added along the channels", &|c| {
        let builder = dense().floats("b", &[3], &[0.1, c, 0.2]);
        dense_closed(builder.node("Add", "h b", "s", &[]))
    });
}

/// Checks: the file that once came out 38 % off, and a model balanced by blocks: the mean is counted in both.
#[test]
fn a_mean_that_feeds_alone() {
    let bytes = crate::file("tests/cases/bn_mean_dead.onnx");
    let file = super::builder::read(&bytes);
    let held = file.held();
    assert_eq!((held[0].tensor.as_str(), held[0].entries.len()), ("mu", 1));
    let found = limit(&file);
    let after = written(&file, &found, |multiplier| multiplier);
    assert!(found.existence.is_attained());
    let change = differences(&Engine::new(&bytes), &Engine::new(&after), 20).relative;
    assert!(change < SAME, "{change}");
    let opened = OnnxFile::open(bytes, None).unwrap();
    assert_eq!(opened.weights(), file.network().synapses());
    let costs = opened.blocks(2.0);
    let mut blocks = costs.problem().unwrap();
    let solved = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    for (variable, expected) in found.by_unit(file.network())[2..].iter().enumerate() {
        let multiplier = solved.multipliers[variable].sqrt();
        assert!((multiplier / expected - 1.0).abs() < 1e-9, "{variable}");
    }
}

/// Checks: whichever way a constant enters a dense layer, learned or not, the limit computes the same.
#[test]
fn constants_of_dense_layers() {
    for (operator, inputs) in [
        ("Add", "h k"),
        ("Sub", "h k"),
        ("Sub", "k h"),
        ("Sum", "h k h"),
        ("Mean", "h k"),
        ("Max", "h k"),
        ("Min", "k h"),
    ] {
        let sign = if operator == "Min" { -1.0 } else { 1.0 };
        check(&format!("{operator} {inputs}, a vector"), |c| {
            let builder = dense().floats("k", &[3], &[0.4, sign * c, -0.2]);
            dense_closed(builder.node(operator, inputs, "s", &[]))
        });
        check(&format!("{operator} {inputs}, a number"), |c| {
            let builder = dense().floats("k", &[1, 1], &[sign * c]);
            dense_closed(builder.node(operator, inputs, "s", &[]))
        });
        check(&format!("{operator} {inputs}, by position"), |c| {
            let builder = dense().floats("k", &[2, 1], &[sign * c, 0.0]);
            dense_closed(builder.node(operator, inputs, "s", &[]))
        });
    }
    check("Clip from below", |c| {
        let builder = dense().floats("k", &[], &[c]);
        dense_closed(builder.node("Clip", "h k", "s", &[]))
    });
    check("Constant", |c| {
        let constant = floats("", &[3], &[0.4, c, -0.2]);
        let builder = dense().node("Constant", "", "k", &[Tensor("value", constant)]);
        dense_closed(builder.node("Add", "h k", "s", &[]))
    });
    check("ConstantOfShape", |c| {
        let value = floats("", &[1], &[c]);
        let builder = dense().integers("shape", &[2, 3]);
        let builder = builder.node("ConstantOfShape", "shape", "k", &[Tensor("value", value)]);
        dense_closed(builder.node("Add", "h k", "s", &[]))
    });
    check("Expand", |c| {
        let builder = dense()
            .floats("k", &[1, 3], &[0.4, c, -0.2])
            .integers("shape", &[2, 3]);
        let builder = builder.node("Expand", "k shape", "e", &[]);
        dense_closed(builder.node("Add", "h e", "s", &[]))
    });
    check("Reshape", |c| {
        let builder = dense()
            .floats("k", &[3, 1], &[0.4, c, -0.2])
            .integers("shape", &[3]);
        let builder = builder.node("Reshape", "k shape", "e", &[]);
        dense_closed(builder.node("Add", "h e", "s", &[]))
    });
    check("Where", |c| {
        let mut builder = dense().floats("k", &[3], &[0.4, c, -0.2]);
        builder.graph().initializer.push(message::Tensor {
            dims: vec![3],
            // Truth values.
            data_type: Some(9),
            name: Some("which".into()),
            raw_data: Some(vec![1, 0, 1].into()),
            ..message::Tensor::default()
        });
        dense_closed(builder.node("Where", "which h k", "s", &[]))
    });
    check("Concat", |c| {
        let builder = dense()
            .integers("ends", &[2])
            .integers("zero", &[0])
            .integers("axis", &[1])
            .node("Slice", "h zero ends axis", "part", &[])
            .floats("k", &[2, 1], &[c, 0.4]);
        dense_closed(builder.node("Concat", "part k", "s", &[Int("axis", 1)]))
    });
    check("a second layer that the first does not reach", |c| {
        let builder = normalised(dense(), [0.4, 0.0, -0.3], [-0.2, c, 0.5])
            .node("Relu", "s", "r1", &[])
            .floats(
                "v",
                &[3, 3],
                &[0.0, 0.3, 0.0, 0.0, 0.8, 0.0, 0.0, -0.5, 0.0],
            )
            .node("MatMul", "r1 v", "h2", &[])
            .floats("mean2", &[3], &[c, 0.2, 0.0])
            .node(
                "BatchNormalization",
                "h2 scale shift mean2 variance",
                "s2",
                &[],
            );
        let closed = builder
            .node("LeakyRelu", "s2", "r", &[Float("alpha", 0.3)])
            .weight("w2", &[3, 2]);
        closed.node("MatMul", "r w2", "y", &[]).output("y", &[2, 2])
    });
}

/// Checks: the same of images: padding, what is joined, and pooling after it.
#[test]
fn constants_of_images() {
    check("Pad with a value", |c| {
        let builder = image()
            .integers("pads", &[0, 0, 1, 1, 0, 0, 1, 0])
            .floats("k", &[], &[c])
            .node("Pad", "h pads k", "s", &[]);
        image_closed(builder, 3)
    });
    check("Pad with channels of a value", |c| {
        let builder = image()
            .integers("pads", &[0, 1, 0, 0, 0, 0, 0, 0])
            .floats("k", &[], &[c])
            .node("Pad", "h pads k", "s", &[]);
        image_closed(builder, 4)
    });
    check("Pad by attributes", |c| {
        let mut builder = image();
        builder.model.opset_import[0].version = Some(10);
        let pads = Ints("pads", &[0, 0, 1, 1, 0, 0, 1, 0]);
        image_closed(builder.node("Pad", "h", "s", &[pads, Float("value", c)]), 3)
    });
    check("Concat of channels", |c| {
        let builder = image().floats("k", &[1, 1, 3, 3], &[c; 9]);
        image_closed(builder.node("Concat", "h k", "s", &[Int("axis", 1)]), 4)
    });
    check("a bias over pixels", |c| {
        let builder = image().floats("k", &[3, 3], &[c, 0.0, 0.1, 0.0, c, 0.2, 0.0, 0.0, 0.3]);
        image_closed(builder.node("Add", "h k", "s", &[]), 3)
    });
    check("MaxPool after a mean", |c| {
        let builder = normalised(image(), [0.0; 3], [0.2, c, 0.0]);
        let pooled = builder.node(
            "MaxPool",
            "s",
            "p",
            &[Ints("kernel_shape", &[2, 2]), Ints("strides", &[1, 1])],
        );
        let closed = pooled
            .weight("w2", &[2, 3, 2, 2])
            .node("Conv", "p w2", "y", &[]);
        closed.output("y", &[1, 2, 1, 1])
    });
    check("one mean of two normalisations", |c| {
        let builder = normalised(image(), [0.0; 3], [0.2, c, 0.0])
            .node("Relu", "s", "r1", &[])
            .floats(
                "v",
                &[3, 3, 1, 1],
                &[0.3, 0.0, 0.4, 0.0, 0.0, 0.0, 0.7, 0.6, 0.5],
            )
            .node("Conv", "r1 v", "h2", &[])
            .node(
                "BatchNormalization",
                "h2 scale shift mean variance",
                "s2",
                &[],
            );
        let closed = builder
            .node("Add", "s2 s", "r2", &[])
            .weight("w2", &[2, 3, 1, 1]);
        closed
            .node("Conv", "r2 w2", "y", &[])
            .output("y", &[1, 2, 3, 3])
    });
}

/// Checks: the bias of a recurrent layer keeps a unit alive; an initial state, which the engine does not take, is a
/// weight that does.
#[test]
fn constants_of_recurrent_layers() {
    let model = |bias: f32, state: Option<f32>| {
        let mut backward = vec![0.2f32; 9];
        let mut forward = vec![0.5f32; 6];
        forward[2..4].fill(0.0);
        backward[3..6].fill(0.0);
        let builder = Builder::new(13)
            .input("x", &[4, 2, 2])
            .floats("w", &[1, 3, 2], &forward)
            .floats("r", &[1, 3, 3], &backward)
            .floats("b", &[1, 6], &[0.1, bias, 0.2, 0.0, 0.0, 0.1]);
        let settings = [Int("hidden_size", 3), Texts("activations", &["Relu"])];
        let builder = match state {
            None => builder.node("RNN", "x w r b", "all last", &settings),
            Some(state) => builder
                .floats("h0", &[1, 2, 3], &[0.0, state, 0.0, 0.0, state, 0.0])
                .node("RNN", "x w r b - h0", "all last", &settings),
        };
        builder
            .weight("w2", &[3, 2])
            .node("MatMul", "last w2", "y", &[])
            .output("y", &[1, 2, 2])
    };
    let found = check("RNN", |c| model(c, None));
    assert_eq!(found, (true, false));
    for (state, attained) in [(0.0, false), (0.7, true)] {
        let file = super::builder::read(&model(0.0, Some(state)).model.encode_to_vec());
        assert_eq!(limit(&file).existence.is_attained(), attained, "{state}");
    }
}

/// Checks: operators that bring a constant and are not followed hold what they read, and are named.
#[test]
fn operators_that_are_not_followed() {
    let named = |builder: Builder, operator: &str| {
        let file = super::builder::read(&builder.bytes());
        let notes = file.notes();
        assert!(notes.iter().any(|note| note.operator == operator));
        assert_eq!(file.network().variables(), 0, "{operator}");
    };
    let resized = image()
        .floats("roi", &[8], &[0.0, 0.0, -0.5, -0.5, 1.0, 1.0, 1.5, 1.5])
        .integers("sizes", &[1, 3, 6, 6])
        .node(
            "Resize",
            "h roi - sizes",
            "s",
            &[
                Text("coordinate_transformation_mode", "tf_crop_and_resize"),
                Float("extrapolation_value", 1.7),
            ],
        );
    let resized = resized
        .weight("w2", &[2, 3, 1, 1])
        .node("Conv", "s w2", "y", &[])
        .output("y", &[1, 2, 6, 6]);
    named(resized, "Resize");
}
