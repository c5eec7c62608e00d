r"""Pieces of a sample: layers, what is between them, and what is behind the ends."""

from __future__ import annotations

import dataclasses
import math
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import (
    FloatArray,
    Number,
    conductance,
    finite,
    label,
    nonnegative,
    polarization,
    positive,
    spin_vector,
    unit_vector,
)
from .materials import Ferromagnet, Metal
from .units import INTERFACE_RESISTANCE, MIXING, THICKNESS, notice, notice_radians


def direction(polar: ArrayLike, azimuth: ArrayLike = 0.0) -> FloatArray:
    """Return the unit vector(s) of given polar and azimuthal angles.

    Exact at multiples of 90 degrees, so that parallel and antiparallel mean just that, and right
    to rounding at any angle, however many turns it makes.

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

    Warns
    -----
    UnitWarning
        If the largest angle is pi/2, pi or 2 pi: radians are likely meant.
    """
    polar = finite("polar (angle in degrees)", polar)
    azimuth = finite("azimuth (angle in degrees)", azimuth)
    notice_radians("polar (angle of a magnetization)", polar)
    notice_radians("azimuth (angle of a magnetization)", azimuth)
    sine, cosine = sine_and_cosine(polar)
    around_y, around_x = sine_and_cosine(azimuth)
    parts = sine * around_x, sine * around_y, cosine
    if isinstance(polar, float) and isinstance(azimuth, float):
        return np.array(parts) + 0.0  # + 0.0 turns -0.0 into 0.0
    return np.stack(np.broadcast_arrays(*parts), axis=-1) + 0.0


def sine_and_cosine(degrees: Number) -> tuple[Any, Any]:
    """Return the sine and the cosine of finite angles in degrees, numbers of a number.

    What is left of an angle after whole turns and quarters is exact, as remainders are; radians of
    1e15 degrees would have lost the angle.
    """
    if isinstance(degrees, float):  # a tenth of the time that arrays take
        within = math.fmod(degrees, 360.0)
        quarter = round(within / 90)
        rest = math.radians(within - 90 * quarter)
        one, other = np.sin(rest), np.cos(rest)
        return ((one, other), (other, -one), (-one, -other), (-other, one))[quarter % 4]
    turned = np.fmod(degrees, 360.0)  # keeps the sign, so that -angle is the mirror image of angle
    quarters = np.rint(turned / 90)
    left = np.radians(turned - 90 * quarters)  # at most 45 degrees
    sine, cosine = np.sin(left), np.cos(left)
    odd, place = quarters % 2 == 1, quarters % 4
    return (
        np.where(place >= 2, -1.0, 1.0) * np.where(odd, cosine, sine),
        np.where((place == 1) | (place == 2), -1.0, 1.0) * np.where(odd, sine, cosine),
    )


class Joinable:
    """Things that stand in a chain: ``a | b`` puts b to the right of a, and is a `Stack`."""

    stack_type: ClassVar[Any]
    """What things in a chain make, `stack.Stack`, which sets it: that stands above."""

    def __or__(self, right: Joinable) -> Any:
        if not isinstance(right, Joinable):
            raise _not_a_piece(right)
        return self.stack_type.joined(self, right)

    def __ror__(self, left: object) -> Any:
        raise _not_a_piece(left)

    def __mul__(self, repeats: int) -> Any:
        """Return a chain of so many copies, whose names are numbered; see `stack.Stack`."""
        return self.stack_type.repeated(self, repeats)

    __rmul__ = __mul__


def _not_a_piece(given: object) -> TypeError:
    hint = "; a metal needs a thickness, as in Cu(10e-9)" if isinstance(given, Metal) else ""
    return TypeError(
        "what stands in a stack must be a layer, Interface, Lead, Reservoir, SpinBlocking, "
        f"SpinSource, Superconductor or Stack, got {given!r}{hint}"
    )


