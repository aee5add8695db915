"""Tables of the page."""

import numpy as np

from .measure import ARMS, SETTINGS, is_balancing
from .statistics import interval, sign

BALANCING = [arm for arm in ARMS if is_balancing(arm)]
CHANGED = [arm for arm in ARMS if arm != "none"]


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def called(skew):
    return "as trained" if skew == 0 else f"skew {skew:g}"


def percent(values):
    mean, half = interval(100 * values)
    return f"{mean:.1f} ± {half:.1f}"


def points(values):
    """A paired difference; in bold if its whole interval lies on one side of 0."""
    mean, half = interval(100 * values)
    text = f"{mean + 0.0:+.1f} ± {half:.1f}".replace("-", "−")
    return f"**{text}**" if sign(values) else text


def counted(measured, names, skew, setting, arm, other):
    signs = [sign(measured.difference(name, skew, arm, other, setting)) for name in names]
    return signs.count(1), signs.count(-1)


def verdicts(measured, names, skews):
    """For how many architectures the whole interval of the difference lies above 0, and below."""
    heads = ["weights", "networks", *(f"{arm} − none" for arm in CHANGED), *(f"{arm} − equalised" for arm in BALANCING)]
    pairs = [(arm, "none") for arm in CHANGED] + [(arm, "equalised") for arm in BALANCING]
    rows = []
    for setting in SETTINGS:
        for skew in skews:
            counts = [counted(measured, names, skew, setting, arm, other) for arm, other in pairs]
            rows.append([setting, called(skew), *(f"{up} / {down}" for up, down in counts)])
    return table(heads, rows)


def accuracies(measured, names, skews, setting):
    rows = []
    for name in names:
        for skew in skews:
            exact = percent(measured.values(name, skew, "none", "float"))
            rows.append([name, called(skew), exact, *(percent(measured.accuracy(name, skew, arm, setting)) for arm in ARMS)])
    return table(["network", "", "in floats", *ARMS], rows)


def differences(measured, names, skews, setting):
    pairs = [(arm, other) for other in ("none", "equalised") for arm in BALANCING]
    rows = []
    for name in names:
        for skew in skews:
            rows.append([name, called(skew), *(points(measured.difference(name, skew, arm, other, setting)) for arm, other in pairs)])
    return table(["network", "", *(f"{arm} − {other}" for arm, other in pairs)], rows)


def noises(measured, names, skew):
    rows = []
    for setting in SETTINGS:
        for name in names:
            rows.append([setting, name, *(decibels(measured.values(name, skew, arm, setting, "noise")) for arm in ARMS)])
    return table(["weights", "network", *ARMS], rows)


def decibels(values):
    mean, half = interval(values)
    return f"{mean + 0.0:.1f} ± {half:.1f}".replace("-", "−")


def growths(measured, names, skews):
    rows = []
    for name in names:
        for skew in skews:
            cells = []
            for arm in CHANGED:
                values = measured.values(name, skew, arm, "growth")
                cells.append(f"{np.exp(np.mean(np.log(values))):.2f} ({values.max():.2f})")
            rows.append([name, called(skew), *cells])
    return table(["network", "", *CHANGED], rows)


def spreads(measured, names, skews, real):
    rows = []
    for name in names:
        for skew in skews:
            own = [measured.values(name, skew, arm, "spread") for arm in ("none", "equalised", "l2")]
            rows.append([name, called(skew), *(f"{np.mean(np.median(each, axis=1)):.2f}, {np.mean(each[:, -1]):.2f}" for each in own)])
    for name, found in real.items():
        own = [found[arm][0]["spread"] if has_run(found[arm]) else None for arm in ("none", "equalised", "l2")]
        rows.append([f"`{name}`", "as shipped", *(f"{np.median(each):.2f}, {each[-1]:.2f}" if each else "–" for each in own)])
    return table(["network", "", "none", "equalised", "l2"], rows)


def has_run(draws):
    return isinstance(draws, list)


def noise_of(draws, setting, what):
    """Signal over noise in dB by draw of the inputs."""
    return np.array([draw[setting][what] for draw in draws])


def shipped(real):
    """Noise and growth of models in files; in bold what differs from nothing done, by the interval of the paired difference."""
    rows = []
    for name, found in real.items():
        for setting in list(SETTINGS)[:2]:
            for what, key in (("all", "noise"), ("weights alone", "weights alone")):
                rows.append([f"`{name}`", f"{setting}, {what}", *(compared(found, arm, setting, key) for arm in ARMS)])
        largest = [f"{max(draw['growth'] for draw in own):.2f}" if has_run(own) else "–" for own in found.values()]
        rows.append([f"`{name}`", "growth of a range", *largest])
    return table(["model", "", *ARMS], rows)


def compared(found, arm, setting, key):
    if not has_run(found[arm]):
        return "–"
    own, before = (noise_of(found[each], setting, key) for each in (arm, "none"))
    return f"**{decibels(own)}**" if sign(own - before) else decibels(own)
