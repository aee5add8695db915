//! Operators that cut tensors: multipliers stay with the entries, and where places are computed, only along the axes
//! that are cut.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::axis;
use super::moving::taken;
use super::placing::are_zeros;
use crate::forms::Field;

/// The parts of an axis; lengths that are computed are those of axes along which all entries carry one multiplier.
pub(super) fn split(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("cuts a tensor of unknown rank");
    };
    let Some(along) = axis(node.int("axis").unwrap_or(0), shape.len()) else {
        return pin("has an axis that its input has not");
    };
    let asked = node
        .int("num_outputs")
        .and_then(|asked| usize::try_from(asked).ok());
    let count = node.message.output.len();
    if asked.is_some_and(|asked| asked != count) {
        return pin("cuts into more parts, or fewer, than it has outputs");
    }
    let sizes: Option<Vec<Integer>> = match node.optional(1) {
        Some(sizes) => inference.integers(sizes),
        None => node
            .ints("split")
            .map(|sizes| sizes.iter().copied().map(Integer::Known).collect()),
    };
    let size = |size: &Integer| match size {
        Integer::Known(size) => usize::try_from(*size).ok(),
        Integer::Symbol(_) => None,
    };
    let computed = match &sizes {
        Some(sizes) => sizes.len() == count && sizes.iter().any(|own| size(own).is_none()),
        None => node.optional(1).is_some() || shape[along].known().is_none(),
    };
    if computed {
        let mut outputs = Vec::with_capacity(count);
        for place in 0..count {
            let mut part = unknown_part(inference, node, input, along)?;
            let known = sizes.as_ref().and_then(|sizes| size(&sizes[place]));
            if let (Some(shape), Some(known)) = (&mut part.shape, known) {
                shape[along] = Dim::Known(known);
            }
            outputs.push(part);
        }
        return Ok(outputs);
    }
    let sizes: Option<Vec<usize>> = match (sizes, shape[along].known()) {
        (Some(sizes), _) => sizes.iter().map(size).collect(),
        (None, Some(length)) if count > 0 => {
            let size = length.div_ceil(count);
            let part = |part: usize| size.min(length.saturating_sub(part * size));
            Some((0..count).map(part).collect())
        }
        _ => None,
    };
    let total: Option<usize> = sizes.as_ref().and_then(|sizes| {
        sizes
            .iter()
            .try_fold(0usize, |total, size| total.checked_add(*size))
    });
    let fits = shape[along]
        .known()
        .is_some_and(|length| total == Some(length));
    let Some(sizes) = sizes.filter(|sizes| fits && sizes.len() >= count) else {
        return pin("cuts at places that are not known");
    };
    let mut outputs = Vec::new();
    let mut start = 0i64;
    for size in sizes {
        outputs.push(regular(inference, input, along, (start, 1, size))?);
        start = start.saturating_add(size as i64);
    }
    Ok(outputs)
}

pub(super) fn slice(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(rank) = input.rank() else {
        return pin("cuts a tensor of unknown rank");
    };
    let by_attributes = inference.opset < 10;
    let asked = |inference: &Inference, name: &str, index: usize| match by_attributes {
        true => node
            .ints(name)
            .map(|own| own.iter().copied().map(Integer::Known).collect()),
        false => node
            .optional(index)
            .and_then(|value| inference.integers(value)),
    };
    let given = |index: usize| !by_attributes && node.optional(index).is_some();
    let starts: Option<Vec<Integer>> = asked(inference, "starts", 1);
    let ends: Option<Vec<Integer>> = asked(inference, "ends", 2);
    let steps: Option<Vec<Integer>> = asked(inference, "steps", 4);
    let axes = match (asked(inference, "axes", 3), given(3)) {
        (Some(axes), _) => axes.into_iter().map(known).collect::<Option<Vec<i64>>>(),
        (None, true) => None,
        (None, false) => {
            let count = match (&starts, &ends, node.optional(1)) {
                (Some(known), ..) | (_, Some(known), _) => Some(known.len()),
                (.., Some(starts)) => match starts.shape.as_deref() {
                    Some([Dim::Known(count)]) => Some(*count),
                    _ => None,
                },
                _ => return pin("has no starts and ends"),
            };
            count.map(|count| (0..count.min(rank + 1)).map(|axis| axis as i64).collect())
        }
    };
    let Some(axes) = axes else {
        // Any axes may be cut.
        let mut value = input.clone();
        for along in 0..rank {
            value = unknown_part(inference, node, &value, along)?;
        }
        return Ok(vec![value]);
    };
    let fits = |own: &Option<Vec<Integer>>| own.as_ref().is_none_or(|own| own.len() == axes.len());
    if !(fits(&starts) && fits(&ends) && fits(&steps)) {
        return pin("has starts, ends, axes and steps of different lengths");
    }
    let of = |own: &Option<Vec<Integer>>, place: usize| own.as_ref().map(|own| own[place]);
    let mut value = input.clone();
    for (place, found) in axes.iter().enumerate() {
        let Some(along) = axis(*found, rank) else {
            return pin("has an axis that its input has not");
        };
        let Some(dim) = value.shape.as_ref().map(|shape| shape[along]) else {
            return pin("cuts a tensor of unknown rank");
        };
        let step = match given(4) || steps.is_some() {
            true => of(&steps, place),
            false => Some(Integer::Known(1)),
        };
        let (start, end) = (of(&starts, place), of(&ends, place));
        value = match (start, end, step, dim) {
            (
                Some(Integer::Known(start)),
                Some(Integer::Known(end)),
                Some(Integer::Known(step)),
                Dim::Known(length),
            ) => regular(inference, &value, along, places(start, end, step, length))?,
            (Some(Integer::Known(0)), Some(end), Some(Integer::Known(1)), _)
                if is_behind(end, dim) =>
            {
                value
            }
            _ => unknown_part(inference, node, &value, along)?,
        };
    }
    Ok(vec![value])
}

