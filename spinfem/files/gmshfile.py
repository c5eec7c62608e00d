"""Cells of gmsh's files and their groups: .msh of the versions 4.1 and 2.2, as text or binary.

Read are names, entities, nodes and elements; other sections are passed over. Nothing is made larger
than what the file holds of it, however much it announces.
https://gmsh.info/doc/texinfo/gmsh.html#File-formats
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray
from .lines import (
    LARGEST_WHOLE,
    MOST_CELLS,
    MOST_NUMBERS,
    Lines,
    MalformedError,
    bounded,
    by_tag,
    number_of,
    numbers_in,
    refuse_cells,
    rows_of,
    whole,
)

LINE = 1
KINDS = {
    1: ("line", 1, 2),
    2: ("triangle", 2, 3),
    3: ("quad", 2, 4),
    4: ("tetra", 3, 4),
    5: ("hexahedron", 3, 8),
    6: ("wedge", 3, 6),
    7: ("pyramid", 3, 5),
    8: ("line3", 1, 3),
    9: ("triangle6", 2, 6),
    10: ("quad9", 2, 9),
    11: ("tetra10", 3, 10),
    12: ("hexahedron27", 3, 27),
    13: ("wedge18", 3, 18),
    14: ("pyramid14", 3, 14),
    15: ("vertex", 0, 1),
    16: ("quad8", 2, 8),
    17: ("hexahedron20", 3, 20),
    18: ("wedge15", 3, 15),
    19: ("pyramid13", 3, 13),
    26: ("line4", 1, 4),
}
"""Name, dimension and number of nodes of every kind of cells; points are passed over."""
ENTITIES = ("points", "curves", "surfaces", "volumes")
GROUPED = {1: "line cells", 2: "cells of surfaces", 3: "cells of volumes"}
Groups = dict[int, IntArray]
"""Numbers of the cells of every physical group, by its number."""


class _Rules(NamedTuple):
    """What a file may hold."""

    kinds: frozenset[int]
    refuse: Callable[[int, str], None]  # raises for so many cells of another kind
    numbers: int = MOST_NUMBERS
    cells: int = MOST_CELLS
    members: int = 2_000_000  # cells in groups, one in several counted as often


class _Block(NamedTuple):
    """Cells of one kind."""

    kind: int
    joined: IntArray  # (n, nodes) tags of nodes
    groups: Groups


class Part(NamedTuple):
    """All cells of one kind."""

    dimension: int
    cells: IntArray  # (n, nodes) numbers of points, in gmsh's order
    groups: dict[str, IntArray]  # numbers of the cells of every group


class Cells(NamedTuple):
    """What a file holds."""

    points: FloatArray  # (n, 3)
    parts: dict[str, Part]  # by kind, "tetra"
    names: dict[int, list[str]]  # of groups, with cells or without, by their dimension


def lines_of(content: bytes) -> Lines:
    """Return what a .msh file says of line cells.

    Groups are physical groups of curves, by their name or, without one, by their number.

    Raises
    ------
    MalformedError
        If it is no such file.
    ValueError
        If it is of another version, has cells that are no lines, or names a group twice.
    """
    points, parts, names = _read(content, _Rules(frozenset((LINE, 15)), refuse_cells))
    line = parts.get("line", Part(1, np.zeros((0, 2), np.intp), {}))
    missing = {name: np.zeros(0, np.intp) for name in names.get(1, ())}
    return Lines(points, line.cells, missing | line.groups)


def cells_of(content: bytes) -> Cells:
    """Return what a .msh file says of all its cells.

    Groups are physical groups, by their name or, without one, by their number.

    Raises
    ------
    MalformedError
        If it is no such file.
    ValueError
        If it is of another version, has cells of unknown kinds, or names a group twice.
    """
    return _read(content, _Rules(frozenset(KINDS), _refuse_unknown, 60_000_000, *[20_000_000] * 2))


def _refuse_unknown(count: int, kind: str) -> None:
    known = ", ".join(name for name, *_ in KINDS.values())
    raise ValueError(f"cells must be of a known type ({known}), got {count} of type {kind}")


def _read(content: bytes, rules: _Rules) -> Cells:
    sections = dict(_sections(content))
    version, kinds = _format(sections)
    dimensions = {KINDS[kind][1] for kind in rules.kinds} - {0}
    names = _names(sections.get("PhysicalNames", b""), dimensions)
    missing = [name for name in ("Nodes", "Elements") if name not in sections]
    if missing:
        raise MalformedError(f"there must be a section ${missing[0]}, got none")
    numbers: Callable[[bytes], _Numbers] = partial(_Numbers, kinds=kinds, most=rules.numbers)
    if version == "4":
        tags, points = _nodes_4(numbers(sections["Nodes"]))
        physical = _physical(numbers(sections["Entities"])) if "Entities" in sections else {}
        blocks = _elements_4(numbers(sections["Elements"]), physical, rules)
    else:
        tags, points = _nodes_2(*_counted(sections["Nodes"], numbers))
        elements = _elements_2 if kinds is None else _binary_elements_2
        blocks = elements(*_counted(sections["Elements"], numbers), rules)
    by_kind: dict[int, list[_Block]] = {}
    for block in blocks:
        by_kind.setdefault(block.kind, []).append(block)
    parts = {KINDS[kind][0]: _part(kind, own, tags, names) for kind, own in by_kind.items()}
    return Cells(points, parts, {dimension: [*own.values()] for dimension, own in names.items()})


def _part(
    kind: int, blocks: list[_Block], tags: IntArray, names: Mapping[int, Mapping[int, str]]
) -> Part:
    """Join the blocks of one kind."""
    _, dimension, _ = KINDS[kind]
    groups: dict[int, list[IntArray]] = {}
    start = 0
    for block in blocks:
        for group, own in block.groups.items():
            groups.setdefault(group, []).append(start + own)
        start += len(block.joined)
    own_names = names.get(dimension, {})
    order = [*own_names, *sorted(group for group in groups if group not in own_names)]
    return Part(
        dimension,
        rows_of(np.concatenate([block.joined for block in blocks]), tags),
        {
            own_names.get(group, str(group)): np.concatenate(groups[group])
            for group in order
            if group in groups and (group in own_names or group > 0)
        },
    )


# --- sections ---------------------------------------------------------------------------------

_BEGIN = re.compile(rb"\$(\w++)[ \t\r]*+\n")


def _sections(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names of all sections and what is in them."""
    place = count = 0
    while begin := _BEGIN.search(content, place):
        count = bounded(count + 1, "sections")
        name = begin[1].decode()
        end = content.find(b"$End" + begin[1], begin.end())
        if end < 0:
            raise MalformedError(f"${name[:40]} must be closed by $End{name[:40]}, got none")
        yield name, content[begin.end() : end]
        place = end + 4 + len(name)


