//! Archives of NumPy arrays.

use std::io::{Cursor, Read};
use zip::ZipArchive;

use super::{Kind, RangesError, Storage, Stored};

/// All arrays together may have so many bytes: an archive can be far shorter than what is packed in it.
const MAX_BYTES: u64 = 1 << 27;

/// The arrays of an archive, in its order.
pub(super) fn arrays(bytes: &[u8]) -> Result<Vec<Stored>, RangesError> {
    let damaged = |fault: zip::result::ZipError| RangesError::Archive(fault.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut left = MAX_BYTES;
    let mut all = Vec::new();
    for place in 0..archive.len() {
        let file = archive.by_index(place).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        let Some(own) = name.strip_suffix(".npy").map(str::to_owned) else {
            return Err(RangesError::array(&name, "it is no .npy array"));
        };
        let mut content = Vec::new();
        let read = file.take(left + 1).read_to_end(&mut content);
        read.map_err(|fault| RangesError::array(&own, format!("it cannot be unpacked: {fault}")))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            RangesError::Archive(format!("its arrays have more than {MAX_BYTES} bytes"))
        })?;
        let numbers = array(&content).map_err(|reason| RangesError::array(&own, reason))?;
        all.push((own, numbers));
    }
    Ok(all)
}

/// The numbers of an `.npy` file: its magic word, a header in the notation of Python, and the entries.
fn array(bytes: &[u8]) -> Result<Vec<f64>, String> {
    let cut = || "it is cut off".to_string();
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("it is no .npy array")?;
    let ([major, _], rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => return Err(format!("version {other} of .npy is not known")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is no text")?;
    let (kind, is_big_endian) = number_type(text(header, "descr")?)?;
    let shape = shape(header)?;
    let long = shape.iter().filter(|length| **length != 1).count();
    if long > 1 && after(header, "fortran_order")?.starts_with("True") {
        return Err("it is stored column by column".into());
    }
    let count = shape
        .iter()
        .try_fold(1usize, |count, length| count.checked_mul(*length));
    let size = count.and_then(|count| count.checked_mul(kind.size()));
    if size != Some(data.len()) {
        return Err(format!(
            "its shape does not fit the {} bytes of its entries",
            data.len()
        ));
    }
    kind.numbers(data, is_big_endian)
}

/// What follows a key of the header.
fn after<'h>(header: &'h str, key: &str) -> Result<&'h str, String> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let found = quoted.iter().find_map(|quoted| header.split_once(quoted));
    let value = found.and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let value = value.ok_or_else(|| format!("its header has no `{key}`"))?;
    Ok(value.trim_start())
}

/// A text of the header.
fn text<'h>(header: &'h str, key: &str) -> Result<&'h str, String> {
    let value = after(header, key)?;
    let quote = value
        .chars()
        .next()
        .filter(|first| matches!(first, '\'' | '"'));
    let text = quote.and_then(|quote| value[1..].split_once(quote));
    let (text, _) = text.ok_or("its entries are no plain numbers")?;
    Ok(text)
}

fn number_type(descr: &str) -> Result<(Kind, bool), String> {
    let unknown = || format!("its numbers are `{descr}`: f2, f4, f8 and integers are taken");
    let (order, kind) = descr.split_at_checked(1).ok_or_else(unknown)?;
    let is_big_endian = match order {
        "<" | "|" | "=" => false,
        ">" => true,
        _ => return Err(unknown()),
    };
    let kind = match kind {
        "f2" => Kind::Float(Storage::Half),
        "f4" => Kind::Float(Storage::Single),
        "f8" => Kind::Float(Storage::Double),
        "i1" => Kind::Signed(1),
        "i2" => Kind::Signed(2),
        "i4" => Kind::Signed(4),
        "i8" => Kind::Signed(8),
        "u1" => Kind::Unsigned(1),
        "u2" => Kind::Unsigned(2),
        "u4" => Kind::Unsigned(4),
        "u8" => Kind::Unsigned(8),
        _ => return Err(unknown()),
    };
    Ok((kind, is_big_endian))
}

fn shape(header: &str) -> Result<Vec<usize>, String> {
    let value = after(header, "shape")?.strip_prefix('(');
    let inner = value.and_then(|value| value.split_once(')'));
    let (inner, _) = inner.ok_or("its header has no shape")?;
    let lengths = inner
        .split(',')
        .map(str::trim)
        .filter(|length| !length.is_empty());
    let lengths = lengths.map(|length| {
        length
            .parse()
            .map_err(|_| "its header has no shape".to_string())
    });
    lengths.collect()
}
