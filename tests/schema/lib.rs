//! The committed vectors and their schema, as JSON.

use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The schema.
pub fn schema() -> Value {
    read(&folder().join("schema.json"))
}

/// The documents, by name.
pub fn documents() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension().is_some_and(|end| end == "json") && !path.ends_with("schema.json")
    });
    paths.sort();
    let named = |path: PathBuf| {
        (
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            read(&path),
        )
    };
    let found: Vec<_> = paths.into_iter().map(named).collect();
    assert!(!found.is_empty(), "no vectors");
    found
}
