"""The page of `synbal explore`: what is seen, and what clicks do."""

import contextlib
import json
import os
import signal
import subprocess

import sight

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "..", "cases")
DATA = os.path.join(HERE, "..", "..", "data")
IDLE = "document.body.getAttribute('aria-busy') === null"


@contextlib.contextmanager
def served(synbal, found, *arguments):
    """The address of the page; an interrupt ends the program, which then says that all is well."""
    program = subprocess.Popen([synbal, "explore", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield program.stdout.readline().strip()
    finally:
        program.send_signal(signal.SIGINT)
        if program.wait(timeout=20) != 0:
            found.append(f"explore {arguments}: ended with exit code {program.returncode}")


class Hands:
    """What a person does on the page."""

    def __init__(self, page):
        self.page = page

    def idle(self):
        self.page.wait(f"{IDLE} && document.readyState === 'complete'", 30)

    def open(self, address, width=1280, dark=False):
        self.page.open(address, width, sight.HEIGHT, dark)
        self.page.wait("document.querySelector('#network .unit, #layers .card') !== null", 60)
        self.idle()

    def click(self, selector):
        """A true click at the middle of what is seen, so that what covers it is clicked instead."""
        at = self.page.run(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{ block: 'center' }});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        self.click_at(*at)

    def click_at(self, x, y):
        for kind in ["mousePressed", "mouseReleased"]:
            self.page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.idle()

    def unit(self, name):
        self.click(f"#network [data-unit='{name}'] circle")

    def mode(self, name):
        self.click(f"input[value={name}]")

    def text(self, selector):
        return self.page.run(f"document.querySelector({json.dumps(selector)}).textContent")

    def number(self, selector):
        return float(self.page.run(f"document.querySelector({json.dumps(selector)}).dataset.number"))

    def drop(self, path):
        with open(path, "rb") as file:
            content = list(file.read())
        name = os.path.basename(path)
        self.page.run(f"""(() => {{
            const given = new DataTransfer();
            given.items.add(new File([new Uint8Array({json.dumps(content)})], {json.dumps(name)}));
            document.dispatchEvent(new DragEvent('drop', {{ dataTransfer: given, bubbles: true, cancelable: true }}));
        }})()""")
        self.idle()


def look(page, synbal, pictures):
    found = []
    hands = Hands(page)

    def expect(is_so, what):
        if not is_so:
            found.append(f"explore: {what}")

    with served(synbal, found) as address:
        views(page, hands, address, pictures, found)
        by_hand(page, hands, address, expect)
        drawing(page, hands, address, expect)
        dropping(page, hands, expect, pictures)
        asked = [one for one in page.asked() if not one.startswith((address, "data:", "blob:"))]
        expect(not asked, f"asks for {asked}")
    model = os.path.join(DATA, "blazeface-front-128.onnx")
    with served(synbal, found, model) as address:
        for width, dark, view in sight.views():
            hands.open(address, width, dark)
            sight.picture(page, pictures, f"explore-{view}-layers")
            found += [f"explore, layers at {view}: {fault}" for fault in sight.faults(page)]
        expect(page.run("document.querySelectorAll('#layers .card .after').length") > 100, "no bars of layers after balancing")
        expect(not page.complaints(), page.complaints())
    return found


def views(page, hands, address, pictures, found):
    for width, dark, view in sight.views():
        hands.open(address, width, dark)
        sight.picture(page, pictures, f"explore-{view}")
        found += [f"explore at {view}: {fault}" for fault in sight.faults(page)]
        hands.unit("a")
        hands.unit("d")
        hands.click("#orders")
        sight.picture(page, pictures, f"explore-{view}-orders")
        page.run("scrollTo(0, 0)")
        sight.picture(page, pictures, f"explore-{view}-steps", whole=True)
        found += [f"explore at {view}, after steps: {fault}" for fault in sight.faults(page)]
        found += [f"explore at {view}: {fault}" for fault in page.complaints()]
    found += sight.blind(page)


def by_hand(page, hands, address, expect):
    """Whatever the order, there is one end, and it is the optimum."""
    ends = []
    for order in ["abcd", "dcba"]:
        hands.open(address)
        costs = [hands.number("#cost")]
        for unit in order * 12:
            hands.unit(unit)
            costs.append(hands.number("#cost"))
        expect(all(after <= before * (1 + 1e-9) for before, after in zip(costs, costs[1:])), f"R rises in the order {order}: {costs}")
        expect(float(hands.text("#deficit")) < 1e-3, f"the deficit is {hands.text('#deficit')}")
        ends.append(costs[-1])
    hands.click("#optimum")
    ends.append(hands.number("#cost"))
    expect(max(ends) - min(ends) < 1e-3 * ends[0], f"different ends: {ends}")
    expect("Proved in rational numbers" in hands.text("#end"), hands.text("#end"))
    hands.click("#basis button")
    expect(page.run("document.querySelectorAll('#network .lit').length") >= 2, "an equation lights no synapses")
    # By the keyboard too: the unit stays the one that Enter is for.
    hands.click("#again")
    hands.page.run("document.querySelector('#network [data-unit=a]').focus()")
    for _ in range(2):
        for kind in ["keyDown", "keyUp"]:
            page.ask("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13)
        hands.idle()
    expect(hands.text("#step").startswith("a: "), f"Enter: {hands.text('#step')}")
    expect(page.run("document.activeElement.dataset.unit") == "a", "the focus is lost")
    hands.click("#optimum")
    ends.append(hands.number("#cost"))
    # A visible unit is none to balance: that is said, and nothing changes.
    hands.unit("x1")
    expect("cannot be scaled" in hands.text("#message"), hands.text("#message"))
    expect(hands.number("#cost") == ends[-1] and max(ends) - min(ends) < 1e-3 * ends[0], "a refused step changed something")


def drawing(page, hands, address, expect):
    """A unit is added, joined, weighed and balanced; a unit is removed."""
    hands.open(address)
    hands.click("#new")
    expect(hands.text("#cost").startswith("17"), hands.text("#cost"))
    hands.unit("h1")
    expect(hands.text("#cost").startswith("8") and "λ = 1/2, taken exactly" in hands.text("#step"), hands.text("#step"))
    hands.mode("add")
    box = page.run("(() => { const b = document.getElementById('network').getBoundingClientRect(); return [b.x + b.width / 2, b.bottom - 14]; })()")
    hands.click_at(*box)
    hands.mode("connect")
    for unit in ["x", "h2", "h2", "y"]:
        hands.unit(unit)
    expect(hands.text("#cost").startswith("10"), f"drawn: {hands.text('#cost')} {hands.text('#message')}")
    hands.mode("edit")
    weigh = "document.querySelectorAll('#network .synapse')[2].dispatchEvent(new MouseEvent('click', { bubbles: true }))"
    for weight, said in [("9", ""), ("1/0", "zero denominator")]:
        page.run(weigh)
        page.run(f"document.querySelector('#editor input').value = '{weight}'")
        hands.click("#editor button[type=submit]")
        expect(said in hands.text("#message"), f"{weight}: {hands.text('#message')}")
    hands.mode("balance")
    hands.unit("h2")
    # 4 + 4 of the first unit, 9 + 9 of the second.
    expect(hands.text("#cost").startswith("26"), f"weighed: {hands.text('#cost')}")
    hands.mode("edit")
    hands.unit("h2")
    hands.click("#editor button[type=button]")
    expect(hands.text("#cost").startswith("8"), f"removed: {hands.text('#cost')}")


def dropping(page, hands, expect, pictures):
    """Files of each kind, and what is none."""
    hands.drop(os.path.join(HERE, "run.py"))
    expect(page.run("!document.getElementById('message').hidden"), "a file that is no network is taken for one")
    hands.drop(os.path.join(DATA, "digits-mlp.safetensors"))
    expect(page.run("!document.getElementById('ask').hidden"), "nothing is asked about a perceptron")
    hands.click("#ask button")
    expect(page.run("document.querySelectorAll('.card').length") == 3, "a perceptron has no layers")
    hands.drop(os.path.join(CASES, "k.onnx"))
    expect(page.run("document.querySelectorAll('.card').length") > 0, "an ONNX model has no layers")
    hands.drop(os.path.join(HERE, "..", "..", "examples", "chain.json"))
    expect(page.run("!document.getElementById('drawn').hidden"), f"a network is not drawn: {hands.text('#message')}")
    # A gate, a tie, a cycle and a self-connection.
    hands.drop(os.path.join(HERE, "gate.json"))
    expect(page.run("document.querySelectorAll('#network .factor').length") == 2, "the factors of a product are not drawn")
    for width, dark, view in sight.views():
        page.size(width, sight.HEIGHT, dark)
        sight.picture(page, pictures, f"explore-{view}-gate")
        for fault in sight.faults(page):
            expect(False, f"a gate at {view}: {fault}")
    before = hands.number("#cost")
    hands.mode("balance")
    hands.unit("b")
    expect(hands.number("#cost") < before and page.run("document.getElementById('message').hidden"), f"a tied unit is not balanced: {hands.text('#message')}")
