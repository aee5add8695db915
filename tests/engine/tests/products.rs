//! Operators whose multipliers are multiplied, divided or raised to powers: gates, attention, norms, recurrent layers
//! with gates.

use super::builder::{Builder, Setting::*, image};
use super::operators::{closed, dense, image_closed};
use super::rules::check;

/// Two layers of so many units that read one input: `a` and `b`.
fn pair(hidden: i64) -> Builder {
    Builder::new(17)
        .input("x", &[2, 3])
        .weight("wa", &[3, hidden])
        .node("MatMul", "x wa", "ma", &[])
        .node("Relu", "ma", "a", &[])
        .weight("wb", &[3, hidden])
        .positive("bb", &[hidden])
        .node("MatMul", "x wb", "mb", &[])
        .node("Add", "mb bb", "b", &[])
}

/// Checks: products of computed tensors, squares, roots, reciprocals and quotients.
#[test]
fn products() {
    let gate = pair(4).node("Mul", "a b", "g", &[]);
    check("ReGLU", &closed(gate, "g", 4), 8);
    let silu = pair(4)
        .node("Sigmoid", "a", "s", &[])
        .node("Mul", "a s", "t", &[])
        .node("Mul", "t b", "g", &[]);
    check("SwiGLU", &closed(silu, "g", 4), 4);
    let square = dense(17, 3)
        .node("Relu", "h", "r", &[])
        .node("Mul", "r r", "s", &[]);
    check("squared ReLU as a product", &closed(square, "s", 3), 3);
    let powers = |squarings: usize| {
        let mut model = dense(17, 3).node("Relu", "h", "r0", &[]);
        for number in 0..squarings {
            let from = format!("r{number} r{number}");
            model = model.node("Mul", &from, &format!("r{}", number + 1), &[]);
        }
        let model = closed(model, &format!("r{squarings}"), 3);
        super::builder::read(&model.bytes()).network().variables()
    };
    // Exponents beyond 256 are not followed.
    assert_eq!([powers(8), powers(9), powers(70)], [3, 0, 0]);
    let cube = dense(17, 3)
        .node("Relu", "h", "r", &[])
        .floats("c", &[], &[3.0])
        .node("Pow", "r c", "s", &[]);
    check("a cube", &closed(cube, "s", 3), 3);
    let root = dense(17, 3)
        .node("Abs", "h", "r", &[])
        .node("Sqrt", "r", "s", &[]);
    check("a root", &closed(root, "s", 3), 3);
    let quotient = dense(17, 3)
        .node("Softplus", "x", "sx", &[])
        .positive("wd", &[3, 3])
        .node("MatMul", "sx wd", "d", &[])
        .node("Div", "h d", "q", &[]);
    check("a quotient", &closed(quotient, "q", 3), 6);
    let reciprocal = Builder::new(17)
        .input("x", &[2, 3])
        .node("Softplus", "x", "sx", &[])
        .positive("wd", &[3, 3])
        .node("MatMul", "sx wd", "d", &[])
        .node("Reciprocal", "d", "q", &[]);
    check("a reciprocal", &closed(reciprocal, "q", 3), 3);
    let fed_back = pair(3)
        .node("Mul", "a b", "g", &[])
        .positive("bg", &[3])
        .node("Add", "g bg", "s", &[])
        .node("Relu", "s", "r", &[]);
    check("a bias added to a product", &closed(fed_back, "r", 3), 6);
    let masked = pair(4)
        .floats("one", &[4], &[1.0, 0.0, 1.0, 0.0])
        .floats("two", &[4], &[0.0, 1.0, 0.0, 1.0])
        .node("Mul", "a one", "p", &[])
        .node("Mul", "b two", "q", &[])
        .node("Add", "p q", "s", &[]);
    let bytes = closed(masked, "s", 4).bytes();
    let file = super::builder::read(&bytes);
    assert_eq!(
        file.network().variables(),
        8,
        "each summand is masked where the other is not"
    );
}

