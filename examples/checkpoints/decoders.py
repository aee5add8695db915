"""Decoders with rotating positions and gated units: llama and what came of it."""

import numpy as np

from layers import ACTIVATIONS, attention, heads, rms_norm, rotate_halves, sigmoid, softmax

VOCAB = 11


class Weights(dict):
    """Tensors by name, drawn as they are named."""

    def __init__(self, seed):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def matrix(self, name, *shape):
        fan = 1 if "embed" in name or "wte" in name else shape[1]
        self[name] = (self.random.normal(size=shape) * 1.5 / np.sqrt(fan)).astype(np.float32)

    def vector(self, name, size, mean=0.0):
        # Apart from 0, so that no scaling is without effect by chance.
        noise = self.random.uniform(0.3, 0.9, size) * self.random.choice([-1, 1], size)
        self[name] = (mean + noise * (0.5 if mean else 1.0)).astype(np.float32)


BASE = {
    "hidden_size": 9,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "intermediate_size": 5,
    "vocab_size": VOCAB,
    "rms_norm_eps": 0.3,
    "rope_theta": 20.0,
    "hidden_act": "silu",
}

FAMILIES = {
    "llama": {"tie_word_embeddings": False},
    "llama biased, tied": {"model_type": "llama", "tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
    "llama with relu": {"model_type": "llama", "tie_word_embeddings": False, "hidden_act": "relu"},
    "mistral": {"tie_word_embeddings": False, "sliding_window": 4096},
    "qwen2": {"tie_word_embeddings": False},
    "qwen3": {"tie_word_embeddings": False, "attention_bias": False},
    "gemma": {"hidden_act": "gelu_pytorch_tanh"},
    "gemma2": {
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 9,
        "attn_logit_softcapping": 5.0,
        "final_logit_softcapping": 3.0,
    },
    "gemma3_text": {"hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 9, "rope_local_base_freq": 7.0, "layer_types": ["sliding_attention", "full_attention"]},
    "phi3": {"tie_word_embeddings": False, "partial_rotary_factor": 0.5},
    "mixtral": {"tie_word_embeddings": False, "num_local_experts": 3, "num_experts_per_tok": 2},
    "qwen2_moe": {
        "tie_word_embeddings": False,
        "num_experts": 3,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 4,
        "shared_expert_intermediate_size": 5,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "norm_topk_prob": False,
    },
    "qwen3_moe": {
        "tie_word_embeddings": False,
        "num_experts": 3,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 4,
        "norm_topk_prob": True,
        "attention_bias": False,
    },
}
for name, own in FAMILIES.items():
    own.setdefault("model_type", name)
    own.update({key: value for key, value in BASE.items() if key not in own})
FAMILIES["gemma3_text"].pop("hidden_act")
# With pictures: the text part is gemma3_text, and what sees stands beside it.
FAMILIES["gemma3"] = {
    "model_type": "gemma3",
    "mm_tokens_per_image": 4,
    "text_config": FAMILIES["gemma3_text"],
    "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 4, "intermediate_size": 3, "num_hidden_layers": 1, "num_attention_heads": 2, "vision_use_head": False},
}


def text(c):
    return c.get("text_config", c)


def is_moe(c):
    return c["model_type"] in ("qwen2_moe", "qwen3_moe")


def has_qkv_bias(c):
    return c["model_type"] in ("qwen2", "qwen2_moe") or c.get("attention_bias", False)


def is_gemma(c):
    return c["model_type"].startswith("gemma")


def draw(c, seed):
    if "text_config" in c:
        w = draw_eye(c, seed)
        w.update(("language_model." + name, tensor) for name, tensor in draw(text(c), seed).items())
        return w
    w = Weights(seed)
    width, inner, size = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    q, kv = c["num_attention_heads"] * size, c["num_key_value_heads"] * size
    mean = 0.0 if is_gemma(c) else 1.0
    w.matrix("model.embed_tokens.weight", c["vocab_size"], width)
    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        norms = ["input_layernorm", "post_attention_layernorm"]
        if c["model_type"] in ("gemma2", "gemma3_text"):
            norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
        for norm in norms:
            w.vector(at + norm + ".weight", width, mean)
        if c["model_type"] == "phi3":
            w.matrix(at + "self_attn.qkv_proj.weight", q + 2 * kv, width)
            w.matrix(at + "self_attn.o_proj.weight", width, q)
            w.matrix(at + "mlp.gate_up_proj.weight", 2 * inner, width)
            w.matrix(at + "mlp.down_proj.weight", width, inner)
            continue
        for name, rows, columns in (("q", q, width), ("k", kv, width), ("v", kv, width), ("o", width, q)):
            w.matrix(f"{at}self_attn.{name}_proj.weight", rows, columns)
            if has_qkv_bias(c) and (name != "o" or not c["model_type"].startswith("qwen2")):
                w.vector(f"{at}self_attn.{name}_proj.bias", rows)
        if c["model_type"] in ("qwen3", "qwen3_moe", "gemma3_text"):
            w.vector(at + "self_attn.q_norm.weight", size, mean)
            w.vector(at + "self_attn.k_norm.weight", size, mean)
        if c["model_type"] == "mixtral":
            w.matrix(at + "block_sparse_moe.gate.weight", c["num_local_experts"], width)
            for expert in range(c["num_local_experts"]):
                for name, rows, columns in (("w1", inner, width), ("w2", width, inner), ("w3", inner, width)):
                    w.matrix(f"{at}block_sparse_moe.experts.{expert}.{name}.weight", rows, columns)
            continue
        if is_moe(c):
            w.matrix(at + "mlp.gate.weight", c["num_experts"], width)
            units = [(f"experts.{expert}", c["moe_intermediate_size"]) for expert in range(c["num_experts"])]
            if "shared_expert_intermediate_size" in c:
                units.append(("shared_expert", c["shared_expert_intermediate_size"]))
                w.matrix(at + "mlp.shared_expert_gate.weight", 1, width)
            for start, size_ in units:
                for name, rows, columns in (("gate", size_, width), ("up", size_, width), ("down", width, size_)):
                    w.matrix(f"{at}mlp.{start}.{name}_proj.weight", rows, columns)
            continue
        for name, rows, columns in (("gate", inner, width), ("up", inner, width), ("down", width, inner)):
            w.matrix(f"{at}mlp.{name}_proj.weight", rows, columns)
            if c.get("mlp_bias"):
                w.vector(f"{at}mlp.{name}_proj.bias", rows)
    w.vector("model.norm.weight", width, mean)
    if not c.get("tie_word_embeddings", is_gemma(c)):
        w.matrix("lm_head.weight", c["vocab_size"], width)
    return w


def draw_eye(c, seed):
    """What turns pictures into embeddings, which words do not meet."""
    w, eye, at = Weights(seed + 1), c["vision_config"], "vision_tower.vision_model."
    width, inner = eye["hidden_size"], eye["intermediate_size"]
    w.matrix("multi_modal_projector.mm_input_projection_weight", width, text(c)["hidden_size"])
    w.vector("multi_modal_projector.mm_soft_emb_norm.weight", width)
    w.matrix(at + "embeddings.patch_embedding.weight", width, 3, 2, 2)
    w.vector(at + "embeddings.patch_embedding.bias", width)
    w.matrix(at + "embeddings.position_embedding.weight", 5, width)
    for layer in range(eye["num_hidden_layers"]):
        own = f"{at}encoder.layers.{layer}."
        for name in ("layer_norm1", "layer_norm2"):
            w.vector(f"{own}{name}.weight", width, 1.0)
            w.vector(f"{own}{name}.bias", width)
        parts = [(f"self_attn.{name}_proj", width, width) for name in ("q", "k", "v", "out")]
        for name, rows, columns in parts + [("mlp.fc1", inner, width), ("mlp.fc2", width, inner)]:
            w.matrix(f"{own}{name}.weight", rows, columns)
            w.vector(f"{own}{name}.bias", rows)
    w.vector(at + "post_layernorm.weight", width, 1.0)
    w.vector(at + "post_layernorm.bias", width)
    return w


def forward(c, w, tokens):
    if "text_config" in c:
        return forward(text(c), {name.removeprefix("language_model."): own for name, own in w.items()}, tokens)
    act = ACTIVATIONS[c.get("hidden_activation") or c["hidden_act"]]
    gemma, kind = is_gemma(c), c["model_type"]
    eps, shift = c["rms_norm_eps"], 1.0 if gemma else 0.0

    def linear(x, name):
        y = x @ w[name + ".weight"].T
        return y + w[name + ".bias"] if name + ".bias" in w else y

    x = w["model.embed_tokens.weight"][tokens]
    if gemma:
        x = x * x.dtype.type(np.sqrt(c["hidden_size"]))
    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."

        def norm(x, name):
            return rms_norm(x, w[at + name + ".weight"], eps, shift)

        n = norm(x, "input_layernorm")
        if kind == "phi3":
            fused = linear(n, at + "self_attn.qkv_proj")
            first = c["num_attention_heads"] * c["head_dim"]
            q, (k, v) = fused[:, :first], np.split(fused[:, first:], 2, axis=-1)
        else:
            q, k, v = (linear(n, f"{at}self_attn.{name}_proj") for name in "qkv")
        q, k, v = heads(q, c["num_attention_heads"]), heads(k, c["num_key_value_heads"]), heads(v, c["num_key_value_heads"])
        if kind in ("qwen3", "qwen3_moe", "gemma3_text"):
            q, k = norm(q, "self_attn.q_norm"), norm(k, "self_attn.k_norm")
        local = c.get("layer_types", ["full_attention"] * 9)[layer] == "sliding_attention"
        theta = c["rope_local_base_freq"] if local else c["rope_theta"]
        q, k = (rotate_halves(own, theta, c.get("partial_rotary_factor", 1.0)) for own in (q, k))
        scale = c.get("query_pre_attn_scalar", c["head_dim"]) ** -0.5
        mixed = attention(q, k, v, scale, cap=c.get("attn_logit_softcapping"))
        mixed = linear(mixed, at + "self_attn.o_proj")
        if kind in ("gemma2", "gemma3_text"):
            x = x + norm(mixed, "post_attention_layernorm")
            n = norm(x, "pre_feedforward_layernorm")
        else:
            x = x + mixed
            n = norm(x, "post_attention_layernorm")
        if kind == "mixtral":
            x = x + experts(c, w, at + "block_sparse_moe.", n, act)
            continue
        if is_moe(c):
            x = x + mixed_experts(c, w, at + "mlp.", n, act)
            continue
        if kind == "phi3":
            gate, up = np.split(linear(n, at + "mlp.gate_up_proj"), 2, axis=-1)
        else:
            gate, up = linear(n, at + "mlp.gate_proj"), linear(n, at + "mlp.up_proj")
        units = act(gate) * up
        units = linear(units, at + "mlp.down_proj")
        x = x + (norm(units, "post_feedforward_layernorm") if kind in ("gemma2", "gemma3_text") else units)
    x = rms_norm(x, w["model.norm.weight"], eps, shift)
    logits = x @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T
    cap = c.get("final_logit_softcapping")
    return np.tanh(logits / logits.dtype.type(cap)) * logits.dtype.type(cap) if cap else logits


def experts(c, w, at, x, act):
    """Each token goes through the experts of the largest scores, whose softmax weighs them."""
    scores = x @ w[at + "gate.weight"].T
    best = np.argsort(-scores, axis=-1, kind="stable")[:, : c["num_experts_per_tok"]]
    weight = softmax(np.take_along_axis(scores, best, axis=-1))
    out = np.zeros_like(x)
    for expert in range(c["num_local_experts"]):
        one, two, three = (w[f"{at}experts.{expert}.{name}.weight"] for name in ("w1", "w2", "w3"))
        units = (act(x @ one.T) * (x @ three.T)) @ two.T
        share = np.sum(np.where(best == expert, weight, 0), axis=-1, keepdims=True)
        out = out + share * units
    return out


def mixed_experts(c, w, at, x, act):
    """The softmax of all scores weighs the best experts, with or without a sum of 1; another expert serves all tokens, behind a gate of its own."""
    scores = softmax(x @ w[at + "gate.weight"].T)
    best = np.argsort(-scores, axis=-1, kind="stable")[:, : c["num_experts_per_tok"]]
    chosen = np.zeros_like(scores)
    np.put_along_axis(chosen, best, np.take_along_axis(scores, best, axis=-1), axis=-1)
    if c["norm_topk_prob"]:
        chosen = chosen / np.sum(chosen, axis=-1, keepdims=True)

    def expert(name):
        gate, up, down = (w[f"{at}{name}.{part}_proj.weight"] for part in ("gate", "up", "down"))
        return (act(x @ gate.T) * (x @ up.T)) @ down.T

    out = sum(chosen[:, [number]] * expert(f"experts.{number}") for number in range(c["num_experts"]))
    if at + "shared_expert_gate.weight" in w:
        out = out + sigmoid(x @ w[at + "shared_expert_gate.weight"].T) * expert("shared_expert")
    return out


def inputs(c, random):
    """Every token once."""
    return random.permutation(text(c)["vocab_size"])


def unread(c, w):
    """Members that change nothing if they are forgotten."""
    return set()


def unused(c, w):
    """Indices along axes that nothing reads."""
    eye = [name for name in w if name.startswith(("vision_tower", "multi_modal"))]
    return [(name, axis, index) for name in eye for axis, length in enumerate(w[name].shape) for index in range(length)]
