"""Several points side by side: numbers of numba's that are as many doubles, one in each lane.

Elementwise functions compile for them as for floats; one instruction then serves several points,
and each lane has what a float would have, to the bit. Importing this module teaches numba the two
types, `Lanes` and, of the outcome of comparisons, `Mask`; `numbers_of` makes sequences of them of
arrays.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, register_model

WIDTH = 4
"""Lanes: what the registers of most processors hold."""
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


def _call(name: str, operands: int) -> Any:
    """Return what builds a call of an operation of LLVM's."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * operands)

    def build(builder: Any, *values: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{SUFFIX}")
        return builder.call(function, values)

    return build


for _function, _name in (
    (operator.add, "fadd"),
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
_define(abs, 1, Lanes, _call("fabs", 1))
_define(operator.and_, 2, Mask, lambda builder, a, b: builder.and_(a, b), Mask)
_define(operator.or_, 2, Mask, lambda builder, a, b: builder.or_(a, b), Mask)


@intrinsic
def fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""
    build = _call("fma", 3)

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return build(builder, *values)

    return Lanes(Lanes, Lanes, Lanes), body


@intrinsic
def square_root(_context: Any, _x: Any) -> Any:
    """The square root."""
    build = _call("sqrt", 1)

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return build(builder, *values)

    return Lanes(Lanes), body


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


# --- sequences ----------------------------------------------------------------------------------


class NumbersType(types.Type):
    """Sequences of lanes: an array over points on its last axis, or of what all lanes have."""

    def __init__(self, array: Any, same: bool) -> None:
        self.array, self.same = array, same
        self.depth = array.ndim if same else array.ndim - 1
        super().__init__(name=f"Numbers({array}, {same})")

    @property
    def row(self) -> NumbersType:
        """Of what is at one place."""
        return NumbersType(self.array.copy(ndim=self.array.ndim - 1), self.same)


@register_model(NumbersType)
class _NumbersModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("array", kind.array), ("point", types.intp)])


def _made(context: Any, builder: Any, kind: Any, array: Any, point: Any) -> Any:
    """Return numbers of an array from a point on."""
    made = cgutils.create_struct_proxy(kind)(context, builder)
    made.array, made.point = array, point
    return made._getvalue()


def _wrapper(array: Any, same: bool, *others: Any) -> tuple[Any, Any]:
    """Return what makes numbers of an array, for `intrinsic`."""
    kind = NumbersType(array, same)

    def body(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        context.nrt.incref(builder, array, values[0])
        point = context.get_constant(types.intp, 0) if same else values[1]
        return _made(context, builder, kind, values[0], point)

    return kind(array, *others), body


@intrinsic
def points_at(_context: Any, array: Any, i: Any) -> Any:
    """A sequence of lanes: of an array over points on its last axis, those from i on."""
    return _wrapper(array, False, i)


@intrinsic
def same_for_all(_context: Any, array: Any) -> Any:
    """A sequence of what is the same in all lanes, of an array."""
    return _wrapper(array, True)


@lower_builtin(len, NumbersType)
def _length(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    numbers = cgutils.create_struct_proxy(signature.args[0])(context, builder, values[0])
    array = context.make_array(signature.args[0].array)(context, builder, numbers.array)
    return builder.extract_value(array.shape, 0)


@infer_global(len)
class _Counting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        (numbers,) = kinds
        return signature(types.intp, numbers) if isinstance(numbers, NumbersType) else None


def _place(context: Any, builder: Any, kind: Any, values: Any) -> Any:
    """Return a pointer to what is in numbers at k, the second value."""
    numbers = cgutils.create_struct_proxy(kind)(context, builder, values[0])
    array = context.make_array(kind.array)(context, builder, numbers.array)
    strides = cgutils.unpack_tuple(builder, array.strides)
    offset = builder.mul(values[1], strides[0])
    if kind.same:
        return cgutils.pointer_add(builder, array.data, offset)
    # points are side by side
    offset = builder.add(offset, builder.mul(numbers.point, context.get_constant(types.intp, 8)))
    return cgutils.pointer_add(builder, array.data, offset, VECTOR.as_pointer())


@infer_global(operator.getitem)
class _Getting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        numbers, _ = kinds
        if not isinstance(numbers, NumbersType):
            return None
        return signature(Lanes if numbers.depth == 1 else numbers.row, numbers, types.intp)


@lower_builtin(operator.getitem, NumbersType, types.Integer)
def _get(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind, k = signature.args
    if kind.depth > 1:
        numbers = cgutils.create_struct_proxy(kind)(context, builder, values[0])
        getting = context.get_function(operator.getitem, kind.row.array(kind.array, k))
        row = getting(builder, [numbers.array, values[1]])
        return _made(context, builder, kind.row, row, numbers.point)
    found = builder.load(_place(context, builder, kind, values))
    if kind.same:
        return spread(builder, found)
    found.align = 8
    return found


@infer_global(operator.setitem)
class _Setting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        numbers, *_ = kinds
        if isinstance(numbers, NumbersType):
            return signature(types.none, numbers, types.intp, Lanes)
        return None


@lower_builtin(operator.setitem, NumbersType, types.Integer, LanesType)
def _set(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    place = _place(context, builder, signature.args[0], values)
    put = builder.store(values[2], place)
    put.align = 8
    return context.get_dummy_value()
