"""The picture of accuracies: a panel for each architecture and setting, skew to the right, lines by arm."""

from .measure import SETTINGS
from .statistics import Table, interval

# Arms drawn: class of the line, shape of the mark.
LINES = {"none": ("a", "circle"), "equalised": ("b", "square"), "l2": ("c", "triangle"), "l2, powers of 2": ("d", "cross")}
TEXT = {"none": "nothing done", "equalised": "equalised until nothing changes", "l2": "balanced, l2", "l2, powers of 2": "balanced, l2, powers of two"}
PANEL, GAP, LEFT, TOP = (164, 120), (14, 44), 96, 92

STYLE = """
text { font: 13px sans-serif; fill: #222 } .ground { fill: #fff } .grid { stroke: #ddd } .axis { stroke: #888; fill: none }
.a { stroke: #666; fill: #666 } .b { stroke: #b3541e; fill: #b3541e } .c { stroke: #1b5fa8; fill: #1b5fa8 } .d { stroke: #2e7d4f; fill: #2e7d4f }
polyline { fill: none !important; stroke-width: 1.6 } .a polyline { stroke-dasharray: 1 3; stroke-linecap: round } .b polyline { stroke-dasharray: 7 3 }
.d polyline { stroke-dasharray: 7 2 1 2 } .mark { stroke: none } .open { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .ground { fill: #16181c } .grid { stroke: #33363c } .axis { stroke: #888 }
.a { stroke: #aaa; fill: #aaa } .b { stroke: #f0935a; fill: #f0935a } .c { stroke: #6fb1f5; fill: #6fb1f5 } .d { stroke: #74c795; fill: #74c795 }
}
"""


def mark(shape, x, y):
    if shape == "circle":
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="3.6"/>'
    if shape == "square":
        return f'<rect class="mark" x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4"/>'
    if shape == "triangle":
        return f'<path class="mark" d="M{x:.1f} {y - 4.4:.1f}l4.4 7.6h-8.8z"/>'
    return f'<path class="open" d="M{x - 3.6:.1f} {y - 3.6:.1f}l7.2 7.2m0 -7.2l-7.2 7.2"/>'


def legend():
    parts, x = [], LEFT
    for arm, (style, shape) in LINES.items():
        parts.append(f'<g class="{style}"><polyline points="{x},46 {x + 36},46"/>{mark(shape, x + 18, 46)}</g>')
        parts.append(f'<text x="{x + 44}" y="50">{TEXT[arm]}</text>')
        x += 60 + 7 * len(TEXT[arm])
    return parts


def panel(table, name, skews, setting, left, top):
    """Lines with their intervals; those of several arms are set a little apart."""
    width, height = PANEL
    places = [left + width * (place + 0.5) / len(skews) for place in range(len(skews))]

    def down(value):
        return top + height * (1 - min(max(value, 0), 1))

    parts = [f'<path class="grid" d="M{left} {down(level):.1f}h{width}"/>' for level in (0.25, 0.5, 0.75)]
    parts.append(f'<rect class="axis" x="{left}" y="{top}" width="{width}" height="{height}"/>')
    parts += [f'<text x="{x:.1f}" y="{top + height + 15}" text-anchor="middle">{skew:g}</text>' for x, skew in zip(places, skews)]
    for number, (arm, (style, shape)) in enumerate(LINES.items()):
        points, marks = [], []
        for x, skew in zip(places, skews):
            mean, half = interval(table.accuracy(name, skew, arm, setting))
            x += 5 * (number - (len(LINES) - 1) / 2)
            points.append(f"{x:.1f},{down(mean):.1f}")
            whisker = f'<path d="M{x:.1f} {down(mean - half):.1f}V{down(mean + half):.1f}"/>'
            marks.append(whisker + mark(shape, x, down(mean)))
        joined = " ".join(points)
        parts.append(f'<g class="{style}"><polyline points="{joined}"/>{"".join(marks)}</g>')
    return parts


def drawn(runs, names, skews, seeds):
    table = Table(runs, seeds)
    step = PANEL[0] + GAP[0], PANEL[1] + GAP[1]
    width, height = LEFT + step[0] * len(names) + 6, TOP + step[1] * len(SETTINGS) + 14
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">']
    parts.append(f"<title>Accuracy of quantised networks against the skew of their channels</title><style>{STYLE}</style>")
    parts.append(f'<rect class="ground" width="{width}" height="{height}"/>')
    parts.append(f'<text x="{LEFT}" y="22">Accuracy on the test images after quantisation, means of {seeds} seeds with 95 % intervals</text>')
    parts += legend()
    for column, name in enumerate(names):
        left = LEFT + column * step[0]
        for line, text in enumerate(reversed(name.split(", "))):
            parts.append(f'<text x="{left + PANEL[0] / 2}" y="{TOP - 8 - 16 * line}" text-anchor="middle">{text}</text>')
        for row, setting in enumerate(SETTINGS):
            parts += panel(table, name, skews, setting, left, TOP + row * step[1])
    for row, setting in enumerate(SETTINGS):
        top = TOP + row * step[1]
        bits, scales = setting.split(", ")
        parts += [f'<text x="8" y="{top + PANEL[1] / 2 + dy}">{text}</text>' for text, dy in ((bits, -4), (scales, 12))]
        parts += [f'<text x="{LEFT - 6}" y="{top + PANEL[1] * (1 - level) + 4}" text-anchor="end">{level:g}</text>' for level in (0, 1)]
    below = "skew: hidden channels are multiplied by exp(N(0, skew)), and divided out behind"
    parts.append(f'<text x="{LEFT}" y="{height - 8}">{below}</text>')
    return "\n".join(parts + ["</svg>", ""])
