//! What the page about checkpoints says is what the program says.

use safetensors::tensor::Dtype;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::families::{Tensors, explained, folder};
use super::small_llama::Small;
use super::{Desk, run};

const PAGE: &str = include_str!("../../docs/checkpoints.md");

/// Small models of every family, as `examples/checkpoints` draws them: configuration and shapes.
const TINY: &str = include_str!("../cases/tiny_checkpoints.json");

/// The cells of the rows of a table that begins with a word.
fn table(first: &str) -> Vec<Vec<String>> {
    let rows = PAGE
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first} |")));
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

/// The words in backquotes.
fn words(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(String::from)
        .collect()
}

/// By model type the kinds of multipliers of each small model.
fn kinds() -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let desk = Desk::new();
    let all: BTreeMap<String, Value> = serde_json::from_str(TINY).unwrap();
    let mut found: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    for (number, model) in all.values().enumerate() {
        let tensors = model["tensors"].as_object().unwrap().iter();
        let tensors: Tensors = tensors
            .map(|(name, shape)| (name.clone(), serde_json::from_value(shape.clone()).unwrap()))
            .collect();
        let place = folder(&desk, &number.to_string(), &model["config"], &tensors);
        let report = explained(&place, &[]);
        let blocks = report["blocks"].as_array().unwrap().iter();
        let groups = blocks.flat_map(|block| block["groups"].as_array().unwrap());
        let kinds = groups.map(|group| group["kind"].as_str().unwrap().to_owned());
        let model_type = model["config"]["model_type"].as_str().unwrap();
        let own = found.entry(model_type.to_owned()).or_default();
        own.push(kinds.collect());
    }
    found
}

/// Checks: the table of the page names every family once; what it says is free always is in all small models of the
/// family, what never in none, and what sometimes in some and not in others.
#[test]
fn the_table_of_families_is_true() {
    let rows = table("families");
    let columns: Vec<String> = rows[0].iter().flat_map(|cell| words(cell)).collect();
    assert_eq!(columns.len(), 5);
    let found = kinds();
    let mut named = BTreeSet::new();
    for row in &rows[2..] {
        let mut models = Vec::new();
        for family in words(&row[0]) {
            models.extend(&found[&family]);
            assert!(named.insert(family.clone()), "{family} twice");
        }
        let mut said: Vec<(String, &str)> = columns
            .iter()
            .cloned()
            .zip(row[1..6].iter().map(String::as_str))
            .collect();
        let more = words(&row[6]);
        let when = if row[6].contains('(') { "when" } else { "yes" };
        said.extend(more.into_iter().map(|kind| (kind, when)));
        for (kind, when) in &said {
            let count = models.iter().filter(|kinds| kinds.contains(kind)).count();
            let is_true = match *when {
                "yes" => count == models.len(),
                "no" => count == 0,
                _ => count > 0 && count < models.len(),
            };
            assert!(is_true, "{}: {kind} in {count} of {}", row[0], models.len());
        }
        let known: BTreeSet<&String> = said.iter().map(|(kind, _)| kind).collect();
        for kind in models.iter().flat_map(|kinds| kinds.iter()) {
            assert!(known.contains(kind), "{}: {kind} is not said", row[0]);
        }
    }
    let desk = Desk::new();
    let config = serde_json::json!({"model_type": "none"});
    let place = folder(&desk, "unknown", &config, &vec![("a".into(), vec![1])]);
    let (_, _, said) = run(&["explain", place.to_str().unwrap()]);
    let known = said.split("known are ").nth(1).unwrap();
    let known = known.split(';').next().unwrap().split(", ");
    assert_eq!(known.map(String::from).collect::<BTreeSet<_>>(), named);
}

/// The folders that the recipes are about.
fn recipes(desk: &Desk) {
    let before = Small::new("llama");
    let write = |model: &Small, name: &str| model.write(&desk.path(name), Dtype::BF16, 1);
    write(&before, "before");
    let named = |name: &str| format!("model.layers.1.{name}.weight");
    let half = |channel: usize| if channel.is_multiple_of(2) { 0.5 } else { 1.0 };
    let mut smoothed = before.clone();
    smoothed.rows(&named("post_attention_layernorm"), half);
    smoothed.columns(&named("mlp.up_proj"), |column| 1.0 / half(column));
    write(&smoothed, "forgotten");
    smoothed.columns(&named("mlp.gate_proj"), |column| 1.0 / half(column));
    write(&smoothed, "smoothed");
    let mut merged = before.clone();
    let other = |index: usize, value: f32| value + 0.01 * ((index * 7 % 5) as f32 - 2.0);
    let own = merged.get(&named("mlp.down_proj"));
    let entries = own.iter_mut().enumerate();
    entries.for_each(|(index, value)| *value = other(index, *value));
    write(&merged, "merged");
}

/// What the commands of the page print, one after the other, in the folder of the recipes.
fn transcript(block: &str, desk: &Path) -> String {
    let mut found = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let arguments = command.strip_suffix("; echo $?").unwrap();
        let mut arguments = arguments.split_whitespace();
        assert_eq!(arguments.next(), Some("synbal"));
        let output = Command::new(env!("CARGO_BIN_EXE_synbal"))
            .args(arguments)
            .current_dir(desk)
            .env("COLUMNS", "100000")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let code = output.status.code().unwrap();
        found += &format!("$ {command}\n{text}{code}\n");
    }
    found
}

/// Checks: the commands of the recipes print what the page says, and end with the exit codes that it says.
#[test]
fn the_recipes_are_true() {
    let desk = Desk::new();
    recipes(&desk);
    let blocks: Vec<&str> = PAGE
        .split("```console\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 4);
    let found = blocks.iter().map(|block| transcript(block, &desk.path("")));
    let found: Vec<String> = found.collect();
    let (found, said) = (found.join("\n"), blocks.join("\n"));
    assert!(
        found == said,
        "the page says\n{said}\nand the program\n{found}"
    );
}

/// Checks: what is not done with checkpoints is refused (exit 2) with what to do instead, and nothing is written.
#[test]
fn what_is_not_done_says_what_to_do() {
    let desk = Desk::new();
    recipes(&desk);
    let [before, smoothed, out] = ["before", "smoothed", "out"].map(|name| desk.path(name));
    let [before, smoothed, out] = [&before, &smoothed, &out].map(|path| path.to_str().unwrap());
    let balance = |rest: &[&'static str]| [&["balance", before, "-o", out], rest].concat();
    let cases = [
        (balance(&["--max-scaling", "2"]), "`synbal apply`"),
        (balance(&["--tied", "layer"]), "the configuration"),
        (balance(&["--cross-check"]), "--certify"),
        (
            balance(&["--regularizer", "mix:1*2+1*1"]),
            "--regularizer l2",
        ),
        (
            vec!["check", before, smoothed, "--tied", "layer"],
            "the configuration",
        ),
    ];
    for (arguments, instead) in cases {
        let (code, _, said) = run(&arguments);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(instead), "{said}");
    }
    assert_eq!(desk.files(), 4);
}
