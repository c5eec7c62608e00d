"""What the pictures show."""

import html
import re

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.mechanics import FORCE, mechanics
from spinfem.explorer.pictures import Note, Picture, steady, unicode_of
from spinfem.explorer.presets import preset, presets
from spinfem.explorer.readout import readout
from spinfem.explorer.seen import Seen
from spinfem.explorer.turning import all_but_the_angle, point_of, rotation_of, turning_pictures
from spinfem.explorer.vectors import hodograph, profile
from spinfem.plot.hodograph import frame_of


def close(a, b):
    return np.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_rings_and_forces_are_those_of_the_analogy():
    seen = Seen(preset("fig5"))
    picture, analogy = mechanics(seen, None), sf.Analogy(seen.solution)
    folded = analogy.fold()
    free = [ring for ring in analogy.rings if not ring.pinned]
    places = [ring.point @ folded.sheets[ring.face] * 100 for ring in free]  # in 1e-2
    assert close(np.stack([*picture.sources["ring"].values()], axis=1), places)
    arrows = picture.sources[f"{FORCE} driving"]
    lengths = np.hypot(arrows["x1"] - arrows["x0"], arrows["y1"] - arrows["y0"])
    sizes = [np.linalg.norm(ring.forces[0].vector) for ring in free]
    assert close(lengths / lengths.max(), np.array(sizes) / max(sizes))


def test_forces_on_a_ring_sum_to_zero_in_the_picture():
    seen = Seen(preset("fig4"))
    sources = mechanics(seen, None).sources
    total = sum(
        np.array([a["x1"] - a["x0"], a["y1"] - a["y0"]])
        for name, a in sources.items()
        if name.startswith(FORCE)
    )
    assert np.abs(total).max() < 1e-12


@pytest.mark.parametrize("name", presets())
def test_all_that_is_drawn_is_finite_and_on_the_axes(name):
    seen = Seen(preset(name))
    frame = frame_of(seen.solution)
    pictures = [mechanics(seen, None)]
    for quantity in ("spin_potential", "spin_current"):
        pictures += [hodograph(seen, quantity, frame, None), profile(seen, quantity, None)]
    pictures += turning_pictures(seen, rotation_of(seen), point_of(seen), {}).values()
    for picture in pictures:
        if isinstance(picture, Note):
            continue
        for glyph, columns in picture.sources.items():
            assert len({len(values) for values in columns.values()}) == 1
            for column, values in columns.items():
                if column == "text" or "lead" in glyph:
                    continue
                ends = picture.x if column in ("x", "x0", "x1", "left", "right") else picture.y
                known = np.asarray(values)[np.isfinite(values)]
                slack = 1e-6 * (ends[1] - ends[0])
                assert np.all((known >= ends[0] - slack) & (known <= ends[1] + slack)), glyph


@pytest.mark.parametrize("name", ["exchange_biased_valve", "multilayer"])
def test_there_is_a_note_where_there_are_no_rods(name):
    assert "strong ferromagnets" in mechanics(Seen(preset(name)), None).text


def test_collinear_rods_are_drawn_over_x_only_where_they_were_at_first():
    assert mechanics(Seen(preset("fig7-b")), None).labels[0] == "x"
    parallel = Seen(preset("fig5")).with_value("F2.polar_deg", 22.5)
    assert mechanics(parallel, None).square


@pytest.mark.parametrize("name", ["fig5", "dual_valve", "exchange_biased_valve", "multilayer"])
def test_curves_over_the_angle_go_through_what_is_solved_there(name):
    seen = Seen(preset(name))
    curve = rotation_of(seen)
    for i in (0, 47, 90, 120):
        there = point_of(seen.with_value(seen.turning.key, float(curve.angles[i])))
        assert there.angles[0] % 360 == curve.angles[i] % 360
        for over, here in zip(curve.efficiencies, there.efficiencies):
            assert close(over[i], here[0])
        assert close(curve.resistance[i] / there.resistance[0], 1.0)
        size = np.abs(curve.torque).max()
        assert close(curve.torque[i] / size, there.torque[0] / size)


