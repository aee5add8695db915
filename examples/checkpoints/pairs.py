"""An encoder and a decoder that reads it: t5 and whisper."""

import numpy as np

from decoders import Weights
from layers import ACTIVATIONS, attention, heads, layer_norm, rms_norm

VOCAB, WIDTH, INNER, HEADS, SIZE, BUCKETS, FAR = 8, 6, 4, 2, 3, 4, 6
BINS, TIMES = 5, 6

T5 = {"model_type": "t5", "d_model": WIDTH, "d_kv": SIZE, "num_heads": HEADS, "d_ff": INNER, "num_layers": 2, "vocab_size": VOCAB, "layer_norm_epsilon": 0.3, "relative_attention_num_buckets": BUCKETS, "relative_attention_max_distance": FAR}

FAMILIES = {
    "t5": T5 | {"feed_forward_proj": "relu", "tie_word_embeddings": True, "num_decoder_layers": 2},
    "t5, gated": T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "whisper": {
        "model_type": "whisper",
        "d_model": WIDTH,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": INNER,
        "decoder_ffn_dim": INNER,
        "num_mel_bins": BINS,
        "vocab_size": VOCAB,
        "max_source_positions": TIMES,
        "max_target_positions": VOCAB,
        "activation_function": "gelu",
    },
}

# Whisper's epsilon is that of the framework; a larger one shows better what it pins.
EPS = 0.3


def draw(c, seed):
    w = Weights(seed)
    return draw_t5(c, w) if c["model_type"] == "t5" else draw_whisper(c, w)


def draw_t5(c, w):
    wide = HEADS * SIZE
    w.matrix("shared.weight", VOCAB, WIDTH)
    w["shared.weight"] *= np.float32(2)

    def mixer(at):
        for name, rows, columns in (("q", wide, WIDTH), ("k", wide, WIDTH), ("v", wide, WIDTH), ("o", WIDTH, wide)):
            w.matrix(f"{at}.{name}.weight", rows, columns)

    def units(at):
        for name in ("wi_0", "wi_1") if c["feed_forward_proj"] != "relu" else ("wi",):
            w.matrix(f"{at}.{name}.weight", INNER, WIDTH)
        w.matrix(at + ".wo.weight", WIDTH, INNER)

    for side, number in (("encoder", c["num_layers"]), ("decoder", c.get("num_decoder_layers", c["num_layers"]))):
        for layer in range(number):
            at = f"{side}.block.{layer}.layer."
            last = 1 if side == "encoder" else 2
            for part in range(last + 1):
                w.vector(f"{at}{part}.layer_norm.weight", WIDTH, 1.0)
            mixer(at + "0.SelfAttention")
            if side == "decoder":
                mixer(at + "1.EncDecAttention")
            units(f"{at}{last}.DenseReluDense")
            if layer == 0:
                w.matrix(at + "0.SelfAttention.relative_attention_bias.weight", BUCKETS, HEADS)
        w.vector(side + ".final_layer_norm.weight", WIDTH, 1.0)
    if not c["tie_word_embeddings"]:
        w.matrix("lm_head.weight", VOCAB, WIDTH)
    return w


def bucket(distance, both):
    """Distances of keys behind queries (and ahead, in the other half) by number: the near ones each, the far ones by logarithm."""
    number, first = BUCKETS, 0
    if both:
        number //= 2
        first = number if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    near = number // 2
    if distance < near:
        return first + distance
    far = near + int(np.log(distance / near) / np.log(FAR / near) * (number - near))
    return first + min(far, number - 1)


