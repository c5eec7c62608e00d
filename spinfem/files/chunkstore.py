"""Finished chunks of a sweep on disk, so that a run which was stopped can be taken up again."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .disk import explained, replacing
from .locked import clear_folder, locked_folder, remove_folder

MANIFEST = "manifest.json"
CHUNK = re.compile(r"chunk-(\d{6,18})-(\d{6,18})\.npz")

Chunk = tuple[int, int]
"""First block of a chunk, and the one after its last."""


class OtherSweepError(ValueError):
    """A store holds chunks of another sweep, or what cannot be told."""


class ChunkStore:
    """A directory with ``manifest.json`` and one .npz file for each finished chunk.

    Each file appears whole or not at all. Behind its arrays a chunk has a digest of them, of its
    place and of the sweep: what is broken, by the disk or a loss of power, or is of another sweep,
    counts as not there. Chunks may be cut differently in every run.

    Parameters
    ----------
    directory : Path
        The directory, which exists. `chunk_store` makes and locks it.
    alone : bool
        Whether it is locked; if not, another process may write there as well.
    """

    def __init__(self, directory: Path, alone: bool) -> None:
        self.directory = directory
        self._alone = alone
        self._identity = b""

    def begin(self, sweep: Mapping[str, Any]) -> None:
        """Say what is stored.

        Parameters
        ----------
        sweep : dict
            What determines the results, ready for JSON.

        Raises
        ------
        OtherSweepError
            If the store is of another sweep.
        OSError
            If the manifest cannot be read or written.
        """
        self._identity = json.dumps(sweep, sort_keys=True).encode()
        path = self.directory / MANIFEST
        try:
            found = dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(sweep, indent=2), encoding="utf-8")
            return
        except OSError as error:
            raise explained("cannot be read", path, error) from None
        except (ValueError, TypeError):
            raise self._refusal("an unreadable manifest") from None
        differ = [key for key in {**sweep, **found} if found.get(key) != sweep.get(key)]
        if differ:
            raise self._refusal(f"that of another (different {', '.join(differ)})")

    def _refusal(self, got: str) -> OtherSweepError:
        return OtherSweepError(
            f"{self.directory}: store must be empty or that of this sweep, got {got}; "
            "delete it or name another"
        )

    def chunks(self) -> list[Chunk]:
        """Return what is there under the names of chunks, in order; it may be broken."""
        names = (CHUNK.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted((int(name[1]), int(name[2])) for name in names if name)

    def load(self, chunk: Chunk) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a chunk as they were saved; None if it is not there or broken."""
        try:
            content = self._path(chunk).read_bytes()
        except OSError:
            return None
        digest = self._digest(chunk)
        arrays, sealed = content[: -digest.digest_size], content[-digest.digest_size :]
        digest.update(arrays)
        if digest.digest() != sealed:
            return None
        with np.load(io.BytesIO(arrays)) as members:
            return dict(members)

    def save(self, chunk: Chunk, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store a finished chunk; OSError if that fails."""
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **dict(arrays))
        digest = self._digest(chunk)
        digest.update(content.getbuffer())
        content.seek(0, io.SEEK_END)
        content.write(digest.digest())  # np.load reads the file with it as well
        with replacing(self._path(chunk)) as temporary:
            temporary.write_bytes(content.getbuffer())

    def clear(self) -> None:
        """Remove all that is stored; what cannot be removed stays."""
        clear_folder(self.directory)

    def remove(self) -> None:
        """Remove the store itself, unless others may be writing there."""
        if self._alone:
            remove_folder(self.directory)

    def _digest(self, chunk: Chunk) -> hashlib.blake2b:
        return hashlib.blake2b(f"{chunk}".encode() + self._identity, digest_size=32)

    def _path(self, chunk: Chunk) -> Path:
        return self.directory / f"chunk-{chunk[0]:06d}-{chunk[1]:06d}.npz"


@contextmanager
def chunk_store(directory: str | PathLike[str]) -> Iterator[ChunkStore]:
    """Open a store, made if need be; one process at a time has it, and others wait for it.

    Parameters
    ----------
    directory : str or path
        The directory, in one that exists.

    Raises
    ------
    OSError
        If the directory cannot be made.
    """
    place = Path(directory)
    with locked_folder(place) as alone:
        yield ChunkStore(place, alone)
