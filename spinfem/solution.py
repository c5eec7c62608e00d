r"""The solution that users hold: its numbers, and what is made of them.

Everything below takes the numbers alone, `spinfem.results.solved`: gradients, bounds, pictures and
files are functions of these. Here are the wrappers that offer them.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Literal

from numpy.typing import ArrayLike

from .results.solved import SolvedStack
from .texts.tables import Part, Readable

if TYPE_CHECKING:
    import xarray

    from .plot.pictures import SolutionPlots
    from .results.certify import Bounds
    from .results.gradient import Gradient


class Solution(Readable, SolvedStack):
    """Spin transport in a stack, made by `spinfem.solve` or `spinfem.analytic.solve`.

    For a batch, every result has the batch's shape in front. `print` shows torques, efficiencies
    and resistances, and notebooks do.

    Attributes
    ----------
    stack : Stack
        The sample.
    j0 : float or array
        Particle current, A/m2, positive when electrons flow towards +x.
    shape : tuple of int
        Shape of the batch: the stack's, that of j0 and that of frequencies, broadcast.
    frequency : float, array or None
        Of what swings, Hz: results are complex amplitudes then, of ``Re A exp(2 pi i f t)``.
    bounds : certify.Bounds or None
        Certified bounds of dr and of torques, if the solution was asked for them.
    """

    bounds: Bounds | None = None

    # --- derivatives --------------------------------------------------------------------------

    def gradient(self, output: str, *names: str) -> Gradient:
        """Return how a result changes with every number of the stack, and with the frequency.

        Derivatives are exact, from dual fields (``results.sensitivity``): all of them for about the
        cost of one more solve per component of the result, however many numbers there are.

        Parameters
        ----------
        output : "spin_resistance", "resistance", "torque" or "efficiency"
            The result.
        *names : str
            Of a torque, the ferromagnet or group; of an efficiency, two neighbours as in
            `efficiency`.

        Returns
        -------
        Gradient
            A mapping: ``gradient["free.thickness"]`` is the derivative with respect to the
            thickness of the layer "free", of the result's shape: (..., 3) for a torque, (..., 2)
            for efficiencies, in the unit of the result per unit of the number; angles of m,
            "free.polar" and "free.azimuth", in degrees; of a group, by its name, as all of it
            turns. With respect to m it is nan where the m of ferromagnets in contact, not of one
            group, are collinear, since turning one of them opens a contact; and
            efficiencies of collinear neighbours have no gradient, nan, where one of them has
            exchange lengths, or a mixing conductance towards the other. At a frequency all are
            complex, of amplitudes, and ``gradient["free.tau"]`` and ``gradient["frequency"]`` are
            there besides.

        Raises
        ------
        ValueError
            If there is no such result, or a name is not as above.
        """
        from .results.gradient import gradient_of

        return gradient_of(self, output, *names)

    # --- output -------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        from .results.report import report_of

        return report_of(self)

    def to_dataset(self) -> xarray.Dataset:
        """Return profiles, both sides of every face, torques and resistances as one dataset.

        Arrays are in SI, as everywhere; `units` and `long_name` are in the attributes. If not all
        metals of the stack say that they are in SI (`Stack.units`), units are left out, and all but
        `torque` is in those of the stack's numbers.

        Returns
        -------
        xarray.Dataset
            Axes of a batch, `batch_0`, `batch_1` and so on, come first. Then

            - over `x` (m): `spin_potential` and `spin_current` with `component` (x, y, z),
              `potential`, `potential_up`, `potential_down` and `dissipation`, as in `save`. The
              coordinate `layer` tells whose point it is: every layer has points of its own, so
              that an inner face is there twice, with the fields on either side of it. Where
              thicknesses vary over a batch the axis is `point`, and `x` a coordinate over it and
              the batch;
            - over `face` ("left lead|fixed", ...; its `face_x` in m) and `side` (left, right):
              `face_spin_potential`, `face_spin_current` and `face_potential`, those outside of the
              ends too;
            - over `ferromagnet` and `component`: `torque` and `absorbed_spin_current`; over
              `spacer` ("fixed|free") and `side`: `efficiency`; `spin_resistance`, `resistance`.

            The current is the coordinate `j0`.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        from .results.dataset import dataset_of

        self.check_stationary("a dataset")
        return dataset_of(self)

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the profiles of a single solution as a table of comma-separated values.

        A row for every point of `to_dataset`, from left to right, so that an inner face is there
        twice: the name of the layer, the position and the fields. Units are in the names of the
        columns, ``x_nm``, ``spin_potential_x_V``, ``spin_current_x_A_m2``, if all metals say that
        they are in SI (`Stack.units`).

        Parameters
        ----------
        path : str or path
            The file, ending in .csv. It appears whole or not at all.

        Raises
        ------
        ValueError
            If the path ends otherwise, or the solution is a batch.
        OSError
            If the file cannot be written.
        """
        from .io.csvfile import write_csv

        self.check_stationary("a table of profiles")
        write_csv(self, path)

    @property
    def plot(self) -> SolutionPlots:
        """Pictures: ``.profile()``, ``.hodograph()``, ``.analogy()``; they need matplotlib."""
        from .plot.pictures import SolutionPlots

        self.check_stationary("a picture")
        return SolutionPlots(self)

    def save(
        self,
        path: str | PathLike[str],
        *,
        times: ArrayLike | None = None,
        units: Literal["SI", "plain"] | None = None,
        progress: bool | None = None,
    ) -> None:
        """Write the fields for ParaView: to a .vtu file, or to a .pvd file for a batch.

        The stack lies along x, in nm if it is in SI units, else in its own. Points are sampled
        densely enough to look smooth and doubled at interfaces.

        Data of the points: `spin_potential` and `spin_current` (n, 3), `potential`, `dissipation`
        as in `spinfem.results.views.LayerSolution`, and `potential_up` and `potential_down`:
        ``mu_0 +- m.mu_s/2`` in a ferromagnet and ``mu_0 +- |mu_s|/2``, along the mu_s of that
        place, in a normal metal. So they may change places at an interface where mu_s is against
        m.

        Data of the cells: `layer` (number from 0), `kind` (0 normal metal, 1 ferromagnet), `m`
        and `torque_density` (n, 3), J/m3, both zero in normal metals. In a strong ferromagnet it is
        the torque divided by the thickness; with exchange lengths that of the place. In plain
        units it lacks the factor hbar/2|e|. Units and the names of the layers are in the field
        data.

        A batch makes a .pvd file, x.pvd, and a folder x beside it with one .vtu file for every
        point, in C order.

        Parameters
        ----------
        path : str or path
            The file, ending in .vtu or .pvd. It appears whole or not at all, with its folder.
        times : array, optional
            For a .pvd file: what ParaView calls the times of the points, such as the numbers that
            vary; all different, broadcasting to the batch's shape. Default: 0, 1, ...
        units : "SI" or "plain", optional
            Of the stack; default: SI if all of it is thinner than 1 mm.
        progress : bool, optional
            For a .pvd file, whether to draw a progress bar, as in `spinfem.sweep`.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or a batch is to go into a .vtu file.
        OSError
            If a file cannot be written, or the folder holds anything but an earlier collection.
        """
        from .io.vtk import write

        self.check_stationary("a file for ParaView")
        write(self, path, times=times, units=units, progress=progress)

    def save_wire(
        self,
        path: str | PathLike[str],
        *,
        diameter: float,
        times: ArrayLike | None = None,
        units: Literal["SI", "plain"] | None = None,
        progress: bool | None = None,
    ) -> None:
        """Write the layers as pieces of a round wire along x, with the fields of `save`.

        Fields are the same all over a section; leads are not drawn.

        Parameters
        ----------
        path : str or path
            The file, ending in .vtu or .pvd, as in `save`.
        diameter : float
            Diameter, m, or in the unit of the stack's lengths; of the circle through the corners of
            the section, which has 24.
        times, units, progress
            As in `save`.

        Raises
        ------
        TypeError, ValueError, OSError
            As in `save`, or if the diameter is not one positive number.

        Warns
        -----
        UnitWarning
            If a stack in SI has a diameter that no sample has.
        """
        from .io.vtk import write
        from .io.vtkmesh import check_diameter

        self.check_stationary("a file for ParaView")
        diameter = check_diameter(diameter)
        write(self, path, diameter=diameter, times=times, units=units, progress=progress)
