"""Sequences of numbers of numba's, of what arrays have: of lanes, of floats, of integers.

Importing this module teaches numba the type `NumbersType`, which `points_of`, `same_for_all` and
`floats_of` make of arrays, in tuples or not. Points are doubles, or complex: of these a lane has
real and imaginary part (`spinfem.numerics.complexlanes`).
"""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, register_model

from .complexlanes import ComplexLanes, ComplexLanesType, gathered, scattered, spread_parts
from .lanes import VECTOR, WIDTH, Lanes, LanesType, spread

POINTS, SAME = "points", "same"
"""What arrays have: points on a last axis, or as many as there are lanes, which serve all points;
what all lanes have.
"""
FLOATS = "floats"
"""What gives no lanes: numbers of a single point, or integers, which all points have."""
LANES = {types.float64: Lanes, types.complex128: ComplexLanes}
"""What several numbers are side by side."""


class NumbersType(types.Type):
    """Sequences of lanes, or of such sequences, of what arrays have.

    They point into the arrays and do not keep them, so that no references are to be counted, and
    find nothing by negative numbers.
    """

    def __init__(self, depth: int, what: str, item: Any) -> None:
        self.depth, self.what, self.item = depth, what, item
        super().__init__(name=f"Numbers({depth}, {what}, {item})")

    @property
    def each(self) -> Any:
        """What is in a sequence of numbers."""
        return self.item if self.what == FLOATS else LANES[self.item]


@register_model(NumbersType)
class _NumbersModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        members = [
            ("data", types.CPointer(kind.item)),
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
        return NumbersType(given.ndim, FLOATS, given.dtype)
    if given.dtype not in LANES:
        raise TypingError(f"numbers must be doubles, complex or integers, got {given}")
    if what != POINTS:
        return NumbersType(given.ndim, what, given.dtype)
    if given.layout != "C":
        raise TypingError(f"points must be side by side in memory, got {given}")
    return NumbersType(given.ndim - 1, what, given.dtype)


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
    size = context.get_abi_sizeof(context.get_data_type(kind.item))
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
            row = NumbersType(numbers.depth - 1, numbers.what, numbers.item)
            return signature(row, numbers, types.intp)
        return signature(numbers.each, numbers, types.intp)


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
    is_complex = kind.item == types.complex128
    if kind.what == FLOATS:
        return builder.load(place)
    if kind.what == SAME and is_complex:
        number = builder.load(place)
        return spread_parts(builder, *(builder.extract_value(number, i) for i in (0, 1)))
    if kind.what == SAME:
        return spread(builder, builder.load(place))
    if is_complex:
        return gathered(builder, place)
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
        return signature(types.none, numbers, types.intp, numbers.each)


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


@lower_builtin(operator.setitem, NumbersType, types.Integer, ComplexLanesType)
def _set_complex(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    numbers = cgutils.create_struct_proxy(signature.args[0])(context, builder, values[0])
    scattered(builder, values[2], _place(builder, numbers, values[1]))
    return context.get_dummy_value()
