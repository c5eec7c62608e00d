"""Closed formulas that go by the names of these papers, whose texts were not consulted: each is the
exact solution of the model for its stack, and is written out in `validation/formulas.py`. So
differences are roundings, and where a row says so those of a stand-in for what a formula takes to
be infinite.

Numbers are illustrative: Co with ρ* = 75 nΩ m, β = 0.46, l = 60 nm; Py with 291, 0.76, 5.5; Cu with
ρ = 6 nΩ m, l = 450 nm; AR* = 0.52 fΩ m², γ = 0.76. R_F = ρ* l_F, R_N = ρ l_N, X = R_F + AR*,
S = β R_F + γ AR*.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import numpy as np

import spinfem as sf

from .rows import Row, compared

TITLE = "Closed formulas"

UP, DOWN, ASIDE = sf.direction(0), sf.direction(180), sf.direction(90)
RHO_STAR, BETA, L_F = 75e-9, 0.46, 60e-9
RHO, L_N = 6e-9, 450e-9
AR, GAMMA = 0.52e-15, 0.76
R_F, R_N = RHO_STAR * L_F, RHO * L_N
X, S = R_F + AR, BETA * R_F + GAMMA * AR

CO = sf.Ferromagnet.from_valet_fert(RHO_STAR, beta=BETA, l=L_F, name="Co")
CU = sf.NormalMetal.from_resistivity(RHO, l=L_N, name="Cu")
FACE = sf.Interface(AR, gamma=GAMMA)
OHM_M2 = "Ω m²"
ROUNDINGS = "roundings"
SINGLE, SMALL = 1e-13, 1e-11
"""Allowed of a result that is a sum, and of the difference of two that are nearly equal."""


def layer(thickness: float, m: object = UP) -> sf.Layer:
    """Return a layer of Co."""
    return CO(thickness, m=m)


# --- one interface, and one spacer ------------------------------------------------------------


def van_son() -> Row:
    """Return dr of a transparent contact."""
    stack = sf.Lead(CO, m=UP) | layer(10e-9) | CU(10e-9) | sf.Lead(CU)
    return compared(
        "dr of F/N, β² R_F R_N/(R_F + R_N)",
        source="van Son et al. 1987, Valet and Fert 1993",
        parameters="half-infinite Co and Cu",
        theirs=BETA**2 * R_F * R_N / (R_F + R_N),
        ours=sf.solve(stack).spin_resistance,
        allowed=SINGLE,
        unit=OHM_M2,
        digits=6,
        why=ROUNDINGS,
    )


def fert_jaffres() -> list[Row]:
    """Return j_s and dr of a resistive contact, and the difference of dr of a valve."""
    contact = sf.solve(sf.Lead(CO, m=UP) | layer(10e-9) | FACE | CU(10e-9) | sf.Lead(CU))
    dr = (R_N * (BETA**2 * R_F + GAMMA**2 * AR) + R_F * AR * (BETA - GAMMA) ** 2) / (X + R_N)
    spacers = np.array([10e-9, 100e-9, 1000e-9])
    z = spacers / L_N
    valve = 2 * S**2 / (X * np.cosh(z) + R_N / 2 * (1 + X**2 / R_N**2) * np.sinh(z))

    def resistance(m: object) -> np.ndarray:
        left = sf.Lead(CO, m=UP) | layer(8e-9) | FACE
        return sf.solve(
            left | CU(spacers) | FACE | layer(8e-9, m) | sf.Lead(CO, m=m)
        ).spin_resistance

    common = {"source": "Fert and Jaffrès 2001", "digits": 6, "why": ROUNDINGS}
    return [
        compared(
            "j_s/j0 at F/N with AR*, S/(X + R_N)",
            parameters="half-infinite Co and Cu",
            theirs=S / (X + R_N),
            ours=contact.interfaces[1].spin_current_right[2],
            allowed=SINGLE,
            **common,
        ),
        compared(
            "dr of the same, [R_N(β² R_F + γ² AR*) + R_F AR*(β − γ)²]/(X + R_N)",
            parameters="half-infinite Co and Cu",
            theirs=dr,
            ours=contact.spin_resistance,
            allowed=SINGLE,
            unit=OHM_M2,
            **common,
        ),
        compared(
            "ΔR of F/N/F, 2S²/[X cosh z + (R_N/2)(1 + X²/R_N²) sinh z], z = t_N/l_N",
            parameters="half-infinite Co, AR* on both sides; t_N = 10, 100, 1000 nm",
            theirs=valve,
            ours=resistance(DOWN) - resistance(UP),
            allowed=SMALL,
            unit=OHM_M2,
            **common,
        ),
    ]


def pratt() -> Row:
    """Return A dR of an exchange-biased valve."""
    rho_star, beta, l, resistance, gamma, t_N = 291e-9, 0.76, 5.5e-9, 0.5e-15, 0.7, 20e-9
    Py = sf.Ferromagnet.from_valet_fert(rho_star, beta=beta, l=l)
    N, face = sf.NormalMetal.from_resistivity(RHO, l=np.inf), sf.Interface(resistance, gamma=gamma)
    valve = sf.Reservoir() | Py(40 * l, m=UP) | face | N(t_N) | face | Py(40 * l, m=UP, name="free")
    driving = beta * rho_star * l + gamma * resistance
    return compared(
        "A ΔR of an exchange-biased valve, 4S²/(2R_F + ρ t_N + 2AR*)",
        source="Pratt et al. 1997",
        parameters="Py of 40 l, γ = 0.7, AR* = 0.5 fΩ m², Cu 20 nm without relaxation",
        theirs=4 * driving**2 / (2 * rho_star * l + RHO * t_N + 2 * resistance),
        ours=sf.magnetoresistance(valve | sf.Reservoir(), {"free": DOWN}).change,
        allowed=SMALL,
        unit=OHM_M2,
        digits=6,
        why=ROUNDINGS,
    )


def factor_of_two() -> Row:
    """Return what a mixing conductance takes up behind a normal metal."""
    mixing, d = 0.5e15, 50e-9
    N, face = sf.NormalMetal.from_resistivity(RHO, l=np.inf), sf.Interface(0.0, mixing=mixing)
    pieces = sf.Lead(CO, m=UP) | layer(8e-9) | N(d) | face
    solution = sf.solve(pieces | CO(8e-9, m=ASIDE, name="x") | sf.Lead(CO, m=ASIDE))
    return compared(
        "absorbed j_s/j0, β 2R_F/(2R_F + 2ρd + 1/G_r)",
        source="series of a layer and a mixing conductance, 1/G_eff = 1/G_r + 2ρd",
        parameters="half-infinite Co at 90 deg, Cu 50 nm without relaxation, AR* = 0, "
        "G_r = 5 × 10¹⁴ S/m²",
        theirs=BETA * 2 * R_F / (2 * R_F + 2 * RHO * d + 1 / mixing),
        ours=solution.absorbed_spin_current("x")[2],
        allowed=SINGLE,
        digits=6,
        why=ROUNDINGS,
    )


# --- multilayers ------------------------------------------------------------------------------

ROD = sf.NormalMetal.from_resistivity(RHO, l=np.inf)
LONG = sf.Ferromagnet.from_valet_fert(RHO_STAR, beta=BETA, l=np.inf)


def multilayer(F: sf.Ferromagnet, N: sf.NormalMetal, n: int, t: float, m: tuple) -> list[object]:
    """Return [F | face | N | face] n times without the last N, the m in turn."""
    pieces: list[object] = []
    for _, direction in zip(range(n), cycle(m), strict=False):
        pieces += [F(t, m=direction), FACE, N(t), FACE]
    return pieces[:-3]


def lee() -> list[Row]:
    """Return the series resistors of a multilayer between superconducting leads."""
    n, t, lead = 20, 6e-9, 3e-15
    ends = [sf.Reservoir(), sf.Interface(lead)]

    def resistance(*m: object) -> float:
        inner = multilayer(LONG, ROD, n, t, m)
        return float(sf.solve(sf.Stack([*ends, *inner, *ends[::-1]])).resistance)

    parallel, anti = resistance(UP), resistance(UP, DOWN)
    common = {
        "source": "Lee et al. 1993: series resistors",
        "parameters": "20 Co of 6 nm, Cu 6 nm, no relaxation, AR_SF = 3 fΩ m² at reservoirs",
        "unit": OHM_M2,
        "digits": 6,
        "why": ROUNDINGS,
    }
    return [
        compared(
            "AR(AP), 2AR_SF + N ρ* t_F + (N − 1)(ρ t_N + 2AR*)",
            theirs=2 * lead + n * RHO_STAR * t + (n - 1) * (RHO * t + 2 * AR),
            ours=anti,
            allowed=SINGLE,
            **common,
        ),
        compared(
            "√([AR(AP) − AR(P)] AR(AP)), N β ρ* t_F + 2(N − 1) γ AR*",
            theirs=n * BETA * RHO_STAR * t + 2 * (n - 1) * GAMMA * AR,
            ours=np.sqrt((anti - parallel) * anti),
            allowed=SMALL,
            **common,
        ),
    ]


def interface_resistance(tF: float, tN: float, l_F: float, l_N: float, parallel: bool) -> float:
    """Return r_SI of Valet and Fert, the spin-coupled resistance of one interface."""
    layers, ends = RHO_STAR * l_F, RHO * l_N
    half = tN / (2 * l_N)
    a = (1 / np.tanh(half) if parallel else np.tanh(half)) / ends
    F = 1 / np.tanh(tF / (2 * l_F)) / layers
    top = (BETA - GAMMA) ** 2 * a + GAMMA**2 * F + BETA**2 / AR
    return float(top / (a * F + (a + F) / AR))


def valet_fert() -> list[Row]:
    """Return an infinite multilayer by its half cell, and a finite one."""
    cells = [(6e-9, 6e-9), (60e-9, 30e-9), (2e-9, 200e-9)]
    theirs, ours = [], []
    for parallel, mirror in ((True, sf.Reservoir()), (False, sf.SpinBlocking())):
        for tF, tN in cells:
            half = sf.Reservoir() | layer(tF / 2) | FACE | CU(tN / 2) | mirror
            theirs.append(interface_resistance(tF, tN, L_F, L_N, parallel))
            ours.append(sf.solve(half).spin_resistance)
    order = [0, 3, 1, 4, 2, 5]
    half_cell = compared(
        "r_SI of an interface of an infinite multilayer, P and AP",
        source="Valet and Fert 1993",
        parameters="half cells between mirror planes: t_F, t_N = 6, 6; 60, 30; 2, 200 nm; shown: "
        "P and AP of the first",
        theirs=np.array(theirs)[order],
        ours=np.array(ours)[order],
        scale=np.array(theirs)[order],
        shown=(0, 1),
        allowed=SINGLE,
        unit=OHM_M2,
        digits=6,
        why=ROUNDINGS,
    )
    t, l = 6e-9, 20e-9
    F = sf.Ferromagnet.from_valet_fert(RHO_STAR, beta=BETA, l=l)
    N = sf.NormalMetal.from_resistivity(RHO, l=l)
    series = (1 - BETA**2) * RHO_STAR * t + RHO * t + 2 * (1 - GAMMA**2) * AR

    def resistance(n: int, *m: object) -> float:
        pieces = [*multilayer(F, N, n, t, m), FACE, N(t)]
        return float(sf.solve(sf.Stack([sf.Reservoir(), *pieces, sf.Reservoir()])).resistance)

    finite = compared(
        "R of 60 bilayers less R of 58, 2(r_0 + 2r_SI), P and AP",
        source="Valet and Fert 1993",
        parameters="Co 6 nm, Cu 6 nm, l = 20 nm in both, between reservoirs",
        theirs=[2 * (series + 2 * interface_resistance(t, t, l, l, p)) for p in (True, False)],
        ours=[resistance(60, *m) - resistance(58, *m) for m in ((UP,), (UP, DOWN))],
        allowed=SMALL,
        unit=OHM_M2,
        digits=6,
        why="roundings; the ends are 36 l from the middle",
    )
    return [half_cell, finite]


# --- circuit theory ---------------------------------------------------------------------------


def circuit() -> list[Row]:
    """Return conductance and chi of two ferromagnetic reservoirs and a node of a normal metal."""
    up, down, mixing = 0.7e15, 0.2e15, 0.5e15 + 0.12e15j
    theta = np.linspace(0, 180, 13)
    total, p = up + down, (up - down) / (up + down)
    eta = 2 * mixing / total
    e = abs(eta) ** 2 / eta.real
    cosine = np.cos(np.radians(theta))
    conductance = total / 2 * (1 - p**2 * (1 - cosine) / (1 - cosine + e * (1 + cosine)))
    F = sf.Ferromagnet(D=1e22, l=1e-12, p=0.0)
    node = sf.NormalMetal(D=1e14, l=np.inf)(1e-12)
    face = sf.Interface(total / (4 * up * down), gamma=p, mixing=mixing)
    m = sf.direction(theta)
    left, right = sf.Lead(F, m=UP) | F(1e-12, m=UP) | face, face | F(1e-12, m=m) | sf.Lead(F, m=m)
    R = sf.solve(left | node | right).resistance
    share = (R - R[0]) / (R[-1] - R[0])
    common = {
        "parameters": "G↑, G↓, G_mix = 0.7, 0.2, 0.5 + 0.12 i × 10¹⁵ S/m²",
        "allowed": 1e-10,
        "why": "reservoirs and node of the formula conduct infinitely well, the node here 10¹¹ "
        "times better than the interfaces; allowed: 10⁻¹⁰",
    }
    return [
        compared(
            "G(θ), 13 angles, (g/2)[1 − p²(1 − c)/(1 − c + e(1 + c))], e = |η|²/Re η; shown: 0, "
            "60, 120 deg",
            source="Brataas, Nazarov, Bauer 2000",
            theirs=conductance,
            ours=1 / R,
            shown=(0, 4, 8),
            unit="S/m²",
            **common,
        ),
        compared(
            "χ of the same from R at 90 deg, e/(1 − p²) − 1",
            source="Bauer et al. 2003",
            theirs=e / (1 - p**2) - 1,
            ours=1 / share[6] - 2,
            **common,
        ),
    ]


# --- spin memory loss -------------------------------------------------------------------------


def slab(delta: float) -> Callable[..., object]:
    """Return an interface with delta as a layer of thickness t -> 0; m is its magnet's."""
    t = 1e-15  # no real thickness: SI, but without units that would be looked at
    metal = sf.Ferromagnet(D=t / AR, l=t / delta, p=GAMMA)
    return lambda m, group: metal(t, m=m, group=group)


