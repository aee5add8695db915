//! The files of the result: tensors at their places, and everything else as it was.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};

use synaptic_balance::formats::checkpoint::{Checkpoint, write_at};
use synaptic_balance::formats::open_input;

/// The files of tensors that are being written.
pub struct Files {
    files: Vec<File>,
    /// By file, the bytes that blocks write.
    changed: Vec<Vec<Range<usize>>>,
}

/// Bytes copied at once.
const STEP: usize = 1 << 22;

impl Files {
    /// Makes the files, or opens them if they are there.
    pub fn open(checkpoint: &Checkpoint, folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in &checkpoint.files {
            let name = path.file_name().unwrap_or_default();
            let options = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .clone();
            let file = options.open(folder.join(name))?;
            file.set_len(path.metadata()?.len())?;
            files.push(file);
        }
        let mut changed = vec![Vec::new(); files.len()];
        let tensors = checkpoint.blocks.iter().flat_map(|block| &block.tensors);
        for tensor in tensors.collect::<BTreeSet<_>>() {
            let tensor = &checkpoint.tensors[*tensor];
            changed[tensor.file].push(tensor.bytes.clone());
        }
        changed
            .iter_mut()
            .for_each(|ranges| ranges.sort_by_key(|range| range.start));
        Ok(Files { files, changed })
    }

    /// Writes a tensor.
    pub fn write(&self, checkpoint: &Checkpoint, tensor: usize, bytes: &[u8]) -> Result<()> {
        let tensor = &checkpoint.tensors[tensor];
        write_at(&self.files[tensor.file], tensor.bytes.start as u64, bytes)
    }

    /// Waits until files are on the disk.
    pub fn sync(&self, files: impl IntoIterator<Item = usize>) -> Result<()> {
        let files: BTreeSet<usize> = files.into_iter().collect();
        files
            .into_iter()
            .try_for_each(|file| self.files[file].sync_data())
    }

    /// Copies what no block writes: headers, other tensors.
    pub fn copy_rest(&self, checkpoint: &Checkpoint) -> Result<()> {
        for ((path, file), changed) in checkpoint.files.iter().zip(&self.files).zip(&self.changed) {
            let source = open_input(path)?;
            let length = usize::try_from(source.metadata()?.len()).map_err(Error::other)?;
            let mut start = 0;
            let end = [length..length];
            for range in changed.iter().chain(&end) {
                copy(&source, file, start..range.start)?;
                start = range.end;
            }
            file.sync_all()?;
        }
        Ok(())
    }
}

fn copy(source: &File, target: &File, range: Range<usize>) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut source = source;
    source.seek(SeekFrom::Start(range.start as u64))?;
    let mut buffer = vec![0; STEP.min(range.len())];
    let mut at = range.start;
    while at < range.end {
        let length = STEP.min(range.end - at);
        source.read_exact(&mut buffer[..length])?;
        write_at(target, at as u64, &buffer[..length])?;
        at += length;
    }
    Ok(())
}

/// Folders within a checkpoint that are gone into.
pub const DEPTH: usize = 16;

/// Copies every other file of the folder: configuration, index, tokenizer. Links are followed, so that a result stands for itself.
pub fn copy_others(checkpoint: &Checkpoint, folder: &Path) -> Result<()> {
    let own: BTreeSet<PathBuf> = checkpoint.files.iter().cloned().collect();
    copy_folder(&checkpoint.folder, folder, &own, DEPTH)
}

/// Copies a folder, without some files.
pub fn copy_folder(from: &Path, to: &Path, own: &BTreeSet<PathBuf>, depth: usize) -> Result<()> {
    let named = |path: &Path, fault: Error| {
        Error::new(fault.kind(), format!("{}: {fault}", path.display()))
    };
    if depth == 0 {
        let reason = format!("{}: too many folders within each other", from.display());
        return Err(Error::new(ErrorKind::InvalidInput, reason));
    }
    let from_folder = match from == Path::new("") {
        true => Path::new("."),
        false => from,
    };
    let entries = std::fs::read_dir(from_folder).map_err(|fault| named(from, fault))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let (source, target) = (from.join(&name), to.join(&name));
        if own.contains(&source) {
            continue;
        }
        let found = source.metadata().map_err(|fault| named(&source, fault))?;
        if found.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_folder(&source, &target, own, depth - 1)?;
        } else {
            // Pipes and devices are refused.
            let mut input = open_input(&source).map_err(|fault| named(&source, fault))?;
            let mut output = File::create(&target)?;
            std::io::copy(&mut input, &mut output).map_err(|fault| named(&source, fault))?;
            output.set_permissions(found.permissions())?;
            output.sync_all()?;
        }
    }
    Ok(())
}
