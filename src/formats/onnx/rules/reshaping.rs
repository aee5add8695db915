//! Operators that give a tensor another shape: multipliers are followed to where their entries go.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Asked, Dim, Integer, picked, segments};
use super::axis;
use super::integers::{few, length, unknown};
use super::parts;
use super::placing::are_zeros;
use super::products::zero;
use crate::forms::{Field, ONE};

pub(super) fn transposition(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("reads a tensor of unknown rank");
    };
    let rank = shape.len();
    let order: Option<Vec<usize>> = match node.ints("perm") {
        None => Some((0..rank).rev().collect()),
        Some(order) => order.iter().map(|found| axis(*found, rank)).collect(),
    };
    let is_order =
        |order: &Vec<usize>| order.len() == rank && (0..rank).all(|axis| order.contains(&axis));
    let Some(order) = order.filter(is_order) else {
        return pin("has an order of axes that its input has not");
    };
    let place = |index: &[usize]| {
        let mut old = vec![0; rank];
        for (axis, at) in order.iter().zip(index) {
            old[*axis] = *at;
        }
        old
    };
    let after: Vec<Dim> = order.iter().map(|axis| shape[*axis]).collect();
    let content = match &input.content {
        Content::Zero => Content::Zero,
        Content::Integers(integers) => match picked(integers, shape, &after, place) {
            Some(integers) => Content::Integers(integers),
            None => return pin("transposes integers of unknown shape"),
        },
        Content::Constant(view) => {
            let lengths = order.iter().map(|axis| view.shape[*axis]).collect();
            match view.taken(lengths, place) {
                Some(view) => Content::Constant(view),
                None => return pin("transposes too many entries"),
            }
        }
        Content::Data(field) => {
            let old = field.of_rank(rank);
            let lengths = order.iter().map(|axis| old.shape[*axis]).collect();
            Content::Data(
                inference
                    .channels
                    .remapped(lengths, |index| old.at(&place(index)))?,
            )
        }
    };
    Ok(vec![Value {
        shape: Some(after),
        content,
    }])
}

pub(super) fn reshape(inference: &mut Inference, node: &Node) -> Followed {
    let (input, asked) = (node.input(0)?, node.input(1)?);
    let copies = node.int("allowzero").unwrap_or(0) == 0;
    let integers = inference.integers(asked);
    let Some(integers) = integers else {
        return somehow(inference, node, asked);
    };
    let mut wanted = Vec::with_capacity(integers.len());
    for (place, integer) in integers.into_iter().enumerate() {
        wanted.push(match integer {
            Integer::Known(-1) => Asked::Rest,
            Integer::Known(0) if copies => {
                let Some(shape) = &input.shape else {
                    return pin("reads a tensor of unknown rank");
                };
                match shape.get(place) {
                    Some(dim) => Asked::Length(*dim),
                    None => return pin("copies an axis that its input has not"),
                }
            }
            Integer::Known(length) => match usize::try_from(length) {
                Ok(length) => Asked::Length(Dim::Known(length)),
                Err(_) => return pin("asks for a negative length"),
            },
            Integer::Symbol(_) => Asked::Length(length(inference, integer)),
        });
    }
    if wanted.iter().filter(|asked| **asked == Asked::Rest).count() > 1 {
        return pin("leaves two lengths open");
    }
    Ok(vec![reshaped(inference, node, &wanted)?])
}

/// A shape that is not known: all entries share one multiplier.
fn somehow(inference: &mut Inference, node: &Node, asked: &Value) -> Followed {
    let input = node.input(0)?;
    let rank = match asked.shape.as_deref() {
        Some([Dim::Known(rank)]) if *rank < 64 => Some(*rank),
        _ => None,
    };
    let shape = rank.map(|rank| (0..rank).map(|_| inference.symbol()).collect());
    if are_zeros(inference, input, node) {
        return Ok(vec![zero(shape)]);
    }
    let Content::Data(field) = &input.content else {
        return pin("reshapes a constant to a computed shape");
    };
    let merged = inference.channels.merged(field);
    Ok(vec![Value::data(shape, merged)])
}

