//! Attention as one operator: what its caches, its scores and its biases leave free.

use synaptic_balance::formats::onnx::message::Attribute;

use super::builder::{Builder, Setting, Setting::*, read};
use super::rules::check;

/// Two heads of three channels each on `x`, or so many of the keys and values.
fn model(operator: &str, inputs: &str, outputs: &str, keys: i64) -> Builder {
    let names = match operator {
        "Attention" => ["q_num_heads", "kv_num_heads"],
        _ => ["num_heads", "kv_num_heads"],
    };
    let settings: [Setting; 3] = [Int(names[0], 2), Int(names[1], keys), Float("scale", 1.0)];
    let mut builder = Builder::new(23)
        .input("x", &[2, 5, 4])
        .weight("wq", &[4, 6])
        .weight("wk", &[4, 3 * keys])
        .weight("wv", &[4, 3 * keys])
        .node("MatMul", "x wq", "q", &[])
        .node("MatMul", "x wk", "k", &[])
        .node("MatMul", "x wv", "v", &[])
        .node(operator, inputs, outputs, &settings)
        .weight("wo", &[6, 4])
        .node("MatMul", "o wo", "y", &[])
        .output("y", &[2, 5, 4]);
    if operator != "Attention" {
        builder.graph().node[3].domain = Some("com.microsoft".into());
    }
    builder
}

fn free(builder: &Builder) -> usize {
    read(&builder.bytes()).network().variables()
}

/// Checks: queries against keys and values against the result are free where caches are named and nothing reads them;
/// where an output, an operator or a graph within one reads one of them, or one is given, keys and values stay.
#[test]
fn caches_that_nothing_reads() {
    for operator in ["Attention", "MultiHeadAttention"] {
        let unread = model(operator, "q k v", "o keys values", 2);
        check(operator, &unread, 12);
        for name in ["keys", "values"] {
            let seen = model(operator, "q k v", "o keys values", 2);
            assert_eq!(
                free(&seen.output(name, &[2, 2, 5, 3])),
                0,
                "{operator} {name}"
            );
            let built_on = model(operator, "q k v", "o keys values", 2);
            let built_on = built_on.node("Relu", name, "r", &[]);
            assert_eq!(free(&built_on), 0, "{operator} {name}, read");
            let within = Attribute {
                name: Some("body".into()),
                g: Builder::new(23).node("Relu", name, "r", &[]).model.graph,
                ..Attribute::default()
            };
            let mut looped = model(operator, "q k v", "o keys values", 2);
            looped = looped.node("Loop", "", "l", &[]);
            looped.graph().node[5].attribute.push(within);
            assert_eq!(free(&looped), 0, "{operator} {name}, read within a loop");
        }
    }
    let given = model("Attention", "q k v - past pasts", "o", 2);
    let given = given
        .input("past", &[2, 2, 1, 3])
        .input("pasts", &[2, 2, 1, 3]);
    assert_eq!(free(&given), 0);
    // Both heads of the queries meet one head of the keys, and share one of the values.
    let grouped = |outputs| model("GroupQueryAttention", "q k v - - lengths total", outputs, 1);
    let lengths = |builder: Builder| builder.integers("lengths", &[4, 4]).integers("total", &[5]);
    assert_eq!(free(&lengths(grouped("o keys values"))), 6);
    let seen = lengths(grouped("o keys values")).output("values", &[2, 1, 5, 3]);
    assert_eq!(free(&seen), 0);
}

/// Checks: scores that a model shows are what they are under every scaling.
#[test]
fn scores_that_are_seen() {
    let model = model("Attention", "q k v", "o - - scores", 2);
    check("scores", &model.output("scores", &[2, 2, 5, 5]), 12);
}

/// Checks: the biases of queries, keys and values, one after the other, scale with them; computed ones pin.
#[test]
fn biases_in_the_operator() {
    let biased = || model("MultiHeadAttention", "q k v b", "o", 2);
    check("biases", &biased().weight("b", &[18]), 12);
    assert_eq!(free(&biased().input("b", &[18])), 0);
}
