"""What others have published, beside spinfem: every row of `validation`, and its table."""

import functools
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))
TABLE = (ROOT / "validation" / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (?!what |---).*", TABLE.split("## Conventions")[0], flags=re.MULTILINE)


@functools.cache
def computed():
    from validation.report import all_rows, line

    return {line(row): row for row in all_rows()}


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_row(line):
    """It is computed as it stands there, and within what it allows, or above where it says so."""
    assert line in computed()
    assert computed()[line].holds


def test_table_is_up_to_date():
    from validation.report import report

    assert report() == TABLE


def test_rows_can_fail():
    """A difference above what is allowed does not hold, nor an agreement where none is stated."""
    from validation.rows import compared

    row = {"source": "", "parameters": "", "why": "", "theirs": [1.0, 2.0], "allowed": 0.1}
    assert compared("", ours=[1.0, 2.1], **row).holds
    assert not compared("", ours=[1.0, 2.3], **row).holds
    assert not compared("", ours=[1.0, 2.1], agree=False, **row).holds


def test_source_of_every_row():
    for row in computed().values():
        assert row.source
        assert row.parameters
        assert row.why
