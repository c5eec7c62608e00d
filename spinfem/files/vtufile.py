"""Line cells of VTK's files of unstructured grids, .vtu: as text, binary, appended, compressed.

Read are points, cells, integers in the cell data and field data; nothing else is unpacked, and of
these no more than `MOST`.
https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html
"""

from __future__ import annotations

import base64
import lzma
import zlib
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .._checks import BoolArray, FloatArray, IntArray
from .._spelling import near_match
from .lines import Lines, MalformedError, by_tag, number_of, numbers_in, refuse_cells, whole

MOST = 32 << 20
"""Bytes that arrays may take as numbers of eight bytes, and those read for them, all together."""
MOST_ELEMENTS = 60_000
"""Of XML; one names a layer."""
POINT, LINE = 1, 3
OTHERS = {4: "polyline", 5: "triangle", 8: "pixel", 9: "quad", 10: "tetra", 11: "voxel"}
OTHERS |= {12: "hexahedron", 13: "wedge", 14: "pyramid", 21: "line3", 22: "triangle6"}
WHOLE = {f"Int{8 * n}": f"i{n}" for n in (1, 2, 4, 8)}
WHOLE |= {f"UInt{8 * n}": f"u{n}" for n in (1, 2, 4, 8)}
TYPES = WHOLE | {"Float32": "f4", "Float64": "f8"}
HEADERS = {name: WHOLE[name] for name in ("UInt32", "UInt64")}
"""Types of the numbers of bytes in front of an array."""
ORDERS = {"LittleEndian": "<", "BigEndian": ">"}


def lines_of(content: bytes, tags: str | None) -> Lines:
    """Return what a .vtu file says of line cells.

    Groups are the cells of one integer in an array of cell data, by the name that an array of field
    data gives the integer, or by the integer itself.

    Parameters
    ----------
    content : bytes
        The file.
    tags : str or None
        Which array; without it there must be just one of integers.

    Raises
    ------
    MalformedError
        If it is no such file.
    ValueError
        If it has cells that are no lines, or no such array.
    """
    return _Reader(content).lines(tags)


