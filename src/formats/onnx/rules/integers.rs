//! Integers that say shapes, calculated with: a length that is not known stays the same through what does not change
//! it.

use super::super::infer::Inference;
use super::super::node::{Content, Node, Value};
use super::super::shape::{Dim, Integer};
use super::axis;
use crate::forms::{Field, ONE};

/// Integers beyond so many say no shape.
pub(super) const MOST_INTEGERS: usize = 1 << 10;

/// Floats beyond so many beside lengths are no factors of lengths.
const MOST_FLOATS: usize = 4;

/// The largest magnitude of what is calculated: more may overflow, or be rounded in floats.
const LARGEST: i64 = 1 << 24;

/// What an operator makes of integers alone, or of floats that hold such; `None` for others, and for tensors of more
/// than one axis: such are no shapes.
pub(super) fn calculated(inference: &mut Inference, node: &Node) -> Option<Value> {
    match node.operator() {
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Max" | "Min" | "Equal" | "Greater"
        | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" => {
            entrywise(inference, node, |inference, is_float, entries| {
                let mut entries = entries.iter().copied();
                let first = entries.next().unwrap_or(Integer::Known(0));
                entries.fold(first, |all, own| {
                    combined(inference, (node.operator(), is_float), all, own)
                })
            })
        }
        "Neg" | "Abs" | "Not" | "Floor" | "Ceil" | "Round" => {
            entrywise(inference, node, |inference, _, entries| {
                changed(inference, node.operator(), entries[0])
            })
        }
        "Where" => entrywise(inference, node, |inference, _, entries| match *entries {
            [Integer::Known(condition), one, other] => match condition != 0 {
                true => one,
                false => other,
            },
            [_, one, other] if one == other => one,
            [_, one, other] => {
                let is_length = is_length(inference, one) && is_length(inference, other);
                unknown(inference, is_length)
            }
            _ => unknown(inference, false),
        }),
        "ReduceProd" | "ReduceSum" | "ReduceMax" | "ReduceMin" => reduced(inference, node),
        _ => None,
    }
}

/// The integers of an input, and whether it holds them as floats; beside such, those of a few constant floats too.
fn operand(
    inference: &mut Inference,
    node: &Node,
    index: usize,
    beside: bool,
) -> Option<(Vec<Integer>, bool)> {
    let name = node.message.input.get(index)?;
    if let Some(held) = inference.whole.get(name) {
        return Some((held.clone(), true));
    }
    let value = node.optional(index)?;
    if let Some(integers) = inference.integers(value) {
        return Some((integers, false));
    }
    let view = value.constant().cloned();
    let view = view.filter(|view| beside && view.len() <= MOST_FLOATS)?;
    let numbers: Option<Vec<f64>> = (0..view.len())
        .map(|place| inference.number(&view, place))
        .collect();
    let numbers = numbers?;
    inference.keep(&view, &format!("an operand of {}", inference.current));
    let integer = |number: f64| match number.fract() == 0.0 && number.abs() <= LARGEST as f64 {
        true => Integer::Known(number as i64),
        false => unknown(inference, false),
    };
    Some((numbers.into_iter().map(integer).collect(), true))
}

/// Numbers in a row or a single one, entry by entry, those of one entry with each of the others.
fn entrywise(
    inference: &mut Inference,
    node: &Node,
    mut made: impl FnMut(&mut Inference, bool, &[Integer]) -> Integer,
) -> Option<Value> {
    let mut names = node.message.input.iter();
    let beside = names.any(|name| inference.whole.contains_key(name));
    // Constants may be weights: other rules say what becomes of them.
    if beside
        && node
            .inputs
            .iter()
            .flatten()
            .all(|value| value.constant().is_some())
    {
        return None;
    }
    let (mut lists, mut rank, mut is_float) = (Vec::with_capacity(node.inputs.len()), 0, false);
    for index in 0..node.inputs.len() {
        rank = rank.max(node.optional(index)?.rank()?);
        if rank > 1 {
            return None;
        }
        let (list, holds_floats) = operand(inference, node, index, beside)?;
        is_float |= holds_floats;
        lists.push(list);
    }
    let length = lists.iter().map(Vec::len).find(|length| *length != 1);
    let length = length.unwrap_or(1);
    if lists.is_empty() || !lists.iter().all(|list| [1, length].contains(&list.len())) {
        return None;
    }
    let mut result = Vec::with_capacity(length);
    for place in 0..length {
        let entry = |list: &Vec<Integer>| list[if list.len() == 1 { 0 } else { place }];
        let entries: Vec<Integer> = lists.iter().map(entry).collect();
        result.push(made(inference, is_float, &entries));
    }
    let is_truth = matches!(
        node.operator(),
        "Equal"
            | "Greater"
            | "GreaterOrEqual"
            | "Less"
            | "LessOrEqual"
            | "And"
            | "Or"
            | "Xor"
            | "Not"
    );
    Some(row(inference, node, result, (rank, is_float && !is_truth)))
}

