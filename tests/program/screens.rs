//! What people look at: tables and pictures of layers, explanations that fit a screen, graphs of layers.

use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::process::Command;

use super::block_runs::source;
use super::{Desk, chain, example, json, run};

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp.safetensors");
const DIGITS_ONNX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp-sklearn.onnx");
const CNN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/blazeface-front-128.onnx");

/// Two units beside each other: `2, 8` and `1, 16` go to `4, 4` each under `l2`.
fn pair() -> String {
    let hidden = |id: &str| json!({"id": id, "kind": "hidden", "activation": "relu"});
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, hidden("a"), hidden("b"), {"id": "y", "kind": "output"}],
        "synapses": [synapse("x", "a", "2"), synapse("a", "y", "8"), synapse("x", "b", "-1"), synapse("b", "y", "16")],
    })
    .to_string()
}

/// Checks: of weights that `f64` does not hold no figures are made up; the rest of the answer is as it was.
#[test]
fn figures_beyond_floats() {
    let desk = Desk::new();
    let huge = pair()
        .replace("\"2\"", "\"1e400\"")
        .replace("\"8\"", "\"1e-400\"");
    let net = desk.write("huge.json", huge);
    let net = net.to_str().unwrap();
    let (code, text, _) = run(&["balance", net]);
    assert_eq!(code, 0);
    assert!(text.contains("layers    not measured"), "{text}");
    assert!(json(&["balance", net]).1.get("by_layer").is_none());
}

/// A safetensors file of one tensor after the other, each `f32`.
fn tensors(all: &[(&str, [usize; 2], &[f32])]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape, values) in all {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let tensor = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert((*name).into(), tensor);
    }
    let header = Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &data].concat()
}

fn near(value: &Value, expected: f64) -> bool {
    value
        .as_f64()
        .is_some_and(|value| (value - expected).abs() <= 1e-6 * expected.abs() + 1e-12)
}

/// Checks: largest weight, spread of channels, deficit and share before and after, of two layers whose balanced weights
/// are known, as network JSON and as a perceptron in place; and that rows of both are in the text.
#[test]
fn layers_before_and_after() {
    let desk = Desk::new();
    let net = desk.write("net.json", pair());
    let file = tensors(&[
        ("0.weight", [2, 1], &[2.0, -1.0]),
        ("1.weight", [1, 2], &[8.0, 16.0]),
    ]);
    let file = desk.write("net.safetensors", file);
    let commands: [&[&str]; 2] = [
        &["balance", net.to_str().unwrap()],
        &["balance", file.to_str().unwrap(), "--arch", "relu"],
    ];
    for command in commands {
        let (code, report) = json(command);
        assert_eq!(code, 0);
        let layers = report["by_layer"].as_array().unwrap();
        assert_eq!(layers.len(), 2, "{layers:?}");
        let (first, last) = (&layers[0], &layers[1]);
        assert_eq!(first["channels"], 2);
        let (before, after) = (&first["before"], &first["after"]);
        assert!(
            near(&before["largest"], 2.0) && near(&after["largest"], 4.0),
            "{first}"
        );
        assert!(near(&before["channel_ranges"]["smallest"], 1.0), "{first}");
        assert!(
            near(&before["spread"], 2.0) && near(&after["spread"], 1.0),
            "{first}"
        );
        assert!(near(&before["deficit"], 255.0 / 257.0), "{first}");
        assert!(after["deficit"].as_f64().unwrap() < 1e-9, "{first}");
        assert!(
            near(&before["share"], 5.0 / 325.0) && near(&after["share"], 0.5),
            "{first}"
        );
        assert!(last["before"]["deficit"].is_null() && last["before"]["spread"].is_null());
        assert!(near(&last["before"]["share"], 320.0 / 325.0), "{last}");
        let (_, text, _) = run(command);
        let row = text
            .lines()
            .find(|line| line.contains(" 2.000 "))
            .unwrap_or_else(|| panic!("{text}"));
        let cells: Vec<&str> = row.split_whitespace().rev().take(8).collect();
        assert_eq!(
            (cells[7], cells[6], cells[5], cells[4]),
            ("2.000", "4.000", "2.000", "1.000")
        );
        assert_eq!((cells[3], cells[1], cells[0]), ("0.992", "1.5", "50.0"));
    }
}

