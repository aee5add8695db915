//! Adapters of low rank: the rows of `A` against the columns of `B`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Config;
use super::folder::{Store, content, read_value};
use super::{Block, Checkpoint, CheckpointError, Group, Member};
use crate::forms::Exponent;

/// Fields that change nothing of what scales: sizes that tensors have, factors that are constants, what training needs.
const IGNORED: [&str; 24] = [
    "alpha_pattern.*",
    "alpha_pattern",
    "auto_mapping",
    "auto_mapping.*",
    "base_model_name_or_path",
    "exclude_modules",
    "exclude_modules.*",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "layers_pattern.*",
    "layers_to_transform",
    "layers_to_transform.*",
    "lora_alpha",
    "lora_dropout",
    "peft_version",
    "qalora_group_size",
    "rank_pattern",
    "rank_pattern.*",
    "revision",
    "target_modules",
    "target_modules.*",
    "task_type",
];

/// Fields that must say that nothing of their kind is used, and the values that say so.
const UNUSED: [(&str, &[&str]); 19] = [
    ("bias", &["\"none\""]),
    ("use_dora", &["false"]),
    ("use_rslora", &["true", "false"]),
    ("use_qalora", &["false"]),
    ("use_bdlora", &["false"]),
    ("lora_bias", &["false"]),
    ("modules_to_save", &["[]"]),
    ("trainable_token_indices", &["[]", "{}"]),
    ("layer_replication", &["[]"]),
    ("loftq_config", &["{}"]),
    ("eva_config", &[]),
    ("corda_config", &[]),
    ("alora_invocation_tokens", &["[]"]),
    ("arrow_config", &[]),
    ("ensure_weight_tying", &["false"]),
    ("target_parameters", &["[]"]),
    ("megatron_config", &["{}"]),
    ("megatron_core", &["\"megatron.core\""]),
    ("runtime_config.ephemeral_gpu_offload", &["true", "false"]),
];

/// Reads an adapter.
///
/// # Errors
/// Another kind of adapter, a field that could matter, a tensor without its partner.
pub(super) fn open(
    folder: &Path,
    index: Option<PathBuf>,
    family: Option<&str>,
) -> Result<Checkpoint, CheckpointError> {
    let place = folder.join("adapter_config.json");
    if family.is_some() {
        let reason = "is an adapter, which needs no family";
        return Err(content(folder, reason));
    }
    let config = Config::new(&read_value(&place)?).map_err(|reason| content(&place, reason))?;
    let rank = check(&config).map_err(|reason| content(&place, reason))?;
    let store = Store::open(folder, index, "adapter_model")?;
    let at = |reason: String| CheckpointError::Family {
        path: folder.to_path_buf(),
        reason: format!("lora: {reason}"),
    };
    let blocks = pairs(&store, rank).map_err(at)?;
    Ok(store.checkpoint("lora", blocks, Vec::new()))
}

/// Does the configuration of an adapter say that its weights are stored input first?
///
/// # Errors
/// An adapter to which multipliers cannot be carried tensor by tensor: of another kind, with norms of its own, or with
/// layers that are used several times.
pub fn says_input_first(config: &Value) -> Result<bool, String> {
    let is_plain = |field: &str| match (field, &config[field]) {
        ("peft_type", kind) => kind.is_null() || kind == "LORA",
        (_, value) => is_unused(field, value) != Some(false),
    };
    let mut fields = ["peft_type", "use_dora", "layer_replication"].into_iter();
    match fields.find(|field| !is_plain(field)) {
        Some(field) => Err(format!(
            "the field `{field}` has the value {}: multipliers are not carried to such adapters",
            config[field]
        )),
        None => Ok(config["fan_in_fan_out"] == true),
    }
}

/// Does a field say that nothing of its kind is used? `None` for one that need not.
fn is_unused(field: &str, value: &Value) -> Option<bool> {
    let (_, values) = UNUSED.iter().find(|(own, _)| *own == field)?;
    Some(value.is_null() || values.contains(&value.to_string().as_str()))
}

