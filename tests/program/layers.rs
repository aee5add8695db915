//! The order of a perceptron's layers: numbered by names, or given, and stated; never guessed.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Value, json};
use std::path::Path;

use super::{Desk, is_tried, json, run};

/// A file of the project's cases.
pub fn case(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    folder.join(name).to_str().unwrap().to_owned()
}

/// A file of tensors of the given shapes, with f32 that are not symmetric.
fn shaped(desk: &Desk, name: &str, tensors: &[(&str, &[usize])]) -> String {
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(tensor, (_, shape))| {
            let values = (0..shape.iter().product::<usize>())
                .map(|index| 0.5 + ((index * 7 + tensor * 3) % 11) as f32);
            values.flat_map(f32::to_le_bytes).collect()
        })
        .collect();
    let views = tensors.iter().zip(&data).map(|((name, shape), data)| {
        (
            *name,
            TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap(),
        )
    });
    let path = desk.write(name, serialize(views, None).unwrap());
    path.to_str().unwrap().to_owned()
}

/// The same for square layers without biases.
fn square(desk: &Desk, layers: &[&str]) -> String {
    let names: Vec<String> = layers.iter().map(|name| format!("{name}.weight")).collect();
    let tensors: Vec<(&str, &[usize])> = names
        .iter()
        .map(|name| (name.as_str(), &[2, 2][..]))
        .collect();
    shaped(desk, "net.safetensors", &tensors)
}

/// Checks: the order is taken from names that differ in one number and in nothing else, by its value at any length.
#[test]
fn numbered_names_are_an_order() {
    let desk = Desk::new();
    let cases: [&[&str]; 11] = [
        &["fc1", "fc2", "fc3"],
        &["l2", "l10"],
        &["l09", "l10", "l11"],
        &["l1", "l02", "l3"],
        &["net.0", "net.2", "net.10"],
        &["b1.fc", "b2.fc", "b12.fc"],
        &["v2.l1", "v2.l9", "v2.l12"],
        &["0", "1", "00002"],
        // Beyond u64, and beyond u128.
        &["l18446744073709551615", "l18446744073709551616"],
        &[
            "l9",
            "l400000000000000000000000000000000000000000",
            "l400000000000000000000000000000000000000001",
        ],
        &["alone"],
    ];
    for names in cases {
        let mut backwards = names.to_vec();
        backwards.reverse();
        let net = square(&desk, &backwards);
        let (code, report) = json(&["explain", &net, "--arch", "relu"]);
        assert_eq!((code, &report["layers"]), (0, &json!(names)), "{names:?}");
        let (_, text, _) = run(&["explain", &net, "--arch", "relu"]);
        let line = format!("layers: {}\n", names.join(" -> "));
        assert!(text.starts_with(&line), "{text}");
    }
}

/// Checks: any other names are bad input in every command, which lists the weights and says how the order is given;
/// nothing is written.
#[test]
fn other_names_are_refused() {
    let desk = Desk::new();
    let cases: [&[&str]; 16] = [
        &["hidden", "input_layer", "output"],
        &["encoder.0", "encoder.2", "decoder.0"],
        &["fc1", "fc2", "out"],
        &["l1", "l01"],
        &["l1", "l2", "l002"],
        &["l1", "l1.weight"],
        &["l", "l1"],
        &["l1a", "l2b"],
        &["a1.b1", "a1.b2", "a2.b1"],
        &["l1.2", "l2.1"],
        &["l\u{661}", "l\u{662}"],
        &["l1", "l\u{662}"],
        &["l1", "L2"],
        &["l1", "l2 "],
        &["l1x", "l2", "l3"],
        &["l1e5", "l2e3"],
    ];
    let out = desk.path("out");
    let certificate = desk.write("certificate.json", "{}");
    for (number, names) in cases.into_iter().enumerate() {
        let net = square(&desk, names);
        let commands: [&[&str]; 4] = [
            &["balance", &net, "-o", out.to_str().unwrap()],
            &["explain", &net],
            &["check", &net, &net],
            &["verify", &net, certificate.to_str().unwrap()],
        ];
        for (place, command) in commands.into_iter().enumerate() {
            if !is_tried(3, number, place) {
                continue;
            }
            let (code, stdout, stderr) = run(&[command, &["--arch", "relu"]].concat());
            assert!(code == 2 && stdout.is_empty(), "{names:?}: {code} {stdout}");
            assert!(stderr.contains("--layers a,b,c"), "{stderr}");
            let shown = |name: &&str| stderr.contains(&format!("`{name}.weight` [2, 2]"));
            assert!(names.iter().all(shown), "{stderr}");
            assert!(!out.exists());
        }
    }
}

