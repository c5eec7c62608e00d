"""Gradients: how a result changes with every number of the stack, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ._checks import FloatArray, Number, near_match, read_only
from .condensed import Condensed
from .elements import elements_of
from .general import General
from .mesh import DEGREE
from .pieces import Interface, Layer, Lead
from .sensitivity import Derivatives, of_absorbed, of_efficiencies, of_spin_resistance
from .solution import TORQUE_PER_SPIN_CURRENT, Solution
from .stack import Stack

OUTPUTS = {"spin_resistance": 0, "resistance": 0, "torque": 1, "efficiency": 2}
"""What has a gradient, and how many names of ferromagnets it takes."""
ANGLES = ("polar", "azimuth")
DEGREES = np.pi / 180


class Gradient(Mapping[str, FloatArray]):
    """Derivatives of one result with respect to all numbers of a stack.

    A mapping from names such as ``"free.thickness"`` to derivatives, in the unit of the result per
    unit of the number: what a layer or lead is called, or "left" or "right" for a lead without a
    name, and

    - `thickness`, `D`, `l`, `p`, `lambda_J`, `lambda_phi`, as far as they are numbers and finite
      (of `l` also if it is infinite: 0). Of each layer by itself: add those of all layers of a
      metal for what a change of the metal does.
    - `polar`, `azimuth`: the angles of m, per **degree**, as in `direction`.
    - of an interface, by its name or else by its neighbours, ``"F1|N1"``: `resistance` (AR*),
      `gamma`, `G_r` and `G_i` (the mixing conductance).

    Attributes
    ----------
    output : str
        What was differentiated, such as "torque of free".
    value : float or array
        The result itself, shape (..., *components); derivatives have the same shape.
    parameters : dict of float or array
        The numbers, by the same names.
    """

    def __init__(
        self,
        output: str,
        value: Number,
        parameters: dict[str, Number],
        derivatives: dict[str, FloatArray],
    ) -> None:
        self.output = output
        self.value = value
        self.parameters = parameters
        self._derivatives = derivatives

    def __getitem__(self, name: str) -> FloatArray:
        try:
            return self._derivatives[name]
        except KeyError:
            hint = near_match(str(name), self._derivatives)
            raise KeyError(f"no number of the stack is called {name!r}{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._derivatives)

    def __len__(self) -> int:
        return len(self._derivatives)

    def __repr__(self) -> str:
        return f"<Gradient of {self.output} with respect to {len(self)} numbers>"

    @property
    def logarithmic(self) -> dict[str, FloatArray]:
        """``d ln(result)/d ln(number)`` by name, and per degree ``d ln(result)/d(angle)``.

        Of a vector its length is meant: shape (...). inf or nan where the result is zero.
        """
        value = np.asarray(self.value)
        found = {}
        for name, slope in self._derivatives.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                if self.output.startswith("torque"):
                    rate = (value * slope).sum(axis=-1) / (value**2).sum(axis=-1)
                else:
                    rate = slope / value
            number = np.asarray(self.parameters[name])
            if name.rpartition(".")[2] in ANGLES:
                found[name] = np.asarray(rate)
                continue
            if number.ndim and rate.ndim > number.ndim:
                number = number[..., None]  # of an efficiency, both
            found[name] = np.asarray(np.where(np.isinf(number), 0.0, number) * rate)
        return found


def gradient_of(solution: Solution, output: str, *names: str) -> Gradient:
    """Return the gradient of a result; see `Solution.gradient`."""
    if output not in OUTPUTS:
        raise ValueError(
            f"output must be one of {', '.join(OUTPUTS)}, got {output!r}"
            f"{near_match(str(output), OUTPUTS)}"
        )
    if len(names) != OUTPUTS[output]:
        raise ValueError(
            f"the gradient of {output} must be asked for with {OUTPUTS[output]} names of "
            f"ferromagnets, got {len(names)}"
        )
    t = _transport(solution)
    current: Any = np.asarray(solution.j0)
    if output == "torque":
        value: Number = solution.torque(names[0])
        parts = of_absorbed(t, int(solution.stack.position(names[0])))
        title = f"torque of {names[0]}"
        scale = TORQUE_PER_SPIN_CURRENT * current
    elif output == "efficiency":
        value = np.stack(solution.efficiency(*names), axis=-1)
        first, second = (solution._magnet(name) for name in names)
        parts = of_efficiencies(t, min(first, second))
        parts = parts if first < second else parts[::-1]
        title = f"efficiency of {names[0]} and {names[1]}"
        scale = np.ones(())
    else:
        value = getattr(solution, output)
        parts = [of_spin_resistance(t)]
        if output == "resistance":
            _add_ohmic(parts[0], t)
        title = output.replace("_", " ")
        scale = np.ones(())
    parameters: dict[str, Number] = {}
    derivatives: dict[str, FloatArray] = {}
    for name, number, slopes in _named(solution.stack, parts):
        parameters[name] = number
        shaped = [
            np.asarray(np.broadcast_to(x.reshape(solution.stack.shape), solution.shape) * scale)
            for x in slopes
        ]
        whole = np.stack(shaped, axis=-1) if output in ("torque", "efficiency") else shaped[0]
        derivatives[name] = read_only(whole)
    return Gradient(title, value, parameters, derivatives)


def _transport(solution: Solution) -> General:
    """Return the solution as one whose dual fields are at hand."""
    transport = solution._transport
    if isinstance(transport, General):
        return transport
    if isinstance(transport, Condensed):
        return General(transport.elements, transport.degree, transport.count)
    return General(elements_of(solution.stack), DEGREE, None)


def _add_ohmic(total: Derivatives, t: General) -> None:
    """Add the derivatives of ``int dx/D_tot`` and of ``AR* (1 - gamma^2)``."""
    e, inner = t.elements, slice(1, -1)
    p = e.p[inner]
    total.thickness[inner] += t.ohmic / e.thickness
    total.D[inner] -= t.ohmic / e.D[inner]
    total.p[inner] -= t.ohmic * 2 * p / ((1 - p) * (1 + p))
    for face, joint in enumerate(e.joints):
        if joint is not None:
            resistance, gamma = e.flat(joint.resistance), e.flat(joint.gamma)
            total.add(face, "resistance", (1 - gamma) * (1 + gamma))
            if (face, "gamma") in total.other:
                total.add(face, "gamma", -2 * resistance * gamma)


def _named(
    stack: Stack, parts: list[Derivatives]
) -> Iterator[tuple[str, Number, list[FloatArray]]]:
    """Yield name, value and derivatives of every number, from left to right."""
    for k, element in enumerate(stack.elements):
        if isinstance(element, Layer | Lead):
            yield from _of_metal(_owner(stack, k), element, k, parts)
        if k < len(stack.joints) and (joint := stack.joints[k]) is not None:
            name = joint.name or f"{_owner(stack, k)}|{_owner(stack, k + 1)}"
            yield from _of_interface(name, joint, k, parts)


def _owner(stack: Stack, k: int) -> str:
    name = getattr(stack.elements[k], "name", None)
    return name or ("left" if k == 0 else "right")


def _of_metal(
    owner: str, element: Layer | Lead, k: int, parts: list[Derivatives]
) -> Iterator[tuple[str, Number, list[FloatArray]]]:
    if isinstance(element, Layer):
        yield f"{owner}.thickness", element.thickness, [x.thickness[k] for x in parts]
    for name, number in element.material.numbers.items():
        if name in ("D", "l", "p"):
            if not callable(number):
                yield f"{owner}.{name}", number, [getattr(x, name)[k] for x in parts]
        elif (k, name) in parts[0].other:
            yield f"{owner}.{name}", number, [x.other[k, name] for x in parts]
    if element.m is not None:
        x, y, z = np.moveaxis(element.m, -1, 0)
        polar = np.arctan2(np.hypot(x, y), z) / DEGREES
        azimuth = np.arctan2(y, x) / DEGREES
        rho = np.hypot(x, y)
        cosine, sine = np.cos(azimuth * DEGREES), np.sin(azimuth * DEGREES)
        ways = (
            np.stack([z * cosine, z * sine, -rho], axis=-1),
            np.stack([-y, x, 0 * z], axis=-1),
        )
        for name, angle, way in zip(ANGLES, (polar, azimuth), ways, strict=True):
            flat = way.reshape(-1, 3)
            turned = [(x.m[k] * flat).sum(axis=-1) * DEGREES for x in parts]
            yield f"{owner}.{name}", angle[()], turned


def _of_interface(
    owner: str, joint: Interface, face: int, parts: list[Derivatives]
) -> Iterator[tuple[str, Number, list[FloatArray]]]:
    mixing = np.asarray(joint.mixing if joint.mixing is not None else np.nan)
    numbers = {
        "resistance": joint.resistance,
        "gamma": joint.gamma,
        "G_r": mixing.real[()],
        "G_i": mixing.imag[()],
    }
    for name, number in numbers.items():
        if (face, name) in parts[0].other:
            yield f"{owner}.{name}", number, [x.other[face, name] for x in parts]
