//! Numbers that stand in the model one by one: in attributes, and those of 16 bits in 32-bit integers.

use super::OnnxError;
use super::message::Model;
use super::wire::{Fields, fields, put_varint};

/// Where a constant stands whose numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// An initializer.
    Initializer(usize),
    /// An attribute of an operator `Constant`.
    Attribute(usize, usize),
}

/// Where the constant of a name stands in the graph of a model.
pub(super) fn home(model: &Model, name: &str) -> Option<Home> {
    let graph = model.graph.as_ref()?;
    let named = |tensor: &super::message::Tensor| tensor.name.as_deref() == Some(name);
    if let Some(place) = graph.initializer.iter().position(named) {
        return Some(Home::Initializer(place));
    }
    let makes = |node: &super::message::Node| {
        node.op_type.as_deref() == Some("Constant")
            && node.output.first().is_some_and(|output| output == name)
    };
    let node = graph.node.iter().position(makes)?;
    let mut attributes = graph.node[node].attribute.iter();
    let holds = |name: &str| matches!(name, "value" | "value_float" | "value_floats");
    let attribute = attributes.position(|own| own.name.as_deref().is_some_and(holds))?;
    Some(Home::Attribute(node, attribute))
}

/// The model with other numbers in some places, each little endian; every other byte stays as it was, but for the
/// lengths of the messages around.
pub(super) fn replaced(bytes: &[u8], new: &[(Home, Vec<u8>)]) -> Result<Vec<u8>, OnnxError> {
    rebuilt(bytes, &mut |number, _, graph| match number {
        7 => {
            let own = rebuilt(graph, &mut |number, place, content| {
                let edit = |home: Home| new.iter().find(|(known, _)| *known == home);
                match number {
                    5 => edit(Home::Initializer(place))
                        .map(|(_, numbers)| tensor(content, numbers))
                        .transpose(),
                    1 => node(content, place, new),
                    _ => Ok(None),
                }
            });
            own.map(Some)
        }
        _ => Ok(None),
    })
}

fn node(bytes: &[u8], node: usize, new: &[(Home, Vec<u8>)]) -> Changed {
    let mut edits = new.iter();
    let found = edits.find_map(|(home, numbers)| match home {
        Home::Attribute(own, place) if *own == node => Some((*place, numbers)),
        _ => None,
    });
    let Some((wanted, numbers)) = found else {
        return Ok(None);
    };
    let rebuilt = rebuilt(bytes, &mut |number, place, content| match number {
        5 if place == wanted => attribute(content, numbers).map(Some),
        _ => Ok(None),
    });
    rebuilt.map(Some)
}

/// What is made of the content of a field; `None` to leave it as it is.
pub(super) type Changed = Result<Option<Vec<u8>>, OnnxError>;

/// A message with some of its delimited fields replaced: `change` is told the number of the field, how many of that
/// number came before, and its content.
pub(super) fn rebuilt(
    bytes: &[u8],
    change: &mut dyn FnMut(u64, usize, &[u8]) -> Changed,
) -> Result<Vec<u8>, OnnxError> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut before: std::collections::BTreeMap<u64, usize> = std::collections::BTreeMap::new();
    let mut walk: Fields = fields(bytes, 0..bytes.len());
    while let Some(field) = walk.next()? {
        let count = before.entry(field.number).or_default();
        *count += 1;
        let changed = match field.is_delimited {
            true => change(field.number, *count - 1, &bytes[field.content.clone()])?,
            false => None,
        };
        match changed {
            Some(content) => put(&mut result, field.number, &content),
            None => result.extend_from_slice(&bytes[field.start..field.content.end]),
        }
    }
    Ok(result)
}

pub(super) fn put(result: &mut Vec<u8>, number: u64, content: &[u8]) {
    put_varint(result, number << 3 | 2);
    put_varint(result, content.len() as u64);
    result.extend_from_slice(content);
}

/// A tensor whose numbers of 16 bits stand in `int32_data`.
fn tensor(bytes: &[u8], numbers: &[u8]) -> Result<Vec<u8>, OnnxError> {
    let mut numbers = numbers.as_chunks().0.iter();
    let mut result = Vec::with_capacity(bytes.len());
    let mut walk = fields(bytes, 0..bytes.len());
    while let Some(field) = walk.next()? {
        if field.number != 5 {
            result.extend_from_slice(&bytes[field.start..field.content.end]);
            continue;
        }
        // Of every number there is one byte without the mark of a continuation.
        let old = bytes[field.content.clone()].iter();
        let count = old.filter(|byte| **byte < 0x80).count();
        let mut content = Vec::new();
        for number in numbers.by_ref().take(count) {
            put_varint(&mut content, u16::from_le_bytes(*number).into());
        }
        match field.is_delimited {
            true => put(&mut result, 5, &content),
            false => {
                put_varint(&mut result, 5 << 3);
                result.extend(content);
            }
        }
    }
    Ok(result)
}

/// An attribute that holds one `f32`, or several.
fn attribute(bytes: &[u8], numbers: &[u8]) -> Result<Vec<u8>, OnnxError> {
    let mut numbers_left = numbers;
    let mut result = Vec::with_capacity(bytes.len());
    let mut walk = fields(bytes, 0..bytes.len());
    while let Some(field) = walk.next()? {
        if field.number == 5 {
            put(
                &mut result,
                5,
                &tensor(&bytes[field.content.clone()], numbers)?,
            );
            continue;
        }
        let length = field.content.len().min(numbers_left.len());
        match field.number {
            2 | 7 => {
                let (own, rest) = numbers_left.split_at(length);
                result.extend_from_slice(&bytes[field.start..field.content.start]);
                result.extend_from_slice(own);
                result.extend_from_slice(&bytes[field.content.start + length..field.content.end]);
                numbers_left = rest;
            }
            _ => result.extend_from_slice(&bytes[field.start..field.content.end]),
        }
    }
    Ok(result)
}
