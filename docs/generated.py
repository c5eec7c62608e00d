"""Pages that are made from the package itself: gallery, stack files, library, validation, tables.

All of them are written anew by each build, into folders that git does not keep.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shutil
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
ELSEWHERE = ("check_paraview.py", "paraview_valve.py", "picture_of_the_dual_valve.py")
"""Examples that need a program which pip does not install with the documentation."""
CHAPTERS = {
    "paper": ("The paper, section by section", r"paper_.*"),
    "valves": (
        "Valves and multilayers",
        r"(?!fit_|phase_|nonlocal_).*valve.*|multilayer.*|co_cu.*|wavy.*|graded.*|error.*",
    ),
    "measured": ("From measurements to numbers", r"fit_.*"),
    "torques": ("Torques for other codes", r"handoff.*"),
    "devices": ("Devices in space", r"pillar.*|nonlocal.*|crossing.*|point.*"),
    "time": ("Frequency and time", r"torque_at.*|pumping_in.*|rings_in_time"),
    "motion": ("Magnetizations that move", r"oscillator.*|phase.*|resonance.*|three_magnets.*"),
}


def write_all() -> None:
    """Write all generated pages."""
    write_gallery(HERE / "_gallery")
    made = HERE / "_made"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    (made / "stack_file_keys.md").write_text(stack_file_keys(), encoding="utf-8")
    (made / "device_file_keys.md").write_text(device_file_keys(), encoding="utf-8")
    (made / "library.md").write_text(library(), encoding="utf-8")
    (made / "validation.md").write_text(validation(), encoding="utf-8")
    (made / "commands.md").write_text(commands(), encoding="utf-8")
    for name, text in first_steps().items():
        (made / f"{name}.md").write_text(text, encoding="utf-8")


def kernel_profile(folder: Path) -> Path:
    """Write a profile for the notebooks' kernels, which say nothing but errors, and return it."""
    profile = folder / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    quiet = "get_config().IPKernelApp.log_level = 'ERROR'\n"
    (profile / "ipython_kernel_config.py").write_text(quiet, encoding="utf-8")
    return folder


# --- the gallery ---------------------------------------------------------------------------------


def write_gallery(folder: Path) -> None:
    """Write the examples as sphinx-gallery reads them, by chapters."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "GALLERY_HEADER.rst").write_text(HEADER, encoding="utf-8")
    left = {path for path in (ROOT / "examples").glob("*.py") if path.name not in ELSEWHERE}
    for number, (name, (title, pattern)) in enumerate(CHAPTERS.items()):
        chapter = folder / f"{number}_{name}"
        chapter.mkdir()
        (chapter / "GALLERY_HEADER.rst").write_text(f"{title}\n{'-' * len(title)}\n")
        for path in sorted(left):
            if re.fullmatch(pattern, path.stem):
                left.remove(path)
                (chapter / path.name).write_text(as_page(path), encoding="utf-8")
    if left:
        raise ValueError(f"examples must be of a chapter, got {sorted(p.name for p in left)}")
    for path in (*(ROOT / "examples").glob("*.toml"), *(ROOT / "examples").glob("*.csv")):
        for chapter in folder.glob("*_*/"):
            shutil.copy(path, chapter)


HEADER = """\
Gallery
=======

Every example states its equations first, draws what it computes, and checks itself: against a
closed form, an identity, or the truth that was put in. All of them are in the folder ``examples``,
and run as they are. The explorer turns the same stacks live, in a browser:

.. grid:: 1 2 2 2

   .. grid-item-card:: Through the sign change of g2
      :img-top: ../_static/explorer_sign_change.png
      :link: ../howto/explore
      :link-type: doc

   .. grid-item-card:: A dual valve, not in one plane
      :img-top: ../_static/explorer_dual_valve.png
      :link: ../howto/explore
      :link-type: doc

   .. grid-item-card:: Certified bounds as bands
      :img-top: ../_static/explorer_bounds.png
      :link: ../howto/explore
      :link-type: doc

   .. grid-item-card:: Critical current and orbit of an oscillator
      :img-top: ../_static/explorer_motion.png
      :link: ../howto/explore
      :link-type: doc

