"""Finished chunks of a sweep on disk, so that a run which was stopped can be taken up again."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import FloatArray
from .disk import explained, replacing

MANIFEST = "manifest.json"


class OtherSweepError(ValueError):
    """A store holds chunks of another sweep, or what cannot be told."""


class ChunkStore:
    """A directory with ``manifest.json`` and one .npz file for each finished chunk.

    Each file appears whole or not at all. One that is broken nevertheless, by the disk or a loss
    of power, counts as not there.

    Parameters
    ----------
    directory : str or path
        The directory; made if need be, in one that exists.
    sweep : dict
        What determines the results, ready for JSON; a store of anything else is refused.

    Raises
    ------
    OSError
        If the directory cannot be made.
    """

    def __init__(self, directory: str | PathLike[str], sweep: Mapping[str, Any]) -> None:
        self.directory = Path(directory)
        self._sweep = dict(sweep)
        try:
            self.directory.mkdir(exist_ok=True)
        except OSError as error:
            raise explained("cannot be made", self.directory, error) from None

    def blocks_per_chunk(self) -> int | None:
        """Return how the sweep was cut into chunks; None if nothing is stored yet.

        Raises
        ------
        OtherSweepError
            If the store is of another sweep.
        OSError
            If the manifest cannot be read.
        """
        path = self.directory / MANIFEST
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            found, blocks = dict(manifest["sweep"]), int(manifest["blocks_per_chunk"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise explained("cannot be read", path, error) from None
        except (ValueError, KeyError, TypeError):
            raise self._refusal("an unreadable manifest") from None
        differ = [key for key in self._sweep if found.get(key) != self._sweep[key]]
        if differ or blocks < 1:
            raise self._refusal(f"that of another (different {', '.join(differ)})")
        return blocks

    def _refusal(self, got: str) -> OtherSweepError:
        return OtherSweepError(
            f"{self.directory}: store must be empty or that of this sweep, got {got}; "
            "delete it or name another"
        )

    def begin(self, blocks_per_chunk: int) -> None:
        """Write the manifest; OSError if that fails."""
        manifest = {"sweep": self._sweep, "blocks_per_chunk": blocks_per_chunk}
        with replacing(self.directory / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=2), encoding="utf-8")

    def load(
        self, chunk: int, shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, FloatArray] | None:
        """Return the arrays of a chunk; None if it is not there, broken or of other shapes."""
        try:
            # np.load leaves a file open that it opened itself and could not read
            with self._path(chunk).open("rb") as file, np.load(file) as arrays:
                found = {name: arrays[name] for name in shapes}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            return None
        good = all(found[name].shape == shape for name, shape in shapes.items())
        return found if good else None

    def save(self, chunk: int, arrays: Mapping[str, FloatArray]) -> None:
        """Store a finished chunk; OSError if that fails."""
        with replacing(self._path(chunk)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))

    def _path(self, chunk: int) -> Path:
        return self.directory / f"chunk-{chunk:06d}.npz"
