//! Operators on constants that give constants again: a view of a constant reaches back to the numbers that are stored.

use std::sync::Arc;

use super::super::OnnxError;
use super::super::constant::{Constant, MOST_ZEROS, SMALL, View};
use super::super::infer::Inference;
use super::super::message::{self, element};
use super::super::node::{Content, Followed, Node, Value, pin};
use super::super::shape::{Dim, Integer};
use super::axis;
use super::elementwise::homogeneous;
use crate::forms::{Field, ONE};

/// In inference it hands on what it reads; the mask is beside the point.
pub(super) fn dropout(inference: &mut Inference, node: &Node) -> Followed {
    let training = node.optional(2);
    let is_off = |value: &Value| inference.known_integers(value).as_deref() == Some(&[0]);
    if !training.is_none_or(is_off) {
        return pin("may be in training mode");
    }
    let input = node.input(0)?;
    let mut outputs = match input.content {
        Content::Constant(_) => vec![input.clone()],
        _ => homogeneous(inference, node)?,
    };
    if node.outputs() > 1 {
        outputs.push(Value::data(outputs[0].shape.clone(), Field::uniform(ONE)));
    }
    Ok(outputs)
}

/// Integers, or floats of 8 bits, times a scale: the scale is what scales, for all entries that share it.
pub(super) fn dequantize(inference: &mut Inference, node: &Node) -> Followed {
    let (input, scale) = (node.input(0)?, node.input(1)?);
    let (Some(quantized), Some(scale)) = (input.constant().cloned(), scale.constant().cloned())
    else {
        return pin("restores computed numbers, or by a computed scale");
    };
    if !inference.is_there(&quantized) {
        return pin("restores numbers that are not in the file");
    }
    let shape = &quantized.shape;
    let Some(shared) = Shared::of(node, &scale.shape, shape) else {
        return pin("has a scale of another shape than its axis");
    };
    let Some(view) = scale.spread(shape.clone(), |index| shared.place(index)) else {
        return pin("restores too many entries");
    };
    inference.restores(&scale, &quantized, node);
    Ok(vec![made(view)])
}

/// Which entries share a scale.
enum Shared {
    All,
    /// Those with one index along an axis.
    Along(usize),
    /// Those in one of the blocks of so many indices along an axis; there are so many along each.
    Blocks(usize, usize, Vec<usize>),
}

impl Shared {
    fn of(node: &Node, scales: &[usize], shape: &[usize]) -> Option<Self> {
        if let [] | [1] = scales {
            return Some(Shared::All);
        }
        let along = axis(node.int("axis").unwrap_or(1), shape.len())?;
        let block = usize::try_from(node.int("block_size").unwrap_or(0)).ok()?;
        if block == 0 {
            return (scales == [shape[along]]).then_some(Shared::Along(along));
        }
        let blocks = (0..shape.len()).map(|axis| match axis == along {
            true => shape[axis].div_ceil(block),
            false => shape[axis],
        });
        let blocks: Vec<usize> = blocks.collect();
        (scales == blocks).then_some(Shared::Blocks(along, block, blocks))
    }

    /// The scale of an entry.
    fn place(&self, index: &[usize]) -> usize {
        match self {
            Shared::All => 0,
            Shared::Along(axis) => index[*axis],
            Shared::Blocks(along, block, blocks) => {
                let places = index.iter().zip(blocks).enumerate();
                places.fold(0, |at, (axis, (index, length))| {
                    let own = if axis == *along {
                        index / block
                    } else {
                        *index
                    };
                    at * length + own
                })
            }
        }
    }
}

/// A view as a value.
pub(super) fn made(view: View) -> Value {
    Value {
        shape: Some(view.shape.iter().copied().map(Dim::Known).collect()),
        content: Content::Constant(view),
    }
}

