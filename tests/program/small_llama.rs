//! Small checkpoints in the layout of llama and gemma, made and changed in tests.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

pub const HIDDEN: usize = 8;
pub const HEADS: usize = 4;
pub const KEYS: usize = 2;
pub const HEAD: usize = 4;
pub const INNER: usize = 12;
pub const LAYERS: usize = 3;
const VOCABULARY: usize = 10;

/// A checkpoint: its tensors by name, row after row.
#[derive(Clone)]
pub struct Small {
    pub family: &'static str,
    pub tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// Numbers that look random.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 2.0
    };
    (0..count).map(next).collect()
}

impl Small {
    /// A checkpoint with biases in attention.
    pub fn new(family: &'static str) -> Self {
        let mut tensors = BTreeMap::new();
        let mut add = |name: String, shape: &[usize]| {
            let count = shape.iter().product();
            let mut values = numbers(
                name.bytes()
                    .fold(7, |sum, byte| (sum * 31 + u64::from(byte)) & 0xffff_ffff),
                count,
            );
            if name.contains("norm") {
                let one = if family == "llama" { 1.0 } else { 0.0 };
                values
                    .iter_mut()
                    .for_each(|value| *value = one + *value / 4.0);
            }
            tensors.insert(name, (shape.to_vec(), values));
        };
        let (query, key) = (HEADS * HEAD, KEYS * HEAD);
        for layer in 0..LAYERS {
            let start = format!("model.layers.{layer}.");
            let named = |name: &str| format!("{start}{name}");
            let attention = [
                ("q", query, HIDDEN),
                ("k", key, HIDDEN),
                ("v", key, HIDDEN),
                ("o", HIDDEN, query),
            ];
            for (name, rows, columns) in attention {
                add(
                    named(&format!("self_attn.{name}_proj.weight")),
                    &[rows, columns],
                );
                add(named(&format!("self_attn.{name}_proj.bias")), &[rows]);
            }
            add(named("mlp.gate_proj.weight"), &[INNER, HIDDEN]);
            add(named("mlp.up_proj.weight"), &[INNER, HIDDEN]);
            add(named("mlp.down_proj.weight"), &[HIDDEN, INNER]);
            add(named("input_layernorm.weight"), &[HIDDEN]);
            add(named("post_attention_layernorm.weight"), &[HIDDEN]);
        }
        add("model.norm.weight".into(), &[HIDDEN]);
        add("model.embed_tokens.weight".into(), &[VOCABULARY, HIDDEN]);
        add("lm_head.weight".into(), &[VOCABULARY, HIDDEN]);
        Small { family, tensors }
    }

    fn config(&self) -> Value {
        json!({
            "model_type": self.family, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "num_key_value_heads": KEYS, "head_dim": HEAD, "intermediate_size": INNER, "vocab_size": VOCABULARY,
            "hidden_act": if self.family == "llama" { "silu" } else { "gelu_pytorch_tanh" }, "rms_norm_eps": 1e-6,
            "attention_bias": true, "tie_word_embeddings": false
        })
    }

    pub fn get(&mut self, name: &str) -> &mut Vec<f32> {
        &mut self
            .tensors
            .get_mut(name)
            .unwrap_or_else(|| panic!("no {name}"))
            .1
    }

    /// Multiplies rows by factors; of a vector entries.
    pub fn rows(&mut self, name: &str, factor: impl Fn(usize) -> f32) {
        let (shape, values) = self.tensors.get_mut(name).unwrap();
        let width = shape.get(1).copied().unwrap_or(1);
        let entries = values.iter_mut().enumerate();
        entries.for_each(|(index, value)| *value *= factor(index / width));
    }

    /// Multiplies columns by factors.
    pub fn columns(&mut self, name: &str, factor: impl Fn(usize) -> f32) {
        let (shape, values) = self.tensors.get_mut(name).unwrap();
        let width = shape[1];
        let entries = values.iter_mut().enumerate();
        entries.for_each(|(index, value)| *value *= factor(index % width));
    }

    /// Writes a folder with so many files of tensors.
    pub fn write(&self, folder: &Path, number_type: Dtype, shards: usize) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("config.json"), self.config().to_string()).unwrap();
        std::fs::write(folder.join("tokenizer.json"), "{\"a\": 1}").unwrap();
        let mut map = Map::new();
        for shard in 0..shards {
            let file = match shards {
                1 => "model.safetensors".to_owned(),
                _ => format!("model-{:05}-of-{shards:05}.safetensors", shard + 1),
            };
            let own = self
                .tensors
                .iter()
                .enumerate()
                .filter(|(number, _)| number % shards == shard);
            let own: Vec<_> = own.map(|(_, tensor)| tensor).collect();
            let data: Vec<Vec<u8>> = own
                .iter()
                .map(|(_, (_, values))| bytes(values, number_type))
                .collect();
            let views = own.iter().zip(&data).map(|((name, (shape, _)), data)| {
                map.insert((*name).clone(), file.as_str().into());
                (
                    (*name).clone(),
                    TensorView::new(number_type, shape.clone(), data).unwrap(),
                )
            });
            let text = serialize(views.collect::<Vec<_>>(), None).unwrap();
            std::fs::write(folder.join(&file), text).unwrap();
        }
        if shards > 1 {
            let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
            std::fs::write(
                folder.join("model.safetensors.index.json"),
                index.to_string(),
            )
            .unwrap();
        }
    }
}

fn bytes(values: &[f32], number_type: Dtype) -> Vec<u8> {
    let values = values.iter();
    match number_type {
        Dtype::F32 => values.flat_map(|value| value.to_le_bytes()).collect(),
        Dtype::F64 => values
            .flat_map(|value| f64::from(*value).to_le_bytes())
            .collect(),
        // To the nearest, ties to even.
        Dtype::BF16 => values
            .flat_map(|value| {
                let bits = value.to_bits();
                let bits = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
                (bits as u16).to_le_bytes()
            })
            .collect(),
        other => panic!("{other:?} is not written here"),
    }
}

/// All tensors of a folder, as f32.
pub fn read(folder: &Path) -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "safetensors") {
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        for (name, tensor) in file.tensors() {
            let values = match tensor.dtype() {
                Dtype::F32 => tensor
                    .data()
                    .as_chunks()
                    .0
                    .iter()
                    .map(|bytes| f32::from_le_bytes(*bytes))
                    .collect(),
                _ => tensor
                    .data()
                    .as_chunks()
                    .0
                    .iter()
                    .map(|bytes| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16))
                    .collect(),
            };
            all.insert(name.clone(), values);
        }
    }
    all
}
