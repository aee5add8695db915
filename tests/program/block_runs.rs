//! `synbal balance` of checkpoints: block by block, killed and gone on with, in parts, certified, and carried to what
//! belongs to them.

use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

use super::small_llama::{HIDDEN, INNER, LAYERS, Small, read};
use super::{Desk, json as answered, run};

/// All files of a folder with their bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    let entries = entries.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, std::fs::read(entry.path()).unwrap())
    });
    entries.collect()
}

pub fn source(desk: &Desk, family: &'static str, number_type: Dtype, shards: usize) -> String {
    let path = desk.path("source");
    Small::new(family).write(&path, number_type, shards);
    path.to_str().unwrap().to_owned()
}

/// Checks: weights of 16 bits are balanced by powers of two, in at most six reads of a block; everything else in the
/// folder stays as it is; `check` says the same function, exactly, and balanced to powers of two.
#[test]
fn powers_of_two_in_few_reads() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 2);
    let out = desk.path("out");
    let (code, report) = answered(&["balance", &source, "-o", out.to_str().unwrap()]);
    assert_eq!(
        (code, &report["status"]),
        (0, &json!("rounded")),
        "{report}"
    );
    assert!(
        report["passes"].as_u64().unwrap() <= 6,
        "{}",
        report["passes"]
    );
    assert_eq!(report["function"], "bit_for_bit");
    let [old, new] = [files(Path::new(&source)), files(&out)];
    assert_eq!(
        old.keys().collect::<Vec<_>>(),
        new.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &old {
        assert_eq!(
            name.ends_with(".safetensors"),
            new[name] != *bytes,
            "{name}"
        );
        assert_eq!(bytes.len(), new[name].len());
    }
    let [old, new] = [read(Path::new(&source)), read(&out)];
    for (name, values) in &old {
        for (old, new) in values.iter().zip(&new[name]) {
            let quotient = new / old;
            assert!(
                quotient.log2().fract() == 0.0 && quotient > 0.0,
                "{name}: {old} {new}"
            );
        }
    }
    let (code, report) = answered(&["check", &source, out.to_str().unwrap()]);
    let answers = [&report["scaling"], &report["balanced"]];
    assert_eq!(
        (code, answers),
        (0, [&json!("exact"), &json!("to_powers_of_two")]),
        "{report}"
    );
}

/// Checks: in f32 the deficit goes below the tolerance, with gains counted, fixed, and stored less 1; fixed gains stay
/// to the byte; the result is balanced for `check`.
#[test]
fn balanced_in_f32() {
    for (family, gains) in [
        ("llama", "counted"),
        ("llama", "fixed"),
        ("gemma", "counted"),
    ] {
        let desk = Desk::new();
        let source = source(&desk, family, Dtype::F32, 1);
        let out = desk.path("out");
        let out = out.to_str().unwrap();
        let (code, report) = answered(&["balance", &source, "-o", out, "--gains", gains]);
        assert_eq!(
            (code, &report["status"]),
            (0, &json!("balanced")),
            "{report}"
        );
        assert!(report["deficit"].as_f64().unwrap() <= 1e-12);
        let (code, report) = answered(&["check", &source, out, "--gains", gains]);
        assert_eq!((code, &report["balanced"]), (0, &json!(true)), "{report}");
        let [old, new] = [read(Path::new(&source)), read(Path::new(out))];
        let gain = "model.norm.weight";
        assert_eq!(old[gain] == new[gain], gains == "fixed");
        // What is a scaling with gains is none without.
        if gains == "counted" {
            let (code, _) = answered(&["check", &source, out, "--gains", "fixed"]);
            assert_eq!(code, 3);
        }
    }
}

