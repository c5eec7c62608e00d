"""What magnets did, as users hold it: numbers, files and pictures."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from .moved import Moved

if TYPE_CHECKING:
    import xarray

    from ..plot.motion import TrajectoryPlots


class Trajectory(Moved):
    """A run of magnets, made by `spinfem.Dynamics.run`.

    Every result has the batch's shape in front; ``run[3]`` is the trajectory of one point.

    Attributes
    ----------
    system : MagnetSystem
        What moved.
    times : array, shape (T,)
        s.
    directions : array, shape (..., T, f, 3)
        Unit vectors of all that moved, in the order of `names`.
    j0 : array, shape (..., T)
        Particle current, A/m2, positive when electrons flow towards +x. Of a device a multiple of
        its currents and potentials.
    steps : int or array, shape (...)
        Steps that were taken.
    names : tuple of str
        What moved.
    shape : tuple of int
        Shape of the batch.
    """

    def to_dataset(self) -> xarray.Dataset:
        """Return directions, resistance and voltage in time as one dataset.

        In SI; `units` and `long_name` are in the attributes.

        Returns
        -------
        xarray.Dataset
            Axes of a batch, `batch_0`, `batch_1` and so on, come first, then `time` (s): `m` with
            `magnet` (names) and `component` (x, y, z), `resistance` (Ohm m2), `voltage` (V), and
            the coordinate `j0` (A/m2); without time: `steps`. Of a device units are those of
            `unit`, and there is no resistance where several potentials are given, or no current.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        from .outputs import dataset_of

        return dataset_of(self)

    def save(self, path: str | PathLike[str], *, progress: bool | None = None) -> None:
        """Write a file: .nc (netCDF) of all that `to_dataset` has, or .pvd for ParaView.

        A .pvd file, of a single trajectory, has the fields in the sample at all times, in s; see
        `spinfem.Solution.save`. Of a device, which is solved for every time, it has both meshes of
        ``DeviceSolution.save``, the volume and its interfaces. ``xarray.open_dataset(path)`` reads
        the other one.

        Parameters
        ----------
        path : str or path
            The file, ending in .nc or .pvd. It appears whole or not at all.
        progress : bool, optional
            For a .pvd file, whether to draw a progress bar, as in `spinfem.sweep`.

        Raises
        ------
        ImportError
            If xarray, dask or h5netcdf is not installed, for a .nc file.
        ValueError
            If the path ends otherwise, or a batch is to go into a .pvd file.
        OSError
            If a file cannot be written.
        """
        from .outputs import save

        save(self, path, progress)

    @property
    def plot(self) -> TrajectoryPlots:
        """Pictures of a single trajectory; they need matplotlib.

        ``.m()``, ``.resistance()``, ``.voltage()``, ``.spectrum("free.x")``, ``.orbit("free")``.
        """
        from ..plot.motion import TrajectoryPlots

        return TrajectoryPlots(self)

    def animate(
        self,
        path: str | PathLike[str] | None = None,
        *,
        what: Literal["arrows", "analogy"] = "arrows",
        frames: int = 100,
    ) -> Any:
        """Let a picture of a single trajectory move, at 20 frames per second.

        Parameters
        ----------
        path : str or path, optional
            The file to write, ending in .gif. It appears whole or not at all.
        what : "arrows" or "analogy"
            All directions as arrows with their orbits; or the rods, rings and cords of
            `spinfem.Analogy` with all forces, in spin space, on one scale at all times.
        frames : int
            How many at most, spread over the run.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            Keep it for as long as it shall move.

        Raises
        ------
        TypeError, ValueError
            If this is a batch, an argument is not as above, or the stack has no analogy.
        OSError
            If the file cannot be written.
        """
        from ..plot.animation import animate

        return animate(self, path, what, frames)
