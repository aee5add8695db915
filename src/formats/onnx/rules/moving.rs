//! Operators that join and cut tensors: multipliers move with the entries.

use super::super::infer::Inference;
use super::super::joined::Piece;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::axis;
use super::constants;
use super::products::unknown;
use crate::forms::{Field, ONE};

/// A shape has no more entries.
const MOST_AXES: usize = 64;

pub(super) fn concatenation(inference: &mut Inference, node: &Node) -> Followed {
    let inputs: Vec<&Value> = node.inputs.iter().flatten().collect();
    let says_shape = inputs
        .iter()
        .any(|input| matches!(input.content, Content::Integers(_)));
    let integers: Option<Vec<Vec<Integer>>> = inputs
        .iter()
        .map(
            |input| match (inference.integers(input), input.shape.as_deref()) {
                (Some(integers), _) => Some(integers),
                // All are integers if one is.
                (None, Some([Dim::Known(count)])) if says_shape && *count <= MOST_AXES => {
                    Some((0..*count).map(|_| unknown(inference, false)).collect())
                }
                _ => None,
            },
        )
        .collect();
    let is_vector = |input: &&Value| input.rank() == Some(1);
    if let Some(integers) = integers.filter(|_| inputs.iter().all(is_vector)) {
        let joined = integers.concat();
        return Ok(vec![Value {
            shape: Some(vec![Dim::Known(joined.len())]),
            content: Content::Integers(joined),
        }]);
    }
    let shapes: Option<Vec<&Vec<Dim>>> = inputs.iter().map(|input| input.shape.as_ref()).collect();
    let Some(shapes) = shapes else {
        return pin("joins tensors of unknown rank");
    };
    let rank = shapes[0].len();
    let along = node.int("axis").and_then(|found| axis(found, rank));
    let Some(along) = along.filter(|_| shapes.iter().all(|shape| shape.len() == rank)) else {
        return pin("joins tensors of different ranks");
    };
    let lengths: Option<Vec<usize>> = shapes.iter().map(|shape| shape[along].known()).collect();
    let total = lengths.as_ref().map(|lengths| lengths.iter().sum());
    let mut shape = shapes[0].clone();
    shape[along] = match total {
        Some(total) => Dim::Known(total),
        None => inference.symbol(),
    };
    if let Some(value) = joined_constants(inference, node, &inputs, along) {
        return Ok(vec![value]);
    }
    let mut fields = Vec::new();
    for input in &inputs {
        fields.push(match input.content {
            Content::Zero => None,
            _ => Some(inference.field(input, node.output())?.of_rank(rank)),
        });
    }
    let joined = match lengths {
        Some(lengths) => joined(inference, node, &fields, &lengths, along, rank)?,
        None => one_multiplier(inference, fields.into_iter().flatten(), rank, along)?,
    };
    Ok(vec![Value::data(Some(shape), joined)])
}

/// Constants, and zeros between them, as one constant; `None` if something is computed.
fn joined_constants(
    inference: &mut Inference,
    node: &Node,
    inputs: &[&Value],
    along: usize,
) -> Option<Value> {
    let pieces = inputs.iter().map(|input| match &input.content {
        Content::Constant(view) => Some(Piece::Constant(view)),
        Content::Zero => {
            let shape = input.shape.as_ref()?.iter();
            let lengths: Option<Vec<usize>> = shape.map(|dim| dim.known()).collect();
            Some(Piece::Zeros(lengths?))
        }
        _ => None,
    });
    let pieces: Option<Vec<Piece>> = pieces.collect();
    let view = inference.joined(node.output(), &pieces?, along)?;
    Some(constants::made(view))
}

