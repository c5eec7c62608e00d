"""The page in a browser: Chromium, headless."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf

pytest.importorskip("panel")
sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = [
    pytest.mark.long,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "co_cu_py.toml"
PATIENCE = 60_000
"""ms."""


def wait_for(url):
    """Wait until somebody answers there."""
    port = int(url.rstrip("/").rpartition(":")[2])
    for _ in range(300):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


@pytest.fixture(scope="module")
def url():
    """Serve an example, and return where."""
    command = [sys.executable, "-m", "spinfem", "explore", EXAMPLE, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().split()[0]
            wait_for(url)  # said before the server listens
            yield url
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            args=FLAGS,
            headless=True,
            viewport={"width": 1440, "height": 1080},
        )
        yield context
        context.close()


@pytest.fixture
def page(browser, url):
    """A new page on which nothing went wrong, and that asked for nothing from elsewhere."""
    page, asked, wrong = browser.new_page(), [], []
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: line.type == "error" and wrong.append(line.text))
    yield page
    page.close()
    assert wrong == []
    home = url.partition("://")[2]
    outside = [one for one in asked if not re.match(rf"(https?|ws)://{home}|data:|blob:", one)]
    assert asked
    assert outside == []


def opened(page, address):
    page.goto(address)
    page.wait_for_function("() => document.readyState == 'complete'")
    number(page, "dr").wait_for()


def number(page, name):
    return page.locator(f'[data-name="{name}"]')


def row(page, label):
    """Return the handle and the number of a slider, by the text above it."""
    group = page.locator(".bk-panel-models-layout-Column").filter(
        has=page.get_by_text(label, exact=True)
    )
    return group.last.locator(".noUi-handle"), group.last.locator("input")


def shown(page, name, differs_from=None):
    """Return the text of a number, when it is another one."""
    if differs_from is not None:
        sync_api.expect(number(page, name)).not_to_have_text(differs_from, timeout=PATIENCE)
    return number(page, name).inner_text()


def drag(page, handle, pixels):
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=8)
    page.mouse.up()


def test_theta_is_turned_through_the_change_of_sign_of_g2(page, url):
    opened(page, f"{url}?preset=fig5")
    handle, typed = row(page, "F2: polar angle (°)")
    assert typed.input_value() == "-22.5"
    before = shown(page, "g right")
    assert float(before) < 0
    drag(page, handle, -45)
    after = shown(page, "g right", before)
    page.wait_for_timeout(1000)
    polar, after = float(typed.input_value()), shown(page, "g right")
    assert polar < -56.0
    assert float(after) > 0
    from spinfem.figures.systems import FIG5

    turned = sf.solve(FIG5.replace("F2", m=sf.direction(polar)))
    assert after == f"{float(turned.efficiency('F1', 'F2')[1]):.4f}"
    address = f"{url}?preset=fig5&F2.polar_deg={polar!r}"
    page.wait_for_function("address => location.href === address", arg=address)
    opened(page, page.url)
    assert shown(page, "g right") == after


def test_a_preset_is_chosen(page, url):
    opened(page, url)
    before = shown(page, "dr")
    assert before.endswith(" fΩ m²")
    page.get_by_label("Stack").select_option(label="Fig. 4: valve")
    dr = float(shown(page, "dr", before))
    from spinfem.figures.systems import FIG4

    assert dr == pytest.approx(float(sf.solve(FIG4).spin_resistance), rel=1e-4)


def test_magnets_of_an_example_move(page, url):
    """Critical currents and the orbit, which come when sliders rest; and what is hidden."""
    opened(page, f"{url}?preset=oscillator&hide=forces,hodographs")
    assert shown(page, "critical 0") == "2.27 × 10¹¹ A/m²"
    before = shown(page, "motion")
    assert before.endswith("GHz")
    page.get_by_text("Current and mesh", exact=True).click()
    _, typed = row(page, "particle current (A/m²)")
    typed.fill("-3e11")
    typed.press("Enter")
    assert shown(page, "motion", before) == "settles"
    assert shown(page, "critical 0") == "2.27 × 10¹¹ A/m²"
    page.get_by_role("button", name="motion").click()
    sync_api.expect(number(page, "motion")).to_be_hidden(timeout=PATIENCE)
    hidden = "hide=forces,motion,hodographs"
    page.wait_for_function("hidden => location.href.includes(hidden)", arg=hidden)


def test_files_reproduce_what_is_seen(page, url, tmp_path):
    opened(page, f"{url}?free.polar_deg=33.0&spacer.thickness_nm=7.5")
    dr = shown(page, "dr")
    files = {}
    for label in ("TOML", "Python", "Save picture"):
        with page.expect_download(timeout=PATIENCE) as waiting:
            page.get_by_text(label, exact=True).click()
        files[label] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[label])
    loaded = sf.solve(sf.load(files["TOML"]))
    written = {"__name__": "written"}
    exec(files["Python"].read_text(encoding="utf-8"), written)
    for solution in (loaded, written["solution"]):
        assert f"{solution.spin_resistance * 1e15:.5g} fΩ m²" == dr
    assert np.array_equal(loaded.torques, written["solution"].torques)
    assert files["Save picture"].read_bytes().startswith(b"\x89PNG")


def test_a_wrong_number_is_told_beside_its_slider(page, url):
    opened(page, url)
    _, typed = row(page, "free: thickness (nm)")
    before = shown(page, "dr")
    typed.fill("-4")
    typed.press("Enter")
    message = "free: thickness must be a number from 0.001 to 1e+06 nm, got '-4'"
    page.get_by_text(message).wait_for()
    assert shown(page, "dr") == before


def test_an_address_takes_no_code(page, url):
    opened(page, f"{url}?free.polar_deg=<img src=x onerror=alert(1)>&preset=/etc/passwd&x=1")
    told = page.locator(".wrong").first
    sync_api.expect(told).to_contain_text("there is none called '/etc/passwd'")
    sync_api.expect(told).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img[src=x]").count() == 0
    assert shown(page, "angle") == "60°"
