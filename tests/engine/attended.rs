//! Attention as one operator, written out.

use synaptic_balance::formats::onnx::message::{Attribute, Graph, Node};

use super::unrolled::{node, numbers, push};

/// Queries, keys and values of three axes with as many heads each, their biases perhaps as a fourth input, the scale 1;
/// of the outputs the first, and the fourth, which is the scores. Those between them are caches that nothing reads.
pub fn attended(graph: &mut Graph, attention: &Node) {
    let setting = |name: &str| {
        let mut attributes = attention.attribute.iter();
        attributes.find(|found| found.name.as_deref() == Some(name))
    };
    assert_eq!(setting("scale").and_then(|scale| scale.f), Some(1.0));
    let heads = setting("q_num_heads").or(setting("num_heads"));
    let heads = heads.and_then(|heads| heads.i).unwrap();
    let made = &attention.output[0];
    let part = |what: &str| format!("{made} {what}");
    let mut read: Vec<String> = attention.input[..3].to_vec();
    if let Some(bias) = attention.input.get(3).filter(|bias| !bias.is_empty()) {
        read = biased(graph, &read, bias, &part);
    }
    numbers(graph, &part("apart"), &[0, 0, heads, -1]);
    numbers(graph, &part("together"), &[0, 0, -1]);
    let orders: [&[i64]; 3] = [&[0, 2, 1, 3], &[0, 2, 3, 1], &[0, 2, 1, 3]];
    for (place, (read, order)) in read.iter().zip(orders).enumerate() {
        let at = |what: &str| part(&format!("{what} {place}"));
        push(graph, "Reshape", &[read, &part("apart")], &at("apart"), &[]);
        ordered(graph, &at("apart"), &at("heads"), order);
    }
    let scores = match attention.output.get(3) {
        Some(scores) => scores.clone(),
        None => part("scores"),
    };
    let [queries, keys, values] = [0, 1, 2].map(|place| part(&format!("heads {place}")));
    push(graph, "MatMul", &[&queries, &keys], &scores, &[]);
    push(
        graph,
        "Softmax",
        &[&scores],
        &part("shares"),
        &[("axis", -1)],
    );
    push(
        graph,
        "MatMul",
        &[&part("shares"), &values],
        &part("mixed"),
        &[],
    );
    ordered(graph, &part("mixed"), &part("back"), &[0, 2, 1, 3]);
    push(
        graph,
        "Reshape",
        &[&part("back"), &part("together")],
        made,
        &[],
    );
}

/// Queries, keys and values with their thirds of a bias.
fn biased(
    graph: &mut Graph,
    read: &[String],
    bias: &str,
    part: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let mut tensors = graph.initializer.iter();
    let tensor = tensors.find(|found| found.name.as_deref() == Some(bias));
    let third = tensor.unwrap().dims[0] / 3;
    numbers(graph, &part("thirds"), &[third; 3]);
    let thirds: Vec<String> = (0..3).map(|place| part(&format!("bias {place}"))).collect();
    let split = node("Split", &[bias, &part("thirds")], "", &[("axis", 0)]);
    graph.node.push(Node {
        output: thirds.clone(),
        ..split
    });
    let sums = read
        .iter()
        .zip(&thirds)
        .enumerate()
        .map(|(place, (read, third))| {
            let sum = part(&format!("sum {place}"));
            push(graph, "Add", &[read, third], &sum, &[]);
            sum
        });
    sums.collect()
}

/// The axes in another order.
fn ordered(graph: &mut Graph, input: &str, output: &str, order: &[i64]) {
    let mut transposed = node("Transpose", &[input], output, &[]);
    transposed.attribute.push(Attribute {
        name: Some("perm".into()),
        ints: order.to_vec(),
        r#type: Some(7),
        ..Attribute::default()
    });
    graph.node.push(transposed);
}