def lossy(delta: float) -> Callable[..., object]:
    """Return the same as an `Interface`."""
    return lambda m, group: sf.Interface(AR, gamma=GAMMA, delta=delta)


SKINS = {"layers of 10⁻¹⁵ m": slab, "`Interface(delta=)`": lossy}
"""Ways to have delta."""
DELTAS = np.array([0.19, 0.9])


def two_port(G: float, z: float) -> np.ndarray:
    """Return G [[coth, -1/sinh], [-1/sinh, coth]] of z: j_s in at both faces per mu_s there."""
    return G / np.sinh(z) * np.array([[np.cosh(z), -1.0], [-1.0, np.cosh(z)]])


def lossy_valve(delta: float) -> float:
    """Return dr(AP) - dr(P) of Lead(Cu)|Co 8|delta|Cu 10|delta|Co 8|Lead(Cu), by its half."""
    parts = [(1 / (2 * R_F), 8e-9 / L_F, BETA), (delta / (2 * AR), delta, GAMMA)]
    found = []
    for inward in (np.tanh, lambda z: 1 / np.tanh(z)):  # of half the spacer: AP, P
        matrix, source = np.zeros((3, 3)), np.zeros(3)
        matrix[0, 0] = 1 / (2 * R_N)
        for k, (G, z, p) in enumerate(parts):
            matrix[k : k + 2, k : k + 2] += two_port(G, z)
            source[k : k + 2] += [-p, p]
        matrix[2, 2] += inward(5e-9 / L_N) / (2 * R_N)
        found.append(source @ np.linalg.solve(matrix, source))
    return float(found[0] - found[1])


