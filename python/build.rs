//! Makes the list of conformance vectors that the package holds.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = std::fs::read_dir(&folder).expect("the conformance vectors");
    let paths = entries.map(|entry| entry.expect("a vector").path());
    let is_vectors = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "json") && !path.ends_with("schema.json")
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_vectors).collect();
    paths.sort();
    let mut list = String::from("&[\n");
    for path in paths {
        let path = path.canonicalize().expect("a vector");
        writeln!(list, "include_str!({path:?}),").expect("memory");
    }
    list.push(']');
    let out = std::env::var_os("OUT_DIR").expect("a folder to write to");
    std::fs::write(Path::new(&out).join("vectors.rs"), list).expect("the list of vectors");
}
