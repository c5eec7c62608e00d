"""The ferromagnets of a stack or of a device: how large they are, how directed, how they turn."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

import numpy as np

from .._checks import FloatArray, listed
from ..devices.device import Device
from ..devices.functions import volume_of
from ..devices.regions import is_ferromagnetic
from ..devices.turning import TurningDevice
from ..fem.mesh import DEGREE
from ..results.solved import body_name
from ..sample.pieces import Layer
from ..sample.stack import LoadedStack, Stack, check_stack
from ..sample.units import THICKNESS, notice
from ..solver import threads_of
from ..solvers.elements import elements_of
from .magnets import Coupling
from .turning import TurningStack

Body = tuple[int, ...]
"""What turns as one: where its layers stand in `Stack.elements`; or the number of a region, or of
an electrode after all regions."""


class StackMagnets:
    """The ferromagnets of a stack.

    Attributes
    ----------
    sample : Stack
        The stack.
    shape : tuple of int
        Shape of its batch.
    bodies : tuple of tuple of int
        All of them, from left to right.
    usual_j0 : float
        j0 where none is given: no current.
    units : dict of str to str
        Of its resistance, voltage and j0.
    """

    usual_j0 = 0.0
    units: Mapping[str, str] = {"resistance": "Ohm m2", "voltage": "V", "j0": "A/m2"}

    def __init__(self, stack: Stack) -> None:
        self.sample, self.shape = stack, stack.shape
        self.bodies: tuple[Body, ...] = tuple(elements_of(stack).bodies)

    def name(self, body: Body) -> str:
        """Return the name of a magnet, or of its first layer."""
        return body_name(self.sample, body) or self.sample.element_names[body[0]]

    def volume(self, body: Body) -> Any:
        """Return the thickness of its layers without leads, m: its volume per area."""
        elements = self.sample.elements
        return sum(layer.thickness for k in body if isinstance(layer := elements[k], Layer))

    def direction(self, body: Body) -> FloatArray:
        """Return m in the stack, shape (..., 3)."""
        return elements_of(self.sample).columns["m"].of(body[0])

    def is_finite(self, body: Body) -> bool:
        """Whether no lead is in it."""
        return all(isinstance(self.sample.elements[k], Layer) for k in body)

    def body(self, name: str) -> Body:
        """Return the magnet of a name.

        Raises
        ------
        ValueError
            If nothing has that name, or it is no ferromagnet, or a layer of a group.
        """
        e, members = elements_of(self.sample), self.sample.members(name)
        if not e.magnetic[members[0]]:
            raise ValueError(f"{name!r} must be a ferromagnet, got a normal metal")
        body = e.body_of(members[0])
        if members != body:
            raise ValueError(
                f"{name!r} must be a magnet that turns by itself, got a layer of group "
                f"{body_name(self.sample, body)!r}"
            )
        return body

    def copies(self, name: str) -> Iterable[Body]:
        """Return the magnet of a name, or all copies of what has it in a repeated cell."""
        stack, e = self.sample, elements_of(self.sample)
        if places := stack.copies.get(("group", name)):
            return dict.fromkeys(e.body_of(cast(int, stack.ordinals[place])) for place in places)
        numbers = [stack.ordinals[place] for place in stack.copies.get(("name", name), ())]
        copies = [stack.element_names[k] for k in numbers if k is not None]
        return [self.body(copy) for copy in copies or [name]]

    def check_moving(self, moving: Collection[Body]) -> None:
        """Raise ValueError where moving strong magnets touch others.

        A spacer of no width would open between them, in which torques and damping diverge.
        """
        e = elements_of(self.sample)
        for left, right in itertools.pairwise(e.bodies):
            touch = right[0] == left[-1] + 1 and e.strong[left[-1]] and e.strong[right[0]]
            if touch and {left, right} & {*moving}:
                raise ValueError(
                    "ferromagnets in direct contact must move as one, got "
                    f"{self.name(left)!r} and {self.name(right)!r} by themselves: make them one "
                    "macrospin with group=, or put a thin normal layer between them"
                )
        if self.sample.units is None:  # else its layers were looked at
            for body in moving:
                notice(THICKNESS, f"thickness of {self.name(body)!r}", self.volume(body))

    def check_coupling(self, coupling: Coupling) -> None:
        """Raise ValueError if a coupling means nothing here."""


class DeviceMagnets:
    """The ferromagnets of a device, leads of electrodes too.

    Attributes
    ----------
    sample : Device
        The device.
    shape : tuple of int
        (), as of one sample.
    bodies : tuple of tuple of int
        All of them, in the order of regions, then of electrodes.
    usual_j0 : float
        j0 where none is given: all currents and potentials as they are.
    units : dict of str to str
        Of its resistance, voltage and j0, which is a multiple.
    """

    shape: tuple[int, ...] = ()
    usual_j0 = 1.0

    def __init__(self, device: Device) -> None:
        self.sample, grid = device, device.grid
        ohm = "Ohm" if grid.has_volumes else "Ohm m" if grid.is_planar else "Ohm m2"
        self.units: Mapping[str, str] = {"resistance": ohm, "voltage": "V", "j0": "1"}
        self._volumes: dict[str, float] = {}
        ends = {name: electrode.end for name, electrode in device.electrodes.items()}
        self._names = [*device.regions, *ends]
        self._ways = {name: x.m for name, x in device.regions.items() if x.is_magnet}
        self._ways |= {name: end.m for name, end in ends.items() if is_ferromagnetic(end)}  # type: ignore[union-attr]
        self.bodies: tuple[Body, ...] = tuple((self._names.index(name),) for name in self._ways)

    def name(self, body: Body) -> str:
        """Return the name of a magnet."""
        return self._names[body[0]]

    def volume(self, body: Body) -> float:
        """Return its volume, m3; m2 in a planar device, m in one dimension."""
        name = self.name(body)
        if name not in self._volumes:
            self._volumes[name] = volume_of(self.sample.grid, name)
        return self._volumes[name]

    def direction(self, body: Body) -> FloatArray:
        """Return m in the device, shape (3,)."""
        m = self._ways[self.name(body)]
        if callable(m):
            raise ValueError(
                f"m of {self.name(body)!r} must be one direction for a magnet that moves or is "
                "coupled to one, got a function"
            )
        return np.asarray(m)

    def is_finite(self, body: Body) -> bool:
        """Whether it is no lead of an electrode."""
        return self.name(body) in self.sample.regions

    def body(self, name: str) -> Body:
        """Return the magnet of a name; ValueError if there is none."""
        if name not in self._ways:
            known = listed(self._ways) if self._ways else "none"
            raise ValueError(
                f"a magnet must be a ferromagnet of the device ({known}), got {name!r}"
            )
        return (self._names.index(name),)

    def copies(self, name: str) -> Iterable[Body]:
        """Return the magnet of a name."""
        return [self.body(name)]

    def check_moving(self, moving: Collection[Body]) -> None:
        """Do nothing: whether magnets touch is checked where they turn."""

    def check_coupling(self, coupling: Coupling) -> None:
        """Raise ValueError if a coupling is one per area, as between layers."""
        for key in ("exchange", "biquadratic"):
            if np.any(getattr(coupling, key)):
                raise ValueError(
                    f"{key} of the coupling of {coupling.a!r} and {coupling.b!r} must be 0 in a "
                    "device, whose magnets have no area in common, got "
                    f"{np.asarray(getattr(coupling, key)).tolist()}"
                )


Magnets = StackMagnets | DeviceMagnets


def magnets_of(sample: Stack | LoadedStack | Device) -> Magnets:
    """Return the ferromagnets of a sample; TypeError if it is none."""
    return (
        DeviceMagnets(sample) if isinstance(sample, Device) else StackMagnets(check_stack(sample))
    )


def turning_of(
    sample: Stack | LoadedStack | Device,
    degree: int | None,
    elements: int | None,
    threads: int | None,
    moving: Iterable[Body] = (),
) -> TurningStack | TurningDevice:
    """Return a sample whose magnets turn; arguments as of `spinfem.TorqueFunction`.

    Parameters
    ----------
    sample : Stack or Device
        What turns.
    degree, elements, threads
        As of `spinfem.TorqueFunction`.
    moving : iterable of tuple of int
        Which magnets move.
    """
    if not isinstance(sample, Device):
        order = DEGREE if degree is None else degree
        return TurningStack(check_stack(sample), order, elements, threads_of(threads), moving)
    for name, value in (("elements", elements), ("threads", threads)):
        if value is not None:
            raise ValueError(f"{name} must be left out for a device, got {value!r}")
    return TurningDevice(sample, degree, moving)
