//! The program as its users call it: commands, files, exit codes.

mod activations;
mod bad_input;
mod batch;
mod block_runs;
mod bounded_certificates;
mod called;
mod certificates;
mod channels;
mod check_certificates;
mod checkpoint_page;
mod commands;
mod cross_checks;
#[cfg(feature = "explore")]
mod explore;
mod extremes;
mod families;
mod fold_claims;
mod folds;
mod foreign_files;
mod graphs;
mod headers;
mod in_place;
mod inputs;
mod killed_runs;
mod large_limits;
mod layers;
mod learning;
mod learning_paper;
mod learning_results;
mod learning_sequences;
mod learning_starts;
mod learning_tuned;
mod left_over;
mod limits;
mod lost;
mod models;
mod number_types;
mod odd_networks;
mod outputs;
mod perceptrons;
mod products;
mod products_in_place;
#[path = "../files/python.rs"]
mod python;
mod ranges;
mod readers;
mod relu6;
mod rounded;
#[path = "../files/sampling.rs"]
mod sampling;
mod screens;
mod scripts;
mod second_judge;
mod shells;
mod small_llama;
mod terminal;
mod trust;
mod vectors;
#[cfg(unix)]
mod writing;

use sampling::in_full;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One in so many of all that is tried, the first one among them; everything where tests run in full.
fn one_in<T>(few: usize, all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    all.into_iter().step_by(if in_full() { 1 } else { few })
}

/// Is this pair among those that are tried? One in so many is, in each row others, so that every row and every column is
/// met; all of them where tests run in full.
fn is_tried(few: usize, row: usize, column: usize) -> bool {
    in_full() || (row + column).is_multiple_of(few)
}

/// A folder of its own for each test.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.0.path()).unwrap().count()
    }
}

fn synbal(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args(arguments)
        // No line is too long for it, but for tests about that.
        .env("COLUMNS", "100000")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        !stderr.contains("panicked"),
        "{arguments:?} panicked: {stderr}"
    );
    output
}

/// Exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = synbal(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Exit code and the JSON document on standard output.
fn json(arguments: &[&str]) -> (i32, Value) {
    let (code, stdout, _) = run(&[arguments, &["--json"]].concat());
    (
        code,
        serde_json::from_str(&stdout).unwrap_or_else(|fault| panic!("{fault} in {stdout}")),
    )
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/chain.json")
}

/// A chain `x -> h1 -> ... -> y` of ReLU units with the given weights.
fn chain(weights: &[&str]) -> String {
    let hidden = 1..weights.len();
    let mut units = vec![serde_json::json!({"id": "x", "kind": "input"})];
    units.extend(hidden.map(
        |i| serde_json::json!({"id": format!("h{i}"), "kind": "hidden", "activation": "relu"}),
    ));
    units.push(serde_json::json!({"id": "y", "kind": "output"}));
    let id = |i: usize| units[i]["id"].clone();
    let synapse =
        |(i, weight)| serde_json::json!({"from": id(i), "to": id(i + 1), "weight": weight});
    let synapses: Vec<Value> = weights.iter().enumerate().map(synapse).collect();
    let document = serde_json::json!({
        "format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses,
    });
    document.to_string()
}
