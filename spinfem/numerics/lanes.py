"""Several points side by side: numbers of numba's that are as many doubles, one in each lane.

Elementwise functions compile for them as for floats; one instruction then serves several points,
and each lane has what a float would have, to the bit. Importing this module teaches numba the types
`Lanes`; `Mask`, of what comparisons give; and `NumbersType`, of sequences of lanes, which
`points_of` and `same_for_all` make of arrays.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.errors import TypingError
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


def _call(name: str, operands: int) -> Any:
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


# --- sequences ----------------------------------------------------------------------------------


POINTS, SAME = "points", "same"
"""What arrays have: points on a last axis, or as many as there are lanes, which serve all points;
what all lanes have.
"""
FLOATS, COUNTS = "floats", "counts"
"""What gives no lanes: numbers of a single point; and integers, which all points have."""
ITEMS = {FLOATS: types.float64, COUNTS: types.intp}


class NumbersType(types.Type):
    """Sequences of lanes, or of such sequences, of what arrays have.

    They point into the arrays and do not keep them, so that no references are to be counted, and
    find nothing by negative numbers.
    """

    def __init__(self, depth: int, what: str) -> None:
        self.depth, self.what = depth, what
        super().__init__(name=f"Numbers({depth}, {what})")


@register_model(NumbersType)
class _NumbersModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        members = [
            ("data", types.CPointer(ITEMS.get(kind.what, types.float64))),
            ("counts", types.UniTuple(types.intp, kind.depth)),
            ("strides", types.UniTuple(types.intp, kind.depth)),
            ("single", types.boolean),  # whether these lanes serve all points
        ]
        super().__init__(manager, kind, members)


def _kind_of(given: Any, what: str) -> Any:
    """Return the type of what is made of a type."""
    if isinstance(given, types.BaseTuple):
        kinds = [_kind_of(kind, what) for kind in given]
        return types.BaseTuple.from_types(kinds, getattr(given, "instance_class", None))
    if not isinstance(given, types.Array):
        return given
    if given.dtype == types.intp:
        return NumbersType(given.ndim, COUNTS)
    if given.dtype != types.float64:
        raise TypingError(f"numbers must be doubles, or integers, got {given}")
    if what != POINTS:
        return NumbersType(given.ndim, what)
    if given.layout != "C":
        raise TypingError(f"points must be side by side in memory, got {given}")
    return NumbersType(given.ndim - 1, what)


def _make(context: Any, builder: Any, given: Any, what: str, value: Any) -> Any:
    """Return numbers of an array, of those in a tuple, or anything else as it is."""
    kind = _kind_of(given, what)
    if isinstance(given, types.BaseTuple):
        parts = [
            _make(context, builder, part, what, builder.extract_value(value, i))
            for i, part in enumerate(given)
        ]
        return context.make_tuple(builder, kind, parts)
    if not isinstance(kind, NumbersType):
        return value
    array = context.make_array(given)(context, builder, value)
    counts, strides = (cgutils.unpack_tuple(builder, x) for x in (array.shape, array.strides))
    made = cgutils.create_struct_proxy(kind)(context, builder)
    made.data = array.data
    made.single = context.get_constant(types.boolean, 0)
    if kind.what == POINTS:
        width = context.get_constant(types.intp, WIDTH)
        made.single = builder.icmp_signed("==", counts[-1], width)
    made.counts, made.strides = (
        cgutils.pack_array(builder, x[: kind.depth]) for x in (counts, strides)
    )
    return made._getvalue()


def _making(what: str) -> Any:
    """Return the body of an intrinsic function that makes numbers."""

    def body(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _make(context, builder, signature.args[0], what, values[0])

    return body


@intrinsic
def points_of(_context: Any, numbers: Any) -> Any:
    """Sequences of lanes: of arrays, in tuples or not, with points side by side on their last axes.

    Lanes have the first points; `moved`, others. What is no array stays.
    """
    return _kind_of(numbers, POINTS)(numbers), _making(POINTS)


@intrinsic
def same_for_all(_context: Any, numbers: Any) -> Any:
    """Sequences of what is the same in all lanes: of arrays, likewise."""
    return _kind_of(numbers, SAME)(numbers), _making(SAME)


@intrinsic
def floats_of(_context: Any, numbers: Any) -> Any:
    """Sequences of floats: of arrays, likewise."""
    return _kind_of(numbers, FLOATS)(numbers), _making(FLOATS)


def _move(context: Any, builder: Any, kind: Any, value: Any, i: Any) -> Any:
    """Return numbers, of which there may be some in tuples, from point i on."""
    if isinstance(kind, types.BaseTuple):
        parts = [
            _move(context, builder, part, builder.extract_value(value, k), i)
            for k, part in enumerate(kind)
        ]
        return context.make_tuple(builder, kind, parts)
    if not isinstance(kind, NumbersType) or kind.what != POINTS:
        return value
    made = cgutils.create_struct_proxy(kind)(context, builder, value)
    size = context.get_abi_sizeof(context.get_data_type(types.float64))
    offset = builder.mul(i, context.get_constant(types.intp, size))
    none = context.get_constant(types.intp, 0)
    made.data = cgutils.pointer_add(builder, made.data, builder.select(made.single, none, offset))
    return made._getvalue()


@intrinsic
def moved(_context: Any, numbers: Any, i: Any) -> Any:
    """The same numbers, in tuples or not, from point i on."""

    def body(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _move(context, builder, signature.args[0], *values)

    return numbers(numbers, types.intp), body


@intrinsic
def from_behind(_context: Any, numbers: Any) -> Any:
    """The same sequence, the last first."""

    def body(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        made = cgutils.create_struct_proxy(numbers)(context, builder, values[0])
        last = builder.sub(
            builder.extract_value(made.counts, 0), context.get_constant(types.intp, 1)
        )
        made.data = _place(builder, made, last)
        stride = builder.neg(builder.extract_value(made.strides, 0))
        made.strides = builder.insert_value(made.strides, stride, 0)
        return made._getvalue()

    return numbers(numbers), body


@infer_global(len)
class _Counting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        (numbers,) = kinds
        return signature(types.intp, numbers) if isinstance(numbers, NumbersType) else None


@lower_builtin(len, NumbersType)
def _count(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    numbers = cgutils.create_struct_proxy(signature.args[0])(context, builder, values[0])
    return builder.extract_value(numbers.counts, 0)


@infer_global(operator.getitem)
class _Getting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        numbers, _ = kinds
        if not isinstance(numbers, NumbersType):
            return None
        if numbers.depth > 1:
            row = NumbersType(numbers.depth - 1, numbers.what)
            return signature(row, numbers, types.intp)
        return signature(ITEMS.get(numbers.what, Lanes), numbers, types.intp)


@lower_builtin(operator.getitem, NumbersType, types.Integer)
def _get(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind = signature.args[0]
    numbers = cgutils.create_struct_proxy(kind)(context, builder, values[0])
    place = _place(builder, numbers, values[1])
    if kind.depth > 1:
        row = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        row.data, row.single = place, numbers.single
        for own, whole in ("counts", numbers.counts), ("strides", numbers.strides):
            rest = cgutils.unpack_tuple(builder, whole)[1:]
            setattr(row, own, cgutils.pack_array(builder, rest))
        return row._getvalue()
    if kind.what in ITEMS:
        return builder.load(place)
    if kind.what == SAME:
        return spread(builder, builder.load(place))
    found = builder.load(builder.bitcast(place, VECTOR.as_pointer()))
    found.align = 8
    return found


def _place(builder: Any, numbers: Any, k: Any) -> Any:
    """Return a pointer to what is at k."""
    stride = builder.extract_value(numbers.strides, 0)
    return cgutils.pointer_add(builder, numbers.data, builder.mul(k, stride))


@infer_global(operator.setitem)
class _Setting(AbstractTemplate):
    def generic(self, kinds: Any, _named: Any) -> Any:
        numbers, *_ = kinds
        if not isinstance(numbers, NumbersType) or numbers.depth > 1:
            return None
        if numbers.what not in (POINTS, FLOATS):
            return None
        return signature(types.none, numbers, types.intp, ITEMS.get(numbers.what, Lanes))


@lower_builtin(operator.setitem, NumbersType, types.Integer, types.Float)
def _set_float(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    numbers = cgutils.create_struct_proxy(signature.args[0])(context, builder, values[0])
    builder.store(values[2], _place(builder, numbers, values[1]))
    return context.get_dummy_value()


@lower_builtin(operator.setitem, NumbersType, types.Integer, LanesType)
def _set(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    numbers = cgutils.create_struct_proxy(signature.args[0])(context, builder, values[0])
    place = builder.bitcast(_place(builder, numbers, values[1]), VECTOR.as_pointer())
    builder.store(values[2], place).align = 8
    return context.get_dummy_value()
