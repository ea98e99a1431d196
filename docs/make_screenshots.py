"""Makes the pictures of docs/mlflow.md from real runs: python docs/make_screenshots.py

Needs what the tests with a browser need: Chromium with its driver (Debian: apt install chromium-driver) and selenium.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from browser import chromium, why_not  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
RUNS = (
    ("layer=KQV", "model=bert_base"),
    ("-m", "arch.rows=8,16,32", "arch.scratchpad_kib=128,256,512", "layer=KQV", "model=bert_base"),
)
_ASSISTANT = {"mlflow.assistant.panelOpen_v1": "false", "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true"}
"""What MLflow's pages remember when somebody closes their assistant, which opens at the first visit."""

_PATIENCE_S = 120.0
_COLOURS = 256


def launch(folder: Path, *arguments: str) -> None:
    """Run launch.py in a folder."""
    command = [sys.executable, str(ROOT / "launch.py"), "-q", *arguments]
    subprocess.run(command, cwd=folder, env=_environment(), check=True)  # noqa: S603


@contextmanager
def mlflow_ui(folder: Path) -> Iterator[str]:
    """``mlflow ui`` on a folder's runs; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port), "--workers", "1"]
    address = f"http://127.0.0.1:{port}/"
    with (folder / "ui.log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=_environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(address + "health", server)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # it only reads, and takes its time to end
            server.wait(30)


class Pages:
    """MLflow's pages in a browser."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        self._address = address
        items = "".join(f"localStorage.setItem('{key}', '{value}');" for key, value in _ASSISTANT.items())
        before = {"source": f"if (location.protocol === 'http:' && window === top) {{ {items} }}"}
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", before)

    def open(self, path: str = "") -> None:
        """Open a page, e.g. ``experiments/1/runs``."""
        self.driver.get("about:blank")  # a new fragment alone would not load the page again
        self.driver.get(f"{self._address}#/{path}")

    def wait_for(self, *texts: str) -> None:
        """Wait until all texts stand on the page."""
        self.until(
            "const all = document.body.innerText; return [...arguments].every(text => all.includes(text))", *texts
        )

    def until(self, script: str, *arguments: Any) -> Any:
        """Wait until a script returns something true; what it returned."""
        end = time.monotonic() + _PATIENCE_S
        while not (found := self.driver.execute_script(script, *arguments)):
            if time.monotonic() > end:
                shown = self.driver.execute_script("return document.body.innerText")
                raise TimeoutError(f"waited in vain for {script} {arguments}; the page says:\n{shown}")
            time.sleep(0.2)
        return found

    def click(self, text: str) -> None:
        """Click on the visible element that has exactly this text."""
        owner = (
            "one => one.offsetParent && [...one.childNodes].some("
            "part => part.nodeType === Node.TEXT_NODE && part.data.trim() === arguments[0])"
        )
        found = self.until(f"return [...document.querySelectorAll('body *')].find({owner})", text)
        found.click()

    def save(self, name: str) -> None:
        """Keep what is shown as docs/pictures/mlflow_<name>.png, small."""
        from PIL import Image  # noqa: PLC0415 - matplotlib brings it

        time.sleep(1.5)  # animations
        picture = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        picture.quantize(_COLOURS).save(PICTURES / f"mlflow_{name}.png", optimize=True)


def parallel_coordinates(pages: Pages, runs: list[str]) -> list[str]:
    """Open the comparison of some runs; the titles of its parallel coordinates' axes."""
    listed = ",".join(f'"{run}"' for run in runs)
    pages.open(f'compare-runs?runs=[{listed}]&experiments=["1"]')
    titles = "return [...document.querySelectorAll('.parcoords .axis-title')].map(one => one.textContent)"
    return list(pages.until(f"const found = (() => {{{titles}}})(); return found.length && found"))


def main() -> None:
    """Run, open, look, keep."""
    lacking = why_not()
    if lacking:
        sys.exit(lacking)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for run in RUNS:
            launch(folder, *run)
        with mlflow_ui(folder) as address, chromium(1280, 800) as driver:
            _take(Pages(driver, address), folder)


def _take(pages: Pages, folder: Path) -> None:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - it takes a second

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = client.search_runs(["1"])
    (sweep,) = [run.info.run_id for run in runs if run.data.tags["kind"] == "sweep"]
    trials = [run.info.run_id for run in runs if run.data.tags.get("mlflow.parentRunId") == sweep]
    (single,) = [run.info.run_id for run in runs if run.info.run_name == "gemmini 16x16 KQV"]

    pages.open()
    pages.wait_for("Model training", "timeloop-launcher")
    pages.click("Model training")
    pages.wait_for("Model registry", "timeloop-launcher")
    pages.save("home")
    pages.open("experiments/1/runs")
    pages.wait_for("gemmini 16x16 KQV", "Views")
    pages.click("Views")
    pages.wait_for("trials, best EDP first")
    pages.save("views")
    pages.open(f"experiments/1/runs?viewStateShareKey=sweep-{sweep[:8]}")
    pages.wait_for("rows=32 scratchpad_kib=512", "edp_j_cycles")
    pages.save("trials")
    parallel_coordinates(pages, trials)
    pages.save("compare")
    pages.open(f"experiments/1/runs/{single}/artifacts/mapping.svg")
    pages.until("return document.querySelector('img[alt=\"mapping.svg\"]')?.naturalWidth")
    pages.save("mapping")
    pages.open(f"experiments/1/runs/{sweep}/artifacts/report.html")
    pages.until("return document.querySelector('iframe')")
    time.sleep(5)  # the page in the frame draws itself
    pages.save("report")


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"mlflow ui does not answer at {address}")


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**inherited, "MLFLOW_DISABLE_TELEMETRY": "true"}


if __name__ == "__main__":
    main()
