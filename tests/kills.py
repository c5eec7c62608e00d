"""Two processes sweep into one store and are killed at random moments, over and over.

As a script it prints what happened, and fails unless every sweep that reached its end gave the same
bits as one that nobody disturbed: ``python tests/kills.py --kills 200 --seed 1``. With
``--no-locks`` both write at the same time, as on a file system without locks.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import spinfem as sf
from spinfem import cli
from spinfem.files import locked
from spinfem.studies import blocks

EXAMPLE = Path(__file__).parents[1] / "examples" / "co_cu_py.toml"
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
PAUSE = 0.8
"""Seconds: kills come as often, on average."""


def valve(theta, d):
    """An ordinary builder."""
    fixed, free = Co(8e-9, m=sf.direction(0)), Co(4e-9, m=sf.direction(theta))
    return sf.Lead(Cu) | fixed | Cu(d) | free | sf.Lead(Cu)


def graded(theta, d):
    """A layer whose mesh depends on its thickness."""
    metal = sf.NormalMetal(D=lambda xi: 1e8 * (1 + xi), l=1e-8)
    return Co(8e-9, m=sf.direction(0)) | metal(d) | Co(4e-9, m=sf.direction(theta))


def branching(theta, d):
    """A builder that takes its time, and numbers only."""
    time.sleep(0.001)
    return valve(180.0 - theta if theta > 90 else theta, d)


ARGUMENTS = {"theta": np.linspace(0, 180, 60), "d": np.geomspace(1e-9, 1e-7, 40)}
FEWER = {"theta": np.linspace(0, 180, 12), "d": np.geomspace(1e-9, 1e-7, 30)}
SWEEPS = {
    "array": (valve, ARGUMENTS, False),
    "graded": (graded, FEWER, False),
    "pointwise": (branching, ARGUMENTS, True),
}


def write(kind, place, output, seconds, workers, locks):
    """Run one sweep in chunks of its own size; leave the bits of the results in a file."""
    blocks.NUMBERS = 200  # points times elements of a block
    blocks.CHUNK_SECONDS = seconds
    if not locks:
        locked._take = lambda _: (_ for _ in ()).throw(OSError(95, "no locks"))
    if kind == "command":
        vary = ["--vary", "free.polar_deg=0:180:61", "--vary", "spacer.thickness_nm=1:100:20"]
        command = ["sweep", EXAMPLE, *vary, "-o", place / "out.nc", "--workers", workers]
        try:
            with contextlib.redirect_stdout(None):
                cli.main([str(part) for part in command])
        except SystemExit as stop:
            if stop.code:
                raise
        content = bits_of_file(place / "out.nc")
    else:
        builder, arguments, pointwise = SWEEPS[kind]
        pool = ProcessPoolExecutor(workers) if workers > 1 else contextlib.nullcontext()
        with pool as executor:
            data = sf.sweep(
                builder, arguments, 1e11, pointwise=pointwise, executor=executor, store=place
            )
        content = bits(data)
    temporary = output.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(output)


def bits(data):
    """All results of a sweep."""
    return b"".join(data[name].values.tobytes() for name in sorted(data))


def bits_of_file(path):
    """The same of a file that the command wrote."""
    import xarray

    with xarray.open_dataset(path, engine="h5netcdf") as data:
        return bits(data.load())


class Sweeper:
    """A process with a sweep, and the group of all processes that it makes."""

    def __init__(self, context, *arguments):
        self.output = arguments[2]
        self.process = context.Process(target=_grouped, args=arguments)
        self.process.start()

    def kill(self):
        """Kill it and its workers, or it alone; whether it was alive."""
        alive = self.process.is_alive()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.join()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return alive


def _grouped(*arguments):
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    write(*arguments)


def torment(kind, kills, rng, *, locks, folder):
    """Return how many processes were killed, and how many of these with chunks in the store.

    And how many sweeps reached their end, gave other bits, or ended in an error.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["spinfem", "spinfem.cli.sweepfile", "xarray", "zarr", "dask.array", "h5netcdf"]
    )
    calm, place = folder / f"{kind} calm", folder / kind
    calm.mkdir()
    reference = Sweeper(context, kind, calm, folder / "reference", 1.0, 1, True)
    reference.process.join()
    expected = reference.output.read_bytes()
    counts = {"killed": 0, "midway": 0, "ended": 0, "wrong": 0, "failed": 0, "rounds": 0}
    running = []

    def both():
        """Start what has ended anew, and look at its results."""
        for one in [one for one in running if not one.process.is_alive()]:
            running.remove(one)
            one.kill()
            if one.process.exitcode == 0:
                counts["ended"] += 1
                counts["wrong"] += one.output.read_bytes() != expected
            elif one.process.exitcode != -signal.SIGKILL:
                counts["failed"] += 1
        while len(running) < 2:
            output = folder / f"{kind} {rng.getrandbits(64)}"
            chunk, workers = rng.choice([1e-9, 0.02, 0.05]), rng.choice([1, 1, 2])
            running.append(Sweeper(context, kind, place, output, chunk, workers, locks))

    while counts["killed"] < kills:
        counts["rounds"] += 1
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for _ in range(rng.randint(2, 12)):
            both()
            time.sleep(rng.expovariate(1 / PAUSE))
            midway, killed = any(place.rglob("sealed/c*")), rng.choice(running).kill()
            counts["killed"] += killed
            counts["midway"] += killed and midway
        both()
        for one in running:
            one.process.join()
    both()
    for one in running:
        one.kill()
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=[*SWEEPS, "command"])
    parser.add_argument("--no-locks", action="store_true")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds:
            began = time.perf_counter()
            share = -(-options.kills // len(options.kinds))
            rng = random.Random(f"{options.seed} {kind}")
            found = torment(kind, share, rng, locks=not options.no_locks, folder=Path(folder))
            wrong += found["wrong"] + found["failed"]
            print(kind, found, f"{time.perf_counter() - began:.0f} s", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
