//! Many requests through one pipe.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use super::{Desk, chain, run};

fn answers(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault} in {line}")))
        .collect()
}

fn network(weights: &[&str]) -> Value {
    serde_json::from_str(&chain(weights)).unwrap()
}

fn request(id: &str, before: &[&str], after: &[&str]) -> Value {
    json!({"id": id, "before": network(before), "after": network(after), "regularizer": "l1"})
}

/// The program, waiting for requests.
fn on_stdin() -> Child {
    Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args(["check", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Checks: each line is answered in its place with the exit code that it would have had alone; a bad line does not stop
/// the rest.
#[test]
fn every_line_is_answered_in_order() {
    let desk = Desk::new();
    let mut unknown = request("unknown", &["1", "4"], &["2", "2"]);
    unknown["extra"] = json!(1);
    let mut range = request("range", &["1", "4"], &["2", "2"]);
    range["tolerance"] = json!(2);
    let before = desk.write("before.json", chain(&["1", "4"]));
    let path = json!({"id": {"any": 1}, "before": before, "after": network(&["2", "2"]), "regularizer": "l1"});
    let lines = [
        request("right", &["1", "4"], &["2", "2"]).to_string(),
        "not JSON".to_owned(),
        request("early", &["1", "4"], &["4/3", "3"]).to_string(),
        String::new(),
        request("sign", &["1", "4"], &["2", "-2"]).to_string(),
        request("shape", &["1", "4"], &["2", "2", "2"]).to_string(),
        unknown.to_string(),
        range.to_string(),
        path.to_string(),
    ];
    let file = desk.write("requests.jsonl", lines.join("\n"));
    let (code, stdout, stderr) = run(&["check", "--batch", file.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (2, ""));
    let found = answers(&stdout);
    let of = |field: &str| found.iter().map(|a| a[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("line"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(of("exit_code"), [0, 2, 1, 2, 1, 3, 2, 2, 0]);
    assert_eq!(found[0]["id"], "right");
    assert_eq!(found[8]["id"], json!({"any": 1}));
    assert_eq!(found[2]["same_function"], true);
    assert_eq!(found[2]["balanced"], false);
    assert_eq!(found[4]["same_function"], false);
    assert_eq!(found[4]["witness"]["input"], json!({"x": "1"}));
    let outputs = ["output_before", "output_after"].map(|field| &found[4]["witness"][field]["y"]);
    assert_eq!(outputs, ["4", "-4"]);
    // Even where the request cannot be read, its id is repeated.
    assert_eq!(
        (&found[6]["id"], &found[7]["id"]),
        (&"unknown".into(), &"range".into())
    );
    assert_eq!(found[5]["same_function"], "undecided");
    for (place, named) in [(3, "empty"), (6, "extra"), (7, "tolerance")] {
        let message = found[place]["message"].as_str().unwrap();
        assert!(message.contains(named), "{message}");
    }
}

/// Checks: a thousand requests over stdin (200 where tests sample, which is several chunks too) come back in order, and
/// the exit code is that of the worst.
#[test]
fn a_thousand_requests_through_one_pipe() {
    let count = if crate::in_full() { 1_000 } else { 200 };
    let mut child = on_stdin();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for number in 0..count {
            let after = if number % 3 == 0 {
                ["2", "3"]
            } else {
                ["2", "2"]
            };
            writeln!(
                input,
                "{}",
                request(&number.to_string(), &["1", "4"], &after)
            )
            .unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found = answers(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(found.len(), count);
    for (number, answer) in found.iter().enumerate() {
        assert_eq!(answer["id"], number.to_string());
        assert_eq!(answer["exit_code"], i32::from(number % 3 == 0));
    }
}

/// Checks: theory, section 11: units that change places are no known scaling and the same function: undecided, which
/// outranks not balanced, and the batch ends with 3.
#[test]
fn a_permutation_is_undecided() {
    let network = |weights: [&str; 4]| {
        let unit = |id: &str, kind: &str| json!({"id": id, "kind": kind});
        let hidden = |id: &str| json!({"id": id, "kind": "hidden", "activation": "relu"});
        let output = json!({"id": "y", "kind": "output", "activation": "linear"});
        let ends = [("x", "a"), ("x", "b"), ("a", "y"), ("b", "y")];
        let synapses = ends.iter().zip(weights);
        let synapses =
            synapses.map(|((from, to), weight)| json!({"from": from, "to": to, "weight": weight}));
        json!({"format": "synaptic-balance/network", "version": 1,
            "units": [unit("x", "input"), hidden("a"), hidden("b"), output],
            "synapses": synapses.collect::<Value>()})
    };
    let desk = Desk::new();
    let (before, after) = (network(["1", "2", "3", "5"]), network(["2", "1", "5", "3"]));
    let line = json!({"id": 1, "before": before, "after": after}).to_string();
    let file = desk.write("requests.jsonl", line);
    let (code, stdout, _) = run(&["check", "--batch", file.to_str().unwrap()]);
    let found = &answers(&stdout)[0];
    assert_eq!((code, &found["exit_code"]), (3, &3.into()));
    assert_eq!(found["same_function"], "undecided");
    assert_eq!(
        (&found["known_scaling"], &found["balanced"]),
        (&false.into(), &false.into())
    );
    assert!(found["witness"]["cycle"].is_object() && found["witness"]["input"].is_null());
}

/// Checks: a client that asks one question at a time gets each answer before it asks the next.
#[test]
fn a_client_may_wait_for_each_answer() {
    let mut child = on_stdin();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for number in 0..3 {
        let question = request(&number.to_string(), &["1", "4"], &["2", "2"]);
        writeln!(input, "{question}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer = &answers(&line)[0];
        assert_eq!(
            (&answer["id"], &answer["line"]),
            (&number.to_string().into(), &(number + 1).into())
        );
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Checks: usage: a file that is not there, or networks beside a batch.
#[test]
fn bad_usage_of_a_batch() {
    let (code, stdout, stderr) = run(&["check", "--batch", "no/such/file"]);
    assert!(code == 2 && stdout.is_empty() && stderr.contains("no/such/file"));
    assert_eq!(
        run(&["check", "a.json", "b.json", "--batch", "c.jsonl"]).0,
        2
    );
    assert_eq!(run(&["check"]).0, 2);
}
