//! Models balanced where they lie: shards behind an index, and files too large to be read.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::{Desk, is_tried, json, run};

pub type Tensors<'a> = [(&'a str, &'a [usize], Vec<f32>)];

pub fn write(desk: &Desk, name: &str, tensors: &Tensors) -> String {
    // Into room that is there: byte by byte takes many times as long.
    let encode = |values: &[f32]| {
        let mut bytes = vec![0; 4 * values.len()];
        let places = bytes.as_chunks_mut::<4>().0.iter_mut();
        places
            .zip(values)
            .for_each(|(place, w)| *place = w.to_le_bytes());
        bytes
    };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| encode(values))
        .collect();
    let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
        (
            *name,
            TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap(),
        )
    });
    let path = desk.write(name, serialize(views, None).unwrap());
    path.to_str().unwrap().to_owned()
}

/// Weights of either sign between 1/2 and 2, the same at every call.
pub fn weights(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let magnitude = 0.5 + 1.5 * (state >> 8) as f32 / (1 << 24) as f32;
        if state & (1 << 31) == 0 {
            magnitude
        } else {
            -magnitude
        }
    };
    (0..count).map(|_| next()).collect()
}

pub fn values(path: &str, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let data = tensors.tensor(name).unwrap().data().to_vec();
    data.as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

/// Checks: a model in two files is balanced as the same model in one file is, which the kernel certifies; the index
/// goes with the shards.
#[test]
fn shards_are_balanced_as_one_file_is() {
    let desk = Desk::new();
    let tensors = [
        ("l1.weight", &[5, 3][..], weights(15, 1)),
        ("l1.bias", &[5][..], weights(5, 2)),
        ("l2.weight", &[4, 5][..], weights(20, 3)),
        ("l2.bias", &[4][..], weights(4, 4)),
        ("l3.weight", &[2, 4][..], weights(8, 5)),
    ];
    let whole = write(&desk, "whole.safetensors", &tensors);
    write(&desk, "a.safetensors", &tensors[..2]);
    write(&desk, "b.safetensors", &tensors[2..]);
    let file = |name: &str| {
        if name.starts_with("l1") {
            "a.safetensors"
        } else {
            "b.safetensors"
        }
    };
    let map: Vec<String> = tensors
        .iter()
        .map(|(name, _, _)| format!("{name:?}: {:?}", file(name)))
        .collect();
    let index = desk.write(
        "model.safetensors.index.json",
        format!("{{\"weight_map\": {{{}}}}}", map.join(", ")),
    );
    let index = index.to_str().unwrap();
    let (one, many) = (desk.path("one.safetensors"), desk.path("many"));
    std::fs::create_dir(&many).unwrap();
    let (one, many) = (one.to_str().unwrap(), many.to_str().unwrap());
    let (code, report) = json(&["balance", &whole, "--arch", "relu", "-o", one, "--certify"]);
    assert_eq!(code, 0, "{report:#}");
    let (code, found) = json(&["balance", index, "--arch", "relu", "-o", many]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found["method"], "two-level");
    assert!(found["multipliers_within"].as_f64().unwrap() < 1e-9);
    for group in ["l1.weight", "l2.weight"] {
        let of =
            |report: &serde_json::Value| report["multipliers"][group].as_array().unwrap().clone();
        for (one, other) in of(&report).iter().zip(of(&found)) {
            assert!((one.as_f64().unwrap() / other.as_f64().unwrap() - 1.0).abs() < 1e-9);
        }
    }
    for (name, _, _) in &tensors {
        let (one, other) = (
            values(one, name),
            values(&format!("{many}/{}", file(name)), name),
        );
        let close = |(one, other): (&f32, &f32)| (one / other - 1.0).abs() < 3e-7;
        assert!(one.iter().zip(&other).all(close), "{name}");
    }
    assert!(
        std::path::Path::new(many)
            .join("model.safetensors.index.json")
            .is_file()
    );
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    let words = [
        "balance",
        index,
        "--arch",
        "relu",
        "--certificate",
        certificate,
    ];
    assert_eq!(run(&words).0, 0);
    for path in [index, &whole] {
        assert_eq!(run(&["verify", path, certificate, "--arch", "relu"]).0, 0);
    }
    let after = format!("{many}/model.safetensors.index.json");
    for regularizer in ["l2", "mix:1*2+1*1"] {
        let options = ["--arch", "relu", "--regularizer", regularizer];
        let answers = |command: &[&str]| json(&[command, &options].concat());
        let [mut several, mut single] = [index, &whole].map(|path| answers(&["explain", path]).1);
        for report in [&mut several, &mut single] {
            report.as_object_mut().unwrap().remove("seconds");
        }
        assert_eq!(several, single);
        let (code, several) = answers(&["check", index, &after]);
        let (other, single) = answers(&["check", &whole, one]);
        assert_eq!(
            (code, &several["same_function"]),
            (other, &single["same_function"])
        );
        assert_eq!(several["balanced"], single["balanced"]);
    }
    for refused in [
        &["--method", "exact"][..],
        &["--regularizer", "mix:1*2+1*1"],
    ] {
        let arguments = [&["balance", index, "--arch", "relu"], refused].concat();
        assert_eq!(run(&arguments).0, 2, "{refused:?}");
    }
    assert_eq!(run(&["balance", index]).0, 2);
    let elsewhere = r#"{"weight_map": {"l1.weight": "b.safetensors"}}"#;
    let elsewhere = desk.write("elsewhere.json", elsewhere);
    let (code, _, complaint) = run(&["balance", elsewhere.to_str().unwrap(), "--arch", "relu"]);
    assert_eq!(code, 2);
    assert!(
        complaint.contains("does not hold the tensor `l1.weight`"),
        "{complaint}"
    );
}

/// Checks: a file of more than 8 MB is mapped, and its result is balanced; a weight that is not finite, and a unit that
/// leads nowhere, are found.
#[test]
fn large_files_are_mapped() {
    let desk = Desk::new();
    let mut tensors = [
        ("l1.weight", &[1500, 700][..], weights(1500 * 700, 1)),
        ("l1.bias", &[1500][..], weights(1500, 2)),
        ("l2.weight", &[700, 1500][..], weights(700 * 1500, 3)),
        ("l3.weight", &[3, 700][..], weights(3 * 700, 4)),
    ];
    let before = write(&desk, "before.safetensors", &tensors);
    let after = desk.path("after.safetensors");
    let after = after.to_str().unwrap();
    let (code, report) = json(&[
        "balance",
        &before,
        "--arch",
        "relu",
        "-o",
        after,
        "--threads",
        "2",
    ]);
    assert_eq!(code, 0, "{:?}", report["incomplete"]);
    assert!(report["deficit"].as_f64().unwrap() <= 1e-12);
    assert!(report["passes"].as_f64().unwrap() <= 16.0);
    let (code, again) = json(&["balance", after, "--arch", "relu"]);
    assert_eq!(code, 0);
    assert!(
        again["deficit_before"].as_f64().unwrap() < 1e-6,
        "balanced up to f32"
    );
    tensors[3]
        .2
        .iter_mut()
        .skip(5)
        .step_by(700)
        .for_each(|weight| *weight = 0.0);
    let dead_end = write(&desk, "dead_end.safetensors", &tensors);
    let (code, text, _) = run(&["balance", &dead_end, "--arch", "relu"]);
    assert_eq!(code, 3);
    assert!(
        text.contains("all weights that lead on are 0: h2.5"),
        "{text}"
    );
    tensors[1].2[7] = f32::NAN;
    let broken = write(&desk, "broken.safetensors", &tensors);
    assert_eq!(run(&["balance", &broken, "--arch", "relu"]).0, 2);
}

/// Checks: within a bound, and with powers of two, what blocks find (for shards of any size) is what exact arithmetic
/// finds of the same model in one small file; where the minimum is attained, where units are dead, and in the limit.
#[test]
fn restricted_multipliers_are_those_of_exact_arithmetic() {
    let desk = Desk::new();
    let shapes: [&[usize]; 5] = [&[8, 6], &[8], &[7, 8], &[7], &[3, 7]];
    let names = ["l1.weight", "l1.bias", "l2.weight", "l2.bias", "l3.weight"];
    for seed in 0..6 {
        let mut tensors: Vec<(&str, &[usize], Vec<f32>)> = names
            .into_iter()
            .zip(shapes)
            .zip(seed * 10..)
            .map(|((name, shape), seed)| (name, shape, weights(shape.iter().product(), seed)))
            .collect();
        // Some layers far from balance, so that bounds hold some units and not others.
        tensors[2]
            .2
            .iter_mut()
            .for_each(|w| *w *= 1.0 + seed as f32);
        let is_dead = seed % 2 == 1;
        if is_dead {
            tensors[0].2[12..18].fill(0.0);
            tensors[1].2[2] = 0.0;
            (0..3).for_each(|row| tensors[4].2[7 * row + 4] = 0.0);
        }
        let whole = write(&desk, "whole.safetensors", &tensors);
        write(&desk, "only.safetensors", &tensors);
        let map = names.map(|name| format!("{name:?}: \"only.safetensors\""));
        let index = format!("{{\"weight_map\": {{{}}}}}", map.join(", "));
        let index = desk.write("model.safetensors.index.json", index);
        let index = index.to_str().unwrap();
        let options = [
            &["--max-scaling", "1"][..],
            &["--max-scaling", "5/4"],
            &["--max-scaling", "2", "--regularizer", "l1"],
            &["--max-scaling", "1000"],
            &["--power-of-two"],
            &["--power-of-two", "--regularizer", "lp:3"],
            &["--power-of-two", "--limit"],
        ];
        for (place, asked) in options.into_iter().enumerate() {
            if !is_tried(3, seed as usize, place) {
                continue;
            }
            let of =
                |model: &str| json(&[&["balance", model, "--arch", "relu"][..], asked].concat());
            let ((exact_code, exact), (code, found)) = (of(&whole), of(index));
            let place = format!("{asked:?}, seed {seed}: {found:#}");
            assert_eq!(code, exact_code, "{place}");
            assert_eq!(found["status"], exact["status"], "{place}");
            if code != 0 {
                assert!(is_dead && code == 3, "{place}");
                continue;
            }
            let near = |one: &serde_json::Value, other: &serde_json::Value, within: f64| {
                let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
                assert!(
                    (one - other).abs() <= within * one.abs().max(1.0),
                    "{one} {other} {place}"
                );
            };
            near(
                &found["regularizer_after"],
                &exact["regularizer_after"],
                1e-9,
            );
            let within = &found["restriction"];
            assert_eq!(
                within["at_bound"], exact["restriction"]["at_bound"],
                "{place}"
            );
            if !within["price"].is_null() {
                near(&within["price"], &exact["restriction"]["price"], 1e-9);
            }
            for group in ["l1.weight", "l2.weight"] {
                let of = |found: &serde_json::Value| {
                    found["multipliers"][group].as_array().unwrap().clone()
                };
                for (unit, (one, other)) in of(&found).iter().zip(of(&exact)).enumerate() {
                    // Of units that are left out any will do.
                    let is_out =
                        is_dead && [("l1.weight", 2), ("l2.weight", 4)].contains(&(group, unit));
                    if !(is_out && asked.contains(&"--limit")) {
                        near(one, &other, 1e-9);
                    }
                }
            }
        }
    }
}

/// Checks: weights of 8 bytes are certified as those of 4 bytes are.
#[test]
fn wide_weights_are_certified() {
    let desk = Desk::new();
    let tensors = [
        ("l1.weight", vec![5, 3], weights(15, 1)),
        ("l1.bias", vec![5], weights(5, 2)),
        ("l2.weight", vec![2, 5], weights(10, 3)),
    ];
    let data = tensors.each_ref().map(|(_, _, values)| -> Vec<u8> {
        let wide = values.iter().map(|w| f64::from(*w) * 1e-3 * (1.0 + 1e-12));
        wide.flat_map(f64::to_le_bytes).collect()
    });
    let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
        let view = TensorView::new(Dtype::F64, shape.clone(), data);
        (*name, view.unwrap())
    });
    desk.write("only.safetensors", serialize(views, None).unwrap());
    let map = tensors
        .each_ref()
        .map(|(name, ..)| format!("{name:?}: \"only.safetensors\""));
    let index = format!("{{\"weight_map\": {{{}}}}}", map.join(", "));
    let index = desk.write("model.safetensors.index.json", index);
    let index = index.to_str().unwrap();
    let (code, found) = json(&["balance", index, "--arch", "relu", "--certify=14"]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found["attained"], true);
}

