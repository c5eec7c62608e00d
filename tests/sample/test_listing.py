"""A stack as a table: thickness, metal, m, name, group, interfaces, units, batches."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.texts.tables import MOST

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
N = sf.NormalMetal(D=8.0, l=2.0)
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.4)


def valve():
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | sf.Interface(0.5e-15, gamma=0.77, mixing=5e14 + 1e13j, name="Co/Cu")
        | Cu(10e-9)
        | sf.Interface(0.3e-15)
        | Co(3e-9, m=sf.direction(60), group="free")
        | Co(1e-9, m=sf.direction(60), group="free")
    )


SAMPLE = """\
Stack of 4 layers, 22 nm thick

                 metal      m                group  thickness (nm)  AR* (fOhm m2)  gamma\
  mixing G_r (S/m2)  mixing G_i (S/m2)
left lead        Cu
fixed            Co         (0, 0, 1)                            8
Co/Cu            interface                                                    0.5   0.77\
              5e+14              1e+13
Cu1              Cu                                             10
                 interface                                                    0.3      0
Co2              Co         (0.866, 0, 0.5)  free                3
Co3              Co         (0.866, 0, 0.5)  free                1
right reservoir"""


def test_a_sample_in_si():
    assert str(valve()) == SAMPLE


def test_the_papers_units_have_no_names():
    graded = sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0, name="alloy")
    stack = F(1.0, m=(1, 0, 0)) | sf.Interface(0.5) | N(0.25) | graded(1.0) | sf.SpinBlocking()
    assert stack.units is None
    assert (
        str(stack)
        == """\
Stack of 3 layers, 2.25 thick

                         metal          m          thickness  AR*  gamma
left reservoir
F1                       ferromagnet    (1, 0, 0)          1
                         interface                            0.5      0
N1                       normal metal                   0.25
alloy1                   alloy, graded                     1
right spin-blocking end"""
    )


def test_units_are_those_that_all_metals_have():
    assert valve().units == "SI"
    assert (Cu(1e-9) | sf.NormalMetal(D=1e8, l=1e-8)(1e-9)).units is None
    assert (sf.Lead(N) | Cu(1e-9)).units is None


def test_a_batch_is_shown_from_the_lowest_to_the_highest():
    angles, thicknesses = np.linspace(0, 180, 7), [[2e-9], [12e-9]]
    stack = valve().replace("free", m=sf.direction(angles)).replace("Cu1", thickness=thicknesses)
    lines = str(stack).splitlines()
    first = "Stack of 4 layers, 14 to 24 nm thick, batch of shape (2, 7): "
    assert lines[0] == first + "from the lowest to the highest"
    rows = {line.split("  ")[0]: line for line in lines}
    assert "2 to 12" in rows["Cu1"]
    assert "(0 to 1, 0, -1 to 1)" in rows["Co2"]
    assert str(stack[0, 3]).splitlines()[0] == "Stack of 4 layers, 14 nm thick"


@pytest.mark.long
@pytest.mark.parametrize("repeats", [60, 20_000])
def test_the_middle_of_many_layers_is_left_out(repeats):
    cell = [Cu(3e-9), Co(2e-9, m=(0, 0, 1))]
    stack = sf.Stack(cell * repeats)
    lines = str(stack).splitlines()
    count = 2 * repeats
    assert lines[0] == f"Stack of {count} layers, {5 * repeats} nm thick"
    assert len(lines) == 3 + MOST + 1
    assert f"... {count + 2 - MOST} more ..." in lines
    names = [line.split()[0] for line in lines[3:]]
    assert names[:3] == ["left", "Cu1", "Co1"]
    assert names[-3:] == [f"Cu{repeats}", f"Co{repeats}", "right"]
    assert stack._repr_html_().count("<tr>") == 1 + MOST + 1


def test_names_are_escaped():
    stack = Cu(1e-9, name="<i>\x1b[2J") | Co(1e-9, m=(0, 0, 1), name="a & b")
    assert r"<i>\x1b[2J" in str(stack)
    html = stack._repr_html_()
    assert r"&lt;i&gt;\x1b[2J" in html
    assert "a &amp; b" in html
    assert "\x1b" not in str(stack) + html


def test_repr_stays_one_short_line():
    assert repr(valve()) == (
        "Stack(Lead(Cu) | fixed | Interface(Co/Cu) | Cu1 | Interface(3e-16) | Co2 | Co3 | "
        "Reservoir())"
    )
