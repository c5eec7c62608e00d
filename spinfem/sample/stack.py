r"""The sample: layers, ends, and the stack they make.

A stack reads like the sample, from left to right along +x:

>>> from spinfem import Ferromagnet, Lead, NormalMetal, direction
>>> Cu = NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
>>> Co = Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
>>> Lead(Cu) | Co(8e-9, m=direction(0)) | Cu(10e-9) | Co(4e-9, m=direction(60)) | Lead(Cu)
Stack(Lead(Cu) | Co1 | Cu1 | Co2 | Lead(Cu))

x = 0 is the left face of the first layer; leads and ends take no length. Every number may be an
array; the arrays of a stack broadcast (directions on all but their last axis), and the stack is
then a batch of that shape.

What is known of a stack is found once: in ``a | b`` the pieces of a are checked already, and
`Stack.replace` carries over all that the changed piece leaves as it was.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, finite, positive, read_only
from .._spelling import near_match
from ..texts.tables import Part, Readable
from .changes import GROUP_KEYS, KEYS, KINDS, METAL_KEYS, check_keys
from .listing import listing
from .materials import Metal
from .order import ENDS, check_drive, check_groups, check_order, misplaced, refuse_names
from .pieces import (
    INTERFACE_KEYS,
    METALLIC,
    OWN_NUMBERS,
    End,
    Interface,
    Joinable,
    Layer,
    Lead,
    Piece,
    Reservoir,
    SpinBlocking,
    SpinSource,
    Superconductor,
    drive_of,
    freeze,
    in_SI,
    notice_units,
    number_shapes,
    shapes_of,
    short,
    turned,
)
from .repeats import flattened, repeated
from .units import in_silence, once

STATE = ("pieces", "shape", "groups", "_names", "_groups", "_copied", "_shapes")
"""What is kept of a stack in a pickle."""
NONE: frozenset[Any] = frozenset()
RESERVOIR = Reservoir()
"""The end where none is given."""
Shapes = frozenset[tuple[int, ...]]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Stack(Readable, Joinable):
    """Layers in contact, between two ends; `print` shows them as a table, and notebooks do.

    Ferromagnets with the same `group` are one magnet, as where a layer and the thin ones that stand
    for its interfaces' loss of spin are: a name of a group is taken wherever that of a ferromagnet
    is, by `replace` for all its m at once, by torques for their sum, by efficiencies for the layer
    beside the spacer. So that this is never wrong, the m of a group are parallel, always: they turn
    together or not at all. Between its layers there may be normal metals and interfaces, but no
    other ferromagnet.

    ``cell * 15`` repeats a layer or a chain without ends. All that has a name in it, groups and
    interfaces too, has a number behind it then, ``free1`` to ``free15``; by ``free`` `replace`,
    gradients and ``--vary`` take all of them.

    Parameters
    ----------
    pieces : iterable
        From left to right: an end (optional), one or more layers, an end (optional), with at most
        one `Interface` between any two of them. An end that is not given is a `Reservoir`. Stacks
        without ends stand for their pieces; one that is there several times is a repeated cell.

    Attributes
    ----------
    layers : tuple of Layer
        All of them named; one without a name is called after its metal, Cu{n} the n-th layer of
        Cu, or N{n} and F{n} if that has none.
    groups : dict of str to tuple of int
        Where the layers of every group, and a lead that belongs to it, stand in `elements`.
    joints : tuple of Interface or None
        What is at the n + 1 faces of the n layers; None where they are transparent.
    left, right : Lead, Reservoir, SpinBlocking or SpinSource
        The ends.
    shape : tuple of int
        Shape of the batch; ``()`` for a single stack.
    arrays : elements.Elements or None
        What ``spinfem.solvers.elements.elements_of`` made of it, if it was asked already.
    j0 : float or None
        Particle current, A/m2, that `spinfem.solve` takes where none is given: that of the file it
        was loaded from, also after `replace`. None, of a stack that was not loaded, or is made
        anew of the pieces of one: 1.

    Raises
    ------
    TypeError
        If a piece is none of these.
    ValueError
        If there is no layer, an end stands between layers, a name occurs twice, the arrays do
        not broadcast, an interface has what it cannot have where it stands, or a group is not one
        magnet.

    Warns
    -----
    UnitWarning
        If no sample has the numbers of an interface beside a metal in SI.
    """

    pieces: tuple[Piece, ...]
    shape: tuple[int, ...]
    _names: frozenset[str]  # as given
    _groups: frozenset[str]  # their names
    _copied: frozenset[str]  # names and groups of repeated cells
    groups: dict[str, tuple[int, ...]]
    _shapes: Shapes  # of all arrays
    arrays: Any = None
    j0: float | None = None

    def __init__(self, pieces: Iterable[Piece]) -> None:
        given = flattened(pieces)
        for piece in given:
            if not isinstance(piece, KINDS):
                raise TypeError(
                    "pieces of a stack must be layers and interfaces, with a Lead, Reservoir, "
                    f"SpinBlocking or SpinSource at the ends, got {piece!r}"
                )
        self._keep(given)
        for i, piece in enumerate(given):
            if isinstance(piece, Interface):
                notice_units(piece, *_beside(given, i))

    @classmethod
    def joined(cls, left: Any, right: Any) -> Stack:
        """Return ``left | right``."""
        new: Stack = object.__new__(cls)
        more = right.pieces if isinstance(right, Stack) else (right,)
        if isinstance(right, Superconductor):
            more = right.at_end(on_left=False)
        if isinstance(left, Superconductor):
            new._keep((*left.at_end(on_left=True), *more))
        elif isinstance(left, Stack):
            new._keep(left.pieces + more, left)
        else:
            new._keep((left, *more))
        pieces, k = new.pieces, len(new.pieces) - len(more)
        for i, new_one, old_one in ((k - 1, k, k - 2), (k, k - 1, k + 1)):
            # beside the first metal in SI that an interface comes to stand
            was = 0 <= old_one < len(pieces) and in_SI(pieces[old_one])
            if isinstance(pieces[i], Interface) and not was:
                notice_units(pieces[i], pieces[new_one])
        return new

    @classmethod
    def repeated(cls, cell: Any, repeats: int) -> Stack:
        """Return ``cell * repeats``.

        Raises
        ------
        TypeError, ValueError
            If the number of repeats is no positive integer, or an end is in the cell.
        """
        return cls(repeated(cell.pieces if isinstance(cell, Stack) else (cell,), repeats))

    def _keep(self, pieces: tuple[Any, ...], left: Stack | None = None) -> None:
        """Keep pieces, of which those of a stack on the left are checked."""
        checked = len(left.pieces) if left else 0
        names, groups, copied, shapes = (
            (left._names, left._groups, left._copied, left._shapes) if left else (NONE,) * 4
        )
        new = pieces[checked:]
        more = [name for piece in new if (name := getattr(piece, "name", None))]
        given = [group for piece in new if (group := getattr(piece, "group", None))]
        cells = [name for piece in new for _, name in getattr(piece, "copy_of", ())]
        freeze(
            self,
            pieces=pieces,
            _names=names.union(more) if more else names,
            _groups=groups.union(given) if given else groups,
            _copied=copied.union(cells) if cells else copied,
        )
        interfaces = check_order(pieces, checked)
        if len(self._names) < len(names) + len(more):
            refuse_names(pieces)
        for name in self._copied & (self._names | self._groups) if self._copied else ():
            raise ValueError(
                "what a repeated cell has must not be called like what else a stack has, got "
                f"{name!r} for both"
            )
        self._keep_shapes(shapes.union(*map(shapes_of, new)))
        for i in interfaces:
            # at an end it waits for what will stand beside it
            if 0 < i < len(pieces) - 1 and misplaced(pieces[i], pieces[i - 1], pieces[i + 1]):
                self._check_joint(sum(isinstance(piece, Layer) for piece in pieces[:i]))
        where = check_groups(self.elements, self._names, self._groups) if self._groups else {}
        freeze(self, groups=where)
        self._check_drives()

    def _keep_shapes(self, shapes: Shapes) -> None:
        """Keep the shapes of all arrays; ValueError unless they broadcast."""
        try:
            freeze(self, _shapes=shapes, shape=np.broadcast_shapes(*shapes) if shapes else ())
        except ValueError:
            pieces = [*self.elements, *filter(None, self.joints)]
            given = "; ".join(f"{short(e)}: {shape}" for e in pieces for shape in shapes_of(e))
            raise ValueError(f"shapes of a stack's arrays must broadcast, got {given}") from None

    def _check_joint(self, face: int) -> None:
        """Check that an interface has nothing that has no meaning where it stands."""
        joint, (left, right) = self.joints[face], self.elements[face : face + 2]
        if joint is not None and (wrong := misplaced(joint, left, right)):
            raise ValueError(f"{wrong}, got one between {short(left)} and {short(right)}")

    def _check_drives(self) -> None:
        """Check that what is given at an end may be given beside what is there."""
        for end, inward in ((0, 1), (-1, -2)):
            if drive_of(self.pieces[end]) is not None and len(self.pieces) > 1:
                joint, beside = None, self.pieces[inward]
                if isinstance(beside, Interface):
                    if len(self.pieces) < 3:
                        continue
                    joint, beside = beside, self.pieces[2 * inward - end]
                check_drive(self.pieces[end], joint, cast(Layer, beside))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: what cannot be found again."""
        return {**{key: vars(self)[key] for key in STATE}, "j0": self.j0}

    @classmethod
    def from_mesh(
        cls,
        path: str | PathLike[str],
        layers: Mapping[str, Metal | tuple[Metal, ArrayLike]],
        *,
        left: End | None = None,
        right: End | None = None,
        scale: ArrayLike = 1.0,
        tags: str | None = None,
    ) -> Stack:
        """Return the stack whose layers are groups of line cells in a mesh, in the order of x.

        The nodes of the mesh are those that the layers are solved on (``Layer.nodes``): errors are
        what its elements of the degree asked for make them. A layer whose thickness is replaced
        loses them.

        Parameters
        ----------
        path : str or path
            The file: gmsh (.msh, versions 4.1 and 2.2), .vtu, or scikit-fem's .json.
        layers : mapping
            For every layer its metal, or its metal and m, by name: that of a physical group, of a
            subdomain, or in a .vtu file of an integer of its cell data.
        left, right : Lead, Reservoir, SpinBlocking or SpinSource, optional
            The ends; a `Reservoir` where none is given.
        scale : float or array
            Length of one unit of the mesh, m (or the unit of the materials' l): 1e-9 for a mesh in
            nanometres.
        tags : str, optional
            Array of cell data of a .vtu file that tells the layers apart, if it has several.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or the mesh is not just these layers, each in one piece
            and in contact with the next.
        OSError
            If the file cannot be read.
        """
        from ..files.meshfile import read_layers

        if not isinstance(layers, Mapping) or not all(isinstance(name, str) for name in layers):
            raise TypeError(
                f"layers must map names to a metal or a pair (metal, m), got {layers!r}"
            )
        for side, end in (("left", left), ("right", right)):
            if end is not None and not isinstance(end, ENDS):
                raise TypeError(
                    f"{side} must be a Lead, Reservoir, SpinBlocking or SpinSource, got {end!r}"
                )
        unit = positive("scale (length of one unit of the mesh)", scale)
        found = []
        with once():
            for name, length, nodes in read_layers(path, layers, tags):
                given = layers[name]
                metal, m = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
                found.append(Layer(metal, length * unit, m=m, name=name, nodes=nodes))
        return cls([left or Reservoir(), *found, right or Reservoir()])

    def __repr__(self) -> str:
        shown: list[Piece] = [self.left]
        for joint, element in zip(self.joints, self.elements[1:], strict=True):
            shown += [joint, element] if joint else [element]
        return f"Stack({' | '.join(map(short, shown))})"

    def _parts(self) -> list[Part]:
        return listing(self.elements, self.element_names, self.joints, self.shape, self.units)

    def check_complete(self) -> None:
        """Raise ValueError if the stack begins or ends in an interface."""
        elements, joints = self.elements, self.joints
        for place, at in (("begin", 0), ("end", -1)):
            if joints[at] and elements[at] is not self.pieces[at]:  # no end was given behind it
                raise ValueError(
                    f"a stack must not {place} in an interface: put a Lead or Reservoir() behind "
                    f"it, got {self!r}"
                )

    @cached_property
    def elements(self) -> tuple[Layer | End, ...]:
        """The left end, the layers and the right end.

        The n-th layer of Cu is Cu{n}, or the next free, where it has no name yet.
        """
        count: Counter[str] = Counter()
        layers, taken = [], self._names | self._groups
        for piece in self.pieces:
            if isinstance(piece, Layer):
                stem = piece.material.layer_stem
                count[stem] += 1
                if piece.name is None:
                    while (name := f"{stem}{count[stem]}") in taken:
                        count[stem] += 1
                    piece = _renamed(piece, name)
                layers.append(piece)
        ends = self.pieces[0], self.pieces[-1]
        left, right = (end if isinstance(end, ENDS) else RESERVOIR for end in ends)
        return (left, *layers, right)

    @property
    def left(self) -> End:
        """What is behind the left end."""
        return self.elements[0]  # type: ignore[return-value]

    @property
    def right(self) -> End:
        """What is behind the right end."""
        return self.elements[-1]  # type: ignore[return-value]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, all of them named."""
        return self.elements[1:-1]  # type: ignore[return-value]

    @cached_property
    def joints(self) -> tuple[Interface | None, ...]:
        """What is at the n + 1 faces of the n layers."""
        found: list[Interface | None] = [None]
        for piece in self.pieces:
            if isinstance(piece, Layer):
                found.append(None)
            elif isinstance(piece, Interface):
                found[-1] = piece
        return tuple(found)

    @cached_property
    def thickness(self) -> FloatArray:
        """Thickness of every layer, shape (..., n), m; one row per point if they vary."""
        columns = np.broadcast_arrays(*(layer.thickness for layer in self.layers))
        return read_only(np.stack(columns, axis=-1))

    @cached_property
    def x(self) -> FloatArray:
        """Position of every face, shape (..., n + 1), m; 0 is the left face of the stack."""
        d = self.thickness
        start = np.zeros((*d.shape[:-1], 1))
        return read_only(np.concatenate([start, np.cumsum(d, axis=-1)], axis=-1))

    @cached_property
    def units(self) -> Literal["SI"] | None:
        """Units of all its metals (``Metal.units``): "SI", or None for any consistent ones."""
        return "SI" if all(in_SI(e) for e in self.elements if isinstance(e, METALLIC)) else None

    @cached_property
    def turns_alone(self) -> bool:
        """Whether nothing but m varies over the batch."""
        return not any(map(number_shapes, self.pieces))

    @cached_property
    def element_names(self) -> tuple[str, ...]:
        """What to call every element: its name, or else "left lead", "right reservoir" and such."""
        ends = {
            Lead: "lead",
            Reservoir: "reservoir",
            SpinBlocking: "spin-blocking end",
            SpinSource: "spin source",
        }
        places = ("left", *("",) * len(self.layers), "right")
        return tuple(
            getattr(e, "name", None) or f"{place} {ends[type(e)]}"
            for place, e in zip(places, self.elements, strict=True)
        )

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {e.name: i for i, e in enumerate(self.elements) if getattr(e, "name", None)}  # type: ignore[union-attr,misc]

    def position(self, name: str) -> int:
        """Return where the named layer or lead stands in `elements`.

        Raises
        ------
        ValueError
            If nothing has that name.
        """
        try:
            return self._positions[name]
        except (KeyError, TypeError):
            raise self._unknown(name) from None

    def _unknown(self, name: object, interfaces: bool = False) -> ValueError:
        known, what = [*self._positions], "a layer or lead"
        if interfaces:
            known, what = [*self._places], "a layer, lead or interface"
        if isinstance(name, str) and name in self.groups:
            members = ", ".join(self.element_names[k] for k in self.groups[name])
            hint = f", a group of layers ({members})"
        else:
            if self.groups:
                known, what = (
                    [*known, *self.groups],
                    f"{what.replace(' or', ',')} or group of layers",
                )
            hint = near_match(name, known) if isinstance(name, str) else ""
        return ValueError(f"name must be that of {what} ({', '.join(known)}), got {name!r}{hint}")

    def members(self, name: str) -> tuple[int, ...]:
        """Return where in `elements` the layers of a group stand, or the named layer or lead.

        Raises
        ------
        ValueError
            If nothing has that name.
        """
        group = self.groups.get(name) if isinstance(name, str) else None
        return (self.position(name),) if group is None else group

    def __getitem__(self, index: Any) -> Stack:
        """Return a point or a part of a batch: ``stack[3]``, ``stack[:, 0]``, as of an array."""
        return self.part(self.shape, index)

    __iter__ = None  # a stack is no sequence: `layers` and `elements` are

    def part(self, shape: tuple[int, ...], index: Any) -> Stack:
        """Return ``stack[index]`` of the stack broadcast to a shape.

        Raises
        ------
        IndexError
            If the shape has no such index.
        """
        np.broadcast_to(0.0, shape)[index]
        if self.turns_alone:
            magnets = ((k, e.m) for k, e in enumerate(self.elements) if isinstance(e, METALLIC))
            varying = {k: m for k, m in magnets if m is not None and m.ndim > 1}
            return self.turned({k: _pick_vectors(m, shape, index) for k, m in varying.items()})
        with in_silence():
            stack = Stack([_pick(piece, shape, index) for piece in self.pieces])
        freeze(stack, j0=self.j0)
        return stack

    def replace(self, name: str, /, **changes: Any) -> Stack:
        """Return a copy in which what has a name, or is of a metal, is changed.

        Parameters
        ----------
        name : str
            The layer, lead, interface or group; "left" or "right" for a lead without a name. If
            nothing is called so, what has that name in a repeated cell means all its copies; if
            there is none, a metal means all layers and leads of it.
        **changes
            New `thickness`, `m`, `material`, `name` or `group`; of an interface `resistance`,
            `gamma`, `delta`, `mixing` or `name`; of a group `m`, that of all its layers, or
            `group`, its new name, or None for layers that are magnets by themselves; of a metal
            `material`. A layer from a mesh keeps its `nodes` unless its thickness changes.

        Raises
        ------
        TypeError
            If a change names something that it does not have.
        ValueError
            If nothing has that name, or a new value is not valid.
        """
        if isinstance(name, str) and name in self.groups:
            check_keys(name, changes, GROUP_KEYS)
            return self._changed(dict.fromkeys(self.groups[name], changes))
        places, known = self._meant(name)
        check_keys(name, changes, known)
        if not changes:
            return self
        with in_silence():
            new = {place: self._renewed(place, changes) for place in places}
            stack = self._with_pieces(new, [self.ordinals[place] for place in places])
        keys = OWN_NUMBERS if "material" in changes else changes.keys() & OWN_NUMBERS
        if keys:
            with once():
                for place, piece in new.items():
                    notice_units(piece, *_beside(stack.pieces, place), keys=keys)
        return stack

    def _meant(self, name: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return which pieces a name that is no group means, and what can be changed in them."""
        place = self._places.get(name) if isinstance(name, str) else None
        if place is not None:
            return (place,), KEYS[type(self.pieces[place])]
        places, known = self.several(name)
        if not places:
            raise self._unknown(name, interfaces=True)
        return places, known

    def several(self, name: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return all pieces that one name stands for, and what `replace` changes in them.

        That is the copies of what has that name, or group, in a repeated cell, or all that is of a
        metal; none if there is no such thing.
        """
        for key, known in (("name", ()), ("group", GROUP_KEYS)):
            if places := self.copies.get((key, name)):
                return places, known or KEYS[type(self.pieces[places[0]])]
        metals = ((i, getattr(piece, "material", None)) for i, piece in enumerate(self.pieces))
        of_metal = (i for i, metal in metals if metal is not None and metal.name == name)
        return tuple(of_metal), METAL_KEYS

    def _renewed(self, place: int, changes: Mapping[str, Any]) -> Piece:
        """Return a changed piece; a layer that would be called otherwise keeps its name."""
        old, more = self.pieces[place], {}
        if isinstance(old, METALLIC) and changes.keys() == {"m"}:
            return turned(old, changes["m"])
        if isinstance(old, Layer):
            metal = changes.get("material", old.material)
            if isinstance(metal, Metal) and metal.layer_stem != old.material.layer_stem:
                more["name"] = self.layers[cast(int, self.ordinals[place]) - 1].name
            if old.nodes is not None and not np.array_equal(
                changes.get("thickness", old.thickness), old.thickness
            ):
                more["nodes"] = None
        return dataclasses.replace(old, **{**more, **changes})

    def to_toml(self) -> str:
        """Return the text of a stack file that `spinfem.load` makes the same stack of.

        It is in SI if all metals are (`units`), and in the paper's units otherwise. Numbers are the
        same to the last bit, except where that of nanometres or fOhm m2, which files have, is not
        fine enough: one in about ten that are not round differs in the last bit. All layers have
        names there, and materials too; two materials of one name are Co and Co_2.

        Returns
        -------
        str
            TOML, to be written in UTF-8. `j0` is in it if the stack has one.

        Raises
        ------
        ValueError
            If the stack is a batch, is not complete, has graded layers or nodes of a mesh, or has a
            name that a file may not have.
        """
        from .writing import stack_file

        self.check_complete()
        if self.shape:
            raise ValueError(
                f"a stack file holds one stack, got a batch of shape {self.shape}: write stack[i]"
            )
        return stack_file(self.elements, self.joints, self.j0, self.units == "SI")

    def turned(self, ways: Mapping[int, ArrayLike]) -> Stack:
        """Return a copy in which magnetizations point elsewhere, all of them turned at once.

        Parameters
        ----------
        ways : mapping
            New m, shape (..., 3), by where the layer or lead stands in `elements`.

        Raises
        ------
        ValueError
            If one is no ferromagnet, a direction is not valid, or a group is not parallel then.
        """
        return self._changed({k: {"m": m} for k, m in ways.items()})

    def undriven(self) -> Stack:
        """Return a copy without what is given at its ends: mu_s = 0 or j_s = 0 there."""
        if not any(drive_of(piece) is not None for piece in (self.pieces[0], self.pieces[-1])):
            return self
        free = {Reservoir: Reservoir(), SpinSource: SpinBlocking()}
        ends = {0, len(self.pieces) - 1}
        new: list[Any] = [
            free.get(type(p), p) if i in ends else p for i, p in enumerate(self.pieces)
        ]
        with in_silence():
            stack = Stack(new)
        freeze(stack, j0=self.j0)
        return stack

    def _changed(self, changes: Mapping[int, Mapping[str, Any]]) -> Stack:
        """Return a copy in which elements have changes that leave them what they are."""
        ends = {0: 0, len(self.elements) - 1: len(self.pieces) - 1}
        names = self.element_names
        places = [ends[k] if k in ends else self._places[names[k]] for k in changes]
        with in_silence():
            changed = [
                self._renewed(place, changes[k]) for place, k in zip(places, changes, strict=True)
            ]
            return self._with_pieces(dict(zip(places, changed, strict=True)), [*changes])

    def _with_pieces(self, new: Mapping[int, Piece], where: Iterable[int | None]) -> Stack:
        """Return a stack with other pieces at some places.

        `where` tells which of the elements they are; None for interfaces.
        """
        pieces = _put(self.pieces, new)
        if any(_character(piece) != _character(self.pieces[i]) for i, piece in new.items()):
            stack = Stack(pieces)
        else:
            stack = self._carried_over(pieces, dict(zip(new, where, strict=True)))
        freeze(stack, j0=self.j0)
        return stack

    def _carried_over(self, pieces: tuple[Piece, ...], changed: Mapping[int, int | None]) -> Stack:
        """Return a stack with the pieces of this one but for some, of the same character."""
        stack: Stack = object.__new__(Stack)
        elements: dict[int, Piece] = {}
        joints: dict[int, Piece] = {}
        faces: set[int] = set()
        for place, k in changed.items():
            new = pieces[place]
            if k is None:
                face = self.joints.index(cast(Interface, self.pieces[place]))
                joints[face] = new
                faces.add(face)
            else:
                if isinstance(new, Layer) and new.name is None:
                    new = _renamed(new, cast(str, self.layers[k - 1].name))
                elements[k] = new
                faces |= {k - 1, k}
        freeze(
            stack,
            pieces=pieces,
            elements=_put(self.elements, elements) if elements else self.elements,
            joints=_put(self.joints, joints) if joints else self.joints,
            _names=self._names,
            _groups=self._groups,
            groups=self.groups,
            _copied=self._copied,
            _positions=self._positions,
            _places=self._places,
            ordinals=self.ordinals,
            copies=self.copies,
        )
        if all(shapes_of(self.pieces[i]) == shapes_of(pieces[i]) for i in changed):
            freeze(stack, _shapes=self._shapes, shape=self.shape)
        else:
            stack._keep_shapes(frozenset().union(*map(shapes_of, pieces)))
        begin, end = isinstance(pieces[0], Interface), isinstance(pieces[-1], Interface)
        for face in sorted(faces):
            if begin <= face < len(self.joints) - end:
                stack._check_joint(face)
        stack._check_drives()
        if self._groups and any(getattr(new, "group", None) for new in elements.values()):
            check_groups(stack.elements, self._names, self._groups)
        if self.arrays is not None:
            freeze(stack, arrays=self.arrays.carried_over(stack, [*elements], self))
        return stack

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where what has a name stands among the pieces as given."""
        layers, places = iter(self.layers), {}
        for i, piece in enumerate(self.pieces):
            name = next(layers).name if isinstance(piece, Layer) else getattr(piece, "name", None)
            if name is not None:
                places[name] = i
        for side, i in (("left", 0), ("right", len(self.pieces) - 1)):
            if isinstance(self.pieces[i], ENDS):
                places.setdefault(side, i)
        return places

    @cached_property
    def ordinals(self) -> tuple[int | None, ...]:
        """Which of `elements` every piece is; None for interfaces."""
        found, k = [], int(not isinstance(self.pieces[0], ENDS))
        for piece in self.pieces:
            is_element = not isinstance(piece, Interface)
            found.append(k if is_element else None)
            k += is_element
        return tuple(found)

    @cached_property
    def copies(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Where the copies of what a repeated cell has stand among the pieces.

        By ``("name", its name)`` and ``("group", its group)`` in the cell.
        """
        found: dict[tuple[str, str], list[int]] = {}
        if self._copied:
            for i, piece in enumerate(self.pieces):
                for own in getattr(piece, "copy_of", ()):
                    found.setdefault(own, []).append(i)
        return {own: tuple(places) for own, places in found.items()}


Joinable.stack_type = Stack


class LoadedStack(NamedTuple):
    """A stack and its current, as `spinfem.load` returns them: solved as the stack is."""

    stack: Stack
    j0: float


def check_stack(given: object) -> Stack:
    """Return the stack, also of what was loaded; TypeError if there is none.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If the stack begins or ends in an interface.
    """
    stack = given.stack if isinstance(given, LoadedStack) else given
    if not isinstance(stack, Stack):
        two = isinstance(stack, tuple)
        hint = "; a file holds both: stack, j0 = spinfem.load(path)" if two else ""
        raise TypeError(f"stack must be a Stack, got {stack!r}{hint}")
    stack.check_complete()
    return stack


def check_current(stack: Stack, j0: ArrayLike | None, current_density: ArrayLike | None) -> Number:
    """Return the particle current from either way of giving it; the stack's or 1 if neither is.

    Raises
    ------
    TypeError, ValueError
        If both are given, a value is not a finite number, or the shape does not broadcast.
    """
    if j0 is not None and current_density is not None:
        raise ValueError(
            f"the current must be given once, got j0={j0!r} and current_density={current_density!r}"
        )
    if current_density is not None:
        current: Number = -finite("current_density", current_density)
    else:
        own = 1.0 if stack.j0 is None else stack.j0
        current = own if j0 is None else finite("j0 (particle current)", j0)
    if isinstance(current, float):
        return current
    try:
        np.broadcast_shapes(stack.shape, current.shape)
    except ValueError:
        raise ValueError(
            f"shape of j0 must broadcast with the stack's {stack.shape}, got {current.shape}"
        ) from None
    return current


def _beside(pieces: Sequence[Piece], i: int) -> tuple[Piece, ...]:
    """Return the neighbours of a piece."""
    return (*pieces[max(i - 1, 0) : i], *pieces[i + 1 : i + 2])


def _character(piece: Any) -> tuple[Any, ...]:
    """Return what names and places of all pieces depend on."""
    metal = piece.material.layer_stem if isinstance(piece, Layer) else None
    return (
        getattr(piece, "name", None),
        getattr(piece, "group", None),
        getattr(piece, "is_ferromagnet", None),
        metal,
    )


def _put(items: tuple[Any, ...], new: Mapping[int, Any]) -> tuple[Any, ...]:
    """Return a tuple with some items changed."""
    changed = list(items)
    for i, item in new.items():
        changed[i] = item
    return tuple(changed)


def _pick(piece: Any, shape: tuple[int, ...], index: Any) -> Any:
    """Take one point or a part of a batch of the given shape out of all numbers of a piece."""

    def part(number: Any) -> Any:
        return np.broadcast_to(number, shape)[index] if isinstance(number, np.ndarray) else number

    if not shapes_of(piece):
        return piece
    if (drive := drive_of(piece)) is not None:
        (name,) = (field.name for field in dataclasses.fields(piece))
        return dataclasses.replace(piece, **{name: _pick_vectors(drive, shape, index)})
    if isinstance(piece, Interface):
        numbers = {key: part(getattr(piece, key)) for key in INTERFACE_KEYS}
        return dataclasses.replace(piece, **numbers)
    changes: dict[str, Any] = {}
    if piece.material.shapes:
        numbers = {key: part(value) for key, value in piece.material.numbers.items()}
        changes["material"] = dataclasses.replace(piece.material, **numbers)
    if piece.m is not None and piece.m.ndim > 1:
        changes["m"] = _pick_vectors(piece.m, shape, index)
    if isinstance(piece, Layer):
        changes["thickness"] = part(piece.thickness)
    return dataclasses.replace(piece, **changes)


def _pick_vectors(vectors: FloatArray, shape: tuple[int, ...], index: Any) -> FloatArray:
    """Take one point or a part of a batch of the given shape out of vectors."""
    axes = index if isinstance(index, tuple) else (index,)
    found: FloatArray = np.broadcast_to(vectors, (*shape, 3))[*axes, :]
    return found


def _renamed(layer: Layer, name: str) -> Layer:
    """Rename a layer without checking it again."""
    new = object.__new__(Layer)
    vars(new).update(vars(layer), name=name)
    return new
