//! Places, lengths and weights that models compute: only what they may touch shares a multiplier.

use synaptic_balance::formats::OnnxFile;

use super::builder::{Builder, Setting::*, read};
use super::constants::check;
use super::operators::{closed, dense};

/// A convolution of 4 channels on a signal whose length `T` is not known; its shape is `shape`, its length `t`.
fn signal() -> Builder {
    let mut builder = Builder::new(17)
        .input("x", &[1, 2, 5])
        .weight("w1", &[4, 2, 1])
        .positive("b1", &[4])
        .node("Conv", "x w1 b1", "c", &[])
        .node("Relu", "c", "h", &[])
        .integers("zero", &[0])
        .integers("one", &[1])
        .integers("two", &[2])
        .integers("three", &[3])
        .node("Shape", "h", "shape", &[])
        .node("Slice", "shape two three", "t", &[])
        .node("Sub", "t one", "less", &[]);
    let shape = builder.graph().input[0].r#type.as_mut().unwrap();
    let shape = shape.tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
    shape.dim[2].dim_value = None;
    shape.dim[2].dim_param = Some("T".into());
    builder
}

/// The same closed by a convolution that reads `from`.
fn heard(builder: Builder, from: &str) -> Builder {
    builder
        .weight("w2", &[2, 4, 1])
        .node("Conv", &format!("{from} w2"), "y", &[])
        .output("y", &[1, 2, 5])
}

/// Checks: parts of a signal that begin or end at computed places, and what is padded or repeated a computed number of
/// times, keep the multipliers of their channels.
#[test]
fn cut_and_padded_at_computed_places() {
    let one = |operator: &str, inputs: &str| heard(signal().node(operator, inputs, "p", &[]), "p");
    check("an end", &one("Slice", "h zero less two"), 4);
    check("a beginning", &one("Slice", "h less t two"), 4);
    check("all of it", &one("Slice", "h zero t two"), 4);
    let parts = signal()
        .node("Concat", "one less", "sizes", &[Int("axis", 0)])
        .node("Split", "h sizes", "q p", &[Int("axis", 2)]);
    check("lengths of parts", &heard(parts, "p"), 4);
    let pads = "zero zero less zero zero zero";
    let pads = signal().node("Concat", pads, "pads", &[Int("axis", 0)]);
    check("pads", &heard(pads.node("Pad", "h pads", "p", &[]), "p"), 4);
    let times = signal().node("Concat", "one one less", "times", &[Int("axis", 0)]);
    check(
        "repeats",
        &heard(times.node("Tile", "h times", "p", &[]), "p"),
        4,
    );
    // Channels that may be any share one.
    let channels = signal().node("Slice", "h zero less one", "p", &[]);
    let sum = channels.node("ReduceSum", "p one", "s", &[Int("keepdims", 1)]);
    let sum = sum.weight("w2", &[2, 1, 1]).node("Conv", "s w2", "y", &[]);
    check("channels", &sum.output("y", &[1, 2, 5]), 1);
}

/// Checks: pads listed from the last axis on, brought into order by cutting backwards and transposing, as some
/// exporters write them.
#[test]
fn pads_from_the_last_axis_on() {
    let builder = signal()
        .node(
            "Concat",
            "less zero zero zero zero zero",
            "pairs",
            &[Int("axis", 0)],
        )
        .integers("by two", &[-1, 2])
        .integers("back", &[-1])
        .integers("first", &[i64::MIN + 1])
        .integers("flat", &[-1]);
    let mut builder = builder
        .node("Reshape", "pairs by_two", "rows", &[])
        .node("Slice", "rows back first zero back", "turned", &[])
        .node("Transpose", "turned", "columns", &[Ints("perm", &[1, 0])])
        .node("Reshape", "columns flat", "pads", &[])
        .node("Pad", "h pads", "p", &[]);
    for tensor in &mut builder.graph().initializer {
        if tensor.name.as_deref() == Some("by two") {
            tensor.name = Some("by_two".into());
        }
    }
    check("pads", &heard(builder, "p"), 4);
}

