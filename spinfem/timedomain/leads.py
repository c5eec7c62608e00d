r"""Half-infinite leads in time: responses to what mu_s at their faces has been.

A lead has no equations with finitely many unknowns: ``G sqrt(1 + s tau) mu_s`` flows into it at the
complex frequency s, and ``exp(-x sqrt(1 + s tau)/l)`` of mu_s is left at a depth x. Convolution
quadrature (`quadrature`) steps both as its Runge-Kutta method steps the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray, IntArray
from .quadrature import responses

ComplexArray = NDArray[Any]
Response = Callable[[Any], ComplexArray]
"""Of an array of complex frequencies, 1/s."""


class Flow(NamedTuple):
    """What flows into a lead: ``stiff @ mu_s + flow``."""

    stiff: FloatArray  # (s, s) S/m2
    flow: FloatArray  # (s, 3 or 1) A/m2


class Memory:
    """What a half-infinite lead has of what was at its face.

    Parameters
    ----------
    response : callable
        What flows in per mu_s at complex frequencies, S/m2.
    step, count
        Length and number of steps.
    rest : array, shape (1, 3 or 1)
        mu_s at its face before the first step.
    """

    def __init__(self, response: Response, step: float, count: int, rest: FloatArray) -> None:
        self.response, self.step, self.weights = response, step, responses(response, step, count)
        self.rest, self.still = rest, response(0.0).real * rest
        self.changes = np.zeros((count, 3, rest.size))

    def flow(self, n: int) -> Flow:
        """Return what flows in step n."""
        earlier = np.einsum("nij,njc->ic", self.weights[n:0:-1], self.changes[:n])
        own = self.weights[0]
        return Flow(own, self.still + earlier - own.sum(axis=1)[:, None] * self.rest)

    def note(self, n: int, ends: FloatArray) -> None:
        """Remember what was at the face at the stages of step n, (3, 3 or 1)."""
        self.changes[n] = ends - self.rest

    def at(self, response: Response, steps: IntArray, mix: FloatArray) -> FloatArray:
        """Return another response to mu_s at the face, at times, (t, 3 or 1).

        Parameters
        ----------
        response : callable
            Per mu_s at complex frequencies.
        steps, mix
            Of the times, as of `quadrature.within`.
        """
        weights = responses(response, self.step, len(self.changes))
        still = np.broadcast_to(response(0.0).real * self.rest, (3, self.rest.size))

        def of(n: int) -> FloatArray:
            if n < 0:
                return still
            earlier = weights[n::-1], self.changes[: n + 1]
            return np.asarray(still + np.einsum("nij,njc->ic", *earlier))

        values = {n: of(n) for n in {*steps.tolist(), *(steps - 1).tolist()}}
        between = (np.concatenate([values[n - 1][-1:], values[n]]) for n in steps.tolist())
        return np.array([own @ x for own, x in zip(mix, between, strict=True)])


class Beyond(NamedTuple):
    """The leads of a stack, at some times."""

    memories: dict[int, Memory]
    steps: IntArray  # (t,)
    mix: FloatArray  # (t, 4)

    def at(self, index: Any) -> Beyond:
        """Return them at some of the times."""
        steps, mix = self.steps[index], self.mix[index].reshape(-1, self.mix.shape[1])
        return self._replace(steps=np.atleast_1d(steps), mix=mix)

    def deep(self, k: int, l: float, tau: float, depth: float) -> tuple[FloatArray, FloatArray]:
        """Return mu_s and what flows on at a depth of a lead, (t, 3 or 1) each."""
        memory = self.memories[k]

        def left(s: Any) -> ComplexArray:
            return np.asarray(np.exp(-depth / l * np.sqrt(1 + s * tau)))

        def flows(s: Any) -> ComplexArray:
            return left(s) * memory.response(s)

        mu, flow = (memory.at(response, self.steps, self.mix) for response in (left, flows))
        return mu, flow
