"""A headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver2/) by plain HTTP."""

import base64
import shutil
import subprocess
from contextlib import contextmanager

import httpx
import pytest

from tests.e2e.harness import free_port, wait_for

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed"
)
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
_ARGUMENTS += ["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]


class Browser:
    """One window."""

    def __init__(self, api, session):
        self._api, self._session = api, f"/session/{session}"

    def _post(self, path, **body):
        answer = self._api.post(f"{self._session}{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, url):
        self._post("/url", url=url)

    def run(self, script, *arguments):
        """What the body of a function returns in the page."""
        return self._post("/execute/sync", script=script, args=list(arguments))

    def command(self, name, **parameters):
        """A command of the Chrome DevTools Protocol."""
        return self._post("/goog/cdp/execute", cmd=name, params=parameters)

    def look(self, *, width, height, dark):
        """Show pages in this size, to somebody whose system is light or dark."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def photograph(self):
        """The window as a PNG."""
        return base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])


@contextmanager
def open_browser():
    port = free_port()
    driver = subprocess.Popen(
        [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as api:

            def is_ready():
                try:
                    return api.get("/status").json()["value"]["ready"]
                except httpx.TransportError:
                    return False

            wait_for(is_ready)
            options = {"binary": BROWSER, "args": _ARGUMENTS}
            wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
            answer = api.post("/session", json={"capabilities": wanted})
            assert answer.status_code == 200, answer.text
            session = answer.json()["value"]["sessionId"]
            yield Browser(api, session)
            api.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(10)