/// Checks: gains that are stored less 1 stay where multipliers are powers of two, which they could not carry exactly;
/// the report names them, and `check` asks of the others alone how well they are balanced.
#[test]
fn gains_stored_less_one_stay() {
    let desk = Desk::new();
    let source = source(&desk, "gemma", Dtype::BF16, 1);
    // What may be a copy of the weights is named; what cannot be is not.
    for name in ["pytorch_model.bin", "training_args.bin", "tokenizer.json"] {
        std::fs::write(Path::new(&source).join(name), "{}").unwrap();
    }
    let out = desk.path("out");
    let (code, report) = answered(&["balance", &source, "-o", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["fixed"].as_array().unwrap().len(), 2 * LAYERS + 1);
    let [old, new] = [read(Path::new(&source)), read(&out)];
    assert_eq!(old["model.norm.weight"], new["model.norm.weight"]);
    assert_eq!(report["copied_weights"], json!(["pytorch_model.bin"]));
    let fixed = report["fixed"].clone();
    let (code, report) = answered(&["check", &source, out.to_str().unwrap()]);
    assert_eq!(
        (code, &report["scaling"], &report["balanced"]),
        (0, &json!("exact"), &json!("to_powers_of_two")),
        "{report}"
    );
    let [mut asked, mut left] =
        [&fixed, &report["fixed"]].map(|names| names.as_array().unwrap().clone());
    left.retain(|name| !asked.contains(name));
    assert_eq!(left, Vec::<Value>::new(), "{report}");
    asked.retain(|name| !report["fixed"].as_array().unwrap().contains(name));
    assert!(asked.len() < 2 * LAYERS + 1, "{report}");
    // What was not balanced at all is not, gains or no gains.
    let (code, report) = answered(&["check", &source, &source]);
    assert_eq!((code, &report["fixed"]), (1, &json!([])), "{report}");
}

/// Checks: blocks that an earlier run finished are not balanced again, and a run with other arguments does not go on
/// with them. Their record is what is trusted: a changed one shows.
#[test]
fn finished_blocks_are_kept() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 1);
    let part = desk.path("part");
    let (code, _) = answered(&[
        "balance",
        &source,
        "-o",
        part.to_str().unwrap(),
        "--blocks",
        "0..2",
    ]);
    assert_eq!(code, 0);
    let out = desk.path("out");
    let (code, _) = answered(&["balance", &source, "-o", out.to_str().unwrap()]);
    assert_eq!(code, 0);
    // As a run leaves it that was stopped after two blocks.
    let run_folder = desk.path(".again.synbal-run");
    std::fs::create_dir(&run_folder).unwrap();
    std::fs::create_dir(run_folder.join("result")).unwrap();
    for (name, bytes) in files(&part) {
        let text = String::from_utf8(bytes)
            .unwrap()
            .replace("\"part\":[0,2]", "\"part\":[0,4]");
        std::fs::write(run_folder.join(name), text).unwrap();
    }
    for (name, bytes) in files(&out) {
        std::fs::write(run_folder.join("result").join(name), bytes).unwrap();
    }
    let again = desk.path("again");
    let again = again.to_str().unwrap();
    let (code, report) = answered(&["balance", &source, "-o", again, "--regularizer", "l1"]);
    assert!(
        code == 2
            && report["message"]
                .as_str()
                .unwrap()
                .contains("the regularizer"),
        "{report}"
    );
    let (code, report) = answered(&["balance", &source, "-o", again]);
    assert_eq!(
        (code, &report["blocks"]["resumed"]),
        (0, &json!(2)),
        "{report}"
    );
    assert_eq!(files(Path::new(again)), files(&out));
}

