//! Recurrent layers without gates.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use crate::forms::{Field, ONE, Slot};

/// `h_t = relu(W x_t + R h_{t-1} + b)`, in one direction or both; the initial state scales with the state. With another
/// function nothing scales the state, but what the layer reads may scale.
pub(super) fn rnn(inference: &mut Inference, node: &Node) -> Followed {
    let directions = directions(node);
    let activations = node.texts("activations");
    let is_free =
        activations.len() == directions && activations.iter().all(|name| is_homogeneous(name));
    if node.has("clip") {
        return pin("clips what it computes");
    }
    let input = node.input(0)?;
    let Layer {
        hidden,
        inputs,
        forward,
        backward,
        ..
    } = layer(inference, node, 1)?;
    let slots: Vec<Slot> = match is_free {
        true => inference.fresh(node, directions * hidden)?.collect(),
        false => vec![ONE; directions * hidden],
    };
    let states = |shape: Vec<usize>| Field {
        shape,
        labels: slots.clone().into(),
    };
    let target = states(vec![directions, hidden, 1]);
    inference.weigh(&forward, target.clone(), Field::along(inputs, 0))?;
    inference.weigh(&backward, target, states(vec![directions, 1, hidden]))?;
    biases(inference, node, &slots, directions, hidden)?;
    initial(inference, node, 5, &states(vec![directions, 1, hidden]))?;
    outputs(inference, node, input, directions, hidden, &states)
}

pub(super) fn is_homogeneous(activation: &[u8]) -> bool {
    matches!(activation, b"Relu" | b"LeakyRelu")
}

fn directions(node: &Node) -> usize {
    match node.text("direction") {
        Some(b"bidirectional") => 2,
        _ => 1,
    }
}

/// The weights of a recurrent layer.
pub(super) struct Layer {
    pub directions: usize,
    pub hidden: usize,
    /// The multipliers of what it reads.
    pub inputs: Vec<Slot>,
    pub forward: View,
    pub backward: View,
}

/// The weights of a layer whose rows are so many blocks of as many as there are units.
pub(super) fn layer(inference: &mut Inference, node: &Node, blocks: usize) -> Result<Layer, Stop> {
    let directions = directions(node);
    let weight = |index: usize| match node.input(index)?.constant() {
        Some(view) => Ok(view.clone()),
        None => pin("has computed weights"),
    };
    let (forward, backward) = (weight(1)?, weight(2)?);
    let &[count, rows, columns] = forward.shape.as_slice() else {
        return pin("has a weight of another rank");
    };
    let hidden = rows / blocks;
    let fits = count == directions && rows == blocks * hidden;
    if !fits || backward.shape != [directions, rows, hidden] {
        return pin("has weights of other shapes");
    }
    let field = inference.field(node.input(0)?, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, 3, |axis| axis != 2)?;
    let inputs = field.labels_along(2, 3);
    if inputs.len() != 1 && inputs.len() != columns {
        return pin("reads a tensor of another number of channels than its weight has");
    }
    Ok(Layer {
        directions,
        hidden,
        inputs,
        forward,
        backward,
    })
}

/// Both biases of a direction, one after the other.
fn biases(
    inference: &mut Inference,
    node: &Node,
    slots: &[Slot],
    directions: usize,
    hidden: usize,
) -> Result<(), Stop> {
    let Some(bias) = node.optional(3) else {
        return Ok(());
    };
    let Some(view) = bias
        .constant()
        .filter(|view| view.shape == [directions, 2 * hidden])
    else {
        return match bias.content {
            Content::Zero => Ok(()),
            _ => pin("has computed biases, or of another shape"),
        };
    };
    let view = view.clone();
    let label = |index: &[usize]| slots[index[0] * hidden + index[1] % hidden];
    let plus = inference
        .channels
        .remapped(vec![directions, 2 * hidden], label)?;
    inference.weigh(&view, plus, Field::uniform(ONE))
}

/// A state at the beginning scales with the state.
pub(super) fn initial(
    inference: &mut Inference,
    node: &Node,
    index: usize,
    states: &Field,
) -> Result<(), Stop> {
    let Some(start) = node.optional(index) else {
        return Ok(());
    };
    if matches!(start.content, Content::Zero) {
        return Ok(());
    }
    let field = inference.field(start, node.output())?;
    // In the other layout the batch comes first.
    let states = match (node.int("layout").unwrap_or(0), states.shape.as_slice()) {
        (0, _) => states.clone(),
        (_, &[directions, 1, hidden]) => Field {
            shape: vec![directions, hidden],
            labels: states.labels.clone(),
        },
        _ => return pin("has an initial state in the other layout"),
    };
    inference.channels.tied(&field, &states)?;
    Ok(())
}

pub(super) fn outputs(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    directions: usize,
    hidden: usize,
    states: &dyn Fn(Vec<usize>) -> Field,
) -> Followed {
    let batch_first = node.int("layout").unwrap_or(0) != 0;
    let outer: Vec<Dim> = match &input.shape {
        Some(shape) if shape.len() == 3 => shape[..2].to_vec(),
        _ => vec![inference.symbol(), inference.symbol()],
    };
    let (count, width) = (Dim::Known(directions), Dim::Known(hidden));
    let (all, last) = match batch_first {
        true => (
            Value::data(
                Some(vec![outer[0], outer[1], count, width]),
                states(vec![directions, hidden]),
            ),
            Value::data(
                Some(vec![outer[0], count, width]),
                states(vec![directions, hidden]),
            ),
        ),
        false => (
            Value::data(
                Some(vec![outer[0], count, outer[1], width]),
                states(vec![directions, 1, hidden]),
            ),
            Value::data(
                Some(vec![count, outer[1], width]),
                states(vec![directions, 1, hidden]),
            ),
        ),
    };
    Ok(vec![all, last])
}
