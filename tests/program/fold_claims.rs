//! `synbal check` of checkpoints says no more than what it saw: nothing is called exact, a scaling or rounding that is
//! none.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Value, json};

use super::small_llama::{HIDDEN, INNER, Small};
use super::{Desk, json as judged, run};

const UP: &str = "model.layers.1.mlp.up_proj.weight";
const DOWN: &str = "model.layers.1.mlp.down_proj.weight";
const GATE: &str = "model.layers.1.mlp.gate_proj.weight";
const NORM: &str = "model.layers.1.post_attention_layernorm.weight";
const EMBED: &str = "model.embed_tokens.weight";

fn check(desk: &Desk, names: [&str; 2], options: &[&str]) -> Value {
    let [one, other] = names.map(|name| desk.path(name).to_str().unwrap().to_owned());
    judged(&[&["check", &one, &other], options].concat()).1
}

/// Replaces a number of a tensor in a file of `f64`.
fn replace(folder: &Path, tensor: &str, index: usize, change: impl Fn(f64) -> f64) {
    let path = folder.join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let place = {
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let data = file.tensor(tensor).unwrap().data();
        data.as_ptr() as usize - bytes.as_ptr() as usize + 8 * index
    };
    let slot: &mut [u8; 8] = (&mut bytes[place..place + 8]).try_into().unwrap();
    *slot = change(f64::from_le_bytes(*slot)).to_le_bytes();
    std::fs::write(path, bytes).unwrap();
}

/// Checks: a column that is 0 in every row which is looked at first has its factor all the same: left as it was where
/// its multiplier is 2 it is no scaling, and scaled with the rest of a scaling it is at least not called another one.
#[test]
fn columns_of_few_numbers() {
    const ROWS: usize = 256;
    let desk = Desk::new();
    let mut before = Small::new("llama");
    for layer in 0..super::small_llama::LAYERS {
        for (name, shape) in [
            ("gate", [ROWS, HIDDEN]),
            ("up", [ROWS, HIDDEN]),
            ("down", [HIDDEN, ROWS]),
        ] {
            let name = format!("model.layers.{layer}.mlp.{name}_proj.weight");
            let (own, values) = before.tensors.get_mut(&name).unwrap();
            *own = shape.to_vec();
            *values = values.iter().copied().cycle().take(ROWS * HIDDEN).collect();
        }
    }
    for row in (0..ROWS).step_by(2) {
        before.get(UP)[row * HIDDEN + 3] = 0.0;
    }
    let mut after = before.clone();
    after.get(NORM)[3] *= 2.0;
    after.columns(GATE, |column| if column == 3 { 0.5 } else { 1.0 });
    for (name, model) in [("before", &before), ("after", &after)] {
        let place = desk.path(name);
        model.write(&place, Dtype::F32, 1);
        let config = std::fs::read_to_string(place.join("config.json")).unwrap();
        let old = format!("\"intermediate_size\":{INNER}");
        let new = config.replace(&old, &format!("\"intermediate_size\":{ROWS}"));
        assert_ne!(config, new);
        std::fs::write(place.join("config.json"), new).unwrap();
    }
    let report = check(&desk, ["before", "after"], &[]);
    assert_eq!(report["known_scaling"], false, "{report}");
    let report = check(&desk, ["before", "before"], &[]);
    assert_eq!(report["scaling"], "exact", "{report}");
}

