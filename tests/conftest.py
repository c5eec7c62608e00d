import os
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from hypothesis.internal.conjecture import providers

from spinfem.numerics import kernels

os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).parent))  # reference.py, strategies.py

for profile in ("spinfem", "all"):
    settings.register_profile(
        profile,
        deadline=None,  # tests do not time anything
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile("spinfem")

KINDS = ("driven", "frequency"), ("single", "batches", "motion")
"""Of compiled functions, those that take about as long and share most; see `kernels.compile_for`.
"""
SHARES = {True: (0.05, 5), False: (0.05, 6)}
"""Of the random examples of a test the default run, or one of long tests, tries so many, and at
least so many. All of them, and of all parameters of what is marked `some`:
``-m "" --hypothesis-profile=all``.
"""
COMPARE = tuple(
    f"tests/{wing}/"
    for wing in ("devices", "dynamics", "fem", "numerics", "paper", "results", "solvers")
)
SETS = 2
"""Of the sets of parameters of a long test in these wings at most so many, if not so marked."""
MOST = 2
"""And of the sets of parameters of a test at most so many, some of all its kinds."""


def is_default(config):
    """Whether long tests are left out."""
    return config.option.markexpr.startswith("not long")


def pytest_configure(config):
    """Nothing is compiled in the default run, modules of tests included: that would take longer
    than the tests, which find the same with the text as it stands. Nor does it look for numbers
    in all of spinfem to draw from.
    """
    if is_default(config):
        patches = pytest.MonkeyPatch()
        config.add_cleanup(patches.undo)
        patches.setattr(kernels, "compiled", lambda: None)
        # hypothesis has no setting for this; where it is called otherwise, it takes longer
        none = partial(getattr, providers, "_local_constants", None)
        patches.setattr(providers, "_get_local_constants", none, raising=False)


def pytest_sessionstart(session):
    """Compile on two cores, once, what every worker of long tests would compile for itself."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly or is_default(config):
        return
    folder = Path(find_spec("spinfem").origin).parent / "numerics"
    kept = [path.stat().st_mtime for path in folder.glob("__pycache__/*.nbi")]
    if kept and max(kept) > max(path.stat().st_mtime for path in folder.glob("*.py")):
        return
    script = Path(__file__).with_name("kernels.py")
    for process in [subprocess.Popen([sys.executable, script, *kinds]) for kinds in KINDS]:
        process.wait()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """With all of its examples or parameters a test is long; the default run tries a few."""
    tests = {}
    for item in items:
        if not is_long(item):
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for instances in tests.values():
        count = len(instances)
        few = {i * count // MOST for i in range(MOST)}
        for i in range(count) if count > MOST else ():
            if i not in few:
                instances[i].add_marker("long")
    random = [item for item in items if is_hypothesis_test(item.function)]
    if not is_default(config):
        for item in random:
            item.add_marker("long")
    if config.getoption("--hypothesis-profile") == "all":
        return
    leave_out_all_but_some(config, items)
    share, least = SHARES[is_default(config)]
    for test in {item.function for item in random}:
        # where hypothesis keeps them: it has no other way to change them after @given
        given = test._hypothesis_internal_use_settings
        few = min(given.max_examples, max(least, round(share * given.max_examples)))
        test._hypothesis_internal_use_settings = settings(given, max_examples=few)


def leave_out_all_but_some(config, items):
    """Of tests with many parameters, the same in every run; they are drawn at random."""
    tests = {}
    for item in items:
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    out = set()
    for name, instances in tests.items():
        marked = instances[0].get_closest_marker("some")
        is_of_errors = {"error", "message"} & {*instances[0].fixturenames}  # each is another one
        compares = name.startswith(COMPARE) and not is_of_errors
        count = marked.args[0] if marked else SETS if compares else len(instances)
        kept = Random(name).sample(instances, min(count, len(instances)))
        out.update(item for item in instances if item not in kept and is_long(item))
    config.hook.pytest_deselected(items=list(out))
    items[:] = [item for item in items if item not in out]


def is_long(item):
    return item.get_closest_marker("long") is not None


@pytest.fixture(autouse=True, scope="session")
def nothing_is_said_of_compiling():
    """What is left to compile is so by whichever test comes first; it may look at stderr."""
    with patch("spinfem.numerics.compiled._Announcement.on_start"):
        yield


@pytest.fixture(autouse=True)
def floating_point_traps():
    """Nothing in spinfem may divide by zero, overflow or make a nan, not even on the way."""
    with np.errstate(all="raise", under="ignore"):
        yield
