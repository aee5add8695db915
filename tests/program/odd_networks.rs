//! Networks that no one means, through every command: an answer or a reason, never a crash.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{Desk, chain, is_tried, run};

/// A network of hidden ReLUs between `x` and `y`; synapses as `from to weight`.
fn network(hidden: &[&str], synapses: &[&str]) -> Value {
    let mut units = vec![json!({"id": "x", "kind": "input"})];
    let relu = |id: &&str| json!({"id": id, "kind": "hidden", "activation": "relu"});
    units.extend(hidden.iter().map(relu));
    units.push(json!({"id": "y", "kind": "output"}));
    let synapse = |text: &&str| {
        let mut parts = text.split(' ');
        let mut next = || parts.next().unwrap();
        json!({"from": next(), "to": next(), "weight": next()})
    };
    json!({
        "format": "synaptic-balance/network", "version": 1, "units": units,
        "synapses": synapses.iter().map(synapse).collect::<Value>(),
    })
}

fn odd() -> Vec<(&'static str, Value)> {
    let tied = |mut document: Value, ties: Value| {
        document["ties"] = ties;
        document
    };
    let two = || network(&["a", "b"], &["x a 1", "a y 4", "x b 2", "b y 3"]);
    let long = format!("{}/{}", "7".repeat(1_900), "3".repeat(1_900));
    let mut activation = network(&["a", "b"], &["x a 2", "a b 3", "b y 5"]);
    activation["units"][1]["activation"] = json!({"bipu": {"c": "-255/256", "C": "1", "D": "-1"}});
    let mut zero = network(&["a"], &["x a 2", "a y 5"]);
    zero["units"][1]["activation"] = json!({"bilu": {"a": "0", "b": "0"}});
    let mut empty = network(&[], &[]);
    empty["units"] = json!([]);
    let mut large = network(&["a"], &[]);
    large["units"][1]["id"] = json!("n".repeat(1 << 20));
    let mut strange = network(&["\u{1b}[2J", ""], &["x \u{1b}[2J 1", "\u{1b}[2J y 1"]);
    strange["synapses"][0]["weight"] = json!(1e-320);
    vec![
        ("no units", empty),
        ("no hidden units", network(&[], &["x y 1"])),
        ("no synapses", network(&["a", "b"], &[])),
        (
            "only self-connections",
            network(&["a", "b"], &["a a 1", "b b -2"]),
        ),
        (
            "away from the ground",
            network(&["a", "b"], &["a b 1", "b a 2", "x y 1"]),
        ),
        (
            "zeros",
            network(&["a", "b"], &["x a 0", "a b 0", "b y 0", "a a 0"]),
        ),
        (
            "tiny",
            network(&["a", "b"], &["x a 1e-400", "a b 1e-3990", "b y 1e400"]),
        ),
        (
            "long",
            network(&["a"], &[&format!("x a {long}"), &format!("a y -{long}")]),
        ),
        ("one unit tied", tied(two(), json!([["a"]]))),
        (
            "ties twice",
            tied(two(), json!([["a", "b"], ["b", "a"], ["a", "b"]])),
        ),
        ("empty ties", tied(two(), json!([[], []]))),
        ("negative degree", activation),
        ("no function", zero),
        ("a long id", large),
        ("strange ids", strange),
    ]
}

/// Checks: odd networks in every command end with an exit code of the contract, without a word of panic, in seconds.
#[test]
fn odd_networks_are_answered() {
    let desk = Desk::new();
    for (number, (name, document)) in odd().into_iter().enumerate() {
        let path = desk.write("odd.json", document.to_string());
        let path = path.to_str().unwrap();
        let out = desk.path("out.json");
        let out = out.to_str().unwrap();
        let commands: [&[&str]; 5] = [
            &["explain", path],
            &["balance", path, "-o", out, "--limit", "--certify"],
            &[
                "balance",
                path,
                "--method",
                "exact",
                "--regularizer",
                "lp:255/256",
                "--tied",
                "layer",
            ],
            &[
                "balance",
                path,
                "--max-scaling",
                "2",
                "--regularizer",
                "mix:1*2+1*1",
            ],
            &["check", path, path],
        ];
        for (place, command) in commands.into_iter().enumerate() {
            if !is_tried(3, number, place) {
                continue;
            }
            let start = Instant::now();
            let (code, _, stderr) = run(command);
            assert!(
                (0..=3).contains(&code) && !stderr.contains("defect"),
                "{name} {command:?}: {code} {stderr}"
            );
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{name} {command:?}"
            );
        }
    }
}

