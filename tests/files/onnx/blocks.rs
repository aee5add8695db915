//! Blocks of architectures in use: how many multipliers are free.

use synaptic_balance::network::Regularizer;
use synaptic_balance::solve::Balancing;

use super::builder::{Builder, Setting, image, read};

/// The block, and its free multipliers by the rules: for all but the last ones found also by elimination of the
/// equations of every entry.
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
    ("repeated_keys", 8),
    ("computed_pads", 9),
    ("unet_pad", 18),
    ("tensordot", 9),
    ("experts_nonzero", 14),
    ("bit_mask", 8),
    ("rotary_table", 6),
    ("unpool", 11),
    ("unread_operator", 4),
    ("vector_left", 5),
    ("dynamic_quantized", 7),
    ("list_of_parts", 6),
    ("list_inserted", 6),
    ("list_stacked", 3),
    ("list_of_rows", 4),
    ("contributed_embeddings", 24),
    ("contributed_packed_queries", 24),
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

/// Checks: powers of what has an unknown rank carry powers of multipliers.
#[test]
fn powers_of_unknown_rank() {
    let mut builder = Builder::new(17)
        .input("x", &[2, 3])
        .weight("w1", &[3, 4])
        .node("MatMul", "x w1", "h", &[])
        .node("Relu", "h", "r", &[])
        .floats("square", &[], &[2.0])
        .node("Pow", "r square", "p", &[])
        .weight("w2", &[4, 2])
        .node("MatMul", "p w2", "y", &[])
        .output("y", &[2, 2]);
    let shape = builder.graph().input[0].r#type.as_mut().unwrap();
    shape.tensor_type.as_mut().unwrap().shape = None;
    assert_eq!(read(&builder.bytes()).network().variables(), 4);
}

/// Checks: lists that hold a large tensor again and again are not followed: each would take as much memory as the one
/// before and more.
#[test]
fn lists_take_no_memory() {
    let mut builder = Builder::new(17)
        .input("x", &[2, 1])
        .weight("w", &[1, 20_000])
        .node("MatMul", "x w", "h", &[])
        .node("Relu", "h", "r", &[])
        .node("SequenceEmpty", "", "s0", &[]);
    for place in 0..400 {
        let (before, after) = (format!("s{place} r"), format!("s{}", place + 1));
        builder = builder.node("SequenceInsert", &before, &after, &[]);
    }
    let builder = builder.node(
        "ConcatFromSequence",
        "s400",
        "c",
        &[Setting::Int("axis", 1)],
    );
    let builder = builder
        .node("ReduceSum", "c", "y", &[])
        .output("y", &[1, 1]);
    let file = read(&builder.bytes());
    let mut notes = file.notes().iter();
    assert!(notes.any(|note| note.reason == "makes lists of too many tensors"));
    assert_eq!(file.network().variables(), 0);
}

/// Checks: a constant of a length that does not fit, a split into more parts than there are, choices within choices:
/// read without a panic.
#[test]
fn odd_models_are_read() {
    for name in ["mulmask_bad", "splithuge", "if_nested_sib"] {
        read(&std::fs::read(format!("tests/cases/onnx/{name}.onnx")).unwrap());
    }
}

/// Blocks with variables that only norms' gains, biases and scales of quantized weights lead to, which are no layers.
const GAINS: [&str; 15] = [
    "dynamic_quantized",
    "contributed_embeddings",
    "experts_nonzero",
    "gpt2_preln_gelu",
    "llama_rms_swiglu_rope_gqa",
    "lm_tied",
    "mixtral_moe_top2",
    "reglu",
    "t5_rms_relu_relbias",
    "whisper_conv_attn",
    "ln_fused",
    "ln_decomposed",
    "contributed_skip_norm",
    "group_norm_21",
    "rms_23",
];

/// Checks: a model is told to round powers where an operator takes roots of what scales that are neither square nor
/// none, and to be short where it rounds what scales to 16 bits.
#[test]
fn what_operators_round_is_told() {
    let ended = |model: Builder| {
        let model = model.weight("w2", &[3, 4, 1, 1]);
        let model = model.node("Conv", "end w2", "y", &[]).output("y", &[]);
        read(&model.bytes())
    };
    let pool = |p: i64| {
        let settings = [Setting::Ints("kernel_shape", &[2, 2]), Setting::Int("p", p)];
        ended(image(4).node("LpPool", "h", "end", &settings))
    };
    assert_eq!(pool(2).rounds_powers(), None);
    assert!(
        pool(3)
            .rounds_powers()
            .is_some_and(|operator| operator.starts_with("LpPool"))
    );
    let cast = |to: i64| {
        let model = image(4).node("Cast", "h", "s", &[Setting::Int("to", to)]);
        ended(model.node("Cast", "s", "end", &[Setting::Int("to", 1)]))
    };
    // f64, f16, bf16
    let short = [11, 10, 16].map(|to| cast(to).is_short());
    assert_eq!(short, [false, true, true]);
}

/// Checks: the figures of layers, from whole rows and columns where those scale alike, are those of the balancing
/// problem of all synapses: the largest deficit, and parts of the regularizer that make the whole, under powers and a
/// mixture.
#[test]
fn layers_are_measured() {
    for (name, _) in BLOCKS.iter().filter(|(_, free)| *free > 0) {
        let file = read(&std::fs::read(format!("tests/cases/blocks/{name}.onnx")).unwrap());
        let file = file.with_weights().unwrap();
        for regularizer in ["l2", "lp:3", "mix:1*1+2*2"] {
            let at = format!("{name} under {regularizer}");
            let regularizer: Regularizer = regularizer.parse().unwrap();
            let network = file.network();
            let measured = file.measure(network, &regularizer, None, &[]);
            let layers = measured.layers.iter().map(|layer| layer.before);
            let shares: f64 = layers.clone().map(|found| found.share).sum();
            let others = measured.others.map_or(0.0, |[before, _]| before);
            assert!((shares + others - 1.0).abs() < 1e-9, "{at}");
            let most = layers.filter_map(|found| found.deficit).fold(0.0, f64::max);
            let wanted = Balancing::new(&network.problem(&regularizer)).max_deficit();
            match GAINS.contains(name) {
                true => assert!(most <= wanted + 1e-9, "{at}: {most} {wanted}"),
                false => assert!((most - wanted).abs() < 1e-9, "{at}: {most} {wanted}"),
            }
        }
    }
}
