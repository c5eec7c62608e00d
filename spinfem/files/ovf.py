"""OVF 2.0, the files of vector fields of OOMMF, which mumax3 and ubermag read too.

https://math.nist.gov/oommf/doc/userguide20b0/userguide/OVF_2.0_format.html. Data are text: all of
these codes read it, and no digit is lost.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._checks import FloatArray


def write_ovf(
    path: Path,
    values: FloatArray,
    cell: FloatArray,
    low: FloatArray,
    *,
    label: str,
    unit: str,
    title: str,
    notes: list[str],
) -> None:
    """Write a field of vectors on a grid of equal cells.

    Parameters
    ----------
    path : Path
        The file; `disk.replacing` makes it appear whole or not at all.
    values : array, shape (nx, ny, nz, 3)
        One vector for every cell.
    cell, low : array, shape (3,)
        Edges of a cell, and the lowest corner of the grid, m.
    label, unit : str
        What the vectors are, in one word each.
    title : str
        A line.
    notes : list of str
        Lines of description.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    count = values.shape[:3]
    head = ["# OOMMF OVF 2.0", "# Segment count: 1", "# Begin: Segment", "# Begin: Header"]
    head += [f"# Title: {title}", *(f"# Desc: {note}" for note in notes)]
    head += ["# meshtype: rectangular", "# meshunit: m"]
    for key, numbers in (
        ("base", low + cell / 2),
        ("stepsize", cell),
        ("min", low),
        ("max", low + count * cell),
    ):
        head += [f"# {a}{key}: {float(x)!r}" for a, x in zip("xyz", numbers, strict=True)]
    head += [f"# {a}nodes: {n}" for a, n in zip("xyz", count, strict=True)]
    head += ["# valuedim: 3", f"# valuelabels: {label}_x {label}_y {label}_z"]
    head += [f"# valueunits: {unit} {unit} {unit}", "# End: Header", "# Begin: Data Text"]
    rows = values.transpose(2, 1, 0, 3).reshape(-1, 3)  # x changes fastest
    with path.open("w", encoding="ascii", errors="replace", newline="\n") as file:
        file.write("\n".join(head) + "\n")
        np.savetxt(file, rows, fmt="%.17g")
        file.write("# End: Data Text\n# End: Segment\n")