/// The outputs of ReLU layers, in f64.
fn outputs(path: &str, layers: &[&str], input: &[f64]) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: String| -> Vec<f64> {
        let tensor = file.tensor(&name).unwrap();
        let bytes = tensor.data();
        let single = |part: &[u8]| f32::from_le_bytes(part.try_into().unwrap());
        bytes
            .chunks_exact(4)
            .map(|part| single(part).into())
            .collect()
    };
    let mut values = input.to_vec();
    for (number, layer) in layers.iter().enumerate() {
        let (weight, bias) = (
            numbers(format!("{layer}.weight")),
            numbers(format!("{layer}.bias")),
        );
        let rows = weight.chunks_exact(values.len()).zip(&bias);
        let sums =
            rows.map(|(row, bias)| row.iter().zip(&values).map(|(w, x)| w * x).sum::<f64>() + bias);
        let is_last = number + 1 == layers.len();
        values = sums
            .map(|sum| if is_last { sum } else { sum.max(0.0) })
            .collect();
    }
    values
}

/// Checks: with its order given, an autoencoder whose names are in another order computes after balancing what it did
/// before, and its weights did change; in the order of its names it is never balanced.
#[test]
fn a_given_order_keeps_the_function() {
    let desk = Desk::new();
    for (name, order) in [
        (
            "autoencoder.safetensors",
            ["encoder.0", "encoder.2", "decoder.0", "decoder.2"].as_slice(),
        ),
        (
            "st_square.safetensors",
            &["input_layer", "hidden", "output"],
        ),
    ] {
        let before = case(name);
        let out = desk.path(name);
        let after = out.to_str().unwrap();
        assert_eq!(
            run(&["balance", &before, "--arch", "relu", "-o", after]).0,
            2
        );
        assert!(!out.exists());
        let given = ["--arch", "relu", "--layers", &order.join(",")];
        let (code, report) = json(&[&["balance", &before, "-o", after], &given[..]].concat());
        assert_eq!((code, &report["layers"]), (0, &json!(order)));
        let inputs = if order.len() == 4 { 64 } else { 6 };
        let input: Vec<f64> = (0..inputs)
            .map(|i| f64::from((i * 37 + 11) % 29) / 10.0 - 1.0)
            .collect();
        let (old, new) = (
            outputs(&before, order, &input),
            outputs(after, order, &input),
        );
        let largest = old
            .iter()
            .fold(0.0f64, |largest, value| largest.max(value.abs()));
        for (old, new) in old.iter().zip(&new) {
            assert!((old - new).abs() < 1e-5 * largest, "{old} {new}");
        }
        assert_ne!(
            std::fs::read(&before).unwrap(),
            std::fs::read(after).unwrap()
        );
        let (code, verdict) = json(&[&["check", &before, after], &given[..]].concat());
        assert_eq!((code, &verdict["layers"]), (0, &json!(order)));
    }
}