def _format(sections: Mapping[str, bytes]) -> tuple[str, dict[str, np.dtype[Any]] | None]:
    """Return the version before its dot, and types of numbers; None if they are written out."""
    if "MeshFormat" not in sections:
        raise MalformedError("there must be a section $MeshFormat, got none")
    line, _, rest = sections["MeshFormat"].partition(b"\n")
    version, kind, size, *_ = [*line.decode(errors="replace").split(), "", "", ""]
    major = version.partition(".")[0]
    if major != "2" and version != "4.1":  # "4" is what gmsh calls 4.0
        raise ValueError(
            f"version of a .msh file must be 4.1 or 2.2, got {version[:20]}: save it as 4.1 (in "
            "gmsh: Mesh.MshFileVersion = 4.1)"
        )
    if kind == "0":
        return major, None
    orders = {b"\1\0\0\0": "<", b"\0\0\0\1": ">"}
    if kind != "1" or size not in ("4", "8") or rest[:4] not in orders:
        raise MalformedError(
            "$MeshFormat must tell text from bytes, the size of numbers and their order, got "
            f"{line[:40].decode(errors='replace')!r}"
        )
    kinds = {"int": "i4", "size": f"u{size}", "float": "f8"}
    return major, {name: np.dtype(orders[rest[:4]] + code) for name, code in kinds.items()}


def _names(section: bytes, dimensions: Collection[int]) -> dict[int, dict[int, str]]:
    """Return the names of groups, by dimension and number."""
    found: dict[int, dict[int, str]] = {}
    lines = section.splitlines()[1:]
    bounded(len(lines), "names of groups")
    for line in lines:
        dimension, number, name, *_ = [*line.split(None, 2), b"", b"", b""]
        if dimension not in {b"%d" % one for one in dimensions}:
            continue
        text, tag = name.strip().decode(errors="replace"), number_of(number, "number of a group")
        if len(text) < 2 or text[0] + text[-1] != '""':
            raise MalformedError(f"name of a group must stand in double quotes, got {text[:40]!r}")
        text, own = text[1:-1], found.setdefault(int(dimension), {})
        for other, known in own.items():
            if known == text:
                raise ValueError(
                    f"names of the groups of {GROUPED[int(dimension)]} must be unique, "
                    f"got {text!r} for both {other} and {tag}"
                )
        own[tag] = text
    return found