/// A product of two constants as the one of them that scales: the one that the other broadcasts to, or, where that one
/// is not of a type that scales, the one that broadcasts to it. `None` for others.
pub(super) fn product(
    inference: &mut Inference,
    node: &Node,
    one: &View,
    other: &View,
) -> Option<Value> {
    let scales = |inference: &Inference, view: &View| {
        view.len() > 1 && inference.constants[view.constant].place.is_ok()
    };
    let pairs = [(one, other), (other, one)];
    for (weight, factor) in pairs {
        let broadcasts = spread_to(&weight.shape, &factor.shape).is_some();
        let is_known = inference.constants[factor.constant].place.is_ok();
        if scales(inference, weight) && broadcasts && is_known {
            let reason = format!("a factor of Mul `{}`", node.output());
            inference.keep(factor, &reason);
            return Some(made(View {
                is_part: true,
                ..weight.clone()
            }));
        }
    }
    for (scale, quantized) in pairs {
        let is_stored = inference.constants[quantized.constant].storage.is_none();
        let Some(place) = spread_to(&quantized.shape, &scale.shape) else {
            continue;
        };
        if is_stored && scales(inference, scale) && inference.is_there(quantized) {
            let view = scale.spread(quantized.shape.clone(), place)?;
            inference.restores(scale, quantized, node);
            return Some(made(view));
        }
    }
    None
}

/// The negative of a constant is the constant, with another sign.
pub(super) fn negation(inference: &mut Inference, node: &Node) -> Followed {
    match node.input(0)?.constant() {
        Some(view) if inference.constants[view.constant].place.is_ok() => Ok(vec![part_of(view)]),
        _ => homogeneous(inference, node),
    }
}

/// The numbers of a constant, each times another.
pub(super) fn part_of(view: &View) -> Value {
    made(View {
        is_part: true,
        ..view.clone()
    })
}

/// A constant over another one that is nowhere 0, as the one that scales; `None` for others.
pub(super) fn ratio(inference: &mut Inference, node: &Node) -> Option<Value> {
    let (weight, divisor) = (node.optional(0)?.constant()?, node.optional(1)?.constant()?);
    let is_stored = |view: &View| inference.constants[view.constant].place.is_ok();
    let fits = spread_to(&weight.shape, &divisor.shape).is_some();
    let scales = weight.len() > 1 && is_stored(weight) && is_stored(divisor);
    if !fits || !scales || !inference.has_no_unscaled(divisor) {
        return None;
    }
    inference.keep(divisor, &format!("a divisor of Div `{}`", node.output()));
    Some(part_of(weight))
}

/// A constant to which only zeros are added, or that is subtracted from zeros; `None` for others.
pub(super) fn unmoved(inference: &mut Inference, node: &Node) -> Option<Value> {
    let (one, other) = (node.optional(0)?.constant()?, node.optional(1)?.constant()?);
    if node.inputs.len() != 2 || !matches!(node.operator(), "Add" | "Sub" | "Sum") {
        return None;
    }
    for (weight, zeros, is_first) in [(one, other, true), (other, one, false)] {
        let mut added = (0..zeros.len()).map(|place| inference.number(zeros, place));
        let is_stored = inference.constants[weight.constant].place.is_ok();
        let fits = is_stored && spread_to(&weight.shape, &zeros.shape).is_some();
        if fits && added.all(|number| number == Some(0.0)) {
            inference.keep(zeros, &format!("zeros that {} adds", inference.current));
            return Some(match is_first || node.operator() != "Sub" {
                true => made(weight.clone()),
                false => part_of(weight),
            });
        }
    }
    None
}

/// Where the entry of a shape that broadcasts to another one stands; `None` if it does not.
pub(super) fn spread_to(
    shape: &[usize],
    own: &[usize],
) -> Option<impl Fn(&[usize]) -> usize + use<>> {
    let missing = shape.len().checked_sub(own.len())?;
    let mut lengths = own.iter().zip(&shape[missing..]);
    if !lengths.all(|(own, length)| *own == 1 || own == length) {
        return None;
    }
    let own = own.to_vec();
    Some(move |index: &[usize]| {
        let places = index[missing..].iter().zip(&own);
        places.fold(0, |at, (index, length)| {
            at * length + if *length == 1 { 0 } else { *index }
        })
    })
}