"""


def as_page(path: Path) -> str:
    """Return the text of an example whose docstring is reStructuredText."""
    text = path.read_text(encoding="utf-8")
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.Expr)
    assert isinstance(node.value, ast.Constant)
    doc, code = node.value.value, text.splitlines()[node.end_lineno :]
    title, _, rest = doc.partition("\n")
    title = title.rstrip(".")
    blocks = [as_block(block) for block in re.split(r"\n\n+", rest.strip("\n"))]
    head = "\n\n".join([f"{escaped(title)}\n{'=' * (len(title) + 8)}", *blocks])
    body = "\n".join(code).replace("Path(__file__)", f'Path("{path.name}")')  # pages have none
    return f'r"""\n{head}\n"""\n{body}\n'


def as_block(block: str) -> str:
    """Return a paragraph, or formulas that are indented, as reStructuredText."""
    if block.startswith("    "):
        return ".. code-block:: text\n\n" + textwrap.indent(textwrap.dedent(block), "    ")
    return escaped(block)


def escaped(text: str) -> str:
    """Escape what reStructuredText would take for markup, but for code in backticks."""
    parts = re.split(r"(`+[^`]*`+)", text)
    parts[::2] = [re.sub(r"([*|\\])|_(?![\w(])", lambda m: "\\" + m[0], p) for p in parts[::2]]
    parts[1::2] = [f"``{part.strip('`')}``" for part in parts[1::2]]
    return "".join(parts)


# --- stack files ---------------------------------------------------------------------------------

TABLES = {
    "SIFile": "The file itself",
    "_SIEnd": "`[left]`, `[right]`",
    "SINormal": '`[materials.X]`, `kind = "normal"`',
    "SIFerromagnet": '`[materials.X]`, `kind = "ferromagnet"`',
    "LibraryMetal": "`[materials.X]`, from the library",
    "_SILayer": "`[[layers]]`, a layer",
    "_SIInterface": "`[[layers]]`, an interface",
    "CellUse": "`[[layers]]`, a cell",
    "_SIMesh": "`[mesh]`",
    "CouplingTable": "`[[couplings]]`",
    "DynamicsTable": "`[dynamics]`",
}
IN_PAPERS_UNITS = (
    *("PaperFile", "_PaperEnd", "_PaperNormal", "_PaperFerromagnet"),
    *("_PaperLayer", "_PaperInterface"),
)


def stack_file_keys() -> str:
    """Return tables of all keys of stack files, from their schema."""
    from spinfem.io.jsonschema import json_schema

    tables = json_schema()["$defs"]
    parts = [key_table(title, tables[name]) for name, title in TABLES.items()]
    in_SI = {key for name in TABLES for key in tables[name].get("properties", {})}
    others: dict[str, Any] = {}
    for name in IN_PAPERS_UNITS:
        properties = tables[name].get("properties", {})
        others |= {key: value for key, value in properties.items() if key not in in_SI}
    parts.append(key_table("In the paper's units instead", {"properties": others}))
    parts.append(
        "No units in their names: any consistent ones do. They and those in SI do not mix.\n"
    )
    return "\n".join(parts)


TABLES_OF_DEVICES = {
    "GridTable": "`[mesh]`",
    "RegionTable": "`[regions.X]`",
    "ElectrodeTable": "`[electrodes.X]`",
    "ContactTable": "`[[interfaces]]`",
    "PillarTable": "`[pillar]`",
    "DiscTable": "`[pillar.below]`, `[pillar.above]`",
}


def device_file_keys() -> str:
    """Return tables of the keys of files of devices, but for materials, which are as in stacks."""
    from spinfem.io.deviceschema import device_schema

    schema = device_schema()
    parts = [key_table("The file of a device", schema)]
    parts += [key_table(title, schema["$defs"][name]) for name, title in TABLES_OF_DEVICES.items()]
    return "\n".join(parts)


def key_table(title: str, table: dict[str, Any]) -> str:
    """Return a table of keys."""
    needed, rows = table.get("required", ()), []
    for key, value in table["properties"].items():
        meaning = value["description"].replace("|", chr(92) + "|")
        rows.append(f"| `{key}` | {meaning} | {'yes' if key in needed else ''} |")
    return "\n".join([f"### {title}\n", "| key | meaning | required |", "|---|---|---|", *rows, ""])


# --- validation ----------------------------------------------------------------------------------


def validation() -> str:
    """Return the table of `python -m validation`; the tests hold that it is up to date."""
    text = (ROOT / "validation" / "README.md").read_text(encoding="utf-8")
    data = re.compile(r"\[`([^`]*)`\]\(([^):]*\.csv)\)")
    return data.sub(r"{download}`\1 <../validation/\2>`", text)


# --- the library, and the command line -----------------------------------------------------------


def first_steps() -> dict[str, str]:
    """Return what the commands of the start page print."""
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        printed("new", "valve.toml")
        first = printed("solve", "valve.toml")
        shutil.copy(HERE / "own_stack.toml", "mine.toml")
        own = [printed(command, "mine.toml") for command in ("check", "solve")]
    return {"first_stack": as_text(first), "own_stack": as_text("\n\n".join(own))}


def library() -> str:
    """Return what `spinfem materials` prints of all metals and interfaces."""
    return as_text(printed("materials"))


def commands() -> str:
    """Return the help of all commands."""
    import typer.main

    from spinfem.cli import app

    names = typer.main.get_command(app).commands
    return "\n".join(f"## {name}\n\n{as_text(printed(name, '--help'))}" for name in names)


def as_text(text: str) -> str:
    """Return what was printed as a block."""
    return f"```text\n{text}\n```\n"


def printed(*arguments: str) -> str:
    """Return what a command prints."""
    from spinfem import cli

    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        cli.main(list(arguments))
    return text.getvalue().rstrip()
