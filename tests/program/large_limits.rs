//! Limits of models that are balanced where they lie: units that nothing feeds or nothing reads.

use serde_json::{Value, json};

use super::graphs::onnx;
use super::in_place::{values, weights, write};
use super::{Desk, json, run};

const SIZES: [usize; 5] = [90, 130, 60, 40, 5];

type Layers = Vec<(Vec<f32>, Vec<f32>)>;

/// Weights and biases of every layer. Nothing feeds `h1.3`, and `h2.4` but for it; nothing reads `h3.7`, and `h2.9` but
/// for it.
fn layers() -> Layers {
    let pairs = SIZES.windows(2).zip(1..);
    let mut layers: Layers = pairs
        .map(|(pair, seed)| (weights(pair[0] * pair[1], seed), weights(pair[1], 9 * seed)))
        .collect();
    layers[0].0[3 * 90..4 * 90].fill(0.0);
    layers[0].1[3] = 0.0;
    layers[1].0[4 * 130..5 * 130].fill(0.0);
    layers[1].0[4 * 130 + 3] = 2.0;
    layers[1].1[4] = 0.0;
    (0..5).for_each(|row| layers[3].0[row * 40 + 7] = 0.0);
    (0..40).for_each(|row| layers[2].0[row * 60 + 9] = 0.0);
    layers[2].0[7 * 60 + 9] = 2.0;
    layers
}

const DEAD: [[&str; 2]; 2] = [["h1.3", "h2.4"], ["h2.9", "h3.7"]];

/// Is the end a dead unit?
fn is_dead(layer: usize, unit: usize) -> bool {
    [(0, 3), (1, 4), (1, 9), (2, 7)].contains(&(layer, unit))
}

fn outputs(layers: &Layers, input: &[f64]) -> Vec<f64> {
    let mut values = input.to_vec();
    for (number, (weights, biases)) in layers.iter().enumerate() {
        let rows = weights.chunks_exact(values.len()).zip(biases);
        let sums = rows.map(|(row, bias)| {
            let products = row.iter().zip(&values).map(|(w, x)| f64::from(*w) * x);
            products.sum::<f64>() + f64::from(*bias)
        });
        let is_last = number + 1 == layers.len();
        values = sums
            .map(|sum| if is_last { sum } else { sum.max(0.0) })
            .collect();
    }
    values
}

/// The largest deficit of a unit that is not dead.
fn deficit(layers: &Layers) -> f64 {
    let square = |w: &f32| f64::from(*w) * f64::from(*w);
    let mut largest = 0.0f64;
    for number in 0..layers.len() - 1 {
        let (own, next) = (&layers[number], &layers[number + 1].0);
        for unit in (0..SIZES[number + 1]).filter(|unit| !is_dead(number, *unit)) {
            let row = &own.0[unit * SIZES[number]..(unit + 1) * SIZES[number]];
            let input = row.iter().map(square).sum::<f64>() + square(&own.1[unit]);
            let column = next.iter().skip(unit).step_by(SIZES[number + 1]);
            let output: f64 = column.map(square).sum();
            largest = largest.max((input - output).abs() / (input + output));
        }
    }
    largest
}

fn check_report(found: &Value, status: &str, vanishing: usize) {
    assert_eq!(found["status"], status, "{found:#}");
    assert_eq!(found["dead"], json!({"unfed": DEAD[0], "unread": DEAD[1]}));
    assert_eq!(found["direction"], "verified");
    assert_eq!(found["vanished_count"], vanishing);
    assert_eq!(found["vanished"].as_array().unwrap().len(), vanishing);
}

