"""What a run has done so far: in memory, and in a folder in which it is taken up again.

In the folder are files ``part_000000000.npz``, named by the number of their first sample: samples,
and the state behind the last of them, which is all that it takes to go on. What is behind a state
follows from it alone, so that a run that is taken up gives the same bits as one that was never
disturbed.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import FloatArray
from ..files.disk import check_target, explained, replacing
from ..files.locked import LOCK, locked_folder

KEPT_AFTER, KEPT_NUMBERS = 5.0, 2**24
"""Seconds, or numbers of samples, after which what is done is written."""
NAME = re.compile(r"part_\d{9,}\.npz")


class Record:
    """Samples of a run, and where it is.

    Parameters
    ----------
    y, clock : array, shape (3 f, N), (5, N)
        As of `numerics.motion.advance`, at the beginning; changed by who moves on.
    samples : int
        How many there will be, T.
    folder : Path, optional
        Where parts are kept.
    digest : str
        Of what determines the run.

    Attributes
    ----------
    ways : array, shape (N, T, 3 f)
        Unit vectors.
    count : int
        Samples that are there.
    """

    def __init__(
        self,
        y: FloatArray,
        clock: FloatArray,
        samples: int,
        folder: Path | None = None,
        digest: str = "",
    ) -> None:
        self.y, self.clock, self.count = y, clock, 0
        self.ways = np.empty((y.shape[1], samples, y.shape[0]))
        self._folder, self._digest, self._kept = folder, digest, 0
        self._due = time.monotonic() + KEPT_AFTER
        self._advance: Callable[[int], None] = lambda n: None
        if folder is not None:
            self._check(folder)
            self._read(folder)
            if self.count < samples:
                check_target(_place(folder, self.count))

    def tell(self, advance: Callable[[int], None]) -> None:
        """Say how many samples there are, from now on, to a progress bar."""
        self._advance = advance
        advance(self.count)

    def take(self, samples: FloatArray) -> None:
        """Take samples (t, 3 f, N), after which y and clock are as they are now."""
        self._put(samples)
        self._advance(len(samples))
        left = self.count - self._kept
        due = time.monotonic() >= self._due or left * self.y.size >= KEPT_NUMBERS
        if self._folder is not None and (due or self.count == self.ways.shape[1]):
            self._keep(self._folder)

    def _put(self, samples: FloatArray) -> None:
        self.ways[:, self.count : self.count + len(samples)] = samples.transpose(2, 0, 1)
        self.count += len(samples)

    # --- on disk --------------------------------------------------------------------------------

    def _keep(self, folder: Path) -> None:
        with replacing(_place(folder, self._kept)) as temporary:
            np.savez(
                temporary,
                run=self._digest,
                samples=self.ways[:, self._kept : self.count].transpose(1, 2, 0),
                y=self.y,
                clock=self.clock,
            )
        self._kept, self._due = self.count, time.monotonic() + KEPT_AFTER

    def _check(self, folder: Path) -> None:
        """Remove what a killed run was about to write; ValueError if there is something else."""
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") and path.name.endswith(".tmp.npz"):
                path.unlink(missing_ok=True)
            elif path.name != LOCK and not NAME.fullmatch(path.name):
                raise _refusal(folder, f"other files ({path.name})")

    def _read(self, folder: Path) -> None:
        """Take what is there, as far as it is whole."""
        while self.count < self.ways.shape[1]:
            part = _read_part(_place(folder, self.count))
            if part is None:
                return
            if str(part["run"]) != self._digest:
                raise _refusal(folder, "that of another")
            self._put(part["samples"])
            self.y[...], self.clock[...] = part["y"], part["clock"]
            self._kept = self.count


def _place(folder: Path, first: int) -> Path:
    return folder / f"part_{first:09}.npz"


def _refusal(folder: Path, got: str) -> ValueError:
    return ValueError(
        f"{folder}: store must be empty or that of this run, got {got}; delete it or name another"
    )


def _read_part(path: Path) -> dict[str, Any] | None:
    """Return the arrays of a file, or None if it is not there, or broken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
            return {name: part[name] for name in ("run", "samples", "y", "clock")}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explained("cannot be read", path, error) from None
    except Exception:  # there is no telling what broken files raise
        return None


@contextmanager
def folder_of(store: str | PathLike[str] | None) -> Iterator[Path | None]:
    """Give the folder of a store, made if need be; one process at a time has it.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if store is None:
        yield None
        return
    folder = Path(store)
    if not folder.is_dir():
        check_target(folder)
    with locked_folder(folder):
        yield folder


def digest_of(*things: Any) -> str:
    """Return a digest of numbers, arrays and texts, in tuples and mappings."""
    digest = hashlib.blake2b(digest_size=32)
    _add(digest, things)
    return digest.hexdigest()


def _add(digest: Any, thing: Any) -> None:
    if isinstance(thing, np.ndarray):
        digest.update(f"{thing.dtype} {thing.shape}".encode())
        digest.update(np.ascontiguousarray(thing).data)
    elif isinstance(thing, tuple):
        digest.update(f"{len(thing)} of".encode())
        for part in thing:
            _add(digest, part)
    else:
        digest.update(f"{thing!r};".encode())
