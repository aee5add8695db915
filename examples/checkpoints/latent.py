"""Decoders with latent attention and experts: deepseek."""

import numpy as np

from decoders import VOCAB, Weights, inputs, unread  # noqa: F401
from layers import ACTIVATIONS, attention, rms_norm, rotate_halves, rotate_pairs, sigmoid, softmax

BASE = {
    "hidden_size": 9,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "kv_lora_rank": 5,
    "qk_nope_head_dim": 3,
    "qk_rope_head_dim": 4,
    "v_head_dim": 2,
    "intermediate_size": 5,
    "first_k_dense_replace": 1,
    "n_routed_experts": 3,
    "n_shared_experts": 2,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 3,
    "moe_layer_freq": 1,
    "vocab_size": VOCAB,
    "hidden_act": "silu",
    "rms_norm_eps": 0.3,
    "rope_theta": 20.0,
    "tie_word_embeddings": False,
    "routed_scaling_factor": 1.5,
}

FAMILIES = {
    "deepseek_v2": BASE | {"model_type": "deepseek_v2", "q_lora_rank": None, "num_hidden_layers": 3},
    "deepseek_v3": BASE | {"model_type": "deepseek_v3", "q_lora_rank": 4, "rope_interleave": True, "n_group": 1, "topk_group": 1},
    "deepseek_v3, halves": BASE | {"model_type": "deepseek_v3", "q_lora_rank": 4, "rope_interleave": False},
}


def draw(c, seed):
    w = Weights(seed)
    width, number = c["hidden_size"], c["num_attention_heads"]
    plain, turned, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    w.matrix("model.embed_tokens.weight", VOCAB, width)

    def units(at, inner):
        w.matrix(at + ".gate_proj.weight", inner, width)
        w.matrix(at + ".up_proj.weight", inner, width)
        w.matrix(at + ".down_proj.weight", width, inner)

    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        w.vector(at + "input_layernorm.weight", width, 1.0)
        w.vector(at + "post_attention_layernorm.weight", width, 1.0)
        if c["q_lora_rank"]:
            w.matrix(at + "self_attn.q_a_proj.weight", c["q_lora_rank"], width)
            w.vector(at + "self_attn.q_a_layernorm.weight", c["q_lora_rank"], 1.0)
            w.matrix(at + "self_attn.q_b_proj.weight", number * (plain + turned), c["q_lora_rank"])
        else:
            w.matrix(at + "self_attn.q_proj.weight", number * (plain + turned), width)
        w.matrix(at + "self_attn.kv_a_proj_with_mqa.weight", c["kv_lora_rank"] + turned, width)
        w.vector(at + "self_attn.kv_a_layernorm.weight", c["kv_lora_rank"], 1.0)
        w.matrix(at + "self_attn.kv_b_proj.weight", number * (plain + value), c["kv_lora_rank"])
        w.matrix(at + "self_attn.o_proj.weight", width, number * value)
        if layer < c["first_k_dense_replace"]:
            units(at + "mlp", c["intermediate_size"])
            continue
        w.matrix(at + "mlp.gate.weight", c["n_routed_experts"], width)
        if c["model_type"] == "deepseek_v3":
            w.vector(at + "mlp.gate.e_score_correction_bias", c["n_routed_experts"])
            w[at + "mlp.gate.e_score_correction_bias"] *= np.float32(0.1)
        for expert in range(c["n_routed_experts"]):
            units(f"{at}mlp.experts.{expert}", c["moe_intermediate_size"])
        units(at + "mlp.shared_experts", c["moe_intermediate_size"] * c["n_shared_experts"])
    w.vector("model.norm.weight", width, 1.0)
    w.matrix("lm_head.weight", VOCAB, width)
    return w


def forward(c, w, tokens):
    act, eps, number = ACTIVATIONS[c["hidden_act"]], c["rms_norm_eps"], c["num_attention_heads"]
    plain, turned, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    turn = rotate_pairs if c.get("rope_interleave", True) else rotate_halves

    def units(x, at):
        x = act(x @ w[at + ".gate_proj.weight"].T) * (x @ w[at + ".up_proj.weight"].T)
        return x @ w[at + ".down_proj.weight"].T

    x = w["model.embed_tokens.weight"][tokens]
    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        n = rms_norm(x, w[at + "input_layernorm.weight"], eps)
        if c["q_lora_rank"]:
            q = rms_norm(n @ w[at + "self_attn.q_a_proj.weight"].T, w[at + "self_attn.q_a_layernorm.weight"], eps)
            q = q @ w[at + "self_attn.q_b_proj.weight"].T
        else:
            q = n @ w[at + "self_attn.q_proj.weight"].T
        q = q.reshape(len(tokens), number, plain + turned).transpose(1, 0, 2)
        latent = n @ w[at + "self_attn.kv_a_proj_with_mqa.weight"].T
        latent, key = latent[:, : c["kv_lora_rank"]], latent[:, c["kv_lora_rank"] :]
        latent = rms_norm(latent, w[at + "self_attn.kv_a_layernorm.weight"], eps)
        latent = (latent @ w[at + "self_attn.kv_b_proj.weight"].T).reshape(len(tokens), number, plain + value)
        latent = latent.transpose(1, 0, 2)
        key = np.repeat(turn(key, c["rope_theta"])[None], number, axis=0)
        q = np.concatenate([q[..., :plain], turn(q[..., plain:], c["rope_theta"])], axis=-1)
        k = np.concatenate([latent[..., :plain], key], axis=-1)
        mixed = attention(q, k, latent[..., plain:], (plain + turned) ** -0.5)
        x = x + mixed @ w[at + "self_attn.o_proj.weight"].T
        n = rms_norm(x, w[at + "post_attention_layernorm.weight"], eps)
        if layer < c["first_k_dense_replace"]:
            x = x + units(n, at + "mlp")
            continue
        scores = n @ w[at + "mlp.gate.weight"].T
        scores = sigmoid(scores) if c["model_type"] == "deepseek_v3" else softmax(scores)
        chosen = scores + w.get(at + "mlp.gate.e_score_correction_bias", scores.dtype.type(0))
        best = np.argsort(-chosen, axis=-1, kind="stable")[:, : c["num_experts_per_tok"]]
        mixed = units(n, at + "mlp.shared_experts")
        for expert in range(c["n_routed_experts"]):
            weight = np.where(np.any(best == expert, axis=-1, keepdims=True), scores[:, expert : expert + 1], 0)
            mixed = mixed + weight * scores.dtype.type(c["routed_scaling_factor"]) * units(n, f"{at}mlp.experts.{expert}")
        x = x + mixed
    return rms_norm(x, w["model.norm.weight"], eps) @ w["lm_head.weight"].T


def unused(c, w):
    """What only a choice reads: outputs change by jumps."""
    return [(name, 0, index) for name in w if name.endswith("e_score_correction_bias") for index in range(len(w[name]))]
