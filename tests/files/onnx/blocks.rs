//! Blocks of architectures in use: how many multipliers are free.

use super::rules::read;

/// The block, and its free multipliers by the rules: for all but the last ones found also by elimination of the equations of every entry.
const BLOCKS: &[(&str, usize)] = &[
    ("bert_postln_gelu", 16),
    ("gpt2_preln_gelu", 28),
    ("llama_rms_swiglu_rope_gqa", 31),
    ("lm_tied", 13),
    ("lora_pair", 3),
    ("mixtral_moe_top2", 18),
    ("reglu", 20),
    ("relu2_mlp", 13),
    ("squeeze_excite", 9),
    ("t5_rms_relu_relbias", 35),
    ("whisper_conv_attn", 28),
    ("shared_branches", 10),
    ("shared_chain", 5),
    ("shared_transposed", 6),
    ("tied_autoencoder", 5),
    ("expanded_bias", 6),
    ("tiled", 3),
    ("lost_sigmoid", 8),
    ("resize_nearest", 8),
    ("where_leaky", 6),
    ("ln_fused", 14),
    ("ln_decomposed", 14),
    ("se_block", 12),
    ("swiglu", 8),
    ("value_float", 6),
    ("relu6_clip", 0),
    ("relu6_minmax2", 0),
    ("pad_axes", 12),
    ("function", 6),
    ("standardscaler", 48),
    ("attention_23", 12),
    ("contributed_grouped_queries", 48),
    ("contributed_multi_head", 24),
    ("contributed_packed_attention", 24),
    ("contributed_rotary", 8),
    ("contributed_skip_norm", 16),
    ("group_norm_21", 4),
    ("rms_23", 8),
    ("gpt2", 16),
    ("bmm", 16),
    ("rope_half", 12),
    ("bmm_w", 10),
    ("einsum_dots", 5),
];

/// Checks: the number of free multipliers of every block; that of the manifold is the same.
#[test]
fn free_multipliers() {
    for (name, free) in BLOCKS {
        let file = read(&std::fs::read(format!("tests/cases/blocks/{name}.onnx")).unwrap());
        assert_eq!(file.network().variables(), *free, "{name}");
        let dimension = synaptic_balance::network::Manifold::of(file.network()).dimension();
        assert_eq!(dimension, *free, "{name}");
    }
}

/// Checks: every block in the folder is in the list.
#[test]
fn no_block_is_forgotten() {
    let mut found: Vec<String> = std::fs::read_dir("tests/cases/blocks")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut listed: Vec<String> = BLOCKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    found.sort();
    listed.sort();
    assert_eq!(found, listed);
}

/// Checks: a choice within a function of the model is entered.
#[test]
fn choices_within_functions() {
    let file = read(&std::fs::read("tests/cases/onnx/function-if.onnx").unwrap());
    assert_eq!(file.network().variables(), 6);
    assert!(file.notes().is_empty());
}

/// Checks: a constant of a length that does not fit, a split into more parts than there are, choices within choices: read without a panic.
#[test]
fn odd_models_are_read() {
    for name in ["mulmask_bad", "splithuge", "if_nested_sib"] {
        read(&std::fs::read(format!("tests/cases/onnx/{name}.onnx")).unwrap());
    }
}
