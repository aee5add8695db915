//! Weights of 16 bits: powers of two unless the optimum is asked for, and what is said of either.

use serde_json::Value;
use std::path::Path;

use super::{Desk, json, run};

fn case(name: &str) -> String {
    format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The cases, with what their format needs beside them, and the number of their hidden units.
const CASES: [(&str, &[&str], usize); 3] = [
    ("mlp_fp16.onnx", &[], 6),
    ("st_bfloat16.safetensors", &["--arch", "relu"], 11),
    ("mlp_bf16.safetensors", &["--arch", "relu"], 6),
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn number(report: &Value, field: &str) -> f64 {
    report[field].as_f64().unwrap()
}

/// Checks: models of 16 bits are balanced by the nearest powers of two, in their own number type: an exact scaling,
/// which `check` calls balanced to powers of two; the deficit is given before and after, and the factor is at most √2.
#[test]
fn powers_of_two_are_the_default() {
    for (name, with, units) in CASES {
        let desk = Desk::new();
        let (before, after) = (case(name), desk.path("after"));
        let (code, report) = json(&[&["balance", &before, "-o", text(&after)], with].concat());
        assert_eq!((code, &report["status"]), (0, &"rounded".into()), "{name}");
        assert!(number(&report, "deficit") < 1e-12, "{name}");
        assert!(number(&report, "deficit_written") > 0.1, "{name}");
        let factor = number(&report["rounding"], "largest_factor");
        assert!(
            (1.0..=2f64.sqrt() * (1.0 + 1e-12)).contains(&factor),
            "{name}: {factor}"
        );
        assert_eq!(report["function"], "bit_for_bit", "{name}");
        let multipliers = report["multipliers"].as_object().unwrap().values();
        let multipliers: Vec<f64> = multipliers
            .flat_map(|group| group.as_array().unwrap())
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert!(multipliers.len() >= units, "{name}");
        assert!(
            multipliers.iter().all(|value| value.log2().fract() == 0.0),
            "{name}"
        );
        let sizes = [Path::new(&before), &after].map(|path| path.metadata().unwrap().len());
        assert_eq!(sizes[0], sizes[1], "{name}");
        let (code, judged) = json(&[&["check", &before, text(&after)], with].concat());
        assert_eq!(code, 0, "{name}: {judged:#}");
        assert_eq!(judged["scaling"], "exact", "{name}");
        assert_eq!(judged["balanced"], "to_powers_of_two", "{name}");
        // What is within a factor √2 is not so after another doubling, or before balancing.
        let (code, judged) = json(&[&["check", &before, &before], with].concat());
        assert_eq!((code, &judged["balanced"]), (1, &false.into()), "{name}");
        // Once more, nothing changes.
        let again = desk.path("again");
        run(&[&["balance", text(&after), "-o", text(&again)], with].concat());
        assert_eq!(
            std::fs::read(&after).unwrap(),
            std::fs::read(&again).unwrap(),
            "{name}"
        );
    }
}

/// Checks: with `--round` every weight of the optimum is rounded once: a scaling within the rounding of the type,
/// balanced as far as that goes.
#[test]
fn the_optimum_is_rounded_where_that_is_asked_for() {
    for (name, with, _) in CASES {
        let desk = Desk::new();
        let (before, after) = (case(name), desk.path("after"));
        let arguments = ["balance", &before, "-o", text(&after), "--round"];
        let (code, report) = json(&[&arguments, with].concat());
        assert_eq!((code, &report["status"]), (0, &"balanced".into()), "{name}");
        let (code, judged) = json(&[&["check", &before, text(&after)], with].concat());
        assert_eq!(code, 0, "{name}: {judged:#}");
        assert_eq!(judged["scaling"], "within_rounding", "{name}");
        assert_eq!(judged["balanced"], true, "{name}");
        assert_eq!(
            judged["rounding_excused"]["units_in_the_last_place"], 1,
            "{name}"
        );
    }
}

/// Checks: explanations, certificates and bounds of models of 16 bits.
#[test]
fn everything_else_reads_sixteen_bits() {
    for (name, with, units) in CASES {
        let desk = Desk::new();
        let (before, proof) = (case(name), desk.path("proof.json"));
        let (code, report) = json(&[&["explain", &before], with].concat());
        assert_eq!(
            (code, &report["manifold"]["dimension"]),
            (0, &units.into()),
            "{name}"
        );
        let arguments = [
            "balance",
            &before,
            "--certify",
            "--certificate",
            text(&proof),
        ];
        let (code, report) = json(&[&arguments, with].concat());
        assert_eq!((code, &report["status"]), (0, &"rounded".into()), "{name}");
        let arguments = ["verify", &before, text(&proof)];
        assert_eq!(run(&[&arguments, with].concat()).0, 0, "{name}");
        let (code, report) = json(&[&["balance", &before, "--max-scaling", "3"], with].concat());
        assert_eq!((code, &report["status"]), (0, &"rounded".into()), "{name}");
        let groups = report["multipliers"].as_object().unwrap().values();
        let mut values = groups.flat_map(|group| group.as_array().unwrap());
        let allowed = |value: &Value| [0.5, 1.0, 2.0].contains(&value.as_f64().unwrap());
        assert!(values.all(allowed), "{name}");
    }
}

/// Checks: constants that an exporter spelt in another way are seen, and results are judged; what scales of a constant
/// behind a cast is the stored one.
#[test]
fn constants_in_other_spellings() {
    for (name, free) in [
        ("value_float.onnx", 6),
        ("w_cast.onnx", 6),
        ("dropout_tm.onnx", 6),
        ("standardscaler.onnx", 48),
    ] {
        let desk = Desk::new();
        let (before, after) = (case(name), desk.path("after.onnx"));
        let (_, report) = json(&["explain", &before]);
        assert_eq!(report["manifold"]["dimension"], free, "{name}");
        let (code, report) = json(&["balance", &before, "-o", text(&after)]);
        assert_eq!((code, &report["status"]), (0, &"balanced".into()), "{name}");
        let (code, judged) = json(&["check", &before, text(&after)]);
        assert_eq!(
            (code, &judged["scaling"]),
            (0, &"within_rounding".into()),
            "{name}: {judged:#}"
        );
    }
}

/// A perceptron in safetensors, its layers `l1`, `l2`, ... with weights and biases.
fn perceptron(
    dtype: &str,
    size: usize,
    layers: &[[usize; 2]],
    mut number: impl FnMut() -> Vec<u8>,
) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (place, [outputs, inputs]) in layers.iter().enumerate() {
        for (part, shape) in [
            ("weight", vec![*outputs, *inputs]),
            ("bias", vec![*outputs]),
        ] {
            let start = data.len();
            (0..shape.iter().product()).for_each(|_: usize| data.extend(number()));
            assert_eq!(data.len() - start, size * shape.iter().product::<usize>());
            let name = format!("l{}.{part}", place + 1);
            let offsets = [start, data.len()];
            let entry =
                serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
            header.insert(name, entry);
        }
    }
    let header = Value::from(header).to_string();
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &data,
    ]
    .concat()
}

