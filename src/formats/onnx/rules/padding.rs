//! Padding.

use super::super::infer::Inference;
use super::super::learned::is_unscaled;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::{axis, cutting};
use crate::forms::Slot;

/// Padding with zeros, or infinities: new channels bring multipliers of their own.
pub(super) fn padding(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let (Some(shape), Content::Data(field)) = (&input.shape, &input.content) else {
        return pin("reads a tensor of unknown rank, or a constant");
    };
    let rank = shape.len();
    let by_attributes = inference.opset < 11;
    let is_constant = matches!(node.text("mode"), None | Some(b"constant"));
    if is_constant && !is_fill_free(inference, node, by_attributes) {
        return pin("pads with numbers that are not known to be 0");
    }
    let pads = match by_attributes {
        true => node
            .ints("pads")
            .map(|pads| pads.iter().copied().map(Integer::Known).collect()),
        false => node.optional(1).and_then(|pads| inference.integers(pads)),
    };
    let pads: Option<Vec<Integer>> = pads;
    let axes: Option<Vec<usize>> = match node.optional(3) {
        None => Some((0..rank).collect()),
        Some(axes) => inference.known_integers(axes).and_then(|axes| {
            let axes = axes.into_iter().map(|found| axis(found, rank));
            axes.collect()
        }),
    };
    let known = pads.zip(axes);
    let Some((pads, axes)) = known.filter(|(pads, axes)| pads.len() == 2 * axes.len()) else {
        let merged = inference.channels.merged(field);
        let unknown = (0..rank).map(|_| inference.symbol()).collect();
        return Ok(vec![Value::data(Some(unknown), merged)]);
    };
    let mut value = input.clone();
    for (place, along) in axes.iter().copied().enumerate() {
        let [before, behind] = [pads[place], pads[axes.len() + place]];
        let (Integer::Known(before), Integer::Known(behind)) = (before, behind) else {
            value = cutting::unknown_part(inference, node, &value, along)?;
            continue;
        };
        if before != 0 || behind != 0 {
            value = padded(
                inference,
                node,
                &value,
                along,
                (before, behind),
                is_constant,
            )?;
        }
    }
    Ok(vec![value])
}

fn is_fill_free(inference: &mut Inference, node: &Node, by_attributes: bool) -> bool {
    if by_attributes {
        return is_unscaled(f64::from(node.float("value").unwrap_or(0.0)));
    }
    let Some(value) = node.optional(2) else {
        return true;
    };
    let Some(view) = value.constant().filter(|view| view.len() == 1).cloned() else {
        return matches!(value.content, Content::Zero);
    };
    inference.keep(&view, &format!("the value of Pad `{}`", node.output()));
    inference.number(&view, 0).is_some_and(is_unscaled)
}

fn padded(
    inference: &mut Inference,
    node: &Node,
    value: &Value,
    along: usize,
    (before, behind): (i64, i64),
    is_constant: bool,
) -> Result<Value, Stop> {
    let (Some(shape), Content::Data(field)) = (&value.shape, &value.content) else {
        return pin("pads no data");
    };
    let rank = shape.len();
    let mut after = shape.clone();
    let old_length = shape[along]
        .known()
        .and_then(|length| i64::try_from(length).ok());
    let length = old_length
        .and_then(|length| length.checked_add(before)?.checked_add(behind))
        .and_then(|length| usize::try_from(length).ok());
    after[along] = length.map_or_else(|| inference.symbol(), Dim::Known);
    if !field.varies(along, rank) {
        return Ok(Value::data(Some(after), field.clone()));
    }
    let Some(length) = length.filter(|_| is_constant) else {
        let merged = inference
            .channels
            .merged_along(field, rank, |axis| axis == along)?;
        return Ok(Value::data(Some(after), merged));
    };
    let old = field.of_rank(rank);
    let mut lengths = old.shape.clone();
    lengths[along] = length;
    let count = lengths
        .iter()
        .try_fold(1usize, |count, length| count.checked_mul(*length));
    let fresh = inference.fresh(node, count.unwrap_or(usize::MAX))?;
    let own = |index: &[usize]| {
        let place = index
            .iter()
            .zip(&lengths)
            .fold(0, |place, (at, length)| place * length + at);
        fresh.start + place as Slot
    };
    let label = |index: &[usize]| {
        let place = i64::try_from(index[along])
            .ok()
            .and_then(|at| at.checked_sub(before));
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.filter(|place| *place < old.shape[along]) {
            Some(place) => {
                let mut inner = index.to_vec();
                inner[along] = place;
                old.at(&inner)
            }
            None => own(index),
        }
    };
    let field = inference.channels.remapped(lengths.clone(), label)?;
    Ok(Value::data(Some(after), field))
}
