"""Chains of rods against dense matrices: single ones, batches, parts that vary, complex numbers."""

import numpy as np
import pytest

from spinfem.numerics import ladder
from spinfem.numerics.ladder import Chain
from spinfem.numerics.links import Links
from spinfem.numerics.loads import Loads


def links_of(rng, count, shape=(), turning=0.0):
    """Random two-ports, from ground to ground; `turning` is that of the phases of B and S."""
    ways = np.exp(1j * turning * rng.uniform(-1, 1, (3, count, *shape))) if turning else 1.0
    B, S_left, S_right = 10.0 ** rng.uniform(-3, 3, (3, count, *shape)) * ways
    s_left, s_right = rng.normal(size=(2, count, *shape))
    sign = rng.choice([-1.0, 1.0], (count, *shape)) * 1.0
    free = np.ones((count, *shape))
    free[0] = 0.0
    return Links(B, S_left, S_right, s_left, s_right, sign, free)


def blank(count, shape, dtype):
    return Loads(*np.zeros((5, count + 1, *shape), dtype=dtype))


def solved(links):
    count, shape, dtype = len(links.B), links.B.shape[1:], links.B.dtype
    amplitude, flow = np.zeros((2, count + 1, *shape), dtype=dtype)
    chain = Chain(links, None, blank(count, shape, dtype), None)
    missed, heat = ladder.solve(chain, amplitude, flow, None)
    assert (np.abs(missed) < 1e-13).all()
    driven = links.s_right * amplitude[1:] - links.s_left * links.sign * amplitude[:-1]
    np.testing.assert_allclose(heat, driven.sum(axis=0), rtol=1e-10)
    return amplitude, flow


def dense(links):
    """Amplitudes from the balance of currents at all rods at once; the ground is held.

    Link k joins the rod on its left, as seen along its own axis, ``sign u``, to that on its right.
    """
    count = len(links.B)
    A = np.zeros((count + 1, count + 1), dtype=links.B.dtype)
    b = np.zeros(count + 1, dtype=links.B.dtype)
    for k in range(count):
        B, sign, rods = links.B[k], links.sign[k], slice(k, k + 2)
        A[rods, rods] += [
            [B + links.S_left[k], -sign * B],
            [-sign * B, B + links.S_right[k]],
        ]
        b[k] -= sign * links.s_left[k]
        b[k + 1] += links.s_right[k]
    inner = slice(1, count)
    u = np.zeros_like(b)
    u[inner] = np.linalg.solve(A[inner, inner], b[inner])
    return u


@pytest.mark.parametrize("turning", [0.0, 1.0])
@pytest.mark.parametrize("count", [2, 3, 8, 40])
def test_chain_against_a_dense_matrix(count, turning):
    """With complex numbers too, whose imaginary parts are no rotations."""
    links = links_of(np.random.default_rng(count), count, turning=turning)
    amplitude, flow = solved(links)
    np.testing.assert_allclose(amplitude, dense(links), rtol=1e-11, atol=1e-13)
    through = links.B * (links.sign * amplitude[:-1] - amplitude[1:])
    arriving = links.s_right + through - links.S_right * amplitude[1:]
    np.testing.assert_allclose(flow[1:], arriving, rtol=1e-10, atol=1e-11)


def test_batches_are_their_points():
    links = links_of(np.random.default_rng(0), 6, (5,))
    amplitude, flow = solved(links)
    for i in range(5):
        one = solved(Links(*(column[:, i] for column in links)))
        np.testing.assert_array_equal(one[0], amplitude[:, i])
        np.testing.assert_array_equal(one[1], flow[:, i])


@pytest.mark.parametrize("free", [1.0, 0.0])
@pytest.mark.parametrize(("first", "stop"), [(0, 3), (2, 5), (3, 7), (0, 7)])
def test_a_window_that_varies_is_solved_as_the_whole(first, stop, free):
    """What is on the left of it is swept from the left, what is on its right from the right."""
    links = links_of(np.random.default_rng(stop), 7)
    if stop < 7:  # whether the rod behind it is held
        links.free[stop] = free
    expected, flows = solved(links)

    def part(of, begin, end, again=None):
        columns = Links(*(column[begin:end] for column in of))
        return Chain(columns, None, blank(end - begin, (), float), None)

    left, window = part(links, 0, first), part(links, first, stop)
    right = part(ladder.mirrored(links), 0, 7 - stop)
    for chain in (left, right):
        ladder.sweep(chain, 0, len(chain.links.B))
    parts = tuple(
        (np.zeros(len(c.links.B) + 1), np.zeros(len(c.links.B) + 1), None)
        for c in (left, window, right)
    )
    edge = (links.sign[stop], free) if stop < 7 else (1.0, 0.0)
    missed, heat = ladder.solve_between(left, window, right, edge, parts, False)
    assert missed < 1e-13
    driven = links.s_right * expected[1:] - links.s_left * links.sign * expected[:-1]
    assert heat == pytest.approx(driven.sum(), rel=1e-11)
    np.testing.assert_allclose(parts[0][0], expected[: first + 1], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(parts[1][0], expected[first : stop + 1], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(parts[1][1], flows[first : stop + 1], rtol=1e-11, atol=1e-13)


def test_what_does_not_balance_is_seen():
    links = links_of(np.random.default_rng(1), 4)
    amplitude, flow = np.zeros((2, 5))
    chain = Chain(links, None, blank(4, (), float), None)
    ladder.sweep(chain, 0, 4)
    chain.loads.force[2] += 1e-6
    missed, size, _ = ladder.settle(chain, 0, 4, amplitude, flow, None)
    assert missed > 1e-8 * size
