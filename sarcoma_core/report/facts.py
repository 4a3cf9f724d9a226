"""What a receipt says, in words: labels, units and numbers for a reader.

A fact that is not known here is shown under its own name, so that a newer step loses nothing. A fact that could
tell who the patient is (a UID, a date) is left out whatever its name, as a second fence behind the steps.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """One line of a receipt.

    Args:
        label: what it is, in words.
        value: with its unit.
    """

    label: str
    value: str


_LABELS: Mapping[str, str] = {
    "ras": "RAS",
    "sd": "Standard deviation",
    "bids": "BIDS",
    "suv": "SUV",
}
"""Names that their own words would not tell; every other label is read off the name."""

_UNITS: Mapping[str, str] = {
    "mm": "mm",
    "mm3": "mm³",
    "ml": "ml",
    "s": "s",
    "ms": "ms",
    "hz": "Hz",
    "percent": "%",
    "deg": "°",
    "degrees": "°",
    "bytes": "bytes",
}

_DISTANCES = frozenset({"spacing", "voxel_size", "slice_thickness"})

_IDENTIFYING_NAME = re.compile(r"(^|_)(uid|uids|date|time|name|birth|accession|patient|operator|institution)(_|$)")
_IDENTIFYING_VALUE = re.compile(
    r"\d+(\.\d+){4,}"  # a UID: PS3.5, 9.1
    r"|(19|20)\d\d-?[01]\d-?[0-3]\d"  # a date: PS3.5, 6.2, DA; or ISO 8601
)


def read_facts(facts: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Every fact of an outcome that may be shown, in the order in which the step wrote it."""
    return tuple(_flatten(facts, ()))


def _flatten(facts: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Fact]:
    for name, value in facts.items():
        if _IDENTIFYING_NAME.search(str(name).lower()):
            continue
        if isinstance(value, Mapping):
            yield from _flatten(value, (*above, str(name)))
            continue
        text = number_text(value)
        if text and not any(_IDENTIFYING_VALUE.search(word) for word in text.split()):
            label, unit = _label(str(name))
            yield Fact(": ".join([*(_label(a)[0] for a in above), label]), f"{text} {unit}".rstrip())


def _label(name: str) -> tuple[str, str]:
    """A fact's name as words, and the unit that its last word says."""
    words = name.lower().split("_")
    unit = "mm" if name in _DISTANCES else ""
    if len(words) > 1 and words[-1] in _UNITS:
        unit = _UNITS[words.pop()]
    told = " ".join(_LABELS.get(word, word) for word in words)
    return told[:1].upper() + told[1:], unit


def number_text(value: object) -> str:
    """A value as a reader expects it: four significant digits, thin spaces between thousands, × between sizes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f")
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, list | tuple):
        join = " × " if value and all(isinstance(v, int | float) for v in value) else ", "
        return join.join(number_text(v) for v in value)
    return str(value)


def _real(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return number_text(int(value))
    if abs(value) >= 1000:
        return number_text(round(value))
    return f"{value:.4g}".replace("-", "\u2212")