/// Checks: exact is only what is exact: not a bias of `f64` that is one unit in the last place off, not a weight that
/// lost digits below the normal numbers, not a small number of a tensor that nothing scales, not a gain whose sum with
/// 1 hides what was changed.
#[test]
fn what_is_exact() {
    let desk = Desk::new();
    let before = Small::new("llama");
    let mut after = before.clone();
    after.rows(UP, |row| if row == 5 { 1.0 / 1024.0 } else { 1.0 });
    after.columns(DOWN, |column| if column == 5 { 1024.0 } else { 1.0 });
    for gate in ["weight", "bias"] {
        after.rows(&format!("model.layers.1.self_attn.v_proj.{gate}"), |row| {
            if row == 0 { 1024.0 } else { 1.0 }
        });
    }
    // Two heads read the first channel.
    after.columns("model.layers.1.self_attn.o_proj.weight", |column| {
        if [0, 4].contains(&column) {
            1.0 / 1024.0
        } else {
            1.0
        }
    });
    let write = |name: &str, model: &Small| model.write(&desk.path(name), Dtype::F64, 1);
    write("before", &before);
    write("after", &after);
    let report = check(&desk, ["before", "after"], &[]);
    assert_eq!(report["scaling"], "exact", "{report}");

    write("unit", &after);
    let bias = "model.layers.1.self_attn.v_proj.bias";
    replace(&desk.path("unit"), bias, 0, f64::next_up);
    let report = check(&desk, ["before", "unit"], &[]);
    assert_eq!(
        (&report["known_scaling"], &report["exact_scaling"]),
        (&json!(true), &json!("undecided")),
        "{report}"
    );

    let small = 1.234_567 * f64::MIN_POSITIVE;
    replace(&desk.path("before"), UP, 5 * HIDDEN, |_| small);
    replace(&desk.path("after"), UP, 5 * HIDDEN, |_| small / 1024.0);
    let report = check(&desk, ["before", "after"], &[]);
    assert_eq!(
        (&report["exact_scaling"], &report["lost_count"]),
        (&json!("undecided"), &json!(1)),
        "{report}"
    );

    let mut tiny = before.clone();
    tiny.get(EMBED)[1] = f32::from_bits(1);
    tiny.write(&desk.path("tiny"), Dtype::F32, 1);
    tiny.get(EMBED)[1] = f32::from_bits(2);
    tiny.write(&desk.path("other"), Dtype::F32, 1);
    let report = check(&desk, ["tiny", "other"], &[]);
    assert_eq!(
        (&report["scaling"], &report["lost_count"]),
        (&json!("within_rounding"), &json!(1)),
        "{report}"
    );

    let mut gemma = Small::new("gemma");
    gemma.get(NORM)[0] = 0.0;
    gemma.write(&desk.path("gain"), Dtype::F32, 1);
    gemma.get(NORM)[0] = 1e-20;
    gemma.write(&desk.path("other gain"), Dtype::F32, 1);
    let report = check(&desk, ["gain", "other gain"], &[]);
    assert_eq!(report["scaling"], "within_rounding", "{report}");
    let report = check(&desk, ["other gain", "other gain"], &[]);
    assert_eq!(report["scaling"], "exact", "{report}");
}

/// Checks: what only a wide tolerance allows is not called rounding.
#[test]
fn tolerance_is_no_rounding() {
    let desk = Desk::new();
    let before = Small::new("llama");
    let mut after = before.clone();
    after.get("lm_head.weight")[0] *= 1.2;
    before.write(&desk.path("before"), Dtype::F32, 1);
    after.write(&desk.path("after"), Dtype::F32, 1);
    let report = check(&desk, ["before", "after"], &["--tolerance", "0.5"]);
    assert_eq!(
        (&report["scaling"], &report["within_rounding"]),
        (&json!("within_tolerance"), &json!("undecided")),
        "{report}"
    );
    let report = check(&desk, ["before", "after"], &[]);
    assert_eq!(report["scaling"], "none", "{report}");
}

