"""Times spinfem against what else a user would pick, on this machine, in one run.

Run it in a clone of the repository, with the peers installed (`pip install -e ".[benchmarks]"`; one
that is not installed is left out and says so):

    python -m benchmarks                 # everything, some 10 minutes; --quick for 3
    python -m benchmarks single samples  # some of it

It prints Markdown:

single
    One stack and all its torques, from the same numbers, with the coarsest setting of each peer
    whose torques are right to 1e-6 (the row "default": as it comes). Stacks: case A is a
    Co/Cu/Py valve between Cu leads; then 25, 101 and 1001 layers of Cu with Co and Py in turn,
    in random, non-coplanar directions. A stack remembers the two-ports of its layers, and one that
    `replace` makes of it with other magnetizations takes them over; so there is the same stack
    again, the first solve of a new one, and one built from its numbers each time, as peers do it.
sweeps
    Batches against the same results from a closed form in plain numpy; peers are timed at
    four points and multiplied.
samples
    Real samples beside plain ones, timed in turn: the valve with a resistive interface and a mixing
    conductance at all four faces, and with exchange lengths in both ferromagnets; a sweep of
    frequencies beside one of all diffusion lengths without a frequency; 1,001 layers of
    Cu with Co and Py in turn, both with exchange lengths. For comparison the saddle point, the
    finite elements of spinfem with multipliers and a sparse solver, and scikit-fem.
growth
    Time and memory from 101 to 100,001 layers.
memory
    Peak of a process that does one thing.
devices
    Devices in two and three dimensions, each in a process of its own, with its CPU time, imports,
    the mesh and all, and its peak: a million unknowns, by factors and by multigrid; and one mesh
    against NGSolve with multipliers and dolfinx with a penalty (`benchmarks.devices`).
motion
    Torques as a function of directions; magnets that move, against what else one would write for
    the same equation, and against cmtj (`benchmarks.motion`).
explorer
    A move of a slider (extra `app`), beside a picture of the same stack by matplotlib.

How it is measured: each entry in a process of its own, one thread, warm; medians with the garbage
collector off. numba, where it is installed, is loaded before; left to itself, spinfem loads it for
a solve that takes a second without it, which none of the small ones does: `--numba auto` times
that, and peaks of memory are always taken so. Errors are the largest error of a torque relative to
the largest torque of the stack, against `sf.analytic.solve`; no time is printed of what was not
checked first. The equations that each peer solves are in `benchmarks.peers`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .cases import MODELS
from .peers import IN_SWEEPS, PEERS
from .tables import duration, error, ratio, table
from .timing import children_time

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("single", "sweeps", "samples", "growth", "memory", "devices", "motion", "explorer")
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1"
    for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NGS", "NUMEXPR")
}
SWEEPS = {
    "sweep_angles": "valve, 10,000 angles: g1, g2, dr",
    "sweep_grid": "valve, 200 x 200 angles and spacers: g1, g2, dr",
    "sweep_multilayer": "25 layers, one rotates, 10,000 angles: all torques",
}
PEAKS = {
    "memory_imports": "import spinfem",
    "memory_layers": "10,001 layers, all torques",
    "memory_points": "1,000,000 valves: g1, g2, dr, torque",
}
DEVICES = {
    "plane": "2D P2",
    "flat": "3D P1, conductivities 1 : 1e4, cells 100 : 1",
}
DEVICE_PEERS = {
    "ngsolve_device": "NGSolve, multipliers",
    "dolfinx_device": "dolfinx, penalty",
}
SLID = ("co_cu_py", "dual_valve", "exchange_biased_valve")
"""Presets of the explorer: of three, five and four layers, the last with resistive interfaces."""
LONG = 1200.0
"""Seconds that a device may take, most of them by a peer."""
WAYS = {
    "time": "same stack again",
    "new": "first solve of a new stack",
    "built": "built from its numbers",
}


class Runner:
    """Starts measurements, each in a process of its own."""

    def __init__(self, seconds: float, limit: float, memory: float, numba: str) -> None:
        self.seconds = seconds
        self.limit = limit
        self.memory = memory
        self.numba = numba

    def __call__(self, name: str, *arguments: Any) -> dict[str, Any]:
        """Return the result of a measurement; ``{"missing": why}`` if there is none."""
        shown = " ".join(map(str, (name, *arguments)))
        print(f"  {shown} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "benchmarks.measure", name, json.dumps(arguments)]
        try:
            done = subprocess.run(
                [*command, str(self.memory), "auto" if name in PEAKS else self.numba],
                cwd=ROOT,
                env=os.environ | ONE_THREAD,
                capture_output=True,
                text=True,
                timeout=self.limit,
            )
        except subprocess.TimeoutExpired:
            return {"missing": f"not in {self.limit:g} s"}
        if done.returncode:
            why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            return {"missing": f"failed: {why}"}
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return result


def whole(module: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """Return what a module prints, with the CPU time of its process, s; or why there is none."""
    print(f"  {module} {' '.join(arguments)} ...", file=sys.stderr, flush=True)
    before = children_time()
    try:
        done = subprocess.run(
            [python, "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            capture_output=True,
            text=True,
            timeout=LONG,
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"not in {LONG:g} s"}
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return {"missing": f"failed: {why}"}
    result: dict[str, Any] = json.loads((done.stdout.strip().splitlines() or ["{}"])[-1])
    return result | {"time": children_time() - before}


def with_module(name: str) -> str | None:
    """Return a Python that has a module: this one, or the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        found = shutil.which(python)
        if (
            found
            and not subprocess.run([found, "-c", f"import {name}"], capture_output=True).returncode
        ):
            return found
    return None