@dataclass(frozen=True, eq=False)
class Layer(Joinable):
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
    group : str, optional
        Of a ferromagnet: the magnet that it is a part of. Layers of one group turn as one and have
        one torque, under this name; see `Stack`.
    nodes : array, shape (n + 1,), optional
        Nodes of a mesh that the layer comes with, rising from 0 to 1 across it: the solver takes
        them and no grading of its own. `Stack.from_mesh` sets them.
    copy_of : tuple
        Of a copy in ``cell * n``: its ``("name", name)`` and ``("group", group)`` in the cell.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Warns
    -----
    UnitWarning
        If the material is in SI and no sample has a layer of that thickness.
    """

    material: Metal
    thickness: Number
    m: FloatArray | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True)
    group: str | None = dataclasses.field(default=None, kw_only=True)
    nodes: FloatArray | None = dataclasses.field(default=None, kw_only=True)
    copy_of: tuple[tuple[str, str], ...] = dataclasses.field(default=(), kw_only=True)

    def __init__(
        self,
        material: Metal,
        thickness: ArrayLike,
        *,
        m: ArrayLike | None = None,
        name: str | None = None,
        group: str | None = None,
        nodes: ArrayLike | None = None,
        copy_of: tuple[tuple[str, str], ...] = (),
    ) -> None:
        what = _said("layer", name)
        _check_material(what, material)
        freeze(
            self,
            material=material,
            thickness=positive(f"thickness of {what}", thickness),
            m=_check_m(what, material, m),
            name=label("name of a layer", name),
            group=_check_group(what, material, group),
            nodes=_check_nodes(what, nodes),
            copy_of=copy_of,
        )
        notice_units(self)

    @property
    def is_ferromagnet(self) -> bool:
        """Whether the layer is magnetic."""
        return self.m is not None


Metal.layer_type = Layer


@dataclass(frozen=True, eq=False)
class Lead(Joinable):
    """A half-infinite metal at an end of a stack; mu_s vanishes far away in it.

    It takes up ``j_s = p j0 m - G mu_s`` on the left end and ``p j0 m + G mu_s`` on the right,
    with ``G = D/(2 l)`` and ``p = 0`` in a normal metal.

    Parameters
    ----------
    material : NormalMetal or Ferromagnet
        What it is made of; not graded.
    m : array, shape (..., 3)
        Direction of the magnetization, for a ferromagnet and only there; it is normalized.
    name : str, optional
        Name, unique in a stack; a named ferromagnetic lead has a torque.
    group : str, optional
        Of a ferromagnet: the magnet that it is a part of, as of a `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    material: Metal
    m: FloatArray | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True)
    group: str | None = dataclasses.field(default=None, kw_only=True)

    def __init__(
        self,
        material: Metal,
        *,
        m: ArrayLike | None = None,
        name: str | None = None,
        group: str | None = None,
    ) -> None:
        what = _said("lead", name)
        _check_material(what, material)
        if material.is_graded:
            raise ValueError(
                f"material of {what} must be uniform, it has no end across which D, l or p could "
                f"change, got {material!r}"
            )
        freeze(
            self,
            material=material,
            m=_check_m(what, material, m),
            name=label("name of a lead", name),
            group=_check_group(what, material, group),
        )

    @property
    def is_ferromagnet(self) -> bool:
        """Whether the lead is magnetic."""
        return self.m is not None


class _Driven:
    """What ends have that drive spin: a vector, which tells them apart."""

    drive: FloatArray | None = None  # mu_s or j_s, shape (..., 3)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        one, two = self.drive, other.drive
        return one is two or (one is not None and two is not None and np.array_equal(one, two))

    def __repr__(self) -> str:
        drive = "" if self.drive is None else reprlib.repr(self.drive.tolist())
        return f"{type(self).__name__}({drive})"

    def __hash__(self) -> int:
        return hash((type(self), None if self.drive is None else self.drive.tobytes()))


@dataclass(frozen=True, eq=False, repr=False)
class Reservoir(_Driven, Joinable):
    """An end of a given mu_s: 0 in the paper's outer normal layer of vanishing l.

    With a spin_potential it is a spin battery. It drives the stack whatever j0 is, so that mu_s,
    j_s, torques and the voltage are what j0 does and what the ends do; resistances and efficiencies
    are those of j0 alone. At a strong ferromagnet the part of it across m would take an infinite
    current and is an error, unless an `Interface` has a mixing conductance there.

    A superconducting lead is a reservoir behind an interface: `Superconductor`.

    Parameters
    ----------
    spin_potential : array, shape (..., 3), optional
        mu_s, V (or the unit of the stack's mu_s). Default: 0.

    Raises
    ------
    TypeError, ValueError
        If it is not finite real numbers of that shape.
    """

    spin_potential: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.spin_potential is not None:
            checked = spin_vector("spin_potential of a reservoir", self.spin_potential)
            freeze(self, spin_potential=checked, drive=checked)


@dataclass(frozen=True, eq=False, repr=False)
class SpinSource(_Driven, Joinable):
    """An end that a given spin current passes whatever mu_s is, as of spin pumping behind it.

    Like a spin potential of a `Reservoir` it drives the stack whatever j0 is. A strong ferromagnet
    at this end absorbs the part across its m: that is a torque.

    Parameters
    ----------
    spin_current : array, shape (..., 3)
        j_s, A/m2 times |e|, without the factor 1/2, positive towards +x as everywhere: at the left
        end what flows into the stack, at the right end what flows out of it. At an electrode of a
        `spinfem.Device` positive into the device.

    Raises
    ------
    TypeError, ValueError
        If it is not finite real numbers of that shape.
    """

    spin_current: FloatArray

    def __post_init__(self) -> None:
        checked = spin_vector("spin_current of a spin source", self.spin_current)
        freeze(self, spin_current=checked, drive=checked)


@dataclass(frozen=True)
class SpinBlocking(Joinable):
    """An end that no spin current passes: ``j_s = 0``. With a given one it is a `SpinSource`."""


@dataclass(frozen=True, eq=False)
class Superconductor(Joinable):
    """A superconducting lead: ``Interface(AR) | Reservoir()`` on the right, mirrored on the left.

    That is how series-resistor fits take one, with the measured AR* of its contact: it takes up all
    spin that reaches it through the contact. A stack keeps the two pieces. (Where no spin passes at
    all, as into singlet pairs far below the gap, `SpinBlocking` is the end.)

    Parameters
    ----------
    resistance : float or array
        AR* of the contact, Ohm m2; zero (everywhere) or positive.
    name : str, optional
        Name of the interface, unique in a stack.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    resistance: Number
    name: str | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.at_end(on_left=True)  # raises

    def at_end(self, on_left: bool) -> tuple[Piece, Piece]:
        """Return the two pieces that it is, from left to right."""
        contact = Interface(self.resistance, name=self.name)
        return (Reservoir(), contact) if on_left else (contact, Reservoir())


@dataclass(frozen=True, eq=False)
class Interface(Joinable):
    r"""A resistive interface between two layers, or between a layer and an end.

    Without one an interface is transparent, eqs. (5), (6). Along m, as in the bulk with D ->
    1/AR*, p -> gamma: ``mu_s(x+) - mu_s(x-) = -2 AR* (j_s.m - gamma j0)``. Charge: ``mu_0(x-) -
    mu_0(x+) = j0 AR* (1 - gamma^2) + gamma m.(mu_s(x+) - mu_s(x-))/2``. Valet and Fert,
    doi:10.1103/PhysRevB.48.7099.

    It is no tunnel barrier: spinfem computes no tunnelling.

    With delta spins flip in it, a fraction ``1 - exp(-delta)`` of those that pass: it is Valet and
    Fert's layer of a thickness t -> 0 with ``rho* = AR*/t``, ``beta = gamma`` and ``l = t/delta``,
    solved exactly. What it loses goes to the lattice and is no torque.

    Across m, on the side of the normal metal: ``j_s = G_r mu_s + G_i m x mu_s`` into the
    ferromagnet, with the mixing conductance ``G_r + i G_i``. Brataas, Nazarov, Bauer,
    doi:10.1103/PhysRevLett.84.2481. G_r gives a damping-like torque, G_i a field-like one.

    Between normal metals resistance and delta act on all components, and gamma and mixing have no
    meaning. Between ferromagnets an interface needs them strong and collinear. At a ferromagnet
    with finite exchange lengths resistance and delta act on all components alike. With a mixing
    conductance they act along m alone there too, and what is across m does not pass: the normal
    metal loses ``G_r mu_s + G_i m x mu_s`` to the magnetization, at the interface, and in the
    ferromagnet ``j_s`` across m is zero at this face. That is the reflected part; what a thin
    ferromagnet lets through, its transmitted mixing conductance, is neglected.

    Parameters
    ----------
    resistance : float or array
        AR* of Valet and Fert, Ohm m2; zero (everywhere) or positive. The measured one is
        ``AR* (1 - gamma^2)``.
    gamma : float or array
        Interface asymmetry, between -1 and 1.
    delta : float or array
        Thickness in spin diffusion lengths, for spin memory loss; zero or positive, and zero where
        there is no resistance.
    mixing : complex or array, optional
        Mixing conductance of particle current times |e| per spin potential, S/m2; its real part is
        positive. Default: infinite, so that no mu_s across m remains.
    name : str, optional
        Name, unique in a stack.
    source : str, optional
        Where its numbers are from.
    copy_of : tuple
        Of a copy in ``cell * n``: its ``("name", name)`` in the cell.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Warns
    -----
    UnitWarning
        Where it stands in a stack beside a metal in SI, if no sample has such an AR* or mixing
        conductance.
    """

    resistance: Number = 0.0
    gamma: Number = dataclasses.field(default=0.0, kw_only=True)
    delta: Number = dataclasses.field(default=0.0, kw_only=True)
    mixing: complex | NDArray[np.complex128] | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True)
    source: str | None = dataclasses.field(default=None, kw_only=True)
    copy_of: tuple[tuple[str, str], ...] = dataclasses.field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        label("source of an interface", self.source)
        what = "an interface" if self.name is None else f"interface {self.name!r}"
        resistance = nonnegative(f"resistance (AR*) of {what}", self.resistance)
        if np.ndim(resistance) and not np.all(resistance) and np.any(resistance):
            raise ValueError(
                f"resistance (AR*) of {what} must be zero or positive throughout, got both"
            )
        delta = nonnegative(f"delta (spin memory loss) of {what}", self.delta)
        if np.any(delta) and not np.any(resistance):
            raise ValueError(
                f"delta (spin memory loss) of {what} must be 0 without a resistance, got "
                f"{reprlib.repr(self.delta)} and resistance 0; spins are lost in what resists"
            )
        mixing: Any = self.mixing
        if isinstance(mixing, tuple) and len(mixing) == 2 and np.isrealobj(mixing):
            raise ValueError(
                f"mixing (conductance) of {what} must be a complex number, G_r + 1j*G_i, or an "
                f"array of them for a batch, got {mixing!r}"
            )
        if mixing is not None:
            mixing = conductance(f"mixing (conductance) of {what}", mixing)
        freeze(
            self,
            resistance=resistance,
            gamma=polarization(f"gamma (asymmetry) of {what}", self.gamma),
            delta=delta,
            mixing=mixing,
            name=label("name of an interface", self.name),
        )


INTERFACE_KEYS = ("resistance", "gamma", "delta", "mixing")
"""Numbers of an interface."""
End = Lead | Reservoir | SpinBlocking | SpinSource
Piece = Layer | Interface | End
METALLIC = (Layer, Lead)
SCALAR: frozenset[tuple[int, ...]] = frozenset()


def freeze(thing: object, **values: object) -> None:
    """Set the values of a frozen dataclass."""
    vars(thing).update(values)


def turned(piece: Layer | Lead, m: ArrayLike) -> Layer | Lead:
    """Return a layer or lead with another magnetization; nothing else is checked again."""
    what = _said("layer" if isinstance(piece, Layer) else "lead", piece.name)
    new = object.__new__(type(piece))
    freeze(new, **vars(piece) | {"m": _check_m(what, piece.material, m)})
    return new


def _said(kind: str, name: str | None) -> str:
    return f"a {kind}" if name is None else f"{kind} {name!r}"


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


def _check_group(what: str, material: Metal, group: str | None) -> str | None:
    if group is not None and not isinstance(material, Ferromagnet):
        raise ValueError(
            f"group (layers that are one magnet) of {what} must be left out in a normal metal, "
            f"got {group!r}"
        )
    return label("group of a layer", group)


def _check_nodes(what: str, nodes: ArrayLike | None) -> FloatArray | None:
    if nodes is None:
        return None
    x = np.asarray(finite(f"nodes of {what}", nodes))
    # compared, not subtracted: any finite numbers may be given
    if x.ndim != 1 or x.size < 2 or x[0] != 0 or x[-1] != 1 or np.any(x[1:] <= x[:-1]):
        raise ValueError(
            f"nodes of {what} must be one row of numbers that rise from 0 to 1, "
            f"got {reprlib.repr(x.tolist())}"
        )
    return x


def in_SI(piece: Piece) -> bool:
    """Tell whether a piece is of a metal whose numbers are in SI."""
    return isinstance(piece, METALLIC) and piece.material.units == "SI"


OWN_NUMBERS = {
    "thickness": (THICKNESS, "thickness"),
    "resistance": (INTERFACE_RESISTANCE, "resistance (AR*)"),
    "mixing": (MIXING, "mixing (conductance)"),
}
"""Numbers of layers and interfaces whose units are looked at."""


def notice_units(piece: Piece, *beside: Piece, keys: Iterable[str] = OWN_NUMBERS) -> None:
    """Warn of numbers that no sample has: of a layer of a metal in SI, of an interface beside one.

    Parameters
    ----------
    piece : Layer, Interface or end
        What is looked at.
    *beside
        What is beside it.
    keys : iterable of str
        What is looked at in it.
    """
    if not (in_SI(piece) or (isinstance(piece, Interface) and any(map(in_SI, beside)))):
        return
    for key in keys:
        if key in OWN_NUMBERS and (value := getattr(piece, key, None)) is not None:
            quantity, what = OWN_NUMBERS[key]
            notice(quantity, f"{what} of {_called(piece)}", value)


def _called(piece: Any) -> str:
    article, kind = ("an", "interface") if isinstance(piece, Interface) else ("a", "layer")
    return f"{kind} {piece.name!r}" if piece.name else f"{article} {kind}"


def short(piece: Piece | Superconductor) -> str:
    """Name a piece in a message: the class, and what it is made of or called."""
    if isinstance(piece, Reservoir | SpinBlocking | SpinSource):
        return f"{type(piece).__name__}({'...' if drive_of(piece) is not None else ''})"
    kind = type(piece).__name__
    if isinstance(piece, Interface | Superconductor):
        one = np.ndim(piece.resistance) == 0
        return f"{kind}({piece.name or f'{piece.resistance:g}'})" if one else kind
    kind = type(piece.material).__name__
    name = piece.name or piece.material.name or kind
    return f"Lead({name})" if isinstance(piece, Lead) else name


def drive_of(piece: object) -> FloatArray | None:
    """Return what drives spin at an end, shape (..., 3): a given mu_s or j_s; None if none is."""
    found: FloatArray | None = getattr(piece, "drive", None)
    return found


def shapes_of(piece: Piece) -> frozenset[tuple[int, ...]]:
    """Return the shapes of the numbers of a piece that are arrays; of m without its last axis."""
    shapes = number_shapes(piece)
    if isinstance(piece, METALLIC) and piece.m is not None and piece.m.ndim > 1:
        shapes = shapes | {piece.m.shape[:-1]}
    return shapes


def number_shapes(piece: Piece) -> frozenset[tuple[int, ...]]:
    """Return the shapes of all numbers of a piece that are arrays but m."""
    numbers: tuple[Any, ...] = ()
    if isinstance(piece, Interface):
        shapes, numbers = SCALAR, tuple(getattr(piece, key) for key in INTERFACE_KEYS)
    elif isinstance(piece, METALLIC):
        shapes = piece.material.shapes
        if isinstance(piece, Layer):
            numbers = (piece.thickness,)
    else:
        drive = drive_of(piece)
        return SCALAR if drive is None or drive.ndim == 1 else frozenset({drive.shape[:-1]})
    for number in numbers:
        if isinstance(number, np.ndarray):
            shapes = shapes | {number.shape}
    return shapes
