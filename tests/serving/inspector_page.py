#!/usr/bin/env python3
"""Watches a live episode in headless Chromium as a person does: sees it move, changes the instruction by keyboard, sees the
intents change, pauses, steps, and looks at the recording afterwards. Exit code 77 where there is no Chromium.

  inspector_page.py LIBRA [--seconds 10] [--screenshots FOLDER]
"""
import argparse
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Browser:
    """Chromium, spoken to over a pipe (DevTools protocol)."""

    def __init__(self, program, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
                 "--hide-scrollbars", f"--user-data-dir={profile}", "about:blank"]

        def place():  # the protocol's ends are descriptors 3 and 4
            read, write = os.dup(to_read), os.dup(to_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen([program, *flags], preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.said = []  # what the page's console and its exceptions said
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(0.0, deadline - time.time()))[0]:
                raise TimeoutError("Chromium says nothing")
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has ended")
            self.buffer += part
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
            self.said.append(json.dumps(message["params"])[:400])
        return message

    def call(self, method, timeout=30, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        deadline = time.time() + timeout
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        self.call("Page.navigate", url=url)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression, timeout=30):
        deadline = time.time() + timeout
        while time.time() < deadline:
            value = self.value(expression)
            if value:
                return value
            time.sleep(0.05)
        raise TimeoutError(f"never true: {expression}")

    def key(self, key, code=None):
        text = {"text": key} if len(key) == 1 else {}
        if key == "Enter":
            text = {"text": "\r"}
        for kind in ("keyDown", "keyUp"):
            codes = {"Enter": 13, "ArrowRight": 39, "ArrowLeft": 37, "End": 35, "Home": 36, " ": 32}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, windowsVirtualKeyCode=codes.get(key, 0),
                      **(text if kind == "keyDown" else {}))

    def size(self, width, height, scale=1.0, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, path, whole=True):
        time.sleep(0.4)  # a picture for people: let it be drawn
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": box["width"], "height": box["height"], "scale": 1}
        params = {"clip": clip, "captureBeyondViewport": True} if whole else {}
        Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **params)["data"]))

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Page:
    """libra inspect with these arguments, while it is served."""

    def __init__(self, libra, *arguments):
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([libra, "inspect", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        cwd=ROOT, env=environment)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.log.seek(0)
            raise RuntimeError("libra inspect: " + self.log.read())

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        assert code == 0, f"libra inspect: exit code {code}"


def watch_live(libra, browser, seconds, folder, shots):
    page = Page(libra, "--checkpoint", "checkpoints/libra_tiny_object", "--suite", "object", "--control", "--out", folder)
    try:
        browser.size(1280, 860)
        browser.open(page.url)
        step = "Number(document.querySelector('.place')?.dataset.step ?? -1)"
        browser.until(f"{step} >= 1", 60)
        first, began = browser.value(step), time.time()
        seen = set()
        while time.time() - began < seconds:
            seen.add(browser.value("document.querySelector('.place').dataset.id + ':' + " + step))
            time.sleep(0.2)
        assert len(seen) >= min(10, 2 * seconds), f"the episode does not move: {sorted(seen)}"
        lit = browser.value("(() => { const c = document.querySelector('.cameras canvas'); const d = c.getContext('2d')"
                            ".getImageData(0, 0, c.width, c.height).data; return new Set(d).size; })()")
        assert lit > 30, "the cameras show nothing"
        if shots:
            browser.screenshot(shots / "desktop.png")

        # Paused by the keyboard, it stands still, and goes on step by step.
        browser.key("r")
        browser.until(f"{step} >= 4 && {step} < 60")
        browser.key(" ", "Space")
        browser.until("document.querySelector('.state').textContent === 'paused'")
        browser.until(f"(window.at = {step}, true)")
        browser.key("ArrowRight")
        browser.until(f"{step} === window.at + 1")
        told = "document.querySelector('.intents').textContent"
        before = browser.value(told)

        # Another instruction, typed.
        browser.key("i")
        browser.until("document.activeElement.classList.contains('words')")
        browser.value("document.activeElement.select()")
        for letter in "pick up the milk and place it in the basket":
            browser.key(letter)
        browser.key("Enter")
        browser.until("document.querySelector('.instruction').textContent.includes('milk')")
        browser.key(" ", "Space")
        browser.until("document.querySelector('.said').textContent.includes('told: pick up the milk')")
        browser.until(f"{told} !== {json.dumps(before)}")
        browser.until(f"{step} > window.at + 8")
        for name, width, dark in (("phone", 390, False), ("dark", 1280, True), ("phone_dark", 390, True)):
            browser.size(width, 860, 2 if width < 600 else 1, dark)
            wide = browser.value("document.documentElement.scrollWidth")
            assert wide <= width, f"the page is {wide} px wide on a screen of {width}"
            if shots:
                browser.screenshot(shots / f"{name}.png")
        browser.size(1280, 860)
        browser.key("r")  # ends the episode, which is kept
        browser.until(f"{step} < 8")
        assert not browser.said, "the page complains: " + "\n".join(browser.said)
        browser.open("about:blank")
    finally:
        page.end()


def watch_recording(libra, browser, folder, shots):
    page = Page(libra, folder)
    try:
        browser.said.clear()
        browser.open(page.url)
        step = "Number(document.querySelector('.place:not([hidden])')?.dataset.step ?? -1)"
        browser.until(f"{step} > 5")
        at = "Number(document.querySelector('.place:not([hidden]) .scrub').value)"
        browser.until(f"{at} > 3")  # it plays
        browser.key("Home")
        browser.until(f"{at} === 0")
        browser.key("ArrowRight")
        browser.key("ArrowRight")
        browser.until(f"{at} === 2")
        browser.until("(() => { const c = document.querySelector('.place:not([hidden]) .cameras canvas'); return c.width > 1; })()")
        assert browser.value("document.querySelector('.place:not([hidden]) .say').hidden"), "a recording takes an instruction"
        if shots:
            browser.screenshot(shots / "recording.png")
    finally:
        page.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("libra")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--screenshots", type=Path)
    options = parser.parse_args()
    program = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if program is None:
        print("no Chromium: the page was not looked at")
        return 77
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        browser = Browser(program, work + "/profile")
        try:
            episodes = work + "/episodes"
            watch_live(options.libra, browser, options.seconds, episodes, options.screenshots)
            watch_recording(options.libra, browser, episodes, options.screenshots)
            assert not browser.said, "the page complains: " + "\n".join(browser.said)
        except Exception:
            print("\n".join(browser.said), file=sys.stderr)
            raise
        finally:
            browser.close()
    print("the page was watched")
    return 0


if __name__ == "__main__":
    sys.exit(main())
