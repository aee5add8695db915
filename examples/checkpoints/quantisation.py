"""What balancing does for quantisation: measured on small random models in the layout of llama, by a forward pass in numpy.

    python3 quantisation.py SYNBAL

Weights (those of matrices, without embedding and head) are rounded to whole numbers of 8 or 4 bits with one step for a tensor, for each row, or for 32 neighbours in a row. The error is
that of the logits on random tokens against those of the model before, in the mean over models, for the model as it is and as `synbal balance` makes it. Two kinds of
models: with units of one size, as fresh ones are, and with units whose sizes differ, as a tool may leave them behind. Last, only `v -> o` is balanced, with key heads that are shared or not.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import decoders
import tensors
from judge import exponent_of, scaled

CONFIG = decoders.BASE | {
    "model_type": "llama",
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 128,
    "vocab_size": 96,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1e4,
    "tie_word_embeddings": False,
}
MODELS = 6


def draw(config, seed, spread):
    """Random weights; those of each unit times a factor of its own, which its readers do not take back: sizes that differ."""
    weights = dict(decoders.draw(config, seed))
    random = np.random.default_rng(seed)
    for name, tensor in weights.items():
        if "norm" in name:
            weights[name] = (1 + random.normal(size=tensor.shape) * 0.1).astype(np.float32)
        elif "layers" in name:
            tensor /= np.float32(1.5)
            if spread:
                rows, columns = (np.exp(spread * random.normal(size=length)) for length in tensor.shape)
                weights[name] = (tensor * rows[:, None] * columns[None, :] / np.exp(spread**2)).astype(np.float32)
    return weights


def rounded(tensor, bits, group):
    """To the nearest of 2^bits - 1 numbers around 0, with one step for so many neighbours; for a row (0), for all (None)."""
    shape = {None: (1, -1), 0: (len(tensor), -1)}.get(group, (-1, group))
    parts = tensor.reshape(shape)
    step = np.max(np.abs(parts), axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return (np.round(parts / np.where(step > 0, step, 1)) * step).reshape(tensor.shape).astype(np.float32)


def error(config, weights, tokens, expected, bits, group):
    own = {name: rounded(tensor, bits, group) if tensor.ndim == 2 and "layers" in name else tensor for name, tensor in weights.items()}
    found = decoders.forward(config, own, tokens)
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def balanced(synbal, config, weights, place):
    """The balanced weights, and those of which only the multipliers between v and o are applied."""
    before, after = place / "before", place / "after"
    tensors.write_folder(before, config, weights)
    report = json.loads(subprocess.run([synbal, "balance", str(before), "-o", str(after), "--json"], check=True, capture_output=True, text=True).stdout)
    groups = json.loads(subprocess.run([synbal, "explain", str(before), "--json"], check=True, capture_output=True, text=True).stdout)
    members, multipliers = [], []
    for group in (group for block in groups["blocks"] for group in block["groups"] if group["kind"] == "value-output"):
        assert {abs(exponent_of(member)) for member in group["members"]} == {1}
        members += group["members"]
        multipliers += [np.array(report["multipliers"][group["name"]])] * len(group["members"])
    return tensors.read(after / "model.safetensors"), scaled(weights, members, multipliers)


def main():
    synbal = sys.argv[1]
    schemes = [(bits, group) for bits in (8, 4) for group in (None, 0, 32)]
    named = {None: "a tensor", 0: "a row", 32: "32 neighbours"}
    print("error of the logits, relative to the model before:")
    print(f"{'units':<28} {'bits, a step for':<20} {'as it is':>9} {'balanced':>9} {'v -> o only':>12}")
    for title, spread, keys in (("of one size", 0.0, 2), ("of sizes that differ", 0.7, 2), ("the same, no shared heads", 0.7, 8)):
        config = CONFIG | {"num_key_value_heads": keys}
        errors = []
        for seed in range(MODELS):
            weights = draw(config, seed, spread)
            tokens = np.random.default_rng(seed).permutation(config["vocab_size"])[:48]
            expected = decoders.forward(config, weights, tokens)
            with tempfile.TemporaryDirectory() as place:
                versions = [weights, *balanced(synbal, config, weights, pathlib.Path(place))]
            for version in versions:
                again = decoders.forward(config, version, tokens)
                assert np.linalg.norm(again - expected) < 1e-3 * np.linalg.norm(expected), "another function"
            errors.append([[error(config, version, tokens, expected, *scheme) for version in versions] for scheme in schemes])
        for (bits, group), (as_it_is, after, only) in zip(schemes, np.mean(errors, axis=0)):
            print(f"{title:<28} {f'{bits}, {named[group]}':<20} {as_it_is:>8.2%} {after:>9.2%} {only:>11.2%}", flush=True)


if __name__ == "__main__":
    main()
