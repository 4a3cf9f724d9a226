"""Labels that are nearly the same: a table may write `sts-7` for what the project calls `STS_007`.

Such a row is never joined silently: the two may be two patients. It is told in what alone they differ.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_DASHES = re.compile(r"[_\-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_BLANKS = re.compile(r"\s")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")

_LEAVES_OUT: Final[Mapping[str, Callable[[str], str]]] = {
    "case": str.casefold,
    "blanks": lambda text: _BLANKS.sub("", text),
    "dashes or underscores": lambda text: _DASHES.sub("", text),
    "leading zeros": lambda text: _ZEROS.sub("", text),
}
_ALL = tuple(_LEAVES_OUT)


def near_labels(labels: Iterable[str]) -> Mapping[str, str]:
    """The labels by each of their loose forms; of several with one form the first in order counts."""
    found: dict[str, str] = {}
    for label in sorted(labels):
        for form in loose_forms(label):
            found.setdefault(form, label)
    return found


def loose_forms(label: str, kinds: Iterable[str] = _ALL) -> frozenset[str]:
    """A label without what people write differently; two labels with one form in common are near.

    Zeros are left out before the marks between figures are, and after: `1-01` is near both `1-1` and `101`.
    """
    forms = []
    for order in (tuple(kinds), tuple(kinds)[::-1]):
        text = unicodedata.normalize("NFKC", label)
        for kind in order:
            text = _LEAVES_OUT[kind](text)
        forms.append(text)
    return frozenset(forms)


def difference(label: str, other: str) -> str:
    """In what alone two near labels differ, in words."""

    def needed(kind: str) -> bool:
        rest = [one for one in _ALL if one != kind]
        return not loose_forms(label, rest) & loose_forms(other, rest)

    return " and ".join(kind for kind in _ALL if needed(kind)) or "the form of characters"