class _Tree(ElementTree.TreeBuilder):
    """Refuses what could make gigabytes of a small file."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str], /) -> ElementTree.Element:
        """Count elements."""
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise MalformedError(f"there must be at most {MOST_ELEMENTS} elements of XML, got more")
        return super().start(tag, attributes)

    def doctype(self, *_: Any) -> None:
        """Entities are defined in it."""
        raise MalformedError("there must be no document type, got one")


def _parsed(content: bytes) -> tuple[ElementTree.Element, bytes]:
    """Return the tree of a file, and the appended bytes that are none of XML."""
    raw, begin = b"", content.find(b"<AppendedData")
    head = content[begin : (first := content.find(b">", begin) + 1)] if begin >= 0 else b""
    if b"raw" in head:
        end = max(content.rfind(b"</AppendedData>"), first)
        raw = content[first:end].lstrip()[1:]  # behind an underscore
        content = content[:first] + content[end:]
    try:
        root = ElementTree.fromstring(content, ElementTree.XMLParser(target=_Tree()))
    except MalformedError:
        raise
    except ElementTree.ParseError as error:
        raise MalformedError(f"it must be XML: {error}") from None
    except (LookupError, ValueError):  # an encoding that there is not, or not for XML
        raise MalformedError("it must be XML in an encoding that is known, as UTF-8") from None
    return root, raw


class _Reader:
    """A file, and how its arrays are stored."""

    def __init__(self, content: bytes) -> None:
        root, self.raw = _parsed(content)
        kind = root.get("type", "nothing")
        if root.tag != "VTKFile" or kind != "UnstructuredGrid":
            raise MalformedError(
                f"it must be a VTKFile of an UnstructuredGrid, got {root.tag[:40]} of {kind[:40]}"
            )
        compressor = root.get("compressor")
        if compressor is not None and compressor not in UNPACK:
            raise MalformedError(
                f"compressor must be {' or '.join(UNPACK)}, got {compressor[:40]!r}"
            )
        self.unpack = UNPACK[compressor] if compressor else None
        self.order = ORDERS.get(root.get("byte_order", ""), "=")
        self.header = self._type("header_type", root.get("header_type", "UInt32"), HEADERS)
        self.appended = (root.findtext("AppendedData") or "").strip().removeprefix("_")
        self.pieces = root.findall("UnstructuredGrid/Piece")
        self.fields = root.findall("UnstructuredGrid/FieldData/DataArray")
        self.left = MOST

    def lines(self, tags: str | None) -> Lines:
        """Return what the file says of line cells, of all its pieces."""
        if not self.pieces:
            raise MalformedError("there must be a Piece of a grid, got none")
        name = _chosen(self.pieces[0], tags)
        points, cells, numbers, start = [], [], [], 0
        for piece in self.pieces:
            own, joined, is_line = self._grid(piece)
            arrays = [array for array in _whole_arrays(piece) if array.get("Name") == name]
            tag = self._whole(arrays[0]) if arrays else np.zeros(0, np.intp)
            if tag.size != is_line.size:
                raise MalformedError(f"{name!r} must have a number for every cell in every piece")
            points.append(own)
            cells.append(joined + start)
            numbers.append(tag[is_line])
            start += len(own)
        groups = {str(tag): own for tag, own in by_tag(np.concatenate(numbers)).items()}
        for field in self.fields:
            if field.get("type") in WHOLE:
                number = str(*self._whole(field)[:1])
                if number in groups:
                    label = field.get("Name", "").removeprefix(f"{name}: ")
                    groups[label] = groups.pop(number)
        return Lines(np.concatenate(points), np.concatenate(cells), groups)

    def _grid(self, piece: ElementTree.Element) -> tuple[FloatArray, IntArray, BoolArray]:
        """Return points, the points that lines join, and which cells are lines."""
        place = piece.find("Points/DataArray")
        arrays = {array.get("Name", ""): array for array in piece.findall("Cells/DataArray")}
        missing = [key for key in ("connectivity", "offsets", "types") if key not in arrays]
        if place is None or missing:
            raise MalformedError(f"a piece must have {(['Points'] * (place is None) + missing)[0]}")
        x = self._array(place)
        width = number_of(place.get("NumberOfComponents", "3"), "NumberOfComponents")
        if not width or x.size % width:
            raise MalformedError(f"points must have {width} coordinates each, got {x.size} in all")
        points = x.reshape(-1, width).astype(float)
        connectivity, ends, kinds = (
            self._whole(arrays[key]) for key in ("connectivity", "offsets", "types")
        )
        other = kinds[(kinds != LINE) & (kinds != POINT)]
        if other.size:
            refuse_cells(int((other == other[0]).sum()), OTHERS.get(int(other[0]), str(other[0])))
        is_line = kinds == LINE
        if ends.size != kinds.size:
            raise MalformedError(f"cells must have an offset each, got {ends.size} of {kinds.size}")
        two = np.diff(ends, prepend=0)[is_line] == 2
        last = ends[is_line]
        if not two.all() or ((last < 2) | (last > connectivity.size)).any():
            raise MalformedError("lines must have two points each, got another number")
        joined = connectivity[last[:, None] - [2, 1]]
        if ((joined < 0) | (joined >= len(points))).any():
            raise ValueError("cells must join points of the file, got one that joins none")
        return points, joined, is_line

    # --- arrays -------------------------------------------------------------------------------

    def _type(self, what: str, name: str, known: Mapping[str, str]) -> np.dtype[Any]:
        if name not in known:
            raise MalformedError(f"{what} must be one of {', '.join(known)}, got {name[:40]!r}")
        return np.dtype(self.order + known[name])

    def _whole(self, array: ElementTree.Element) -> IntArray:
        return whole(self._array(array), f"numbers of {array.get('Name', '')[:40]!r}")

    def _array(self, array: ElementTree.Element) -> NDArray[Any]:
        """Return the numbers of an array."""
        kind = self._type("type of an array", array.get("type", ""), TYPES)
        form = array.get("format", "ascii")
        text = (array.text or "").strip()
        if form == "ascii":
            return numbers_in(text, f"array {array.get('Name', '')[:40]!r}")
        if form == "appended":
            place = number_of(array.get("offset", ""), "offset of an array")
            data = self._stored(self.raw or self.appended, place, kind)
        elif form == "binary":
            data = self._stored(text, 0, kind)
        else:
            raise MalformedError(f"format must be ascii, binary or appended, got {form[:40]!r}")
        if len(data) % kind.itemsize:
            raise MalformedError(f"an array must end with a number, got {len(data)} bytes")
        return np.frombuffer(data, kind)

    def _stored(self, source: bytes | str, place: int, kind: np.dtype[Any]) -> bytes:
        """Return the bytes of an array that begins at a place of bytes or of base64."""
        size = self.header.itemsize

        def heads(count: int) -> tuple[list[int], int]:
            found, behind = _read(source, place, count * size)
            self._take(len(found))  # several arrays may begin at one place
            return np.frombuffer(found, self.header).tolist(), behind

        (count,), behind = heads(1)
        if self.unpack is None:
            self._take(count * 8 // kind.itemsize)
            alone = isinstance(source, str) and "=" in source[place:behind]
            if alone:
                return _read(source, behind, count)[0]
            return _read(source, place, size + count)[0][size:]
        if not count:
            return b""
        (_, each, last, *packed), behind = heads(3 + count)
        sizes = [each] * (count - 1) + [last or each]
        ends = list(accumulate(packed, initial=0))
        self._take(sum(sizes) * 8 // kind.itemsize + ends[-1])
        body, _ = _read(source, behind, ends[-1])
        blocks = zip(pairwise(ends), sizes, strict=True)
        return b"".join(self.unpack(body[a:b], most) for (a, b), most in blocks)

    def _take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise ValueError(f"arrays must take at most {MOST >> 20} MiB, got more")


def _read(source: bytes | str, place: int, count: int) -> tuple[bytes, int]:
    """Return so many bytes from a place of bytes or base64, and the place behind them."""
    end = place + (count if isinstance(source, bytes) else -(-count // 3) * 4)
    if end > len(source):
        raise MalformedError("there must be as many bytes as are announced, got fewer")
    if isinstance(source, bytes):
        return source[place:end], end
    try:
        return base64.b64decode(source[place:end], validate=True)[:count], end
    except ValueError:
        raise MalformedError("bytes must be written in base64, got something else") from None


def _unpacked(decompressor: Any, data: bytes, most: int) -> bytes:
    try:
        found: bytes = decompressor.decompress(data, most + 1)  # 0 would be: as many as there are
    except (zlib.error, lzma.LZMAError) as error:
        raise MalformedError(f"what is packed must be whole: {error}") from None
    if len(found) > most:
        raise MalformedError("a block must have as many bytes as are announced, got more")
    return found


UNPACK = {
    "vtkZLibDataCompressor": lambda data, most: _unpacked(zlib.decompressobj(), data, most),
    "vtkLZMADataCompressor": lambda data, most: _unpacked(
        lzma.LZMADecompressor(memlimit=MOST), data, most
    ),
}
"""What unpacks a block to no more than some bytes."""


# --- groups -----------------------------------------------------------------------------------


def _whole_arrays(piece: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the arrays of cell data that hold one integer for every cell."""
    arrays = piece.findall("CellData/DataArray")
    return [
        array
        for array in arrays
        if array.get("type") in WHOLE and array.get("NumberOfComponents", "1") in ("", "0", "1")
    ]


def _chosen(piece: ElementTree.Element, tags: str | None) -> str:
    """Return the name of the array that tells the layers apart."""
    names = [array.get("Name", "") for array in _whole_arrays(piece)]
    known = ", ".join(names) or "none"
    if tags is None and len(names) != 1:
        raise ValueError(
            "cell data must have one array of integers that tells the layers apart, "
            f"or tags must name one, got {known}"
        )
    if tags is not None and tags not in names:
        raise ValueError(
            f"tags must be an array of integers in the cell data ({known}), "
            f"got {tags!r}{near_match(tags, names)}"
        )
    return names[0] if tags is None else tags
