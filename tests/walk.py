"""A random walk over what may be wrong in files of stacks and devices, meshes and ``--vary``.

    python tests/walk.py --stacks 20000 --devices 5000 --meshes 5000 --vary 5000 --seed 1

Every step drops, doubles, retypes or misspells something, or makes it huge or tiny, and runs a
command on it in this process. It must end in status 0 or 2, within 10 s of processor time and
2 GiB, without a traceback or a warning: nothing on stderr, or nothing but one line of error. What
fails is kept in a directory. From what works the walk goes on; from the rest it mostly goes back.
"""

import argparse
import contextlib
import io
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import devicefiles
import meshio

from spinfem import cli
from spinfem._checks import CONTROLS

SECONDS, BYTES = 10.0, 2 << 30
LONGEST = 2100
"""Characters of an error."""
ROOT = Path(__file__).parents[1]

NUMBER = re.compile(r"[-+]?\d[\d_.]*(?:[eE][-+]?\d+)?")
HUGE = ["1e3", "1e9", "1e30", "1e150", "1e300", "1.7e308", "1e400", "inf", "9" * 20, "9" * 700]
HUGE += ["9" * 5000, "0x" + "f" * 5000, "2147483647", "9007199254740993", "1." + "0" * 2000]
TINY = ["0", "-0.0", "5e-324", "-5e-324", "1e-320", "1e-308", "1e-160", "1e-30", "1e-17", "1e-9"]
TINY += ["-1", "-1e-9"]
TYPES = ["true", "false", "nan", "-nan", "inf", "-inf", "[]", "[1, 2]", "[0, 0, 1]", "[[1]]", "{}"]
TYPES += ["{a = 1}", "1979-05-27", "07:32:00", "0x7f", "5", '"up"', '""', '" "', '"\\u001b[2J"']
TYPES += ['"\\u200b"', '"a\\nb"', '"C:\\Users\\x"', "'C:\\Users\\x'", '"Cu"', '"$_{"', "''' '''"]
WORDS = ["", "x", "name", "m", "left", "mesh", "layers", "kind", "D", "l_nm", "p", "interface"]
CHARACTERS = "abcxyz_019 .=:/[]{}\"'\\#-+\n\t\x00\x1b\u200bµ↑$"


# --- steps ------------------------------------------------------------------------------------


def misspelt(text: str, dice: random.Random) -> str:
    """Change a character or two: drop, double, swap, replace, insert."""
    for _ in range(dice.choice((1, 1, 2))):
        i, new = dice.randrange(len(text) + 1), dice.choice(CHARACTERS)
        text = dice.choice(
            (
                text[:i] + text[i + 1 :],
                text[:i] + text[i : i + 1] + text[i:],
                text[:i] + text[i : i + 2][::-1] + text[i + 2 :],
                text[:i] + new + text[i + 1 :],
                text[:i] + new + text[i:],
            )
        )
    return text


