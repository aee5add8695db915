//! Operators that compare, choose and place entries: what they go by must carry one multiplier.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::axis;
use super::products::{is_free, zero};
use crate::forms::{Field, ONE};

/// What is compared carries one multiplier, entry by entry; the answer none. The constant 0 can be compared with
/// anything.
pub(super) fn comparison(inference: &mut Inference, node: &Node) -> Followed {
    let shape = inference.broadcast_all(&node.inputs);
    if let Some(compared) = tied(inference, node, &[0, 1])? {
        inference.channels.breaks_at_zero(&compared);
    }
    Ok(vec![Value::data(shape, Field::uniform(ONE))])
}

/// The common multipliers of some inputs; `None` where all of them are 0.
fn tied(inference: &mut Inference, node: &Node, inputs: &[usize]) -> Result<Option<Field>, Stop> {
    let mut common: Option<Field> = None;
    for index in inputs {
        let value = node.input(*index)?;
        if matches!(value.content, Content::Zero) {
            continue;
        }
        if let Some(view) = value.constant().cloned()
            && is_free(inference, &view)
        {
            inference.keep(&view, &format!("an operand of {}", inference.current));
            continue;
        }
        let field = inference.field(value, node.output())?;
        common = Some(match common {
            None => field,
            Some(common) => inference.channels.tied(&common, &field)?,
        });
    }
    Ok(common)
}

/// Truth values.
pub(super) fn logic(inference: &mut Inference, node: &Node) -> Followed {
    let shape = inference.broadcast_all(&node.inputs);
    Ok(vec![Value::data(shape, Field::uniform(ONE))])
}

/// `Where`: both branches carry one multiplier, and the condition none.
pub(super) fn choice(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    inference.pin(node.input(0)?, &reason);
    let shape = inference.broadcast_all(&node.inputs);
    Ok(vec![match tied(inference, node, &[1, 2])? {
        Some(field) => Value::data(shape, field),
        None => zero(shape),
    }])
}

/// `If` with the results of both branches after its condition: both carry one multiplier, entry by entry.
pub(super) fn branches(inference: &mut Inference, node: &Node) -> Followed {
    let count = node.message.output.len();
    if node.inputs.len() != 1 + 2 * count {
        return pin("chooses between graphs that are not followed");
    }
    let reason = inference.current.clone();
    inference.pin(node.input(0)?, &reason);
    let condition = inference.known_integers(node.input(0)?);
    let mut outputs = Vec::with_capacity(count);
    for result in 0..count {
        let (one, other) = (1 + result, 1 + count + result);
        if let Some([truth]) = condition.as_deref() {
            let taken = if *truth != 0 { one } else { other };
            outputs.push(node.input(taken)?.clone());
            continue;
        }
        if let (Some(first), Some(second)) = (node.optional(one), node.optional(other))
            && let (Some(a), Some(b)) = (
                inference.known_integers(first),
                inference.known_integers(second),
            )
            && a == b
        {
            outputs.push(first.clone());
            continue;
        }
        let shape = common_shape(inference, node.input(one)?, node.input(other)?);
        outputs.push(match tied(inference, node, &[one, other])? {
            Some(field) if shape.is_some() => Value::data(shape, field),
            Some(field) => Value::data(None, inference.channels.merged(&field)),
            None => zero(shape),
        });
    }
    Ok(outputs)
}

/// The shape of either of two tensors, as far as they agree.
fn common_shape(inference: &mut Inference, one: &Value, other: &Value) -> Option<Vec<Dim>> {
    let (one, other) = (one.shape.as_ref()?, other.shape.as_ref()?);
    if one.len() != other.len() {
        return None;
    }
    let pairs = one.iter().zip(other);
    let dims = pairs.map(|(a, b)| if a == b { *a } else { inference.symbol() });
    Some(dims.collect())
}

/// The field of an input, with one multiplier along an axis.
fn along(
    inference: &mut Inference,
    node: &Node,
    default: i64,
) -> Result<(Field, usize, Vec<Dim>), Stop> {
    let input = node.input(0)?;
    let Some(shape) = input.shape.clone() else {
        return pin("reads a tensor of unknown rank");
    };
    let Some(found) = axis(node.int("axis").unwrap_or(default), shape.len()) else {
        return pin("has an axis that its input has not");
    };
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, shape.len(), |axis| axis == found)?;
    inference.channels.breaks_at_zero(&field);
    Ok((field, found, shape))
}

pub(super) fn top(inference: &mut Inference, node: &Node) -> Followed {
    let (field, found, mut shape) = along(inference, node, -1)?;
    let count = match node.optional(1) {
        Some(count) => inference.known_integers(count),
        None => node.int("k").map(|count| vec![count]),
    };
    let count = count.and_then(|count| usize::try_from(*count.first()?).ok());
    shape[found] = count.map_or_else(|| inference.symbol(), Dim::Known);
    Ok(vec![
        Value::data(Some(shape.clone()), field),
        Value::data(Some(shape), Field::uniform(ONE)),
    ])
}

pub(super) fn largest(inference: &mut Inference, node: &Node) -> Followed {
    let (_, found, mut shape) = along(inference, node, 0)?;
    match node.int("keepdims").unwrap_or(1) {
        0 => {
            shape.remove(found);
        }
        _ => shape[found] = Dim::Known(1),
    }
    Ok(vec![Value::data(Some(shape), Field::uniform(ONE))])
}

