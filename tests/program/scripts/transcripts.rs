//! Snapshots of the transcripts, and the program around them.

use std::process::Command;
use synaptic_balance::script::Ending;

use super::support::{root, run_text, scripts};

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Checks: the transcript of every script, with its exact values, is as recorded.
#[test]
fn transcripts() {
    for script in scripts() {
        let text = script.run(&script.source).to_string();
        assert!(
            !text.contains("about "),
            "{}: a computed number in a transcript",
            script.id
        );
        let name = format!("script_{}_{}", script.room, script.id);
        snapshots().bind(|| insta::assert_snapshot!(name, text));
    }
}

/// Checks: the data of a transcript say what its text says.
#[test]
fn transcript_as_data() {
    let source = "assume(\"given\");\nshow(\"a third\", 1 / 3, \"==\", 2 / 6);\nqed();";
    let transcript = run_text(source);
    let text = serde_json::to_string_pretty(&transcript.to_json()).unwrap();
    snapshots().bind(|| insta::assert_snapshot!("script_transcript_json", text));
}

fn prove(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synbal"));
    let output = command
        .current_dir(root())
        .arg("prove")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Checks: `synbal prove` exits 0 on all scripts of the repository.
#[test]
fn all_scripts_prove() {
    let paths: Vec<String> = scripts()
        .iter()
        .map(|script| format!("proofs/{}/{}.rhai", script.room, script.id))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let (code, text) = prove(&paths);
    assert_eq!(code, 0);
    assert_eq!(text.matches("\nchecked: ").count(), paths.len());
}

/// Checks: the exit codes, and that of several scripts is the worst.
#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("checked", "show(\"a\", 1, \"==\", 1); qed();", 0),
        ("failed", "show(\"a\", 1, \"==\", 2); qed();", 1),
        ("faulty", "show(\"a\", 1, \"==\" 1); qed();", 2),
        ("unfinished", "show(\"a\", 1, \"==\", 1);", 3),
        ("computed", "show(\"a\", log(2), \"<\", 1); qed();", 3),
        ("bare", "show(\"a\", 1 == 1); qed();", 3),
        ("empty", "qed();", 3),
    ];
    let mut paths = Vec::new();
    for (name, source, code) in cases {
        let path = folder.path().join(format!("{name}.rhai"));
        std::fs::write(&path, source).unwrap();
        let path = path.to_str().unwrap().to_string();
        assert_eq!(prove(&[&path]).0, code, "{name}");
        paths.push(path);
    }
    let worst =
        |of: &[usize]| prove(&of.iter().map(|at| paths[*at].as_str()).collect::<Vec<_>>()).0;
    assert_eq!(
        [
            worst(&[0, 1]),
            worst(&[0, 3]),
            worst(&[3, 1]),
            worst(&[1, 2])
        ],
        [1, 3, 1, 2]
    );
    assert_eq!(prove(&["nowhere.rhai"]).0, 2);
}

/// Checks: with `--json` there is one document on stdout, and nothing else.
#[test]
fn program_as_data() {
    let (code, text) = prove(&["--json", "proofs/errata/E5.rhai", "proofs/errata/E7.rhai"]);
    let data: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &data["exit_code"]), (0, &serde_json::json!(0)));
    assert_eq!(data["scripts"].as_array().unwrap().len(), 2);
    assert_eq!(data["scripts"][0]["outcome"], "checked");
}

/// Checks: a failed claim names its line and both sides.
#[test]
fn failure_names_line_and_sides() {
    let transcript = run_text("let a = 2;\n\nshow(\"halves\",\n  a / 4, \"==\", 1 / 3);\nqed();");
    assert_eq!(transcript.outcome, Ending::Failed);
    let text = transcript.to_string();
    assert!(
        text.contains("script:3: failed: halves: 1/2 is greater than 1/3"),
        "{text}"
    );
}