def resized(text: str, sizes: list[str], dice: random.Random) -> str:
    """Put another size in the place of a number, or repeat what is none."""
    numbers = list(NUMBER.finditer(text))
    if numbers:
        number = dice.choice(numbers)
        exponent = dice.uniform(0, 308) if sizes is HUGE else dice.uniform(-323, 0)
        size = dice.choice((dice.choice(sizes), f"{dice.uniform(1, 9):.3g}e{exponent:.0f}"))
        return text[: number.start()] + size + text[number.end() :]
    return text * dice.choice((2, 10, 2000)) if sizes is HUGE else text[: len(text) // 2]


def changed_line(line: str, dice: random.Random) -> str:
    """Retype, misspell or resize a line of a stack file, its key or its value."""
    key, equals, value = line.partition("=")
    what = dice.choice(("type", "spelling", "huge", "tiny"))
    if not equals:
        if what == "type":
            return dice.choice(
                (f"[{line}]", line.strip("[]"), line[1:-1], f"{line}.x", f"{line}=1")
            )
        return misspelt(line, dice) if what == "spelling" else resized(line, HUGE, dice)
    if what == "type":
        return f"{key}= {dice.choice(TYPES)}"
    if what == "spelling":
        if dice.random() < 0.5:
            return f"{misspelt(key, dice)}={value}"
        return (
            f"{key}={misspelt(value, dice)}"
            if dice.random() < 0.7
            else f"{dice.choice(WORDS)}={value}"
        )
    if dice.random() < 0.1:
        return f"{resized(key, HUGE, dice)}={value}"
    return f"{key}={resized(value, HUGE if what == 'huge' else TINY, dice)}"


def changed_stack(text: str, dice: random.Random) -> str:
    """Take one step in a stack file."""
    lines = text.splitlines() or [""]
    i, what = dice.randrange(len(lines)), dice.random()
    if what < 0.12:
        del lines[i]
    elif what < 0.24:
        lines.insert(dice.choice((i, dice.randrange(len(lines) + 1))), lines[i])
    elif what < 0.27:
        dice.shuffle(lines)
    else:
        lines[i] = changed_line(lines[i], dice)
    return "\n".join(lines)


def changed_bytes(content: bytes, dice: random.Random) -> bytes:
    """Take one step in bytes: cut, drop, double, flip."""
    i, j = sorted(dice.randrange(len(content) + 1) for _ in range(2))
    j = min(j, i + dice.choice((1, 8, 200)))
    flipped = bytearray(content)
    for _ in range(dice.choice((1, 1, 4)) if flipped else 0):
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    return dice.choice(
        (content[:i], content[:i] + content[j:], content[:j] + content[i:], bytes(flipped))
    )


def changed_mesh(content: bytes, dice: random.Random) -> bytes:
    """Take one step in a mesh."""
    if dice.random() < 0.25:
        return changed_bytes(content, dice)
    lines = content.decode("latin-1").splitlines(keepends=True) or [""]
    i, what = dice.randrange(len(lines)), dice.random()
    if what < 0.15:
        del lines[i]
    elif what < 0.3:
        lines.insert(dice.choice((i, dice.randrange(len(lines) + 1))), lines[i])
    elif what < 0.45:
        lines[i] = misspelt(lines[i], dice)
    elif what < 0.55:
        words = NUMBER.sub("@", lines[i])
        lines[i] = words.replace("@", dice.choice((*TYPES, *WORDS)), 1)
    else:
        lines[i] = resized(lines[i], dice.choice((HUGE, TINY)), dice)
    return "".join(lines).encode("latin-1", "replace")


def changed_vary(text: str, dice: random.Random) -> str:
    """Take one step in what is behind --vary."""
    parts = re.split(r"([.=:])", text)
    i, what = dice.randrange(len(parts)), dice.random()
    if what < 0.12:
        del parts[i]
    elif what < 0.24:
        parts.insert(i, parts[i])
    elif what < 0.4:
        parts[i] = dice.choice((*TYPES, *WORDS, "log", "60", "Cu", "Py.beta", "free"))
    elif what < 0.6:
        parts[i] = misspelt(parts[i], dice)
    else:
        parts[i] = resized(parts[i], dice.choice((HUGE, TINY)), dice)
    return "".join(parts)


# --- commands ---------------------------------------------------------------------------------


class TooSlowError(BaseException):
    """A command that is not over in time."""


@dataclass
class Ended:
    """How a command ended."""

    status: object
    out: str
    err: str
    seconds: float
    trace: str = ""
    warned: list[str] = field(default_factory=list)


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Interrupt what takes more processor time."""

    def stop(*_: object) -> None:
        raise TooSlowError

    if not hasattr(signal, "SIGVTALRM"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def run(arguments: list[str]) -> Ended:
    """Run the command line in this process."""
    out, err, trace, status = io.StringIO(), io.StringIO(), "", None
    began = time.process_time()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), limited(SECONDS):
            try:
                cli.main(arguments)
            except SystemExit as stop:
                status = stop.code
            except (Exception, TooSlowError):
                trace = traceback.format_exc()
    seconds = time.process_time() - began
    said = [str(warning.message) for warning in warned]
    return Ended(status, out.getvalue(), err.getvalue(), seconds, trace, said)


def fault(ended: Ended) -> str | None:
    """Say what is wrong with how a command ended."""
    if ended.trace:
        return ended.trace[-600:]
    if ended.status not in (0, 2):
        return f"status {ended.status}"
    if ended.seconds > SECONDS:
        return f"{ended.seconds:.1f} s"
    if ended.warned:
        return f"warning: {ended.warned[0]}"
    if CONTROLS.search((ended.out + ended.err).replace("\n", "")):
        return "control characters"
    if "memory must hold" in ended.err:
        return "memory"
    # what is said of units is no error
    said = [x for x in ended.err.splitlines(keepends=True) if not x.startswith("warning: ")]
    if ended.status == 2:
        one = len(said) == 1 and said[0].startswith("error: ") and said[0].endswith("\n")
        return None if one and not ended.out and len(ended.err) < LONGEST else "no line of error"
    if said:
        return f"on stderr: {ended.err}"
    if ended.out.startswith("{"):
        found = json.loads(ended.out)
        negative = [key for key in ("resistance", "spin_resistance") if found[key] < 0]
        return f"negative {negative[0]}" if negative else None
    return None


# --- walks ------------------------------------------------------------------------------------


def bare(path: Path) -> str:
    """A stack file without comments."""
    return "\n".join(
        line.partition(" #")[0].rstrip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    )


def stacks(folder: Path, dice: random.Random) -> tuple[list[str], Callable[[object], list[str]]]:
    """Where walks over stack files begin, and what a step runs."""
    files = sorted((ROOT / "examples").glob("*.toml"))

    def command(text: object) -> list[str]:
        path = folder / "stack.toml"
        path.write_text(str(text), encoding="utf-8", errors="replace")
        luck = dice.random()
        if luck < 0.05:
            return ["sensitivity", str(path)]
        if luck < 0.1:
            return ["solve", str(path), "-o", str(folder / "out.vtu")]
        if luck < 0.105:
            command = dice.choice(("solve", "sensitivity"))
            return [command, str(path), "--plot", str(folder / "out.png")]
        return ["solve", str(path), *["--json"] * (luck < 0.5)]

    # of 30 copies the sensitivities of all results would take longer than a step may
    return [bare(path).replace("repeat = 30", "repeat = 3") for path in files], command


def devices(folder: Path, dice: random.Random) -> tuple[list[str], Callable[[object], list[str]]]:
    """The same of files of devices: their mesh, or the stack of a pillar, stays as it is."""

    def command(text: object) -> list[str]:
        path = devicefiles.write(folder, str(text))
        more = ["-o", str(folder / "out.vtu")] if dice.random() < 0.05 else []
        return ["solve", str(path), "--degree", "1", *more]

    return [devicefiles.DEVICE, devicefiles.PILLAR], command


def meshes(
    folder: Path, dice: random.Random
) -> tuple[list[tuple[str, bytes]], Callable[..., list[str]]]:
    """The same of meshes: their stack files stay as they are."""
    found = []
    for name in ("valve", "dual_valve", "graded"):
        text = (ROOT / "meshes" / f"{name}.toml").read_text(encoding="utf-8")
        given = re.search(r'file = "(.*?)"', text)[1]
        mesh = meshio.read(ROOT / "meshes" / given)
        mesh.cell_sets.clear()
        contents = {Path(given).suffix: [(ROOT / "meshes" / given).read_bytes()]}
        kinds = ("gmsh", "gmsh22") if given.endswith("msh") else ()
        for kind in kinds:
            mesh.write(folder / "made.msh", file_format=kind, binary=True)
            contents[".msh"].append((folder / "made.msh").read_bytes())
        for suffix, variants in contents.items():
            stack = text.replace(given, f"mesh{suffix}")
            found += [(stack, f"mesh{suffix}", content) for content in variants]
    line = {"p": [[0.0], [8.0], [18.0], [22.0]], "t": [[0, 1], [1, 2], [2, 3]]}
    line |= {"boundaries": None, "subdomains": {"fixed": [0], "spacer": [1], "free": [2]}}
    text = (
        (ROOT / "meshes" / "valve.toml")
        .read_text(encoding="utf-8")
        .replace("valve.msh", "mesh.json")
    )
    found.append((text, "mesh.json", json.dumps(line).replace(",", ",\n").encode()))

    def command(state: tuple[str, str, bytes]) -> list[str]:
        text, name, content = state
        (folder / "stack.toml").write_text(text, encoding="utf-8")
        (folder / name).write_bytes(content)
        return ["solve", str(folder / "stack.toml"), *["--json"] * (dice.random() < 0.5)]

    return found, command


VARIES = {
    "co_cu_py.toml": [
        "free.polar_deg=0:180:5",
        "spacer.thickness_nm=1:100:4:log",
        "Py.beta=0:0.9:3",
    ],
    "paper_valve.toml": ["spacer.thickness=0.1:3:4", "F1.polar_deg=0:90:3"],
    "exchange_biased_valve.toml": [
        "free.polar_deg=0:90:3",
        "Co.l_nm=1:100:3:log",
        "left.l_nm=1:2:2",
    ],
}


def varies(
    folder: Path, dice: random.Random
) -> tuple[list[tuple[str, str]], Callable[..., list[str]]]:
    """The same of --vary."""

    def command(state: tuple[str, str]) -> list[str]:
        file, text = state
        more = ["--vary", dice.choice(VARIES[file])] if dice.random() < 0.2 else []
        path = ROOT / "examples" / file
        return ["sweep", str(path), f"--vary={text}", *more, "-o", str(folder / "out.nc")]

    return [(file, text) for file, texts in VARIES.items() for text in texts], command


WALKS = {
    "stacks": (stacks, changed_stack),
    "devices": (devices, changed_stack),
    "meshes": (meshes, lambda state, dice: (*state[:-1], changed_mesh(state[-1], dice))),
    "vary": (varies, lambda state, dice: (*state[:-1], changed_vary(state[-1], dice))),
}


def clear(folder: Path) -> None:
    """Remove what a command has made."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def walk(
    kind: str, steps: int, seed: int, kept: Path | None = None
) -> tuple[Counter, float, list[str]]:
    """Walk; return how commands ended, how long the slowest took, and what was wrong."""
    dice = random.Random(f"{kind} {seed}")
    ends, slowest, faults = Counter(), 0.0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin, change = WALKS[kind]
        starts, command = begin(folder, dice)
        state = back = dice.choice(starts)
        for step in range(steps):
            if dice.random() < 0.05:
                back = state = dice.choice(starts)
            state = change(state, dice)
            arguments = command(state)
            ended = run(arguments)
            ends[ended.status] += 1
            slowest = max(slowest, ended.seconds)
            if wrong := fault(ended):
                faults.append(f"{kind} {step}: {' '.join(arguments)[:300]}: {wrong}")
                if kept:
                    shutil.copytree(folder, kept / f"{kind}-{seed}-{step}", dirs_exist_ok=True)
            if ended.status == 0:
                back = state
            elif dice.random() < 0.9:
                state = back
            clear(folder)
    return ends, slowest, faults


def main() -> None:
    """Walk as the options say."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind, steps in (("stacks", 20_000), ("devices", 5000), ("meshes", 5000), ("vary", 5000)):
        options.add_argument(f"--{kind}", type=int, default=steps)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kept", type=Path, help="where inputs that fail are kept")
    given = options.parse_args()
    import resource

    for which in ("single", "batches"):  # what is compiled once on a machine is no part of it
        subprocess.run([sys.executable, Path(__file__).with_name("kernels.py"), which], check=False)
    total = 0
    for kind in WALKS:
        began = time.perf_counter()
        ends, slowest, faults = walk(kind, getattr(given, kind), given.seed, given.kept)
        total += len(faults)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if most > BYTES:
            faults.append(f"{kind}: {most >> 20} MiB")
        print(
            f"{kind}: {sum(ends.values())} steps, {dict(ends)}, slowest {slowest:.2f} s, "
            f"{most >> 20} MiB at most, {time.perf_counter() - began:.0f} s in all, "
            f"{len(faults)} faults",
            flush=True,
        )
        for one in faults:
            print("  ", one, flush=True)
    sys.exit(total > 0)


if __name__ == "__main__":
    with patch("spinfem.numerics.compiled._Announcement.on_start"):
        main()
