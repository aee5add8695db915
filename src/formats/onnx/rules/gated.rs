//! Recurrent layers with gates. Gates are no homogeneous functions: nothing scales what they read; a state made by
//! rectifiers is free.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::recurrent::{Layer, initial, is_homogeneous, layer, outputs};
use crate::forms::{Field, ONE, Slot};

/// How a gated layer is made: the blocks of its weights that make the state rather than a gate, and how many there are.
struct Kind {
    blocks: usize,
    state: usize,
    /// The activations that the state goes through, by their place among those of one direction.
    activations: &'static [usize],
    /// The number of activations of one direction.
    count: usize,
}

/// `GRU`: update, reset, hidden.
pub(super) fn gru(inference: &mut Inference, node: &Node) -> Followed {
    let kind = Kind {
        blocks: 3,
        state: 2,
        activations: &[1],
        count: 2,
    };
    gated(inference, node, &kind)
}

/// `LSTM`: input, output, forget, cell.
pub(super) fn lstm(inference: &mut Inference, node: &Node) -> Followed {
    let kind = Kind {
        blocks: 4,
        state: 3,
        activations: &[1, 2],
        count: 3,
    };
    gated(inference, node, &kind)
}

fn gated(inference: &mut Inference, node: &Node, kind: &Kind) -> Followed {
    if node.has("clip") {
        return pin("clips what it computes");
    }
    let Layer {
        directions,
        hidden,
        inputs,
        forward,
        backward,
    } = layer(inference, node, kind.blocks)?;
    let names = node.texts("activations");
    let is_free = names.len() == kind.count * directions
        && (0..names.len())
            .filter(|place| kind.activations.contains(&(place % kind.count)))
            .all(|place| is_homogeneous(names[place]));
    let states: Vec<Slot> = match is_free {
        true => inference.fresh(node, directions * hidden)?.collect(),
        false => vec![ONE; directions * hidden],
    };
    let state = |shape: Vec<usize>| Field {
        shape,
        labels: states.clone().into(),
    };
    let target = rows(inference, &states, directions, hidden, kind)?;
    inference.weigh(&forward, target.clone(), Field::along(inputs, 0))?;
    inference.weigh(&backward, target, state(vec![directions, 1, hidden]))?;
    biases(inference, node, &states, (directions, hidden), kind)?;
    let start = state(vec![directions, 1, hidden]);
    for index in 5..7.min(node.inputs.len()) {
        initial(inference, node, index, &start)?;
    }
    if let Some(peephole) = node.optional(7) {
        peepholes(inference, peephole, &states, (directions, hidden))?;
    }
    let mut made = outputs(inference, node, node.input(0)?, directions, hidden, &state)?;
    if kind.blocks == 4 {
        made.push(made[1].clone());
    }
    Ok(made)
}

/// The multipliers of the rows of a weight: 1 for those of gates.
fn rows(
    inference: &mut Inference,
    states: &[Slot],
    directions: usize,
    hidden: usize,
    kind: &Kind,
) -> Result<Field, Stop> {
    let label = |index: &[usize]| match index[1] / hidden == kind.state {
        true => states[index[0] * hidden + index[1] % hidden],
        false => ONE,
    };
    let shape = vec![directions, kind.blocks * hidden, 1];
    Ok(inference.channels.remapped(shape, label)?)
}

/// Both biases of a direction, one after the other.
fn biases(
    inference: &mut Inference,
    node: &Node,
    states: &[Slot],
    (directions, hidden): (usize, usize),
    kind: &Kind,
) -> Result<(), Stop> {
    let Some(bias) = node.optional(3) else {
        return Ok(());
    };
    let shape = vec![directions, 2 * kind.blocks * hidden];
    let Some(view) = bias.constant().filter(|view| view.shape == shape).cloned() else {
        return match bias.content {
            Content::Zero => Ok(()),
            _ => pin("has computed biases, or of another shape"),
        };
    };
    let label = |index: &[usize]| match index[1] / hidden % kind.blocks == kind.state {
        true => states[index[0] * hidden + index[1] % hidden],
        false => ONE,
    };
    let plus = inference.channels.remapped(shape, label)?;
    inference.weigh(&view, plus, Field::uniform(ONE))
}

/// What gates read of the cell is divided by its multiplier.
fn peepholes(
    inference: &mut Inference,
    peephole: &Value,
    states: &[Slot],
    (directions, hidden): (usize, usize),
) -> Result<(), Stop> {
    let fits = |view: &&View| view.shape == [directions, 3 * hidden];
    let Some(view) = peephole.constant().filter(fits).cloned() else {
        return match peephole.content {
            Content::Zero => Ok(()),
            _ => pin("has computed peepholes, or of another shape"),
        };
    };
    let label = |index: &[usize]| states[index[0] * hidden + index[1] % hidden];
    let minus = inference
        .channels
        .remapped(vec![directions, 3 * hidden], label)?;
    inference.weigh(&view, Field::uniform(ONE), minus)
}