/// Checks: layers that share one multiplier each are balanced from the sums of their costs as exact arithmetic (which
/// more digits than energy certificates reach ask for) balances them; the certificate is verified about tied layers
/// only; without biases all layers cost the same then.
#[test]
fn tied_layers_are_those_of_exact_arithmetic() {
    let desk = Desk::new();
    let proof = desk.path("proof.json");
    let proof = proof.to_str().unwrap();
    for (seed, regularizer) in [(1, "l2"), (2, "l1"), (3, "lp:3")] {
        let mut tensors: Vec<(&str, &[usize], Vec<f32>)> = vec![
            ("l1.weight", &[5, 3], weights(15, seed)),
            ("l2.weight", &[4, 5], weights(20, 10 * seed)),
            ("l3.weight", &[2, 4], weights(8, 20 * seed)),
        ];
        let is_biased = seed != 1;
        if is_biased {
            tensors.insert(2, ("l2.bias", &[4], weights(4, 30 * seed)));
        }
        let whole = write(&desk, "whole.safetensors", &tensors);
        write(&desk, "only.safetensors", &tensors);
        let map = tensors
            .iter()
            .map(|(name, ..)| format!("{name:?}: \"only.safetensors\""));
        let map: Vec<String> = map.collect();
        let index = format!("{{\"weight_map\": {{{}}}}}", map.join(", "));
        let index = desk.write("model.safetensors.index.json", index);
        let index = index.to_str().unwrap();
        let asked = [
            "--arch",
            "relu",
            "--tied",
            "layer",
            "--regularizer",
            regularizer,
        ];
        let (code, exact) = json(&[&["balance", &whole, "--certify=16"][..], &asked].concat());
        assert_eq!(code, 0, "{exact:#}");
        let certify = ["balance", index, "--certify", "--certificate", proof];
        let (code, found) = json(&[&certify[..], &asked].concat());
        assert_eq!(code, 0, "{found:#}");
        assert_eq!(
            (&found["method"], &found["attained"]),
            (&"two-level".into(), &true.into())
        );
        let near = |one: &serde_json::Value, other: &serde_json::Value| {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!((one / other - 1.0).abs() < 1e-10, "{one} {other}");
        };
        near(&found["regularizer_after"], &exact["regularizer_after"]);
        for group in ["l1.weight", "l2.weight"] {
            let of =
                |found: &serde_json::Value| found["multipliers"][group].as_array().unwrap().clone();
            assert_eq!(of(&found).len(), of(&exact).len());
            of(&found)
                .iter()
                .zip(&of(&exact))
                .for_each(|(one, other)| near(one, other));
        }
        let verify = ["verify", &whole, proof, "--arch", "relu"];
        assert_eq!(run(&[&verify[..], &["--tied", "layer"]].concat()).0, 0);
        assert_ne!(run(&verify).0, 0);
        if !is_biased {
            let cost = |name: &str| -> f64 {
                let (_, _, values) = tensors.iter().find(|(own, ..)| *own == name).unwrap();
                values.iter().map(|w| f64::from(*w).powi(2)).sum()
            };
            let product: f64 = ["l1.weight", "l2.weight", "l3.weight"]
                .map(cost)
                .iter()
                .product();
            let total = found["regularizer_after"].as_f64().unwrap();
            assert!((total / (3.0 * product.cbrt()) - 1.0).abs() < 1e-12);
        }
    }
}
