"""Small files of devices for tests: a valve on a mesh of a few cells, and the same as a pillar."""

from itertools import pairwise
from pathlib import Path

FACES, HEIGHTS = (0, 4, 8, 13, 18, 20, 22), (0, 10, 20)
"""Lines of the mesh, nm."""
REGIONS = {"fixed": (0, 8), "spacer": (8, 18), "free": (18, 22)}
SURFACES = {"in": (0, None), "out": (22, None), "side": ((8, 18), 20)}
"""Curves at one x, or at one height between two x."""

DEVICE = """\
title = "Valve"
[mesh]
file = "device.msh"
scale_nm = 1
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[regions.free]
material = "Co"
polar_deg = 60
azimuth_deg = 30
[regions.fixed]
material = "Co"
m = [0, 0, 2]
[regions.spacer]
material = "Cu"
[electrodes.in]
current_A = 1e3
lead = "Cu"
[electrodes.out]
potential_V = 0
[electrodes.side]
current_A = 0
spin = "blocking"
[[interfaces]]
between = ["free", "spacer"]
AR_fOhm_m2 = 0.5
gamma = 0.7
mixing_S_m2 = [5e14, 1e13]
[[interfaces]]
between = ["out", "free"]
AR_fOhm_m2 = 0.3
"""
STACK = """\
j0_A_m2 = 5
[left]
lead = "Cu"
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[[layers]]
material = "Co"
name = "fixed"
thickness_nm = 8
polar_deg = 0
[[layers]]
material = "Cu"
name = "spacer"
thickness_nm = 10
[[layers]]
interface = true
AR_fOhm_m2 = 0.5
gamma = 0.7
[[layers]]
material = "Co"
name = "free"
thickness_nm = 4
polar_deg = 60
"""
PILLAR = """\
title = "Pillar"
[pillar]
stack = "stack.toml"
radius_nm = 50
current_A = 1e-3
[materials.Ru]
kind = "normal"
resistivity_ohm_m = 9e-8
l_nm = 14
[pillar.below]
material = "Cu"
thickness_nm = 50
radius_nm = 200
lead = "Cu"
[pillar.above]
material = "Ru"
thickness_nm = 10
radius_nm = 60
spin = "blocking"
"""


def mesh():
    """The mesh in gmsh's format 2.2: rectangles in a plane."""
    rows = len(HEIGHTS)
    points = [(x, y) for x in FACES for y in HEIGHTS]
    tags = {name: k for k, name in enumerate((*REGIONS, *SURFACES), start=1)}
    cells = []
    for name, (left, right) in REGIONS.items():
        for i in range(FACES.index(left), FACES.index(right)):
            for a in (rows * i + j + 1 for j in range(rows - 1)):
                cells.append((3, tags[name], a, a + rows, a + rows + 1, a + 1))
    for name, (x, height) in SURFACES.items():
        if height is None:
            first = rows * FACES.index(x) + 1
            cells += [(1, tags[name], a, a + 1) for a in range(first, first + rows - 1)]
        else:
            ends = [rows * i + rows for i in range(FACES.index(x[0]), FACES.index(x[1]) + 1)]
            cells += [(1, tags[name], a, b) for a, b in pairwise(ends)]
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(tags))]
    lines += [f'{2 if name in REGIONS else 1} {tag} "{name}"' for name, tag in tags.items()]
    lines += ["$EndPhysicalNames", "$Nodes", str(len(points))]
    lines += [f"{i} {x} {y} 0" for i, (x, y) in enumerate(points, start=1)]
    lines += ["$EndNodes", "$Elements", str(len(cells))]
    lines += [
        f"{i} {kind} 2 {tag} {tag} {' '.join(map(str, nodes))}"
        for i, (kind, tag, *nodes) in enumerate(cells, start=1)
    ]
    return "\n".join([*lines, "$EndElements", ""])


def write(folder: Path, text: str = DEVICE) -> Path:
    """Write a file of a device, with the mesh and the stack file that it may ask for."""
    (folder / "device.msh").write_text(mesh(), encoding="utf-8")
    (folder / "stack.toml").write_text(STACK, encoding="utf-8")
    path = folder / "device.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    return path
