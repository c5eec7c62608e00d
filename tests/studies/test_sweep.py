"""Sweeps: the same numbers as point by point, on any executor, after any interruption."""

import errno
import importlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from distributed import KilledWorker

import spinfem as sf
from spinfem import cli
from spinfem.files import locked
from spinfem.files.gridstore import MANIFEST, SEALED, grid_store
from spinfem.files.versions import versions
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder, parse
from spinfem.studies import blocks, sweeping
from spinfem.studies.definitions import definition
from spinfem.studies.fingerprints import fingerprint
from spinfem.studies.resultkinds import StackResults

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
SI, PAPER = EXAMPLES / "co_cu_py.toml", EXAMPLES / "paper_valve.toml"

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
THETA, D_N = np.linspace(0, 180, 7), np.array([1e-9, 1e-8, 5e-7])


def valve(theta, d_N=10e-9):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(d_N, name="spacer")
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


def branching(theta, d_N=10e-9):
    """Cannot take arrays."""
    return valve(180.0 - theta if theta > 90 else theta, d_N)


@pytest.fixture
def small(monkeypatch):
    """Blocks of a few points, each a chunk of its own."""
    monkeypatch.setattr(blocks, "NUMBERS", 20)
    monkeypatch.setattr(blocks, "POINTWISE_POINTS", 4)
    monkeypatch.setattr(blocks, "CHUNK_SECONDS", 1e-9)


def same(a, b):
    """Tell whether datasets are equal to the bit, with names and attributes."""
    return a.identical(b) and all(a[n].values.tobytes() == b[n].values.tobytes() for n in a)


def test_every_point_is_its_own_solution(small):
    data = sf.sweep(valve, {"theta": THETA, "d_N": D_N}, j0=1e11)
    grid = ("theta", "d_N")
    assert data["torque"].dims == (*grid, "ferromagnet", "component")
    assert data["absorbed_spin_current"].dims == data["torque"].dims
    assert data["efficiency"].dims == (*grid, "spacer", "side")
    assert data["spin_resistance"].dims == data["resistance"].dims == grid
    assert data["ferromagnet"].values.tolist() == ["fixed", "free"]
    assert data["spacer"].values.tolist() == ["fixed|free"]
    for theta in THETA:
        for d_N in D_N:
            one, here = sf.solve(valve(theta, d_N), 1e11), data.sel(theta=theta, d_N=d_N)
            # elements are chosen for the thickest layer of a block: both are right to 1e-10
            for name in ("fixed", "free"):
                for variable in ("torque", "absorbed_spin_current"):
                    expected = getattr(one, variable)(name)
                    found = here[variable].sel(ferromagnet=name)
                    np.testing.assert_allclose(
                        found, expected, rtol=0, atol=1e-10 * np.abs(expected).max()
                    )
            g = here["efficiency"].sel(spacer="fixed|free")
            np.testing.assert_allclose(g, one.efficiency("fixed", "free"), rtol=1e-10)
            assert float(here["spin_resistance"]) == pytest.approx(one.spin_resistance, rel=1e-10)
            assert float(here["resistance"]) == pytest.approx(one.resistance, rel=1e-10)


def test_grid_against_the_closed_form():
    D, l, p = (2.0, 8.0, 3.0), (1.0, 1.0, 2.0), (0.1, 0.9)

    def stack(d, theta, p2):
        F1, N = sf.Ferromagnet(D=D[0], l=l[0], p=p[0]), sf.NormalMetal(D=D[1], l=l[1])
        F2 = sf.Ferromagnet(D=D[2], l=l[2], p=p2)
        return F1(1.0, m=sf.direction(0)) | N(d) | F2(1.0, m=sf.direction(theta, 20.0))

    d, theta, p2 = np.geomspace(1e-3, 10, 9), np.linspace(0, 180, 10), np.array([-0.5, 0.9])
    data = sf.sweep(stack, {"d": d, "theta": theta, "p2": p2})
    d, theta, p2 = np.ix_(d, theta, p2)
    exact = sf.analytic.valve(
        tuple(Di / (2 * li) for Di, li in zip(D, l)),
        (1.0 / l[0], d / l[1], 1.0 / l[2]),
        (p[0], p2),
        sf.direction(0),
        sf.direction(theta, 20.0),
    )
    for side, g in (("left", exact.g1), ("right", exact.g2)):
        found = data["efficiency"].sel(spacer="F1|F2", side=side)
        # near a sign change g is small against its terms
        np.testing.assert_allclose(found, g, rtol=0, atol=1e-10 * np.abs(g).max())
    np.testing.assert_allclose(data["spin_resistance"], exact.spin_resistance, rtol=1e-9)


def test_attributes_say_what_is_what():
    data = sf.sweep(valve, {"theta": [0.0, 90.0]}, current_density=-2.0)
    assert data.attrs == {"j0": 2.0, "spinfem_version": sf.__version__}
    assert data["theta"].attrs == {"long_name": "theta"}
    units = {name: data[name].attrs["units"] for name in data}
    assert units == {
        "torque": "J/m2",
        "absorbed_spin_current": "A/m2",
        "efficiency": "1",
        "spin_resistance": "Ohm m2",
        "resistance": "Ohm m2",
        "voltage": "V",
    }
    assert all(data[name].attrs["long_name"] for name in data)


def test_without_magnets_there_are_no_torques(tmp_path):
    N = sf.NormalMetal(D=2.0, l=1.0)
    data = sf.sweep(lambda d: sf.Reservoir() | N(d), {"d": [1.0, 3.0]})
    assert data["torque"].sizes["ferromagnet"] == data["efficiency"].sizes["spacer"] == 0
    np.testing.assert_allclose(data["resistance"], [0.5, 1.5], rtol=1e-14)
    data.to_netcdf(tmp_path / "bare.nc", engine="h5netcdf")


def test_one_value():
    data = sf.sweep(valve, {"d_N": [1e-9, 2e-9], "theta": [60]})
    assert data["torque"].shape == (2, 1, 2, 3)


def flat_result(theta):
    """A magnetization whose direction nothing depends on: p = 0."""
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.0)
    return (
        F(1.0, m=sf.direction(0)) | sf.NormalMetal(D=1.0, l=1.0)(1.0) | F(1, m=sf.direction(theta))
    )


def joined(AR, gamma):
    return sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1)) | sf.Interface(AR, gamma=gamma) | Cu(1e-8)


def azimuth(theta, phi):
    """Without effect at most points: those along z."""
    return valve(0.0).replace("free", m=sf.direction(theta, phi))


def switched(phi, on):
    """Without effect at all but one value of another argument."""
    return valve(np.where(on == 7, phi, 20.0))


J, PHI = [1e11, 2e11], [0.0, 90.0]
NO_EFFECT = [
    ("stack", lambda j: valve(60.0), {"j": J}),
    ("stack", lambda j, theta: valve(theta), {"theta": THETA, "j": J}),
    ("stack", lambda j, theta: valve(theta), {"j": [1e11, 2e11, 3e11], "theta": [60.0]}),
    ("stack", lambda theta, **more: valve(theta), {"theta": THETA, "j": J}),
    ("stack", lambda theta, j: valve(theta), {"theta": THETA, "j": [1e11]}),
    ("stack", lambda theta, j: valve(theta), {"theta": THETA, "j": [1e11, 1e11]}),
    ("stack", lambda j: valve(60.0, 1e-8 + 0 * j), {"j": J}),
    ("stack", lambda j: azimuth(0.0, j), {"j": PHI}),
    ("stack", lambda theta, j: azimuth(theta, j), {"theta": [0.0, 180.0], "j": PHI}),
    ("stack", lambda j: valve(60.0, (10 + np.floor(j / 100)) * 1e-9), {"j": [1.0, 2.0]}),
    ("result", lambda j: joined(0.0, j), {"j": [-0.5, 0.5]}),
    ("result", lambda AR, j: joined(AR, j), {"AR": [0.0], "j": [-0.5, 0.5]}),
    ("result", lambda j: flat_result(j), {"j": THETA}),
]


@pytest.mark.parametrize("pointwise", [False, True])
@pytest.mark.parametrize(("what", "build", "arguments"), NO_EFFECT)
def test_an_argument_that_changes_nothing_is_an_error(what, build, arguments, pointwise):
    message = {"stack": r"the stack, got .* j0=", "result": "a result, got the same resistances"}
    with pytest.raises(ValueError, match=rf"^argument 'j' must change {message[what]}"):
        sf.sweep(build, arguments, pointwise=pointwise)


def test_what_varies_in_a_file_must_be_in_its_stack(tmp_path):
    path = tmp_path / "valve.toml"
    more = '[materials.Unused]\nkind = "normal"\nsigma_S_m = 1e7\nl_nm = 5.0\n\n[[layers]]'
    path.write_text(SI.read_text().replace("[[layers]]", more, 1))
    file = read(path)
    variation = parse("Unused.l_nm=1:5:3", file)
    with pytest.raises(ValueError, match=r"^argument 'Unused.l_nm' must change the stack"):
        sf.sweep(
            FileBuilder(file.tables, {variation.name: variation.where}),
            {variation.name: variation.values},
        )


EFFECT = [
    (azimuth, {"phi": PHI, "theta": [0.0, 180.0, 180.0, 90.0, 0.0, 180.0]}),
    (azimuth, {"phi": [0.0], "theta": [0.0, 180.0]}),
    (switched, {"phi": PHI, "on": np.arange(12.0)}),
    (lambda phi: valve(np.where(phi == 45.0, 60.0, 20.0)), {"phi": np.linspace(0, 90, 7)}),
    (valve, {"theta": [-60.0, 60.0]}),  # its resistances are the same
    (joined, {"AR": [1e-25, 1e-15], "gamma": [0.0, 0.5]}),
    (lambda n: valve(60.0, np.round(n) * 1e-9), {"n": [1.0]}),
]


@pytest.mark.parametrize("pointwise", [False, True])
@pytest.mark.parametrize(("build", "arguments"), EFFECT)
def test_an_argument_with_an_effect_somewhere_is_none_without(build, arguments, pointwise):
    """Not a few points alone tell."""
    data = sf.sweep(build, arguments, pointwise=pointwise)
    assert data["resistance"].shape == tuple(map(len, arguments.values()))


def test_names_can_be_anything_where_the_builder_allows_it():
    data = sf.sweep(lambda **values: valve(values["free.angle"]), {"free.angle": THETA})
    assert same(
        data.rename({"free.angle": "theta"}).drop_vars("theta"),
        sf.sweep(valve, {"theta": THETA}).drop_vars("theta"),
    )


