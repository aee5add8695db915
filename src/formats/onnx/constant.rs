//! Constant tensors: where their numbers stand in the files, and views of them.

use bytes::Bytes;
use std::sync::Arc;

use super::joined::Joined;
use super::message::{Tensor, element};
use super::{Files, OnnxError};
use crate::formats::storage::Storage;
use crate::forms::advance;
use crate::solve::NumberType;

/// A constant tensor.
#[derive(Debug, Clone)]
pub(super) struct Constant {
    pub name: String,
    pub shape: Vec<usize>,
    /// Where floating-point entries stand: the file, the first byte, and how they are stored. Else why they are left
    /// alone.
    pub place: Result<(usize, usize, Storage), String>,
    /// How its entries are stored, if they are floating-point numbers.
    pub storage: Option<Storage>,
    /// Where its data lie, if that is known: the file and the bytes.
    pub data: Option<(usize, std::ops::Range<usize>)>,
    /// The entries, if they are integers and few.
    pub integers: Option<Vec<i64>>,
    /// So many bytes of the file hold its entries, or more.
    pub stored: usize,
    /// Are the entries floats of 8 bits?
    pub is_eighth: bool,
    /// Are they scales of such?
    pub scales_eighths: bool,
    /// The types that operators cast the entries to which do not hold all numbers of their own.
    pub casts: Vec<Storage>,
    /// What it is made of, if it is stored nowhere itself.
    pub joined: Option<Joined>,
}

impl Storage {
    /// The type of entries of this number in `TensorProto.DataType`.
    pub fn of_element(element: i32) -> Option<Self> {
        match element {
            element::FLOAT16 => Some(Storage::Half),
            element::BFLOAT16 => Some(Storage::Brain),
            element::FLOAT => Some(Storage::Single),
            element::DOUBLE => Some(Storage::Double),
            _ => None,
        }
    }

    /// That number.
    pub fn element(self) -> i32 {
        match self {
            Storage::Half => element::FLOAT16,
            Storage::Brain => element::BFLOAT16,
            Storage::Single => element::FLOAT,
            Storage::Double => element::DOUBLE,
        }
    }
}

/// Integers beyond so many are no shape.
const MAX_INTEGERS: usize = 1 << 16;

impl Constant {
    /// Floating-point numbers that no tensor of the model holds by this name.
    pub fn made(name: String, shape: Vec<usize>, place: (usize, usize, Storage)) -> Self {
        Constant {
            name,
            shape,
            storage: Some(place.2),
            place: Ok(place),
            data: None,
            integers: None,
            stored: 0,
            is_eighth: false,
            scales_eighths: false,
            casts: Vec::new(),
            joined: None,
        }
    }

    /// Finds the entries of a tensor.
    pub fn read(name: &str, tensor: &Tensor, files: &mut Files) -> Result<Self, OnnxError> {
        let fault = |reason: String| OnnxError::Tensor {
            name: name.to_owned(),
            reason,
        };
        let lengths = tensor
            .dims
            .iter()
            .map(|length| usize::try_from(*length).ok());
        let shape: Option<Vec<usize>> = lengths.collect();
        let shape = shape.ok_or_else(|| fault("an axis has a negative length".into()))?;
        let count = shape
            .iter()
            .try_fold(1usize, |count, length| count.checked_mul(*length));
        let count = count.ok_or_else(|| fault("its shape is too large".into()))?;
        let data = match tensor.data_location {
            Some(1) => Some(files.external(&tensor.external_data).map_err(fault)?),
            _ => None,
        };
        let (place, integers) = match tensor.data_type {
            _ if tensor.segment.is_some() => (Err("only a part of it is in the file".into()), None),
            Some(element::FLOAT) => {
                let data = entries(tensor, &tensor.float_data, files).map_err(fault)?;
                (Constant::place(data, count, Storage::Single, &fault)?, None)
            }
            Some(element::DOUBLE) => {
                let data = entries(tensor, &tensor.double_data, files).map_err(fault)?;
                (Constant::place(data, count, Storage::Double, &fault)?, None)
            }
            Some(kind @ (element::FLOAT16 | element::BFLOAT16)) => {
                let storage = Storage::of_element(kind).unwrap_or(Storage::Half);
                let data = short_entries(tensor, files).map_err(fault)?;
                (Constant::place(data, count, storage, &fault)?, None)
            }
            Some(element::INT64 | element::INT32 | element::BOOL) => {
                let integers = integers(tensor, files, count).map_err(fault)?;
                (Err("it holds integers".into()), integers)
            }
            _ => (Err("its entries are no f16, bf16, f32 or f64".into()), None),
        };
        let bytes = |(file, start, storage): &(usize, usize, Storage)| {
            (*file, *start..*start + count * storage.size())
        };
        let data = data.or_else(|| place.as_ref().ok().map(bytes));
        let is_finite = |(file, start, storage): &(usize, usize, Storage)| {
            let range = *start..*start + count * storage.size();
            storage.all_finite(&files.bytes(*file)[range])
        };
        let storage = place.as_ref().ok().map(|(.., storage)| *storage);
        let place = place.and_then(|found| match is_finite(&found) {
            true => Ok(found),
            false => Err("it holds numbers that are not finite".into()),
        });
        let external = data.as_ref().map_or(0, |(_, range)| range.len());
        Ok(Constant {
            name: name.to_owned(),
            stored: external.max(
                tensor
                    .raw_data
                    .as_ref()
                    .map_or(tensor.int32_data.len(), Bytes::len),
            ),
            storage,
            data,
            shape,
            place,
            integers,
            casts: Vec::new(),
            joined: None,
            is_eighth: tensor
                .data_type
                .is_some_and(|kind| element::FLOAT8.contains(&kind)),
            scales_eighths: false,
        })
    }

