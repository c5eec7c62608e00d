"""The chain of a stack: which two-ports, rods, links and runs it has, whatever its numbers.

Elements and interfaces are two-ports (`spinfem.solvers.ports`), in a row from the ground behind the
left end to the ground behind the right end; where there is a reservoir, the ground is at its face.
Between two of them is a ring. What it may do, its admissible subspace, is

- nothing at the ground, and where two strong ferromagnets that cross are in contact,
- a line, the rod, at a strong ferromagnet on either side,
- all of space elsewhere, and at a ferromagnet with a mixing conductance, whose spring pulls the
  ring on the normal side back to the rod. (If it has exchange lengths, the ring on its own side is
  on the same rod by a spring of no stiffness: nothing passes across m.)

A link leads from one rod to the next: a two-port along it (*own*), a row of normal metals, joined
to one (*spacer*), or else a *run* of free rings (`spinfem.numerics.rings`). So is what leads from
the ground to an end where a spin current is given, as it enters at a ring, with three components.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from .._checks import IntArray
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER, Shape
from ..numerics.rings import HELD, MAGNETIC, NORMAL, ROD, SPRUNG

UNIFORM, INTERFACE = -1, -2
RUN_WORK = 50
"""What a two-port of a run takes, in links."""


class Kind(NamedTuple):
    """What matters of a stack for its plan."""

    magnetic: bytes  # (n + 2,) bool
    strong: bytes  # (n + 2,) bool
    reservoir: tuple[bool, bool]
    resistive: tuple[int, ...]  # faces with a resistance
    mixing: tuple[int, ...]  # faces with a mixing conductance
    pieces: tuple[tuple[int, int], ...]  # graded elements, and in how many two-ports each is
    injects: tuple[bool, bool] = (False, False)  # whether a spin current is given at the ends


class Port(NamedTuple):
    """A two-port of the row."""

    element: int  # or the face, of an interface
    piece: int  # of a graded element; else UNIFORM or INTERFACE
    axis: int  # element: the magnet that its parts along and across belong to, or NO_AXIS
    strong: bool  # along the axis alone


class Bars(NamedTuple):
    """Some two-ports along magnets, and where they are."""

    ports: IntArray
    elements: IntArray  # the magnets
    links: IntArray
    in_runs: tuple[tuple[int, IntArray, IntArray], ...]  # runs, which of them are there, as parts


@dataclass(frozen=True, eq=False)
class Plan:
    """Rods, links and runs; rod i is between links i - 1 and i, the first and the last the ground.

    Rings are numbered like the two-ports on their right.
    """

    ports: tuple[Port, ...]
    element_ports: tuple[slice, ...]  # of every element: its two-ports; empty of a reservoir
    left: IntArray  # (n + 1,) ring on the left of every face
    right: IntArray  # (n + 1,) and on its right
    kind: IntArray  # (links,)
    start: IntArray  # (links + 1,) first two-port of every link; the ring where a rod is
    axis: IntArray  # (links + 1,) the magnet that a rod is along; NO_AXIS at the ground
    own_axis: IntArray  # (links,) the magnet that a link is along; NO_AXIS of others
    contact: IntArray  # (c,) rods between two two-ports that are each along an axis of its own
    runs: tuple[RunPlan, ...]
    run_of_link: IntArray  # (links,) or -1
    inside: IntArray  # rings between normal two-ports, which are joined
    magnets: IntArray  # (f,) elements that are magnetic
    left_rod: IntArray  # (f,) rod at the left of every magnet; -1 of one that is not strong
    right_rod: IntArray  # (f,) and at its right
    beside: tuple[tuple[tuple[int, bool], ...], ...]
    # of every magnet: links to others that its rods face, and whether they are on its right
    interfaces: tuple[tuple[int, int, int], ...]  # at magnets: two-port, face and magnet

    @cached_property
    def links(self) -> int:
        """Number of links."""
        return int(self.kind.size)

    @cached_property
    def work(self) -> int:
        """What solving the chain takes, in links."""
        return self.links + RUN_WORK * sum(len(run.parts) for run in self.runs)

    @cached_property
    def part_of(self) -> dict[int, tuple[int, int]]:
        """The run, and the part of it, of every ferromagnet that is not strong."""
        return {
            axis: (r, part)
            for r, run in enumerate(self.runs)
            for part, (first, axis) in enumerate(zip(run.begins, run.axes, strict=True))
            if axis != NO_AXIS and self.ports[first].piece != INTERFACE
        }

    @cached_property
    def weak(self) -> IntArray:
        """The ferromagnets of `part_of`."""
        return np.array(list(self.part_of), dtype=np.intp)

    @cached_property
    def simple(self) -> slice | None:
        """The elements that the two-ports are, if each is one."""
        if any(port.piece != UNIFORM for port in self.ports):
            return None
        return slice(self.ports[0].element, self.ports[-1].element + 1)

    @cached_property
    def uniform(self) -> tuple[IntArray, IntArray]:
        """Two-ports that are one element, and these elements."""
        own = [(i, port.element) for i, port in enumerate(self.ports) if port.piece == UNIFORM]
        table = np.array(own, dtype=np.intp).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    @cached_property
    def special(self) -> list[tuple[int, Port]]:
        """All other two-ports."""
        return [(i, port) for i, port in enumerate(self.ports) if port.piece != UNIFORM]

    @cached_property
    def bars(self) -> tuple[Bars, IntArray, IntArray]:
        """Ferromagnets between the ends that are one two-port; which magnets these are, and others.

        Magnets are counted from left to right.
        """
        inner = range(1, len(self.element_ports) - 1)
        own = {
            port.element: i
            for i, port in enumerate(self.ports)
            if port.piece == UNIFORM and port.axis == port.element and port.element in inner
        }
        found = self._bars(list(own.values()), list(own))
        inside = np.isin(self.magnets, found.elements)
        return found, np.flatnonzero(inside), np.flatnonzero(~inside)

    @cached_property
    def interface_bars(self) -> Bars:
        """Interfaces at ferromagnets, in the order of `interfaces`."""
        return self._bars(
            [port for port, _, _ in self.interfaces], [k for *_, k in self.interfaces]
        )

    def _bars(self, ports: list[int], elements: list[int]) -> Bars:
        places = np.array(ports, dtype=np.intp)
        links = np.searchsorted(self.start, places, side="right") - 1
        runs = self.run_of_link[links]
        inside = []
        for r in sorted({r for r in runs.tolist() if r >= 0}):
            which = np.flatnonzero(runs == r)
            inside.append((r, which, np.searchsorted(self.runs[r].begins, places[which])))
        return Bars(places, np.array(elements, dtype=np.intp), links, tuple(inside))

    def runs_between(self, first: int, stop: int) -> RunSet:
        """Return the runs among some links; remembered."""
        if (first, stop) not in self._run_sets:
            those = [(r, run) for r, run in enumerate(self.runs) if first <= run.link < stop]
            self._run_sets[first, stop] = _run_set(those, first, stop, self.ports)
        return self._run_sets[first, stop]

    @cached_property
    def _run_sets(self) -> dict[tuple[int, int], RunSet]:
        return {}

    @cached_property
    def shape(self) -> Shape:
        """Where the links are."""
        return Shape(self.kind, self.start, self.axis, self.own_axis)

    @cached_property
    def shape_table(self) -> IntArray:
        """The same in one table, (4, links + 1)."""
        table = np.zeros((4, self.links + 1), dtype=np.intp)
        for row, values in zip(table, self.shape, strict=True):
            row[: len(values)] = values
        return table


class RunPlan(NamedTuple):
    """A run: two-ports that are joined are one part."""

    link: int
    parts: tuple[tuple[int, int], ...]  # first two-port of each, and behind its last
    axes: tuple[int, ...]  # magnet of each part, or NO_AXIS
    kinds: tuple[int, ...]  # see `rings.eliminate`
    springs: tuple[int, int]  # face of the mixing conductance at the first and last ring, or -1
    rods: tuple[int, int]  # magnet of the first and the last ring, or NO_AXIS

    @property
    def begins(self) -> list[int]:
        """First two-ports of the parts."""
        return [first for first, _ in self.parts]


class RunSet(NamedTuple):
    """Some runs, and where their numbers come from."""

    runs: tuple[tuple[int, RunPlan], ...]  # with their numbers in the stack
    parts: tuple[tuple[int, int], ...]  # of all of them
    begins: IntArray  # (q,) first two-port of each part
    axes: IntArray  # (q,)
    joined: tuple[int, ...]  # parts of more than one two-port
    weak: IntArray  # parts that have a two-port of their own across m
    turned: IntArray  # (t, 2) parts behind others of another axis, and their places in `kinds`
    turned_springs: IntArray  # (s, 3) runs with a spring at the last ring that has another axis
    # than what is before it, their last parts, and the places of these rings in `kinds`
    rods: IntArray  # (r, 2)
    springs: IntArray  # (r, 2) faces, or -1
    pair: IntArray  # (r, 2) magnets whose directions make the plane of a flat run
    bare: IntArray  # runs without a magnet, for which any plane does
    flat: bool  # whether all are flat
    start: IntArray  # (r + 1,)
    kinds: IntArray
    of_link: IntArray  # (links,)
    still: IntArray  # (r,) none
    ring_ends: tuple[tuple[int, int], ...]  # where the rings of each run begin and end among all


def _run_set(
    those: list[tuple[int, RunPlan]], first: int, stop: int, ports: tuple[Port, ...]
) -> RunSet:
    parts = tuple(part for _, run in those for part in run.parts)
    axes = [axis for _, run in those for axis in run.axes]
    of_link = np.full(stop - first, -1, dtype=np.intp)
    for i, (_, run) in enumerate(those):
        of_link[run.link - first] = i
    weak = [
        i
        for i, ((begin, _), axis) in enumerate(zip(parts, axes, strict=True))
        if axis != NO_AXIS and ports[begin].piece == UNIFORM
    ]
    pairs = []
    for _, run in those:
        magnets = [k for k in (run.rods[0], *run.axes, run.rods[1]) if k != NO_AXIS] or [NO_AXIS]
        pairs.append((magnets[0], next((k for k in magnets if k != magnets[0]), magnets[0])))
    lengths = [len(run.parts) for _, run in those]
    start = np.cumsum([0, *lengths])
    turned, turned_springs = [], []
    for i, ((_, run), begin) in enumerate(zip(those, start.tolist(), strict=False)):
        place, before = 2 * begin + 4 * i, run.rods[0]
        for q, axis in enumerate(run.axes):
            if q > 0 and NO_AXIS not in (axis, before) and axis != before:
                turned.append((begin + q, place + 3 + q))
            before = before if axis == NO_AXIS else axis
        if run.springs[1] >= 0 and before not in (NO_AXIS, run.rods[1]):
            turned_springs.append((i, begin + len(run.parts) - 1, place + 1))
    places = itertools.accumulate(n + 1 for n in lengths)

    def integers(values: Sequence[object]) -> IntArray:
        return np.array(values, dtype=np.intp)

    return RunSet(
        tuple(those),
        parts,
        integers([begin for begin, _ in parts]),
        integers(axes),
        tuple(i for i, (begin, end) in enumerate(parts) if end > begin + 1),
        integers(weak),
        integers(turned).reshape(-1, 2),
        integers(turned_springs).reshape(-1, 3),
        integers([run.rods for _, run in those]).reshape(-1, 2),
        integers([run.springs for _, run in those]).reshape(-1, 2),
        integers(pairs).reshape(-1, 2),
        integers([i for i, (first, _) in enumerate(pairs) if first == NO_AXIS]),
        all(run.kinds[2] for _, run in those),
        start,
        integers([kind for _, run in those for kind in run.kinds]),
        of_link,
        np.zeros(len(those), dtype=np.intp),
        tuple((at - n - 1, at) for n, at in zip(lengths, places, strict=True)),
    )


@lru_cache(maxsize=256)
def make_plan(kind: Kind) -> Plan:
    """Make a plan; remembered."""
    magnetic, strong = (np.frombuffer(b, dtype=bool).tolist() for b in kind[:2])
    n = len(magnetic) - 2
    ports: list[Port] = []
    of_element = []
    left, right = [], []
    pieces = dict(kind.pieces)

    def add(k: int) -> None:
        first = len(ports)
        if not (k == 0 and kind.reservoir[0]) and not (k == n + 1 and kind.reservoir[1]):
            axis = k if magnetic[k] else NO_AXIS
            numbers = range(pieces[k]) if k in pieces else [UNIFORM]
            ports.extend(Port(k, piece, axis, strong[k]) for piece in numbers)
        of_element.append(slice(first, len(ports)))

    springs: dict[int, tuple[int, int]] = {}  # of rings: the magnet and the face
    add(0)
    for face in range(n + 1):
        left.append(len(ports))
        magnets = [k for k in (face, face + 1) if magnetic[k]]
        if face in kind.resistive:
            axis = magnets[0] if magnets else NO_AXIS
            alone = bool(magnets) and (strong[axis] or face in kind.mixing)
            ports.append(Port(face, INTERFACE, axis, alone))
        right.append(len(ports))
        if face in kind.mixing:
            own = right[-1] if magnetic[face] else left[-1]
            springs[own] = (magnets[0], face)
        add(face + 1)
    return _linked(ports, of_element, left, right, springs, magnetic, kind.injects)


def _linked(
    ports: list[Port],
    of_element: list[slice],
    left: list[int],
    right: list[int],
    springs: dict[int, tuple[int, int]],
    magnetic: list[bool],
    injects: tuple[bool, bool],
) -> Plan:
    last = len(ports)
    entries = {ring for ring, there in zip((1, last - 1), injects, strict=True) if there}
    springs = {ring: spring for ring, spring in springs.items() if 0 < ring < last}
    rods = {0: NO_AXIS, last: NO_AXIS}  # rings: the magnet
    strong = {port.axis for port in ports if port.strong and port.piece != INTERFACE}
    inside = []
    for ring in range(1, last):
        a, b = ports[ring - 1], ports[ring]
        if ring in springs:
            rods[ring] = springs[ring][0]
        elif a.strong or b.strong:
            rods[ring] = a.axis if a.strong else b.axis
        elif a.axis == b.axis == NO_AXIS and ring not in entries:
            inside.append(ring)
    rings = sorted(rods)
    kinds, own_axis, run_of_link, contact = [], [], [], []
    runs: list[RunPlan] = []
    for i, (first, stop) in enumerate(itertools.pairwise(rings)):
        a, run = ports[first], -1
        own_axis.append(a.axis if a.strong else NO_AXIS)
        if a.strong:
            kinds.append(OWN)
            if rods[first] not in (NO_AXIS, a.axis):
                contact.append(i)
        elif not ((first == 0 and injects[0]) or (stop == last and injects[1])) and _is_spacer(
            ports, first, stop, springs, last
        ):
            kinds.append(SPACER)
        else:
            kinds.append(RUN)
            run = len(runs)
            runs.append(_run(i, ports, first, stop, springs, rods, inside, strong))
        run_of_link.append(run)
    magnets = [k for k, there in enumerate(magnetic) if there]
    number = {ring: i for i, ring in enumerate(rings)}
    to_ground = [
        kind == SPACER and NO_AXIS in (rods[first], rods[stop])
        for kind, (first, stop) in zip(kinds, itertools.pairwise(rings), strict=True)
    ]
    return Plan(
        tuple(ports),
        tuple(of_element),
        np.array(left),
        np.array(right),
        np.array(kinds, dtype=np.intp),
        np.array(rings),
        np.array([rods[ring] for ring in rings]),
        np.array(own_axis, dtype=np.intp),
        np.array(contact, dtype=np.intp),
        tuple(runs),
        np.array(run_of_link, dtype=np.intp),
        np.array(inside, dtype=np.intp),
        np.array(magnets, dtype=np.intp),
        np.array([number.get(of_element[k].start, -1) for k in magnets], dtype=np.intp),
        np.array([number.get(of_element[k].stop, -1) for k in magnets], dtype=np.intp),
        tuple(_beside(k, ports, of_element, number, rods, to_ground, own_axis) for k in magnets),
        tuple(
            (i, port.element, port.axis)
            for i, port in enumerate(ports)
            if port.piece == INTERFACE and port.axis != NO_AXIS
        ),
    )


def _beside(
    k: int,
    ports: list[Port],
    of_element: list[slice],
    number: dict[int, int],
    rods: dict[int, int],
    to_ground: list[bool],
    own_axis: list[int],
) -> tuple[tuple[int, bool], ...]:
    """Return the links that a magnet faces from its rods, behind interfaces of its own.

    None is behind an interface to another strong ferromagnet, which is collinear; and a row of
    normal metals to the ground is not listed, since it pulls at nothing.
    """
    own = of_element[k]
    if own.start == own.stop:
        return ()
    found = []
    for ring, step, on_right in ((own.start, -1, False), (own.stop, 0, True)):
        port = ring + step
        if 0 <= port < len(ports) and ports[port].piece == INTERFACE and ports[port].strong:
            beyond = port + (1 if on_right else -1)
            if 0 <= beyond < len(ports) and ports[beyond].strong:
                continue
            ring += 1 if on_right else -1
        if not ports[own.start].strong and rods.get(ring) != k:
            continue  # no rod of its own
        link = number[ring] + step
        if 0 <= link < len(to_ground) and own_axis[link] != k and not to_ground[link]:
            found.append((link, on_right))
    return tuple(found)


def _is_spacer(
    ports: list[Port], first: int, stop: int, springs: dict[int, tuple[int, int]], last: int
) -> bool:
    """Whether a link is normal throughout, and no ring of it leaves its rod.

    A ring beside the ground, though sprung, is not driven off its rod.
    """
    if any(port.axis != NO_AXIS for port in ports[first:stop]):
        return False
    sprung = first in springs or stop in springs
    return not sprung or first == 0 or stop == last


def _run(
    link: int,
    ports: list[Port],
    first: int,
    stop: int,
    springs: dict[int, tuple[int, int]],
    rods: dict[int, int],
    inside: list[int],
    strong: set[int],
) -> RunPlan:
    joined = set(inside)
    begins = [ring for ring in range(first, stop) if ring == first or ring not in joined]
    parts = tuple(zip(begins, [*begins[1:], stop], strict=True))
    axes = tuple(ports[begin].axis for begin in begins)
    faces = [  # the spring is on the normal side
        springs[ring][1] if ring in springs and axis != springs[ring][0] else -1
        for ring, axis in ((first, axes[0]), (stop, axes[-1]))
    ]
    ends = [
        HELD if rods[ring] == NO_AXIS else ROD if sprung < 0 and rods[ring] in strong else SPRUNG
        for ring, sprung in zip((first, stop), faces, strict=True)
    ]
    what = [NORMAL if axis == NO_AXIS else MAGNETIC for axis in axes]
    found = list(dict.fromkeys(k for k in (rods[first], *axes, rods[stop]) if k != NO_AXIS))
    flat = len(found) <= 2
    frames: list[int] = []
    for axis in (*axes, rods[stop]):
        own = axis if axis != NO_AXIS else None
        before = frames[-1] if frames else 1
        frames.append(before if own is None or not flat else 1 + found.index(own))
    return RunPlan(
        link,
        parts,
        axes,
        (*ends, int(flat), *what, *frames),
        (faces[0], faces[1]),
        (rods[first], rods[stop]),
    )