@pytest.mark.parametrize("shape", [(1,), (7,), (100,), (3, 40), (40, 3), (2, 3, 4), (1, 50, 1)])
@pytest.mark.parametrize("room", [0, 1, 7, 10**6])
def test_blocks_tile_the_grid_in_order(shape, room):
    names = [f"a{i}" for i in range(len(shape))]
    coordinates = {name: np.arange(float(n)) for name, n in zip(names, shape)}
    block = blocks._block_shape(shape, room)
    assert np.prod(block) <= max(room, 1)
    plan = blocks.Plan(valve, coordinates, False, 1.0, {}, (), StackResults((), ()), block, block)
    order = np.arange(np.prod(shape)).reshape(shape)
    parts = [plan.cut(block)]
    for seconds in (1e-9, 0.3, 10.0):  # chunks of many, three and single blocks
        chunk = blocks._chunk_shape(shape, block, seconds)
        assert all(c % b == 0 or c == n for c, b, n in zip(chunk, block, shape))
        parts.append(
            tuple(slice(a.start + c.start, a.start + c.stop) for a, c in zip(outer, inner))
            for outer in plan.cut(chunk)
            for inner in plan.part(outer).cut(block)
        )
    expected = [*plan.cut(block)]
    assert all([*these] == expected for these in parts[1:])
    assert np.array_equal(np.concatenate([order[i].ravel() for i in expected]), order.ravel())


# --- builders ---------------------------------------------------------------------------------


def test_pointwise(small):
    arguments = {"theta": THETA, "d_N": D_N}
    found = sf.sweep(branching, arguments, 1e11, pointwise=True)
    folded = np.minimum(THETA, 180 - THETA)
    for i, theta in enumerate(folded):
        for k, d_N in enumerate(D_N):
            expected = sf.solve(valve(theta, d_N), 1e11).torque("free")
            np.testing.assert_allclose(
                found["torque"][i, k, 1], expected, rtol=0, atol=1e-10 * np.abs(expected).max()
            )


def test_pointwise_gives_python_numbers():
    kinds = set()

    def build(theta):
        kinds.add(type(theta))
        return valve(theta)

    sf.sweep(build, {"theta": np.array([0, 1, 2])}, pointwise=True)
    assert kinds == {float}


def sample(AR=0.5e-15, mixing=5e14, lambda_J=1e-9, thickness=4e-9, theta=60.0):
    """Resistive interfaces, a mixing conductance, exchange lengths and a graded layer."""
    weak = sf.Ferromagnet.from_valet_fert(
        291e-9, beta=0.76, l=5.5e-9, lambda_J=lambda_J, lambda_phi=2e-9
    )
    return (
        sf.Lead(Cu)
        | GRADED(1e-9, m=sf.direction(0), name="graded")
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | sf.Interface(AR, gamma=0.5, mixing=mixing * (1 + 0.1j), name="i1")
        | Cu(10e-9, name="spacer")
        | sf.Interface(0.5e-15, gamma=0.3)
        | weak(thickness, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


GRADED = sf.interdiffused(Co, sf.material("Ru"), width=0.3)
SAMPLES = {
    "AR": [0.1e-15, 1e-15, 2e-15],
    "mixing": [3e14, 1e15, 1e16],
    "lambda_J": [0.5e-9, 2e-9, 5e-9],
    "thickness": [1e-9, 2e-9, 3e-9],
}


def check_points(data, name, build):
    """Compare every point of a sweep over theta and one more argument with its own solution."""
    for theta in data["theta"].values:
        for value in data[name].values:
            here, one = data.sel({"theta": theta, name: value}), sf.solve(build(value, theta))
            for magnet in one.ferromagnets:
                np.testing.assert_allclose(
                    here["absorbed_spin_current"].sel(ferromagnet=magnet),
                    one.absorbed_spin_current(magnet),
                    rtol=0,
                    atol=1e-10,
                )
            assert float(here["resistance"]) == pytest.approx(one.resistance, rel=1e-10)


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize("pointwise", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_numbers_of_interfaces_and_exchange_lengths(name, pointwise):
    arguments = {"theta": [0.0, 50.0, 180.0], name: SAMPLES[name]}
    data = sf.sweep(sample, arguments, pointwise=pointwise)
    check_points(data, name, lambda value, theta: sample(**{name: value}, theta=theta))


def transparent_at_first(AR, theta):
    return sample(AR, theta=theta)


def mixing_at_last(G, theta):
    stack = sample(theta=theta)
    return stack if G > 1 else stack.replace("i1", mixing=None)


def width(w, theta):
    metal = sf.interdiffused(Co, sf.material("Ru"), width=w)
    return sample(theta=theta).replace("graded", material=metal)


def samples_of_l(l, theta):
    metal = sf.NormalMetal(D=1e8, l=sf.sampled([l, 5e-9]))
    return sample(theta=theta).replace("spacer", material=metal)


def ramp(slope, theta):
    metal = sf.NormalMetal(D=lambda xi: 1e8 * (1 + slope * xi), l=1e-8)
    return sample(theta=theta).replace("spacer", material=metal)


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (transparent_at_first, {"AR": [0.0, 1e-15, 2e-15]}),
        (mixing_at_last, {"G": [0, 1, 2]}),
        (width, {"w": [0.1, 0.3]}),
        (samples_of_l, {"l": [1e-9, 2e-9, 3e-9]}),
        (ramp, {"slope": [0.0, 0.1, 0.2]}),
    ],
)
def test_what_no_batch_can_have_goes_point_by_point(build, argument):
    """Some points with what others lack, or with other functions of xi."""
    ((name, _),) = argument.items()
    for arguments in ({"theta": [0.0, 50.0], **argument}, {**argument, "theta": [0.0, 50.0]}):
        with pytest.raises(ValueError, match=r"pointwise=True, got "):
            sf.sweep(build, arguments)
        check_points(sf.sweep(build, arguments, pointwise=True), name, build)


@pytest.mark.long
def test_store_tells_interfaces_and_profiles_apart(tmp_path):
    call = {"arguments": {"theta": THETA}, "store": tmp_path / "store"}
    sf.sweep(lambda theta: sample(theta=theta), **call)
    for i, changes in enumerate(({"AR": 1e-15}, {"mixing": 1e15}, {"lambda_J": 2e-9})):
        with pytest.raises(ValueError, match="store"):
            sf.sweep(lambda theta, c=changes: sample(theta=theta, **c), **call)
        call["store"] = tmp_path / f"ramp {i}"
        sf.sweep(lambda theta: ramp(0.1, theta), **call)
        with pytest.raises(ValueError, match="store"):
            sf.sweep(lambda theta: ramp(0.2, theta), **call)
        call["store"] = tmp_path / "store"


def lookup(theta):
    return valve({0.0: 10.0, 90.0: 20.0, 180.0: 30.0}[theta])


def listed(theta):
    a = np.radians(theta)
    free = Py(4e-9, m=[np.sin(a), 0.0, np.cos(a)], name="free")
    return Co(8e-9, m=sf.direction(0)) | Cu(1e-8) | free


def normalized(theta):
    return valve(theta / np.max(theta) if np.max(theta) else theta)


def fixed_shape(theta):
    return valve(theta[:2] if np.ndim(theta) else theta)


@pytest.mark.parametrize("builder", [branching, lookup, listed, normalized, fixed_shape])
def test_builder_that_cannot_take_arrays(builder):
    with pytest.raises(ValueError, match=r"^builder must take arrays .* pointwise=True, got ") as e:
        sf.sweep(builder, {"theta": [0.0, 90.0, 180.0]})
    assert "\n" not in str(e.value)
    sf.sweep(builder, {"theta": [0.0, 90.0, 180.0]}, pointwise=True)


def test_value_out_of_range_is_no_matter_of_arrays():
    with pytest.raises(ValueError, match="thickness of layer 'spacer' must be positive") as e:
        sf.sweep(valve, {"theta": THETA, "d_N": np.linspace(1e-9, -1e-9, 10)})
    assert "pointwise" not in str(e.value)
    bad = np.full(100, 1e-9)
    bad[30] = -1.0  # between the points that are tried as numbers
    with pytest.raises(
        ValueError, match="thickness of layer 'spacer' must be positive and finite, got -1 "
    ):
        sf.sweep(valve, {"theta": THETA, "d_N": bad})


def test_layers_must_be_the_same_everywhere():
    def growing(n):
        layers = [Cu(1e-9, name=f"c{i}") for i in range(int(n))]
        return sf.Stack([*layers, Co(1e-9, m=(0, 0, 1), name="a")])

    for values in ([1, 2, 3], [1, 1, 1, 2, 1, 1, 1]):
        with pytest.raises(
            ValueError, match=r"same names, groups and kinds at all points, got .* n = 2"
        ):
            sf.sweep(growing, {"n": values}, pointwise=True)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"builder": 3}, TypeError, "builder must be a function that returns a Stack, got 3"),
        (
            {"builder": lambda theta: theta},
            TypeError,
            "builder must return a Stack or a Device, got 0",
        ),
        (
            {"builder": lambda theta: valve([1.0, 2.0])},
            TypeError,
            "builder must return a single stack for numbers, got a batch of shape (2,)",
        ),
        ({"arguments": {}}, TypeError, "arguments must map at least one name to values, got {}"),
        ({"arguments": [1]}, TypeError, "arguments must map at least one name"),
        ({"arguments": {"thetta": [1]}}, ValueError, "'thetta'; did you mean 'theta'?"),
        ({"arguments": {"d_N": [1]}}, ValueError, "argument 'theta' of the builder must be given"),
        ({"arguments": {"theta": 1.0}}, ValueError, "'theta' must be a one-dimensional array"),
        ({"arguments": {"theta": [[1.0]]}}, ValueError, "one-dimensional array, got shape (1, 1)"),
        ({"arguments": {"theta": []}}, ValueError, "argument 'theta' must not be empty"),
        ({"arguments": {"theta": ["a"]}}, TypeError, "argument 'theta' must be a real number"),
        ({"arguments": {"theta": [1, np.nan]}}, ValueError, "must be finite, got nan at index 1"),
        (
            {"builder": lambda torque: valve(torque), "arguments": {"torque": [1.0]}},
            ValueError,
            "an argument must not be called like a result, got 'torque'",
        ),
        ({"j0": [1.0, 2.0]}, TypeError, "current of a sweep must be one number"),
        ({"j0": 1.0, "current_density": 1.0}, ValueError, "the current must be given once"),
        ({"degree": 0}, ValueError, "degree must be a whole number from 1 to 20, got 0"),
        ({"store": "no/such/place"}, OSError, "no/such/place: cannot be made: No such file"),
        ({"executor": "dask"}, TypeError, "executor must be a concurrent.futures.Executor"),
        ({"executor": 3}, TypeError, "(of a dask Client its get_executor()), got 3"),
        ({"executor": ThreadPoolExecutor}, TypeError, "got <class 'concurrent.futures.thread."),
    ],
)
def test_bad_input(change, error, message):
    call = {"builder": valve, "arguments": {"theta": THETA}} | change
    with pytest.raises(error) as e:
        sf.sweep(**call)
    assert message in str(e.value)
    assert "\n" not in str(e.value)