/// The rank, if every pair has the same.
fn check(config: &Config) -> Result<Option<u64>, String> {
    match config.text("peft_type") {
        Some("LORA") => {}
        Some(other) => {
            return Err(format!(
                "the field `peft_type` has the value `{other}`, and LORA only is known"
            ));
        }
        None => return Err("the field `peft_type` is missing".into()),
    }
    for (field, value) in config.fields() {
        let is_known = ["peft_type", "r"].contains(&field.as_str());
        let ignored = IGNORED.iter().any(|own| super::config::matches(own, field));
        match is_unused(field, value) {
            Some(true) => {}
            Some(false) => {
                return Err(format!(
                    "the field `{field}` has the value {value}, which is not covered"
                ));
            }
            None if is_known || ignored => {}
            None => {
                return Err(format!(
                    "nothing is known of the field `{field}`, which could matter"
                ));
            }
        }
    }
    let is_varied = config
        .fields()
        .any(|(field, _)| field.starts_with("rank_pattern."));
    match config.get("r").map(Value::as_u64) {
        Some(Some(rank)) if rank > 0 => Ok(Some(rank).filter(|_| !is_varied)),
        Some(_) => Err("the field `r` is no number of rows".into()),
        None => Err("the field `r` is missing".into()),
    }
}

/// A group for each pair.
fn pairs(store: &Store, rank: Option<u64>) -> Result<Vec<Block>, String> {
    let mut ends: BTreeMap<String, [Option<usize>; 2]> = BTreeMap::new();
    for (number, tensor) in store.tensors.iter().enumerate() {
        let (module, end) = module(&tensor.name)
            .ok_or_else(|| format!("nothing is known of the tensor `{}`", tensor.name))?;
        if tensor.storage.is_none() {
            return Err(format!(
                "the tensor `{}` does not hold numbers of the types f16, bf16, f32 or f64, which are read",
                tensor.name
            ));
        }
        ends.entry(module).or_default()[end] = Some(number);
    }
    let mut blocks = Vec::new();
    for (module, ends) in ends {
        let [Some(rows), Some(columns)] = ends else {
            let missing = if ends[0].is_none() { "A" } else { "B" };
            return Err(format!("`{module}` has no {missing}"));
        };
        let (a, b) = (&store.tensors[rows], &store.tensors[columns]);
        let own = a.shape.first().copied().unwrap_or(0);
        let is_rank = rank.is_none_or(|rank| rank == own as u64);
        let is_pair = a.shape.len() > 1 && b.shape.len() == a.shape.len() && b.shape[1] == own;
        if !is_rank || !is_pair || a.shape.contains(&0) || b.shape.contains(&0) {
            return Err(format!(
                "the tensors `{}` and `{}` have the shapes {:?} and {:?}, which are no pair of the rank {}",
                a.name,
                b.name,
                a.shape,
                b.shape,
                rank.unwrap_or(own as u64)
            ));
        }
        let map: Arc<[u32]> = (0..own as u32).collect();
        let member = |tensor, axis, exponent| Member {
            tensor,
            axis,
            map: map.clone(),
            exponent: Exponent::from(exponent),
        };
        let group = Group {
            kind: "lora".into(),
            name: a.name.clone(),
            channels: own,
            members: vec![member(rows, 0, 1), member(columns, 1, -1)],
        };
        let tensors: BTreeSet<usize> = [rows, columns].into();
        blocks.push(Block {
            name: module,
            groups: vec![group],
            tensors: tensors.into_iter().collect(),
        });
    }
    match blocks.is_empty() {
        true => Err("there is no pair".into()),
        false => Ok(blocks),
    }
}

/// The module of a tensor, and whether it is its `A` (0) or its `B` (1).
fn module(name: &str) -> Option<(String, usize)> {
    let ends = [
        (".lora_A.weight", 0),
        (".lora_B.weight", 1),
        (".lora_embedding_A", 0),
        (".lora_embedding_B", 1),
    ];
    let mut found = ends.iter().filter_map(|(end, number)| {
        let start = name.strip_suffix(end)?;
        Some((start.to_owned(), *number))
    });
    found.next()
}
