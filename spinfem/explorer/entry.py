"""What users call: `spinfem.explore`, and the server behind ``spinfem explore``."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._checks import check_installed
from ..dynamics.dynamics import Dynamics
from ..numerics import kernels
from ..sample.stack import LoadedStack, Stack
from .motion import motion_of
from .presets import preset, presets
from .seen import Base, Seen, base_of
from .turning import rotation_of

if TYPE_CHECKING:
    from .page import Explorer

LOCAL = "127.0.0.1"


def explore(stack: Stack | LoadedStack | Dynamics | None = None) -> Explorer:
    """Show a stack in a notebook, with sliders for all of its numbers.

    Rods, rings and cords with their forces, hodographs, profiles, efficiencies and spin resistance
    over the angle follow every slider. Where all metals have a tau, amplitudes over the frequency
    are shown, too. Other stacks can be chosen there: those of the paper's
    figures, and the examples.

    Parameters
    ----------
    stack : Stack or Dynamics, optional
        A single one, or what `spinfem.load` returned. Of a `spinfem.Dynamics`, as
        ``sf.Dynamics.from_file("oscillator.toml")``, critical currents and orbits are shown, too.
        Default: the valve of the paper's Fig. 5.

    Returns
    -------
    Explorer
        What the notebook shows. Its `stack` and `solution` are as the sliders are now; `python` and
        `toml` are texts that reproduce them.

    Raises
    ------
    ImportError
        If Panel is not installed.
    TypeError, ValueError
        If it is no stack, or a batch.

    Examples
    --------
    >>> import spinfem as sf
    >>> Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    >>> Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    >>> fixed, free = Co(8e-9, m=sf.direction(0)), Co(4e-9, m=sf.direction(60), name="free")
    >>> page = sf.explore(sf.Lead(Cu) | fixed | Cu(10e-9) | free | sf.Lead(Cu))  # doctest: +SKIP
    """
    check()
    import panel

    from .page import Explorer

    base = None if stack is None else base_of(stack)
    _warm_up(base)
    panel.extension(inline=True)  # in a notebook; nothing is fetched from elsewhere
    return Explorer(base)


def check() -> None:
    """Raise ImportError, saying what to install, if Panel is not there."""
    check_installed("the explorer", "pip install panel", "panel")


def serve(
    base: Base | None,
    port: int,
    address: str = LOCAL,
    browser: bool = True,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until it is interrupted; every browser window has its own sliders.

    Parameters
    ----------
    base : Base or None
        What is seen at first; None: a preset.
    port : int
        Where to listen; 0 for any free port.
    address : str
        On which address of this machine, by which pages are asked for; by default no other machine
        can connect.
    browser : bool
        Whether to open one.
    ready : callable, optional
        Called with the URL before the first page is asked for.

    Raises
    ------
    OSError
        If the port is not free, or the address is none of this machine.
    """
    import panel

    from .page import Explorer

    port = _free_port(address, port)
    _warm_up(base)

    def page() -> Explorer:
        location = panel.state.location
        return Explorer(base, location.search if location else "", in_browser=True)

    host = f"[{address}]" if ":" in address else address
    names = dict.fromkeys((host, LOCAL, "localhost", socket.gethostname()))
    if ready is not None:
        ready(f"http://{host}:{port}/")
    panel.serve(
        page,
        address=address,
        port=port,
        websocket_origin=[f"{name}:{port}" for name in names],
        show=browser,
        title="spinfem explore",
        verbose=False,
    )


def _warm_up(given: Base | None) -> None:
    """Let numba, if it is installed, compile now what else would halt a slider in its way.

    Of motion only if it is given: that takes longest.
    """
    if kernels.compiled() is None:
        return
    if given is not None and given.motion is not None:
        motion_of(Seen(given))
    for name in presets():
        base = preset(name)
        if base is not None:
            rotation_of(Seen(base))


def _free_port(address: str, port: int) -> int:
    """Return the port, or a free one for 0; OSError if it cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                text = f"port must be free to listen on (0 takes any that is), got {port}"
            else:
                text = f"address must be one of this machine, got {address!r}"
            raise OSError(f"{text}: {error.strerror or error}") from None
        return int(trial.getsockname()[1])