/// What the operator reads, in the shape that is asked for.
fn reshaped(inference: &mut Inference, node: &Node, asked: &[Asked]) -> Result<Value, Stop> {
    let input = node.input(0)?;
    let found = input
        .shape
        .as_deref()
        .and_then(|shape| segments(shape, asked));
    let parts = found.as_ref().map(|(parts, _)| parts);
    let shape: Vec<Dim> = match &found {
        Some((_, lengths)) => lengths
            .iter()
            .map(|length| length.unwrap_or_else(|| inference.symbol()))
            .collect(),
        None => asked
            .iter()
            .map(|asked| match asked {
                Asked::Length(dim) => *dim,
                Asked::Rest => inference.symbol(),
            })
            .collect(),
    };
    let content = match &input.content {
        Content::Zero => Content::Zero,
        Content::Integers(integers) => Content::Integers(integers.clone()),
        Content::Constant(view) => {
            let lengths: Option<Vec<usize>> = shape.iter().map(|dim| dim.known()).collect();
            let count = |lengths: &Vec<usize>| lengths.iter().product::<usize>() == view.len();
            match lengths.filter(|lengths| parts.is_some() && count(lengths)) {
                Some(lengths) => Content::Constant(view.reshaped(lengths)),
                None if are_zeros(inference, input, node) => Content::Zero,
                None => return pin("reshapes a constant to a shape that does not fit"),
            }
        }
        Content::Data(field) => {
            let old = input.shape.as_deref().unwrap_or(&[]);
            Content::Data(match parts {
                Some(parts) => parts::follow(inference, field, old, &shape, parts)?,
                None => inference.channels.merged(field),
            })
        }
    };
    Ok(Value {
        shape: Some(shape),
        content,
    })
}

pub(super) fn flatten(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("reads a tensor of unknown rank");
    };
    let asked = node.int("axis").unwrap_or(1);
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let asked = if asked < 0 {
        asked.saturating_add(rank)
    } else {
        asked
    };
    let Some(split) = usize::try_from(asked)
        .ok()
        .filter(|split| *split <= shape.len())
    else {
        return pin("has an axis that its input has not");
    };
    let product = shape[..split]
        .iter()
        .try_fold(1usize, |product, dim| product.checked_mul(dim.known()?));
    let rows = match (&shape[..split], product) {
        ([one], _) => *one,
        (_, Some(product)) => Dim::Known(product),
        _ => inference.symbol(),
    };
    Ok(vec![reshaped(
        inference,
        node,
        &[Asked::Length(rows), Asked::Rest],
    )?])
}

/// The axes that an operator names, by attribute or by input.
fn axes(inference: &Inference, node: &Node, rank: usize) -> Option<Option<Vec<usize>>> {
    let asked = match node.optional(1) {
        Some(axes) => inference.known_integers(axes)?,
        None => match node.ints("axes") {
            Some(axes) => axes.to_vec(),
            None => return Some(None),
        },
    };
    let axes: Option<Vec<usize>> = asked.into_iter().map(|found| axis(found, rank)).collect();
    axes.map(Some)
}

pub(super) fn squeeze(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("reads a tensor of unknown rank");
    };
    let dropped = match axes(inference, node, shape.len()) {
        Some(Some(axes)) => axes,
        Some(None) => {
            if !shape.iter().all(|dim| dim.known().is_some()) {
                return pin("drops axes of unknown length");
            }
            (0..shape.len())
                .filter(|axis| shape[*axis] == Dim::Known(1))
                .collect()
        }
        None => return pin("has axes that are computed, or that its input has not"),
    };
    let kept: Vec<usize> = (0..shape.len())
        .filter(|axis| !dropped.contains(axis))
        .collect();
    Ok(vec![with_axes(
        input,
        shape.len(),
        &kept.into_iter().map(Some).collect::<Vec<_>>(),
    )?])
}

pub(super) fn unsqueeze(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("reads a tensor of unknown rank");
    };
    let added = node
        .optional(1)
        .and_then(|axes| inference.known_integers(axes));
    let added = added.or_else(|| node.ints("axes").map(<[i64]>::to_vec));
    let Some(added) = added.filter(|added| added.len() <= 64) else {
        return pin("has axes that are computed");
    };
    let rank = shape.len() + added.len();
    let added: Option<Vec<usize>> = added.into_iter().map(|found| axis(found, rank)).collect();
    let Some(added) = added else {
        return pin("adds an axis outside its output");
    };
    let mut old = 0..shape.len();
    let axes: Vec<Option<usize>> = (0..rank)
        .map(|axis| {
            if added.contains(&axis) {
                None
            } else {
                old.next()
            }
        })
        .collect();
    Ok(vec![with_axes(input, shape.len(), &axes)?])
}