/// Checks: norms that are one operator, and those written out.
#[test]
fn norms() {
    let fused = dense(17, 4)
        .positive("gain", &[4])
        .weight("shift", &[4])
        .node(
            "LayerNormalization",
            "h gain shift",
            "n",
            &[Int("axis", -1)],
        );
    check("LayerNormalization", &closed(fused, "n", 4), 4);
    let written = dense(17, 4)
        .floats("two", &[], &[2.0])
        .floats("eps", &[], &[1e-2])
        .node("ReduceMean", "h", "mu", &[Ints("axes", &[-1])])
        .node("Sub", "h mu", "d", &[])
        .node("Pow", "d two", "dd", &[])
        .node("ReduceMean", "dd", "v", &[Ints("axes", &[-1])])
        .node("Add", "v eps", "ve", &[])
        .node("Sqrt", "ve", "sd", &[])
        .node("Div", "d sd", "z", &[])
        .positive("gain", &[4])
        .node("Mul", "z gain", "zg", &[])
        .weight("shift", &[4])
        .node("Add", "zg shift", "n", &[]);
    check("a norm written out", &closed(written, "n", 4), 4);
    let gain_first = |builder: Builder, product: [&str; 2], deviation: &str| {
        let builder = builder
            .floats("eps", &[], &[1e-2])
            .node("ReduceMean", "h", "mu", &[Ints("axes", &[-1])])
            .node("Sub", "h mu", "d", &[])
            .node("Mul", "d d", "dd", &[])
            .node("ReduceMean", "dd", "v", &[Ints("axes", &[-1])])
            .positive("gain", &[4])
            .node("Mul", "gain d", "zg", &[]);
        let builder = match deviation {
            "sqrt(v + eps)" => {
                builder
                    .node("Add", "v eps", "ve", &[])
                    .node("Sqrt", "ve", "sd", &[])
            }
            _ => builder
                .node("Sqrt", "v", "root", &[])
                .node("Add", "root eps", "sd", &[]),
        };
        let builder = builder
            .node("Constant", "", "unit", &[Float("value_float", 1.0)])
            .node("Div", "unit sd", "inverse", &[]);
        let [operator, inputs] = product;
        let builder = builder.node(operator, inputs, "z", &[]);
        let builder = builder
            .weight("shift", &[4])
            .node("Add", "z shift", "n", &[]);
        closed(builder, "n", 4)
    };
    for deviation in ["sqrt(v + eps)", "sqrt(v) + eps"] {
        for product in [
            ["Div", "zg sd"],
            ["Mul", "zg inverse"],
            ["Mul", "inverse zg"],
        ] {
            let model = gain_first(dense(17, 4), product, deviation);
            check(
                &format!("gain before {product:?} by {deviation}"),
                &model,
                4,
            );
        }
    }
    // The norm is that of the product: its factor is a table like any other, and no weight.
    let own = dense(17, 4)
        .positive("table", &[4])
        .node("Mul", "table h", "t", &[])
        .node("ReduceL2", "t", "l", &[Ints("axes", &[-1])])
        .node("Div", "t l", "n", &[]);
    check("a table before its own norm", &closed(own, "n", 4), 1);
    let instance = image(3).positive("gain", &[3]).weight("shift", &[3]).node(
        "InstanceNormalization",
        "h gain shift",
        "n",
        &[],
    );
    check(
        "InstanceNormalization",
        &image_closed(instance, "n", 3, &[1, 2, 4, 4]),
        3,
    );
}

/// Checks: attention written out: queries against keys, values against what reads them, heads apart.
#[test]
fn attention() {
    let builder = Builder::new(17)
        .input("x", &[2, 5, 4])
        .weight("wq", &[4, 6])
        .weight("wk", &[4, 6])
        .weight("wv", &[4, 6])
        .integers("heads", &[2, 5, 2, 3])
        .node("MatMul", "x wq", "q", &[])
        .node("MatMul", "x wk", "k", &[])
        .node("MatMul", "x wv", "v", &[])
        .node("Reshape", "q heads", "qh", &[])
        .node("Reshape", "k heads", "kh", &[])
        .node("Reshape", "v heads", "vh", &[])
        .node("Transpose", "qh", "qt", &[Ints("perm", &[0, 2, 1, 3])])
        .node("Transpose", "kh", "kt", &[Ints("perm", &[0, 2, 3, 1])])
        .node("Transpose", "vh", "vt", &[Ints("perm", &[0, 2, 1, 3])])
        .node("MatMul", "qt kt", "s", &[])
        .node("Softmax", "s", "p", &[Int("axis", -1)])
        .node("MatMul", "p vt", "o", &[])
        .node("Transpose", "o", "ot", &[Ints("perm", &[0, 2, 1, 3])])
        .integers("joined", &[2, 5, 6])
        .node("Reshape", "ot joined", "oj", &[])
        .weight("wo", &[6, 4])
        .node("MatMul", "oj wo", "y", &[])
        .output("y", &[2, 5, 4]);
    check("attention", &builder, 12);
    let named = Builder::new(17)
        .input("x", &[2, 5, 4])
        .weight("wq", &[4, 2, 3])
        .weight("wk", &[4, 2, 3])
        .node("Einsum", "x wq", "q", &[Text("equation", "btc,chd->bthd")])
        .node("Einsum", "x wk", "k", &[Text("equation", "bsc,chd->bshd")])
        .node("Einsum", "q k", "s", &[Text("equation", "bthd,bshd->bhts")])
        .node("Softmax", "s", "y", &[Int("axis", -1)])
        .output("y", &[2, 2, 5, 5]);
    check("attention by named axes", &named, 6);
}

