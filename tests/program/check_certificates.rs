//! Certificates of what `check` proves: `verify` and the second judge read them.

use serde_json::{Value, json};
use std::cell::RefCell;

use super::second_judge::second_opinions;
use super::{Desk, chain, example, one_in, run};

/// Both judges, the second one on all certificates at once.
struct Judges<'a> {
    desk: &'a Desk,
    /// Requests for the second one, and how they are to be answered.
    asked: RefCell<(String, Vec<i32>)>,
}

impl<'a> Judges<'a> {
    fn at(desk: &'a Desk) -> Self {
        let asked = RefCell::default();
        Judges { desk, asked }
    }

    /// The exit code of `verify`.
    fn code(&self, net: &str, certificate: &Value) -> i32 {
        let path = self.desk.write("candidate.json", certificate.to_string());
        let (code, _, _) = run(&["verify", net, path.to_str().unwrap()]);
        let network: Value = serde_json::from_slice(&std::fs::read(net).unwrap()).unwrap();
        let (requests, codes) = &mut *self.asked.borrow_mut();
        *requests += &json!({"network": network, "certificate": certificate}).to_string();
        *requests += "\n";
        codes.push(code);
        code
    }

    /// Does the second judge agree?
    fn agree(self) {
        let (requests, codes) = self.asked.into_inner();
        let Some(answers) = second_opinions(&requests) else {
            return;
        };
        assert_eq!(answers.lines().count(), codes.len());
        for ((request, answer), code) in requests.lines().zip(answers.lines()).zip(codes) {
            let words = ["accepted", "refused", "malformed"];
            let expected = words[usize::try_from(code).unwrap()];
            assert!(answer.starts_with(expected), "{answer}: {request}");
        }
    }
}

fn written(desk: &Desk, arguments: &[&str], code: i32) -> Value {
    let path = desk.path("proof.json");
    let path = path.to_str().unwrap();
    let found = run(&[&["check"], arguments, &["--certificate", path]].concat());
    assert_eq!(found.0, code, "{found:?}");
    let text = std::fs::read(path).unwrap_or_else(|_| panic!("no certificate: {found:?}"));
    std::fs::remove_file(path).unwrap();
    serde_json::from_slice(&text).unwrap()
}

type Change = fn(&mut Value);

/// The weights of the result, the exit code of `check`, claim and field of the certificate, and changes that are
/// refused.
type Case<'a> = (&'a [&'a str], i32, &'a str, &'a str, &'a [Change]);

/// Checks: for each kind of proof the exit code of `check`, and the certificate, which proves its claim to both judges
/// about the first network, of another one and after each of some changes not.
#[test]
fn what_is_proved_can_be_verified() {
    let desk = Desk::new();
    let net = |name: &str, weights: &[&str]| {
        let path = desk.write(name, chain(weights));
        path.to_str().unwrap().to_owned()
    };
    let judges = Judges::at(&desk);
    let before = net("before.json", &["2", "16", "2"]);
    let another = net("another.json", &["3", "-5", "2"]);
    let longer = net("longer.json", &["2", "16", "2", "1"]);
    let scaling: &[Change] = &[
        |c| c["weights"][1] = json!("5"),
        |c| c["multipliers"]["h1"] = json!("3"),
        |c| c["multipliers"]["h1"] = json!("-4"),
    ];
    let synapse: &[Change] = &[
        |c| c["synapse"] = json!(1),
        |c| c["synapse"] = json!(3),
        |c| c["tolerance"] = json!("1"),
        |c| c["tolerance"] = json!("-1/2"),
    ];
    let cycle: &[Change] = &[
        |c| c["tolerance"] = json!("1/2"),
        |c| c["cycle"]["0"] = json!("7"),
        |c| drop(c["cycle"].as_object_mut().unwrap().remove("1")),
        |c| c["cycle"] = json!({}),
        |c| c["cycle"]["9"] = json!("1"),
        |c| c["weights"][0] = json!("16/10"),
    ];
    let cases: [Case; 6] = [
        (&["4", "4", "4"], 0, "scaling", "multipliers", scaling),
        (&["2", "8", "4"], 1, "scaling", "multipliers", scaling),
        (
            &["4", "-4", "-4"],
            1,
            "not_scaled",
            "synapse",
            &synapse[1..],
        ),
        (&["0", "8", "1"], 1, "not_scaled", "synapse", synapse),
        (&["4", "10", "4"], 1, "not_scaled", "cycle", cycle),
        // By less than the tolerance.
        (
            &["4", "4", "4.00000000001"],
            1,
            "not_scaled",
            "cycle",
            &cycle[..5],
        ),
    ];
    for (weights, code, claim, field, changes) in cases {
        let after = net("after.json", weights);
        let found = written(&desk, &[&before, &after], code);
        assert_eq!(found["claim"], claim, "{found}");
        assert!(found.get(field).is_some(), "{found}");
        assert_eq!(judges.code(&before, &found), 0, "{found}");
        assert_eq!(judges.code(&longer, &found), 1, "{found}");
        if field != "synapse" {
            assert_eq!(judges.code(&another, &found), 1, "{found}");
        }
        for (number, change) in one_in(2, changes.iter().enumerate()) {
            let mut wrong = found.clone();
            change(&mut wrong);
            assert_eq!(judges.code(&before, &wrong), 1, "{number}: {wrong}");
        }
        let malformed: [Change; 3] = [
            |c| c["spanning"] = json!([0]),
            |c| c["weights"][0] = json!("1/0"),
            |c| drop(c.as_object_mut().unwrap().remove("weights")),
        ];
        for change in one_in(2, malformed) {
            let mut wrong = found.clone();
            change(&mut wrong);
            assert_eq!(judges.code(&before, &wrong), 2, "{wrong}");
        }
    }
    judges.agree();
}

