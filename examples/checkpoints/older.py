"""Decoders with learned positions or partly rotating ones, with biases: gpt2, gpt_neox, opt."""

import numpy as np

from decoders import Weights, inputs  # noqa: F401
from layers import ACTIVATIONS, attention, heads, layer_norm, rotate_halves

VOCAB = 11

FAMILIES = {
    "gpt2": {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "n_inner": 6, "n_positions": VOCAB, "activation_function": "gelu_new"},
    "gpt2 with relu, untied": {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "n_inner": 6, "activation_function": "relu", "tie_word_embeddings": False},
    "gpt_neox": {"model_type": "gpt_neox", "rotary_pct": 0.5, "hidden_act": "gelu", "tie_word_embeddings": False, "use_parallel_residual": True},
    "gpt_neox in series": {"model_type": "gpt_neox", "rotary_pct": 1.0, "hidden_act": "relu", "tie_word_embeddings": False, "use_parallel_residual": False},
    "opt": {"model_type": "opt", "do_layer_norm_before": True, "word_embed_proj_dim": 8},
    "opt, norms after, narrow embedding": {"model_type": "opt", "do_layer_norm_before": False, "word_embed_proj_dim": 5},
}
for own in FAMILIES.values():
    own["vocab_size"] = VOCAB
    if own["model_type"] == "gpt2":
        own["layer_norm_epsilon"] = 0.3
        continue
    own.update({"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": VOCAB})
    if own["model_type"] == "opt":
        own.update({"ffn_dim": 6, "activation_function": "relu"})
    else:
        own.update({"intermediate_size": 6, "layer_norm_eps": 0.3, "rotary_emb_base": 20})



def sizes(c):
    if c["model_type"] == "gpt2":
        return c["n_embd"], c["n_layer"], c["n_head"], c["n_inner"]
    return c["hidden_size"], c["num_hidden_layers"], c["num_attention_heads"], c.get("ffn_dim") or c["intermediate_size"]


def draw(c, seed):
    w = Weights(seed)
    width, layers, _, inner = sizes(c)

    # Biases are small, so that no unit is on for all inputs, or off.
    def norm(name):
        w.vector(name + ".weight", width, 1.0)
        w.vector(name + ".bias", width)
        w[name + ".bias"] *= np.float32(0.3)

    def linear(name, rows, columns, transposed=False):
        w.matrix(name + ".weight", *((columns, rows) if transposed else (rows, columns)))
        w.vector(name + ".bias", rows)
        w[name + ".bias"] *= np.float32(0.3)

    if c["model_type"] == "gpt2":
        w.matrix("transformer.wte.weight", VOCAB, width)
        w.matrix("transformer.wpe.weight", VOCAB, width)
        for layer in range(layers):
            at = f"transformer.h.{layer}."
            norm(at + "ln_1")
            linear(at + "attn.c_attn", 3 * width, width, True)
            linear(at + "attn.c_proj", width, width, True)
            norm(at + "ln_2")
            linear(at + "mlp.c_fc", inner, width, True)
            linear(at + "mlp.c_proj", width, inner, True)
        norm("transformer.ln_f")
        if not c.get("tie_word_embeddings", True):
            w.matrix("lm_head.weight", VOCAB, width)
    elif c["model_type"] == "gpt_neox":
        w.matrix("gpt_neox.embed_in.weight", VOCAB, width)
        for layer in range(layers):
            at = f"gpt_neox.layers.{layer}."
            norm(at + "input_layernorm")
            norm(at + "post_attention_layernorm")
            linear(at + "attention.query_key_value", 3 * width, width)
            linear(at + "attention.dense", width, width)
            linear(at + "mlp.dense_h_to_4h", inner, width)
            linear(at + "mlp.dense_4h_to_h", width, inner)
        norm("gpt_neox.final_layer_norm")
        w.matrix("embed_out.weight", VOCAB, width)
    else:
        at = "model.decoder."
        narrow = c["word_embed_proj_dim"]
        w.matrix(at + "embed_tokens.weight", VOCAB, narrow)
        w.matrix(at + "embed_positions.weight", VOCAB + 2, width)
        if narrow != width:
            w.matrix(at + "project_in.weight", width, narrow)
            w.matrix(at + "project_out.weight", narrow, width)
        for layer in range(layers):
            at = f"model.decoder.layers.{layer}."
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(at + "self_attn." + name, width, width)
            norm(at + "self_attn_layer_norm")
            linear(at + "fc1", inner, width)
            linear(at + "fc2", width, inner)
            norm(at + "final_layer_norm")
        if c["do_layer_norm_before"]:
            norm("model.decoder.final_layer_norm")
    return w


