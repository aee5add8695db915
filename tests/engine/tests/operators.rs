//! One model for each operator.

use super::builder::{Builder, Setting::*, image};
use super::rules::check;

/// `x -> dense -> relu` with so many units, on `[2, 3]`.
pub fn dense(opset: i64, hidden: i64) -> Builder {
    Builder::new(opset)
        .input("x", &[2, 3])
        .weight("w1", &[3, hidden])
        .positive("b1", &[hidden])
        .node("MatMul", "x w1", "m", &[])
        .node("Add", "m b1", "h", &[])
}

/// The same closed by a second dense layer that reads `from`.
pub fn closed(builder: Builder, from: &str, hidden: i64) -> Builder {
    builder
        .weight("w2", &[hidden, 2])
        .weight("b2", &[2])
        .node("Gemm", &format!("{from} w2 b2"), "y", &[])
        .output("y", &[2, 2])
}

/// Closed by a convolution that reads `from`.
pub fn image_closed(builder: Builder, from: &str, channels: i64, shape: &[i64]) -> Builder {
    builder
        .weight("w2", &[2, channels, 1, 1])
        .weight("b2", &[2])
        .node("Conv", &format!("{from} w2 b2"), "y", &[])
        .output("y", shape)
}

/// Checks: `Gemm` and `MatMul` with the weight on either side, transposed or not, and `Add` in every shape of bias.
#[test]
fn dense_layers() {
    let plain = |opset| closed(dense(opset, 3).node("Relu", "h", "r", &[]), "r", 3);
    for opset in [7, 9, 13, 17, 21] {
        check(&format!("dense, opset {opset}"), &plain(opset), 3);
    }
    let transposed = Builder::new(13)
        .input("x", &[3, 2])
        .weight("w1", &[4, 3])
        .positive("b1", &[1, 4])
        .node(
            "Gemm",
            "x w1 b1",
            "g",
            &[
                Int("transA", 1),
                Int("transB", 1),
                Float("alpha", 0.5),
                Float("beta", 2.0),
            ],
        )
        .node("Relu", "g", "r", &[]);
    check("Gemm transposed", &closed(transposed, "r", 4), 4);
    let unread = Builder::new(13)
        .input("x", &[2, 3])
        .weight("w1", &[3, 4])
        .node("Softmax", "x", "s", &[])
        .weight("ws", &[3, 4])
        .node("MatMul", "s ws", "c", &[])
        .node("Sigmoid", "c", "d", &[])
        .node("Gemm", "x w1 d", "g", &[Float("beta", 0.0)])
        .node("Relu", "g", "r", &[]);
    let unread = super::builder::read(&closed(unread, "r", 4).bytes());
    assert_eq!(unread.network().variables(), 4);
    let left = Builder::new(13)
        .input("x", &[3, 2])
        .weight("w1", &[4, 3])
        .positive("b1", &[4, 1])
        .node("Gemm", "w1 x b1", "g", &[])
        .node("Relu", "g", "r", &[])
        .weight("w2", &[2, 4])
        .node("MatMul", "w2 r", "y", &[])
        .output("y", &[2, 2]);
    check("weights on the left", &left, 4);
    let batched = Builder::new(13)
        .input("x", &[2, 5, 3])
        .weight("w1", &[3, 4])
        .node("MatMul", "x w1", "m", &[])
        .positive("b1", &[4])
        .node("Add", "b1 m", "h", &[])
        .node("Relu", "h", "r", &[])
        .weight("w2", &[4])
        .node("MatMul", "r w2", "y", &[])
        .output("y", &[2, 5]);
    check("batched, and a vector", &batched, 4);
    let scalar = dense(13, 3)
        .floats("one", &[1], &[0.7])
        .node("Add", "h one", "s", &[])
        .node("Relu", "s", "r", &[]);
    check(
        "one number added to all channels",
        &closed(scalar, "r", 3),
        0,
    );
    let views = Builder::new(13)
        .input("x", &[2, 3])
        .weight("w1", &[4, 3])
        .node("Transpose", "w1", "t", &[])
        .node("MatMul", "x t", "m", &[])
        .positive("b1", &[2, 2])
        .integers("shape", &[4])
        .node("Reshape", "b1 shape", "b", &[])
        .node("Add", "m b", "h", &[])
        .node("Relu", "h", "r", &[]);
    check("transposed and reshaped weights", &closed(views, "r", 4), 4);
}