def test_overflow_names_the_point():
    D = np.array([1.0, 2.0, 1e-310, 3.0])

    def stack(D):
        F = sf.Ferromagnet(D=D, l=1.0, p=0.5)
        return F(1.0, m=sf.direction(0)) | sf.NormalMetal(D=1.0, l=1.0)(1.0)

    with pytest.raises(
        ValueError, match=r"results must be finite, got an overflow .* at D = 1e-310"
    ):
        sf.sweep(stack, {"D": D})


def test_missing_xarray_says_what_to_install(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="xarray: pip install xarray zarr dask h5netcdf h5py"):
        sf.sweep(valve, {"theta": THETA})
    with pytest.raises(SystemExit) as stop:
        cli.main(["sweep", str(SI), "--vary", "free.polar_deg=0:180:5", "-o", "x.nc"])
    assert stop.value.code == 2
    assert capfd.readouterr().err.startswith("error: a sweep needs xarray: pip install")


def test_progress_bar(capfd):
    sf.sweep(valve, {"theta": THETA}, progress=True)
    assert "100%" in capfd.readouterr().err
    sf.sweep(valve, {"theta": THETA})  # not a terminal
    assert capfd.readouterr() == ("", "")


# --- executors --------------------------------------------------------------------------------


def test_executors_change_no_bit(small):
    arguments = {"theta": THETA, "d_N": D_N}
    alone = sf.sweep(valve, arguments, 1e11)
    with ProcessPoolExecutor(2) as pool:
        assert same(sf.sweep(valve, arguments, 1e11, executor=pool), alone)
        with pytest.raises(TypeError, match="builder must be a function at the top of a module"):
            sf.sweep(lambda theta: valve(theta), {"theta": THETA}, executor=pool)
    with ThreadPoolExecutor(2) as pool:
        assert same(sf.sweep(valve, arguments, 1e11, executor=pool), alone)


class Spy(ThreadPoolExecutor):
    """Counts tasks, and what the builder has done when the first one comes."""

    def __init__(self, calls):
        super().__init__(8)
        self.calls, self.tasks, self.before = calls, 0, None

    def submit(self, task, *arguments):
        if not arguments:  # whether it is open
            return super().submit(task)
        self.before = len(self.calls) if self.tasks == 0 else self.before
        self.tasks += 1
        return super().submit(task, *arguments)


@pytest.mark.long
@pytest.mark.parametrize("shape", [(20, 20), (50, 40), (8, 1), (1, 3)])
def test_pointwise_sweeps_keep_workers_busy_from_the_first_point_on(shape):
    """Tasks have times of their own here; that of a builder is what the probes took."""
    calls = []

    def slow(theta, d_N):
        calls.append(theta)
        if len(calls) <= 3:
            time.sleep(0.02)
        return valve(theta, d_N)

    arguments = {"theta": np.linspace(0, 180, shape[0]), "d_N": np.linspace(1e-9, 1e-8, shape[1])}
    with Spy(calls) as pool:
        found = sf.sweep(slow, arguments, pointwise=True, executor=pool)
    # the probes, and each argument by itself; of one value beside that
    tried = 5 if min(shape) > 1 else 4
    assert pool.before == tried
    points = np.prod(shape)
    assert pool.tasks >= min(points, 32)
    assert points / pool.tasks * 0.02 <= 2 * blocks.CHUNK_SECONDS
    assert len(calls) == tried + points
    assert same(found, sf.sweep(valve, arguments, pointwise=True))


@pytest.mark.parametrize(
    ("shape", "block", "seconds", "chunk"),
    [
        ((1000,), (1,), 0.25, (4,)),
        ((1000,), (1,), 1e-6, (15,)),
        ((1000, 10), (1, 10), 0.125, (8, 10)),
        ((100, 10), (1, 2), 0.125, (1, 10)),
        ((10, 100, 4), (1, 5, 4), 0.05, (1, 15, 4)),
        ((1000, 100), (1, 50), 1e-3, (15, 100)),
        ((10,), (1,), 100.0, (1,)),
        ((), (), 1.0, ()),
    ],
)
def test_chunks_take_a_second_and_there_are_many(shape, block, seconds, chunk):
    assert blocks._chunk_shape(shape, block, seconds) == chunk


def test_few_chunks_at_once_are_with_an_executor(small, monkeypatch):
    """And no more of the plan than that is made."""
    monkeypatch.setattr(sweeping, "WAITING", 3)
    real, made, most = blocks.Plan.part, [0], []
    monkeypatch.setattr(blocks.Plan, "part", lambda *a: made.append(1) or real(*a))

    class Last(Executor):
        """Its tasks are done once more than one is asked for."""

        def submit(self, task, *arguments):
            future = Future()
            if not arguments:
                future.set_result(task())
                return future
            queue.append((future, task, arguments))
            most.append(len(queue))
            assert sum(made) <= len(queue) + len(finished) + 1
            if len(queue) == 3:
                while queue:
                    one, task, arguments = queue.pop()
                    finished.append(one)
                    one.set_result(task(*arguments))
            return future

    queue, finished = [], []
    arguments = {"theta": np.linspace(0, 180, 60)}
    found = sf.sweep(valve, arguments, executor=Last())
    assert max(most) == 3
    assert len(finished) == 15
    assert same(found, sf.sweep(valve, arguments))


def test_workers_of_another_version_are_refused(monkeypatch):
    real, calls = versions(), []

    def there():
        calls.append(1)
        return real if len(calls) == 1 else {**real, "numpy": "1.0"}

    monkeypatch.setattr(sweeping, "versions", there)
    with pytest.raises(ValueError, match=r"^workers must have the same versions .* of numpy$"):
        sf.sweep(valve, {"theta": THETA})


def test_error_of_a_worker_reaches_the_caller(small):
    def refuse(theta):
        if 90 < theta < 110:
            raise ZeroDivisionError
        return valve(theta)

    with ThreadPoolExecutor(2) as pool, pytest.raises(ZeroDivisionError):
        sf.sweep(refuse, {"theta": np.linspace(0, 180, 19)}, pointwise=True, executor=pool)


@pytest.fixture(scope="module")
def cluster():
    """A dask cluster of two processes."""
    from dask.distributed import LocalCluster

    with (
        np.errstate(all="warn"),  # the traps are for spinfem
        LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        yield cluster


@pytest.mark.long
@pytest.mark.parametrize("store", [None, "x.zarr"])
def test_dask_cluster_changes_no_bit(small, cluster, tmp_path, monkeypatch, store):
    from dask.distributed import Client

    monkeypatch.chdir(tmp_path)  # where workers are not

    def build(theta, d_N):  # sent by value: the workers do not know this file
        return (
            sf.Lead(Cu)
            | Co(8e-9, m=sf.direction(0), name="fixed")
            | Cu(d_N, name="spacer")
            | Py(4e-9, m=sf.direction(theta), name="free")
            | sf.Lead(Cu)
        )

    arguments = {"theta": THETA, "d_N": D_N}
    with (
        np.errstate(all="warn"),
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        found = sf.sweep(build, arguments, 1e11, executor=executor, store=store)
    assert same(found, sf.sweep(valve, arguments, 1e11))


@pytest.mark.long
def test_command_on_a_cluster(run, cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    vary = ["--vary", ANGLE, "--vary", SPACER]
    assert run("sweep", SI, *vary, "-o", "alone.nc")[0] == 0
    address = cluster.scheduler_address
    with np.errstate(all="warn"):
        status, out, err = run("sweep", SI, *vary, "-o", "out.nc", "--scheduler", address)
    assert (status, err) == (0, "")
    assert out.startswith("out.nc: 21 points")
    assert same(opened("out.nc"), opened("alone.nc"))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CancelledError(), "the scheduler at {} is gone"),
        (
            KilledWorker("a", None, 3),
            "workers of {} died over one chunk, perhaps for lack of memory",
        ),
        (ImportError("No module"), "{} has another environment (ImportError: No module)"),
    ],
)
@pytest.mark.long
def test_a_cluster_that_fails_is_one_line(run, cluster, tmp_path, monkeypatch, error, message):
    def fail(*_):
        raise error

    monkeypatch.setattr("spinfem.cli.sweepfile.run", fail)
    path, address = tmp_path / "out.nc", cluster.scheduler_address
    with np.errstate(all="warn"):
        found = run("sweep", SI, "--vary", ANGLE, "-o", path, "--scheduler", address)
    goes_on = "the same command goes on from here"
    line = f"error: {path}: cannot be written: {message.format(address)}; {goes_on}\n"
    assert found == (2, "", line)


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["tcp://127.0.0.1:1"], "--scheduler tcp://127.0.0.1:1: no scheduler answers ("),
        (["nowhere"], "--scheduler nowhere: no scheduler answers ("),
        (["x://127.0.0.1:1"], "--scheduler x://127.0.0.1:1: no scheduler answers ("),
        (["tcp://127.0.0.1:1", "--workers", "2"], "--scheduler must come without --workers"),
    ],
)
def test_no_cluster(run, tmp_path, monkeypatch, options, message):
    monkeypatch.setattr("spinfem.cli.sweepfile.CONNECTING", 0.1)
    with np.errstate(all="warn"):
        status, out, err = run(
            *("sweep", SI, "--vary", ANGLE, "-o", tmp_path / "out.nc", "--scheduler", *options)
        )
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


# --- store ------------------------------------------------------------------------------------


def chunks_in(store):
    """Files that say which chunks are done, in order."""
    files = (store / SEALED).glob("c*")
    whole = [file for file in files if re.fullmatch(r"c(\.\d+)*", file.name)]
    return sorted(whole, key=lambda file: [int(n) for n in file.name.split(".")[1:]])


@pytest.fixture
def solved(monkeypatch):
    """First points of what is solved."""
    solved = []
    real = sweeping.solve_grid

    def noting(plan, told):
        solved.append(tuple(float(values[0]) for values in plan.coordinates.values()))
        return real(plan, told)

    monkeypatch.setattr(sweeping, "solve_grid", noting)
    return solved


