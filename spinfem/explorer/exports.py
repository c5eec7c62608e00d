"""What is seen, as files that reproduce it: a stack file, Python, a picture."""

from __future__ import annotations

import io
import keyword
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dynamics.magnets import Coupling, Magnet
from ..dynamics.tofile import tables_of
from ..plot.pictures import SolutionPlots, overview
from ..sample.materials import Ferromagnet, Metal
from ..sample.pieces import Interface, Layer, Lead
from ..sample.stack import Stack
from ..sample.writing import magnetic, stack_file
from .seen import Seen

DPI = 150
RUN = 5e-9
"""Seconds that magnets move in a program."""


def toml_of(seen: Seen) -> str:
    """Return the text of a stack file; ValueError where none can hold the stack.

    A frequency is not in it, nor is the mesh, if that is not the usual one, but a comment says so.
    """
    stack = seen.stack
    moving = () if seen.base.motion is None else tables_of(stack, **seen.base.motion)
    text = stack_file(stack.elements, stack.joints, seen.j0, seen.si, *moving)
    return _note(seen) + text


def is_written(seen: Seen) -> bool:
    """Whether there is a text that holds the stack."""
    try:
        return bool(toml_of(seen) and python_of(seen))
    except ValueError:
        return False


def _solved(seen: Seen) -> dict[str, Any]:
    """Return what is not as usual of the arguments of `spinfem.solve`."""
    given = {"certify": seen.certified or None, "frequency": seen.frequency}
    return seen.mesh | {key: value for key, value in given.items() if value is not None}


def _note(seen: Seen) -> str:
    given = _solved(seen)
    return f"# seen with spinfem.solve(..., {_arguments(given)})\n" if given else ""


def png_of(seen: Seen) -> bytes:
    """Return a picture: the mechanical analogy if there is one, else profiles and hodographs."""
    from matplotlib.figure import Figure

    units: Any = "SI" if seen.si else "plain"
    if seen.mechanism is None:
        figure = overview(seen.solution, units=units)
    else:
        figure = Figure(figsize=(4.2, 5.2), layout="constrained")
        SolutionPlots(seen.solution).analogy(figure.add_subplot(), units=units)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


# --- Python -----------------------------------------------------------------------------------


def python_of(seen: Seen) -> str:
    """Return a program that solves the same stack, to the last bit, and draws it.

    Raises
    ------
    ValueError
        If a metal is graded, or a layer has nodes of a mesh.
    """
    writer = _Python(seen.stack)
    pieces = [writer.piece(piece) for piece in seen.stack.pieces]
    given = {"j0": seen.j0, **_solved(seen)}
    lines = [
        "import spinfem as sf",
        "",
        *writer.metals.values(),
        "",
        "stack = sf.Stack(",
        "    [",
        *(f"        {piece}," for piece in pieces),
        "    ]",
        ")",
        f"solution = sf.solve(stack, {_arguments(given)})",
        *_system(seen),
        "",
        'if __name__ == "__main__":',
        *_shown(seen),
        "",
    ]
    return "\n".join(lines)


def _shown(seen: Seen) -> Iterator[str]:
    """Yield the lines that show it; amplitudes have no pictures."""
    if seen.frequency is not None:
        yield "    print(solution)"
        return
    yield from ("    import matplotlib.pyplot as plt", "", "    print(solution)")
    yield from (f"    solution.plot.{name}()" for name in _plots(seen))
    yield from _run(seen)
    yield "    plt.show()"


def _plots(seen: Seen) -> Iterator[str]:
    yield from ("profile", "hodograph")
    if seen.mechanism is not None:
        yield "analogy"


def _system(seen: Seen) -> Iterator[str]:
    """Yield the lines of what moves."""
    if seen.base.motion is None:
        return
    magnets, couplings, field, pumping = (
        seen.base.motion[key] for key in ("magnets", "couplings", "field", "pumping")
    )
    yield "system = sf.Dynamics("
    yield "    stack,"
    yield "    {"
    for name, magnet in magnets.items():
        yield f"        {name!r}: sf.Magnet({_arguments(_given(magnet))}),"
    yield "    },"
    if couplings:
        yield "    couplings=["
        yield from (f"        sf.Coupling({_arguments(_given(one))})," for one in couplings)
        yield "    ],"
    more = {"field": np.asarray(field).tolist(), "pumping": pumping, **seen.mesh}
    yield f"    {_arguments(more)},"
    yield ")"