/// Checks: `explain` writes the constraints that it lists as a certificate, of the example, of a chain with a weight of
/// 0, and of one with ties; none of ONNX models.
#[test]
fn constraints_are_written_as_explained() {
    let desk = Desk::new();
    let judges = Judges::at(&desk);
    let plain = chain(&["2", "16", "0", "3"]);
    let tied = plain.replace(r#""synapses""#, r#""ties":[["h1","h3"]],"synapses""#);
    let plain = desk.write("plain.json", plain);
    let tied = desk.write("tied.json", tied);
    let proof = desk.path("proof.json");
    let proof = proof.to_str().unwrap();
    for (net, dimension) in [(example(), 2), (plain, 3), (tied, 2)] {
        let net = net.to_str().unwrap();
        let (code, text, _) = run(&["explain", net, "--json", "--certificate", proof]);
        assert_eq!(code, 0, "{text}");
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["manifold"]["dimension"], dimension, "{report}");
        let found: Value = serde_json::from_slice(&std::fs::read(proof).unwrap()).unwrap();
        let spanning = found["spanning"].as_array().unwrap();
        let constraints = found["constraints"].as_array().unwrap();
        assert_eq!(spanning.len(), dimension);
        assert_eq!(
            spanning.len() + constraints.len(),
            report["synapses"].as_u64().unwrap() as usize,
            "{report}"
        );
        assert_eq!(judges.code(net, &found), 0, "{found}");
        let mut fewer = found.clone();
        fewer["spanning"].as_array_mut().unwrap().pop();
        assert_eq!(judges.code(net, &fewer), 1, "{fewer}");
    }
    judges.agree();
    std::fs::remove_file(proof).unwrap();
    let onnx = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/base.onnx");
    let (code, _, message) = run(&["explain", onnx, "--certificate", proof]);
    assert!(code == 2 && message.contains("ONNX"), "{message}");
    assert!(!std::path::Path::new(proof).exists());
}