def machine(run: Runner) -> str:
    """Return a line on the machine."""
    found = run("machine")
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    threads = f"threads: {found['threads']}; numba {run.numba}"
    return f"{processor()}, {os.cpu_count()} cores; {versions}; {threads}"


def processor() -> str:
    """Return the name of the processor, as far as the system knows it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def single(run: Runner, quick: bool) -> str:
    """Return the tables of single solves, one for each stack."""
    parts = []
    for layers in (3, 25) if quick else (3, 25, 101, 1001):
        title = "A, Co/Cu/Py" if layers == 3 else "B" if layers == 25 else ""
        own = run("spinfem", layers, run.seconds)
        rows = []
        if "missing" in own:
            rows.append(["spinfem", own["missing"], "-", "-", "-", "-"])
        else:
            for key, label in WAYS.items():
                ratios = [ratio(own[key] / own[k]) if k != key else "" for k in ("time", "built")]
                shown = [error(own["error"]), duration(own[key]), *ratios]
                rows.append([f"spinfem, {label}", "", *shown])
        for key, peer in PEERS.items():
            found = run("single_peer", key, layers, run.seconds)
            if "missing" in found:
                rows.append([peer.label, found["missing"], "-", "-", "-", "-"])
                continue
            ratios = [ratio(found["time"] / own[k]) if k in own else "-" for k in ("time", "built")]
            shown = [error(found["error"]), duration(found["time"])]
            rows.append([peer.label, found["setting"], *shown, *ratios])
        name = f"{layers} layers" + (f" (case {title})" if title else "")
        header = [name, "setting", "error", "time", "/ same again", "/ built"]
        parts.append(table(header, rows))
    return "\n\n".join(parts)


def sweeps(run: Runner, quick: bool) -> str:
    """Return the table of sweeps, and that of what peers would take for them."""
    rows, others = [], []
    for name, label in SWEEPS.items():
        found = run(name, run.seconds)
        if "missing" in found:
            rows.append([label, found["missing"], *"----"])
            continue
        rate = f"{found['points'] / found['time']:.1e}"
        time, bar = duration(found["time"]), duration(found["closed"])
        versus = ratio(found["time"] / found["closed"])
        rows.append([label, error(found["error"]), time, rate, bar, versus])
        for key in IN_SWEEPS[-1:] if quick else IN_SWEEPS:
            point = run("point_peer", key, name, run.seconds)
            what = [label, PEERS[key].label]
            if "missing" in point:
                others.append([*what, point["missing"], *"----"])
                continue
            whole = point["time"] * found["points"]
            setting, each = point["setting"], duration(point["time"])
            shown = [error(point["error"]), each, duration(whole), ratio(whole / found["time"])]
            others.append([*what, setting, *shown])
    own = table(["sweep", "error", "spinfem", "points/s", "closed form", "spinfem / it"], rows)
    header = ["sweep", "peer", "setting", "error", "a point", "all, extrapolated", "/ spinfem"]
    return (
        f"{own}\n\nThe closed form is Appendix A in plain numpy; for 25 layers, "
        f"`sf.analytic.solve`, exact layers in the same chain.\n\n{table(header, others)}\n\n"
        "Peers build and solve each point anew; four points are timed and multiplied."
    )


def samples(run: Runner, quick: bool) -> str:
    """Return the tables of real samples: a sweep, single stacks, a long stack."""
    parts = [sample_sweep(run("samples_sweep", run.seconds))]
    parts.append(frequencies(run("samples_frequencies", run.seconds)))
    parts.append(single_samples(run("samples_single", run.seconds)))
    parts.append(long_samples(run("samples_layers", run.seconds)))
    return "\n\n".join(parts)


def sample_sweep(found: dict[str, Any]) -> str:
    """Return the table of sweeps over angles."""
    header = ["10,000 angles: g1, g2, dr, free torque", "error", "time", "/ plain"]
    if "missing" in found:
        return table(header, [["valve", found["missing"], "-", "-"]])
    rows = []
    for label, wrong, time in zip(MODELS.values(), found["errors"], found["times"], strict=True):
        rows.append([label, error(wrong), duration(time), ratio(time / found["times"][0])])
    rows[0][-1] = ""
    return table(header, rows)


def frequencies(found: dict[str, Any]) -> str:
    """Return the table of sweeps over frequencies, beside batches without one."""
    header = ["10,000 frequencies: free torque", "error", "time", "10,000 values of all l", "/ it"]
    if "missing" in found:
        return table(header, [["valve", found["missing"], "-", "-", "-"]])
    rows = []
    for label, wrong, (own, bar) in zip(
        MODELS.values(), found["errors"], found["times"], strict=True
    ):
        rows.append([label, error(wrong), duration(own), duration(bar), ratio(own / bar)])
    return table(header, rows)


def single_samples(found: dict[str, Any]) -> str:
    """Return the table of single valves."""
    header = ["one valve: free torque", "error", "time", "/ plain", "/ same again"]
    if "missing" in found:
        return table(header, [["valve", found["missing"], "-", "-", "-"]])
    ways = ("same stack again", "m replaced, then solved", "built from its numbers", "saddle point")
    rows, plain = [], found["times"]["plain"]
    for (model, label), wrong in zip(MODELS.items(), found["errors"], strict=True):
        times = found["times"][model]
        for way, time, bar in zip(ways, times, plain, strict=True):
            shown = [error(wrong) if way != ways[-1] else "", duration(time)]
            beside = "" if model == "plain" else ratio(time / bar)
            again = "" if way == ways[0] else ratio(time / times[0])
            rows.append([f"{label}: {way}", *shown, beside, again])
    for model, peer in found["peers"].items():
        time, bar = peer["time"], found["peers"]["plain"]["time"]
        label = f"{MODELS[model]}: scikit-fem, {peer['setting']}"
        beside = "" if model == "plain" else ratio(time / bar)
        again = ratio(time / found["times"][model][0])
        rows.append([label, error(peer["error"]), duration(time), beside, again])
    return table(header, rows)


def long_samples(found: dict[str, Any]) -> str:
    """Return the table of a long stack."""
    header = ["1,001 layers, non-coplanar: all torques", "error", "time", "/ plain"]
    if "missing" in found:
        return table(header, [["stack", found["missing"], "-", "-"]])
    rows = []
    for (model, times), wrong in zip(found["times"].items(), found["errors"], strict=True):
        for way, time, bar in zip(
            (*WAYS.values(), "saddle point"), times, found["times"]["plain"], strict=True
        ):
            shown = error(wrong) if way != "saddle point" else ""
            beside = "" if model == "plain" else ratio(time / bar)
            rows.append([f"{MODELS[model]}: {way}", shown, duration(time), beside])
    return table(header, rows)


def growth(run: Runner, quick: bool) -> str:
    """Return the table of long stacks."""
    rows, last = [], None
    for layers in (101, 1001, 10_001) if quick else (101, 1001, 10_001, 100_001):
        found = run("growth", layers, run.seconds)
        if "missing" in found:
            rows.append([f"{layers:,}", found["missing"], *"--------"])
            continue
        grown = [ratio(found[k] / last[k]) if last else "" for k in ("solve", "torques")]
        rows.append(
            [
                f"{layers:,}",
                error(found["error"]),
                duration(found["solve"]),
                f"{layers / found['solve']:.1e}",
                grown[0],
                duration(found["torques"]),
                grown[1],
                duration(found["first"]),
                duration(found["build"]),
                f"{found['memory']:,.0f} MB",
            ]
        )
        last = found
    header = ["layers", "error", "solve, dr", "layers/s", "growth"]
    more = ["all torques", "growth", "of a new stack", "to build", "peak memory"]
    return f"{table([*header, *more], rows)}\n\nSolved again and again, but for a new stack."


def memory(run: Runner, quick: bool) -> str:
    """Return the table of peak memory."""
    rows = []
    for name, label in PEAKS.items():
        found = run(name)
        peak = f"{found['memory']:,.0f} MB" if "memory" in found else found["missing"]
        rows.append([label, peak])
    return table(["process", "peak memory"], rows)


def devices(run: Runner, quick: bool) -> str:
    """Return the tables of large devices, and of one mesh by others too."""
    rows = []
    for case, label in DEVICES.items():
        found = whole("benchmarks.devices", case)
        rows.append([label, *device_columns(found), str(found.get("iterations") or "")])
    header = ["spinfem", "unknowns", "CPU time", "peak memory", "iterations"]
    parts = [table(header, rows)]

    with tempfile.TemporaryDirectory() as folder:
        large, little = (str(Path(folder) / f"{name}.npz") for name in ("large", "little"))
        whole("benchmarks.devices", "mesh", large)
        whole("benchmarks.devices", "mesh", little, "2")
        own = whole("benchmarks.devices", large)
        rows = [["spinfem", *device_columns(own), *torque_columns(own, own)]]
        for module, label in DEVICE_PEERS.items():
            package = module.partition("_")[0]
            python = with_module(package)
            if python is None:
                rows.append([label, f"{package} is not installed", *"-----"])
                continue
            name = f"benchmarks.peers.{module}"
            whole(name, little, python=python)  # dolfinx compiles forms once on a machine
            found = whole(name, large, python=python)
            shown = f"{label}, {found['setting']}" if "setting" in found else label
            rows.append([shown, *device_columns(found), *torque_columns(found, own)])
    header = ["3D P2, the same mesh", "unknowns", "CPU time", "peak memory"]
    parts.append(table([*header, "/ spinfem", "free torque, hbar/2e", "off by"], rows))
    return "\n\n".join(parts)


def device_columns(found: dict[str, Any]) -> list[str]:
    """Write unknowns, CPU time and peak memory."""
    if "missing" in found:
        return [found["missing"], "-", "-"]
    return [f"{found['unknowns']:,}", duration(found["time"]), f"{found['memory']:,.0f} MB"]


def torque_columns(found: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Write CPU time beside ours, the torque per current, and how far it is from ours."""
    if "missing" in found or "missing" in own:
        return [*"---"]
    size = math.hypot(*found["torque"])
    off = math.dist(found["torque"], own["torque"]) / size
    same = found is own
    return [
        "" if same else ratio(found["time"] / own["time"]),
        f"{size:.9f}",
        "" if same else error(off),
    ]


