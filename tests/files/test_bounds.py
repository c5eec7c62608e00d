"""Input without bounds: one clear error, within 256 MiB, for every kind."""

import base64
import lzma
import re
import struct
import tracemalloc
import zlib
from functools import partial
from pathlib import Path

import pytest

import spinfem as sf
from spinfem import cli
from spinfem.files.meshfile import read_layers

MEBIBYTES = 256
"""What took gigabytes takes less."""
N = '[materials.N]\nkind = "normal"\nD = 1\nl = 1\n[[layers]]\nmaterial = "N"\nthickness = 1\n'

# what stands in front of the tables of a stack file, and the message behind its name
TEXTS = {
    "dots": (".".join("a" * 10_000) + " = 1", "a key must have at most 32 parts with dots"),
    "dots in a head": (f"[{'.'.join('a' * 10_000)}]", "a key must have at most 32 parts with dots"),
    "dots in a table": (
        "x = {" + '"a" . ' * 10_000 + "b = 1}",
        "a key must have at most 32 parts with dots between, got one of 10001",
    ),
    "many keys with dots": ("\n".join(30 * f"{x}." + "x = 1" for x in "abcdefgh"), "8 errors: (1)"),
    "700 digits": ("j0 = 1" + 700 * "0", "j0: must be a number that fits in double precision"),
    "digits": ("j0 = " + 10**6 * "1", "a key or number must have at most 1000 characters, got one"),
    "hexadecimal": ("j0 = 0x" + 10**6 * "f", "a key or number must have at most 1000 characters"),
    "decimals": ("j0 = 0." + 10**6 * "1", "a key or number must have at most 1000 characters"),
    "long key": (10**6 * "a" + " = 1", "a key or number must have at most 1000 characters"),
    "keys": ("".join(f"k{i} = 1\n" for i in range(5000)), "5000 errors: (1) k0: unknown key"),
    "arrays": ("x = " + 10**6 * "[", "tables and arrays are nested too deeply"),
    "tables": ("x = " + 10**5 * "{a=", "tables and arrays are nested too deeply"),
    "open text": ("x = " + 10**5 * '"""\\', "must be valid TOML"),
    "open texts": ("x = " + 10**5 * "'''a", "must be valid TOML"),
    "title": (f"title = '{10**6 * 'x'}'", "title: must be a string of at most 1000 characters"),
    "name": (f"left.lead = '{10**6 * 'x'}'", "left.lead: must be one of the materials (N), got"),
    "layers": (200_000 * "[[layers]]\n", "a file must have at most 120000 tables, got 200002"),
    "tables in a line": (
        f"layers = [{200_000 * '{},'}]",
        "a file must have at most 120000 tables, got 200002",
    ),
    "names": (
        f"left.lead = '{80 * 'a'}'\n"
        + "".join(
            f"[materials.{70 * 'b'}{i:010}]\nkind = 'normal'\nD = 1\nl = 1\n" for i in range(5000)
        ),
        "left.lead: must be one of the materials (bbb",
    ),
    "long file": ("#" + (16 << 20) * "x", "must be a file of at most 16 MiB, got a longer one"),
}


LONG = ("elements of XML", "raw appended", "groups times blocks", "again and again")
"""Meshes that take long."""


def some_long(kinds, *long):
    """Return all kinds, of which some take long."""
    return [pytest.param(kind, marks=pytest.mark.long) if kind in long else kind for kind in kinds]


def assert_small(work):
    """It takes no more memory."""
    tracemalloc.start()
    try:
        work()
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTES << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", some_long(TEXTS, "names", "open text", "keys"))
def test_stack_files(tmp_path, kind):
    text, message = TEXTS[kind]
    path = tmp_path / "stack.toml"
    path.write_text(f"{text}\n{N}")

    def load():
        with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")) as error:
            sf.load(path)
        assert len(str(error.value)) < 2100
        assert str(error.value).isprintable()

    assert_small(load)


# --- meshes -----------------------------------------------------------------------------------

HEAD = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n"
NODES = "$Nodes\n2\n1 0 0 0\n2 1 0 0\n$EndNodes\n"
LINES = "$Elements\n1\n1 1 2 1 1 1 2\n$EndElements\n"
NINES = 20 * "9"


