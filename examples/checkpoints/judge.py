"""An independent judge of `synbal explain` for checkpoints: forward passes in numpy, written without the tables of the program.

For each family, on a tiny checkpoint with random weights:
  * random powers of two on the groups that `explain --json` lists keep the outputs bit for bit (to rounding where gains are stored as gain - 1);
  * a group of which one member is forgotten, or moved to neighbouring channels, changes them;
  * the groups are all that there is: the scalings of rows and columns of all tensors that change no output, counted by the rank of the sensitivities,
    are the groups, the ways to write one scaling as another (rows up, columns down), and what biases can do among themselves at these very weights,
    which is no scaling for all weights: a bias of values or a shift that the next bias takes over, a bias of keys that softmax does not see.

Usage: judge.py SYNBAL [FAMILY...]
"""

import importlib
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import tensors

MODULES = ["decoders", "older", "encoders", "pairs", "latent"]


def explained(synbal, folder):
    found = subprocess.run([synbal, "explain", str(folder), "--json"], capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit(f"{folder.name}: explain fails: {found.stderr or found.stdout}")
    return json.loads(found.stdout)


def groups_of(report):
    return [group for block in report["blocks"] for group in block["groups"]]


def exponent_of(member):
    above, _, below = member["exponent"].partition("/")
    return int(above) / int(below or 1)


def scaled(weights, members, multipliers):
    """The weights with the multipliers of each member applied."""
    result = dict(weights)
    for member, own in zip(members, multipliers):
        name, axis = member["tensor"], member["axis"]
        factors = np.array([1.0 if channel is None else own[channel] for channel in member["channels"]])
        factors = factors ** exponent_of(member)
        shape = [1] * result[name].ndim
        shape[axis] = -1
        offset = member.get("offset", 0)
        numbers = (result[name].astype(np.float64) + offset) * factors.reshape(shape) - offset
        result[name] = numbers.astype(result[name].dtype)
    return result


def difference(one, other):
    return float(np.max(np.abs(one - other)) / np.max(np.abs(one)))


def judge_scalings(model, config, weights, groups, random, times):
    tokens = [model.inputs(config, random)]
    before = [model.forward(config, weights, own) for own in tokens]
    is_exact = not any(member.get("offset") for group in groups for member in group["members"])
    for _ in range(times):
        members, multipliers = [], []
        for group in groups:
            whole = all(float(exponent_of(member)).is_integer() for member in group["members"])
            own = 2.0 ** (random.integers(-3, 4, group["multipliers"]) * (1 if whole else 2))
            members += group["members"]
            multipliers += [own] * len(group["members"])
        after = scaled(weights, members, multipliers)
        for own, expected in zip(tokens, before):
            found = model.forward(config, after, own)
            if is_exact:
                assert np.array_equal(found, expected), f"outputs differ by {difference(expected, found)}"
            else:
                assert difference(expected, found) < 1e-4, f"outputs differ by {difference(expected, found)}"
    return times


def judge_wrong(model, config, weights, groups, random, least):
    """Each member forgotten, and each moved by one channel, until there are enough: how many of them changed the outputs."""
    count = 0
    while count < least:
        count += wrong_once(model, config, weights, groups, random)
    return count


def wrong_once(model, config, weights, groups, random):
    tokens = model.inputs(config, random)
    before = model.forward(config, weights, tokens)
    unread = model.unread(config, weights)
    count = 0
    for group in groups:
        own = 2.0 ** random.choice([-2, -1, 1, 2], group["multipliers"])
        for left_out in range(len(group["members"])):
            name = group["members"][left_out]["tensor"]
            if (name, exponent_of(group["members"][left_out])) in unread:
                continue
            members = [member for place, member in enumerate(group["members"]) if place != left_out]
            after = scaled(weights, members, [own] * len(members))
            found = difference(before, model.forward(config, after, tokens))
            assert found > 1e-5, f"{group['kind']}: {name} forgotten changes nothing ({found})"
            count += 1
            moved = [own] * len(group["members"])
            moved[left_out] = np.roll(own, 1)
            if np.array_equal(moved[left_out], own):
                continue
            after = scaled(weights, group["members"], moved)
            found = difference(before, model.forward(config, after, tokens))
            assert found > 1e-5, f"{group['kind']}: {name} moved by one channel changes nothing ({found})"
            count += 1
    return count


def judge_dimension(model, config, weights, groups, random):
    """The scalings of indices along axes that change no output, counted."""
    exact = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
    places, start = {}, 0
    for name, tensor in sorted(exact.items()):
        for axis, length in enumerate(tensor.shape):
            places[name, axis] = start
            start += length
    offsets = {member["tensor"]: member["offset"] for group in groups for member in group["members"] if member.get("offset")}
    for name in getattr(model, "offsets", lambda config, weights: [])(config, weights):
        offsets[name] = 1
    tokens, outputs = [], 0
    while outputs < getattr(model, "SPARE", 2) * start:
        tokens.append(model.inputs(config, random))
        outputs += model.forward(config, exact, tokens[-1]).size
    columns = []
    for (name, axis), _ in sorted(places.items(), key=lambda entry: entry[1]):
        offset = offsets.get(name, 0)
        for index in range(exact[name].shape[axis]):
            values = []
            for step in (1e-6, -1e-6):
                changed = dict(exact)
                tensor = exact[name] + offset
                entry = [slice(None)] * tensor.ndim
                entry[axis] = index
                tensor[tuple(entry)] *= np.exp(step)
                changed[name] = tensor - offset
                values.append(np.concatenate([model.forward(config, changed, own).ravel() for own in tokens]))
            columns.append((values[0] - values[1]) / 2e-6)
    jacobian = np.stack(columns, axis=1)
    # Sensitivities of one size, so that the rank is clear.
    sizes = np.linalg.norm(jacobian, axis=0)
    sizes = np.where(sizes > 1e-9 * sizes.max(), sizes, 1.0)
    jacobian = jacobian / sizes
    singular = np.linalg.svd(jacobian, compute_uv=False)
    small = singular < 1e-6 * singular[0]
    gap = singular[~small][-1] / max(singular[small][0], 1e-300) if small.any() else np.inf
    assert gap > 30, f"the rank is not clear: a gap of {gap:.3g}"
    nothing = int(small.sum())
    known = []
    for group in groups:
        directions = np.zeros((group["multipliers"], start))
        for member in group["members"]:
            first = places[member["tensor"], member["axis"]]
            for index, channel in enumerate(member["channels"]):
                if channel is not None:
                    directions[channel, first + index] += exponent_of(member)
        known.append(directions)
    groups_only = np.concatenate(known) if known else np.zeros((0, start))
    for name, tensor in exact.items():
        for axis in range(1, tensor.ndim):
            direction = np.zeros((1, start))
            direction[0, places[name, 0] : places[name, 0] + tensor.shape[0]] = 1
            direction[0, places[name, axis] : places[name, axis] + tensor.shape[axis]] = -1
            known.append(direction)
    ruled = sum(map(len, known))
    added = [(name, 0, index) for name, tensor in exact.items() if name.endswith(".bias") and tensor.ndim == 1 for index in range(len(tensor))]
    added += getattr(model, "added", lambda config, weights: [])(config, weights)
    known.append(among(jacobian, [places[name, axis] + index for name, axis, index in added], singular[0]) / sizes)
    for name, axis, index in model.unused(config, weights):
        direction = np.zeros((1, start))
        direction[0, places[name, axis] + index] = 1
        known.append(direction)
    known = np.concatenate(known) * sizes
    worst = np.max(np.abs(jacobian @ (groups_only * sizes).T)) / singular[0] if len(groups_only) else 0.0
    assert worst < 1e-6, f"a group changes outputs: {worst}"
    rank = int(np.linalg.matrix_rank(known[:ruled]))
    assert rank == ruled, f"groups are not independent: {rank} of {ruled}"
    rank = int(np.linalg.matrix_rank(known / np.linalg.norm(known, axis=1, keepdims=True), tol=1e-6))
    assert rank == nothing, f"{rank} scalings are known to change nothing, and {nothing} change nothing"
    return len(groups_only), gap


def among(jacobian, entries, largest):
    """What changes of these entries alone leave the outputs as they are."""
    if not entries:
        return np.zeros((0, jacobian.shape[1]))
    _, singular, rows = np.linalg.svd(jacobian[:, entries])
    free = rows[int(np.sum(singular > 1e-6 * largest)) :]
    found = np.zeros((len(free), jacobian.shape[1]))
    found[:, entries] = free
    return found


def main():
    synbal, wanted = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as place:
        if not wanted or "lora" in wanted:
            judge_adapter(synbal, place)
        for module in MODULES:
            model = importlib.import_module(module)
            for number, (name, config) in enumerate(model.FAMILIES.items()):
                if wanted and name not in wanted:
                    continue
                random = np.random.default_rng(1000 + number)
                weights = dict(model.draw(config, number))
                folder = pathlib.Path(place) / name.replace(" ", "-")
                tensors.write_folder(folder, config, weights)
                report = explained(synbal, folder)
                groups = groups_of(report)
                right = judge_scalings(model, config, weights, groups, random, 200)
                wrong = judge_wrong(model, config, weights, groups, random, 200)
                dimension = sum(group["multipliers"] for group in groups)
                assert dimension == report["manifold"]["dimension"]
                counted = ""
                if name not in getattr(model, "NOT_COUNTED", ()):
                    found, gap = judge_dimension(model, config, weights, groups, random)
                    assert dimension == found
                    counted = f", all there are (gap {gap:.1e})"
                print(f"{name}: {dimension} free multipliers{counted}; {right} scalings keep the outputs, {wrong} wrong ones change them", flush=True)


def judge_adapter(synbal, place):
    """The product of the two matrices of each pair stays under the groups, and changes where one side is forgotten."""
    random = np.random.default_rng(7)
    at = "base_model.model.model.layers.0.self_attn."
    weights = {}
    for name, rows, columns in (("q_proj", 6, 5), ("v_proj", 4, 5)):
        weights[f"{at}{name}.lora_A.weight"] = random.normal(size=(3, columns)).astype(np.float32)
        weights[f"{at}{name}.lora_B.weight"] = random.normal(size=(rows, 3)).astype(np.float32)
    folder = pathlib.Path(place) / "adapter"
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 3, "lora_alpha": 6, "bias": "none", "target_modules": ["q_proj", "v_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tensors.write(folder / "adapter_model.safetensors", weights)
    groups = groups_of(explained(synbal, folder))
    assert sum(group["multipliers"] for group in groups) == 6

    def products(own):
        return [own[f"{at}{name}.lora_B.weight"] @ own[f"{at}{name}.lora_A.weight"] for name in ("q_proj", "v_proj")]

    for group in groups:
        own = 2.0 ** random.choice([-2, -1, 1, 2], group["multipliers"])
        right = products(scaled(weights, group["members"], [own, own]))
        assert all(map(np.array_equal, right, products(weights)))
        wrong = products(scaled(weights, group["members"][:1], [own]))
        assert not all(map(np.array_equal, wrong, products(weights)))
    print("lora: 6 free multipliers keep the products of the pairs", flush=True)


if __name__ == "__main__":
    main()
