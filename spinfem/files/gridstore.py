"""Results over a grid in a zarr group on disk, filled in any order and taken up again.

In ``x.zarr`` there are the arrays of a dataset, as `xarray.open_zarr` reads them, and a group
``sweep_record``. That has a manifest, its ``zarr.json``: what determines the results, and how the
grid is cut into chunks. It has `sealed`: of each finished chunk a digest of all its numbers, of its
place and of what they were made from. zarr's own checksums say only that a file is as it was
written, and what is not there yet it reads as NaN.

Chunks are written by whoever computes them, aside, in a folder of this run, and moved into place by
the one process that has the store: what another one left running cannot get among them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .disk import explained, replacing
from .locked import LOCK, clear_folder, locked_folder, remove_folder

if TYPE_CHECKING:
    import xarray

RECORD = "sweep_record"
"""Group with what is known of the results; no variable may have that name."""
MANIFEST = f"{RECORD}/zarr.json"
SEALED = f"{RECORD}/sealed"
UNPORTABLE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]|[. ]$|^__')
"""What names of folders may not have on all systems, or names of arrays in zarr."""
KEYS: dict[str, Any] = {"name": "default", "separator": "."}
"""How chunks are called: not each in a folder of its own."""
LONGEST = 200
"""Bytes of a name that any file system takes."""

Chunk = tuple[slice, ...]
"""Part of the grid, from one edge of chunks to the next."""


class OtherSweepError(ValueError):
    """A store holds results of another sweep, or what cannot be told."""


class GridStore:
    """Results over a grid in a directory.

    Parameters
    ----------
    directory : Path
        The directory, which exists. `grid_store` makes and locks it.
    alone : bool
        Whether it is locked; if not, another process may write there as well.
    """

    def __init__(self, directory: Path, alone: bool) -> None:
        self.directory = directory
        self._alone = alone
        self._root = Path(os.path.realpath(directory))  # workers are in folders of their own
        self._run = self._root / RECORD / f"run-{secrets.token_hex(8)}"
        self._refused: OSError | None = None

    def begin(
        self, sweep: Mapping[str, Any], dataset: xarray.Dataset, chunk: tuple[int, ...]
    ) -> None:
        """Say what is stored; what is there under the same heading is kept.

        Parameters
        ----------
        sweep : dict
            What determines the results, ready for JSON.
        dataset : xarray.Dataset
            As the results shall be, of any values; the grid's axes are the first ones.
        chunk : tuple of int
            Shape of chunks, if none are there yet.

        Raises
        ------
        OtherSweepError
            If the store is of another sweep, or there are other things in it.
        OSError
            If the manifest cannot be read or written.
        """
        self._dataset = dataset
        self._identity = json.dumps(sweep, sort_keys=True).encode()
        self.chunk = self._begun(sweep, chunk)
        try:
            if self._alone:
                for left in (self._root / RECORD).glob("run-*"):
                    shutil.rmtree(left, ignore_errors=True)
            self._prepare()
        except OSError as error:  # no matter if all is there
            self._refused = error
        try:
            self._arrays = _arrays_of(self._root)
        except (OSError, ValueError, KeyError, TypeError):
            self._arrays = {}

    def _begun(self, sweep: Mapping[str, Any], chunk: tuple[int, ...]) -> tuple[int, ...]:
        """Read the manifest, or write it; return the shape of chunks."""
        path = self._root / MANIFEST
        if not path.exists():
            names = {path.name for path in self._root.iterdir()} - {LOCK, RECORD}
            others = sorted(name for name in names if not name.startswith("."))
            if others:
                raise self._refusal(f"other files ({others[0]})")
            about = {"sweep": sweep, "chunk": [*chunk], "digest": _digest(sweep, [*chunk])}
            content = {"zarr_format": 3, "node_type": "group", "attributes": about}
            self._write_once(path, json.dumps(content, indent=2).encode())
        try:
            found = json.loads(path.read_bytes())["attributes"]
            other, cut, digest = dict(found["sweep"]), found["chunk"], found["digest"]
        except OSError as error:
            raise explained("cannot be read", self.directory / MANIFEST, error) from None
        except (ValueError, TypeError, KeyError):
            raise self._refusal("an unreadable manifest") from None
        differ = [key for key in {**sweep, **other} if other.get(key) != sweep.get(key)]
        if differ:
            raise self._refusal(f"that of another (different {', '.join(differ)})")
        if digest != _digest(sweep, cut):
            raise self._refusal("an unreadable manifest")
        return tuple(cut)

    def _write_once(self, path: Path, content: bytes) -> None:
        """Write a file unless another process has just done so."""
        shown = self.directory / MANIFEST
        try:
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
            try:
                temporary.write_bytes(content)
                try:
                    os.link(temporary, path)
                except FileExistsError:
                    pass
                except OSError:  # no links here
                    os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise explained("cannot be written", shown, error) from None

    def _refusal(self, got: str) -> OtherSweepError:
        return OtherSweepError(
            f"{self.directory}: store must be empty or that of this sweep, got {got}; "
            "delete it or name another"
        )

    def _prepare(self) -> None:
        """Make all but the results in a folder of this run; put into place what is not as there."""
        import zarr
        from zarr.codecs import Crc32cCodec

        try:
            with warnings.catch_warnings():
                # consolidated metadata, which keep readers from looking at what is no array
                warnings.simplefilter("ignore")
                self._plain().to_zarr(
                    self._run,
                    compute=False,
                    zarr_format=3,
                    consolidated=True,
                    encoding={
                        str(name): {
                            "chunks": self._chunks(values.shape),
                            "compressors": [Crc32cCodec()],
                            "chunk_key_encoding": KEYS,
                        }
                        for name, values in self._dataset.items()
                    },
                )
            zarr.create_array(
                self._run / SEALED,
                shape=(*self._counts, 32),
                chunks=(*[1] * len(self.chunk), 32),
                dtype="u1",
                compressors=[Crc32cCodec()],
                chunk_key_encoding=KEYS,
            )
            # the root's last: with that, all is there
            for path in sorted(self._run.rglob("*"), key=lambda path: -len(path.parts)):
                place = self._root / path.relative_to(self._run)
                if path.is_file() and not _is_same(path, place):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with replacing(place) as temporary:
                        temporary.write_bytes(path.read_bytes())
        except OSError as error:
            raise explained("cannot be written", self.directory, error) from None

    def _plain(self) -> xarray.Dataset:
        """Return the dataset as zarr can hold it on any system, with the same values."""
        axes = enumerate(self._grid)
        names = {name: f"axis_{i}" for i, name in axes if not _is_portable(str(name))}
        plain = self._dataset.rename(names)
        texts = {
            name: values.astype(np.dtypes.StringDType())
            for name, values in plain.coords.items()
            if values.dtype.kind == "U"
        }
        return plain.assign_coords(texts)

    def _chunks(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of a chunk of an array, which has more axes than the grid."""
        return (*self.chunk, *(max(n, 1) for n in shape[len(self.chunk) :]))

    @property
    def _counts(self) -> tuple[int, ...]:
        grid = self._grid.items()
        return tuple(-(-n // size) for (_, n), size in zip(grid, self.chunk, strict=True))

    @property
    def _grid(self) -> dict[Hashable, int]:
        """Axes of the grid, the first ones of every variable, and how long they are."""
        variable = next(iter(self._dataset.data_vars.values()))
        return dict([*variable.sizes.items()][: len(self.chunk)])

    def _place(self, chunk: Chunk) -> tuple[int, ...]:
        return tuple(part.start // size for part, size in zip(chunk, self.chunk, strict=True))

    def has(self, chunk: Chunk, source: Callable[[], Sequence[str]]) -> bool:
        """Tell whether a chunk is there, unbroken, and made from the same.

        Parameters
        ----------
        chunk : tuple of slice
            The chunk.
        source : callable
            Returns what is given to `write_chunk`; called if the chunk is there.
        """
        try:
            seal: bytes = self._arrays[SEALED][self._place(chunk)].tobytes()
            if not any(seal):
                return False
            found = {str(name): self._arrays[str(name)][chunk] for name in self._dataset}
        except (OSError, ValueError, KeyError):  # zarr's checksums do not fit, or no metadata
            return False
        return seal == _seal(self._identity, chunk, source(), found)

    def check_writable(self) -> None:
        """Raise OSError unless the store can be written to."""
        if self._refused is not None:
            raise self._refused

    @property
    def writer(self) -> functools.partial[bytes]:
        """What writes a chunk, in any process, before `accept` makes it one of the store's.

        Called with a chunk, the names of what it was made from and its arrays it returns its seal.
        """
        return functools.partial(write_chunk, self._run, self.directory, self._identity)

    def accept(self, chunk: Chunk, seal: bytes) -> None:
        """Move a chunk that was written into its place; OSError if that fails."""
        place = self._place(chunk)
        try:
            for name, values in self._dataset.items():
                if values.size:
                    rest = (0,) * (values.ndim - len(place))
                    array = self._arrays[str(name)]
                    key = f"{name}/{array.metadata.encode_chunk_key(place + rest)}"
                    (self._root / key).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(self._run / key, self._root / key)
            self._arrays[SEALED][place] = np.frombuffer(seal, dtype="u1")
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{self.directory}: store must be in a folder that all workers share, got a chunk "
                "that was written elsewhere"
            ) from None
        except OSError as error:
            raise explained("cannot be written", self.directory, error) from None

    def dataset(self) -> xarray.Dataset:
        """Return what is stored, as dask arrays that read a chunk when it is needed."""
        from_zarr: Callable[..., Any] = importlib.import_module("dask.array").from_zarr
        run = self._run.name  # in the names of arrays, by which dask tells them apart
        arrays = {
            name: from_zarr(self._root, component=str(name), name=f"{name}-{run}")
            for name in self._dataset
        }
        return self._dataset.copy(data=arrays)

    def end(self) -> None:
        """Remove what this run needed beside its results."""
        shutil.rmtree(self._run, ignore_errors=True)

    def clear(self) -> None:
        """Remove all that is stored; what cannot be removed stays."""
        clear_folder(self.directory)

    def remove(self) -> None:
        """Remove the store itself, unless others may be writing there."""
        if self._alone:
            remove_folder(self.directory)


def write_chunk(
    folder: Path,
    shown: Path,
    identity: bytes,
    chunk: Chunk,
    source: Sequence[str],
    arrays: Mapping[str, NDArray[Any]],
) -> bytes:
    """Write the arrays of a chunk and return their seal.

    Parameters
    ----------
    folder : Path
        Where those that run now are written.
    shown : Path
        The store as the user named it.
    identity : bytes
        What determines the results.
    chunk : tuple of slice
        The chunk.
    source : sequence of str
        Digests of what else they were made from.
    arrays : dict of str to array
        Over the chunk.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    try:
        into = _opened(folder)
        for name, values in arrays.items():
            into[name][chunk] = values
    except OSError as error:
        raise explained("cannot be written", shown, error) from None
    return _seal(identity, chunk, source, arrays)


def _arrays_of(folder: Path) -> dict[str, Any]:
    """Return the arrays of a store by their names."""
    import zarr

    arrays: dict[str, Any] = dict(zarr.open_group(folder, mode="r+").arrays())
    return {**arrays, SEALED: zarr.open_array(folder / SEALED, mode="r+")}


_opened = functools.lru_cache(maxsize=8)(_arrays_of)
"""The same of the folder of a run, which is never another one under the same name."""


def _seal(
    identity: bytes, chunk: Chunk, source: Sequence[str], arrays: Mapping[str, NDArray[Any]]
) -> bytes:
    place = [(part.start, part.stop) for part in chunk]
    digest = hashlib.blake2b(identity + json.dumps([place, [*source]]).encode(), digest_size=32)
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.digest()


def _digest(sweep: Mapping[str, Any], chunk: Any) -> str:
    return hashlib.sha256(json.dumps([sweep, chunk], sort_keys=True).encode()).hexdigest()


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.read_bytes() == other.read_bytes()
    except OSError:
        return False


def _is_portable(name: str) -> bool:
    return not UNPORTABLE.search(name) and len(name.encode()) <= LONGEST


@contextmanager
def grid_store(directory: str | PathLike[str]) -> Iterator[GridStore]:
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
        store = GridStore(place, alone)
        try:
            yield store
        finally:
            store.end()
