r"""Stacks whose magnetizations move, in time: implicit Runge-Kutta steps of finite elements.

A magnetization that turns carries mu_s along: what pulls at mu_s across m, a strong exchange, a
mixing conductance or finite exchange lengths, pulls it to ``V = -(hbar/|e|) m x dm/dt``, not to 0.
Tserkovnyak et al., doi:10.1103/RevModPhys.77.1375; mu_s is of moments here, whence the sign. So
conditions at faces vary, which no sum of amplitudes at frequencies knows.

Layers are condensed to their faces in every step (`layers`); half-infinite leads are responses,
``G sqrt(1 + s tau)``, by convolution quadrature (`leads`). Both are the same Runge-Kutta
method, Radau IIA. What is left are the unknowns at faces (`joints`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre

from .._checks import FloatArray
from ..constants import PUMPED_POTENTIAL
from ..fem.mesh import DEGREE
from ..physics.bulk import stiffness, total_conductivity
from ..physics.directions import apply, axial, cross, tensor
from ..sample.stack import Stack
from ..solvers.elements import Elements, elements_of
from ..solvers.ports import taken_rate
from .joints import Joints
from .layers import Condensed, Inside, condense
from .leads import Beyond, ComplexArray, Flow, Memory
from .quadrature import LEFT, NODES, A, within

Directed = Callable[[FloatArray], Stack]
"""The stack at q times, a batch."""
Current = Callable[[FloatArray], FloatArray]
"""Particle current at q times, A/m2, (q,)."""


SAMPLES = (1 - np.cos(np.pi * np.arange(8) / 7)) / 2
"""Of a step: where m is looked at for dm/dt."""
SLOPES = legendre.legval(2 * NODES - 1, 2 * legendre.legder(np.eye(8))).T @ np.linalg.inv(
    legendre.legvander(2 * SAMPLES - 1, 7)
)
"""(3, 8) Slopes at the stages of a polynomial that has values at `SAMPLES`."""


class Stages(NamedTuple):
    """What the s stages of a step make of a derivative: ``rate @ stages - past * before``."""

    rate: FloatArray  # (s, s) 1/s
    past: FloatArray  # (s,)

    @classmethod
    def of(cls, step: float | None) -> Stages:
        """Return the stages of a step; None: the one stage of what is stationary."""
        rate = np.zeros((1, 1)) if step is None else np.linalg.inv(A) / step
        return cls(rate, rate.sum(axis=1))


class Found(NamedTuple):
    """A stack at q stages, or times."""

    potential: FloatArray  # (q, 2, n + 1, 3) mu_s left and right of faces, V
    current: FloatArray  # (q, 2, n + 1, 3) j_s there, A/m2
    taken: FloatArray  # (q, 2, n + 1, 3) what magnetizations left and right of faces absorb
    inside: tuple[FloatArray, ...]  # of layers: (q, 2 + k, 3 or 1) mu_s in functions of `Inside`
    lost: tuple[FloatArray, ...]  # and what is lost and stored, over kappa
    volume: FloatArray  # (q, n + 2, 3) what magnetizations absorb inside
    current_followed: FloatArray  # (q,) j0 of stages: at a jump, that before it

    def mixed(self, after: Found, mix: FloatArray) -> Found:
        """Return what is between the last of these states and those after it; mix (t, 1 + s)."""

        def between(a: Any, b: Any) -> Any:
            if isinstance(a, tuple):
                return tuple(map(between, a, b))
            return np.tensordot(mix, np.concatenate([a[-1:], b]), 1)

        return Found(*map(between, self, after))

    @classmethod
    def joined(cls, parts: list[Found]) -> Found:
        """Return states one after the other."""

        def chained(*values: Any) -> Any:
            return (
                tuple(map(chained, *values))
                if isinstance(values[0], tuple)
                else np.concatenate(values)
            )

        return cls(*map(chained, *parts))

    def at(self, index: Any) -> Found:
        """Return some of the states."""

        def some(values: Any) -> Any:
            if isinstance(values, tuple):
                return tuple(map(some, values))
            return values[index].reshape(-1, *values.shape[1:])

        return Found(*map(some, self))


class Exchange(NamedTuple):
    """A ferromagnet with exchange lengths at q stages."""

    conducting: FloatArray  # (q, 3, 3) its D over that along m
    taken: FloatArray  # (q, 3, 3) what the magnetization takes of mu_s, over kappa
    share: FloatArray  # (q, 3, 3) of all that is lost

    @classmethod
    def of(cls, e: Elements, k: int, m: FloatArray) -> Exchange:
        """Return that of element k, directed along m, (q, 3)."""
        one = np.ones(1)
        total = total_conductivity(one, e.p[k], e.beta_D[k])  # over D
        taken = total * e.l[k] ** 2 * taken_rate(e, k)
        conducting = tensor(one, total, 0 * one, m)
        return cls(conducting, axial(0 * one, taken, m), axial(0 * one, taken / (1 + taken), m))

    def condensed(self, inside: Inside, swing: FloatArray) -> Condensed:
        """Condense a layer; swing, (q, q), is what time makes of its mass."""
        eye = np.eye(3)
        stages = np.arange(len(swing))
        whole = np.einsum("ij,ab->iajb", swing, eye)
        whole[stages, :, stages] += eye + self.taken
        conducting = np.zeros_like(whole)
        conducting[stages, :, stages] = self.conducting
        size = whole.shape[0] * 3
        return condense(inside, whole.reshape(size, size), conducting.reshape(size, size))


class MovingStack:
    """A stack whose magnetizations move.

    Parameters
    ----------
    stack : Stack
        The sample, whose metals have tau; no batch.
    nodes : dict of int to array
        Nodes of the layers' meshes, from 0 to 1.
    moving : collection of int
        Which elements' magnetizations move.
    directed : callable
        The stack at q times, a batch: of it directions alone vary.
    current : callable
        Particle current at q times, A/m2, (q,).

    Raises
    ------
    ValueError
        If a lead has exchange lengths, or as of `Joints`.
    """

    def __init__(
        self,
        stack: Stack,
        nodes: dict[int, FloatArray],
        moving: Collection[int],
        directed: Directed,
        current: Current,
    ) -> None:
        self.e = e = elements_of(stack)
        for k in {0, e.magnetic.size - 1} & e.lengths.keys():
            raise ValueError(
                "leads must be normal metals or strong ferromagnets while magnetizations move, got "
                f"finite exchange lengths in {stack.element_names[k]!r}"
            )
        self.directed, self.current = directed, current
        self.joints = Joints(e, moving)
        self.last = self.joints.last
        metals: list[Any] = [getattr(x, "material", None) for x in stack.elements]
        self.taus = [0.0 if metal is None else float(metal.tau) for metal in metals]
        self.layers = {
            k: Inside.of(metals[k], float(e.thickness[k - 1, 0]), nodes[k], DEGREE)
            for k in range(1, self.last)
        }

    @property
    def rounding(self) -> float:
        """What is lost in rounding, relative to what stacks take up: of stiff layers and faces.

        mu_s is the same on both sides of what is stiff, but for a difference that roundings hide.
        """
        e, joints = self.e, self.joints
        if any(e.reservoir):
            return 0.0
        stiffest = max(
            *(layer.stiffness[0, 0] for layer in self.layers.values()),
            *(max(law.B, abs(law.mixing or 0.0)) for law in joints.laws.values()),
            0.0,
        )
        taken = [float(self.response(k, 0.0)) for k, _ in self._leads()]
        for k in self.layers:
            slow = stiffness(e.D[k, 0], e.l[k, 0])
            taken.append(float(slow * np.tanh(e.thickness[k - 1, 0] / e.l[k, 0])))
        return float(np.finfo(float).eps * stiffest / max(taken))

    def followed(
        self, times: FloatArray, before: float, count: int, step: float
    ) -> tuple[Found, Beyond]:
        """Return the stack at some times, and what its leads have been through.

        Parameters
        ----------
        times : array
            In increasing order. Before the first one all is stationary.
        before : float
            Particle current before the first time, A/m2.
        count, step
            Number and length of the steps.
        """
        at, mix = within((times - times[0]) / step, count)
        nodes = np.append(NODES[:-1], 1 - LEFT)
        places = np.minimum(times[0] + step * (np.arange(count)[:, None] + nodes), times[-1])
        m, V = self._directions(times, count, step)
        currents = self.current(places.ravel())

        still, one = Stages.of(None), np.eye(1)
        leads = {
            k: Flow(self.response(k, 0.0).real * one, np.zeros((1, w))) for k, w in self._leads()
        }
        blank = {k: np.zeros((len(x.eigenvalues) + 2, 1)) for k, x in self.layers.items()}
        fixed = self._condensed(still)
        at_rest = elements_of(self.directed(times[:1])).m
        start = at_rest, 0 * at_rest, np.array([before])
        old, rest = self._solved(still, fixed, blank, leads, *start)

        stages, fixed = Stages.of(step), self._condensed(Stages.of(step))
        memories = {
            k: Memory(partial(self.response, k), step, count, rest[k]) for k, _ in self._leads()
        }
        found = []
        for n in range(count):
            own = slice(3 * n, 3 * n + 3)
            past = {k: x[-1] for k, x in zip(self.layers, old.inside, strict=True)}
            leads = {k: memory.flow(n) for k, memory in memories.items()}
            given = m[:, own], V[:, own], currents[own]
            new, ends = self._solved(stages, fixed, past, leads, *given)
            for k, memory in memories.items():
                memory.note(n, ends[k])
            if (wanted := at == n).any():
                found.append(old.mixed(new, mix[wanted]))
            old = new
        return Found.joined(found), Beyond(memories, at, mix)

    def _directions(
        self, times: FloatArray, count: int, step: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return m and V of all elements at all stages, (n + 2, 3 count, 3).

        dm/dt at the stages is that of the polynomial through m at `SAMPLES` of the step, so that m
        may have kinks between steps.
        """
        within_step = np.concatenate([SAMPLES[:-1], [1 - LEFT], NODES[:-1]])
        places = times[0] + step * (np.arange(count)[:, None] + within_step)
        values = elements_of(self.directed(np.minimum(places, times[-1]).ravel())).m
        if values.shape[1] == 1:
            values = np.repeat(values, places.size, axis=1)
        values = values.reshape(self.last + 1, count, within_step.size, 3)
        samples = values[:, :, : SAMPLES.size]
        m = np.concatenate([values[:, :, SAMPLES.size :], samples[:, :, -1:]], axis=2)
        changes = samples - samples[:, :, :1]  # of what stands still there are none
        V = -PUMPED_POTENTIAL * cross(m, SLOPES @ changes / step)
        return m.reshape(self.last + 1, -1, 3), V.reshape(self.last + 1, -1, 3)

    def _leads(self) -> list[tuple[int, int]]:
        """Return the leads, and how many numbers mu_s has in each."""
        width = self.joints.width
        return [(k, int(width[k])) for k in (0, self.last) if width[k]]

    def response(self, k: int, s: ComplexArray | float) -> ComplexArray:
        """Return what flows into a lead per mu_s at its face, S/m2, at complex frequencies s."""
        e = self.e
        return np.asarray(stiffness(e.D[k, 0], e.l[k, 0]) * np.sqrt(1 + s * self.taus[k]))

    def _condensed(self, stages: Stages) -> dict[int, Condensed]:
        """Return the layers in which nothing varies."""
        swings = {k: np.eye(len(stages.past)) + self.taus[k] * stages.rate for k in self.layers}
        uniform = (k for k in self.layers if k not in self.e.lengths)
        return {k: condense(self.layers[k], swings[k]) for k in uniform}

    def _solved(
        self,
        stages: Stages,
        fixed: dict[int, Condensed],
        past: dict[int, FloatArray],
        leads: dict[int, Flow],
        m: FloatArray,
        V: FloatArray,
        j0: FloatArray,
    ) -> tuple[Found, dict[int, FloatArray]]:
        """Solve the stages of a step.

        Parameters
        ----------
        stages : Stages
            What they make of derivatives.
        fixed : dict
            Layers in which nothing varies.
        past : dict
            mu_s in the layers before the step, (2 + k, 3 or 1), in functions of `Inside`.
        leads : dict
            What flows into the leads.
        m, V, j0
            As of `Joints.assemble`.

        Returns
        -------
        found : Found
            What was found at the stages.
        ends : dict
            mu_s at the faces of the leads, as they have it, (s, 3 or 1).
        """
        width, place = self.joints.width, self.joints.ends
        q, r, u = j0.size, self.joints.entries, self.joints.unknowns
        faces = self.joints.assemble(m, V, j0)
        stiff, flow = np.zeros((q, r, q, r)), np.zeros((q, r))
        layers: dict[int, tuple[Condensed, FloatArray]] = {}
        exchange = {k: Exchange.of(self.e, k, m[k]) for k in self.e.lengths}
        for k, inside in self.layers.items():
            stored = self.taus[k] * stages.past[:, None] * inside.weighed(past[k])[:, None]
            held = stored + self._driven(k, m[k], j0)
            if k in exchange:
                held += inside.total[:, None, None] * apply(exchange[k].taken, V[k])
                held = held.reshape(len(held), 3 * q, 1)
                condensed = exchange[k].condensed(inside, self.taus[k] * stages.rate)
            else:
                condensed = fixed[k]
            inflow, modes = condensed.past(inside, held)
            layers[k] = condensed, modes
            for a in (0, 1):
                flow[:, place[k, a]] = inflow[a].reshape(q, -1)
                for b in (0, 1):
                    _put(stiff, place[k, a], place[k, b], condensed.stiff[a, b])
        for k, (own, inflow) in leads.items():
            at = place[k, int(k == 0)]
            _put(stiff, at, at, own)
            flow[:, at] = inflow + (-1 if k == 0 else 1) * self.e.p[k, 0] * j0[:, None]

        ways = faces.ways
        columns = stiff.transpose(2, 0, 1, 3).reshape(q, q * r, r) @ ways
        columns = columns.reshape(q, q, r, u).transpose(1, 2, 0, 3).reshape(q, r, q * u)
        whole = (ways.swapaxes(1, 2) @ columns).reshape(q, u, q, u)
        whole[np.arange(q), :, np.arange(q)] += faces.stiff
        flow = flow + np.tensordot(stiff, faces.lift, 2)
        load = (ways.swapaxes(1, 2) @ flow[..., None])[..., 0] + faces.load
        matrix = whole.reshape(q * u, q * u)
        scale = 1 / np.sqrt(np.abs(np.diagonal(matrix)))  # faces may be of any stiffness
        solved = scale * np.linalg.solve(scale[:, None] * matrix * scale, -scale * load.ravel())
        found = np.asarray(solved, float).reshape(q, u)
        ends = (ways @ found[..., None])[..., 0]
        flow = flow + np.tensordot(stiff, ends, 2)
        ends = ends + faces.lift

        insides, losses, volume = [], [], np.zeros((q, self.last + 1, 3))
        for k, (condensed, modes) in layers.items():
            inside = self.layers[k]
            at_ends = np.stack([ends[:, place[k, a]].reshape(len(modes[0]), -1) for a in (0, 1)])
            modes = condensed.modes(inside, at_ends, modes)
            values = np.concatenate([at_ends, modes]).reshape(-1, q, width[k]).swapaxes(0, 1)
            stored = np.tensordot(stages.rate, values, 1) - stages.past[:, None, None] * past[k]
            lost = values + self.taus[k] * stored
            if k in self.e.lengths:
                pulled = values.copy()
                pulled[:, :2] -= V[k][:, None]
                pulled = pulled @ exchange[k].taken.swapaxes(-1, -2)
                lost = lost + pulled
                # less what the lattice takes of spins that follow m, all alike: that is alpha's
                alike = inside.total[:2].sum() * apply(exchange[k].share, V[k])
                volume[:, k] = np.tensordot(pulled, inside.total, (1, 0)) + alike
            insides.append(values)
            losses.append(lost)
        at_faces = self.joints.read(faces, found, flow, (m, V, j0))
        at_leads = {k: ends[:, place[k, int(k == 0)]] for k in leads}
        return Found(*at_faces, tuple(insides), tuple(losses), volume, j0), at_leads

    def _driven(self, k: int, m: FloatArray, j0: FloatArray) -> FloatArray:
        """Return what j0 drives in the functions of a layer, (2 + k, q, 3 or 1)."""
        load = self.layers[k].load[:, None] * j0
        if self.joints.width[k] == 1 or not self.e.magnetic[k]:
            return load[..., None]
        found: FloatArray = load[..., None] * m
        return found


def _put(stiff: FloatArray, rows: slice, columns: slice, block: FloatArray) -> None:
    """Put what acts on components of mu_s one by one, (s, s), or on all, (3 s, 3 s), in place."""
    q, width = len(stiff), rows.stop - rows.start
    if len(block) > q:
        stiff[:, rows, :, columns] += block.reshape(q, width, q, width)
        return
    for a, b in zip(range(rows.start, rows.stop), range(columns.start, columns.stop), strict=True):
        stiff[:, a, :, b] += block