def section(name, head, body):
    """A section of a .msh file."""
    return f"${name}\n{head}\n{body}$End{name}\n"


HEAD_4 = HEAD.replace("2.2", "4.1")
NODES_4 = section("Nodes", "1 2 1 2", "1 1 0 2\n1\n2\n0 0 0\n1 0 0\n")
LINES_4 = section("Elements", "1 1 1 1", "1 1 1 1\n1 1 2\n")


def curve(groups):
    """The entities of a .msh file: one curve, which is in groups."""
    row = f"1 0 0 0 1 0 0 {len(groups)} {' '.join(map(str, groups))} 0\n"
    return section("Entities", "0 1 0 0", row)


def binary_msh(nodes, version="4.1", lines=b"$Elements\n0\n$EndElements\n"):
    """A .msh file of bytes, if not in its lines."""
    head = f"$MeshFormat\n{version} 1 8\n".encode() + struct.pack("<i", 1) + b"\n$EndMeshFormat\n"
    return head + b"$Nodes\n" + nodes + b"\n$EndNodes\n" + lines


def vtu(points, compressor="vtkZLibDataCompressor", form="binary", before="", size=2):
    """A .vtu file of some points and no more, in which these are stored like this."""
    packed = f' compressor="{compressor}"' if compressor else ""
    arrays = "".join(
        f'<DataArray type="Int64" Name="{name}" format="ascii">{numbers}</DataArray>'
        for name, numbers in (("connectivity", "0 1"), ("offsets", "2"), ("types", "3"))
    )
    return (
        f'<?xml version="1.0"?>{before}<VTKFile type="UnstructuredGrid" header_type="UInt64" '
        f'byte_order="LittleEndian"{packed}><UnstructuredGrid><Piece NumberOfPoints="{size}" '
        'NumberOfCells="1"><Points><DataArray type="Float64" NumberOfComponents="3" '
        f'format="{form}">{points}</DataArray></Points><Cells>{arrays}</Cells><CellData><DataArray '
        'type="Int64" Name="layer" format="ascii">1</DataArray></CellData></Piece>'
        "</UnstructuredGrid></VTKFile>"
    )


def packed(data, sizes, pack=zlib.compress):
    """Blocks as VTK stores them, of which sizes are announced."""
    body = pack(data)
    head = struct.pack("<4q", 1, *sizes, len(body))
    return (base64.b64encode(head) + base64.b64encode(body)).decode()


