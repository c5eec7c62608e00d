r"""Which unknowns of a device are one, and what mu_s can be there.

Every region has functions of its own at its degrees of freedom, its *places*, and so has every
electrode beside each of the regions that it touches: what jumps between these jumps on it too.
Places that transparent facets join are a class, a ring of the mechanical analogy: they have one
mu_0, and one ``nu = mu_s/2`` in a space that is all of R^3 in normal metals, the line of m where a
strong ferromagnet is, and nothing at a reservoir, which gives it, or where strong ferromagnets
cross. Behind a mixing conductance without a resistance a ferromagnet with exchange lengths has nu
along m of its class, and across m a nu of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .._checks import BoolArray, FloatArray, IntArray
from ..physics.directions import COLLINEAR, angle, axes_across
from ..sample.materials import Ferromagnet
from ..sample.pieces import Interface, Lead, Reservoir, SpinBlocking, SpinSource
from .device import Device, Region
from .fluxes import Fluxes
from .functions import Functions

TRANSPARENT = Interface()


class Places(NamedTuple):
    """Degrees of freedom of all regions, then of all electrodes, in a row."""

    names: list[str]
    rows: dict[Any, slice]  # by regions' names, and by those of a region and an electrode
    dofs: IntArray  # of the functions of the whole mesh
    owner: IntArray  # number of the region or electrode
    m: FloatArray  # (n, 3) of ferromagnets, else 0

    def of(self, name: str) -> IntArray:
        """Return the places of a region or electrode."""
        return np.flatnonzero(self.owner == self.names.index(name))

    def at(self, key: str | tuple[str, str], dofs: IntArray) -> IntArray:
        """Return places in some `rows` at degrees of freedom that are there."""
        rows = self.rows[key]
        found: IntArray = rows.start + np.searchsorted(self.dofs[rows], dofs)
        return found

    def sides(self, contact: Contact) -> tuple[IntArray, IntArray]:
        """Return the places of both that are in contact."""
        other = contact.names if contact.names in self.rows else contact.names[1]
        return self.at(contact.names[0], contact.dofs), self.at(other, contact.dofs)


class Contact(NamedTuple):
    """Where a region touches another one, or an electrode."""

    names: tuple[str, str]
    facets: IntArray
    dofs: IntArray
    law: Interface
    mass: Any  # ``int u v`` there, where the law or the electrode needs it


class Classes(NamedTuple):
    """Places that are joined, and what they have in common."""

    of_place: IntArray  # (n,)
    across: IntArray  # (n,) that of what is across m: `of_place`, or one of its own, without mu_0
    space: FloatArray  # (c, 3, 3) columns of what nu can be, those that are not there 0
    rank: IntArray  # (c,)
    line: FloatArray  # (c, 3) m of the strong ferromagnet there, or that it is across, else 0
    absorber: IntArray  # (c,) region or electrode whose m is the line, else -1
    crossing: IntArray  # (c,) the second one where two cross, else -1
    held: FloatArray  # (c, 3) nu that reservoirs give, V
    has_frames: bool  # whether the first direction, where there are three, is m of a magnet nearby

    @property
    def apart(self) -> IntArray:
        """The places whose nu across m is not that of their class."""
        return np.flatnonzero(self.across != self.of_place)

    @property
    def directions(self) -> FloatArray:
        """The directions that all unknowns of nu are along, (N, 3)."""
        is_there = np.arange(3) < self.rank[:, None]
        return np.asarray(np.swapaxes(self.space, 1, 2)[is_there])


class Crossing(NamedTuple):
    """Where two strong ferromagnets in contact cross, in some classes."""

    magnets: tuple[int, int]  # numbers of regions or electrodes
    ways: tuple[FloatArray, FloatArray]  # (c, 3) m of both
    places: tuple[IntArray, IntArray]  # of both
    classes: tuple[IntArray, IntArray]  # which of the c these are in
    dofs: IntArray  # (c,)

    def flows(self, spin: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the spin currents along both that pass, (c,) each, of those into places, A."""
        one, other = np.zeros((2, len(self.dofs)))
        for total, own, of_class, m in zip(
            (one, other), self.places, self.classes, self.ways, strict=True
        ):
            np.add.at(total, of_class, (spin[own] * m[of_class]).sum(axis=1))
        return -one, other


