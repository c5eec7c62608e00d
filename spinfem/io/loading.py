"""Files of stacks and of devices: what a file describes, whichever it is."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.tables import made_of
from ..sample.stack import LoadedStack
from .keys import is_of_device
from .stackfile import StackFile, made_of_tables

if TYPE_CHECKING:
    from .devicefile import DeviceFile


def load(path: str | PathLike[str]) -> LoadedStack | Any:
    """Read a stack and its current, or a device, from a TOML file.

    As in ``stack, j0 = spinfem.load("valve.toml")``. The stack keeps the current: it is solved with
    it unless another one is given, as is what was loaded itself, ``spinfem.solve(spinfem.load(
    "valve.toml"))``. A file with ``[electrodes]`` or ``[pillar]`` is one of a device:
    ``device = spinfem.load("crossing.toml")``.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    stack : Stack
        The sample; in m and S/m, or in the paper's units if the file uses them.
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x; 1 if not given. It is
        ``stack.j0``.
    device : Device
        In place of both, of the file of a device.

    Raises
    ------
    ValueError
        If the file is not a valid one of a stack or a device. The message is one line and names the
        file and the key, what is required and what was given.
    OSError
        If the file cannot be read.

    Warns
    -----
    UnitWarning
        If the file is in SI and no sample has a number in it, in the unit of its key.
    """
    file = read_any(path)
    return LoadedStack(file.stack, file.j0) if isinstance(file, StackFile) else file.device


def read_any(path: str | PathLike[str]) -> StackFile | DeviceFile:
    """Read a file with all that it says; errors and warnings as of `load`."""
    path = Path(path)

    def made(data: dict[str, Any]) -> StackFile | DeviceFile:
        if is_of_device(data):
            from .devicefile import device_file  # meshes of devices, which stacks do not need

            return device_file(path, data)
        return made_of_tables(path, data, lambda file: file)

    return made_of(path, made)
