"""Tables to read: what is left out, what is escaped, both ways of writing alike."""

from html.parser import HTMLParser

import numpy as np
import pytest

from spinfem.texts.numbers import PLAIN, UNITS, measure, span, unit_of
from spinfem.texts.tables import Column, Table, as_html, as_text

NAMES = ["plain", "<b>&amp;\"'", "two\nlines", "\x1b[2Jcleared", "\u202egnirts", "漢字", "e\u0301"]
COLUMNS = (Column("name", is_text=True), Column("size"), Column("never"))


class Cells(HTMLParser):
    """Cells of a table by rows, as a browser shows them; every tag is closed in its order."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.open, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        elif data.strip():
            self.texts.append(data)


def table(names, title=""):
    return Table(COLUMNS, names, lambda name: [name, str(len(name)), ""], title)


def test_columns_are_aligned_and_empty_ones_left_out():
    assert as_text(["about", table(["a", "bcd"], "Title"), "below"]) == (
        "about\n\nTitle\nname  size\na        1\nbcd      3\nbelow"
    )
    assert as_text([table(["a"])]) == "name  size\na        1"


def test_wide_letters_take_two_places():
    lines = as_text([table(["漢字", "abcd"])]).splitlines()
    assert lines == ["name  size", "漢字     2", "abcd     4"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_neither_markup_nor_control_characters(name):
    shown = name.translate({10: r"\n", 27: r"\x1b", 0x202E: r"\u202e"})
    text, html = as_text([name, table([name], name)]), as_html([name, table([name], name)])
    lines = text.splitlines()
    assert lines[0] == shown
    assert lines[2] == shown
    assert lines[4].split()[0] == shown
    found = Cells(html)
    assert found.rows[1][0] == shown
    assert found.texts == [shown, shown]
    assert not {"\x1b", "\u202e"} & {*text, *html}


@pytest.mark.parametrize("count", [0, 1, 6, 7, 120])
def test_the_middle_is_left_out(count):
    names = [f"n{i}" for i in range(count)]
    written = []

    def cells(name):
        written.append(name)
        return [name, "1", ""]

    lines = as_text([Table(COLUMNS, names, cells)], 6).splitlines()[1:]
    if count <= 6:
        assert [line.split()[0] for line in lines] == names
        return
    assert lines[3] == f"... {count - 6} more ..."
    assert [line.split()[0] for line in lines[:3] + lines[4:]] == names[:3] + names[-3:]
    assert written == names[:3] + names[-3:]  # what is not shown is not worked out
    rows = Cells(as_html([Table(COLUMNS, names, cells)], 6)).rows
    assert [row[0] for row in rows[1:]] == [line.split("  ")[0] for line in lines]
    assert len(as_text([table(names)]).splitlines()) == count + 1


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (1.5, "1.5"),
        (-0.0, "0"),
        ([1.0, 1.0], "1"),
        ([[3.0], [1.0]], "1 to 3"),
        ([np.nan, 2.0, 1.0], "1 to 2"),
        (np.nan, "nan"),
        ([np.nan, np.nan], "nan"),
        ([-np.inf, 0.0], "-inf to 0"),
        ([], ""),
    ],
)
def test_span(values, text):
    assert span(values) == text


def test_units():
    assert measure(8e-9, UNITS["thickness"]) == "8"
    assert measure(0.3e-15, UNITS["resistance"]) == "0.3"
    assert unit_of("thickness", None) == PLAIN
    assert unit_of("polar", None).name == unit_of("polar", "SI").name == "deg"
    slope = UNITS["resistance"].per(UNITS["thickness"])
    assert (slope.name, slope.size) == ("fOhm m2 per nm", pytest.approx(1e-6))
    assert PLAIN.per(UNITS["thickness"]).name == "per nm"
    assert UNITS["torque"].per(PLAIN).name == "J/m2"
