"""A cell for one of several words, and one that says whether an event happened."""

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, nothing_in, wrong
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.variables import Levels
from sarcoma_core.prognosis.clinical.words import plain

_SIDES: Final = {"left", "right", "l", "r", "li", "re", "bilateral", "both", "proximal", "distal"}
_DOUBTS: Final = (
    *("suggestive of", "favour", "favor", "probable", "probably", "possible", "possibly", "suspected"),
    *("consistent with", "compatible with", "versus", "vs"),
)
_WHOLE = re.compile(r"(?<=^\d)\.0+$")
"""What programs put behind a whole number, as in a grade of 2.0."""
_DENIALS: Final = (
    *("not", "no", "non", "without", "exclud(ed|es)", "ruled out", "previous(ly)?", "prior", "former(ly)?"),
    *("history", "never", "denied", "negative", "instead", "rather than", "kein", "nicht"),
)
"""Words by which a longer text can say the opposite."""
_LOST: Final = {"lost to follow up", "lost to followup", "lost", "ltfu", "lost to fu"}
_MARKS_BEHIND = re.compile(r"[\s?!*#¹²³\N{DAGGER}\N{DOUBLE DAGGER}\N{SECTION SIGN}]+$")
_BOUND = re.compile(r"^\s*[-+\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]\s*\w|[<>≤≥~≈±=]|^[¹²³]+$")
"""A sign before a number, which is none of a level; a bound; a footnote alone."""
_MARK: Final = Remark("warning", "mark behind", "a question mark or a mark of a footnote, which is dropped")
_SHORT: Final = 2
"""Letters of an abbreviation, which may be a part of any text by chance."""
_SHOWN: Final = 8

EVENT: Final = Levels(
    ("0", "1"),
    {
        "0": (
            *("no", "n", "false", "alive", "ned", "awd", "living", "censored", "none", "no event", "nein"),
            *("alive with disease", "no evidence of disease", "disease free", "lebt"),
        ),
        "1": (
            *("yes", "y", "true", "dead", "d", "deceased", "died", "death", "event", "ja", "dod", "doc"),
            *("dead of disease", "dead of other causes", "tot", "verstorben", "exitus", "x"),
        ),
    },
)
"""Whether an event happened."""


def read_level(cell: Cell, kind: Levels, own: Mapping[str, str] | None = None) -> CellReading:
    """One of the words of a variable.

    Args:
        cell: what stands there.
        kind: the words, and how else they are written.
        own: the user's own words, in plain letters, and what they mean.
    """
    if isinstance(cell.value, dt.date):
        return wrong("date for word", "must be a word; it is a date: programs make dates of texts like 2-3")
    text, marked = _unmarked(_WHOLE.sub("", cell.text))
    word = plain(text)
    level = (own or {}).get(word) or _words_of(kind).get(word)
    if _BOUND.search(text):
        return wrong("no one word", f"must be one of {_told(kind)}; a sign or a bound stands before it")
    if word and level:
        return CellReading(level, (_MARK,) if marked else ())
    return nothing_in(cell) or _in_longer(word, kind)


def _unmarked(text: str) -> tuple[str, bool]:
    """A text without question marks and marks of footnotes behind it, and whether there were any."""
    bare = _MARKS_BEHIND.sub("", text)
    return (bare, True) if bare and bare != text else (text, False)


def read_event(cell: Cell, own: Mapping[str, str] | None = None) -> CellReading:
    """Whether an event happened: `0` or `1`."""
    if _WHOLE.sub("", cell.text) == "2":
        return wrong("coded 1 and 2", "must be 0 (no event) or 1 (event); 2 is a code of another program")
    if plain(cell.text) in _LOST:
        told = "nobody knows what became of the patient: read as no event, censored at the last look"
        return CellReading("0", (Remark("warning", "censored", told),))
    return read_level(cell, EVENT, own)


def _in_longer(word: str, kind: Levels) -> CellReading:
    """The level that a longer text holds, where it holds one alone."""
    known = _words_of(kind)
    if not kind.in_text or any(re.search(rf"\b{denial}\b", word) for denial in _DENIALS):
        return wrong("unknown word", f"must be one of {_told(kind)}; it is another, see --word")
    bare = " ".join(part for part in word.replace("pleio", "pleo").split() if part not in _SIDES)
    if bare in known:
        return CellReading(known[bare])
    held = [name for name in known if len(name) > _SHORT and re.search(rf"\b{re.escape(name)}\b", bare)]
    longest = [name for name in held if not any(name != other and name in other for other in held)]
    match sorted({known[name] for name in longest}):
        case [level]:
            in_doubt = any(re.search(rf"\b{doubt}\b", bare) for doubt in _DOUBTS)
            told = "it is told with a doubt, which is dropped" if in_doubt else "the rest is dropped"
            remark = Remark(
                "warning", "longer text", f"a longer text that holds one word of the table; {told}"
            )
            return CellReading(level, (remark,))
        case []:
            return wrong("unknown word", f"must be one of {_told(kind)}; it is another, see --word")
    return wrong("several words", f"must be one of {_told(kind)}; it names several")


@cache
def _by_word(words: tuple[str, ...], synonyms: tuple[tuple[str, ...], ...]) -> Mapping[str, str]:
    pairs = zip(words, synonyms, strict=True)
    return {plain(name): level for level, others in pairs for name in (level, *others)}


def _words_of(kind: Levels) -> Mapping[str, str]:
    """The level of each word, in plain letters."""
    return _by_word(kind.words, tuple(kind.synonyms.get(word, ()) for word in kind.words))


def _told(kind: Levels) -> str:
    if len(kind.words) <= _SHOWN:
        return ", ".join(kind.words)
    return f"{', '.join(kind.words[:_SHOWN])} and {len(kind.words) - _SHOWN} more (sarcoma clinical template)"
