"""Collections for ParaView, all of them or nothing: a .pvd file, x.pvd, and a folder x beside it.

In the folder are x_0000.vtu, x_0001.vtu and so on, one for every time; where a time has files of
more than one mesh, others that are named so too, x_0000_interfaces.vtu.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .._progress import progress_bar
from .disk import explained
from .vtkwriter import NOT_IN_XML, write_pvd


def check_collection(path: Path) -> None:
    """Check that a collection can be made, before the work that fills it.

    Parameters
    ----------
    path : Path
        Of the .pvd file.

    Raises
    ------
    ValueError
        If XML cannot hold its name.
    OSError
        If the folder holds anything but an earlier collection.
    """
    if NOT_IN_XML.search(path.name):
        raise ValueError(
            f"{path}: name of a .pvd file must be of characters that XML allows, got {path.name!r}"
        )
    _check_folder(_folder(path), path)


def write_collection(
    path: Path,
    times: Sequence[float],
    write_frame: Callable[[int, Path], Iterable[Path]],
    progress: bool | None,
) -> None:
    """Write a collection: all of it, or nothing.

    Parameters
    ----------
    path : Path
        Of the .pvd file.
    times : sequence of float
        What ParaView calls the times of all frames, all different.
    write_frame : callable
        Of the number of a frame and the place of its .vtu file: writes it, and may write others
        beside it, and returns all of them.
    progress : bool, optional
        Whether to draw a progress bar, as in `spinfem.sweep`.

    Raises
    ------
    OSError
        If a file cannot be written, or the folder holds anything but an earlier collection.
    """
    folder = _folder(path)
    digits = max(4, len(str(len(times) - 1)))
    files = []
    with (
        progress_bar("save", len(times), progress) as advance,
        _replacing_both(path, folder) as (index, place),
    ):
        for i, time in enumerate(times):
            frame = write_frame(i, place / f"{folder.name}_{i:0{digits}}.vtu")
            files.append((time, [f"{folder.name}/{file.name}" for file in frame]))
            advance(1)
        write_pvd(index, files)


def _folder(path: Path) -> Path:
    """Where the files of a collection are: beside the .pvd file, and named as it is."""
    return Path(os.path.realpath(path)).with_suffix("")


def _check_folder(folder: Path, path: Path) -> None:
    """Raise an OSError if a folder may not be replaced: what is in it must be of a collection."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FileExistsError(f"{path}: cannot be written: {folder} must be a folder")
    own = re.compile(re.escape(folder.name) + r"_\d+(_interfaces)?\.vtu")
    for entry in folder.iterdir():
        if not (own.fullmatch(entry.name) and entry.is_file() and not entry.is_symlink()):
            raise FileExistsError(
                f"{path}: cannot be written: {folder} must hold nothing but files of an earlier "
                f"collection, got {entry.name!r}"
            )


@contextmanager
def _replacing_both(path: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give temporary places of a .pvd file and its folder; move both there if all goes well.

    The .pvd file is taken away before the folder is exchanged and put there after it: at no time
    does it name files of another collection than its own.
    """
    target = Path(os.path.realpath(path))
    token = secrets.token_hex(8)
    new, old, index, old_index = (
        target.with_name(f".{token}.{what}")
        for what in ("new.tmp", "old.tmp", "new.tmp.pvd", "old.tmp.pvd")
    )
    try:
        try:
            new.mkdir()
            yield index, new
            _check_folder(folder, path)
            with ExitStack() as undo:
                for there, aside in ((target, old_index), (folder, old)):
                    if there.exists():
                        os.rename(there, aside)
                        undo.callback(os.rename, aside, there)
                os.rename(new, folder)
                undo.callback(os.rename, folder, new)
                os.rename(index, target)
                undo.pop_all()
            old_index.unlink(missing_ok=True)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            index.unlink(missing_ok=True)
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        if error.strerror is None:  # already clear
            raise
        raise explained("cannot be written", path, error) from None