/// A tensor with some of its axes, in order, and new ones of length 1 (`None`) between them.
pub(super) fn with_axes(input: &Value, rank: usize, axes: &[Option<usize>]) -> Result<Value, Stop> {
    let shape = input.shape.as_ref().map(|shape| {
        let dim = |axis: &Option<usize>| axis.map_or(Dim::Known(1), |axis| shape[axis]);
        axes.iter().map(dim).collect()
    });
    let content = match &input.content {
        Content::Data(field) => {
            let old = field.of_rank(rank);
            let lost = (0..rank).any(|axis| old.shape[axis] != 1 && !axes.contains(&Some(axis)));
            if lost {
                return pin("drops an axis that is not of length 1");
            }
            let length = |axis: &Option<usize>| axis.map_or(1, |axis| old.shape[axis]);
            Content::Data(Field {
                shape: axes.iter().map(length).collect(),
                labels: old.labels,
            })
        }
        Content::Constant(view) => {
            let length = |axis: &Option<usize>| axis.map_or(1, |axis| view.shape[axis]);
            let lengths: Vec<usize> = axes.iter().map(length).collect();
            match lengths.iter().product::<usize>() == view.len() {
                true => Content::Constant(view.reshaped(lengths)),
                false => return pin("drops an axis that is not of length 1"),
            }
        }
        other => other.clone(),
    };
    Ok(Value { shape, content })
}

/// Broadcasting to a shape: copies carry the multiplier of what they are copies of.
pub(super) fn expand(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let integers = inference.integers(node.input(1)?);
    let shape = match (&input.shape, integers) {
        (Some(old), Some(asked)) => {
            let dim = |integer: &Integer| match integer {
                // Less than a length is taken for 1 by runtimes.
                Integer::Known(length) => Dim::Known(usize::try_from(*length).unwrap_or(1)),
                Integer::Symbol(_) => length(inference, *integer),
            };
            let asked: Vec<Dim> = asked.iter().map(dim).collect();
            Some(inference.broadcast(old, &asked))
        }
        _ => None,
    };
    if let Content::Integers(integers) = &input.content
        && let ([integer], Some(count)) = (integers.as_slice(), shape.as_deref().and_then(few))
    {
        let content = Content::Integers(vec![*integer; count]);
        return Ok(vec![Value { shape, content }]);
    }
    if are_zeros(inference, input, node) {
        return Ok(vec![zero(shape)]);
    }
    let field = inference.field(input, node.output())?;
    Ok(vec![Value::data(shape, field)])
}

/// The shape of a tensor does not depend on its multipliers.
pub(super) fn shape(node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return Ok(vec![Value::data(None, Field::uniform(ONE))]);
    };
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let place = |found: i64| {
        let found = if found < 0 {
            found.saturating_add(rank)
        } else {
            found
        };
        usize::try_from(found.clamp(0, rank)).unwrap_or(0)
    };
    let start = place(node.int("start").unwrap_or(0));
    let end = place(node.int("end").unwrap_or(rank)).max(start);
    let lengths: Vec<Integer> = shape[start..end]
        .iter()
        .copied()
        .map(Integer::from)
        .collect();
    Ok(vec![Value {
        shape: Some(vec![Dim::Known(lengths.len())]),
        content: Content::Integers(lengths),
    }])
}

/// The number of entries, where the rank is known.
pub(super) fn size(inference: &mut Inference, node: &Node) -> Followed {
    let shape = Some(Vec::new());
    let Some(lengths) = &node.input(0)?.shape else {
        return Ok(vec![Value::data(shape, Field::uniform(ONE))]);
    };
    let mut known = lengths.iter().map(|dim| dim.known());
    let count = known.try_fold(1usize, |count, length| count.checked_mul(length?));
    let is_empty = lengths.contains(&Dim::Known(0));
    let count = match count.and_then(|count| i64::try_from(count).ok()) {
        _ if is_empty => Integer::Known(0),
        Some(count) => Integer::Known(count),
        None => unknown(inference, true),
    };
    Ok(vec![Value {
        shape,
        content: Content::Integers(vec![count]),
    }])
}

/// Numbers in a row: how many there are is known where they count up to a length.
pub(super) fn range(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    for index in 0..3 {
        let value = node.input(index)?.clone();
        inference.pin(&value, &reason);
    }
    let one = |inference: &Inference, index: usize| {
        let found = node
            .optional(index)
            .and_then(|value| inference.integers(value))?;
        found.first().copied()
    };
    let counts = one(inference, 0) == Some(Integer::Known(0))
        && one(inference, 2) == Some(Integer::Known(1));
    let count = match one(inference, 1).filter(|_| counts) {
        Some(limit) => length(inference, limit),
        None => inference.symbol(),
    };
    Ok(vec![Value::data(Some(vec![count]), Field::uniform(ONE))])
}
