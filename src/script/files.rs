//! The network files that a script may read: those in its own folder, and those named by the caller.

use std::path::{Path, PathBuf};

use super::limits::MAX_FILE;
use crate::formats::read_input;
use crate::script::Options;

/// Reads a network file.
///
/// # Errors
/// A file that is not allowed, too large or not readable, in words.
pub fn read(options: &Options, name: &str) -> Result<Vec<u8>, String> {
    let path = allowed(options, name).ok_or_else(|| {
        format!(
            "`{name}` is neither in the folder of the script nor named for it on the command line"
        )
    })?;
    let unreadable = |error: std::io::Error| format!("`{name}`: {error}");
    read_input(&path, MAX_FILE).map_err(unreadable)
}

/// The real path of a file that may be read; links are followed first, so that they lead nowhere else.
fn allowed(options: &Options, name: &str) -> Option<PathBuf> {
    if let Some(path) = options
        .files
        .iter()
        .find(|path| path.as_path() == Path::new(name))
    {
        return Some(path.clone());
    }
    let folder = options.folder.as_ref()?.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    path.starts_with(&folder).then_some(path)
}
