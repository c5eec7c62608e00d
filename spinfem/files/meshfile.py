"""Layers from mesh files: gmsh (.msh 4.1 and 2.2), VTK (.vtu), scikit-fem's .json.

A layer is a group of line cells along x: in gmsh a physical group, by its name or, without one, by
its number; in a .vtu file the cells of one integer in an array of cell data, by the name that an
array of field data gives the integer ("free", or "layer: free" if the array is "layer"), or by the
integer itself; in scikit-fem's files a subdomain.
Cells may run either way. Nodes are compared by position where layers meet: they may be doubled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray, one_line
from .._spelling import near_match
from . import gmshfile, vtufile
from .disk import content_of
from .lines import MOST_NUMBERS, Lines, MalformedError, bounded, whole

FORMATS = {".msh": "gmsh", ".vtu": "vtu", ".json": "scikit-fem"}
LARGEST = 16 << 20
"""Bytes of a file; 100,000 cells have 6 MB as text."""
FARTHEST = 1e100
"""Units from the origin: differences and products of coordinates stay finite."""
TURNS = {
    ".msh": "in gmsh's Python gmsh.model.mesh.affineTransform({matrix})",
    ".vtu": "in meshio mesh.points = mesh.points[:, {order}]",
}
"""What turns a mesh: a matrix of three rows of four numbers, or the order of coordinates."""
TOLERANCE = 1e-6
"""Of the narrower cell: by what nodes at one place may be apart, and how straight a line is."""


class MeshLayer(NamedTuple):
    """One layer of a mesh."""

    name: str
    length: float  # in units of the mesh
    nodes: FloatArray  # (n + 1,) from 0 to 1


def read_layers(
    path: str | PathLike[str], names: Iterable[str], tags: str | None = None
) -> list[MeshLayer]:
    """Read the layers of a mesh.

    Parameters
    ----------
    path : str or path
        The file: .msh, .vtu or .json.
    names : iterable of str
        Names of all layers, in any order.
    tags : str, optional
        Which array of cell data in a .vtu file tells the layers apart; without it there must be
        just one of integers.

    Returns
    -------
    list of MeshLayer
        In the order of x.

    Raises
    ------
    ValueError
        If the file is no such mesh, or its cells are not these layers, one after another along x.
        The message is one line and names the file.
    OSError
        If the file cannot be read.
    """
    path, names = Path(path), list(names)
    try:
        lines = _read(path, tags)
        _check(lines, names, path.suffix.lower())
        return _in_contact([_layer(lines, name) for name in names])
    except ValueError as error:
        raise ValueError(one_line(f"{path}: {error}")) from None


# --- files ------------------------------------------------------------------------------------


def _read(path: Path, tags: str | None) -> Lines:
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"name of a mesh file must end in {' or '.join(FORMATS)}, got {path.name!r}"
        )
    content = content_of(path, LARGEST)
    if not content.strip():
        raise ValueError(f"must be a {kind} mesh, got an empty file")
    if tags is not None and kind != "vtu":
        raise ValueError(f"tags must be left out but for a .vtu file, got {tags!r}")
    try:
        if kind == "vtu":
            return vtufile.lines_of(content, tags)
        return gmshfile.lines_of(content) if kind == "gmsh" else _from_scikit_fem(content)
    except MalformedError as error:
        raise ValueError(
            f"must be a {kind} mesh, got what cannot be read as one ({error})"
        ) from None


def _from_scikit_fem(content: bytes) -> Lines:
    """Return what `skfem.io.json` writes: points, cells, and subdomains."""
    bounded(content.count(b","), "commas", MOST_NUMBERS)
    bounded(content.count(b'"') // 2, "names")
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"it must be JSON: {error}") from None
    if not isinstance(given, dict) or not {"p", "t"} <= given.keys():
        raise MalformedError("it must have points p and cells t, got none")
    points = _table("points", given["p"])
    cells = _table("cells", given["t"])
    if cells.size and cells.shape[1] != 2:
        raise ValueError(
            f"cells must be lines of two nodes, got {len(cells)} of {cells.shape[1]} nodes"
        )
    if points.shape[1] != 1:
        raise ValueError(f"points must have one coordinate each, got {points.shape[1]}")
    groups = given.get("subdomains") or {}
    if not isinstance(groups, dict):
        raise MalformedError("subdomains must have names, got none")
    numbers = {name: _table(f"cells of subdomain {name!r}", own) for name, own in groups.items()}
    return Lines(
        points,
        whole(cells, "numbers of points").reshape(-1, 2),
        {name: whole(own, "numbers of cells").ravel() for name, own in numbers.items()},
    )


def _table(what: str, rows: object) -> FloatArray:
    """Return numbers in rows of one length, or in a row, as columns."""
    try:
        table = np.array(rows, dtype=float) if isinstance(rows, list) else np.zeros(())
    except (ValueError, TypeError, OverflowError):
        table = np.zeros(())
    if table.ndim not in (1, 2):
        raise MalformedError(f"{what} must be rows of numbers, got something else")
    return table.reshape(len(table), -1) if table.size else np.zeros((0, 1))


# --- from cells to layers ---------------------------------------------------------------------


def _check(lines: Lines, names: list[str], suffix: str) -> None:
    """Check that the cells are those of the layers, and all on one line along x."""
    points, cells, groups = lines
    if not len(cells):
        raise ValueError("must have line cells, got none")
    if cells.min() < 0 or cells.max() >= len(points):
        raise ValueError("cells must join points of the file, got one that joins none")
    for name, own in groups.items():
        for number in own[(own < 0) | (own >= len(cells))][:1]:
            raise ValueError(
                f"cells of group {name!r} must be from 0 to {len(cells) - 1}, got {number}"
            )
    used = np.unique(cells)
    if not np.isfinite(points[used]).all():
        first = used[~np.isfinite(points[used]).all(axis=1)][0]
        raise ValueError(f"coordinates must be finite, got {points[first].tolist()}")
    if np.abs(points[used]).max() > FARTHEST:
        raise ValueError(
            f"coordinates must be at most {FARTHEST:g}, got {np.abs(points[used]).max():.10g}"
        )
    for name in names:
        if name not in groups or not groups[name].size:
            known = [group for group, own in groups.items() if own.size]
            raise ValueError(
                "name of a layer must be that of a group of line cells "
                f"({', '.join(known) or 'none'}), got {name!r}{near_match(name, known)}"
            )
    _check_owners(lines, names)
    joined = np.unique(np.sort(cells, axis=1), axis=0)
    number = np.bincount(joined.ravel())
    if number.max() > 2:
        branch = int(number.argmax())
        raise ValueError(
            f"a point must join at most two cells, got {number[branch]} "
            f"at {_place(points[branch])} (branching)"
        )
    x = points[:, 0]
    extent = np.ptp(points[used], axis=0)
    if np.any(extent[1:] > TOLERANCE * extent[0]):
        axis = 1 + int(extent[1:].argmax())
        low, high = points[used, axis].min() + 0.0, points[used, axis].max() + 0.0  # no -0
        raise ValueError(
            "points must lie on a line along x, y and z constant, "
            f"got {'xyz'[axis]} from {low:.10g} to {high:.10g}{_turn(extent, axis, suffix)}"
        )
    empty = x[cells[:, 0]] == x[cells[:, 1]]
    if empty.any():
        at = x[cells[empty][0, 0]]
        raise ValueError(f"cells must have a positive length, got 0 at x = {at:.10g}")


def _turn(extent: FloatArray, axis: int, suffix: str) -> str:
    """Say how to turn a mesh that lies along another axis than x."""
    if suffix not in TURNS or np.any(np.delete(extent, axis) > TOLERANCE * extent[axis]):
        return ""
    order = [axis, (axis + 1) % 3, (axis + 2) % 3]
    matrix = np.eye(3, 4, dtype=int)[order].ravel().tolist()
    how = TURNS[suffix].format(matrix=matrix, order=order)
    return f": turn it so that layers follow one another along x, {how}, and m with it"


def _check_owners(lines: Lines, names: list[str]) -> None:
    """Check that every cell is in one layer; a cell that is there twice counts as one."""
    pairs, which = np.unique(np.sort(lines.cells, axis=1), axis=0, return_inverse=True)
    owner = np.full(len(pairs), -1)
    for i, name in enumerate(names):
        own = np.unique(which.ravel()[lines.groups[name]])
        if (owner[own] >= 0).any():
            twice = own[owner[own] >= 0][0]
            raise ValueError(
                f"a cell must be in one layer, got one in {names[owner[twice]]!r} and {name!r} "
                f"at {_place(lines.points[pairs[twice, 0]])}"
            )
        owner[own] = i
    left = np.flatnonzero(owner[which.ravel()] < 0)
    if left.size:
        group = next((name for name, own in lines.groups.items() if left[0] in own), None)
        where = "in no group" if group is None else f"of group {group!r}"
        raise ValueError(
            f"all cells must be in the layers given ({', '.join(names) or 'none'}), "
            f"got {left.size} {where} that {'is' if left.size == 1 else 'are'} not"
        )


def _place(point: FloatArray) -> str:
    return f"({', '.join(f'{x:.10g}' for x in point)})"


class _Piece(NamedTuple):
    """A layer on the x axis, its cells in order."""

    name: str
    x: FloatArray  # (n + 1,)


def _layer(lines: Lines, name: str) -> _Piece:
    """Put the cells of a layer in order; they must follow one another."""
    ends = np.sort(lines.points[lines.cells[lines.groups[name]], 0], axis=1)
    left, right = ends[np.argsort(ends[:, 0], kind="stable")].T
    width = right - left
    allowed = TOLERANCE * np.minimum(width[:-1], width[1:])
    apart = left[1:] - right[:-1]
    for i in np.flatnonzero(np.abs(apart) > allowed)[:1].tolist():
        if apart[i] > 0:
            got = f"a gap from x = {right[i]:.10g} to {left[i + 1]:.10g}"
            raise ValueError(f"layer {name!r} must be one piece, got {got}")
        raise ValueError(
            f"cells of layer {name!r} must not overlap, got two at x = {left[i + 1]:.10g}"
        )
    return _Piece(name, np.append(left, right[-1]))


def _in_contact(pieces: list[_Piece]) -> list[MeshLayer]:
    """Put layers in the order of x, and check that they touch."""
    pieces = sorted(pieces, key=lambda piece: float(piece.x[0]))
    for a, b in pairwise(pieces):
        apart = b.x[0] - a.x[-1]
        if abs(apart) > TOLERANCE * min(a.x[-1] - a.x[-2], b.x[1] - b.x[0]):
            what, do = ("a gap", "touch") if apart > 0 else ("an overlap", "not overlap")
            low, high = sorted((a.x[-1], b.x[0]))
            raise ValueError(
                f"layers {a.name!r} and {b.name!r} must {do}, "
                f"got {what} from x = {low:.10g} to {high:.10g}"
            )
    return [MeshLayer(name, float(x[-1] - x[0]), (x - x[0]) / (x[-1] - x[0])) for name, x in pieces]