/// Checks: the same bytes of another type are not the same, a field that the family takes has to be what it was, and a
/// folder that holds a model and an adapter is refused.
#[test]
fn what_is_read() {
    let desk = Desk::new();
    let mut model = Small::new("llama");
    let buffer = "model.layers.0.self_attn.rotary_emb.inv_freq";
    model
        .tensors
        .insert(buffer.into(), (vec![2], vec![1.0, 0.5]));
    for layer in 1..super::small_llama::LAYERS {
        let name = buffer.replace('0', &layer.to_string());
        model.tensors.insert(name, (vec![2], vec![1.0, 0.5]));
    }
    let places = ["before", "after"].map(|name| desk.path(name));
    for place in &places {
        model.write(place, Dtype::F32, 1);
    }
    let file = places[1].join("model.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    let at = bytes
        .windows(buffer.len())
        .position(|own| own == buffer.as_bytes());
    let (start, mut rest) = (at.unwrap(), bytes.clone());
    let kind = bytes[start..]
        .windows(3)
        .position(|own| own == b"F32")
        .unwrap();
    rest[start + kind..][..3].copy_from_slice(b"I32");
    std::fs::write(&file, rest).unwrap();
    let report = check(&desk, ["before", "after"], &[]);
    assert_eq!(report["witness"]["tensor"], buffer, "{report}");

    // A field that the family takes says what is computed.
    std::fs::copy(places[0].join("model.safetensors"), file).unwrap();
    let config = std::fs::read_to_string(places[1].join("config.json")).unwrap();
    let padded = config.replacen('{', "{\"pad_token_id\":3,", 1);
    std::fs::write(places[1].join("config.json"), padded).unwrap();
    let family = include_str!("../../src/formats/checkpoint/families/llama.txt");
    let counted = format!("{family}\nsize padding = pad_token_id or 1\n");
    for (family, is_refused) in [(family, false), (&counted, true)] {
        let family = desk.write("family.txt", family);
        let [one, other] = places.each_ref().map(|place| place.to_str().unwrap());
        let family = family.to_str().unwrap();
        let (_, _, stderr) = run(&["check", one, other, "--family", family]);
        assert_eq!(stderr.contains("pad_token_id"), is_refused, "{stderr}");
    }

    let config = places[0].join("adapter_config.json");
    std::fs::write(config, json!({"peft_type": "LORA", "r": 2}).to_string()).unwrap();
    let (code, _, stderr) = run(&["explain", places[0].to_str().unwrap()]);
    assert!(
        code == 2 && stderr.contains("which is the model?"),
        "{stderr}"
    );
}

/// Checks: a checkpoint with a weight that is no number is not balanced, though it is what it was.
#[test]
fn no_numbers_are_not_balanced() {
    let desk = Desk::new();
    let [source, out] = ["source", "out"].map(|name| desk.path(name));
    Small::new("llama").write(&source, Dtype::F64, 1);
    let [source, folder] = [&source, &out].map(|path| path.to_str().unwrap());
    let (code, report) = judged(&["balance", source, "-o", folder]);
    assert_eq!(code, 0, "{report}");
    let report = check(&desk, ["out", "out"], &[]);
    assert_eq!(report["balanced"], true, "{report}");
    for value in [f64::NAN, f64::INFINITY] {
        replace(&out, DOWN, 5, |_| value);
        let report = check(&desk, ["out", "out"], &[]);
        assert_eq!(
            (&report["balanced"], &report["scaling"]),
            (&json!(false), &json!("exact")),
            "{report}"
        );
    }
}

/// Checks: an adapter that was balanced is judged the same function, of rank 1 too, where one tensor has one row and
/// the other one column; and another weight is not.
#[test]
fn adapters_of_every_rank() {
    let desk = Desk::new();
    for rank in 1..=3 {
        for number_type in [Dtype::F32, Dtype::BF16] {
            let folder = desk.path(&format!("adapter-{rank}-{number_type:?}"));
            std::fs::create_dir(&folder).unwrap();
            let config = json!({"peft_type": "LORA", "r": rank, "target_modules": ["a"]});
            std::fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
            let write = |folder: &Path, off: f32| {
                let bytes = |count: usize, scale: f32, off: f32| -> Vec<u8> {
                    let number = |at: usize| scale * (at % 5) as f32 + 1.0 + off * at as f32;
                    let bytes = (0..count).map(|at| number(at).to_le_bytes());
                    match number_type {
                        Dtype::F32 => bytes.flatten().collect(),
                        _ => bytes.flat_map(|bytes| [bytes[2], bytes[3]]).collect(),
                    }
                };
                let (a, b) = (bytes(3 * rank, 2.0, 0.0), bytes(4 * rank, 16.0, off));
                let name = |end: &str| format!("base_model.model.a.lora_{end}.weight");
                let view = |shape, bytes| TensorView::new(number_type, shape, bytes).unwrap();
                let views = [
                    (name("A"), view(vec![rank, 3], &a)),
                    (name("B"), view(vec![4, rank], &b)),
                ];
                let file = serialize(views, None).unwrap();
                std::fs::write(folder.join("adapter_model.safetensors"), file).unwrap();
            };
            write(&folder, 0.0);
            let out = desk.path(&format!("out-{rank}-{number_type:?}"));
            let [before, after] = [&folder, &out].map(|path| path.to_str().unwrap());
            let (code, report) = judged(&["balance", before, "-o", after]);
            assert_eq!(code, 0, "{rank}: {report:#}");
            let (code, report) = judged(&["check", before, after]);
            assert_eq!(
                (code, &report["same_function"]),
                (0, &json!(true)),
                "{rank}: {report:#}"
            );
            write(&out, 0.5);
            let (code, report) = judged(&["check", before, after]);
            assert_eq!(
                (code, &report["known_scaling"]),
                (3, &json!(false)),
                "{rank}: {report:#}"
            );
        }
    }
}
