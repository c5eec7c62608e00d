"""What was read: abstracts, and formulas as public codes have them. Numbers of the samples are
illustrative where a row says so.
"""

from __future__ import annotations

import numpy as np

import spinfem as sf

from .rows import Row, compared, stated

TITLE = "Other published results"

CO = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
PY = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
CU = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
UP = sf.direction(0)


def valve(
    fixed: sf.Ferromagnet,
    free: sf.Ferromagnet,
    theta: object,
    face: sf.Interface | None = None,
) -> sf.Stack:
    """Return Cu lead, fixed 8 nm, Cu 10 nm, free 8 nm, Cu lead."""
    faces = [] if face is None else [face]
    middle = [*faces, CU(10e-9), *faces]
    pieces = [sf.Lead(CU), fixed(8e-9, m=UP, name="fixed"), *middle]
    return sf.Stack([*pieces, free(8e-9, m=sf.direction(theta), name="free"), sf.Lead(CU)])


def xiao(theta: np.ndarray, P_L: float, L_L: float, P_R: float, L_R: float) -> np.ndarray:
    """Return epsilon of Xiao, Zangwill and Stiles as OOMMF and Boris have it."""
    first = P_L * L_L**2 * np.sqrt((L_R**2 + 1) / (L_L**2 + 1))
    second = P_R * L_R**2 * np.sqrt((L_L**2 - 1) / (L_R**2 - 1))
    A = np.sqrt((L_L**2 + 1) * (L_R**2 + 1))
    B = np.sqrt((L_L**2 - 1) * (L_R**2 - 1))
    cosine = np.cos(np.radians(theta))
    plus, minus = (first + second) / 2, (first - second) / 2
    return plus / (A + B * cosine) + minus / (A - B * cosine)


def of_xiao() -> Row:
    """Return the torque as OOMMF is given it."""
    theta = np.array([1.0, 30.0, 60.0, 90.0, 120.0, 150.0, 179.0])
    g = sf.solve(valve(CO, PY, theta)).efficiency("fixed", "free")[1]
    torque = sf.slonczewski(sf.solve(valve(CO, PY, 60.0)), "fixed", "free")
    parameters = torque.P_fixed, torque.Lambda, torque.P_free, torque.Lambda
    return compared(
        "ε(θ) = g/2 of a Co/Cu/Py valve from P_fixed, P_free and Λ of `sf.slonczewski`; shown: "
        "30, 60, 90 deg",
        source="Xiao, Zangwill, Stiles, cond-mat/0407569, as coded in OOMMF "
        "(spinxferevolve.cc, fangohr/oommf 8880fff5) and Boris (spin_torque.py)",
        parameters="Co 8 nm, Cu 10 nm, Py 8 nm, transparent (illustrative)",
        theirs=xiao(theta, *parameters),
        ours=g / 2,
        shown=(1, 2, 3),
        allowed=1e-12,
        why="the form is exact for strong ferromagnets and transparent faces",
    )


def of_bauer(face: sf.Interface | None, kind: str) -> Row:
    """Return R(theta) of a symmetric valve beside the law through three of its points."""
    theta = np.linspace(0, 180, 13)
    R = sf.solve(valve(CO, CO, theta, face)).resistance
    share = (R - R[0]) / (R[-1] - R[0])
    chi = 1 / share[6] - 2
    cosine = np.cos(np.radians(theta))
    return compared(
        "(R(θ) − R_P)/(R_AP − R_P), 13 angles; shown: 30, 60, 120 deg",
        source="Bauer et al., cond-mat/0205453 (PRB 67, 094421): R(θ) of all F/N/F valves is one "
        "law, (1 − cos θ)/(χ(1 + cos θ) + 2)",
        parameters=f"Co 8 nm, Cu 10 nm, Co 8 nm, {kind} (illustrative); χ = {chi:.4g} from 90 deg",
        theirs=(1 - cosine) / (chi * (1 + cosine) + 2),
        ours=share,
        shown=(2, 4, 8),
        allowed=1e-11,
        why="the law is exact here; allowed: roundings of R, of which R_AP − R_P is a small part",
    )


