//! One theorem, one name: what the catalogue, the scripts, the snapshots and the documents name exists, and is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use synaptic_balance::theorems;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with an extension, as paths from the root with `/`.
pub fn files(folder: &Path, extension: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            let parts = path.strip_prefix(root()).unwrap().components();
            let parts: Vec<_> = parts
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect();
            found.insert(parts.join("/"));
        }
    }
    found
}

/// Checks: scripts that entries name exist, carry the entry's id and lie in its room; every script is named by exactly
/// one entry.
#[test]
fn scripts_and_entries_name_each_other() {
    let mut named = BTreeSet::new();
    for theorem in theorems::catalogue() {
        if let Some(script) = theorem.script() {
            assert!(
                root().join(&script).is_file(),
                "{} names {script}, which does not exist",
                theorem.id
            );
            assert!(named.insert(script), "{} is named twice", theorem.id);
        }
    }
    for script in files(&root().join("proofs"), "rhai") {
        assert!(
            named.contains(&script),
            "{script} is named by no entry of the catalogue"
        );
    }
}

/// `E1`, `thm-5.1`, ...: words in backquotes that look like ids.
fn ids(text: &str) -> Vec<&str> {
    let looks_like_an_id = |word: &&str| {
        let numbered = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit());
        let prefixes = ["thm-", "prop-", "def-", "rem-"];
        word.strip_prefix('E').is_some_and(numbered)
            || prefixes.iter().any(|prefix| word.starts_with(prefix))
    };
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(looks_like_an_id)
        .collect()
}

/// Checks: documents name only ids that exist, and the page of divergences names every erratum and every corrected
/// entry.
#[test]
fn documents_name_entries_that_exist() {
    let known: BTreeSet<&str> = theorems::catalogue()
        .iter()
        .map(|theorem| theorem.id)
        .collect();
    let mut documents = files(&root().join("proofs"), "md");
    documents.extend(files(&root().join("docs"), "md"));
    documents.extend(["README.md", "THEOREMS.md"].map(str::to_owned));
    for document in documents {
        let text = std::fs::read_to_string(root().join(&document))
            .unwrap_or_else(|fault| panic!("{document}: {fault}"));
        for id in ids(&text) {
            assert!(
                known.contains(id),
                "{document} names `{id}`, which is no entry of the catalogue"
            );
        }
    }
    let divergences = std::fs::read_to_string(root().join("docs/divergences.md")).unwrap();
    for theorem in theorems::catalogue()
        .iter()
        .filter(|theorem| theorem.corrected.is_some())
    {
        let quoted = format!("`{}`", theorem.id);
        assert!(
            divergences.contains(&quoted),
            "docs/divergences.md does not name {}",
            theorem.id
        );
    }
}

/// Checks: the table's snapshot names every entry, and no other erratum.
#[test]
fn snapshots_name_entries_that_exist() {
    let text = std::fs::read_to_string(root().join("snapshots/theorems.snap")).unwrap();
    let starts: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(id, _)| id))
        .collect();
    for theorem in theorems::catalogue() {
        assert!(
            starts.contains(theorem.id),
            "snapshots/theorems.snap does not name {}",
            theorem.id
        );
    }
    let known: BTreeSet<&str> = theorems::catalogue()
        .iter()
        .map(|theorem| theorem.id)
        .collect();
    for id in starts.into_iter().filter(|id| !id.is_empty()) {
        assert!(known.contains(id), "snapshots/theorems.snap names {id}");
    }
}

/// Checks: errata named in comments of the source exist.
#[test]
fn comments_name_errata_that_exist() {
    let known: BTreeSet<&str> = theorems::catalogue()
        .iter()
        .map(|theorem| theorem.id)
        .collect();
    for source in files(&root().join("src"), "rs") {
        let text = std::fs::read_to_string(root().join(&source)).unwrap();
        let comments = text
            .lines()
            .filter(|line| line.trim_start().starts_with("//"));
        for word in comments.flat_map(|line| line.split(|c: char| !c.is_alphanumeric())) {
            let numbered = word
                .strip_prefix('E')
                .is_some_and(|rest| rest.len() == 1 && rest.parse::<u8>().is_ok());
            assert!(
                !numbered || known.contains(word),
                "{source} names {word}, which is no erratum"
            );
        }
    }
}