BOMB = bytes(200 << 20)
"""Unpacked 200 MiB; packed 0.2."""
LISTS = 10**6 * '"a": [0],'
LAUGHS = "".join(f'<!ENTITY a{i + 1} "{10 * f"&a{i};"}">' for i in range(9))
MESHES = {
    "names without an end": (
        ".msh",
        HEAD + 10**6 * "$PhysicalNames\n",
        "$PhysicalNames must be closed",
    ),
    "names without quotes": (
        ".msh",
        f'{HEAD}$PhysicalNames\n1\n1 1 "{10**6 * " "}\n$EndPhysicalNames\n{NODES}{LINES}',
        "name of a group must stand in double quotes",
    ),
    "blank lines": (".msh", HEAD + 10**7 * "\n", "there must be a section $Nodes, got none"),
    "heads": (".msh", HEAD + 10**6 * "$", "there must be a section $Nodes, got none"),
    "long head": (".msh", HEAD + "$" + 10**7 * "x", "there must be a section $Nodes, got none"),
    "index of nines": (
        ".msh",
        HEAD + NODES + LINES.replace("1 2\n$End", f"1 {NINES}\n$End"),
        "numbers of things must be whole numbers below 2**53, got 1e+20",
    ),
    "number of a node": (
        ".msh",
        HEAD + NODES.replace("\n2 1 0", "\n2147483647 1 0") + LINES,
        "cells must join nodes of the file, got one with node 2",
    ),
    "number of nodes": (
        ".msh",
        HEAD + NODES.replace("$Nodes\n2", f"$Nodes\n{NINES}") + LINES,
        "number of nodes or elements must be a whole number below 1e15, got '99999999999999999999'",
    ),
    "nodes": (
        ".msh",
        HEAD + NODES.replace("$Nodes\n2", "$Nodes\n999999999") + LINES,
        "there must be as",
    ),
    "elements": (
        ".msh",
        HEAD + NODES + LINES.replace("$Elements\n1", "$Elements\n99999"),
        "there must be as many elements as are announced, got fewer",
    ),
    "binary nodes": (".msh", binary_msh(b"999999999\n", "2.2"), "there must be as much as"),
    "binary blocks": (
        ".msh",
        binary_msh(struct.pack("<4Q", 2**50, 2**50, 1, 2**50)),
        "there must be at most 50000 blocks in $Nodes, got 1125899906842624",
    ),
    "binary block": (
        ".msh",
        binary_msh(struct.pack("<4Q3iQ", 1, 2**40, 1, 2**40, 1, 1, 0, 2**40)),
        "there must be as much as is announced, got less",
    ),
    "binary blocks of no elements": (
        ".msh",
        binary_msh(
            b"2\n" + struct.pack("<i3di3d", 1, 0, 0, 0, 2, 1, 0, 0),
            "2.2",
            b"$Elements\n1\n" + 1_300_000 * struct.pack("<3i", 1, 0, 0) + b"\n$EndElements\n",
        ),
        "a block must have elements and tags, got 0 and 0",
    ),
    "blocks of no nodes": (
        ".msh",
        HEAD_4 + section("Nodes", "1900000 2 1 2", 1_900_000 * "1 1 0 0\n") + LINES_4,
        "there must be at most 2000000 numbers of nodes and elements, got 7600004",
    ),
    "fewer blocks of no nodes": (
        ".msh",
        HEAD_4 + section("Nodes", "400000 2 1 2", 400_000 * "1 1 0 0\n") + LINES_4,
        "there must be at most 50000 blocks in $Nodes, got 400000",
    ),
    "blocks of no elements": (
        ".msh",
        HEAD_4 + NODES_4 + section("Elements", "400000 1 1 1", 400_000 * "1 1 1 0\n"),
        "there must be at most 50000 blocks in $Elements, got 400000",
    ),
    "groups of a curve": (
        ".msh",
        HEAD_4 + curve(range(60_000)) + NODES_4 + LINES_4,
        "there must be at most 50000 groups of curves, got 60000",
    ),
    "groups times blocks": (
        ".msh",
        HEAD_4
        + curve(range(20_000))
        + NODES_4
        + section("Elements", "120 120 1 1", 120 * "1 1 1 1\n1 1 2\n"),
        "there must be at most 2000000 cells in groups, got 2020000",
    ),
    "points": (
        ".msh",
        HEAD_4 + section("Entities", "300000 0 0 0", 300_000 * "1 0 0 0 0\n") + NODES_4 + LINES_4,
        "there must be at most 50000 points in $Entities, got 300000",
    ),
    "names": (
        ".msh",
        HEAD + section("PhysicalNames", "1", 10**6 * '1 1 "a"\n') + NODES + LINES,
        "there must be at most 50000 names of groups, got 1000000",
    ),
    "lines": (
        ".msh",
        HEAD + NODES + section("Elements", "300000", 300_000 * "1 1 0 1 2\n"),
        "there must be at most 200000 elements, got 300000",
    ),
    "sections": (".msh", 10**6 * "$A\n$EndA\n", "there must be at most 50000 sections, got 50001"),
    "data": (
        ".msh",
        f"{HEAD}$NodeData\n99999999999\n$EndNodeData\n{NODES}",
        "there must be a section $Elements",
    ),
    "unpacks to more": (
        ".vtu",
        lambda: vtu(packed(BOMB, (48, 48))),
        "a block must have as many bytes as",
    ),
    "unpacks to much": (
        ".vtu",
        lambda: vtu(packed(BOMB, (len(BOMB), len(BOMB)))),
        "arrays must take at most 32 MiB, got more",
    ),
    "takes eight times as much": (
        ".vtu",
        lambda: (
            vtu("0 0 0 1 0 0", None, "ascii")
            .replace(
                'Name="types" format="ascii">3',
                f'Name="types" format="binary">{packed(bytes(30 << 20), (30 << 20, 30 << 20))}',
            )
            .replace('"Int64" Name="types"', '"UInt8" Name="types"')
            .replace("header_type", 'compressor="vtkZLibDataCompressor" header_type', 1)
        ),
        "arrays must take at most 32 MiB, got more",
    ),
    "again and again": (
        ".vtu",
        lambda: re.sub(
            "(<Piece.*</Piece>)(.*)</VTKFile>",
            lambda grid: (
                5000 * grid[1]
                + grid[2]
                + '<AppendedData encoding="base64">_'
                + packed(bytes(48), (48, 48), lambda data: zlib.compress(data) + bytes(8 << 20))
                + "</AppendedData></VTKFile>"
            ),
            vtu("", form="appended").replace('format="appended"', 'format="appended" offset="0"'),
        ),
        "arrays must take at most 32 MiB, got more",
    ),
    "numbers of an array": (
        ".vtu",
        vtu(4 * 10**6 * "0 ", None, "ascii"),
        "there must be at most 2000000 numbers of array '', got 4000000",
    ),
    **{
        f"sizes of {kind}": (
            ".vtu",
            lambda kind=kind: vtu(packed(BOMB, (-1, -1))).replace("UInt64", kind, 1),
            f"header_type must be one of UInt32, UInt64, got '{kind}'",
        )
        for kind in ("Int64", "Int8", "Float64", "Float32", "string")
    },
    "sizes below zero": (
        ".vtu",
        lambda: vtu(packed(BOMB, (-1, -1))),
        "arrays must take at most 32 MiB",
    ),
    "unpacks from LZMA": (
        ".vtu",
        lambda: vtu(
            packed(BOMB, (48, 48), partial(lzma.compress, preset=0)), "vtkLZMADataCompressor"
        ),
        "a block must have as many bytes as are announced, got more",
    ),
    "blocks": (
        ".vtu",
        vtu(base64.b64encode(struct.pack("<4Q", 2**60, 1, 1, 1)).decode()),
        "there must be as many bytes as are announced, got fewer",
    ),
    "bytes": (
        ".vtu",
        vtu(base64.b64encode(struct.pack("<2Q", 10**7, 1)).decode(), None),
        "there must be as many bytes as are announced, got fewer",
    ),
    "appended": (".vtu", 10**6 * "<AppendedData ", "it must be XML"),
    "encoding": (
        ".vtu",
        f'<?xml version="1.0" encoding="utf{10**5 * "9"}"?><a/>',
        "it must be XML",
    ),
    "raw appended": (".vtu", 50_000 * '<AppendedData encoding="raw">_', "it must be XML"),
    "entities": (
        ".vtu",
        vtu("&a9;", None, "ascii", f'<!DOCTYPE a [<!ENTITY a0 "0 ">{LAUGHS}]>'),
        "there must be no document type, got one",
    ),
    "elements of XML": (".vtu", 10**6 * "<a>", "there must be at most 60000 elements of XML"),
    "components": (
        ".vtu",
        vtu("0 0 0 1 0 0", None, "ascii").replace('Components="3"', f'Components="{NINES}"'),
        "NumberOfComponents must be a whole number below 1e15, got '99999999999999999999'",
    ),
    **{
        f"components of {digits}": (
            ".vtu",
            vtu("0 0 0 1 0 0", None, "ascii").replace('ts="3"', f'ts="{digits}"'),
            f"NumberOfComponents must be a whole number below 1e15, got '{digits}'",
        )
        for digits in ("²", "٣", "3.0", "-3", "")
    },
    "subdomains": (
        ".json",
        f'{{"p": [[0.0], [1.0]], "t": [[0, 1]], "subdomains": {{{LISTS}"b": [0]}}}}',
        "there must be at most 50000 names, got 1000004",
    ),
    "cells of JSON": (
        ".json",
        f'{{"p": [[0.0], [1.0]], "t": [{10**6 * "[0, 1],"}[0, 1]]}}',
        "there must be at most 2000000 commas, got 2000003",
    ),
    "subdomain of nines": (
        ".json",
        f'{{"p": [[0.0], [1.0]], "t": [[0, 1]], "subdomains": {{"a": [{NINES}]}}}}',
        "numbers of cells must be whole numbers below 2**53, got 1e+20",
    ),
    "subdomain of digits": (
        ".json",
        f'{{"p": [[0.0], [1.0]], "t": [[0, 1]], "subdomains": {{"a": [{10**6 * "9"}]}}}}',
        "must be a scikit-fem mesh, got what cannot be read as one",
    ),
    "arrays of JSON": (".json", 10**6 * "[", "it must be JSON"),
    "long file": (".msh", HEAD + (16 << 20) * "x", "must be a file of at most 16 MiB"),
}


