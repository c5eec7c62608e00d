"""Runs of free rings against all balances at once in many digits, at extreme ratios."""

import itertools

import mpmath as mp
import numpy as np
import pytest

from spinfem.numerics import rings
from spinfem.numerics.rings import HELD, MAGNETIC, NORMAL, ROD, SOFT, SOFTLY_SPRUNG, SPRUNG, Runs

DIGITS = 200
LAYOUTS = [
    [1],
    [0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 1, 0],
    [1, 0, 1],
    [1, 1, 1],
    [0, 1, 0, 1, 0],
]
"""Which two-ports of a run are magnetic."""
SPECIAL = ("axes", "collinear", "nearly collinear")
WAYS = ["any", *(pytest.param(way, marks=pytest.mark.long) for way in SPECIAL)]
"""How the axes lie."""


def unit(v):
    return v / np.linalg.norm(v)


def directions(rng, count, kind):
    """That many unit vectors, the first and the last of which are the rods."""
    first = unit(rng.normal(size=3))
    if kind == "axes":
        first = np.array([0.0, 0.0, 1.0])
        others = (rng.choice([-1, 1]) * np.eye(3)[rng.integers(3)] for _ in range(count - 1))
        return [first, *others]
    found = [first]
    for _ in range(count - 1):
        if kind == "any":
            found.append(unit(rng.normal(size=3)))
        else:
            sign, off = rng.choice([-1.0, 1.0]), 0.0
            if kind == "nearly collinear":
                off = 10.0 ** rng.uniform(-12, -1) * rng.integers(2)
            found.append(unit(sign * first + off * rng.normal(size=3)) if off else sign * first)
    return found