/// Checks: gates pin what they read of a state; a state made by rectifiers is free, and so is what the layer reads.
#[test]
fn gated_layers() {
    let layer = |operator: &str, blocks: i64, activations: &'static [&'static str]| {
        let mut settings = vec![Int("hidden_size", 3)];
        if operator == "GRU" {
            settings.push(Int("linear_before_reset", 1));
        }
        if !activations.is_empty() {
            settings.push(Texts("activations", activations));
        }
        Builder::new(14)
            .input("x", &[4, 2, 3])
            .weight("w1", &[3, 2])
            .node("MatMul", "x w1", "m", &[])
            .node("Relu", "m", "h", &[])
            .weight("w", &[1, 3 * blocks, 2])
            .weight("r", &[1, 3 * blocks, 3])
            .weight("b", &[1, 6 * blocks])
            .node(operator, "h w r b", "all last", &settings)
            .weight("w2", &[3, 2])
            .node("MatMul", "last w2", "y", &[])
            .output("y", &[1, 2, 2])
    };
    check("LSTM", &layer("LSTM", 4, &[]), 2);
    check("GRU", &layer("GRU", 3, &[]), 2);
    let free = |builder: Builder| super::builder::read(&builder.bytes()).network().variables();
    let rectified = layer("GRU", 3, &["Sigmoid", "Relu"]);
    assert_eq!(free(rectified), 5);
    let rectified = layer("LSTM", 4, &["Sigmoid", "Relu", "Relu"]);
    assert_eq!(free(rectified), 5);
    assert_eq!(free(layer("RNN", 1, &["Tanh"])), 2);
}

/// Checks: choosing, placing, repeating and resizing.
#[test]
fn entries_chosen_and_made() {
    let chosen = pair(3)
        .floats("zero", &[], &[0.0])
        .node("Greater", "a zero", "c", &[])
        .node("Where", "c a b", "s", &[]);
    check("Where", &closed(chosen, "s", 3), 3);
    let top = dense(17, 4)
        .integers("k", &[2])
        .node("TopK", "h k", "t i", &[]);
    check("TopK", &closed(top, "t", 2), 1);
    let tiled = dense(17, 2)
        .integers("times", &[1, 2])
        .node("Tile", "h times", "t", &[]);
    check("Tile", &closed(tiled, "t", 4), 2);
    let resized = image(3)
        .floats("none", &[0], &[])
        .floats("scales", &[4], &[1.0, 1.0, 2.0, 2.0])
        .node("Resize", "h none scales", "s", &[Text("mode", "nearest")]);
    check("Resize", &image_closed(resized, "s", 3, &[1, 2, 8, 8]), 3);
    let masked = dense(17, 3)
        .floats(
            "mask",
            &[2, 3],
            &[0.0, f32::NEG_INFINITY, 0.0, 0.0, 0.0, 0.0],
        )
        .node("Add", "h mask", "s", &[])
        .node("Relu", "s", "r", &[]);
    check("an infinite mask", &closed(masked, "r", 3), 3);
    for (operator, shape, number) in [
        ("Max", &[][..], f32::NEG_INFINITY),
        ("Max", &[1], f32::NEG_INFINITY),
        ("Min", &[1, 1], f32::INFINITY),
        ("Add", &[], 0.0),
        ("Sub", &[1], 0.0),
    ] {
        let beside = dense(17, 3)
            .floats("c", shape, &[number])
            .node(operator, "h c", "s", &[])
            .node("Relu", "s", "r", &[]);
        let name = format!("{operator} beside {number} of the shape {shape:?}");
        check(&name, &closed(beside, "r", 3), 3);
    }
    let shuffled = image(8).node("DepthToSpace", "h", "s", &[Int("blocksize", 2)]);
    check(
        "DepthToSpace",
        &image_closed(shuffled, "s", 2, &[1, 2, 8, 8]),
        2,
    );
}

/// Checks: indices that are calculated from others of several axes are no list of lengths: all channels that they may
/// take are tied.
#[test]
fn indices_of_several_axes() {
    let gathered = dense(17, 4)
        .node("Relu", "h", "r", &[])
        .indices("rows", &[2, 1], &[0, 1])
        .indices("columns", &[1, 2], &[0, 2])
        .node("Add", "rows columns", "places", &[])
        .node("Gather", "r places", "g", &[Int("axis", 1)])
        .integers("flat", &[2, 4])
        .node("Reshape", "g flat", "f", &[]);
    check("calculated indices", &closed(gathered, "f", 4), 1);
}
