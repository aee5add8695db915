//! Operators that join and cut tensors: multipliers move with the entries.

use super::super::infer::Inference;
use super::super::joined::Piece;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer, picked};
use super::axis;
use super::constants;
use super::integers::unknown;
use crate::forms::{Field, ONE};

/// Matrices that are taken by computed places have so many entries at most: each entry takes memory.
const MOST_ENTRIES: usize = 1 << 18;

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
    let total = lengths.as_ref().and_then(|lengths| {
        let mut lengths = lengths.iter();
        lengths.try_fold(0usize, |all, own| all.checked_add(*own))
    });
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
    common[along] = lengths.iter().fold(0, |all, own| all.saturating_add(*own));
    let ends: Vec<usize> = lengths
        .iter()
        .scan(0, |end, length| {
            *end = length.saturating_add(*end);
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
pub(super) fn taken(
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
        Content::Integers(integers) => {
            let shape = value.shape.as_deref().unwrap_or(&[]);
            let place = |index: &[usize]| {
                let mut old = index.to_vec();
                old[along] = places[index[along]];
                old
            };
            let mut lengths = shape.to_vec();
            lengths[along] = Dim::Known(places.len());
            match picked(integers, shape, &lengths, place) {
                Some(integers) => Content::Integers(integers),
                None => return pin("cuts integers of unknown shape"),
            }
        }
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
        let mut part = match taken(inference, input, along, &places) {
            // Too many copies to tell apart.
            Err(Stop::Pin(_)) if input.constant().is_some() => {
                return embedding(inference, node, input, along, after);
            }
            part => part?,
        };
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
        .filter(|view| view.shape.len() > 1 && along == 0)
    else {
        return pin("takes entries by computed places");
    };
    if inference.constants[view.constant].place.is_err() {
        return Ok(vec![Value::data(Some(after), Field::uniform(ONE))]);
    }
    let view = view.clone();
    // Of matrices, each entry has a multiplier of its own.
    let count = view.shape[1..].iter().product();
    if view.shape.len() > 2 && count > MOST_ENTRIES {
        return pin("takes large matrices by computed places");
    }
    let fresh = inference.fresh(node, count)?;
    let field = Field {
        shape: view.shape[1..].to_vec(),
        labels: fresh.collect(),
    };
    inference.weigh(&view, field.clone(), Field::uniform(ONE))?;
    Ok(vec![Value::data(Some(after), field)])
}
