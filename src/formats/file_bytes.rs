//! The bytes of files that are read: what is no file is refused before it is opened, what is too long before it is
//! read.

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use super::memory::held;

/// Files longer than this are mapped.
const LARGE: u64 = 8 << 20;

/// The longest model that is read into memory, in bytes.
pub const MAX_MODEL: u64 = 1 << 30;

/// The longest text beside a model that is read: an index, an architecture, a script.
pub const MAX_TEXT: u64 = 1 << 26;

/// Opens a file to be read. An open pipe of the caller (`/dev/stdin`, a process substitution) will do; named pipes,
/// devices and folders are refused without being opened: they could keep a reader waiting, or never end.
///
/// # Errors
/// What is no file, and those of the system.
pub fn open_input(path: &Path) -> Result<File> {
    let found = path.metadata()?;
    if found.is_dir() {
        return Err(Error::new(
            ErrorKind::IsADirectory,
            "is a folder, not a file",
        ));
    }
    if !found.is_file() && !is_open_pipe(path, &found) {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "is a pipe or a device, not a file",
        ));
    }
    File::open(path)
}

/// The bytes of a file of at most `limit` bytes, opened as [`open_input`] does.
///
/// # Errors
/// A longer file, which is not read; those of [`open_input`].
pub fn read_input(path: &Path, limit: u64) -> Result<Vec<u8>> {
    if let Some(held) = held(path) {
        return match held.len() as u64 > limit {
            true => Err(too_long(limit)),
            false => Ok(held.bytes().into()),
        };
    }
    read_open(open_input(path)?, limit)
}

fn too_long(limit: u64) -> Error {
    let reason = format!("holds more than the {limit} bytes that are read");
    Error::new(ErrorKind::FileTooLarge, reason)
}

fn read_open(file: File, limit: u64) -> Result<Vec<u8>> {
    if file.metadata()?.len() > limit {
        return Err(too_long(limit));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(too_long(limit)),
        false => Ok(bytes),
    }
}

/// Is it a pipe that is open already? Such a pipe has no place in the file system.
fn is_open_pipe(path: &Path, found: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        found.file_type().is_fifo() && path.canonicalize().is_err()
    }
    #[cfg(not(unix))]
    {
        let _ = (path, found);
        false
    }
}

/// The bytes of a file of any length, through a map if they are many.
pub(super) fn file_bytes(path: &Path) -> Result<Bytes> {
    if let Some(held) = held(path) {
        return Ok(held.bytes());
    }
    let file = open_input(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.len() > LARGE {
        return map(&file);
    }
    Ok(read_open(file, MAX_MODEL)?.into())
}

/// Maps a file: its bytes are read from it as they are looked at, through the system's page cache.
#[expect(unsafe_code, reason = "memory maps are unsafe to make, see below")]
pub(super) fn map(file: &File) -> Result<Bytes> {
    // SAFETY: a map is sound as long as nobody else changes or shortens the file while it is read, which no program can
    // rule out. The maps are private and never written to, outputs go to new files that are renamed, and nearly every
    // byte is read as a part of a number, of which any bits are valid: a change from outside gives other numbers, as it
    // would with any reader of the map. If the file is cut, the system sends a signal; the program ends by it with a
    // message, and leaves every output as it was.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
