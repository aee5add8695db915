//! Constants whose numbers are put in other places, between zeros, or several times, before they are used: they scale
//! where they are stored.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Node, Value};
use super::axis;
use super::constants::{made, part_of, spread_to};

/// What an operator makes of a stored constant, if it does no more than that; `None` for others.
pub(super) fn placed(inference: &mut Inference, node: &Node) -> Option<Value> {
    match node.operator() {
        "Where" => masked(inference, node),
        "Abs" | "Relu" | "LeakyRelu" => {
            let view = stored(inference, node.optional(0)?)?;
            // A number times one that depends on its sign alone.
            Some(part_of(&view))
        }
        "Pad" | "Expand" | "Tile" | "Trilu" => {
            let view = stored(inference, node.optional(0)?)?;
            let view = match node.operator() {
                "Pad" => padded(inference, node, &view),
                "Expand" => expanded(inference, node, &view),
                "Tile" => tiled(inference, node, &view),
                _ => triangle(inference, node, &view),
            };
            Some(made(view?))
        }
        _ => None,
    }
}

fn stored(inference: &Inference, value: &Value) -> Option<View> {
    let view = value.constant()?;
    let is_stored = inference.constants[view.constant].place.is_ok();
    is_stored.then(|| view.clone())
}

fn known_lengths(inference: &Inference, value: &Value) -> Option<Vec<usize>> {
    let known = inference.known_integers(value)?.into_iter();
    known.map(|length| usize::try_from(length).ok()).collect()
}

/// With zeros around it.
fn padded(inference: &mut Inference, node: &Node, view: &View) -> Option<View> {
    let rank = view.shape.len();
    if !matches!(node.text("mode"), None | Some(b"constant")) {
        return None;
    }
    let pads = match inference.opset < 11 {
        true if node.float("value").unwrap_or(0.0) == 0.0 => node.ints("pads")?.to_vec(),
        true => return None,
        false => inference.known_integers(node.optional(1)?)?,
    };
    if let Some(fill) = node.optional(2)
        && !takes_zeros(inference, fill, node)
    {
        return None;
    }
    let axes: Vec<usize> = match node.optional(3) {
        None => (0..rank).collect(),
        Some(axes) => {
            let axes = inference.known_integers(axes)?.into_iter();
            axes.map(|found| axis(found, rank)).collect::<Option<_>>()?
        }
    };
    if pads.len() != 2 * axes.len() {
        return None;
    }
    let (mut shape, mut before) = (view.shape.clone(), vec![0i64; rank]);
    for (place, along) in axes.iter().copied().enumerate() {
        let length = i64::try_from(shape[along]).ok()?;
        let length = length.checked_add(pads[place])?;
        let length = length.checked_add(pads[axes.len() + place])?;
        shape[along] = usize::try_from(length).ok()?;
        before[along] = before[along].checked_add(pads[place])?;
    }
    view.placed(shape, |index| {
        let mut at = 0;
        for ((index, before), length) in index.iter().zip(&before).zip(&view.shape) {
            let inner = i64::try_from(*index).ok()?.checked_sub(*before)?;
            let inner = usize::try_from(inner).ok().filter(|inner| inner < length)?;
            at = at * length + inner;
        }
        Some(at)
    })
}

/// Along axes of length 1, as often as is asked.
fn expanded(inference: &Inference, node: &Node, view: &View) -> Option<View> {
    let asked = known_lengths(inference, node.optional(1)?)?;
    let shape = broadcast(&view.shape, &asked)?;
    let place = spread_to(&shape, &view.shape)?;
    view.placed(shape, |index| Some(place(index)))
}

/// The shape that two broadcast to.
fn broadcast(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let of = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(own) => shape[own],
        None => 1,
    };
    let axes = (0..rank).map(|axis| match (of(one, axis), of(other, axis)) {
        (1, length) | (length, 1) => Some(length),
        (one, other) => (one == other).then_some(one),
    });
    axes.collect()
}

/// Again and again along each axis.
fn tiled(inference: &Inference, node: &Node, view: &View) -> Option<View> {
    let repeats = known_lengths(inference, node.optional(1)?)?;
    if repeats.len() != view.shape.len() {
        return None;
    }
    let lengths = view.shape.iter().zip(&repeats);
    let shape = lengths.map(|(length, repeat)| length.checked_mul(*repeat));
    view.placed(shape.collect::<Option<_>>()?, |index| {
        let places = index.iter().zip(&view.shape);
        Some(places.fold(0, |at, (index, length)| at * length + index % length))
    })
}

/// Above or below a diagonal, and 0 elsewhere.
fn triangle(inference: &Inference, node: &Node, view: &View) -> Option<View> {
    let diagonal = match node.optional(1) {
        None => 0,
        Some(given) => *inference.known_integers(given)?.first()?,
    };
    let is_upper = node.int("upper").unwrap_or(1) != 0;
    let [.., _, _] = view.shape.as_slice() else {
        return None;
    };
    view.placed(view.shape.clone(), |index| {
        let [.., row, column] = index else {
            return None;
        };
        let beyond = *column as i64 - *row as i64;
        let is_in = match is_upper {
            true => beyond >= diagonal,
            false => beyond <= diagonal,
        };
        let places = index.iter().zip(&view.shape);
        is_in.then(|| places.fold(0, |at, (index, length)| at * length + index))
    })
}

/// Where a condition that is known holds, or where it does not, and 0 elsewhere.
fn masked(inference: &mut Inference, node: &Node) -> Option<Value> {
    let condition = node.optional(0)?;
    let truths = inference.known_integers(condition)?;
    let lengths = condition.shape.as_ref()?.iter().map(|dim| dim.known());
    let own: Vec<usize> = lengths.collect::<Option<_>>()?;
    let (one, other) = (node.optional(1)?.clone(), node.optional(2)?.clone());
    for (weight, zeros, wanted) in [(&one, &other, true), (&other, &one, false)] {
        let Some(view) = stored(inference, weight) else {
            continue;
        };
        let beside = match (&zeros.content, zeros.constant(), &zeros.shape) {
            (_, Some(zeros), _) => Some(zeros.shape.clone()),
            (Content::Zero, _, Some(shape)) => shape.iter().map(|dim| dim.known()).collect(),
            _ => None,
        };
        let Some(beside) = beside.filter(|_| takes_zeros(inference, zeros, node)) else {
            continue;
        };
        let shape = broadcast(&broadcast(&own, &view.shape)?, &beside)?;
        let (holds, place) = (spread_to(&shape, &own)?, spread_to(&shape, &view.shape)?);
        let view = view.placed(shape, |index| {
            let truth = truths.get(holds(index))?;
            ((*truth != 0) == wanted).then(|| place(index))
        });
        return view.map(made);
    }
    None
}

/// Is it 0 everywhere, and no weight? Then it carries any multiplier, whatever shape it is given.
pub(super) fn are_zeros(inference: &mut Inference, value: &Value, node: &Node) -> bool {
    let view = value.constant();
    let is_weight = view.is_some_and(|view| inference.is_declared_learned(view));
    !is_weight && takes_zeros(inference, value, node)
}

/// Is it 0 everywhere? It stays so.
fn takes_zeros(inference: &mut Inference, value: &Value, node: &Node) -> bool {
    let Some(view) = value.constant() else {
        return matches!(value.content, Content::Zero);
    };
    let mut numbers = (0..view.len()).map(|place| inference.number(view, place));
    let are_zero = numbers.all(|number| number == Some(0.0));
    if are_zero {
        let reason = format!("zeros of {} `{}`", node.operator(), node.output());
        inference.keep(view, &reason);
    }
    are_zero
}
