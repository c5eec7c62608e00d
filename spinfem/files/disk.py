"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def explained(what: str, path: Path, error: OSError) -> OSError:
    """Return an error of the same class that says in one line what failed, where and why.

    Parameters
    ----------
    what : str
        What failed: "cannot be read".
    path : Path
        The file as the user named it.
    error : OSError
        What the system said.
    """
    clear = type(error)(f"{path}: {what}: {error.strerror or error}")
    clear.errno = error.errno
    return clear


def content_of(path: Path, most: int) -> bytes:
    """Read a file that is not longer than what may be asked of spinfem.

    Parameters
    ----------
    path : Path
        The file, or a device or pipe: no more than `most` bytes are read of it.
    most : int
        Bytes.

    Raises
    ------
    ValueError
        If it is longer; the message does not name it.
    OSError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise explained("cannot be read", path, error) from None
    if len(content) > most:
        raise ValueError(f"must be a file of at most {most >> 20} MiB, got a longer one")
    return content


def check_target(path: Path, *suffixes: str) -> None:
    """Check that a file can be made at `path`, before the work that fills it.

    Parameters
    ----------
    path : Path
        Where the file shall be.
    *suffixes : str
        Endings its name may have, ".vtu"; capitals do as well. Any if none is given.

    Raises
    ------
    ValueError
        If its name has none of the suffixes.
    OSError
        If the place is a directory, or lies in none that can be written to.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ValueError(
            f"{path}: name of the file must end in {' or '.join(suffixes)}, got {path.name!r}"
        )
    if path.is_dir():
        raise IsADirectoryError(f"{path}: cannot be written: is a directory")
    if not path.parent.exists():
        raise FileNotFoundError(f"{path}: cannot be written: no directory {path.parent}")
    if not path.parent.is_dir():
        raise NotADirectoryError(f"{path}: cannot be written: {path.parent} is not a directory")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{path}: cannot be written: no permission in {path.parent}")


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, unless it is there.

    Raises
    ------
    OSError
        If it cannot be made; NotADirectoryError if a file has its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{path}: is not a directory") from None
    except OSError as error:
        raise explained("cannot be made", path, error) from None


def room_for(folder: Path, *own: Path) -> int:
    """Return the bytes that are free where a folder is, and those that folders of ours take."""
    taken = 0
    for place in own:
        for inside, _, names in os.walk(place):  # unlike rglob it bears with folders that go away
            for name in names:
                with suppress(FileNotFoundError):  # as whoever works there may remove files
                    taken += os.stat(os.path.join(inside, name)).st_size
    return shutil.disk_usage(folder).free + taken


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same directory; move it to `path` if all goes well.

    Whatever happens, `path` is either what it was before or the whole new file.

    Parameters
    ----------
    path : Path
        Where the file shall be; what is there is replaced. A link stays one, and what it points
        to is replaced.

    Yields
    ------
    Path
        An empty file with the same suffix, to be written.

    Raises
    ------
    OSError
        If a file cannot be made, written or moved there.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp{target.suffix}")
    try:
        # not tempfile: its files are for the owner alone, and would stay so once moved
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.strerror is None:  # already clear: made by `explained` inside this block
            raise
        raise explained("cannot be written", path, error) from None