/// What positive factors do not change: a sign, whether it is a number, or a vector over its norm.
pub(super) fn unscaled(inference: &mut Inference, node: &Node) -> Followed {
    if node.operator() == "LpNormalization" {
        let (_, _, shape) = along(inference, node, -1)?;
        return Ok(vec![Value::data(Some(shape), Field::uniform(ONE))]);
    }
    let input = node.input(0)?;
    if !matches!(input.content, Content::Zero) {
        let field = inference.field(input, node.output())?;
        inference.channels.breaks_at_zero(&field);
    }
    Ok(vec![Value::data(input.shape.clone(), Field::uniform(ONE))])
}

/// Where entries are that are not 0: a column for each, a row for each axis.
pub(super) fn nonzero(inference: &mut Inference, node: &Node) -> Followed {
    let mut outputs = unscaled(inference, node)?;
    // Runtimes take a single number for a row of one.
    let rank = node.input(0)?.rank().filter(|rank| *rank > 0);
    let rows = rank.map_or_else(|| inference.symbol(), Dim::Known);
    outputs[0].shape = Some(vec![rows, inference.symbol()]);
    Ok(outputs)
}

pub(super) fn cumulative(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let asked = node
        .optional(1)
        .and_then(|axis| inference.known_integers(axis));
    let rank = input.rank();
    let found = asked.and_then(|asked| axis(*asked.first()?, rank?));
    let field = inference.field(input, node.output())?;
    let field = match (found, rank) {
        (Some(found), Some(rank)) => inference
            .channels
            .merged_along(&field, rank, |axis| axis == found)?,
        _ => inference.channels.merged(&field),
    };
    Ok(vec![Value::data(input.shape.clone(), field)])
}

/// `OneHot` of constant values: nothing scales what it makes.
pub(super) fn one_hot(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    for index in 0..3 {
        let input = node.input(index)?.clone();
        inference.pin(&input, &reason);
    }
    let depth = inference.known_integers(node.input(1)?);
    let depth = depth.and_then(|depth| usize::try_from(*depth.first()?).ok());
    let depth = depth.map_or_else(|| inference.symbol(), Dim::Known);
    let shape = node.input(0)?.shape.clone().and_then(|mut shape| {
        let at = axis(node.int("axis").unwrap_or(-1), shape.len() + 1)?;
        shape.insert(at, depth);
        Some(shape)
    });
    Ok(vec![Value::data(shape, Field::uniform(ONE))])
}

/// Entries placed into a tensor: one multiplier along all axes that the places may vary in.
pub(super) fn scattered(inference: &mut Inference, node: &Node) -> Followed {
    if node.text("reduction") == Some(b"mul") {
        return pin("multiplies entries in place");
    }
    let (data, places, updates) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let (Some(shape), Some(of_places)) = (&data.shape, &places.shape) else {
        return pin("reads tensors of unknown rank");
    };
    let rank = shape.len();
    let depth = match of_places.last() {
        Some(Dim::Known(depth)) if node.operator() == "ScatterND" => (*depth).min(rank),
        _ => rank,
    };
    if matches!(
        (&data.content, &updates.content),
        (Content::Zero, Content::Zero)
    ) {
        return Ok(vec![data.clone()]);
    }
    if node.operator() != "ScatterND" {
        return scattered_along(inference, node, shape.clone());
    }
    let mut common: Option<Field> = None;
    for value in [data, updates] {
        if matches!(value.content, Content::Zero) {
            continue;
        }
        let field = inference.field(value, node.output())?;
        let own = value.rank().unwrap_or(field.shape.len());
        let placed = (own + depth).saturating_sub(rank);
        let field = inference
            .channels
            .merged_along(&field, own, |axis| axis < placed)?;
        let kept = field.of_rank(own).shape[placed.min(own)..].to_vec();
        let inner = Field {
            shape: kept,
            labels: field.labels,
        };
        common = Some(match common {
            None => inner,
            Some(common) => inference.channels.tied(&common, &inner)?,
        });
    }
    let field = common.unwrap_or_else(|| Field::uniform(ONE));
    Ok(vec![Value::data(Some(shape.clone()), field)])
}

/// Entries placed along one axis: along all others of the same length they stay where they are.
fn scattered_along(inference: &mut Inference, node: &Node, shape: Vec<Dim>) -> Followed {
    let (data, updates) = (node.input(0)?, node.input(2)?);
    let rank = shape.len();
    let found = axis(node.int("axis").unwrap_or(0), rank);
    let (Some(found), Some(of_updates)) = (found, &updates.shape) else {
        return pin("reads tensors of unknown rank");
    };
    let stays = |axis: usize| axis != found && of_updates.get(axis) == shape.get(axis);
    let mut common: Option<Field> = None;
    for value in [data, updates] {
        if matches!(value.content, Content::Zero) {
            continue;
        }
        let field = inference.field(value, node.output())?;
        let field = inference
            .channels
            .merged_along(&field, rank, |axis| !stays(axis))?;
        common = Some(match common {
            None => field,
            Some(common) => inference.channels.tied(&common, &field)?,
        });
    }
    let field = common.unwrap_or_else(|| Field::uniform(ONE));
    Ok(vec![Value::data(Some(shape), field)])
}

/// Entries in another order along one axis, for each index of another: one multiplier along the first.
pub(super) fn reversed(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(rank) = input.rank() else {
        return pin("reads a tensor of unknown rank");
    };
    let Some(time) = axis(node.int("time_axis").unwrap_or(0), rank) else {
        return pin("has an axis that its input has not");
    };
    let (reason, lengths) = (inference.current.clone(), node.input(1)?.clone());
    inference.pin(&lengths, &reason);
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axis == time)?;
    Ok(vec![Value::data(input.shape.clone(), field)])
}