def motion(run: Runner, quick: bool) -> str:
    """Return the tables of torques of directions and of trajectories."""
    parts = []
    found = run("torque_functions", run.seconds)
    header = ["torques in 20,000 directions", "error", "each", "replaced and solved", "/ each"]
    rows = [["valve", found["missing"], *"---"]] if "missing" in found else []
    columns = [found.get(key, ()) for key in ("errors", "times", "solved")]
    for label, wrong, each, solved in zip(MODELS.values(), *columns, strict=False):
        rows.append([label, error(wrong), duration(each), duration(solved), ratio(solved / each)])
    parts.append(table(header, rows))
    for name, title in (
        ("single_trajectory", "one valve, 20 ns at 0.03 MA/cm2"),
        ("cmtj_trajectory", "two equal magnets, one moves, 2 ns"),
    ):
        found = run(name, run.seconds)
        rows = [[title, found["missing"], *"--"]] if "missing" in found else []
        for label, wrong, time in found.get("ways", ()):
            beside = ratio(time / found["ways"][0][2])
            rows.append([label, error(wrong), duration(time), beside])
        if "pumping" in found:
            took = found["pumping"]
            beside = ratio(took / found["ways"][0][2])
            rows.append(["spinfem, with pumped spins, rtol 1e-08", "", duration(took), beside])
        parts.append(table([title, "error", "time", "/ first"], rows))
    found = run("many_trajectories", run.seconds)
    header = ["10,000 trajectories of 20 ns", "time", "lockstep / it"]
    if "missing" in found:
        parts.append(table(header, [["valve", found["missing"], "-"]]))
    else:
        peer = found["peer"]
        rows = [["numpy in lockstep, closed form, RK4 of 1 ps", duration(peer), ""]]
        for threads, own in found["own"]:
            label = f"spinfem, rtol 1e-06, threads={threads}"
            rows.append([label, duration(own), ratio(peer / own)])
        parts.append(table(header, rows))
    return "\n\n".join(parts)


