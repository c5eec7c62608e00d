"""An oscillator at zero field: a wavy torque lets neither P nor AP be, on a direct current.

The free layer moves by

    dm/dt = -gamma_0 m x H + alpha m x dm/dt + gamma (j0 T + K dm/dt)/(M_s t),    H = -M_s N m,

where T is the torque of 1 A/m2 and K of pumped spins. With c = gamma hbar/(2|e| M_s t), and alpha
with what pumped spins add, P and AP become unstable at (J. Z. Sun, doi:10.1103/PhysRevB.62.570)

    j_c = -/+ alpha gamma_0 (H_1 + H_2)/(2 c g),    (2 pi f_c)^2 (1 + alpha^2) = gamma_0^2 [H_1 H_2
    + alpha^2 (H_1 + H_2)^2/4],    H_1, H_2 = M_s (Nx - Nz), M_s (Ny - Nz),

with g at 0 or 180 degrees. Where g(0) < 0 < g(180), both are of one sign.
Beyond them the orbit in the film grows, and its frequency falls as its amplitude grows (red shift);
at last it jumps to an orbit out of the film, about the normal x, whose frequency rises with m_x
(blue shift),

    f = gamma_0 M_s (Nx - (Ny + Nz)/2) m_x/(2 pi).

Checked here: both j_c against the closed form; amplitudes and frequencies just above that of P,
which is where an orbit begins, and with the frequency of the eigenvalue; the last formula.

The parameters are illustrative, Co/Cu/Py-like, not measured values. With a path on the command
line a picture is saved.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf
from spinfem.constants import GAMMA, GAMMA_0, TORQUE_PER_SPIN_CURRENT

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
weak = sf.Interface(0.5e-15, gamma=0.3, mixing=1.2e15, name="Co/Cu")
strong = sf.Interface(0.5e-15, gamma=0.7, mixing=1.2e15, name="Cu/Py")
M_s, t, N = 8e5, 8e-9, (0.94, 0.04, 0.02)


def oscillator(theta):
    stack = (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | weak
        | Cu(10e-9)
        | strong
        | Py(t, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )
    return sf.Dynamics(stack, {"free": sf.Magnet(M_s, alpha=0.01, demag=N)})


# thresholds: from eigenvalues, and from the closed form
c = GAMMA * TORQUE_PER_SPIN_CURRENT / (M_s * t)
H_1, H_2 = M_s * (N[0] - N[2]), M_s * (N[1] - N[2])
thresholds = {}
for state, theta in (("P", 0.0), ("AP", 180.0)):
    system = oscillator(theta)
    (threshold,) = system.critical_currents()
    alpha = system.damping("free")[0, 0]
    _, g = sf.solve(system.stack).efficiency("fixed", "free")
    push = alpha * GAMMA_0 * (H_1 + H_2) / 2
    expected = -np.cos(np.radians(theta)) * push / (c * g)
    np.testing.assert_allclose(threshold.j0, expected, rtol=1e-12)
    turning = np.sqrt((GAMMA_0**2 * H_1 * H_2 + push**2) / (1 + alpha**2))
    np.testing.assert_allclose(threshold.frequency, turning / (2 * np.pi), rtol=1e-12)
    print(
        f"{state}: g = {g:.3f}, alpha = {alpha:.4f}, unstable above {threshold.j0:.4g} A/m2, "
        f"{threshold.frequency * 1e-9:.3f} GHz"
    )
    thresholds[state] = threshold
P, AP = thresholds["P"], thresholds["AP"]
assert 0 < AP.j0 < P.j0

# the orbit over the current, from close to P: 40 ns to forget that, and 10 ns that are kept
system = oscillator(0.0)
j0 = np.linspace(0.6, 5.4, 97) * P.j0
before = system.run(times=np.linspace(0, 40e-9, 1001), j0=j0, m={"free": sf.direction(5.0)})
late = system.run(
    times=np.linspace(0, 10e-9, 2001), j0=j0, m={"free": before.m["free"][:, -1]}, rtol=1e-7
)
swing = np.ptp(late.resistance, axis=-1) / late.resistance.mean(axis=-1)
moving = swing > 1e-3
frequency = np.where(moving, late.frequency, np.nan)
m_x = late.m["free"][..., 0].mean(axis=-1)
out = moving & (np.abs(m_x) > 0.5)
expected = GAMMA_0 * M_s * (N[0] - (N[1] + N[2]) / 2) * np.abs(m_x) / (2 * np.pi)
np.testing.assert_allclose(frequency[out], expected[out], rtol=0.01)
lowest = np.nanargmin(frequency)
onset = np.argmax(moving)
assert abs(j0[onset] / P.j0 - 1.0) < 0.06  # a step of j0
assert (np.diff(frequency[onset:lowest]) < 0).all()
assert (np.diff(frequency[lowest : out.nonzero()[0][-1]]) > 0).all()
print(f"least frequency {frequency[lowest] * 1e-9:.2f} GHz at {j0[lowest]:.3g} A/m2")

# just above the threshold: the square of the amplitude is linear in what is beyond it
near = P.j0 * np.array([1.02, 1.03, 1.04, 1.05])
before = system.run(times=np.linspace(0, 300e-9, 1001), j0=near, m={"free": sf.direction(6.0)})
small = system.run(
    times=np.linspace(0, 20e-9, 4001), j0=near, m={"free": before.m["free"][:, -1]}, rtol=1e-9
)
square = (small.m["free"][..., 1] ** 2).max(axis=-1)
begins = np.polynomial.Polynomial.fit(square, near, 2)(0.0)
at_first = np.polynomial.Polynomial.fit(square, small.frequency, 2)(0.0)
print(f"orbits begin at {begins:.4g} A/m2, with {at_first * 1e-9:.3f} GHz")
np.testing.assert_allclose(begins, P.j0, rtol=0.02)
np.testing.assert_allclose(at_first, P.frequency, rtol=2e-3)

figure, axes = plt.subplots(2, 2, figsize=(7.2, 5.4), layout="constrained")
(over_f, in_time), (over_R, orbits) = axes
over_f.plot(j0 * 1e-12, frequency * 1e-9, ".-", markersize=3)
over_f.plot([one.j0 * 1e-12 for one in (P, AP)], [one.frequency * 1e-9 for one in (P, AP)], "o")
for state, one in thresholds.items():
    place = one.j0 * 1e-12, one.frequency * 1e-9 + 1.2
    over_f.annotate(f"{state} unstable", place, rotation=60, fontsize=8, ha="left")
over_f.set(ylabel="frequency of m (GHz)", title="red, then blue shift", ylim=(0, None))
over_R.plot(j0 * 1e-12, 100 * swing, ".-", markersize=3)
over_R.set(xlabel="particle current (TA/m²)", ylabel="swing of R (%)")
for ratio in (1.3, 1.8, 3.6):
    i = np.argmin(np.abs(j0 - ratio * P.j0))
    m, shown = late.m["free"][i], late.times <= 1e-9
    label = f"{j0[i] * 1e-12:.2f} TA/m²"
    in_time.plot(late.times[shown] * 1e9, late.resistance[i, shown] * 1e15, label=label)
    orbits.plot(m[shown, 1], m[shown, 0], label=label)
in_time.set(xlabel="time (ns)", ylabel="RA (fΩ m²)", title="resistance")
in_time.legend(fontsize=7, loc="upper right")
orbits.set(xlabel="$m_y$, in the film", ylabel="$m_x$, normal", title="orbits")
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