def of_boulle() -> Row:
    """Return where the torque on the free layer changes its sign."""
    Co = sf.Ferromagnet.from_conductivity(1.7e7, p=0.42, l=42e-9)
    listed = sf.Ferromagnet.from_conductivity(6.7e6, p=0.40, l=6.5e-9)
    multilayers = sf.Ferromagnet.from_conductivity(6.7e6, p=0.65, l=5.5e-9)

    def change(fixed: sf.Ferromagnet, free: sf.Ferromagnet) -> float:
        solution = sf.solve(valve(fixed, free, 60.0))
        return float(sf.Analogy(solution).spacer("fixed", "free").sign_changes[1])

    wavy = change(Co, listed), change(Co, multilayers)
    none = change(listed, listed), change(multilayers, multilayers), change(Co, Co)
    return stated(
        "sign change of the torque on Py between 0 and 180 deg",
        source="Boulle et al., Nature Physics (nphys618), abstract and captions: the torque of "
        "Co(8)/Cu(10)/Py(8) is wavy",
        parameters="transparent; Co: σ = 1.7 × 10⁷ S/m, p = 0.42, l = 42 nm; Py: 6.7 × 10⁶ S/m "
        "with p, l = 0.40, 6.5 nm and 0.65, 5.5 nm; Cu: illustrative",
        theirs="changes its sign",
        ours=f"at {wavy[0]:.1f} and {wavy[1]:.1f} deg; none in Py/Cu/Py and Co/Cu/Co",
        why="no angle was read: qualitative",
        holds=all(0 < angle < 180 for angle in wavy) and bool(np.isnan(none).all()),
    )


def of_taniguchi(lengths: str, factor: float) -> Row:
    """Return the depths over which a transverse spin current decays by 1/e."""
    measured = np.array([1.7, 3.7, 2.5, 12.0])
    depths = []
    for length in measured * 1e-9:
        metal = sf.Ferromagnet.from_conductivity(1e7, p=0.3, l=1e-4, **{lengths: length})
        driver = CO(8e-9, m=(0, 1, 0)) | CU(5e-9)
        solution = sf.solve(driver | metal(60 * length, m=UP) | sf.Reservoir())
        x = 13e-9 + length * np.array([1.0, 2.0])
        size = np.linalg.norm(solution.spin_current(x)[:, :2], axis=1)
        depths.append((x[1] - x[0]) / np.log(size[0] / size[1]) * 1e9)
    root = "" if factor == 1 else "√2 "
    return compared(
        f"1/e depth of the transverse spin current with {lengths} alone, nm: Co, NiFe, CoFe, CoFeB",
        source="Taniguchi et al., arXiv:0806.3315, 0708.3528 (doi:10.1143/APEX.1.031302): "
        "measured depths",
        parameters=f"{root}{lengths} = the depth in bulk, l = 0.1 mm",
        theirs=factor * measured,
        ours=np.array(depths),
        shown=range(4),
        allowed=1e-6,
        unit="nm",
        why=f"fixes the convention: depth = {root}{lengths}; allowed: (λ/l)², λ = 12 nm",
    )


def rows() -> list[Row]:
    """Return the comparisons."""
    resistive = sf.Interface(0.52e-15, gamma=0.76, mixing=0.5e15 + 0.05e15j)
    return [
        of_xiao(),
        of_bauer(None, "transparent"),
        of_bauer(resistive, "AR* = 0.52 fΩ m², γ = 0.76, G_mix = 5 × 10¹⁴ + 5 × 10¹³ i S/m²"),
        of_boulle(),
        of_taniguchi("lambda_phi", 1.0),
        of_taniguchi("lambda_J", float(np.sqrt(2))),
    ]
