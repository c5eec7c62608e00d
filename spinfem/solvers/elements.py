"""The numbers of a stack, as arrays over its elements: what the solvers see.

The elements are the left end, the layers and the right end, so that an end is one more contact
partner and no special case. In a batch few numbers vary: they are kept apart, as they were given,
so that what does not vary is computed once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import BoolArray, FloatArray, IntArray, Number
from ..physics.bulk import stiffness
from ..physics.directions import COLLINEAR, angle
from ..sample.materials import Metal
from ..sample.pieces import METALLIC, Interface, Layer, Lead, Reservoir
from ..sample.stack import Stack
from ..sample.units import in_silence

Description = TypeVar("Description", Stack, "Elements")
Fact = TypeVar("Fact")


def remembered(f: Callable[[Description], Fact]) -> Callable[[Description], Fact]:
    """Remember what a function says of a description, in the description."""
    key = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def fact(description: Description) -> Fact:
        known = vars(description)
        if key not in known:
            known[key] = f(description)
        return cast(Fact, known[key])

    return fact


@dataclass(frozen=True, eq=False)
class Column:
    """One quantity of all elements: scalars, or vectors of 3 components."""

    fixed: FloatArray  # (n,) or (n, 3); of a number that varies, its first value
    varying: dict[int, FloatArray]  # number of the element: array as given, (...) or (..., 3)

    def of(self, row: int) -> FloatArray:
        """Return the number of one element, as given: an array if it varies."""
        return self.varying[row] if row in self.varying else self.fixed[row]

    def changed(self, numbers: Mapping[int, Number]) -> Column:
        """Return a copy with other numbers of some elements."""
        fixed = self.fixed.copy()
        varying = {k: values for k, values in self.varying.items() if k not in numbers}
        for row, number in numbers.items():
            if isinstance(number, np.ndarray) and number.ndim >= fixed.ndim:
                varying[row] = number
                number = number.reshape(-1, *fixed.shape[1:])[0]
            fixed[row] = number
        return Column(fixed, dict(sorted(varying.items())) if varying else varying)

    def dense(self, shape: tuple[int, ...]) -> FloatArray:
        """Return all numbers, shape (n, N or 1) or (n, N or 1, 3)."""
        if not self.varying:
            return self.fixed[:, None]
        points, vector = math.prod(shape), self.fixed.shape[1:]
        full = np.repeat(self.fixed[:, None], points, axis=1)
        for row, values in self.varying.items():
            full[row] = np.broadcast_to(values, shape + vector).reshape(points, *vector)
        return full


@dataclass(frozen=True, eq=False)
class Elements:
    """Numbers of the n + 2 elements of a stack.

    The dense arrays have the points of the batch, flattened, on the second axis, or one column if
    the quantity does not vary. Ends other than leads, which conduct nothing,
    have D = 0. Normal elements have p = 0, m = 0.
    """

    shape: tuple[int, ...]
    magnetic: BoolArray  # (n + 2,)
    reservoir: tuple[bool, bool]  # whether mu_s = 0 at the left, the right face
    columns: dict[str, Column]  # D, l, p, m, thickness; that of the ends is 1
    strong: BoolArray  # (n + 2,) magnetic, without exchange lengths
    joints: tuple[Interface | None, ...]  # (n + 1,)
    graded: dict[int, Metal]  # elements of which D and p are those in the middle, l is the least
    diffusion: dict[int, Number]  # beta_D where there is one; of graded metals that in the middle
    lengths: dict[int, tuple[Number, Number]]  # lambda_J, lambda_phi where they are finite
    nodes: dict[int, FloatArray]  # of the mesh that a layer comes with, from 0 to 1
    magnets: IntArray  # (f,) which elements are magnetic
    drives: dict[int, FloatArray]  # faces of the ends: mu_s of a reservoir or j_s, (..., 3)
    numbers: dict[str, int]  # of magnets that have a name: which of them it is
    groups: dict[str, tuple[int, ...]]  # elements that are one magnet
    retarded: dict[int, NDArray[Any]] = field(default_factory=dict)
    # of metals at a frequency: 1 + i omega tau, by which kappa is multiplied; l has its root
    rows: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    # what all but m comes to, by who has found it: `ports.make_row`, `_sinks`
    points: int = field(init=False)  # of the batch
    dtype: Any = field(init=False)  # what amplitudes are: float, or complex at a frequency
    resistive: dict[int, Interface] = field(init=False)  # by face; others are transparent

    def __post_init__(self) -> None:
        joints = {face: joint for face, joint in enumerate(self.joints) if joint is not None}
        object.__setattr__(self, "points", math.prod(self.shape))
        object.__setattr__(self, "dtype", complex if self.retarded else float)
        object.__setattr__(self, "resistive", joints)

    def on_nodes(self, nodes: dict[int, FloatArray]) -> Elements:
        """Return the same stack, of which these layers alone come with nodes."""
        return self._with(nodes=nodes, rows={})

    @cached_property
    def diffusion_column(self) -> Column:
        """beta_D of all elements: p where they have none of their own."""
        p = self.columns["p"]
        return p.changed(self.diffusion) if self.diffusion else p

    @cached_property
    def is_reciprocal(self) -> bool:
        """Whether beta_D is p everywhere; else dr is no heat, and has a dual field of its own."""
        p = self.columns["p"]
        return not any(
            k in self.graded or np.any(beta_D != p.of(k)) for k, beta_D in self.diffusion.items()
        )

    @cached_property
    def adjoint(self) -> Elements:
        """The same stack with both polarizations exchanged: what j0 drives is dual to dr in it.

        But for precession, which is to be reversed besides.
        """
        p = self.columns["p"]
        with in_silence():
            graded = {
                k: replace(metal, p=metal.beta_D, beta_D=metal.p) if k in self.diffusion else metal
                for k, metal in cast("dict[int, Any]", self.graded).items()
            }
        return self._with(
            columns={**self.columns, "p": self.diffusion_column},
            diffusion={k: cast(Number, p.of(k)) for k in self.diffusion},
            graded=graded,
            rows={},
        )

    @property
    def senses(self) -> tuple[int, ...]:
        """In which senses what turns about m is to be solved: else the other is the conjugate."""
        return (1, -1) if self.retarded else (1,)

    def absorbing(self, k: int) -> Any:
        """Return the factor on kappa of an element, 1 or complex, (N or 1,)."""
        return self.flat(self.retarded[k]) if k in self.retarded else 1.0

    @cached_property
    def is_plain(self) -> bool:
        """Whether there is nothing but uniform metals, strong ferromagnets, transparent faces."""
        return not (self.lengths or self.graded or self.resistive)

    def carried_over(self, stack: Stack, changed: list[int], before: Stack) -> Elements | None:
        """Return the numbers of a stack that is `before`, whose these are, but for some pieces.

        Parameters
        ----------
        stack : Stack
            The stack.
        changed : list of int
            Which of its elements are others, of the same kind; not counting interfaces.
        before : Stack
            What it was made from.

        Returns
        -------
        Elements or None
            None if they are to be collected anew.
        """
        others: dict[str, dict[int, Number]] = {}
        nodes, rows = self.nodes, {}
        for k in changed:
            old: Any = before.elements[k]
            new = stack.elements[k]
            if not isinstance(new, METALLIC):
                return None
            if old.material is not new.material and not (_is_plain(old) and _is_plain(new)):
                return None
            for key, a, b in zip(QUANTITIES, _numbers(old), _numbers(new), strict=True):
                if a is not b:
                    others.setdefault(key, {})[k] = b
            if getattr(old, "nodes", None) is not getattr(new, "nodes", None):
                nodes = _nodes(stack)
        columns = self.columns.copy()
        for key, numbers in others.items():
            columns[key] = columns[key].changed(numbers)
        turned_alone = changed and nodes is self.nodes and others.keys() <= {"m"}
        if turned_alone and (stack.shape == self.shape or before.turns_alone):
            rows = self.rows
        return self._with(
            shape=stack.shape, columns=columns, joints=stack.joints, nodes=nodes, rows=rows
        )

    def _with(self, **others: Any) -> Elements:
        """Return a copy with some other numbers; `dataclasses.replace` takes longer."""
        new, known = object.__new__(Elements), vars(self)
        vars(new).update({name: known[name] for name in GIVEN}, **others)
        new.__post_init__()
        return new

    @cached_property
    def mixing(self) -> dict[int, int]:
        """The faces with a mixing conductance, and the ferromagnet at each."""
        return {
            face: face if self.magnetic[face] else face + 1
            for face, joint in self.resistive.items()
            if joint.mixing is not None
        }

    def lets_across(self, k: int, face: int) -> bool:
        """Whether spins across m pass a face of ferromagnet k: it has exchange lengths, no mixing.

        A mixing conductance takes them up on the other side.
        """
        return k in self.lengths and face not in self.mixing

    @cached_property
    def bodies(self) -> tuple[tuple[int, ...], ...]:
        """Elements that turn as one, from left to right: of a group, or a magnet by itself."""
        return tuple(dict.fromkeys(map(self.body_of, self.magnets.tolist())))

    @cached_property
    def _grouped(self) -> dict[int, tuple[int, ...]]:
        return {k: members for members in self.groups.values() for k in members}

    def body_of(self, k: int) -> tuple[int, ...]:
        """Return the elements that turn with a magnet, itself among them."""
        return self._grouped.get(k, (k,))

    def summed(self, values: FloatArray) -> FloatArray:
        """Sum numbers of all magnets, (f, ...), to those of the `bodies`."""
        if not self.groups:
            return values
        starts = np.cumsum([0, *map(len, self.bodies[:-1])])
        total: FloatArray = np.add.reduceat(values, starts, axis=0)
        return total

    def full(self, values: FloatArray) -> FloatArray:
        """Return numbers as given for all points, shape (N,)."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    def flat(self, values: ArrayLike, components: int = 0) -> FloatArray:
        """Return numbers as given, or vectors, for all points: shape (N or 1, *components)."""
        values = cast(FloatArray, np.asarray(values))
        rest = values.shape[values.ndim - components :]
        if values.ndim == components:
            return values[None]
        return np.broadcast_to(values, self.shape + rest).reshape(-1, *rest)

    def components(self) -> tuple[Any, Any, Any]:
        """Return the components of m: rows of numbers, or of arrays as given where they vary."""
        m = self.columns["m"]
        found: list[list[Any]] = m.fixed.T.tolist()
        for k, values in m.varying.items():
            for i, row in enumerate(found):
                row[k] = values[..., i]
        return found[0], found[1], found[2]

    @cached_property
    def D(self) -> FloatArray:
        """Conductivities, shape (n + 2, N or 1), S/m."""
        return self.columns["D"].dense(self.shape)

    @cached_property
    def l(self) -> FloatArray:  # noqa: E743
        """Spin diffusion lengths, shape (n + 2, N or 1), m."""
        return self.columns["l"].dense(self.shape)

    @cached_property
    def p(self) -> FloatArray:
        """Polarizations, shape (n + 2, N or 1)."""
        return self.columns["p"].dense(self.shape)

    @cached_property
    def beta_D(self) -> FloatArray:
        """Diffusion polarizations, shape (n + 2, N or 1)."""
        return self.diffusion_column.dense(self.shape) if self.diffusion else self.p

    @cached_property
    def m(self) -> FloatArray:
        """Magnetizations, shape (n + 2, N or 1, 3)."""
        return self.columns["m"].dense(self.shape)

    @cached_property
    def thickness(self) -> FloatArray:
        """Thicknesses of the layers alone, shape (n, N or 1), m."""
        return self.columns["thickness"].dense(self.shape)[1:-1]

    def drive_kind(self, face: int) -> str:
        """Return what is given at an end, if something is: "spin_potential" or "spin_current"."""
        return "spin_potential" if self.reservoir[inwards(face)[0]] else "spin_current"

    def drive(self, face: int) -> FloatArray:
        """Return what is given at the left or the right end of the stack, (N or 1, 3)."""
        return self.flat(self.drives[face], 1)

    @property
    def lead_stiffness(self) -> FloatArray:
        """``G = D/(2 l)`` of the left and the right end, shape (2, N or 1), S/m2; eqs. (7), (8)."""
        ends = [0, -1]
        return stiffness(self.D[ends], self.l[ends])