/// Checks: the deviation that is refuted is the largest that was proved; units that share a multiplier, with the same
/// ties; nothing is written over what is read, nor with a batch, nor where nothing is proved, which is said, with exit
/// code 3.
#[test]
fn what_a_certificate_of_a_check_says() {
    let desk = Desk::new();
    let net = |name: &str, weights: &[&str]| {
        let path = desk.write(name, chain(weights));
        path.to_str().unwrap().to_owned()
    };
    let before = net("before.json", &["1", "16"]);
    let after = net("after.json", &["4", "5"]);
    let found = written(&desk, &[&before, &after], 1);
    let tolerance = found["tolerance"].as_str().unwrap();
    let (above, below) = tolerance.split_once('/').unwrap();
    let tolerance: f64 = above.parse::<f64>().unwrap() / below.parse::<f64>().unwrap();
    // Ratios of 1.25 together: (1 + d)² < 1.25 for both.
    assert!(tolerance > 0.11 && tolerance < 1.25f64.sqrt() - 1.0);
    let scaled = net("scaled.json", &["4", "4"]);
    let tied = written(&desk, &[&before, &scaled, "--tied", "layer"], 0);
    assert_eq!(tied["claim"], "scaling");
    let text = std::fs::read(&scaled).unwrap();
    let refused = run(&["check", &before, &scaled, "--certificate", &scaled]);
    assert_eq!(refused.0, 2, "{refused:?}");
    assert_eq!(std::fs::read(&scaled).unwrap(), text);
    let proof = desk.path("proof.json");
    let proof = proof.to_str().unwrap();
    let refused = run(&["check", "--batch", &before, "--certificate", proof]);
    assert_eq!(refused.0, 2, "{refused:?}");
    // The weight that vanishes in the limit of the infimum.
    let dead = net("dead.json", &["3", "2", "0"]);
    let dropped = net("dropped.json", &["0", "0", "0"]);
    let (code, text, _) = run(&["check", &dead, &dropped, "--certificate", proof]);
    assert!(
        code != 0 && text.contains("certificate        none"),
        "{text}"
    );
    assert!(!std::path::Path::new(proof).exists());
}

/// Checks: both judges on the constraints of a chain, which are one, and of two units in parallel, with changes that
/// make rows depend on each other, too few, or false.
#[test]
fn constraints_are_judged_twice() {
    let desk = Desk::new();
    let judges = Judges::at(&desk);
    let manifold = |constraints: Value, spanning: Value| {
        json!({
            "format": "synaptic-balance/certificate", "version": 1, "claim": "manifold", "regularizer": "l2",
            "constraints": constraints, "spanning": spanning,
        })
    };
    let before = desk.write("before.json", chain(&["2", "16", "0"]));
    let before = before.to_str().unwrap();
    let whole = json!({"0": "1", "1": "1", "2": "1"});
    let cases = [
        (json!([whole]), json!([0, 2]), 0),
        (
            json!([{"0": "-2/3", "1": "-2/3", "2": "-2/3"}]),
            json!([1, 2]),
            0,
        ),
        (json!([whole]), json!([0, 0]), 1),
        (json!([whole]), json!([0, 3]), 1),
        (json!([whole]), json!([0]), 1),
        (json!([whole, whole]), json!([0]), 1),
        (json!([{"0": "1", "1": "1"}]), json!([0, 2]), 1),
        (
            json!([{"0": "1", "1": "1", "2": "1", "3": "0"}]),
            json!([0, 2]),
            1,
        ),
        (json!([{"0": "1", "1": "1", "x": "1"}]), json!([0, 2]), 2),
        (json!([{"0": "1", "1": "1", "02": "1"}]), json!([0, 2]), 2),
        (json!([whole]), json!([0, -1]), 2),
    ];
    for (constraints, spanning, code) in cases {
        let certificate = manifold(constraints, spanning);
        assert_eq!(judges.code(before, &certificate), code, "{certificate}");
    }
    let parallel = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [
            {"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"},
            {"id": "b", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"},
        ],
        "synapses": [
            {"from": "x", "to": "a", "weight": "1"}, {"from": "x", "to": "b", "weight": "1"},
            {"from": "a", "to": "y", "weight": "1"}, {"from": "b", "to": "y", "weight": "1"}, {"from": "x", "to": "y", "weight": "1"},
        ],
    });
    let parallel = desk.write("parallel.json", parallel.to_string());
    let parallel = parallel.to_str().unwrap();
    let (a, b, skip) = (
        json!({"0": "1", "2": "1"}),
        json!({"1": "1", "3": "1"}),
        json!({"4": "3"}),
    );
    let both = json!({"0": "1", "2": "1", "1": "1", "3": "1"});
    let cases = [
        (json!([a, b, skip]), json!([0, 1]), 0),
        (json!([a, both, skip]), json!([3, 0]), 0),
        (json!([a, a, skip]), json!([0, 1]), 1),
        (json!([a, b, skip]), json!([0, 2]), 1),
        (json!([a, b, skip]), json!([0, 4]), 1),
    ];
    for (constraints, spanning, code) in cases {
        let certificate = manifold(constraints, spanning);
        assert_eq!(judges.code(parallel, &certificate), code, "{certificate}");
    }
    judges.agree();
}
