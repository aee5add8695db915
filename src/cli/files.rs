//! Output files: complete or not at all.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

use super::BadInput;
use synaptic_balance::formats::{cached, is_onnx};

/// Refuses outputs that would overwrite each other, or an input that is not meant to be replaced.
pub fn distinct(outputs: &[Option<&PathBuf>], inputs: &[&PathBuf]) -> Result<(), BadInput> {
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let outputs: Vec<&PathBuf> = outputs.iter().copied().flatten().collect();
    for (position, path) in outputs.iter().enumerate() {
        let others = outputs.iter().take(position).chain(inputs);
        if others
            .into_iter()
            .any(|other| resolved(other) == resolved(path))
        {
            return Err(BadInput::at(path, "would be overwritten: nothing written"));
        }
    }
    Ok(())
}

/// Refuses outputs that would overwrite each other or the data of the model, and a pipe or device that would have files beside it.
pub fn beside(outputs: &[&PathBuf], data: &[PathBuf]) -> Result<(), BadInput> {
    let all: Vec<Option<&PathBuf>> = outputs.iter().copied().map(Some).collect();
    distinct(&all, &data.iter().collect::<Vec<_>>())?;
    match outputs.iter().find(|path| is_special(path)) {
        Some(path) if !data.is_empty() => Err(BadInput::at(
            path,
            "a model with data in other files is written to files",
        )),
        _ => Ok(()),
    }
}

/// Writes the content of a file; says in words what is wrong if it cannot be made.
pub type Content<'a> = Box<dyn FnOnce(&mut dyn Write) -> Result<(), String> + 'a>;

/// Content that is at hand.
pub fn content(bytes: &[u8]) -> Content<'_> {
    Box::new(|into| into.write_all(bytes).map_err(|fault| fault.to_string()))
}

/// Writes all files or none, as [`write_as_made`].
pub fn write_all<P: AsRef<Path>>(files: &[(P, Vec<u8>)]) -> Result<(), BadInput> {
    let files = files.iter().map(|(path, bytes)| (path, content(bytes)));
    write_as_made(files.collect())
}

/// Writes all files or none: each to a temporary file beside its place, then all are renamed. What is no regular file (a
/// pipe, a device) is written to directly; a link stays a link.
pub fn write_as_made<P: AsRef<Path>>(files: Vec<(P, Content)>) -> Result<(), BadInput> {
    let mut written = Vec::new();
    for (path, content) in files {
        let path_of = path.as_ref();
        let failed = |fault: std::io::Error| {
            BadInput::at(path_of, format!("cannot write: {}", fault.kind()))
        };
        let write = |file: &mut std::fs::File| {
            let mut into = std::io::BufWriter::with_capacity(1 << 20, file);
            let made = content(&mut into);
            made.map_err(|fault| BadInput::at(path_of, format!("nothing written: {fault}")))?;
            into.flush().map_err(failed)
        };
        if is_special(path_of) {
            write(&mut std::fs::File::create(path_of).map_err(failed)?)?;
            continue;
        }
        let place = path_of.canonicalize();
        let place = place.unwrap_or_else(|_| path_of.to_path_buf());
        let mut file = create_beside(&place).map_err(failed)?;
        write(file.as_file_mut())?;
        file.as_file().sync_all().map_err(failed)?;
        written.push((path, place, file));
    }
    for (path, place, file) in written {
        file.persist(place).map_err(|fault| {
            let reason = format!("cannot write: {}", fault.error.kind());
            BadInput::at(path.as_ref(), reason)
        })?;
    }
    Ok(())
}

/// Is it a pipe or a device?
fn is_special(path: &Path) -> bool {
    let found = path.metadata();
    found.is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Does a file begin as an ONNX model does?
pub fn begins_as_onnx(path: &Path) -> bool {
    let mut start = [0; 16];
    let read = std::fs::File::open(cached(path)).and_then(|mut file| file.read(&mut start));
    read.is_ok_and(|length| is_onnx(&start[..length]))
}

fn create_beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
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
