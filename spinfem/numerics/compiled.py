"""The functions of this folder, compiled by numba (the extra `fast`).

Nothing is written twice: numba compiles the elementwise functions as they stand, for floats and for
lanes. Five get a body of their own: choices, whether there is any, square roots, complex numbers of
their parts, and products, whose rest is found by a fused multiplication and addition.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numba
from numba import types
from numba.core import event
from numba.extending import intrinsic, overload, register_jitable

from . import (
    complexlanes,
    doubled,
    ladder,
    lanes,
    layers,
    links,
    loads,
    motion,
    rings,
    sequences,
    turning,
)
from .complexlanes import ComplexLanes
from .ladder import Chain
from .lanes import WIDTH
from .sequences import LANES, NumbersType, floats_of, from_behind, moved, points_of, same_for_all

OPTIONS = {"error_model": "numpy"}
INLINED = (doubled, loads, rings, turning, motion)
"""Of functions whose many numbers take longer to be handed over than what is done with them."""
MODULES = (doubled, loads, links, layers, rings, ladder, turning, motion)


@intrinsic
def _fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.fma(*values)

    return types.float64(types.float64, types.float64, types.float64), body


@overload(doubled.two_product, jit_options=OPTIONS, strict=False)
def _two_product(a: Any, b: Any) -> Any:
    if a == ComplexLanes == b:
        return lambda a, b: doubled.product_of_complex(a, b)
    if a == ComplexLanes:
        return lambda a, b: doubled.product_with_real(a, b)
    if b == ComplexLanes:
        return lambda a, b: doubled.product_with_real(b, a)
    fused = lanes.fused if lanes.Lanes in (a, b) else _fused

    def body(a: Any, b: Any) -> Any:
        product = a * b
        return product, fused(a, b, -product)

    return body


@overload(doubled.pick, jit_options=OPTIONS, strict=False)
def _pick(condition: Any, a: Any, b: Any) -> Any:
    if condition == lanes.Mask and ComplexLanes in (a, b):
        return lambda condition, a, b: complexlanes.choose(condition, a, b)
    if condition == lanes.Mask:
        return lambda condition, a, b: lanes.choose(condition, a, b)
    return lambda condition, a, b: a if condition else b


@overload(doubled.some, jit_options=OPTIONS, strict=False)
def _some(condition: Any) -> Any:
    if condition == lanes.Mask:
        return lambda condition: lanes.some(condition)
    return lambda condition: condition


@overload(doubled.square_root, jit_options=OPTIONS, strict=False)
def _square_root(x: Any) -> Any:
    if x == lanes.Lanes:
        return lambda x: lanes.square_root(x)
    return lambda x: math.sqrt(x)


@overload(doubled.complex_of, jit_options=OPTIONS, strict=False)
def _complex_of(_real: Any, _imaginary: Any) -> Any:
    return lambda real, imaginary: complexlanes.paired(real, imaginary)


OWN_BODY = (
    doubled.two_product,
    doubled.pick,
    doubled.some,
    doubled.square_root,
    doubled.complex_of,
)


def _is_complex(kind: Any) -> bool:
    """Tell whether lanes, those in a tuple or in a sequence, are complex."""
    if isinstance(kind, types.BaseTuple):
        return any(map(_is_complex, kind))
    return kind == ComplexLanes or (
        isinstance(kind, NumbersType) and LANES.get(kind.item) == ComplexLanes
    )


def _put_into(function: Any, **others: Any) -> Any:
    """Return a function that is put into what calls it, of which some others are put into it.

    What a function calls is compiled with it once more: runs of free rings would be with every
    function between them and a kernel. What is called in one place is copied by that once only.
    """
    names = function.__globals__ | others
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    return numba.njit(inline="always", **OPTIONS)(copy)


_ladder = {name: _put_into(getattr(ladder, name)) for name in ("sweep", "settle")}
_sweep, _solve, _solve_between = (
    _put_into(f, **_ladder) for f in (ladder.sweep, ladder.solve, ladder.solve_between)
)
_turn = _put_into(turning.turn)
_take_up = _put_into(turning.take_up, solved=_put_into(turning.solved, **_ladder))
_velocity = _put_into(motion.velocity, turn=_turn, take_up=_take_up)
_run = _put_into(motion.run, advance=_put_into(motion.advance, velocity=_velocity))
_shaken = _put_into(motion.shaken, velocity=_velocity)


def _register_text(function: FunctionType, inlined: bool) -> None:
    """Let compiled code call a function; inlined, but for complex lanes.

    There what is done with many numbers takes longer than to hand them over, and to compile.
    """
    if not inlined:
        register_jitable(**OPTIONS)(function)
        return
    for is_complex, more in ((False, {"forceinline": True}), (True, {})):

        def text(*kinds: Any, is_complex: bool = is_complex) -> Any:
            return function if any(map(_is_complex, kinds)) == is_complex else None

        overload(function, jit_options=OPTIONS | more, strict=False)(text)


def _register() -> str:
    """Let compiled code call the functions of this folder; return a digest of their text."""
    digest = hashlib.sha256()
    for module in MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
        for thing in vars(module).values():
            own = isinstance(thing, FunctionType) and thing.__module__ == module.__name__
            if own and thing not in OWN_BODY:
                _register_text(thing, module in INLINED)
    for path in (lanes.__file__, complexlanes.__file__, sequences.__file__, __file__):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


class Kernels(NamedTuple):
    """Compiled functions; see those of the same names."""

    condense: Callable[..., None]  # `layers.condense`
    condense_across: Callable[..., None]  # `layers.condense_across`
    condense_points: Callable[..., None]  # `layers.condense_halves`, several at a time
    solve_plain: Callable[
        ..., tuple[float, float]
    ]  # `links.assemble`, `ladder.solve` and `links.pull`
    assemble: Callable[..., None]  # `links.assemble`
    solve: Callable[..., tuple[float, float]]  # `ladder.solve`
    sweep: Callable[..., None]  # `ladder.sweep`, of a whole chain
    solve_points: Callable[..., None]  # `ladder.solve_between`, several points at a time
    turn_points: Callable[..., None]  # `turning.take_up`, likewise
    run_one: Callable[..., None]  # `motion.run`, of a single point
    run_points: Callable[..., None]  # and of several at a time
    shake_points: Callable[..., None]  # `motion.shaken`, likewise
    width: int  # how many; there must not be less


class _Announcement(event.Listener):
    """Says once that numba compiles: it takes its time, and keeps what it has made."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, started: event.Event) -> None:
        """Say it, if it has not been said, and it is ours that is compiled."""
        function = getattr(started.data.get("dispatcher"), "py_func", None)
        if not self.said and getattr(function, "__module__", "").startswith(__package__):
            self.said = True
            print("spinfem: numba compiles, once on this machine; a minute", file=sys.stderr)

    def on_end(self, _event: event.Event) -> None:
        """Nothing is to be said."""