/// Checks: activations that are homogeneous, with any slope.
#[test]
fn activations() {
    for operator in ["Relu", "Abs"] {
        check(
            operator,
            &closed(dense(13, 3).node(operator, "h", "r", &[]), "r", 3),
            3,
        );
    }
    let leaky = dense(13, 3).node("LeakyRelu", "h", "r", &[Float("alpha", 0.2)]);
    check("LeakyRelu", &closed(leaky, "r", 3), 3);
    let threshold = |alpha| {
        let settings = &[Float("alpha", alpha)];
        let model = closed(
            dense(13, 3).node("ThresholdedRelu", "h", "r", settings),
            "r",
            3,
        );
        super::builder::read(&model.bytes()).network().variables()
    };
    assert_eq!([threshold(0.0), threshold(0.5)], [3, 0]);
    let prelu = dense(13, 3)
        .floats("slope", &[3], &[-0.5, 0.25, 1.75])
        .node("PRelu", "h slope", "r", &[]);
    check(
        "PRelu with a negative slope and one above 1",
        &closed(prelu, "r", 3),
        3,
    );
    let clip = dense(13, 3)
        .floats("zero", &[], &[0.0])
        .node("Clip", "h zero", "r", &[]);
    check("Clip at 0", &closed(clip, "r", 3), 3);
    let clip = dense(9, 3).node(
        "Clip",
        "h",
        "r",
        &[Float("min", 0.0), Float("max", f32::MAX)],
    );
    check("Clip at 0 by attributes", &closed(clip, "r", 3), 3);
    let maximum = dense(13, 3)
        .floats("zero", &[], &[0.0])
        .node("Max", "h zero", "r", &[]);
    check("Max with 0", &closed(maximum, "r", 3), 3);
    let clip = dense(13, 3)
        .floats("zero", &[], &[0.0])
        .floats("open", &[], &[f32::INFINITY])
        .node("Clip", "h zero open", "r", &[]);
    check("Clip between 0 and infinity", &closed(clip, "r", 3), 3);
    let chain = dense(13, 3)
        .node("Relu", "h", "a", &[])
        .node("Identity", "a", "b", &[])
        .node("Neg", "b", "c", &[])
        .node("Dropout", "c", "r", &[]);
    check("Identity, Neg and Dropout", &closed(chain, "r", 3), 3);
}

/// Checks: grouped, depthwise, transposed, dilated, one- and three-dimensional convolutions.
#[test]
fn convolutions() {
    check("Conv", &image_closed(image(3), "h", 3, &[1, 2, 4, 4]), 3);
    let depthwise = image(3)
        .weight("d", &[3, 1, 3, 3])
        .positive("e", &[3])
        .node(
            "Conv",
            "h d e",
            "c2",
            &[Int("group", 3), Ints("pads", &[1, 1, 1, 1])],
        )
        .node("Relu", "c2", "h2", &[]);
    check(
        "depthwise",
        &image_closed(depthwise, "h2", 3, &[1, 2, 4, 4]),
        6,
    );
    let grouped = image(4)
        .weight("d", &[4, 2, 2, 2])
        .positive("e", &[4])
        .node(
            "Conv",
            "h d e",
            "c2",
            &[Int("group", 2), Ints("dilations", &[2, 2])],
        )
        .node("Relu", "c2", "h2", &[]);
    check(
        "grouped and dilated",
        &image_closed(grouped, "h2", 4, &[1, 2, 2, 2]),
        8,
    );
    for group in [1, 2] {
        let transposed = image(4)
            .weight("d", &[4, 4 / group, 2, 2])
            .positive("e", &[4])
            .node(
                "ConvTranspose",
                "h d e",
                "c2",
                &[Int("group", group), Ints("strides", &[2, 2])],
            )
            .node("Relu", "c2", "h2", &[]);
        check(
            "ConvTranspose",
            &image_closed(transposed, "h2", 4, &[1, 2, 8, 8]),
            8,
        );
    }
    for (rank, kernel) in [(1, [2].as_slice()), (3, &[2, 1, 2])] {
        let size = |channels: &[i64], length: i64| {
            let mut shape = channels.to_vec();
            shape.extend(vec![length; rank]);
            shape
        };
        let kernels = |channels: &[i64]| [channels, kernel].concat();
        let output: Vec<i64> = [1, 2]
            .into_iter()
            .chain(kernel.iter().map(|k| 4 - 2 * (k - 1)))
            .collect();
        let builder = Builder::new(13)
            .input("x", &size(&[1, 2], 4))
            .weight("w1", &kernels(&[3, 2]))
            .positive("b1", &[3])
            .node("Conv", "x w1 b1", "c", &[])
            .node("Relu", "c", "h", &[])
            .weight("w2", &kernels(&[2, 3]))
            .node("Conv", "h w2", "y", &[])
            .output("y", &output);
        check(&format!("{rank}-dimensional"), &builder, 3);
    }
}