def places_of(
    device: Device,
    functions: Functions | Fluxes,
    dofs: dict[str, IntArray],
    contacts: list[Contact],
) -> Places:
    """Return the places of regions, at these degrees of freedom, and of electrodes."""
    names = [*device.regions, *device.electrodes]
    parts: list[tuple[Any, str, IntArray]] = [(name, name, own) for name, own in dofs.items()]
    parts += [(x.names, x.names[1], x.dofs) for x in contacts if x.names[1] in device.electrodes]
    ends = np.cumsum([len(own) for *_, own in parts]).tolist()
    rows, m = {}, np.zeros((ends[-1], 3))
    owner = np.zeros(ends[-1], dtype=np.intp)
    points = functions.points * device.grid.unit
    for (key, name, own), end in zip(parts, ends, strict=True):
        rows[key] = here = slice(end - len(own), end)
        owner[here] = names.index(name)
        if name in device.electrodes:
            behind = device.electrodes[name].end
            if is_ferromagnetic(behind):
                m[here] = behind.m  # type: ignore[union-attr]
        elif device.regions[name].is_magnet:
            m[here] = device.regions[name].at(points[own])
    return Places(names, rows, np.concatenate([own for *_, own in parts]), owner, m)


def is_ferromagnetic(end: object) -> bool:
    """Tell whether an end is a lead of a ferromagnet."""
    return isinstance(end, Lead) and isinstance(end.material, Ferromagnet)


def is_strong(device: Device, name: str) -> bool:
    """Tell whether a region, or the lead of an electrode, is a strong ferromagnet."""
    if name in device.electrodes:
        end: Any = device.electrodes[name].end
        return is_ferromagnetic(end) and end.material.is_strong
    region: Region = device.regions[name]
    return region.is_strong


def is_magnet(device: Device, name: str) -> bool:
    """Tell whether it is a ferromagnet."""
    if name in device.electrodes:
        return is_ferromagnetic(device.electrodes[name].end)
    region: Region = device.regions[name]
    return region.is_magnet


def contacts_of(device: Device, functions: Functions | Fluxes) -> list[Contact]:
    """Return all contacts, of regions with each other and with electrodes."""
    found = [*device.grid.interfaces.items()]
    regions = [*device.regions]
    for name in device.electrodes:
        facets = device.grid.surfaces[name]
        facets = facets[~device.grid.is_on_axis(facets)]
        inside = device.grid.region_of_cell[device.grid.mesh.f2t[0, facets]]
        found += [((regions[k], name), facets[inside == k]) for k in np.unique(inside)]
    contacts = []
    for pair, facets in found:
        dofs = functions.on_facets(facets)
        law = device.interfaces.get(frozenset(pair), TRANSPARENT)
        is_needed = law.mixing is not None or np.any(law.resistance) or pair[1] in device.electrodes
        mass = functions.facet_mass(facets)[dofs][:, dofs] if is_needed else None
        contacts.append(Contact(pair, facets, dofs, law, mass))
    return contacts


