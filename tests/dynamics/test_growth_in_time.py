"""Growth rates and boundaries of stability, by eigenvalues and by integrating."""

import numpy as np
import pytest
from moving import Co, Cu, Py, dual, mixed, single, valve

import spinfem as sf
from spinfem.dynamics.stability import forces, growth_of, moved

wavy = sf.Interface(0.5e-15, gamma=0.3, mixing=1.2e15)
CASES = {
    "plain": (lambda: single(stack=valve(180.0), field=(0, 0, 5e3)), 5e10),
    "mixing": (lambda: single(field=(1e3, 2e4, 3e4), stack=valve(30.0, interface=mixed)), 2e10),
    "no pumping": (lambda: single(stack=valve(0.0), pumping=False), 3e10),
    "three": (lambda: dual(couplings=[sf.Coupling("a", "b", exchange=1e-4)]), 1e11),
}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_deviations_grow_as_eigenvalues_say(case):
    """Of the matrix that takes deviations through 15 ps: ``exp(lambda t)`` are its eigenvalues.

    1e-6: deviations of 1e-4 either way, whose square is 1e-8, and steps to 1e-12.
    """
    make, j0 = CASES[case]
    system, T = make(), 15e-12
    m = system.steady_states(j0, starts=1)[0].directions
    frames, size = forces(system, m).frames, 2 * len(system.names)
    deviations = 1e-4 * np.array([1.0, -1.0])[:, None, None] * np.eye(size)
    run = system.run(
        times=np.linspace(0.0, T, 101), j0=j0, m=moved(m, frames, deviations), rtol=1e-12
    )
    ends = np.einsum("...iab,...ib->...ia", frames, run.directions[..., -1, :, :])
    ends = ends.reshape(2, size, size)
    through = ((ends[0] - ends[1]) / 2e-4).T
    found = growth_of(np.diag(np.log(np.linalg.eigvals(through).astype(complex)) / T))
    expected = system.growth(m, j0)
    assert (np.abs(expected.imag) * T < np.pi).all()
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(("theta", "count"), [(0.0, 50), (180.0, 45)])
def test_boundaries_of_a_phase_diagram(theta, count):
    """Of as many fields and currents, all points where something grows or decays clearly agree.

    From a tenth of a degree off, 8 ns: clear is a factor of exp(6), what decays is then closer.
    """
    fields, j0 = np.linspace(-4e4, 4e4, count), np.linspace(-8e11, 8e11, count)
    times, s = np.linspace(0.0, 8e-9, 41), np.cos(np.radians(theta))
    free = Py(8e-9, m=sf.direction(theta), name="free")
    inner = wavy | Cu(10e-9) | sf.Interface(0.5e-15, gamma=0.7, mixing=1.2e15)
    stack = sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1), name="fixed") | inner | free | sf.Lead(Cu)
    system = single(stack=stack, field=fields[:, None, None] * np.array([0.0, 0.0, 1.0]))
    rate = system.growth(j0=j0)[..., 0].real
    assert 0.2 < (rate < 0).mean() < 0.8
    assert (system.is_stable(j0=j0) == (rate < 0)).all()
    start = {"free": sf.direction(abs(theta - 0.1), 30.0)}
    m = system.run(times=times, j0=j0, m=start, rtol=1e-6).m["free"]
    off = np.linalg.norm(m[..., [0, -1], :] - [0.0, 0.0, s], axis=-1)
    clear = np.abs(rate) * times[-1] > 6
    assert clear.mean() > 0.8
    assert ((off[..., 1] < 0.1 * off[..., 0]) == (rate < 0))[clear].all()
