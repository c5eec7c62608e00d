"""Devices condensed to the faces of their regions, in other directions."""

import numpy as np
import pytest
from wires import SAMPLES, Co, Py, twisted, wire

import spinfem as sf

TURNED = {"free": sf.direction(20, 40), "fixed": sf.direction(130, 10)}
DEGREES = {"line": 5, "quad": 3, "tri": 3, "tet": 2, "hex": 1}


@pytest.mark.some(9)
@pytest.mark.parametrize("kind", DEGREES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_it_is_the_device_solved_anew(sample, kind):
    device = wire(kind, 2, **SAMPLES[sample])
    turned = sf.solve(device, degree=DEGREES[kind]).turned(**TURNED)
    anew = sf.solve(turned.device, degree=DEGREES[kind])
    for name in anew.magnets:
        size = np.abs(anew.torque(name)).max()
        np.testing.assert_allclose(turned.torque(name), anew.torque(name), atol=1e-11 * size)
        for face in ("spacer", name):
            found, exact = (x.torque(name, face=face) for x in (turned, anew))
            np.testing.assert_allclose(found, exact, atol=1e-11 * size)
    assert np.isclose(turned.resistance("left", "right"), anew.resistance("left", "right"), 1e-11)
    assert np.isclose(turned.power, anew.power, rtol=1e-11)
    assert np.isclose(turned.spin_resistance, anew.spin_resistance, rtol=1e-9)


def test_textures_too_and_again():
    solution = sf.solve(wire("tri", 3), degree=2)
    turned = solution.turned(free=twisted).turned(fixed=sf.direction(50))
    anew = sf.solve(turned.device, degree=2)
    points, torques = turned.nodal_torque("free", face="spacer")
    np.testing.assert_allclose(points, anew.nodal_torque("free", face="spacer")[0])
    exact = anew.nodal_torque("free", face="spacer")[1]
    np.testing.assert_allclose(torques, exact, atol=1e-11 * np.abs(exact).max())
    assert turned.report.unknowns < anew.report.unknowns / 5
    assert turned.report.method == "a full matrix"


def test_inside_it_has_no_fields(tmp_path):
    weak = SAMPLES["exchange lengths"]
    turned = sf.solve(wire("tri", 2, **weak), degree=2).turned(free=sf.direction(50))
    fields = (
        lambda: turned.field("free"),
        lambda: turned.spin_potential((1e-9, 1e-9)),
        lambda: turned.save(tmp_path / "x.vtu"),
    )
    torques = (
        lambda: turned.nodal_torque("free"),
        lambda: turned.nodal_torque("free", face="free"),
        lambda: turned.torque_on_grid("free", (1e-9, 1e-9, 1e-9)),
    )
    for what, works in {"fields": fields, "torques": torques}.items():
        for work in works:
            with pytest.raises(ValueError, match=f"{what} inside regions must be of a device that"):
                work()
    assert not [*tmp_path.iterdir()]


def test_a_spin_sink_is_needed_in_all_directions():
    lossless = [
        sf.Ferromagnet(D=x.D, l=np.inf, p=x.p, name=name) for x, name in ((Co, "Co"), (Py, "Py"))
    ]
    end = sf.SpinBlocking()
    spacer = sf.NormalMetal(D=1e8, l=np.inf)
    device = wire(
        "tri", 1, (lossless[0], TURNED["fixed"]), (lossless[1], TURNED["free"]), (end,) * 2
    )
    device = sf.Device(device.grid, {**device.regions, "spacer": spacer}, device.electrodes)
    solution = sf.solve(device, degree=1)
    with pytest.raises(ValueError, match="no spin sink"):
        solution.turned(free=-TURNED["fixed"])
    with pytest.raises(ValueError, match=r"magnets must be of the device.s .*, got .spacer."):
        solution.turned(spacer=(0, 0, 1))