class Network:
    """A run, with its numbers as they are given to `rings` and as matrices of many digits."""

    def __init__(self, rng, layout, ends, way, decades, flat=False, soft=False):
        count = len(layout)
        own = [NORMAL if not x else MAGNETIC for x in layout]
        m = directions(rng, count + 2, way)
        one, two = m[:2]
        if flat:
            m = [one, *(two if rng.integers(2) else one for _ in m[1:])]
        self.rods, self.axes, self.ends, self.own = (m[0], m[-1]), m[1:-1], ends, own
        size = 10.0 ** rng.uniform(-decades, decades, (3, count, 3))
        size[:, :, 2] *= rng.choice([-1.0, 0.0, 1.0], (3, count))
        for k, kind in enumerate(own):
            if kind == NORMAL:
                size[:, k, 1], size[:, k, 2] = size[:, k, 0], 0.0
        self.B, self.S_left, self.S_right = size
        self.sources = rng.normal(size=(2, count)) * (np.array(own) == MAGNETIC)
        self.springs = 10.0 ** rng.uniform(-decades, decades, (2, 2))
        self.springs[:, 1] *= rng.choice([-1.0, 0.0, 1.0], 2)
        self.load = (10.0 ** rng.uniform(-decades, decades), rng.normal())
        self.right = 10.0 ** rng.uniform(-decades, decades) * rng.choice([-1.0, 1.0])
        frames = [0] * (count + 1)
        if flat:
            frames, before = [], 1
            for k, axis in enumerate([*self.axes, self.rods[1]]):
                if k == count or own[k] == MAGNETIC:
                    before = 1 if axis is one else 2
                frames.append(before)
        last = SOFTLY_SPRUNG if soft and ends[1] == SPRUNG else ends[1]
        kinds = [SOFT if soft and k > 0 and x == MAGNETIC else x for k, x in enumerate(own)]
        ring = np.zeros((1, 2, 5))
        ring[0, :, :3] = self.rods
        ring[0, :, 3:] = self.springs * (np.array(ends) == SPRUNG)[:, None]
        second = next((x for x in m[1:] if np.linalg.norm(np.cross(one, x)) > 1e-12), one)
        self.runs = Runs(
            np.array(self.axes),
            self.B,
            self.S_left,
            self.S_right,
            *self.sources,
            None,
            ring,
            np.array([[one, two if flat else second]]),
            np.array([0]),
            np.array([0, count]),
            np.array([ends[0], last, int(flat), *kinds, *frames]),
            np.array([0]),
        )

    def solved(self):
        """Load behind it, amplitude before it, what was found of its rings, and the heat."""
        count = len(self.own)
        memory = np.zeros((count + 2, rings.SIZE))
        found = np.zeros((count + 1, rings.ALL))
        stiffness, force = self.load
        load = rings.eliminate(self.runs, 0, (stiffness, (force, 0.0)), memory, False)
        amplitude, missed, size, heat = rings.recover(self.runs, 0, self.right, memory, found)
        assert missed <= 1e-14 * size
        return load, amplitude, found, heat

    # --- in many digits -----------------------------------------------------------------------

    def matrix(self, numbers, m):
        """``along m m^T + across (1 - m m^T) + turning [m x]``; m of unit length in many digits."""
        along, across, turning = (mp.mpf(float(x)) for x in numbers)
        x, y, z = self.unit(m)
        line = mp.matrix([[a * b for b in (x, y, z)] for a in (x, y, z)])
        turn = mp.matrix([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        return along * line + across * (mp.eye(3) - line) + turning * turn

    @staticmethod
    def unit(m):
        m = [mp.mpf(float(x)) for x in m]
        length = mp.sqrt(mp.fsum(x * x for x in m))
        return [x / length for x in m]

    def exact(self, right):
        """Rings, currents at both ends of two-ports and the current along the rod behind."""
        count = len(self.own)
        n = 3 * (count + 1)
        ports = [
            [self.matrix(x[k], self.axes[k]) for x in (self.B, self.S_left, self.S_right)]
            for k in range(count)
        ]
        sources = [
            [mp.mpf(float(s[k])) * mp.matrix(self.unit(self.axes[k])) for s in self.sources]
            for k in range(count)
        ]
        A, b = mp.zeros(n, n), mp.zeros(n, 1)
        for k, ((B, S_left, S_right), (s_left, s_right)) in enumerate(zip(ports, sources)):
            for i, j in itertools.product(range(3), repeat=2):
                here, there = 3 * k, 3 * k + 3
                A[here + i, here + j] += B[i, j] + S_left[i, j]
                A[here + i, there + j] -= B[i, j]
                A[there + i, here + j] -= B[i, j]
                A[there + i, there + j] += B[i, j] + S_right[i, j]
            for i in range(3):
                b[3 * k + i] -= s_left[i]
                b[3 * k + 3 + i] += s_right[i]
        A, b = self._ended(A, b, right)
        u = mp.lu_solve(A, b)
        places = [u[3 * k : 3 * k + 3, 0] for k in range(count + 1)]
        flows = []
        for k, ((B, S_left, S_right), (s_left, s_right)) in enumerate(zip(ports, sources)):
            through = B * (places[k] - places[k + 1])
            flows.append((s_left + S_left * places[k] + through,
                          s_right - S_right * places[k + 1] + through))  # fmt: skip
        return places, flows

    def heat(self, places):
        """``u . X u`` of all two-ports and springs; what turns about an axis adds nothing."""
        total = mp.mpf(0)
        for k, axis in enumerate(self.axes):
            left, right = places[k], places[k + 1]
            for X, u in ((self.B, left - right), (self.S_left, left), (self.S_right, right)):
                total += (u.T * self.matrix(X[k], axis) * u)[0]
        for side, u in ((0, places[0]), (1, places[-1])):
            if self.ends[side] == SPRUNG:
                total += (u.T * self.matrix((0.0, *self.springs[side]), self.rods[side]) * u)[0]
        return float(total)

    def _ended(self, A, b, right):
        """Conditions at the first and the last ring."""
        for side, at in ((0, 0), (1, 3 * len(self.own))):
            kind, rod = self.ends[side], mp.matrix(self.unit(self.rods[side]))
            rows = slice(at, at + 3)
            line = rod * rod.T
            away = mp.eye(3) - line
            G = self.matrix((0.0, *self.springs[side]), self.rods[side])
            if kind == HELD:
                free, fixed = mp.zeros(3), mp.eye(3)
            elif kind == ROD:
                free, fixed = line, away
            else:
                free, fixed = mp.eye(3), mp.zeros(3)
            if side == 1 and kind != HELD:  # the amplitude along the rod is known
                free, fixed = free - line, fixed + line
            own = A[rows, :]
            if kind == SPRUNG:
                own[:, rows] = own[:, rows] + G
            held = b[rows, 0]
            if side == 0 and kind != HELD:
                T, P = (mp.mpf(float(x)) for x in self.load)
                own[:, rows] = own[:, rows] + T * line
                held = held + P * rod
            own, held = free * own, free * held
            own[:, rows] = own[:, rows] + fixed
            if side == 1 and kind != HELD:
                held = held + mp.mpf(float(right)) * rod
            for i in range(3):
                b[at + i] = held[i]
                for j in range(A.cols):
                    A[at + i, j] = own[i, j]
        return A, b


def floats(v):
    return np.array([float(x) for x in v])


def check(network):
    (stiffness, force), amplitude, found, heat = network.solved()
    with mp.workdps(DIGITS):
        places, flows = network.exact(network.right)
        largest = max(float(mp.norm(u)) for u in places)
        driven = np.abs(network.sources).max(initial=0.0)
        if network.ends[0] != HELD:
            driven = max(driven, abs(network.load[1]))
        current = max(driven, *(float(mp.norm(j)) for pair in flows for j in pair))
        for ring, u in zip(found, places):
            error = np.abs(ring[rings.PLACE : rings.PLACE + 3] - floats(u)).max()
            assert error <= 1e-13 * largest
        for k, (entering, leaving) in enumerate(flows):
            for ring, j in ((found[k], entering), (found[k + 1], leaving)):
                if ring is found[k] and k > 0:
                    continue
                error = np.abs(ring[rings.FLOW : rings.FLOW + 3] - floats(j)).max()
                assert error <= 1e-12 * current
        assert heat == pytest.approx(network.heat(places), rel=1e-12)
        rods = [mp.matrix(network.unit(rod)) for rod in network.rods]
        if network.ends[0] != HELD:
            exact = float((rods[0].T * places[0])[0])
            assert abs(amplitude - exact) <= 1e-13 * largest
        if network.ends[1] != HELD:
            # the load is what the current along the rod is made of
            P = (rods[1].T * network.exact(0.0)[1][-1][1])[0]
            T = (P - (rods[1].T * flows[-1][1])[0]) / mp.mpf(float(network.right))
            assert abs(stiffness - float(T)) <= 1e-13 * float(T)
            assert abs(force[0] + force[1] - float(P)) <= 1e-13 * max(driven, abs(float(P)))


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize(
    "ends",
    [
        pytest.param(ends, marks=[pytest.mark.long] if ends[0] > ends[1] else [])
        for ends in itertools.product([HELD, ROD, SPRUNG], repeat=2)
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_runs_against_all_balances_at_once(way, ends):
    rng = np.random.default_rng([ends[0], ends[1], len(way)])
    for layout in LAYOUTS:
        for decades in (0, 6, 12):
            check(Network(rng, layout, ends, way, decades))


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("ends", list(itertools.product([ROD, SPRUNG], repeat=2)))
@pytest.mark.parametrize("way", WAYS)
def test_runs_of_two_directions(way, ends):
    """Their frames turn in their plane alone."""
    rng = np.random.default_rng([ends[0], ends[1], len(way), 1])
    for layout in LAYOUTS:
        for decades in (0, 6, 12):
            check(Network(rng, layout, ends, way, decades, flat=True))


@pytest.mark.some(5)
@pytest.mark.long
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "ends",
    [
        (HELD, SPRUNG),
        *(
            pytest.param(ends, marks=pytest.mark.long)
            for ends in [(HELD, HELD), (ROD, SPRUNG), (SPRUNG, SPRUNG)]
        ),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_rings_that_count_in_the_frame_of_the_stiffer(way, ends, flat):
    """Whatever is marked as soft: it may be the stiffer one."""
    rng = np.random.default_rng([ends[0], ends[1], len(way), 2])
    for layout in ([1, 1], [0, 1, 0], [1, 0, 1], [1, 1, 1]):
        for decades in (0, 6, 12):
            check(Network(rng, layout, ends, way, decades, flat=flat, soft=True))


@pytest.mark.some(6)
@pytest.mark.long
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", [[1, 1], [1, 0, 1]])
@pytest.mark.parametrize("last", [HELD, ROD, SPRUNG])
def test_stiffnesses_in_one_ring_that_are_1e26_apart_about_different_axes(last, layout, way, flat):
    """In the frame of the soft two-port, or spring, the first currents would be off by 1e-6."""
    rng = np.random.default_rng([last, len(layout), len(way), int(flat), 3])
    for _ in range(5):
        network = Network(rng, layout, (HELD, last), way, 2, flat=flat, soft=True)
        for shunts in (network.S_left, network.S_right):
            shunts[0, 1:] *= 1e26
        if 0 in layout:
            network.B[1] *= 1e28
        check(network)
