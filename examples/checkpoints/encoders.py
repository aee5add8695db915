"""Encoders: bert, roberta, distilbert, vit."""

import numpy as np

from decoders import Weights
from layers import ACTIVATIONS, attention, heads, layer_norm

VOCAB, WIDTH, INNER, HEADS, EPS = 8, 6, 4, 2, 0.3

BERT = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": HEADS, "intermediate_size": INNER, "layer_norm_eps": EPS}
TOKENS = {"vocab_size": VOCAB, "max_position_embeddings": VOCAB, "type_vocab_size": 2}
DISTILBERT = {"dim": WIDTH, "n_layers": 2, "n_heads": HEADS, "hidden_dim": INNER, "vocab_size": VOCAB, "max_position_embeddings": VOCAB}

FAMILIES = {
    "bert": {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu"} | BERT | TOKENS | {"num_hidden_layers": 3},
    "bert with relu, for masked words": {"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_act": "relu"} | BERT | TOKENS,
    "roberta": {"model_type": "roberta", "architectures": ["RobertaForMaskedLM"], "hidden_act": "gelu"} | BERT | TOKENS | {"max_position_embeddings": VOCAB + 2},
    "distilbert": {"model_type": "distilbert", "architectures": ["DistilBertForMaskedLM"], "activation": "gelu"} | DISTILBERT,
    "distilbert, classifier": {"model_type": "distilbert", "architectures": ["DistilBertForSequenceClassification"], "activation": "relu"} | DISTILBERT,
    "vit": {"model_type": "vit", "architectures": ["ViTForImageClassification"], "hidden_act": "gelu", "image_size": 6, "patch_size": 2, "num_channels": 3, "qkv_bias": True} | BERT | {"num_hidden_layers": 2},
    "vit without head": {"model_type": "vit", "architectures": ["ViTModel"], "hidden_act": "relu", "image_size": 6, "patch_size": 2, "num_channels": 3, "qkv_bias": False} | BERT | {"num_hidden_layers": 2},
}

# Their few outputs would need too many inputs to count all scalings.
NOT_COUNTED = {"distilbert, classifier", "vit"}

# Inputs are needed for more outputs than there are scalings: units that are off let few through.
SPARE = 4

# The names of a layer: queries, keys, values, output; norm of the attention; units in, units out; norm of the units.
NAMES = {
    "bert": ("encoder.layer.{}.", ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"], "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"),
    "distilbert": ("transformer.layer.{}.", ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"], "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"),
    "vit": ("encoder.layer.{}.", ["attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense"], "layernorm_before", "intermediate.dense", "output.dense", "layernorm_after"),
}
NAMES["roberta"] = NAMES["bert"]


def start(c):
    """Models with a head keep the stream's tensors under a name."""
    return "" if c["architectures"] in (["BertModel"], ["ViTModel"]) else c["model_type"] + "."


def layers(c):
    return c.get("num_hidden_layers") or c["n_layers"]


def draw(c, seed):
    w = Weights(seed)
    kind, root = c["model_type"], start(c)

    # Biases are small, so that no unit is on for all inputs, or off.
    def norm(name):
        w.vector(name + ".weight", WIDTH, 1.0)
        w.vector(name + ".bias", WIDTH)
        w[name + ".bias"] *= np.float32(0.3)

    def linear(name, rows, columns, bias=True):
        w.matrix(name + ".weight", rows, columns)
        if bias:
            w.vector(name + ".bias", rows)
            w[name + ".bias"] *= np.float32(0.3)

    at = root + "embeddings."
    if kind == "vit":
        patch = c["patch_size"]
        w.matrix(at + "cls_token", 1, 1, WIDTH)
        w.matrix(at + "position_embeddings", 1, (c["image_size"] // patch) ** 2 + 1, WIDTH)
        w.matrix(at + "patch_embeddings.projection.weight", WIDTH, c["num_channels"], patch, patch)
        w.vector(at + "patch_embeddings.projection.bias", WIDTH)
    else:
        w.matrix(at + "word_embeddings.weight", VOCAB, WIDTH)
        w.matrix(at + "position_embeddings.weight", c["max_position_embeddings"], WIDTH)
        if kind != "distilbert":
            w.matrix(at + "token_type_embeddings.weight", 2, WIDTH)
        norm(at + "LayerNorm")
    path, mixers, one, into, out, two = NAMES[kind]
    for layer in range(layers(c)):
        at = root + path.format(layer)
        for name in mixers:
            linear(at + name, WIDTH, WIDTH, name == mixers[3] or c.get("qkv_bias", True))
        norm(at + one)
        linear(at + into, INNER, WIDTH)
        linear(at + out, WIDTH, INNER)
        norm(at + two)
    if kind == "vit":
        norm(root + "layernorm")
    head = c["architectures"][0]
    if head == "BertModel":
        linear("pooler.dense", WIDTH, WIDTH)
    elif head == "BertForMaskedLM":
        linear("cls.predictions.transform.dense", WIDTH, WIDTH)
        norm("cls.predictions.transform.LayerNorm")
        w.vector("cls.predictions.bias", VOCAB)
    elif head == "RobertaForMaskedLM":
        linear("lm_head.dense", WIDTH, WIDTH)
        norm("lm_head.layer_norm")
        w.vector("lm_head.bias", VOCAB)
    elif head == "DistilBertForMaskedLM":
        linear("vocab_transform", WIDTH, WIDTH)
        norm("vocab_layer_norm")
        w.vector("vocab_projector.bias", VOCAB)
    elif head == "DistilBertForSequenceClassification":
        linear("pre_classifier", WIDTH, WIDTH)
        linear("classifier", 5, WIDTH)
    elif head == "ViTForImageClassification":
        linear("classifier", 5, WIDTH)
    return w


def inputs(c, random):
    if c["model_type"] == "vit":
        return random.normal(size=(c["num_channels"], c["image_size"], c["image_size"]))
    return random.integers(0, VOCAB, VOCAB), random.integers(0, 2, VOCAB)


def forward(c, w, given):
    kind, root, head = c["model_type"], start(c), c["architectures"][0]
    act = ACTIVATIONS[c.get("hidden_act") or c["activation"]]

    # The epsilon of distilbert's norms is no field of its configuration; a larger one shows better what it pins.
    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], EPS)

    def linear(x, name):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", x.dtype.type(0))

    at = root + "embeddings."
    if kind == "vit":
        patch = c["patch_size"]
        matrix = w[at + "patch_embeddings.projection.weight"]
        picture = given.astype(matrix.dtype)
        side = c["image_size"] // patch
        parts = picture.reshape(-1, side, patch, side, patch).transpose(1, 3, 0, 2, 4).reshape(side * side, -1)
        x = parts @ matrix.reshape(len(matrix), -1).T + w[at + "patch_embeddings.projection.bias"]
        x = np.concatenate([w[at + "cls_token"][0], x]) + w[at + "position_embeddings"][0]
    else:
        tokens, kinds = given
        first = 2 if kind == "roberta" else 0
        x = w[at + "word_embeddings.weight"][tokens] + w[at + "position_embeddings.weight"][first : first + len(tokens)]
        if kind != "distilbert":
            x = x + w[at + "token_type_embeddings.weight"][kinds]
        x = norm(x, at + "LayerNorm")
    path, mixers, one, into, out, two = NAMES[kind]
    for layer in range(layers(c)):
        at = root + path.format(layer)
        n = norm(x, at + one) if kind == "vit" else x
        q, k, v = (heads(linear(n, at + name), HEADS) for name in mixers[:3])
        x = x + linear(attention(q, k, v, q.shape[-1] ** -0.5, causal=False), at + mixers[3])
        if kind == "vit":
            x = x + linear(act(linear(norm(x, at + two), at + into)), at + out)
        else:
            x = norm(x, at + one)
            x = norm(x + linear(act(linear(x, at + into)), at + out), at + two)
    if kind == "vit":
        x = norm(x, root + "layernorm")
    words = w.get(root + "embeddings.word_embeddings.weight")
    if head == "BertModel":
        return np.concatenate([x.ravel(), np.tanh(linear(x[0], "pooler.dense"))])
    if head == "BertForMaskedLM":
        x = norm(act(linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform.LayerNorm")
        return x @ words.T + w["cls.predictions.bias"]
    if head == "RobertaForMaskedLM":
        x = norm(ACTIVATIONS["gelu"](linear(x, "lm_head.dense")), "lm_head.layer_norm")
        return x @ words.T + w["lm_head.bias"]
    if head == "DistilBertForMaskedLM":
        x = norm(act(linear(x, "vocab_transform")), "vocab_layer_norm")
        return x @ words.T + w["vocab_projector.bias"]
    if head == "DistilBertForSequenceClassification":
        return linear(np.maximum(linear(x[0], "pre_classifier"), 0), "classifier")
    if head == "ViTForImageClassification":
        return linear(x[0], "classifier")
    return x


def unread(c, w):
    """Biases of keys: softmax does not see them."""
    return {(name, -1) for name in w if name.endswith(("key.bias", "k_lin.bias"))}


def unused(c, w):
    """The positions before the first, for padding."""
    return [("roberta.embeddings.position_embeddings.weight", 0, row) for row in (0, 1)] if c["model_type"] == "roberta" else []


def added(c, w):
    """Besides biases: a vector at one position, and the row of that position."""
    if c["model_type"] != "vit":
        return []
    at = start(c) + "embeddings."
    return [(at + "cls_token", 2, entry) for entry in range(WIDTH)] + [(at + "position_embeddings", 1, 0)]
