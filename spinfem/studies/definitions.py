"""Digests of functions: their text, and all that it refers to, as far as that is the user's own.

A stored sweep is taken up again if its builder is the one that it was made with. That is compared
without calling it: by its code and the functions, classes and values it reads, in whatever module
these are. Of what comes with Python or is installed (`site-packages`) the names count.
"""

from __future__ import annotations

import dataclasses
import dis
import functools
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import (
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..devices.device import Device
from ..sample.stack import Stack
from .builders import parts_of_device, pieces_of

STANDARD = sysconfig.get_path("stdlib")
INSTALLED = ("site-packages", "dist-packages")
"""Folders of what is installed."""
OURS = __name__.partition(".")[0]
UNREAD = ("_abc_impl", "__annotate_func__")
"""Attributes of classes that say nothing of what they do; the latter, of Python 3.14, refers to
all of the class."""


def definition(function: Callable[..., Any]) -> str:
    """Return a digest of a function, the same in every process as long as it does the same.

    It has the code, and the values of the names in it, of closures and defaults; of modules the
    attributes whose names stand in any of the code; of classes what they define; of other objects
    their state as pickle takes it; and so on from there. What is read from files is not in it.

    Raises
    ------
    TypeError
        If it refers to something whose state cannot be read, such as an open file.
    """
    inner: Any = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    home = str(getattr(inner, "__module__", None)).partition(".")[0]
    names: set[str] = set()
    while True:  # code that is reached last may read attributes of a module that came first
        known = len(names)
        lines = "\n".join(_Walk(home, names).lines(function))
        if len(names) == known:
            return hashlib.sha256(lines.encode()).hexdigest()


class _Walk:
    """A walk through all that something refers to.

    Parameters
    ----------
    home : str
        The top-level package that is the user's wherever it is installed.
    names : set of str
        Names in the code that was met; it grows.
    """

    def __init__(self, home: str, names: set[str]) -> None:
        self.home = home
        self.names = names
        self.seen: dict[int, tuple[int, Any]] = {}

    def lines(self, thing: Any) -> Iterator[str]:
        """Yield lines that are the same in every process as long as the thing is."""
        kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
        if isinstance(thing, np.ndarray | np.generic) and not thing.dtype.hasobject:
            digest = hashlib.sha256(thing.tobytes()).hexdigest()
            yield f"{kind} {thing.dtype} {thing.shape} {digest}"
        elif isinstance(thing, str | bytes | int | float | complex | None):
            yield f"{kind} {thing!r}"
        elif isinstance(thing, set | frozenset):
            yield f"{kind} {sorted(map(self._apart, thing))}"
        elif id(thing) in self.seen and not isinstance(thing, tuple):
            yield f"{kind} number {self.seen[id(thing)][0]}"
        else:
            # kept, so that no other thing gets its identity
            self.seen[id(thing)] = len(self.seen), thing
            yield kind
            for part in self.parts(thing):
                yield from self.lines(part)
            yield "end"

    def _apart(self, thing: Any) -> str:
        """Return the lines of something whose place in an order means nothing."""
        walk = _Walk(self.home, self.names)
        walk.seen = {**self.seen}
        return " ".join(walk.lines(thing))

    def parts(self, thing: Any) -> tuple[Any, ...]:
        """Return what something consists of."""
        if isinstance(thing, CodeType):
            self.names.update(_names(thing))
            code = thing.co_code, thing.co_names, thing.co_varnames, thing.co_freevars
            return (*code, thing.co_consts)
        if isinstance(thing, FunctionType):
            return self._of_function(thing)
        if isinstance(thing, ModuleType):
            return self._of_module(thing)
        if isinstance(thing, type):
            return self._of_class(thing)
        if isinstance(thing, Stack):  # not what it remembers
            return tuple(pieces_of(thing))
        if isinstance(thing, Device):
            return tuple(parts_of_device(thing).items())
        if isinstance(thing, MethodType):
            return thing.__func__, thing.__self__
        if isinstance(thing, staticmethod | classmethod):
            return (thing.__func__,)
        if isinstance(thing, property):
            return thing.fget, thing.fset
        if isinstance(thing, functools.cached_property):
            return (thing.func,)
        if isinstance(thing, functools.partial):
            return thing.func, thing.args, thing.keywords
        if isinstance(thing, list | tuple):
            return tuple(thing)
        if type(thing) is dict:
            return tuple(thing.items())
        if not self._is_foreign_class(type(thing)):
            return type(thing), *_state(thing)
        if (wrapped := getattr(thing, "__dict__", {}).get("__wrapped__")) is not None:
            return (wrapped,)  # of a cached or compiled function
        if dataclasses.is_dataclass(thing):
            fields = dataclasses.fields(thing)
            return tuple((field.name, getattr(thing, field.name)) for field in fields)
        return _state(thing)

    def _of_function(self, function: FunctionType) -> tuple[Any, ...]:
        cells = (cell for cell in function.__closure__ or () if cell != CellType())
        given = (
            function.__defaults__,
            function.__kwdefaults__,
            *(cell.cell_contents for cell in cells),
        )
        scope = function.__globals__
        if self._is_foreign(scope):
            return (function.__module__, function.__qualname__, *given)
        names = sorted({*_names(function.__code__)} & scope.keys())
        imported = _imported(function.__code__, str(scope.get("__package__") or ""))
        return (
            function.__code__,
            *given,
            *function.__dict__.items(),
            *((name, scope[name]) for name in names),
            *((name, self._module_called(name)) for name in sorted(imported)),
        )

    def _of_module(self, module: ModuleType) -> tuple[Any, ...]:
        if self._is_foreign(vars(module)):
            return (module.__name__,)
        read = {name for name in self.names if not _is_dunder(name)} | {"__getattr__"}
        names = sorted(read & vars(module).keys())
        return (module.__name__, *((name, vars(module)[name]) for name in names))

    def _of_class(self, owner: type) -> tuple[Any, ...]:
        name = owner.__module__, owner.__qualname__
        if self._is_foreign_class(owner):
            return name
        members = (
            (key, member)
            for key, member in vars(owner).items()
            if not isinstance(member, MemberDescriptorType | GetSetDescriptorType)
            and key not in UNREAD
            and (isinstance(member, FunctionType) or not _is_dunder(key))
        )
        return (*name, owner.__bases__, *members)

    def _module_called(self, name: str) -> Any:
        """Return a module that code imports; if that was not done yet, its text."""
        if name in sys.modules:
            return sys.modules[name]
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        origin = spec.origin if spec and spec.has_location else None
        if origin is None or self._is_foreign({"__name__": name, "__file__": origin}):
            return name
        return Path(origin).read_bytes()

    def _is_foreign_class(self, owner: type) -> bool:
        module = sys.modules.get(owner.__module__)
        return module is not None and self._is_foreign(vars(module))

    def _is_foreign(self, scope: Mapping[str, Any]) -> bool:
        """Tell whether a module comes with Python, is installed or part of spinfem."""
        top = str(scope.get("__name__")).partition(".")[0]
        if top == OURS or top in sys.builtin_module_names:
            return True
        file = scope.get("__file__")
        if top == self.home or file is None:
            return False
        place = Path(file).absolute()
        return place.is_relative_to(STANDARD) or any(one in place.parts for one in INSTALLED)


def _names(code: CodeType) -> Iterator[str]:
    """Yield names of globals and attributes in a text, and in functions inside it.

    Words in it may be some, too: of ``getattr``.
    """
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            yield constant


def _imported(code: CodeType, package: str) -> Iterator[str]:
    """Yield absolute names of the modules that are imported in a text."""
    steps = [one for one in dis.get_instructions(code) if one.opname != "EXTENDED_ARG"]
    for i, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":  # of how many dots, of what from there, the module
            name = "." * steps[i - 2].argval + str(step.argval)
            yield importlib.util.resolve_name(name, package)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imported(constant, package)


def _state(thing: Any) -> tuple[Any, ...]:
    """Return the state of an object as pickle takes it; TypeError if it has none."""
    try:
        state = thing.__reduce_ex__(4)
    except Exception as error:
        raise TypeError(
            "builder of a sweep that is stored and goes point by point must refer to nothing whose "
            f"state cannot be read, to tell whether it has changed, got {thing!r} ({error})"
        ) from None
    if isinstance(state, str):
        return (state,)
    return tuple([*part] if isinstance(part, Iterator) else part for part in state)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
