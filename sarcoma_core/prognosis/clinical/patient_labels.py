"""What can be the label of a subject, and what stands in its column by mistake."""

import datetime as dt
import re
from typing import Final

from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.words import is_missing, plain

Fault = tuple[str, str]
"""Kind and rule."""

_MOST_WORDS, _MOST_LETTERS = 4, 64
_SUMS: Final = frozenset(
    (
        *(
            "mean",
            "median",
            "total",
            "totals",
            "sum",
            "average",
            "sd",
            "std",
            "n",
            "count",
            "min",
            "max",
            "range",
        ),
        *(
            "minimum",
            "maximum",
            "summary",
            "all",
            "overall",
            "subtotal",
            "iqr",
            "q1",
            "q3",
            "percent",
            "number",
        ),
        *("mittelwert", "gesamt", "summe", "anzahl", "note", "notes", "legend", "abbreviations", "source"),
        "comments",
    )
)
_OF_SUMS: Final = _SUMS | {"se", "ci", "of", "patients", "no", "values", "and", "standard", "deviation", "95"}
_N_IS = re.compile(r"n\s*=.*", re.IGNORECASE)
_LABEL: Final = "must be the label of a subject"
_MISTAKES: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = (
    (re.compile(r"\d+\.\d+"), "no label", f"{_LABEL}; it is a number with a point"),
    (
        re.compile(r"\d{1,2}[-. ][A-Za-z]{3}([-. ]\d{2,4})?|(19|20)\d\d([-./]\d{1,2}){2}"),
        "no label",
        f"{_LABEL}; it is a date: programs make dates of texts like 3-4",
    ),
    (re.compile(r"(\d{1,2}[-./]){2}(19|20)\d\d"), "no label", f"{_LABEL}; it is a date"),
    (
        re.compile(r"\d+(\.\d+)?e\+\d+", re.IGNORECASE),
        "no label",
        f"{_LABEL}; a program has made a number of it, as 1.2E+05",
    ),
    (
        re.compile(
            r"[^\W\d_]{2,},\s*[^\W\d_]+\.?(\s[^\W\d_]+\.?)*|[A-Z][^\W\d_]+\s[A-Z][^\W\d_]+|[^\W\d_]{2,}\^[^\W\d_].*"
        ),
        "name for label",
        "must be a pseudonym; it looks like a person's name",
    ),
    (
        re.compile(r".*([*\N{DAGGER}\N{DOUBLE DAGGER}\N{SECTION SIGN}#¹²³?]+|\s?[(\[][a-z0-9]{1,2}[)\]])"),
        "mark at label",
        "must be the label alone; a mark of a footnote stands behind it",
    ),
    (re.compile(r"(?!\w[\w.\- ]*$).*"), "no label", f"{_LABEL}: letters, digits, '.', '_' and '-' alone"),
)


def why_no_label(cell: Cell) -> Fault | None:
    """Kind and rule of what cannot be the label of a subject; None of what can.

    Args:
        cell: in the column of the labels.
    """
    text = cell.text
    if cell.blank or cell.fault or is_missing(text):
        return "no id", f"{_LABEL}; nothing that can be one stands here"
    if isinstance(cell.value, dt.date | bool) or cell.broken:
        return "no label", f"{_LABEL}, in one line; it is a date, a truth value, or goes over several"
    if is_sum(text):
        return "summary line", "must be a patient; it looks like a sum, a mean or a heading: delete the line"
    if len(text.split()) > _MOST_WORDS or len(text) > _MOST_LETTERS:
        return "footnote", f"{_LABEL}; it is a sentence: delete the line"
    return next(((kind, rule) for pattern, kind, rule in _MISTAKES if pattern.fullmatch(text)), None)


def is_sum(text: str) -> bool:
    """Whether a text names a line of sums or notes."""
    first, *rest = plain(text).split() or [""]
    return (first in _SUMS and set(rest) <= _OF_SUMS) or _N_IS.fullmatch(text) is not None
