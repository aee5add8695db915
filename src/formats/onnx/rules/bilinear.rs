//! Products of two computed matrices, and sums over named axes.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::products::zero;
use crate::forms::{Exponent, Field, ONE, advance};

/// Products of labels beyond so many are not gone through.
const MOST: usize = 1 << 24;

/// `Σ_k a_ik b_kj`, both computed: all summands carry one product of multipliers.
pub(super) fn matmul(inference: &mut Inference, node: &Node) -> Followed {
    let (one, other) = (node.input(0)?, node.input(1)?);
    let (Some(first), Some(second)) = (&one.shape, &other.shape) else {
        return pin("multiplies tensors of unknown rank");
    };
    let (a, b) = (first.len(), second.len());
    if a < 2 || b < 2 || a > 24 || b > 24 {
        return pin("multiplies vectors");
    }
    // Batch axes from the end, then rows, the axis summed over, columns.
    let batches = a.max(b) - 2;
    let batch = |axis: usize, rank: usize| {
        let after = rank - 3 - axis;
        batches - 1 - after
    };
    let (row, column, inner) = (batches, batches + 1, batches + 2);
    let mut left: Vec<usize> = (0..a - 2).map(|axis| batch(axis, a)).collect();
    left.extend([row, inner]);
    let mut right: Vec<usize> = (0..b - 2).map(|axis| batch(axis, b)).collect();
    right.extend([inner, column]);
    let made: Vec<usize> = (0..=column).collect();
    contracted(inference, node, &left, &right, &made)
}

/// `Gemm` of two computed matrices.
pub(super) fn gemm(inference: &mut Inference, node: &Node, transposed: [bool; 2]) -> Followed {
    let (row, column, inner) = (0, 1, 2);
    let left = if transposed[0] {
        [inner, row]
    } else {
        [row, inner]
    };
    let right = if transposed[1] {
        [column, inner]
    } else {
        [inner, column]
    };
    contracted(inference, node, &left, &right, &[row, column])
}

/// `Einsum` of one or two tensors, without repeated names within one.
pub(super) fn einsum(inference: &mut Inference, node: &Node) -> Followed {
    let equation = node.text("equation").unwrap_or_default();
    let equation: Vec<u8> = equation
        .iter()
        .copied()
        .filter(|byte| *byte != b' ')
        .collect();
    let ranks: Vec<Option<usize>> = (0..node.inputs.len())
        .map(|index| node.optional(index).and_then(Value::rank))
        .collect();
    let Some((inputs, output)) = parsed(&equation, &ranks) else {
        return pin("has an equation that is not followed");
    };
    match inputs.as_slice() {
        [one, other] if node.inputs.len() == 2 => contracted(inference, node, one, other, &output),
        [one] if node.inputs.len() == 1 => moved(inference, node, one, &output),
        _ => pin("brings more than two tensors together"),
    }
}

/// The number of the last axis that dots stand for; those before it count down, and are not letters.
const LAST_OF_DOTS: usize = 1 << 10;

/// The axes of all inputs, and of the output, as numbers; `None` for names repeated within one. Without an arrow, the result has the
/// axes of the dots and then, by the alphabet, those that are named once.
fn parsed(equation: &[u8], ranks: &[Option<usize>]) -> Option<(Vec<Vec<usize>>, Vec<usize>)> {
    let arrow = equation.windows(2).position(|pair| pair == b"->");
    let terms: Vec<&[u8]> = equation[..arrow.unwrap_or(equation.len())]
        .split(|byte| *byte == b',')
        .collect();
    if terms.len() != ranks.len() {
        return None;
    }
    let mut dots = 0;
    let mut inputs = Vec::with_capacity(terms.len());
    for (term, rank) in terms.iter().zip(ranks) {
        let letters = term.iter().filter(|byte| **byte != b'.').count();
        let own = match letters == term.len() {
            true => 0,
            false => (*rank)?.checked_sub(letters)?,
        };
        dots = dots.max(own);
        inputs.push(axes(term, own)?);
    }
    let output = match arrow {
        Some(at) => axes(&equation[at + 2..], dots)?,
        None => {
            let named = terms.concat();
            let once = |byte: &u8| named.iter().filter(|other| *other == byte).count() == 1;
            let mut letters: Vec<u8> = named
                .iter()
                .copied()
                .filter(u8::is_ascii_alphabetic)
                .collect();
            letters.retain(once);
            letters.sort_unstable();
            let dotted = named.contains(&b'.');
            let mut output = if dotted {
                axes(b"...", dots)?
            } else {
                Vec::new()
            };
            output.extend(letters.into_iter().map(usize::from));
            output
        }
    };
    let known = |axis: &usize| inputs.iter().any(|input| input.contains(axis));
    output.iter().all(known).then_some((inputs, output))
}

