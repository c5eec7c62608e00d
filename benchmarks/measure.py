"""One measurement in a process: ``python -m benchmarks.measure NAME ARGUMENTS GB NUMBA``.

GB is how much memory it may take; NUMBA is "loaded", or anything else to leave that to spinfem.
Prints one line of JSON. Every result is checked against the exact stack, `sf.analytic.solve`,
before its time is taken. `benchmarks.__main__` starts these processes with one BLAS thread.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

import spinfem as sf

from . import cases, explorer, motion
from .cases import Array
from .peers import PEERS, scikit_fem
from .timing import Prepared, medians, peak_memory

GOOD = 1e-6
"""Relative error of the torques that peers must reach."""
EXACT = 1e-9
"""The same for spinfem; above, its time is not printed."""
POINTS = 10_000
GRID = 200
ANGLES = (20.0, 75.0, 110.0, 160.0)
"""Where peers are timed for sweeps."""
TURNED = 75.0
"""Angle of the free layer where it is replaced."""
WEAK_LAYERS = 1001
"""Layers of the long stack with exchange lengths."""

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
    """Time one stack with all its torques: again, new, and built from its numbers each time."""
    stack = cases.build(layers)
    error = checked(cases.torques(sf.solve(stack)), cases.torques(sf.analytic.solve(stack)))

    def run(one: sf.Stack) -> Array:
        return cases.torques(sf.solve(one))

    again, new, built = medians(
        [
            lambda: run(stack),
            Prepared(lambda: cases.build(layers), run),
            lambda: run(cases.build(layers)),
        ],
        seconds,
    )
    return {"time": again, "new": new, "built": built, "error": error}


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
    """Rotate one ferromagnet of 25 layers; the bar is exact layers in the same chain."""
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


# --- real samples -------------------------------------------------------------------------------


def sample_results(solution: sf.Solution) -> tuple[Array, ...]:
    """Return g1, g2, dr and the torque on the free layer."""
    parts = *solution.efficiency("fixed", "free"), solution.spin_resistance
    return *parts, solution.torque("free")


def samples_sweep(seconds: float) -> Result:
    """Sweep the angle of the valve, plain and as real samples, all in turn."""
    theta = np.linspace(0, 180, POINTS)
    stacks = [cases.valve(theta, model=model) for model in cases.MODELS]
    errors = [
        agreed(sample_results(sf.solve(s)), sample_results(sf.analytic.solve(s))) for s in stacks
    ]
    times = medians([lambda s=s: sample_results(sf.solve(s)) for s in stacks], seconds)
    return {"times": times, "errors": errors, "points": POINTS}


def samples_frequencies(seconds: float) -> Result:
    """Sweep the frequency of the valve, and every l of it at once without one, all in turn.

    Frequencies are up to 1 THz, 60 spin relaxation times of Cu a radian.
    """
    frequency, factor = np.geomspace(1e8, 1e12, POINTS), np.linspace(0.8, 1.2, POINTS)
    functions, errors = [], []
    for model in cases.MODELS:

        def amplitudes(model: str = model, solve: Any = sf.solve) -> Array:
            stack = cases.spread(cases.valve(model=model))
            return solve(stack, frequency=frequency).torque("free")[None]

        def lengths(model: str = model, solve: Any = sf.solve) -> Array:
            return solve(cases.spread(cases.valve(model=model), factor)).torque("free")[None]

        for run in (amplitudes, lengths):
            errors.append(checked(run(), run(solve=sf.analytic.solve)))
            functions.append(run)
    times = np.reshape(medians(functions, seconds), (-1, 2)).tolist()
    return {"times": times, "errors": errors[::2], "points": POINTS}


def samples_single(seconds: float) -> Result:
    """Time single valves and the free torque, plain and as real samples, all in turn.

    The same stack again, one in which the free layer has been turned, and one built from its
    numbers; the saddle point, of the same stack again; and scikit-fem, which has no exchange
    lengths.
    """
    functions, errors = [], []
    for model in cases.MODELS:
        stack = cases.valve(model=model)
        exact = cases.torques(sf.analytic.solve(stack))
        errors.append(checked(cases.torques(sf.solve(stack)), exact))
        turned = stack.replace("free", m=sf.direction(TURNED))
        exact_turned = cases.torques(sf.analytic.solve(turned))
        checked(cases.torques(sf.solve(turned)), exact_turned)
        checked(cases.torques(sf.solve(stack, method="saddle")), exact)
        m = sf.direction(TURNED)

        def run(one: sf.Stack) -> Array:
            return sf.solve(one).torque("free")

        functions += [
            lambda s=stack: run(s),
            lambda s=stack, m=m: run(s.replace("free", m=m)),
            lambda model=model: run(cases.valve(model=model)),
            lambda s=stack: sf.solve(s, method="saddle").torque("free"),
        ]
    peers = {}
    for model in ("plain", "interfaces"):
        stack = cases.valve(model=model)
        sample, exact = cases.sample_of(stack), cases.torques(sf.analytic.solve(stack))
        for setting in scikit_fem.ACCURACIES:
            wrong = cases.error(scikit_fem.torques(sample, setting), exact)
            if wrong <= GOOD:
                break
        else:
            raise RuntimeError(f"scikit-fem must be right to {GOOD:g}, got {wrong:.1e}")
        peers[model] = {"error": wrong, "setting": scikit_fem.describe(setting)}
        functions.append(lambda s=sample, n=setting: scikit_fem.torques(s, n))
    times = medians(functions, seconds)
    for entry, time in zip(peers.values(), times[-len(peers) :], strict=True):
        entry["time"] = time
    own = dict(zip(cases.MODELS, np.reshape(times[: -len(peers)], (-1, 4)).tolist(), strict=True))
    return {"times": own, "errors": errors, "peers": peers}


def samples_layers(seconds: float) -> Result:
    """Time long stacks and all torques, without and with exchange lengths, in turn."""
    functions, errors = [], []

    def run(one: sf.Stack) -> Array:
        return cases.torques(sf.solve(one))

    models = ("plain", "exchange")
    for model in models:
        stack = cases.multilayer(WEAK_LAYERS, model=model)
        errors.append(checked(run(stack), cases.torques(sf.analytic.solve(stack))))

        def make(model: str = model) -> sf.Stack:
            return cases.multilayer(WEAK_LAYERS, model=model)

        functions += [
            lambda s=stack: run(s),
            Prepared(make, run),
            lambda make=make: run(make()),
            lambda s=stack: cases.torques(sf.solve(s, method="saddle")),
        ]
    times = np.reshape(medians(functions, seconds), (-1, 4)).tolist()
    return {"times": dict(zip(models, times, strict=True)), "errors": errors}


# --- growth and memory --------------------------------------------------------------------------


def growth(layers: int, seconds: float) -> Result:
    """Time a long stack: spin resistance, all torques, those of a new stack, and to build it."""
    stack = cases.multilayer(layers)
    solution = sf.solve(stack)
    found = cases.torques(solution), solution.spin_resistance
    memory = peak_memory()  # before the exact solution takes more
    exact = sf.analytic.solve(stack)
    error = checked(found[0], cases.torques(exact))
    agreed((np.array([found[1]]),), (np.array([exact.spin_resistance]),))
    solve, torques, first, build = medians(
        [
            lambda: sf.solve(stack).spin_resistance,
            lambda: cases.torques(sf.solve(stack)),
            Prepared(lambda: cases.multilayer(layers), lambda s: cases.torques(sf.solve(s))),
            lambda: cases.multilayer(layers),
        ],
        seconds,
    )
    times = {"solve": solve, "torques": torques, "first": first, "build": build}
    return times | {"memory": memory, "error": error}


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

    packages = ("spinfem", "numpy", "scipy", "numba", "scikit-fem", "ngsolve")
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
        samples_sweep,
        samples_frequencies,
        samples_single,
        samples_layers,
        growth,
        memory_imports,
        memory_layers,
        memory_points,
        machine,
        motion.torque_functions,
        motion.single_trajectory,
        motion.many_trajectories,
        motion.cmtj_trajectory,
        explorer.explorer_change,
    )
}


def main() -> None:
    """Run the measurement named on the command line; its arguments are a JSON list."""
    name, arguments, memory = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
    if sys.argv[4] == "loaded" and find_spec("numba"):
        import_module("numba")  # what is loaded is used, however small the work
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
