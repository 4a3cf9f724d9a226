"""What a region of interest is called: from the names that people give, to the keys that files have.

`GTV_Mass`, `Tumour`, `Sarkom 2` and `tumeur` are `tumour`; `GTV_Edema` and `Ödem` are `oedema`. What no rule
knows keeps its own name, in letters that every file system takes. A site's own names come first: rows of the
project's resource ROI_NAMES.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from sarcoma_core.archive.masks import is_roi
from sarcoma_core.errors import InputError

NAMES_LABEL: Final = "ROI_NAMES"
NAMES_FILE: Final = "roi_names.csv"

MEANINGS: Final[Mapping[str, str]] = {"tumour": "Neoplasm", "oedema": "Edema", "necrosis": "Necrosis"}
"""Of the keys that rules give, as SNOMED CT has them."""

_LONGEST = 40
_DIGEST = 6

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "oedema": ("edema", "oedema", "odem", "oedem", "oedeme", "edeme", "peritumoral"),
    "necrosis": ("necrosis", "necrotic", "nekrose", "necrose", "necrosi"),
    "tumour": (
        *("mass", "masse", "massa", "tumor", "tumour", "tumore", "tumeur", "lesion", "lasion", "laesion"),
        *("neoplasm", "neoplasia", "sarcoma", "sarkom", "sarcome", "geschwulst"),
    ),
}
"""Words, without accents, that tell what is drawn."""
_WEAK = ("gtv", "gtvp", "gtvt")
"""Words that say that the tumour is drawn, unless another word says more: GTV_Edema is oedema."""
_OTHERWISE = ("bed", "bett", "ctv", "ptv", "margin", "minus", "outside", "ring", "shell", "without")
"""Words with which it is something else: the bed of a tumour is what is left of it."""


class RegionName(NamedTuple):
    """The key of a region and what it means.

    Attributes:
        roi: such as `tumour`.
        meaning: in the standard's words; empty where no rule knows.
    """

    roi: str
    meaning: str


class NameRule(NamedTuple):
    """A row of a site's own table.

    Attributes:
        name: as people write it, in small letters; `*` stands for any text.
        roi: the key that it gets.
    """

    name: str
    roi: str


def region_name(name: str, *, meaning: str = "", rules: Sequence[NameRule] = ()) -> RegionName:
    """The key of a region of this name.

    Args:
        name: as written.
        meaning: of its code, where it has one; it counts where the name tells nothing.
        rules: of the site.
    """
    for rule in rules:
        if fnmatchcase(name.strip().casefold(), rule.name):
            return RegionName(rule.roi, MEANINGS.get(rule.roi, meaning))
    roi = _told(_words(name)) or _told(_words(meaning))
    return RegionName(roi, MEANINGS[roi]) if roi else RegionName(_as_key(name), meaning)


def distinct(keys: Iterable[str]) -> list[str]:
    """Keys of which none stands twice: `tumour`, `tumour_2`, `tumour_3`, in their order."""
    found: list[str] = []
    for key in keys:
        number, free = 1, key
        while free in found:
            number += 1
            free = f"{key[: _LONGEST - 4]}_{number}"
        found.append(free)
    return found


def read_name_rules(content: bytes) -> tuple[NameRule, ...]:
    """Read `roi_names.csv`: columns `name` and `roi`, in UTF-8.

    Raises:
        InputError: it is no such table, or a row breaks a rule, which is named with the row's number.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise _wrong("must be CSV in UTF-8; it cannot be read") from None
    rules = []
    for number, row in enumerate(rows, 1):
        if set(row) != {"name", "roi"}:
            raise _wrong("must have the columns name and roi, and no other")
        name, roi = (row["name"] or "").strip().casefold(), (row["roi"] or "").strip()
        if not name:
            raise _wrong(f"row {number}: name must not be empty")
        if not is_roi(roi):
            raise _wrong(f"row {number}: roi must be small letters, digits and _ (40 at most); found another")
        rules.append(NameRule(name, roi))
    return tuple(rules)


def _wrong(fault: str) -> InputError:
    return InputError(f"{NAMES_FILE}: {fault}.", hint="docs/outputs.md says what the table holds.")


def _plain(text: str) -> str:
    """Letters without accents; what is no Latin letter stays as it is."""
    spread = unicodedata.normalize("NFKD", text)
    return "".join(char for char in spread if not unicodedata.combining(char))


def _words(text: str) -> list[str]:
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", _plain(text))
    return [word for word in re.split(r"[\W_\d]+", parts.casefold()) if word]


def _told(words: Sequence[str]) -> str:
    """What words tell; empty where they tell nothing, or two things."""
    if any(word in _OTHERWISE for word in words):
        return ""
    told = {roi for roi, known in _WORDS.items() if any(word in known for word in words)}
    if len(told) > 1:
        return ""
    return told.pop() if told else "tumour" if any(word in _WEAK for word in words) else ""


def _as_key(name: str) -> str:
    plain = _plain(name).casefold()
    ascii_only = "".join(char if char.isascii() and char.isalnum() else "_" for char in plain)
    key = re.sub(r"_+", "_", ascii_only).strip("_")
    lossless = all(char.isascii() for char in plain) and len(key) <= _LONGEST and key
    if lossless and is_roi(key):
        return key
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_DIGEST]
    return f"{key[: _LONGEST - _DIGEST - 1].strip('_') or 'roi'}_{digest}"
