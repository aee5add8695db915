"""Makes a checkpoint in the layout of llama with random weights, of any size, for measurements.

    python3 make_large.py FOLDER [--gigabytes 4] [--type bf16|f16|f32] [--seed 0] [--hidden 2048]

Rows and columns of every matrix are random numbers times factors that vary by some powers of two, so that balancing has something to do. The
folder holds config.json, shards of at most 1 GB with their index, and a file that stands for a tokenizer. Only numpy is needed.
"""

import argparse
import json
import os
import struct

import numpy as np


def encode(values, number_type):
    if number_type == "f32":
        return values.astype("<f4").tobytes()
    if number_type == "f16":
        return values.astype("<f2").tobytes()
    bits = values.astype("<f4").view(np.uint32)
    # To the nearest, ties to even.
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def spread(rng, count):
    return np.exp2(rng.normal(0, 1.5, count)).astype(np.float32)


def matrix(rng, rows, columns):
    values = rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(0.02)
    values *= spread(rng, rows)[:, None]
    values *= spread(rng, columns)[None, :]
    return values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--type", default="bf16", choices=["bf16", "f16", "f32"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--vocabulary", type=int, default=32000)
    given = parser.parse_args()
    size = 4 if given.type == "f32" else 2
    hidden, vocabulary = given.hidden, given.vocabulary
    heads, kv_heads = max(hidden // 64, 2), max(hidden // 256, 1)
    head = hidden // heads
    inner = hidden * 11 // 4
    kv = kv_heads * head
    per_layer = size * (2 * hidden * hidden + 2 * kv * hidden + 3 * inner * hidden)
    ends = size * 2 * vocabulary * hidden
    layers = max(1, round((given.gigabytes * 1e9 - ends) / per_layer))
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head,
        "intermediate_size": inner,
        "vocab_size": vocabulary,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}[given.type],
    }
    tensors = [("model.embed_tokens.weight", (vocabulary, hidden))]
    for layer in range(layers):
        start = f"model.layers.{layer}."
        tensors += [
            (start + "input_layernorm.weight", (hidden,)),
            (start + "self_attn.q_proj.weight", (hidden, hidden)),
            (start + "self_attn.k_proj.weight", (kv, hidden)),
            (start + "self_attn.v_proj.weight", (kv, hidden)),
            (start + "self_attn.o_proj.weight", (hidden, hidden)),
            (start + "post_attention_layernorm.weight", (hidden,)),
            (start + "mlp.gate_proj.weight", (inner, hidden)),
            (start + "mlp.up_proj.weight", (inner, hidden)),
            (start + "mlp.down_proj.weight", (hidden, inner)),
        ]
    tensors += [("model.norm.weight", (hidden,)), ("lm_head.weight", (vocabulary, hidden))]
    shards, held = [[]], 0
    for name, shape in tensors:
        length = size * int(np.prod(shape))
        if held + length > 1e9 and shards[-1]:
            shards.append([])
            held = 0
        shards[-1].append((name, shape, length))
        held += length
    os.makedirs(given.folder)
    rng = np.random.default_rng(given.seed)
    where = {}
    for number, shard in enumerate(shards):
        file = f"model-{number + 1:05d}-of-{len(shards):05d}.safetensors"
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for name, shape, length in shard:
            kind = {"bf16": "BF16", "f16": "F16", "f32": "F32"}[given.type]
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + length]}
            offset += length
            where[name] = file
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(given.folder, file), "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for name, shape, _ in shard:
                if len(shape) == 1:
                    values = 1 + rng.normal(0, 0.1, shape).astype(np.float32)
                else:
                    values = matrix(rng, *shape)
                out.write(encode(values, given.type))
    total = sum(length for shard in shards for _, _, length in shard)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    for name, content in [
        ("config.json", config),
        ("model.safetensors.index.json", index),
        ("tokenizer.json", {"version": "1.0", "note": "stands for a tokenizer"}),
    ]:
        with open(os.path.join(given.folder, name), "w") as out:
            json.dump(content, out, indent=1)
    print(f"{total / 1e9:.2f} GB, {layers} layers")


if __name__ == "__main__":
    main()