GIVEN = tuple(number.name for number in fields(Elements) if number.init)
"""What the numbers of a stack are made from."""


def at_frequency(stack: Stack, e: Elements, frequency: Number | NDArray[Any]) -> Elements:
    """Return the numbers of a stack for amplitudes at ``exp(i omega t)``.

    Eq. (4) with the time in it is ``rho dmu_s/dt + j_s' = -kappa mu_s``, ``rho = kappa tau``: kappa
    is multiplied by ``1 + i omega tau``, and l divided by its root.

    Parameters
    ----------
    stack : Stack
        The stack, whose metals have the times.
    e : Elements
        Its numbers.
    frequency : float or array
        ``omega/2 pi``, Hz or per unit of tau; complex for the transform of what varies in time.

    Raises
    ------
    ValueError
        If a metal has no tau, or an infinite l, or the frequency does not fit the batch.
    """
    metals = {k: x.material for k, x in enumerate(stack.elements) if isinstance(x, METALLIC)}
    names = {k: repr(metal.name or metal.letter) for k, metal in metals.items()}
    for missing, what in (
        ([names[k] for k, metal in metals.items() if metal.tau is None], "tau"),
        (
            [names[k] for k, metal in metals.items() if np.isinf(metal.levels["l"]).any()],
            "a finite l",
        ),
    ):
        if missing:
            listed = " and ".join(dict.fromkeys(missing))
            raise ValueError(
                f"every metal must have {what} at a frequency (kappa tau is the paper's rho = "
                f"ds/dmu_s), got none of {listed}"
            )
    try:
        shape = np.broadcast_shapes(e.shape, np.shape(frequency))
    except ValueError:
        raise ValueError(
            f"shape of frequency must broadcast with the stack's {e.shape}, got "
            f"{np.shape(frequency)}"
        ) from None
    omega = 2 * np.pi * np.asarray(frequency)
    retarded = {k: 1 + 1j * omega * np.asarray(metal.tau) for k, metal in metals.items()}
    l = e.columns["l"]
    fixed = np.where(e.columns["D"].fixed > 0, l.fixed, 1.0).astype(complex)  # of no use in ends
    changed: dict[int, Any] = {k: l.of(k) / np.sqrt(factor) for k, factor in retarded.items()}
    columns = {**e.columns, "l": Column(fixed, {}).changed(changed)}
    return replace(e, shape=shape, columns=columns, retarded=retarded, rows={})