/// A row of integers, or of floats that hold them; with no axis, a single one.
fn row(
    inference: &mut Inference,
    node: &Node,
    integers: Vec<Integer>,
    (rank, is_float): (usize, bool),
) -> Value {
    let shape = Some(vec![Dim::Known(integers.len()); rank]);
    match is_float {
        true => held(inference, node, shape, integers),
        false => Value {
            shape,
            content: Content::Integers(integers),
        },
    }
}

/// Floats that hold integers: nothing scales them.
pub(super) fn held(
    inference: &mut Inference,
    node: &Node,
    shape: Option<Vec<Dim>>,
    integers: Vec<Integer>,
) -> Value {
    inference.whole.insert(node.output().to_owned(), integers);
    Value::data(shape, Field::uniform(ONE))
}

fn combined(
    inference: &mut Inference,
    (operator, is_float): (&str, bool),
    one: Integer,
    other: Integer,
) -> Integer {
    if let (Integer::Known(a), Integer::Known(b)) = (one, other) {
        let known = known(operator, is_float, a, b);
        return known.map_or_else(|| unknown(inference, false), Integer::Known);
    }
    let (is_one, is_other) = (is_length(inference, one), is_length(inference, other));
    let are_equal = one == other && is_one;
    match (operator, one, other) {
        ("Add", length, Integer::Known(0))
        | ("Add", Integer::Known(0), length)
        | ("Sub", length, Integer::Known(0))
        | ("Mul", length, Integer::Known(1))
        | ("Mul", Integer::Known(1), length)
        | ("Div", length, Integer::Known(1)) => length,
        // A length may be 0, but is not negative.
        ("Max", length, Integer::Known(..=0)) if is_one => length,
        ("Max", Integer::Known(..=0), length) if is_other => length,
        ("Max" | "Min", length, _) if are_equal => length,
        ("Sub" | "Less" | "Greater", ..) if are_equal => Integer::Known(0),
        ("Equal" | "LessOrEqual" | "GreaterOrEqual", ..) if are_equal => Integer::Known(1),
        ("Less", _, Integer::Known(..=0)) | ("Equal" | "LessOrEqual", _, Integer::Known(..0))
            if is_one =>
        {
            Integer::Known(0)
        }
        ("Greater", Integer::Known(..=0), _)
        | ("Equal" | "GreaterOrEqual", Integer::Known(..0), _)
            if is_other =>
        {
            Integer::Known(0)
        }
        ("GreaterOrEqual", _, Integer::Known(..=0)) | ("Greater", _, Integer::Known(..0))
            if is_one =>
        {
            Integer::Known(1)
        }
        ("LessOrEqual", Integer::Known(..=0), _) | ("Less", Integer::Known(..0), _) if is_other => {
            Integer::Known(1)
        }
        // Sums and products of lengths are lengths; a difference or a quotient may be 0, or negative.
        ("Add" | "Mul" | "Max" | "Min", ..) => unknown(inference, is_one && is_other),
        _ => unknown(inference, false),
    }
}

