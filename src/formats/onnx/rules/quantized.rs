//! Values that are rounded to 8 bits by a scale of their own, and products of the integers.

use super::super::infer::Inference;
use super::super::node::{Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::linear::shape_after;
use crate::forms::{Field, ONE};

/// The smallest and the largest of all entries say the scale: all share one multiplier, which the scale carries. By
/// powers of two the integers stay what they are.
pub(super) fn dynamic(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let field = inference.field(input, node.output())?;
    let merged = inference.channels.merged(&field);
    let scale = merged.labels.first().map_or(ONE, |slot| *slot);
    inference.shortened.push(Field::uniform(scale));
    let single = || Some(vec![]);
    Ok(vec![
        Value::data(input.shape.clone(), Field::uniform(ONE)),
        Value::data(single(), Field::uniform(scale)),
        Value::data(single(), Field::uniform(ONE)),
    ])
}

/// Nothing scales integers.
fn integers(inference: &mut Inference, node: &Node) -> Result<(), Stop> {
    for value in node.inputs.iter().flatten() {
        if value.constant().is_none() {
            let field = inference.field(value, node.output())?;
            inference.channels.tied(&field, &Field::uniform(ONE))?;
        }
    }
    Ok(())
}

/// The lengths of a tensor, constant or computed.
fn lengths(value: &Value) -> Option<Vec<Dim>> {
    match value.constant() {
        Some(view) => Some(view.shape.iter().copied().map(Dim::Known).collect()),
        None => value.shape.clone(),
    }
}

/// A product of matrices of integers.
pub(super) fn matrices(inference: &mut Inference, node: &Node) -> Followed {
    let both = [node.input(0)?, node.input(1)?].map(lengths);
    let [Some(one), Some(other)] = both else {
        return pin("multiplies integers of unknown rank");
    };
    let ([first @ .., row, _], [second @ .., _, column]) = (one.as_slice(), other.as_slice())
    else {
        return pin("multiplies vectors of integers");
    };
    let mut shape = inference.broadcast(first, second);
    shape.extend([*row, *column]);
    integers(inference, node)?;
    Ok(vec![Value::data(Some(shape), Field::uniform(ONE))])
}

/// A convolution of integers.
pub(super) fn convolution(inference: &mut Inference, node: &Node) -> Followed {
    let Some(lengths) = lengths(node.input(1)?) else {
        return pin("has a weight of unknown rank");
    };
    let known: Option<Vec<usize>> = lengths.iter().map(|dim| dim.known()).collect();
    let Some([outputs, _, kernel @ ..]) = known.as_deref() else {
        return pin("has a weight of unknown shape");
    };
    integers(inference, node)?;
    let input = node.input(0)?;
    if input.rank().is_some_and(|rank| rank != kernel.len() + 2) {
        return pin("reads a tensor of another rank than its weight has");
    }
    let shape = shape_after(inference, node, input, *outputs, kernel);
    Ok(vec![Value::data(Some(shape), Field::uniform(ONE))])
}