/// Checks: options out of their range are bad usage.
#[test]
fn options_out_of_range_are_refused() {
    let net = super::example();
    let net = net.to_str().unwrap();
    let options = [
        "--threads=0",
        "--threads=-1",
        "--certify=0",
        "--certify=4000000000",
        "--certify=99999999999999999999",
        "--tolerance=nan",
        "--tolerance=inf",
        "--tolerance=0",
        "--tolerance=-1",
        "--max-scaling=0.5",
        "--max-scaling=1e400",
        "--max-scaling=1/0",
        "--seed=1.5",
        "--regularizer=lp:1e99999999",
        "--regularizer=lp:257/2",
        "--regularizer=mix:1*2+",
        "--regularizer=lp:1/0",
    ];
    for option in options {
        let (code, stdout, stderr) = run(&["balance", net, option]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{option}: {stderr}");
        assert!(!stderr.is_empty(), "{option}");
    }
    assert_eq!(run(&["learn", "little-data", "--seeds", "0"]).0, 2);
}

/// Checks: requests that cannot be read are answered under their id, and the others as if they were alone.
#[test]
fn faulty_requests_take_nothing_with_them() {
    let desk = Desk::new();
    let nested = format!(
        r#"{{"id": "nested", "before": {}1{}, "after": 1}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let long = format!(r#"{{"id": "long", "before": "{}"}}"#, "n".repeat(1 << 26));
    let small = desk.write("small.json", chain(&["1", "4"]));
    let sound = json!({"id": "sound", "before": small, "after": small}).to_string();
    let lines: [&[u8]; 6] = [
        nested.as_bytes(),
        br#"{"id": "broken", "before": [}"#,
        b"{\"id\": \"bytes\", \"before\": \"\xff\"}",
        b"",
        long.as_bytes(),
        sound.as_bytes(),
    ];
    let file = desk.write("requests.jsonl", lines.join(&b'\n'));
    let (code, stdout, _) = run(&["check", "--batch", file.to_str().unwrap()]);
    assert_eq!(code, 2);
    let answers = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let answers: Vec<Value> = answers.collect();
    let of = |field: &str| answers.iter().map(|a| a[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("line"), [1, 2, 3, 4, 5, 6]);
    assert_eq!(of("exit_code"), [2, 2, 2, 2, 2, 1]);
    let ids = json!(["nested", "broken", "bytes", null, "long", "sound"]);
    assert_eq!(Value::from(of("id")), ids);
}

/// Checks: degrees that multiply beyond what is computed are refused, and a program that overflows is no answer, not a
/// crash.
#[test]
fn degrees_that_multiply_are_bounded() {
    let desk = Desk::new();
    let squares = |count: usize, degree: &str, grounded: bool| {
        let mut document: Value = serde_json::from_str(&chain(&vec!["1"; count + 1])).unwrap();
        for unit in document["units"].as_array_mut().unwrap() {
            if unit["kind"] == "hidden" {
                unit["activation"] = json!({"bipu": {"c": degree, "C": "1", "D": "0"}});
            }
        }
        if !grounded {
            let synapses = document["synapses"].as_array_mut().unwrap();
            synapses.remove(0);
        }
        desk.write("squares.json", document.to_string())
    };
    let path = squares(3_000, "255/256", false);
    let (code, _, stderr) = run(&["explain", path.to_str().unwrap()]);
    assert!(code == 2 && stderr.contains("multiply"), "{code} {stderr}");
    let path = squares(1_200, "2", true);
    let (code, _, stderr) = run(&["explain", path.to_str().unwrap()]);
    assert!(code == 3 && stderr.contains("overflow"), "{code} {stderr}");
}

/// Checks: costs that are long roots are decided or refused in seconds.
#[test]
fn long_roots_are_bounded() {
    let desk = Desk::new();
    let long = "3".repeat(3_900);
    let net = desk.write("net.json", chain(&[&long, &long, &format!("{long}7")]));
    let certificate = json!({
        "format": "synaptic-balance/certificate", "version": 1, "regularizer": "lp:255/256", "claim": "enclosure",
        "lower": {"h1": "1", "h2": "1"}, "upper": {"h1": "1", "h2": "1"},
    });
    let certificate = desk.write("certificate.json", certificate.to_string());
    let start = Instant::now();
    let (code, _, stderr) = run(&[
        "verify",
        net.to_str().unwrap(),
        certificate.to_str().unwrap(),
    ]);
    assert_eq!(code, 1, "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(5));
}
