//! The tensors of a safetensors file: what its header says, checked against the file before anything is made of it.

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::safetensors_mlp::SafetensorsError;
use super::storage::Storage;
use super::strict::{Object, UniqueMap};

/// The longest header that is read, as in the reference implementation of the format.
pub(super) const MAX_HEADER: usize = 100_000_000;

/// The bytes before the header: its length.
const LENGTH: usize = 8;

/// Where a tensor stands, in one of several files.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub name: String,
    pub shard: usize,
    /// In the file.
    pub bytes: Range<usize>,
    pub storage: Storage,
    pub shape: Vec<usize>,
}

/// The tensors of a header by name. No name occurs twice: of two entries a reader could take either for the one meant.
struct Header(BTreeMap<String, TensorInfo>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Header, A::Error> {
                let (mut tensors, mut described) = (BTreeMap::new(), false);
                while let Some(key) = access.next_key::<String>()? {
                    let twice = A::Error::custom(format!("the key `{key}` occurs twice"));
                    let at = |fault: A::Error| A::Error::custom(format!("tensor `{key}`: {fault}"));
                    if key == "__metadata__" {
                        access.next_value::<UniqueMap>()?;
                        if std::mem::replace(&mut described, true) {
                            return Err(twice);
                        }
                        continue;
                    }
                    let Object(info) = access.next_value::<Object<TensorInfo>>().map_err(at)?;
                    if tensors.insert(key, info).is_some() {
                        return Err(twice);
                    }
                }
                Ok(Header(tensors))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The tensors of a file, by name, each within the file, as long as its shape says and apart from all others.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor.
pub(super) fn tensors(bytes: &[u8], shard: usize) -> Result<Vec<Place>, SafetensorsError> {
    let damaged = |reason: String| SafetensorsError::Container(reason);
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else {
        return Err(damaged("it ends before the length of its header".into()));
    };
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length)
        .ok()
        .filter(|header| *header <= MAX_HEADER);
    let header = header.ok_or_else(|| {
        damaged(format!(
            "a header of {length} bytes is too long: up to {MAX_HEADER} are read"
        ))
    })?;
    let Some((text, data)) = rest.split_at_checked(header) else {
        return Err(damaged(format!(
            "its header should have {header} bytes, and {} follow",
            rest.len()
        )));
    };
    let (place, reason) = match super::read_json::<Header>(text) {
        Ok(Header(found)) => return placed(found, LENGTH + header, data.len(), shard),
        Err(fault) => fault,
    };
    Err(damaged(match place.as_str() {
        "the document" => format!("its header: {reason}"),
        place => format!("its header: {place}: {reason}"),
    }))
}

fn placed(
    found: BTreeMap<String, TensorInfo>,
    start: usize,
    length: usize,
    shard: usize,
) -> Result<Vec<Place>, SafetensorsError> {
    let mut places = Vec::with_capacity(found.len());
    for (name, info) in found {
        let wrong =
            |reason: String| SafetensorsError::Container(format!("tensor `{name}`: {reason}"));
        let (from, to) = info.data_offsets;
        if from > to || to > length {
            return Err(wrong(format!(
                "its data would lie from {from} to {to}, and the file holds {length} bytes of data"
            )));
        }
        let storage = match info.dtype {
            Dtype::F16 => Storage::Half,
            Dtype::BF16 => Storage::Brain,
            Dtype::F32 => Storage::Single,
            Dtype::F64 => Storage::Double,
            _ => return Err(SafetensorsError::NumberType(name)),
        };
        let numbers = info
            .shape
            .iter()
            .try_fold(1usize, |all, size| all.checked_mul(*size));
        if numbers.and_then(|numbers| numbers.checked_mul(storage.size())) != Some(to - from) {
            return Err(wrong(format!(
                "the shape {:?} of {} does not take {} bytes",
                info.shape,
                storage.name(),
                to - from
            )));
        }
        places.push(Place {
            name,
            shard,
            bytes: start + from..start + to,
            storage,
            shape: info.shape,
        });
    }
    apart(&places, start, start + length)?;
    Ok(places)
}

/// The tensors fill the data of the file, without overlaps and without gaps.
fn apart(places: &[Place], start: usize, end: usize) -> Result<(), SafetensorsError> {
    let mut by_place: Vec<&Place> = places.iter().collect();
    by_place.sort_by_key(|place| (place.bytes.start, place.bytes.end));
    let mut before: Option<&Place> = None;
    for place in by_place {
        let expected = before.map_or(start, |before| before.bytes.end);
        if place.bytes.start != expected {
            let reason = match before.filter(|_| place.bytes.start < expected) {
                Some(before) => {
                    format!("the tensors `{}` and `{}` overlap", before.name, place.name)
                }
                None => format!(
                    "bytes before the tensor `{}` belong to no tensor",
                    place.name
                ),
            };
            return Err(SafetensorsError::Container(reason));
        }
        before = Some(place);
    }
    match before.map_or(start, |last| last.bytes.end) {
        last if last == end => Ok(()),
        last => Err(SafetensorsError::Container(format!(
            "{} bytes at its end belong to no tensor",
            end - last
        ))),
    }
}
