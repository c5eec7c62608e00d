"""One measurement, in a process of its own: ``python -m benchmarks.measure NAME [ARGUMENT ...]``.

Prints one line of JSON. Every result is checked against the exact stack, `sf.analytic.solve`,
before its time is taken. `benchmarks.__main__` starts these processes with one BLAS thread.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import spinfem as sf

from . import cases
from .cases import Array
from .peers import PEERS
from .timing import medians, peak_memory

GOOD = 1e-6
"""Relative error of the torques that peers must reach."""
EXACT = 1e-9
"""The same for spinfem; above, its time is not printed."""
POINTS = 10_000
GRID = 200
ANGLES = (20.0, 75.0, 110.0, 160.0)
"""Where peers are timed for sweeps."""

Result = dict[str, Any]


def checked(found: Array, exact: Array) -> float:
    """Return the error of spinfem's torques, as of `cases.error`.

    Raises
    ------
    RuntimeError
        If it is not good enough to be timed.
    """
    error = cases.error(found, exact)
    if not error <= EXACT:
        raise RuntimeError(f"spinfem must be right to {EXACT:g}, got an error of {error:.1e}")
    return error


def agreed(found: tuple[Array, ...], exact: tuple[Array, ...]) -> float:
    """Return the largest error of g1, g2, dr of a sweep, relative to their largest values.

    Raises
    ------
    RuntimeError
        If it is not good enough to be timed.
    """
    errors = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, exact, strict=True)]
    if not max(errors) <= EXACT:
        raise RuntimeError(
            f"g and dr must be right to {EXACT:g}, got an error of {max(errors):.1e}"
        )
    return float(max(errors))


# --- single solves ------------------------------------------------------------------------------


def spinfem(layers: int, seconds: float) -> Result:
    """Time one stack with all its torques: given, and built from its numbers each time."""
    stack = cases.build(layers)
    error = checked(cases.torques(sf.solve(stack)), cases.torques(sf.analytic.solve(stack)))
    given, built = medians(
        [
            lambda: cases.torques(sf.solve(stack)),
            lambda: cases.torques(sf.solve(cases.build(layers))),
        ],
        seconds,
    )
    return {"time": given, "built": built, "error": error}


def peer(key: str, stacks: list[sf.Stack], seconds: float) -> Result:
    """Time a peer: median per stack, with the first setting that is good enough for all of them."""
    chosen = PEERS[key]
    module = chosen.load()
    samples = [cases.sample_of(stack) for stack in stacks]
    exact = [cases.torques(sf.analytic.solve(stack)) for stack in stacks]
    errors, setting = [np.inf], None
    for setting in chosen.accuracies or module.ACCURACIES:
        errors = [
            cases.error(module.torques(s, setting, **chosen.options), e)
            for s, e in zip(samples, exact, strict=True)
        ]
        if max(errors) <= GOOD:
            break
    if max(errors) > GOOD and not chosen.accuracies:
        raise RuntimeError(
            f"error {max(errors):.1e}, not {GOOD:g}, with {module.describe(setting)}"
        )
    times = medians(
        [lambda s=s: module.torques(s, setting, **chosen.options) for s in samples], seconds
    )
    return {
        "time": float(np.mean(times)),
        "error": max(errors),
        "setting": module.describe(setting),
    }


def single_peer(key: str, layers: int, seconds: float) -> Result:
    """Time a peer with one stack."""
    return peer(key, [cases.build(layers)], seconds)


# --- sweeps -------------------------------------------------------------------------------------


def valve_results(theta: Array, spacer: Any) -> tuple[Array, Array, Array]:
    """Solve a batch of valves: g1, g2, dr."""
    solution = sf.solve(cases.valve(theta, spacer))
    return *solution.efficiency("fixed", "free"), solution.spin_resistance


def exact_valve_results(theta: Array, spacer: Any) -> tuple[Array, Array, Array]:
    """Return g1, g2, dr of a batch of valves from the exact stack."""
    solution = sf.analytic.solve(cases.valve(theta, spacer))
    return *solution.efficiency("fixed", "free"), solution.spin_resistance


def valve_sweep(theta: Array, spacer: Any, seconds: float) -> Result:
    """Time a sweep of the valve, and its closed form in numpy."""
    closed = cases.closed_form()
    exact = exact_valve_results(theta, spacer)
    agreed(closed(theta, spacer), exact)
    error = agreed(valve_results(theta, spacer), exact)
    time, bar = medians(
        [lambda: valve_results(theta, spacer), lambda: closed(theta, spacer)], seconds
    )
    return {"time": time, "closed": bar, "error": error, "points": exact[0].size}


def sweep_angles(seconds: float) -> Result:
    """Sweep the angle of the valve."""
    return valve_sweep(np.linspace(0, 180, POINTS), 10e-9, seconds)


def sweep_grid(seconds: float) -> Result:
    """Sweep the angle of the valve and the thickness of its spacer."""
    return valve_sweep(np.linspace(0, 180, GRID)[:, None], np.linspace(1e-9, 50e-9, GRID), seconds)


def sweep_multilayer(seconds: float) -> Result:
    """Rotate one ferromagnet of 25 layers; the bar is the exact stack, a batch in numpy too."""
    theta = np.linspace(0, 180, POINTS)

    def run(solve: Callable[[sf.Stack], sf.Solution]) -> list[Array]:
        solution = solve(cases.multilayer(25, theta))
        return [solution.absorbed_spin_current(name) for name in solution.ferromagnets]

    def dense(found: list[Array]) -> Array:
        return np.array([np.broadcast_to(a, (POINTS, 3)) for a in found])

    error = checked(dense(run(sf.solve)), dense(run(sf.analytic.solve)))
    time, bar = medians([lambda: run(sf.solve), lambda: run(sf.analytic.solve)], seconds)
    return {"time": time, "closed": bar, "error": error, "points": POINTS}


def point_peer(key: str, sweep: str, seconds: float) -> Result:
    """Time a peer per point of a sweep, at a few angles."""
    if sweep == "sweep_multilayer":
        stacks = [cases.multilayer(25, theta) for theta in ANGLES]
    elif sweep == "sweep_grid":
        stacks = [cases.valve(theta, d) for theta in ANGLES[::2] for d in (5e-9, 40e-9)]
    else:
        stacks = [cases.valve(theta) for theta in ANGLES]
    return peer(key, stacks, seconds)


# --- growth and memory --------------------------------------------------------------------------


def growth(layers: int, seconds: float) -> Result:
    """Time a long stack: to build, to solve with the spin resistance, to solve with all torques."""
    stack = cases.multilayer(layers)
    solution = sf.solve(stack)
    found = cases.torques(solution), solution.spin_resistance
    memory = peak_memory()  # before the exact solution takes more
    exact = sf.analytic.solve(stack)
    error = checked(found[0], cases.torques(exact))
    agreed((np.array([found[1]]),), (np.array([exact.spin_resistance]),))
    solve, torques, build = medians(
        [
            lambda: sf.solve(stack).spin_resistance,
            lambda: cases.torques(sf.solve(stack)),
            lambda: cases.multilayer(layers),
        ],
        seconds,
    )
    return {"solve": solve, "torques": torques, "build": build, "memory": memory, "error": error}


def memory_imports() -> Result:
    """Measure the memory after ``import spinfem``."""
    return {"memory": peak_memory()}


def memory_layers() -> Result:
    """Measure the memory of one solve of 10,001 layers, with all torques and the resistance."""
    solution = sf.solve(cases.multilayer(10_001))
    torques = cases.torques(solution)
    return {"memory": peak_memory(), "shown": f"{len(torques)} torques, {solution.resistance:.3g}"}


def memory_points() -> Result:
    """Measure the memory of a million points of the valve: g1, g2, dr and the free torque."""
    solution = sf.solve(cases.valve(np.linspace(0, 180, 1_000_000)))
    kept = [*solution.efficiency("fixed", "free"), solution.spin_resistance]
    kept.append(solution.torque("free"))
    return {"memory": peak_memory(), "shown": f"{sum(a.nbytes for a in kept) / 1e6:.0f} MB kept"}


# --- the machine --------------------------------------------------------------------------------


def machine() -> Result:
    """Return versions and the number of BLAS threads."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def found(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    packages = ("spinfem", "numpy", "scipy", "scikit-fem", "ngsolve")
    try:
        from threadpoolctl import threadpool_info

        threads = sorted({library["num_threads"] for library in threadpool_info()})
    except ImportError:
        threads = []
    return {
        "versions": {"Python": platform.python_version()}
        | {name: found(name) for name in packages},
        "threads": ", ".join(map(str, threads)) or "1 (asked for)",
    }


MEASUREMENTS: dict[str, Callable[..., Result]] = {
    f.__name__: f
    for f in (
        spinfem,
        single_peer,
        sweep_angles,
        sweep_grid,
        sweep_multilayer,
        point_peer,
        growth,
        memory_imports,
        memory_layers,
        memory_points,
        machine,
    )
}


def main() -> None:
    """Run the measurement named on the command line; its arguments are a JSON list."""
    name, arguments, memory = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
    if sys.platform == "linux":
        import resource

        limit = int(memory * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        result = MEASUREMENTS[name](*arguments)
    except ModuleNotFoundError as error:
        result = {"missing": f"{error.name} is not installed"}
    except MemoryError:
        result = {"missing": f"more than {memory:g} GB"}
    except RuntimeError as error:
        result = {"missing": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