/// Checks: networks with weights that decayed to 1e-37, and to the subnormal numbers of their type, are balanced, and
/// the results judged: what lost digits is named, and the rest is right.
#[test]
fn decayed_weights() {
    let layers = [[16, 8], [12, 16], [4, 12]];
    for (dtype, size, share) in [
        ("F32", 4, 1e-37),
        ("F32", 4, 1e-41),
        ("BF16", 2, 1e-37),
        ("F16", 2, 1e-6),
    ] {
        let desk = Desk::new();
        let (mut state, mut count) = (7u64, 0);
        let number = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = (state >> 40) as f64 / f64::from(1 << 24) - 0.5;
            count += 1;
            let value = (if count % 3 == 0 { value * share } else { value }) as f32;
            match (dtype, size) {
                (_, 4) => value.to_le_bytes().to_vec(),
                ("BF16", _) => ((value.to_bits() >> 16) as u16).to_le_bytes().to_vec(),
                // Those below the normal numbers are multiples of 2^-24.
                _ if value.abs() < 6e-5 => {
                    let sign = u16::from(value < 0.0) << 15;
                    (((value.abs() * 2f32.powi(24)).round() as u16) | sign)
                        .to_le_bytes()
                        .to_vec()
                }
                _ => {
                    let bits = value.to_bits();
                    let exponent = ((bits >> 23 & 0xff) - 112) << 10;
                    let short = exponent | (bits >> 13 & 0x3ff) | (bits >> 16 & 0x8000);
                    (short as u16).to_le_bytes().to_vec()
                }
            }
        };
        let before = desk.write(
            "before.safetensors",
            perceptron(dtype, size, &layers, number),
        );
        let after = desk.path("after.safetensors");
        let (before, after) = (text(&before), text(&after));
        for round in [&[][..], &["--round"]] {
            let arguments = ["balance", before, "--arch", "relu", "-o", after];
            let (code, report) = json(&[&arguments, round].concat());
            assert_eq!(code, 0, "{dtype} {share}: {report:#}");
            let is_short = size == 2 && round.is_empty();
            let status = if is_short { "rounded" } else { "balanced" };
            assert_eq!(report["status"], status, "{dtype} {share}");
            let (code, judged) = json(&["check", before, after, "--arch", "relu"]);
            assert_eq!(code, 0, "{dtype} {share} {round:?}: {judged:#}");
            assert_eq!(judged["same_function"], true, "{dtype} {share}");
            match is_short {
                true => assert_eq!(judged["balanced"], "to_powers_of_two", "{dtype} {share}"),
                false => assert_eq!(judged["balanced"], true, "{dtype} {share}"),
            }
        }
    }
}
