//! What is generated from the catalogue: the text of `synbal theorems`, and the table in THEOREMS.md.

use synaptic_balance::report::theorems_report;
use synaptic_balance::theorems::{self, BEGIN, END};

use super::FOUND;

/// Compares with a snapshot in `snapshots/`.
pub fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Checks: the whole table: statements, verdicts, exact values and counts, word for word.
#[test]
fn theorem_table() {
    snapshot("theorems", &theorems_report(&FOUND).text);
}

/// Checks: the table of verified properties in THEOREMS.md is the catalogue's.
#[test]
fn the_page_holds_the_table_of_verified_properties() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/THEOREMS.md");
    let page = std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let table = theorems::verified_properties();
    let (Some(begin), Some(end)) = (page.find(BEGIN), page.find(END)) else {
        panic!("THEOREMS.md has no lines `{BEGIN}` and `{END}`");
    };
    let found = &page[begin..end + END.len()];
    assert!(
        found == table.trim_end(),
        "the table in THEOREMS.md is not the catalogue's; between the markers belongs:\n{table}"
    );
}

/// Checks: the JSON has one object for each entry, all verified, with evidence.
#[test]
fn json_holds_every_entry() {
    let report = theorems_report(&theorems::run(&["E3", "def-2.1"]).unwrap());
    let entries = report.json["theorems"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(entry["verified"], true);
        assert!(!entry["evidence"].as_array().unwrap().is_empty());
    }
    assert_eq!(report.json["failed"].as_array().unwrap().len(), 0);
}
