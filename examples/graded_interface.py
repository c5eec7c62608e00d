"""An interface whose metals have diffused into each other, against the sharp one.

In a graded layer D, l and p of eqs. (2) to (4) of arXiv:2006.11900 are functions of xi, the place
from 0 to 1 across it: j_s = p j0 m - (D/2) mu_s', j_s' = -D/(2 l^2) mu_s. No closed form is known.
Here Co and Cu have mixed over a width t, half of it taken from either side; with f the share of Cu,

    1/D = (1 - f)/D_Co + f/D_Cu,  the same of 1/l and p,    f = [1 + erf(5 (xi - 1/2))/erf(5/2)]/2.

Checked here: N uniform slices with the values in their middles differ from the graded layer by a
term in 1/N^2, so that (4 S_2N - S_N)/3 comes close to it; and the sharp interface is the limit of
small t, from which RA and torque depart linearly. As a ferromagnet the mixed layer is strong
throughout.

The parameters are illustrative, Co/Cu/Py-like, not measured values.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

warnings.simplefilter("ignore", sf.UnitWarning)  # limits are thinner than any sample
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
CoCu = sf.interdiffused(Co, Cu, width=0.2)
up, m = sf.direction(0.0), sf.direction(90.0)


def valve(mixed, t):
    """Return Co/Cu/Py with pieces of total thickness t between Co and Cu."""
    start, end = Co(8e-9 - t / 2, m=up, name="fixed"), Cu(10e-9 - t / 2)
    return sf.Stack([sf.Lead(Cu), start, *mixed, end, Py(4e-9, m=m, name="free"), sf.Lead(Cu)])


def slices(t, n):
    xi = (np.arange(n) + 0.5) / n
    metals = zip(CoCu.D(xi), CoCu.l(xi), CoCu.p(xi), strict=True)
    return [sf.Ferromagnet(D=D, l=l, p=p)(t / n, m=up) for D, l, p in metals]


def numbers(mixed, t):
    solution = sf.solve(valve(mixed, t))
    return np.array([solution.resistance, solution.absorbed_spin_current("free")[2]])


sharp = numbers([], 0.0)
print("t (nm)   RA (fOhm m2)   torque on Py per j0 (hbar/2|e|)")
print(f"{0:6.1f}   {sharp[0] * 1e15:12.6f}   {sharp[1]:.6f}")
found = {}
for t in (1e-13, 2e-13, 0.5e-9, 1e-9, 2e-9, 4e-9):
    found[t] = numbers([CoCu(t, m=up)], t)
    coarse, fine = numbers(slices(t, 100), t), numbers(slices(t, 200), t)
    np.testing.assert_allclose((4 * fine - coarse) / 3, found[t], rtol=1e-7)
    if t > 1e-12:
        print(f"{t * 1e9:6.1f}   {found[t][0] * 1e15:12.6f}   {found[t][1]:.6f}")
print(f"200 slices of 4 nm are wrong by {np.abs(fine / found[t] - 1).max():.1e}")

np.testing.assert_allclose(found[1e-13], sharp, rtol=1e-4)
once, twice = found[1e-13] - sharp, found[2e-13] - sharp
np.testing.assert_allclose(twice, 2 * once, rtol=1e-3)

xi = np.linspace(0.0, 1.0, 200)
figure, axes = plt.subplots(2, 1, sharex=True, figsize=(5, 4.5), layout="constrained")
axes[0].plot(xi, 1e9 / CoCu.D(xi))
axes[0].set(ylabel="1/D (nΩ m)")
axes[1].plot(xi, CoCu.p(xi), label="p")
axes[1].plot(xi, CoCu.l(xi) * 1e9 / 450, label="l / 450 nm")
axes[1].set(xlabel="ξ, from Co to Cu")
axes[1].legend()
sf.solve(valve([CoCu(4e-9, m=up)], 4e-9), 1e11).plot.profile()
plt.show()
