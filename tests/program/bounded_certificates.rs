//! Certificates of the minimum within `--max-scaling`.

use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use super::second_judge::{perceptron, second_opinion};
use super::{Desk, chain, example, json, one_in, run};

/// The certificate that `balance` writes of a model within a bound, and its report.
fn certified(desk: &Desk, model: &str, bound: &str, extra: &[&str]) -> (Value, Value) {
    let path = desk.path("bounded.json");
    let path = path.to_str().unwrap();
    let balance = [
        "balance",
        model,
        "--max-scaling",
        bound,
        "--certificate",
        path,
    ];
    let (code, report) = json(&[&balance, extra].concat());
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["restriction"]["bound"], "certified");
    let within = report["restriction"]["weights_within"].as_f64();
    assert!(within.is_some_and(|within| within < 1e-12), "{within:?}");
    let text = std::fs::read(path).unwrap();
    (serde_json::from_slice(&text).unwrap(), report)
}

/// Exit codes of the program and of the independent checker, and what the program says.
fn judged(
    desk: &Desk,
    model: &str,
    certificate: &Value,
    extra: &[&str],
) -> (i32, Option<i32>, String) {
    let path = desk.write("candidate.json", certificate.to_string());
    let path = path.to_str().unwrap();
    let (code, output, errors) = run(&[&["verify", model, path], extra].concat());
    let second = second_opinion(model, path).map(|(code, _)| code);
    (code, second, output + errors.as_str())
}

/// Checks: Section 10 of the theory: `3/4 -> b -> 1/4` cannot be balanced within 3/2: the certificate says so of the
/// bounds, and both judges accept it; whatever is changed about its bounds, both refuse it, or say that it is
/// malformed.
#[test]
fn the_minimum_within_a_bound_is_certified() {
    let desk = Desk::new();
    let model = example();
    let model = model.to_str().unwrap();
    let (good, report) = certified(&desk, model, "3/2", &[]);
    assert_eq!(report["restriction"]["at_bound"], json!(["b"]));
    let (code, second, words) = judged(&desk, model, &good, &[]);
    assert_eq!((code, second.unwrap_or(0)), (0, 0));
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("within the bounds 4/9 and 9/4 of every multiplier of costs"),
        "{words}"
    );
    assert!(!words.contains("attained"), "{words}");
    let (_, report) = json(&[
        "verify",
        model,
        desk.path("candidate.json").to_str().unwrap(),
    ]);
    assert_eq!(
        (&report["attained"], &report["within_bounds"]),
        (&json!(false), &json!(true))
    );
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut other = good.clone();
        change(&mut other);
        let (code, second, words) = judged(&desk, model, &other, &[]);
        assert_eq!(second.unwrap_or(code), code, "{words}");
        (code, words)
    };
    let remove = |field: &'static str| {
        move |other: &mut Value| drop(other.as_object_mut().unwrap().remove(field))
    };
    let refused: [&dyn Fn(&mut Value); 8] = [
        // The free minimum is another one.
        &|other| (remove("lower")(other), remove("upper")(other)).0,
        // The point is outside.
        &|other| other["lower"]["b"] = json!("1/2"),
        &|other| other["upper"]["a"] = json!("2"),
        &|other| other["point"]["b"] = json!(["3", 0]),
        &|other| other["point"]["b"] = json!(["1", -2]),
        // No bounds, and not those of the units.
        &|other| other["lower"]["a"] = json!("0"),
        &|other| other["lower"]["b"] = json!("-1"),
        &|other| other["lower"] = json!({"a": "4/9"}),
    ];
    let step = if crate::in_full() { 1 } else { 5 };
    for (number, change) in refused.into_iter().enumerate().step_by(step) {
        let (code, words) = changed(change);
        assert_eq!(code, 1, "{number}: {words}");
    }
    let malformed: [&dyn Fn(&mut Value); 5] = [
        &remove("lower"),
        &remove("upper"),
        &|other| other["lower"] = Value::Null,
        &|other| other["upper"]["a"] = json!(3),
        &|other| other["bounds"] = json!({}),
    ];
    for (number, change) in malformed.into_iter().enumerate().step_by(step) {
        let (code, words) = changed(change);
        assert_eq!(code, 2, "{number}: {words}");
    }
    // Away from its bound, or at the other one, the unit is pushed by much: what it could gain is said, and no weight
    // is known.
    let far: [&dyn Fn(&mut Value); 2] = [&|other| other["lower"]["b"] = json!("1/9"), &|other| {
        other["point"]["b"] = json!(["9", -2])
    }];
    for change in far {
        let (code, words) = changed(change);
        let is_vague = code == 1 || !words.contains("every weight");
        assert!(is_vague, "{words}");
    }
}

/// Checks: what `balance` calls verified is about the bounds as the certificate has them, which irrational powers of
/// the scaling are not.
#[test]
fn verified_is_what_the_certificate_bounds() {
    let desk = Desk::new();
    let model = example();
    let (model, path) = (model.to_str().unwrap(), desk.path("bounded.json"));
    let named = [
        ("l2", "within the bounds 4/9 and 9/4 of every multiplier"),
        ("lp:3/2", "within the bounds of the certificate, `lower`"),
    ];
    for (regularizer, words) in named {
        let bound = ["--max-scaling", "3/2", "--regularizer", regularizer];
        let file = ["--certificate", path.to_str().unwrap()];
        let (code, text, _) = run(&[&["balance", model], &bound[..], &file].concat());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            code == 0 && text.contains(&format!("verified {words}")),
            "{text}"
        );
    }
}

/// Checks: a chain without a minimum, a network of fractional powers and one of several summands, a perceptron and ONNX
/// models: within bounds all of them have certificates, which verify.
#[test]
fn models_of_every_kind_have_one() {
    let desk = Desk::new();
    let dead = desk.write("dead.json", chain(&["1", "8", "0"]));
    let dead = dead.to_str().unwrap();
    let example = example();
    let example = example.to_str().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let of = |name: &str| format!("{root}/{name}");
    let layers = perceptron(Dtype::F32, |value| value.to_le_bytes().to_vec());
    let layers = desk.write("layers.safetensors", layers);
    let layers = layers.to_str().unwrap();
    let onnx = of("tests/cases/k.onnx");
    let cut = of("tests/cases/dead-channel-cnn.onnx");
    let cases: [(&str, &str, &[&str]); 7] = [
        (dead, "2", &[]),
        (example, "5/3", &["--regularizer", "l1"]),
        (example, "2", &["--regularizer", "lp:3/2"]),
        (example, "1", &[]),
        (layers, "3/2", &["--arch", "relu"]),
        (&onnx, "6/5", &[]),
        (&cut, "2", &[]),
    ];
    for (model, bound, extra) in one_in(2, cases) {
        let (certificate, _) = certified(&desk, model, bound, extra);
        let extra: &[&str] = if extra.contains(&"--arch") {
            extra
        } else {
            &[]
        };
        let path = desk.write("candidate.json", certificate.to_string());
        let path = path.to_str().unwrap();
        let (code, output, _) = run(&[&["verify", model, path], extra].concat());
        assert_eq!(code, 0, "{model}: {output}");
        assert!(output.contains("within the bounds"), "{model}: {output}");
        if !model.ends_with(".onnx") {
            let second = second_opinion(model, path);
            assert_eq!(second.map_or(0, |(code, _)| code), 0, "{model}");
        }
    }
}