@pytest.mark.long
def test_store_keeps_what_is_done(small, tmp_path, solved):
    arguments, store = {"theta": THETA, "d_N": D_N}, tmp_path / "store"
    whole = sf.sweep(valve, arguments, 1e11)
    assert same(sf.sweep(valve, arguments, 1e11, store=store), whole)
    assert [file.name for file in chunks_in(store)] == [f"c.{i}.0.0" for i in range(7)]
    solved.clear()
    assert same(sf.sweep(valve, arguments, 1e11, store=store), whole)
    assert solved == []
    broken = {}
    for i, name in enumerate((*whole, SEALED)[1:]):
        (path,) = (store / name).glob(f"c.{i}.*")
        content = broken[path] = path.read_bytes()
        kept = (content[: len(content) // 2], b"", content[:-1], content + b"x", None, content[:9])
        path.unlink() if kept[i] is None else path.write_bytes(kept[i])
    assert same(sf.sweep(valve, arguments, 1e11, store=store), whole)
    assert solved == [(theta, D_N[0]) for theta in THETA[:6]]
    assert all(path.read_bytes() == content for path, content in broken.items())
    (store / SEALED / "c.6.0.0").unlink()
    solved.clear()
    assert same(sf.sweep(valve, arguments, 1e11, store=store), whole)
    assert solved == [(THETA[6], D_N[0])]


@pytest.mark.long
def test_stored_dataset_is_lazy_and_what_zarr_opens(tmp_path):
    import dask.array as da

    arguments, path = {"theta": THETA, "d_N": D_N}, tmp_path / "x.zarr"
    whole = sf.sweep(valve, arguments, 1e11)
    data = sf.sweep(valve, arguments, 1e11, store=path)
    opened = xr.open_zarr(path)
    for one in (data, opened):
        assert all(isinstance(one[name].data, da.Array) for name in one)
        assert same(one, whole)
    assert [*data] == [*whole]
    assert data["ferromagnet"].dtype == whole["ferromagnet"].dtype
    assert {p.name for p in path.iterdir()} == {
        *map(str, whole.variables),
        "sweep_record",
        "zarr.json",
    }
    assert {p.name for p in (path / "sweep_record").iterdir()} == {"sealed", "zarr.json"}
    assert not list(path.rglob("*.tmp*"))


@pytest.mark.long
def test_stored_dataset_without_magnets(tmp_path):
    N = sf.NormalMetal(D=2.0, l=1.0)
    call = {"builder": lambda d: sf.Reservoir() | N(d), "arguments": {"d": [1.0, 3.0]}}
    for _ in range(2):
        assert same(sf.sweep(**call, store=tmp_path), sf.sweep(**call))
    assert same(xr.open_zarr(tmp_path), sf.sweep(**call))


@pytest.mark.long
@pytest.mark.parametrize("name", ["a/b", "a:b", "x" * 250, "__a", "end.", "new\nline"])
def test_names_that_files_cannot_have(tmp_path, name):
    """They are in the dataset, and counted in the store."""

    def build(**values):
        return valve(values["theta"], values[name])

    call = {"builder": build, "arguments": {"theta": THETA, name: D_N}}
    expected = sf.sweep(**call)
    assert same(sf.sweep(**call, store=tmp_path), expected)
    axis = name.replace("/", "|")
    assert same(xr.open_zarr(tmp_path).rename(axis_1=axis), expected)


@pytest.mark.parametrize("names", [["mine.txt"], ["manifest.json", "chunk-000000-000001.npz"]])
def test_store_with_other_files_is_refused(tmp_path, names):
    """As those of another program, or of spinfem before stores were zarr groups."""
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".hidden").touch()
    message = re.escape(f"got other files ({names[-1]})")
    with pytest.raises(ValueError, match=rf"store must be empty .*, {message}"):
        sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names, ".hidden"}


@pytest.mark.long
def test_store_of_another_sweep_is_refused(small, tmp_path):
    call = {"builder": valve, "arguments": {"theta": THETA}, "j0": 1.0, "store": tmp_path / "store"}
    sf.sweep(**call)

    def thicker(theta):
        return valve(theta, 11e-9)

    def renamed(theta):
        return valve(theta).replace("free", name="loose")

    for change, what in (
        ({"j0": 2.0}, "current"),
        ({"arguments": {"theta": THETA[:-1]}}, "values"),
        ({"arguments": {"theta": THETA + 1e-13}}, "values"),
        ({"degree": 3}, "accuracy"),
        ({"builder": thicker}, "stack"),
        ({"builder": renamed}, "layers"),
        ({"pointwise": True}, "blocks"),
    ):
        with pytest.raises(ValueError, match=rf"store must be empty .*different .*\b{what}\b"):
            sf.sweep(**(call | change))
    (tmp_path / "store" / MANIFEST).write_text("{")
    with pytest.raises(ValueError, match="got an unreadable manifest"):
        sf.sweep(**call)


def exchanging(theta, lengths):
    weak = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, **lengths)
    return Co(8e-9, m=sf.direction(0)) | Cu(1e-8) | weak(3e-9, m=sf.direction(theta))


def bump(theta, height, at=0.3, width=1e-3):
    """A profile that differs from a constant around one place only."""

    def D(xi):
        return 1e8 * (1 + height * np.exp(-(((xi - at) / width) ** 2)))

    return valve(theta).replace("spacer", material=sf.NormalMetal(D=D, l=1e-8))


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((exchanging, {"lambda_J": 1e-9}), (exchanging, {"lambda_phi": 1e-9})),
        ((exchanging, {"lambda_J": 1e-9}), (exchanging, {"lambda_J": 1e-9, "lambda_phi": 1e-9})),
        ((bump, 0.0), (bump, 0.5)),
        ((bump, 0.5), (bump, 0.5, 0.30001)),
    ],
)
@pytest.mark.parametrize("pointwise", [False, True])
def test_store_knows_names_and_all_of_a_profile(tmp_path, one, other, pointwise):
    def build(model):
        return lambda theta: model[0](theta, *model[1:])

    call = {"arguments": {"theta": [0.0, 50.0]}, "pointwise": pointwise, "store": tmp_path}
    first = sf.sweep(build(one), **call)
    assert same(sf.sweep(build(one), **call), first)
    with pytest.raises(ValueError, match=r"store must be empty .*different stack\b"):
        sf.sweep(build(other), **call)


@pytest.mark.long
def test_profiles_are_compared_wherever_they_are_evaluated():
    """With another value at any place where solving looks, the digest is another."""
    seen = []

    def stack(place=None):
        def D(xi):
            seen.extend(np.ravel(xi))
            return np.where(xi == place, 2.5e8, 1e8 * (1 + xi))

        return sf.NormalMetal(D=D, l=1e-8)(1e-8) | Co(1e-8, m=(0, 0, 1))

    accuracy = {"degree": 4, "elements": 2}
    sf.solve(stack(), **accuracy)
    places = np.unique(seen)
    between = places[~np.isin(places, np.linspace(0, 1, 4097))]  # Gauss points
    assert between.size >= 10
    before = fingerprint(stack(), accuracy)
    assert fingerprint(stack(), accuracy) == before
    for place in [*between, *places[::200]]:
        assert fingerprint(stack(place), accuracy) != before


@pytest.mark.long
def test_chunks_of_another_builder_are_computed_again(small, tmp_path):
    """It differs where neither the first, the middle nor the last point is."""

    def kinked(theta):
        return valve(np.where((theta > 100) & (theta < 130), 60.0, theta))

    sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    found = sf.sweep(kinked, {"theta": THETA}, store=tmp_path)
    assert same(found, sf.sweep(kinked, {"theta": THETA}))


def scaled(factor, inner=None):
    return lambda theta: valve(factor * theta) if inner is None else inner(theta)


def with_default(theta, factor=1.0):
    return valve(factor * theta)


def stepped(theta):
    return valve(theta if theta != 120.0 else 60.0)


def stepped_elsewhere(theta):
    return valve(theta if theta != 150.0 else 60.0)


class Angle:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, theta):
        return valve(theta)


@dataclass
class Scaled:
    factor: float

    def __call__(self, theta):
        return valve(theta)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (stepped, stepped_elsewhere, True),
        (scaled(1.0), scaled(1.0), False),
        (scaled(1.0), scaled(2.0), True),
        (scaled(1.0, stepped), scaled(1.0, stepped_elsewhere), True),
        (with_default, partial(with_default, factor=2.0), True),
        (partial(with_default, factor=2.0), partial(with_default, factor=2.0), False),
        (Scaled(1.0), Scaled(2.0), True),
        (Angle(1.0), stepped, True),
        (Angle(1.0), Angle(1.0), False),
        (Angle(1.0), Angle(2.0), True),
        (scaled(1.0, Angle(1.0)), scaled(1.0, Angle(2.0)), True),
        (partial(scaled, valve(60.0)), partial(scaled, valve(60.0)), False),
        (partial(scaled, valve(60.0)), partial(scaled, valve(61.0)), True),
        (cache(stepped), cache(stepped), False),
        (cache(stepped), cache(stepped_elsewhere), True),
        (partial(scaled, np.arange(3)), partial(scaled, np.arange(3)), False),
        (partial(scaled, np.arange(3)), partial(scaled, np.arange(4)), True),
    ],
)
def test_definition_of_a_builder(one, other, differs):
    assert (definition(one) != definition(other)) is differs