/// Checks: pooling and reductions keep a channel's multiplier.
#[test]
fn pooling() {
    let windows: &[_] = &[Ints("kernel_shape", &[2, 2]), Ints("strides", &[2, 2])];
    for operator in ["MaxPool", "AveragePool"] {
        let builder = image(3).node(operator, "h", "p", windows);
        check(operator, &image_closed(builder, "p", 3, &[1, 2, 2, 2]), 3);
    }
    for operator in ["GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"] {
        let builder = image(3).node(operator, "h", "p", &[]);
        check(operator, &image_closed(builder, "p", 3, &[1, 2, 1, 1]), 3);
    }
    for operator in [
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
    ] {
        let builder = image(3).node(
            operator,
            "h",
            "p",
            &[Ints("axes", &[2, -1]), Int("keepdims", 0)],
        );
        let closed = builder
            .weight("w2", &[3, 2])
            .weight("b2", &[2])
            .node("Gemm", "p w2 b2", "y", &[])
            .output("y", &[1, 2]);
        check(operator, &closed, 3);
    }
    let sum = image(3)
        .integers("axes", &[2, 3])
        .node("ReduceSum", "h axes", "p", &[]);
    check("ReduceSum", &image_closed(sum, "p", 3, &[1, 2, 1, 1]), 3);
    let across = image(3)
        .node("ReduceMean", "h", "m", &[Ints("axes", &[1])])
        .node("Sub", "h m", "p", &[]);
    check(
        "the mean over channels ties them",
        &image_closed(across, "p", 3, &[1, 2, 4, 4]),
        1,
    );
}

/// Checks: batch normalisation before and after the activation: scale, shift and mean, never the variance.
#[test]
fn batch_normalisation() {
    let parameters = |builder: Builder, from: &str, to: &str| {
        builder
            .weight("scale", &[3])
            .positive("shift", &[3])
            .weight("mean", &[3])
            .positive("variance", &[3])
            .node(
                "BatchNormalization",
                &format!("{from} scale shift mean variance"),
                to,
                &[Float("epsilon", 1e-3)],
            )
    };
    let before = Builder::new(13)
        .input("x", &[1, 2, 6, 6])
        .weight("w1", &[3, 2, 3, 3])
        .node("Conv", "x w1", "c", &[]);
    let before = parameters(before, "c", "n").node("Relu", "n", "h", &[]);
    check(
        "before the activation",
        &image_closed(before, "h", 3, &[1, 2, 4, 4]),
        6,
    );
    let after = parameters(image(3), "h", "n");
    check(
        "after the activation",
        &image_closed(after, "n", 3, &[1, 2, 4, 4]),
        6,
    );
}

/// Checks: additions tie their arguments channel by channel; a residual stream has one multiplier for each channel.
#[test]
fn additions() {
    let second = |builder: Builder| {
        builder
            .weight("w3", &[3, 3, 3, 3])
            .positive("b3", &[3])
            .node("Conv", "h w3 b3", "c3", &[Ints("pads", &[1, 1, 1, 1])])
    };
    for operator in ["Add", "Sub", "Sum", "Max", "Min", "Mean"] {
        let builder =
            second(image(3))
                .node(operator, "h c3", "s", &[])
                .node("LeakyRelu", "s", "r", &[]);
        check(operator, &image_closed(builder, "r", 3, &[1, 2, 4, 4]), 3);
    }
    let stream = second(image(3))
        .node("Add", "h c3", "s", &[])
        .node("LeakyRelu", "s", "r", &[])
        .weight("w4", &[3, 3, 1, 1])
        .positive("b4", &[3])
        .node("Conv", "r w4 b4", "c4", &[])
        .node("Relu", "c4", "r4", &[])
        .weight("w5", &[3, 3, 1, 1])
        .node("Conv", "r4 w5", "c5", &[])
        .node("Add", "r c5", "s5", &[])
        .node("Relu", "s5", "r5", &[]);
    check(
        "a residual stream",
        &image_closed(stream, "r5", 3, &[1, 2, 4, 4]),
        6,
    );
    let broadcast = second(image(3))
        .node("GlobalAveragePool", "c3", "g", &[])
        .node("Add", "h g", "s", &[])
        .node("LeakyRelu", "s", "r", &[]);
    check(
        "broadcast over space",
        &image_closed(broadcast, "r", 3, &[1, 2, 4, 4]),
        3,
    );
}

/// Checks: a constant factor or divisor that is no gain and no scale of a branch changes no multiplier.
#[test]
fn constant_factors() {
    let diagonal = image(3)
        .weight("f", &[3, 1, 1])
        .node("Mul", "h f", "m", &[]);
    check(
        "Mul by a channel's number",
        &image_closed(diagonal, "m", 3, &[1, 2, 4, 4]),
        3,
    );
    let one = image(3)
        .floats("f", &[], &[0.7])
        .node("Mul", "f h", "m", &[]);
    check(
        "Mul by one number",
        &image_closed(one, "m", 3, &[1, 2, 4, 4]),
        3,
    );
    let mask = image(3).weight("f", &[4, 4]).node("Mul", "h f", "m", &[]);
    check(
        "Mul by a mask over space",
        &image_closed(mask, "m", 3, &[1, 2, 4, 4]),
        3,
    );
    let division = image(3)
        .positive("f", &[3, 1, 1])
        .node("Div", "h f", "m", &[]);
    check("Div", &image_closed(division, "m", 3, &[1, 2, 4, 4]), 3);
}