/// Checks: entries scattered along one axis keep the multipliers of the others, and so do sequences that are reversed.
#[test]
fn scattered_along_an_axis() {
    let scattered = |axis: i64| {
        let places: Vec<i64> = (0..12)
            .map(|n| if axis == 1 { n / 3 } else { n % 3 })
            .collect();
        let builder = Builder::new(13)
            .input("x", &[1, 2, 3])
            .weight("w1", &[4, 2, 1])
            .positive("b1", &[4])
            .node("Conv", "x w1 b1", "c", &[])
            .node("Relu", "c", "h", &[])
            .floats("zeros", &[1, 4, 3], &[0.0; 12])
            .indices("places", &[1, 4, 3], &places);
        let made = builder.node(
            "ScatterElements",
            "zeros places h",
            "p",
            &[Int("axis", axis)],
        );
        let closed = made.weight("w2", &[2, 4, 1]).node("Conv", "p w2", "y", &[]);
        closed.output("y", &[1, 2, 3])
    };
    check("along time", &scattered(2), 4);
    check("along channels", &scattered(1), 1);
    let reversed = |time: i64| {
        let builder = Builder::new(13)
            .input("x", &[3, 1, 2])
            .weight("w1", &[2, 4])
            .node("MatMul", "x w1", "h", &[])
            .integers("lengths", &[2]);
        let settings = [Int("time_axis", time), Int("batch_axis", 1)];
        let made = builder.node("ReverseSequence", "h lengths", "p", &settings);
        let closed = made.weight("w2", &[4, 2]).node("MatMul", "p w2", "y", &[]);
        read(&closed.output("y", &[3, 1, 2]).bytes())
            .network()
            .variables()
    };
    assert_eq!(reversed(0), 4);
}

/// Checks: weights divided by their norms carry what their gains do; kernels that are computed carry a multiplier for
/// each output, against those of their inputs.
#[test]
fn computed_kernels() {
    let start = || {
        Builder::new(13)
            .input("x", &[1, 2, 5])
            .weight("v", &[4, 2, 2])
            .weight("g", &[4, 1, 1])
            .positive("b1", &[4])
            .node("ReduceL2", "v", "n", &[Ints("axes", &[1, 2])])
    };
    let closed = |builder: Builder| {
        let builder = builder
            .node(
                "Conv",
                "x k b1",
                "c",
                &[
                    Ints("pads", &[0, 0]),
                    Ints("strides", &[1]),
                    Ints("dilations", &[1]),
                ],
            )
            .node("Relu", "c", "h", &[]);
        let builder = builder
            .weight("w2", &[2, 4, 1])
            .node("Conv", "h w2", "y", &[]);
        builder.output("y", &[1, 2, 4])
    };
    let after = start()
        .node("Div", "v n", "d", &[])
        .node("Mul", "d g", "k", &[]);
    check("gain after the norm", &closed(after), 4);
    let before = start()
        .node("Div", "g n", "d", &[])
        .node("Mul", "v d", "k", &[]);
    check("gain before", &closed(before), 4);
    let made = |groups: i64| {
        let inputs = 4 / groups;
        let builder = Builder::new(13)
            .input("x", &[1, 2, 3])
            .input("z", &[1, 3])
            .weight("w1", &[4, 2, 1])
            .node("Conv", "x w1", "c", &[])
            .node("Relu", "c", "h", &[])
            .weight("wk", &[3, 6 * inputs])
            .node("MatMul", "z wk", "flat", &[])
            .integers("shape", &[6, inputs, 1])
            .node("Reshape", "flat shape", "k", &[])
            .weight("b", &[6])
            .node(
                "Conv",
                "h k b",
                "d",
                &[
                    Int("group", groups),
                    Ints("pads", &[0, 0]),
                    Ints("strides", &[1]),
                    Ints("dilations", &[1]),
                ],
            )
            .node("Relu", "d", "e", &[]);
        let closed = builder
            .weight("w2", &[2, 6, 1])
            .node("Conv", "e w2", "y", &[]);
        closed.output("y", &[1, 2, 3])
    };
    check("of a layer", &made(1), 10);
    check("of a layer, in groups", &made(2), 10);
}

