//! Recurrent layers written out step by step: the engine takes every one for a layer of hyperbolic tangents.

use synaptic_balance::formats::onnx::message::{Attribute, Graph, Model, Node, Tensor, element};

/// Replaces every `RNN` with rectified units, whose last states alone are read, by its steps; `steps` is the length of
/// sequences.
pub fn unroll(model: &mut Model, steps: usize) {
    let graph = model.graph.as_mut().unwrap();
    let nodes = std::mem::take(&mut graph.node);
    for node in nodes {
        match node.op_type.as_deref() {
            Some("RNN") => steps_of(graph, &node, steps),
            _ => graph.node.push(node),
        }
    }
}

fn steps_of(graph: &mut Graph, rnn: &Node, steps: usize) {
    let attribute = |name: &str| {
        rnn.attribute
            .iter()
            .find(|found| found.name.as_deref() == Some(name))
    };
    let direction = attribute("direction")
        .and_then(|found| found.s.clone())
        .unwrap_or_default();
    let names = &attribute("activations").expect("rectified units").strings;
    assert!(names.iter().all(|name| name.as_ref() == b"Relu"));
    let hidden = attribute("hidden_size").unwrap().i.unwrap();
    let mut states = Vec::new();
    for place in 0..names.len() {
        let part = |what: &str| format!("rnn {what} {place}");
        number(graph, &part("direction"), place as i64);
        for (weights, name) in [
            (&rnn.input[1], "w"),
            (&rnn.input[2], "r"),
            (&rnn.input[3], "b"),
        ] {
            push(
                graph,
                "Gather",
                &[weights, &part("direction")],
                &part(name),
                &[],
            );
        }
        let (first, second) = (part("input bias"), part("state bias"));
        numbers(graph, &part("halves"), &[hidden, hidden]);
        let split = Node {
            output: vec![first.clone(), second.clone()],
            ..node("Split", &[&part("b"), &part("halves")], "", &[("axis", 0)])
        };
        graph.node.push(split);
        let backwards = direction.as_ref() == b"reverse" || place == 1;
        let mut state: Option<String> = None;
        for step in 0..steps {
            let at = |what: &str| format!("rnn {what} {place} {step}");
            let time = if backwards { steps - 1 - step } else { step };
            number(graph, &at("time"), time as i64);
            push(
                graph,
                "Gather",
                &[&rnn.input[0], &at("time")],
                &at("x"),
                &[],
            );
            push(
                graph,
                "Gemm",
                &[&at("x"), &part("w"), &first],
                &at("from x"),
                &[("transB", 1)],
            );
            let sum = match &state {
                None => vec![at("from x"), second.clone()],
                Some(state) => {
                    push(
                        graph,
                        "Gemm",
                        &[state, &part("r"), &second],
                        &at("from h"),
                        &[("transB", 1)],
                    );
                    vec![at("from x"), at("from h")]
                }
            };
            push(graph, "Add", &[&sum[0], &sum[1]], &at("sum"), &[]);
            push(graph, "Relu", &[&at("sum")], &at("h"), &[]);
            state = Some(at("h"));
        }
        numbers(graph, &part("axes"), &[0]);
        push(
            graph,
            "Unsqueeze",
            &[&state.unwrap(), &part("axes")],
            &part("last"),
            &[],
        );
        states.push(part("last"));
    }
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    push(graph, "Concat", &states, &rnn.output[1], &[("axis", 0)]);
}

pub fn node(operator: &str, inputs: &[&str], output: &str, settings: &[(&str, i64)]) -> Node {
    let attribute = |(name, value): &(&str, i64)| Attribute {
        name: Some((*name).into()),
        i: Some(*value),
        r#type: Some(2),
        ..Attribute::default()
    };
    Node {
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: Some(output.to_owned()),
        op_type: Some(operator.into()),
        attribute: settings.iter().map(attribute).collect(),
        ..Node::default()
    }
}

pub fn push(
    graph: &mut Graph,
    operator: &str,
    inputs: &[&str],
    output: &str,
    settings: &[(&str, i64)],
) {
    graph.node.push(node(operator, inputs, output, settings));
}

fn number(graph: &mut Graph, name: &str, value: i64) {
    integers(graph, name, vec![], &[value]);
}

pub fn numbers(graph: &mut Graph, name: &str, values: &[i64]) {
    integers(graph, name, vec![values.len() as i64], values);
}

fn integers(graph: &mut Graph, name: &str, dims: Vec<i64>, values: &[i64]) {
    graph.initializer.push(Tensor {
        dims,
        data_type: Some(element::INT64),
        int64_data: values.to_vec(),
        name: Some(name.into()),
        ..Tensor::default()
    });
}
