"""Pictures of sensitivities and of sweeps: what they show of many numbers, and that it is read."""

import numpy as np
import pytest
from legibility import check_legible

import spinfem as sf
from spinfem.plot.sensitivity import PANELS, sensitivity_figure
from spinfem.plot.style import COLORS
from spinfem.plot.sweeps import sweep_overview

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")

# --- sensitivities ----------------------------------------------------------------------------

MANY = {f"a layer of some length {i}.thickness": 10.0 / (i + 1) for i in range(10)}


def bars(ax):
    """Names and values of the bars from top to bottom."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    order = np.argsort([bar.get_y() for bar in ax.patches])
    assert ax.yaxis_inverted()
    return dict(zip(names, [ax.patches[i].get_width() for i in order], strict=True))


def test_every_panel_has_its_own_bars():
    first, second = {"free.p": 1.2, "fixed.D": -0.3}, {"spacer.l": -0.7}
    figure = sensitivity_figure([("dr", first), ("RA", second)])
    assert [ax.get_title() for ax in figure.axes] == ["dr", "RA"]
    assert [bars(ax) for ax in figure.axes] == [first, second]
    check_legible(figure)


def test_results_without_bars_have_no_panel():
    figure = sensitivity_figure([("T fixed", {}), ("RA", {"spacer.l": -0.7}), ("T free", {})])
    assert [ax.get_title() for ax in figure.axes] == ["RA"]
    with pytest.raises(ValueError, match="needs a result that is not zero, got zero for T a, T b"):
        sensitivity_figure([("T a", {}), ("T b", {})])


def test_bars_too_short_to_be_seen_have_no_line():
    (ax,) = sensitivity_figure([("dr", {"a.l": 1.0, "b.l": -0.01, "c.l": 1e-4})]).axes
    assert list(bars(ax)) == ["a.l", "b.l"]


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(
    "results", [3, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 11, 180))]
)
def test_figure_of_sensitivities_fits_a_page(results):
    figure = sensitivity_figure([(f"g F{i} by F{i + 1}", MANY) for i in range(results)])
    width, height = figure.get_size_inches()
    assert width <= 11
    assert height <= 11.7  # A4
    assert len(figure.axes) == min(results, PANELS)
    note = "165 more results are not drawn"
    assert (note in figure.get_supxlabel()) == (results == 180)
    if results <= 3:
        check_legible(figure)


def test_long_names_are_shortened():
    name = 100 * "x" + ".thickness"
    (ax,) = sensitivity_figure([("dr", {name: 1.0})]).axes
    (label,) = bars(ax)
    assert label.startswith("xxx")
    assert label.endswith("….thickness"[-5:])
    assert len(label) == 32


# --- sweeps -----------------------------------------------------------------------------------


def valve(theta, d_N=10e-9):
    fixed, free = Co(8e-9, m=sf.direction(0), name="fixed"), Co(3e-9, m=sf.direction(theta))
    return sf.Lead(Cu) | fixed | Cu(d_N, name="spacer") | free | sf.Lead(Cu)


def swept(builder, **axes):
    """A sweep of which the first axis is an angle, as the command line makes it."""
    pytest.importorskip("xarray")
    data = sf.sweep(builder, axes, 1e11, progress=False)
    angle, *others = axes
    data[angle].attrs = {"long_name": f"polar angle of {angle}", "units": "degree"}
    for name in others:
        data[name].attrs = {"long_name": f"thickness of {name}", "units": "nm", "spacing": "log"}
    return data


THETA = np.linspace(0, 180, 13)
D_N = np.geomspace(1e-9, 1e-8, 4)


def shown(ax):
    """The values of a map."""
    (mesh,) = ax.collections
    return np.asarray(mesh.get_array())


@pytest.mark.long
def test_maps_show_resistances_torques_and_efficiencies_in_their_units():
    data = swept(valve, theta=THETA, d_N=D_N)
    figure = sweep_overview(data)
    maps = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    T = np.linalg.norm(data["torque"], axis=-1)
    RA = np.asarray(data["resistance"])
    g = data["efficiency"].sel(spacer="fixed|Co2")
    for title, expected in {
        "RA (fΩ m$^2$)": RA * 1e15,
        r"$\delta r$ (fΩ m$^2$)": data["spin_resistance"] * 1e15,
        "MR over polar angle of theta (%)": 100 * (RA / RA.min(axis=0) - 1),
        "$|T|$ on fixed (µJ/m$^2$)": T[..., 0] * 1e6,
        "$|T|$ on Co2 (µJ/m$^2$)": T[..., 1] * 1e6,
        "$g$ on fixed by Co2": g.sel(side="left"),
        "$g$ on Co2 by fixed": g.sel(side="right"),
    }.items():
        ax = maps.pop(title)
        np.testing.assert_allclose(shown(ax), expected, rtol=1e-12, atol=1e-12)
        assert ax.get_ylabel() == "polar angle of theta (°)"
        assert ax.get_xlabel() == "thickness of d_N (nm)"
    assert not maps
    texts = check_legible(figure)
    assert not any("1e" in text for text in texts)  # no powers of ten beside the units


@pytest.mark.long
@pytest.mark.parametrize(
    ("signs", "centred"), [((1, 1), False), ((-1, -1), False), ((-1, 1), True)]
)
def test_maps_of_g_are_centred_on_zero_only_where_it_changes_sign(signs, centred):
    """Else all of one sign is in one flat colour."""
    data = swept(valve, theta=THETA, d_N=D_N)
    g = np.linspace(0.2226, 0.2227, THETA.size * D_N.size).reshape(THETA.size, D_N.size)
    g = np.where(np.arange(THETA.size)[:, None] % 2, signs[0], signs[1]) * g
    data["efficiency"] = (data["efficiency"].dims, g[..., None, None] * np.ones((1, 2)))
    maps = {ax.get_title(): ax for ax in sweep_overview(data).axes}
    for title in ("$g$ on fixed by Co2", "$g$ on Co2 by fixed"):
        (mesh,) = maps[title].collections
        low, high = mesh.get_clim()
        assert (low == -high) is centred
        assert (mesh.get_cmap().name == "RdBu_r") is centred
        colours = {tuple(colour) for colour in mesh.cmap(mesh.norm(g)).reshape(-1, 4).round(2)}
        assert centred or len(colours) > g.size / 2


@pytest.mark.long
def test_curves_show_the_same():
    data = swept(valve, theta=THETA)
    figure = sweep_overview(data)
    curves = {
        ax.get_ylabel(): [line for line in ax.lines if len(line.get_xdata()) > 2]
        for ax in figure.axes
    }
    assert list(curves) == [
        "RA (fΩ m$^2$)",
        r"$\delta r$ (fΩ m$^2$)",
        "MR over polar angle of theta (%)",
        "$|T|$ (µJ/m$^2$)",
        "$g$",
    ]
    sizes = np.linalg.norm(data["torque"], axis=-1) * 1e6
    for i, line in enumerate(curves["$|T|$ (µJ/m$^2$)"]):
        np.testing.assert_allclose(line.get_ydata(), sizes[:, i], rtol=1e-12)
        assert line.get_color() == COLORS[i]
    left, right = curves["$g$"]
    np.testing.assert_allclose(left.get_ydata(), data["efficiency"][:, 0, 0])
    assert (left.get_color(), left.get_linestyle()) == (COLORS[0], "--")
    assert (right.get_color(), right.get_linestyle()) == (COLORS[1], "-")
    check_legible(figure)


def test_no_magnetoresistance_without_an_angle():
    pytest.importorskip("xarray")
    data = sf.sweep(lambda d_N: valve(30.0, d_N), {"d_N": D_N}, progress=False)
    assert not any("MR" in ax.get_ylabel() for ax in sweep_overview(data).axes)


@pytest.mark.long
def test_torques_that_are_zero_everywhere_have_no_panel():
    pytest.importorskip("xarray")
    alone = {"d": np.array([1e-9, 2e-9])}
    data = sf.sweep(lambda d: sf.Stack([Co(d, m=[0, 0, 1])]), alone, progress=False)
    assert len(sweep_overview(data).axes) == 2  # RA and dr
    third = Co(2e-9, m=sf.direction(0), name="behind")  # in line with the fixed one
    data = swept(
        lambda theta, d_N: sf.Stack([third, Cu(5e-9), *valve(theta, d_N).pieces[1:]]),
        theta=THETA[:3],
        d_N=D_N[:2],
    )
    titles = [ax.get_title() for ax in sweep_overview(data).axes]
    assert [title for title in titles if "on behind" in title] == ["$g$ on behind by fixed"]


def superlattice(theta, d_N=2e-9):
    layers = [
        piece
        for k in range(60)
        for piece in (Co(2e-9, m=sf.direction(theta if k == 40 else 3 * k)), Cu(2e-9))
    ]
    return sf.Stack([*layers[:-1], Cu(d_N)])


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(
    "axes",
    [
        {"theta": THETA},
        pytest.param({"theta": THETA[:3], "d_N": D_N[:2]}, marks=pytest.mark.long),
    ],
)
def test_of_many_ferromagnets_those_are_drawn_whose_torques_change(axes):
    pytest.importorskip("xarray")
    data = swept(superlattice, **axes)
    figure = sweep_overview(data)
    assert figure.get_suptitle() == "7 of 60 ferromagnets, whose torques change most"
    texts = check_legible(figure)
    for name in ("Co40", "Co41", "Co42"):
        assert any(name in text for text in texts)
    assert not any("Co1 " in text or text.endswith("Co1") for text in texts)
    assert (figure.get_size_inches() < (10.5, 26)).all()