/// Checks: without the option dead units are named with what to ask for, and nothing is written; in the limit exactly
/// the weights at them become 0, the function stays, all other units are balanced, and the kernel knows how near; for a
/// file, and for shards of it, in the same way.
#[test]
fn dead_units_of_perceptrons() {
    let desk = Desk::new();
    let before = layers();
    let names: Vec<[String; 2]> = (1..=4)
        .map(|n| [format!("l{n}.weight"), format!("l{n}.bias")])
        .collect();
    let shapes: Vec<[usize; 2]> = SIZES.windows(2).map(|pair| [pair[1], pair[0]]).collect();
    let mut tensors: Vec<(&str, &[usize], Vec<f32>)> = Vec::new();
    for (number, (weights, biases)) in before.iter().enumerate() {
        tensors.push((&names[number][0], &shapes[number], weights.clone()));
        tensors.push((&names[number][1], &shapes[number][..1], biases.clone()));
    }
    let whole = write(&desk, "whole.safetensors", &tensors);
    write(&desk, "a.safetensors", &tensors[..3]);
    write(&desk, "b.safetensors", &tensors[3..]);
    let place = |number: usize| {
        if number < 3 {
            "a.safetensors"
        } else {
            "b.safetensors"
        }
    };
    let map: serde_json::Map<String, Value> = tensors
        .iter()
        .enumerate()
        .map(|(number, (name, ..))| ((*name).to_owned(), place(number).into()))
        .collect();
    let index = desk.write(
        "model.safetensors.index.json",
        json!({"weight_map": map}).to_string(),
    );
    std::fs::create_dir(desk.path("out")).unwrap();
    // Of weights other than 0: those that lead from `h1.3` and `h2.4`, and to `h2.9` and `h3.7`.
    let vanishing = 60 + 40 + (130 + 1 - 1) + (60 + 1 - 1);
    let index = index.to_str().unwrap();
    for (model, output) in [(whole.as_str(), "after.safetensors"), (index, "out")] {
        let output = desk.path(output);
        let output = output.to_str().unwrap();
        let asked = ["balance", model, "--arch", "relu"];
        let (code, text, _) = run(&asked);
        let mut lines = text.lines().skip(1);
        assert_eq!(code, 3);
        assert!(
            lines.next().unwrap().ends_with("are 0: h1.3, h2.4"),
            "{text}"
        );
        assert!(
            lines.next().unwrap().ends_with("are 0: h2.9, h3.7"),
            "{text}"
        );
        assert!(lines.next().unwrap().contains("--limit"), "{text}");
        let (code, found) = json(&[&asked[..], &["-o", output]].concat());
        assert_eq!(code, 3);
        check_report(&found, "not_attained", vanishing);
        assert!(!std::path::Path::new(output).is_file());
        let proof = desk.path("proof.json");
        let proof = proof.to_str().unwrap();
        let limit = ["--limit", "-o", output, "--certify", "--certificate", proof];
        let (code, found) = json(&[&asked[..], &limit].concat());
        assert_eq!(code, 0, "{found:#}");
        check_report(&found, "limit", vanishing);
        assert!(found["multipliers_within"].as_f64().unwrap() < 1e-12);
        assert_eq!(found["attained"], false);
        if model == whole {
            assert_eq!(run(&["verify", model, proof, "--arch", "relu"]).0, 0);
            assert_eq!(found["cross_check"]["status"], "complete");
        }
        let of = |number: usize, name: &str| {
            let file = if model == whole {
                String::new()
            } else {
                format!("/{}", place(number))
            };
            values(&format!("{output}{file}"), name)
        };
        let after: Layers = (0..4)
            .map(|n| (of(2 * n, &names[n][0]), of(2 * n + 1, &names[n][1])))
            .collect();
        for (number, (old, new)) in before.iter().zip(&after).enumerate() {
            let width = SIZES[number];
            for (index, (old, new)) in old.0.iter().zip(&new.0).enumerate() {
                let is_out = is_dead(number, index / width)
                    || (number > 0 && is_dead(number - 1, index % width));
                assert_eq!(*new == 0.0, is_out || *old == 0.0);
            }
            for (unit, (old, new)) in old.1.iter().zip(&new.1).enumerate() {
                assert_eq!(*new == 0.0, is_dead(number, unit) || *old == 0.0);
            }
        }
        assert!(deficit(&before) > 0.1 && deficit(&after) < 1e-6);
        for seed in 0..5 {
            let input: Vec<f64> = weights(SIZES[0], 70 + seed)
                .into_iter()
                .map(f64::from)
                .collect();
            for (old, new) in outputs(&before, &input).iter().zip(outputs(&after, &input)) {
                assert!((old - new).abs() <= 1e-4 * (1.0 + old.abs()), "{old} {new}");
            }
        }
    }
}

/// Checks: the same of an ONNX model.
#[test]
fn dead_channels_of_models() {
    let desk = Desk::new();
    let [mut w1, b1, mut w2] = [weights(5000 * 4, 1), weights(4, 2), weights(4 * 3, 3)];
    let mut b1 = b1;
    w1[10_000..15_000].fill(0.0);
    b1[2] = 0.0;
    w2[3..6].fill(0.0);
    let bytes = |values: &[f32]| values.iter().flat_map(|w| w.to_le_bytes()).collect();
    let data = [bytes(&w1), bytes(&b1), bytes(&w2)];
    let model = desk.write("model.onnx", onnx(&data, [5000, 4, 3]));
    let after = desk.path("after.onnx");
    let (model, after) = (model.to_str().unwrap(), after.to_str().unwrap());
    let (code, found) = json(&["balance", model]);
    assert_eq!((code, &found["status"]), (3, &json!("not_attained")));
    let (unfed, unread) = (
        found["dead"]["unfed"].clone(),
        found["dead"]["unread"].clone(),
    );
    assert_eq!(
        [
            unfed.as_array().unwrap().len(),
            unread.as_array().unwrap().len()
        ],
        [1, 1]
    );
    assert_eq!(found["vanished_count"], 3 + 5001);
    assert_eq!(found["vanished"].as_array().unwrap().len(), 1000);
    let (code, found) = json(&["balance", model, "--limit", "-o", after]);
    assert_eq!((code, &found["status"]), (0, &json!("limit")), "{found:#}");
    assert!(found["multipliers_within"].as_f64().unwrap() < 1e-12);
    // What is left is balanced, and no dead unit has a weight any more.
    let (code, found) = json(&["balance", after]);
    assert_eq!(code, 0, "{found:#}");
    assert!(found["deficit_before"].as_f64().unwrap() < 1e-6);
    let free = [&unread, &unfed].map(|names| names[0].clone());
    assert_eq!(found["undetermined"], json!(free));
    let text = std::fs::read(after).unwrap();
    assert!(text.len() == std::fs::read(model).unwrap().len());
}
