//! Operators that move, join and share: one model for each.

use super::builder::{Builder, Setting::*, image};
use super::operators::{closed, dense, image_closed};
use super::rules::check;

/// Checks: channels are followed through joining, cutting and padding.
#[test]
fn moving() {
    let joined = image(3)
        .weight("w3", &[2, 2, 3, 3])
        .positive("b3", &[2])
        .node("Conv", "x w3 b3", "c3", &[])
        .node("Relu", "c3", "h3", &[])
        .node("Concat", "h h3", "j", &[Int("axis", 1)]);
    check("Concat", &image_closed(joined, "j", 5, &[1, 2, 4, 4]), 5);
    let spatial =
        image(3)
            .node("Neg", "h", "n", &[])
            .node("Concat", "h n", "j", &[Int("axis", -1)]);
    check(
        "Concat over space",
        &image_closed(spatial, "j", 3, &[1, 2, 4, 8]),
        3,
    );
    for (opset, name) in [(11, "by attribute"), (13, "by input")] {
        let mut builder = image(5);
        builder.model.opset_import[0].version = Some(opset);
        let builder = match opset {
            11 => builder.node(
                "Split",
                "h",
                "a b",
                &[Int("axis", 1), Ints("split", &[3, 2])],
            ),
            _ => builder.integers("sizes", &[3, 2]).node(
                "Split",
                "h sizes",
                "a b",
                &[Int("axis", 1)],
            ),
        };
        let builder =
            builder
                .node("Neg", "a", "n", &[])
                .node("Concat", "b n", "j", &[Int("axis", 1)]);
        check(
            &format!("Split {name}"),
            &image_closed(builder, "j", 5, &[1, 2, 4, 4]),
            5,
        );
    }
    let sliced = image(5)
        .integers("starts", &[3, 1])
        .integers("ends", &[-9, 3])
        .integers("axes", &[1, 2])
        .integers("steps", &[-2, 1])
        .node("Slice", "h starts ends axes steps", "s", &[]);
    let sliced = image_closed(sliced, "s", 2, &[1, 2, 2, 4]);
    // Channels 0, 2 and 4 lead nowhere: they can be scaled as one likes, or vanish.
    let file = super::builder::read(&sliced.bytes());
    assert_eq!(file.network().variables(), 5);
    let gathered =
        image(3)
            .integers("order", &[2, 0, 1])
            .node("Gather", "h order", "s", &[Int("axis", 1)]);
    check("Gather", &image_closed(gathered, "s", 3, &[1, 2, 4, 4]), 3);
    let padded = image(3)
        .integers("pads", &[0, 0, 1, 0, 0, 2, 0, 1])
        .node("Pad", "h pads", "p", &[])
        .weight("w3", &[5, 3, 2, 2])
        .positive("b3", &[5])
        .node("Conv", "h w3 b3", "c3", &[Ints("pads", &[1, 1, 1, 1])])
        .node("Relu", "c3", "h3", &[])
        .node("Add", "p h3", "s", &[]);
    check(
        "Pad with zeros on channels",
        &image_closed(padded, "s", 5, &[1, 2, 5, 5]),
        5,
    );
    let zeros = image(3)
        .integers("shape", &[1, 2, 4, 4])
        .node("ConstantOfShape", "shape", "z", &[])
        .node("Concat", "h z", "p", &[Int("axis", 1)])
        .weight("w3", &[5, 3, 1, 1])
        .positive("b3", &[5])
        .node("Conv", "h w3 b3", "c3", &[])
        .node("Add", "p c3", "s", &[])
        .node("Relu", "s", "r", &[]);
    check(
        "joined with zeros",
        &image_closed(zeros, "r", 5, &[1, 2, 4, 4]),
        5,
    );
}

/// Checks: channels are followed through other shapes, into the entries of a flattened image.
#[test]
fn shapes() {
    let dense_after = |builder: Builder, from: &str, width: i64| {
        builder
            .weight("w2", &[width, 2])
            .weight("b2", &[2])
            .node("Gemm", &format!("{from} w2 b2"), "y", &[])
            .output("y", &[1, 2])
    };
    check(
        "Flatten",
        &dense_after(image(3).node("Flatten", "h", "f", &[]), "f", 48),
        3,
    );
    let reshaped = image(3)
        .integers("shape", &[0, -1])
        .node("Reshape", "h shape", "f", &[]);
    check("Reshape", &dense_after(reshaped, "f", 48), 3);
    let transposed = image(3)
        .node("Transpose", "h", "t", &[Ints("perm", &[0, 2, 3, 1])])
        .integers("shape", &[-1, 48])
        .node("Reshape", "t shape", "f", &[]);
    check(
        "Transpose and Reshape",
        &dense_after(transposed, "f", 48),
        3,
    );
    let shuffled = image(4)
        .integers("apart", &[1, 2, 2, 4, 4])
        .node("Reshape", "h apart", "a", &[])
        .node("Transpose", "a", "t", &[Ints("perm", &[0, 2, 1, 3, 4])])
        .integers("together", &[1, 4, 4, 4])
        .node("Reshape", "t together", "s", &[])
        .node("Add", "s h", "r", &[]);
    check(
        "shuffled channels added to themselves",
        &image_closed(shuffled, "r", 4, &[1, 2, 4, 4]),
        3,
    );
    let squeezed = image(3)
        .node("GlobalAveragePool", "h", "g", &[])
        .integers("axes", &[2, 3])
        .node("Squeeze", "g axes", "s", &[])
        .integers("first", &[0])
        .node("Unsqueeze", "s first", "u", &[])
        .node("Squeeze", "u first", "f", &[]);
    check("Squeeze and Unsqueeze", &dense_after(squeezed, "f", 3), 3);
    let by_shape = image(3)
        .node("Shape", "h", "dims", &[])
        .integers("zero", &[0])
        .node("Gather", "dims zero", "batch", &[])
        .integers("rest", &[-1])
        .node("Concat", "batch rest", "shape", &[Int("axis", 0)])
        .node("Reshape", "h shape", "f", &[]);
    check(
        "Reshape by a computed shape",
        &dense_after(by_shape, "f", 48),
        3,
    );
}