/// Checks: matrices of experts that are taken by a computed index scale alike.
#[test]
fn matrices_by_computed_places() {
    let builder = Builder::new(13)
        .input("x", &[2, 4])
        .weight("wr", &[4, 3])
        .node("MatMul", "x wr", "scores", &[])
        .node(
            "ArgMax",
            "scores",
            "best",
            &[Int("axis", 1), Int("keepdims", 0)],
        )
        .weight("w1", &[3, 4, 5])
        .weight("w2", &[3, 5, 2])
        .node("Gather", "w1 best", "a", &[])
        .node("Gather", "w2 best", "b", &[])
        .integers("one", &[1])
        .node("Unsqueeze", "x one", "rows", &[])
        .node("MatMul", "rows a", "h0", &[])
        .node("Relu", "h0", "h", &[])
        .node("MatMul", "h b", "y", &[])
        .output("y", &[2, 1, 2]);
    // 5 units, and one size for all scores.
    check("experts", &builder, 6);
}

/// Checks: the order of a file's operators is no matter, within it and for `check`.
#[test]
fn operators_in_any_order() {
    let plain = closed(dense(13, 3).node("Relu", "h", "r", &[]), "r", 3);
    let mut turned = closed(dense(13, 3).node("Relu", "h", "r", &[]), "r", 3);
    turned.graph().node.reverse();
    let (one, other) = (read(&plain.bytes()), read(&turned.bytes()));
    assert_eq!(other.network().variables(), 3);
    assert_eq!(one.aligned(&other).map(|_| ()), Ok(()));
    let multipliers = other.multipliers(&[2.0, 4.0, 8.0]).unwrap();
    let scaled = other.scaled(&multipliers, &[], false, "scaled").unwrap();
    let names = |bytes: &[u8]| -> Vec<String> {
        let operators = read(bytes).layer_graph();
        vec![format!("{operators:?}")]
    };
    assert_eq!(names(&scaled.model), names(&turned.bytes()));
    let nodes = |bytes: &[u8]| {
        let model: synaptic_balance::formats::onnx::message::Model =
            prost::Message::decode(bytes).unwrap();
        model.graph.unwrap().node
    };
    assert_eq!(nodes(&scaled.model), nodes(&turned.bytes()));
}

/// Checks: layers that a runtime has fused are as free as their parts; an activation that is not homogeneous pins what
/// it reads.
#[test]
fn fused_layers() {
    let free = |activation: &str| {
        let mut builder = Builder::new(13)
            .input("x", &[1, 2, 4, 4])
            .weight("w1", &[3, 2, 1, 1])
            .positive("b1", &[3])
            .node(
                "FusedConv",
                "x w1 b1",
                "h",
                &[Text("activation", activation)],
            )
            .weight("w2", &[3, 3, 1, 1])
            .weight("b2", &[3])
            .node("FusedConv", "h w2 b2 h", "k", &[Text("activation", "Relu")])
            .node("GlobalAveragePool", "k", "p", &[])
            .node("Flatten", "p", "f", &[])
            .weight("w3", &[5, 3])
            .weight("b3", &[5])
            .node(
                "FusedGemm",
                "f w3 b3",
                "g",
                &[Int("transB", 1), Text("activation", "Relu")],
            )
            .weight("w4", &[2, 5])
            .node(
                "FusedMatMul",
                "g w4",
                "y",
                &[Int("transB", 1), Float("alpha", 0.5)],
            )
            .output("y", &[1, 2]);
        for node in &mut builder.graph().node {
            if node.op_type.as_deref().unwrap().starts_with("Fused") {
                node.domain = Some("com.microsoft".into());
            }
        }
        read(&builder.bytes()).network().variables()
    };
    assert_eq!(
        free("Relu"),
        8,
        "what is added ties the channels of the first"
    );
    assert_eq!(free("Tanh"), 5);
}

/// Checks: what an input is where a caller gives nothing belongs to the function.
#[test]
fn inputs_with_values_of_their_own() {
    let model = |bias: f32| {
        let builder = Builder::new(13)
            .input("x", &[2, 3])
            .input("b", &[2])
            .weight("w", &[3, 2])
            .floats("b", &[2], &[bias, 1.0]);
        let builder = builder.node("Gemm", "x w b", "y", &[]).output("y", &[2, 2]);
        OnnxFile::read(builder.bytes(), None).unwrap()
    };
    assert_eq!(model(0.5).aligned(&model(0.5)).map(|_| ()), Ok(()));
    let found = model(0.5).aligned(&model(0.25)).map(|_| ()).unwrap_err();
    assert_eq!(found[0].place, "input `b`");
}
