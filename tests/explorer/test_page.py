"""The page without a browser: what its widgets do."""

import asyncio
import subprocess
import sys

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.presets import preset, presets
from spinfem.explorer.seen import base_of

pytest.importorskip("panel")

from bokeh.document import Document

from spinfem.explorer import later
from spinfem.explorer import page as pages
from spinfem.explorer.charts import MOVING, PIXELS, Chart, _dots, _line, _same
from spinfem.explorer.page import CHARTS, Explorer  # needs panel
from spinfem.explorer.pictures import Note, Picture
from spinfem.explorer.seen import PANELS

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def page():
    return Explorer(preset("co_cu_py"))


@pytest.mark.long
def test_explore_shows_a_stack():
    page = sf.explore(preset("dual_valve").stack)
    assert page.stack is preset("dual_valve").stack
    with pytest.raises(ValueError, match="single stack"):
        sf.explore(preset("fig5").stack.replace("F2", m=sf.direction(np.zeros(2))))


@pytest.mark.long
def test_a_slider_moves_the_number_and_the_solution(page):
    row = page.rows["free.polar_deg"]
    row.handle.value = row.slider.position_of(90.0)
    assert row.number.value == "90"
    assert np.array_equal(page.stack.layers[-1].m, [1, 0, 0])
    solution = sf.solve(preset("co_cu_py").stack.replace("free", m=(1, 0, 0)))
    assert page.solution.spin_resistance == solution.spin_resistance
    g = solution.efficiency("fixed", "free")[1]
    assert f">{float(g):.4f}</b>" in page.numbers.object


@pytest.mark.long
def test_a_typed_number_moves_the_slider(page):
    row = page.rows["spacer.thickness_nm"]
    row.number.value = "12.345"
    assert page.stack.layers[1].thickness == 12.345 / 1e9
    assert row.handle.value == row.slider.position_of(12.345)


@pytest.mark.long
def test_a_wrong_number_is_told_beside_its_slider_and_changes_nothing(page):
    before, row = page.stack, page.rows["free.thickness_nm"]
    for text in ("-4", "<b>4</b>"):
        row.number.value = text
        assert "must be a number from 0.001 to 1e+06 nm" in row.text.object
        assert "<b>" not in row.text.object
    assert page.stack is before
    row.number.value = "5"
    assert "must be" not in row.text.object


@pytest.mark.long
def test_what_the_stack_refuses_is_told_beside_the_slider():
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    joint = sf.Interface(1e-15, delta=0.5, name="I")
    page = sf.explore(Co(4e-9, m=(0, 0, 1)) | joint | Co(4e-9, m=(0, 0, 1)) | sf.Reservoir())
    before = page.stack
    page.rows["I.AR_fOhm_m2"].number.value = "0"
    assert "must be 0 without a resistance" in page.rows["I.AR_fOhm_m2"].text.object
    assert page.stack is before


@pytest.mark.long
def test_what_is_given_may_be_called_like_a_preset():
    page = Explorer(base_of(preset("fig4").stack, preset("fig4").title))
    assert page.preset.value == ""
    page.preset.value = "fig4"
    assert page.seen.base.preset == "fig4"


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("name", presets())
def test_every_preset_opens(page, name):
    page.preset.value = next(other for other in presets() if other != name)
    page.preset.value = name
    assert page.stack is preset(name).stack
    assert page.address.value == f"?preset={name}"


@pytest.mark.long
def test_the_address_follows_and_opens_the_same(page):
    page.rows["free.polar_deg"].number.value = "12"
    page.turned.value = "fixed"
    assert page.address.value == "?preset=co_cu_py&turn=fixed&free.polar_deg=12.0"
    same = Explorer(preset("co_cu_py"), page.address.value)
    assert same.rows["free.polar_deg"].number.value == "12"
    assert same.turned.value == "fixed"
    assert same.solution.spin_resistance == page.solution.spin_resistance


@pytest.mark.long
def test_an_address_that_the_stack_refuses_is_told():
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    joint = sf.Interface(1e-15, delta=0.5, name="I")
    base = base_of(Co(4e-9, m=(0, 0, 1)) | joint | sf.Reservoir())
    page = Explorer(base, "?I.AR_fOhm_m2=0")
    assert "must be 0 without a resistance" in page.wrong.object
    assert page.seen.values == {}


