"""A picture of the dual valve in space, made with PyVista from the files for ParaView.

The layers of dual_valve.toml are a translucent wire, green where they are magnetic. The tube in
the middle has the colour of |mu_s|, on a logarithmic scale; the arrows on it, all of one length,
have the direction of mu_s, and the thick ones below the ferromagnets are their magnetizations. x,
y, z of spins are drawn as x, y, z in space, x along the wire; electrons flow towards +x.

Checked here: what is read back are the values of the solution, and the torque density times the
volume of a layer is its torque times the area.

    python picture_of_the_dual_valve.py         # writes dual_valve.png in the working directory
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyvista as pv

import spinfem as sf

DIAMETER = 14.0  # nm
SIZE = "size of mu_s (uV)"  # VTK takes |x| for a formula
GREEN, ORANGE, DARK = "#009E73", "#E69F00", "#333333"

stack, j0 = sf.load(Path(__file__).with_name("dual_valve.toml"))
solution = sf.solve(stack, j0)
with TemporaryDirectory() as folder:
    solution.save(Path(folder, "line.vtu"))
    solution.save_wire(Path(folder, "wire.vtu"), diameter=DIAMETER * 1e-9)
    line, wire = pv.read(Path(folder, "line.vtu")), pv.read(Path(folder, "wire.vtu"))

potential = np.concatenate([layer.spin_potential for layer in solution.layers])
np.testing.assert_array_equal(line.point_data["spin_potential"], potential)
volume = wire.compute_cell_sizes(length=False, area=False).cell_data["Volume"]
area = volume.sum() / stack.x[-1]  # nm3/m
for i, layer in enumerate(solution.layers):
    if layer.name in solution.ferromagnets:
        inside = wire.cell_data["layer"] == i
        total = (volume[inside, None] * wire.cell_data["torque_density"][inside]).sum(axis=0)
        np.testing.assert_allclose(total / area, solution.torque(layer.name), rtol=1e-9, atol=1e-18)
        print(f"torque on {layer.name} times area / (J/m2 m2):", total * 1e-27)

# arrows at equal distances, from the nearest points of the file
places = np.arange(1.0, line.points[-1, 0], 1.5)
nearest = np.abs(line.points[:, 0] - places[:, None]).argmin(axis=1)
line.point_data[SIZE] = 1e6 * np.linalg.norm(potential, axis=1)
largest = np.linalg.norm(potential, axis=1).max()
arrows = line.extract_points(nearest, include_cells=False).glyph(
    orient="spin_potential",
    scale=False,
    factor=0.36 * DIAMETER,
    geom=pv.Arrow(tip_length=0.3, tip_radius=0.08, shaft_radius=0.025),
)
tubes = line.extract_surface(algorithm="dataset_surface").tube(radius=0.35)

plotter = pv.Plotter(off_screen=True, window_size=(1200, 560))
plotter.set_background("white")
look = {"scalars": SIZE, "cmap": "plasma", "clim": (0.5, 1e6 * largest), "log_scale": True}
bar = {
    "color": DARK,
    "title": SIZE,
    "n_labels": 2,
    "fmt": "%.1f",
    "title_font_size": 18,
    "label_font_size": 16,
    "width": 0.3,
    "height": 0.07,
    "position_x": 0.35,
    "position_y": 0.03,
}
plotter.add_mesh(tubes, **look, scalar_bar_args=bar)
plotter.add_mesh(arrows, **look, show_scalar_bar=False)
for i, layer in enumerate(stack.layers):
    part = wire.threshold([i - 0.5, i + 0.5], scalars="layer").extract_surface(
        algorithm="dataset_surface"
    )
    magnetic = layer.is_ferromagnet
    color, opacity = (GREEN, 0.16) if magnetic else (ORANGE, 0.08)
    plotter.add_mesh(
        part, color=color, opacity=opacity, smooth_shading=True, split_sharp_edges=True
    )
    middle, below = np.mean(part.bounds[:2]), -0.82 * DIAMETER
    if magnetic:
        m = wire.cell_data["m"][wire.cell_data["layer"] == i][0]
        start = np.array([middle, 0, below]) - 2.5 * m
        thick = pv.Arrow(
            start=start, direction=m, scale=5, tip_length=0.4, tip_radius=0.16, shaft_radius=0.07
        )
        plotter.add_mesh(thick, color=GREEN)
    plotter.add_point_labels(
        [[middle, 0, 0.62 * DIAMETER]],
        [layer.name],
        font_size=18,
        text_color=DARK,
        shape=None,
        show_points=False,
        always_visible=True,
        justification_horizontal="center",
    )
plotter.add_axes(color=DARK, line_width=3)
plotter.camera_position = [(6, -60, 20), (18, 0, -3.2), (0, 0, 1)]
plotter.camera.zoom(1.3)
plotter.enable_anti_aliasing("ssaa")
plotter.enable_depth_peeling()
plotter.screenshot("dual_valve.png")
plotter.close()
print("dual_valve.png:", Path("dual_valve.png").stat().st_size, "bytes")
