"""Layers from mesh files: gmsh (.msh 4.1 and 2.2), VTK (.vtu), scikit-fem's .json.

A layer is a group of line cells along x: in gmsh a physical group, by its name or, without one, by
its number; in a .vtu file the cells of one integer in an array of cell data, by the name that an
array of field data gives the integer ("free", or "layer: free" if the array is "layer"), or by the
integer itself; in scikit-fem's files a subdomain.
Cells may run either way. Nodes are compared by position where layers meet: they may be doubled.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray
from .._spelling import near_match
from .disk import explained

if TYPE_CHECKING:
    import meshio

FORMATS = {".msh": "gmsh", ".vtu": "vtu", ".json": "scikit-fem"}
TOLERANCE = 1e-6
"""Of the narrower cell: by what nodes at one place may be apart, and how straight a line is."""


class MeshLayer(NamedTuple):
    """One layer of a mesh."""

    name: str
    length: float  # in units of the mesh
    nodes: FloatArray  # (n + 1,) from 0 to 1


class _Lines(NamedTuple):
    """What a file holds of line cells."""

    points: FloatArray  # (n, 1 to 3)
    cells: IntArray  # (k, 2) numbers of points
    groups: dict[str, IntArray]  # numbers of the cells of every group


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
        _check(lines, names)
        return _in_contact([_layer(lines, name) for name in names])
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None


# --- files ------------------------------------------------------------------------------------


def _read(path: Path, tags: str | None) -> _Lines:
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"name of a mesh file must end in {' or '.join(FORMATS)}, got {path.name!r}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise explained("cannot be read", path, error) from None
    if not content.strip():
        raise ValueError(f"must be a {kind} mesh, got an empty file")
    if tags is not None and kind != "vtu":
        raise ValueError(f"tags must be left out but for a .vtu file, got {tags!r}")
    if kind == "scikit-fem":
        return _from_scikit_fem(path)
    return _from_gmsh(path, content) if kind == "gmsh" else _from_vtu(path, tags)


def _from_gmsh(path: Path, content: bytes) -> _Lines:
    names = _physical_names(content)
    mesh = _by_meshio(path, "gmsh")
    points, cells, blocks = _line_cells(mesh)
    own = mesh.cell_data.get("gmsh:physical")
    tag = _of_lines(own, blocks) if own is not None else np.zeros(len(cells), dtype=int)
    groups = {name: np.flatnonzero(tag == number) for name, number in names.items()}
    for number in np.unique(tag[tag > 0]).tolist():
        if number not in names.values():
            groups[str(number)] = np.flatnonzero(tag == number)
    # version 4.1 lists cells in several groups here; among them is one of meshio's own that is none
    starts = np.cumsum([0, *(len(mesh.cells[i].data) for i in blocks)])
    for name in names.keys() & mesh.cell_sets.keys():
        parts = [mesh.cell_sets[name][i] for i in blocks]
        found = [start + np.asarray(part) for start, part in zip(starts, parts, strict=False)]
        groups[name] = np.unique(np.concatenate([groups[name], *found]).astype(int))
    return _Lines(points, cells, groups)


def _physical_names(content: bytes) -> dict[str, int]:
    """Return names and numbers of the groups of lines; meshio keeps one of each name only."""
    found: dict[str, int] = {}
    section = re.search(rb"\$PhysicalNames(.*?)\$EndPhysicalNames", content, re.DOTALL)
    text = section[1].decode(errors="replace") if section else ""
    for number, name in re.findall(r'^\s*1\s+(\d+)\s+"(.*)"\s*$', text, re.MULTILINE):
        if name in found:
            raise ValueError(
                "names of the groups of line cells must be unique, "
                f"got {name!r} for both {found[name]} and {number}"
            )
        found[name] = int(number)
    return found


def _from_vtu(path: Path, tags: str | None) -> _Lines:
    mesh = _by_meshio(path, "vtu")
    points, cells, blocks = _line_cells(mesh)
    arrays = {name: _of_lines(data, blocks) for name, data in mesh.cell_data.items()}
    whole = [name for name, data in arrays.items() if data.ndim == 1 and data.dtype.kind in "iu"]
    if tags is None and len(whole) != 1:
        raise ValueError(
            "cell data must have one array of integers that tells the layers apart, "
            f"or tags must name one, got {', '.join(whole) or 'none'}"
        )
    array = whole[0] if tags is None else tags
    if array not in whole:
        raise ValueError(
            f"tags must be an array of integers in the cell data ({', '.join(whole) or 'none'}), "
            f"got {array!r}{near_match(array, whole)}"
        )
    tag = arrays[array]
    groups = {str(number): np.flatnonzero(tag == number) for number in np.unique(tag).tolist()}
    for name, values in mesh.field_data.items():
        number = np.ravel(values)[:1]
        if number.dtype.kind in "iu" and (found := groups.pop(str(*number), None)) is not None:
            groups[name.removeprefix(f"{array}: ")] = found
    return _Lines(points, cells, groups)


def _by_meshio(path: Path, kind: str) -> meshio.Mesh:
    import meshio

    said = io.StringIO()  # meshio prints why it cannot read a file, and exits the interpreter
    try:
        with (
            redirect_stdout(said),
            redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            # numpy's name for text that is no numbers, of which it returns what came before
            warnings.simplefilter("error", DeprecationWarning)
            return meshio.read(path, file_format=kind)
    except (SystemExit, Exception) as error:  # whatever a broken file makes it stumble over
        if "Incompatible cell data 'gmsh:physical'" in str(error):
            raise ValueError(
                "cells must all be in physical groups (Mesh.SaveAll = 0), got some in none"
            ) from None
        told = said.getvalue() if isinstance(error, SystemExit) else str(error)
        reason = f" ({told.strip()})" if told.strip() else ""
        raise ValueError(f"must be a {kind} mesh, got what cannot be read as one{reason}") from None


def _line_cells(mesh: meshio.Mesh) -> tuple[FloatArray, IntArray, list[int]]:
    """Return points, line cells, and which blocks of the mesh these are; points do not matter."""
    for block in mesh.cells:
        if block.type not in ("line", "vertex") and len(block.data):
            raise ValueError(
                f"cells must be lines of two nodes, got {len(block.data)} of type {block.type}"
            )
    blocks = [i for i, block in enumerate(mesh.cells) if block.type == "line"]
    cells = [np.asarray(mesh.cells[i].data, dtype=np.intp).reshape(-1, 2) for i in blocks]
    points = np.asarray(mesh.points, dtype=float)
    return points, np.concatenate([np.zeros((0, 2), dtype=np.intp), *cells]), blocks


def _of_lines(data: Sequence[FloatArray], blocks: list[int]) -> FloatArray:
    """Return cell data of the line cells alone."""
    return np.concatenate([np.asarray(data[i]) for i in blocks]) if blocks else np.zeros(0, int)


def _from_scikit_fem(path: Path) -> _Lines:
    from skfem import MeshLine1
    from skfem.io.json import from_file

    try:
        mesh = from_file(os.fspath(path))
    except Exception as error:  # whatever a file that is something else makes it stumble over
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"must be a scikit-fem mesh, got what cannot be read as one ({reason})"
        ) from None
    if not isinstance(mesh, MeshLine1):
        raise ValueError(
            f"cells must be lines of two nodes, got {mesh.t.shape[1]} of {type(mesh).__name__}"
        )
    groups = {
        name: np.asarray(cells, dtype=np.intp) for name, cells in (mesh.subdomains or {}).items()
    }
    return _Lines(mesh.p.T, mesh.t.T.astype(np.intp), groups)


# --- from cells to layers ---------------------------------------------------------------------


def _check(lines: _Lines, names: list[str]) -> None:
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
    across = np.ptp(points[used, 1:], axis=0)
    if np.any(across > TOLERANCE * np.ptp(x[used])):
        axis = int(across.argmax())
        low, high = points[used, 1 + axis].min(), points[used, 1 + axis].max()
        raise ValueError(
            "points must lie on a line along x, y and z constant, "
            f"got {'yz'[axis]} from {low:.10g} to {high:.10g}"
        )
    empty = x[cells[:, 0]] == x[cells[:, 1]]
    if empty.any():
        at = x[cells[empty][0, 0]]
        raise ValueError(f"cells must have a positive length, got 0 at x = {at:.10g}")


def _check_owners(lines: _Lines, names: list[str]) -> None:
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
        groups = [name for name, own in lines.groups.items() if np.isin(left, own).any()]
        where = f"of group {groups[0]!r}" if groups else "in no group"
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


def _layer(lines: _Lines, name: str) -> _Piece:
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
