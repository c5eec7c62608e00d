"""All sliders of a stack, and the stack of what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..fem.mesh import DEGREE
from ..sample.changes import METAL
from ..sample.materials import Ferromagnet, Metal
from ..sample.pieces import Interface, direction, freeze
from ..sample.stack import Stack
from ..sample.units import in_silence
from ..texts.numbers import ANGLES
from .movable import Found, is_tied, metal_of, numbers_of
from .slider import GROUPS, ROLES, Slider, frequency_slider, in_stack, slider_of


def sliders_of(stack: Stack, j0: float) -> tuple[Slider, ...]:
    """Return the sliders of a single stack and its current, in the order of their groups.

    Raises
    ------
    ValueError
        If the stack is a batch.
    """
    if stack.shape:
        raise ValueError(
            f"exploring needs a single stack, got a batch of shape {stack.shape}: take stack[i]"
        )
    metals = [metal for metal in map(metal_of, stack.pieces) if metal is not None]
    times = [float(metal.tau) for metal in metals if metal.tau is not None]
    mesh = (("degree", float(DEGREE)), ("elements", 0.0))
    found = [
        *(_slider(number, stack) for number in numbers_of(stack)),
        _slider(Found("", "j0", j0, ()), stack),
        *([frequency_slider(times, stack.units == "SI")] if len(times) == len(metals) else []),
        *(_slider(Found("", name, value, ()), stack) for name, value in mesh),
    ]
    return tuple(sorted(found, key=lambda slider: GROUPS.index(slider.group)))


def _slider(number: Found, stack: Stack) -> Slider:
    role, quantity = number.quantity, number.quantity
    if quantity == "D":
        magnetic = isinstance(metal_of(stack.pieces[number.pieces[0]]), Ferromagnet)
        role = "D of F" if magnetic else "D of N"
    return slider_of(
        ROLES[role],
        number.owner,
        number.value,
        stack.units == "SI",
        len(number.pieces) - 1 if is_tied(number, stack) else 0,
        quantity=quantity,
        pieces=number.pieces,
    )


class Sliders:
    """All sliders of a stack.

    Parameters
    ----------
    stack : Stack
        A single one.
    j0 : float
        Its particle current.
    """

    def __init__(self, stack: Stack, j0: float) -> None:
        self.stack = stack
        self.all = sliders_of(stack, j0)

    @cached_property
    def by_key(self) -> dict[str, Slider]:
        """The sliders by their keys."""
        return {slider.key: slider for slider in self.all}

    @cached_property
    def frequency(self) -> Slider | None:
        """That of the frequency of the current, if all metals have a tau."""
        return next((slider for slider in self.all if slider.quantity == "frequency"), None)

    def value(self, key: str, values: Mapping[str, float]) -> float:
        """Return what a slider says, given those that were moved."""
        return values.get(key, self.by_key[key].value)

    def of_piece(self, quantity: str, piece: int) -> Slider:
        """Return the slider of a quantity of a piece; KeyError if it has none."""
        for slider in self.all:
            if slider.quantity == quantity and piece in slider.pieces:
                return slider
        raise KeyError(quantity)

    def stack_of(self, values: Mapping[str, float]) -> Stack:
        """Return the stack in which some numbers are others; those of the rest stay to the bit.

        Raises
        ------
        ValueError
            If the numbers do not fit together.
        """
        changes: dict[int, dict[str, float]] = {}
        for key, value in values.items():
            slider = self.by_key[key]
            name = key.rpartition(".")[2]
            for i in slider.pieces:
                changes.setdefault(i, {})[slider.quantity] = in_stack(name, value)
        if not changes:
            return self.stack
        pieces: list[Any] = list(self.stack.pieces)
        metals: dict[int, Metal] = {}
        with in_silence():
            for i, change in changes.items():
                own = pieces[i]
                of_metal = {name: change[name] for name in METAL if name in change}
                if of_metal:
                    # its source does not give these numbers
                    metal = dataclasses.replace(own.material, **of_metal, source=None)
                    metals.setdefault(id(own.material), metal)
                pieces[i] = self._changed(i, own, change, metals)
            stack = Stack(pieces)
        freeze(stack, j0=self.stack.j0)
        return stack

    def _changed(
        self, i: int, piece: Any, change: Mapping[str, float], metals: Mapping[int, Metal]
    ) -> Any:
        if isinstance(piece, Interface):
            known = ("resistance", "gamma", "delta")
            new: dict[str, Any] = {name: change[name] for name in known if name in change}
            if piece.mixing is not None and {"G_r", "G_i"} & {*change}:
                mixing = complex(piece.mixing)
                real, imaginary = change.get("G_r", mixing.real), change.get("G_i", mixing.imag)
                new["mixing"] = complex(real, imaginary)
            return dataclasses.replace(piece, **new, source=None)
        new = {"material": metals.get(id(piece.material), piece.material)}
        if {*ANGLES} & {*change}:
            angles = (change.get(name, self._own_angle(name, i)) for name in ANGLES)
            new["m"] = direction(*angles)
        if "thickness" in change:
            new |= {"thickness": change["thickness"], "nodes": None}
        return dataclasses.replace(piece, **new)

    def _own_angle(self, quantity: str, piece: int) -> float:
        return self.of_piece(quantity, piece).value
