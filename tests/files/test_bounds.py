"""Input without bounds: one clear error within a second, and within 256 MiB, for every kind."""

import re
import time
import tracemalloc
from pathlib import Path

import pytest

import spinfem as sf
from spinfem import cli

SECONDS, MEBIBYTES = 1.0, 256
N = '[materials.N]\nkind = "normal"\nD = 1\nl = 1\n[[layers]]\nmaterial = "N"\nthickness = 1\n'

# what stands in front of the tables of a stack file, and the message behind its name
TEXTS = {
    "dots": (".".join("a" * 10_000) + " = 1", "a key must have at most 32 parts with dots"),
    "dots in a head": (f"[{'.'.join('a' * 10_000)}]", "a key must have at most 32 parts with dots"),
    "dots in a table": (
        "x = {" + '"a" . ' * 10_000 + "b = 1}",
        "a key must have at most 32 parts with dots between, got one of 10001",
    ),
    "many keys with dots": ("\n".join(30 * f"{x}." + "x = 1" for x in "abcdefgh"), "8 errors: (1)"),
    "700 digits": ("j0 = 1" + 700 * "0", "j0: must be a number that fits in double precision"),
    "digits": ("j0 = " + 10**6 * "1", "a key or number must have at most 1000 characters, got one"),
    "hexadecimal": ("j0 = 0x" + 10**6 * "f", "a key or number must have at most 1000 characters"),
    "decimals": ("j0 = 0." + 10**6 * "1", "a key or number must have at most 1000 characters"),
    "long key": (10**6 * "a" + " = 1", "a key or number must have at most 1000 characters"),
    "keys": ("".join(f"k{i} = 1\n" for i in range(5000)), "5000 errors: (1) k0: unknown key"),
    "arrays": ("x = " + 10**6 * "[", "tables and arrays are nested too deeply"),
    "tables": ("x = " + 10**5 * "{a=", "tables and arrays are nested too deeply"),
    "open text": ("x = " + 10**5 * '"""\\', "must be valid TOML"),
    "open texts": ("x = " + 10**5 * "'''a", "must be valid TOML"),
    "title": (f"title = '{10**6 * 'x'}'", "title: must be a string of at most 1000 characters"),
    "name": (f"left.lead = '{10**6 * 'x'}'", "left.lead: must be one of the materials (N), got"),
    "long file": ("#" + (16 << 20) * "x", "must be a file of at most 16 MiB, got a longer one"),
}


def assert_quick(work, seconds=SECONDS):
    """It takes no longer, and no more memory."""
    began = time.process_time()
    work()
    assert time.process_time() - began < seconds
    tracemalloc.start()
    try:
        work()
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTES << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", TEXTS)
def test_stack_files(tmp_path, kind):
    text, message = TEXTS[kind]
    path = tmp_path / "stack.toml"
    path.write_text(f"{text}\n{N}")

    def load():
        with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")) as error:
            sf.load(path)
        assert len(str(error.value)) < 2100
        assert str(error.value).isprintable()

    assert_quick(load)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
def test_a_device_that_never_ends():
    def load():
        with pytest.raises(ValueError, match=r"^/dev/zero: must be a file of at most 16 MiB"):
            sf.load("/dev/zero")

    assert_quick(load)


VALVE = Path(__file__).parents[2] / "examples" / "co_cu_py.toml"
COMMANDS = {
    "values": (
        ["sweep", VALVE, "--vary", "free.polar_deg=0:1:99999999999999999999", "-o", "a.nc"],
        "--vary free.polar_deg: N must be a whole number from 2 to 1e7, got '99999999999999999999'",
    ),
    "points": (
        [
            *["sweep", VALVE, "-o", "a.nc", "--vary", "free.polar_deg=0:1:3000"],
            *["--vary", "fixed.polar_deg=0:1:3000"],
        ],
        "--vary: results must fit into 512 MiB, got 9000000 points of 128 bytes: vary less at a",
    ),
    "option": (
        ["sweep", VALVE, "--vary", "free." + "x" * 100_000 + "=0:1:3", "-o", "a.nc"],
        "--vary free.xxx",
    ),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_command_line(tmp_path, monkeypatch, capfd, kind):
    arguments, message = COMMANDS[kind]
    monkeypatch.chdir(tmp_path)

    def run():
        with pytest.raises(SystemExit) as stop:
            cli.main(list(map(str, arguments)))
        out, err = capfd.readouterr()
        assert (stop.value.code, out) == (2, "")
        assert err.startswith(f"error: {message}")
        assert len(err.splitlines()) == 1
        assert len(err) < 2100

    run()  # imports
    assert_quick(run)


def test_sensitivity_of_1200_layers(tmp_path, capfd):
    """1,800 results of 5,400 numbers: refused; few results of so many are not."""
    pair = "polar_deg = 90\n[[layers]]\nmaterial = 'N'\nthickness = 1\n"
    path = tmp_path / "long.toml"
    head = N[: N.index("[[")] + N[: N.index("[[")].replace("materials.N", "materials.F")
    head = head.replace("normal", "ferromagnet").replace("ferromagnet", "normal", 1) + "p = 0.5\n"
    magnets = [
        f"[[layers]]\nmaterial = 'F'\nthickness = 1\nazimuth_deg = {i}\n{pair}" for i in range(600)
    ]
    path.write_text(head + "".join(magnets))

    def run(*options):
        with pytest.raises(SystemExit) as stop:
            cli.main(["sensitivity", str(path), *options])
        return stop.value.code, *capfd.readouterr()

    status, out, err = run()
    assert (status, out) == (2, "")
    assert err == (
        f"error: {path}: results times numbers of the stack must be at most 200000, got 1800 (600 "
        "torques and 1198 efficiencies among all) times 5400: ask for less, as by --of "
        "spin_resistance\n"
    )
    status, out, err = run("--of", "spin_resistance", "--of", "resistance")
    assert (status, err) == (0, "")
    assert "RA: what matters most" in out
