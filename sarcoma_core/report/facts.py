"""What a receipt says, in words: labels, units and numbers for a reader.

A fact that is not known here is shown under its own name, so that a newer step loses nothing. A fact that
could tell who the patient is (a UID, a date, free text of the scanner) is left out whatever its step meant by
it, as a second fence behind the steps.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_THIN_SPACE = "\u202f"
_MINUS = "\u2212"
_TIMES = "\u00d7"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN_OF_DIGEST = 16

_WHOLE = 1000
"""From here on, four significant digits leave no decimals."""

_TINY = 1e-3
"""Below this, a power of ten reads better than zeros."""


@dataclass(frozen=True)
class Fact:
    """One line of a receipt.

    Args:
        label: what it is, in words.
        value: with its unit.
    """

    label: str
    value: str


@dataclass(frozen=True)
class _KnownFact:
    label: str
    unit: str = ""
    between: str = ", "


SIZES = f" {_TIMES} "
"""Between the sizes of a grid."""

_KNOWN: Mapping[str, _KnownFact] = {
    "files_in": _KnownFact("DICOM files in"),
    "duplicate_files": _KnownFact("Duplicate files left out"),
    "frames_in": _KnownFact("Image planes in"),
    "slices_out": _KnownFact("Slices out"),
    "volumes_out": _KnownFact("Volumes out"),
    "sop_class": _KnownFact("SOP class"),
    "map": _KnownFact("Not anatomy but"),
    "transfer_syntaxes": _KnownFact("Transfer syntax"),
    "shape": _KnownFact("Voxels", between=SIZES),
    "spacing": _KnownFact("Spacing", "mm", SIZES),
    "orientation": _KnownFact("Axes point to"),
    "units": _KnownFact("Units of the values"),
    "suv_type": _KnownFact("SUVType"),
    "decay_correction": _KnownFact("DecayCorrection"),
    "converter": _KnownFact("Converter"),
    "reader": _KnownFact("Independent reader"),
    "voxels_compared": _KnownFact("Voxels compared, all equal"),
    "largest_difference": _KnownFact("Largest difference between the readers"),
    "converter_shift": _KnownFact("Corner set right after the converter by", "mm"),
    "affine": _KnownFact("Voxel to RAS, mm"),
    "voxels_sha256": _KnownFact("SHA-256 of the voxels"),
    "source": _KnownFact("Read from the resource"),
    "shrink": _KnownFact("Grid shrunk by"),
    "iterations": _KnownFact("Iterations"),
    "threads": _KnownFact("Threads"),
    "region": _KnownFact("Mean and deviation taken in"),
    "mask_voxels": _KnownFact("Voxels in the mask"),
    "body_part": _KnownFact("Part of the image in the body mask"),
    "mean": _KnownFact("Mean"),
    "sd": _KnownFact("Standard deviation"),
    "clip_low": _KnownFact("Clipped below"),
    "clip_high": _KnownFact("Clipped above"),
    "factor": _KnownFact("Values multiplied by"),
    "factor_range": _KnownFact("Least and greatest factor"),
    "from_units": _KnownFact("Units before"),
}
"""In the order of the page; a manifest keeps its keys in alphabetical order."""

_LEFT_OUT = frozenset({"modality", "warnings"})
"""Told elsewhere on the page."""

_ZERO_IS_NONE = frozenset({"voxels_compared"})
"""Where 0 means that the step did not get so far."""

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
}
"""Last words of unknown names that are units."""

_IDENTIFYING_NAME = re.compile(
    r"(^|_)(uids?|date|datetime|birth|age|name|accession|patient|operators?|physicians?|institution(al)?"
    r"|station|serial|description|comments?|(study|series|acquisition|content|creation)_time)(_|$)"
)
_IDENTIFYING_WORD = re.compile(
    r"\d+(\.\d+){4,}"  # a UID (PS3.5, 9.1)
    r"|(19|20)\d\d-?[01]\d-?[0-3]\d([T.].*)?"  # a date (PS3.5, 6.2: DA, DT; or ISO 8601)
)


def read_facts(facts: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Every fact of an outcome that may be shown: the known ones in their order, then the others by name."""
    known = [name for name in _KNOWN if name in facts]
    others = sorted(name for name in facts if name not in _KNOWN)
    return tuple(_flatten({name: facts[name] for name in (*known, *others)}, ()))


def _flatten(facts: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Fact]:
    for key, value in facts.items():
        if key in _LEFT_OUT or _IDENTIFYING_NAME.search(snake(key)) or (key in _ZERO_IS_NONE and not value):
            continue
        path = (*above, key)
        if isinstance(value, Mapping):
            yield from _flatten(value, path)
            continue
        known = _KNOWN.get(key) if not above else None
        how = known or _read_name("_".join(snake(part) for part in path))
        text = value_text(value, how.between)
        if text and not may_identify(text):
            yield Fact(how.label, f"{text} {how.unit}".rstrip())


def may_identify(text: str) -> bool:
    """Whether a word of a text is a UID or a date, which could tell who the patient is."""
    return any(_IDENTIFYING_WORD.fullmatch(word) for word in re.split(r"[\s,;:()\"']+", text))


def snake(name: str) -> str:
    """A DICOM keyword or a Python name as lower-case words: `SliceThickness` is `slice_thickness`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _read_name(name: str) -> _KnownFact:
    """An unknown fact's name as words, and the unit that its last word tells."""
    words = name.split("_")
    unit = _UNITS[words.pop()] if len(words) > 1 and words[-1] in _UNITS else ""
    told = " ".join(words)
    return _KnownFact(told[:1].upper() + told[1:], unit)


def value_text(value: object, between: str = ", ") -> str:
    """A value as a reader expects it: four significant digits, narrow spaces between thousands.

    Args:
        value: of any JSON type; a list of lists is a matrix, one row a line.
        between: what stands between the items of a list.
    """
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}".replace(",", _THIN_SPACE).replace("-", _MINUS)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple) for item in value):
            return "\n".join(value_text([_entry(x) for x in row], between) for row in value)
        return between.join(value_text(item, between) for item in value)
    text = str(value)
    return text[:_SHOWN_OF_DIGEST] + "…" if _DIGEST.fullmatch(text) else text


def _entry(value: object) -> object:
    """An entry of a matrix: beside the others, what is below 0.0001 is rounding."""
    return round(value, 4) if isinstance(value, float) else value


def _real(value: float) -> str:
    if not math.isfinite(value):
        return "not a number"
    if value.is_integer() or abs(value) >= _WHOLE:
        return value_text(round(value))
    if 0 < abs(value) < _TINY:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits} {_TIMES} 10{str(int(power)).translate(_SUPERSCRIPTS)}".replace("-", _MINUS)
    return f"{value:.4g}".replace("-", _MINUS)