UNITS = {
    "exchange_biased_valve": {"dr": (" (fΩ m²)", 1e15), "torque": (" (µJ/m²)", 1e6)},
    "dual_valve": {"dr": (" (fΩ m²)", 1e15), "torque": (" (µJ/m²)", 1e6)},
    "fig5": {"dr": (" (10⁻²)", 1e2), "torque": ("", 1.0)},
}
"""Of axes, and how many of them one of the unit of the stack is."""


@pytest.mark.parametrize("name", UNITS)
def test_what_is_drawn_is_what_is_solved_in_the_units_of_the_axes(name):
    """Of every side and component, at the angle of the point and at one of the curves."""
    base = preset(name)
    free = {"fig5": "F2"}.get(name, "free")
    seen = Seen(base).with_value(f"{free}.polar_deg", 37.5).with_value(f"{free}.azimuth_deg", 20.0)
    coarse = seen.with_value("degree", 1.0).with_value("elements", 2.0)
    pictures = turning_pictures(seen, rotation_of(seen), point_of(seen), {})
    bands = turning_pictures(coarse, rotation_of(coarse), point_of(coarse), {})
    for kind, symbol in (("dr", "δr"), ("torque", "T" if seen.si else "absorbed jₛ")):
        assert pictures[kind].labels[1] == symbol + UNITS[name][kind][0]
    for angle, is_now in ((37.5, True), (-124.0, False)):
        solution = sf.solve(base.stack.replace(free, m=sf.direction(angle, 20.0)), base.j0)
        vector = solution.torque(free) if seen.si else solution.absorbed_spin_current(free)
        g = dict(zip(("left", "right"), solution.efficiency(*seen.spacer)))
        expected = {("g", side, side): value for side, value in g.items()}
        expected["dr", "dr", ""] = solution.spin_resistance * UNITS[name]["dr"][1]
        for axis, value in zip("xyz", vector):
            expected["torque", axis, axis] = value * UNITS[name]["torque"][1]
        for (kind, curve, point), value in expected.items():
            sources = pictures[kind].sources
            columns = sources[f"{point} now".strip() if is_now else curve]
            (i,) = np.flatnonzero(np.isclose(columns["x"], angle, atol=1e-9))
            size = 1.0 if kind == "g" else np.abs(sources[curve]["y"]).max()
            assert columns["y"][i] == pytest.approx(value, rel=1e-9, abs=1e-9 * size)
            if kind != "g":
                band = bands[kind].sources[f"{point} band".strip()]
                near = np.argmin(abs(band["x"] - angle))
                at = sources[curve]["y"][np.argmin(abs(sources[curve]["x"] - band["x"][near]))]
                assert band["low"][near] - 1e-9 * size <= at <= band["high"][near] + 1e-9 * size
    assert pictures["g"].words == {
        side: f"g of {magnet}" for side, magnet in zip(("left", "right"), seen.spacer)
    }


@pytest.mark.parametrize("name", ["exchange_biased_valve", "fig5"])
def test_numbers_above_the_pictures(name):
    """In the units that stand there: of a stack in SI fΩ m² and µJ/m²."""
    seen = Seen(preset(name)).with_value("degree", 3.0)
    cells = re.findall(r"<td>(.*?)<br><b.*?data-name=\"(.*?)\">(.*?)</b>", readout(seen))
    shown = {key: (label, html.unescape(text).split()) for label, key, text in cells}
    solution, free = seen.solution, seen.turning.owner
    vector = solution.torque(free) if seen.si else solution.absorbed_spin_current(free)
    to, of_torque = (1e15, 1e6) if seen.si else (1.0, 1.0)
    low, high = solution.bounds.spin_resistance
    expected = {
        "g left": solution.efficiency(*seen.spacer)[0],
        "g right": solution.efficiency(*seen.spacer)[1],
        "dr": solution.spin_resistance * to,
        "RA": solution.resistance * to,
        "torque": np.linalg.norm(vector) * of_torque,
        "bounds": low * to,
    }
    for key, value in expected.items():
        assert float(shown[key][1][0]) == pytest.approx(value, rel=6e-4), key
    assert float(shown["bounds"][1][2]) == pytest.approx(high * to, rel=6e-4)
    if seen.si:
        assert shown["dr"][1][1:] == shown["RA"][1][1:] == shown["bounds"][1][3:] == ["fΩ", "m²"]
        assert shown["torque"][1][1:] == ["µJ/m²"]
    for side, magnet in zip(("left", "right"), seen.spacer):
        assert shown[f"g {side}"][0] == f"g of {magnet}"