def classes_of(device: Device, places: Places, contacts: list[Contact]) -> Classes:
    """Join places.

    Raises
    ------
    ValueError
        If what is joined is ill-posed: strong ferromagnets that cross in contact where a normal
        metal touches both, or at a resistive interface; an interface with gamma between
        ferromagnets that are not parallel; a mixing conductance alone beside something else that
        touches its ferromagnet with exchange lengths; or a spin potential of a reservoir that is
        not along m, or another one than that of what it touches.
    """
    n = len(places.dofs)
    strong = np.array([is_strong(device, name) for name in places.names])
    pairs = [np.zeros((2, 0), dtype=np.intp)]
    touched = np.zeros((2, n), dtype=bool)  # by a ring that m does not bind, by one that it does
    lines: list[tuple[IntArray, IntArray]] = []  # places bound to the m of others
    parted: list[IntArray] = []  # joined along m of the first alone
    for contact in contacts:
        names, law, (a, b) = contact.names, contact.law, places.sides(contact)
        one, other = (bool(strong[places.names.index(name)]) for name in names)
        if not np.any(law.resistance):
            if law.mixing is not None and not (one or other):
                parted.append(np.stack([a, b] if is_magnet(device, names[0]) else [b, a]))
                continue
            pairs.append(np.stack([a, b]))
            if law.mixing is not None:
                touched[0, a] = touched[0, b] = True
                continue
            end = device.electrodes.get(names[1])
            if one and other:  # which bind each other where they cross
                bound = ~angle(places.m[a], places.m[b]).collinear
            else:
                is_free = end is not None and isinstance(end.end, SpinBlocking | SpinSource)
                bound = np.full(len(a), not is_free)
            touched[1, a[bound]] = touched[1, b[bound]] = True
            continue
        if all(is_magnet(device, name) for name in names):
            _check_axis(names, law, places.m[a], places.m[b], one and other)
        if one != other and law.mixing is None:
            lines.append((b, a) if one else (a, b))
    binds = strong[places.owner] & ~(touched[0] & ~touched[1])
    count, of_place = _joined([*pairs, *parted], n)
    across = of_place
    if parted:
        whole, alone = _joined(pairs, n)[1], np.concatenate(parted, axis=1)
        across = _apart(device, places, whole, alone, of_place)
        _check_lines(places, of_place, across, lines)

    own = np.flatnonzero(binds)
    sources = np.concatenate([own, *(source for _, source in lines)])
    targets = of_place[np.concatenate([own, *(place for place, _ in lines)])]
    reference = np.full(count, -1)
    reference[targets[::-1]] = sources[::-1]  # the first of every class
    crosses = ~angle(places.m[sources], places.m[reference[targets]]).collinear
    has_line = reference >= 0
    absorber = np.where(has_line, places.owner[reference], -1)
    crossing = np.full(count, -1)
    crossing[targets[crosses]] = places.owner[sources[crosses]]
    _check_edges(places, of_place, absorber, crossing)

    space, rank, line = np.tile(np.eye(3), (count, 1, 1)), np.full(count, 3), np.zeros((count, 3))
    line[has_line] = places.m[reference[has_line]]
    space[has_line] = 0.0
    space[has_line, :, 0] = line[has_line]
    rank[has_line] = 1
    is_held, held = _held(device, places, of_place, count)
    _check_held(held, line, crossing)
    empty = is_held | (crossing >= 0)
    space[empty], rank[empty] = 0.0, 0
    found = Classes(of_place, across, space, rank, line, absorber, crossing, held, False)
    return _with_apart(found, places)


def _joined(pairs: list[IntArray], n: int) -> tuple[int, IntArray]:
    """Return how many classes n places are in that are joined by pairs (2, k), and which."""
    joined = np.concatenate(pairs, axis=1)
    graph = sp.coo_array((np.ones(joined.shape[1]), tuple(joined)), shape=(n, n))
    count, of_place = connected_components(graph, directed=False)
    return int(count), of_place


