"""Stacks to begin with: those of the paper's figures, and the examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from ..figures import systems
from ..files.shipped import shipped, title_of
from ..sample.stack import Stack
from .seen import Base, base_of, read_base


class Preset(NamedTuple):
    """A stack, or the file of one, under a name."""

    name: str
    title: str
    source: Callable[[], Stack] | Path

    @property
    def base(self) -> Base:
        """What is seen of it at first."""
        if isinstance(self.source, Path):
            return read_base(self.source, self.title, self.name)
        return base_of(self.source(), self.title, self.name)


PAPER = (
    Preset("fig2", "Fig. 2: F/N contact", systems.contact),
    Preset("fig3-fnf", "Fig. 3: collinear F/N/F", systems.collinear_fnf),
    Preset("fig3-nfn", "Fig. 3: collinear N/F/N", systems.collinear_nfn),
    Preset("fig4", "Fig. 4: valve", lambda: systems.FIG4),
    Preset("fig5", "Fig. 5: valve with g2 < 0 < g1", lambda: systems.FIG5),
    Preset("fig6", "Fig. 6: thick valve", lambda: systems.thick_valve(30.0, 0.5)),
    *(
        Preset(
            f"fig7-{case.lower()}",
            f"Fig. 7{case}: {angle:g}°, thin the spacer",
            partial(systems.singular, angle, systems.FIG7_THICKNESS),
        )
        for case, angle in systems.FIG7.items()
    ),
)


@cache
def presets() -> dict[str, Preset]:
    """Return all of them by name."""
    return {preset.name: preset for preset in [*PAPER, *_examples()]}


def _examples() -> Iterator[Preset]:
    folder = shipped("examples")
    for path in sorted(folder.glob("*.toml")) if folder else ():
        yield Preset(path.stem, title_of(path), path)


@cache
def preset(name: str) -> Base | None:
    """Return what is seen of a preset at first; None if there is none of this name."""
    found = presets().get(name)
    return None if found is None else found.base
