//! The bytes of a checkpoint's tensors, read where they are needed and as many as are needed.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};

use super::{Checkpoint, CheckpointError, Tensor};
use crate::formats::open_input;

/// The open files of a checkpoint. Nothing is mapped: what is read is copied, so that a file which is cut meanwhile is
/// an error and no more.
#[derive(Debug)]
pub struct Shards(Vec<File>);

impl Shards {
    /// Opens all files of a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::File`].
    pub fn open(checkpoint: &Checkpoint) -> std::result::Result<Self, CheckpointError> {
        let open = |path: &std::path::PathBuf| {
            let fault = |fault| CheckpointError::File {
                path: path.clone(),
                fault,
            };
            open_input(path).map_err(fault)
        };
        let files = checkpoint.files.iter().map(open);
        Ok(Shards(files.collect::<std::result::Result<_, _>>()?))
    }

    /// Reads bytes of a tensor, from `offset` within it.
    ///
    /// # Errors
    /// Those of the system; a file that has become shorter.
    pub fn read(&self, tensor: &Tensor, offset: usize, into: &mut [u8]) -> Result<()> {
        let within = offset.checked_add(into.len());
        if within.is_none_or(|end| end > tensor.bytes.len()) {
            return Err(Error::new(ErrorKind::UnexpectedEof, "beyond the tensor"));
        }
        let start = (tensor.bytes.start + offset) as u64;
        read_at(&self.0[tensor.file], start, into)
    }

    /// All bytes of a tensor.
    ///
    /// # Errors
    /// Those of [`Shards::read`].
    pub fn all(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        let mut bytes = vec![0; tensor.bytes.len()];
        self.read(tensor, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// The bytes before the first tensor of a file: the length of its header, and the header.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(&self, file: usize, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        read_at(&self.0[file], 0, &mut bytes)?;
        Ok(bytes)
    }

    /// The length of a file.
    ///
    /// # Errors
    /// Those of the system.
    pub fn length(&self, file: usize) -> Result<u64> {
        Ok(self.0[file].metadata()?.len())
    }
}

#[cfg(unix)]
fn read_at(file: &File, start: u64, into: &mut [u8]) -> Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, start)
}

#[cfg(not(unix))]
fn read_at(file: &File, start: u64, into: &mut [u8]) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    // A second handle shares the place in the file: one reader at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _held = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(into)
}

/// Writes bytes into a file that is there.
///
/// # Errors
/// Those of the system.
#[cfg(unix)]
pub fn write_at(file: &File, start: u64, bytes: &[u8]) -> Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, start)
}

/// Writes bytes into a file that is there.
///
/// # Errors
/// Those of the system.
#[cfg(not(unix))]
pub fn write_at(file: &File, start: u64, bytes: &[u8]) -> Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _held = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(start))?;
    file.write_all(bytes)
}
