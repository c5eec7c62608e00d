import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).parent))  # reference.py, strategies.py

settings.register_profile(
    "spinfem",
    deadline=None,  # tests do not time anything
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("spinfem")


@pytest.fixture(autouse=True)
def floating_point_traps():
    """Nothing in spinfem may divide by zero, overflow or make a nan, not even on the way."""
    with np.errstate(all="raise", under="ignore"):
        yield
