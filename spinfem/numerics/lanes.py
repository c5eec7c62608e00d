"""Several points side by side: numbers of numba's that are as many doubles, one in each lane.

Elementwise functions compile for them as for floats; one instruction then serves several points,
and each lane has what a float would have, to the bit. Importing this module teaches numba the types
`Lanes` and `Mask`, of what comparisons give.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, register_model

WIDTH = 16
"""Lanes: several registers of most processors, which work on one while another waits."""
VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
CHOICE = ir.VectorType(ir.IntType(1), WIDTH)
SUFFIX = f"v{WIDTH}f64"


class LanesType(types.Type):
    """Doubles side by side."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes({WIDTH})")

    def can_convert_from(self, _context: Any, other: Any) -> Any:
        """A float, or an integer, is the same in all lanes."""
        return Conversion.safe if isinstance(other, types.Float | types.Integer) else None

    def unify(self, _context: Any, other: Any) -> Any:
        """Return what is both."""
        return self if isinstance(other, types.Float | types.Integer) else None


class MaskType(types.Type):
    """Truths side by side."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask({WIDTH})")


Lanes, Mask = LanesType(), MaskType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, CHOICE)


# --- operations ---------------------------------------------------------------------------------


def spread(builder: Any, value: Any) -> Any:
    """Return a double in all lanes."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, _index(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(one, one, zeros)


def _index(i: int) -> Any:
    return ir.Constant(ir.IntType(32), i)


@lower_cast(types.Float, LanesType)
@lower_cast(types.Integer, LanesType)
def _cast(context: Any, builder: Any, given: Any, _wanted: Any, value: Any) -> Any:
    return spread(builder, context.cast(builder, value, given, types.float64))


def _is_number(kind: Any) -> bool:
    return isinstance(kind, LanesType | types.Float | types.Integer)


def _define(function: Any, operands: int, result: Any, build: Any, given: Any = Lanes) -> None:
    """Define an operation of lanes, of as many operands, by what builds its instruction."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, kinds: Any, _named: Any) -> Any:
            fits = len(kinds) == operands and given in kinds
            if fits and all(kind == given or _is_number(kind) for kind in kinds):
                return signature(result, *[given] * operands)
            return None

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return build(builder, *values)

    infer_global(function)(Template)
    lower_builtin(function, *[given] * operands)(lower)


def _comparing(sign: str) -> Any:
    unordered = sign == "!="
    return lambda builder, a, b: (
        builder.fcmp_unordered(sign, a, b) if unordered else builder.fcmp_ordered(sign, a, b)
    )


def call(name: str, operands: int) -> Any:
    """Return what builds a call of an operation of LLVM's."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * operands)

    def build(builder: Any, *values: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{SUFFIX}")
        return builder.call(function, values)

    return build


for _function, _name in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_function, 2, Lanes, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))
for _function, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _define(_function, 2, Mask, _comparing(_sign))
_define(operator.neg, 1, Lanes, lambda builder, a: builder.fneg(a))
_define(abs, 1, Lanes, call("fabs", 1))
_define(operator.and_, 2, Mask, lambda builder, a, b: builder.and_(a, b), Mask)
_define(operator.or_, 2, Mask, lambda builder, a, b: builder.or_(a, b), Mask)


@intrinsic
def fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""
    build = call("fma", 3)

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return build(builder, *values)

    return Lanes(Lanes, Lanes, Lanes), body


@intrinsic
def square_root(_context: Any, _x: Any) -> Any:
    """The square root."""
    build = call("sqrt", 1)

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return build(builder, *values)

    return Lanes(Lanes), body


@intrinsic
def some(_context: Any, _condition: Any) -> Any:
    """Whether a condition holds in any lane."""

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        bits = builder.bitcast(values[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(Mask), body


@intrinsic
def choose(_context: Any, _condition: Any, a: Any, b: Any) -> Any:
    """A number where a condition holds, and another where it does not."""

    def body(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        condition, *numbers = values
        pair = [
            context.cast(builder, value, kind, Lanes)
            for value, kind in zip(numbers, (a, b), strict=True)
        ]
        return builder.select(condition, *pair)

    return Lanes(Mask, a, b), body
