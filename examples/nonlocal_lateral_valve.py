"""A nonlocal lateral valve: where the formula for narrow contacts goes wrong, and by how much.

A current goes from a strip of a ferromagnet into a wire and out to the left; a second strip, at a
distance L to the right, measures mu_s as a voltage without a current. For transparent contacts
much smaller than all else S. Takahashi and S. Maekawa (Phys. Rev. B 67, 052409 (2003),
doi:10.1103/PhysRevB.67.052409) have, in half the change from parallel to antiparallel,

    V/I = 2 R_N p^2 r^2 e/((1 + 2 r)^2 - e^2),    r = R_F/R_N,    e = exp(-L/l),

with the spin resistances R = rho* l/A of both metals. Fits of p and l to series of distances rest
on it. In strips as wide as the wire is thick the current enters at one edge of the contact and
spins leave at all of it: the signal is 8 % below the formula at 100 nm, and tends to it as contacts
get narrow. A fit of p^2 takes these 8 % over; the slope over L, and so l, is the formula's. (It is
5 % off the l that was put in where e^2 is neglected: contacts take spins out of the wire.)

Checked: currents of the probes vanish, the signal has no baseline, its ratio to the formula tends
to 1 linearly, and slopes over L agree.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
import skfem

import spinfem as sf
from spinfem.devices.grid import Grid

N = sf.NormalMetal.from_resistivity(20e-9, l=350e-9, name="N")
F = sf.Ferromagnet(D=1 / 291e-9, l=5e-9, p=0.4, name="F")
height, far = 50.0, 1750.0  # of the strips, and of the wire beyond them, nm


def graded(start, stop, fine):
    """Nodes between two places; cells grow from those that are fine: 0.5 nm."""
    half = (stop - start) / (2 if len(fine) == 2 else 1)
    steps = np.cumsum(0.5 * 1.6 ** np.arange(40))
    steps = np.concatenate([[0.0], steps[steps < 0.8 * half], [half]])
    near, away = start + steps, stop - steps[::-1]
    if len(fine) == 2:
        return np.concatenate([near, away[1:]])
    return near if fine == "<" else away


def lateral_valve(width, thickness, distance, sign):
    a, b = -width / 2, width / 2
    x = [(-far, a, ">"), (a, b, "<>"), (b, distance + a, "<>"), (distance + a, distance + b, "<>")]
    x = [graded(*part) for part in [*x, (distance + b, distance + far, "<")]]
    y = [graded(0.0, thickness, ">"), graded(thickness, thickness + height, "<")]
    mesh = skfem.MeshQuad1.init_tensor(*(np.unique(np.concatenate(parts)) for parts in (x, y)))
    x, y = mesh.p[:, mesh.t].mean(axis=1)
    is_strip = np.minimum(abs(x), abs(x - distance)) < b
    mesh = mesh.restrict(np.flatnonzero((y < thickness) | is_strip))
    mesh = skfem.MeshQuad1(mesh.p, mesh.t)
    x, y = mesh.p[:, mesh.t].mean(axis=1)
    is_left, is_top = x < distance / 2, y > thickness
    end = thickness + height - 1e-6
    mesh = mesh.with_subdomains(
        {
            "wire": np.flatnonzero(~is_top),
            "injector": np.flatnonzero(is_top & is_left),
            "detector": np.flatnonzero(is_top & ~is_left),
        }
    ).with_boundaries(
        {
            "in": lambda at: (at[1] > end) & (at[0] < distance / 2),
            "out": lambda at: at[0] < 1e-6 - far,
            "probe": lambda at: (at[1] > end) & (at[0] > distance / 2),
            "ground": lambda at: at[0] > distance + far - 1e-6,
        }
    )
    lead, blocked = sf.Lead(N), sf.SpinBlocking()
    electrodes = {
        "in": sf.Electrode(current=1.0, end=blocked),
        "out": sf.Electrode(potential=0.0, end=lead),
        "probe": sf.Electrode(current=0.0, end=blocked),
        "ground": sf.Electrode(current=0.0, end=lead),
    }
    magnets = {"injector": (F, (0, 0, 1)), "detector": (F, (0, 0, sign))}
    return sf.Device(Grid(mesh), {"wire": N, **magnets}, electrodes)


def signal(width, thickness, distance):
    """Half the change of V/I, Ohm m, of a metre of depth; and the parallel solution."""
    found = [sf.solve(lateral_valve(width, thickness, distance, s), degree=2) for s in (1, -1)]
    voltages = [s.potential("probe") - s.potential("ground") for s in found]
    assert all(abs(s.current("probe")) < 1e-9 for s in found)
    assert np.isclose(*np.abs(voltages), rtol=3e-3)  # no baseline
    return (voltages[0] - voltages[1]) / 2, found[0]


def formula(width, thickness, distance):
    R_N = N.l / N.D / (thickness * 1e-9)
    r = F.l / F.D / (width * 1e-9) / R_N
    e = np.exp(-distance * 1e-9 / N.l)
    return 2 * R_N * F.p**2 * r**2 * e / ((1 + 2 * r) ** 2 - e**2)


sizes = np.array([100.0, 50.0, 25.0, 12.5])
ratios = np.array([signal(w, w, 400.0)[0] / formula(w, w, 400.0) for w in sizes])
for w, ratio in zip(sizes, ratios, strict=True):
    print(f"width = thickness = {w:5.1f} nm: {ratio:.3f} of the formula")
assert np.allclose(ratios, [0.922, 0.958, 0.978, 0.989], atol=0.004)
slopes = np.diff(1 - ratios) / np.diff(sizes)
assert np.ptp(slopes) < 0.2 * slopes.mean()

distances = np.array([300.0, 600.0, 900.0])
found = [signal(100.0, 100.0, L) for L in distances]
measured = np.array([one for one, _ in found])
of_formula = np.array([formula(100.0, 100.0, L) for L in distances])
l = [-1 / np.polyfit(distances, np.log(v), 1)[0] for v in (measured, of_formula)]
print(f"l from slopes: {l[0]:.0f} nm of the device, {l[1]:.0f} nm of the formula; put in: 350 nm")
p = F.p * np.sqrt((measured / of_formula).mean())
print(f"p fitted by the formula: {p:.3f}, put in {F.p}")
assert abs(l[0] / l[1] - 1) < 0.01
assert 0.94 < p / F.p < 0.98

figure, (top, left) = plt.subplots(
    2, 1, figsize=(7, 5.4), layout="constrained", height_ratios=(1, 1.4)
)
part = [(-250e-9, 450e-9), (0, 150e-9)]
found[0][1].plot.field(top, quantity="spin_potential", component="z", window=part)
left.plot(sizes, ratios, "o-")
left.axhline(1, color="0.6", lw=0.8)
left.set(xlabel="width = thickness (nm)", ylabel="signal over the formula", xlim=(0, None))
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
