//! ReLU6, in every spelling, and `Relu` in its place.

use synaptic_balance::formats::OnnxFile;

use super::builder::{Builder, Setting::*, read};
use engine_tests::{Engine, relative};

/// `x -> dense -> a ... o -> dense`, the first weights so large.
fn begun(opset: i64, size: f32) -> Builder {
    let weights: Vec<f32> = (0..18)
        .map(|place| size * (0.3 + (place % 5) as f32))
        .collect();
    Builder::new(opset)
        .input("x", &[2, 3])
        .floats("w1", &[3, 6], &weights)
        .positive("b1", &[6])
        .node("Gemm", "x w1 b1", "a", &[])
        .floats("six", &[], &[6.0])
        .floats("sixes", &[1], &[6.0])
        .floats("wide", &[5, 1, 1], &[6.0; 5])
        .floats("minus", &[], &[-3.0])
        .floats("five", &[], &[5.0])
        .floats("three", &[], &[3.0])
        .floats("zero", &[], &[0.0])
        .floats("low", &[], &[-1.0])
}

fn ended(builder: Builder) -> Builder {
    builder
        .weight("w2", &[6, 4])
        .positive("b2", &[4])
        .node("Gemm", "o w2 b2", "y", &[])
        .output("y", &[2, 4])
}

/// The file of a model without its ReLU6, and its bytes.
fn replaced(file: &OnnxFile) -> (OnnxFile, Vec<u8>) {
    let other = file.without_relu6().unwrap().with_weights().unwrap();
    let ones = vec![1.0; other.network().variables()];
    let ones = other.multipliers(&ones).unwrap();
    let written = other.scaled(&ones, &[], false, "replaced").unwrap();
    (other, written.model)
}

type Spelling = fn(Builder) -> Builder;

/// Every spelling, with its operator set.
fn spellings() -> Vec<(&'static str, i64, Spelling)> {
    vec![
        ("clip", 13, |model| {
            model.node("Clip", "a zero six", "o", &[])
        }),
        ("settings", 9, |model| {
            model.node("Clip", "a", "o", &[Float("min", 0.0), Float("max", 6.0)])
        }),
        ("relu, then a bound", 13, |model| {
            model
                .node("Relu", "a", "r", &[])
                .node("Clip", "r - six", "o", &[])
        }),
        ("relu, then a minimum", 13, |model| {
            model
                .node("Relu", "a", "r", &[])
                .node("Min", "six r", "o", &[])
        }),
        ("a maximum, then a minimum", 13, |model| {
            model
                .node("Max", "a zero", "r", &[])
                .node("Min", "r sixes", "o", &[])
        }),
        ("a minimum, then a maximum", 13, |model| {
            model
                .node("Min", "a six", "r", &[])
                .node("Max", "zero r", "o", &[])
        }),
        ("a minimum, then relu", 13, |model| {
            model
                .node("Min", "a six", "r", &[])
                .node("Relu", "r", "o", &[])
        }),
        ("a bound that is passed on", 13, |model| {
            model
                .node("Identity", "six", "bound", &[])
                .node("Clip", "a zero bound", "o", &[])
        }),
        ("twice", 13, |model| {
            model
                .node("Clip", "a zero six", "r", &[])
                .node("Min", "r six", "o", &[])
        }),
    ]
}

/// Checks: in every spelling one or two operators are found that pin all units; with `Relu` in their place all units
/// are free, the function is the same while nothing is above 6, another one where something is, and scaling leaves it
/// as it is.
#[test]
fn every_spelling_is_replaced() {
    for (what, opset, spell) in spellings() {
        for (size, is_above) in [(0.3, false), (30.0, true)] {
            let bytes = ended(spell(begun(opset, size))).bytes();
            let file = read(&bytes);
            assert_eq!(file.network().variables(), 0, "{what}");
            assert!(!file.relu6().is_empty(), "{what}");
            let (other, written) = replaced(&file);
            assert_eq!(other.network().variables(), 6, "{what}");
            assert!(other.relu6().is_empty(), "{what}: {:?}", other.relu6());
            let (before, after) = (Engine::new(&bytes), Engine::new(&written));
            let found = relative(&before, &after, 5);
            match is_above {
                true => assert!(found > 0.1, "{what}: {found}"),
                false => assert!(found < 1e-6, "{what}: {found}"),
            }
            let free: Vec<f64> = (1..=6).map(f64::from).collect();
            let multipliers = other.multipliers(&free).unwrap();
            let scaled = other.scaled(&multipliers, &[], false, "scaled").unwrap();
            let found = relative(&after, &Engine::new(&scaled.model), 5);
            assert!(found < 2e-5, "{what}: {found}");
        }
    }
}

/// Checks: other bounds, hard sigmoids and bounds that something else reads as well are left alone, byte for byte.
#[test]
fn what_is_no_relu6_is_left() {
    let others: [(&str, Spelling); 12] = [
        ("another bound", |model| {
            model.node("Clip", "a zero five", "o", &[])
        }),
        ("from below 0", |model| {
            model.node("Clip", "a low six", "o", &[])
        }),
        ("no bound below", |model| {
            model.node("Min", "a six", "o", &[])
        }),
        ("a bound that is computed", |model| {
            model
                .node("Relu", "a", "bound", &[])
                .node("Min", "a bound", "m", &[])
                .node("Relu", "m", "o", &[])
        }),
        ("hard sigmoid", |model| {
            model.node("HardSigmoid", "a", "o", &[])
        }),
        ("hard sigmoid, spelled out", |model| {
            let sum = model
                .node("Add", "a three", "s", &[])
                .node("Clip", "s zero six", "c", &[]);
            sum.node("Div", "c six", "o", &[])
        }),
        ("hard sigmoid by a minimum", |model| {
            let sum = model
                .node("Add", "a three", "s", &[])
                .node("Relu", "s", "r", &[])
                .node("Min", "r six", "c", &[]);
            sum.node("Div", "c six", "o", &[])
        }),
        ("hard sigmoid by a difference", |model| {
            let sum = model
                .node("Sub", "a minus", "s", &[])
                .node("Identity", "s", "i", &[])
                .node("Clip", "i zero six", "c", &[]);
            sum.node("Div", "c six", "o", &[])
        }),
        ("a bound that makes the tensor larger", |model| {
            model
                .node("Relu", "a", "r", &[])
                .node("Min", "r wide", "m", &[])
                .node(
                    "ReduceMax",
                    "m",
                    "o",
                    &[Ints("axes", &[0]), Int("keepdims", 0)],
                )
        }),
        ("of an input", |model| {
            model
                .node("Clip", "x zero six", "c", &[])
                .node("Concat", "c c", "o", &[Int("axis", 1)])
        }),
        ("an output", |model| {
            model
                .node("Clip", "a zero six", "o", &[])
                .output("o", &[2, 6])
        }),
        ("read by others", |model| {
            let bounded = model
                .node("Min", "a six", "m", &[])
                .node("Relu", "m", "r", &[]);
            bounded.node("Add", "m r", "o", &[])
        }),
    ];
    for (what, spell) in others {
        let bytes = ended(spell(begun(13, 1.0))).bytes();
        let file = read(&bytes);
        assert!(file.relu6().is_empty(), "{what}: {:?}", file.relu6());
        assert_eq!(replaced(&file).1, bytes, "{what}");
    }
}