/// Checks: what is said of the layers after balancing is what is found before in the file that was written, for a
/// perceptron and an ONNX model, under powers whose costs `f64` cannot hold plainly; and both agree on the same
/// network.
#[test]
fn what_is_written_is_what_was_said() {
    let desk = Desk::new();
    let all = ["l2", "lp:40", "l1", "lp:5/2"];
    for regularizer in &all[if crate::in_full() { 0..4 } else { 1..3 }] {
        let regularizer = *regularizer;
        let mut found: Vec<Value> = Vec::new();
        for (net, name, arch) in [
            (DIGITS, "out.safetensors", &["--arch", "relu"][..]),
            (DIGITS_ONNX, "out.onnx", &[]),
        ] {
            // So high a power takes long; where tests sample, of one of the two.
            if !crate::in_full() && regularizer == "lp:40" && arch.is_empty() {
                continue;
            }
            let out = desk.path(name);
            let out = out.to_str().unwrap();
            let options = [&["--regularizer", regularizer][..], arch].concat();
            let said = json(&[&["balance", net, "-o", out], &options[..]].concat()).1;
            let read = json(&[&["explain", out], &options[..]].concat()).1;
            let [said, read] = [said, read].map(|report| report["by_layer"].clone());
            let pairs = said
                .as_array()
                .unwrap()
                .iter()
                .zip(read.as_array().unwrap());
            assert_eq!(pairs.len(), 3);
            for (said, read) in pairs {
                let (said, read) = (&said["after"], &read["before"]);
                for field in ["largest", "spread", "share"] {
                    let (said, read) = (said[field].as_f64(), read[field].as_f64());
                    let close = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs() + 1e-6;
                    assert!(
                        said.zip(read).is_none_or(|(said, read)| close(said, read)),
                        "{regularizer} {name} {field}: {said:?} {read:?}"
                    );
                    assert_eq!(said.is_some(), read.is_some());
                }
            }
            found.push(said);
        }
        let (Some(first), Some(second)) = (found.first(), found.get(1)) else {
            continue;
        };
        let shares = |found: &Value| -> Vec<f64> {
            let layers = found.as_array().unwrap().iter();
            let shares = layers.map(|layer| layer["after"]["share"].as_f64().unwrap());
            shares.collect()
        };
        let pairs = shares(first).into_iter().zip(shares(second));
        for (one, other) in pairs {
            assert!((one - other).abs() < 1e-4, "{regularizer}: {one} {other}");
        }
    }
}

/// Checks: costs of a power above 2 are given as roots too: `Σ |w|^4` goes from 69649 to 1024.
#[test]
fn roots_of_costs() {
    let desk = Desk::new();
    let net = desk.write("net.json", pair());
    let net = net.to_str().unwrap();
    let (_, report) = json(&["balance", net, "--regularizer", "lp:4"]);
    assert!(near(&report["regularizer_before"], 69649.0), "{report}");
    assert!(
        near(&report["root_before"], 69649f64.powf(0.25)),
        "{report}"
    );
    assert!(near(&report["root_after"], 1024f64.powf(0.25)), "{report}");
    let (_, text, _) = run(&["balance", net, "--regularizer", "lp:4"]);
    assert!(
        text.contains("p-th roots: 16.2") && text.contains("to 5.656"),
        "{text}"
    );
    let (_, text, _) = run(&["explain", net, "--regularizer", "lp:4"]);
    assert!(text.contains("16.0000 (2.00000)"), "{text}");
    assert!(json(&["balance", net]).1.get("root_before").is_none());
}