def test_curves_do_not_depend_on_the_angle_they_are_over():
    seen = Seen(preset("fig5"))
    assert all_but_the_angle(seen) == all_but_the_angle(seen.with_value("F2.polar_deg", 3.0))
    assert all_but_the_angle(seen) != all_but_the_angle(seen.with_value("F1.polar_deg", 3.0))


def test_the_second_efficiency_changes_sign_as_theta_grows():
    """Fig. 5 is a state with g2 < 0; at 90 degrees none is negative, (B1)."""
    seen = Seen(preset("fig5"))
    signs = [
        np.sign(point_of(seen.with_value("F2.polar_deg", polar)).efficiencies[1][0])
        for polar in (-22.5, -67.5)
    ]
    assert signs == [-1.0, 1.0]


def test_bounds_are_bands_that_hold_the_exact_values():
    exact = Seen(preset("fig4"))
    coarse = exact.with_value("degree", 1.0).with_value("elements", 1.0)
    curve, right = rotation_of(coarse), rotation_of(exact)
    assert right.resistance_band is None
    band, values = curve.resistance_band, right.resistance[::6]
    assert np.all((band.low <= values) & (values <= band.high))
    assert np.all(band.high - band.low > 1e-3 * values)
    torque, values = curve.torque_band, right.torque[::6]
    assert np.all((torque.low <= values + 1e-15) & (values - 1e-15 <= torque.high))
    assert "band" in turning_pictures(coarse, curve, point_of(coarse), {})["dr"].sources


def test_bounds_of_large_stacks_are_left_out():
    """They would take seconds."""
    seen = Seen(preset("multilayer")).with_value("degree", 2.0)
    assert seen.solution.bounds is None


def test_vectors_out_of_a_plane_are_folded_or_seen_from_the_side():
    folded, projected = Seen(preset("dual_valve")), Seen(preset("exchange_biased_valve"))
    projected = projected.with_value("free.azimuth_deg", 30.0)
    labels = [
        hodograph(s, "spin_potential", frame_of(s.solution), None).labels
        for s in (folded, projected)
    ]
    assert "folded" in labels[0][0]
    assert labels[1] == ("μₛ x (µV)", "μₛ z (µV)")


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (None, (0, 1), False),
        ((0, 1), (0.1, 0.9), True),
        ((0, 1), (0.1, 1.05), True),
        ((0, 1), (0.1, 1.2), False),
        ((0, 1), (0.1, 0.3), False),
    ],
)
def test_axes_stay_while_what_is_drawn_fills_them(old, new, kept):
    assert steady(old, new) == (old if kept else new)


def test_axes_stay_while_a_ring_slides_a_little():
    seen = Seen(preset("fig5"))
    old = mechanics(seen, None)
    new = mechanics(seen.with_value("F2.polar_deg", -22.0), old)
    assert isinstance(new, Picture)
    assert (new.x, new.y) == (old.x, old.y)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" (10$^{-2}$)", " (10⁻²)"),
        (" (10$^{10}$ A/m$^2$)", " (10¹⁰ A/m²)"),
        (r"7.6$\,\times\,$10$^{10}$", "7.6 × 10¹⁰"),
        (r"m(a\$b)", "m(a$b)"),
    ],
)
def test_formulas_of_labels_are_written_plainly(text, shown):
    assert unicode_of(text) == shown
