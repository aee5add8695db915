//! Certificates as files: good ones verify, corrupted ones never do.

use serde_json::{Value, json};

use super::{Desk, chain, example, run};

fn certificate(desk: &Desk, net: &str, extra: &[&str]) -> Value {
    let path = desk.path("proof.json");
    let (_, _, stderr) = run(&[
        &["balance", net, "--certificate", path.to_str().unwrap()],
        extra,
    ]
    .concat());
    serde_json::from_slice(
        &std::fs::read(&path).unwrap_or_else(|_| panic!("no certificate: {stderr}")),
    )
    .unwrap()
}

/// A certificate of version 1, as older releases wrote them.
fn enclosure(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/certificates");
    let path = format!("{folder}/{name}.enclosure.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn verify(desk: &Desk, net: &str, certificate: &Value) -> (i32, String) {
    let path = desk.write("candidate.json", certificate.to_string());
    let (code, stdout, stderr) = run(&["verify", net, path.to_str().unwrap()]);
    (code, stdout + stderr.as_str())
}

/// Checks: certificates of every kind that `balance` writes verify against their network and no other.
#[test]
fn written_certificates_verify() {
    let desk = Desk::new();
    let example = example();
    let example = example.to_str().unwrap();
    let rational = desk.write("rational.json", chain(&["1", "8", "1"]));
    let dead = desk.write("dead.json", chain(&["1", "2", "0"]));
    let cases: [(&str, &[&str], &str); 5] = [
        (example, &[], "energy"),
        (
            example,
            &["--regularizer", "mix:1*2+1/2*1", "--certify=40"],
            "energy",
        ),
        (
            rational.to_str().unwrap(),
            &["--method", "exact", "--regularizer", "l1"],
            "balanced",
        ),
        (dead.to_str().unwrap(), &["--limit"], "enclosure"),
        (dead.to_str().unwrap(), &[], "enclosure"),
    ];
    for (net, extra, claim) in cases {
        let found = certificate(&desk, net, extra);
        let claim = if extra.is_empty() && net == dead.to_str().unwrap() {
            "not_attained"
        } else {
            claim
        };
        assert_eq!(found["claim"], claim);
        let (code, message) = verify(&desk, net, &found);
        assert_eq!(code, 0, "{message}");
        let other = desk.write("other.json", chain(&["1", "3", "5"]));
        let (code, _) = verify(&desk, other.to_str().unwrap(), &found);
        assert_eq!(
            code, 1,
            "a certificate of {net} was accepted for another network"
        );
    }
}

type Change = Box<dyn Fn(&mut Value)>;

/// Checks: each corruption of an enclosure is refused for its own reason, with exit code 1.
#[test]
fn corrupted_certificates_are_refused() {
    let desk = Desk::new();
    let net = example();
    let net = net.to_str().unwrap();
    let good = enclosure("chain");
    assert_eq!(verify(&desk, net, &good).0, 0);
    let corrupt = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        verify(&desk, net, &bad)
    };
    let cases: Vec<(Change, &str)> = vec![
        (
            Box::new(|c| c["lower"]["a"] = c["upper"]["a"].clone()),
            "lower",
        ),
        (
            Box::new(|c| c["upper"]["b"] = c["lower"]["b"].clone()),
            "upper",
        ),
        (Box::new(|c| c["lower"]["a"] = json!("-1")), "not positive"),
        (Box::new(|c| c["lower"]["a"] = json!("0")), "not positive"),
        (Box::new(|c| c["lower"]["a"] = json!("100")), "exceeds"),
        (
            Box::new(|c| c["lower"]["x"] = json!("1")),
            "`x` is not a unit",
        ),
        (
            Box::new(|c| drop(c["lower"].as_object_mut().unwrap().remove("b"))),
            "`b` is missing",
        ),
        (Box::new(|c| c["regularizer"] = json!("l1")), "larger one"),
        (
            Box::new(|c| c["direction"] = json!({"a": "0", "b": "0"})),
            "lowers no cost",
        ),
    ];
    for (index, (change, reason)) in cases.iter().enumerate() {
        let (code, message) = corrupt(change.as_ref());
        assert_eq!(code, 1, "case {index}: {message}");
        assert!(
            message.contains("refused") && message.contains(reason),
            "case {index}: {message}"
        );
    }
    let malformed: [&dyn Fn(&mut Value); 10] = [
        &|c| c["lower"]["a"] = json!("1/0"),
        &|c| c["regularizer"] = json!("l0"),
        &|c| c["claim"] = json!("everything"),
        &|c| c["claim"] = json!("attained"),
        &|c| c["circulation"] = json!(["1"]),
        &|c| drop(c.as_object_mut().unwrap().remove("upper")),
        &|c| c["version"] = json!(7),
        &|c| c["format"] = json!("other"),
        &|c| c["extra"] = json!(1),
        &|c| c["lower"] = json!([1]),
    ];
    for change in malformed {
        assert_eq!(corrupt(change).0, 2);
    }
}