    fn place(
        data: Result<(usize, std::ops::Range<usize>), String>,
        count: usize,
        storage: Storage,
        fault: &dyn Fn(String) -> OnnxError,
    ) -> Result<Result<(usize, usize, Storage), String>, OnnxError> {
        let (file, range) = match data {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        match count.checked_mul(storage.size()) == Some(range.len()) {
            true => Ok(Ok((file, range.start, storage))),
            false => Err(fault(format!(
                "its shape has {count} entries of {} bytes, its data {} bytes",
                storage.size(),
                range.len()
            ))),
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The type of the fewest digits in which entries are stored and read; `None` if they are left alone.
    pub fn number_type(&self) -> Option<NumberType> {
        let (.., storage) = self.place.as_ref().ok()?;
        let casts = self.casts.iter().map(|cast| cast.number_type());
        casts.chain([storage.number_type()]).min()
    }

    /// An operator casts the entries.
    pub fn read_as(&mut self, to: Storage) {
        let narrows = self.storage.is_some_and(|storage| !to.holds(storage));
        if narrows && !self.casts.contains(&to) {
            self.casts.push(to);
        }
    }
}

type Found = Result<Result<(usize, std::ops::Range<usize>), String>, String>;

/// Where the data of a tensor are; the inner error says why they are left alone, the outer one what is wrong with them.
fn entries(tensor: &Tensor, packed: &[Bytes], files: &mut Files) -> Found {
    if tensor.data_location == Some(1) {
        return Ok(Ok(files.external(&tensor.external_data)?));
    }
    match (&tensor.raw_data, packed) {
        (Some(raw), _) => Ok(Ok(files.place(raw))),
        (None, [one]) => Ok(Ok(files.place(one))),
        (None, []) => Ok(Ok((0, 0..0))),
        (None, _) => Ok(Err("its entries are in several pieces".into())),
    }
}

/// The same for entries of 16 bits, each of which may stand in a 32-bit integer.
fn short_entries(tensor: &Tensor, files: &mut Files) -> Found {
    let is_plain = tensor.data_location == Some(1) || tensor.raw_data.is_some();
    if is_plain || tensor.int32_data.is_empty() {
        return entries(tensor, &[], files);
    }
    if tensor
        .int32_data
        .iter()
        .any(|bits| u16::try_from(*bits).is_err())
    {
        return Err("an entry has more than 16 bits".into());
    }
    let bits = tensor.int32_data.iter().map(|bits| *bits as u16);
    let bytes: Vec<u8> = bits.flat_map(u16::to_le_bytes).collect();
    Ok(Ok(files.place(&bytes.into())))
}

fn integers(tensor: &Tensor, files: &mut Files, count: usize) -> Result<Option<Vec<i64>>, String> {
    if count > MAX_INTEGERS {
        return Ok(None);
    }
    let size = match tensor.data_type {
        Some(element::BOOL) => 1,
        Some(element::INT32) => 4,
        _ => 8,
    };
    let found: Vec<i64> = if tensor.data_location == Some(1) || tensor.raw_data.is_some() {
        let Ok((file, range)) = entries(tensor, &[], files)? else {
            return Ok(None);
        };
        let chunks = files.bytes(file)[range].chunks_exact(size);
        if !chunks.remainder().is_empty() {
            return Err("its data are cut off".into());
        }
        let number = |chunk: &[u8]| match (chunk, size) {
            ([truth], 1) => i64::from(*truth != 0),
            (chunk, 4) => chunk
                .first_chunk()
                .map_or(0, |chunk| i32::from_le_bytes(*chunk).into()),
            (chunk, _) => chunk
                .first_chunk()
                .map_or(0, |chunk| i64::from_le_bytes(*chunk)),
        };
        chunks.map(number).collect()
    } else if size < 8 {
        tensor
            .int32_data
            .iter()
            .map(|number| i64::from(*number))
            .collect()
    } else {
        tensor.int64_data.clone()
    };
    match found.len() == count {
        true => Ok(Some(found)),
        false => Err(format!(
            "its shape has {count} entries, its data {}",
            found.len()
        )),
    }
}

/// A constant as an operator reads it: reshaped, transposed or cut.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub constant: usize,
    pub shape: Vec<usize>,
    /// The entry of the constant at each place of the view; `None` where they are the same.
    pub entries: Option<Arc<[u32]>>,
    /// Are its numbers those of the constant times others, which are not looked at?
    pub is_part: bool,
}

/// Numbers for each entry of what they are made of, where they are more than [`SMALL`]: more are left alone, since each
/// takes memory.
pub(super) const MOST_ZEROS: usize = 256;
pub(super) const SMALL: usize = 1 << 16;

impl View {
    /// The entry of a number that is 0 and stored nowhere.
    pub const ABSENT: u32 = u32::MAX;

    /// Numbers of another shape, each of which has one entry of this view as a factor, at a place; `None` if there are
    /// too many to number.
    pub fn spread(&self, shape: Vec<usize>, place: impl Fn(&[usize]) -> usize) -> Option<Self> {
        let spread = self.numbered(shape, |index| Some(place(index)))?;
        Some(View {
            is_part: true,
            ..spread
        })
    }

    /// Numbers of another shape, each of them an entry of this view, at a place, or 0; `None` if they are many more
    /// than this view has: each takes memory.
    pub fn placed(
        &self,
        shape: Vec<usize>,
        place: impl Fn(&[usize]) -> Option<usize>,
    ) -> Option<Self> {
        let size = shape
            .iter()
            .try_fold(1usize, |size, length| size.checked_mul(*length));
        let most = self.len().saturating_mul(MOST_ZEROS).max(SMALL);
        size.filter(|size| *size <= most)?;
        self.numbered(shape, place)
    }

    fn numbered(
        &self,
        shape: Vec<usize>,
        place: impl Fn(&[usize]) -> Option<usize>,
    ) -> Option<Self> {
        let count = shape
            .iter()
            .try_fold(1usize, |count, length| count.checked_mul(*length))?;
        u32::try_from(count)
            .ok()
            .filter(|count| *count < View::ABSENT)?;
        let mut entries = Vec::with_capacity(count);
        let mut index = vec![0; shape.len()];
        for _ in 0..count {
            let entry = place(&index).map_or(View::ABSENT, |place| self.entry(place) as u32);
            entries.push(entry);
            advance(&mut index, &shape);
        }
        Some(View {
            constant: self.constant,
            shape,
            entries: Some(entries.into()),
            is_part: self.is_part,
        })
    }

    /// The whole constant.
    pub fn whole(constant: usize, shape: &[usize]) -> Self {
        View {
            constant,
            shape: shape.to_vec(),
            entries: None,
            is_part: false,
        }
    }

    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The entry of the constant at a place of the view; [`ABSENT`](View::ABSENT) if it is none.
    pub fn entry(&self, place: usize) -> usize {
        match &self.entries {
            Some(entries) => entries[place] as usize,
            None => place,
        }
    }

    /// The shape, with 1 for axes along which entries repeat.
    pub fn unrepeated(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        let Some(entries) = &self.entries else {
            return shape;
        };
        let mut behind = 1;
        for length in shape.iter_mut().rev() {
            let along = behind * *length;
            let mut places = entries.iter().enumerate();
            let repeats = places.all(|(place, entry)| {
                let first = place - place % along + place % behind;
                entries[first] == *entry
            });
            behind = along;
            if repeats {
                *length = 1;
            }
        }
        shape
    }

    /// The same entries in another shape of as many.
    pub fn reshaped(&self, shape: Vec<usize>) -> Self {
        View {
            shape,
            ..self.clone()
        }
    }

    /// Entries taken from other places: `place` gives, for an index of the new view, the index of this one. `None` if
    /// there are too many to number.
    pub fn taken(&self, shape: Vec<usize>, place: impl Fn(&[usize]) -> Vec<usize>) -> Option<Self> {
        let count = shape
            .iter()
            .try_fold(1usize, |count, length| count.checked_mul(*length))?;
        u32::try_from(count.max(self.len())).ok()?;
        if count > self.len() {
            return None;
        }
        let mut entries = Vec::with_capacity(count);
        let mut index = vec![0; shape.len()];
        for _ in 0..count {
            let old = place(&index);
            let at = old
                .iter()
                .zip(&self.shape)
                .fold(0, |at, (index, length)| at * length + index);
            entries.push(self.entry(at) as u32);
            advance(&mut index, &shape);
        }
        Some(View {
            constant: self.constant,
            shape,
            entries: Some(entries.into()),
            is_part: self.is_part,
        })
    }
}