def kernels() -> Kernels:
    """Return the compiled functions; numba compiles them when they are first called."""
    event.register("numba:compile", _Announcement())
    return _kernels(_register())


def _kernels(text: str) -> Kernels:
    """Make them; `text` tells numba's cache apart what was compiled of another text."""
    compile_ = numba.njit(cache=True, nogil=True, **OPTIONS)

    @compile_
    def condense(metals, counts, modes, made):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        layers.condense(metals, counts, modes, made)

    @compile_
    def condense_across(decays, squares, counts, modes, made):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        layers.condense_across(decays, squares, counts, modes, made)

    @compile_
    def condense_points(widths, n, square, modes, made):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        h, squares, found = points_of((widths, square, made))
        end = made.shape[1]
        for block in range(0, end, WIDTH):
            i = min(block, end - WIDTH)
            port = layers.condense_halves(moved(h, i), n, moved(squares, i)[0], modes)
            here = moved(found, i)
            here[0], here[1] = port[0], port[1]

    @compile_
    def solve_plain(ports, shape, m, collinear, made, unturned, loads_, rods, pulled):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ports, shape, m, made, unturned = floats_of((ports, shape, m, made, unturned))
        loads_, rods, pulled = floats_of((loads_, rods, pulled))
        return ladder.solve_plain(ports, shape, m, collinear, made, unturned, loads_, rods, pulled)

    @compile_
    def assemble(ports, shape, m, collinear, made, unturned):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ports, shape, m, made, unturned = floats_of((ports, shape, m, made, unturned))
        ladder.assemble_tables(ports, shape, m, collinear, made, unturned)

    @compile_
    def solve(chain, amplitude, flow, found):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        rods, currents, rings_ = floats_of((amplitude, flow, found))
        return _solve(floats_of(chain), rods, currents, rings_)

    @compile_
    def sweep(chain):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        _sweep(floats_of(chain), 0, len(chain.links.B), False)

    @compile_
    def solve_points(left, window, right, edge, parts, sums, begin, end):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        before, behind, sides = same_for_all(left), same_for_all(right), same_for_all(edge)
        links_, runs = points_of(window.links), points_of(window.runs)
        own = points_of(window.loads), points_of(window.memory)
        one, two, (amplitude, flow, found) = points_of(parts)
        results = one, two, (from_behind(amplitude), from_behind(flow), found)
        found_sums = points_of(sums)
        for block in range(begin, end, WIDTH):
            i = min(block, end - WIDTH)  # the last points overlap with those before
            chain, again = Chain(moved(links_, i), moved(runs, i), *own), block > begin
            here = moved(found_sums, i)
            here[0], here[1] = _solve_between(
                before, chain, behind, sides, moved(results, i), again
            )

    @compile_
    def turn_points(skeleton, m, lifts, collinear, work, taken, responses, missed, begin, end):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        chain, room = points_of(skeleton), points_of(work)
        ways, given = points_of(m), points_of(lifts)
        driven, lifted, rest = points_of((taken, responses, missed))
        for block in range(begin, end, WIDTH):
            i = min(block, end - WIDTH)
            own, here = moved(chain, i), moved(ways, i)
            _turn(own, room, here, collinear)
            lift, response, taking = moved(given, i), moved(lifted, i), moved(driven, i)
            missing = 0.0 * here[0][0]
            for k in range(-1, len(lift)):
                is_lifted = k >= 0
                by = lift[k] if is_lifted else here
                to = response[k] if is_lifted else taking
                more = _take_up(own, room, here, by, is_lifted, to)
                missing = doubled.pick(more > missing, more, missing)
            moved(rest, i)[0] = missing

    @compile_
    def run_one(magnets, room, table, legs, y, clock, samples, tolerance, collinear, most):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        those, own, method, times = floats_of((magnets, room, table, legs))
        ways, clocks, kept = floats_of((y, clock, samples))
        _run(those, own, method, times, ways, clocks, kept, tolerance, collinear, most)

    @compile_
    def run_points(  # type: ignore[no-untyped-def]
        magnets, room, table, legs, y, clock, samples, tolerance, collinear, most, begin, end
    ):
        text  # noqa: B018
        those, own = points_of(magnets), points_of(room)
        method, times = floats_of(table), floats_of(legs)
        ways, clocks, kept = points_of(y), points_of(clock), points_of(samples)
        for i in range(begin, end, WIDTH):
            _run(
                moved(those, i),
                own,
                method,
                times,
                moved(ways, i),
                moved(clocks, i),
                moved(kept, i),
                tolerance,
                collinear,
                most,
            )

    @compile_
    def shake_points(magnets, room, y, noise, step, collinear, begin, end):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        those, own = points_of(magnets), points_of(room)
        ways, fields = points_of(y), points_of(noise)
        for i in range(begin, end, WIDTH):
            _shaken(moved(those, i), own, moved(ways, i), step, moved(fields, i), collinear)

    return Kernels(
        condense,
        condense_across,
        condense_points,
        solve_plain,
        assemble,
        solve,
        sweep,
        solve_points,
        turn_points,
        run_one,
        run_points,
        shake_points,
        WIDTH,
    )