def _run(seen: Seen) -> Iterator[str]:
    if seen.base.motion is not None:
        yield f"    system.run({RUN!r}, j0={_written(seen.j0)}).plot.orbit()"


def _given(piece: Magnet | Coupling) -> dict[str, Any]:
    """Return the arguments of a magnet or coupling."""
    given = {key: np.asarray(value).tolist() for key, value in vars(piece).items()}
    return {key: value for key, value in given.items() if value is not None}


def _arguments(given: dict[str, Any]) -> str:
    return ", ".join(f"{key}={_written(value)}" for key, value in given.items())


def _written(value: Any) -> str:
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    return repr(value)


class _Python:
    """Writes pieces of a stack, and keeps the metals they are made of."""

    def __init__(self, stack: Stack) -> None:
        self.names: dict[int, str] = {}
        self.metals: dict[int, str] = {}
        self._layers = iter(stack.layers)

    def piece(self, piece: Any) -> str:
        if isinstance(piece, Layer):
            piece = next(self._layers)  # which has a name
            if piece.nodes is not None:
                raise ValueError(f"nodes of layer {piece.name!r} must not be those of a mesh")
            thickness, more = _written(piece.thickness), _arguments(_names(piece))
            return f"{self._metal(piece.material)}({', '.join([thickness, more])})"
        if isinstance(piece, Lead):
            more = _arguments(_names(piece))
            return f"sf.Lead({', '.join(filter(None, [self._metal(piece.material), more]))})"
        if isinstance(piece, Interface):
            given = {key: getattr(piece, key) for key in ("gamma", "delta", "mixing", "name")}
            given = {"resistance": piece.resistance} | {k: v for k, v in given.items() if v}
            return f"sf.Interface({_arguments(given)})"
        given = {key: getattr(piece, key, None) for key in ("spin_potential", "spin_current")}
        given = {key: value.tolist() for key, value in given.items() if value is not None}
        return f"sf.{type(piece).__name__}({_arguments(given)})"

    def _metal(self, metal: Metal) -> str:
        """Return the variable of a metal, which is written if it is not yet."""
        if metal.is_graded:
            raise ValueError("metals must be uniform to be written, got D, l or p over xi")
        if id(metal) not in self.names:
            magnetic = isinstance(metal, Ferromagnet)
            wanted = re.sub(r"\W", "_", metal.name or ("F" if magnetic else "N"), flags=re.ASCII)
            if not wanted.isidentifier() or keyword.iskeyword(wanted) or wanted in TAKEN:
                wanted = f"metal_{wanted}"
            name, n = wanted, 1
            while name in self.names.values():
                n += 1
                name = f"{wanted}_{n}"
            self.names[id(metal)] = name
            given = {**metal.numbers, "name": metal.name, "units": metal.units}
            given = {key: value for key, value in given.items() if value is not None}
            kind = "Ferromagnet" if magnetic else "NormalMetal"
            self.metals[id(metal)] = f"{name} = sf.{kind}({_arguments(given)})"
        return self.names[id(metal)]


TAKEN = ("sf", "stack", "solution", "system", "plt", "float", "print")
"""Names that the program uses itself."""


class _Code(str):
    """What is written as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _names(piece: Layer | Lead) -> dict[str, Any]:
    """Return direction, name and group of a piece."""
    known = magnetic(piece)
    found: dict[str, Any] = {}
    if "polar_deg" in known:
        angles = (repr(known[key]) for key in ("polar_deg", "azimuth_deg") if key in known)
        found["m"] = _Code(f"sf.direction({', '.join(angles)})")
    elif "m" in known:
        found["m"] = known["m"]
    given = {"name": piece.name, "group": piece.group}
    return found | {key: value for key, value in given.items() if value is not None}
