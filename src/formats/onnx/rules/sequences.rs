//! Lists of tensors: each tensor keeps its multipliers.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::axis;
use super::cutting::{regular, unknown_part};
use super::moving::concatenation;
use super::reshaping::with_axes;
use crate::forms::{Field, ONE};

/// Lists of more tensors are not followed.
const MOST: usize = 1 << 12;

/// All lists together hold so many tensors and multipliers, each counted as often as it stands in one: they take memory.
const MOST_LISTED: usize = 1 << 24;

/// What a tensor in a list counts as, beside its multipliers.
const TENSOR: usize = 32;

/// What is known of a list.
#[derive(Debug, Clone)]
pub(in crate::formats::onnx) enum Sequence {
    /// Its tensors.
    Known(Vec<Value>),
    /// Of unknown length, its tensors alike.
    Alike(Value),
}

/// Follows an operator that makes a list, or reads one.
pub(super) fn follow(inference: &mut Inference, node: &Node) -> Followed {
    match node.operator() {
        "SplitToSequence" => split(inference, node),
        "SequenceEmpty" => made(inference, node, Sequence::Known(Vec::new())),
        "SequenceConstruct" => {
            let mut parts = Vec::with_capacity(node.inputs.len());
            for part in node.inputs.iter().flatten() {
                parts.push(kept(inference, node, part)?);
            }
            made(inference, node, Sequence::Known(parts))
        }
        "SequenceInsert" => inserted(inference, node),
        "SequenceErase" => erased(inference, node),
        "SequenceAt" => at(inference, node),
        "SequenceLength" => length(inference, node),
        _ => joined(inference, node),
    }
}

/// The list that an input is, if it is known.
pub(super) fn list(inference: &Inference, node: &Node) -> Option<Sequence> {
    let name = node.message.input.first()?;
    inference.sequences.get(name.as_str()).cloned()
}

fn known(inference: &Inference, node: &Node) -> Result<Vec<Value>, Stop> {
    match list(inference, node) {
        Some(Sequence::Known(parts)) => Ok(parts),
        Some(Sequence::Alike(_)) => pin("reads a list of unknown length"),
        None => pin("reads a list of which nothing is known"),
    }
}

/// A list as a value: what pins it pins its tensors.
pub(super) fn made(inference: &mut Inference, node: &Node, list: Sequence) -> Followed {
    let parts = match &list {
        Sequence::Known(parts) => parts.as_slice(),
        Sequence::Alike(part) => std::slice::from_ref(part),
    };
    if parts.len() > MOST {
        return pin("makes a list of too many tensors");
    }
    let mut labels = vec![ONE];
    for part in parts {
        if let Content::Data(field) = &part.content {
            labels.extend(field.labels.iter().copied());
        }
    }
    let listed = labels.len().saturating_add(parts.len() * TENSOR);
    inference.listed = inference.listed.saturating_add(listed);
    if inference.listed > MOST_LISTED {
        return pin("makes lists of too many tensors");
    }
    let field = Field {
        shape: vec![labels.len()],
        labels: labels.into(),
    };
    inference.sequences.insert(node.output().to_owned(), list);
    Ok(vec![Value::data(None, field)])
}

/// A tensor in a list. A constant stays as it is: nothing is known of what reads the list.
fn kept(inference: &mut Inference, node: &Node, part: &Value) -> Result<Value, Stop> {
    match part.content {
        Content::Constant(_) => {
            let field = inference.field(part, node.output())?;
            Ok(Value::data(part.shape.clone(), field))
        }
        _ => Ok(part.clone()),
    }
}

/// A place in a list of so many; one that is left out is the end.
fn place(
    inference: &Inference,
    node: &Node,
    index: usize,
    count: usize,
) -> Result<Option<usize>, Stop> {
    let Some(given) = node.optional(index) else {
        return Ok(None);
    };
    match inference.known_integers(given).as_deref() {
        Some([place]) => match axis(*place, count) {
            Some(place) => Ok(Some(place)),
            None => pin("has a place outside its list"),
        },
        _ => pin("has a place that is computed"),
    }
}

