//! What the engine has no operator for, in operators that it has.

use synaptic_balance::formats::onnx::message::{Attribute, Graph, Model, Node};

use super::attended::attended;
use super::unrolled::{node, numbers, push, unroll};

/// The end of an axis, as `Slice` takes it.
const END: i64 = i64::MAX;

/// Does the engine lack an operator of the model, or leave out what it means without an attribute?
pub fn is_lacking(model: &Model) -> bool {
    let operators = [
        "RNN",
        "Dropout",
        "SpaceToDepth",
        "GlobalLpPool",
        "Attention",
        "MultiHeadAttention",
    ];
    let graph = model.graph.as_ref().unwrap();
    graph.node.iter().any(|node| {
        is_foreign(node)
            || operators.contains(&operator(node))
            || (operator(node).starts_with("Conv") && attribute(node, "kernel_shape").is_none())
    })
}

/// Writes those operators out; `steps` is the length of sequences. Operators of foreign sets are dropped, with all that
/// they lead to.
pub fn adapt(model: &mut Model, steps: usize) {
    unroll(model, steps);
    let graph = model.graph.as_mut().unwrap();
    drop_foreign(graph);
    for mut node in std::mem::take(&mut graph.node) {
        match operator(&node) {
            "Dropout" => {
                node.op_type = Some("Identity".into());
                node.input.truncate(1);
                node.output.truncate(1);
                node.attribute.clear();
                graph.node.push(node);
            }
            "SpaceToDepth" => rearranged(graph, &node),
            "Attention" | "MultiHeadAttention" => attended(graph, &node),
            "GlobalLpPool" => {
                let norm = match integer(&node, "p") {
                    Some(1) => "ReduceL1",
                    None | Some(2) => "ReduceL2",
                    Some(power) => panic!("a norm of power {power}"),
                };
                let axes = ints("axes", &[2, 3]);
                node.op_type = Some(norm.into());
                node.attribute = vec![axes];
                graph.node.push(node);
            }
            "Conv" | "ConvTranspose" => convolved(graph, node),
            _ => graph.node.push(node),
        }
    }
}

fn operator(node: &Node) -> &str {
    node.op_type.as_deref().unwrap_or_default()
}

fn attribute<'a>(node: &'a Node, name: &str) -> Option<&'a Attribute> {
    let mut attributes = node.attribute.iter();
    attributes.find(|found| found.name.as_deref() == Some(name))
}

fn integer(node: &Node, name: &str) -> Option<i64> {
    attribute(node, name)?.i
}

fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute {
        name: Some(name.into()),
        ints: values.to_vec(),
        r#type: Some(7),
        ..Attribute::default()
    }
}

fn is_foreign(node: &Node) -> bool {
    let is_own = matches!(node.domain.as_deref(), None | Some("" | "ai.onnx"));
    !is_own && operator(node) != "MultiHeadAttention"
}

fn drop_foreign(graph: &mut Graph) {
    let mut lost: Vec<String> = Vec::new();
    graph.node.retain(|node| {
        let is_lost = is_foreign(node) || node.input.iter().any(|input| lost.contains(input));
        if is_lost {
            lost.extend(node.output.iter().cloned());
        }
        !is_lost
    });
    graph
        .output
        .retain(|output| !lost.contains(output.name.as_ref().unwrap()));
    // The messages hold no text, which tensors of names are made of.
    let nodes = &graph.node;
    graph.initializer.retain(|tensor| {
        let mut names = nodes.iter().flat_map(|node| &node.input);
        names.any(|name| Some(name) == tensor.name.as_ref())
    });
}

