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

/// A tensor of any number type, as a header lists it.
#[derive(Debug)]
pub(super) struct Listed {
    pub name: String,
    pub dtype: Dtype,
    /// In the file.
    pub bytes: Range<usize>,
    pub shape: Vec<usize>,
}

impl Listed {
    /// How its numbers are stored; `None` for numbers that are never scaled.
    pub fn storage(&self) -> Option<Storage> {
        match self.dtype {
            Dtype::F16 => Some(Storage::Half),
            Dtype::BF16 => Some(Storage::Brain),
            Dtype::F32 => Some(Storage::Single),
            Dtype::F64 => Some(Storage::Double),
            _ => None,
        }
    }
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

/// The tensors of a file that holds numbers of the types that are scaled only, as [`listed`] gives them.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor.
pub(super) fn tensors(bytes: &[u8], shard: usize) -> Result<Vec<Place>, SafetensorsError> {
    let place = |listed: Listed| match listed.storage() {
        Some(storage) => Ok(Place {
            name: listed.name,
            shard,
            bytes: listed.bytes,
            storage,
            shape: listed.shape,
        }),
        None => Err(SafetensorsError::NumberType(listed.name)),
    };
    listed(bytes)?.into_iter().map(place).collect()
}

/// The tensors of a file, by name, each within the file, as long as its shape says and apart from all others.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor.
pub(super) fn listed(bytes: &[u8]) -> Result<Vec<Listed>, SafetensorsError> {
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
        Ok(Header(found)) => return placed(found, LENGTH + header, data.len()),
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
) -> Result<Vec<Listed>, SafetensorsError> {
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
        let numbers = info
            .shape
            .iter()
            .try_fold(1usize, |all, size| all.checked_mul(*size));
        let listed = Listed {
            name: name.clone(),
            dtype: info.dtype,
            bytes: start + from..start + to,
            shape: info.shape,
        };
        let bits = numbers.and_then(|numbers| numbers.checked_mul(info.dtype.bitsize()));
        if bits != (to - from).checked_mul(8) {
            let kind = listed
                .storage()
                .map_or_else(|| info.dtype.to_string(), |own| own.name().to_owned());
            return Err(wrong(format!(
                "the shape {:?} of {kind} does not take {} bytes",
                listed.shape,
                to - from
            )));
        }
        places.push(listed);
    }
    apart(&places, start, start + length)?;
    Ok(places)
}

/// The tensors fill the data of the file, without overlaps and without gaps.
fn apart(places: &[Listed], start: usize, end: usize) -> Result<(), SafetensorsError> {
    let mut by_place: Vec<&Listed> = places.iter().collect();
    by_place.sort_by_key(|place| (place.bytes.start, place.bytes.end));
    let mut before: Option<&Listed> = None;
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
