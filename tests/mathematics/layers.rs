//! The house rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the ground up: each imports only from rooms before it.
const ROOMS: [&str; 8] = [
    "numbers", "kernel", "forms", "network", "symbolic", "solve", "learn", "theorems",
];
/// Rooms at the top: they may import all of the above and each other.
const TOP: [&str; 4] = ["formats", "script", "report", "vectors"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The code of a file without comment lines.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Checks: each room imports only from rooms above it in the design.
#[test]
fn rooms_import_only_from_rooms_above() {
    for (position, room) in ROOMS.iter().enumerate() {
        let forbidden = ROOMS[position + 1..].iter().chain(&TOP);
        let files = sources(&root().join("src").join(room));
        assert!(
            !files.is_empty() || *room == "theorems",
            "room {room} is empty"
        );
        for other in forbidden {
            for file in &files {
                let import = format!("crate::{other}");
                assert!(
                    !code(file).contains(&import),
                    "{} imports {other}",
                    file.display()
                );
            }
        }
    }
}

/// Lints that every kernel file stands under: the head of its crate.
const LINTS: [&str; 9] = [
    "#![forbid(unsafe_code)]",
    "missing_docs",
    "clippy::arithmetic_side_effects",
    "clippy::as_conversions",
    "clippy::expect_used",
    "clippy::float_arithmetic",
    "clippy::indexing_slicing",
    "clippy::panic",
    "clippy::unwrap_used",
];

/// Checks: the kernel is one crate under its lints that knows no floats, no graphs, no formats, no input or output; it and what makes a network its problem stay small.
#[test]
fn the_kernel_is_small_and_knows_only_rationals() {
    let head = code(&root().join("kernel/src/lib.rs"));
    for lint in LINTS {
        assert!(head.contains(lint), "the kernel does not deny {lint}");
    }
    let files = sources(&root().join("kernel/src"));
    let mut lines = 0;
    for file in &files {
        let code = code(file);
        for word in [
            "f64", "f32", "petgraph", "serde", "std::fs", "std::io", "println", "unwrap()",
            "expect(", "panic!", "unsafe ", "allow(",
        ] {
            assert!(!code.contains(word), "{} contains {word}", file.display());
        }
        lines += lines_of(&code);
    }
    lines += lines_of(&code(&root().join("src/network/energy.rs")));
    assert!(
        lines <= MOST_TRUSTED_LINES,
        "the trusted code has grown to {lines} lines"
    );
}

/// The most lines of the kernel crate and of the translation of networks, without comments and blank lines.
const MOST_TRUSTED_LINES: usize = 1600;

fn lines_of(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Checks: files stay readable.
#[test]
fn files_stay_under_five_hundred_lines() {
    for folder in ["src", "tests", "examples"] {
        for file in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 520, "{} has {lines} lines", file.display());
        }
    }
}

/// Checks: every path in the README's file tour exists.
#[test]
fn the_readme_names_only_files_that_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let tour = readme
        .split("## File tour")
        .nth(1)
        .expect("a file tour")
        .split("\n## ")
        .next()
        .unwrap();
    let mut named = 0;
    for row in tour.lines().filter(|line| line.starts_with("| `")) {
        let path = row.split('`').nth(1).unwrap();
        assert!(root().join(path).exists(), "the README names {path}");
        named += 1;
    }
    assert!(named >= 8, "the tour names {named} paths");
}