def t5(c, w, given):
    sources, targets = given
    eps = c["layer_norm_epsilon"]

    def mix(x, memory, at, bias, causal):
        q = heads(x @ w[at + ".q.weight"].T, HEADS)
        k, v = (heads(memory @ w[f"{at}.{name}.weight"].T, HEADS) for name in "kv")
        return attention(q, k, v, 1.0, causal, bias=bias) @ w[at + ".o.weight"].T

    def units(x, at):
        if c["feed_forward_proj"] == "relu":
            x = np.maximum(x @ w[at + ".wi.weight"].T, 0)
        else:
            x = ACTIVATIONS["gelu_new"](x @ w[at + ".wi_0.weight"].T) * (x @ w[at + ".wi_1.weight"].T)
        return x @ w[at + ".wo.weight"].T

    def biases(side, length):
        table = w[side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        numbers = [[bucket(key - query, side == "encoder") for key in range(length)] for query in range(length)]
        return table[np.array(numbers)].transpose(2, 0, 1)

    def side(name, tokens, memory, number):
        x = w["shared.weight"][tokens]
        bias = biases(name, len(tokens))
        for layer in range(number):
            at = f"{name}.block.{layer}.layer."

            def norm(x, part):
                return rms_norm(x, w[f"{at}{part}.layer_norm.weight"], eps)

            n = norm(x, 0)
            x = x + mix(n, n, at + "0.SelfAttention", bias, name == "decoder")
            last = 1
            if name == "decoder":
                x = x + mix(norm(x, 1), memory, at + "1.EncDecAttention", 0.0, False)
                last = 2
            x = x + units(norm(x, last), f"{at}{last}.DenseReluDense")
        return rms_norm(x, w[name + ".final_layer_norm.weight"], eps)

    memory = side("encoder", sources, None, c["num_layers"])
    x = side("decoder", targets, memory, c.get("num_decoder_layers", c["num_layers"]))
    if c["tie_word_embeddings"]:
        return x * x.dtype.type(WIDTH**-0.5) @ w["shared.weight"].T
    return x @ w["lm_head.weight"].T


def draw_whisper(c, w):
    def norm(name):
        w.vector(name + ".weight", WIDTH, 1.0)
        w.vector(name + ".bias", WIDTH)
        w[name + ".bias"] *= np.float32(0.3)

    def linear(name, *shape, bias=True):
        w.matrix(name + ".weight", *shape)
        if bias:
            w.vector(name + ".bias", shape[0])
            w[name + ".bias"] *= np.float32(0.3)

    linear("model.encoder.conv1", WIDTH, BINS, 3)
    linear("model.encoder.conv2", WIDTH, WIDTH, 3)
    w.matrix("model.encoder.embed_positions.weight", TIMES, WIDTH)
    w.matrix("model.decoder.embed_tokens.weight", VOCAB, WIDTH)
    w.matrix("model.decoder.embed_positions.weight", VOCAB, WIDTH)
    for side in ("encoder", "decoder"):
        for layer in range(c[side + "_layers"]):
            at = f"model.{side}.layers.{layer}."
            for mixer in ("self_attn", "encoder_attn")[: 1 if side == "encoder" else 2]:
                for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{at}{mixer}.{name}", WIDTH, WIDTH, bias=name != "k_proj")
                norm(f"{at}{mixer}_layer_norm")
            linear(at + "fc1", INNER, WIDTH)
            linear(at + "fc2", WIDTH, INNER)
            norm(at + "final_layer_norm")
        norm(f"model.{side}.layer_norm")
    return w


def whisper(c, w, given):
    spectrum, tokens = given
    act = ACTIVATIONS["gelu"]

    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], EPS)

    def linear(x, name):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", x.dtype.type(0))

    def convolution(x, name, stride):
        """[times, channels], three times at a step, zeros around."""
        matrix = w[name + ".weight"]
        x = np.pad(x, ((1, 1), (0, 0)))
        windows = np.stack([x[first : first + 3].T for first in range(0, len(x) - 2, stride)])
        return windows.reshape(len(windows), -1) @ matrix.reshape(len(matrix), -1).T + w[name + ".bias"]

    def mix(x, memory, at, causal):
        q = heads(linear(x, at + ".q_proj"), HEADS)
        k, v = (heads(linear(memory, f"{at}.{name}_proj"), HEADS) for name in "kv")
        return linear(attention(q, k, v, q.shape[-1] ** -0.5, causal), at + ".out_proj")

    def side(name, x, memory):
        for layer in range(c[name + "_layers"]):
            at = f"model.{name}.layers.{layer}."
            n = norm(x, at + "self_attn_layer_norm")
            x = x + mix(n, n, at + "self_attn", name == "decoder")
            if name == "decoder":
                x = x + mix(norm(x, at + "encoder_attn_layer_norm"), memory, at + "encoder_attn", False)
            x = x + linear(act(linear(norm(x, at + "final_layer_norm"), at + "fc1")), at + "fc2")
        return norm(x, f"model.{name}.layer_norm")

    x = act(convolution(spectrum.astype(w["model.encoder.conv1.weight"].dtype), "model.encoder.conv1", 1))
    x = act(convolution(x, "model.encoder.conv2", 2))
    memory = side("encoder", x + w["model.encoder.embed_positions.weight"], None)
    words = w["model.decoder.embed_tokens.weight"]
    x = side("decoder", words[tokens] + w["model.decoder.embed_positions.weight"][: len(tokens)], memory)
    return x @ words.T


def forward(c, w, given):
    return t5(c, w, given) if c["model_type"] == "t5" else whisper(c, w, given)


def inputs(c, random):
    if c["model_type"] == "t5":
        return random.permutation(VOCAB), random.permutation(VOCAB)
    return random.normal(size=(2 * TIMES, BINS)), random.permutation(VOCAB)


def unread(c, w):
    return set()


def unused(c, w):
    """No key ahead has the distance 0."""
    if c["model_type"] == "whisper":
        return []
    return [("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 0, BUCKETS // 2)]
