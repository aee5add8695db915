//! Where the files of a model may lie: in its folder, or in the cache of a model hub whose snapshot the folder is.
//!
//! Such a cache keeps the content of files in `blobs`, and for each revision a folder `snapshots/REVISION` of links
//! into it. A link there may lead into the `blobs` of the same cache, and nowhere else; everywhere else a file must lie
//! in the model's folder, links followed. A cache that was copied to where there are no links holds small files with
//! the text of the links: they are followed alike.

use std::io;
use std::path::{Component, Path, PathBuf};

/// No link is longer.
const MAX_LINK: u64 = 1024;

/// The folder of contents that belongs to a folder in a snapshot.
fn blobs(folder: &Path) -> Option<PathBuf> {
    let named = |folder: &&Path| folder.file_name().is_some_and(|name| name == "snapshots");
    let snapshots = folder.ancestors().skip(1).find(named)?;
    let blobs = snapshots.parent()?.join("blobs");
    blobs.is_dir().then_some(blobs)
}

fn resolved(folder: &Path) -> io::Result<PathBuf> {
    match folder.as_os_str().is_empty() {
        true => Path::new(".").canonicalize(),
        false => folder.canonicalize(),
    }
}

/// Does a file, links followed, lie where a model in a folder may keep its files?
pub(super) fn is_within(folder: &Path, file: &Path) -> io::Result<bool> {
    let (folder, file) = (resolved(folder)?, file.canonicalize()?);
    let is_blob = || {
        let blobs = blobs(&folder).and_then(|blobs| blobs.canonicalize().ok());
        blobs.is_some_and(|blobs| file.starts_with(blobs))
    };
    Ok(file.is_file() && (file.starts_with(&folder) || is_blob()))
}

/// The file that a path stands for: itself, or, in the snapshot of a cache without links, the content that its text
/// names.
pub fn cached(path: &Path) -> PathBuf {
    linked(path).unwrap_or_else(|| path.to_path_buf())
}

fn linked(path: &Path) -> Option<PathBuf> {
    let folder = resolved(path.parent()?).ok()?;
    let blobs = blobs(&folder)?.canonicalize().ok()?;
    let about = path.metadata().ok()?;
    if !about.is_file() || about.len() > MAX_LINK {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let link = Path::new(text.trim_end());
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::ParentDir);
    if !link.starts_with("..") || !link.components().all(is_plain) {
        return None;
    }
    let target = folder.join(link).canonicalize().ok()?;
    (target.is_file() && target.starts_with(blobs)).then_some(target)
}
