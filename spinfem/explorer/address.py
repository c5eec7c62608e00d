"""What is seen as the part of an address behind its ``?``, and back.

``?preset=fig5&hide=profiles&F2.polar_deg=30``: the preset if there is one, what is hidden, then
numbers that were moved, in the units of their keys. Reading takes names that are known and numbers
in their ranges, and nothing else; what it leaves out it tells.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, quote

from .._checks import one_line
from .._spelling import near_match
from .seen import PANELS, Base, Seen

LONGEST = 8000
"""Characters of a query."""
MOST = 300
"""Numbers in it."""
PRESET, TURNED, PAIR, HIDDEN = "preset", "turn", "spacer", "hide"


def query_of(seen: Seen) -> str:
    """Return the query of what is seen; empty of what was given, as it was."""
    pairs = [(PRESET, seen.base.preset), (TURNED, seen.turned)]
    pairs += [(PAIR, None if seen.pair is None else str(seen.pair))]
    pairs += [(HIDDEN, ",".join(name for name in PANELS if name in seen.hidden) or None)]
    pairs += [(key, f"{value!r}") for key, value in seen.values.items()]
    given = ((key, value) for key, value in pairs if value is not None)
    return "&".join(f"{quote(key)}={quote(value, safe=',')}" for key, value in given)


def read_query(
    query: str, given: Base | None, preset: Callable[[str], Base | None], first: str
) -> tuple[Seen, list[str]]:
    """Return what a query says, and what it says that was left out.

    Parameters
    ----------
    query : str
        It may begin with a question mark.
    given : Base or None
        What was given to explore: what is seen without a preset.
    preset : callable
        Takes a name, returns the preset or None.
    first : str
        The preset to take where nothing was given.
    """
    left_out: list[str] = []
    try:
        if len(query) > LONGEST:
            raise ValueError("too long")
        pairs = parse_qsl(query.removeprefix("?"), max_num_fields=MOST)
    except ValueError:
        pairs = []
        left_out.append(f"address: at most {MOST} numbers in {LONGEST} characters are read")
    words = dict(pairs)
    base = given
    if (name := words.pop(PRESET, None)) is not None:
        base = preset(name)
        if base is None:
            left_out.append(_line(f"{PRESET}: there is none called {name[:60]!r}"))
            base = given
    if base is None:
        base = preset(first)
    assert base is not None
    turned, pair = words.pop(TURNED, None), words.pop(PAIR, None)
    if turned is not None and turned not in base.turnable:
        left_out.append(_line(f"{TURNED}: nothing that turns is called {turned[:60]!r}"))
        turned = None
    if pair is not None and not (pair.isascii() and pair.isdecimal() and len(pair) < 6):
        left_out.append(_line(f"{PAIR}: must be the number of a spacer, got {pair[:60]!r}"))
        pair = None
    hidden = {*filter(None, words.pop(HIDDEN, "").split(","))}
    if unknown := hidden - {*PANELS}:
        got = ", ".join(sorted(unknown))[:60]
        left_out.append(_line(f"{HIDDEN}: must be of {', '.join(PANELS)}, got {got!r}"))
    known, values = base.sliders.by_key, {}
    for key, text in words.items():
        if key not in known:
            hint = near_match(key[:60], known)
            left_out.append(_line(f"{key[:60]!r} is no number of this stack{hint}"))
            continue
        try:
            values[key] = known[key].addressed(text)
        except ValueError as error:
            left_out.append(str(error))
    values = {key: value for key, value in values.items() if value != known[key].value}
    number = None if pair is None else int(pair)
    return Seen(base, values, turned, number, frozenset(hidden & {*PANELS})), left_out


def _line(text: str) -> str:
    return one_line(f"address: {text}")