@pytest.mark.long
def test_what_no_file_can_hold_is_not_offered():
    N = sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0)
    page = sf.explore(N(1.0) | sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1)))
    assert [save.disabled for save in page.saves] == [False, True, True]
    page.preset.value = "fig4"
    assert not any(save.disabled for save in page.saves)


@pytest.mark.long
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


# --- what is seen -------------------------------------------------------------------------------

FOUND_BY = {
    "forces": ("mechanics",),
    "torques": ("rotation_of", "point_of", "turning_pictures"),
    "frequency": ("response_of", "frequency_pictures"),
    "motion": ("motion_of",),
    "hodographs": ("frame_of", "hodograph"),
    "profiles": ("profile",),
}
"""What of `page` finds the pictures of every group."""
ON_AXES = {"F shade", "N shade", "face", "resistive interface", "rods", "names"}
"""What is as large as the picture, whose axes stay while what is drawn fills them."""


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("hidden", PANELS)
def test_what_is_not_seen_is_not_found(hidden, monkeypatch):
    """And is as it was; when it is seen again, it is found and drawn."""
    base = preset("pulsed_valve" if hidden == "frequency" else "oscillator")
    page, called = Explorer(base), []
    panels = page.seen.panels

    def noted(group, own):
        return lambda *given: (called.append(group), own(*given))[1]

    for group, names in FOUND_BY.items():
        for name in names:
            monkeypatch.setattr(pages, name, noted(group, getattr(pages, name)))
    row = page.rows["free.thickness_nm"]
    row.number.value = "7"
    assert {*called} == {*panels}
    drawn = {name: page.charts[name].shown for name in CHARTS[hidden]}
    page.shown.value = [name for name in panels if name != hidden]
    assert [name for name in panels if not page.panels[name].visible] == [hidden]
    called.clear()
    row.number.value = "6"
    assert {*called} == {*panels} - {hidden}
    assert all(page.charts[name].shown is picture for name, picture in drawn.items())
    called.clear()
    page.shown.value = [*panels]
    assert hidden in called
    assert (hidden == "motion") == ("motion" in called)  # which has not changed
    same = Explorer(base, "?free.thickness_nm=6.0")
    for name in CHARTS[hidden]:
        new, expected = page.charts[name].shown, same.charts[name].shown
        assert type(new) is type(expected)
        if isinstance(new, Picture):
            for glyph in {*expected.sources} - ON_AXES:
                columns = expected.sources[glyph]
                assert _same(new.sources[glyph], columns)


@pytest.mark.long
def test_what_is_hidden_is_hidden_by_the_address():
    page = Explorer(preset("oscillator"), "?hide=forces,motion")
    assert page.shown.value == ["torques", "hodographs", "profiles"]
    assert not page.panels["motion"].visible
    page.shown.value = page.shown.options
    assert page.address.value == "?preset=oscillator"
    page.preset.value = "fig4"
    assert page.shown.options == [x for x in PANELS if x not in ("motion", "frequency")]
    assert not page.panels["motion"].visible
    assert not page.panels["frequency"].visible


@pytest.mark.long
def test_motion_follows_the_sliders():
    page = Explorer(preset("oscillator"))
    assert "2.27 × 10¹¹ A/m²" in page.motion_numbers.object
    page.rows["free.polar_deg"].number.value = "45"
    assert "m must be within 30 degrees" in page.motion_numbers.object
    assert isinstance(page.charts["orbit"].shown, Picture)


@pytest.mark.long
def test_a_frequency_is_set_and_switched_off():
    """What is of a stationary current alone is then hidden, and one line says so."""
    page = Explorer(preset("pulsed_valve"))
    before = page.numbers.object
    page.rows["frequency_Hz"].number.value = "200"
    visible = [name for name, panel in page.panels.items() if panel.visible]
    assert visible == ["torques", "frequency"]
    assert (
        "Forces, hodographs, profiles and motion are those of a stationary" in page.numbers.object
    )
    expected = sf.solve(page.stack, 1e11, frequency=200e9)
    assert np.array_equal(page.solution.torques, expected.torques)
    assert page.saves[0].disabled
    assert page.address.value == "?preset=pulsed_valve&frequency_Hz=200000000000.0"
    same = Explorer(None, page.address.value)
    assert same.numbers.object == page.numbers.object
    assert same.shown.value == page.shown.value == page.shown.options
    page.rows["frequency_Hz"].handle.value = 0
    assert page.numbers.object == before
    assert page.address.value == "?preset=pulsed_valve"
    assert not page.saves[0].disabled
    assert all(page.panels[name].visible for name in page.seen.panels)


