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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import cosdg, sindg

from ._checks import FloatArray, Number, finite, label, near_match, positive, read_only, unit_vector
from .materials import Ferromagnet, Metal


def direction(polar: ArrayLike, azimuth: ArrayLike = 0.0) -> FloatArray:
    """Return the unit vector(s) of given polar and azimuthal angles.

    Exact at multiples of 90 degrees, so that parallel and antiparallel mean just that.

    Parameters
    ----------
    polar : float or array
        Angle from +z, degrees.
    azimuth : float or array
        Angle from +x towards +y of the projection on the xy plane, degrees.

    Returns
    -------
    array, shape (..., 3)
        ``(sin(polar) cos(azimuth), sin(polar) sin(azimuth), cos(polar))``, the shapes of the
        angles broadcast.

    Raises
    ------
    TypeError, ValueError
        If an angle is not a finite real number.
    """
    polar = np.asarray(finite("polar (angle in degrees)", polar))
    azimuth = np.asarray(finite("azimuth (angle in degrees)", azimuth))
    sine = sindg(polar)
    x, y, z = np.broadcast_arrays(sine * cosdg(azimuth), sine * sindg(azimuth), cosdg(polar))
    return np.stack([x, y, z], axis=-1) + 0.0  # + 0.0 turns -0.0 into 0.0


class _Joinable:
    """Things that stand in a chain: ``a | b`` puts b to the right of a."""

    def __or__(self, right: Piece) -> Stack:
        if not isinstance(right, _Joinable):
            raise _not_a_piece(right)
        return Stack([*_pieces(self), *_pieces(right)])

    def __ror__(self, left: object) -> Stack:
        raise _not_a_piece(left)


def _not_a_piece(given: object) -> TypeError:
    hint = "; a metal needs a thickness, as in Cu(10e-9)" if isinstance(given, Metal) else ""
    return TypeError(
        "what stands in a stack must be a layer, Lead, Reservoir, SpinBlocking or Stack, "
        f"got {given!r}{hint}"
    )


@dataclass(frozen=True, eq=False)
class Layer(_Joinable):
    """A layer of one metal. ``material(thickness, ...)`` makes one.

    Parameters
    ----------
    material : NormalMetal or Ferromagnet
        What it is made of.
    thickness : float or array
        Thickness, m (or the unit of the material's l); positive and finite.
    m : array, shape (..., 3)
        Direction of the magnetization, for a ferromagnet and only there; it is normalized.
    name : str, optional
        Name, unique in a stack.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    material: Metal
    thickness: Number
    m: FloatArray | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True)

    def __init__(
        self,
        material: Metal,
        thickness: ArrayLike,
        *,
        m: ArrayLike | None = None,
        name: str | None = None,
    ) -> None:
        what = "a layer" if name is None else f"layer {name!r}"
        _check_material(what, material)
        _freeze(
            self,
            material=material,
            thickness=positive(f"thickness of {what}", thickness),
            m=_check_m(what, material, m),
            name=label("name of a layer", name),
        )

    @property
    def is_ferromagnet(self) -> bool:
        """Whether the layer is magnetic."""
        return self.m is not None


@dataclass(frozen=True, eq=False)
class Lead(_Joinable):
    """A half-infinite metal at an end of a stack; mu_s vanishes far away in it.

    It takes up ``j_s = p j0 m - G mu_s`` on the left end and ``p j0 m + G mu_s`` on the right,
    with ``G = D/(2 l)`` and ``p = 0`` in a normal metal.

    Parameters
    ----------
    material : NormalMetal or Ferromagnet
        What it is made of.
    m : array, shape (..., 3)
        Direction of the magnetization, for a ferromagnet and only there; it is normalized.
    name : str, optional
        Name, unique in a stack; a named ferromagnetic lead has a torque.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    material: Metal
    m: FloatArray | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True)

    def __init__(
        self, material: Metal, *, m: ArrayLike | None = None, name: str | None = None
    ) -> None:
        what = "a lead" if name is None else f"lead {name!r}"
        _check_material(what, material)
        _freeze(
            self,
            material=material,
            m=_check_m(what, material, m),
            name=label("name of a lead", name),
        )

    @property
    def is_ferromagnet(self) -> bool:
        """Whether the lead is magnetic."""
        return self.m is not None


