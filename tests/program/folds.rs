//! `synbal check` of checkpoints: right folds are scalings, and wrong ones are named.

use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use super::small_llama::{HEAD, HEADS, HIDDEN, INNER, KEYS, Small};
use super::{Desk, json as judged, one_in, run};

const LAYER: &str = "model.layers.1.";

fn named(name: &str) -> String {
    format!("{LAYER}{name}.weight")
}

/// Factors that are no powers of two.
fn factor(channel: usize) -> f32 {
    1.3f32.powi(channel as i32 % 5 - 2) * if channel.is_multiple_of(2) { 1.1 } else { 0.7 }
}

/// A gain and its readers.
fn fold(model: &mut Small, gain: &str, readers: &[&str]) {
    model.rows(&named(gain), factor);
    for reader in readers {
        model.columns(&named(reader), |column| 1.0 / factor(column));
    }
}

const ATTENTION: [&str; 3] = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
const GATED: [&str; 2] = ["mlp.gate_proj", "mlp.up_proj"];

/// Values against outputs, for some of the heads.
fn values(model: &mut Small, heads: &[usize], bias: bool) {
    model.rows(&named("self_attn.v_proj"), factor);
    if bias {
        model.rows(&format!("{LAYER}self_attn.v_proj.bias"), factor);
    }
    let shared = HEADS / KEYS;
    model.columns(&named("self_attn.o_proj"), |column| {
        let head = column / HEAD;
        let channel = head / shared * HEAD + column % HEAD;
        if heads.contains(&head) {
            1.0 / factor(channel)
        } else {
            1.0
        }
    });
}

/// Queries against keys by rotary pair, for some of the heads; or by single entries.
fn keys(model: &mut Small, heads: &[usize], by_pair: bool) {
    let pair = |entry: usize| match by_pair {
        true => factor(entry % (HEAD / 2)),
        false => factor(entry % HEAD),
    };
    for end in ["weight", "bias"] {
        model.rows(&format!("{LAYER}self_attn.k_proj.{end}"), |row| {
            1.0 / pair(row)
        });
        model.rows(&format!("{LAYER}self_attn.q_proj.{end}"), |row| {
            let head = row / HEAD;
            if heads.contains(&head) {
                pair(row)
            } else {
                1.0
            }
        });
    }
}

fn up(model: &mut Small) {
    model.rows(&named("mlp.up_proj"), factor);
    model.columns(&named("mlp.down_proj"), |column| 1.0 / factor(column));
}

fn everything(model: &mut Small) {
    fold(model, "input_layernorm", &ATTENTION);
    fold(model, "post_attention_layernorm", &GATED);
    values(model, &[0, 1, 2, 3], true);
    keys(model, &[0, 1, 2, 3], true);
    up(model);
}

/// Checks: a scaling of every kind at once is known as one, to rounding in f32 and in bf16, with its multipliers,
/// whatever the files are cut like; from f32 to bf16 too.
#[test]
fn right_folds_are_scalings() {
    let desk = Desk::new();
    let before = Small::new("llama");
    let mut after = before.clone();
    everything(&mut after);
    let types = [
        (Dtype::F32, Dtype::F32),
        (Dtype::BF16, Dtype::BF16),
        (Dtype::F32, Dtype::BF16),
    ];
    for (number, (old, new)) in types.into_iter().enumerate() {
        let paths = ["before", "after"].map(|name| desk.path(&format!("{name}{number}")));
        before.write(&paths[0], old, 1);
        after.write(&paths[1], new, 3);
        let [one, other] = paths.map(|path| path.to_str().unwrap().to_owned());
        if old == Dtype::BF16 {
            // What was rounded before is not what was scaled.
            let (code, report) = judged(&["check", &one, &other, "--tolerance", "0.02"]);
            assert_eq!(
                (code, &report["known_scaling"]),
                (1, &json!(true)),
                "{report}"
            );
            continue;
        }
        let (code, report) = judged(&["check", &one, &other]);
        assert_eq!(
            (code, &report["known_scaling"]),
            (1, &json!(true)),
            "{report}"
        );
        assert_eq!(
            (&report["same_function"], &report["balanced"]),
            (&json!(true), &json!(false))
        );
        let found = &report["witness"]["multipliers"][named("mlp.up_proj")];
        for channel in 0..INNER {
            let value = found[channel].as_f64().unwrap();
            let bound = if new == Dtype::F32 { 1e-6 } else { 2e-3 };
            assert!(
                (value / f64::from(factor(channel)) - 1.0).abs() < bound,
                "{value}"
            );
        }
    }
}