/// Checks: a recurrent layer of rectified units, one way and both ways, with its self-connections left alone.
#[test]
fn recurrent() {
    for (direction, count) in [("forward", 1), ("reverse", 1), ("bidirectional", 2)] {
        let activations = vec!["Relu"; count as usize];
        let builder = Builder::new(13)
            .input("x", &[4, 2, 2])
            .weight("w", &[count, 3, 2])
            .positive("r", &[count, 3, 3])
            .positive("b", &[count, 6])
            .node(
                "RNN",
                "x w r b",
                "all last",
                &[
                    Int("hidden_size", 3),
                    Text("direction", direction),
                    Texts("activations", &activations),
                ],
            )
            .weight("w2", &[3, 2])
            .node("MatMul", "last w2", "y", &[])
            .output("y", &[count, 2, 2]);
        // Both directions are read by the same weights, which ties them.
        check(&format!("RNN {direction}"), &builder, 3);
    }
}

/// Checks: a weight that several layers share is counted once, and imposes the same multipliers at all of them.
#[test]
fn shared_weights() {
    let shared = dense(13, 3)
        .node("Relu", "h", "r", &[])
        .weight("v", &[3, 3])
        .positive("c", &[3])
        .node("Gemm", "r v c", "g1", &[])
        .node("Relu", "g1", "r1", &[])
        .node("Gemm", "r1 v c", "g2", &[])
        .node("Relu", "g2", "r2", &[]);
    let builder = closed(shared, "r2", 3);
    let file = super::builder::read(&builder.bytes());
    assert_eq!(file.network().synapses(), 9 + 3 + 9 + 3 + 6 + 2);
    check("a layer used twice", &builder, 3);
    // Both columns of the first layer are the first column of the weight.
    let repeated = Builder::new(13)
        .input("x", &[2, 3])
        .weight("w", &[3, 2])
        .integers("twice", &[0, 0])
        .node("Gather", "w twice", "v", &[Int("axis", 1)])
        .node("MatMul", "x v", "m", &[])
        .positive("b1", &[2])
        .node("Add", "m b1", "h", &[])
        .node("Relu", "h", "r", &[]);
    check("one column used twice", &closed(repeated, "r", 2), 1);
    let siblings = dense(13, 3)
        .node("MatMul", "x w1", "m2", &[])
        .positive("c", &[3])
        .node("Add", "m2 c", "h2", &[])
        .node("Relu", "h", "r", &[])
        .node("Relu", "h2", "r2", &[])
        .node("Concat", "r r2", "j", &[Int("axis", 1)]);
    check("one weight, two biases", &closed(siblings, "j", 6), 3);
}

/// Checks: what is stretched over space, or rearranged between channels and space, keeps one multiplier; and a number
/// in another floating-point type is the same number.
#[test]
fn stretched_rearranged_and_cast() {
    let stretched = image(3)
        .node("GlobalAveragePool", "h", "g", &[])
        .integers("shape", &[1, 3, 4, 4])
        .node("Expand", "g shape", "e", &[])
        .node("Add", "h e", "s", &[])
        .node("LeakyRelu", "s", "r", &[]);
    let stretched = image_closed(stretched, "r", 3, &[1, 2, 4, 4]);
    check("Expand", &stretched, 3);
    let spread = image(4).node("DepthToSpace", "h", "d", &[Int("blocksize", 2)]);
    check(
        "DepthToSpace",
        &image_closed(spread, "d", 1, &[1, 2, 8, 8]),
        1,
    );
    let gathered = image(1).node("SpaceToDepth", "h", "d", &[Int("blocksize", 2)]);
    check(
        "SpaceToDepth",
        &image_closed(gathered, "d", 4, &[1, 2, 2, 2]),
        1,
    );
    let cast = dense(13, 3)
        .node("Cast", "h", "wide", &[Int("to", 11)])
        .node("Relu", "wide", "r", &[])
        .node("Cast", "r", "narrow", &[Int("to", 1)]);
    check("Cast", &closed(cast, "narrow", 3), 3);
}