@pytest.mark.long
def test_a_frequency_that_a_metal_cannot_have_is_told():
    page = Explorer(preset("pulsed_valve"))
    page.rows["Cu.l_nm"].number.value = "inf"
    assert page.charts["g over f"].shown is None
    assert "every metal must have a finite l" in page.charts["g over f"]._note.text
    row = page.rows["frequency_Hz"]
    row.number.value = "100"
    assert "every metal must have a finite l" in row.text.object
    assert page.seen.frequency is None


@pytest.mark.long
def test_magnets_that_move_are_explored_and_saved():
    system = sf.Dynamics.from_file("examples/oscillator.toml")
    page = sf.explore(system)
    assert "parallel: unstable above" in page.motion_numbers.object
    assert "Ms_A_m = 800000.0" in page.toml


@pytest.mark.long
def test_motion_is_found_beside_the_page_when_sliders_rest(monkeypatch):
    """By the loop of a notebook: once for many moves, and what is old by then is not shown."""
    found = []

    def noted(seen, own=pages.motion_of):
        found.append(seen)
        return own(seen)

    monkeypatch.setattr(pages, "motion_of", noted)

    async def move():
        page = Explorer(preset("oscillator"))
        for polar in range(10, 20):
            page.rows["free.polar_deg"].number.value = str(polar)
        assert found == []
        assert page.panels["motion"].styles == pages.OLD
        while page.panels["motion"].styles == pages.OLD:
            await asyncio.sleep(0.02)
        return page

    page = asyncio.run(move())
    assert [seen.values for seen in found] == [{"free.polar_deg": 19.0}]
    assert page.charts["orbit"].shown is not None
    later.THREAD.submit(int).result()  # nothing is left in it


# --- charts -------------------------------------------------------------------------------------

LOOKS = {"a": _line("red", 1.0), "b": _line("blue", 2.0, "6 6", "line b"), "c": _dots(5, None)}


def chart_of(**sources):
    chart = Chart(LOOKS, 200, 100, "")
    chart.show(Picture(sources, (0.0, 1.0), (0.0, 1.0), ("", "")))
    return chart


def test_lines_of_a_chart_are_one_glyph_with_the_looks_of_each():
    chart = chart_of(b={"x": [0, 1], "y": [1, np.nan]}, a={"x": [2], "y": [3]})
    data = chart.sources["lines"].data
    assert data["xs"] == [[2], [0, 1]]  # from the bottom to the top
    assert (data["ys"][0], data["ys"][1][0]) == ([3], 1)
    assert np.isnan(data["ys"][1][1])
    looks = [(data["line_color"][i], data["line_width"][i], data["line_dash"][i]) for i in (0, 1)]
    assert looks == [("red", PIXELS, "solid"), ("blue", 2 * PIXELS, "6 6")]
    assert chart.sources["dots"].data["x"] == []
    (item,) = chart.figure.legend[0].items
    assert item.visible
    chart.show(Note("nothing"))
    assert chart.sources["lines"].data["xs"] == []
    assert not item.visible


def test_only_what_changes_is_sent():
    """Of a chart whose dot moves: the dot."""
    line = {"x": np.arange(3.0), "y": np.array([0.0, np.nan, 1.0])}
    chart, sent = chart_of(a=line, c={"x": [0.1], "y": [0.2]}), []
    document = Document()
    document.add_root(chart.figure)
    document.on_change(lambda event: sent.append(event.model))
    moved = {"a": {x: v.copy() for x, v in line.items()}, "c": {"x": [0.3], "y": [0.2]}}
    chart.show(Picture(moved, (0.0, 1.0), (0.0, 1.0), ("", "")))
    assert sent == [chart.sources["dots"]]


@pytest.mark.long
def test_few_glyphs_move_on_the_page():
    """Each costs a browser about 0.3 ms of every change."""
    page = Explorer(preset("dual_valve"))
    count = 0
    for group in page.seen.panels:
        for name in CHARTS[group]:
            figure = page.charts[name].figure
            count += sum(one.level == MOVING for one in [*figure.renderers, *figure.center])
    assert count < 35


@pytest.mark.long
def test_importing_spinfem_and_its_command_line_does_not_import_panel():
    code = "import sys, spinfem, spinfem.cli; spinfem.explore; assert 'panel' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