@dataclass(frozen=True)
class Reservoir(_Joinable):
    """An end where ``mu_s = 0``: the paper's outer normal layer of vanishing l."""


@dataclass(frozen=True)
class SpinBlocking(_Joinable):
    """An end that no spin current passes: ``j_s = 0``."""


End = Lead | Reservoir | SpinBlocking


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Stack(_Joinable):
    """Layers in contact, between two ends.

    Parameters
    ----------
    pieces : iterable
        From left to right: an end (optional), one or more layers, an end (optional). An end that
        is not given is a `Reservoir`.

    Attributes
    ----------
    layers : tuple of Layer
        All of them named; the n-th layer of its kind is N{n} or F{n} if it had no name.
    left, right : Lead, Reservoir or SpinBlocking
        The ends.

    Raises
    ------
    TypeError
        If a piece is none of these.
    ValueError
        If there is no layer, an end stands between layers, a name occurs twice or the arrays do
        not broadcast.
    """

    pieces: tuple[Layer | End, ...]
    layers: tuple[Layer, ...]
    left: End
    right: End

    def __init__(self, pieces: Iterable[Layer | End]) -> None:
        given = tuple(pieces)
        left, right, layers = _split(given)
        _freeze(self, pieces=given, layers=_named(layers), left=left, right=right)
        self._check_names()
        self._check_shapes()

    def __repr__(self) -> str:
        return f"Stack({' | '.join(_short(piece) for piece in self.elements)})"

    @property
    def elements(self) -> tuple[Layer | End, ...]:
        """The left end, the layers and the right end."""
        return (self.left, *self.layers, self.right)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; ``()`` for a single stack."""
        return np.broadcast_shapes(*{shape for e in self.elements for shape in _shapes(e)})

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
        """Return a copy in which one named layer or lead is changed.

        Parameters
        ----------
        name : str
            The layer or lead; "left" or "right" for a lead without a name.
        **changes
            New `thickness`, `m`, `material` or `name`.

        Raises
        ------
        TypeError
            If a change names something that layers or leads do not have.
        ValueError
            If nothing has that name, or a new value is not valid.
        """
        ends = {"left": 0, "right": len(self.layers) + 1}
        position = self._positions.get(name, ends.get(name))
        if position is None:
            position = self.position(name)  # raises
        pieces = list(self.pieces)  # where an end was left out, it stays open
        place = position - (pieces[0] is not self.left)
        # a layer without a name keeps having none, unless it becomes one of another metal
        same_kind = {"material", "m"}.isdisjoint(changes)
        old = pieces[place] if same_kind and 0 <= place < len(pieces) else self.elements[position]
        known = [field.name for field in dataclasses.fields(old)]
        for key in changes:
            if key not in known:
                raise TypeError(
                    f"a change of {name!r} must be one of {', '.join(known)}, "
                    f"got {key!r}{near_match(key, known)}"
                )
        pieces[place] = dataclasses.replace(old, **changes)
        return Stack(pieces)

    def _check_names(self) -> None:
        names = [e.name for e in self.elements if getattr(e, "name", None)]  # type: ignore[union-attr]
        if len(set(names)) < len(names):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise ValueError(f"names of layers and leads must be unique, got {twice!r} twice")

    def _check_shapes(self) -> None:
        try:
            self.shape  # noqa: B018
        except ValueError:
            shapes = (f"{_short(e)}: {shape}" for e in self.elements for shape in _shapes(e))
            given = "; ".join(s for s in shapes if not s.endswith("()"))
            raise ValueError(f"shapes of a stack's arrays must broadcast, got {given}") from None


Piece = Layer | Lead | Reservoir | SpinBlocking | Stack


def _freeze(thing: object, **values: object) -> None:
    for key, value in values.items():
        object.__setattr__(thing, key, value)


def _check_material(what: str, material: object) -> None:
    if not isinstance(material, Metal):
        raise TypeError(
            f"material of {what} must be a NormalMetal or a Ferromagnet, got {material!r}"
        )


def _check_m(what: str, material: Metal, m: ArrayLike | None) -> FloatArray | None:
    if isinstance(material, Ferromagnet):
        if m is None:
            raise ValueError(
                f"m (magnetization) of {what} must be given for a ferromagnet, got None"
            )
        return unit_vector(f"m (magnetization) of {what}", m)
    if m is not None:
        raise ValueError(
            f"m (magnetization) of {what} must be left out in a normal metal, got {m!r}"
        )
    return None


def _pieces(item: _Joinable) -> Sequence[Any]:
    return item.pieces if isinstance(item, Stack) else (item,)


def _split(pieces: tuple[Any, ...]) -> tuple[End, End, tuple[Layer, ...]]:
    """Tell ends from layers."""
    for piece in pieces:
        if not isinstance(piece, Layer | Lead | Reservoir | SpinBlocking):
            raise TypeError(
                "pieces of a stack must be layers, with a Lead, Reservoir or SpinBlocking "
                f"at the ends, got {piece!r}"
            )
    first = 0 if not pieces or isinstance(pieces[0], Layer) else 1
    last = len(pieces) - (len(pieces) > first and not isinstance(pieces[-1], Layer))
    layers = pieces[first:last]
    for place, piece in enumerate(layers, start=first):
        if not isinstance(piece, Layer):
            raise ValueError(
                f"an end must be the first or last piece of a stack, got {_short(piece)} "
                f"as piece {place + 1} of {len(pieces)}"
            )
    if not layers:
        given = " | ".join(_short(piece) for piece in pieces) or "nothing"
        raise ValueError(f"a stack must have at least one layer, got {given}")
    left = pieces[0] if first else Reservoir()
    right = pieces[-1] if last < len(pieces) else Reservoir()
    return left, right, layers


def _named(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Name the n-th layer of a kind N{n} or F{n}, or the next free, where it has no name yet."""
    count, taken = {"N": 0, "F": 0}, {layer.name for layer in layers}
    named = []
    for layer in layers:
        kind = "F" if layer.is_ferromagnet else "N"
        count[kind] += 1
        if layer.name is None:
            while f"{kind}{count[kind]}" in taken:
                count[kind] += 1
            layer = _copy(layer, name=f"{kind}{count[kind]}")
        named.append(layer)
    return tuple(named)


