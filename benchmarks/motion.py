"""Magnets in motion, against what else one would write: the closed form of a valve's torque.

The free Permalloy layer of case A moves, without a field, in a current at which it oscillates.
Peers have the same equation, without spin pumping, and the closed form of `cases.ClosedForm` for
the torque: in plain Python with SciPy's integrator of the same order; in numpy, all trajectories in
lockstep, by the rule of Runge and Kutta; and cmtj, whose torque is exact for two equal magnets.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import spinfem as sf
from spinfem.constants import GAMMA, GAMMA_0, MU_0, TORQUE_PER_SPIN_CURRENT

from . import cases
from .cases import Array
from .timing import medians

Result = dict[str, Any]

MS, ALPHA, DEMAG = 8e5, 0.01, (0.94, 0.04, 0.02)
CURRENT, START = 3e10, sf.direction(20.0, 30.0)
NANOSECONDS = 20.0
MANY, STEP = 10_000, 1e-3
"""Trajectories side by side; a step of the lockstep, ns."""
STEPS = 40
"""Steps of the lockstep that are timed; the rest is multiplied."""
DIRECTIONS = 20_000
EXACT = 1e-13
CMTJ_GAMMA_0 = 220880.0
"""gamma_0 of cmtj, m/(A s): its time is scaled, so that its steps alone make errors."""


def system(pumping: bool = False, model: str = "plain", threads: int = 1) -> sf.Dynamics:
    """Return case A with a free layer that moves."""
    free = sf.Magnet(MS, alpha=ALPHA, demag=DEMAG)
    stack = cases.valve(60.0, model=model)
    return sf.Dynamics(stack, {"free": free}, pumping=pumping, threads=threads)


def torque_functions(seconds: float) -> Result:
    """Time one torque of many at once, and by `replace` and `solve`, of every model."""
    random = np.random.default_rng(1)
    found: Result = {"errors": [], "times": [], "solved": []}
    for model in cases.MODELS:
        stack = cases.valve(60.0, model=model)
        torque = sf.TorqueFunction(stack)
        m = random.normal(size=(DIRECTIONS, 2, 3))
        few = m[:20] / np.linalg.norm(m[:20], axis=-1, keepdims=True)

        def solved(way: Array, stack: sf.Stack = stack) -> Array:
            turned = stack.replace("fixed", m=way[0]).replace("free", m=way[1])
            return sf.solve(turned).torques

        exact = np.array([solved(way) for way in few])
        error = float(np.abs(torque(few) - exact).max() / np.abs(exact).max())
        functions: list[Callable[[], Any]] = [
            lambda torque=torque, m=m: torque(m),  # type: ignore[misc]
            lambda solved=solved, way=few[0]: solved(way),  # type: ignore[misc]
        ]
        many, one = medians(functions, seconds)  # type: ignore[arg-type]
        found["errors"].append(error)
        found["times"].append(many / DIRECTIONS)
        found["solved"].append(one)
    return found


# --- one trajectory -----------------------------------------------------------------------------


def slope_in_python() -> Callable[[float, Array], list[float]]:
    """Return dm/dt, 1/ns, by the closed form in plain Python."""
    form = cases.closed_form()
    z = 10e-9 / form.l
    Gt, B = form.G / math.tanh(z), form.G / math.sinh(z)
    A1, A2, P1, P2 = form.S1 + Gt, form.S2 + Gt, form.P1, form.P2
    strength = GAMMA * TORQUE_PER_SPIN_CURRENT / (MS * 4e-9) * CURRENT * 1e-9
    field = GAMMA_0 * MS * 1e-9
    over = 1 / (1 + ALPHA**2)
    nx, ny, nz = DEMAG

    def slope(_t: float, m: Array) -> list[float]:
        x, y, z = m
        size = math.sqrt(x * x + y * y + z * z)  # else it grows, by the torque
        x, y, z = x / size, y / size, z / size
        g = B * (A2 * P1 - B * z * P2) / (A1 * A2 - (B * z) ** 2)  # the fixed layer is along z
        hx, hy, hz = -field * nx * x, -field * ny * y, -field * nz * z
        s = strength * g
        # T = s m x (m1 x m) = s (m1 - (m.m1) m)
        ax = -(y * hz - z * hy) - s * z * x
        ay = -(z * hx - x * hz) - s * z * y
        az = -(x * hy - y * hx) + s * (1 - z * z)
        bx, by, bz = y * az - z * ay, z * ax - x * az, x * ay - y * ax
        return [
            over * (ax + ALPHA * bx),
            over * (ay + ALPHA * by),
            over * (az + ALPHA * bz),
        ]

    return slope


def single_trajectory(seconds: float) -> Result:
    """Time one trajectory at several tolerances, and SciPy's of the closed form."""
    from scipy.integrate import solve_ivp

    dynamics, times = system(), np.array([0.0, NANOSECONDS * 1e-9])
    exact = dynamics.run(times=times, j0=CURRENT, m={"free": START}, rtol=EXACT).directions[-1, 0]
    slope, found = slope_in_python(), []

    def own(rtol: float, pumping: sf.Dynamics = dynamics) -> Array:
        run = pumping.run(times=times, j0=CURRENT, m={"free": START}, rtol=rtol)
        return np.asarray(run.directions[-1, 0])

    def peer(rtol: float) -> Array:
        given = {"method": "DOP853", "rtol": rtol, "atol": rtol}
        return np.asarray(solve_ivp(slope, (0, NANOSECONDS), START, **given).y[:, -1])

    ways: list[tuple[str, Callable[[], Array]]] = [
        *((f"spinfem, rtol {rtol:g}", lambda rtol=rtol: own(rtol)) for rtol in (1e-6, 1e-8, 1e-10)),  # type: ignore[misc]
        *(
            (f"SciPy DOP853, closed form in Python, rtol {rtol:g}", lambda rtol=rtol: peer(rtol))
            for rtol in (1e-6, 1e-9)
        ),  # type: ignore[misc]
    ]
    for (label, way), took in zip(ways, medians([way for _, way in ways], seconds), strict=True):
        found.append([label, float(np.linalg.norm(way() - exact)), took])
    pumping = system(pumping=True)
    (took,) = medians([lambda: own(1e-8, pumping)], seconds)
    return {"ways": found, "pumping": took}