def forward(c, w, tokens):
    return {"gpt2": gpt2, "gpt_neox": gpt_neox, "opt": opt}[c["model_type"]](c, w, tokens)


def gpt2(c, w, tokens):
    _, layers, number, _ = sizes(c)
    act = ACTIVATIONS[c["activation_function"]]

    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], c["layer_norm_epsilon"])

    def linear(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: len(tokens)]
    for layer in range(layers):
        at = f"transformer.h.{layer}."
        fused = linear(norm(x, at + "ln_1"), at + "attn.c_attn")
        q, k, v = (heads(part, number) for part in np.split(fused, 3, axis=-1))
        x = x + linear(attention(q, k, v, q.shape[-1] ** -0.5), at + "attn.c_proj")
        x = x + linear(act(linear(norm(x, at + "ln_2"), at + "mlp.c_fc")), at + "mlp.c_proj")
    x = norm(x, "transformer.ln_f")
    return x @ w.get("lm_head.weight", w["transformer.wte.weight"]).T


def gpt_neox(c, w, tokens):
    _, layers, number, _ = sizes(c)
    act = ACTIVATIONS[c["hidden_act"]]

    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], c["layer_norm_eps"])

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    x = w["gpt_neox.embed_in.weight"][tokens]
    for layer in range(layers):
        at = f"gpt_neox.layers.{layer}."
        fused = linear(norm(x, at + "input_layernorm"), at + "attention.query_key_value")
        # Head by head: its query, its key, its value.
        fused = heads(fused, number)
        q, k, v = np.split(fused, 3, axis=-1)
        q, k = (rotate_halves(own, c["rotary_emb_base"], c["rotary_pct"]) for own in (q, k))
        mixed = linear(attention(q, k, v, q.shape[-1] ** -0.5), at + "attention.dense")
        if c["use_parallel_residual"]:
            units = norm(x, at + "post_attention_layernorm")
        else:
            units = norm(x + mixed, at + "post_attention_layernorm")
        units = linear(act(linear(units, at + "mlp.dense_h_to_4h")), at + "mlp.dense_4h_to_h")
        x = x + mixed + units
    return norm(x, "gpt_neox.final_layer_norm") @ w["embed_out.weight"].T


def opt(c, w, tokens):
    _, layers, number, _ = sizes(c)
    before = c["do_layer_norm_before"]

    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], 0.3)

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    at = "model.decoder."
    x = w[at + "embed_tokens.weight"][tokens]
    if at + "project_in.weight" in w:
        x = x @ w[at + "project_in.weight"].T
    # Two rows before the first position are for padding.
    x = x + w[at + "embed_positions.weight"][2 : 2 + len(tokens)]
    for layer in range(layers):
        at = f"model.decoder.layers.{layer}."
        n = norm(x, at + "self_attn_layer_norm") if before else x
        q, k, v = (heads(linear(n, f"{at}self_attn.{name}_proj"), number) for name in "qkv")
        x = x + linear(attention(q, k, v, q.shape[-1] ** -0.5), at + "self_attn.out_proj")
        if not before:
            x = norm(x, at + "self_attn_layer_norm")
        n = norm(x, at + "final_layer_norm") if before else x
        x = x + linear(np.maximum(linear(n, at + "fc1"), 0), at + "fc2")
        if not before:
            x = norm(x, at + "final_layer_norm")
    if before:
        x = norm(x, "model.decoder.final_layer_norm")
    if "model.decoder.project_out.weight" in w:
        x = x @ w["model.decoder.project_out.weight"].T
    return x @ w["model.decoder.embed_tokens.weight"].T


def unread(c, w):
    """Biases of keys: softmax does not see them where nothing rotates."""
    if c["model_type"] == "gpt_neox":
        return set()
    return {(name, -1) for name in w if name.endswith(("k_proj.bias", "c_attn.bias"))}


def unused(c, w):
    """The rows for padding."""
    return [("model.decoder.embed_positions.weight", 0, row) for row in (0, 1)] if c["model_type"] == "opt" else []
