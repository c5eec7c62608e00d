"""Complex points side by side: real parts in some lanes, imaginary parts in as many others.

Elementwise functions compile for them as for complex numbers, also together with `Lanes`, which are
real: no part that is zero is multiplied. Importing this module teaches numba the type
`ComplexLanes`; the real part of `Lanes` are they themselves.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_cast, lower_getattr
from numba.core.typeconv import Conversion
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import intrinsic, register_model

from .lanes import VECTOR, WIDTH, Lanes, LanesType, Mask, call, spread

EXPONENT = 0x7FF << 52
"""Bits of the exponent of a double; those of 2^-n follow from those of 2^n by a subtraction."""
MIRROR = 2046 << 52
BITS = ir.VectorType(ir.IntType(64), WIDTH)
PAIRS = ir.VectorType(ir.DoubleType(), 2 * WIDTH)
"""Complex numbers as memory has them."""


class ComplexLanesType(types.Type):
    """Complex numbers side by side."""

    def __init__(self) -> None:
        super().__init__(name=f"ComplexLanes({WIDTH})")

    def can_convert_from(self, _context: Any, other: Any) -> Any:
        """What is real has no imaginary part."""
        real = isinstance(other, LanesType | types.Float | types.Integer)
        return Conversion.safe if real else None

    def unify(self, _context: Any, other: Any) -> Any:
        """Return what is both."""
        return self if isinstance(other, LanesType | types.Float | types.Integer) else None


ComplexLanes = ComplexLanesType()


@register_model(ComplexLanesType)
class _ComplexLanesModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("real", Lanes), ("imag", Lanes)])


class Parts(NamedTuple):
    """Real and imaginary part of what is in lanes; the second is None of what is real."""

    real: Any
    imag: Any


def parts_of(builder: Any, kind: Any, value: Any) -> Parts:
    """Return the parts of lanes."""
    if kind == ComplexLanes:
        return Parts(builder.extract_value(value, 0), builder.extract_value(value, 1))
    return Parts(value, None)


def made_of(builder: Any, real: Any, imag: Any) -> Any:
    """Return complex lanes of their parts."""
    made = ir.Constant(ir.LiteralStructType([VECTOR, VECTOR]), ir.Undefined)
    return builder.insert_value(builder.insert_value(made, real, 0), imag, 1)


def spread_parts(builder: Any, real: Any, imag: Any) -> Any:
    """Return a complex number in all lanes."""
    return made_of(builder, spread(builder, real), spread(builder, imag))


def gathered(builder: Any, place: Any) -> Any:
    """Return complex lanes of what stands in memory, real and imaginary parts in turn."""
    found = builder.load(builder.bitcast(place, PAIRS.as_pointer()))
    found.align = 8
    parts = (
        builder.shuffle_vector(found, found, _places(range(side, 2 * WIDTH, 2))) for side in (0, 1)
    )
    return made_of(builder, *parts)


def scattered(builder: Any, value: Any, place: Any) -> None:
    """Put complex lanes into memory."""
    turns = [x for i in range(WIDTH) for x in (i, WIDTH + i)]
    both = builder.shuffle_vector(*parts_of(builder, ComplexLanes, value), _places(turns))
    builder.store(both, builder.bitcast(place, PAIRS.as_pointer())).align = 8


def _places(numbers: Any) -> Any:
    wanted = list(numbers)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(wanted)), wanted)


NOTHING = ir.Constant(VECTOR, [0.0] * WIDTH)


@lower_cast(LanesType, ComplexLanesType)
def _cast_lanes(_context: Any, builder: Any, _given: Any, _wanted: Any, value: Any) -> Any:
    return made_of(builder, value, NOTHING)


@lower_cast(types.Float, ComplexLanesType)
@lower_cast(types.Integer, ComplexLanesType)
def _cast(context: Any, builder: Any, given: Any, _wanted: Any, value: Any) -> Any:
    return made_of(builder, context.cast(builder, value, given, Lanes), NOTHING)


# --- operations ---------------------------------------------------------------------------------

Build = Callable[..., Any]


def _define(function: Any, result: Any, build: Build, operands: int = 2) -> None:
    """Define an operation of lanes, some of them complex, by what builds it of their `Parts`."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, kinds: Any, _named: Any) -> Any:
            if len(kinds) != operands or ComplexLanes not in kinds:
                return None
            own = [ComplexLanes if kind == ComplexLanes else Lanes for kind in kinds]
            known = all(
                kind == own_kind or Lanes.can_convert_from(None, kind) is not None
                for kind, own_kind in zip(kinds, own, strict=True)
            )
            return signature(result, *own) if known else None

    def lower(_context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return build(builder, *map(parts_of, [builder] * operands, signature.args, values))

    infer_global(function)(Template)
    lower_builtin(function, *[ComplexLanes] * operands)(lower)
    if operands == 2:
        lower_builtin(function, ComplexLanes, Lanes)(lower)
        lower_builtin(function, Lanes, ComplexLanes)(lower)


def _sum(builder: Any, a: Parts, b: Parts) -> Any:
    imag = builder.fadd(a.imag, b.imag) if a.imag and b.imag else a.imag or b.imag
    return made_of(builder, builder.fadd(a.real, b.real), imag)


def _difference(builder: Any, a: Parts, b: Parts) -> Any:
    if b.imag is None:
        return made_of(builder, builder.fsub(a.real, b.real), a.imag)
    imag = builder.fsub(a.imag, b.imag) if a.imag else builder.fneg(b.imag)
    return made_of(builder, builder.fsub(a.real, b.real), imag)


def _product(builder: Any, a: Parts, b: Parts) -> Any:
    if a.imag is None:
        return _product(builder, b, a)
    if b.imag is None:
        return made_of(builder, builder.fmul(a.real, b.real), builder.fmul(a.imag, b.real))
    crossed = builder.fmul(a.imag, b.real)
    return made_of(
        builder,
        _fused(builder, builder.fneg(a.imag), b.imag, builder.fmul(a.real, b.real)),
        _fused(builder, a.real, b.imag, crossed),
    )


_fused = call("fma", 3)
_root = call("sqrt", 1)
_size = call("fabs", 1)
_larger = call("maxnum", 2)


def _scale(builder: Any, a: Parts) -> Any:
    """Return 2^-n, near the inverse of the modulus: its square neither overflows nor vanishes."""
    largest = _larger(builder, _size(builder, a.real), _size(builder, a.imag))
    bits = builder.and_(builder.bitcast(largest, BITS), ir.Constant(BITS, [EXPONENT] * WIDTH))
    mirrored = builder.sub(ir.Constant(BITS, [MIRROR] * WIDTH), bits)
    return builder.bitcast(mirrored, VECTOR)


def _scaled(builder: Any, a: Parts, scale: Any) -> tuple[Parts, Any]:
    """Return a number times a scale, and the square of its modulus."""
    real, imag = builder.fmul(a.real, scale), builder.fmul(a.imag, scale)
    return Parts(real, imag), _fused(builder, real, real, builder.fmul(imag, imag))


def _quotient(builder: Any, a: Parts, b: Parts) -> Any:
    if b.imag is None:
        return made_of(builder, builder.fdiv(a.real, b.real), builder.fdiv(a.imag, b.real))
    scale = _scale(builder, b)
    own, square = _scaled(builder, b, scale)
    inverse = builder.fdiv(scale, square)
    conjugate = Parts(
        builder.fmul(own.real, inverse), builder.fneg(builder.fmul(own.imag, inverse))
    )
    return _product(builder, a, conjugate)


def _modulus(builder: Any, a: Parts) -> Any:
    scale = _scale(builder, a)
    _, square = _scaled(builder, a, scale)
    return builder.fdiv(_root(builder, square), scale)


def _same(builder: Any, a: Parts, b: Parts) -> Any:
    imag = [x or NOTHING for x in (a.imag, b.imag)]
    return builder.and_(
        builder.fcmp_ordered("==", a.real, b.real), builder.fcmp_ordered("==", *imag)
    )


def _opposite(builder: Any, a: Parts) -> Any:
    return made_of(builder, builder.fneg(a.real), builder.fneg(a.imag))


for _function, _build in (
    (operator.add, _sum),
    (operator.iadd, _sum),
    (operator.sub, _difference),
    (operator.mul, _product),
    (operator.truediv, _quotient),
):
    _define(_function, ComplexLanes, _build)
_define(operator.neg, ComplexLanes, _opposite, 1)
_define(abs, Lanes, _modulus, 1)
_define(operator.eq, Mask, _same)
_define(operator.ne, Mask, lambda builder, a, b: builder.not_(_same(builder, a, b)))


@infer_getattr
class _LanesParts(AttributeTemplate):
    key = LanesType

    def resolve_real(self, _kind: Any) -> Any:
        return Lanes


@infer_getattr
class _ComplexParts(AttributeTemplate):
    key = ComplexLanesType

    def resolve_real(self, _kind: Any) -> Any:
        return Lanes

    def resolve_imag(self, _kind: Any) -> Any:
        return Lanes


@lower_getattr(LanesType, "real")
def _real_of_lanes(_context: Any, _builder: Any, _kind: Any, value: Any) -> Any:
    return value


@lower_getattr(ComplexLanesType, "real")
def _real(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
    return builder.extract_value(value, 0)


@lower_getattr(ComplexLanesType, "imag")
def _imag(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
    return builder.extract_value(value, 1)


@intrinsic
def paired(_context: Any, _real: Any, _imag: Any) -> Any:
    """Complex lanes of their parts."""

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return made_of(builder, *values)

    return ComplexLanes(Lanes, Lanes), body


@intrinsic
def choose(_context: Any, _condition: Any, a: Any, b: Any) -> Any:
    """A complex number where a condition holds, and another where it does not."""

    def body(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        condition, *numbers = values
        one, other = (
            parts_of(builder, ComplexLanes, context.cast(builder, value, kind, ComplexLanes))
            for value, kind in zip(numbers, (a, b), strict=True)
        )
        return made_of(builder, *map(builder.select, [condition] * 2, one, other))

    return ComplexLanes(Mask, a, b), body
