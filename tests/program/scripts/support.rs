//! The scripts of the repository, and short ways to run one.

use std::path::{Path, PathBuf};
use synaptic_balance::script::{Options, Transcript, run};

/// A proof script.
pub struct Script {
    /// The folder, which is the room of the theory.
    pub room: String,
    /// The theorem.
    pub id: String,
    /// The text.
    pub source: String,
}

impl Script {
    /// Runs the script, or a changed text in its place.
    pub fn run(&self, source: &str) -> Transcript {
        let name = format!("proofs/{}/{}.rhai", self.room, self.id);
        let folder = Some(root().join("proofs").join(&self.room));
        let files = Vec::new();
        run(
            source,
            Options {
                name,
                folder,
                files,
            },
        )
    }
}

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every script under `proofs/`, in order.
pub fn scripts() -> Vec<Script> {
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_string();
    let mut scripts = Vec::new();
    for room in sorted(&root().join("proofs"))
        .iter()
        .filter(|path| path.is_dir())
    {
        let files = sorted(room).into_iter();
        for path in files.filter(|path| path.extension().is_some_and(|end| end == "rhai")) {
            let source = std::fs::read_to_string(&path).unwrap();
            scripts.push(Script {
                room: name(room),
                id: name(&path),
                source,
            });
        }
    }
    scripts
}

/// Runs a text that reads no files.
pub fn run_text(source: &str) -> Transcript {
    run(
        source,
        Options {
            name: "script".into(),
            ..Options::default()
        },
    )
}
