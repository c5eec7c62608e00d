"""VTK's XML files, written: unstructured grids, .vtu, and collections of them, .pvd.

Nothing else in the package uses meshio: it writes points, cells and what belongs to them,
compressed. Field data, which meshio reads but does not write, and collections are XML of our own.
https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html
"""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray, IntArray

NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file can hold."""


class VtkMesh(NamedTuple):
    """Points, cells that join them, and what is known of both."""

    points: FloatArray  # (n, 3)
    cells: dict[str, IntArray]  # by kind, "line" (c, 2): numbers of points, in VTK's order
    point_data: dict[str, FloatArray]  # (n,) or (n, 3)
    cell_data: dict[str, list[NDArray[np.generic]]]  # for every kind of cells (c,) or (c, 3)


def write_vtu(path: Path, mesh: VtkMesh, field_data: Mapping[str, float]) -> None:
    """Write an unstructured grid.

    Parameters
    ----------
    path : Path
        The file; `disk.replacing` makes it appear whole or not at all.
    mesh : VtkMesh
        What it shall hold.
    field_data : mapping
        One integer (Int64) or number (Float64) by name, of the grid as a whole. What XML cannot
        hold of a name is replaced by question marks.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    import meshio

    points, cells, point_data, cell_data = mesh
    grid = meshio.Mesh(points, [*cells.items()], point_data=point_data, cell_data=cell_data)
    said = io.StringIO()  # meshio prints what it has to say, and may exit the interpreter
    try:
        with redirect_stdout(said), redirect_stderr(said):
            grid.write(path, file_format="vtu")
    except (SystemExit, meshio.WriteError) as error:
        raise OSError(errno.EIO, " ".join(said.getvalue().split()) or str(error)) from error
    tree = ElementTree.parse(path)
    (place,) = tree.iter("UnstructuredGrid")
    place.insert(0, _field_data(field_data))
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _field_data(values: Mapping[str, float]) -> ElementTree.Element:
    fields = ElementTree.Element("FieldData")
    for name, value in values.items():
        array = ElementTree.SubElement(
            fields,
            "DataArray",
            type="Int64" if isinstance(value, int) else "Float64",
            Name=NOT_IN_XML.sub("?", name),
            NumberOfTuples="1",
            format="ascii",
        )
        array.text = str(value)
    ElementTree.indent(fields)
    fields.tail = "\n"
    return fields


def write_pvd(path: Path, frames: Iterable[tuple[float, Iterable[str]]]) -> None:
    """Write a collection.

    Parameters
    ----------
    path : Path
        The file.
    frames : iterable of (float or int, iterable of str)
        Times and the files that belong to them, relative to the folder of `path`: the parts of what
        is shown at that time.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    root = ElementTree.Element("VTKFile", type="Collection", version="1.0")
    collection = ElementTree.SubElement(root, "Collection")
    for time, files in frames:
        for part, file in enumerate(files):
            ElementTree.SubElement(
                collection, "DataSet", timestep=str(time), group="", part=str(part), file=file
            )
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
