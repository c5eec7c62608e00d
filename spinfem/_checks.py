"""Checks of what a user gives: one clear error, or a value ready for numerics.

Every message says which quantity it is about, what is required and what was given.
"""

from __future__ import annotations

import cmath
import importlib
import math
import re
import reprlib
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]
Number = float | FloatArray
"""What a description stores for a number: a float, or a read-only array for a batch."""


def _check_plain(quantity: str, value: object) -> None:
    """Raise TypeError for what numpy would drop: masks, and labels that say what belongs together.

    Labelled arrays are known by what they have, so that nothing is imported for it.
    """
    if isinstance(value, float | int) or type(value) is np.ndarray:
        return
    if isinstance(value, list | tuple):
        for part in value:
            _check_plain(quantity, part)
        return
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{quantity} must be a number or a plain array, got a masked array, whose mask would "
            "be dropped: leave out what is masked, or give .filled(value)"
        )
    if np.size(getattr(value, "dims", ())) and hasattr(value, "values"):
        raise TypeError(
            f"{quantity} must be a number or a plain array, got {kind} with dimensions "
            f"{', '.join(map(str, getattr(value, 'dims', ())))}, which would be matched by "
            "position: give .values, with its axes where they belong"
        )
    if hasattr(value, "to_numpy") and not callable(getattr(value, "index", len)):
        raise TypeError(
            f"{quantity} must be a number or a plain array, got {kind} with an index, which would "
            "be matched by position: give .to_numpy()"
        )


def number(quantity: str, value: ArrayLike) -> Number:
    """Return a real number as a float, an array of them as a read-only array.

    Raises
    ------
    TypeError
        If `value` is not a real number or an array of real numbers, or is masked or labelled.
    """
    given: Any = value
    if isinstance(given, float):  # most are, and need no numpy
        return float(given)  # a number of numpy's is one, too
    _check_plain(quantity, value)
    kind = np.asarray(value).dtype.kind if not callable(value) else "O"
    if kind not in "iuf":
        raise TypeError(
            f"{quantity} must be a real number or an array of real numbers, "
            f"got {reprlib.repr(value)}"
        )
    array = np.array(value, dtype=float)
    if array.ndim == 0:
        return float(array)
    if array.size == 0:
        raise ValueError(f"{quantity} must not be empty, got an array of shape {array.shape}")
    array.flags.writeable = False
    return array


def _require(
    quantity: str, value: Number, valid: Any, requirement: str, at: FloatArray | None = None
) -> Number:
    """Return `value` if it is valid; written with operators, that of a float takes no numpy.

    `at`: xi of all values, for messages.
    """
    if not (valid if isinstance(valid, bool) else valid.all()):
        index = tuple(int(i) for i in np.argwhere(~np.asarray(valid))[0])
        given = f"{np.asarray(value)[index]:g}"
        if at is not None:
            given += f" at xi = {at[index]:.12g}" if index or not at.ndim else " at every xi"
        elif index:
            given += f" at index {index[0] if len(index) == 1 else index}"
        raise ValueError(f"{quantity} must be {requirement}, got {given}")
    return value


def finite(quantity: str, value: ArrayLike) -> Number:
    """Return `value` as a number; ValueError unless it is finite."""
    x: Any = number(quantity, value)
    return _require(quantity, x, abs(x) < math.inf, "finite")


def positive(
    quantity: str, value: ArrayLike, *, infinite: bool = False, at: FloatArray | None = None
) -> Number:
    """Return `value` as a number; ValueError unless it is positive (and finite, if asked)."""
    x: Any = number(quantity, value)
    if infinite:
        return _require(quantity, x, x > 0, "positive (inf is allowed)", at)
    return _require(quantity, x, (x > 0) & (x < math.inf), "positive and finite", at)


def polarization(quantity: str, value: ArrayLike, *, at: FloatArray | None = None) -> Number:
    """Return `value` as a number; ValueError unless it lies strictly between -1 and 1."""
    x: Any = number(quantity, value)
    return _require(quantity, x, abs(x) < 1, "between -1 and 1, both excluded", at)