def inwards(face: int) -> tuple[int, float]:
    """Return at which end of a stack a face is, 0 or 1, and which way is in from there, 1 or -1."""
    return (0, 1.0) if face == 0 else (1, -1.0)


def elements_of(stack: Stack) -> Elements:
    """Return the numbers of a stack; collected once, and carried over by `Stack.replace`."""
    if stack.arrays is None:
        object.__setattr__(stack, "arrays", _collected(stack))  # it is frozen for everyone else
    return cast(Elements, stack.arrays)


def _collected(stack: Stack) -> Elements:
    rows, magnetic, graded, diffusion, lengths = [], [], {}, {}, {}
    elements = cast("tuple[Any, ...]", stack.elements)
    for k, e in enumerate(elements):
        rows.append(_numbers(e))
        is_magnet = isinstance(e, METALLIC) and e.m is not None
        magnetic.append(is_magnet)
        if is_magnet and not e.material.is_strong:
            given = (e.material.lambda_J, e.material.lambda_phi)
            lambda_J, lambda_phi = (math.inf if x is None else x for x in given)
            lengths[k] = (lambda_J, lambda_phi)
        if is_magnet and "beta_D" in e.material.levels:
            diffusion[k] = e.material.levels["beta_D"]
        if isinstance(e, METALLIC) and e.material.is_graded:
            graded[k] = e.material
    where = np.array(magnetic)
    magnets = np.flatnonzero(where)
    names = [elements[k].name for k in magnets]
    *columns, m = zip(*rows, strict=True)
    if stack.shape:
        scalars = [_column(column) for column in columns]
    else:
        scalars = [Column(fixed, {}) for fixed in np.array(columns)]
    return Elements(
        stack.shape,
        where,
        (isinstance(elements[0], Reservoir), isinstance(elements[-1], Reservoir)),
        dict(zip(QUANTITIES, (*scalars, _vectors(m)), strict=True)),
        where & [k not in lengths for k in range(where.size)] if lengths else where,
        stack.joints,
        graded,
        diffusion,
        lengths,
        _nodes(stack),
        magnets,
        {
            face: drive
            for face, end in ((0, elements[0]), (len(elements) - 2, elements[-1]))
            if (drive := getattr(end, "drive", None)) is not None
        },
        {name: i for i, name in enumerate(names) if name},
        stack.groups,
    )


