//! The files of the result: tensors at their places, and everything else as it was.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};

use synaptic_balance::formats::checkpoint::{Checkpoint, PAGE, write_at};
use synaptic_balance::formats::open_input;

/// The files of tensors that are being written.
pub struct Files {
    files: Vec<File>,
    /// The same files, written past the memory that the system keeps of files, where it can.
    direct: Vec<Option<File>>,
    /// By file, the bytes that blocks write.
    changed: Vec<Vec<Range<usize>>>,
}

impl Files {
    /// Are all there, as long as they will be?
    pub fn are_there(checkpoint: &Checkpoint, folder: &Path) -> bool {
        let length = |path: &Path| path.metadata().ok().map(|found| found.len());
        checkpoint.files.iter().all(|path| {
            let own = folder.join(path.file_name().unwrap_or_default());
            length(&own).is_some_and(|own| length(path) == Some(own))
        })
    }

    /// Makes the files, or opens them if they are there.
    pub fn open(checkpoint: &Checkpoint, folder: &Path) -> Result<Self> {
        let (mut files, mut direct) = (Vec::new(), Vec::new());
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
            direct.push(open_direct(&folder.join(name)));
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
        Ok(Files {
            files,
            direct,
            changed,
        })
    }

    /// Writes a tensor. Whole pages that lie in memory as they will on the disk are not copied on the way; the rest is.
    pub fn write(&self, checkpoint: &Checkpoint, tensor: usize, bytes: &[u8]) -> Result<()> {
        let tensor = &checkpoint.tensors[tensor];
        let (file, start) = (&self.files[tensor.file], tensor.bytes.start);
        let head = start.wrapping_neg() % PAGE;
        let Some(rest) = bytes.get(head..) else {
            return write_at(file, start as u64, bytes);
        };
        let (pages, tail) = rest.split_at(rest.len() / PAGE * PAGE);
        write_at(file, start as u64, &bytes[..head])?;
        let (from, to) = (start + head, start + head + pages.len());
        let is_aligned = pages.as_ptr().addr().is_multiple_of(PAGE);
        let direct = self.direct[tensor.file].as_ref().filter(|_| is_aligned);
        let written = direct.map(|direct| write_at(direct, from as u64, pages));
        match written {
            Some(Ok(())) => {}
            // Some file systems find out only now that they cannot.
            None | Some(Err(_)) => write_at(file, from as u64, pages)?,
        }
        write_at(file, to as u64, tail)
    }

    /// Waits until files are on the disk.
    pub fn sync(&self, files: impl IntoIterator<Item = usize>) -> Result<()> {
        let files: BTreeSet<usize> = files.into_iter().collect();
        files
            .into_iter()
            .try_for_each(|file| self.files[file].sync_data())
    }

    /// Waits until all are on the disk, their lengths included.
    pub fn sync_all(&self) -> Result<()> {
        self.files.iter().try_for_each(File::sync_all)
    }

    /// Copies what no block writes: headers, other tensors.
    pub fn copy_rest(&self, checkpoint: &Checkpoint) -> Result<()> {
        for ((path, file), changed) in checkpoint.files.iter().zip(&self.files).zip(&self.changed) {
            let source = open_input(path)?;
            let length = usize::try_from(source.metadata()?.len()).map_err(Error::other)?;
            let mut start = 0;
            let end = std::iter::once(length..length);
            for range in changed.iter().cloned().chain(end) {
                copy(&source, file, start..range.start)?;
                start = range.end;
            }
        }
        Ok(())
    }
}

/// Opens a file to be written past the memory that the system keeps of files.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.write(true).custom_flags(libc::O_DIRECT);
    options.open(path).ok()
}

/// Nothing of the kind is known here.
#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> Option<File> {
    None
}

/// Copies a range within the system, where it can.
fn copy(mut source: &File, mut target: &File, range: Range<usize>) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    if range.is_empty() {
        return Ok(());
    }
    let start = SeekFrom::Start(range.start as u64);
    source.seek(start)?;
    target.seek(start)?;
    let length = range.len() as u64;
    match std::io::copy(&mut source.take(length), &mut target)? == length {
        true => Ok(()),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// Folders within a checkpoint that are gone into.
const DEPTH: usize = 16;

/// Every other file of a folder, relative to it, and every folder before what is in it: configuration, index,
/// tokenizer. Links are followed, so that a copy stands for itself.
///
/// # Errors
/// Pipes and devices, folders that lead into themselves, what cannot be read.
pub fn others(folder: &Path, own: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    list(folder, Path::new(""), own, &mut all, DEPTH)?;
    Ok(all)
}

/// What the files of weights are called at their ends, and of those the ones that hold none.
const WEIGHTS: [&str; 10] = [
    "bin",
    "ckpt",
    "gguf",
    "h5",
    "msgpack",
    "npz",
    "onnx",
    "pt",
    "pth",
    "safetensors",
];
const NO_WEIGHTS: [&str; 3] = ["training_args", "scheduler", "rng_state"];

/// Those of the files that may hold weights: the same in another format, an adapter, the state of an optimizer.
pub fn weights_among(others: &[PathBuf]) -> Vec<String> {
    let may_hold = |path: &&PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let end = path.extension().unwrap_or_default().to_string_lossy();
        WEIGHTS.contains(&&*end) && !NO_WEIGHTS.iter().any(|start| stem.starts_with(start))
    };
    let found = others.iter().filter(may_hold);
    found.map(|path| path.display().to_string()).collect()
}

fn list(
    folder: &Path,
    within: &Path,
    own: &BTreeSet<PathBuf>,
    all: &mut Vec<PathBuf>,
    depth: usize,
) -> Result<()> {
    let here = folder.join(within);
    let named = |path: &Path, fault: Error| {
        Error::new(fault.kind(), format!("{}: {fault}", path.display()))
    };
    if depth == 0 {
        let reason = "too many folders within each other";
        return Err(named(&here, Error::new(ErrorKind::InvalidInput, reason)));
    }
    let entries = std::fs::read_dir(match here == Path::new("") {
        true => Path::new("."),
        false => &here,
    });
    let entries = entries.map_err(|fault| named(&here, fault))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let (path, relative) = (here.join(&name), within.join(&name));
        if own.contains(&path) {
            continue;
        }
        let found = path.metadata().map_err(|fault| named(&path, fault))?;
        all.push(relative.clone());
        if found.is_dir() {
            list(folder, &relative, own, all, depth - 1)?;
        } else {
            // Pipes and devices are refused.
            open_input(&path).map_err(|fault| named(&path, fault))?;
        }
    }
    Ok(())
}

/// Copies the files that [`others`] found.
pub fn copy_others(from: &Path, to: &Path, others: &[PathBuf]) -> Result<()> {
    for relative in others {
        let (source, target) = (from.join(relative), to.join(relative));
        let found = source.metadata()?;
        if found.is_dir() {
            std::fs::create_dir_all(&target)?;
            continue;
        }
        let mut input = open_input(&source)?;
        let mut output = File::create(&target)?;
        std::io::copy(&mut input, &mut output)?;
        output.set_permissions(found.permissions())?;
        output.sync_all()?;
    }
    Ok(())
}
