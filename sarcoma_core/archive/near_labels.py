"""Labels that are nearly the same: a table or list may write `sts-7` for what the project calls `STS_007`.

They are never taken for one silently: the two may be two patients. It is told in what alone they differ.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_DASHES = re.compile(r"[_\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_BLANKS = re.compile(r"\s")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_FILLERS = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Fillers and selectors of variants, which show nothing and are no control characters."""

_LEAVES_OUT: Final[Mapping[str, Callable[[str], str]]] = {
    "case": str.casefold,
    "blanks": lambda text: _BLANKS.sub("", text),
    "dashes or underscores": lambda text: _DASHES.sub("", text),
    "leading zeros": lambda text: _ZEROS.sub("", text),
}
_INVISIBLE: Final = "invisible characters"
_ALL = (_INVISIBLE, *_LEAVES_OUT)


def near_labels(labels: Iterable[str]) -> Mapping[str, str]:
    """The labels by each of their loose forms; of several with one form the first in order counts."""
    return {form: min(alike) for form, alike in by_loose_form(labels).items()}


def by_loose_form(labels: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """All the labels that share a loose form, by the form."""
    found: dict[str, set[str]] = {}
    for label in labels:
        for form in loose_forms(label):
            found.setdefault(form, set()).add(label)
    return {form: frozenset(alike) for form, alike in found.items()}


def loose_forms(label: str, kinds: Iterable[str] = _ALL) -> frozenset[str]:
    """A label without what people write differently; two labels with one form in common are near.

    Zeros are left out before the marks between figures are, and after: `1-01` is near both `1-1` and `101`.
    """
    forms = []
    wanted = tuple(kinds)
    seen = unicodedata.normalize("NFKC", _visible(label) if _INVISIBLE in wanted else label)
    for order in (wanted, wanted[::-1]):
        text = seen
        for kind in order:
            text = _LEAVES_OUT[kind](text) if kind in _LEAVES_OUT else text
        forms.append(text)
    return frozenset(forms)


def _visible(text: str) -> str:
    """Without control characters and those of no width; a tab or a line end is a blank."""
    kept = (char for char in text if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf"))
    return _FILLERS.sub("", "".join(kept))


def difference(label: str, other: str) -> str:
    """In what alone two near labels differ, in words."""

    def needed(kind: str) -> bool:
        rest = [one for one in _ALL if one != kind]
        return not loose_forms(label, rest) & loose_forms(other, rest)

    return " and ".join(kind for kind in _ALL if needed(kind)) or "the form of characters"
