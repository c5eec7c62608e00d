"""Valet and Fert's parameters from a thickness series, measured in P and AP states.

Co(d_Co)/Cu(10 nm)/Py(d_Py) valves with resistive interfaces, all pairs of 6 and 5 thicknesses, each
with magnetizations parallel and antiparallel: 60 resistance-area products RA with an uncertainty of
1 %. Ten parameters, shared by all samples: rho*, beta and l of both ferromagnets, AR* and gamma of
both interfaces. (T. Valet and A. Fert, doi:10.1103/PhysRevB.48.7099.)

RA of such valves tells little more than the sum of AR* of both interfaces, and Co of 3 to 96 nm
says little of its own l of 60 nm. So these have priors, as if they were known from other samples.

The data are synthetic, and so are the means of the priors: computed from the numbers `TRUTH`, which
are illustrative, Co/Cu/Py-like, with normal noise. Checked is that the fit finds them within its
uncertainties, and that chi-square is what it should be.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
TRUTH = {
    "rho_Co": 75e-9,
    "beta_Co": 0.46,
    "l_Co": 60e-9,
    "AR_Co": 0.5e-15,
    "gamma_Co": 0.75,
    "rho_Py": 291e-9,
    "beta_Py": 0.76,
    "l_Py": 5.5e-9,
    "AR_Py": 0.5e-15,
    "gamma_Py": 0.7,
}
start = {
    "rho_Co": (100e-9, 0, None),
    "beta_Co": (0.5, 0, 0.99),
    "l_Co": (40e-9, 0, None),
    "AR_Co": (1e-15, 0, None),
    "gamma_Co": (0.5, -0.99, 0.99),
    "rho_Py": (200e-9, 0, None),
    "beta_Py": (0.5, 0, 0.99),
    "l_Py": (10e-9, 0, None),
    "AR_Py": (1e-15, 0, None),
    "gamma_Py": (0.5, -0.99, 0.99),
}
KNOWN = {"l_Co": 10e-9, "AR_Co": 0.05e-15, "gamma_Co": 0.05}  # standard deviations


def valve(
    rho_Co,
    beta_Co,
    l_Co,
    AR_Co,
    gamma_Co,
    rho_Py,
    beta_Py,
    l_Py,
    AR_Py,
    gamma_Py,
    d_Co,
    d_Py,
    state,
):
    Co = sf.Ferromagnet.from_valet_fert(rho_Co, beta=beta_Co, l=l_Co)
    Py = sf.Ferromagnet.from_valet_fert(rho_Py, beta=beta_Py, l=l_Py)
    CoCu, CuPy = sf.Interface(AR_Co, gamma=gamma_Co), sf.Interface(AR_Py, gamma=gamma_Py)
    fixed, free = Co(d_Co, m=sf.direction(0)), Py(d_Py, m=sf.direction(state))
    return sf.Lead(Cu) | CoCu | fixed | CoCu | Cu(10e-9) | CuPy | free | CuPy | sf.Lead(Cu)


points = {
    "d_Co": np.array([3, 6, 12, 24, 48, 96])[:, None, None] * 1e-9,
    "d_Py": np.array([1.5, 3, 6, 12, 24])[:, None] * 1e-9,
    "state": np.array([0.0, 180.0]),  # P and AP: angle of the free layer, degrees
}
rng = np.random.default_rng(7)
exact = sf.solve(valve(**TRUTH, **points)).resistance
uncertainty = 0.01 * exact
data = exact + uncertainty * rng.standard_normal(exact.shape)
priors = {name: (rng.normal(TRUTH[name], sigma), sigma) for name, sigma in KNOWN.items()}

found = sf.fit(valve, data, start, coordinates=points, uncertainty=uncertainty, priors=priors)

print("parameter     truth      found  uncertainty   deviation/uncertainty")
for name, true in TRUTH.items():
    value, sigma = found.values[name], found.uncertainties[name]
    print(f"{name:8} {true:10.4g} {value:10.4g} {sigma:12.2g} {(value - true) / sigma:12.2f}")
    assert abs(value - true) < 3 * sigma
freedom = found.result.nfree
print(f"chi-square {found.result.chisqr:.1f} for {freedom} degrees of freedom")
assert abs(found.result.chisqr - freedom) < 3 * np.sqrt(2 * freedom)
print(f"{data.size} samples and states were solved {found.solves} times, as one batch, and their")
print(f"resistances differentiated {found.gradients} times, each for less than one more solve")

found.plot()
plt.show()
