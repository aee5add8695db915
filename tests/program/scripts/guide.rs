//! The user's guide is true.

use std::collections::BTreeSet;
use synaptic_balance::script::{Ending, Options, run};

use super::support::{root, scripts};

fn guide() -> String {
    std::fs::read_to_string(root().join("docs/scripts.md")).unwrap()
}

/// The text of the first code block with a given header, after a given place.
fn block<'a>(text: &'a str, header: &str) -> &'a str {
    let start = text.find(&format!("```{header}\n")).unwrap() + header.len() + 4;
    &text[start..start + text[start..].find("```").unwrap()]
}

/// Checks: the example that is wrong on purpose prints exactly what the guide says.
#[test]
fn wrong_example() {
    let guide = guide();
    let options = Options {
        name: "wrong.rhai".into(),
        ..Options::default()
    };
    let transcript = run(block(&guide, "rhai wrong"), options);
    assert_eq!(transcript.outcome.exit_code(), 1);
    assert_eq!(transcript.to_string(), block(&guide, "text"));
}

/// Checks: the first example proves.
#[test]
fn first_example() {
    let transcript = run(block(&guide(), "rhai"), Options::default());
    assert_eq!(transcript.outcome, Ending::Checked);
}

/// The names that follow `register_fn(` in the sources of the bindings.
fn registered() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src/script/bind")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for part in source.split("register_fn(").skip(1) {
            let name = part
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            names.extend(name.map(String::from));
        }
    }
    names
}

/// Checks: the guide lists every function, and every function that the scripts call.
#[test]
fn every_function_is_listed() {
    let guide = guide();
    let listed = |name: &str| guide.contains(&format!("`{name}("));
    let word = |name: &String| {
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && name != "to_string"
    };
    let names: Vec<String> = registered().into_iter().filter(word).collect();
    assert!(names.len() > 40, "{}", names.len());
    for name in names {
        assert!(listed(&name), "{name}");
    }
    for script in scripts() {
        let source = &script.source;
        for (at, _) in source.match_indices('(') {
            let before = &source[..at];
            let start = before
                .rfind(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                .map_or(0, |at| at + 1);
            let (name, context) = (&before[start..], &before[..start]);
            let spoken = context.lines().last().is_some_and(|line| {
                line.contains("//") || line.contains('"') || line.contains('`')
            });
            let own = source.contains(&format!("fn {name}("));
            if !name.is_empty()
                && !spoken
                && !own
                && !context.ends_with('.')
                && !["in", "if"].contains(&name)
            {
                assert!(listed(name), "{}: {name}", script.id);
            }
        }
    }
}
