"""Fields of a solution as a .vtu file, for ParaView."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._checks import FloatArray
from .files import check_target, replacing

if TYPE_CHECKING:
    import meshio

    from ..solution import Solution


def write_vtu(solution: Solution, path: str | PathLike[str]) -> None:
    """Write the fields of a solution to a .vtu file.

    The stack lies along x, in its own unit of length; y = z = 0. Every layer has points of its
    own, so that there are two at an interface and fields may jump there. Point data:
    `spin_potential` (n, 3), `spin_current` (n, 3), `potential` (n,). Cell data: `layer`, its
    number from 0; `kind`, 0 for a normal metal and 1 for a ferromagnet; `m` (n, 3), zero in a
    normal metal.

    Parameters
    ----------
    solution : Solution
        A single one, not a batch.
    path : str or path
        The file, ending in .vtu; it appears whole or not at all.

    Raises
    ------
    ValueError
        If the path does not end in .vtu, or the solution is a batch.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    check_target(path, ".vtu")
    if solution.shape:
        raise ValueError(
            f"a .vtu file needs a single solution, got a batch of shape {solution.shape}"
        )
    import meshio

    mesh = line_mesh(solution)
    said = io.StringIO()  # meshio prints what it has to say, and may exit the interpreter
    with replacing(path) as temporary:
        try:
            with redirect_stdout(said), redirect_stderr(said):
                mesh.write(temporary, file_format="vtu")
        except (SystemExit, meshio.WriteError) as error:
            reason = " ".join(said.getvalue().split()) or error
            raise OSError(f"{path}: cannot be written: {reason}") from error


def line_mesh(solution: Solution) -> meshio.Mesh:
    """Return the layers of a single solution as unconnected chains of line cells, with data."""
    import meshio

    layers = solution.layers
    sizes = [len(layer.x) for layer in layers]
    first = np.concatenate([[0], np.cumsum(sizes)])
    x = np.concatenate([layer.x for layer in layers])
    points = np.column_stack([x, np.zeros((len(x), 2))])
    starts = np.concatenate([np.arange(a, b - 1) for a, b in pairwise(first)])
    number = np.repeat(np.arange(len(layers)), np.subtract(sizes, 1))
    magnetic = np.array([layer.is_ferromagnet for layer in solution.stack.layers])
    m = np.array([_direction(layer.m) for layer in solution.stack.layers])
    return meshio.Mesh(
        points,
        [("line", np.column_stack([starts, starts + 1]))],
        point_data={
            "spin_potential": np.concatenate([layer.spin_potential for layer in layers]),
            "spin_current": np.concatenate([layer.spin_current for layer in layers]),
            "potential": np.concatenate([layer.potential for layer in layers]),
        },
        cell_data={
            "layer": [number],
            "kind": [magnetic[number].astype(number.dtype)],
            "m": [m[number]],
        },
    )


def _direction(m: FloatArray | None) -> FloatArray:
    return np.zeros(3) if m is None else m
