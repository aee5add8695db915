//! The Python in which other judges run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The interpreter itself: what finds it on the path can take longer than a script.
static INTERPRETER: LazyLock<PathBuf> = LazyLock::new(|| {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let told = asked
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    told.map(|path| PathBuf::from(path.trim()))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| "python3".into())
});

/// `python3`, or whatever fails to be it where there is none.
pub fn python() -> Command {
    Command::new(&*INTERPRETER)
}
