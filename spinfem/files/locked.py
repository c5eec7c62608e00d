"""Folders that one process, and one thread of it, at a time writes into."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._checks import note
from .disk import explained

LOCK = "lock"
"""File in a locked folder. It says who has it; what counts is the system's lock on it."""
FAR = 2**30
"""The byte that is locked: behind the text, which others may so read on any system."""
PAUSE = 0.05
"""Seconds between attempts."""
HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        # lockf, not flock: that would live on in processes of a pool that were forked meanwhile
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, FAR)


class _Here:
    """Folders that threads of this process have: the system's lock does not tell threads apart.

    To close any file that it is on ends it.
    """

    taken: set[str]
    changed: threading.Condition

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Have no folder at all, as a forked process, which has none of these threads."""
        self.taken = set()
        self.changed = threading.Condition()

    @contextmanager
    def alone(self, folder: Path) -> Iterator[None]:
        """Have a folder for this thread; wait while another one has it."""
        place = os.path.realpath(folder)
        with self.changed:
            if place in self.taken:
                note(f"{folder}: waiting for another thread, which writes there")
            self.changed.wait_for(lambda: place not in self.taken)
            self.taken.add(place)
        try:
            yield
        finally:
            with self.changed:
                self.taken.discard(place)
                self.changed.notify_all()


_here = _Here()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_here.begin)


@contextmanager
def locked_folder(folder: Path) -> Iterator[bool]:
    """Have a folder, made if need be, for this thread alone; wait while another one has it.

    The lock between processes is the system's and ends with the process, however that ends. On file
    systems without locks, and in folders that cannot be written to, there is none. Who waits says
    so on stderr.

    Parameters
    ----------
    folder : Path
        The folder, in one that exists.

    Yields
    ------
    bool
        Whether there is a lock.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    with _here.alone(folder):
        file = _lock(folder)
        try:
            yield file is not None
        finally:
            if file is not None:
                if sys.platform == "win32":  # where a file that is open cannot be removed
                    os.close(file)
                    _remove_lock(folder)
                else:  # while nobody else can have it
                    if _is_at(file, folder / LOCK):  # else `remove_folder` has, and it is another's
                        _remove_lock(folder)
                    os.close(file)


def remove_folder(folder: Path) -> None:
    """Remove a folder that this process has locked; what cannot be removed stays.

    The lock goes last: whoever waits for it makes the folder anew.
    """
    clear_folder(folder)
    _remove_lock(folder)


def clear_folder(folder: Path) -> None:
    """Remove all that is in a folder but its lock; what cannot be removed stays."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK:
            with suppress(OSError):
                path.unlink()


def _remove_lock(folder: Path) -> None:
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()


def _lock(folder: Path) -> int | None:
    """Return the open file that is locked, or None where there are no locks."""
    said = False
    while True:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise explained("cannot be made", folder, error) from None
        try:
            file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # removed by who had it
            continue
        except OSError:
            return None
        try:
            _take(file)
        except OSError as error:
            holder = os.read(file, 100).decode(errors="replace") or "another process"
            os.close(file)
            if error.errno not in HELD:
                return None
            if not said:
                said = True
                note(f"{folder}: waiting for {holder}, which writes there")
            time.sleep(PAUSE)
            continue
        if _is_at(file, folder / LOCK):
            with suppress(OSError):  # the disk may be full
                os.ftruncate(file, 0)
                os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    """Tell whether an open file is still what stands under a name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
