//! What is learned and what is a constant: tables, masks and numbers of formulas are never changed.

use synaptic_balance::formats::{OnnxError, OnnxFile, Roles};

use super::builder::{Builder, Setting::Int, image, read};
use super::operators::{closed, dense, image_closed};
use super::rules::check;

fn free(builder: &Builder) -> usize {
    read(&builder.bytes()).network().variables()
}

/// The names of what was taken for a constant.
fn constants(file: &OnnxFile) -> Vec<&str> {
    file.kept()
        .iter()
        .map(|kept| kept.tensor.as_str())
        .collect()
}

/// Checks: the scale of a branch by channel is learned, the same product without a residual sum is by a constant, and
/// so are a table that varies with the position and a single number.
#[test]
fn factors() {
    let branch = |shape: &[i64]| {
        image(3)
            .weight("w3", &[3, 3, 1, 1])
            .node("Conv", "h w3", "c3", &[])
            .weight("f", shape)
            .node("Mul", "f c3", "m", &[])
    };
    let residual = |builder: Builder| {
        let sum = builder.node("Add", "m h", "s", &[]);
        image_closed(sum, "s", 3, &[1, 2, 4, 4])
    };
    check("the scale of a branch", &residual(branch(&[3, 1, 1])), 6);
    assert_eq!(free(&residual(branch(&[4, 1]))), 3, "a table");
    assert_eq!(free(&residual(branch(&[1]))), 3, "a single number");
    let plain = image_closed(branch(&[3, 1, 1]), "m", 3, &[1, 2, 4, 4]);
    assert_eq!(free(&plain), 6);
    assert_eq!(constants(&read(&plain.bytes())), ["f"]);
}

/// Checks: the gain of a normalisation that is spelt out is learned, in three spellings; the constants of the formula
/// are not.
#[test]
fn gains() {
    let start = || {
        let start = Builder::new(13)
            .input("x", &[2, 4])
            .floats("two", &[], &[2.0]);
        start
            .floats("small", &[], &[1e-5])
            .node("Pow", "x two", "square", &[])
            .node("ReduceMean", "square", "mean", &[Int("keepdims", 1)])
            .node("Add", "mean small", "sum", &[])
    };
    let divided = start()
        .node("Sqrt", "sum", "root", &[])
        .node("Div", "x root", "n", &[]);
    let inverse = start()
        .node("Sqrt", "sum", "root", &[])
        .node("Reciprocal", "root", "inverse", &[])
        .node("Mul", "inverse x", "n", &[]);
    let power = start()
        .floats("half", &[], &[-0.5])
        .node("Pow", "sum half", "inverse", &[])
        .node("Mul", "x inverse", "n", &[]);
    for builder in [divided, inverse, power] {
        let builder = builder.weight("g", &[4]).node("Mul", "n g", "h", &[]);
        let builder = closed(builder, "h", 4);
        assert_eq!(free(&builder), 4);
        let file = read(&builder.bytes());
        assert!(!constants(&file).contains(&"g") && constants(&file).contains(&"two"));
    }
    // The same factor after a linear layer is none.
    let other = dense(13, 4).weight("g", &[4]).node("Mul", "h g", "p", &[]);
    assert_eq!(constants(&read(&closed(other, "p", 4).bytes())), ["g"]);
}

/// Checks: what is added along the channels is a bias; a table over positions, a number, a bound and a constant in a
/// concatenation are constants that pin what they meet, but where they are 0.
#[test]
fn summands() {
    let after = |operator: &str, shape: &[i64]| {
        let sum = image(3).weight("t", shape).node(operator, "h t", "s", &[]);
        free(&image_closed(sum, "s", 3, &[1, 2, 4, 4]))
    };
    assert_eq!(after("Add", &[3, 1, 1]), 3);
    assert_eq!(after("Sub", &[1, 3, 1, 1]), 3);
    for shape in [&[4, 4][..], &[1, 4], &[3, 4, 4], &[1]] {
        assert_eq!(after("Add", shape), 0, "{shape:?}");
    }
    for operator in ["Max", "Min", "Mean"] {
        assert_eq!(after(operator, &[3, 1, 1]), 0, "{operator}");
    }
    let zeros = image(3)
        .floats("t", &[3, 1, 1], &[0.0, 1.5, 0.0])
        .node("Max", "h t", "s", &[]);
    check(
        "a maximum with some zeros",
        &image_closed(zeros, "s", 3, &[1, 2, 4, 4]),
        2,
    );
    let file = read(&crate::file("tests/cases/blocks/relu6_minmax2.onnx"));
    assert_eq!(
        (file.network().variables(), constants(&file)),
        (0, vec!["z", "six"])
    );
}

/// Checks: rotary tables, the mask, ε and the numbers of formulas of a transformer's block are constants, the matrices
/// and gains are not; and no scaling changes a byte of a constant.
#[test]
fn a_block() {
    let bytes = crate::file("tests/cases/blocks/llama_rms_swiglu_rope_gqa.onnx");
    let file = read(&bytes);
    let found = constants(&file);
    assert_eq!(found.len(), 10);
    assert!(
        found.iter().all(|name| name.starts_with("const_")),
        "{found:?}"
    );
    let multipliers: Vec<f64> = (0..file.network().units())
        .map(|unit| if unit < 2 { 1.0 } else { 3.0 })
        .collect();
    let scaled = read(
        &file
            .scaled(&multipliers, &[], false, "scaled")
            .unwrap()
            .model,
    );
    // Tables are compared byte by byte.
    file.aligned(&scaled).unwrap();
}

/// Checks: a caller's word overrules both ways, is exact about names, and keeps the function.
#[test]
fn roles() {
    let builder = image(3)
        .weight("f", &[3, 1, 1])
        .node("Mul", "h f", "m", &[]);
    let builder = image_closed(builder, "m", 3, &[1, 2, 4, 4]);
    let with = |learned: &[&str], constant: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let roles = Roles {
            learned: names(learned),
            constant: names(constant),
        };
        read(&builder.bytes()).with_roles(&roles)
    };
    let variables = |learned: &[&str], constant: &[&str]| {
        with(learned, constant).unwrap().network().variables()
    };
    assert_eq!(variables(&[], &[]), 3);
    assert_eq!(variables(&["f"], &[]), 6);
    // A bias that stays holds its channels; a kernel that stays has one multiplier before and after it, which is 1 at
    // the input.
    assert_eq!(variables(&[], &["b1"]), 0);
    assert_eq!(variables(&["f"], &["b1"]), 3);
    assert_eq!(variables(&["f"], &["w1"]), 3);
    assert!(matches!(with(&["none"], &[]), Err(OnnxError::NoTensor(name)) if name == "none"));
    assert!(
        matches!(with(&["h"], &[]), Err(OnnxError::NoTensor(_))),
        "h is computed"
    );
    assert!(matches!(with(&["f"], &["f"]), Err(OnnxError::TwoRoles(name)) if name == "f"));
}
