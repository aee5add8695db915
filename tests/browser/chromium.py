"""A page in a headless Chromium, spoken to through a pipe: Python's own library and Debian's `chromium`, nothing else."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def program():
    """The browser on this machine, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Fault(Exception):
    """The browser refused, or a script threw."""


class Page:
    """One page. Use it in a `with` block, which ends the browser."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        from_us, ours = os.pipe()
        theirs, to_us = os.pipe()

        def at_3_and_4():
            # Where the browser looks for its pipe; first away from there, in case they stand there crosswise.
            low, high = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (from_us, to_us))
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars=false", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            preexec_fn=at_3_and_4, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self.write, self.read = os.fdopen(ours, "wb"), os.fdopen(theirs, "rb")
        self.number, self.session, self.log = 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.write.close()
        self.read.close()
        self.folder.cleanup()

    def ask(self, method, **given):
        """One command of the browser's protocol, and its answer; what happens meanwhile goes to `log`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": given}
        if self.session:
            message["sessionId"] = self.session
        self.write.write(json.dumps(message).encode() + b"\0")
        self.write.flush()
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Fault(f"{method}: {answer['error']}")
                return answer["result"]
            self.log.append(answer)

    def next(self):
        text = bytearray()
        while (letter := self.read.read(1)) != b"\0":
            if not letter:
                raise Fault("the browser ended")
            text += letter
        return json.loads(text)

    def open(self, address, width, height=900, dark=False):
        """Opens an address in a window of so many CSS pixels, in the light or the dark scheme."""
        self.size(width, height, dark)
        self.log.clear()
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def size(self, width, height=900, dark=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)

    def run(self, script):
        """The value of an expression, as JSON has it."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise Fault(f"{script[:80]}: {found['exceptionDetails']['exception'].get('description')}")
        return found["result"].get("value")

    def wait(self, script, seconds=10):
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                raise Fault(f"still false after {seconds} s: {script}")
            time.sleep(0.02)

    def complaints(self):
        """What went wrong on the page since it was opened."""
        thrown = [str(event["params"]["exceptionDetails"]) for event in self.log if event.get("method") == "Runtime.exceptionThrown"]
        logged = [event["params"]["entry"] for event in self.log if event.get("method") == "Log.entryAdded"]
        return thrown + [entry["text"] for entry in logged if entry["level"] == "error"]

    def asked(self):
        """The addresses that the page asked for since it was opened."""
        return [event["params"]["request"]["url"] for event in self.log if event.get("method") == "Network.requestWillBeSent"]

    def picture(self, path, whole=True):
        """Writes what is seen as PNG: the whole page, or its first screen."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