/// Checks: powers of two are exact in bf16, and so is what is the same to the byte; but for that nothing is.
#[test]
fn powers_of_two_are_exact() {
    let desk = Desk::new();
    let before = Small::new("llama");
    let mut after = before.clone();
    let power = |channel: usize| 2f32.powi(channel as i32 % 3 - 1);
    after.rows(&named("input_layernorm"), power);
    for reader in ATTENTION {
        after.columns(&named(reader), |column| 1.0 / power(column));
    }
    let paths = ["before", "after"].map(|name| desk.path(name));
    before.write(&paths[0], Dtype::BF16, 2);
    after.write(&paths[1], Dtype::BF16, 1);
    let [one, other] = paths.map(|path| path.to_str().unwrap().to_owned());
    for pair in [[&one, &other], [&one, &one]] {
        let (_, report) = judged(&["check", pair[0], pair[1]]);
        assert_eq!(
            (&report["known_scaling"], &report["scaling"]),
            (&json!(true), &json!("exact")),
            "{report}"
        );
        assert_eq!(report["scaling_deviation"], 0.0);
    }
}

/// Checks: among numbers of 16 bits that were scaled by powers of two, each of which is judged by its exponent, a
/// single one that is off in its last digits, has another sign or became 0 is found, wherever it stands; zeros of
/// either sign and numbers below the normal ones are as good as scaled.
#[test]
fn one_wrong_number_of_16_bits() {
    let desk = Desk::new();
    let mut before = Small::new("llama");
    // Short enough for bf16, with a zero and a number below the normal ones among them.
    for (_, values) in before.tensors.values_mut() {
        let short = |value: &mut f32| *value = f32::from_bits(value.to_bits() & 0xffff_0000);
        values.iter_mut().for_each(short);
    }
    let tensor = named("mlp.down_proj");
    let small = f32::from_bits(0x0030_0000);
    before.get(&tensor)[7] = 0.0;
    before.get(&tensor)[20] = small;
    let mut right = before.clone();
    let power = |channel: usize| 2f32.powi(channel as i32 % 3 - 1);
    right.rows(&named("mlp.up_proj"), |row| 1.0 / power(row));
    right.columns(&tensor, power);
    right.get(&tensor)[7] = -0.0;
    let one = desk.path("before");
    before.write(&one, Dtype::BF16, 1);
    let check = |model: &Small, name: &str| {
        let other = desk.path(name);
        model.write(&other, Dtype::BF16, 1);
        judged(&["check", one.to_str().unwrap(), other.to_str().unwrap()]).1
    };
    let report = check(&right, "right");
    assert_eq!(report["known_scaling"], json!(true), "{report}");
    let entries = [0, 13, HIDDEN * INNER - 1];
    for (number, entry) in entries.into_iter().enumerate() {
        let changes: [fn(f32) -> f32; 3] = [
            |value| f32::from_bits(value.to_bits() ^ 0x0004_0000),
            |value| -value,
            |_| 0.0,
        ];
        let mut wrong = right.clone();
        let value = wrong.get(&tensor);
        value[entry] = changes[number](value[entry]);
        let report = check(&wrong, &format!("wrong{entry}"));
        let fault = &report["witness"];
        assert_eq!(report["known_scaling"], json!(false), "{entry}: {report}");
        assert_eq!(
            (&fault["tensor"], &fault["index"]),
            (&json!(tensor), &json!([entry / INNER, entry % INNER])),
            "{report}"
        );
    }
}

