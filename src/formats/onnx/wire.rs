//! ONNX files as bytes: how many messages they hold, and names of data files changed without touching anything else.

use super::OnnxError;

/// More messages than any model needs; each takes memory once decoded, however short it is in the file.
const MAX_MESSAGES: usize = 1 << 20;

/// Messages within messages within messages.
const MAX_DEPTH: usize = 64;

/// The messages on the way to tensors.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Entry,
    Other,
}

impl Kind {
    /// The message in a field; `None` for fields that hold none.
    fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) | (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Model, 25) => Kind::Function,
            (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
            (Kind::Node, 5) | (Kind::Function, 11) => Kind::Attribute,
            (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::SparseTensor, 1 | 2) => {
                Kind::Tensor
            }
            (Kind::Graph, 15) | (Kind::Attribute, 22 | 23) => Kind::SparseTensor,
            (Kind::Tensor, 13) => Kind::Entry,
            (Kind::Model, 8 | 14 | 20) | (Kind::Graph, 11..=14) => Kind::Other,
            _ => return None,
        })
    }
}

/// One field: where it begins, and where its content lies.
pub(super) struct Field {
    pub number: u64,
    pub is_delimited: bool,
    pub start: usize,
    pub content: std::ops::Range<usize>,
}

/// The fields of a message, one after the other.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl Fields<'_> {
    fn varint(&mut self) -> Result<u64, OnnxError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            if self.at >= self.end {
                break;
            }
            let byte = self.bytes[self.at];
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(OnnxError::Truncated(self.at))
    }

    pub fn next(&mut self) -> Result<Option<Field>, OnnxError> {
        if self.at == self.end {
            return Ok(None);
        }
        let start = self.at;
        let key = self.varint()?;
        let length = match key & 7 {
            0 => {
                let from = self.at;
                self.varint()?;
                let length = self.at - from;
                self.at = from;
                length
            }
            1 => 8,
            2 => usize::try_from(self.varint()?).unwrap_or(usize::MAX),
            5 => 4,
            _ => return Err(OnnxError::Truncated(start)),
        };
        let end = self.at.checked_add(length).filter(|end| *end <= self.end);
        let end = end.ok_or(OnnxError::Truncated(start))?;
        let content = self.at..end;
        self.at = end;
        Ok(Some(Field {
            number: key >> 3,
            is_delimited: key & 7 == 2,
            start,
            content,
        }))
    }
}

pub(super) fn fields(bytes: &[u8], range: std::ops::Range<usize>) -> Fields<'_> {
    Fields {
        bytes,
        at: range.start,
        end: range.end,
    }
}

/// Refuses what is cut off, nested too deeply, or made of too many messages, before anything is decoded.
pub(super) fn check(bytes: &[u8]) -> Result<(), OnnxError> {
    let mut messages = 0;
    let mut open = vec![(Kind::Model, fields(bytes, 0..bytes.len()))];
    while let Some((kind, fields_left)) = open.last_mut() {
        let kind = *kind;
        let Some(field) = fields_left.next()? else {
            open.pop();
            continue;
        };
        let Some(inner) = kind.field(field.number).filter(|_| field.is_delimited) else {
            continue;
        };
        messages += 1;
        if messages > MAX_MESSAGES || open.len() > MAX_DEPTH {
            return Err(OnnxError::TooLarge("messages"));
        }
        if inner != Kind::Other {
            open.push((inner, fields(bytes, field.content)));
        }
    }
    Ok(())
}

/// The file with the `location` of every tensor kept in another file replaced, and without the checksums of those
/// files, which change; every other byte stays as it was, but for the lengths of the messages around.
pub(super) fn relocate(
    bytes: &[u8],
    rename: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<u8>, OnnxError> {
    rewritten(bytes, 0..bytes.len(), Kind::Model, rename)
}

fn rewritten(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    kind: Kind,
    rename: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<u8>, OnnxError> {
    let mut result = Vec::with_capacity(range.len());
    let mut walk = fields(bytes, range.clone());
    let is_location = kind == Kind::Entry && has_key(bytes, range, b"location")?;
    while let Some(field) = walk.next()? {
        let inner = kind.field(field.number).filter(|_| field.is_delimited);
        if inner == Some(Kind::Entry) && has_key(bytes, field.content.clone(), b"checksum")? {
            continue;
        }
        let changed = match inner {
            Some(Kind::Other) | None if is_location && field.number == 2 => {
                let old = std::str::from_utf8(&bytes[field.content.clone()]).ok();
                old.and_then(rename).map(String::into_bytes)
            }
            Some(Kind::Other) | None => None,
            Some(inner) => {
                let new = rewritten(bytes, field.content.clone(), inner, rename)?;
                Some(new).filter(|new| *new != bytes[field.content.clone()])
            }
        };
        match changed {
            Some(content) => {
                put_varint(&mut result, field.number << 3 | 2);
                put_varint(&mut result, content.len() as u64);
                result.extend(content);
            }
            None => result.extend_from_slice(&bytes[field.start..field.content.end]),
        }
    }
    Ok(result)
}

fn has_key(bytes: &[u8], range: std::ops::Range<usize>, key: &[u8]) -> Result<bool, OnnxError> {
    let mut walk = fields(bytes, range);
    while let Some(field) = walk.next()? {
        if field.number == 1 && &bytes[field.content] == key {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
