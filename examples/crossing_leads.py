"""A pillar between crossing strips: where on the free layer the torque is.

The current comes along x in the lower strip, goes up through the pillar, and leaves along y in the
upper one. So it crowds at the two sides of the pillar that face the incoming and the outgoing
strip, and the torque per area is not the same all over the free layer, as in a stack. In space

    j = -D_tot (grad mu_0 + p grad nu),    j_s = -D_tot (p grad mu_0 + grad nu),
    div j = 0,    div j_s = -2 kappa nu,    nu = mu_s/2,

with nu along m in ferromagnets; what arrives across m is the torque. Checked: torques in the cells
of a finite-difference grid add up to the whole one, currents to those of the electrodes, and with
both strips replaced by reservoirs at the pillar's own faces it is a stack.

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
half, arm, current = 30.0, 110.0, 1e-3  # of the square pillar, of the strips, nm; A
heights = {
    "below": (-20, 0),
    "fixed": (0, 8),
    "spacer": (8, 14),
    "free": (14, 18),
    "above": (18, 38),
}
cells = {"below": 4, "fixed": 3, "spacer": 3, "free": 3, "above": 4}
regions = {
    "below": Cu,
    "fixed": (Co, sf.direction(0)),
    "spacer": Cu,
    "free": (Py, sf.direction(90)),
    "above": Cu,
}

inside = half * np.array([-1, -0.95, -0.85, -0.65, -0.35, 0, 0.35, 0.65, 0.85, 0.95, 1])
outside = half + (arm - half) * np.array([0.02, 0.06, 0.14, 0.3, 0.6, 1])
side = np.concatenate([-outside[::-1], inside, outside])
z = np.unique(np.concatenate([np.linspace(*heights[k], n + 1) for k, n in cells.items()]))


def device(strips):
    """The pillar with crossing strips, or by itself between reservoirs."""
    mesh = skfem.MeshHex1.init_tensor(side, side, z)
    x, y, height = mesh.p[:, mesh.t].mean(axis=1)
    in_x, in_y = abs(x) < half, abs(y) < half
    lower = in_y & (x < half) if strips else in_x & in_y
    upper = in_x & (y < half) if strips else in_x & in_y
    kept = np.where(height < 0, lower, np.where(height > 18, upper, in_x & in_y))
    mesh = mesh.restrict(np.flatnonzero(kept))
    mesh = skfem.MeshHex1(mesh.p, mesh.t)
    height = mesh.p[2, mesh.t].mean(axis=0)
    end = (0, 1) if strips else (2, 2)
    first, last = (-arm, -arm) if strips else (z[0], z[-1])
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero((height > a) & (height < b)) for name, (a, b) in heights.items()}
    ).with_boundaries(
        {
            "in": lambda at: abs(at[end[0]] - first) < 1e-6,
            "out": lambda at: abs(at[end[1]] - last) < 1e-6,
        }
    )
    electrodes = {"in": sf.Electrode(current=current), "out": sf.Electrode(potential=0.0)}
    return sf.Device(Grid(mesh), regions, electrodes)


straight = sf.solve(device(strips=False), degree=1)
area = (2 * half * 1e-9) ** 2
stack = sf.Stack(
    [
        sf.Reservoir(),
        *(
            (regions[name][0](1e-9 * (b - a), m=regions[name][1], name=name))
            if isinstance(regions[name], tuple)
            else regions[name](1e-9 * (b - a), name=name)
            for name, (a, b) in heights.items()
        ),
        sf.Reservoir(),
    ]
)
exact = sf.solve(stack, current / area)
ratio = straight.torque("free")[2] / (area * exact.torque("free")[2])
print(f"without strips: {ratio:.4f} of the stack's torque")
assert np.isclose(ratio, 1, rtol=0.02)  # elements of degree 1, 1.3 nm thick

crossing = sf.solve(device(strips=True), degree=1)
torque = crossing.torque("free")
print(f"with strips: {torque[2] / (area * exact.torque('free')[2]):.3f} of it")
assert np.isclose(crossing.current("in"), -crossing.current("out"), rtol=1e-9)
grid = crossing.torque_on_grid("free", (5e-9, 5e-9, 4e-9))
assert np.allclose(grid.torque.sum(axis=(0, 1, 2)), torque, rtol=0, atol=1e-12 * abs(torque).max())
density = np.linalg.norm(grid.torque[:, :, 0], axis=2) / (25e-18)
print(f"torque per area on cells of 5 nm: from {density.min():.2e} to {density.max():.2e} J/m2")
assert density.max() > 1.3 * density.min()

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
crossing.plot.torque("free", "spacer", left)
shown = right.imshow(density.T * 1e6, origin="lower", extent=[-half, half, -half, half])
figure.colorbar(shown, ax=right, label="torque per area (µJ/m²)")
right.set(xlabel="$x$ (nm)", ylabel="$y$ (nm)", title="both faces, in cells of 5 nm")
right.title.set_fontsize("medium")
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
