//! Sums of products of several tensors.

use super::builder::{Builder, Setting::*, read};
use super::rules::check;

/// `x` through a layer of so many units, as `name`.
fn layer(builder: Builder, name: &str, units: i64) -> Builder {
    let (w, b, m, a) = (
        format!("w{name}"),
        format!("b{name}"),
        format!("m{name}"),
        format!("a{name}"),
    );
    builder
        .weight(&w, &[3, units])
        .positive(&b, &[units])
        .node("MatMul", &format!("x {w}"), &m, &[])
        .node("Add", &format!("{m} {b}"), &a, &[])
        .node("LeakyRelu", &a, name, &[Float("alpha", 0.3)])
}

fn start() -> Builder {
    Builder::new(13).input("x", &[4, 3])
}

/// The same closed by a layer that reads `from`, of so many channels on 4 rows.
fn end(builder: Builder, from: &str, channels: i64) -> Builder {
    builder
        .node("LeakyRelu", from, "r", &[Float("alpha", 0.55)])
        .weight("w2", &[channels, 2])
        .node("MatMul", "r w2", "y", &[])
        .output("y", &[4, 2])
}

/// Checks: `Einsum` of three tensors and more, computed ones and weights.
#[test]
fn several_factors() {
    let both = || layer(layer(start(), "p", 3), "q", 4);
    let bilinear = both().weight("w", &[3, 4, 5]).node(
        "Einsum",
        "p w q",
        "e",
        &[Text("equation", "ti,ijk,tj->tk")],
    );
    check("a bilinear layer", &end(bilinear, "e", 5), 12);
    let low = layer(start(), "p", 4)
        .weight("u", &[4, 2])
        .weight("v", &[2, 5])
        .node("Einsum", "p u v", "e", &[Text("equation", "...i,ir,ro")]);
    check("two weights of low rank", &end(low, "e", 5), 11);
    let product = layer(layer(layer(start(), "p", 4), "q", 4), "s", 4).node(
        "Einsum",
        "p q s",
        "e",
        &[Text("equation", "ti,ti,ti->ti")],
    );
    check("a product of three", &end(product, "e", 4), 12);
}

/// Checks: an axis named twice is a diagonal; its entries carry what the tensor carries there.
#[test]
fn diagonals() {
    let one = layer(start(), "p", 4)
        .integers("axis", &[0])
        .node("Einsum", "p", "d", &[Text("equation", "ii->i")])
        .node("Unsqueeze", "d axis", "e", &[])
        .node("LeakyRelu", "e", "r", &[])
        .weight("w2", &[4, 2])
        .node("MatMul", "r w2", "y", &[])
        .output("y", &[1, 2]);
    assert_eq!(read(&one.bytes()).network().variables(), 4);
    let with_weight = layer(layer(start(), "p", 4), "q", 5).node(
        "Einsum",
        "p q",
        "e",
        &[Text("equation", "ii,ij->ij")],
    );
    // The rows of the result are the channels of the first factor, and its columns those of the second.
    assert_eq!(
        read(&end(with_weight, "e", 5).bytes())
            .network()
            .variables(),
        6
    );
}

/// Checks: layers along another axis than that of the channels keep their multipliers, and so do those that read
/// several axes of them.
#[test]
fn axes_beside_the_one_summed() {
    let mixed = layer(start(), "p", 5)
        .node("Transpose", "p", "t", &[Ints("perm", &[1, 0])])
        .weight("u", &[4, 6])
        .node("MatMul", "t u", "c", &[])
        .node("LeakyRelu", "c", "d", &[Float("alpha", 0.4)])
        .weight("v", &[6, 4])
        .node("MatMul", "d v", "m", &[])
        .node("Transpose", "m", "e", &[Ints("perm", &[1, 0])]);
    check("a mixer of tokens", &end(mixed, "e", 5), 12);
    let left = layer(start(), "p", 5)
        .weight("u", &[4, 4])
        .node("Gemm", "u p", "e", &[]);
    check("a weight on the left", &end(left, "e", 5), 6);
    let groups = layer(start(), "p", 6)
        .integers("apart", &[4, 2, 3])
        .node("Reshape", "p apart", "g", &[])
        .weight("u", &[3, 4])
        .node("MatMul", "g u", "c", &[])
        .node("LeakyRelu", "c", "d", &[Float("alpha", 0.4)])
        .integers("together", &[4, 8])
        .node("Reshape", "d together", "e", &[]);
    check("one matrix for two groups", &end(groups, "e", 8), 8);
    let added = layer(layer(start(), "p", 4), "q", 4)
        .positive("b", &[4])
        .node("Gemm", "p q b", "e", &[Int("transA", 0)])
        .node("Relu", "e", "r", &[]);
    check("a computed matrix with a bias", &closed_on(added), 5);
}

fn closed_on(builder: Builder) -> Builder {
    let builder =
        builder
            .weight("w2", &[4, 2])
            .weight("b2", &[2])
            .node("Gemm", "r w2 b2", "y", &[]);
    builder.output("y", &[4, 2])
}

/// Checks: where the places are known, every entry that is taken carries its own multiplier; signs and norms are not
/// scaled.
#[test]
fn taken_at_known_places() {
    let elements = layer(start(), "p", 4)
        .indices("i", &[4, 3], &[0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2, 3])
        .node("GatherElements", "p i", "e", &[Int("axis", 1)])
        .node("LeakyRelu", "e", "r", &[])
        .weight("w2", &[3, 2])
        .node("MatMul", "r w2", "y", &[])
        .output("y", &[4, 2]);
    // The second channel leads nowhere.
    assert_eq!(read(&elements.bytes()).network().variables(), 4);
    let rows = layer(start(), "p", 4)
        .node("Transpose", "p", "t", &[Ints("perm", &[1, 0])])
        .indices("i", &[4, 1], &[3, 1, 0, 2])
        .node("GatherND", "t i", "g", &[])
        .node("Transpose", "g", "e", &[Ints("perm", &[1, 0])]);
    assert_eq!(read(&end(rows, "e", 4).bytes()).network().variables(), 4);
    let norm = layer(start(), "p", 4).node("LpNormalization", "p", "e", &[Int("axis", 1)]);
    assert_eq!(read(&end(norm, "e", 4).bytes()).network().variables(), 1);
    let sign = layer(start(), "p", 4).node("Sign", "p", "e", &[]);
    assert_eq!(read(&end(sign, "e", 4).bytes()).network().variables(), 4);
}

/// Checks: where forms along two axes would be too many to be told apart, those beside the weight's own are one.
#[test]
fn many_forms_are_merged() {
    let builder = Builder::new(13)
        .input("x", &[2, 500])
        .weight("u", &[500, 2])
        .weight("v", &[2, 600])
        .node("MatMul", "u v", "w", &[])
        .node("MatMul", "x w", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[600, 2])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[2, 2]);
    assert_eq!(read(&builder.bytes()).network().variables(), 2 + 600);
}