def nonnegative(quantity: str, value: ArrayLike) -> Number:
    """Return `value` as a number; ValueError unless it is zero or positive, and finite."""
    x: Any = number(quantity, value)
    return _require(quantity, x, (x >= 0) & (x < math.inf), "zero or positive")


def conductance(quantity: str, value: ArrayLike) -> complex | NDArray[np.complex128]:
    """Return a complex number or a read-only array; ValueError unless its real part is positive."""
    if isinstance(value, float | complex) and cmath.isfinite(value) and value.real > 0:
        return complex(value)
    _check_plain(quantity, value)
    kind = np.asarray(value).dtype.kind if not callable(value) else "O"
    if kind not in "iufc":
        raise TypeError(
            f"{quantity} must be a complex number or an array of such, got {reprlib.repr(value)}"
        )
    array = np.array(value, dtype=complex)
    valid = np.isfinite(array) & (array.real > 0)
    if not valid.all():
        given = array[~valid].flat[0]
        raise ValueError(f"{quantity} must be finite with a positive real part, got {given:g}")
    if array.ndim == 0:
        return complex(array)
    array.flags.writeable = False
    return array


Profile = Callable[[FloatArray], ArrayLike]
"""A quantity over xi, the position across a layer from 0 to 1."""
_PROBES = (1 - np.cos(np.pi * np.linspace(0, 1, 65))) / 2


@dataclass(frozen=True, eq=False)
class CheckedProfile:
    """A function of xi whose values are checked wherever it is evaluated.

    Attributes
    ----------
    function : callable
        The function as given. It may have an attribute `breaks`, positions from 0 to 1 that a mesh
        must have among its nodes: where it jumps or bends, and around what is narrow.
    quantity : str
        What it is, for messages.
    check : callable
        `positive` or `polarization`.
    options : dict
        Of the check.
    """

    function: Profile
    quantity: str
    check: Callable[..., Number]
    options: dict[str, Any]

    @property
    def breaks(self) -> FloatArray:
        """Positions that a mesh must have among its nodes."""
        return breaks_of(self.function)

    def __call__(self, xi: ArrayLike) -> FloatArray:
        """Return the values at xi, a number or an array; ValueError unless all are in range."""
        xi = np.asarray(xi, dtype=float)
        found = self.function(xi)
        values = np.asarray(found)
        if values.shape not in ((), xi.shape):
            raise ValueError(
                f"{self.quantity} must return one number per xi, shape {xi.shape}, "
                f"got shape {values.shape}"
            )
        self.check(self.quantity, found, at=xi, **self.options)
        return values


def breaks_of(*values: Any) -> FloatArray:
    """Return the breaks of numbers and functions of xi, inside the layer and rising."""
    given = [np.ravel(value.breaks) for value in values if hasattr(value, "breaks")]
    found = np.unique(np.concatenate([np.zeros(0), *given]).astype(float))
    return found[(found > 0) & (found < 1)]


def number_or_profile(
    check: Callable[..., Number],
    quantity: str,
    value: ArrayLike | Profile,
    *,
    of: str | None = None,
    **options: Any,
) -> Any:
    """Return a number, or a profile that gives one number per xi; errors as of `check`.

    A profile is checked in 65 places across the layer, and then wherever it is evaluated. `of` is
    the name of what it belongs to, for messages.
    """
    if not callable(value):
        return check(quantity, value, **options)
    what = f"{quantity}{f' of {of!r}' if of else ''} as a function of xi"
    if isinstance(value, CheckedProfile):
        if (value.check, value.options) == (check, options):
            return CheckedProfile(value.function, what, check, options)
        value = value.function
    profile = CheckedProfile(value, what, check, options)
    profile(_PROBES)
    return profile