def memory_loss() -> list[Row]:
    """Return how delta at both inner interfaces reduces the resistance change of a valve."""

    def change(skin: Callable[..., object]) -> float:
        left, right = (skin(UP, group) for group in ("fixed", "free"))
        pieces = [CO(8e-9, m=UP, group="fixed"), left, CU(10e-9), right]
        pieces = [sf.Lead(CU), *pieces, CO(8e-9, m=UP, group="free"), sf.Lead(CU)]
        return float(sf.magnetoresistance(sf.Stack(pieces), {"free": DOWN}).change)

    without = change(lambda m, group: FACE)
    found = []
    for kind, skin in SKINS.items():
        common = {
            "source": "Valet and Fert's layer of ρ* = AR*/t, β = γ, l = t/δ for t → 0; "
            "P = 1 − exp(−δ) of Bass and Pratt",
            "parameters": f"Cu, Co 8 nm, Cu 10 nm, Co 8 nm, Cu; δ on both sides of the spacer: "
            f"{kind}",
            "digits": 6,
        }
        found += [
            compared(
                "ΔR(δ)/ΔR(0), δ = 0.19, 0.9",
                theirs=[lossy_valve(delta) / lossy_valve(1e-9) for delta in DELTAS],
                ours=[change(skin(delta)) / without for delta in DELTAS],
                allowed=SMALL,
                why="roundings; theirs is the two-port of sinh and coth of δ",
                **common,
            ),
            compared(
                "ΔR(δ)/ΔR(0), δ = 10⁻⁶",
                theirs=1.0,
                ours=change(skin(1e-6)) / without,
                allowed=2e-11,
                why="δ → 0 is the interface without it; allowed: δ² R_F/AR* = 10⁻¹¹, and as much "
                "for roundings",
                **common,
            ),
        ]
    return found


def rows() -> list[Row]:
    """Return the comparisons."""
    found = [van_son(), *fert_jaffres(), *valet_fert(), *lee(), pratt(), *circuit()]
    return [*found, factor_of_two(), *memory_loss()]