def _apart(
    device: Device, places: Places, whole: IntArray, parted: IntArray, of_place: IntArray
) -> IntArray:
    """Return the class of what is across m of every place, after all others if it is apart.

    `whole` are classes of what is joined in all directions; `parted`, (2, k), places of
    ferromagnets and of what is joined to these along m alone; `of_place` classes of both.
    """
    magnets, others = (whole[own] for own in parted)
    apart = np.flatnonzero(np.isin(whole, magnets) & ~np.isin(whole, others))
    _, of_apart = np.unique(whole[apart], return_inverse=True)
    ends = (getattr(device.electrodes.get(name), "end", None) for name in places.names)
    is_free = np.array([end is not None and not isinstance(end, Reservoir) for end in ends])
    has_m, owner = places.m[apart].any(axis=1), places.owner[apart]
    magnet = np.full(of_apart.max(initial=-1) + 1, -1)
    magnet[of_apart[has_m]] = owner[has_m]
    way = np.zeros((len(magnet), 3))
    way[of_apart[has_m]] = places.m[apart[has_m]]
    is_weak = np.array([is_magnet(device, x) and not is_strong(device, x) for x in places.names])
    is_alike = is_weak[owner] & angle(places.m[apart], way[of_apart]).collinear
    is_known = np.where(has_m, is_alike, is_free[owner])
    if not is_known.all():
        k = np.argmin(is_known)
        _refuse_end(places, magnet[of_apart[k]], owner[k])
    found = of_place.copy()
    found[apart] = of_place.max() + 1 + of_apart
    return found


def _check_lines(
    places: Places, of_place: IntArray, across: IntArray, lines: list[tuple[IntArray, IntArray]]
) -> None:
    """Refuse what is apart where another magnet, behind a resistance, binds it to its line."""
    for place, source in lines:
        if (bad := across[place] != of_place[place]).any():
            k = np.argmax(bad)
            _refuse_end(places, places.owner[place[k]], places.owner[source[k]])


def _refuse_end(places: Places, one: int, other: int) -> NoReturn:
    """Raise ValueError where a mixing conductance alone ends, and its magnet touches another."""
    pair = sorted(places.names[k] for k in (one, other))
    raise ValueError(
        "an interface with a mixing conductance and without a resistance must not end where "
        "its ferromagnet with exchange lengths touches something else, got "
        f"{pair[0]!r} and {pair[1]!r} there: give it a resistance"
    )


def _with_apart(classes: Classes, places: Places) -> Classes:
    """Add the classes of what is across m alone, which have two directions."""
    own = classes.apart[places.m[classes.apart].any(axis=1)]
    _, first = np.unique(classes.across[own], return_index=True)
    if not len(first):
        return classes
    own = own[first]
    more, m = len(own), places.m[own]
    space = np.zeros((more, 3, 3))
    space[:, :, :2] = np.stack(axes_across(m), axis=-1)
    none = np.full(more, -1)
    return classes._replace(
        space=np.concatenate([classes.space, space]),
        rank=np.concatenate([classes.rank, np.full(more, 2)]),
        line=np.concatenate([classes.line, m]),
        absorber=np.concatenate([classes.absorber, places.owner[own]]),
        crossing=np.concatenate([classes.crossing, none]),
        held=np.concatenate([classes.held, np.zeros((more, 3))]),
    )


def _held(
    device: Device, places: Places, of_place: IntArray, count: int
) -> tuple[BoolArray, FloatArray]:
    """Return which classes reservoirs hold, and at which nu, V, (c, 3)."""
    holder, held = np.full(count, -1), np.zeros((count, 3))
    for k, (name, electrode) in enumerate(device.electrodes.items()):
        if not isinstance(electrode.end, Reservoir):
            continue
        own = np.unique(of_place[places.of(name)])
        nu = 0.0 if electrode.end.drive is None else electrode.end.drive / 2
        others = holder[own[(holder[own] >= 0) & (held[own] != nu).any(axis=1)]]
        if others.size:
            raise ValueError(
                "spin_potential of reservoirs that touch must be the same, got others at "
                f"{[*device.electrodes][others[0]]!r} and {name!r}"
            )
        holder[own], held[own] = k, nu
    return holder >= 0, held


def _check_held(held: FloatArray, line: FloatArray, crossing: IntArray) -> None:
    """Check that given nu are along m where a strong ferromagnet is."""
    off, size = (np.linalg.norm(x, axis=1) for x in (np.cross(held, line), held))
    if (bad := (off > COLLINEAR * size) | ((crossing >= 0) & (size > 0))).any():
        raise ValueError(
            "spin_potential of a reservoir must be along m of a strong ferromagnet at it (across m "
            "it would drive an infinite current; an interface with a mixing conductance limits "
            f"it), got {(2 * held[bad][0]).tolist()} at m = {line[bad][0].tolist()}"
        )