def explorer(run: Runner, quick: bool) -> str:
    """Return the table of moves of a slider."""
    rows = []
    for name in SLID:
        found = run("explorer_change", name, run.seconds)
        if "missing" in found:
            rows.append([name, found["missing"], *"---"])
            continue
        change, solving, drawing = found["times"]
        shown = [duration(change), duration(solving), duration(drawing), ratio(drawing / change)]
        rows.append([name, *shown])
    header = ["a thickness changes", "all that is seen", "of it the solution"]
    return table([*header, "a picture by matplotlib", "/ all that is seen"], rows)


def main() -> None:
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="; ".join(PARTS) + "; default all")
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller stacks")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one entry")
    parser.add_argument("--memory", type=float, default=4.0, help="GB of address space for one")
    parser.add_argument(
        "--numba",
        choices=("loaded", "auto"),
        default="loaded",
        help="whether numba is loaded before",
    )
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"part must be one of {', '.join(PARTS)}, got {unknown[0]!r}")

    run = Runner(0.3 if given.quick else 3.0, given.limit, given.memory, given.numba)
    print(f"{machine(run)}\n", flush=True)
    makers = dict(
        zip(
            PARTS, (single, sweeps, samples, growth, memory, devices, motion, explorer), strict=True
        )
    )
    for part in given.parts or PARTS:
        print(f"### {part.capitalize()}\n\n{makers[part](run, given.quick)}\n", flush=True)


if __name__ == "__main__":
    main()
