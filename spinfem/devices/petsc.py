"""The system of a device in PETSc's binary format, and its solution from there.

`write_system` writes what `spinfem.solve` would solve, for solvers and preconditioners on many
nodes of a cluster; `read_solution` makes a `DeviceSolution` of what these found. The format, big
endian, is that of MatView, VecView and ISView with a binary viewer [1]_, of a PETSc with 32-bit
indices.

References
----------
.. [1] https://petsc.org/release/manualpages/Mat/MatLoad/
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from .._checks import FloatArray
from ..files.disk import replacing
from .assembly import System, assemble, check_spin_sink
from .bodies import parts_of
from .device import Device
from .linear import LARGEST_RESIDUAL, Report, relative_residual
from .solution import DeviceSolution

MATRIX, VECTOR, INDICES = 1211216, 1211214, 1211218
"""What an object in a file begins with."""
INT, REAL = np.dtype(">i4"), np.dtype(">f8")
MOST = np.iinfo(INT).max


def write_system(device: Device, path: str | PathLike[str], degree: int | None = None) -> None:
    """Write the system A x = b of a device for PETSc.

    One file has the matrix A, S (a metre of depth in a planar device), the right side b, A, and as
    an index set the kind of every unknown: 0 for mu_0, from the first given potential on, 4 for
    ``nu = mu_s/2`` along m where a strong ferromagnet binds it, 1, 2, 3 for its components x, y, z
    where it is free, all in V. In three dimensions with more than 30,000 unknowns components of
    free nu are those along m of a magnet nearby, which is 4 as well, and across it, 2 and 3. In
    PETSc: MatLoad, VecLoad, ISLoad with one viewer.

    A is positive definite; symmetric but for lambda_J, an imaginary mixing conductance and a beta_D
    that is not p.

    Parameters
    ----------
    device : Device
        What is to be solved.
    path : str or path
        The file. It appears whole or not at all.
    degree : int, optional
        As of `spinfem.solve`.

    Raises
    ------
    ValueError
        As of `spinfem.solve`; or if there are more than 2^31 - 1 entries.
    OSError
        If the file cannot be written.
    """
    system = _assembled(device, degree)
    A = sp.csr_array(system.matrix)
    A.sum_duplicates()
    if A.nnz > MOST:
        raise ValueError(f"entries of a system for PETSc must be at most {MOST:,}, got {A.nnz:,}")
    kinds = system.fields
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        for numbers, kind in (
            ([MATRIX, *A.shape, A.nnz], INT),
            (np.diff(A.indptr), INT),
            (A.indices, INT),
            (A.data, REAL),
            ([VECTOR, len(system.load)], INT),
            (system.load, REAL),
            ([INDICES, len(kinds)], INT),
            (kinds, INT),
        ):
            file.write(np.asarray(numbers).astype(kind).tobytes())


def read_solution(
    device: Device, path: str | PathLike[str], degree: int | None = None
) -> DeviceSolution:
    """Return the solution of a device that PETSc found.

    Parameters
    ----------
    device : Device
        What `write_system` was given.
    path : str or path
        A file that VecView wrote: the solution x of A x = b, V.
    degree : int, optional
        What `write_system` was given.

    Raises
    ------
    ValueError
        If it is no file of a vector of as many unknowns, or the relative residual of the system,
        scaled to a diagonal of ones, is not below 1e-8.
    OSError
        If the file cannot be read.
    """
    system = _assembled(device, degree)
    unknowns = _read_vector(Path(path), len(system.load))
    residual = relative_residual(system.matrix, system.load, unknowns)
    if not residual < LARGEST_RESIDUAL:
        raise ValueError(
            f"the relative residual of a solution must be below {LARGEST_RESIDUAL:g}, got "
            f"{residual:.2g} in {str(path)!r}: of another system, or with a tolerance that is too "
            "large"
        )
    return DeviceSolution(
        device, system, unknowns, Report("PETSc", len(unknowns), 0, residual, 0.0)
    )


def _assembled(device: Device, degree: int | None) -> System:
    system = assemble(device, parts_of(device, degree))
    check_spin_sink(system)
    return system


def _read_vector(path: Path, count: int) -> FloatArray:
    """Return the vector of a file."""
    content = path.read_bytes()
    head = np.frombuffer(content[: 2 * INT.itemsize], INT) if len(content) >= 8 else np.zeros(2)
    if head[0] != VECTOR:
        raise ValueError(f"file of a solution must have a vector of PETSc, got {str(path)!r}")
    numbers = content[2 * INT.itemsize :]
    if head[1] != count or len(numbers) < count * REAL.itemsize:
        raise ValueError(
            f"vector of a solution must have {count:,} numbers, got {int(head[1]):,} in "
            f"{len(content):,} bytes in {str(path)!r}"
        )
    return np.frombuffer(numbers, REAL, count).astype(float)