ZERO = np.zeros(3)
QUANTITIES = ("D", "l", "p", "thickness", "m")
PLAIN = {"D", "l", "p"}
"""Numbers of a metal that are among them."""


def _numbers(e: Any) -> tuple[Number, Number, Number, Number, FloatArray]:
    """Return the `QUANTITIES` of an element."""
    if not isinstance(e, METALLIC):
        return 0.0, math.inf, 0.0, 1.0, ZERO
    thickness = e.thickness if isinstance(e, Layer) else 1.0
    return (*e.material.bulk, thickness, ZERO if e.m is None else e.m)


def _is_plain(e: Layer | Lead) -> bool:
    return not {*e.material.numbers} - PLAIN and not e.material.is_graded


def _nodes(stack: Stack) -> dict[int, FloatArray]:
    """Return the nodes of the layers that come with some."""
    layers = enumerate(cast("tuple[Layer, ...]", stack.elements[1:-1]), start=1)
    return {k: layer.nodes for k, layer in layers if layer.nodes is not None}


def check_plain(what: str, stack: Stack) -> None:
    """Raise ValueError for interfaces, exchange lengths, graded layers and ends that drive."""
    e = elements_of(stack)
    check_undriven(what, stack)
    if not e.is_plain:
        found = [
            name
            for name, there in (
                ("an interface", bool(e.resistive)),
                ("finite exchange lengths", bool(e.lengths)),
                ("a graded layer", bool(e.graded)),
            )
            if there
        ]
        raise ValueError(
            f"{what} must have transparent interfaces, uniform metals and strong ferromagnets "
            f"only, got {' and '.join(found)}"
        )