fn known(integer: Integer) -> Option<i64> {
    match integer {
        Integer::Known(integer) => Some(integer),
        Integer::Symbol(_) => None,
    }
}

/// Does a part that ends there end with the axis, whatever its length?
fn is_behind(end: Integer, dim: Dim) -> bool {
    match end {
        Integer::Known(end) => {
            end == i64::MAX || (dim.known().is_none() && end == i64::from(i32::MAX))
        }
        Integer::Symbol(_) => end == Integer::from(dim),
    }
}

/// A part of an axis, of unknown length, or more than the axis.
pub(super) fn unknown_part(
    inference: &mut Inference,
    node: &Node,
    value: &Value,
    along: usize,
) -> Result<Value, Stop> {
    let symbol = inference.symbol();
    let mut part = value.clone();
    if let Some(shape) = &mut part.shape {
        shape[along] = symbol;
    }
    match &part.content {
        Content::Data(field) => {
            let rank = value.rank().unwrap_or(0);
            let merged = inference
                .channels
                .merged_along(field, rank, |axis| axis == along)?;
            part.content = Content::Data(merged);
        }
        Content::Zero => {}
        Content::Integers(_) => return pin("cuts integers at places that are computed"),
        Content::Constant(_) if are_zeros(inference, value, node) => {
            part.content = Content::Zero;
        }
        Content::Constant(view) => {
            let view = view.clone();
            let reason = format!("cut at computed places by {}", inference.current);
            inference.keep(&view, &reason);
            part.content = Content::Data(Field::uniform(inference.channels.pinned(&reason)));
        }
    }
    Ok(part)
}

/// The places that a slice takes: the first, the step, and how many.
fn places(start: i64, end: i64, step: i64, length: usize) -> (i64, i64, usize) {
    let count = i64::try_from(length).unwrap_or(i64::MAX);
    let absolute = |place: i64| match place < 0 {
        true => place.saturating_add(count),
        false => place,
    };
    let (first, distance) = match step > 0 {
        true => {
            let first = absolute(start).clamp(0, count);
            (first, absolute(end).clamp(0, count) - first)
        }
        false => {
            let first = absolute(start).clamp(0, (count - 1).max(0));
            (first, first - absolute(end).clamp(-1, count - 1))
        }
    };
    let taken = match (count, step) {
        (0, _) | (_, 0) => 0,
        _ => usize::try_from(distance)
            .unwrap_or(0)
            .div_ceil(step.unsigned_abs() as usize),
    };
    (first, step, taken)
}

/// Entries at regular places of an axis; they are only gone through where multipliers, or entries, vary along it.
pub(super) fn regular(
    inference: &mut Inference,
    value: &Value,
    along: usize,
    (first, step, count): (i64, i64, usize),
) -> Result<Value, Stop> {
    let rank = value.rank().unwrap_or(0);
    let varies = match &value.content {
        Content::Data(field) => field.varies(along, rank),
        Content::Zero => false,
        Content::Constant(_) | Content::Integers(_) => true,
    };
    if !varies {
        let mut part = value.clone();
        if let Some(shape) = &mut part.shape {
            shape[along] = Dim::Known(count);
        }
        return Ok(part);
    }
    if count > MAX_PLACES {
        return pin("cuts an axis that is too long");
    }
    let place = |number: usize| (first + step * number as i64) as usize;
    let places: Vec<usize> = (0..count).map(place).collect();
    taken(inference, value, along, &places)
}

/// Places of one axis beyond so many are not gone through.
const MAX_PLACES: usize = 1 << 24;