/// Fields one after the other along an axis; zeros (`None`) bring multipliers of their own.
fn joined(
    inference: &mut Inference,
    node: &Node,
    fields: &[Option<Field>],
    lengths: &[usize],
    along: usize,
    rank: usize,
) -> Result<Field, Stop> {
    let known: Vec<&Field> = fields.iter().flatten().collect();
    let mut common = vec![1; rank];
    for field in &known {
        for (length, found) in common.iter_mut().zip(&field.shape) {
            *length = (*length).max(*found);
        }
    }
    common[along] = 1;
    let fits = |field: &&Field| {
        (0..rank).all(|axis| {
            axis == along || field.shape[axis] == 1 || field.shape[axis] == common[axis]
        })
    };
    if !known.iter().all(fits) {
        return one_multiplier(inference, known.into_iter().cloned(), rank, along);
    }
    let mut parts = Vec::new();
    for (field, length) in fields.iter().zip(lengths) {
        parts.push(match field {
            Some(field) => field.clone(),
            None => {
                let mut shape = common.clone();
                shape[along] = *length;
                let count = shape
                    .iter()
                    .try_fold(1usize, |count, length| count.checked_mul(*length));
                let fresh = inference.fresh(node, count.unwrap_or(usize::MAX))?;
                Field {
                    shape,
                    labels: fresh.collect(),
                }
            }
        });
    }
    common[along] = lengths.iter().sum();
    let ends: Vec<usize> = lengths
        .iter()
        .scan(0, |end, length| {
            *end += length;
            Some(*end)
        })
        .collect();
    let label = |index: &[usize]| {
        let part = ends.partition_point(|end| *end <= index[along]);
        let mut inner = index.to_vec();
        inner[along] -= ends[part] - lengths[part];
        parts[part].at(&inner)
    };
    Ok(inference.channels.remapped(common, label)?)
}

fn one_multiplier(
    inference: &mut Inference,
    fields: impl Iterator<Item = Field>,
    rank: usize,
    along: usize,
) -> Result<Field, Stop> {
    let mut tied = None;
    for field in fields {
        let merged = inference
            .channels
            .merged_along(&field, rank, |axis| axis == along)?;
        tied = Some(match tied {
            None => merged,
            Some(tied) => inference.channels.tied(&tied, &merged)?,
        });
    }
    tied.map_or_else(|| pin("joins nothing"), Ok)
}

