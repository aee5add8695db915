//! What reaches a terminal: no name, file or path acts on it, or looks like a line of a report.

use serde_json::{Value, json};

use super::{Desk, is_tried, json, run};

/// Escape codes, directions, characters without width, ends of lines of every kind.
const NASTY: &str = "a\u{1b}[31m\r\u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{200d}\u{200f}\u{202e}\u{2028}\u{2066}\u{feff}\u{fe0f}\u{e0041}\u{115f}\u{34f}\nproved: x";

/// Characters that must not be seen as they are; a newline is judged by lines.
fn acts(c: char) -> bool {
    c != '\n' && (c.is_control() || (NASTY.contains(c) && !c.is_ascii()))
}

fn assert_plain(what: &str, text: &str) {
    assert!(!text.contains(acts), "{what}: {text:?}");
    assert!(
        !text.lines().any(|line| line.starts_with("proved: x")),
        "{what}: {text}"
    );
}

fn network(id: &str, activation: &str) -> String {
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": id, "kind": "hidden", "activation": activation},
            {"id": "b", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": id, "weight": "1"}, {"from": id, "to": "b", "weight": "4"}, {"from": "b", "to": "y", "weight": "3"}],
    });
    document.to_string()
}

/// Checks: names of units in every report, and in JSON documents, which denote what they did.
#[test]
fn names_do_not_act() {
    let desk = Desk::new();
    for activation in ["relu", "sigmoid"] {
        let net = desk.write("net.json", network(NASTY, activation));
        let other = desk.write("other.json", network(NASTY, "abs"));
        let (net, other) = (net.to_str().unwrap(), other.to_str().unwrap());
        let out = desk.path("out.json");
        let out = out.to_str().unwrap();
        let certificate = desk.path("certificate.json");
        let certificate = certificate.to_str().unwrap();
        let commands = [
            &["explain", net][..],
            &["balance", net, "-o", out, "--certificate", certificate],
            &["check", net, out],
            &["check", net, net],
            &["check", net, other],
            &["verify", net, certificate],
            &["verify", other, certificate],
        ];
        for (number, arguments) in commands.into_iter().enumerate() {
            let (_, stdout, stderr) = run(arguments);
            assert_plain(arguments[0], &stdout);
            assert_plain(arguments[0], &stderr);
            if !is_tried(2, number, activation.len()) {
                continue;
            }
            let (_, stdout, _) = run(&[arguments, &["--json"]].concat());
            assert!(!stdout.contains(acts), "{stdout:?}");
            let _: Value = serde_json::from_str(&stdout).unwrap();
        }
        let (_, report) = json(&["explain", net]);
        let named = match activation {
            "relu" => report["by_unit"].get(NASTY).is_some(),
            _ => report["units"]["pinned"][0] == NASTY,
        };
        assert!(named, "{report}");
        let request = json!({"id": NASTY, "before": net, "after": net}).to_string();
        let batch = desk.write("batch.jsonl", request);
        let (_, stdout, _) = run(&["check", "--batch", batch.to_str().unwrap()]);
        assert!(!stdout.contains(acts), "{stdout:?}");
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(answer["id"], NASTY);
    }
}

/// Checks: what errors repeat of a file, its path, an argument, a layer.
#[test]
fn errors_do_not_act() {
    let desk = Desk::new();
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/escape-in-error.json"
    );
    let missing = desk.path(&format!("missing {NASTY}"));
    let missing = missing.to_str().unwrap();
    let present = desk.write(NASTY, "{}");
    let kind = json!({"format": "synaptic-balance/network", "version": 1, "units": [{"id": "x", "kind": NASTY}], "synapses": []});
    let field = json!({"format": NASTY, "version": 1, "units": [], "synapses": [], NASTY: 1});
    let (kind, field) = (
        desk.write("kind.json", kind.to_string()),
        desk.write("field.json", field.to_string()),
    );
    let unknown = desk.write("unknown.json", network("a", NASTY));
    let twice = network("a", "relu")
        .replace("\"b\"", &json!(NASTY).to_string())
        .replace("\"y\"", &json!(NASTY).to_string());
    let twice = desk.write("twice.json", twice);
    let layer = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/st_square.safetensors"
    );
    let option = format!("--{NASTY}");
    for arguments in [
        &["explain", case][..],
        &["explain", missing],
        &["explain", present.to_str().unwrap()],
        &["explain", kind.to_str().unwrap()],
        &["explain", field.to_str().unwrap()],
        &["explain", unknown.to_str().unwrap()],
        &["explain", twice.to_str().unwrap()],
        &["explain", layer, "--arch", NASTY],
        &["explain", layer, "--arch", "relu", "--layers", NASTY],
        &["explain", case, &option],
        &["explain", case, "--tied", NASTY],
        &["explain", case, "--regularizer", NASTY],
        &["balance", case, "--seed", NASTY],
        &["check", case, case, NASTY],
        &["theorems", NASTY],
        &["learn", NASTY],
        &["prove", missing],
        &[NASTY],
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert!(
            code == 2 && stdout.is_empty(),
            "{arguments:?}: {code} {stdout}"
        );
        assert!(!stderr.is_empty());
        assert_plain(&format!("{arguments:?}"), &stderr);
        let (code, stdout, stderr) = run(&[arguments, &["--json"]].concat());
        assert_eq!(code, 2);
        assert_plain(&format!("{arguments:?}"), &stderr);
        assert!(!stdout.contains(acts), "{stdout:?}");
        let _: Value = serde_json::from_str(&stdout).unwrap();
    }
}

/// Checks: letters of any script, accents and symbols are shown as they are.
#[test]
fn plain_names_are_shown() {
    let desk = Desk::new();
    let name = "Λ-größe_e\u{301}_層_слой_נ_ก็_😀";
    let net = desk.write("net.json", network(name, "relu"));
    let (code, stdout, _) = run(&["explain", net.to_str().unwrap()]);
    assert!(code == 0 && stdout.contains(name), "{stdout}");
}

/// Checks: arguments that are no Unicode are bad usage, or paths like any other.
#[cfg(unix)]
#[test]
fn arguments_need_not_be_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m");
    for arguments in [
        &["explain".as_ref(), bytes, "--badflag".as_ref()][..],
        &["explain".as_ref(), bytes],
        &[
            "explain".as_ref(),
            bytes,
            "--json".as_ref(),
            "--badflag".as_ref(),
        ],
        &[bytes],
        &["balance".as_ref(), "x".as_ref(), "--arch".as_ref(), bytes],
        &["check".as_ref(), "--batch".as_ref(), bytes],
        &["learn".as_ref(), bytes],
        &["report".as_ref(), bytes],
        &["prove".as_ref(), bytes],
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_synbal"))
            .args(arguments)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert_plain("arguments", &stderr);
    }
}

/// Checks: units whose long names begin alike are all in the report for programs.
#[test]
fn long_names_are_not_taken_for_each_other() {
    let desk = Desk::new();
    let long = "h".repeat(80);
    let text = network(&format!("{long}1"), "relu").replace("\"b\"", &format!("\"{long}2\""));
    let net = desk.write("net.json", text);
    let (code, report) = json(&["explain", net.to_str().unwrap()]);
    assert_eq!((code, report["by_unit"].as_object().unwrap().len()), (0, 2));
}
