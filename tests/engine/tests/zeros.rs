//! Constants that are 0 everywhere carry any multiplier, whatever shape they are given.

use synaptic_balance::formats::onnx::Roles;

use super::builder::{Builder, Setting::*, read};
use super::rules::check;

/// `x -> dense, 5 units -> maximum with what is made of its shape -> dense`, for batches of any length.
fn beside(make: impl Fn(Builder) -> Builder) -> Builder {
    let start = Builder::new(17)
        .input("x", &[-1, 3])
        .weight("w1", &[3, 5])
        .positive("b1", &[5])
        .node("Gemm", "x w1 b1", "h", &[])
        .node("Shape", "h", "lengths", &[]);
    make(start)
        .node("Max", "h z", "r", &[])
        .weight("w2", &[5, 2])
        .node("MatMul", "r w2", "y", &[])
        .output("y", &[-1, 2])
}

/// Checks: zeros of a shape that is computed tie nothing, however they come to it; ones pin, and zeros that are said to
/// be learned tie what they are brought together with.
#[test]
fn zeros_in_computed_shapes() {
    let expanded = |shape: &'static [i64]| {
        beside(move |b| {
            b.floats("c", shape, &[0.0])
                .node("Expand", "c lengths", "z", &[])
        })
    };
    for shape in [&[][..], &[1], &[1, 1]] {
        check(&format!("Expand of {shape:?}"), &expanded(shape), 5);
    }
    let tiled = beside(|b| {
        b.floats("c", &[1, 1], &[0.0])
            .node("Tile", "c lengths", "z", &[])
    });
    check("Tile", &tiled, 5);
    let reshaped = beside(|b| {
        let b = b.floats("c", &[10], &[0.0; 10]);
        b.node("Reshape", "c lengths", "z", &[])
    });
    check("Reshape", &reshaped, 5);
    let made = beside(|b| b.node("ConstantOfShape", "lengths", "z", &[]));
    check("ConstantOfShape", &made, 5);
    let cut = beside(|b| {
        b.floats("c", &[4, 5], &[0.0; 20])
            .integers("first", &[0])
            .integers("second", &[1])
            .node("Slice", "lengths first second", "count", &[])
            .node("Slice", "c first count first", "z", &[])
    });
    check("Slice", &cut, 5);
    let ones = beside(|b| {
        b.floats("c", &[], &[1.0])
            .node("Expand", "c lengths", "z", &[])
    });
    check("ones", &ones, 0);
    let roles = Roles {
        learned: vec!["c".into()],
        constant: Vec::new(),
    };
    let learned = read(&expanded(&[1]).bytes()).with_roles(&roles).unwrap();
    assert_eq!(learned.network().variables(), 1);
    let recurrent = Builder::new(14)
        .input("x", &[4, -1, 2])
        .weight("w", &[1, 3, 2])
        .positive("r", &[1, 3, 3])
        .positive("b", &[1, 6])
        .node("Shape", "x", "lengths", &[])
        .integers("one", &[1])
        .integers("two", &[2])
        .integers("units", &[3])
        .node("Slice", "lengths one two", "batch", &[])
        .node("Concat", "one batch units", "states", &[Int("axis", 0)])
        .floats("c", &[], &[0.0])
        .node("Expand", "c states", "start", &[])
        .node(
            "RNN",
            "x w r b - start",
            "all last",
            &[Int("hidden_size", 3), Texts("activations", &["Relu"])],
        )
        .weight("w2", &[3, 2])
        .node("MatMul", "last w2", "y", &[])
        .output("y", &[1, -1, 2]);
    check("an initial state", &recurrent, 3);
}