/// What the operator `Constant` holds, in whichever attribute.
pub(super) fn constant(inference: &mut Inference, node: &Node) -> Followed {
    if let Some(tensor) = node.tensor("value") {
        return Ok(vec![inference.constant(node.output(), tensor)?]);
    }
    if let Some(sparse) = node.sparse_tensor("sparse_value") {
        return Ok(vec![inference.sparse_constant(node.output(), sparse)?]);
    }
    let floats = match (node.float("value_float"), node.floats("value_floats")) {
        (Some(number), _) => Some((vec![], vec![number])),
        (None, Some(numbers)) => Some((vec![numbers.len() as i64], numbers.to_vec())),
        (None, None) => None,
    };
    if let Some((dims, numbers)) = floats {
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let tensor = message::Tensor {
            dims,
            data_type: Some(element::FLOAT),
            raw_data: Some(bytes.into()),
            ..message::Tensor::default()
        };
        return Ok(vec![inference.constant(node.output(), &tensor)?]);
    }
    let integers = match (node.int("value_int"), node.ints("value_ints")) {
        (Some(integer), _) => vec![integer],
        (None, Some(integers)) => integers.to_vec(),
        (None, None) => return pin("holds no numbers"),
    };
    let shape = match node.has("value_int") {
        true => vec![],
        false => vec![Dim::Known(integers.len())],
    };
    Ok(vec![Value {
        shape: Some(shape),
        content: Content::Integers(integers.into_iter().map(Integer::Known).collect()),
    }])
}

impl Inference<'_> {
    /// A constant of which only some entries are stored; the others are 0.
    pub fn sparse_constant(
        &mut self,
        name: &str,
        sparse: &message::SparseTensor,
    ) -> Result<Value, OnnxError> {
        let lengths = sparse
            .dims
            .iter()
            .map(|length| usize::try_from(*length).ok());
        let shape: Option<Vec<usize>> = lengths.collect();
        let nothing = message::Tensor::default();
        let values = sparse.values.as_ref().unwrap_or(&nothing);
        let indices = sparse.indices.as_ref().unwrap_or(&nothing);
        let value = self.constant(name, values)?;
        let indices = Constant::read(name, indices, self.files)?.integers;
        let view = value.constant().cloned();
        let dense = view
            .zip(shape)
            .zip(indices)
            .and_then(|((view, shape), indices)| {
                let entries = sparse_places(&shape, &indices, view.len())?;
                Some(View {
                    shape,
                    entries: Some(entries),
                    ..view
                })
            });
        let Some(view) = dense else {
            let slot = self.channels.pinned(&format!("the sparse tensor `{name}`"));
            return Ok(Value::data(None, Field::uniform(slot)));
        };
        Ok(Value {
            shape: Some(view.shape.iter().copied().map(Dim::Known).collect()),
            content: Content::Constant(view),
        })
    }

    /// Does the file hold as many numbers as the shape says, of four bits at least? They take memory.
    pub fn is_there(&self, view: &View) -> bool {
        view.len() <= self.constants[view.constant].stored.saturating_mul(2)
    }

    /// Numbers that do not scale are restored by a scale that does.
    pub fn restores(&mut self, scale: &View, quantized: &View, node: &Node) {
        let reason = format!(
            "quantized: its scale in {} `{}` is what scales",
            node.operator(),
            node.output()
        );
        self.kept.entry(quantized.constant).or_insert(reason);
        let is_float = self.constants[quantized.constant].is_eighth;
        self.scales(scale, is_float);
    }

    /// The scales are those of floats of 8 bits.
    fn scales(&mut self, scale: &View, eighths: bool) {
        self.constants[scale.constant].scales_eighths |= eighths;
        for piece in self.pieces(scale).into_iter().flatten() {
            self.scales(&piece, eighths);
        }
    }
}

/// The places of the entries of a sparse tensor, in the dense one.
fn sparse_places(dims: &[usize], indices: &[i64], count: usize) -> Option<Arc<[u32]>> {
    let size = dims
        .iter()
        .try_fold(1usize, |size, length| size.checked_mul(*length))?;
    if size > count.saturating_mul(MOST_ZEROS).max(SMALL) {
        return None;
    }
    let mut entries = vec![View::ABSENT; size];
    let rank = match indices.len() {
        found if found == count => 0,
        found if found == count.checked_mul(dims.len())? => dims.len(),
        _ => return None,
    };
    for entry in 0..count {
        let at = match rank {
            0 => usize::try_from(*indices.get(entry)?).ok()?,
            rank => {
                let own = indices.get(entry * rank..(entry + 1) * rank)?;
                let mut at = 0usize;
                for (index, length) in own.iter().zip(dims) {
                    let index = usize::try_from(*index)
                        .ok()
                        .filter(|index| index < length)?;
                    at = at * length + index;
                }
                at
            }
        };
        *entries.get_mut(at)? = u32::try_from(entry).ok()?;
    }
    Some(entries.into())
}
