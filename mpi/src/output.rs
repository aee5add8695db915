//! The file or folder that all ranks write into: complete and under its name, or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::machines::Fault;

/// What is written now, beside the place that it is for.
static STAGED: Mutex<Option<(PathBuf, PathBuf)>> = Mutex::new(None);

fn staged() -> MutexGuard<'static, Option<(PathBuf, PathBuf)>> {
    STAGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A result on its way: a file, or a folder of files, under a temporary name beside its place. Rank 0 makes it, and
/// gives it its name when all ranks are done.
pub struct Output {
    destination: PathBuf,
    temporary: PathBuf,
    /// Its files; the temporary file itself, or those in the temporary folder.
    files: Vec<PathBuf>,
    is_folder: bool,
    is_maker: bool,
}

impl Output {
    /// The same on every rank, before anything is made: `token` is what rank 0 chose.
    pub fn new(destination: &Path, token: &str, names: Option<&[PathBuf]>, is_maker: bool) -> Self {
        let temporary = folder(destination).join(format!(".synbal-mpi-{token}"));
        *staged() = Some((temporary.clone(), destination.to_path_buf()));
        watch();
        let files = match names {
            Some(names) => names.iter().map(|name| temporary.join(name)).collect(),
            None => vec![temporary.clone()],
        };
        Output {
            destination: destination.to_path_buf(),
            temporary,
            files,
            is_folder: names.is_some(),
            is_maker,
        }
    }

    /// Makes it, on rank 0, unless something is at the destination that it could not replace.
    pub fn create(&self) -> Result<(), Fault> {
        let failed = |reason: &dyn ToString| {
            Fault::bad(format!(
                "{}: cannot write: {}",
                self.destination.display(),
                reason.to_string()
            ))
        };
        let former = self.destination.symlink_metadata().ok();
        match (self.is_folder, former) {
            (true, Some(found)) if found.is_dir() => {
                let entries = self.destination.read_dir();
                if entries.map_err(|fault| failed(&fault))?.next().is_some() {
                    return Err(failed(
                        &"a model in several files is written into a new or empty folder",
                    ));
                }
            }
            (true, Some(_)) => return Err(failed(&"is not a folder")),
            (false, Some(found)) if !found.is_file() => {
                return Err(failed(&"is there, and is not a file"));
            }
            _ => {}
        }
        let made = match self.is_folder {
            true => fs::create_dir(&self.temporary),
            false => new_file(&self.temporary).map(drop),
        };
        made.map_err(|fault| failed(&fault.kind()))
    }

    /// Makes a file as long as it will be, with its beginning, on rank 0.
    pub fn begin(&self, file: usize, length: usize, header: &[u8]) -> Result<(), Fault> {
        let made = || {
            let made = match self.is_folder {
                true => new_file(&self.files[file])?,
                false => OpenOptions::new().write(true).open(&self.files[file])?,
            };
            made.set_len(length as u64)?;
            made.write_all_at(header, 0)
        };
        made().map_err(|fault| self.failed(&fault))
    }

    /// Writes a whole file in the folder.
    pub fn add(&self, name: &Path, content: &[u8]) -> Result<(), Fault> {
        let written = fs::write(self.temporary.join(name), content);
        written.map_err(|fault| self.failed(&fault))
    }

    /// A file, to write parts of it.
    pub fn open(&self, file: usize) -> Result<File, Fault> {
        let opened = OpenOptions::new().write(true).open(&self.files[file]);
        opened.map_err(|fault| self.failed(&fault))
    }

    pub fn failed(&self, fault: &io::Error) -> Fault {
        Fault::bad(format!(
            "{}: cannot write: {fault}",
            self.destination.display()
        ))
    }

    /// Gives it its name, on rank 0, when all ranks are done.
    pub fn commit(&self) -> Result<(), Fault> {
        // No signal in between.
        let mut staged = staged();
        if let (true, Ok(former)) = (self.destination.is_file(), self.destination.metadata()) {
            let kept = fs::set_permissions(&self.temporary, former.permissions());
            kept.map_err(|fault| self.failed(&fault))?;
        }
        let renamed = fs::rename(&self.temporary, &self.destination);
        renamed.map_err(|fault| self.failed(&fault))?;
        *staged = None;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let mut staged = staged();
        if self.is_maker && staged.is_some() {
            remove(&self.temporary);
        }
        *staged = None;
    }
}

/// Where a file lies.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn remove(path: &Path) {
    // What cannot be removed stays, under a name that says whose it is.
    let _ = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
}

/// Of all ranks that are told to end, one says so: the one that takes away what was written so far.
pub fn give_up() {
    let staged = staged();
    if let Some((temporary, destination)) = staged.as_ref() {
        let mut taken = temporary.as_os_str().to_owned();
        taken.push("-stopped");
        let taken = PathBuf::from(taken);
        if fs::rename(temporary, &taken).is_ok() {
            eprintln!(
                "synbal-mpi: a rank failed, or the run was told to end: nothing was written to {}",
                destination.display()
            );
            remove(&taken);
        }
    }
}

/// From now on a signal to end, as `mpirun` sends it to all ranks when one has died, takes away what was written so
/// far.
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static WATCH: std::sync::Once = std::sync::Once::new();
    WATCH.call_once(|| {
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
            return;
        };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                give_up();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

/// Writes to a place in a file.
pub struct At<'a> {
    file: &'a File,
    place: u64,
}

impl<'a> At<'a> {
    pub fn new(file: &'a File, place: usize) -> BufWriter<Self> {
        let place = place as u64;
        BufWriter::with_capacity(1 << 20, At { file, place })
    }
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.place)?;
        self.place += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