/// Checks: a picture has a hollow bar before and a filled one after for each layer, of networks, perceptrons and ONNX
/// models; it is written with the model or not at all.
#[test]
fn pictures_of_layers() {
    let desk = Desk::new();
    let chain = example();
    let cases: [(&str, &[&str], usize); 3] = [
        (chain.to_str().unwrap(), &[], 3),
        (DIGITS, &["--arch", "relu"], 3),
        (CNN, &[], 37),
    ];
    for (net, options, layers) in cases {
        let plot = desk.path("layers.svg");
        let (code, text, _) =
            run(&[&["balance", net, "--plot", plot.to_str().unwrap()], options].concat());
        assert_eq!(code, 0);
        assert!(text.contains("layers.svg"), "{text}");
        let svg = std::fs::read_to_string(&plot).unwrap();
        let bars: Vec<&str> = svg
            .split("<rect")
            .skip(2)
            .map(|bar| bar.split('>').next().unwrap())
            .collect();
        let hollow = bars
            .iter()
            .filter(|bar| bar.contains("fill=\"none\"") && bar.contains("#5A5A5A"));
        let filled = bars.iter().filter(|bar| bar.contains("fill=\"#0072B2\""));
        // One more of each in the legend.
        assert_eq!(
            (hollow.count(), filled.count()),
            (layers + 1, layers + 1),
            "{net}"
        );
        assert!(svg.contains("before (hollow)") && svg.contains("after (filled)"));
    }
    let files = desk.files();
    for name in ["layers.png", "layers.json"] {
        let plot = desk.path(name);
        let (code, _, stderr) = run(&["balance", CNN, "--plot", plot.to_str().unwrap()]);
        assert_eq!(code, 2, "{stderr}");
    }
    assert_eq!(desk.files(), files);
}

