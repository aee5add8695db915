//! Output files: complete or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

use super::BadInput;

/// Writes all files or none: each to a temporary file beside its place, then all are renamed.
pub fn write_all(files: &[(&PathBuf, String)]) -> Result<(), BadInput> {
    let mut written = Vec::new();
    for (path, text) in files {
        let mut file = create_beside(path)
            .map_err(|fault| BadInput::at(path, format!("cannot write: {fault}")))?;
        let stored = file
            .write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all());
        stored.map_err(|fault| BadInput::at(path, format!("cannot write: {fault}")))?;
        written.push((path, file));
    }
    for (path, file) in written {
        file.persist(path)
            .map_err(|fault| BadInput::at(path, format!("cannot write: {}", fault.error)))?;
    }
    Ok(())
}

fn create_beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(std::io::Error::other("it is a folder"));
    }
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; a result should have the permissions of any new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".synbal-").tempfile_in(folder)
}
