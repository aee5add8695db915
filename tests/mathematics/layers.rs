//! The house rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the ground up: each imports only from rooms before it.
const ROOMS: [&str; 12] = [
    "core/src/numbers",
    "core/src/kernel",
    "core/src/forms",
    "core/src/network",
    "core/src/solve",
    "core/src/learn",
    "theory/src/symbolic",
    "theory/src/theorems",
    "src/formats",
    "src/script",
    "src/report",
    "src/vectors",
];

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
        let forbidden = ROOMS[position + 1..].iter();
        let files = sources(&root().join(room));
        assert!(!files.is_empty(), "room {room} is empty");
        for other in forbidden.filter_map(|other| other.rsplit('/').next()) {
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

/// Checks: the kernel is one crate under its lints that knows no floats, no graphs, no formats, no input or output; it
/// and what makes a network its problem stay small.
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
    lines += lines_of(&code(&root().join("core/src/network/energy.rs")));
    assert!(
        lines <= MOST_TRUSTED_LINES,
        "the trusted code has grown to {lines} lines"
    );
}

/// The most lines of the kernel crate and of the translation of networks, without comments and blank lines.
const MOST_TRUSTED_LINES: usize = 1544;

fn lines_of(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Checks: files stay readable.
#[test]
fn files_stay_under_five_hundred_lines() {
    for folder in [
        "src", "core", "kernel", "theory", "mpi", "python", "tests", "examples",
    ] {
        for file in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 520, "{} has {lines} lines", file.display());
        }
    }
}

/// Checks: every link between documents leads to a file, every page of `docs` is in the reading order, and the README's
/// paths exist.
#[test]
fn documents_lead_to_what_is_there() {
    let mut pages = vec![
        "README.md",
        "THEOREMS.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ]
    .into_iter()
    .map(PathBuf::from)
    .collect::<Vec<_>>();
    for folder in ["docs", "kernel", "python", "fuzz", "tests/vectors", "data"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| PathBuf::from(folder).join(entry.unwrap().file_name()));
        pages.extend(names.filter(|page| page.extension().is_some_and(|end| end == "md")));
    }
    let mut links = 0;
    for page in &pages {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = root().join(page).parent().unwrap().join(target);
            assert!(path.exists(), "{} leads to {target}", page.display());
            links += 1;
        }
    }
    assert!(links > 80, "{links} links");
    let order = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    for page in pages.iter().filter(|page| page.starts_with("docs")) {
        let name = page.file_name().unwrap().to_str().unwrap();
        let is_named = name == "SUMMARY.md" || order.contains(&format!("]({name})"));
        assert!(is_named, "docs/SUMMARY.md does not name {name}");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| "));
    let first = rows.filter_map(|row| row.split('|').nth(1));
    let named: Vec<&str> = first
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() >= 8, "the README names {named:?}");
    for path in named {
        assert!(root().join(path).exists(), "the README names {path}");
    }
}