PARAMS = """
RHO, OTHER = 6e-9, 1
table = {"rho": 6e-9}
class Metal:
    rho = 6e-9
    __slots__ = ("x",)
    def at(self, d):
        return 7 * RHO
metal, named = Metal(), __import__("types").SimpleNamespace(rho=6e-9)
metal.x = 6e-9
def rho(d):
    return 8 * RHO if d > 0 else table["rho"]
def __getattr__(name):
    return 9 * RHO
"""
FAR = "RHO, OTHER = 6e-9, 1"
CACHED = "from functools import cache; from params import rho; rho = cache(rho)"
PARTIAL = "from functools import partial; import params; f = partial(params.rho, 1.0)"
READS = [  # how a builder reads a number, and what is changed in the file where it stands
    ("import params", "params.RHO", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("import params", "params.RHO", FAR, "RHO, OTHER = 6e-9, 2", False),
    ("import params", "params.RHO", "7 * RHO", "70 * RHO", False),
    ("from params import RHO", "RHO", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("from params import rho", "rho(d)", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("from params import rho", "rho(d)", "8 * RHO", "80 * RHO", True),
    ("import params as p", "p.rho(d)", "8 * RHO", "80 * RHO", True),
    ("import params as p", "p.rho(d)", '{"rho": 6e-9}', '{"rho": 60e-9}', True),
    ("from params import metal", "metal.at(d)", "7 * RHO", "70 * RHO", True),
    ("from params import metal", "metal.rho", "    rho = 6e-9", "    rho = 60e-9", True),
    ("from params import metal", "metal.x", "metal.x = 6e-9", "metal.x = 60e-9", True),
    ("from params import named", "named.rho", "(rho=6e-9)", "(rho=60e-9)", True),
    ("from params import Metal", "Metal().at(d)", "7 * RHO", "70 * RHO", True),
    ("import params", "params.table['rho']", '{"rho": 6e-9}', '{"rho": 60e-9}', True),
    ("import params", "getattr(params, 'RHO')", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("import params", "params.anything", "9 * RHO", "90 * RHO", True),
    ("import params", "read(params)", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("import params", "(lambda: params.RHO)()", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("", "late(d)", FAR, "RHO, OTHER = 60e-9, 1", True),
    ("", "later(d)", "8 * RHO", "80 * RHO", True),
    (CACHED, "rho(d)", "8 * RHO", "80 * RHO", True),
    (PARTIAL, "f()", "8 * RHO", "80 * RHO", True),
    ("import params; bound = params.metal.at", "bound(d)", "7 * RHO", "70 * RHO", True),
]
BUILDER = """
{head}
def read(module):
    return module.RHO
def late(d):
    import params
    return params.RHO
def later(d):
    from params import rho as f
    return f(d)
def build(d):
    return {body}
"""


@pytest.mark.parametrize(("head", "body", "old", "new", "differs"), READS)
def test_definition_follows_what_is_read(tmp_path, monkeypatch, head, body, old, new, differs):
    """In other files, too, by whatever way."""
    monkeypatch.syspath_prepend(tmp_path)
    assert PARAMS.count(old) == 1
    found = []
    for text in (PARAMS, PARAMS, PARAMS.replace(old, new)):
        (tmp_path / "params.py").write_text(text)
        monkeypatch.delitem(sys.modules, "params", raising=False)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        importlib.invalidate_caches()
        run = {"__name__": "run", "__file__": str(tmp_path / "run.py")}
        exec(BUILDER.format(head=head, body=body), run)
        found.append(definition(run["build"]))
        assert run["build"](1.0) > 0  # it can read that
    sys.modules.pop("params")
    assert found[0] == found[1]
    assert (found[0] != found[2]) is differs


def test_definition_of_equal_things_at_other_places():
    """Which of two equal tables is read where."""

    def with_tables(*tables):
        return lambda theta: valve(theta, tables[0][0] if theta < 90 else tables[2][0])

    one, other = [1e-9], [2e-9]
    assert definition(with_tables(one, other, one)) != definition(with_tables(one, other, other))


@pytest.mark.parametrize("value", [threading.Lock(), (x for x in [1.0]), sys.__stderr__])
def test_pointwise_store_of_what_cannot_be_compared_is_refused(tmp_path, value):
    def build(theta):
        return valve(theta if value else 0.0)

    call = {"arguments": {"theta": THETA}, "pointwise": True}
    sf.sweep(build, **call)
    with pytest.raises(TypeError, match=r"^builder of a sweep that is stored .* state cannot be"):
        sf.sweep(build, store=tmp_path, **call)


OTHER_PROCESS = """
from functools import partial
import numpy as np
from spinfem.studies.definitions import definition
table, names = {0.0: 1.0, 3.0: 2.0}, {"a", "b", "c"}
class Angle:
    def __init__(self, factor): self.factor = factor
angle = Angle({"x", "y", 2.5})
def inner(theta):
    return table[theta] if str(theta) in {"x", "y", "z"} else partial(outer, names)
def outer(theta, factor=2.0):
    return [inner(part) for part in theta] if angle.factor else np.pi
print(definition(outer))
table[3.0] = 1.0
print(definition(outer))
angle.factor = 2.0
print(definition(outer))
"""


@pytest.mark.long
def test_definition_has_globals_and_is_the_same_in_every_process():
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", OTHER_PROCESS]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.append(run.stdout.split())
    assert found[0] == found[1]
    assert len(set(found[0])) == 3


@pytest.mark.long
def test_pointwise_store_of_another_text_is_refused(tmp_path):
    call = {"arguments": {"theta": THETA}, "pointwise": True, "store": tmp_path}
    first = sf.sweep(stepped, **call)
    assert same(sf.sweep(stepped, **call), first)
    with pytest.raises(ValueError, match=r"different builder\b"):
        sf.sweep(stepped_elsewhere, **call)


@pytest.mark.long
@pytest.mark.parametrize("package", ["spinfem", "text of spinfem", "numpy", "scipy"])
def test_store_of_another_version_is_refused(tmp_path, monkeypatch, package):
    sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    other = {**versions(), package: "0.0"}
    monkeypatch.setattr(sweeping, "versions", lambda: other)
    with pytest.raises(ValueError, match=r"different versions\b"):
        sf.sweep(valve, {"theta": THETA}, store=tmp_path)


def flipped(path, byte):
    content = bytearray(path.read_bytes())
    content[byte] ^= 1 << byte % 8
    path.write_bytes(content)


@pytest.mark.long
def test_any_flipped_bit_of_a_chunk_is_found(tmp_path):
    plan = sweeping.plan_sweep(valve, {"theta": np.array([10.0, 60.0])})
    found, source = blocks.solve_grid(plan, told=True)
    (chunk,) = plan.cut(plan.chunk)
    with grid_store(tmp_path) as store:
        sweeping.begin(store, plan)
        seal = store.writer(chunk, source, plan.results.whole(found))
        assert not store.has(chunk, lambda: source)
        store.accept(chunk, seal)
        assert store.has(chunk, lambda: source)
        assert not store.has(chunk, lambda: ["other"])
        for name in (*plan.variables, SEALED):
            (path,) = tmp_path.glob(f"{name}/c.*")
            content = path.read_bytes()
            for byte in range(len(content)):
                flipped(path, byte)
                assert not store.has(chunk, lambda: source)
                path.write_bytes(content)
            for end in range(0, len(content), 7):
                path.write_bytes(content[:end])
                assert not store.has(chunk, lambda: source)
            path.write_bytes(content)
        assert store.has(chunk, lambda: source)


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("first", range(5))
def test_flipped_bits_of_what_is_said_of_chunks_are_mended(tmp_path, first):
    """Sizes, names and values of the axes; where it is not known whose they are, they are not."""
    call = {"builder": valve, "arguments": {"theta": THETA}}
    expected = sf.sweep(**call)
    sf.sweep(**call, store=tmp_path)
    rng = random.Random(0)
    content = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    for path in rng.sample([*content], len(content))[first::5]:
        at = content[path].index(b"sweep") if path == tmp_path / MANIFEST else 0
        flipped(path, rng.randrange(at, len(content[path]) - 10))
        if path != tmp_path / MANIFEST:
            assert same(sf.sweep(**call, store=tmp_path), expected)
            assert path.read_bytes() == content[path]
        else:
            with pytest.raises(ValueError, match="store must be empty or that of this sweep"):
                sf.sweep(**call, store=tmp_path)
            path.write_bytes(content[path])


@pytest.mark.long
def test_chunks_under_other_names_and_of_other_sweeps_are_not_taken(small, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    arguments = {"theta": np.linspace(0, 180, 40)}
    expected = sf.sweep(valve, arguments, store=one).load()
    sf.sweep(valve, arguments, 2.0, store=other)
    names = [path.relative_to(one) for path in one.rglob("c.*")]
    for name in names:
        for number, (store, source) in {3: (one, 2), 5: (other, 5)}.items():
            if name.name.startswith(f"c.{number}"):
                file = name.name.replace(str(number), str(source), 1)
                (one / name).write_bytes((store / name.with_name(file)).read_bytes())
    assert not same(xr.open_zarr(one), expected)
    assert same(sf.sweep(valve, arguments, store=one), expected)


@pytest.mark.long
@pytest.mark.parametrize(
    ("first", "then", "count"),
    [pytest.param(1e-9, 1.0, 34, marks=pytest.mark.long), (1.0, 1e-9, 1)],
)
def test_a_store_keeps_its_cut(monkeypatch, tmp_path, solved, first, then, count):
    """Of runs at different speeds, and of processes on a file system without locks."""
    monkeypatch.setattr(blocks, "CHUNKS", 1)
    call = {"builder": branching, "arguments": {"theta": np.linspace(0, 180, 200)}}
    call["pointwise"] = True
    expected = sf.sweep(**call)
    monkeypatch.setattr(blocks, "CHUNK_SECONDS", first)
    assert same(sf.sweep(**call, store=tmp_path), expected)
    assert len(chunks_in(tmp_path)) == count
    for file in chunks_in(tmp_path)[::2]:
        file.unlink()
    monkeypatch.setattr(blocks, "CHUNK_SECONDS", then)
    solved.clear()
    assert same(sf.sweep(**call, store=tmp_path), expected)
    assert len(chunks_in(tmp_path)) == count
    assert len(solved) == -(-count // 2)


@pytest.mark.long
def test_what_a_dead_run_left_running_stays_outside(tmp_path):
    """Its folder goes, and what is written to that later is no part of the store."""
    plan = sweeping.plan_sweep(valve, {"theta": THETA})
    (chunk,) = plan.cut(plan.chunk)
    found, source = blocks.solve_grid(plan, told=True)
    wrong = plan.results.whole({name: values + 1 for name, values in found.items()})
    with grid_store(tmp_path) as dead:
        sweeping.begin(dead, plan)
        write = dead.writer
        write(chunk, source, wrong)
        dead.end = lambda: None
    expected = sf.sweep(valve, {"theta": THETA})
    data = sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    write(chunk, source, wrong)
    assert same(data, expected)
    assert same(sf.sweep(valve, {"theta": THETA}, store=tmp_path), expected)
    assert {p.name for p in (tmp_path / "sweep_record").iterdir()} == {"sealed", "zarr.json"}


@pytest.mark.long
def test_workers_in_another_folder_are_an_error(tmp_path):
    """As of another machine: what they wrote is not here."""

    class Elsewhere(ThreadPoolExecutor):
        def submit(self, task, *arguments):
            return super().submit(lambda: [task(*arguments), *map(os.unlink, written())][0])

    def written():
        return [*tmp_path.glob("sweep_record/run-*/torque/c.*")]

    message = f"^{tmp_path}: store must be in a folder that all workers share, got a chunk that"
    with Elsewhere(1) as executor, pytest.raises(FileNotFoundError, match=message):
        sf.sweep(valve, {"theta": THETA}, store=tmp_path, executor=executor)


HOLDER = """
import sys, time, multiprocessing
from pathlib import Path
from spinfem.files.locked import locked_folder
with locked_folder(Path(sys.argv[1])):
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    worker.start()
    print(worker.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_lock_ends_with_its_process_and_others_wait(tmp_path, capfd):
    """Though a process that was forked from it lives on."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE)
    worker = int(holder.stdout.readline())
    try:
        with ThreadPoolExecutor(1) as pool:
            future, said = pool.submit(sf.sweep, valve, {"theta": THETA}, store=tmp_path), ""
            while not said and not future.done():  # it imports before
                time.sleep(0.01)
                said = capfd.readouterr().err
            assert not future.done()
            assert [path.name for path in tmp_path.iterdir()] == ["lock"]
            holder.kill()
            assert same(future.result(30), sf.sweep(valve, {"theta": THETA}))
        os.kill(worker, 0)  # it is there
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
        os.kill(worker, signal.SIGKILL)
    said += capfd.readouterr().err
    assert said.startswith(f"{tmp_path}: waiting for process {holder.pid} on ")
    assert said.count("\n") == 1


@pytest.mark.long
def test_lock_is_of_one_thread(tmp_path, capfd):
    """And ends for other processes when that has ended, not when another thread asked for it."""
    order = []

    def other():
        with locked.locked_folder(tmp_path):
            order.append("second")

    def is_free():
        command = [sys.executable, "-c", TRIES, tmp_path]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout == "free"

    with ThreadPoolExecutor(1) as pool:
        with locked.locked_folder(tmp_path) as alone:
            assert alone
            future = pool.submit(other)
            time.sleep(0.2)
            assert not is_free()
            order.append("first")
        future.result(30)
    assert order == ["first", "second"]
    assert is_free()
    said = f"{tmp_path}: waiting for another thread, which writes there\n"
    assert capfd.readouterr().err == said


TRIES = """
import sys
from pathlib import Path
from spinfem.files import locked
def note(text):
    sys.exit()
locked.note = note
with locked.locked_folder(Path(sys.argv[1])):
    print("free", end="")
"""


NEXT = """
import sys
from pathlib import Path
from spinfem.files.locked import locked_folder
with locked_folder(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
    print([path.name for path in Path(sys.argv[1]).iterdir()])
"""


def test_a_folder_that_was_removed_is_left_to_who_made_it_anew(tmp_path):
    folder = tmp_path / "parts"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with locked.locked_folder(folder):
        locked.remove_folder(folder)
        other = subprocess.Popen([sys.executable, "-c", NEXT, folder], **pipes)
        assert other.stdout.readline() == "locked\n"
    assert other.communicate("\n")[0] == "['lock']\n"
    assert other.returncode == 0
    assert not folder.exists()


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_that_is_shut_down_is_refused_at_once(kind):
    with kind(1) as pool:
        pass
    with pytest.raises(ValueError, match=r"^executor must be open, got <.* \(cannot schedule"):
        sf.sweep(valve, {"theta": [np.nan]}, executor=pool)  # before the builder is called


@pytest.mark.long
@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_a_sweep_goes_on(tmp_path, monkeypatch, error):
    def refuse(_):
        raise OSError(error, "no locks here")

    monkeypatch.setattr(locked, "_take", refuse)
    expected = sf.sweep(valve, {"theta": THETA})
    assert same(sf.sweep(valve, {"theta": THETA}, store=tmp_path), expected)
    assert same(sf.sweep(valve, {"theta": THETA}, store=tmp_path), expected)


@pytest.mark.long
def test_store_that_cannot_be_written_to_is_read(tmp_path, monkeypatch):
    expected = sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    assert not (tmp_path / "lock").exists()
    real = os.open

    def refuse(path, *arguments):
        if Path(path).name == "lock":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments)

    def read_only(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(xr.Dataset, "to_zarr", read_only)
    assert same(sf.sweep(valve, {"theta": THETA}, store=tmp_path), expected)
    chunks_in(tmp_path)[0].unlink()
    with pytest.raises(PermissionError, match=f"^{tmp_path}: cannot be written: Permission denied"):
        sf.sweep(valve, {"theta": THETA}, store=tmp_path)


@pytest.mark.long
def test_stopped_sweep_keeps_its_chunks(small, tmp_path, monkeypatch):
    real, left = sweeping.solve_grid, iter(range(4))

    def stopped(*args, **options):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(sweeping, "solve_grid", stopped)
    with pytest.raises(KeyboardInterrupt):
        sf.sweep(valve, {"theta": THETA, "d_N": D_N}, store=tmp_path)
    assert len(chunks_in(tmp_path)) == 4
    assert np.isnan(xr.open_zarr(tmp_path)["resistance"]).sum() == 3 * 3
    monkeypatch.setattr(sweeping, "solve_grid", real)
    found = sf.sweep(valve, {"theta": THETA, "d_N": D_N}, store=tmp_path)
    assert same(found, sf.sweep(valve, {"theta": THETA, "d_N": D_N}))


# --- command line -----------------------------------------------------------------------------


@pytest.fixture
def run(capfd):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in arguments])
        return stop.value.code, *capfd.readouterr()

    return run


ANGLE, SPACER = "free.polar_deg=0:180:7", "spacer.thickness_nm=1:500:3:log"


def opened(path):
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


@pytest.mark.long
def test_command_writes_the_sweep_of_the_file(run, tmp_path):
    path = tmp_path / "out.nc"
    status, out, err = run("sweep", SI, "--vary", ANGLE, "--vary", SPACER, "-o", path)
    assert (status, err) == (0, "")
    assert out == f"{path}: 21 points, free.polar_deg (7) x spacer.thickness_nm (3)\n"
    assert [p.name for p in tmp_path.iterdir()] == ["out.nc"]
    data = opened(path)
    angle, thickness = data["free.polar_deg"], data["spacer.thickness_nm"]
    assert np.array_equal(angle, np.linspace(0, 180, 7))
    assert np.array_equal(thickness, np.geomspace(1, 500, 3))
    assert (angle.attrs["units"], thickness.attrs["units"]) == ("degree", "nm")
    assert angle.attrs["long_name"] == "polar angle of free"
    assert data.attrs["title"] == "Co/Cu/Py spin valve"
    expected = sf.sweep(valve, {"theta": angle.values, "d_N": thickness.values / 1e9}, 1e11)
    for name in expected:
        assert data[name].values.tobytes() == expected[name].values.tobytes()
        assert data[name].attrs == expected[name].attrs


KEYS = """
j0_A_m2 = 1e11
[left]
lead = "Co"
name = "pin"
polar_deg = 10
[right]
lead = "Cu"
[materials.Cu]
kind = "normal"
sigma_S_m = 2e8
l_nm = 450
[materials.Co]
kind = "ferromagnet"
sigma_S_m = 2e7
beta = 0.5
l_nm = 60
[[layers]]
material = "Cu"
thickness_nm = 5
[[layers]]
material = "Co"
name = "Co"
thickness_nm = 3
polar_deg = 50
"""


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize(
    ("vary", "before", "after"),
    [
        ("left.polar_deg=20:30:2", "polar_deg = 10", "polar_deg = 30"),
        ("pin.polar_deg=20:30:2", "polar_deg = 10", "polar_deg = 30"),
        ("pin.azimuth_deg=20:30:2", "polar_deg = 10", "polar_deg = 10\nazimuth_deg = 30"),
        ("Cu.sigma_S_m=1e8:3e8:2", "sigma_S_m = 2e8", "sigma_S_m = 3e8"),
        ("Cu.l_nm=10:20:2:log", "l_nm = 450", "l_nm = 20"),
        ("Co.beta=-0.5:-0.6:2", "beta = 0.5", "beta = -0.6"),
        ("Co.thickness_nm=1:2:2", "thickness_nm = 3", "thickness_nm = 2"),
        ("Cu1.thickness_nm=1:2:2", "thickness_nm = 5", "thickness_nm = 2"),
    ],
)
def test_any_numeric_key_varies(run, tmp_path, vary, before, after):
    """Of layers, named or not, of leads and materials; "Co" is both, the key tells which."""
    file, other = tmp_path / "a.toml", tmp_path / "b.toml"
    file.write_text(KEYS)
    other.write_text(KEYS.replace(before, after, 1))
    assert run("sweep", file, "--vary", vary, "-o", tmp_path / "a.nc")[0] == 0
    found = opened(tmp_path / "a.nc").isel({vary.split("=")[0]: -1})
    solution = sf.solve(*sf.load(other))
    for name in ("pin", "Co"):
        expected = solution.torque(name)
        np.testing.assert_allclose(
            found["torque"].sel(ferromagnet=name),
            expected,
            rtol=0,
            atol=1e-10 * np.abs(expected).max(),
        )
    assert float(found["resistance"]) == pytest.approx(solution.resistance, rel=1e-10)


GROUP = KEYS.replace("polar_deg = 10", 'polar_deg = 10\ngroup = "pinned"', 1) + """
[[layers]]
material = "Cu"
thickness_nm = 4
""" + "".join(
    f"""[[layers]]
material = "Co"
thickness_nm = {d}
polar_deg = 40
group = "free"
"""
    for d in (1, 2)
)  # fmt: skip
"""The lead is a group by itself, and the last two layers are another one."""


@pytest.mark.long
@pytest.mark.parametrize("key", ["polar_deg", "azimuth_deg"])
def test_groups_vary_as_one(run, tmp_path, key):
    file, path = tmp_path / "a.toml", tmp_path / "a.nc"
    file.write_text(GROUP)
    status, _, err = run("sweep", file, "--vary", f"free.{key}=20:70:3", "-o", path)
    assert (status, err) == (0, "")
    data = opened(path)
    assert data["ferromagnet"].values.tolist() == ["pinned", "Co", "free"]
    assert data["spacer"].values.tolist() == ["pinned|Co", "Co|free"]
    stack, j0 = sf.load(file)
    for i, value in enumerate((20, 45, 70)):
        angles = (value, 0) if key == "polar_deg" else (40, value)
        solution = sf.solve(stack.replace("free", m=sf.direction(*angles)), j0)
        expected = solution.torque("Co2") + solution.torque("Co3")
        found = data["torque"].isel({f"free.{key}": i}).sel(ferromagnet="free")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("free.thickness_nm=1:2:3", "key must be a numeric one of 'free' (polar_deg, azimuth_deg)"),
        ("Co2.polar=1:2:3", "key must be a numeric one of 'Co2' (thickness_nm), got 'polar'"),
        ("Co2.polar_deg=1:2:3", "m of all layers of group 'free', one magnet, must be parallel"),
        ("fre.polar_deg=1:2:3", "name must be that of a layer, a group, an interface, a material"),
    ],
)
def test_bad_vary_of_groups(tmp_path, vary, message):
    file = tmp_path / "a.toml"
    file.write_text(GROUP)
    with pytest.raises(ValueError, match=re.escape(message)):
        parse(vary, read(file))


FACES = KEYS.replace(
    """[[layers]]
material = "Co"
""",
    """[[layers]]
interface = true
name = "face"
AR_fOhm_m2 = 0.5
gamma = 0.7
[[layers]]
material = "Co"
""",
).replace(
    """[[layers]]
material = "Cu"
""",
    """[[layers]]
material = "Cu"
thickness_nm = 2
[[layers]]
interface = true
name = "NN"
AR_fOhm_m2 = 0.1
[[layers]]
material = "Cu"
""",
)
"""An interface of two normal metals, and one of a normal metal and a ferromagnet."""


@pytest.fixture
def faces(tmp_path):
    def faces(text=FACES):
        path = tmp_path / "faces.toml"
        path.write_text(text)
        return read(path)

    return faces


def test_beta_D_varies(faces):
    """The voltage changes, and D with it, since the total conductivity is given."""
    text = FACES.replace("beta = 0.5", "beta = 0.5\nbeta_D = 0.1")
    file = faces(text)
    variation = parse("Co.beta_D=0.1:0.9:3", file)
    build = FileBuilder(file.tables, {variation.name: variation.where})
    batch = sf.solve(build(**{variation.name: variation.values}))
    for beta_D, found in zip((0.1, 0.5, 0.9), batch.resistance, strict=True):
        one = faces(text.replace("beta_D = 0.1", f"beta_D = {beta_D}"))
        assert found == pytest.approx(sf.solve(one.stack).resistance, rel=1e-12)


@pytest.mark.parametrize(
    ("vary", "before", "after"),
    [
        ("face.AR_fOhm_m2=1:2:3", "AR_fOhm_m2 = 0.5", "AR_fOhm_m2 = 2"),
        ("face.gamma=-0.5:0.3:3", "gamma = 0.7", "gamma = 0.3"),
        ("NN.AR_fOhm_m2=1:3:3:log", "AR_fOhm_m2 = 0.1", "AR_fOhm_m2 = 3"),
        ("Co.lambda_J_nm=1:2:3", "beta = 0.5", "beta = 0.5\nlambda_J_nm = 2"),
        ("Co.lambda_phi_nm=1:3:3", "beta = 0.5", "beta = 0.5\nlambda_phi_nm = 3"),
        ("Cu2.thickness_nm=1:7:3", "thickness_nm = 5", "thickness_nm = 7"),
    ],
)
def test_interfaces_and_exchange_lengths_vary(faces, vary, before, after):
    """As far as the stacks; layers are counted without the interfaces."""
    variation = parse(vary, faces())
    build = FileBuilder(faces().tables, {variation.name: variation.where})
    found = build(**{variation.name: variation.values})
    assert found.shape == (3,)
    assert before in FACES
    expected = faces(FACES.replace(before, after, 1)).stack
    for one, other in zip(found[-1].elements, expected.elements, strict=True):
        assert one.material.numbers == other.material.numbers
        assert getattr(one, "thickness", None) == getattr(other, "thickness", None)
    for one, other in zip(found.joints, expected.joints, strict=True):
        assert (one is None) == (other is None)
        for key in ("resistance", "gamma"):
            assert one is None or np.ravel(getattr(one, key))[-1] == getattr(other, key)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        (
            "face.AR=1:2:3",
            "key must be a numeric one of 'face' (gamma, delta, AR_fOhm_m2), got 'AR'",
        ),
        (
            "face.mixing_S_m2=1:2:3",
            "key must be a numeric one of 'face' (gamma, delta, AR_fOhm_m2), got 'mixing_S_m2'; "
            "the real part of mixing_S_m2 may vary where the file has mixing_S_m2 = [G_r, G_i]",
        ),
        ("face.G_r_S_m2=1:2:3", "; the real part of mixing_S_m2 may vary where the file has"),
        ("NN.mixing_S_m2=1:2:3", "a numeric one of 'NN' (delta, AR_fOhm_m2), got 'mixing_S_m2'"),
        ("NN.AR=1:2:3", "key must be a numeric one of 'NN' (delta, AR_fOhm_m2), got 'AR'"),
        ("NN.gamma=0:0.5:3", "layers[1].gamma (interface 'NN'): must be left out between normal"),
        (
            "face.AR_fOhm_m2=-1:2:3",
            "layers[3].AR_fOhm_m2 (interface 'face'): must be zero or positive, and finite, got -1",
        ),
        (
            "face.AR_fOhm_m2=0:2:3",
            "--vary face.AR_fOhm_m2: resistance (AR*) of interface 'face' must be zero or positive "
            "throughout, got both",
        ),
        (
            "fce.gamma=0:1:3",
            "an interface, a material or a lead (Cu1, NN, Cu2, face, Co, pin, left, ",
        ),
    ],
)
def test_bad_vary_of_interfaces(faces, vary, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse(vary, faces())


MIXED = FACES.replace("gamma = 0.7", "gamma = 0.7\nmixing_S_m2 = [5e14, 3e13]")


@pytest.mark.long
def test_the_real_part_of_a_mixing_conductance_varies(run, faces, tmp_path):
    """The imaginary one stays; the results are those of files with other numbers."""
    values, file = [2e14, 5e14, 8e14], faces(MIXED)
    path, vary = tmp_path / "a.nc", "face.mixing_S_m2=2e14:8e14:3"
    status, _, err = run("sweep", file.path, "--vary", vary, "-o", path)
    assert (status, err) == (0, "")
    data = opened(path)
    assert data["face.mixing_S_m2"].values == pytest.approx(values, rel=1e-15)
    assert data["face.mixing_S_m2"].attrs["units"] == "S/m2"
    for value, torque in zip(values, data["torque"].transpose("face.mixing_S_m2", ...)):
        other = faces(MIXED.replace("5e14", str(value)))
        expected = sf.solve(other.stack, other.j0).torques
        np.testing.assert_allclose(torque, expected, rtol=1e-12, atol=1e-12 * abs(expected).max())
    assert np.ptp(data["torque"].values, axis=0).max() > 0
    message = "--vary face.mixing_S_m2: .*must be two finite numbers .* with G_r positive, got"
    with pytest.raises(ValueError, match=message):
        parse("face.mixing_S_m2=-1:2:3", file)


def test_errors_of_the_file_name_the_option(faces):
    """The angle of a layer that is given by m."""
    file = faces(FACES.replace("polar_deg = 50", "m = [1, 0, 0]"))
    with pytest.raises(ValueError, match=r"^--vary Co.polar_deg: .*faces.toml: layers.*got both"):
        parse("Co.polar_deg=1:2:3", file)


def test_directions_at_an_interface_of_two_ferromagnets(faces):
    """Collinear at both ends of the range, but not between them."""
    last = FACES[FACES.rindex("[[layers]]") :].replace('name = "Co"', 'name = "next"')
    text = f"{FACES}[[layers]]\ninterface = true\n{last}"
    message = "--vary next.polar_deg: an interface between two ferromagnets must have no mixing"
    with pytest.raises(ValueError, match=re.escape(message)):
        parse("next.polar_deg=50:230:3", faces(text))
    assert parse("next.polar_deg=50:230:2", faces(text)).values.size == 2


@pytest.mark.long
def test_paper_units(run, tmp_path):
    path = tmp_path / "a.nc"
    assert run("sweep", PAPER, "--vary", "spacer.thickness=0.1:3:4", "-o", path)[0] == 0
    data = opened(path)
    assert "torque" not in data
    assert not any("units" in data[name].attrs for name in data.variables)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        (
            "free",
            "--vary must be LAYER.KEY=START:STOP:N, j0_A_m2=... or frequency_Hz=..., got 'free'",
        ),
        ("free=1:2:3", "j0_A_m2=... or frequency_Hz=..., got 'free=1:2:3'"),
        ("frequency=1:2:3", "j0_A_m2=... or frequency_Hz=..., got 'frequency=1:2:3'"),
        ("frequency_Hz=-1:2:3", "--vary frequency_Hz: frequency must be zero or positive, got -1"),
        ("free.polar_deg=0:180", "range must be START:STOP:N or START:STOP:N:log, got '0:180'"),
        ("free.polar_deg=0:180:5:lin", "range must be START:STOP:N or START:STOP:N:log"),
        ("free.polar_deg=a:180:5", "START and STOP must be numbers, got 'a:180:5'"),
        ("free.polar_deg=0:inf:5", "START and STOP must be finite and different"),
        ("free.polar_deg=3:3:5", "START and STOP must be finite and different, got '3:3:5'"),
        ("free.polar_deg=0:180:1", "N must be a whole number from 2 to 1e7, got '1'"),
        ("free.polar_deg=0:180:2.5", "N must be a whole number from 2 to 1e7, got '2.5'"),
        ("free.polar_deg=0:180:" + "9" * 5000, "N must be a whole number from 2 to 1e7"),
        ("spacer.thickness_nm=0:10:5:log", "must be positive for log spacing, got '0:10:5:log'"),
        ("fre.polar_deg=0:180:5", "got 'fre'; did you mean 'free'?"),
        ("left.polar_deg=0:180:5", "must be left out in a normal metal, got 0.0"),
        (
            "left.l_nm=1:2:3",
            "key must be a numeric one of 'left' (none), got 'l_nm'; did you mean 'Cu.l_nm'?",
        ),
        ("spacer.l=1:2:3", "key must be a numeric one of 'spacer' (thickness_nm), got 'l'"),
        (
            "free.beta=0:0.5:3",
            "key must be a numeric one of 'free' (polar_deg, azimuth_deg, thickness_nm), "
            "got 'beta'; did you mean 'Py.beta'?",
        ),
        (
            "Cu.rho=1:2:3",
            "key must be a numeric one of 'Cu' (resistivity_ohm_m, l_nm, tau_ps), got 'rho'",
        ),
        (
            "Py.rho=1:2:3",
            "'Py' (rho_star_ohm_m, beta, l_nm, lambda_J_nm, lambda_phi_nm, tau_ps), got 'rho'",
        ),
        ("Py.lambda_J_nm=-1:2:3", "materials.Py.lambda_J_nm: must be positive (inf is allowed)"),
        ("free.polar=0:180:5", "got 'polar'; polar_deg is in degrees"),
        ("free.name=0:180:5", "key must be a numeric one of 'free'"),
        ("free.m=0:180:5", "key must be a numeric one of 'free'"),
        ("Py.sigma_S_m=1:2:3", "must be given, got both"),
        ("Py.beta=0:1:5", "materials.Py.beta: must be between -1 and 1, both excluded, got 1.0"),
        ("spacer.thickness_nm=1:-1:5", "(layer 'spacer'): must be positive and finite, got -1.0"),
        ("spacer.thickness=1:2:5", "got 'thickness'; thickness_nm is in nm"),
    ],
)
def test_bad_vary(run, tmp_path, vary, message):
    status, out, err = run("sweep", SI, "--vary", vary, "-o", tmp_path / "out.nc")
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", ANGLE], "Missing option '-o'"),
        (["-o", "out.nc"], "Missing option '--vary'"),
        (["--vary", ANGLE, "-o", "out.h5"], "out.h5: name of the file must end in .nc"),
        (["--vary", ANGLE, "-o", "no/out.nc"], "no/out.nc: cannot be written: no directory no"),
        (["--vary", ANGLE, "-o", "out.nc", "--plot", "out.txt"], "must end in .png or .svg or"),
        (["--vary", ANGLE, "--vary", ANGLE, "-o", "out.nc"], "--vary must name each key once"),
        (["--vary", ANGLE, "-o", "out.nc", "--workers", "0"], "--workers"),
        (
            [
                *("--vary", ANGLE, "--vary", SPACER, "--vary", "Py.beta=0:0.5:2"),
                *("-o", "out.nc", "--plot", "out.png"),
            ],
            "must have one or two axes, got free.polar_deg, spacer.thickness_nm, Py.beta",
        ),
    ],
)
def test_bad_command(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("sweep", SI, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_command_varies_an_interface(run, tmp_path):
    file, path = EXAMPLES / "exchange_biased_valve.toml", tmp_path / "out.nc"
    picture = tmp_path / "out.png"
    vary = "Co/Cu.AR_fOhm_m2=0.1:2:20"
    status, out, err = run("sweep", file, "--vary", vary, "-o", path, "--plot", picture)
    assert (status, out, err) == (0, f"{path}: 20 points, Co|Cu.AR_fOhm_m2 (20)\n", "")
    data, (stack, j0) = opened(path), sf.load(file)
    axis = data["Co|Cu.AR_fOhm_m2"]
    assert (axis.attrs["units"], axis.attrs["long_name"]) == ("fOhm m2", "AR* of Co/Cu")
    AR = axis.values * 1e-15
    expected = sf.solve(stack.replace("Co/Cu", resistance=AR), j0)
    np.testing.assert_allclose(data["resistance"], expected.resistance, rtol=1e-10)
    torque = data["torque"].sel(ferromagnet="free")
    scale = np.abs(torque).max()
    np.testing.assert_allclose(torque, expected.torque("free"), rtol=0, atol=1e-10 * scale)
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
def test_every_number_of_an_interface_varies():
    file = read(EXAMPLES / "exchange_biased_valve.toml")
    names = [joint.name for joint in file.stack.joints if joint]
    assert names == ["IrMn/Co", "Co/Cu", "Cu/Py", "Py/Cu"]
    for name in names:
        for key, argument, unit in (("AR_fOhm_m2", "resistance", 1e-15), ("gamma", "gamma", 1)):
            variation = parse(f"{name}.{key}=0.1:0.6:3", file)
            builder = FileBuilder(file.tables, {variation.name: variation.where})
            data = sf.sweep(builder, {variation.name: variation.values}, file.j0)
            changed = file.stack.replace(name, **{argument: variation.values * unit})
            expected = sf.solve(changed, file.j0).resistance
            np.testing.assert_allclose(data["resistance"], expected, rtol=1e-12)
            assert data["resistance"].dims == (f"{name}.{key}".replace("/", "|"),)


def test_slash_in_the_name_of_an_argument(tmp_path):
    """It is a bar in the dataset, in memory as in the file."""

    def build(**values):
        return valve(values["free/angle"])

    data = sf.sweep(build, {"free/angle": THETA})
    assert data["resistance"].dims == ("free|angle",)
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert opened(tmp_path / "a.nc").identical(data)
    expected = sf.sweep(valve, {"theta": THETA})["torque"]
    assert np.array_equal(data["torque"], expected)
    with pytest.raises(ValueError, match=r"must differ in more than '/', got 'a/b' and 'a\|b'"):
        sf.sweep(lambda **v: valve(v["a/b"]), {"a/b": THETA, "a|b": THETA})


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("vary", [[ANGLE], pytest.param([ANGLE, SPACER], marks=pytest.mark.long)])
@pytest.mark.parametrize("file", [SI, pytest.param(PAPER, marks=pytest.mark.long)])
def test_picture(run, tmp_path, vary, file):
    if file is PAPER:
        vary = [v.replace("free", "F2").replace("_nm", "") for v in vary]
    options = [part for v in vary for part in ("--vary", v)]
    path = tmp_path / "out.png"
    status, _, err = run("sweep", file, *options, "-o", tmp_path / "out.nc", "--plot", path)
    assert (status, err) == (0, "")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
def test_parts_of_another_sweep_are_replaced(run, tmp_path, monkeypatch, small):
    file, path = tmp_path / "valve.toml", tmp_path / "out.nc"
    file.write_text(SI.read_text())

    def fail(*_):
        raise OSError(5, "disk on fire")

    monkeypatch.setattr("spinfem.cli.sweepfile.write_netcdf", fail)
    status, _, err = run("sweep", file, "--vary", ANGLE, "-o", path)
    assert (status, err) == (2, f"error: {path}: cannot be written: disk on fire\n")
    assert {p.name for p in tmp_path.iterdir()} == {"valve.toml", ".out.nc.parts"}
    monkeypatch.undo()
    file.write_text(SI.read_text().replace("thickness_nm = 10", "thickness_nm = 11"))
    status, _, err = run("sweep", file, "--vary", ANGLE, "-o", path)
    assert status == 0
    assert err.startswith("starting afresh: ")
    assert err.count("\n") == 1
    assert {p.name for p in tmp_path.iterdir()} == {"valve.toml", "out.nc"}
    expected = sf.sweep(lambda theta: valve(theta, 11e-9), {"theta": THETA}, 1e11)
    np.testing.assert_allclose(opened(path)["torque"], expected["torque"], rtol=1e-9, atol=1e-20)


@pytest.mark.long
def test_full_disk_is_one_line(run, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = tmp_path / "out.nc"
    path.write_text("before")
    monkeypatch.setattr("spinfem.cli.sweepfile.write_netcdf", full)
    line = f"error: {path}: cannot be written: No space left on device\n"
    assert run("sweep", SI, "--vary", ANGLE, "-o", path) == (2, "", line)
    monkeypatch.setattr(Path, "write_bytes", full)
    status, out, err = run("sweep", SI, "--vary", SPACER, "-o", path)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: ")
    assert err.endswith("cannot be written: No space left on device\n")
    assert path.read_text() == "before"


def limited(bytes_of_a_file, *arguments):
    """Run the command where files cannot grow beyond a size: the system fails as if full."""
    resource = pytest.importorskip("resource")
    size = (bytes_of_a_file, bytes_of_a_file)
    return subprocess.run(
        [sys.executable, "-m", "spinfem", *map(str, arguments)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, size),
    )


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize(
    "size",
    [
        pytest.param(100, marks=pytest.mark.long),
        20_000,
        pytest.param(300_000, marks=pytest.mark.long),
    ],
)
def test_write_that_fails_in_the_system(tmp_path, size):
    """In the manifest, in a chunk, and inside HDF5."""
    path = tmp_path / "out.nc"
    command = ["sweep", SI, "--vary", "free.polar_deg=0:180:2500", "-o", path]
    done = limited(size, *command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "cannot be written: File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == [".out.nc.parts"]


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("thickness", [10, 11])
def test_two_at_once_with_one_output(tmp_path, thickness):
    """They come one after the other, end well, and what is there is that of the last one."""
    files, path = [tmp_path / "a.toml", tmp_path / "b.toml"], tmp_path / "out.nc"
    files[0].write_text(SI.read_text())
    files[1].write_text(SI.read_text().replace("nm = 10", f"nm = {thickness}"))
    vary = ["--vary", "free.polar_deg=0:180:101", "--vary", "free.thickness_nm=1:10:30"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with locked.locked_folder(tmp_path / ".out.nc.parts"):
        commands = [
            subprocess.Popen(
                [sys.executable, "-c", CHOPPED, "sweep", file, *vary, "-o", path], **pipes
            )
            for file in files
        ]
        for command in commands:
            line = command.stderr.readline()
            assert line.startswith(f"{tmp_path}/.out.nc.parts: waiting for process {os.getpid()} ")
    said = [command.communicate()[1] for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said
    assert not any("error" in text for text in said)
    assert {p.name for p in tmp_path.iterdir()} == {"a.toml", "b.toml", "out.nc"}
    data = opened(path)
    stack, j0 = sf.load(data.attrs["source"])
    for i in (0, 60, 100):
        here = data.isel({"free.polar_deg": i, "free.thickness_nm": -1})
        angle = float(here["free.polar_deg"])
        one = sf.solve(stack.replace("free", m=sf.direction(angle), thickness=10e-9), j0)
        assert float(here["spin_resistance"]) == pytest.approx(one.spin_resistance, rel=1e-10)


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("options", [[], ["--no-locks"]])
@pytest.mark.parametrize("kind", ["array", "graded", "pointwise", "command"])
def test_killed_over_and_over(kind, options):
    """Two processes on one store; the script says more."""
    script = HERE.parent / "kills.py"
    given = ["--kills", "1", "--seed", "3", "--kinds", kind]
    command = [sys.executable, script, *given, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


CHOPPED = """
import sys
from spinfem import cli
from spinfem.studies import blocks
blocks.NUMBERS = 2000
cli.main(sys.argv[1:])
"""
"""The command with chunks of some 400 points."""


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment(run, tmp_path, monkeypatch, workers):
    vary = ["--vary", "free.polar_deg=0:180:301", "--vary", "spacer.thickness_nm=1:100:100"]
    whole, path = tmp_path / "whole.nc", tmp_path / "out.nc"
    monkeypatch.setattr(blocks, "NUMBERS", 2000)
    assert run("sweep", SI, *vary, "-o", whole)[0] == 0
    command = ["sweep", str(SI), *vary, "-o", str(path), "--workers", str(workers)]
    parts = tmp_path / ".out.nc.parts"
    rng = random.Random(workers)
    kept = 0
    for goal in (0, 80):  # chunks, of 101; then wait a moment of any length
        process = subprocess.Popen([sys.executable, "-c", CHOPPED, *command])
        while process.poll() is None and len(chunks_in(parts)) < goal:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.03))
        process.kill()
        process.wait()
        done = len(chunks_in(parts))
        assert done >= kept or path.exists()
        kept = done
        if path.exists():
            assert same(opened(path), opened(whole))
    done = subprocess.run([sys.executable, "-c", CHOPPED, *command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert same(opened(path), opened(whole))
    assert {p.name for p in tmp_path.iterdir()} == {"whole.nc", "out.nc"}


BOUNDED = """
import resource, sys
from pathlib import Path
import numpy as np
import spinfem as sf
from spinfem.files.netcdf import write_netcdf
folder = Path(sys.argv[1])
Cu, Co = sf.NormalMetal(D=8.0, l=1.0), sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
def valve(theta, d):
    return Co(1.0, m=sf.direction(0)) | Cu(d) | Co(1.0, m=sf.direction(theta))
def sweep(n, store):
    arguments = {"theta": np.linspace(0, 180, n), "d": np.geomspace(0.01, 10, 2000)}
    return sf.sweep(valve, arguments, store=store and folder / store)
def use(data, name):
    write_netcdf(data, folder / name)
    return float(data["efficiency"].mean())
use(sweep(100, "few.zarr"), "few.nc")  # loads and compiles
(taken,) = (line for line in open("/proc/self/status") if line.startswith("VmData"))
limit = int(taken.split()[1]) * 2**10 + 200 * 2**20
# what is written to: of an address space, threads of the C library reserve 64 MB each at a time
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    sweep(2000, None)
except MemoryError:
    print("too large")
print(use(sweep(2000, "many.zarr"), "many.nc"))
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
def test_memory_is_bounded(tmp_path):
    """Of 4e6 points, 512 MB, in a store, out of it and into a file, with room for 200 MB."""
    command = [sys.executable, "-c", BOUNDED, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, mean = done.stdout.split("\n")[:2]
    assert first == "too large"
    with xr.open_dataset(tmp_path / "many.nc", engine="h5netcdf") as data:
        assert float(data["efficiency"].mean()) == pytest.approx(float(mean), rel=1e-12)
        assert np.isfinite(data["torque"].isel(theta=-1)).all()


@pytest.mark.long
def test_manifest_says_what_is_swept(small, tmp_path):
    sf.sweep(valve, {"theta": THETA}, store=tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())["attributes"]["sweep"]
    assert manifest["arguments"] == ["theta"]
    assert manifest["versions"]["spinfem"] == sf.__version__
