//! Weights that operators make of several constants when a model is loaded.

use synaptic_balance::formats::{OnnxFile, Roles};

use super::builder::{Builder, Setting::*, read};
use super::constants::{check, model};

/// A name, how many multipliers are free, and how the weight is made.
type Spelling<'a> = (&'a str, usize, &'a dyn Fn(Builder) -> Builder);

/// Checks: weights and biases that are joined, negated, divided or taken apart scale where their numbers are stored.
#[test]
fn weights_made_of_constants() {
    let joined = |b: Builder| {
        b.weight("u", &[3, 2])
            .weight("v", &[3, 4])
            .node("Concat", "u v", "w", &[Int("axis", 1)])
    };
    let cases: [Spelling; 11] = [
        ("Concat of columns", 6, &joined),
        ("Concat of rows, moved", 6, &|b| {
            b.weight("u", &[2, 3])
                .weight("v", &[1, 3])
                .weight("t", &[3, 3])
                .node("Concat", "u v t", "c", &[Int("axis", 0)])
                .node("Transpose", "c", "w", &[])
        }),
        ("Concat of one constant with itself", 3, &|b| {
            b.weight("u", &[3, 3])
                .node("Concat", "u u", "w", &[Int("axis", 1)])
        }),
        ("Concat of Concats", 6, &|b| {
            b.weight("u", &[3, 1])
                .weight("v", &[3, 2])
                .node("Concat", "u v", "c", &[Int("axis", 1)])
                .node("Concat", "c c2", "w", &[Int("axis", 1)])
        }),
        ("Neg", 6, &|b| {
            b.weight("u", &[3, 6]).node("Neg", "u", "w", &[])
        }),
        ("Neg of a joined one", 6, &|b| {
            b.weight("u", &[2, 6])
                .weight("v", &[1, 6])
                .node("Concat", "u v", "c", &[Int("axis", 0)])
                .node("Neg", "c", "w", &[])
        }),
        ("Div", 6, &|b| {
            b.weight("u", &[3, 6])
                .floats("d", &[3, 1], &[0.5, -2.0, 3.0])
                .node("Div", "u d", "w", &[])
        }),
        ("Sub from zeros", 6, &|b| {
            b.weight("u", &[3, 6])
                .floats("z", &[1], &[0.0])
                .node("Sub", "z u", "w", &[])
        }),
        ("GatherND", 6, &|b| {
            b.weight("u", &[2, 3, 6])
                .integers("i", &[1])
                .node("GatherND", "u i", "w", &[])
        }),
        ("Einsum", 6, &|b| {
            b.weight("u", &[6, 3])
                .node("Einsum", "u", "w", &[Text("equation", "ij->ji")])
        }),
        ("a product of low rank", 8, &|b| {
            b.weight("u", &[3, 2])
                .weight("v", &[2, 6])
                .node("MatMul", "u v", "w", &[])
        }),
    ];
    for (name, free, spell) in cases {
        let builder = match name {
            "Concat of Concats" => model(|b| spell(b.weight("c2", &[3, 3]))),
            _ => model(spell),
        };
        check(name, &builder, free);
    }
    // Zeros between the parts of a bias are stored nowhere.
    let bias = Builder::new(21)
        .input("x", &[2, 3])
        .weight("w", &[3, 6])
        .positive("q", &[2])
        .positive("v", &[3])
        .integers("one", &[1])
        .node("ConstantOfShape", "one", "z", &[])
        .node("Concat", "q z v", "b", &[Int("axis", 0)])
        .node("Gemm", "x w b", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[6, 2])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[2, 2]);
    check("a bias with zeros", &bias, 6);
    // A part that is declared a constant pins its columns, and no others.
    let roles = Roles {
        learned: Vec::new(),
        constant: vec!["u".into()],
    };
    let file = OnnxFile::read(model(joined).bytes(), None).unwrap();
    let file = file.with_roles(&roles).unwrap();
    assert_eq!(file.network().variables(), 4);
}

/// Checks: sums, and other functions of constants that no factor of a row or column goes through, pin what reads them,
/// with a word.
#[test]
fn weights_that_are_no_products() {
    for operator in ["Add", "Sub"] {
        let builder = model(|b| {
            b.weight("u", &[3, 6])
                .weight("v", &[3, 6])
                .node(operator, "u v", "w", &[])
        });
        let file = read(&builder.bytes());
        assert_eq!(file.network().variables(), 0, "{operator}");
        let kept: Vec<&str> = file
            .kept()
            .iter()
            .map(|kept| kept.tensor.as_str())
            .collect();
        assert_eq!(kept, ["u", "v"], "{operator}");
    }
}