/// Checks: parts joined give the bytes of one run; holes, overlaps, parts of another checkpoint or with other arguments
/// are refused by name, and nothing is written.
#[test]
fn parts_are_joined() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 2);
    let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    let (code, _) = answered(&["balance", &source, "-o", &path("whole")]);
    assert_eq!(code, 0);
    let other = desk.path("other");
    Small::new("llama").write(&other, Dtype::F32, 1);
    let parts: [(&str, &str, &str, &[&str]); 5] = [
        ("a", &source, "0..1", &[]),
        ("b", &source, "1..4", &[]),
        ("c", &source, "1..3", &[]),
        ("d", &source, "1..3", &["--gains", "fixed"]),
        ("e", other.to_str().unwrap(), "1..4", &[]),
    ];
    for (name, source, blocks, more) in parts {
        let (code, report) = answered(
            &[
                &["balance", source, "-o", &path(name), "--blocks", blocks],
                more,
            ]
            .concat(),
        );
        assert_eq!(code, 0, "{report}");
    }
    let join = |parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(|part| path(part)).collect();
        let mut arguments = vec!["balance", &source, "-o"];
        let out = path("joined");
        arguments.extend([out.as_str(), "--merge"]);
        arguments.extend(parts.iter().map(String::as_str));
        run(&arguments)
    };
    // A part that was made before the configuration was corrected.
    let config = Path::new(&source).join("config.json");
    let corrected = std::fs::read_to_string(&config).unwrap();
    let wrong = corrected.replacen("\"silu\"", "\"relu\"", 1);
    assert_ne!(corrected, wrong);
    std::fs::write(&config, wrong).unwrap();
    let (code, _) = answered(&["balance", &source, "-o", &path("f"), "--blocks", "1..3"]);
    assert_eq!(code, 0);
    std::fs::write(&config, corrected).unwrap();
    for (parts, reason) in [
        (vec!["a", "f"], "another state of the configuration"),
        (vec!["b"], "blocks are missing in the parts: 0"),
        (vec!["a", "c"], "blocks are missing in the parts: 3"),
        (vec!["a", "b", "c"], "block 1 is in"),
        (vec!["a", "d"], "what is said of gains"),
        (vec!["a", "e"], "is no part of"),
        (vec!["a", "source"], "plan.json"),
    ] {
        let (code, _, stderr) = join(&parts);
        assert!(code == 2 && stderr.contains(reason), "{parts:?}: {stderr}");
        assert!(!desk.path("joined").exists());
    }
    let (code, _, stderr) = join(&["b", "a"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(files(&desk.path("joined")), files(&desk.path("whole")));
}

/// Checks: nothing is written over what is there, nor into the checkpoint itself; blocks that do not exist, options
/// that are not offered, weights that are not finite are bad input.
#[test]
fn nothing_is_overwritten() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::F32, 1);
    let taken = desk.path("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("mine"), "mine").unwrap();
    let taken = taken.to_str().unwrap();
    let within = format!("{source}/within");
    let broken = desk.path("broken");
    let mut model = Small::new("llama");
    model.get("model.layers.1.mlp.up_proj.weight")[17] = f32::INFINITY;
    model.write(&broken, Dtype::F32, 1);
    let (broken, new) = (broken.to_str().unwrap(), desk.path("new"));
    let new = new.to_str().unwrap();
    let before = files(Path::new(&source));
    let cases: [(&[&str], &str); 8] = [
        (&[&source, "-o", taken], "nothing is overwritten"),
        (&[&source, "-o", &source], "the checkpoint itself"),
        (&[&source, "-o", &within], "within it"),
        (&[&source, "-o", new, "--blocks", "2..9"], "0..4"),
        (&[&source, "-o", new, "--blocks", "2..2"], "0..4"),
        (&[&source, "-o", new, "--tied", "layer"], "--tied"),
        (
            &[&source, "-o", "/no/such/folder/x"],
            "folder does not exist",
        ),
        (
            &[broken, "-o", new],
            "model.layers.1.mlp.up_proj.weight`: number 17",
        ),
    ];
    for (arguments, reason) in cases {
        let (code, _, stderr) = run(&[&["balance"], arguments].concat());
        assert!(
            code == 2 && stderr.contains(reason),
            "{arguments:?}: {stderr}"
        );
    }
    assert_eq!(files(Path::new(&source)), before);
    assert_eq!(
        std::fs::read_to_string(format!("{taken}/mine")).unwrap(),
        "mine"
    );
    assert!(!Path::new(new).exists());
    let (code, _, stderr) = run(&["balance", "examples/chain.json", "--blocks", "0..1"]);
    assert!(code == 2 && stderr.contains("for checkpoints"), "{stderr}");
}

