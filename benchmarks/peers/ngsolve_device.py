r"""NGSolve: a device with Lagrange multipliers on the faces of its ferromagnets.

``python -m benchmarks.peers.ngsolve_device FILE`` reads what `benchmarks.devices` wrote, solves it
and prints one line of JSON. mu_0 on the whole mesh, three components of nu = mu_s/2 on the normal
metals N, its one amplitude on the ferromagnets F, and multipliers on the faces between them:

.. math::

    \int D_{tot} [\nabla\mu_0 \cdot \nabla v_0 + p (\nabla\mu_0 \cdot \nabla w
    + \nabla\nu \cdot \nabla v_0) + \nabla\nu \cdot \nabla w] + 2\kappa\, \nu w
    + \int_{faces} \lambda \cdot (v_N - v_F m) + \eta \cdot (\nu_N - \nu_F m) = 0 .

lambda is the spin current from a normal metal into a ferromagnet, which absorbs its part across m.
"""

from __future__ import annotations

import json
import resource
import sys

import netgen.meshing as ng
import ngsolve as ngs
import numpy as np

INVERSES = ("pardiso", "umfpack")
"""Solvers of symmetric systems that are not definite; the first that is there is taken."""


def mesh_of(read: dict[str, np.ndarray]) -> ngs.Mesh:
    """Return the mesh, with regions and faces by their names."""
    mesh = ng.Mesh(dim=3)
    mesh.AddPoints(np.ascontiguousarray(read["points"].T))
    faces = {key.removeprefix("face_"): read[key] for key in read if key.startswith("face_")}
    for k, (name, corners) in enumerate(faces.items()):
        number = mesh.Add(ng.FaceDescriptor(bc=k + 1, surfnr=k + 1))
        mesh.SetBCName(k, name)
        mesh.AddElements(dim=2, index=number, data=_rows(corners), base=0)
    for k, name in enumerate(read["names"]):
        cells = read["cells"][:, read["region"] == k]
        corners = read["points"][:, cells]
        edges = corners[:, 1:] - corners[:, :1]
        is_left = np.linalg.det(edges.transpose(2, 0, 1)) > 0  # NGSolve's are right-handed
        cells[:2, is_left] = cells[1::-1, is_left]
        mesh.AddElements(dim=3, index=k + 1, data=_rows(cells), base=0)
        mesh.SetMaterial(k + 1, str(name))
    return ngs.Mesh(mesh)


def _rows(corners: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(corners.T.astype(np.int32))


def main() -> None:
    """Solve the device of a file."""
    with np.load(sys.argv[1]) as file:
        read = dict(file)
    names, magnetic = [str(name) for name in read["names"]], read["magnetic"]
    order = int(read["degree"])
    normal = "|".join(n for n, is_f in zip(names, magnetic, strict=True) if not is_f)
    magnets = "|".join(n for n, is_f in zip(names, magnetic, strict=True) if is_f)
    inner = [
        key.removeprefix("face_") for key in read if key.startswith("face_") and "_" in key[5:]
    ]
    mesh = mesh_of(read)

    def numbers(values: np.ndarray) -> ngs.CoefficientFunction:
        return mesh.MaterialCF(dict(zip(names, map(float, values), strict=True)))

    scale = read["D"].max()  # lengths are in nm, conductivities in this one: no large numbers
    total, p = numbers(read["D"] / (1 - read["p"] ** 2) / scale), numbers(read["p"])
    lost = numbers(read["D"] / (read["l"] * 1e9) ** 2 / scale)
    way = {name: tuple(m) for name, m in zip(names, read["m"], strict=True)}
    m = mesh.BoundaryCF({face: way[_magnet(face, names, magnetic)] for face in inner})

    potential = ngs.H1(mesh, order=order, dirichlet="in|out")
    spins = ngs.H1(mesh, order=order, definedon=mesh.Materials(normal), dirichlet="in|out")
    along = ngs.H1(mesh, order=order, definedon=mesh.Materials(magnets))
    faces = ngs.H1(mesh, order=order, definedon=mesh.Boundaries("|".join(inner)))
    space = potential * spins**3 * along * faces**3
    (mu, u, f, q), (v0, v, g, r) = space.TnT()

    a = ngs.BilinearForm(space, symmetric=True)
    on_n, on_f = ngs.dx(mesh.Materials(normal)), ngs.dx(mesh.Materials(magnets))
    a += (total * ngs.grad(mu) * ngs.grad(v0)) * ngs.dx
    a += (total * ngs.InnerProduct(ngs.grad(u), ngs.grad(v)) + lost * u * v) * on_n
    a += total * p * (ngs.grad(mu) * ngs.grad(g) + ngs.grad(f) * ngs.grad(v0)) * on_f
    a += (total * ngs.grad(f) * ngs.grad(g) + lost * f * g) * on_f
    a += (q * (v - g * m) + r * (u - f * m)) * ngs.ds("|".join(inner))
    a.Assemble()

    solution = ngs.GridFunction(space)
    solution.components[0].Set(
        mesh.BoundaryCF({"in": float(read["voltage"])}, default=0.0),
        definedon=mesh.Boundaries("in|out"),
    )
    residual, flow = solution.vec.CreateVector(), solution.vec.CreateVector()
    for inverse in INVERSES:
        try:
            solver = a.mat.Inverse(space.FreeDofs(), inverse=inverse)
        except Exception as error:  # what it raises where a solver is not there has no class
            last = error
            continue
        break
    else:
        raise last
    residual.data = -(a.mat * solution.vec)
    solution.vec.data += solver * residual
    flow.data = a.mat * solution.vec
    one = ngs.GridFunction(space)
    one.components[0].Set(
        mesh.BoundaryCF({"in": 1.0}, default=0.0), definedon=mesh.Boundaries("in|out")
    )
    current = ngs.InnerProduct(one.vec, flow)
    free = "|".join(face for face in inner if "free" in face.split("_"))
    into = ngs.CF(tuple(solution.components[3].components))
    taken = np.array(ngs.Integrate(into - (into * m) * m, mesh, definedon=mesh.Boundaries(free)))
    found = {
        "torque": (taken / current).tolist(),
        "unknowns": sum(space.FreeDofs()),
        "setting": inverse,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(found))


def _magnet(face: str, names: list[str], magnetic: np.ndarray) -> str:
    """Return the ferromagnet that a face is of."""
    return next(name for name in face.split("_") if magnetic[names.index(name)])


if __name__ == "__main__":
    main()
