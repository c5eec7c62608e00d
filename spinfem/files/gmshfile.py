"""Line cells of gmsh's files: .msh of the versions 4.1 and 2.2, as text or binary.

Read are names, entities, nodes and elements; other sections are passed over. Nothing is made larger
than what the file holds of it, however much it announces.
https://gmsh.info/doc/texinfo/gmsh.html#File-formats
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from .._checks import FloatArray, IntArray
from .lines import (
    LARGEST_WHOLE,
    MOST_CELLS,
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
NODES = {LINE: 2, 15: 1}
"""Nodes of a line, and of a point, which is passed over."""
OTHERS = {2: "triangle", 3: "quad", 4: "tetra", 5: "hexahedron", 6: "wedge", 7: "pyramid"}
OTHERS |= {8: "line3", 9: "triangle6", 10: "quad9", 11: "tetra10", 16: "quad8", 26: "line4"}
MOST_MEMBERS = 2_000_000
"""Lines in groups, one in several counted as often."""
Groups = dict[int, IntArray]
"""Numbers of the lines of every physical group, by its number."""


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
    sections = dict(_sections(content))
    version, kinds = _format(sections)
    names = _names(sections.get("PhysicalNames", b""))
    missing = [name for name in ("Nodes", "Elements") if name not in sections]
    if missing:
        raise MalformedError(f"there must be a section ${missing[0]}, got none")
    numbers: Callable[[bytes], _Numbers] = partial(_Numbers, kinds=kinds)
    if version == "4":
        tags, points = _nodes_4(numbers(sections["Nodes"]))
        physical = _physical(numbers(sections["Entities"])) if "Entities" in sections else {}
        joined, groups = _elements_4(numbers(sections["Elements"]), physical)
    else:
        tags, points = _nodes_2(*_counted(sections["Nodes"], numbers))
        elements = _elements_2 if kinds is None else _binary_elements_2
        joined, groups = elements(*_counted(sections["Elements"], numbers))
    named = {name: groups.pop(tag, np.zeros(0, np.intp)) for name, tag in names.items()}
    rest = {str(tag): groups[tag] for tag in sorted(groups) if tag > 0}
    return Lines(points, rows_of(joined, tags), named | rest)


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


def _names(section: bytes) -> dict[str, int]:
    """Return names and numbers of the groups of curves."""
    found: dict[str, int] = {}
    lines = section.splitlines()[1:]
    bounded(len(lines), "names of groups")
    for line in lines:
        dimension, number, name, *_ = [*line.split(None, 2), b"", b"", b""]
        if dimension != b"1":
            continue
        text, tag = name.strip().decode(errors="replace"), number_of(number, "number of a group")
        if len(text) < 2 or text[0] + text[-1] != '""':
            raise MalformedError(f"name of a group must stand in double quotes, got {text[:40]!r}")
        text = text[1:-1]
        if text in found:
            raise ValueError(
                "names of the groups of line cells must be unique, "
                f"got {text!r} for both {found[text]} and {tag}"
            )
        found[text] = tag
    return found


# --- numbers ----------------------------------------------------------------------------------


class _Numbers:
    """The numbers of a section, one after another."""

    def __init__(self, section: bytes, kinds: Mapping[str, np.dtype[Any]] | None) -> None:
        self.kinds, self.place = kinds, 0
        self.given: Any = numbers_in(section, "nodes and elements") if kinds is None else section

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


def _physical(numbers: _Numbers) -> dict[int, list[int]]:
    """Return the physical groups of every curve."""
    points, curves, *_ = numbers.take_list("size", 4)
    for _ in range(bounded(points, "points in $Entities")):
        numbers.take_list("int", 1), numbers.take("float", 3)
        numbers.take("int", *numbers.take_list("size", 1))
    found, pairs = {}, 0
    for _ in range(bounded(curves, "curves in $Entities")):
        (tag,) = numbers.take_list("int", 1)
        numbers.take("float", 6)
        # negative where it is turned round
        found[tag] = np.unique(np.abs(numbers.take("int", *numbers.take_list("size", 1)))).tolist()
        pairs = bounded(pairs + len(found[tag]), "groups of curves")
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


def _elements_4(numbers: _Numbers, physical: Mapping[int, list[int]]) -> tuple[IntArray, Groups]:
    """Return the tags of the nodes of all lines, and their groups."""
    blocks, *_ = numbers.take_list("size", 4)
    joined, start, members = [np.zeros((0, 2), np.intp)], 0, 0
    groups: dict[int, list[IntArray]] = {}
    for _ in range(bounded(blocks, "blocks in $Elements")):
        _, entity, kind = numbers.take_list("int", 3)
        (count,) = numbers.take_list("size", 1)
        if not count:
            continue
        if kind not in NODES:
            refuse_cells(count, OTHERS.get(kind, str(kind)))
        rows = numbers.take("size", count * (1 + NODES[kind])).reshape(count, -1)
        if kind == LINE:
            joined.append(rows[:, 1:])
            own, start = np.arange(start, start + count), start + count
            several = physical.get(entity, ())
            members = bounded(members + count * len(several), "lines in groups", MOST_MEMBERS)
            for group in several:
                groups.setdefault(group, []).append(own)
    return np.concatenate(joined), {group: np.concatenate(own) for group, own in groups.items()}


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


def _elements_2(count: int, numbers: _Numbers) -> tuple[IntArray, Groups]:
    """Return the tags of the nodes of all lines, and their groups: rows of any length."""
    bounded(count, "elements", MOST_CELLS)
    given: list[int] = numbers.rest().tolist()
    place, joined, tags = 0, [], []
    for _ in range(count):
        _, kind, own, *_ = [*given[place : place + 3], -1, -1, -1]
        if kind not in NODES and kind > 0:
            refuse_cells(1, OTHERS.get(kind, str(kind)))
        end = place + 3 + own + NODES.get(kind, 0)
        if own < 0 or end > len(given):
            raise MalformedError("there must be as many elements as are announced, got fewer")
        if kind == LINE:
            joined.append(given[end - 2 : end])
            tags.append(given[place + 3] if own else 0)
        place = end
    return np.array(joined, np.intp).reshape(-1, 2), by_tag(np.array(tags, np.intp))


def _binary_elements_2(count: int, numbers: _Numbers) -> tuple[IntArray, Groups]:
    """Do the same for blocks of elements."""
    joined, tags, done = [np.zeros((0, 2), np.intp)], [np.zeros(0, np.intp)], 0
    bounded(count, "elements", MOST_CELLS)  # gmsh writes a block for each of them
    given, place = numbers.rest(), 0
    while done < count:
        head: list[int] = given[place : place + 3].tolist()
        kind, size, own, *_ = [*head, LINE, 1, 0]  # fewer than three are refused below
        if size < 1 or own < 0:
            raise MalformedError(f"a block must have elements and tags, got {size} and {own}")
        if kind not in NODES:
            refuse_cells(size, OTHERS.get(kind, str(kind)))
        width = 1 + own + NODES[kind]
        place, end = place + 3, place + 3 + size * width
        if end > given.size:
            raise MalformedError("there must be as many elements as are announced, got fewer")
        rows, place = given[place:end].reshape(size, width), end
        if kind == LINE:
            joined.append(rows[:, -2:])
            tags.append(rows[:, 1] if own else np.zeros(size, np.intp))
        done += size
    return np.concatenate(joined), by_tag(np.concatenate(tags))
