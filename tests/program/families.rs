//! Checkpoints: families, what they leave free, and what is refused.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Desk, is_tried, run};

/// Tensors by name and shape.
pub type Tensors = Vec<(String, Vec<usize>)>;

/// A safetensors file of f32; every number has its own value.
fn file(tensors: &Tensors) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, shape) in tensors {
        let start = data.len();
        for number in 0..shape.iter().product::<usize>() {
            data.extend((1.0f32 + (number % 7) as f32).to_le_bytes());
        }
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// A checkpoint in a folder.
pub fn folder(desk: &Desk, name: &str, config: &Value, tensors: &Tensors) -> PathBuf {
    let folder = desk.path(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    fs::write(folder.join("model.safetensors"), file(tensors)).unwrap();
    folder
}

fn llama() -> (Value, Tensors) {
    let config = json!({
        "model_type": "llama", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 4, "intermediate_size": 10, "vocab_size": 7, "rms_norm_eps": 1e-6, "hidden_act": "silu", "rope_theta": 1e4,
        "tie_word_embeddings": false, "architectures": ["LlamaForCausalLM"]
    });
    let mut tensors: Tensors = Vec::new();
    let mut add = |name: String, shape: &[usize]| tensors.push((name, shape.to_vec()));
    add("model.embed_tokens.weight".into(), &[7, 12]);
    for layer in 0..2 {
        let at = format!("model.layers.{layer}");
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            add(format!("{at}.{norm}.weight"), &[12]);
        }
        for (name, shape) in [
            ("self_attn.q_proj", [16, 12]),
            ("self_attn.k_proj", [8, 12]),
            ("self_attn.v_proj", [8, 12]),
            ("self_attn.o_proj", [12, 16]),
            ("mlp.gate_proj", [10, 12]),
            ("mlp.up_proj", [10, 12]),
            ("mlp.down_proj", [12, 10]),
        ] {
            add(format!("{at}.{name}.weight"), &shape);
        }
    }
    add("model.norm.weight".into(), &[12]);
    add("lm_head.weight".into(), &[7, 12]);
    (config, tensors)
}

/// The report on a folder.
pub fn explained(folder: &Path, options: &[&str]) -> Value {
    let mut arguments = vec!["explain", folder.to_str().unwrap(), "--json"];
    arguments.extend(options);
    let found = run(&arguments);
    assert_eq!(found.0, 0, "{}", found.2);
    serde_json::from_str(&found.1).unwrap()
}

/// What is said of bad input: exit 2, and no panic.
fn refused(folder: &Path, options: &[&str]) -> String {
    let mut arguments = vec!["explain", folder.to_str().unwrap()];
    arguments.extend(options);
    let found = run(&arguments);
    let (code, text) = (found.0, found.2);
    assert_eq!(code, 2, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn dimension(report: &Value) -> u64 {
    report["manifold"]["dimension"].as_u64().unwrap()
}

/// Checks: a llama has one multiplier for each gain before its readers (24 a layer, 12 at the head), each pair of
/// rotating entries of a key head (4), each channel of a value head (8) and each unit (10); fixed gains leave those of
/// the norms out; an untied head that is not there, a tied one, and a gate that is homogeneous change the number as
/// they should.
#[test]
fn freedom_of_a_llama() {
    let desk = Desk::new();
    let (config, tensors) = llama();
    let plain = folder(&desk, "plain", &config, &tensors);
    assert_eq!(
        dimension(&explained(&plain, &[])),
        2 * (24 + 4 + 8 + 10) + 12
    );
    assert_eq!(
        dimension(&explained(&plain, &["--gains", "fixed"])),
        2 * (4 + 8 + 10)
    );
    let mut tied = config.clone();
    tied["tie_word_embeddings"] = true.into();
    let headless: Tensors = tensors
        .iter()
        .filter(|own| own.0 != "lm_head.weight")
        .cloned()
        .collect();
    let tied = folder(&desk, "tied", &tied, &headless);
    assert_eq!(dimension(&explained(&tied, &[])), 2 * (24 + 4 + 8 + 10));
    let mut relu = config.clone();
    relu["hidden_act"] = "relu".into();
    let relu = folder(&desk, "relu", &relu, &tensors);
    assert_eq!(
        dimension(&explained(&relu, &[])),
        2 * (24 + 4 + 8 + 20) + 12
    );
}

/// Checks: gains of old files, which end in `gamma`, are read as those that end in `weight`; both spellings of one norm
/// are too many.
#[test]
fn old_names_of_gains() {
    let desk = Desk::new();
    let (config, mut tensors) = llama();
    for (name, _) in &mut tensors {
        *name = name.replace("layernorm.weight", "layernorm.gamma");
    }
    let place = folder(&desk, "old", &config, &tensors);
    assert_eq!(
        dimension(&explained(&place, &[])),
        2 * (24 + 4 + 8 + 10) + 12
    );
    tensors.push(("model.layers.0.input_layernorm.weight".into(), vec![12]));
    let text = refused(&folder(&desk, "both", &config, &tensors), &[]);
    assert!(text.contains("input_layernorm"), "{text}");
}

/// Checks: the members of a group say for each index along an axis which multiplier acts there: rotating pairs, shared
/// key heads.
#[test]
fn index_maps_of_rotating_pairs() {
    let desk = Desk::new();
    let (config, tensors) = llama();
    let report = explained(&folder(&desk, "plain", &config, &tensors), &[]);
    let groups = report["blocks"][0]["groups"].as_array().unwrap();
    let own = groups
        .iter()
        .find(|group| group["kind"] == "query-key")
        .unwrap();
    let of = |tensor: &str| {
        let members = own["members"].as_array().unwrap();
        let found = members
            .iter()
            .find(|member| member["tensor"].as_str().unwrap().contains(tensor))
            .unwrap();
        (
            found["axis"].clone(),
            found["exponent"].clone(),
            found["channels"].clone(),
        )
    };
    // Entries j and j + 2 rotate together; two heads of queries share a head of keys.
    let queries = json!([0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3]);
    assert_eq!(of("q_proj"), (json!(0), json!("1"), queries));
    assert_eq!(
        of("k_proj"),
        (json!(0), json!("-1"), json!([0, 1, 0, 1, 2, 3, 2, 3]))
    );
}

/// Checks: what a family does not know, misses or finds in another shape is refused by name.
#[test]
fn tensors_and_fields_by_name() {
    let desk = Desk::new();
    let (config, tensors) = llama();
    let with = |field: &str, value: Value| {
        let mut changed = config.clone();
        changed[field] = value;
        changed
    };
    let cases = [
        (with("model_type", json!("mamba")), "`mamba`"),
        (with("new_field", json!(1)), "`new_field`"),
        (
            with("quantization_config", json!({"bits": 4})),
            "`quantization_config` says that weights are quantized",
        ),
        (with("hidden_act", json!("snake")), "`snake`"),
        (
            with("partial_rotary_factor", json!(0.5)),
            "`partial_rotary_factor`",
        ),
        (
            with("rope_scaling", json!({"rope_type": "spiral"})),
            "`rope_scaling.rope_type`",
        ),
        (with("num_key_value_heads", json!(3)), "k_proj.weight"),
        (with("hidden_size", Value::Null), "`hidden_size`"),
        (
            with("tie_word_embeddings", Value::Null),
            "`tie_word_embeddings`",
        ),
        (with("attention_bias", json!(true)), "q_proj.bias"),
        (
            with("num_hidden_layers", json!(3)),
            "`model.layers.2.input_layernorm.weight`",
        ),
        (with("num_hidden_layers", json!(1)), "`model.layers.1."),
    ];
    for (number, (config, named)) in cases.iter().enumerate() {
        let text = refused(
            &folder(&desk, &format!("field{number}"), config, &tensors),
            &[],
        );
        assert!(text.contains(named), "{named}: {text}");
    }
    // Null and what is empty say no more than a field that is left out.
    let mut empty = config.clone();
    for (field, value) in [
        ("quantization_config", json!(null)),
        ("auto_map", json!({})),
        ("more", json!([])),
    ] {
        empty[field] = value;
    }
    explained(&folder(&desk, "empty", &empty, &tensors), &[]);
    let change = |name: &str, change: &dyn Fn(&mut Tensors)| {
        let mut changed = tensors.clone();
        change(&mut changed);
        refused(&folder(&desk, name, &config, &changed), &[])
    };
    let more = change("more", &|all| {
        all.push(("model.layers.0.self_attn.q_norm.weight".into(), vec![4]))
    });
    assert!(
        more.contains("does not know the tensor `model.layers.0.self_attn.q_norm.weight`"),
        "{more}"
    );
    let less = change("less", &|all| {
        all.retain(|own| own.0 != "model.layers.1.mlp.up_proj.weight")
    });
    assert!(
        less.contains("the tensor `model.layers.1.mlp.up_proj.weight` is missing"),
        "{less}"
    );
    let other = change("other", &|all| all[12].1 = vec![6, 16]);
    assert!(other.contains(&tensors[12].0), "{other}");
}

/// Checks: a copy of the embedding that a tied head stores is accepted if it is one, and refused if it differs.
#[test]
fn tied_heads() {
    let desk = Desk::new();
    let (mut config, tensors) = llama();
    config["tie_word_embeddings"] = true.into();
    // Both hold the same numbers.
    let place = folder(&desk, "tied", &config, &tensors);
    explained(&place, &[]);
    // A program that saves it again may leave out the copy, and buffers.
    let mut stored = tensors.clone();
    stored.push((
        "model.layers.1.self_attn.rotary_emb.inv_freq".into(),
        vec![2],
    ));
    let mut less = tensors.clone();
    less.retain(|(name, _)| name != "lm_head.weight");
    let [more, less] = [("more", &stored), ("less", &less)]
        .map(|(name, tensors)| folder(&desk, name, &config, tensors));
    let balanced = desk.path("balanced");
    let paths = [&more, &less, &balanced].map(|path| path.to_str().unwrap());
    assert_eq!(
        run(&["balance", paths[0], "-o", paths[2], "--power-of-two"]).0,
        0
    );
    for (one, other) in [(0, 1), (1, 0), (1, 2)] {
        let (code, stdout, stderr) = run(&["check", paths[one], paths[other]]);
        assert!(
            stdout.contains("same function      yes"),
            "{code} {stdout} {stderr}"
        );
    }
    let path = place.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 0x80;
    fs::write(&path, bytes).unwrap();
    let text = refused(&place, &[]);
    assert!(
        text.contains("`lm_head.weight` differs from `model.embed_tokens.weight`"),
        "{text}"
    );
}

/// Checks: an index is followed, and refused where it names a tensor twice, a file that does not hold it, or leaves one
/// out.
#[test]
fn indices() {
    let desk = Desk::new();
    let (config, tensors) = llama();
    let place = folder(&desk, "sharded", &config, &tensors);
    fs::remove_file(place.join("model.safetensors")).unwrap();
    let (one, two) = tensors.split_at(9);
    fs::write(place.join("a.safetensors"), file(&one.to_vec())).unwrap();
    fs::write(place.join("b.safetensors"), file(&two.to_vec())).unwrap();
    let index = place.join("model.safetensors.index.json");
    let map = |all: &[(String, &str)]| {
        let entries = all
            .iter()
            .map(|(name, file)| format!("{}: {}", json!(name), json!(file)));
        let entries = entries.collect::<Vec<_>>().join(", ");
        fs::write(&index, format!("{{\"weight_map\": {{{entries}}}}}")).unwrap();
    };
    let right: Vec<(String, &str)> = tensors
        .iter()
        .enumerate()
        .map(|(number, own)| {
            (
                own.0.clone(),
                if number < 9 {
                    "a.safetensors"
                } else {
                    "b.safetensors"
                },
            )
        })
        .collect();
    map(&right);
    let report = explained(&place, &[]);
    assert_eq!(report, explained(&index, &[]));
    assert_eq!(report["files"], 2);
    let mut twice = right.clone();
    twice.push((right[0].0.clone(), "b.safetensors"));
    map(&twice);
    assert!(refused(&place, &[]).contains("occurs twice"));
    map(&right[1..]);
    assert!(refused(&place, &[]).contains("`model.embed_tokens.weight` is missing"));
    let mut wrong = right.clone();
    wrong[0].1 = "b.safetensors";
    map(&wrong);
    assert!(refused(&place, &[]).contains("does not hold the tensor `model.embed_tokens.weight`"));
    map(&right);
    fs::write(place.join("b.safetensors"), file(&tensors[8..].to_vec())).unwrap();
    assert!(refused(&place, &[]).contains(&tensors[8].0));
    fs::write(place.join("model.safetensors"), file(&tensors)).unwrap();
    assert!(refused(&place, &[]).contains("which is the model?"));
}

/// Checks: numbers of a configuration that no model has are refused at once, in every field that counts something.
#[test]
fn hostile_configurations() {
    let desk = Desk::new();
    let (config, tensors) = llama();
    let values = [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("4"),
        json!([4]),
        json!({"a": 4}),
        json!(u32::MAX),
        json!(1u64 << 40),
        json!(u64::MAX),
        json!(1e300),
        json!(5),
    ];
    let fields = [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "vocab_size",
    ];
    for (row, field) in fields.into_iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            if !is_tried(3, row, column) {
                continue;
            }
            let mut changed = config.clone();
            changed[field] = value.clone();
            refused(&folder(&desk, "hostile", &changed, &tensors), &[]);
        }
    }
    let deep = "[".repeat(100_000);
    let place = folder(&desk, "deep", &config, &tensors);
    for text in [
        deep.as_str(),
        "",
        "[]",
        "{\"model_type\": 3}",
        "{\"model_type\": \"llama\", \"model_type\": \"llama\"}",
    ] {
        fs::write(place.join("config.json"), text).unwrap();
        refused(&place, &[]);
    }
}

/// Checks: a description from a file says the same as the known one; faults in it are named with their line.
#[test]
fn families_from_files() {
    let desk = Desk::new();
    let (mut config, tensors) = llama();
    let known = explained(&folder(&desk, "plain", &config, &tensors), &[]);
    config["model_type"] = "mine".into();
    let place = folder(&desk, "mine", &config, &tensors);
    let text = include_str!("../../src/formats/checkpoint/families/llama.txt");
    let text = text.replace("family llama mistral", "family mine");
    let given = desk.write("mine.txt", &text);
    let given = given.to_str().unwrap();
    let mut report = explained(&place, &["--family", given]);
    report["family"] = "llama".into();
    assert_eq!(report, known);
    let faults = [
        ("x = add x o", "x = add x oo", "`oo`"),
        ("rotary halves [head]", "rotary thirds [head]", "line"),
        ("rotary halves [head]", "rotary halves [head / 0]", "line"),
        ("each layer of layers", "each layer of [", "line"),
        (
            "[inner, hidden] bias",
            "[inner * inner * inner * inner * inner * inner * inner * inner * inner * inner * inner * inner * inner, hidden] bias",
            "too large",
        ),
        ("\nend\n", "\n", "is not closed"),
        // What is computed and read nowhere would be free.
        ("x = add x o", "x = add x x", "the value `o` is never read"),
    ];
    for (old, new, named) in faults {
        assert!(text.contains(old));
        let path = desk.write("faulty.txt", text.replace(old, new));
        let said = refused(&place, &["--family", path.to_str().unwrap()]);
        assert!(said.contains(named), "{new}: {said}");
    }
}

/// Checks: the pairs of an adapter are scaled against each other; another kind of adapter, a field that could matter
/// and half a pair are refused.
#[test]
fn adapters() {
    let desk = Desk::new();
    let place = desk.path("adapter");
    fs::create_dir(&place).unwrap();
    let at = "base_model.model.model.layers.0.self_attn.q_proj";
    let pair: Tensors = vec![
        (format!("{at}.lora_A.weight"), vec![3, 8]),
        (format!("{at}.lora_B.weight"), vec![6, 3]),
    ];
    let write = |config: Value, tensors: &Tensors| {
        fs::write(place.join("adapter_config.json"), config.to_string()).unwrap();
        fs::write(place.join("adapter_model.safetensors"), file(tensors)).unwrap();
    };
    let config = json!({"peft_type": "LORA", "r": 3, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none"});
    write(config.clone(), &pair);
    assert_eq!(dimension(&explained(&place, &[])), 3);
    let with = |field: &str, value: Value| {
        let mut changed = config.clone();
        changed[field] = value;
        changed
    };
    for (field, value) in [
        ("peft_type", json!("IA3")),
        ("use_dora", json!(true)),
        ("bias", json!("all")),
        ("novel", json!(1)),
        ("r", json!(4)),
        ("modules_to_save", json!(["lm_head"])),
    ] {
        write(with(field, value), &pair);
        let said = refused(&place, &[]);
        assert!(said.contains(field) || field == "r", "{said}");
    }
    write(config.clone(), &pair[..1].to_vec());
    assert!(refused(&place, &[]).contains(at));
}