/// `SpaceToDepth`: every place within a block as channels of its own.
fn rearranged(graph: &mut Graph, node: &Node) {
    let size = integer(node, "blocksize").unwrap();
    let made = &node.output[0];
    let part = |what: &str| format!("{made} {what}");
    numbers(graph, &part("ends"), &[END, END]);
    numbers(graph, &part("axes"), &[2, 3]);
    numbers(graph, &part("steps"), &[size, size]);
    let mut parts = Vec::new();
    for place in 0..size * size {
        let (starts, found) = (part(&format!("start {place}")), part(&place.to_string()));
        numbers(graph, &starts, &[place / size, place % size]);
        let inputs = [
            &node.input[0],
            &starts,
            &part("ends"),
            &part("axes"),
            &part("steps"),
        ];
        push(graph, "Slice", &inputs.map(String::as_str), &found, &[]);
        parts.push(found);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    push(graph, "Concat", &parts, made, &[("axis", 1)]);
}

/// A convolution with the shape of its kernel said, one over three axes as the sum of those over the last two.
fn convolved(graph: &mut Graph, mut node: Node) {
    let mut weights = graph.initializer.iter();
    let weight = weights.find(|found| found.name.as_deref() == Some(&node.input[1]));
    let Some(kernel) = weight.map(|found| found.dims[2..].to_vec()) else {
        return graph.node.push(node);
    };
    if let &[depth, height, width] = kernel.as_slice() {
        assert!(node.attribute.is_empty() && operator(&node) == "Conv");
        return by_depth(graph, &node, depth, &[height, width]);
    }
    if attribute(&node, "kernel_shape").is_none() {
        node.attribute.push(ints("kernel_shape", &kernel));
    }
    graph.node.push(node);
}

/// A plain convolution of one example over three axes.
fn by_depth(graph: &mut Graph, convolution: &Node, depth: i64, kernel: &[i64]) {
    let made = &convolution.output[0];
    let part = |what: &str| format!("{made} {what}");
    let (first, axis) = (part("first axis"), part("depth axis"));
    numbers(graph, &first, &[0]);
    numbers(graph, &axis, &[2]);
    push_ordered(graph, &convolution.input[0], &part("ordered"));
    push(
        graph,
        "Squeeze",
        &[&part("ordered"), &first],
        &part("layers"),
        &[],
    );
    let mut sums = Vec::new();
    for layer in 0..depth {
        let at = |what: &str| part(&format!("{what} {layer}"));
        let end = match depth - 1 - layer {
            0 => END,
            left => -left,
        };
        numbers(graph, &at("layer"), &[layer]);
        numbers(graph, &at("next"), &[layer + 1]);
        numbers(graph, &at("end"), &[end]);
        let read = [&part("layers"), &at("layer"), &at("end"), &first];
        push(graph, "Slice", &read.map(String::as_str), &at("read"), &[]);
        let weight = [&convolution.input[1], &at("layer"), &at("next"), &axis];
        push(
            graph,
            "Slice",
            &weight.map(String::as_str),
            &at("thick"),
            &[],
        );
        push(graph, "Squeeze", &[&at("thick"), &axis], &at("weight"), &[]);
        let (read, weight) = (at("read"), at("weight"));
        let mut inputs = vec![read.as_str(), &weight];
        let bias = convolution.input.get(2).filter(|_| layer == 0);
        inputs.extend(bias.map(String::as_str));
        let mut plane = node("Conv", &inputs, &at("sum"), &[]);
        plane.attribute.push(ints("kernel_shape", kernel));
        graph.node.push(plane);
        sums.push(at("sum"));
    }
    let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
    push(graph, "Sum", &sums, &part("sum"), &[]);
    push(
        graph,
        "Unsqueeze",
        &[&part("sum"), &first],
        &part("one"),
        &[],
    );
    push_ordered(graph, &part("one"), made);
}

/// Swaps the second axis and the third of five.
fn push_ordered(graph: &mut Graph, input: &str, output: &str) {
    let mut swap = node("Transpose", &[input], output, &[]);
    swap.attribute.push(ints("perm", &[0, 2, 1, 3, 4]));
    graph.node.push(swap);
}
