//! The terminal and the shell: width, colours, what is quiet, completions, manuals, what to type next.

use std::process::{Command, Output};

use super::{Desk, example, json, run};

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp.safetensors");

fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synbal"));
    let known = ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"];
    known.iter().for_each(|name| {
        command.env_remove(name);
    });
    let variables = variables.iter().copied();
    command.args(arguments).envs(variables).output().unwrap()
}

fn stdout(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    String::from_utf8(with(arguments, variables).stdout).unwrap()
}

/// Checks: prose is as wide as COLUMNS says, or 80 through a pipe, and goes on below its own beginning; tables keep
/// their lines, and no word is lost.
#[test]
fn prose_is_wrapped_and_tables_are_not() {
    let balance = ["balance", DIGITS, "--arch", "relu"];
    let wide = stdout(&balance, &[("COLUMNS", "500")]);
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (columns, width) in [
        (Some("50"), 50),
        (Some("120"), 120),
        (None, 80),
        (Some("many"), 80),
    ] {
        let variables: Vec<_> = columns
            .map(|columns| ("COLUMNS", columns))
            .into_iter()
            .collect();
        let text = stdout(&balance, &variables);
        assert_eq!(words(&text), words(&wide));
        let lines: Vec<&str> = text.lines().collect();
        let prose = lines
            .iter()
            .filter(|line| !line.contains(".weight") && !line.contains("before  after"));
        let prose: Vec<&&str> = prose
            .filter(|line| !line.contains("|w|") && !line.contains("biases, other"))
            .collect();
        assert!(
            prose.iter().all(|line| line.chars().count() <= width),
            "{text}"
        );
        assert!(prose.len() > 4);
        let proved = lines
            .iter()
            .position(|line| line.starts_with("proved    "))
            .unwrap();
        if width < 120 {
            assert!(lines[proved + 1].starts_with("          "), "{text}");
        }
        for row in wide.lines().filter(|line| line.contains(".weight ")) {
            assert!(lines.contains(&row), "{row}\n{text}");
        }
    }
}

/// Checks: colours come only where they are asked for, never through a pipe by themselves, and never in JSON.
#[test]
fn colours_are_asked_for() {
    let net = example();
    let net = net.to_str().unwrap();
    let has_colours = |options: &[&str], variables: &[(&str, &str)]| {
        stdout(&[&["balance", net], options].concat(), variables).contains('\u{1b}')
    };
    assert!(!has_colours(&[], &[]));
    assert!(!has_colours(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colours(&["--color", "auto"], &[]));
    assert!(!has_colours(&["--color", "never"], &[]));
    assert!(has_colours(&["--color", "always"], &[]));
    assert!(!has_colours(&["--color", "always", "--json"], &[]));
    let text = stdout(&["balance", net, "--color", "always"], &[]);
    assert!(text.contains("\u{1b}[32mproved\u{1b}[0m"), "{text:?}");
    let plain = stdout(&["balance", net], &[]);
    let bare = text
        .replace("\u{1b}[32m", "")
        .replace("\u{1b}[33m", "")
        .replace("\u{1b}[0m", "");
    assert_eq!(bare, plain);
    let text = stdout(&["check", net, net, "--color", "always"], &[]);
    assert!(
        text.contains("\u{1b}[32myes\u{1b}[0m") && text.contains("\u{1b}[31mNO\u{1b}[0m"),
        "{text:?}"
    );
}

/// Checks: a quiet command prints no report, ends with the same code, writes what it was told to, and says what is
/// wrong; JSON is printed.
#[test]
fn quiet_commands() {
    let desk = Desk::new();
    let net = example();
    let net = net.to_str().unwrap();
    let out = desk.path("out.json");
    let (code, text, complaint) = run(&["balance", net, "-q", "-o", out.to_str().unwrap()]);
    assert_eq!((code, text.as_str(), complaint.as_str()), (0, "", ""));
    assert!(out.exists());
    let (code, text, _) = run(&["check", net, net, "--quiet"]);
    assert_eq!((code, text.as_str()), (1, ""));
    let (code, text, complaint) = run(&["balance", "none.json", "--quiet"]);
    assert_eq!((code, text.as_str()), (2, ""));
    assert!(complaint.contains("none.json"));
    assert_eq!(json(&["balance", net, "--quiet"]).1["status"], "balanced");
}

/// Checks: errors end with what to type next, on stderr and in JSON, and files that are written are named.
#[test]
fn what_comes_next() {
    let desk = Desk::new();
    let missing = desk.path("none.onnx");
    let net = example();
    let (missing, net) = (missing.to_str().unwrap(), net.to_str().unwrap());
    let folder = desk.path("");
    let listing = format!("ls {}", folder.display().to_string().trim_end_matches('/'));
    let arch = format!("synbal balance {DIGITS} --arch relu");
    let cases: [(&[&str], &str); 3] = [
        (&["balance", missing], &listing),
        (&["balance", DIGITS], &arch),
        (&["explain", net, "--learned", "w"], "synbal explain --help"),
    ];
    for (arguments, next) in cases {
        let (code, _, complaint) = run(arguments);
        assert_eq!(code, 2, "{complaint}");
        let last = complaint.lines().last().unwrap();
        assert_eq!(last, format!("next: {next}"));
        assert_eq!(json(arguments).1["next"], next);
    }
    let (code, ..) = run(&["balance", DIGITS, "--arch", "relu"]);
    assert_eq!(code, 0);
    let out = desk.path("out.json");
    let proof = desk.path("proof.json");
    let (out, proof) = (out.to_str().unwrap(), proof.to_str().unwrap());
    let (_, text, _) = run(&["balance", net, "-o", out, "--certificate", proof]);
    for path in [out, proof] {
        assert!(text.contains(&format!("written   {path}\n")), "{text}");
    }
}

/// Checks: completions of every shell know commands and options, and the manual has a page for each command, written
/// into a folder that was not there.
#[test]
fn completions_and_manual() {
    let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
    for shell in shells {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(
            script.contains("balance") && script.contains("cross-check"),
            "{shell}"
        );
        assert_eq!(json(&["completions", shell]).1["script"], script);
    }
    assert_eq!(run(&["completions", "none"]).0, 2);
    let desk = Desk::new();
    let folder = desk.path("man1");
    let (code, report) = json(&["man", folder.to_str().unwrap()]);
    assert_eq!(code, 0);
    let files = report["files"].as_array().unwrap().len();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files);
    let (_, help, _) = run(&["--help"]);
    for command in [
        "explain",
        "balance",
        "check",
        "verify",
        "completions",
        "man",
    ] {
        assert!(help.contains(command));
        let page = std::fs::read_to_string(folder.join(format!("synbal-{command}.1"))).unwrap();
        assert!(
            page.contains(".TH") && page.contains(".SH OPTIONS"),
            "{command}"
        );
    }
}

/// Checks: the benchmark's columns are explained below its table.
#[test]
fn columns_of_the_benchmark() {
    let source = include_str!("../../src/report/bench.rs");
    let header = source
        .lines()
        .find(|line| line.contains("| network | method |"))
        .unwrap();
    let explained = source.split("const COLUMNS").nth(1).unwrap();
    let columns = header
        .split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names =
        columns.filter(|name| !name.contains('\\') && !["network", "method"].contains(name));
    for name in names.take_while(|name| !name.starts_with('-')) {
        assert!(explained.contains(&format!("{name}:")), "{name}");
    }
}
