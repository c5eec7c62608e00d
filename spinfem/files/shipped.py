"""Files that come with spinfem: its examples, and the meshes that some of them read."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .disk import check_target, make_directory, replacing

PACKAGE = Path(__file__).parents[1]
ROOTS = (PACKAGE, PACKAGE.parent)
"""Where they are: in an installed package, and in a checkout."""
FOLDERS = {"examples": "", "meshes": "meshes"}
"""Folders of files, and where in a directory they are copied to."""
KINDS = (".py", ".toml", ".csv", ".msh", ".vtu")
"""Endings of what an example is, or reads."""


class Shipped(NamedTuple):
    """A file that comes with spinfem."""

    name: str
    """Its path in the directory that it is copied to."""
    source: Path

    @property
    def description(self) -> str:
        """The first line of a script, or the title of a stack file; nothing for data."""
        if self.source.suffix == ".py":
            text = self.source.read_text(encoding="utf-8")
            return str(ast.get_docstring(ast.parse(text))).partition("\n")[0]
        if self.source.suffix == ".toml":
            return title_of(self.source)
        return ""


def title_of(path: Path) -> str:
    """Return the title of a stack file, or else its name."""
    return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", path.stem))


def shipped(folder: str) -> Path | None:
    """Return where a folder that comes with spinfem is; None if this installation has none."""
    return next((root / folder for root in ROOTS if (root / folder).is_dir()), None)


def shipped_files() -> Iterator[Shipped]:
    """Return all examples and what they read, by name.

    Raises
    ------
    FileNotFoundError
        If this installation has none.
    """
    for folder, place in FOLDERS.items():
        found = shipped(folder)
        if found is None:
            raise FileNotFoundError(f"no folder {folder} came with this installation of spinfem")
        for source in sorted(found.iterdir()):
            if source.suffix in KINDS:
                yield Shipped((Path(place) / source.name).as_posix(), source)


def copy_shipped(directory: Path) -> Iterator[tuple[Path, Shipped]]:
    """Copy all examples and what they read into a directory.

    Parameters
    ----------
    directory : Path
        Where to; made if there is none.

    Yields
    ------
    path : Path
        Of the copy, as soon as it is there.
    file : Shipped
        What was copied.

    Raises
    ------
    ValueError
        If one of the files is there already: none is copied then.
    OSError
        If the directory or a file cannot be made.
    """
    files = [(directory / file.name, file) for file in shipped_files()]
    for path, _ in files:
        if path.exists() or path.is_symlink():
            raise ValueError(f"{path}: must not be there yet: it would be overwritten")
    for folder in dict.fromkeys([directory, *(path.parent for path, _ in files)]):
        make_directory(folder)
    for path, _ in files:
        check_target(path)
    for path, file in files:
        with replacing(path) as temporary:
            temporary.write_bytes(file.source.read_bytes())
        yield path, file