/// Checks: a layer of several units under one multiplier; its certificate is about the tied network only.
#[test]
fn tied_certificates_verify_with_their_ties() {
    let desk = Desk::new();
    let units = ["x", "a", "b", "y"].map(|id| match id {
        "x" => json!({"id": id, "kind": "input"}),
        "y" => json!({"id": id, "kind": "output"}),
        _ => json!({"id": id, "kind": "hidden", "activation": "relu"}),
    });
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let synapses = [
        synapse("x", "a", "1"),
        synapse("x", "b", "5"),
        synapse("a", "y", "7"),
        synapse("b", "y", "2"),
    ];
    let document = json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses});
    let net = desk.write("net.json", document.to_string());
    let net = net.to_str().unwrap();
    let proof = desk.path("proof.json");
    let proof = proof.to_str().unwrap();
    assert_eq!(
        run(&["balance", net, "--tied", "layer", "--certificate", proof]).0,
        0
    );
    assert_eq!(run(&["verify", net, proof, "--tied", "layer"]).0, 0);
    assert_eq!(run(&["verify", net, proof]).0, 1);
    assert_eq!(run(&["balance", net, "--certificate", proof]).0, 0);
    assert_eq!(run(&["verify", net, proof, "--tied", "layer"]).0, 1);
    assert_eq!(run(&["verify", net, proof]).0, 0);
}

/// Checks: where a component can be scaled as a whole, certificate and report say that its multipliers are determined
/// only up to a factor; two values under one key are refused; huge powers of long numbers are refused in time.
#[test]
fn statements_are_no_stronger_than_their_proof() {
    let desk = Desk::new();
    let units = ["a", "b"].map(|id| json!({"id": id, "kind": "hidden", "activation": "relu"}));
    let synapses = [
        json!({"from": "a", "to": "b", "weight": "2"}),
        json!({"from": "b", "to": "a", "weight": "3"}),
    ];
    let document = json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses});
    let net = desk.write("ring.json", document.to_string());
    let net = net.to_str().unwrap();
    let (_, report) = super::json(&["balance", net, "--certify"]);
    assert_eq!(report["undetermined"], json!(["a", "b"]));
    let found = certificate(&desk, net, &[]);
    let (code, message) = verify(&desk, net, &found);
    assert!(
        code == 0 && message.contains("but for a common factor"),
        "{message}"
    );
    let twice = found
        .to_string()
        .replacen(r#""lower":{"#, r#""lower":{"a":"7","#, 1);
    let path = desk.write("twice.json", twice);
    let (code, _, stderr) = run(&["verify", net, path.to_str().unwrap()]);
    assert!(code == 2 && stderr.contains("twice"), "{stderr}");
    let long = format!("1{}", "0".repeat(3_000));
    let huge = json!({
        "format": "synaptic-balance/certificate", "version": 1, "claim": "balanced",
        "regularizer": "mix:1*256+1*1", "multipliers": {"a": long, "b": "1"},
    });
    let (code, message) = verify(&desk, net, &huge);
    assert!(code == 1 && message.contains("undecided"), "{message}");
}

/// Checks: where comparison says nothing, as after a product, energy certificates are good for as many digits as are
/// asked for, and verify; with a grid or a number of bits beyond what the kernel takes they do not.
#[test]
fn energy_certificates_of_many_digits() {
    let desk = Desk::new();
    let hidden = |id: &str| json!({"id": id, "kind": "hidden", "activation": "relu"});
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let net = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, hidden("a"), hidden("b"), {"id": "z", "kind": "product", "of": ["a", "b"]},
                  {"id": "y", "kind": "output", "activation": "linear"}],
        "synapses": [synapse("x", "a", "2"), synapse("x", "b", "3"), synapse("z", "y", "5")],
    });
    let net = desk.write("product.json", net.to_string());
    let net = net.to_str().unwrap();
    for digits in [12, 50, 200] {
        let found = certificate(&desk, net, &[&format!("--certify={digits}")]);
        assert_eq!(found["claim"], "energy");
        assert_eq!(found["F"].as_u64().unwrap() > 85, digits > 12);
        let (code, message) = verify(&desk, net, &found);
        assert_eq!(code, 0, "{message}");
        let within = message.split("within ").nth(1).unwrap();
        let within = within.split(' ').next().unwrap();
        let exponent: i32 = within.split("e-").nth(1).unwrap().parse().unwrap();
        assert!(exponent >= digits, "{digits}: {message}");
        for (field, value) in [("F", 5000), ("grid", 20000)] {
            let mut wrong = found.clone();
            wrong[field] = json!(value);
            let (code, message) = verify(&desk, net, &wrong);
            assert!(code == 1 && message.contains("out of range"), "{message}");
        }
        let mut moved = found.clone();
        let mantissa = moved["point"]["a"][0].as_str().unwrap();
        moved["point"]["a"][0] = json!(format!("{mantissa}1"));
        assert_eq!(verify(&desk, net, &moved).0, 1);
    }
}