/// The parts of an axis; without sizes, each of length 1.
fn split(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(rank) = input.rank() else {
        return pin("cuts a tensor of unknown rank");
    };
    let Some(along) = axis(node.int("axis").unwrap_or(0), rank) else {
        return pin("has an axis that its input has not");
    };
    let field = inference.field(input, node.output())?;
    let input = Value::data(input.shape.clone(), field);
    let total = input.shape.as_ref().and_then(|shape| shape[along].known());
    let asked = match node.optional(1) {
        None => Some(vec![1]),
        Some(sizes) => inference.known_integers(sizes),
    };
    let sizes: Option<Vec<usize>> = asked.and_then(|sizes| {
        let sizes = sizes.into_iter().map(|size| usize::try_from(size).ok());
        sizes.collect()
    });
    let Some(sizes) = sizes else {
        return pin("cuts at places that are computed");
    };
    let is_single = node.optional(1).is_none_or(|sizes| sizes.rank() == Some(0));
    let drops = node.optional(1).is_none() && node.int("keepdims") == Some(0);
    let sizes = match (is_single, sizes.as_slice(), total) {
        (true, [size], Some(total)) if *size > 0 && total.div_ceil(*size) <= MOST => (0..total)
            .step_by(*size)
            .map(|start| (*size).min(total - start))
            .collect(),
        (true, [_], None) => return alike(inference, node, &input, along, drops),
        (false, sizes, Some(total)) if sizes.len() <= MOST => {
            let sum = sizes
                .iter()
                .try_fold(0usize, |sum, size| sum.checked_add(*size));
            match sum == Some(total) {
                true => sizes.to_vec(),
                false => return pin("cuts into parts that are not its axis"),
            }
        }
        _ => return pin("cuts at places that are not known"),
    };
    let (mut parts, mut start) = (Vec::new(), 0);
    for size in sizes {
        let part = regular(inference, &input, along, (start, 1, size))?;
        parts.push(dropped(part, along, drops)?);
        start = start.saturating_add(size as i64);
    }
    made(inference, node, Sequence::Known(parts))
}

/// Parts of an axis of unknown length.
fn alike(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    along: usize,
    drops: bool,
) -> Followed {
    let mut part = unknown_part(inference, node, input, along)?;
    if let (Some(shape), None) = (&mut part.shape, node.optional(1)) {
        shape[along] = Dim::Known(1);
    }
    let part = dropped(part, along, drops)?;
    made(inference, node, Sequence::Alike(part))
}

/// A tensor without an axis of length 1.
fn dropped(part: Value, along: usize, drops: bool) -> Result<Value, Stop> {
    let rank = part.rank().unwrap_or(0);
    let kept: Vec<Option<usize>> = (0..rank).filter(|axis| *axis != along).map(Some).collect();
    match drops {
        true => with_axes(&part, rank, &kept),
        false => Ok(part),
    }
}

fn inserted(inference: &mut Inference, node: &Node) -> Followed {
    let mut parts = known(inference, node)?;
    let asked = match node.optional(2) {
        None => Some(vec![parts.len() as i64]),
        Some(place) => inference.known_integers(place),
    };
    let place = match asked.as_deref() {
        // The place behind the last is one, too.
        Some([place]) if usize::try_from(*place) == Ok(parts.len()) => Some(parts.len()),
        Some([place]) => axis(*place, parts.len()),
        _ => return pin("has a place that is computed"),
    };
    let Some(place) = place else {
        return pin("has a place outside its list");
    };
    let part = kept(inference, node, node.input(1)?)?;
    parts.insert(place, part);
    made(inference, node, Sequence::Known(parts))
}

fn erased(inference: &mut Inference, node: &Node) -> Followed {
    let mut parts = known(inference, node)?;
    let place = place(inference, node, 1, parts.len())?;
    let Some(place) = place.or(parts.len().checked_sub(1)) else {
        return pin("takes from an empty list");
    };
    parts.remove(place);
    made(inference, node, Sequence::Known(parts))
}

fn at(inference: &mut Inference, node: &Node) -> Followed {
    match list(inference, node) {
        Some(Sequence::Alike(part)) => Ok(vec![part]),
        _ => {
            let parts = known(inference, node)?;
            match place(inference, node, 1, parts.len())? {
                Some(place) => Ok(vec![parts[place].clone()]),
                None => pin("has no place"),
            }
        }
    }
}

fn length(inference: &mut Inference, node: &Node) -> Followed {
    let count = known(inference, node)?.len();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(vec![Value {
        shape: Some(vec![]),
        content: Content::Integers(vec![Integer::Known(count)]),
    }])
}

/// The tensors of a list, one after the other along an axis, or along a new one.
fn joined(inference: &mut Inference, node: &Node) -> Followed {
    let mut parts = known(inference, node)?;
    if node.int("new_axis").unwrap_or(0) != 0 {
        for part in &mut parts {
            let Some(rank) = part.rank() else {
                return pin("joins tensors of unknown rank");
            };
            let Some(along) = axis(node.int("axis").unwrap_or(0), rank + 1) else {
                return pin("adds an axis outside its output");
            };
            let mut axes: Vec<Option<usize>> = (0..rank).map(Some).collect();
            axes.insert(along, None);
            *part = with_axes(part, rank, &axes)?;
        }
    }
    let written_out = Node {
        message: node.message,
        inputs: parts.into_iter().map(Some).collect(),
    };
    concatenation(inference, &written_out)
}