def _pick(piece: Layer | End, shape: tuple[int, ...], index: Any) -> Layer | End:
    """Take one point or a part of a batch of the given shape out of all numbers of a piece."""

    def part(number: Number) -> Number:
        return np.broadcast_to(number, shape)[index] if isinstance(number, np.ndarray) else number

    if isinstance(piece, Reservoir | SpinBlocking):
        return piece
    numbers: dict[str, Any] = {
        field.name: part(getattr(piece.material, field.name))
        for field in dataclasses.fields(piece.material)
        if field.name != "name"
    }
    changes: dict[str, Any] = {"material": dataclasses.replace(piece.material, **numbers)}
    if piece.m is not None and piece.m.ndim > 1:
        axes = index if isinstance(index, tuple) else (index,)
        changes["m"] = np.broadcast_to(piece.m, (*shape, 3))[*axes, :]
    if isinstance(piece, Layer):
        changes["thickness"] = part(piece.thickness)
    return dataclasses.replace(piece, **changes)


def _copy(layer: Layer, name: str) -> Layer:
    """Rename a layer without checking it again."""
    new = object.__new__(Layer)
    _freeze(new, material=layer.material, thickness=layer.thickness, m=layer.m, name=name)
    return new


def _shapes(element: Layer | End) -> set[tuple[int, ...]]:
    if isinstance(element, Reservoir | SpinBlocking):
        return {()}
    numbers = [element.material.D, element.material.l, getattr(element.material, "p", 0.0)]
    if isinstance(element, Layer):
        numbers.append(element.thickness)
    shapes = {x.shape for x in numbers if isinstance(x, np.ndarray)}
    return shapes | {() if element.m is None else element.m.shape[:-1]}


def _short(piece: Layer | End) -> str:
    """Name a piece in a message: the class, and what it is made of or called."""
    if isinstance(piece, Reservoir | SpinBlocking):
        return f"{type(piece).__name__}()"
    kind = type(piece.material).__name__
    name = piece.name or piece.material.name or kind
    return f"Lead({name})" if isinstance(piece, Lead) else name
