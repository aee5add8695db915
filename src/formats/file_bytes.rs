//! The bytes of a file: read if they are few, mapped into memory if they are many.

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::File;
use std::io::{Read, Result};
use std::path::Path;

/// Files longer than this are mapped.
const LARGE: u64 = 8 << 20;

/// The bytes of any file.
pub(super) fn file_bytes(path: &Path) -> Result<Bytes> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.len() > LARGE {
        return map(&file);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Maps a file: its bytes are read from it as they are looked at, through the system's page cache.
#[expect(unsafe_code, reason = "memory maps are unsafe to make, see below")]
pub(super) fn map(file: &File) -> Result<Bytes> {
    // SAFETY: a map is sound as long as nobody else changes or shortens the file while it is read, which no program can rule out.
    // The maps are private and never written to, outputs go to new files that are renamed, and nearly every byte is read as a part of a
    // number, of which any bits are valid: a change from outside gives other numbers (or ends the program by a signal, if the file is
    // cut), as it would with any reader of the map.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