@pytest.mark.parametrize("kind", some_long(MESHES, *LONG))
def test_meshes(tmp_path, kind):
    suffix, content, message = MESHES[kind]
    if callable(content):  # it takes long to make
        content = content()
    path = tmp_path / f"mesh{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read():
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            read_layers(path, ["1"])
        assert str(error.value).startswith(f"{path}: ")
        assert len(str(error.value)) < 2100
        assert str(error.value).isprintable()

    assert_small(read)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
def test_a_device_that_never_ends():
    def load():
        with pytest.raises(ValueError, match=r"^/dev/zero: must be a file of at most 16 MiB"):
            sf.load("/dev/zero")

    assert_small(load)


VALVE = Path(__file__).parents[2] / "examples" / "co_cu_py.toml"
COMMANDS = {
    "values": (
        ["sweep", VALVE, "--vary", "free.polar_deg=0:1:99999999999999999999", "-o", "a.nc"],
        "--vary free.polar_deg: N must be a whole number from 2 to 1e7, got '99999999999999999999'",
    ),
    "values behind zeros": (
        ["sweep", VALVE, "--vary", "free.polar_deg=0:1:00000000000599999999999", "-o", "a.nc"],
        "--vary free.polar_deg: N must be a whole number from 2 to 1e7, got '00000000000599999999",
    ),
    "points": (
        [
            *["sweep", VALVE, "-o", "a.nc", "--vary", "free.polar_deg=0:1:3000000"],
            *["--vary", "fixed.polar_deg=0:1:3000000"],
        ],
        "--vary: results must fit on the disk twice, got 9000000000000 points of 136 bytes where ",
    ),
    "option": (
        ["sweep", VALVE, "--vary", "free." + "x" * 100_000 + "=0:1:3", "-o", "a.nc"],
        "--vary free.xxx",
    ),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_command_line(tmp_path, monkeypatch, capfd, kind):
    arguments, message = COMMANDS[kind]
    monkeypatch.chdir(tmp_path)

    def run():
        with pytest.raises(SystemExit) as stop:
            cli.main(list(map(str, arguments)))
        out, err = capfd.readouterr()
        assert (stop.value.code, out) == (2, "")
        assert err.startswith(f"error: {message}")
        assert len(err.splitlines()) == 1
        assert len(err) < 2100

    run()  # imports
    assert_small(run)


@pytest.mark.long
def test_sensitivity_of_1200_layers(tmp_path, capfd):
    """1,800 results of 5,400 numbers: refused; few results of so many are not."""
    pair = "polar_deg = 90\n[[layers]]\nmaterial = 'N'\nthickness = 1\n"
    path = tmp_path / "long.toml"
    head = N[: N.index("[[")] + N[: N.index("[[")].replace("materials.N", "materials.F")
    head = head.replace("normal", "ferromagnet").replace("ferromagnet", "normal", 1) + "p = 0.5\n"
    magnets = [
        f"[[layers]]\nmaterial = 'F'\nthickness = 1\nazimuth_deg = {i}\n{pair}" for i in range(600)
    ]
    path.write_text(head + "".join(magnets))

    def run(*options):
        with pytest.raises(SystemExit) as stop:
            cli.main(["sensitivity", str(path), *options])
        return stop.value.code, *capfd.readouterr()

    status, out, err = run()
    assert (status, out) == (2, "")
    assert err == (
        f"error: {path}: results times numbers of the stack must be at most 200000, got 1800 (600 "
        "torques and 1198 efficiencies among all) times 5400: ask for less, as by --of "
        "spin_resistance\n"
    )
    status, out, err = run("--of", "spin_resistance", "--of", "resistance")
    assert (status, err) == (0, "")
    assert "RA: what matters most" in out
