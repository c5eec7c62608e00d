"""Datasets as netCDF files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def write_netcdf(dataset: xarray.Dataset, path: Path) -> None:
    """Write a dataset to a netCDF file, chunk by chunk; OSError if that fails."""
    import dask

    # one thread: HDF5 has a lock, and with more of them chunks would wait for it in memory
    with dask.config.set(scheduler="synchronous"), _Steadfast(path, "w+b") as file:
        dataset.to_netcdf(file, engine="h5netcdf")
        if file.failure:
            raise file.failure


class _Steadfast(io.FileIO):
    """A file that tells HDF5 that all went well, and everyone else what did not.

    Where writing fails, on a full disk, HDF5 crashes the process (h5py 3, in h5netcdf's second
    attempt to close the file).
    """

    failure: OSError | None = None

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        try:
            while self.failure is None and content:
                content = memoryview(content)[super().write(content) :]
        except OSError as error:
            self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0
