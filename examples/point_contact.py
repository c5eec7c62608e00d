"""A point contact on a film: the torque is under the contact, and near its edge most of all.

Electrons go from a narrow contact through a fixed layer as narrow and a spacer into an extended
free layer, and out through the film sideways, far away. In space, mu_0 and nu = mu_s/2 obey

    j = -D_tot (grad mu_0 + p grad nu),    j_s = -D_tot (p grad mu_0 + grad nu),
    div j = 0,    div j_s = -2 kappa nu,

with nu along m in ferromagnets; what arrives across m is the torque. Checked: what enters leaves
through every cylinder around the contact, the torques per area of a finite-difference grid add up
to the whole one, and nearly all of it is within 2 radii.

Metals are case A of `examples/co_cu_py.toml`; lengths are illustrative.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
import skfem

import spinfem as sf
from spinfem.devices.grid import Grid

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
R, far, current = 20.0, 150.0, 1e-3  # nm, nm, A

r_inside = R * (1 - np.geomspace(1, 2.5e-3, 14))
r = np.concatenate([r_inside, [R], R + (far - R) * np.geomspace(4e-4, 1, 22)])
heights = {"lead": (-30, -8), "fixed": (-8, 0), "spacer": (0, 5), "free": (5, 9), "below": (9, 30)}
x = np.unique(
    np.concatenate([np.linspace(*ends, 9) for ends in heights.values()] + [[-0.2, 0.2, 5.1, 5.2]])
)
mesh = skfem.MeshQuad1.init_tensor(r, x)
middle = mesh.p[:, mesh.t].mean(axis=1)
mesh = mesh.restrict(np.flatnonzero((middle[0] < R) | (middle[1] > 0)))
mesh = skfem.MeshQuad1(mesh.p, mesh.t)
middle = mesh.p[1, mesh.t].mean(axis=0)
mesh = mesh.with_subdomains(
    {name: np.flatnonzero((middle > a) & (middle < b)) for name, (a, b) in heights.items()}
).with_boundaries({"top": lambda at: at[1] < -30 + 1e-6, "side": lambda at: at[0] > far - 1e-6})
device = sf.Device(
    Grid(mesh, is_axisymmetric=True),
    {
        "lead": Cu,
        "fixed": (Co, sf.direction(0)),
        "spacer": Cu,
        "free": (Py, sf.direction(90)),
        "below": Cu,
    },
    {"top": sf.Electrode(current=current, end=sf.Lead(Cu)), "side": sf.Electrode(potential=0.0)},
)
solution = sf.solve(device)

nodes, weights = np.polynomial.legendre.leggauss(60)
for radius in (40e-9, 80e-9, 120e-9):
    through = 0.0
    for low, high in ((0, 5), (5, 9), (9, 30)):
        at = low + (high - low) * (nodes + 1) / 2
        points = np.stack([np.full_like(at, radius), at * 1e-9], axis=1)
        flow = solution.charge_current(points)[:, 0]
        through += np.pi * radius * (high - low) * 1e-9 * weights @ flow
    print(f"current through r = {radius * 1e9:.0f} nm: {through * 1e3:.4f} mA")
    assert np.isclose(through, current, rtol=0.01)  # a derivative

cells = solution.torque_on_grid("free", (4e-9, 4e-9, 4e-9))
total = np.roll(solution.torque("free"), -1)  # the axis is z of the grid
assert np.allclose(cells.torque.sum(axis=(0, 1, 2)), total, rtol=0, atol=1e-11 * abs(total).max())
n = cells.torque.shape[0]
y = (np.arange(n) - (n - 1) / 2) * 4.0
near = np.hypot(y[:, None], y) < 2 * R
share = np.linalg.norm(cells.torque[near].sum(axis=(0, 1))) / np.linalg.norm(total)
print(f"torque on the film: {np.linalg.norm(total):.3e} J, {share:.1%} of it within two radii")
assert 0.9 < share < 1

points, density = solution.torque_density("free", "spacer")
size = np.linalg.norm(density, axis=1)
centre = size[np.argmin(points[:, 0])]
largest = points[size.argmax(), 0] * 1e9
print(
    f"torque per area: largest at r = {largest:.0f} nm, {size.max() / centre:.2f} of the middle's"
)
assert size.max() > 1.4 * centre
assert 0.6 * R < largest < R

figure, (above, below) = plt.subplots(
    2, 1, figsize=(7, 5.4), layout="constrained", height_ratios=(1.3, 1)
)
solution.plot.field(above, quantity="spin_potential", window=[(0, 90e-9), (-30e-9, 30e-9)])
solution.plot.torque("free", "spacer", below)
below.axvline(R, color="0.6", lw=0.8)
below.set_xlim(0, 90)
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
