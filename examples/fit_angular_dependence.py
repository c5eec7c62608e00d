"""chi and asymmetry from R(theta): what the angular dependence of a valve's resistance can tell.

Normalized, the resistance of a symmetric valve is

    (R(theta) - R(0))/(R(180) - R(0)) = (1 - cos(theta))/(2 + chi (1 + cos(theta)))

(the form of G. Giacomoni, as in S. Urazhdin, R. Loloee, W. P. Pratt,
doi:10.1103/PhysRevB.71.100401; and of J. C. Slonczewski, doi:10.1016/S0304-8853(02)00291-3). In any
valve of two strong ferromagnets, (A2) of arXiv:2006.11900 with effective forces P_i and A_i = S_i +
G~_N gives, with a = sqrt(A1 A2),

    dr = u/(a + B cos(theta)) + v/(a - B cos(theta)),   chi = 2 B/(a - B),
    v/u = asymmetry^2,   asymmetry = (sqrt(A2) P1 - sqrt(A1) P2)/(sqrt(A2) P1 + sqrt(A1) P2) .

The first term alone has the form above; with the second R(theta) need not be monotonic (J.
Manschot, A. Brataas, G. E. W. Bauer, arXiv:cond-mat/0309252). So R(theta) tells R(0), R(180), chi
and the magnitude of the asymmetry, and nothing more: neither which of the two layers is the
stronger, nor the P_i and A_i one by one. For the fit one may take the simplest valve that has them:
two equally stiff ferromagnets of polarizations (1 +- asymmetry)/2, with no spin relaxation but at
the ends.

Two samples, with a thin and a thick spacer, have been turned by the same goniometer, whose zero is
another parameter. The data are synthetic: Co/alloy/Py valves of illustrative numbers, with leads,
relaxation and all, and noise of 0.5 % of the change of R. Checked against the effective P_i, S_i of
these valves (`sf.Analogy`): the fit finds chi and asymmetry within its uncertainties.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
alloy = sf.NormalMetal.from_resistivity(100e-9, l=120e-9, name="alloy")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
SPACERS = {"thin": 20e-9, "thick": 40e-9}  # m
OFFSET = 3.0  # degrees
SERIES = 1e-11  # Ohm m2, added to data and model: the contact stays positive whatever is tried


def real(d_N, angle):
    """The sample."""
    fixed = Co(12e-9, m=sf.direction(0), name="fixed")
    free = Py(6e-9, m=sf.direction(angle), name="free")
    return sf.Lead(Cu) | fixed | alloy(d_N) | free | sf.Lead(Cu)


def valve(angle, thick, offset, **numbers):
    """The simplest valve of the same R(theta); a contact without any mu_s adds what is missing."""
    chi, asymmetry, parallel, change = (
        np.where(thick, numbers[f"{name}_thick"], numbers[f"{name}_thin"])
        for name in ("chi", "asymmetry", "parallel", "change")
    )
    q = 2 / chi
    # two spin channels: what the valve itself has at 0 degrees, and its G for the change
    missing = SERIES + parallel - change * (1 + q) * (3 + q) / (1 - asymmetry**2)
    G = (1 - asymmetry**2) / ((4 + 2 * q) * change)
    F1, F2 = (
        sf.Ferromagnet(D=2 * G, l=np.inf, p=(1 + x) / 2)(1.0, m=m)
        for x, m in ((asymmetry, sf.direction(0)), (-asymmetry, sf.direction(angle + offset)))
    )
    contact = sf.NormalMetal(D=1 / missing, l=1e-9)
    return F1 | sf.NormalMetal(D=chi * G, l=np.inf)(1.0) | F2 | contact(1.0)


def expected(d_N):
    """Return chi and asymmetry of the sample."""
    spacer = sf.Analogy(sf.solve(real(d_N, 45.0))).spacer("fixed", "free")
    A1, A2 = np.add(spacer.S, spacer.stiffness)
    first, second = np.sqrt(A2) * spacer.P[0], np.sqrt(A1) * spacer.P[1]
    chi = 2 * spacer.coupling / (np.sqrt(A1 * A2) - spacer.coupling)
    return chi, abs((first - second) / (first + second))


points = {"angle": np.linspace(0.0, 180.0, 37), "thick": np.array([[0.0], [1.0]])}
rng = np.random.default_rng(2)
d_N = np.where(points["thick"], SPACERS["thick"], SPACERS["thin"])
exact = sf.solve(real(d_N, points["angle"] + OFFSET)).resistance
uncertainty = 0.005 * np.ptp(exact, axis=-1, keepdims=True)
R = exact + uncertainty * rng.standard_normal(exact.shape)

start = {"offset": (0, -20, 20)}
for row, name in zip(R, SPACERS, strict=True):
    start |= {f"chi_{name}": (1.0, 0.1, None), f"asymmetry_{name}": (0.3, 0, 0.99)}
    start |= {f"parallel_{name}": row[0], f"change_{name}": (row[-1] - row[0], 0, None)}
data = R + SERIES
found = sf.fit(valve, data, start, coordinates=points, uncertainty=uncertainty)

truth = {"offset": OFFSET}
for name, thickness in SPACERS.items():
    truth[f"chi_{name}"], truth[f"asymmetry_{name}"] = expected(thickness)
print("parameter            truth      found  uncertainty   deviation/uncertainty")
for name, true in truth.items():
    value, sigma = found.values[name], found.uncertainties[name]
    print(f"{name:16} {true:9.4f} {value:10.4f} {sigma:12.2g} {(value - true) / sigma:12.2f}")
    assert abs(value - true) < 3 * sigma
freedom = found.result.nfree
print(f"chi-square {found.result.chisqr:.1f} for {freedom} degrees of freedom")
assert abs(found.result.chisqr - freedom) < 3 * np.sqrt(2 * freedom)
print(f"correlation of chi and asymmetry: {found.correlation['chi_thin', 'asymmetry_thin']:.2f}")
print(f"{found.solves} solves of all angles and {found.gradients} gradients")

figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
fitted = found.best_fit - SERIES
for ax, name, row, curve, error in zip(axes, SPACERS, R, fitted, uncertainty, strict=True):
    ax.errorbar(points["angle"], row * 1e15, error * 1e15, fmt="o", markersize=3)
    ax.plot(points["angle"], curve * 1e15)
    ax.set(title=f"{name} spacer", xlabel="angle (deg)", ylabel="RA (fΩ m²)")
plt.show()
