"""What the figures show, computed: solutions of `spinfem.solve`, and tables of their numbers.

Nothing here comes from a closed form; the tests compare with these. A table maps names of columns,
with their units, to arrays of one length. Lengths are in units of l_N, mu_s in those of j0/G_1, and
dr in those of 1/G_1, with the stiffness G_1 of F1 (in Figs. 2 and 3, G_F of F).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .._checks import FloatArray
from ..analogy import Analogy
from ..paper.analogy import Ring
from ..solution import Solution
from ..solver import solve
from ..studies.signs import sign_changes
from .systems import (
    EFFICIENCIES,
    FIG4,
    FIG5,
    FIG6_ANGLES,
    FIG7,
    FIG7_THICKNESS,
    IN_PLANE,
    UP,
    collinear_fnf,
    collinear_nfn,
    contact,
    four_ferromagnets,
    singular,
    thick_contact,
    thick_halves,
    thick_valve,
    turned_valve,
)

Table = dict[str, FloatArray]


@dataclass(frozen=True)
class Data:
    """What a figure is drawn from.

    Attributes
    ----------
    tables : dict
        Table of every file, by what follows the name of the figure in that of the file.
    solutions : dict
        Solutions that are drawn, by the name of what they are.
    """

    tables: Mapping[str, Table]
    solutions: Mapping[str, Solution] = field(default_factory=dict)


def sliding(analogy: Analogy) -> list[Ring]:
    """Return the rings that the figures are about: those with a spacer, or where one vanished.

    Left out are rings at reservoirs, and those between a lead and a layer of the same metal, which
    stand there only because the layer has fields to draw.
    """
    pieces = analogy.solution.stack.elements

    def seam(ring: Ring) -> bool:
        here, there = pieces[ring.face], pieces[ring.face + 1]
        return getattr(here, "material", None) is getattr(there, "material", 0)

    return [r for r in analogy.rings if r.pinned != "reservoir" and not seam(r)]


# --- tables ---------------------------------------------------------------------------------------


def _fields(solution: Solution, axes: Mapping[str, FloatArray], G: str = "G_1") -> Table:
    """Fields in every layer, in the directions of the axes; at an interface on both its sides."""
    layers = solution.layers
    number = [np.full(layer.x.size, i) for i, layer in enumerate(layers, start=1)]
    x = np.concatenate([layer.x for layer in layers])
    mu = np.concatenate([layer.spin_potential for layer in layers])
    j = np.concatenate([layer.spin_current for layer in layers])
    table = {"layer": np.concatenate(number).astype(float), "x/l_N": x}
    table |= {f"mu_s{name} {G}/j0": mu @ axis for name, axis in axes.items()}
    return table | {f"j_s{name}/j0": j @ axis for name, axis in axes.items()}


def _rings(solution: Solution, axes: Mapping[str, FloatArray], G: str = "G_1") -> Table:
    """Positions of the rings, and all forces on them, in the directions of the axes."""
    rings = sliding(Analogy(solution))
    forces = {
        "driving": [ring.forces[0].vector for ring in rings],
        "F cord": [ring.forces[1].vector for ring in rings],
        "N cord": [ring.forces[2].vector for ring in rings],
        "reaction": [ring.reaction for ring in rings],
    }
    table = {"ring": np.arange(1.0, len(rings) + 1)}
    table |= {f"m{name}": np.array([r.rod @ axis for r in rings]) for name, axis in axes.items()}
    table[f"mu {G}/j0"] = np.array([ring.position for ring in rings])
    for what, vectors in forces.items():
        table |= {f"{what}{name}/j0": np.array(vectors) @ axis for name, axis in axes.items()}
    return table


def _stacked(names: tuple[str, ...], tables: Mapping[tuple[float, ...], Table]) -> Table:
    """Put tables on top of each other, with first columns, named, that tell them apart."""
    lengths = [next(iter(table.values())).size for table in tables.values()]
    keys = np.repeat(np.array(list(tables), dtype=float), lengths, axis=0)
    columns = next(iter(tables.values()))
    return dict(zip(names, keys.T, strict=True)) | {
        name: np.concatenate([table[name] for table in tables.values()]) for name in columns
    }


def _both(
    names: tuple[str, ...],
    solutions: Mapping[tuple[float, ...], Solution],
    axes: Mapping[str, FloatArray],
    G: str = "G_1",
) -> dict[str, Table]:
    """Tables of the fields and of the rings of several solutions."""
    fields = {key: _fields(solution, axes, G) for key, solution in solutions.items()}
    rings = {key: _rings(solution, axes, G) for key, solution in solutions.items()}
    return {"": _stacked(names, fields), "_rings": _stacked(names, rings)}


_ALONG_M = {"": UP}
_PLANE = {"_x": IN_PLANE[:, 0], "_z": IN_PLANE[:, 1]}


# --- the paper's figures --------------------------------------------------------------------------


def fig2() -> Data:
    """F/N contact."""
    solution = solve(contact())
    tables = {"": _fields(solution, _ALONG_M, "G_F"), "_rings": _rings(solution, _ALONG_M, "G_F")}
    return Data(tables, {"F/N": solution})


def fig3() -> Data:
    """Collinear F/N/F and N/F/N."""
    solutions = {"F/N/F": solve(collinear_fnf()), "N/F/N": solve(collinear_nfn())}
    which = ("structure (1: F/N/F; 2: N/F/N)",)
    numbered: dict[tuple[float, ...], Solution] = {
        (float(i),): solution for i, solution in enumerate(solutions.values(), start=1)
    }
    return Data(_both(which, numbered, _ALONG_M, "G_F"), solutions)


def _hodographs(solution: Solution) -> Data:
    tables = {"": _fields(solution, _PLANE), "_rings": _rings(solution, _PLANE)}
    return Data(tables, {"valve": solution})


def fig4() -> Data:
    """Hodographs of a valve with g1, g2 > 0."""
    return _hodographs(solve(FIG4))


def fig5() -> Data:
    """Hodographs of a valve with g2 < 0."""
    return _hodographs(solve(FIG5))


def fig6() -> Data:
    """Spin resistance over the thickness of the spacer.

    d_N = 0 is the contact F1/F2; d_N = inf is F1/N and N/F2, each on its own. Points are dense
    enough near 0 for the fall of dr there, within d_N/l_N of about the angle's sine squared.
    """
    d_N = np.concatenate([np.geomspace(1e-9, 0.2, 200), np.linspace(0.2, 3.0, 281)[1:]])
    theta = np.array([angle for panel in FIG6_ANGLES for angle in panel])[:, None]
    at_zero = solve(thick_contact(theta)).spin_resistance
    beyond = solve(thick_valve(theta, d_N)).spin_resistance
    at_infinity = sum(float(solve(half).spin_resistance) for half in thick_halves())
    dr = np.concatenate([at_zero, beyond], axis=1) / at_infinity
    curves = {f"dr/dr_inf({angle:g} deg)": curve for angle, curve in zip(theta[:, 0], dr)}  # noqa: B905
    return Data({"": {"d_N/l_N": np.append(0.0, d_N)} | curves})


def fig7() -> Data:
    """Rods, rings and cords at finite d_N and at d_N -> 0."""
    cases: dict[tuple[float, ...], Solution] = {
        (theta, d_N): solve(singular(theta, d_N))
        for theta in FIG7.values()
        for d_N in (FIG7_THICKNESS, 0.0)
    }
    tables = _both(("theta (deg)", "d_N/l_N"), cases, _PLANE)
    return Data(tables, {f"{theta:g}, {d_N:g}": found for (theta, d_N), found in cases.items()})


# --- ours -----------------------------------------------------------------------------------------


def efficiencies() -> Data:
    """g1, g2 and dr over the angle, of a symmetric and of an asymmetric valve."""
    theta = np.linspace(0.0, 180.0, 361)
    table, changes = {"theta (deg)": theta}, []
    for number, (name, p) in enumerate(EFFICIENCIES.items(), start=1):
        solution = solve(turned_valve(theta, p))
        g1, g2 = solution.efficiency("F1", "F2")
        table |= {f"g1 {name}": np.asarray(g1), f"g2 {name}": np.asarray(g2)}
        table[f"dr G_1 {name}"] = np.asarray(solution.spin_resistance)
        found = sign_changes(lambda t, p=p: turned_valve(t, p), 0.0, 180.0, "F1", "F2")  # type: ignore[misc]
        changes += [(number, i, angle) for i in (1, 2) for angle in found[i - 1]]
    columns = np.array(changes, dtype=float).reshape(-1, 3).T
    names = ("valve (1: symmetric; 2: asymmetric)", "of g1 or g2", "theta (deg)")
    return Data({"": table, "_sign_changes": dict(zip(names, columns, strict=True))})


def folded() -> Data:
    """Hodographs of four ferromagnets that do not lie in one plane, in space and folded."""
    solution = solve(four_ferromagnets())
    sheets = Analogy(solution).fold()
    table = _fields(solution, dict(zip(("_x", "_y", "_z"), np.eye(3), strict=True)))
    for i, way in enumerate(("across", "along")):
        for name, curves in (("mu_s {} G_1/j0", sheets.potential), ("j_s {}/j0", sheets.current)):
            column = np.concatenate([curve[:, i] for curve in curves])
            table[name.format(f"{way} m(A) folded")] = column
    angles = {"ferromagnet": np.arange(1.0, 5.0), "angle of the rod (deg)": sheets.angles}
    return Data({"": table, "_rods": angles}, {"four": solution})


def turning() -> Data:
    """Rings and cords of the asymmetric valve at every frame of the animation."""
    theta = np.linspace(0.0, 180.0, 61)
    batch = solve(turned_valve(theta))
    g1, g2 = batch.efficiency("F1", "F2")
    frames = {f"{angle:g}": batch[i] for i, angle in enumerate(theta)}
    mu1, mu2 = np.array([[r.position for r in sliding(Analogy(s))] for s in frames.values()]).T
    table = {"theta (deg)": theta, "mu1 G_1/j0": mu1, "mu2 G_1/j0": mu2}
    table |= {"g1": np.asarray(g1), "g2": np.asarray(g2)}
    return Data({"": table | {"dr G_1": np.asarray(batch.spin_resistance)}}, frames)