/// Checks: a certificate speaks of one regularizer and of the ties it was made with.
#[test]
fn certificates_are_read_as_what_they_are_about() {
    let desk = Desk::new();
    let net = example();
    let net = net.to_str().unwrap();
    let path = desk.write("proof.json", certificate(&desk, net, &[]).to_string());
    let path = path.to_str().unwrap();
    assert_eq!(run(&["verify", net, path, "--regularizer", "l2"]).0, 0);
    assert_eq!(run(&["verify", net, path, "--regularizer", "l1"]).0, 1);
    let wide = super::chain(&["3", "1", "2", "7"]);
    let net = desk.write(
        "wide.json",
        wide.replace(r#""synapses""#, r#""ties":[["h1","h3"]],"synapses""#),
    );
    let net = net.to_str().unwrap();
    assert_eq!(verify(&desk, net, &certificate(&desk, net, &[])).0, 0);
    let tied = enclosure("tied");
    assert_eq!(verify(&desk, net, &tied).0, 0);
    let mut broken = tied.clone();
    broken["upper"]["h3"] = json!("1000000");
    let (code, message) = verify(&desk, net, &broken);
    assert!(code == 1 && message.contains("tied"), "{message}");
    let layered = desk.path("layered.json");
    let layered = layered.to_str().unwrap();
    let example = example();
    let example = example.to_str().unwrap();
    assert_eq!(
        run(&[
            "balance",
            example,
            "--tied",
            "layer",
            "--certificate",
            layered
        ])
        .0,
        0
    );
    assert_eq!(run(&["verify", example, layered, "--tied", "layer"]).0, 0);
}

/// Checks: exact multipliers of a limit are said to be of the limit; their certificate verifies, and without its
/// direction it is refused, as is the same claim about the whole problem; a restriction is not overruled by the exact
/// optimum.
#[test]
fn exact_balance_in_a_limit_is_said_as_such() {
    let desk = Desk::new();
    let units = json!([
        {"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"},
        {"id": "b", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output", "activation": "linear"},
    ]);
    let synapses = json!([
        {"from": "x", "to": "a", "weight": "9"}, {"from": "a", "to": "y", "weight": "1"},
        {"from": "a", "to": "b", "weight": "3"},
    ]);
    let network = json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses});
    let net = desk.write("net.json", network.to_string());
    let net = net.to_str().unwrap();
    let exact = ["balance", net, "--method", "exact", "--limit"];
    for regularizer in ["l1", "l2", "lp:3", "mix:1*2+1*1"] {
        let asked = [&exact[..], &["--regularizer", regularizer]].concat();
        let (code, text, _) = run(&asked);
        assert_eq!(code, 0, "{text}");
        let lines = text.lines().filter(|line| line.contains("exactly"));
        let claims: Vec<&str> = lines.filter(|line| line.starts_with("proved")).collect();
        let said = "every unit exactly in the limit in which a -> b vanishes";
        assert!(claims.len() == 1 && claims[0].ends_with(said), "{text}");
        let extra = ["--method", "exact", "--limit", "--regularizer", regularizer];
        let mut found = certificate(&desk, net, &extra);
        assert_eq!(found["claim"], "balanced");
        let (code, message) = verify(&desk, net, &found);
        assert!(
            code == 0 && message.contains("in the limit of"),
            "{message}"
        );
        found.as_object_mut().unwrap().remove("direction");
        assert_eq!(verify(&desk, net, &found).0, 1);
    }
    let output = desk.path("out.json");
    let output = output.to_str().unwrap();
    let (code, text, _) = run(&[&exact[..], &["--power-of-two", "-o", output]].concat());
    assert!(
        code == 0 && text.contains("without the restriction"),
        "{text}"
    );
    let written: Value = serde_json::from_slice(&std::fs::read(output).unwrap()).unwrap();
    // The optimum is 3 and 3; the nearest power of two leaves 9/4 and 4, or 9/2 and 2.
    let weight = |synapse: usize| written["synapses"][synapse]["weight"].as_f64().unwrap();
    assert!(weight(0) == 2.25 || weight(0) == 4.5, "{written}");
    assert_eq!(weight(2), 0.0);
    // Within a bound nothing vanishes.
    let (code, text, _) = run(&["balance", net, "--max-scaling", "1000", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 0, "{text}");
    assert_eq!(report["vanished"], json!([]));
    assert_eq!(report["status"], "restricted");
}
