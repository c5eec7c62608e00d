"""The page without a browser: what its widgets do."""

import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.presets import preset, presets
from spinfem.explorer.seen import base_of

pytest.importorskip("panel")

from spinfem.explorer.page import Explorer  # needs panel

pytestmark = pytest.mark.browser
MOST = 0.05
"""Seconds that a change may take of five layers."""


@pytest.fixture
def page():
    return Explorer(preset("co_cu_py"))


def test_explore_shows_a_stack():
    page = sf.explore(preset("dual_valve").stack)
    assert page.stack is preset("dual_valve").stack
    with pytest.raises(ValueError, match="single stack"):
        sf.explore(preset("fig5").stack.replace("F2", m=sf.direction(np.zeros(2))))


def test_a_slider_moves_the_number_and_the_solution(page):
    row = page.rows["free.polar_deg"]
    row.handle.value = row.slider.position_of(90.0)
    assert row.number.value == "90"
    assert np.array_equal(page.stack.layers[-1].m, [1, 0, 0])
    solution = sf.solve(preset("co_cu_py").stack.replace("free", m=(1, 0, 0)))
    assert page.solution.spin_resistance == solution.spin_resistance
    g = solution.efficiency("fixed", "free")[1]
    assert f">{float(g):.4f}</b>" in page.numbers.object


def test_a_typed_number_moves_the_slider(page):
    row = page.rows["spacer.thickness_nm"]
    row.number.value = "12.345"
    assert page.stack.layers[1].thickness == 12.345 / 1e9
    assert row.handle.value == row.slider.position_of(12.345)


def test_a_wrong_number_is_told_beside_its_slider_and_changes_nothing(page):
    before, row = page.stack, page.rows["free.thickness_nm"]
    for text in ("-4", "<b>4</b>"):
        row.number.value = text
        assert "must be a number from 0.001 to 1e+06 nm" in row.text.object
        assert "<b>" not in row.text.object
    assert page.stack is before
    row.number.value = "5"
    assert "must be" not in row.text.object


def test_what_the_stack_refuses_is_told_beside_the_slider():
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    joint = sf.Interface(1e-15, delta=0.5, name="I")
    page = sf.explore(Co(4e-9, m=(0, 0, 1)) | joint | Co(4e-9, m=(0, 0, 1)) | sf.Reservoir())
    before = page.stack
    page.rows["I.AR_fOhm_m2"].number.value = "0"
    assert "must be 0 without a resistance" in page.rows["I.AR_fOhm_m2"].text.object
    assert page.stack is before


def test_what_is_given_may_be_called_like_a_preset():
    page = Explorer(base_of(preset("fig4").stack, preset("fig4").title))
    assert page.preset.value == ""
    page.preset.value = "fig4"
    assert page.seen.base.preset == "fig4"


@pytest.mark.parametrize("name", presets())
def test_every_preset_opens(page, name):
    page.preset.value = next(other for other in presets() if other != name)
    page.preset.value = name
    assert page.stack is preset(name).stack
    assert page.address.value == f"?preset={name}"


def test_the_address_follows_and_opens_the_same(page):
    page.rows["free.polar_deg"].number.value = "12"
    page.turned.value = "fixed"
    assert page.address.value == "?preset=co_cu_py&turn=fixed&free.polar_deg=12.0"
    same = Explorer(preset("co_cu_py"), page.address.value)
    assert same.rows["free.polar_deg"].number.value == "12"
    assert same.turned.value == "fixed"
    assert same.solution.spin_resistance == page.solution.spin_resistance


def test_an_address_that_the_stack_refuses_is_told():
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    joint = sf.Interface(1e-15, delta=0.5, name="I")
    base = base_of(Co(4e-9, m=(0, 0, 1)) | joint | sf.Reservoir())
    page = Explorer(base, "?I.AR_fOhm_m2=0")
    assert "must be 0 without a resistance" in page.wrong.object
    assert page.seen.values == {}


def test_what_no_file_can_hold_is_not_offered():
    N = sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0)
    page = sf.explore(N(1.0) | sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1)))
    assert [save.disabled for save in page.saves] == [False, True, True]
    page.preset.value = "fig4"
    assert not any(save.disabled for save in page.saves)


def test_texts_from_outside_are_escaped():
    name = "<script>alert(1)</script>"
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, name=name)
    stack = F(1.0, m=(0, 0, 1), name=name) | sf.NormalMetal(D=1.0, l=1.0)(1.0) | F(1.0, m=(1, 0, 0))
    page = sf.explore(stack)
    page = Explorer(page._given, f"{name}=1&preset={name}")
    shown = [
        page.numbers.object,
        page.wrong.object,
        *(row.text.object for row in page.rows.values()),
    ]
    assert any("&lt;script&gt;" in text for text in shown)
    assert not any("<script>" in text for text in shown)


@pytest.mark.parametrize("name", ["dual_valve", "exchange_biased_valve"])
def test_a_change_takes_less_than_50_ms(name):
    """Of five layers and more, as time of the processor: solving, computing pictures, columns."""
    page = Explorer(preset(name))
    spent = []
    for row in (r for k, r in page.rows.items() if k.startswith("free.")):
        for step in range(1, 8):
            start = time.process_time()
            row.handle.value = row.slider.steps // 2 - step
            spent.append(time.process_time() - start)
    assert statistics.median(spent) < MOST


def test_importing_spinfem_and_its_command_line_does_not_import_panel():
    code = "import sys, spinfem, spinfem.cli; spinfem.explore; assert 'panel' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