def unit_vector(quantity: str, value: ArrayLike) -> FloatArray:
    """Return one or more directions, shape (..., 3), normalized and read-only.

    Raises
    ------
    TypeError
        If the components are not real numbers.
    ValueError
        If the last axis does not have length 3, or a vector is zero or not finite.
    """
    v = np.asarray(number(quantity, value))
    if v.shape == (3,) and (unit := _normalized(*v.tolist())):
        return read_only(np.array(unit))
    if v.ndim == 0 or v.shape[-1] != 3:
        raise ValueError(f"{quantity} must have 3 components on its last axis, got shape {v.shape}")
    largest = np.max(np.abs(v), axis=-1, keepdims=True)
    usable = np.isfinite(largest[..., 0]) & (largest[..., 0] > 0)
    if not usable.all():
        index = tuple(int(i) for i in np.argwhere(~usable)[0])
        raise ValueError(
            f"{quantity} must be a nonzero vector of finite numbers, got {v[index].tolist()}"
            + (f" at index {index}" if index else "")
        )
    v = v / largest  # so that squaring neither overflows nor underflows
    x, y, z = np.moveaxis(v, -1, 0)
    return read_only(v / np.sqrt(x * x + y * y + z * z)[..., None])


def spin_vector(quantity: str, value: ArrayLike) -> FloatArray:
    """Return one or more vectors of any length, shape (..., 3), read-only.

    Raises
    ------
    TypeError
        If the components are not real numbers.
    ValueError
        If the last axis does not have length 3, or a component is not finite.
    """
    v = np.array(finite(quantity, value), dtype=float)
    if v.ndim == 0 or v.shape[-1] != 3:
        raise ValueError(f"{quantity} must have 3 components on its last axis, got shape {v.shape}")
    return read_only(v)


def _normalized(x: float, y: float, z: float) -> tuple[float, float, float] | None:
    """Return one direction, normalized as `unit_vector` does it, or None if it is not usable."""
    largest = max(abs(x), abs(y), abs(z))
    if not largest > 0:
        return None
    x, y, z = x / largest, y / largest, z / largest
    length = math.sqrt(x * x + y * y + z * z)
    return (x / length, y / length, z / length) if length >= 1 else None  # nan, of inf or nan


def read_only(array: FloatArray) -> FloatArray:
    """Return an array that is kept, and so must not be changed in place."""
    array.flags.writeable = False
    return array


CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What is not seen itself, but moves or hides other text: a terminal obeys escape sequences."""


def visible(text: str) -> str:
    """Return a text with escapes in place of control characters, line breaks among them."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


LONGEST_MESSAGE = 2000
"""Characters."""


def one_line(message: str) -> str:
    """Return a message in one line, without control characters; a long one without its middle."""
    text, half = visible(" ".join(message.splitlines())), LONGEST_MESSAGE // 2
    return text if len(text) <= 2 * half else f"{text[:half]} ... {text[-half:]}"


MOST_LISTED = 12
"""Names in a message."""


def listed(names: Collection[str]) -> str:
    """Return names for a message; of many those in the middle are left out.

    >>> listed([f"F{k}" for k in range(40)])
    'F0, F1, F2, F3, F4, F5, ... 28 more ..., F34, F35, F36, F37, F38, F39'
    """
    given, half = [*names], MOST_LISTED // 2
    if len(given) > MOST_LISTED:
        given[half:-half] = [f"... {len(given) - MOST_LISTED} more ..."]
    return ", ".join(given)


def note(message: str) -> None:
    """Print a message on stderr, in one line."""
    print(one_line(message), file=sys.stderr)


def is_seen(value: object) -> bool:
    """Whether a value is a string of which something is seen."""
    return isinstance(value, str) and any(x.isprintable() and not x.isspace() for x in value)


def check_installed(what: str, command: str, *modules: str) -> None:
    """Raise ImportError, saying what to install, unless all modules can be imported.

    Parameters
    ----------
    what : str
        What needs them, for the message.
    command : str
        What installs all of them.
    *modules : str
        Their names.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ImportError(f"{what} needs {name}: {command} ({error})") from None


def label(quantity: str, value: str | None) -> str | None:
    """Return a name; TypeError unless it is None or a nonempty string."""
    if value is not None and not is_seen(value):
        raise TypeError(f"{quantity} must be a nonempty string, got {value!r}")
    return value