def check_undriven(what: str, stack: Stack) -> None:
    """Raise ValueError where mu_s or a spin current is given at an end."""
    e = elements_of(stack)
    if e.drives:
        face = min(e.drives)
        raise ValueError(
            f"{what} must be of what j0 drives alone, got a {e.drive_kind(face)} that is given at "
            f"the {('left', 'right')[inwards(face)[0]]} end"
        )


@remembered
def check_spin_sink(e: Elements) -> None:
    """Raise ValueError where a uniform mu_s is admissible everywhere and nothing absorbs it.

    Blocking ends and layers without relaxation are not enough for that: two magnetizations that
    are not collinear leave no direction to a uniform mu_s. A ferromagnet whose exchange lengths
    are all infinite admits every direction, as a normal metal does. Across its m, nothing leaves it
    by a face with a mixing conductance.
    """
    closed, absorbs = _sinks(e)
    for first, stop in closed:
        _check_closed(e, first, stop)
    if absorbs:
        return
    relaxing = ((e.thickness / e.l[1:-1]) ** 2 > 0).any(axis=0)
    sink = relaxing | (e.lead_stiffness > 0).any(axis=0)
    for joint in e.resistive.values():
        sink = sink | (e.flat(joint.delta) ** 2 > 0)
    lost = np.flatnonzero(~sink & _one_line(e))
    if lost.size:
        where = "" if e.points == 1 else f" (at point {lost[0]} of the batch)"
        raise ValueError(
            "no spin sink: a stack must absorb spin somewhere (a finite l, a Reservoir, a Lead "
            "with finite l) or have magnetizations that are not collinear; got spin-blocking ends, "
            f"l = inf in every layer and nothing but collinear magnetizations{where}"
        )


def _sinks(e: Elements) -> tuple[list[tuple[int, int]], bool]:
    """Return the `_closed_parts`, and whether an end or a layer absorbs spin at every point.

    Remembered also while magnetizations turn.
    """
    if _sinks not in e.rows:
        d, l = e.columns["thickness"], e.columns["l"]
        fixed = (k for k in range(1, d.fixed.size - 1) if k not in d.varying and k not in l.varying)
        absorbs = any(e.reservoir) or any((d.fixed[k] / l.fixed[k]) ** 2 > 0 for k in fixed)
        e.rows[_sinks] = _closed_parts(e), absorbs
    found: tuple[list[tuple[int, int]], bool] = e.rows[_sinks]
    return found