/// Checks: each kind of wrong fold is found to be no scaling (exit 3), with the tensor, the kind of group, the first
/// index and what it looks like.
#[test]
fn wrong_folds_are_named() {
    type Change = fn(&mut Small);
    let cases: [(Change, &str, &str, &[usize], &str); 16] = [
        (
            |model| fold(model, "input_layernorm", &[ATTENTION[0], ATTENTION[2]]),
            "self_attn.k_proj.weight",
            "norm",
            &[0, 0],
            "reader not corrected",
        ),
        (
            |model| {
                // All channels alike, so that only the tensor that was left out tells.
                model.rows(&named("input_layernorm"), |_| 2.0);
                model.columns(&named(ATTENTION[0]), |_| 0.5);
                model.columns(&named(ATTENTION[1]), |_| 0.5);
            },
            "self_attn.v_proj.weight",
            "norm",
            &[0, 0],
            "reader not corrected",
        ),
        (
            |model| {
                let one = |channel| if channel == 5 { 3.0 } else { 1.0 };
                model.rows(&named("post_attention_layernorm"), one);
                model.columns(&named("mlp.up_proj"), |column| 1.0 / one(column));
            },
            "mlp.gate_proj.weight",
            "norm",
            &[0, 5],
            "reader not corrected",
        ),
        (
            |model| fold(model, "input_layernorm", &GATED),
            "input_layernorm.weight",
            "norm",
            &[0],
            "wrong norm",
        ),
        (
            |model| fold(model, "input_layernorm", &[]),
            "input_layernorm.weight",
            "norm",
            &[0],
            "no reader corrected",
        ),
        (
            |model| values(model, &[0, 1, 2, 3], false),
            "self_attn.v_proj.bias",
            "value-output",
            &[0],
            "bias forgotten",
        ),
        (
            |model| values(model, &[0, 1, 2], true),
            "self_attn.o_proj.weight",
            "value-output",
            &[0, 12],
            "head or pair forgotten",
        ),
        (
            |model| keys(model, &[0, 2, 3], true),
            "self_attn.q_proj.bias",
            "query-key",
            &[4],
            "head or pair forgotten",
        ),
        (
            |model| keys(model, &[0, 1, 2, 3], false),
            "self_attn.k_proj.bias",
            "query-key",
            &[2],
            "head or pair forgotten",
        ),
        (
            |model| model.rows(&named("mlp.up_proj"), factor),
            "mlp.down_proj.weight",
            "up-down",
            &[0, 0],
            "reader not corrected",
        ),
        (
            |model| {
                model.rows(
                    &named("mlp.gate_proj"),
                    |row| if row == 3 { 2.0 } else { 1.0 },
                )
            },
            "mlp.gate_proj.weight",
            "",
            &[3, 0],
            "pinned entries changed",
        ),
        (
            |model| model.get(&named("self_attn.v_proj"))[3 * HIDDEN + 5] *= 1.5,
            "self_attn.v_proj.weight",
            "norm",
            &[3, 5],
            "weight changed",
        ),
        (
            |model| model.get(&named("self_attn.v_proj"))[3 * HIDDEN + 5] = 0.0,
            "self_attn.v_proj.weight",
            "norm",
            &[3, 5],
            "became zero",
        ),
        (
            |model| model.get(&named("self_attn.v_proj"))[3 * HIDDEN + 5] *= -1.0,
            "self_attn.v_proj.weight",
            "norm",
            &[3, 5],
            "sign changed",
        ),
        (
            |model| model.get(&named("self_attn.v_proj"))[3 * HIDDEN + 5] = f32::NAN,
            "self_attn.v_proj.weight",
            "norm",
            &[3, 5],
            "not finite",
        ),
        (
            |model| model.rows("model.embed_tokens.weight", |_| 2.0),
            "model.embed_tokens.weight",
            "",
            &[0, 0],
            "pinned tensor changed",
        ),
    ];
    let desk = Desk::new();
    let before = desk.path("before");
    Small::new("llama").write(&before, Dtype::F32, 2);
    for (number, case) in one_in(3, cases.into_iter().enumerate()) {
        let (change, tensor, group, index, kind) = case;
        let mut model = Small::new("llama");
        change(&mut model);
        let after = desk.path(&format!("after{number}"));
        model.write(&after, Dtype::F32, 1);
        let (code, report) = judged(&["check", before.to_str().unwrap(), after.to_str().unwrap()]);
        let fault = &report["witness"];
        let answers = (code, &report["known_scaling"], &report["same_function"]);
        assert_eq!(
            answers,
            (3, &json!(false), &json!("undecided")),
            "{number}: {report}"
        );
        let name = fault["tensor"].as_str().unwrap();
        let place = (
            name.strip_prefix(LAYER).unwrap_or(name),
            &fault["index"],
            &fault["kind"],
        );
        assert_eq!(
            place,
            (tensor, &json!(index), &json!(kind)),
            "{number}: {fault}"
        );
        let expected = if group.is_empty() {
            json!(null)
        } else {
            json!(group)
        };
        assert_eq!(
            fault["group"].get("kind").unwrap_or(&json!(null)),
            &expected,
            "{number}: {fault}"
        );
        let (_, text, _) = run(&["check", before.to_str().unwrap(), after.to_str().unwrap()]);
        assert!(
            text.contains(&format!("{}: `{name}`", kind.to_uppercase())),
            "{text}"
        );
    }
}

