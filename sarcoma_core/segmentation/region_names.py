"""What a region of interest is called: from the names that people give, to the keys that files have.

`GTV_Mass`, `Tumour` and `tumeur` are `tumour`, `Sarkom 2` and `tumour left` are `tumour_2` and `tumour_left`;
`GTV_Edema` and `Ödem` are `oedema`. A rule holds only where it knows every word: `Lungs-GTV` and `no lesion`
are something else. Names are free text and may hold a patient's: what has words of its own is called by a
digest, `roi_3f2a91`, and keeps its name in masks.json alone. A site's own names come first: rows of the
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
_LONGEST_NUMBER = 2
"""Digits: a longer number may be a date, or a patient's."""


def _vocabulary(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_SAYS: Final[Mapping[str, str]] = {
    "oedema": "edema oedema odem oedem oedeme edeme",
    "necrosis": "necrosis nekrose necrose necrosi",
    "tumour": "mass masse massa tumor tumour tumore tumeur lesion lasion laesion neoplasm neoplasia sarcoma "
    "sarkom sarcome geschwulst",
}
"""Words, without accents, that tell what is drawn."""
_WEAK: Final = _vocabulary(
    "gtv gtvp gtvt",
)
"""Words that say that the tumour is drawn, unless another word says more: GTV_Edema is oedema."""
_SIDES: Final[Mapping[str, str]] = {
    "left": "left links gauche izquierda sinistra lt",
    "right": "right rechts droite derecha destra rt",
}
_BESIDE: Final = _vocabulary(
    "roi segment seg segmentation region label mask volume vol contour structure object reader observer",
    "rater version manual auto final primary primario primaria primaire primar soft tissue sts",
    "peritumoral mr mri mrt irm t1 t2 fs stir ct pet pt",
)
"""Words that change nothing in what is drawn."""
_OTHER: Final = _vocabulary(
    "abdomen artery background bed bladder blood body bone bowel brain cavity clip cord ctv cyst",
    "external fat femur fibula fluid foot ganglion gland hand head heart hip humerus ischium joint",
    "kidney kidneys knee limb liver lung lungs lymph margin marrow muscle neck nerve node nodes normal",
    "organ outer inner patella pelvis peripheral prostate ptv pubis radius rectum rib ring sacrum scar",
    "shell skin spine spleen spinal stomach thigh tibia transition ulna urethra uterus vein vertebra",
    "vessel zone of the and black blue brown dark green grey light orange pink purple red white yellow",
)
"""Words of other things; with them alone a name is legible, and holds no patient's."""
_ANYTHING: Final = "Tissue"
"""Meaning of the code that viewers give to what they have no code for: it tells nothing."""
_WHO: Final = _vocabulary("reader observer rater version")
"""Words whose number is not that of a lesion."""
_JOINS = re.compile(r"[-+&!]")
_TOKEN = re.compile(r"t[12](?!\d)|[^\W\d_]+|\d+")


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
        meaning: of its code, where it has one; it counts where the name says nothing, such as `Segment 1`.
        rules: of the site.
    """
    for rule in rules:
        if fnmatchcase(name.strip().casefold(), rule.name):
            return RegionName(rule.roi, MEANINGS.get(rule.roi, meaning))
    words, meaning = _words(name), "" if meaning == _ANYTHING else meaning
    roi, which = _told(name), _which(words)
    if not roi and _says_nothing(words):
        roi, which = _told(meaning), "" if which == "_1" else which
    return RegionName(f"{roi}{which}", MEANINGS[roi]) if roi else RegionName(_as_key(name, meaning), meaning)


def distinct(keys: Iterable[str]) -> list[str]:
    """Keys of which none stands twice: `tumour`, `tumour_b`, `tumour_c`, in their order."""
    found: list[str] = []
    for key in keys:
        number, free = 0, key
        while free in found:
            number += 1
            free = f"{key[: _LONGEST - 4].rstrip('_')}_{_letters(number)}"
        found.append(free)
    return found


def _letters(number: int) -> str:
    """`b` for 1, `z` for 25, `bb` for 27: no suffix that a number could be."""
    letters = ""
    while True:
        number, last = divmod(number, 26)
        letters = chr(ord("a") + last) + letters
        if not number:
            return letters


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
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", _plain(text))
    return _TOKEN.findall(apart.casefold())


def _told(name: str) -> str:
    """What a name tells; empty where it tells nothing, two things, or has a word that no rule knows."""
    words = _words(name)
    told = {roi for roi, known in _SAYS.items() if any(word in known.split() for word in words)}
    weak = any(word in _WEAK for word in words)
    if not all(_is_beside(word) or word in _WEAK or _is_said(word) for word in words) or len(told) > 1:
        return ""
    if told and weak and _JOINS.search(name):  # GTV-necrosis is the tumour without it
        return ""
    return told.pop() if told else "tumour" if weak else ""


def _is_said(word: str) -> bool:
    return any(word in known.split() for known in _SAYS.values())


def _is_beside(word: str) -> bool:
    return word in _BESIDE or bool(_side(word)) or (word.isdigit() and len(word) <= _LONGEST_NUMBER)


def _says_nothing(words: Sequence[str]) -> bool:
    return all(map(_is_beside, words))


def _side(word: str) -> str:
    return next((side for side, known in _SIDES.items() if word in known.split()), "")


def _which(words: Sequence[str]) -> str:
    """What tells one lesion from another: sides and numbers, in their order; who drew it does not."""
    told = [w for before, w in zip(("", *words), words, strict=False) if before not in _WHO]
    return "".join(f"_{_side(w) or int(w)}" for w in told if _side(w) or w.isdigit())


def _as_key(name: str, meaning: str) -> str:
    """A legible name in small letters; else what its code means; else a digest."""
    for text in (name, meaning):
        words = _words(text)
        known = all(_is_beside(w) or w in _OTHER or w in _WEAK or _is_said(w) for w in words)
        key = "_".join(words)
        if (known or text is meaning) and is_roi(key):
            return key
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_DIGEST]
    return f"roi_{digest}"
