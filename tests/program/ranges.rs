//! `--activations`: ranges of activations are balanced together with the weights.

use std::io::{Cursor, Write};

use serde_json::Value;
use zip::write::SimpleFileOptions;

use super::{Desk, json, run};

/// A perceptron 3-4-2 as an ONNX model of which the four units are free, and ranges of what its second layer reads,
/// written by NumPy.
const MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/cases/one-free-layer.onnx"
);
const RANGES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/cases/one-free-layer.npz"
);
/// What stands in these files: the ranges, and the largest magnitude of each column of the second layer.
const X: [f64; 4] = [40.0, 3.0, 0.75, 8.5];
const M: [f64; 4] = [1.9940397, 1.8938411, 0.8063951, 0.829117];

/// A network x -> a -> y.
const CHAIN: &str = r#"{"format": "synaptic-balance/network", "version": 1,
  "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
  "synapses": [{"from": "x", "to": "a", "weight": "3"}, {"from": "a", "to": "y", "weight": "28"}]}"#;

/// An npz file of arrays of `f64`.
fn npz(arrays: &[(&str, &[f64])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, values) in arrays {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(format!("{name}.npy"), options).unwrap();
        let header = format!(
            "{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}\n",
            values.len()
        );
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive
            .write_all(&(header.len() as u16).to_le_bytes())
            .unwrap();
        archive.write_all(header.as_bytes()).unwrap();
        for value in *values {
            archive.write_all(&value.to_le_bytes()).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

fn on(desk: &Desk, name: &str, arrays: &[(&str, &[f64])]) -> String {
    desk.write(name, npz(arrays)).to_str().unwrap().to_owned()
}

fn multipliers(report: &Value) -> Vec<f64> {
    let all = report["multipliers"]["h"].as_array().unwrap();
    all.iter().map(|one| one.as_f64().unwrap()).collect()
}

/// Checks: `smooth-quant` in numbers. Under lp:256 the multiplier of each unit is that of SmoothQuant at 1/2,
/// `sqrt(M/X)`, within the roots of the numbers of weights; and without the ranges it is not.
#[test]
fn high_powers_give_the_scales_of_smooth_quant() {
    let options = ["--activations", RANGES, "--regularizer", "lp:256"];
    let (code, report) = json(&[&["balance", MODEL], &options[..]].concat());
    assert_eq!(
        (code, &report["status"]),
        (0, &"balanced".into()),
        "{report:#}"
    );
    // Three weights, a bias and the range lead to a unit; two weights leave it.
    let (below, above) = (5f64.powf(-1.0 / 256.0), 2f64.powf(1.0 / 256.0));
    let found = multipliers(&report);
    for ((lambda, x), m) in found.iter().zip(X).zip(M) {
        let square = lambda * lambda / (m / x);
        let room = 1e-6;
        assert!(
            square > below - room && square < above + room,
            "{lambda} {x} {m}"
        );
    }
    let (_, without) = json(&["balance", MODEL, "--regularizer", "lp:256"]);
    let differ = multipliers(&without)
        .iter()
        .zip(&found)
        .all(|(a, b)| (a / b - 1.0).abs() > 0.1);
    assert!(differ, "{without:#}");
    let about = &report["activations"];
    assert_eq!(
        (&about["arrays"], &about["ranges"], &about["weight"]),
        (&1.into(), &4.into(), &"1".into())
    );
    let row = report["by_layer"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["layer"] == "range of r");
    assert_eq!(row.unwrap()["before"]["largest"], 40.0, "{report:#}");
}

/// Checks: the function stays the same, bit for bit with powers of two; bounds of multipliers hold; other ways of
/// counting find the same optimum.
#[test]
fn the_function_stays() {
    let desk = Desk::new();
    let out = desk.path("out.onnx");
    let out = out.to_str().unwrap();
    let given = ["balance", MODEL, "--activations", RANGES, "-o", out];
    for options in [
        &[][..],
        &["--power-of-two"],
        &["--max-scaling", "2"],
        &["--tied", "layer"],
    ] {
        let (code, report) = json(&[&given, options].concat());
        assert_eq!(code, 0, "{options:?} {report:#}");
        let (_, judged) = json(&["check", MODEL, out]);
        assert_eq!(
            (&judged["same_function"], &judged["known_scaling"]),
            (&true.into(), &true.into()),
            "{options:?}"
        );
        if options.contains(&"--max-scaling") {
            assert!(
                multipliers(&report)
                    .iter()
                    .all(|own| (0.5..=2.0).contains(own))
            );
        }
    }
    let (_, direct) = json(&given);
    let (code, other) = json(&[&given[..], &["--method", "stochastic"]].concat());
    assert_eq!(code, 0);
    for (a, b) in multipliers(&direct).iter().zip(multipliers(&other)) {
        assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    }
    // A weight of 2 is twice the ranges.
    let twice: Vec<f64> = X.iter().map(|x| 2.0 * x).collect();
    let twice = on(&desk, "twice.npz", &[("r", &twice)]);
    let (_, weighted) = json(&[
        "balance",
        MODEL,
        "--activations",
        RANGES,
        "--activation-weight",
        "2",
    ]);
    let (_, doubled) = json(&["balance", MODEL, "--activations", &twice]);
    assert_eq!(multipliers(&weighted), multipliers(&doubled));
    assert_ne!(multipliers(&weighted), multipliers(&direct));
}

/// Checks: certificates are about ranges too, which `verify` has to be given: without them, with others or with another
/// weight it refuses.
#[test]
fn certificates_name_their_ranges() {
    let desk = Desk::new();
    let other = on(&desk, "other.npz", &[("r", &[40.0, 3.0, 0.75, 8.25])]);
    let proof = desk.path("proof.json");
    let proof = proof.to_str().unwrap();
    for options in [
        &[][..],
        &["--tied", "layer"],
        &["--regularizer", "mix:1*1+1*2"],
        &["--certify=20"],
    ] {
        let given = [
            "balance",
            MODEL,
            "--activations",
            RANGES,
            "--certificate",
            proof,
        ];
        let (code, text, _) = run(&[&given, options].concat());
        assert_eq!(code, 0, "{text}");
        let tied = if options.contains(&"--tied") {
            options
        } else {
            &[]
        };
        let verified = |more: &[&str]| run(&[&["verify", MODEL, proof], tied, more].concat());
        let (code, text, _) = verified(&["--activations", RANGES]);
        assert_eq!(code, 0, "{options:?} {text}");
        for (more, reason) in [
            (&[][..], "about ranges of activations too"),
            (&["--activations", other.as_str()], "in another file"),
            (
                &["--activations", RANGES, "--activation-weight", "3"],
                "times 1, not times 3",
            ),
        ] {
            let (code, text, _) = verified(more);
            assert_eq!(code, 1, "{options:?} {more:?} {text}");
            assert!(text.contains(reason), "{text}");
        }
    }
    // Of other ranges its point proves no more than that there is a minimum, whatever the file says of itself.
    assert_eq!(
        run(&[
            "balance",
            MODEL,
            "--activations",
            RANGES,
            "--certificate",
            proof
        ])
        .0,
        0
    );
    let (_, answer) = json(&["verify", MODEL, proof, "--activations", RANGES]);
    assert!(
        answer["weights_within"].as_f64().unwrap() < 1e-10,
        "{answer:#}"
    );
    let relied = answer["relies_on"].as_array().unwrap();
    let reader = "the reader of ranges of activations";
    assert!(relied.iter().any(|on| on == reader), "{answer:#}");
    let digest = |path: &str| {
        let (_, report) = json(&["balance", MODEL, "--activations", path]);
        report["activations"]["sha256"].as_str().unwrap().to_owned()
    };
    let text = std::fs::read_to_string(proof).unwrap();
    let forged = text.replace(&digest(RANGES), &digest(&other));
    assert_ne!(forged, text);
    desk.write("proof.json", forged);
    let (_, answer) = json(&["verify", MODEL, proof, "--activations", &other]);
    assert!(answer["weights_within"].is_null(), "{answer:#}");
    // One about weights alone.
    assert_eq!(run(&["balance", MODEL, "--certificate", proof]).0, 0);
    let (code, text, _) = run(&["verify", MODEL, proof, "--activations", RANGES]);
    assert_eq!(code, 1);
    assert!(text.contains("about weights alone"), "{text}");
}

/// Checks: in network JSON a range is a weight more that leads to its unit: 3 + 4 against 28 is balanced by 2, exactly,
/// and so certified; the file gets no other synapse.
#[test]
fn networks_are_balanced_exactly() {
    let desk = Desk::new();
    let network = desk.write("net.json", CHAIN);
    let network = network.to_str().unwrap();
    let ranges = on(&desk, "ranges.npz", &[("a", &[4.0]), ("y", &[9.0])]);
    let [out, proof] =
        ["out.json", "proof.json"].map(|name| desk.path(name).to_str().unwrap().to_owned());
    let asked = ["--regularizer", "l1", "--activations", &ranges];
    let files = ["--method", "exact", "-o", &out, "--certificate", &proof];
    let (code, report) = json(&[&["balance", network], &asked[..], &files[..]].concat());
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["multipliers"], serde_json::json!({"a": 2.0}));
    assert_eq!(
        report["activations"]["not_scaled"],
        serde_json::json!(["y"])
    );
    let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let weights: Vec<&Value> = written["synapses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| &own["weight"])
        .collect();
    assert_eq!(weights, ["6", "14"]);
    let (code, text, _) = run(&["verify", network, &proof, "--activations", &ranges]);
    assert!(code == 0 && text.contains("exactly"), "{text}");
    assert!(
        text.ends_with("the reader of ranges of activations\n"),
        "{text}"
    );
    assert_eq!(run(&["verify", network, &proof]).0, 1);
    let (code, explained) = json(&[&["explain", network], &asked[..]].concat());
    assert_eq!(code, 0);
    assert!((explained["deficit"].as_f64().unwrap() - 0.6).abs() < 1e-12);
    assert_eq!(explained["manifold"]["dimension"], 1);
}

/// Checks: a cost of activation leads to its unit from nowhere: a unit that no weight feeds is grounded by it, one that
/// feeds nothing has its limit.
#[test]
fn ranges_ground_what_nothing_feeds() {
    let desk = Desk::new();
    let unfed = CHAIN.replace(r#""weight": "3""#, r#""weight": "0""#);
    let unread = CHAIN.replace(r#""weight": "28""#, r#""weight": "0""#);
    let ranges = on(&desk, "ranges.npz", &[("a", &[7.0])]);
    let more = ["--regularizer", "l1", "--activations", &ranges];
    let unfed = desk.write("unfed.json", unfed);
    let unfed = unfed.to_str().unwrap();
    assert_eq!(json(&["balance", unfed]).1["status"], "not_attained");
    let (code, report) = json(&[&["balance", unfed], &more[..]].concat());
    assert_eq!(
        (code, &report["status"]),
        (0, &"balanced".into()),
        "{report:#}"
    );
    assert!((report["multipliers"]["a"].as_f64().unwrap() - 2.0).abs() < 1e-9);
    let unread = desk.write("unread.json", unread);
    let unread = unread.to_str().unwrap();
    let (code, report) = json(&[&["balance", unread], &more[..]].concat());
    assert_eq!((code, &report["status"]), (3, &"not_attained".into()));
    let (code, report) = json(&[&["balance", unread, "--limit"], &more[..]].concat());
    assert_eq!(
        (code, &report["status"]),
        (0, &"limit".into()),
        "{report:#}"
    );
    let dead = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/dead-channel-cnn.onnx"
    );
    let (_, explained) = json(&["explain", dead]);
    let group = &explained["channels"][0];
    let (name, count) = (
        group["tensor"].as_str().unwrap(),
        group["channels"].as_u64(),
    );
    let count = count.unwrap_or_else(|| group["free"].as_u64().unwrap()) as usize;
    let ranges = on(&desk, "dead.npz", &[(name, &vec![1.0; count])]);
    let out = desk.path("dead.onnx");
    let out = out.to_str().unwrap();
    let (code, report) = json(&[
        "balance",
        dead,
        "--activations",
        &ranges,
        "--limit",
        "-o",
        out,
    ]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(json(&["check", dead, out]).1["same_function"], true);
}

/// Checks: every fault of a file of ranges is bad input, exit 2, which names the file and the array, and nothing is
/// written.
#[test]
fn faults_are_named() {
    let desk = Desk::new();
    let out = desk.path("out.onnx");
    let out = out.to_str().unwrap();
    let cases: [(&str, &[f64], &str); 8] = [
        (
            "rr",
            &[1.0; 4],
            "no computed tensor of this name; near it: `r`",
        ),
        ("w1", &[1.0; 12], "a constant of the model"),
        ("r", &[1.0; 3], "it has 3 numbers, the tensor 4 channels"),
        ("h", &[], "it has 0 numbers, the tensor 4 channels"),
        (
            "r",
            &[1.0, -0.5, 1.0, 1.0],
            "entry 1 is -0.5: a range is 0 or more",
        ),
        (
            "r",
            &[1.0, 1.0, f64::NAN, 1.0],
            "entry 2 is NaN: a range is finite",
        ),
        (
            "r",
            &[f64::INFINITY, 1.0, 1.0, 1.0],
            "entry 0 is inf: a range is finite",
        ),
        ("r", &[1e308; 4], "out of the range of f64"),
    ];
    for (name, values, reason) in cases {
        let ranges = on(&desk, "bad.npz", &[(name, values)]);
        let given = [
            "balance",
            MODEL,
            "--activations",
            &ranges,
            "--activation-weight",
            "9",
            "-o",
            out,
        ];
        let (code, _, stderr) = run(&given);
        assert_eq!(code, 2, "{stderr}");
        assert!(
            stderr.contains("bad.npz: array `") && stderr.contains(reason),
            "{stderr}"
        );
        assert!(!desk.path("out.onnx").exists());
    }
    let twice = on(&desk, "twice.npz", &[]);
    let text = desk.write("text.npz", "r 1 2 3 4");
    let cut = desk.write("cut.npz", &npz(&[("r", &X)])[..90]);
    let missing = desk.path("missing.npz");
    let files = [
        twice,
        text.to_str().unwrap().into(),
        cut.to_str().unwrap().into(),
        missing.to_str().unwrap().into(),
    ];
    for file in files {
        let (code, _, stderr) = run(&["balance", MODEL, "--activations", &file]);
        assert!(code == 2 && stderr.contains(&file), "{stderr}");
    }
    for weight in ["0", "-1", "x"] {
        assert_eq!(
            run(&[
                "balance",
                MODEL,
                "--activations",
                RANGES,
                "--activation-weight",
                weight
            ])
            .0,
            2
        );
    }
    assert_eq!(run(&["balance", MODEL, "--activation-weight", "2"]).0, 2);
    // Nothing that scales: said, and nothing is counted.
    let outputs = on(&desk, "outputs.npz", &[("y", &[1.0, 2.0])]);
    let (code, text, _) = run(&["balance", MODEL, "--activations", &outputs]);
    assert!(code == 0 && text.contains("nothing scales `y`"), "{text}");
    let plain = multipliers(&json(&["balance", MODEL]).1);
    assert_eq!(
        multipliers(&json(&["balance", MODEL, "--activations", &outputs]).1),
        plain
    );
}

/// Checks: units whose output does not scale as their weights do, and checkpoints, are refused by name.
#[test]
fn what_has_no_ranges_is_refused() {
    let desk = Desk::new();
    let power = CHAIN.replace(r#""relu""#, r#"{"bipu": {"c": "2", "C": "1", "D": "0"}}"#);
    let power = desk.write("power.json", power);
    let ranges = on(&desk, "ranges.npz", &[("a", &[1.0])]);
    let (code, _, stderr) = run(&["balance", power.to_str().unwrap(), "--activations", &ranges]);
    assert!(
        code == 2 && stderr.contains("unit `a` is a product or a power"),
        "{stderr}"
    );
    std::fs::create_dir(desk.path("checkpoint")).unwrap();
    let config = desk.write("checkpoint/config.json", r#"{"model_type": "llama"}"#);
    let folder = config.parent().unwrap().to_str().unwrap();
    for command in ["balance", "explain"] {
        let (code, _, stderr) = run(&[command, folder, "--activations", &ranges]);
        assert!(
            code == 2 && stderr.contains("not for checkpoints"),
            "{stderr}"
        );
    }
}

/// Checks: channels that carry products of multipliers have ranges too, certified over terms of several multipliers.
#[test]
fn products_of_multipliers_have_ranges() {
    let desk = Desk::new();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/blocks/reglu.onnx");
    let product: Vec<f64> = (1..8).map(|n| 3.0 * f64::from(n)).collect();
    let ranges = on(
        &desk,
        "ranges.npz",
        &[("Mul_12", &product), ("Relu_10", &[2.0; 7])],
    );
    let [out, proof] =
        ["out.onnx", "proof.json"].map(|name| desk.path(name).to_str().unwrap().to_owned());
    let options = [
        "--activations",
        &ranges,
        "-o",
        &out,
        "--certificate",
        &proof,
    ];
    let (code, report) = json(&[&["balance", model], &options[..]].concat());
    assert_eq!(
        (code, &report["status"]),
        (0, &"balanced".into()),
        "{report:#}"
    );
    assert_eq!(
        run(&["verify", model, &proof, "--activations", &ranges]).0,
        0
    );
    assert_eq!(json(&["check", model, &out]).1["same_function"], true);
}
