"""Gradients: how a result changes with every number of the stack, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .._checks import FloatArray, Number, read_only
from .._names import key_hint
from .._spelling import near_match
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem import graded
from ..fem.mesh import DEGREE
from ..physics import bulk, interfaces
from ..sample.changes import METAL_KEYS
from ..sample.materials import Metal
from ..sample.pieces import METALLIC, Interface, Layer, Lead, drive_of
from ..sample.stack import Stack
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements, at_frequency, elements_of, remembered
from ..solvers.meshed import Meshed
from ..texts.numbers import Unit, batch_note, measure, span, unit_of
from ..texts.tables import Column, Part, Readable, Table
from .amplitudes import polar_text
from .sensitivity import (
    of_absorbed,
    of_absorbed_from_ends,
    of_efficiencies,
    of_spin_resistance,
)
from .solved import SolvedStack
from .variations import OF_ALL, Derivatives, Solved, drive_names, follow_times

OUTPUTS = {"spin_resistance": 0, "resistance": 0, "torque": 1, "efficiency": 2}
"""What has a gradient, and how many names of ferromagnets it takes."""
ANGLES = ("polar", "azimuth")
FREQUENCY = "frequency"
PER_DEGREE = np.pi / 180


class Place(NamedTuple):
    """Where a number of a stack stands, and what it is."""

    k: int  # of the element; of an interface, of the face; of a group, of its first element
    quantity: str
    value: Number


class Gradient(Readable, Mapping[str, FloatArray]):
    """Derivatives of one result with respect to all numbers of a sample; `print` shows a table.

    A mapping from names such as ``"free.thickness"`` to derivatives, in the unit of the result per
    unit of the number: what a layer or lead is called, or "left" or "right" for a lead without a
    name, and

    - `thickness`, `D`, `l`, `p`, `beta_D` if a metal has one (`p` moves both if not), `lambda_J`,
      `lambda_phi`, as far as they are numbers and finite
      (of `l` also if it is infinite: 0). Of each layer by itself; what the numbers of a metal do
      is under its name, ``"Cu.l"``: the sum over all layers and leads of it. (If a layer, or one
      in a repeated cell, is called Cu as well, the name means that.)
    - `polar`, `azimuth`: the angles of m, per **degree**, as in `direction`. Layers of a group turn
      together and have these under the name of the group, ``"free.polar"``, alone.
    - of an interface, by its name or else by its neighbours, ``"F1|N1"``: `resistance` (AR*),
      `gamma`, `delta` if it has one, `G_r` and `G_i` (the mixing conductance).
    - of an end, ``"left.spin_potential_x"`` or ``"right.spin_current_z"``: the components of what
      is given there;
    - at a frequency, `tau` of every metal, and ``"frequency"`` alone, with respect to the frequency
      itself. The derivatives are complex then, of the amplitudes; tau is held when l or D moves.

    The name that something has in a repeated cell, ``"free.thickness"`` in ``cell * 15``, stands
    for all its copies: the sum over them. These, and metals, are found by their names but not
    listed; `several` tells what they stand for.

    Of a device (`spinfem.DeviceSolution.gradient`) regions stand for layers, and electrodes for
    ends. They have no thicknesses, which are the mesh's, and besides `current`, `potential` or `j0`
    of every electrode, whichever is given there.

    Attributes
    ----------
    output : str
        What was differentiated, such as "torque of free".
    value : float or array
        The result itself, shape ``(..., *components)``; derivatives have the same shape.
    """

    kind: ClassVar[str]
    """What the numbers are of."""

    def __init__(
        self, output: str, value: Number, places: Mapping[str, Place], units: str | None
    ) -> None:
        self.output, self.value = output, value
        self._places, self._units = places, units

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._places:
            if several := self._standing_for(str(name)):
                return read_only(np.array(sum(self[one] for one in several)))
            hint = self._hint(str(name))
            raise KeyError(f"no number of the {self.kind} is called {name!r}{hint}")
        return read_only(self._slope(name))

    def _slope(self, name: str) -> FloatArray:
        """Return the derivative with respect to a number, of the shape of the result."""
        raise NotImplementedError

    def _standing_for(self, name: str) -> list[str]:
        """Return the names of the numbers that another name stands for."""
        raise NotImplementedError

    def _hint(self, name: str) -> str:
        """Return what a name that nothing has could mean, for the end of a message."""
        raise NotImplementedError

    def _unit(self, result: str) -> Unit:
        """Return the unit of a result."""
        return unit_of(result, self._units)

    def _unit_of(self, quantity: str) -> Unit:
        """Return the unit of a number."""
        return unit_of(quantity, self._units)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def parameters(self) -> dict[str, Number]:
        """The numbers themselves, by the same names."""
        return {name: place.value for name, place in self._places.items()}

    def __repr__(self) -> str:
        return f"<Gradient of {self.output} with respect to {len(self)} numbers>"

    @property
    def several(self) -> dict[str, tuple[str, ...]]:
        """The numbers that another name stands for, by it: of all copies, and of all of a metal."""
        return self._together()

    def _together(self) -> dict[str, tuple[str, ...]]:
        """Return `several`."""
        raise NotImplementedError

    @property
    def logarithmic(self) -> dict[str, FloatArray]:
        """``d ln(result)/d ln(number)`` by name, and per degree ``d ln(result)/d(angle)``.

        Of a vector its length is meant: shape (...). inf or nan where the result is zero. Of an
        amplitude the real part is that of its modulus, and the imaginary part is by how much its
        phase changes, rad; of a vector, the mean of the phases of its components.
        """
        return {name: self._rate(name, slope) for name, slope in self.items()}

    def _rate(self, name: str, slope: FloatArray) -> FloatArray:
        """Return the entry of `logarithmic` that belongs to a derivative."""
        value, place = np.asarray(self.value), self._places[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.output.startswith("torque"):
                rate = (value.conj() * slope).sum(axis=-1) / (np.abs(value) ** 2).sum(axis=-1)
            else:
                rate = slope / value
            number = np.asarray(place.value)
            if place.quantity in ANGLES:
                number = np.ones(())
            elif self.output.startswith("efficiency"):
                number = number[..., None]  # both
            return np.asarray(np.where(np.isinf(number), 0.0, number) * rate)

    def _parts(self) -> list[Part]:
        kind = self.output.partition(" of ")[0].replace(" ", "_")
        unit, heads = self._unit(kind), COMPONENTS.get(kind, ("derivative",))
        rates = heads if kind == "efficiency" else ("",)

        def components(values: Any, count: int) -> list[Any]:
            return [*np.moveaxis(np.asarray(values), -1, 0)] if count > 1 else [values]

        swings = np.iscomplexobj(self.value)

        def cells(name: str) -> list[str]:
            place, slope = self._places[name], self[name]
            own = self._unit_of(place.quantity)
            rate = components(self._rate(name, slope), len(rates))
            return [
                name,
                own.after(measure(place.value, own)),
                *(cell for x in components(slope, len(heads)) for cell in _cells(x, unit.per(own))),
                unit.per(own).name,
                *(cell for x in rate for cell in _rate_cells(x)),
                "per deg" if place.quantity in ANGLES else "",
            ]

        value = [_line(x, unit) for x in components(self.value, len(heads))]
        shown = f"({', '.join(value)})" if len(value) > 1 else value[0]
        columns = [
            Column("", is_text=True),
            Column("number"),
            *(Column(text) for head in heads for text in [head, *["phase (deg)"] * swings]),
            Column("", is_text=True),
            *(
                Column(f"{text} {head}".rstrip())
                for head in rates
                for text in ["d ln/d ln", *["d phase/d ln (deg)"] * swings]
            ),
            Column("", is_text=True),
        ]
        what = "Gradient at a frequency" if swings else "Gradient"
        first = f"{what} of {self.output}: {unit.after(shown)}"
        note = batch_note(np.shape(self.value)[: -1 if len(heads) > 1 else None])
        return [first, *filter(None, [note]), Table(columns, [*self], cells)]


class StackGradient(Gradient):
    """Derivatives of one result of a stack.

    Attributes
    ----------
    terms : list of (list of Derivatives, float or array)
        What the result is the sum of, of what j0 drives and of what the ends do: derivatives of its
        components, and what these are times to be those of the result.
    """

    kind = "stack"

    def __init__(
        self,
        solution: SolvedStack,
        output: str,
        value: Number,
        parts: list[Derivatives],
        scale: Number,
        of_ends: list[Derivatives] | None = None,
        scale_of_ends: Number = 1.0,
    ) -> None:
        places = places_of(solution.stack)
        if solution.frequency is not None:
            of_all = Place(OF_ALL, FREQUENCY, solution.frequency)
            places = timed_places_of(solution.stack) | {FREQUENCY: of_all}
        super().__init__(output, value, places, solution.stack.units)
        self.terms = [(parts, scale)]
        if of_ends is not None:
            self.terms.append((of_ends, scale_of_ends))
        self._stack, self._elements = solution.stack, parts[0].elements

    def _slope(self, name: str) -> FloatArray:
        found = np.asarray(sum(self._part(name, *term) for term in self.terms))
        shape = np.shape(self.value)
        if len(shape) == 0 or found.shape[-1] == 1:
            found = np.asarray(found[..., 0])
        if found.shape != shape:
            found = np.array(np.broadcast_to(found, shape))
        return found

    def _part(self, name: str, parts: list[Derivatives], scale: Number) -> FloatArray:
        """Return what of a derivative is in some parts, components last."""
        k, quantity, _ = self._places[name]
        if quantity in ANGLES:
            way = _ways(self._elements)[ANGLES.index(quantity)][k]
            body = self._elements.body_of(k)
            slopes = [sum((part.m[i] * way).sum(axis=-1) for i in body) for part in parts]
        else:
            slopes = [part.of(k, quantity) for part in parts]
        found = np.array(slopes).T.reshape(*self._elements.shape, len(slopes))
        return np.asarray(found * np.asarray(scale)[..., None])

    def _standing_for(self, name: str) -> list[str]:
        return _several(self._stack, name, self._places)

    def _hint(self, name: str) -> str:
        return _hint(name, self._places, self._stack)

    def _together(self) -> dict[str, tuple[str, ...]]:
        return several_of(self._stack, self._places)


def _cells(value: Any, unit: Unit) -> tuple[str, ...]:
    """Write a number in a unit; of an amplitude its modulus and its phase."""
    if np.iscomplexobj(value):
        return polar_text(np.asarray(value) / unit.size, _digits)
    return (measure(value, unit, _digits),)


def _line(value: Any, unit: Unit) -> str:
    """Write the same within a line."""
    size, *phase = filter(None, _cells(value, unit))
    return f"{size} at {phase[0]} deg" if phase else size


def _rate_cells(rate: Any) -> tuple[str, ...]:
    """Write a change of a logarithm; of an amplitude that of its modulus, and of its phase."""
    if np.iscomplexobj(rate):
        return span(rate.real, _digits), span(np.degrees(rate.imag), _digits)
    return (span(rate, _digits),)


COMPONENTS = {"torque": ("x", "y", "z"), "efficiency": ("first", "second")}
"""What components of results are called; of an efficiency those of both ferromagnets as given."""


def _digits(x: float) -> str:
    return f"{x:.4g}"


def several_of(stack: Stack, places: Mapping[str, Place]) -> dict[str, tuple[str, ...]]:
    """Return the names of numbers that are found by another name together; `Gradient.several`."""
    metals = (getattr(element, "material", None) for element in stack.elements)
    owners = [name for _, name in stack.copies]
    owners += [metal.name for metal in metals if metal is not None and metal.name]
    found = {}
    for owner in dict.fromkeys(owners):
        for quantity in dict.fromkeys(place.quantity for place in places.values()):
            name = f"{owner}.{quantity}"
            several = () if name in places else tuple(_several(stack, name, places))
            if len(several) > 1:
                found[name] = several
    return found


def _several(stack: Stack, name: str, known: Mapping[str, Place]) -> list[str]:
    """Return the names of the numbers that one of a repeated cell, or of a metal, stands for."""
    owner, _, quantity = name.rpartition(".")
    places, keys = stack.several(owner)
    if keys == METAL_KEYS and quantity in ("thickness", *ANGLES):
        return []
    owners = []
    for place in places:
        piece, k = stack.pieces[place], stack.ordinals[place]
        group = getattr(piece, "group", None) if quantity in ANGLES else None
        owners.append(group or (str(piece.name) if k is None else _owner(stack, k)))  # type: ignore[union-attr]
    names = dict.fromkeys(f"{one}.{quantity}" for one in owners)
    return [one for one in names if one in known]


def _hint(name: str, known: Mapping[str, Place], stack: Stack) -> str:
    """Return what the name of a number could mean, for the end of a message."""
    if name in {FREQUENCY, *timed_places_of(stack)}:
        return ", which matters at a frequency alone"
    owner, _, quantity = name.rpartition(".")
    for group, members in stack.groups.items():
        if quantity in ANGLES and owner in (stack.element_names[k] for k in members):
            return f"; layers of group {group!r} turn together: {f'{group}.{quantity}'!r}"
    return hint_of(name, known)


def hint_of(name: str, known: Iterable[str]) -> str:
    """Return what the name of a number could mean among those that are known."""
    owner, _, quantity = name.rpartition(".")
    keys: dict[str, list[str]] = {}
    for other in known:
        keys.setdefault(other.rpartition(".")[0], []).append(other.rpartition(".")[2])
    if not owner or owner not in keys:
        return near_match(name, list(known))
    hint = key_hint(quantity, keys[owner], f"{owner}.")
    return hint or f"; those of {owner!r} are {', '.join(keys[owner])}"


def gradient_of(solution: SolvedStack, output: str, *names: str) -> StackGradient:
    """Return the gradient of a result; see `Solution.gradient`."""
    if not isinstance(output, str) or output not in OUTPUTS:
        raise ValueError(
            f"output must be one of {', '.join(OUTPUTS)}, got {output!r}"
            f"{near_match(str(output), OUTPUTS)}"
        )
    if len(names) != OUTPUTS[output]:
        raise ValueError(
            f"names of ferromagnets for a gradient of {output} must be {OUTPUTS[output]}, "
            f"got {len(names)}"
        )
    t = _transport(solution)
    scale: Number = 1.0
    of_ends = None
    if output == "torque":
        (name,) = names
        value: Number = solution.torque(name)
        members = solution.stack.members(name)
        parts = of_absorbed(t, members)
        of_ends = of_absorbed_from_ends(t, members) if t.elements.drives else None
        scale = TORQUE_PER_SPIN_CURRENT * solution.j0
    elif output == "efficiency":
        value = np.stack(solution.efficiency(*names), axis=-1)
        first, second = (solution.stack.members(name) for name in names)
        parts = of_efficiencies(t, int(np.searchsorted(t.magnets, min(first, second)[-1])))
        parts = parts if first < second else parts[::-1]
    else:
        value = getattr(solution, output)
        parts = [of_spin_resistance(t)]
        if output == "resistance":
            _add_ohmic(parts[0], t)
    _follow_times(solution, parts + (of_ends or []))
    title = " of ".join(
        [output.replace("_", " "), " and ".join(names)] if names else [output.replace("_", " ")]
    )
    return StackGradient(solution, title, value, parts, scale, of_ends, TORQUE_PER_SPIN_CURRENT)


class Change(NamedTuple):
    """How a result changes to first order, and the size of what that is the sum of."""

    total: FloatArray
    size: FloatArray  # the sum of the sizes of its parts, of which rounding is a small fraction


def differential(
    solution: SolvedStack, output: str, *names: str
) -> Callable[[Stack, Stack], list[Change]]:
    """Return how a result changes, to first order, between two neighbours of a stack.

    They may differ in anything that moves numbers of the stack, many at once:

        ``dF = sum over all numbers q of (dF/dq) dq``,

    with ``(dF/dm) . dm`` for the angles, which are no smooth numbers at the poles. Nothing is
    solved for the neighbours.

    Parameters
    ----------
    solution : Solution
        Of the stack itself, with one current.
    output, *names : str
        F, as in `Solution.gradient`.

    Returns
    -------
    callable
        Takes two stacks with the same pieces, returns dF from the first to the second and the sum
        of ``|dF/dq| |dq|``, shape (...) of the solution's stack, in the unit of F, of each of its
        components; nan where `Solution.gradient` is.
    """
    solution.check_stationary("a differential")
    gradient = gradient_of(solution, output, *names)
    shape, none = solution.stack.shape, np.zeros(solution.stack.shape)

    def change(first: Stack, second: Stack) -> list[Change]:
        steps = list(_steps(first, second))
        moved = (
            [_moved(slopes, steps, np.asarray(scale), shape) for slopes in parts]
            for parts, scale in gradient.terms
        )
        return [
            Change(sum((x.total for x in terms), none), sum((x.size for x in terms), none))
            for terms in zip(*moved, strict=True)
        ]

    return change


def _steps(first: Stack, second: Stack) -> Iterator[tuple[Place, FloatArray]]:
    """Yield the numbers that differ between two stacks, and by how much."""
    for one, other in zip(_smooth(first), _smooth(second), strict=True):
        start, stop = np.asarray(one.value), np.asarray(other.value)
        moved = start != stop  # l = inf stays what it is
        if moved.any():
            yield one, np.subtract(stop, start, where=moved, out=np.zeros(moved.shape))


def _moved(
    slopes: Derivatives,
    steps: list[tuple[Place, FloatArray]],
    scale: FloatArray,
    shape: tuple[int, ...],
) -> Change:
    """Return how one component changes by some steps."""
    total, size = np.zeros(shape), np.zeros(shape)
    for place, step in steps:
        slope = slopes.of(place.k, place.quantity)
        if place.quantity == "m":
            turns = np.any(step, axis=-1, keepdims=True)
            slope = np.where(turns, slope.reshape(*shape, 3), 0.0)
            total += (slope * step).sum(axis=-1)  # no nan where nothing turns
            size += np.linalg.norm(slope, axis=-1) * np.linalg.norm(step, axis=-1)
        else:
            part = slope.reshape(shape) * step
            total += part
            size += np.abs(part)
    return Change(total * scale, size * np.abs(scale))


def _smooth(stack: Stack) -> Iterator[Place]:
    """Yield all numbers of a stack, and each m in place of its angles."""
    yield from (place for place in places_of(stack).values() if place.quantity not in ANGLES)
    for k, element in enumerate(stack.elements):
        if isinstance(element, Layer | Lead) and element.m is not None:
            yield Place(k, "m", element.m)


def _transport(solution: SolvedStack) -> Solved:
    """Return the solution as one whose dual fields are at hand."""
    transport = solution.transport
    if isinstance(transport, Condensed) and isinstance(transport.bulk, Meshed):
        return transport
    e = elements_of(solution.stack)
    if solution.frequency is not None:
        e = at_frequency(solution.stack, e, solution.frequency)
    return Condensed(e, Meshed(e, DEGREE, None))


def _follow_times(solution: SolvedStack, parts: list[Derivatives]) -> None:
    """Make derivatives at a frequency those with l, tau and the frequency."""
    if solution.frequency is None:
        return
    elements = enumerate(solution.stack.elements)
    metals = {k: x.material for k, x in elements if isinstance(x, METALLIC)}
    times = {k: metal.tau for k, metal in metals.items() if metal.tau is not None}
    for part in parts:
        follow_times(part, times, solution.frequency)


def _add_ohmic(total: Derivatives, t: Solved) -> None:
    """Add the derivatives of ``int dx/D_tot`` and of ``AR* (1 - gamma^2)``."""
    e, inner = t.elements, slice(1, -1)
    total.thickness[inner] += t.ohmic / e.thickness
    total.D[inner] -= t.ohmic / e.D[inner]
    slopes = bulk.total_slopes(e.p[inner], e.beta_D[inner])
    by_p, by_beta_D = (-t.ohmic * slope for slope in slopes)
    has_own = np.isin(1 + np.arange(len(by_p)), list(e.diffusion))[:, None]
    total.p[inner] += np.where(has_own, 0.0, by_p + by_beta_D)
    for k in (1 + np.flatnonzero(has_own)).tolist():
        own = by_p[k - 1], by_beta_D[k - 1]
        if k in e.graded:
            own = graded.ohmic_slopes(e.graded[k], t.bulk.graded[k].nodes, e.thickness[k - 1])
        total.add_polarizations(k, *own)
    for face, joint in enumerate(e.joints):
        if joint is not None:
            resistance, gamma = e.flat(joint.resistance), e.flat(joint.gamma)
            by_resistance, by_gamma = interfaces.ohmic_slopes(resistance, gamma)
            total.add(face, "resistance", by_resistance)
            if (face, "gamma") in total.other:
                total.add(face, "gamma", by_gamma)


@remembered
def places_of(stack: Stack) -> dict[str, Place]:
    """Return where all numbers of a stack stand that matter to what is stationary, by name."""
    every = timed_places_of(stack)
    return {name: place for name, place in every.items() if place.quantity != "tau"}


@remembered
def timed_places_of(stack: Stack) -> dict[str, Place]:
    """Return where all numbers of a stack stand, by name, from left to right."""
    found: dict[str, Place] = {}
    magnetic = elements_of(stack).magnetic
    for k, element in enumerate(stack.elements):
        if isinstance(element, Layer | Lead):
            group, owner = element.group, _owner(stack, k)
            for place in _of_metal(element, k):
                if group is None or place.quantity not in ANGLES:
                    found[f"{owner}.{place.quantity}"] = place
                else:  # of its first element
                    found.setdefault(f"{group}.{place.quantity}", place)
        elif (drive := drive_of(element)) is not None:
            face = 0 if k == 0 else k - 1
            names = drive_names(elements_of(stack), face)
            for name, value in zip(names, np.moveaxis(drive, -1, 0), strict=True):
                found[f"{_owner(stack, k)}.{name}"] = Place(face, name, value[()])
        if k < len(stack.joints) and (joint := stack.joints[k]) is not None:
            owner = joint.name or f"{_owner(stack, k)}|{_owner(stack, k + 1)}"
            for place in places_at(joint, k, bool(magnetic[k : k + 2].any())):
                found[f"{owner}.{place.quantity}"] = place
    return found


def _owner(stack: Stack, k: int) -> str:
    """Name an element; a lead without a name by its side, unless something is called that."""
    name = getattr(stack.elements[k], "name", None)
    if name:
        return str(name)
    given = {getattr(piece, "name", None) for piece in (*stack.elements, *stack.joints)}
    given.update(stack.groups)
    side = "left" if k == 0 else "right"
    candidates = [side, stack.element_names[k]]
    while candidates[0] in given:
        candidates = [*candidates[1:], f"{candidates[-1]}'"]
    return candidates[0]


def _of_metal(element: Layer | Lead, k: int) -> Iterator[Place]:
    if isinstance(element, Layer):
        yield Place(k, "thickness", element.thickness)
    yield from places_in(k, element.material, element.m)


def places_in(k: int, metal: Metal, m: FloatArray | None) -> Iterator[Place]:
    """Yield the numbers of a metal, and the angles of its m."""
    for name, number in metal.numbers.items():
        finite = name == "l" or np.isfinite(number).all() if not callable(number) else False
        if finite:
            yield Place(k, name, number)
    if m is not None:
        x, y, z = np.moveaxis(m, -1, 0)
        yield Place(k, "polar", (np.arctan2(np.hypot(x, y), z) / PER_DEGREE)[()])
        yield Place(k, "azimuth", (np.arctan2(y, x) / PER_DEGREE)[()])


def places_at(joint: Interface, face: int, at_magnet: bool) -> Iterator[Place]:
    """Yield the numbers of an interface."""
    yield Place(face, "resistance", joint.resistance)
    if np.any(joint.delta):
        yield Place(face, "delta", joint.delta)
    if at_magnet:
        yield Place(face, "gamma", joint.gamma)
    if joint.mixing is not None:
        yield Place(face, "G_r", joint.mixing.real)
        yield Place(face, "G_i", joint.mixing.imag)


@remembered
def _ways(e: Elements) -> tuple[FloatArray, FloatArray]:
    """Return dm/d(polar) and dm/d(azimuth) of all elements, (n + 2, N or 1, 3), per degree."""
    return ways_of(e.m)


def ways_of(m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return dm/d(polar) and dm/d(azimuth) of unit vectors m, (..., 3) each, per degree."""
    x, y, z = np.moveaxis(m, -1, 0)
    rho = np.hypot(x, y)
    along = np.where(rho > 0, x, 1.0), np.where(rho > 0, y, 0.0)  # of azimuth 0 at the poles
    cosine, sine = (part / np.where(rho > 0, rho, 1.0) for part in along)
    polar = np.stack([z * cosine, z * sine, -rho], axis=-1)
    azimuth = np.stack([-y, x, 0 * z], axis=-1)
    return polar * PER_DEGREE, azimuth * PER_DEGREE
