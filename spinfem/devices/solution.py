r"""A device, solved: potentials, currents and torques.

The spins that flow from normal metals to a place and do not go on along m are taken up by the
magnetization that is there: the residual of the weak form on the normal side is what a Lagrange
multiplier of ``mu_s || m`` would be. Its sum over places is as accurate as the power, of order 2 k.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, IntArray, listed
from .._spelling import near_match
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.contact import contact_absorption
from ..plot.devices import DevicePlots
from ..texts.tables import Column, Part, Readable, Table
from .assembly import (
    MU_0,
    NO_ONE,
    System,
    assemble,
    brought,
    check_spin_sink,
    current_into,
    given_of,
    inflows_of,
    read,
    tap_of,
    taps_of,
)
from .bodies import Parts, condensed, parts_of
from .bounds import (
    DeviceBounds,
    certificate,
    check_certifiable,
    check_one_potential,
    current_through,
)
from .cells import CellTorques, Load, density_of, torques_in_cells
from .device import Device, drives_spins, notice_coarse
from .duals import Adjoint, Potentials
from .fields import Fields, fields_at
from .gradient import OUTPUTS, DeviceGradient, gradient_of
from .linear import Report, Solver, solve_full, solve_system
from .modes import AngularModes, modes_of
from .regions import crossings_of, is_ferromagnetic, is_magnet
from .vtk import save

ROUNDING = 1e-12
"""Of the largest number of a matrix: what differs less from its mirror image is symmetric."""


class Taken(NamedTuple):
    """What magnetizations take up, place by place."""

    magnet: IntArray  # (n,) number of the region or electrode that takes up
    source: IntArray  # (n,) and of that where the spins are from: itself, inside
    dofs: IntArray  # (n,)
    current: FloatArray  # (n, 3) A


class DeviceSolution(Readable):
    """Potentials, currents and torques of a device.

    Parameters
    ----------
    device : Device
        What was solved.
    system : System
        Its weak form.
    unknowns : array, shape (N,)
        Solution of that, V.
    report : Report
        How it was found, with the residual that is left.

    Attributes
    ----------
    bounds : DeviceBounds or None
        Certified bounds of the resistance, dr and torques, if the solution was asked for them.
    """

    bounds: DeviceBounds | None = None

    def __init__(
        self, device: Device, system: System, unknowns: FloatArray, report: Report
    ) -> None:
        self.device, self.system, self.report = device, system, report
        self._unknowns, self._whole = unknowns, self
        own, places = system.unknowns, system.places
        self._mu_0: FloatArray = own.potential @ unknowns + own.given  # from `Device.zero` on
        self._nu: FloatArray = (own.spin @ unknowns).reshape(-1, 3) + own.held
        charge, spin = np.zeros(len(places.dofs)), np.zeros((len(places.dofs), 3))
        taken: list[Taken] = []
        for term in system.terms:
            values = read(own, term.of) @ unknowns + given_of(own, term.of)
            force = term.coefficient * (term.matrix @ values)
            at = term.test.places
            if term.test.weights is None:
                charge[at] += force
                continue
            spins = (term.test.weights * force).T
            spin[at] += spins
            if term.absorber != NO_ONE:
                magnet = np.full(len(at), term.absorber)
                taken.append(Taken(magnet, places.owner[at], places.dofs[at], spins))
        self._charge = charge
        here = system.classes.of_place
        entering = np.bincount(here, charge)
        for name, electrode in device.electrodes.items():
            if is_ferromagnetic(electrode.end):  # of the charge that it takes p are spins
                tap = tap_of(device, system.parts, places, name, "p")
                spin[tap.places] -= brought(tap, here, entering)
        self._spin_power = 0.0  # W, of given spin currents and potentials
        for inflow in inflows_of(device, system.parts, places):
            spin[inflow.places] -= inflow.current
            self._spin_power += float(np.vdot(inflow.current, self._nu[inflow.places]))
            if inflow.magnet != NO_ONE:
                at = inflow.places
                magnet = np.full(len(at), inflow.magnet)
                taken.append(Taken(magnet, places.owner[at], places.dofs[at], inflow.taken))
        self._spin_power += float(np.vdot(own.held, spin))
        taken += self._bound(spin)
        self._taken = Taken(*(np.concatenate(x) for x in zip(*taken, strict=True)))

    def _bound(self, spin: FloatArray) -> list[Taken]:
        """Return what is taken up where mu_s is bound to the line of m, or to nothing."""
        places, classes = self.system.places, self.system.classes
        here = classes.of_place
        m, magnet = classes.line[here], classes.absorber[here]
        own = np.flatnonzero((magnet >= 0) & (classes.crossing[here] < 0))
        rest = spin[own] - np.einsum("ni,ni->n", m[own], spin[own])[:, None] * m[own]
        found = [Taken(magnet[own], places.owner[own], places.dofs[own], -rest)]
        for crossing in crossings_of(places, classes):
            shares = contact_absorption(*crossing.ways, *crossing.flows(spin))
            for k, share in enumerate(shares):
                magnet, source = (np.full(len(share), crossing.magnets[i]) for i in (k, 1 - k))
                found.append(Taken(magnet, source, crossing.dofs, share))
        return found

    def _parts(self) -> list[Part]:
        per = " per metre of depth" if self.device.grid.is_planar else ""

        def torque(name: str) -> list[str]:
            vector = self.torque(name)
            return [name, *(f"{x:.6e}" if x else "0" for x in (*vector, np.hypot.reduce(vector)))]

        def electrode(name: str) -> list[str]:
            return [name, f"{self.current(name):.6e}", f"{self.potential(name):.6e}"]

        report = self.report
        how = f"{report.unknowns:,} unknowns by {report.method}, residual {report.residual:.1g}"
        heads = ("", "x", "y", "z", "magnitude"), ("", f"current in, A{per}", "mu_0, V")
        columns = [[Column(head, is_text=not head) for head in row] for row in heads]
        tables = (
            Table(columns[0], self.magnets, torque, f"Torque, J{per}"),
            Table(columns[1], [*self.device.electrodes], electrode, "Electrodes"),
        )
        return [how, *(table for table in tables if table.things)]

    # --- other directions -----------------------------------------------------------------------

    def turned(self, /, **m: ArrayLike) -> DeviceSolution:
        """Return the solution with other magnetizations: a dense solve.

        What does not depend on directions is condensed to the faces of all regions when this is
        first called, for this solution and those that it returns. These have potentials of
        electrodes, currents, resistances and torques, to the same digits as all at once, but no
        fields inside regions.

        Parameters
        ----------
        **m : array, shape (3,), or callable
            Magnetizations of regions by their names, as of `Region`.

        Raises
        ------
        TypeError, ValueError
            As of `Device.replace` and `spinfem.solve`.
        """
        found = self._another(self.device.replace(**m), self._whole._faces)
        found._whole = self._whole
        return found

    def _another(self, device: Device, parts: Parts) -> DeviceSolution:
        """Return the solution of a device with these parts: of other directions or drives."""
        system = assemble(device, parts)
        return DeviceSolution(device, system, *solve_assembled(device, system, False))

    @cached_property
    def _of_currents(self) -> DeviceSolution:
        """The same without what is given for spins at electrodes."""
        if not drives_spins(self.device):
            return self
        found = self._another(self.device.undriven, self.system.parts)
        if self._whole is not self:
            found._whole = self._whole._of_currents
        return found

    @cached_property
    def _faces(self) -> Parts:
        """All that magnetizations have no part in, condensed."""
        return condensed(self.system.parts)

    def angular_modes(self, first: str, second: str) -> AngularModes:
        """Return how a device of two magnets depends on the angle between them, in closed form.

        It is a sum of terms of which two of a pair are Slonczewski's form, that of a stack;
        `spinfem.devices.modes.AngularModes.leading` keeps the largest, with the error of that.

        Parameters
        ----------
        first, second : str
            Both ferromagnets: strong ones, with normal metals between them and interfaces of any
            resistance, but not of finite mixing conductances.

        Raises
        ------
        ValueError
            If these are not all ferromagnets of the device, or not such; several potentials are
            given, or no current.
        """
        return modes_of(self.device, self._whole._faces, (first, second))

    # --- charge ---------------------------------------------------------------------------------

    @overload
    def potential(self, at: str, region: None = None) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def potential(self, at: ArrayLike, region: str | None = None) -> FloatArray: ...
    def potential(self, at: str | ArrayLike, region: str | None = None) -> float | FloatArray:
        """Return mu_0 of an electrode, or at points, V.

        The electric potential is -mu_0.

        Parameters
        ----------
        at : str, or array, shape (..., dimension)
            Name of an electrode; or points, as of `spin_potential`. Of an electrode it is one
            number, the mean over one with a given current density; behind a lead what a contact far
            away would have, but for the lead's own resistance.
        region : str, optional
            Of points alone, as of `spin_potential`.

        Raises
        ------
        TypeError, ValueError
            If there is no such electrode; for points as `spin_potential`.
        """
        if not isinstance(at, str):
            return self._at(at, region).potential
        if region is not None:
            raise ValueError(
                f"region must be left out for the potential of an electrode, got {region!r}"
            )
        self._check_electrode(at)
        return self.device.zero + self._potential(at)

    def _potential(self, electrode: str) -> float:
        """Return the potential of an electrode, counted from `Device.zero`, V."""
        tap = tap_of(self.device, self.system.parts, self.system.places, electrode)
        return float(tap.potential(self._mu_0, self._nu))

    def current(self, electrode: str) -> float:
        """Return the particle current times |e| that enters at an electrode, A.

        Per metre of depth in a planar device.
        """
        self._check_electrode(electrode)
        functions, places = self.system.functions, self.system.places
        if self.device.electrodes[electrode].j0 is not None:
            return current_into(self.device, self.system.parts, places, electrode)
        k = [*self.device.electrodes].index(electrode)
        tied = self.system.unknowns.electrode[self.system.classes.of_place] == k
        return float(functions.one[places.dofs[tied]] @ self._charge[tied])

    def resistance(self, inlet: str, outlet: str) -> float:
        """Return the difference of two potentials per current that enters at the first, Ohm.

        Ohm m, of a metre of depth, in a planar device. With a probe as the outlet it is a nonlocal
        resistance. It is what currents and potentials do alone, without spins that are driven at
        electrodes.

        Raises
        ------
        ValueError
            If no current enters there.
        """
        alone = self._of_currents
        current = alone.current(inlet)
        if current == 0:
            raise ValueError(
                f"current of electrode {inlet!r} must not be 0 for a resistance, got 0"
            )
        self._check_electrode(outlet)
        return (alone._potential(inlet) - alone._potential(outlet)) / current

    @cached_property
    def power(self) -> float:
        """The sum of all currents times potentials, W: what is dissipated.

        Spin currents that enter at electrodes where they, or mu_s, are given times ``mu_s/2`` are
        in it.
        """
        charge = (self.current(name) * self._potential(name) for name in self.device.electrodes)
        return sum(charge) + self._spin_power

    @cached_property
    def spin_resistance(self) -> float:
        """What of the resistance is because of spins, dr, Ohm; Ohm m in a planar device.

        The power at the given currents, less what it would be with mu_s = 0 all over, per square of
        the current through the device: as `Solution.spin_resistance` of a stack, over the area.
        With two electrodes it is a part of the resistance between them, and not negative, unless a
        beta_D is not p. Spins that are driven at electrodes have no part in it.

        Raises
        ------
        ValueError
            If several potentials are given, or no current.
        """
        check_one_potential(self.device)
        if self._of_currents is not self:
            return self._of_currents.spin_resistance
        whole = self._whole
        current = current_through(self.device, whole.system)
        if whole is not self:
            return whole.spin_resistance + (self.power - whole.power) / current**2
        return float(self._taps @ self._more_by_spins) / current**2

    @cached_property
    def _more_by_spins(self) -> FloatArray:
        """What the unknowns are more than without spins, V."""
        return self._by_spins(self._unknowns)

    def _by_spins(self, x: FloatArray, *, transposed: bool = False) -> FloatArray:
        """Return what a solution, or one of the transposed system, is more than without spins.

        With ``A_cc mu + A_cs nu = f`` and ``A_cc mu' = f`` that is ``mu - mu' = -A_cc^-1 A_cs nu``,
        and nu.
        """
        A = self.system.matrix.T if transposed else self.system.matrix
        is_charge = self.system.unknowns.kinds == MU_0
        own, found = np.flatnonzero(is_charge), np.where(is_charge, 0.0, x)
        load, kinds = -(A @ found)[own], self.system.unknowns.kinds[own]
        found[own], _ = solve_system(A[own][:, own], load, kinds, self.device.grid.dimension)
        return found

    # --- derivatives ----------------------------------------------------------------------------

    def gradient(self, output: str, *names: str) -> DeviceGradient:
        """Return how a result changes with every number of the device.

        Derivatives are exact for the mesh as it is, from dual fields: a solve of the transposed
        system for each component of the result, however many numbers there are. What that takes
        besides, factors or a preconditioner, is made once for all gradients of a solution.

        Parameters
        ----------
        output : "torque", "resistance", "spin_resistance", "potential" or "current"
            The result.
        *names : str
            Of a torque the ferromagnet, and the face if there is one; of a resistance both
            electrodes; of a potential or current the electrode.

        Returns
        -------
        Gradient
            A mapping as of `Solution.gradient` of a stack: ``gradient["free.l"]`` is the derivative
            with respect to l of the region "free", ``gradient["right.D"]`` of the lead behind the
            electrode "right", ``gradient["free|spacer.gamma"]`` of the interface between two,
            ``gradient["left.current"]`` of what is given at an electrode; angles of m,
            "free.polar" and "free.azimuth", in degrees; of the shape of the result, in its unit per
            unit of the number. Textures have no angles, and interfaces without a resistance no
            derivatives with it. With respect to m it is nan where two ferromagnets in contact are
            collinear, and strong, or with an asymmetric interface between them (gamma), or both at
            the end of a mixing conductance without a resistance, since turning one of them opens
            the contact; and that of dr with respect to the current of a
            probe, on either side of which it is another one.

        Raises
        ------
        ValueError
            If there is no such result, a name is not as above, or the solution is one with m
            turned.
        """
        if not isinstance(output, str) or output not in OUTPUTS:
            raise ValueError(
                f"output must be one of {', '.join(OUTPUTS)}, got {output!r}"
                f"{near_match(str(output), OUTPUTS)}"
            )
        if len(names) not in OUTPUTS[output]:
            raise ValueError(
                f"names for a gradient of {output} must be {' or '.join(map(str, OUTPUTS[output]))}"
                f", got {len(names)}"
            )
        self._check_whole("gradients")
        if output.endswith("resistance") and self._of_currents is not self:
            return self._of_currents.gradient(output, *names)
        value = getattr(self, output)
        value = value(*names) if callable(value) else value
        current = 1.0
        if output == "resistance":
            current = self.current(names[0])
        elif output == "spin_resistance":
            current = current_through(self.device, self.system)
        potentials = Potentials(self.device, self.system, self._unknowns)
        adjoint = Adjoint(
            potentials,
            self._dual_of,
            lambda: self._more_by_spins,
            lambda dual: self._by_spins(dual, transposed=True),
            self._is_self_dual,
        )
        return gradient_of(adjoint, output, names, value, current)

    def _dual_of(self, load: FloatArray) -> FloatArray:
        """Return the solution of the transposed system."""
        found, _ = self._solver.solve(load, transposed=True)
        return found

    @cached_property
    def _solver(self) -> Solver:
        """Factors or a preconditioner, which take room: made when they are asked for."""
        matrix, dim = self.system.matrix, self.device.grid.dimension
        return Solver(matrix, self.system.fields, dim, is_symmetric=self._is_symmetric)

    @cached_property
    def _is_symmetric(self) -> bool:
        return _is_symmetric(self.system.matrix)

    @cached_property
    def _is_self_dual(self) -> bool:
        """Whether what reads the power is what drives it, in a system that is symmetric."""
        return self._is_symmetric and np.array_equal(self._taps, self.system.load)

    @cached_property
    def _taps(self) -> FloatArray:
        own = self.system
        return taps_of(self.device, own.parts, own.places, own.unknowns)

    # --- torques --------------------------------------------------------------------------------

    @property
    def magnets(self) -> tuple[str, ...]:
        """Names of all ferromagnets."""
        return tuple(name for name in self.system.places.names if is_magnet(self.device, name))

    def torque(self, name: str, face: str | None = None) -> FloatArray:
        """Return the torque on a magnetization, J, shape (3,); J per metre in a planar device.

        ``(hbar/2|e|)`` times the spin current across m that it takes up: as `Solution.torque` of a
        stack, times the area.

        Parameters
        ----------
        name : str
            A ferromagnet.
        face : str, optional
            A region that it touches: what is taken up from there alone; its own name for what is
            taken up inside, of finite exchange lengths.
        """
        dofs, current = self._taken_by(name, face)
        total: FloatArray = TORQUE_PER_SPIN_CURRENT * (self.system.functions.one[dofs] @ current)
        return total

    def nodal_torque(self, name: str, face: str | None = None) -> tuple[FloatArray, FloatArray]:
        """Return torques at points, as a finite-element micromagnetic code needs them.

        ``int tau phi_i`` of the density tau and the functions phi_i of the elements, whose points
        these are. Elements of quadrilaterals beyond degree 2 have functions of edges and cells
        besides, which are not in the sum that `torque` is.

        Parameters
        ----------
        name, face
            As of `torque`.

        Returns
        -------
        points : array, shape (n, dimension)
            m.
        torques : array, shape (n, 3)
            J.
        """
        dofs, current = self._taken_at_points(name, face)
        at, place = np.unique(dofs, return_inverse=True)
        torques = np.zeros((len(at), 3))
        np.add.at(torques, place, TORQUE_PER_SPIN_CURRENT * current)
        return self.system.functions.points[at] * self.device.grid.unit, torques

    def torque_density(self, name: str, face: str) -> tuple[FloatArray, FloatArray]:
        """Return the torque per area at points of the interface to a region.

        The function of the elements whose integrals with the others' are `nodal_torque`: less
        accurate than these, and than `torque`, of order k for elements of degree k.

        Parameters
        ----------
        name : str
            A ferromagnet.
        face : str
            A region or electrode that it touches.

        Returns
        -------
        points : array, shape (n, dimension)
            m.
        density : array, shape (n, 3)
            J/m2.

        Raises
        ------
        ValueError
            If there is no such interface.
        """
        dofs, density = self.density_at(name, face)
        return self.system.functions.points[dofs] * self.device.grid.unit, density

    def density_at(self, name: str, face: str) -> tuple[IntArray, FloatArray]:
        """Return the same with numbers of degrees of freedom in place of points."""
        dofs, current = self._taken_by(name, face)
        for contact in self.system.contacts:
            if {*contact.names} == {name, face}:
                break
        else:
            raise ValueError(f"face must be of a region that {name!r} touches, got {face!r}")
        mass = self.system.functions.facet_mass(contact.facets)
        density = density_of(mass, contact.dofs, Load(dofs, TORQUE_PER_SPIN_CURRENT * current))
        return contact.dofs, density[contact.dofs]

    def torque_on_grid(self, name: str, cell: Sequence[float]) -> CellTorques:
        """Return torques in the cells of a finite-difference grid, as OOMMF and mumax3 have.

        The grid is a box around the magnet, of as few cells as cover it, and centred on it. The
        sum over cells is `torque`, exactly (if faces of hexahedra are parallelograms): densities on
        faces, and inside with exchange lengths, are integrated over what is in a cell. Torques
        on a face are in the cells on the magnet's side of it. A cell that the magnet fills in part
        has what is in this part: where a code leaves it empty, that is lost.

        Parameters
        ----------
        name : str
            A region of a ferromagnet.
        cell : three floats
            Edges of a cell, m. In a planar device the grid has one layer of cells, of the third
            edge, and so the torque of that depth. Axes of an axisymmetric one are as those of
            ``spinfem.handoff``: its axis, x of its stack, is z of the grid, and vectors (x, y, z)
            there are (y, z, x) in the device.

        Returns
        -------
        CellTorques
            With `torque`, J, `density`, J/m3, and `field`, T; ``save`` writes OVF files.

        Raises
        ------
        TypeError, ValueError
            If the name is not that of a region of a ferromagnet, the mesh has one dimension, edges
            are not three positive numbers, or cells are more than 10 million.
        """
        names = self.system.places.names
        self._taken_at_points(name, None)  # raises
        if name not in self.device.regions:
            raise ValueError(f"magnet must be a region, got the electrode {name!r}")
        loads = {
            source: Load(dofs, TORQUE_PER_SPIN_CURRENT * current)
            for source in names
            for dofs, current in [self._taken_by(name, source)]
            if len(dofs)
        }
        none = Load(np.zeros(0, dtype=np.intp), np.zeros((0, 3)))
        inside = loads.pop(name, none)
        return torques_in_cells(self.device, self.system, name, cell, loads, inside)

    def _taken_at_points(self, name: str, face: str | None) -> tuple[IntArray, FloatArray]:
        """Return the same as `_taken_by` where points count."""
        found = self._taken_by(name, face)
        region = self.device.regions.get(name)
        if face in (None, name) and region is not None and not region.is_strong:
            self._check_whole("torques inside regions")
        return found

    def _taken_by(self, name: str, face: str | None) -> tuple[IntArray, FloatArray]:
        """Return degrees of freedom and spin currents, A, that a magnetization takes up there."""
        names, taken = self.system.places.names, self._taken
        if name not in self.magnets:
            raise ValueError(
                f"magnet must be one of {listed(list(self.magnets)) or 'none'}, got {name!r}"
            )
        own = taken.magnet == names.index(name)
        if face is not None:
            if face not in names:
                raise ValueError(f"face must be one of {listed(names)}, got {face!r}")
            own &= taken.source == names.index(face)
        return taken.dofs[own], taken.current[own]

    # --- fields ---------------------------------------------------------------------------------

    def spin_potential(self, points: ArrayLike, region: str | None = None) -> FloatArray:
        """Return mu_s anywhere in the device, V.

        Parameters
        ----------
        points : array, shape (..., dimension)
            m, with as many coordinates as the mesh has dimensions; of an axisymmetric device the
            distance from the axis, and x along it.
        region : str, optional
            The region in which they are: at an interface it tells the side. Default: the first
            of the device's regions that has a point.

        Returns
        -------
        array, shape (..., 3)

        Raises
        ------
        TypeError, ValueError
            If points are no numbers, of another shape, or outside of the device or the region; or
            if there is no such region.
        """
        return self._at(points, region).spin_potential

    def charge_current(self, points: ArrayLike, region: str | None = None) -> FloatArray:
        """Return the particle current times |e| per area, A/m2, shape (..., dimension).

        Components are along the coordinates of the mesh, positive where electrons flow towards
        larger ones: ``j = -D_tot (grad mu_0 + beta_D grad nu)`` with ``nu = m.mu_s/2``, and p for
        beta_D where that is not given. It is a derivative, less accurate than the potentials.
        Parameters and errors as of `spin_potential`.
        """
        return self._at(points, region).current

    def spin_current(self, points: ArrayLike, region: str | None = None) -> FloatArray:
        """Return j_s anywhere in the device, A/m2, shape (..., dimension, 3).

        The first of the last two axes is the direction of the flow, along the coordinates of the
        mesh, the second that of the spin. ``j_s = -D_tot (p grad mu_0 m + grad nu)`` with ``nu =
        mu_s/2``; in a strong ferromagnet along m. It is a derivative as `charge_current`, which
        `torque` is not. Parameters and errors as of `spin_potential`.
        """
        return self._at(points, region).spin_current

    def _at(self, points: ArrayLike, region: str | None) -> Fields:
        self._check_whole("fields inside regions")
        found = fields_at(self.device, self.system, self._mu_0, self._nu, points, region)
        return found._replace(potential=self.device.zero + found.potential)

    def field(self, region: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the points of a region's elements, m, with mu_0 (n,) and mu_s (n, 3) there, V.

        Raises
        ------
        ValueError
            If there is no such region, or its elements have no values at points.
        """
        if region not in self.device.regions:
            raise ValueError(
                f"region must be one of {listed(list(self.device.regions))}, got {region!r}"
            )
        if not self.system.functions.is_nodal:
            raise ValueError(
                "degree must be at most 1 on lines and 2 on quadrilaterals for values at points, "
                f"got {self.system.functions.degree}"
            )
        dofs = self.system.places.dofs[self.system.places.of(region)]
        points = self.system.functions.points[dofs] * self.device.grid.unit
        return points, *self.at(region, dofs)[:2]

    def at(self, region: str, dofs: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mu_0 (n,) and mu_s (n, 3), V, and m (n, 3) at degrees of freedom of a region."""
        self._check_whole("fields inside regions")
        own = self.system.places.at(region, dofs)
        nu, m = self._nu[own], self.system.places.m[own]
        if self.device.regions[region].is_strong:
            nu = np.einsum("ni,ni->n", nu, m)[:, None] * m
        zero = self.device.zero * self.system.functions.one[dofs]
        return zero + self._mu_0[own], 2 * nu, m

    @property
    def plot(self) -> DevicePlots:
        """Pictures: ``.field()``, ``.torque(name, face)``; they need matplotlib."""
        return DevicePlots(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fields for ParaView, in nm: the volume, and torques on interfaces beside it.

        x.vtu has `potential`, mu_0, `spin_potential`, mu_s, both V, and `m` at corners of cells,
        those at interfaces doubled, and the `region` of cells. x_interfaces.vtu has
        `torque_density`, J/m2, there. An axisymmetric device is its section. Names of regions and
        interfaces, potentials and currents are in the field data.

        Parameters
        ----------
        path : str or path
            The file, ending in .vtu.

        Raises
        ------
        ValueError
            If its name has another ending.
        OSError
            If a file cannot be written.
        """
        save(self, Path(path))

    def _check_whole(self, what: str) -> None:
        if self._whole is not self:
            raise ValueError(
                f"{what} must be of a device that is solved as a whole, got one with m turned: "
                "take spinfem.solve(solution.device)"
            )

    def _check_electrode(self, name: str) -> None:
        if name not in self.device.electrodes:
            raise ValueError(
                f"electrode must be one of {listed(list(self.device.electrodes))}, got {name!r}"
            )


def solve_device(
    device: Device,
    degree: int | None = None,
    *,
    certify: bool = False,
    progress: bool | None = None,
) -> DeviceSolution:
    """Solve a device; parameters as of `spinfem.solve`."""
    if certify:
        check_certifiable(device)
    notice_coarse(device, 4)
    solution = solve_parts(device, parts_of(device, degree), progress)
    if certify:
        found = certificate(device, solution.system, solution._unknowns, progress)
        solution.bounds = found.bounds
    return solution


def solve_parts(device: Device, parts: Parts, progress: bool | None) -> DeviceSolution:
    """Solve a device of its parts, in which magnetizations and what drives it have none."""
    system = assemble(device, parts)
    return DeviceSolution(device, system, *solve_assembled(device, system, progress))


def solve_assembled(
    device: Device, system: System, progress: bool | None
) -> tuple[FloatArray, Report]:
    """Solve the system of a device, condensed or not, if spins are absorbed."""
    matrix, load = system.matrix, system.load
    check_spin_sink(system)
    symmetric = _is_symmetric(matrix)
    if system.parts.is_condensed:
        return solve_full(matrix, load, is_symmetric=symmetric)
    dim = device.grid.dimension
    return solve_system(matrix, load, system.fields, dim, progress, is_symmetric=symmetric)


def _is_symmetric(matrix: Any) -> bool:
    return bool(abs(matrix - matrix.T).max() <= ROUNDING * abs(matrix).max())
