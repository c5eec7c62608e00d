"""The current through a sample: either way of giving it, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Number, finite
from .stack import Stack


def check_current(stack: Stack, j0: ArrayLike | None, current_density: ArrayLike | None) -> Number:
    """Return the particle current from either way of giving it; 1 if neither is.

    The stack is checked too.

    Raises
    ------
    TypeError, ValueError
        If the stack is none, both are given, a value is not a finite number, or the shape does not
        broadcast.
    """
    _check_stack(stack)
    if j0 is not None and current_density is not None:
        raise ValueError(
            f"the current must be given once, got j0={j0!r} and current_density={current_density!r}"
        )
    if current_density is not None:
        current: Number = -finite("current_density", current_density)
    else:
        current = finite("j0 (particle current)", 1.0 if j0 is None else j0)
    if isinstance(current, float):
        return current
    try:
        np.broadcast_shapes(stack.shape, current.shape)
    except ValueError:
        raise ValueError(
            f"shape of j0 must broadcast with the stack's {stack.shape}, got {current.shape}"
        ) from None
    return current


def _check_stack(stack: object) -> None:
    if not isinstance(stack, Stack):
        two = isinstance(stack, tuple)
        hint = "; a file holds both: stack, j0 = spinfem.load(path)" if two else ""
        raise TypeError(f"stack must be a Stack, got {stack!r}{hint}")
    stack.check_complete()
