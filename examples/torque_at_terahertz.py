"""May the stationary torque be used? Its size and its phase from 1 GHz to 1 THz.

Spins that have been accumulated do not vanish at once: ``rho dmu_s/dt + j_s' = -kappa mu_s``, the
paper's equation before (4). A current ``j0 cos(2 pi f t)`` makes torques ``Re T exp(2 pi i f t)``
with complex T, and what tells is rho, ``e^2/2`` times the density of states: ``tau = rho/kappa``.

Checked here: at 1 GHz all is as in the stationary state; a torque in time, after a current has been
switched on that swings at 200 GHz, is in the end the complex one.

Resistivities and lengths are typical ones of 300 K; densities of states are those of free electrons
in Cu and orders of magnitude for Co, Py and Ta.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf


def tau(density, l, resistivity):
    """Spin relaxation time, s, from ``rho = ds/dmu_s``, S s/m3."""
    return 2 * density * l**2 * resistivity


Cu, Ta = (
    sf.NormalMetal.from_resistivity(rho, l=l, tau=tau(density, l, rho), name=name)
    for name, rho, l, density in (("Cu", 17e-9, 380e-9, 1.45e9), ("Ta", 1.9e-6, 2e-9, 2e9))
)
Co, Py = (
    sf.Ferromagnet.from_valet_fert(rho, beta=beta, l=l, tau=tau(4e9, l, rho), name=name)
    for name, rho, beta, l in (("Co", 75e-9, 0.46, 60e-9), ("Py", 291e-9, 0.76, 5.5e-9))
)
valve = (
    Co(8e-9, m=(0, 0, 1), name="fixed") | Cu(10e-9) | Py(4e-9, m=sf.direction(60.0), name="free")
)
samples = {
    "between half-infinite Cu leads": sf.Lead(Cu) | valve | sf.Lead(Cu),
    "100 nm Cu to reservoirs": Cu(100e-9, name="left") | valve | Cu(100e-9, name="right"),
    "5 nm Ta caps": Ta(5e-9, name="cap") | valve | Ta(5e-9, name="seed"),
}


def relative(stack, frequency):
    """The torque on Py and dr, relative to those of a stationary current."""
    still, found = sf.solve(stack), sf.solve(stack, frequency=frequency)
    T = still.torque("free")
    return found.torque("free") @ T / (T @ T), found.spin_resistance / still.spin_resistance


f = np.geomspace(1e9, 2e12, 120)
marks = np.array([1e9, 1e10, 1e11, 1e12])
figure, ((sizes, steps), (phases, resistances)) = plt.subplots(2, 2, figsize=(9, 6))
for name, stack in samples.items():
    table = relative(stack, marks)
    print(f"\n{name:32}" + "".join(f"{mark / 1e9:>16g} GHz" for mark in marks))
    for what, numbers in zip(("torque on Py", "spin resistance"), table, strict=True):
        entries = (f"{abs(z):10.4f}, {np.degrees(np.angle(z)):6.2f}°" for z in numbers)
        print(f"{what:32}" + "".join(f"{entry:>20}" for entry in entries))
    torque, dr = relative(stack, f)
    sizes.semilogx(f / 1e9, abs(torque), label=name)
    phases.semilogx(f / 1e9, np.degrees(np.unwrap(np.angle(torque))))
    resistances.semilogx(f / 1e9, abs(dr))
    t = np.linspace(0, 0.6e-12, 121)
    switched = sf.transient(stack, lambda t: np.full_like(t, 1e11), t, rtol=1e-3)
    final = sf.solve(stack, 1e11).torque("free")
    steps.plot(t / 1e-15, switched.torque("free") @ final / (final @ final))
sizes.set(ylabel="|T(f)|/T(0)", title="torque on Py at 60°")
phases.set(xlabel="f (GHz)", ylabel="phase (°)")
resistances.set(xlabel="f (GHz)", ylabel="|dr(f)|/dr(0)", title="spin resistance")
steps.set(xlabel="t (fs)", ylabel="T(t)/T", title="after the current is switched on")
sizes.legend(frameon=False, fontsize=8)
figure.tight_layout()

for stack in samples.values():
    slow, _ = relative(stack, 1e9)
    assert abs(slow - 1) < 0.01

capped, omega = samples["5 nm Ta caps"], 2 * np.pi * 200e9
t = np.linspace(0, 20e-12, 401)
swinging = sf.transient(capped, lambda t: np.cos(omega * t), t, rtol=1e-3)[-100:]
amplitude = sf.solve(capped, frequency=200e9).torque("free")
expected = (amplitude * np.exp(1j * omega * swinging.times[:, None])).real
assert np.abs(swinging.torque("free") - expected).max() < 1e-3 * np.abs(amplitude).max()

if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