/// Checks: a channel with weights on one side only has no optimum: exit 3, named; with `--limit` it stays as it is, and
/// the rest is balanced.
#[test]
fn dead_channels_are_named() {
    let desk = Desk::new();
    let mut model = Small::new("llama");
    let up = model.get("model.layers.1.mlp.up_proj.weight");
    up[3 * HIDDEN..4 * HIDDEN].fill(0.0);
    let source = desk.path("source");
    model.write(&source, Dtype::F32, 1);
    let (source, out) = (source.to_str().unwrap(), desk.path("out"));
    let out = out.to_str().unwrap();
    let (code, report) = answered(&["balance", source, "-o", out]);
    let message = report["message"].as_str().unwrap();
    assert!(
        code == 3 && message.contains("model.layers.1.mlp.up_proj.weight[3]"),
        "{report}"
    );
    assert!(!Path::new(out).exists());
    assert_eq!(desk.files(), 1);
    let (code, report) = answered(&["balance", source, "-o", out, "--limit"]);
    assert_eq!(
        (code, &report["left"]),
        (0, &json!(["model.layers.1.mlp.up_proj.weight[3]"])),
        "{report}"
    );
    let [old, new] = [read(Path::new(source)), read(Path::new(out))];
    let column = |all: &BTreeMap<String, Vec<f32>>| -> Vec<f32> {
        let down = &all["model.layers.1.mlp.down_proj.weight"];
        down.iter().skip(3).step_by(INNER).copied().collect()
    };
    assert_eq!(column(&old), column(&new));
}

