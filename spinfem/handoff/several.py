"""Torques of one spacer or of both beside a free layer as one text, with what is said of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .._progress import progress_bar
from ..solution import Solution
from .quality import sentence
from .texts import TARGETS, Normal, Target, label
from .torques import NotCollinearError, SlonczewskiTorque, torque_of


class Export(NamedTuple):
    """A text for a code, and what the user is to read of it."""

    text: str
    blocks: tuple[str, ...]  # what is in it and how exact that is, one line of each
    warnings: tuple[str, ...]  # what is not exact or not in it


def exported(
    solution: Solution,
    fixed: Sequence[str],
    free: str,
    target: Target,
    *,
    normal: Normal = "z",
    allow_error: bool = False,
) -> Export:
    """Write the torques on a free layer from one fixed layer, or from those on both its sides.

    Of two, each is a block with its own name, and so is their sum if their m are collinear, as
    codes have one polarizer. A script of mumax3 holds what acts alone: the sum or, if there is
    none, custom fields, which add up. A block that its form does not take is left out beside a sum.

    Parameters
    ----------
    solution : Solution
        Of a single stack, in SI units.
    fixed : sequence of str
        One or two polarizing ferromagnets, as of `slonczewski`.
    free : str
        The layer that the torques act on.
    target : str
        One of `TARGETS`.
    normal : "x", "y" or "z", optional
        The code's axis along the stack's x. Default: z.
    allow_error : bool, optional
        Whether to write forms with errors above 5 % of the torque's maximum. Default: no.

    Raises
    ------
    ValueError
        As of `slonczewski` and of the code's form.
    """
    code = TARGETS[target]
    warnings: list[str] = []
    with progress_bar("export", None) as advance:
        torques = [torque_of(solution, name, free, advance) for name in fixed]
        total = _sum(solution, fixed, free, code.adds, warnings, advance)
    parts, written = [], []
    for torque in torques if total is None or code.block else []:
        own = code.block.format(label("_".join(torque.fixed)))
        try:
            parts.append(
                code.write(torque, normal, allow_error, own if torques[1:] else code.alone)
            )
        except ValueError as error:
            if total is None:
                raise
            warnings.append(f"left out is the torque from {torque.source} by itself: {error}")
        else:
            written.append(torque)
    if total is not None:
        own = code.alone or code.block.format(label("_".join(fixed)))
        parts.append(code.write(total, normal, allow_error, own))
        written.append(total)
    blocks = []
    for torque in written:
        quality = code.quality(torque)
        blocks.append(f"torque on {free!r} from {torque.source}. {sentence(torque, quality)}")
        if quality.worst:
            warnings.append(blocks[-1])
    warnings += _left_out(solution, torques, free)
    return Export(code.join(parts), tuple(blocks), tuple(warnings))


def _left_out(solution: Solution, torques: Sequence[SlonczewskiTorque], free: str) -> Iterator[str]:
    """Yield what is said of the other side of the free layer, if that is not exported."""
    sources = [name for torque in torques for name in torque.fixed]
    if len(sources) > 1 or not torques[0].beyond:
        return
    sides = [pair if pair[1] == free else pair[::-1] for pair in solution.spacers if free in pair]
    others = [name for name, _ in sides if name not in sources]
    (source,) = sources
    if others:
        yield (
            f"left out is the torque on {free!r} from {others[0]!r}, of the spacer on its other "
            f"side: --fixed {shlex.join([source])} --fixed {shlex.join(others)} has both"
        )
    else:
        yield (
            f"left out is the torque on {free!r} from {torques[0].beyond[0]!r} on its other side"
        )


def _sum(
    solution: Solution,
    fixed: Sequence[str],
    free: str,
    adds: bool | None,
    warnings: list[str],
    advance: Callable[[int], None],
) -> SlonczewskiTorque | None:
    """Return the sum of two torques as one; None for one alone, or if they are not collinear."""
    if len(fixed) == 1:
        return None
    try:
        return torque_of(solution, fixed, free, advance)
    except NotCollinearError as error:
        if adds is False:
            raise
        if not adds:
            warnings.append(f"there is no sum: {error}")
        return None
