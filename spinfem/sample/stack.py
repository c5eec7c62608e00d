r"""The sample: layers, ends, and the stack they make.

A stack reads like the sample, from left to right along +x:

>>> from spinfem import Ferromagnet, Lead, NormalMetal, direction
>>> Cu = NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
>>> Co = Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
>>> Lead(Cu) | Co(8e-9, m=direction(0)) | Cu(10e-9) | Co(4e-9, m=direction(60)) | Lead(Cu)
Stack(Lead(Cu) | F1 | N1 | F2 | Lead(Cu))

x = 0 is the left face of the first layer; leads and ends take no length. Every number may be an
array; the arrays of a stack broadcast (directions on all but their last axis), and the stack is
then a batch of that shape.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, near_match, positive, read_only
from .materials import Ferromagnet, Metal
from .pieces import (
    End,
    Interface,
    Joinable,
    Layer,
    Lead,
    Piece,
    Reservoir,
    SpinBlocking,
    freeze,
    renamed,
    shapes_of,
    short,
)


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Stack(Joinable):
    """Layers in contact, between two ends.

    Parameters
    ----------
    pieces : iterable
        From left to right: an end (optional), one or more layers, an end (optional), with at most
        one `Interface` between any two of them. An end that is not given is a `Reservoir`.

    Attributes
    ----------
    layers : tuple of Layer
        All of them named; the n-th layer of its kind is N{n} or F{n} if it had no name.
    joints : tuple of Interface or None
        What is at the n + 1 faces of the n layers; None where they are transparent.
    left, right : Lead, Reservoir or SpinBlocking
        The ends.

    Raises
    ------
    TypeError
        If a piece is none of these.
    ValueError
        If there is no layer, an end stands between layers, a name occurs twice, the arrays do
        not broadcast, or an interface has what it cannot have where it stands.
    """

    pieces: tuple[Piece, ...]
    layers: tuple[Layer, ...]
    joints: tuple[Interface | None, ...]
    left: End
    right: End

    def __init__(self, pieces: Iterable[Piece]) -> None:
        given = tuple(pieces)
        left, right, chain = _split(given)
        layers, joints = _joints(chain)
        taken = {getattr(piece, "name", None) for piece in given}
        named = _named(layers, taken)
        freeze(self, pieces=given, layers=named, joints=joints, left=left, right=right)
        self._check_names()
        self._check_shapes()
        if given and not isinstance(given[-1], Interface):
            for face, joint in enumerate(joints):
                if joint is not None:
                    _check_joint(joint, *self.elements[face : face + 2])

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

        The nodes of the mesh are those that the layers are solved on (`Layer.nodes`): errors are
        what its elements of the degree asked for make them. A layer whose thickness is replaced
        loses them.

        Parameters
        ----------
        path : str or path
            The file: gmsh (.msh, versions 4.1 and 2.2), .vtu, or scikit-fem's .json.
        layers : mapping
            For every layer its metal, or its metal and m, by name: that of a physical group, of a
            subdomain, or in a .vtu file of an integer of its cell data (`spinfem.files.meshfile`).
        left, right : Lead, Reservoir or SpinBlocking, optional
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
            if not isinstance(end, Lead | Reservoir | SpinBlocking | None):
                raise TypeError(f"{side} must be a Lead, Reservoir or SpinBlocking, got {end!r}")
        unit = positive("scale (length of one unit of the mesh)", scale)
        found = []
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

    @property
    def _in_chain(self) -> tuple[Piece, ...]:
        return self.pieces

    def check_complete(self) -> None:
        """Raise ValueError if the stack begins or ends in an interface."""
        for place, piece in (("begin", self.pieces[0]), ("end", self.pieces[-1])):
            if isinstance(piece, Interface):
                raise ValueError(
                    f"a stack must not {place} in an interface: put a Lead or Reservoir() behind "
                    f"it, got {self!r}"
                )

    @property
    def elements(self) -> tuple[Layer | End, ...]:
        """The left end, the layers and the right end."""
        return (self.left, *self.layers, self.right)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; ``()`` for a single stack."""
        return np.broadcast_shapes(*{shape for e in self.pieces for shape in shapes_of(e)})

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
    def element_names(self) -> tuple[str, ...]:
        """What to call every element: its name, or else "left lead", "right reservoir" and such."""
        ends = {Lead: "lead", Reservoir: "reservoir", SpinBlocking: "spin-blocking end"}
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
            names = ", ".join(self._positions)
            hint = near_match(name, self._positions) if isinstance(name, str) else ""
            raise ValueError(
                f"name must be that of a layer or lead ({names}), got {name!r}{hint}"
            ) from None

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
        return Stack([_pick(piece, shape, index) for piece in self.pieces])

    def replace(self, name: str, /, **changes: Any) -> Stack:
        """Return a copy in which one named layer, lead or interface is changed.

        Parameters
        ----------
        name : str
            The layer, lead or interface; "left" or "right" for a lead without a name.
        **changes
            New `thickness`, `m`, `material` or `name`; of an interface `resistance`, `gamma`,
            `mixing` or `name`. A layer from a mesh keeps its `nodes` unless its thickness changes.

        Raises
        ------
        TypeError
            If a change names something that it does not have.
        ValueError
            If nothing has that name, or a new value is not valid.
        """
        place = self._places.get(name) if isinstance(name, str) else None
        if place is None:
            self.position(name)  # raises
            raise ValueError(f"name must be that of a piece that was given, got {name!r}")
        pieces = list(self.pieces)  # what was left out, an end or a name, stays open
        old = pieces[place]
        known = [field.name for field in dataclasses.fields(old)]
        for key in changes:
            if key not in known:
                raise TypeError(
                    f"a change of {name!r} must be one of {', '.join(known)}, "
                    f"got {key!r}{near_match(key, known)}"
                )
        if isinstance(old, Layer) and isinstance(changes.get("material"), Metal):
            # a layer without a name that becomes one of another kind keeps the one it had
            same = isinstance(changes["material"], Ferromagnet) == old.is_ferromagnet
            changes.setdefault("name", old.name if same else name)
        if isinstance(old, Layer) and not np.array_equal(
            changes.get("thickness", old.thickness), old.thickness
        ):
            changes.setdefault("nodes", None)
        pieces[place] = dataclasses.replace(old, **changes)
        return Stack(pieces)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where what has a name stands among the pieces as given."""
        layers, places = iter(self.layers), {}
        for i, piece in enumerate(self.pieces):
            name = next(layers).name if isinstance(piece, Layer) else getattr(piece, "name", None)
            if name is not None:
                places[name] = i
        for side, end, i in (("left", self.left, 0), ("right", self.right, -1)):
            if any(piece is end for piece in self.pieces):
                places.setdefault(side, i)
        return places

    def _check_names(self) -> None:
        pieces = [*self.elements, *filter(None, self.joints)]
        names = [name for piece in pieces if (name := getattr(piece, "name", None))]
        if len(set(names)) < len(names):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise ValueError(f"names in a stack must be unique, got {twice!r} twice")

    def _check_shapes(self) -> None:
        try:
            self.shape  # noqa: B018
        except ValueError:
            pieces = [*self.elements, *filter(None, self.joints)]
            shapes = (f"{short(e)}: {shape}" for e in pieces for shape in shapes_of(e))
            given = "; ".join(s for s in shapes if not s.endswith("()"))
            raise ValueError(f"shapes of a stack's arrays must broadcast, got {given}") from None


Joinable.stack_type = Stack


def _split(pieces: tuple[Any, ...]) -> tuple[End, End, tuple[Layer | Interface, ...]]:
    """Tell ends from what is between them."""
    for piece in pieces:
        if not isinstance(piece, Layer | Interface | Lead | Reservoir | SpinBlocking):
            raise TypeError(
                "pieces of a stack must be layers and interfaces, with a Lead, Reservoir or "
                f"SpinBlocking at the ends, got {piece!r}"
            )
    inner = Layer | Interface
    first = 0 if not pieces or isinstance(pieces[0], inner) else 1
    last = len(pieces) - (len(pieces) > first and not isinstance(pieces[-1], inner))
    chain = pieces[first:last]
    for place, piece in enumerate(chain, start=first):
        if not isinstance(piece, inner):
            raise ValueError(
                f"an end must be the first or last piece of a stack, got {short(piece)} "
                f"as piece {place + 1} of {len(pieces)}"
            )
    # Lead | Interface is the beginning of a stack
    unfinished = bool(pieces) and isinstance(pieces[-1], Interface)
    if not unfinished and not any(isinstance(piece, Layer) for piece in chain):
        given = " | ".join(short(piece) for piece in pieces) or "nothing"
        raise ValueError(f"a stack must have at least one layer, got {given}")
    left = pieces[0] if first else Reservoir()
    right = pieces[-1] if last < len(pieces) else Reservoir()
    return left, right, chain


def _joints(
    chain: tuple[Layer | Interface, ...],
) -> tuple[tuple[Layer, ...], tuple[Interface | None, ...]]:
    """Tell layers from what is at their faces."""
    layers: list[Layer] = []
    joints: list[Interface | None] = [None]
    for piece in chain:
        if isinstance(piece, Layer):
            layers.append(piece)
            joints.append(None)
        elif joints[-1] is not None:
            raise ValueError(
                "at most one interface must be between two layers, got "
                f"{short(joints[-1])} | {short(piece)}"
            )
        else:
            joints[-1] = piece
    return tuple(layers), tuple(joints)


def _check_joint(joint: Interface, left: Layer | End, right: Layer | End) -> None:
    """Check that an interface has nothing that has no meaning where it stands."""
    what = f"interface {joint.name!r}" if joint.name else "an interface"
    where = f"between {short(left)} and {short(right)}"
    if isinstance(left, SpinBlocking) or isinstance(right, SpinBlocking):
        raise ValueError(f"{what} must not be at a spin-blocking end, got one {where}")
    metals = [e.material for e in (left, right) if isinstance(e, Layer | Lead)]
    magnets = [metal for metal in metals if isinstance(metal, Ferromagnet)]
    if not magnets:
        if np.any(joint.gamma):
            raise ValueError(f"gamma of {what} must be 0 between normal metals, got one {where}")
        if joint.mixing is not None:
            raise ValueError(f"mixing of {what} must be left out, got one {where}")
    elif joint.mixing is not None and not all(magnet.is_strong for magnet in magnets):
        raise ValueError(
            f"mixing of {what} must be left out at a ferromagnet with finite exchange lengths, "
            f"got one {where}"
        )
    if len(magnets) == 2:
        strong = all(magnet.is_strong for magnet in magnets) and joint.mixing is None
        if not strong or not _collinear(left.m, right.m):  # type: ignore[union-attr]
            raise ValueError(
                f"{what} between two ferromagnets must have no mixing, and both must be strong and "
                f"collinear; put a thin normal layer between them, got one {where}"
            )
        if np.any(joint.gamma) and _opposed(left.m, right.m):  # type: ignore[union-attr]
            raise ValueError(
                f"gamma of {what} must be 0 between antiparallel ferromagnets, got one {where}"
            )


def _opposed(a: Any, b: Any) -> bool:
    return bool(np.any(np.einsum("...i,...i->...", a, b) < 0))


def _collinear(a: Any, b: Any) -> bool:
    """Whether two directions are parallel or antiparallel at every point."""
    return bool(np.all(np.linalg.norm(np.cross(a, b), axis=-1) <= 8 * np.finfo(float).eps))


def _named(layers: tuple[Layer, ...], taken: set[Any]) -> tuple[Layer, ...]:
    """Name the n-th layer of a kind N{n} or F{n}, or the next free, where it has no name yet."""
    count, named = {"N": 0, "F": 0}, []
    for layer in layers:
        kind = "F" if layer.is_ferromagnet else "N"
        count[kind] += 1
        if layer.name is None:
            while f"{kind}{count[kind]}" in taken:
                count[kind] += 1
            layer = renamed(layer, name=f"{kind}{count[kind]}")
        named.append(layer)
    return tuple(named)


def _pick(piece: Piece, shape: tuple[int, ...], index: Any) -> Piece:
    """Take one point or a part of a batch of the given shape out of all numbers of a piece."""

    def part(number: Any) -> Any:
        return np.broadcast_to(number, shape)[index] if isinstance(number, np.ndarray) else number

    if isinstance(piece, Reservoir | SpinBlocking):
        return piece
    if isinstance(piece, Interface):
        numbers = {key: part(getattr(piece, key)) for key in ("resistance", "gamma", "mixing")}
        return dataclasses.replace(piece, **numbers)
    material = dataclasses.replace(
        piece.material, **{key: part(value) for key, value in piece.material.numbers.items()}
    )
    changes: dict[str, Any] = {"material": material}
    if piece.m is not None and piece.m.ndim > 1:
        axes = index if isinstance(index, tuple) else (index,)
        changes["m"] = np.broadcast_to(piece.m, (*shape, 3))[*axes, :]
    if isinstance(piece, Layer):
        changes["thickness"] = part(piece.thickness)
    return dataclasses.replace(piece, **changes)