# --- many ---------------------------------------------------------------------------------------


def lockstep(m: Array, steps: int) -> Array:
    """Move many magnets by the rule of Runge and Kutta, in numpy with the closed form."""
    form = cases.closed_form()
    z = 10e-9 / form.l
    Gt, B = form.G / np.tanh(z), form.G / np.sinh(z)
    A1, A2 = form.S1 + Gt, form.S2 + Gt
    strength = GAMMA * TORQUE_PER_SPIN_CURRENT / (MS * 4e-9) * CURRENT * 1e-9
    factors = -GAMMA_0 * MS * 1e-9 * np.array(DEMAG)[:, None]
    first = np.array([0.0, 0.0, 1.0])[:, None]

    def cross(a: Array, b: Array) -> Array:
        return np.stack(
            [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
        )

    def slope(m: Array) -> Array:
        c = m[2]
        g = B * (A2 * form.P1 - B * c * form.P2) / (A1 * A2 - (B * c) ** 2)
        force = -cross(m, factors * m) + strength * g * (first - c * m)
        return (force + ALPHA * cross(m, force)) / (1 + ALPHA**2)

    for _ in range(steps):
        a = slope(m)
        b = slope(m + STEP / 2 * a)
        c = slope(m + STEP / 2 * b)
        d = slope(m + STEP * c)
        m = m + STEP / 6 * (a + 2 * b + 2 * c + d)
        m = m / np.sqrt((m * m).sum(axis=0))
    return m


def many_trajectories(seconds: float) -> Result:
    """Time many trajectories, by one thread and by as many as there are cores, and the lockstep."""
    dynamics, random = system(), np.random.default_rng(2)
    m = random.normal(size=(MANY, 1, 3)) * 0.05 + START
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    short = np.array([0.0, STEPS * STEP * 1e-9])
    exact = dynamics.run(times=short, j0=CURRENT, m=m, rtol=1e-12).directions[:, -1, 0]
    other = lockstep(np.ascontiguousarray(m[:, 0].T), STEPS).T
    begin = time.perf_counter()
    lockstep(np.ascontiguousarray(m[:, 0].T), STEPS)
    peer = (time.perf_counter() - begin) * NANOSECONDS / (STEPS * STEP)
    times = np.array([0.0, NANOSECONDS * 1e-9])
    cores = os.cpu_count() or 1
    own = []
    for threads in dict.fromkeys((1, cores)):
        moving = system(threads=threads)
        begin = time.perf_counter()
        moving.run(times=times, j0=CURRENT, m=m, rtol=1e-6)
        own.append([threads, time.perf_counter() - begin])
    return {"own": own, "peer": peer, "agrees": float(np.abs(other - exact).max())}


# --- cmtj ---------------------------------------------------------------------------------------


def equal_valve() -> sf.Stack:
    """Return a valve of two equal magnets, whose torque is Slonczewski's at both."""
    fixed = cases.Py(4e-9, m=sf.direction(0), name="fixed")
    free = cases.Py(4e-9, m=START, name="free")
    return sf.Lead(cases.Cu) | fixed | cases.Cu(10e-9) | free | sf.Lead(cases.Cu)


def cmtj_trajectory(seconds: float) -> Result:
    """Time cmtj on a valve of two equal magnets, and spinfem on the same."""
    import cmtj

    stack = equal_valve()
    form = sf.slonczewski(sf.solve(stack, CURRENT), "fixed", "free")
    P, Lambda = float(form.P_free), float(form.Lambda)
    free = sf.Magnet(MS, alpha=ALPHA, demag=DEMAG)
    dynamics = sf.Dynamics(stack, {"free": free}, pumping=False)
    nanoseconds = 2.0
    times = np.array([0.0, nanoseconds * 1e-9])
    exact = dynamics.run(times=times, j0=CURRENT, rtol=EXACT).directions[-1, 0]

    def own(rtol: float) -> Array:
        return np.asarray(dynamics.run(times=times, j0=CURRENT, rtol=rtol).directions[-1, 0])

    def vector(v: Any) -> Any:
        return cmtj.CVector(*map(float, v))

    def peer(step: float) -> Array:
        demag = [vector(row) for row in np.diag(DEMAG)]
        layer = cmtj.Layer.createSTTLayer(
            "free",
            vector(START),
            vector((0, 0, 1)),
            MS * MU_0,
            4e-9,
            1e-15,
            demag,
            ALPHA,
            Lambda,
            0.0,
            P,
        )
        layer.setReferenceLayer(vector((0, 0, 1)))
        junction = cmtj.Junction([layer])
        junction.setLayerCurrentDriver("free", cmtj.constantDriver(CURRENT))
        whole = nanoseconds * 1e-9 * GAMMA_0 / CMTJ_GAMMA_0
        steps = round(whole / step)
        junction.runSimulation(whole * (1 - 1e-9), whole / steps, whole / 2)
        return np.array([getattr(junction.getLayerMagnetisation("free"), axis) for axis in "xyz"])

    ways: list[tuple[str, Callable[[], Array]]] = [
        *((f"spinfem, rtol {rtol:g}", lambda rtol=rtol: own(rtol)) for rtol in (1e-6, 1e-8)),  # type: ignore[misc]
        *(
            (f"cmtj, RK4, {step * 1e12:g} ps", lambda step=step: peer(step))
            for step in (1e-12, 1e-13)
        ),  # type: ignore[misc]
    ]
    found = []
    for (label, way), took in zip(ways, medians([way for _, way in ways], seconds), strict=True):
        found.append([label, float(np.linalg.norm(way() - exact)), took])
    return {"ways": found}
