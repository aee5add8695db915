//! Weights that are used at several places, and constants that are put in other places before they are used.

use super::builder::{Builder, Setting::*};
use super::constants::{check, model};

/// A layer of `width` units, with the weight `weight`, that makes `to` of `from`.
fn layer(builder: Builder, from: &str, weight: &str, to: &str) -> Builder {
    let sum = format!("{to}0");
    builder
        .node("MatMul", &format!("{from} {weight}"), &sum, &[])
        .node("Relu", &sum, to, &[])
}

fn between(weights: &[(&str, &[i64])], body: impl Fn(Builder) -> Builder) -> Builder {
    let start = Builder::new(21).input("x", &[2, 3]);
    let with = weights
        .iter()
        .fold(start, |b, (name, shape)| b.weight(name, shape));
    body(with).output("y", &[2, 2])
}

/// Checks: a weight that is used at several places scales as the architecture allows, which is more than that all
/// places carry the same multipliers. The numbers are the ranks of the equations of all entries, computed densely.
#[test]
fn weights_used_several_times() {
    let chain = |uses: usize| {
        move |b: Builder| {
            let b = layer(b, "x", "a", "h0");
            let b = (0..uses).fold(b, |b, n| {
                layer(b, &format!("h{n}"), "w", &format!("h{}", n + 1))
            });
            b.node("MatMul", &format!("h{uses} b"), "y", &[])
        }
    };
    let square: &[(&str, &[i64])] = &[("a", &[3, 4]), ("w", &[4, 4]), ("b", &[4, 2])];
    // One multiplier more than at one place: each use may change the size of what goes through it.
    check("two in a chain", &between(square, chain(2)), 5);
    check("three in a chain", &between(square, chain(3)), 5);
    let branches = |b: Builder| {
        let b = layer(b, "x", "a", "h");
        let b = layer(b, "x", "c", "g");
        let b = layer(b, "h", "w", "p");
        let b = layer(b, "g", "w", "q");
        b.node("MatMul", "p b", "y1", &[])
            .node("MatMul", "q d", "y2", &[])
            .node("Add", "y1 y2", "y", &[])
    };
    let weights: &[(&str, &[i64])] = &[
        ("a", &[3, 4]),
        ("c", &[3, 4]),
        ("w", &[4, 5]),
        ("b", &[5, 2]),
        ("d", &[5, 2]),
    ];
    check("in two branches", &between(weights, branches), 10);
    let transposed = |b: Builder| {
        let b = layer(b, "x", "a", "h");
        let b = layer(b, "h", "w", "g").node("Transpose", "w", "t", &[]);
        layer(b, "g", "t", "k").node("MatMul", "k b", "y", &[])
    };
    let weights: &[(&str, &[i64])] = &[("a", &[3, 5]), ("w", &[5, 4]), ("b", &[5, 2])];
    check("once transposed", &between(weights, transposed), 6);
}

/// Checks: a bias at several places, a residual stream and a head that is the transposed embedding leave no more than
/// each place by itself.
#[test]
fn weights_used_several_times_and_tied() {
    let biased = |b: Builder| {
        let b = layer(b, "x", "a", "h0").positive("c", &[4]);
        let b = (0..2).fold(b, |b, n| {
            b.node("MatMul", &format!("h{n} w"), &format!("s{n}"), &[])
                .node("Add", &format!("s{n} c"), &format!("t{n}"), &[])
                .node("Relu", &format!("t{n}"), &format!("h{}", n + 1), &[])
        });
        b.node("MatMul", "h2 b", "y", &[])
    };
    let square: &[(&str, &[i64])] = &[("a", &[3, 4]), ("w", &[4, 4]), ("b", &[4, 2])];
    check("with a bias", &between(square, biased), 4);
    let stream = |b: Builder| {
        let b = b.node("MatMul", "x a", "s0", &[]);
        let b = (0..2).fold(b, |b, n| {
            let (from, hidden) = (format!("s{n}"), format!("v{n}"));
            layer(b, &from, "u", &hidden)
                .node("MatMul", &format!("{hidden} w"), &format!("w{n}"), &[])
                .node("Add", &format!("{from} w{n}"), &format!("s{}", n + 1), &[])
        });
        b.node("Relu", "s2", "f", &[])
            .node("MatMul", "f b", "y", &[])
    };
    let weights: &[(&str, &[i64])] = &[
        ("a", &[3, 4]),
        ("u", &[4, 6]),
        ("w", &[6, 4]),
        ("b", &[4, 2]),
    ];
    check("along a residual stream", &between(weights, stream), 10);
    let head = Builder::new(21)
        .input("x", &[2, 6])
        .weight("e", &[6, 4])
        .node("MatMul", "x e", "h", &[])
        .node("Transpose", "e", "t", &[])
        .node("MatMul", "h t", "y", &[])
        .output("y", &[2, 6]);
    check("a head tied to its embedding", &head, 0);
}