def _closed_parts(e: Elements) -> list[tuple[int, int]]:
    """Return parts that mixing conductances close: first elements, and those behind the last.

    Where all ends of a part are those of ferromagnets with exchange lengths, or of the stack.
    """
    closing = {face: k for face, k in e.mixing.items() if k in e.lengths}
    bounds = [-1, *sorted(closing), e.magnetic.size - 1]
    return [
        (left + 1, right + 1)
        for left, right in itertools.pairwise(bounds)
        if closing
        and closing.get(left, left + 1) == left + 1
        and closing.get(right, right) == right
    ]


def _check_closed(e: Elements, first: int, stop: int) -> None:
    """Raise ValueError where a uniform mu_s across m is lost in a part that is closed."""
    if (first == 0 and e.reservoir[0]) or (stop == e.magnetic.size and e.reservoir[1]):
        return
    inner = slice(max(first - 1, 0), min(stop, e.magnetic.size - 1) - 1)
    sink = ((e.thickness[inner] / e.l[1:-1][inner]) ** 2 > 0).any(axis=0)
    for k, G in zip((0, e.magnetic.size - 1), e.lead_stiffness, strict=True):
        sink = sink | ((G > 0) if first <= k < stop else False)
    for face in range(first, stop - 1):
        if face in e.resistive:
            sink = sink | (e.flat(e.resistive[face].delta) ** 2 > 0)
    one, line, confined = _lines(e, range(first, stop))
    for face, k in ((first - 1, first), (stop - 1, stop - 1)):
        if e.mixing.get(face) == k:
            along = np.abs(np.einsum("...i,...i->...", line, e.m[k]))
            one = one & (~confined | (along <= COLLINEAR))
    lost = np.flatnonzero(~sink & one)
    if lost.size:
        where = "" if e.points == 1 else f" (at point {lost[0]} of the batch)"
        raise ValueError(
            "no spin sink: what is across m must be absorbed also between mixing conductances (by "
            "a finite l, lambda_J or lambda_phi), got a ferromagnet that absorbs nothing and lets "
            f"nothing across m pass its faces{where}"
        )


def _one_line(e: Elements) -> BoolArray:
    """Whether the lines that ferromagnets confine a uniform mu_s to are all the same, (N or 1,).

    Behind mixing conductances too: on the normal side they hold it to the line.
    """
    return _lines(e, range(e.magnetic.size), {*e.mixing.values()})[0]


def _lines(
    e: Elements, elements: Iterable[int], confining: Collection[int] = ()
) -> tuple[BoolArray, FloatArray, BoolArray]:
    """Return whether ferromagnets have one line for mu_s, the line, and whether there is one."""
    same, found, line = np.array([True]), np.array([False]), np.zeros((1, 3))
    for k in elements:
        if not e.magnetic[k]:
            continue
        confines = np.array([True])
        if k in e.lengths and k not in confining:
            lambda_J, lambda_phi = (e.flat(length) for length in e.lengths[k])
            confines = np.isfinite(lambda_J) | np.isfinite(lambda_phi)
        same = same & (angle(line, e.m[k]).collinear | ~(found & confines))
        line = np.where(confines[:, None], e.m[k], line)
        found = found | confines
    return same, line, found


def _column(values: tuple[Number, ...]) -> Column:
    varying = {i: v for i, v in enumerate(values) if isinstance(v, np.ndarray)}
    if not varying:
        return Column(np.array(values, dtype=float), {})
    first = [v.flat[0] if isinstance(v, np.ndarray) else v for v in values]
    return Column(np.array(first, dtype=float), varying)


def _vectors(values: tuple[FloatArray, ...]) -> Column:
    varying = {i: v for i, v in enumerate(values) if v.ndim > 1}
    first = [v.reshape(-1, 3)[0] for v in values] if varying else values
    return Column(np.concatenate(first).reshape(-1, 3), varying)
