//! Output files: complete or not at all.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

use super::BadInput;
use synaptic_balance::formats::is_onnx;

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

/// Writes all files or none: each to a temporary file beside its place, then all are renamed. What is no regular file (a
/// pipe, a device) is written to directly; a link stays a link.
pub fn write_all<P: AsRef<Path>>(files: &[(P, Vec<u8>)]) -> Result<(), BadInput> {
    let mut written = Vec::new();
    for (path, text) in files {
        let path = path.as_ref();
        let failed =
            |fault: std::io::Error| BadInput::at(path, format!("cannot write: {}", fault.kind()));
        if path
            .metadata()
            .is_ok_and(|found| !found.is_file() && !found.is_dir())
        {
            std::fs::write(path, text).map_err(failed)?;
            continue;
        }
        let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let mut file = create_beside(&place).map_err(failed)?;
        file.write_all(text)
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        written.push((path, place, file));
    }
    for (path, place, file) in written {
        file.persist(place)
            .map_err(|fault| BadInput::at(path, format!("cannot write: {}", fault.error.kind())))?;
    }
    Ok(())
}

/// Writes one file as it is made, to a temporary file beside its place that is renamed at the end.
pub fn write_with(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<&mut NamedTempFile>) -> Result<(), String>,
) -> Result<(), BadInput> {
    let failed =
        |fault: std::io::Error| BadInput::at(path, format!("cannot write: {}", fault.kind()));
    let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut file = create_beside(&place).map_err(failed)?;
    let mut into = std::io::BufWriter::with_capacity(1 << 20, &mut file);
    write(&mut into).map_err(|fault| BadInput::at(path, format!("nothing written: {fault}")))?;
    into.flush().map_err(failed)?;
    drop(into);
    file.as_file().sync_all().map_err(failed)?;
    file.persist(place).map_err(|fault| failed(fault.error))?;
    Ok(())
}

/// Does a file begin as an ONNX model does?
pub fn begins_as_onnx(path: &Path) -> bool {
    let mut start = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut start));
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
