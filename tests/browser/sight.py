"""What can be seen to be wrong with a page, at three widths, light and dark."""

import os

WIDTHS = [390, 768, 1280]
HEIGHT = 900

with open(os.path.join(os.path.dirname(__file__), "sight.js"), encoding="utf-8") as file:
    SIGHT = file.read()


def faults(page):
    """What is wrong with the page as it is now."""
    return page.run(SIGHT)


def views():
    """Every width in both schemes, with a name."""
    return [(width, dark, f"{width}-{'dark' if dark else 'light'}") for width in WIDTHS for dark in (False, True)]


def picture(page, folder, name, whole=False):
    if folder:
        page.picture(os.path.join(folder, f"{name}.png"), whole)


def blind(page):
    """The faults that are put into the page and not seen: a check that sees nothing proves nothing."""
    planted = [
        ("wide on", "body > * { min-width: 1400px }"),
        ("overlaps", "p, figcaption, h1, h2, h3 { margin: -1.4em 0 !important }"),
        ("contrast", "p, h1 { color: #808080 !important; background: #909090 }"),
        ("pixels high", "p, h1 { font-size: 7px !important }"),
    ]
    unseen = []
    for word, style in planted:
        # Made by script, as a policy may allow no other styles.
        page.run(f"(() => {{ const s = new CSSStyleSheet(); s.replaceSync(`{style}`); document.adoptedStyleSheets = [s]; }})()")
        if not any(word in fault for fault in faults(page)):
            unseen.append(f"not seen: {style}")
        page.run("document.adoptedStyleSheets = []; 0")
    return unseen
