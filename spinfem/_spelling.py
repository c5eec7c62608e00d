"""Names that are misspelt, and not others that look alike.

A hint is followed. One that leads from N10 to N1, from FeMn to Fe or from eta to beta makes another
sample of it, without a word: what is short, a number, a symbol or a formula must be right.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import islice

_SYMBOLS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)
SYMBOLS = frozenset([*_SYMBOLS.split(), "polar", "damping"])
"""Greek letters, and words that are nearly dipolar and pumping: none is another one misspelt."""
_ELEMENTS = (
    "He|Li|Be|Ne|Na|Mg|Al|Si|Cl|Ar|Ca|Sc|Ti|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Ge|As|Se|Br|Kr|Rb|Sr|Zr|Nb|"
    "Mo|Tc|Ru|Rh|Pd|Ag|Cd|In|Sn|Sb|Te|Xe|Cs|Ba|La|Ce|Pr|Nd|Pm|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Hf|"
    "Ta|Re|Os|Ir|Pt|Au|Hg|Tl|Pb|Bi|H|B|C|N|O|F|P|S|K|V|Y|I|W"
)
_AMOUNT = rf"({_ELEMENTS})(\d*\.?\d*)"
_FORMULA = re.compile(rf"(?:{_AMOUNT})+")
_FORMULAS = re.compile(rf"{_FORMULA.pattern}(?:[/|]{_FORMULA.pattern})*")
_WORDS = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
LONGEST, MOST = 80, 1000
"""Letters of a name up to which it is compared with others, and how many of these are."""


def stem(name: str) -> str:
    """Return what the names of several begin with, before a number: Cu, or Co90Fe10_.

    >>> stem("free") + "2", stem("Co90Fe10") + "2"
    ('free2', 'Co90Fe10_2')
    """
    return f"{name}_" if name[-1].isdigit() else name


def amounts(formula: str) -> list[tuple[str, str]]:
    """Return the elements of a chemical formula with their numbers as written; none if it is none.

    >>> amounts("Ni80Fe20"), amounts("free")
    ([('Ni', '80'), ('Fe', '20')], [])
    """
    whole = len(formula) <= LONGEST and _FORMULA.fullmatch(formula)
    return re.findall(_AMOUNT, formula) if whole else []


def near_match(given: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name that is misspelt, or an empty string.

    >>> near_match("thicknes_nm", ["thickness_nm", "l_nm"])
    "; did you mean 'thickness_nm'?"
    """
    name = nearest(given, known)
    return f"; did you mean {name!r}?" if name else ""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name that is misspelt; None if there is none, or several are as near.

    A misspelt name has one slip in a word of four to six letters, two in a longer one, a letter
    doubled, or other capitals or separators.

    >>> nearest("polr_deg", ["polar_deg", "azimuth_deg"]), nearest("Cuu", ["Cu", "Co"])
    ('polar_deg', 'Cu')
    >>> nearest("N10", ["N1", "N2"]), nearest("FeMn", ["Fe", "Py"]), nearest("eta", ["beta"])
    (None, None, None)
    """
    if len(given) > LONGEST:
        return None
    some = islice(known, MOST)
    near = [(slips, name) for name in some if (slips := _slips(given, name)) is not None]
    least = min((slips for slips, _ in near), default=0)
    names = {name for slips, name in near if slips == least}
    return names.pop() if len(names) == 1 else None


@functools.lru_cache(MOST)
def _words(name: str) -> list[str]:
    return _WORDS.findall(name)


@functools.lru_cache(MOST)
def _slips(given: str, name: str) -> int | None:
    """Count the slips that make `given` of `name`; None if it is another name."""
    if abs(len(given) - len(name)) > 4:  # two slips, two separators
        return None
    words, right = _words(given), _words(name)
    if words and "".join(words) == "".join(right):
        return 0
    if sum(map(str.isalpha, name)) < 2:
        return None  # d is no D, J0 no j0
    words, right = [word.casefold() for word in words], [word.casefold() for word in right]
    if "".join(words) == "".join(right):
        return 0
    symbols = SYMBOLS & set(words) - set(right)
    if len(words) != len(right) or symbols or _FORMULAS.fullmatch(given):
        return None
    total = 0
    for word, meant in zip(words, right, strict=True):
        if word == meant:
            continue
        if not (word.isalpha() and len(meant) > 1):
            return None
        doubled = _undoubled(word) == _undoubled(meant)
        most = 0 if len(meant) < 4 else 1 if len(meant) < 7 else 2
        least = max(abs(len(word) - len(meant)), len({*word} - {*meant}), 1)
        if not doubled and least > most:
            return None
        count = 1 if doubled else _distance(word, meant)
        if count > most and not doubled:
            return None
        total += count
    return total if total <= 2 else None


def _undoubled(word: str) -> str:
    return re.sub(r"(.)\1", r"\1", word)


def _distance(a: str, b: str) -> int:
    """Count letters left out, added, changed, or exchanged with the next one."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            least = min(rows[i][j] + (x != y), rows[i][j + 1] + 1, row[j] + 1)
            if i and j and (x, a[i - 1]) == (b[j - 1], y):
                least = min(least, rows[i - 1][j - 1] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