/// The axes that one term names, so many of them by dots.
fn axes(term: &[u8], dots: usize) -> Option<Vec<usize>> {
    let mut axes = Vec::new();
    let mut rest = term;
    while let Some((first, after)) = rest.split_first() {
        rest = match rest.strip_prefix(b"...") {
            Some(after) => {
                axes.extend((0..dots).map(|axis| LAST_OF_DOTS + axis - dots));
                after
            }
            None => {
                axes.push(first.is_ascii_alphabetic().then_some(usize::from(*first))?);
                after
            }
        };
    }
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    (sorted.len() == axes.len() && dots < 64).then_some(axes)
}

/// The length of each named axis in an input, checked against its rank.
fn shape_by_name(value: &Value, axes: &[usize]) -> Result<Vec<(usize, Dim)>, Stop> {
    match &value.shape {
        Some(shape) if shape.len() == axes.len() => {
            Ok(axes.iter().copied().zip(shape.iter().copied()).collect())
        }
        _ => pin("reads a tensor of another or unknown rank"),
    }
}

/// One input: axes are moved, those that are lost are summed over.
fn moved(inference: &mut Inference, node: &Node, axes: &[usize], output: &[usize]) -> Followed {
    let input = node.input(0)?;
    let lengths = shape_by_name(input, axes)?;
    let field = inference.field(input, node.output())?;
    let kept = |axis: usize| output.contains(&axes[axis]);
    let field = inference
        .channels
        .merged_along(&field, axes.len(), |axis| !kept(axis))?;
    let shape = result_shape(inference, &[&lengths], output);
    let made = rearranged(inference, &field, axes, output)?;
    Ok(vec![Value::data(Some(shape), made)])
}

fn result_shape(
    inference: &mut Inference,
    inputs: &[&Vec<(usize, Dim)>],
    output: &[usize],
) -> Vec<Dim> {
    let of = |name: &usize| {
        let mut lengths = inputs.iter().flat_map(|input| input.iter());
        let own: Vec<Dim> = lengths
            .by_ref()
            .filter(|(known, _)| known == name)
            .map(|(_, dim)| *dim)
            .collect();
        let mut longer = own.iter().filter(|dim| **dim != Dim::Known(1));
        let known = longer.clone().find(|dim| dim.known().is_some());
        known.or(longer.next()).or(own.first()).copied()
    };
    output
        .iter()
        .map(|name| of(name).unwrap_or_else(|| inference.symbol()))
        .collect()
}

/// A field whose axes have names, with its axes in another order; those that it does not have are of length 1.
fn rearranged(
    inference: &mut Inference,
    field: &Field,
    axes: &[usize],
    output: &[usize],
) -> Result<Field, Stop> {
    let old = field.of_rank(axes.len());
    let place = |name: &usize| axes.iter().position(|own| own == name);
    let shape = output
        .iter()
        .map(|name| place(name).map_or(1, |axis| old.shape[axis]))
        .collect();
    let made = inference.channels.remapped(shape, |index| {
        let mut inner = vec![0; axes.len()];
        for (name, at) in output.iter().zip(index) {
            if let Some(axis) = place(name) {
                inner[axis] = *at;
            }
        }
        old.at(&inner)
    })?;
    Ok(made)
}