/// Checks: the order is given on the command line, in the architecture file and in a line of a batch; every report
/// states it, and a wrong order is not the same network.
#[test]
fn the_order_is_given_in_every_way() {
    let desk = Desk::new();
    let (before, after) = (
        case("names-out-of-order.safetensors"),
        case("names-out-of-order-balanced.safetensors"),
    );
    let order = json!(["encoder", "middle", "decoder"]);
    let architecture = json!({"format": "synaptic-balance/architecture", "version": 1,
        "activations": ["relu", "relu"], "layers": order});
    let file = desk.write("arch.json", architecture.to_string());
    let file = file.to_str().unwrap();
    let line = ["--arch", "relu", "--layers", "encoder,middle, decoder"];
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    for given in [
        &line[..],
        &["--arch", file],
        &["--arch", file, "--layers", "encoder,middle,decoder"],
    ] {
        for command in [
            &["check", &before, &after][..],
            &["explain", &before],
            &["balance", &before, "--certificate", certificate],
            &["verify", &before, certificate],
        ] {
            let arguments = [command, given].concat();
            let (code, report) = json(&arguments);
            assert_eq!((code, &report["layers"]), (0, &order), "{arguments:?}");
            let (_, text, _) = run(&arguments);
            assert!(
                text.starts_with("layers: encoder -> middle -> decoder\n"),
                "{text}"
            );
        }
    }
    let (code, _, stderr) = run(&[
        "explain",
        &before,
        "--arch",
        file,
        "--layers",
        "decoder,middle,encoder",
    ]);
    assert!(code == 2 && stderr.contains("another order"), "{stderr}");
    let (code, _) = json(&[
        "check",
        &before,
        &after,
        "--arch",
        "relu",
        "--layers",
        "encoder,decoder,middle",
    ]);
    assert_ne!(code, 0);

    let ask =
        |layers: Value| json!({"before": before, "after": after, "layers": layers}).to_string();
    let net = json!({"format": "synaptic-balance/network", "version": 1, "units": [{"id": "x", "kind": "input"}], "synapses": []});
    let requests = [
        (ask(order.clone()), 0),
        (ask("encoder, middle,decoder".into()), 0),
        (json!({"before": before, "after": after}).to_string(), 2),
        (ask(json!(["encoder", "middle"])), 2),
        (ask(json!(7)), 2),
        (ask(json!("encoder,,middle")), 2),
        (
            json!({"before": net, "after": net, "layers": ["a"]}).to_string(),
            2,
        ),
    ];
    let lines: Vec<&str> = requests.iter().map(|(line, _)| line.as_str()).collect();
    let batch = desk.write("requests.jsonl", lines.join("\n"));
    let (code, stdout, _) = run(&[
        "check",
        "--batch",
        batch.to_str().unwrap(),
        "--arch",
        "relu",
    ]);
    assert_eq!(code, 2);
    let answers: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (answer, (request, code)) in answers.iter().zip(&requests) {
        assert_eq!(answer["exit_code"], *code, "{request}: {answer}");
        let stated = if *code == 0 { &order } else { &Value::Null };
        assert_eq!(&answer["layers"], stated);
    }
    assert_eq!(answers.len(), requests.len());
}

/// Checks: an order that is no order of the layers, or that the shapes contradict, is named as such; numbered names can
/// be overruled.
#[test]
fn a_wrong_order_is_named() {
    let desk = Desk::new();
    let tensors: [(&str, &[usize]); 5] = [
        ("a.weight", &[3, 2]),
        ("a.bias", &[3]),
        ("b.weight", &[4, 3]),
        ("l1.weight", &[2, 4]),
        ("l1.bias", &[2]),
    ];
    let net = shaped(&desk, "net.safetensors", &tensors);
    for (given, named) in [
        ("a,b", "`l1`"),
        ("a,b,l1,l2", "there is no layer `l2`"),
        ("a,b,l1,a", "`a` is named twice"),
        ("a,b.weight,l1", "there is no layer `b.weight`"),
        ("b,a,l1", "`b` has 4 outputs, and `a`, the next, 2 inputs"),
        ("a,b,,l1", "commas"),
        ("", "commas"),
    ] {
        let (code, _, stderr) = run(&["explain", &net, "--arch", "relu", "--layers", given]);
        assert!(code == 2 && stderr.contains(named), "{given}: {stderr}");
    }
    let (code, report) = json(&["explain", &net, "--arch", "relu", "--layers", "a,b,l1"]);
    assert_eq!((code, &report["units"]["variables"]), (0, &json!(7)));
    let (code, _, stderr) = run(&["explain", &net, "--layers", "a,b,l1"]);
    assert!(code == 2 && stderr.contains("--arch"), "{stderr}");
    let numbered = square(&desk, &["l1", "l2"]);
    let (_, report) = json(&["explain", &numbered, "--arch", "relu", "--layers", "l2,l1"]);
    assert_eq!(report["layers"], json!(["l2", "l1"]));
    let unchained = shaped(
        &desk,
        "n.safetensors",
        &[("l1.weight", &[3, 2]), ("l2.weight", &[2, 2])],
    );
    let (code, _, stderr) = run(&["explain", &unchained, "--arch", "relu"]);
    assert!(
        code == 2 && stderr.contains("`l1`") && stderr.contains("`l2`"),
        "{stderr}"
    );
}

