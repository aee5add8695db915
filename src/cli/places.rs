//! Places that outputs go to: what a path leads to, and whether two lead to one.

use std::fs::Metadata;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use synaptic_balance::formats::memory::{held, is_kept};

/// Links followed before a path counts as a ring of them.
const MAX_LINKS: usize = 40;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, links followed and its folder without any; it need not exist.
    File(PathBuf),
    Folder(PathBuf),
    /// A pipe or a device.
    Special(PathBuf),
    /// Standard output.
    Stdout,
    /// Memory of the caller.
    Kept(PathBuf),
}

impl Place {
    /// Follows a path. A link that leads to nothing leads to the file that it names.
    pub fn of(path: &Path) -> Result<Self> {
        if is_kept(path) || held(path).is_some() {
            return Ok(Place::Kept(path.to_path_buf()));
        }
        let mut path = path.to_path_buf();
        for _ in 0..MAX_LINKS {
            let name = path.file_name().filter(|_| !ends_as_folder(&path));
            let Some(name) = name else {
                return path.canonicalize().map(Place::Folder);
            };
            let parent = path.parent().filter(|parent| *parent != Path::new(""));
            let folder = parent.unwrap_or(Path::new(".")).canonicalize()?;
            let here = folder.join(name);
            if is_stdout(&here) {
                return Ok(Place::Stdout);
            }
            let found = match here.symlink_metadata() {
                Ok(found) => found,
                Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(Place::File(here)),
                Err(fault) => return Err(fault),
            };
            if !found.is_symlink() {
                return Ok(Place::found(here, &found));
            }
            // A link of the system to an open file may have a name that leads nowhere.
            let target = folder.join(here.read_link()?);
            match here.metadata() {
                Ok(found) if !target.metadata().is_ok_and(|other| is_same(&found, &other)) => {
                    return Ok(Place::Special(here));
                }
                _ => path = target,
            }
        }
        Err(Error::other("too many links"))
    }

    fn found(here: PathBuf, found: &Metadata) -> Self {
        if found.is_dir() {
            return Place::Folder(here);
        }
        match found.is_file() {
            true => Place::File(here),
            false if is_pipe(found) && is_stdout_file(found) => Place::Stdout,
            false => Place::Special(here),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Place::File(path) | Place::Folder(path) | Place::Special(path) => Some(path),
            Place::Stdout | Place::Kept(_) => None,
        }
    }

    /// Do both lead to one file, also under two names?
    pub fn is(&self, other: &Place) -> bool {
        let (Some(one), Some(two)) = (self.path(), other.path()) else {
            return self == other;
        };
        let files = (one.metadata(), two.metadata());
        match files {
            (Ok(one), Ok(two)) => is_same(&one, &two),
            _ if cfg!(any(windows, target_os = "macos")) => {
                one.to_string_lossy().to_lowercase() == two.to_string_lossy().to_lowercase()
            }
            _ => one == two,
        }
    }

    /// Is it a file that standard output is directed to?
    pub fn is_under_stdout(&self) -> bool {
        let found = self.path().and_then(|path| path.metadata().ok());
        found.is_some_and(|found| found.is_file() && is_stdout_file(&found))
    }
}

fn ends_as_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    text.ends_with(b"/") || text.ends_with(b"/.")
}

/// Is it a name of this program's standard output, its folder without links?
fn is_stdout(here: &Path) -> bool {
    if here == Path::new("/dev/stdout") || here == Path::new("/dev/fd/1") {
        return true;
    }
    let own = Path::new("/proc").join(std::process::id().to_string());
    let inside = here.strip_prefix(own).ok();
    inside.is_some_and(|inside| {
        let parts: Vec<_> = inside.iter().collect();
        match parts.as_slice() {
            [folder, number] => *folder == "fd" && *number == "1",
            [task, _, folder, number] => *task == "task" && *folder == "fd" && *number == "1",
            _ => false,
        }
    })
}

#[cfg(unix)]
fn is_same(one: &Metadata, two: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (two.dev(), two.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn is_pipe(found: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

/// Is it what standard output is directed to?
#[cfg(unix)]
fn is_stdout_file(found: &Metadata) -> bool {
    use std::os::fd::AsFd;
    let stdout = std::io::stdout().as_fd().try_clone_to_owned();
    let stdout = stdout.and_then(|stdout| std::fs::File::from(stdout).metadata());
    stdout.is_ok_and(|stdout| is_same(&stdout, found))
}

#[cfg(not(unix))]
fn is_stdout_file(_: &Metadata) -> bool {
    false
}
