"""Screenshots of the explorer for the gallery: ``python docs/explorer_pictures.py``.

Chromium and the extra `browser` are needed. Each picture is what an address shows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).parent / "_static"
PICTURES = {
    "sign_change": "preset=fig5",
    "dual_valve": "preset=dual_valve&free.polar_deg=120.0",
    "bounds": "preset=fig4&degree=1.0&elements=2.0&F2.polar_deg=-90.0",
    "motion": "preset=oscillator&hide=forces,hodographs&j0_A_m2=320000000000.0",
}
"""Queries of addresses by the names of their pictures."""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


def take(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.locator('[data-name="dr"]').wait_for()
    page.wait_for_timeout(4000)  # until all pictures are drawn, and magnets have moved
    page.screenshot(path=path)


def main() -> None:
    STATIC.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "spinfem", "explore", "--port", "0", "--no-browser"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as profile,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=FLAGS,
            viewport={"width": 1440, "height": 990},
        )
        for name, query in PICTURES.items():
            path = STATIC / f"explorer_{name}.png"
            take(browser.new_page(), f"{url}?{query}", path)
            print(path)
        browser.close()
        server.terminate()


if __name__ == "__main__":
    main()