/// Checks: however far apart the layers are, every bar is seen, and none reaches up to the legend; ticks are round.
#[test]
fn pictures_of_extreme_layers() {
    let desk = Desk::new();
    let field = |bar: &str, name: &str| -> f64 {
        let rest = bar.split(&format!(" {name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    for weights in [
        ["1e300", "1e-300"],
        ["1e12", "1e-9"],
        ["5", "5"],
        ["3e-7", "2"],
    ] {
        let path = desk.write("chain.json", chain(&weights));
        let plot = desk.path("layers.svg");
        let files = [path.to_str().unwrap(), "--plot", plot.to_str().unwrap()];
        assert_eq!(run(&[&["balance"], &files[..]].concat()).0, 0);
        let svg = std::fs::read_to_string(&plot).unwrap();
        let is_wide = weights[0] == "1e300";
        assert_eq!(is_wide, svg.contains("10²⁰⁰") && svg.contains("10⁻²⁰⁰"));
        let rects = svg.split("<rect").skip(2);
        let rects: Vec<&str> = rects.map(|bar| bar.split('>').next().unwrap()).collect();
        let [legend, bars]: [Vec<&str>; 2] = [true, false].map(|is| {
            rects
                .iter()
                .copied()
                .filter(|bar| (field(bar, "width") == 12.0) == is)
                .collect()
        });
        assert_eq!(bars.len(), 6, "{weights:?}");
        let below = legend
            .iter()
            .map(|one| field(one, "y") + field(one, "height"));
        let below = below.fold(0.0, f64::max);
        for bar in bars {
            assert!(
                field(bar, "height") >= 1.0 && field(bar, "y") > below,
                "{weights:?}: {bar}"
            );
        }
    }
}

/// Checks: without more options, an explanation of a CNN or a perceptron fits a screen of 80 columns and 40 lines even
/// through a pipe, begins with ranges, and says how to see the rest, which names every tensor.
#[test]
fn explanations_fit_a_screen() {
    let mut brief = String::new();
    for (net, options) in [
        (DIGITS_ONNX, &[][..]),
        (DIGITS, &["--arch", "relu"]),
        (CNN, &[]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_synbal"))
            .args([&["explain", net], options].concat())
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().count() <= 40, "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let table = text.lines().position(|line| line.contains("largest |w|"));
        assert!(table.is_some_and(|line| line <= 1), "{text}");
        brief = text;
    }
    let (_, full, _) = run(&["explain", CNN, "--full"]);
    assert!(brief.contains("--full"), "{brief}");
    let rows = full.lines().filter(|line| line.contains("conv2d_1/Conv2D"));
    assert_eq!(rows.count(), 1, "{full}");
    assert!(full.contains("channels  48 groups") && !brief.contains("48 groups"));
}

/// Checks: beyond 200 synapses a graph is one of layers, of which every weight is on one edge, and units are drawn on
/// demand.
#[test]
fn graphs_of_layers() {
    let desk = Desk::new();
    let dot = desk.path("graph.dot");
    let place = dot.to_str().unwrap();
    for (net, options, nodes) in [(DIGITS, &["--arch", "relu"][..], 5), (DIGITS_ONNX, &[], 4)] {
        let (code, ..) = run(&[&["explain", net, "--dot", place], options].concat());
        assert_eq!(code, 0);
        let graph = std::fs::read_to_string(&dot).unwrap();
        assert!(graph.lines().count() < 20, "{graph}");
        assert_eq!(graph.matches("shape = ").count(), nodes, "{graph}");
        let weights = graph.lines().filter_map(|line| {
            let label = line
                .split("label = \"")
                .nth(1)
                .filter(|_| line.contains("->"))?;
            label.split(' ').next()?.parse::<usize>().ok()
        });
        assert_eq!(weights.sum::<usize>(), 12_060, "{graph}");
        let (code, ..) = run(&[&["explain", net, "--dot", place, "--dot-units"], options].concat());
        assert_eq!(code, 0);
        let graph = std::fs::read_to_string(&dot).unwrap();
        assert!(graph.lines().count() > 12_000);
    }
    // Small networks are drawn unit by unit.
    let chain = example();
    run(&["explain", chain.to_str().unwrap(), "--dot", place]);
    let graph = std::fs::read_to_string(&dot).unwrap();
    assert!(
        graph.contains("label = \"-3/4\"") || graph.contains("label = \"1\""),
        "{graph}"
    );
}

/// Checks: every block of a checkpoint has a row, what is said of it after balancing is what is found before in the
/// folder that was written, shares add up to 1, and the picture has a bar for each.
#[test]
fn blocks_of_checkpoints() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 2);
    let (out, plot) = (desk.path("out"), desk.path("blocks.svg"));
    let (out, plot) = (out.to_str().unwrap(), plot.to_str().unwrap());
    let (code, said) = json(&["balance", &source, "-o", out, "--plot", plot]);
    assert_eq!(code, 0, "{said:#}");
    let (_, read) = json(&["balance", out]);
    let [said, read] = [said, read].map(|report| report["by_layer"].as_array().unwrap().clone());
    assert_eq!(said.len(), read.len());
    assert!(said.len() > 2);
    for (said, read) in said.iter().zip(&read) {
        assert_eq!(said["layer"], read["layer"]);
        let (said, read) = (&said["after"], &read["before"]);
        for field in ["largest", "spread", "share", "deficit"] {
            assert!(
                near(&read[field], said[field].as_f64().unwrap()),
                "{field}: {said} {read}"
            );
        }
    }
    for side in ["before", "after"] {
        let shares = said
            .iter()
            .map(|layer| layer[side]["share"].as_f64().unwrap());
        assert!((shares.sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let svg = std::fs::read_to_string(plot).unwrap();
    assert_eq!(svg.matches("fill=\"#0072B2\"").count(), said.len() + 1);
}

/// Checks: weights whose squares are beyond `f64` are measured as others are: the figures of a network times 1e-180, or
/// with its layers apart by 1e200, are those of the network itself.
#[test]
fn weights_beyond_squares() {
    let desk = Desk::new();
    let file = |name: &str, [first, last]: [f64; 2]| {
        let values = [[2.0 * first, -first], [8.0 * last, 16.0 * last]];
        let data: Vec<u8> = values
            .iter()
            .flatten()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let header = json!({
            "0.weight": {"dtype": "F64", "shape": [2, 1], "data_offsets": [0, 16]},
            "1.weight": {"dtype": "F64", "shape": [1, 2], "data_offsets": [16, 32]},
        });
        let header = header.to_string();
        let length = (header.len() as u64).to_le_bytes();
        desk.write(name, [&length[..], header.as_bytes(), &data].concat())
    };
    for scale in [[1.0, 1.0], [1e-180, 1e-180], [1e100, 1e-100]] {
        let net = file("scaled.safetensors", scale);
        let (_, report) = json(&["balance", net.to_str().unwrap(), "--arch", "relu"]);
        let layer = &report["by_layer"][0];
        assert!(near(&layer["before"]["largest"], 2.0 * scale[0]), "{layer}");
        assert!(near(&layer["before"]["spread"], 2.0), "{layer}");
        assert!(near(&layer["after"]["spread"], 1.0), "{layer}");
        assert!(near(&layer["after"]["share"], 0.5), "{layer}");
    }
}