/// Checks: weights that are masked, padded, repeated or made positive when the model is loaded scale where their
/// numbers are stored.
#[test]
fn weights_put_in_other_places() {
    type Spelling<'a> = (&'a str, usize, &'a dyn Fn(Builder) -> Builder);
    let mask = |b: Builder| {
        b.weight("u", &[3, 6])
            .indices("m", &[1, 6], &[1, 0, 1, 1, 0, 1])
            .node("Cast", "m", "c", &[Int("to", 9)])
            .floats("z", &[], &[0.0])
    };
    let cases: [Spelling; 9] = [
        ("Where", 6, &|b| mask(b).node("Where", "c u z", "w", &[])),
        ("Where, the other way", 6, &|b| {
            mask(b).node("Where", "c z u", "w", &[])
        }),
        ("Pad", 6, &|b| {
            b.weight("u", &[3, 4])
                .integers("p", &[0, 1, 0, 1])
                .node("Pad", "u p", "w", &[])
        }),
        ("Pad that crops", 6, &|b| {
            b.weight("u", &[5, 7])
                .integers("p", &[-1, 0, -1, -1])
                .node("Pad", "u p", "w", &[])
        }),
        ("Expand", 1, &|b| {
            b.weight("u", &[3, 1])
                .integers("s", &[3, 6])
                .node("Expand", "u s", "w", &[])
        }),
        ("Tile", 3, &|b| {
            b.weight("u", &[3, 3])
                .integers("n", &[1, 2])
                .node("Tile", "u n", "w", &[])
        }),
        ("Trilu", 6, &|b| {
            b.weight("u", &[3, 6])
                .node("Trilu", "u", "w", &[Int("upper", 1)])
        }),
        ("Abs", 6, &|b| {
            b.weight("u", &[3, 6]).node("Abs", "u", "w", &[])
        }),
        ("Relu", 6, &|b| {
            b.weight("u", &[3, 6]).node("Relu", "u", "w", &[])
        }),
    ];
    for (name, free, spell) in cases {
        check(name, &model(spell), free);
    }
    let bias = |name: &str, shape: &[i64]| {
        Builder::new(21)
            .input("x", &[2, 3])
            .weight("w", &[3, 6])
            .positive("q", shape)
            .integers("s", &[2, 6])
            .node("Expand", "q s", "b", &[])
            .node("MatMul", "x w", "g0", &[])
            .node("Add", "g0 b", "g", &[])
            .node("Relu", "g", "h", &[])
            .weight("w2", &[6, 2])
            .node("MatMul", "h w2", name, &[])
            .output(name, &[2, 2])
    };
    check("a bias for each row", &bias("y", &[6]), 6);
    // One number that is added everywhere counts as a constant, expanded or not.
    check("one number for all channels", &bias("y", &[1]), 0);
    // Numbers that are not 0 beside those of a weight do not scale with it.
    let other = model(|b| {
        b.weight("u", &[3, 6])
            .weight("v", &[3, 6])
            .indices("m", &[1, 6], &[1, 0, 1, 1, 0, 1])
            .node("Cast", "m", "c", &[Int("to", 9)])
            .node("Where", "c u v", "w", &[])
    });
    check("Where between two weights", &other, 0);
    let filled = model(|b| {
        b.weight("u", &[3, 4])
            .integers("p", &[0, 1, 0, 1])
            .floats("one", &[], &[1.0])
            .node("Pad", "u p one", "w", &[])
    });
    check("Pad with ones", &filled, 0);
}