fn known(operator: &str, is_float: bool, a: i64, b: i64) -> Option<i64> {
    let bounded = |number: i64| (-LARGEST..=LARGEST).contains(&number).then_some(number);
    match operator {
        "Add" => bounded(a.checked_add(b)?),
        "Sub" => bounded(a.checked_sub(b)?),
        "Mul" => bounded(a.checked_mul(b)?),
        "Div" if is_float => (a.checked_rem(b)? == 0).then(|| a / b),
        "Div" => (a >= 0 && b > 0).then(|| a / b),
        "Mod" => (a >= 0 && b > 0).then(|| a % b),
        "Max" => Some(a.max(b)),
        "Min" => Some(a.min(b)),
        "Equal" => Some(i64::from(a == b)),
        "Greater" => Some(i64::from(a > b)),
        "GreaterOrEqual" => Some(i64::from(a >= b)),
        "Less" => Some(i64::from(a < b)),
        "LessOrEqual" => Some(i64::from(a <= b)),
        "And" => Some(a & b),
        "Or" => Some(a | b),
        _ => Some(a ^ b),
    }
}

fn changed(inference: &mut Inference, operator: &str, integer: Integer) -> Integer {
    let known = match (operator, integer) {
        ("Not", Integer::Known(truth)) => Some(i64::from(truth == 0)),
        ("Neg", Integer::Known(a)) => a.checked_neg(),
        ("Abs", Integer::Known(a)) => a.checked_abs(),
        // What is rounded is an integer already.
        (_, Integer::Known(a)) => Some(a),
        ("Abs" | "Floor" | "Ceil" | "Round", length) if is_length(inference, length) => {
            return length;
        }
        _ => None,
    };
    known.map_or_else(|| unknown(inference, false), Integer::Known)
}

/// A row of integers as one.
fn reduced(inference: &mut Inference, node: &Node) -> Option<Value> {
    let input = node.optional(0).filter(|input| input.rank() == Some(1))?;
    let (integers, is_float) = operand(inference, node, 0, false)?;
    let axes = match node.optional(1) {
        Some(axes) => Some(inference.known_integers(axes)?),
        None => node.ints("axes").map(<[i64]>::to_vec),
    };
    let keeps_all = node.int("noop_with_empty_axes").unwrap_or(0) != 0;
    let is_first = |found: &i64| axis(*found, 1) == Some(0);
    match axes {
        None if keeps_all => return Some(input.clone()),
        Some(axes) if axes.len() != 1 || !axes.iter().all(is_first) => return None,
        _ => {}
    }
    let operator = match node.operator() {
        "ReduceProd" => "Mul",
        "ReduceSum" => "Add",
        "ReduceMax" => "Max",
        _ => "Min",
    };
    let mut integers = integers.into_iter();
    let first = integers.next()?;
    let all = integers.fold(first, |all, own| {
        combined(inference, (operator, is_float), all, own)
    });
    let rank = usize::from(node.int("keepdims").unwrap_or(1) != 0);
    Some(row(inference, node, vec![all], (rank, is_float)))
}

fn is_length(inference: &Inference, integer: Integer) -> bool {
    match integer {
        Integer::Known(integer) => integer > 0,
        Integer::Symbol(symbol) => !inference.unsure.contains(&symbol),
    }
}

/// An integer that is not known: a length, or any.
pub(super) fn unknown(inference: &mut Inference, is_length: bool) -> Integer {
    let dim = inference.symbol();
    if let (Dim::Symbol(symbol), false) = (dim, is_length) {
        inference.unsure.insert(symbol);
    }
    Integer::from(dim)
}

/// The length of the axis that an integer asks for, which is the integer only if that is a length.
pub(super) fn length(inference: &mut Inference, integer: Integer) -> Dim {
    match integer {
        Integer::Known(length) => {
            usize::try_from(length).map_or_else(|_| inference.symbol(), Dim::Known)
        }
        Integer::Symbol(symbol) if inference.unsure.contains(&symbol) => inference.symbol(),
        Integer::Symbol(symbol) => Dim::Symbol(symbol),
    }
}

/// So many entries, where all lengths are known and they are few enough to say a shape.
pub(super) fn few(shape: &[Dim]) -> Option<usize> {
    let mut lengths = shape.iter().map(|dim| dim.known());
    let count = lengths.try_fold(1usize, |count, length| count.checked_mul(length?));
    count.filter(|count| *count <= MOST_INTEGERS)
}