/// Two inputs, summed over the axes that the result has not.
fn contracted(
    inference: &mut Inference,
    node: &Node,
    left: &[usize],
    right: &[usize],
    output: &[usize],
) -> Followed {
    let (one, other) = (node.input(0)?, node.input(1)?);
    let (a, b) = (shape_by_name(one, left)?, shape_by_name(other, right)?);
    let shape = result_shape(inference, &[&a, &b], output);
    if [one, other]
        .iter()
        .any(|value| matches!(value.content, Content::Zero))
    {
        return Ok(vec![zero(Some(shape))]);
    }
    let weight = |value: &Value| {
        let view = value.constant().cloned();
        view.filter(|view| inference.constants[view.constant].place.is_ok())
    };
    let made = match (weight(one), weight(other)) {
        (Some(view), None) => weighed(inference, node, (&view, left), (other, right), output)?,
        (None, Some(view)) => weighed(inference, node, (&view, right), (one, left), output)?,
        _ => {
            let one = inference.field(one, node.output())?;
            let other = inference.field(other, node.output())?;
            multiplied(inference, (&one, left), (&other, right), output)?
        }
    };
    Ok(vec![Value::data(Some(shape), made)])
}

/// All summands of an entry carry the product of the multipliers of both factors.
fn multiplied(
    inference: &mut Inference,
    (one, left): (&Field, &[usize]),
    (other, right): (&Field, &[usize]),
    output: &[usize],
) -> Result<Field, Stop> {
    let mut names: Vec<usize> = output.to_vec();
    for name in left.iter().chain(right) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    let one = rearranged(inference, one, left, &names)?;
    let other = rearranged(inference, other, right, &names)?;
    let mut lengths = Vec::with_capacity(names.len());
    for (a, b) in one.shape.iter().zip(&other.shape) {
        match (a, b) {
            (a, b) if a == b || *b == 1 => lengths.push(*a),
            (1, b) => lengths.push(*b),
            _ => return pin("multiplies tensors whose axes do not fit"),
        }
    }
    let count = lengths
        .iter()
        .try_fold(1usize, |all, own| all.checked_mul(*own));
    let Some(count) = count.filter(|count| *count <= MOST) else {
        return pin("multiplies tensors with too many different multipliers");
    };
    let kept: Vec<usize> = lengths[..output.len()].to_vec();
    let places: usize = kept.iter().product();
    let mut labels = vec![None; places];
    let mut index = vec![0; names.len()];
    for _ in 0..count {
        let factors = [
            (one.at(&index), Exponent::from(1)),
            (other.at(&index), Exponent::from(1)),
        ];
        let label = inference.channels.combination(&factors)?;
        let place = index[..output.len()]
            .iter()
            .zip(&kept)
            .fold(0, |place, (at, length)| place * length + at);
        match labels[place] {
            None => labels[place] = Some(label),
            Some(known) => inference.channels.equal(known, label),
        }
        advance(&mut index, &lengths);
    }
    Ok(Field {
        shape: kept,
        labels: labels
            .into_iter()
            .map(|label| label.unwrap_or(ONE))
            .collect(),
    })
}

/// One factor is a weight: the result has channels along the weight's own axes, and what it is summed or repeated along with the other
/// factor divides it.
fn weighed(
    inference: &mut Inference,
    node: &Node,
    (view, axes): (&View, &[usize]),
    (data, data_axes): (&Value, &[usize]),
    output: &[usize],
) -> Result<Field, Stop> {
    if view.shape.len() != axes.len() {
        return pin("has a weight of another rank");
    }
    let field = inference.field(data, node.output())?;
    // Where the weight has no axis, or one of length 1, its entries meet all of the other factor's.
    let is_own = |name: &usize| {
        let axis = axes.iter().position(|own| own == name);
        axis.is_some_and(|axis| view.shape[axis] != 1)
    };
    let field = inference
        .channels
        .merged_along(&field, data_axes.len(), |axis| !is_own(&data_axes[axis]))?;
    let minus = rearranged(inference, &field, data_axes, axes)?;
    let length = |name: &usize| {
        let axis = axes.iter().position(|own| own == name);
        axis.map_or(1, |axis| view.shape[axis])
    };
    let shape: Vec<usize> = output.iter().map(length).collect();
    let count = shape
        .iter()
        .try_fold(1usize, |all, own| all.checked_mul(*own));
    let fresh = inference.fresh(node, count.unwrap_or(usize::MAX))?;
    let made = Field {
        shape,
        labels: fresh.collect(),
    };
    let plus = rearranged(inference, &made, output, axes)?;
    inference.weigh(view, plus, minus)?;
    Ok(made)
}