/// Checks: two files of which the layers have other names are compared in the order of each, and both are stated.
#[test]
fn both_orders_of_a_comparison_are_stated() {
    let desk = Desk::new();
    let before = square(&desk, &["fc1", "fc2"]);
    let after = shaped(
        &desk,
        "after.safetensors",
        &[("net.0.weight", &[2, 2]), ("net.2.weight", &[2, 2])],
    );
    let (_, verdict) = json(&["check", &before, &after, "--arch", "relu"]);
    assert_eq!(verdict["same_function"], true);
    assert_eq!(verdict["layers"], json!(["fc1", "fc2"]));
    assert_eq!(verdict["layers_after"], json!(["net.0", "net.2"]));
    let (_, text, _) = run(&["check", &before, &after, "--arch", "relu"]);
    assert!(
        text.starts_with("layers: fc1 -> fc2\nlayers after: net.0 -> net.2\n"),
        "{text}"
    );
}

/// Checks: large files and shards keep to the same rule, and state the order too.
#[test]
fn models_balanced_in_place_keep_to_the_rule() {
    let desk = Desk::new();
    let large: [(&str, &[usize]); 3] = [
        ("out.weight", &[1, 1460]),
        ("in.weight", &[1460, 1450]),
        ("in.bias", &[1460]),
    ];
    let large = shaped(&desk, "large.safetensors", &large);
    shaped(
        &desk,
        "a.safetensors",
        &[("out.weight", &[2, 3]), ("out.bias", &[2])],
    );
    shaped(&desk, "b.safetensors", &[("in.weight", &[3, 3])]);
    let index = json!({"weight_map": {"out.weight": "a.safetensors", "out.bias": "a.safetensors", "in.weight": "b.safetensors"}});
    let sharded = desk.write("index.json", index.to_string());
    let architecture = json!({"format": "synaptic-balance/architecture", "version": 1,
        "activations": ["relu"], "layers": ["in", "out"]});
    let file = desk.write("arch.json", architecture.to_string());
    for net in [large.as_str(), sharded.to_str().unwrap()] {
        let (code, _, stderr) = run(&["balance", net, "--arch", "relu"]);
        assert!(
            code == 2 && stderr.contains("--layers a,b,c") && stderr.contains("`in.weight`"),
            "{stderr}"
        );
        for given in [
            &["--arch", "relu", "--layers", "in,out"][..],
            &["--arch", file.to_str().unwrap()],
        ] {
            let arguments = [&["balance", net], given].concat();
            let (code, report) = json(&arguments);
            assert_eq!(
                (code, &report["layers"]),
                (0, &json!(["in", "out"])),
                "{report}"
            );
            assert!(report["multipliers"]["in.weight"].is_array());
        }
        let (code, _, stderr) = run(&["balance", net, "--arch", "relu", "--layers", "out,in"]);
        assert!(code == 2 && stderr.contains("do not chain"), "{stderr}");
        let (_, text, _) = run(&["balance", net, "--arch", "relu", "--layers", "in,out"]);
        assert!(text.starts_with("layers: in -> out\n"), "{text}");
    }
}
