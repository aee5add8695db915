//! Bad input gets exit code 2 and a message that names the place; nothing is written and nothing is lost.

use super::{Desk, chain, example, is_tried, json, run};

/// The example network with one piece of text replaced.
fn changed(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(example()).unwrap();
    assert!(text.contains(from), "{from} is in the example");
    text.replacen(from, to, 1)
}

/// Checks: every bad input that the network format lists, in each command that reads one.
#[test]
fn bad_networks_are_refused_with_their_place() {
    let one_line = r#"{"from": "b", "to": "y", "weight": "0.25"}"#;
    let cases: Vec<(String, &str)> = vec![
        (
            changed(
                r#""to": "a", "weight": "1""#,
                r#""to": "nobody", "weight": "1""#,
            ),
            "synapses[0].to",
        ),
        (
            changed(r#""from": "b""#, r#""from": "nobody""#),
            "synapses[3].from",
        ),
        (
            changed(r#""kind": "bias""#, r#""kind": "bias", "colour": 1"#),
            "units[1]",
        ),
        (
            changed(r#""version": 1"#, r#""version": 1, "extra": []"#),
            "extra",
        ),
        (changed(r#""version": 1"#, r#""version": 2"#), "version"),
        (
            changed("synaptic-balance/network", "other/network"),
            "format",
        ),
        (changed(r#""id": "one""#, r#""id": "x""#), "units[1]"),
        (
            changed(one_line, &format!("{one_line}, {one_line}")),
            "synapses[4]",
        ),
        (changed(r#""to": "y""#, r#""to": "x""#), "synapses[3]"),
        (changed(r#""to": "y""#, r#""to": "one""#), "synapses[3]"),
        (changed(r#""0.25""#, r#""NaN""#), "synapses[3].weight"),
        (changed(r#""0.25""#, r#""inf""#), "synapses[3].weight"),
        (changed(r#""0.25""#, r#""1/0""#), "synapses[3].weight"),
        (changed(r#""0.25""#, "1e999"), "synapses[3].weight"),
        (changed(r#""0.25""#, "NaN"), "synapses[3].weight"),
        (changed(r#""0.25""#, "null"), "synapses[3].weight"),
        (changed(r#""0.25""#, "[1]"), "synapses[3].weight"),
        (
            changed(r#""0.25""#, r#""1e999999999""#),
            "synapses[3].weight",
        ),
        (
            changed(r#"{"leaky_relu": "1/10"}"#, r#"{"leaky_relu": "1/0"}"#),
            "units[3].activation.leaky_relu",
        ),
        (
            changed(r#"{"leaky_relu": "1/10"}"#, r#"{"bilu": {"a": 1}}"#),
            "units[3].activation.bilu",
        ),
        (
            changed(
                r#"{"leaky_relu": "1/10"}"#,
                r#"{"bilu": {"a": 1, "b": 2, "c": 3}}"#,
            ),
            "units[3].activation.bilu",
        ),
        (
            changed(
                r#"{"leaky_relu": "1/10"}"#,
                r#"{"bipu": {"c": "1e9", "C": 1, "D": 1}}"#,
            ),
            "units[3]",
        ),
        (
            changed(r#"{"leaky_relu": "1/10"}"#, r#"{"nothing": 1}"#),
            "units[3].activation.nothing",
        ),
        (
            changed(r#"{"leaky_relu": "1/10"}"#, r#""leaky_relu""#),
            "units[3].activation",
        ),
        (
            changed(r#", "activation": "relu""#, ""),
            "units[2].activation",
        ),
        (
            changed(
                r#""kind": "bias""#,
                r#""kind": "bias", "activation": "relu""#,
            ),
            "units[1].activation",
        ),
        (
            changed(r#""kind": "bias""#, r#""kind": "ghost""#),
            "units[1].kind",
        ),
        (
            changed(
                r#"{"leaky_relu": "1/10"}"#,
                r#"{"prelu": "1", "prelu": "2"}"#,
            ),
            "units[3].activation",
        ),
        (
            changed(r#""synapses""#, r#""ties": [["a", "x"]], "synapses""#),
            "ties[0]",
        ),
        (
            changed(r#""synapses""#, r#""ties": [["a", "nobody"]], "synapses""#),
            "ties[0][1]",
        ),
        (
            changed(r#""synapses""#, r#""ties": [["a", "a"]], "synapses""#),
            "ties[0]",
        ),
        (changed(r#""id": "one","#, ""), "units[1]"),
        (changed("]\n}", "]"), "line"),
        (format!("{}x", chain(&["1"])), "after the document"),
        (String::new(), "an empty file"),
        ("[".repeat(100_000), "line 1"),
    ];
    let desk = Desk::new();
    for (index, (text, place)) in cases.iter().enumerate() {
        let path = desk.write("bad.json", text);
        let path = path.to_str().unwrap();
        let output = desk.path("out.json");
        let output = output.to_str().unwrap();
        let proof = desk.path("proof.json");
        let proof = proof.to_str().unwrap();
        let commands: [&[&str]; 3] = [
            &["explain", path],
            &["balance", path, "-o", output, "--certificate", proof],
            &["verify", path, path],
        ];
        for (number, command) in commands.into_iter().enumerate() {
            if !is_tried(3, index, number) {
                continue;
            }
            let (code, stdout, stderr) = run(command);
            assert_eq!(
                (code, stdout.as_str()),
                (2, ""),
                "case {index} {command:?}: {stderr}"
            );
            assert!(
                stderr.contains(place) && stderr.contains("bad.json"),
                "case {index}: {stderr}"
            );
            assert_eq!(desk.files(), 1, "case {index}: something was written");
        }
        if !is_tried(3, index, 0) {
            continue;
        }
        let (code, document) = json(&["explain", path]);
        assert_eq!(
            (code, document["error"].as_str()),
            (2, Some("bad_input")),
            "case {index}"
        );
    }
}

/// Checks: files that are no text, missing files, folders.
#[test]
fn unreadable_files_are_named() {
    let desk = Desk::new();
    let binary = desk.write("model.onnx", [8u8, 7, 0, 255, 254, 0, 1]);
    let (code, _, stderr) = run(&["explain", binary.to_str().unwrap()]);
    assert!(
        code == 2 && stderr.contains("model.onnx") && stderr.contains("ONNX"),
        "{stderr}"
    );
    for path in [desk.path("missing.json"), desk.path("")] {
        let (code, _, stderr) = run(&["balance", path.to_str().unwrap()]);
        assert!(
            code == 2 && stderr.contains(path.to_str().unwrap()),
            "{stderr}"
        );
    }
}

/// Checks: usage that makes no sense is refused before anything is read.
#[test]
fn bad_usage_is_refused() {
    let net = example();
    let net = net.to_str().unwrap();
    let cases: [&[&str]; 14] = [
        &["balance"],
        &["nonsense"],
        &["balance", net, "--regularizer", "l7x"],
        &["balance", net, "--regularizer", "lp:0"],
        &["balance", net, "--regularizer", "lp:-1"],
        &["balance", net, "--regularizer", "lp:1e9"],
        &["balance", net, "--regularizer", "mix:1*2+0*1"],
        &["balance", net, "--regularizer", "mix:"],
        &["balance", net, "--method", "magic"],
        &["balance", net, "--seed", "-1"],
        &["balance", net, "--certify=0"],
        &["balance", net, "--certify=100000"],
        &["balance", net, "--tolerance", "NaN"],
        &["verify", net],
    ];
    for case in cases {
        let (code, stdout, stderr) = run(case);
        assert_eq!((code, stdout.as_str()), (2, ""), "{case:?}");
        assert!(!stderr.is_empty(), "{case:?}");
    }
}

/// Checks: outputs that would overwrite each other or an input are refused before anything is done.
#[test]
fn outputs_do_not_overwrite_inputs() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "2"]));
    let net = net.to_str().unwrap();
    let same = desk.path("same.json");
    let same = same.to_str().unwrap();
    let cases: [&[&str]; 3] = [
        &["balance", net, "-o", same, "--certificate", same],
        &["balance", net, "--certificate", net],
        &["explain", net, "--dot", net],
    ];
    for case in cases {
        assert_eq!(run(case).0, 2, "{case:?}");
    }
    assert_eq!(std::fs::read_to_string(net).unwrap(), chain(&["1", "2"]));
    assert_eq!(run(&["balance", net, "-o", net]).0, 0);
}

/// Checks: a report that could not be written is not a success.
#[cfg(target_os = "linux")]
#[test]
fn lost_reports_are_not_successes() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_synbal"));
    let status = command
        .arg("explain")
        .arg(example())
        .stdout(full)
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(3));
}

/// Checks: a result that cannot be written leaves every file as it was.
#[test]
fn failed_writes_lose_nothing() {
    let desk = Desk::new();
    let net = example();
    let net = net.to_str().unwrap();
    let kept = desk.write("kept.json", "old");
    let nowhere = desk.path("no/such/folder/proof.json");
    let (code, _, stderr) = run(&[
        "balance",
        net,
        "-o",
        kept.to_str().unwrap(),
        "--certificate",
        nowhere.to_str().unwrap(),
    ]);
    assert!(code == 2 && stderr.contains("proof.json"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "old");
    assert_eq!(desk.files(), 1);
}