# --- numbers ----------------------------------------------------------------------------------


class _Numbers:
    """The numbers of a section, one after another."""

    def __init__(
        self, section: bytes, kinds: Mapping[str, np.dtype[Any]] | None, most: int
    ) -> None:
        self.kinds, self.place = kinds, 0
        what = "nodes and elements"
        self.given: Any = numbers_in(section, what, most) if kinds is None else section

    def _next(self, kind: str, count: int) -> Any:
        size = 1 if self.kinds is None else self.kinds[kind].itemsize
        end = self.place + size * count
        if count < 0 or end > len(self.given):
            raise MalformedError("there must be as much as is announced, got less")
        part, self.place = self.given[self.place : end], end
        return part if self.kinds is None else np.frombuffer(part, self.kinds[kind])

    def take(self, kind: str, count: int) -> Any:
        """Return the next so many numbers of kind "int", "size" or "float"."""
        numbers = self._next(kind, count)
        return numbers.astype(float) if kind == "float" else whole(numbers, "numbers of things")

    def take_list(self, kind: str, count: int) -> list[int]:
        """Return the next few of kind "int" or "size": ten times faster than an array of them."""
        numbers = self._next(kind, count).tolist()
        if all(abs(x) < LARGEST_WHOLE and x == int(x) for x in numbers):
            return [int(x) for x in numbers]
        return whole(np.array(numbers), "numbers of things").tolist()  # type: ignore[no-any-return]

    def rest(self) -> IntArray:
        """Return all that are left, of kind "int"."""
        size = 1 if self.kinds is None else self.kinds["int"].itemsize
        found: IntArray = self.take("int", (len(self.given) - self.place) // size)
        return found


def _counted(section: bytes, numbers: Callable[[bytes], _Numbers]) -> tuple[int, _Numbers]:
    """Return how many things there are, which is always written out, and their numbers."""
    line, _, rest = section.partition(b"\n")
    return number_of(line, "number of nodes or elements"), numbers(rest)


# --- version 4.1 ------------------------------------------------------------------------------


def _physical(numbers: _Numbers) -> dict[tuple[int, int], list[int]]:
    """Return the physical groups of every entity, by its dimension and number."""
    counts = numbers.take_list("size", 4)
    found, pairs = {}, 0
    for dimension, (count, what) in enumerate(zip(counts, ENTITIES, strict=True)):
        for _ in range(bounded(count, f"{what} in $Entities")):
            (tag,) = numbers.take_list("int", 1)
            numbers.take("float", 6 if dimension else 3)
            # negative where it is turned round
            groups = np.abs(numbers.take("int", *numbers.take_list("size", 1)))
            if dimension:
                found[dimension, tag] = np.unique(groups).tolist()
                pairs = bounded(pairs + len(found[dimension, tag]), f"groups of {what}")
                numbers.take("int", *numbers.take_list("size", 1))
    return found


def _nodes_4(numbers: _Numbers) -> tuple[IntArray, FloatArray]:
    """Return tags and points of the nodes."""
    blocks, *_ = numbers.take_list("size", 4)
    tags, points = [np.zeros(0, np.intp)], [np.zeros((0, 3))]
    for _ in range(bounded(blocks, "blocks in $Nodes")):
        dimension, _, parametric = numbers.take_list("int", 3)
        (count,) = numbers.take_list("size", 1)
        if not 0 <= dimension <= 3:
            raise MalformedError(f"dimension of an entity must be 0 to 3, got {dimension}")
        if not count:
            continue
        width = 3 + (dimension if parametric else 0)
        tags.append(numbers.take("size", count))
        points.append(numbers.take("float", count * width).reshape(count, width)[:, :3])
    return np.concatenate(tags), np.concatenate(points)


def _elements_4(
    numbers: _Numbers, physical: Mapping[tuple[int, int], list[int]], rules: _Rules
) -> Iterator[_Block]:
    """Yield all cells, of one entity at a time."""
    blocks, *_ = numbers.take_list("size", 4)
    members = 0
    for _ in range(bounded(blocks, "blocks in $Elements")):
        _, entity, kind = numbers.take_list("int", 3)
        (count,) = numbers.take_list("size", 1)
        if not count:
            continue
        _, dimension, nodes = _kind(kind, count, rules)
        rows = numbers.take("size", count * (1 + nodes)).reshape(count, -1)
        if dimension:
            groups, own = physical.get((dimension, entity), ()), np.arange(count)
            members = bounded(members + count * len(groups), "cells in groups", rules.members)
            yield _Block(kind, rows[:, 1:], dict.fromkeys(groups, own))


def _kind(kind: int, count: int, rules: _Rules) -> tuple[str, int, int]:
    """Return what a kind of cells is; ValueError if it must not be there."""
    if kind not in rules.kinds:
        rules.refuse(count, KINDS[kind][0] if kind in KINDS else str(kind))
    return KINDS[kind]


# --- version 2.2 ------------------------------------------------------------------------------


def _nodes_2(count: int, numbers: _Numbers) -> tuple[IntArray, FloatArray]:
    """Return tags and points of the nodes."""
    if numbers.kinds is None:
        rows = numbers.take("float", 4 * count).reshape(count, 4)
        return whole(rows[:, 0], "numbers of nodes"), rows[:, 1:]
    row = np.dtype([("tag", numbers.kinds["int"]), ("x", numbers.kinds["float"], (3,))])
    if count * row.itemsize > len(numbers.given):
        raise MalformedError("there must be as much as is announced, got less")
    rows = np.frombuffer(numbers.given, row, count)
    return rows["tag"].astype(np.intp), rows["x"].astype(float)


def _elements_2(count: int, numbers: _Numbers, rules: _Rules) -> Iterator[_Block]:
    """Yield all cells, those of a kind that follow one another at a time.

    A row has a number, the kind, how many tags, the tags, the nodes.
    """
    bounded(count, "elements", rules.cells)
    given, place, done = numbers.rest(), 0, 0
    while done < count:
        head = given[place : place + 3]
        kind, own = head[1:].tolist() if head.size == 3 else (LINE, 0)
        _, dimension, nodes = _kind(kind, 1, rules)
        width = 3 + own + nodes
        if own < 0 or place + width > given.size:
            raise MalformedError("there must be as many elements as are announced, got fewer")
        size = _alike(given[place:], width, slice(1, 3), count - done)
        rows = given[place : place + size * width].reshape(size, width)
        place, done = place + size * width, done + size
        if dimension:
            tags = rows[:, 3] if own else np.zeros(size, np.intp)
            yield _Block(kind, rows[:, 3 + own :], by_tag(tags))


def _binary_elements_2(count: int, numbers: _Numbers, rules: _Rules) -> Iterator[_Block]:
    """Yield all cells, of a block at a time, or of equal blocks of one cell.

    A block has the kind, how many cells and tags; and for each cell a number, the tags, the nodes.
    """
    bounded(count, "elements", rules.cells)  # gmsh writes a block for each of them
    given, place, done = numbers.rest(), 0, 0
    while done < count:
        head: list[int] = given[place : place + 3].tolist()
        kind, size, own, *_ = [*head, LINE, 1, 0]  # fewer than three are refused below
        if size < 1 or own < 0:
            raise MalformedError(f"a block must have elements and tags, got {size} and {own}")
        _, dimension, nodes = _kind(kind, size, rules)
        width = 1 + own + nodes
        if place + 3 + size * width > given.size:
            raise MalformedError("there must be as many elements as are announced, got fewer")
        if size == 1:
            size = _alike(given[place:], 3 + width, slice(0, 3), count - done)
            end = place + size * (3 + width)
            rows = given[place:end].reshape(size, 3 + width)[:, 3:]
        else:
            end = place + 3 + size * width
            rows = given[place + 3 : end].reshape(size, width)
        place, done = end, done + size
        if dimension:
            tags = rows[:, 1] if own else np.zeros(size, np.intp)
            yield _Block(kind, rows[:, 1 + own :], by_tag(tags))


def _alike(given: IntArray, width: int, head: slice, most: int) -> int:
    """Return how many rows, one after another, have what the first one has in their head."""
    most = min(most, given.size // width)
    size = 1
    while size < most:
        stop = min(2 * size, most)
        rows = given[size * width : stop * width].reshape(-1, width)
        other = (rows[:, head] != given[head]).any(axis=1)
        if other.any():
            return size + int(other.argmax())
        size = stop
    return size