/// Checks: certificates by block are verified by the kernel alone, and refused about another block's weights.
#[test]
fn certificates_by_block() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::F32, 1);
    let folder = desk.path("certificates");
    let (code, report) = answered(&[
        "balance",
        &source,
        "--certificate",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{report}");
    let certified = report["certified"].as_object().unwrap();
    assert!(
        certified.len() == LAYERS + 1 && certified.values().all(|block| block["verified"] == true)
    );
    let certificate = folder.join("block-00001.json");
    let certificate = certificate.to_str().unwrap();
    let (code, report) = answered(&["verify", &source, certificate]);
    assert_eq!((code, &report["verified"]), (0, &json!(true)), "{report}");
    let mut other = Small::new("llama");
    other.get("model.layers.1.mlp.up_proj.weight")[0] *= 2.0;
    let changed = desk.path("changed");
    other.write(&changed, Dtype::F32, 1);
    let (code, _) = answered(&["verify", changed.to_str().unwrap(), certificate]);
    assert_eq!(code, 1);
}

/// Checks: the multipliers go to the same checkpoint in another type as they went to itself, to adapters by rows and
/// columns, to moments by their inverse powers; names and shapes that do not belong are refused.
#[test]
fn multipliers_are_carried() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::F32, 1);
    let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    let (code, report) = answered(&["balance", &source, "-o", &path("out"), "--power-of-two"]);
    assert_eq!(code, 0);
    let multipliers = desk.write("multipliers.json", report.to_string());
    let multipliers = multipliers.to_str().unwrap();
    let carried =
        |model: &str, out: &str| run(&["apply", multipliers, &path(model), "-o", &path(out)]);
    let (code, _, stderr) = carried("source", "again");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(files(&desk.path("again")), files(&desk.path("out")));
    let name = "model.layers.0.mlp.up_proj";
    let [old, new] = [read(Path::new(&source)), read(&desk.path("out"))];
    let factor =
        |at: usize| new[&format!("{name}.weight")][at] / old[&format!("{name}.weight")][at];
    let write = |file: &str, tensors: &[(String, Vec<usize>)]| {
        let data: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, shape)| {
                (0..shape.iter().product())
                    .flat_map(|at: usize| (at as f32 + 1.0).to_le_bytes())
                    .collect()
            })
            .collect();
        let views = tensors.iter().zip(&data);
        let views = views.map(|((name, shape), data)| {
            (
                name.clone(),
                TensorView::new(Dtype::F32, shape.clone(), data).unwrap(),
            )
        });
        desk.write(file, serialize(views, None).unwrap());
    };
    std::fs::create_dir(desk.path("adapter")).unwrap();
    std::fs::create_dir(desk.path("moments")).unwrap();
    desk.write(
        "adapter/adapter_config.json",
        json!({"peft_type": "LORA"}).to_string(),
    );
    let adapter = format!("base_model.model.{name}.lora_");
    write(
        "adapter/adapter_model.safetensors",
        &[
            (format!("{adapter}A.weight"), vec![2, HIDDEN]),
            (format!("{adapter}B.weight"), vec![INNER, 2]),
        ],
    );
    let moments = [
        format!("{name}.weight.exp_avg"),
        format!("exp_avg_sq.{name}.weight"),
    ];
    let moments: Vec<(String, Vec<usize>)> = moments
        .into_iter()
        .map(|name| (name, vec![INNER, HIDDEN]))
        .collect();
    write("moments/state.safetensors", &moments);
    for model in ["adapter", "moments"] {
        let (code, _, stderr) = carried(model, &format!("new-{model}"));
        assert_eq!(code, 0, "{stderr}");
    }
    let [old, new] = ["adapter", "new-adapter"].map(|folder| read(&desk.path(folder)));
    let quotient = |name: &str, at: usize| new[name][at] / old[name][at];
    for row in 0..INNER {
        for column in 0..HIDDEN {
            // The sum over the rank has the factor of the weight.
            let own = quotient(&format!("{adapter}B.weight"), row * 2)
                * quotient(&format!("{adapter}A.weight"), column);
            assert_eq!(own, factor(row * HIDDEN + column));
        }
    }
    let [old, new] = ["moments", "new-moments"].map(|folder| read(&desk.path(folder)));
    for at in 0..INNER * HIDDEN {
        assert_eq!(
            new[&moments[0].0][at] / old[&moments[0].0][at],
            1.0 / factor(at)
        );
        assert_eq!(
            new[&moments[1].0][at] / old[&moments[1].0][at],
            1.0 / (factor(at) * factor(at))
        );
    }
    for config in [
        json!({"peft_type": "IA3"}),
        json!({"peft_type": "LORA", "layer_replication": [[0, 1]]}),
    ] {
        desk.write("adapter/adapter_config.json", config.to_string());
        let (code, _, stderr) = carried("adapter", "none");
        assert!(
            code == 2 && stderr.contains("not carried to such adapters"),
            "{stderr}"
        );
        assert!(!desk.path("none").exists());
    }
    // How weights are stored is known of the family, whatever the adapter says.
    let config = json!({"peft_type": "LORA", "fan_in_fan_out": true});
    desk.write("adapter/adapter_config.json", config.to_string());
    let (code, _, stderr) = carried("adapter", "again-adapter");
    assert_eq!(code, 0, "{stderr}");
    let [one, other] = ["new-adapter", "again-adapter"].map(|folder| read(&desk.path(folder)));
    assert_eq!(one, other);
    write(
        "stranger.safetensors",
        &[(
            "model.layers.9.mlp.up_proj.weight".into(),
            vec![INNER, HIDDEN],
        )],
    );
    write(
        "shaped.safetensors",
        &[(format!("{name}.weight"), vec![INNER, 2])],
    );
    for (file, part) in [("stranger", "model.layers.9"), ("shaped", "shape")] {
        let (code, _, stderr) = carried(&format!("{file}.safetensors"), "none.safetensors");
        assert!(code == 2 && stderr.contains(part), "{stderr}");
        assert!(!desk.path("none.safetensors").exists());
    }
    let damaged: Value = json!({"multipliers": {"g": [1.0]}, "members": {"t": {"shape": [2], "scales": [{"group": "g", "axis": 0, "exponent": "1", "map": [[0, 2, 0]]}]}}});
    let damaged = desk.write("damaged.json", damaged.to_string());
    let (code, _, stderr) = run(&[
        "apply",
        damaged.to_str().unwrap(),
        &source,
        "-o",
        &path("x"),
    ]);
    assert!(code == 2 && stderr.contains("leaves its axis"), "{stderr}");
}
