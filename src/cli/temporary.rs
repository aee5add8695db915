//! Files that are only there while others are written: removed when the program is interrupted or told to end.

use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// How names of temporary files begin.
pub const PREFIX: &str = ".synbal-";

static FILES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// While it lives no signal ends the program.
pub fn hold() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file.
pub struct Temporary(NamedTempFile);

impl Temporary {
    /// A new file in a folder. One that is to take the place of another is never open to more readers than that.
    pub fn create(folder: &Path, like: Option<&Permissions>) -> Result<Self> {
        watch();
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; a result should have the permissions of any new file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = like.map_or(0o666, |like| like.mode() & 0o777);
            builder.permissions(Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = like;
        let mut files = hold();
        let file = builder.prefix(PREFIX).tempfile_in(folder)?;
        files.insert(file.path().to_path_buf());
        Ok(Temporary(file))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&mut self) -> &mut File {
        self.0.as_file_mut()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut files = hold();
        // Under another name by now, or of no use.
        let _ = std::fs::remove_file(self.0.path());
        files.remove(self.0.path());
    }
}

#[cfg(not(unix))]
fn watch() {}

#[cfg(not(unix))]
pub fn survive_cut_inputs(_: bool) {}

/// From now on interrupts and the like remove all temporary files before they end the program, as they would without. A
/// process that only calls commands has its own answer to them.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static WATCH: std::sync::Once = std::sync::Once::new();
    if !super::IS_PROGRAM.load(Ordering::Relaxed) {
        return;
    }
    WATCH.call_once(|| {
        // What the caller wants ignored stays so.
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter();
        let wanted: Vec<_> = wanted.filter(|signal| !is_ignored(*signal)).collect();
        let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else {
            return;
        };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let files = hold();
                for path in files.iter() {
                    let _ = std::fs::remove_file(path);
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

/// Does the program ignore a signal, as under `nohup`?
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Was it said that an input was cut?
#[cfg(unix)]
static TOLD: AtomicBool = AtomicBool::new(false);

/// A mapped input that is cut while it is read ends the program with a message and exit code 2; without, the system
/// would kill it.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "handlers of signals are unsafe to set, see below"
)]
pub fn survive_cut_inputs(json: bool) {
    use std::os::fd::FromRawFd;
    const REASON: &str = "an input was cut while it was read: nothing was written";
    let stderr = format!("synbal: {REASON}\n");
    let document = serde_json::json!({"error": "bad_input", "message": REASON});
    let stdout = if json {
        format!("{document:#}\n")
    } else {
        String::new()
    };
    // SAFETY: this is before any map is read. The handler calls what signal handlers may call: it unlinks files, writes
    // to open descriptors, and exits. It waits for no lock: the signal comes from a read of a map, and no map is read
    // while the list of files is held.
    let set = unsafe {
        // The handler that is there, by the standard library for overflows of the stack, would be called first; it
        // gives the signal its default meaning back, by which a second thread that reads the map would kill the program
        // while the first one still says why.
        libc::signal(libc::SIGBUS, libc::SIG_DFL);
        signal_hook::low_level::register(signal_hook::consts::SIGBUS, move || {
            // Of several threads that read the map, one says so.
            while TOLD.swap(true, Ordering::SeqCst) {
                libc::pause();
            }
            if let Ok(files) = FILES.try_lock() {
                for path in files.iter() {
                    let _ = std::fs::remove_file(path);
                }
            }
            for (descriptor, text) in [(2, &stderr), (1, &stdout)] {
                let file = std::mem::ManuallyDrop::new(File::from_raw_fd(descriptor));
                let _ = std::io::Write::write_all(&mut &*file, text.as_bytes());
            }
            signal_hook::low_level::exit(2);
        })
    };
    // Without the handler nothing is lost but the message.
    drop(set);
}