def crossings_of(places: Places, classes: Classes) -> list[Crossing]:
    """Return where strong ferromagnets in contact cross."""
    found, here = [], classes.of_place
    both = np.stack([classes.absorber, classes.crossing])
    for pair in np.unique(both[:, classes.crossing >= 0], axis=1).T.tolist():
        rows = np.flatnonzero((pair == both.T).all(axis=1))
        sides, ways, dofs = [], [], np.zeros(len(rows), dtype=np.intp)
        for magnet in pair:
            own = np.flatnonzero((places.owner == magnet) & np.isin(here, rows))
            of_class, way = np.searchsorted(rows, here[own]), np.zeros((len(rows), 3))
            way[of_class], dofs[of_class] = places.m[own], places.dofs[own]
            sides.append((own, of_class))
            ways.append(way)
        (one, of_one), (other, of_other) = sides
        magnets, at = (pair[0], pair[1]), (ways[0], ways[1])
        found.append(Crossing(magnets, at, (one, other), (of_one, of_other), dofs))
    return found


def in_frames(classes: Classes, places: Places, contacts: list[Contact]) -> Classes:
    """Count nu where it is free along m of a magnet nearby, and across it."""
    space, is_free = classes.space.copy(), classes.rank == 3
    for name, frame in _frames(places, contacts).items():
        own = classes.of_place[places.of(name)]
        space[own[is_free[own]]] = frame
    return classes._replace(space=space, has_frames=True)


def _frames(places: Places, contacts: list[Contact]) -> dict[str, FloatArray]:
    """Return orthonormal directions, columns, of regions: m of a magnet first, if one is near.

    What is along m passes the faces of a strong ferromagnet, what is across does not. In the frame
    of a magnet the first is one unknown on both sides, and joins aggregates of multigrid; in any
    other one these break at faces, and flat cells take hundreds of iterations.
    """
    found: dict[str, FloatArray] = {}
    for name in places.names:
        m = places.m[places.of(name)[0]]
        if m.any():
            found[name] = np.stack([m, *axes_across(m)], axis=1)
    pairs = [contact.names for contact in contacts]
    while near := [
        (a, b) for pair in pairs for a, b in (pair, pair[::-1]) if a in found and b not in found
    ]:
        for a, b in near:
            found.setdefault(b, found[a])
    return found


def _check_axis(
    names: tuple[str, str], law: Interface, a: FloatArray, b: FloatArray, are_strong: bool
) -> None:
    """Refuse what has no axis in a resistive interface of ferromagnets whose m are a and b."""
    between = angle(a, b)
    if are_strong and not between.collinear.all():
        raise ValueError(
            f"m of {names[0]!r} and {names[1]!r} must be collinear at a resistive interface "
            "between them, got others"
        )
    if np.any(law.gamma) and not (between.collinear & (between.sign > 0)).all():
        raise ValueError(
            f"gamma of the interface between {names[0]!r} and {names[1]!r} must be 0, as their m "
            f"are not parallel, got {float(np.asarray(law.gamma)):g}"
        )


def _check_edges(
    places: Places, of_place: IntArray, absorber: IntArray, crossing: IntArray
) -> None:
    """Refuse what touches two strong ferromagnets that cross: who absorbs what is not defined."""
    one, other = absorber[of_place], crossing[of_place]
    third = np.flatnonzero((other >= 0) & (places.owner != one) & (places.owner != other))
    if third.size:
        pair, name = (places.names[k[third[0]]] for k in (one, other)), places.owner[third[0]]
        raise ValueError(
            "strong ferromagnets in contact must be collinear where something else touches both, "
            f"got {' and '.join(map(repr, pair))} beside {places.names[name]!r}; put a thin normal "
            "metal between them"
        )