/// The entries of a tensor at some places of one axis.
fn taken(
    inference: &mut Inference,
    value: &Value,
    along: usize,
    places: &[usize],
) -> Result<Value, Stop> {
    let shape = value.shape.clone().map(|mut shape| {
        shape[along] = Dim::Known(places.len());
        shape
    });
    let rank = value.rank().unwrap_or(0);
    let content = match &value.content {
        Content::Zero => Content::Zero,
        Content::Integers(_) if rank > 1 => return pin("cuts integers of several axes"),
        Content::Integers(integers) => Content::Integers(
            places
                .iter()
                .filter_map(|place| integers.get(*place).copied())
                .collect(),
        ),
        Content::Constant(view) => {
            let mut lengths = view.shape.clone();
            lengths[along] = places.len();
            let place = |index: &[usize]| {
                let mut old = index.to_vec();
                old[along] = places[index[along]];
                old
            };
            match view.taken(lengths, place) {
                Some(view) => Content::Constant(view),
                None => return pin("takes too many entries"),
            }
        }
        Content::Data(field) if !field.varies(along, rank) => Content::Data(field.clone()),
        Content::Data(field) => {
            let old = field.of_rank(rank);
            let mut lengths = old.shape.clone();
            lengths[along] = places.len();
            let label = |index: &[usize]| {
                let mut inner = index.to_vec();
                inner[along] = places[index[along]];
                old.at(&inner)
            };
            Content::Data(inference.channels.remapped(lengths, label)?)
        }
    };
    Ok(Value { shape, content })
}

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
    let sizes = match node.optional(1) {
        Some(sizes) => inference.known_integers(sizes),
        None => node.ints("split").map(<[i64]>::to_vec),
    };
    let sizes: Option<Vec<usize>> = match (sizes, shape[along].known()) {
        (Some(sizes), _) => sizes
            .into_iter()
            .map(|size| usize::try_from(size).ok())
            .collect(),
        (None, Some(length)) if count > 0 && node.optional(1).is_none() => {
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
    let asked = |inference: &Inference, name: &str, index: usize| match inference.opset < 10 {
        true => node.ints(name).map(<[i64]>::to_vec),
        false => node
            .optional(index)
            .and_then(|value| inference.known_integers(value)),
    };
    let given = |index: usize| inference.opset >= 10 && node.optional(index).is_some();
    let (starts, ends) = (asked(inference, "starts", 1), asked(inference, "ends", 2));
    let (axes, steps) = (asked(inference, "axes", 3), asked(inference, "steps", 4));
    let (Some(starts), Some(ends)) = (starts, ends) else {
        return pin("cuts at places that are computed");
    };
    if (given(3) && axes.is_none()) || (given(4) && steps.is_none()) {
        return pin("cuts at places that are computed");
    }
    let axes = axes.unwrap_or_else(|| (0..starts.len()).map(|axis| axis as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return pin("has starts, ends, axes and steps of different lengths");
    }
    let mut value = input.clone();
    for (place, found) in axes.iter().enumerate() {
        let Some(along) = axis(*found, rank) else {
            return pin("has an axis that its input has not");
        };
        let length = value.shape.as_ref().and_then(|shape| shape[along].known());
        value = match length {
            Some(length) => {
                let places = places(starts[place], ends[place], steps[place], length);
                regular(inference, &value, along, places)?
            }
            None => unknown_part(inference, &value, along)?,
        };
    }
    Ok(vec![value])
}

/// A part, of unknown length, of an axis.
fn unknown_part(inference: &mut Inference, value: &Value, along: usize) -> Result<Value, Stop> {
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
            Ok(part)
        }
        Content::Zero => Ok(part),
        _ => pin("cuts a constant at places that are computed"),
    }
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
fn regular(
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

pub(super) fn gather(inference: &mut Inference, node: &Node) -> Followed {
    let (input, indices) = (node.input(0)?, node.input(1)?);
    let (Some(shape), Some(asked)) = (&input.shape, &indices.shape) else {
        return pin("reads a tensor of unknown rank");
    };
    let Some(along) = axis(node.int("axis").unwrap_or(0), shape.len()) else {
        return pin("has an axis that its input has not");
    };
    let mut after = shape[..along].to_vec();
    after.extend(asked);
    after.extend(&shape[along + 1..]);
    let rank = shape.len();
    let known = inference.known_integers(indices);
    if let (Some(indices), Some(length)) = (known, shape[along].known()) {
        let places: Option<Vec<usize>> = indices.iter().map(|index| axis(*index, length)).collect();
        let Some(places) = places else {
            return pin("takes entries that its input has not");
        };
        let mut part = taken(inference, input, along, &places)?;
        if let Content::Data(field) = &part.content {
            part.content = Content::Data(spread(&field.of_rank(rank), along, asked, true));
        } else if let Content::Constant(view) = &part.content {
            let lengths: Option<Vec<usize>> = after.iter().map(|dim| dim.known()).collect();
            let Some(lengths) = lengths else {
                return pin("takes entries at unknown places");
            };
            part.content = Content::Constant(view.reshaped(lengths));
        }
        part.shape = Some(after);
        return Ok(vec![part]);
    }
    if let Content::Data(field) = &input.content {
        let merged = inference
            .channels
            .merged_along(field, rank, |axis| axis == along)?;
        let field = spread(&merged.of_rank(rank), along, asked, false);
        return Ok(vec![Value::data(Some(after), field)]);
    }
    embedding(inference, node, input, along, after)
}

/// An axis becomes as many as the indices have.
fn spread(field: &Field, along: usize, asked: &[Dim], varies: bool) -> Field {
    let mut lengths = field.shape[..along].to_vec();
    match varies && field.shape[along] != 1 {
        true => lengths.extend(asked.iter().map(|dim| dim.known().unwrap_or(1))),
        false => lengths.extend(asked.iter().map(|_| 1)),
    }
    lengths.extend(&field.shape[along + 1..]);
    Field {
        shape: lengths,
        labels: field.labels.clone(),
    }
}

/// Rows of a constant table, taken by computed indices: the rows are weights from outside.
fn embedding(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    along: usize,
    after: Vec<Dim>,
) -> Followed {
    let Some(view) = input
        .constant()
        .filter(|view| view.shape.len() == 2 && along == 0)
    else {
        return pin("takes entries by computed places");
    };
    if inference.constants[view.constant].place.is_err() {
        return Ok(vec![Value::data(Some(after), Field::uniform(ONE))]);
    }
    let view = view.clone();
    let fresh = inference.fresh(node, view.shape[1])?;
    let field = Field::along(fresh, 0);
    inference.weigh(&view, field.clone(), Field::uniform(ONE))?;
    Ok(vec![Value::data(Some(after), field)])
}
