//! Sums over named axes.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::constants;
use super::contraction::{Factor, contracted, rearranged, result_shape};
use super::products::zero;
use crate::forms::Field;

/// `Einsum` of any number of tensors; an axis named twice is a diagonal.
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
    let mut factors = Vec::with_capacity(inputs.len());
    for (index, axes) in inputs.iter().enumerate() {
        factors.push(diagonal(inference, node.input(index)?, axes)?);
    }
    match factors.as_slice() {
        [one] => moved(inference, node, one, &output),
        _ => contracted(inference, node, factors, &output),
    }
}

/// The number of the last axis that dots stand for; those before it count down, and are not letters.
const LAST_OF_DOTS: usize = 1 << 10;

/// The axes of all inputs, and of the output, as numbers. Without an arrow, the result has the axes of the dots and
/// then, by the alphabet, those that are named once.
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
    let is_valid = output.iter().all(known) && names(&output).len() == output.len();
    is_valid.then_some((inputs, output))
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
    let has_dots_once = axes
        .iter()
        .filter(|axis| **axis >= LAST_OF_DOTS - dots)
        .count()
        <= dots;
    (has_dots_once && dots < 64 && axes.len() < 128).then_some(axes)
}

/// Each name once, in order.
fn names(axes: &[usize]) -> Vec<usize> {
    let mut names: Vec<usize> = Vec::new();
    for name in axes {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// An input of which every axis has a name of its own: where one is named twice, its diagonal.
fn diagonal(inference: &mut Inference, value: &Value, axes: &[usize]) -> Result<Factor, Stop> {
    let Some(shape) = value
        .shape
        .as_ref()
        .filter(|shape| shape.len() == axes.len())
    else {
        return pin("reads a tensor of another or unknown rank");
    };
    let names = names(axes);
    if names.len() == axes.len() {
        return Ok(Factor {
            value: value.clone(),
            axes: names,
        });
    }
    let dims = names.iter().map(|name| {
        let own = axes.iter().zip(shape).filter(|(axis, _)| *axis == name);
        let mut own = own.map(|(_, dim)| *dim);
        let first = own.next().unwrap_or(Dim::Known(1));
        own.find(|dim| dim.known().is_some()).unwrap_or(first)
    });
    let dims: Vec<Dim> = dims.collect();
    let place = |index: &[usize]| -> Vec<usize> {
        let at = |axis: &usize| {
            names
                .iter()
                .position(|name| name == axis)
                .map_or(0, |at| index[at])
        };
        axes.iter().map(at).collect()
    };
    let longest = |lengths: &[usize]| -> Vec<usize> {
        let of = |name: &usize| {
            let own = axes.iter().zip(lengths).filter(|(axis, _)| *axis == name);
            own.map(|(_, length)| *length).max().unwrap_or(1)
        };
        names.iter().map(of).collect()
    };
    let content = match &value.content {
        Content::Zero => Content::Zero,
        Content::Constant(view) => {
            let lengths = longest(&view.shape);
            let is_square = axes.iter().zip(&view.shape).all(|(axis, length)| {
                names
                    .iter()
                    .zip(&lengths)
                    .any(|(name, own)| name == axis && own == length)
            });
            match view.taken(lengths, place).filter(|_| is_square) {
                Some(view) => Content::Constant(view),
                None => return pin("takes a diagonal of what is not square"),
            }
        }
        Content::Data(field) => {
            let old = field.of_rank(axes.len());
            let made = inference
                .channels
                .remapped(longest(&old.shape), |index| old.at(&place(index)))?;
            Content::Data(made)
        }
        Content::Integers(_) => return pin("takes a diagonal of integers"),
    };
    Ok(Factor {
        value: Value {
            shape: Some(dims),
            content,
        },
        axes: names,
    })
}

/// One input: axes are moved, those that are lost are summed over.
fn moved(inference: &mut Inference, node: &Node, input: &Factor, output: &[usize]) -> Followed {
    let axes = &input.axes;
    let shape = result_shape(inference, std::slice::from_ref(input), output);
    if matches!(input.value.content, Content::Zero) {
        return Ok(vec![zero(Some(shape))]);
    }
    if let Some(view) = input
        .value
        .constant()
        .filter(|_| axes.len() == output.len())
    {
        let at = |name: &usize| output.iter().position(|own| own == name).unwrap_or(0);
        let lengths = output.iter().map(|name| {
            let axis = axes.iter().position(|own| own == name);
            axis.map_or(1, |axis| view.shape[axis])
        });
        let place = |index: &[usize]| axes.iter().map(|name| index[at(name)]).collect();
        if let Some(view) = view.taken(lengths.collect(), place) {
            return Ok(vec![constants::made(view)]);
        }
    }
    let field: Field = inference.field(&input.value, node.output())?;
    let kept = |axis: usize| output.contains(&axes[axis]);
    let field = inference
        .channels
        .merged_along(&field, axes.len(), |axis| !kept(axis))?;
    let made = rearranged(inference, &field, axes, output)?;
    Ok(vec![Value::data(Some(shape), made)])
}