/// Checks: a gain that is stored less 1 scales as the gain that it stands for, and is no scaling where the stored
/// number was multiplied.
#[test]
fn gains_stored_less_one() {
    let desk = Desk::new();
    let before = Small::new("gemma");
    let mut paths = vec![desk.path("before")];
    before.write(&paths[0], Dtype::F32, 1);
    for is_right in [true, false] {
        let mut after = before.clone();
        let gain = after.get(&named("input_layernorm"));
        for (channel, value) in gain.iter_mut().enumerate() {
            *value = if is_right {
                (1.0 + *value) * factor(channel) - 1.0
            } else {
                *value * factor(channel)
            };
        }
        for reader in ATTENTION {
            after.columns(&named(reader), |column| 1.0 / factor(column));
        }
        let path = desk.path(&format!("after{is_right}"));
        after.write(&path, Dtype::F32, 1);
        paths.push(path);
    }
    let [before, right, wrong] = [0, 1, 2].map(|at| paths[at].to_str().unwrap());
    let (_, report) = judged(&["check", before, right]);
    assert_eq!(report["known_scaling"], true, "{report}");
    let (code, report) = judged(&["check", before, wrong]);
    assert_eq!(
        (code, &report["witness"]["kind"]),
        (3, &json!("wrong norm")),
        "{report}"
    );
}

/// Checks: checkpoints of other architectures, with missing tensors or other shapes, are bad input that names the field
/// or the tensor.
#[test]
fn other_architectures_are_refused() {
    let desk = Desk::new();
    let model = Small::new("llama");
    let [before, other, missing] = ["before", "other", "missing"].map(|name| desk.path(name));
    model.write(&before, Dtype::F32, 1);
    model.write(&other, Dtype::F32, 1);
    let config = std::fs::read_to_string(other.join("config.json")).unwrap();
    let changed = config.replace("1e-6", "1e-5").replace("1e-06", "1e-5");
    assert_ne!(config, changed);
    std::fs::write(other.join("config.json"), changed).unwrap();
    let mut less = model.clone();
    less.tensors.remove("model.layers.0.mlp.up_proj.weight");
    less.write(&missing, Dtype::F32, 1);
    for (after, part) in [
        (&other, "rms_norm_eps"),
        (&missing, "model.layers.0.mlp.up_proj"),
    ] {
        let (code, _, stderr) = run(&["check", before.to_str().unwrap(), after.to_str().unwrap()]);
        assert!(code == 2 && stderr.contains(part), "{stderr}");
    }
    let (code, _, stderr) = run(&["check", before.to_str().unwrap(), "examples/chain.json"]);
    assert!(
        code == 2 && stderr.contains("only one is a checkpoint"),
        "{stderr}"
    );
}

/// Checks: a configuration that a tool wrote anew, with its defaults and with fields that change no function, is of the
/// same architecture; one that says anything else is not.
#[test]
fn defaults_written_out_change_no_architecture() {
    let desk = Desk::new();
    let [before, after] = ["before", "after"].map(|name| desk.path(name));
    for folder in [&before, &after] {
        Small::new("llama").write(folder, Dtype::F32, 1);
    }
    let text = std::fs::read_to_string(before.join("config.json")).unwrap();
    let own: Value = serde_json::from_str(&text).unwrap();
    let head = own["hidden_size"].as_u64().unwrap() / own["num_attention_heads"].as_u64().unwrap();
    let judged = |more: Value| {
        let mut written = own.clone();
        for (field, value) in more.as_object().unwrap() {
            let known = written.as_object_mut().unwrap().entry(field);
            known.or_insert_with(|| value.clone());
        }
        std::fs::write(after.join("config.json"), written.to_string()).unwrap();
        run(&["check", before.to_str().unwrap(), after.to_str().unwrap()])
    };
    let defaults = json!({
        "attention_bias": false, "mlp_bias": false, "rope_scaling": null, "head_dim": head,
        "attention_dropout": 0.1, "max_position_embeddings": 4096, "pretraining_tp": 1,
    });
    let (code, stdout, stderr) = judged(defaults);
    assert!(
        stdout.contains("same function      yes") && code < 2,
        "{stdout}{stderr}"
    );
    let (code, _, stderr) =
        judged(json!({"rope_theta": 5e5, "rope_parameters": {"rope_theta": 5e5}}));
    assert!(
        code == 2 && stderr.contains("another architecture"),
        "{stderr}"
    );
}
