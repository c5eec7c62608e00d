"""Polarization and spin diffusion length of Py from A dR of an exchange-biased valve.

FeMn pins one of two Py layers with Cu between them; measured is A dR, by how much the
resistance-area product rises when the other one, of thickness t, turns from parallel to
antiparallel. A table has t in nm, A dR and its uncertainty in fOhm m2.

If no spins flip in Cu, of thickness t_N, nor any spin accumulation remains behind either layer, the
valve is a circuit for spins of two batteries and their resistances in series, and

    A dR = 4 S(t) S(t_pinned) / (R(t) + R(t_pinned) + rho t_N + 2 AR*),
    S(t) = beta R(t) + gamma AR*,   R(t) = rho* l tanh(t/l) .

For thick layers, R(t) = R_F = rho* l, this is 4 S^2/(2 R_F + rho t_N + 2 AR*) of W. P. Pratt et al.
(IEEE Trans. Magn. 33, 3505, doi:10.1109/20.619480). So beta R_F + gamma AR* is what thick layers
tell, and l is where A dR bends; gamma needs to be known.

The data are synthetic: of this formula, with numbers like those of Py, and seeded noise. spinfem
knows nothing of the formula. Checked: it has the same A dR; the fit finds beta and l within its
uncertainties, with the chi-square that it should have; and fit_exchange_biased_valve.csv holds
these data, which the example of `spinfem fit --help` takes.
"""

import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

RHO_STAR, AR, GAMMA = 291e-9, 0.5e-15, 0.7  # Ohm m, Ohm m2, 1
RHO_N, T_N, T_PINNED = 6e-9, 20e-9, 30e-9  # Ohm m, m, m
TRUTH = {"beta": 0.76, "l": 5.5e-9}
SIGMA = 0.03e-15  # Ohm m2
NAMES = ("free.thickness_nm", "AdR_fOhm_m2", "error_fOhm_m2")

Cu = sf.NormalMetal.from_resistivity(RHO_N, l=np.inf, name="Cu")


def valve(beta, l, t):
    Py = sf.Ferromagnet.from_valet_fert(RHO_STAR, beta=beta, l=l, name="Py")
    side = sf.Interface(AR, gamma=GAMMA)
    pinned = Py(T_PINNED, m=sf.direction(0), name="pinned")
    return pinned | side | Cu(T_N) | side | Py(t, m=sf.direction(0), name="free")


def circuit(beta, l, t):
    """Return A dR by the formula."""
    R, R_pinned = (RHO_STAR * l * np.tanh(x / l) for x in (t, T_PINNED))
    S, S_pinned = (beta * x + GAMMA * AR for x in (R, R_pinned))
    return 4 * S * S_pinned / (R + R_pinned + RHO_N * T_N + 2 * AR)


def table():
    """Return what was measured: lines of thickness, A dR and its uncertainty."""
    t = np.array([1.5, 2, 3, 4, 6, 8, 10, 14, 18, 24, 30])
    noise = SIGMA * np.random.default_rng(5).standard_normal(t.size)
    AdR = (circuit(**TRUTH, t=t * 1e-9) + noise) * 1e15
    return [[f"{x:g}", f"{y:.4f}", f"{SIGMA * 1e15:g}"] for x, y in zip(t, AdR, strict=True)]


turned = {"free": sf.direction(180)}
some = np.array([0.5, 5.0, 50.0]) * 1e-9
exact = sf.magnetoresistance(valve(**TRUTH, t=some), turned).change
np.testing.assert_allclose(exact, circuit(**TRUTH, t=some), rtol=1e-12)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "AdR.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([NAMES, *table()])
    found = sf.fit(
        valve,
        path,
        {"beta": (0.5, 0, 1), "l": (10e-9, 0, None)},
        coordinates={"t": "free.thickness_nm"},
        column="AdR_fOhm_m2",
        uncertainty="error_fOhm_m2",
        output=sf.Output("resistance").change(turned),
    )

likely = found.confidence(0.95)
print("parameter    truth      found  uncertainty  deviation/uncertainty   95 % from         to")
for name, true in TRUTH.items():
    value, sigma = found.values[name], found.uncertainties[name]
    low, high = likely[name]
    print(
        f"{name:8} {true:9.3g} {value:10.3g} {sigma:12.2g} {(value - true) / sigma:22.2f} "
        f"{low:11.3g} {high:10.3g}"
    )
    assert abs(value - true) < 3 * sigma
    assert low < value < high
freedom = found.result.nfree
print(f"chi-square {found.result.chisqr:.1f} for {freedom} degrees of freedom")
assert abs(found.result.chisqr - freedom) < 3 * np.sqrt(2 * freedom)
print(f"correlation of beta and l: {found.correlation['beta', 'l']:.2f}")

found.plot()
plt.show()

if "__file__" in globals():
    with Path(__file__).with_suffix(".csv").open(newline="") as file:
        assert [*csv.reader(file)] == [[*NAMES], *table()]
