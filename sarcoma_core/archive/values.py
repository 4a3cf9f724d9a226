"""Read one value of a DICOM dataset tolerantly: what is absent, empty or broken is None, or empty.

A value counts when it has the form that the standard gives its attribute (PS3.6): a number that is written in
another VR's bytes is one that every reader takes for something else. Whether a broken value matters is for
those to say who need it; `is_there` tells it from one that is absent.
"""

import math
from collections.abc import Callable, Hashable
from functools import cache
from typing import TypeVar

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID
from pydicom.values import convert_SQ

Numbers = tuple[float, ...]
T = TypeVar("T")

_TEXT_VRS = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
)
"""VRs whose values are characters (PS3.5, 6.2): a reader that wants one of them can read all of them."""
_ITEM_HEAD, _TAG = 8, 4
"""Bytes of an item's tag and length, and of an element's tag (PS3.5, 7.1.1 and 7.5)."""
_FIRST_VR = slice(_ITEM_HEAD + _TAG, _ITEM_HEAD + _TAG + 2)
"""Where the VR of an item's first element stands, if its VRs are explicit."""


def attempt(read: Callable[[], T]) -> T | None:
    """The result, or None where the dataset holds something that cannot be read so."""
    try:
        return read()
    except Exception:  # noqa: BLE001  a parser of damaged bytes may raise anything; nothing is what it found
        return None


def uid(text: str) -> UID:
    """A UID from a file, whatever its characters: pydicom's own way quotes an illegal one in a warning."""
    return UID(text, validation_mode=IGNORE)


def read_text(dataset: Dataset, keyword: str) -> str:
    """A text, without blanks around it; several values as the file has them, a backslash between."""
    return "\\".join(read_texts(dataset, keyword)).strip()


def read_texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a text with several."""
    return tuple(str(value) for value in _values(dataset, keyword))


def read_number(dataset: Dataset, keyword: str) -> float | None:
    """A finite number."""
    values = read_numbers(dataset, keyword, 1)
    return values[0] if values else None


def read_whole(dataset: Dataset, keyword: str) -> int | None:
    """A whole number."""
    value = read_number(dataset, keyword)
    return int(value) if value is not None and value.is_integer() else None


def read_numbers(dataset: Dataset, keyword: str, count: int) -> Numbers | None:
    """Exactly `count` finite numbers."""
    values = tuple(map(_number, _values(dataset, keyword)))
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def read_trait(dataset: Dataset, keyword: str) -> Hashable:
    """A value that can be compared: a number, a text or a tuple of texts."""
    values = _values(dataset, keyword)
    if len(values) != 1:
        return tuple(str(value) for value in values) or None
    number = _number(values[0])
    return number if math.isfinite(number) else str(values[0])


def read_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence, also of one that was written as UN (PS3.5, 6.2.2)."""
    raw = attempt(lambda: dataset.get_item(keyword))
    if raw is not None and raw.VR == "UN" and isinstance(raw.value, bytes):
        return _unwrapped(raw.value)
    items = attempt(lambda: dataset.get(keyword))
    return tuple(items) if isinstance(items, Items) else ()


def is_there(dataset: Dataset, keyword: str) -> bool:
    """Whether an attribute is there and not empty, whatever it holds."""
    value = getattr(attempt(lambda: dataset.get_item(keyword)), "value", None)
    return value not in (None, "") and not (isinstance(value, bytes) and not value.strip(b"\0 "))


def _values(dataset: Dataset, keyword: str) -> tuple[object, ...]:
    """The values of an attribute; none when it is absent, empty or of another form than its own."""
    tag, standard = _known(keyword)
    element = attempt(lambda: dataset[tag])
    if element is None or not _is_form(str(element.VR), standard):
        return ()
    value = element.value
    values = value if isinstance(value, MultiValue | list | tuple) else (value,)
    return tuple(one for one in values if one is not None and one != "")


@cache
def _known(keyword: str) -> tuple[BaseTag, str]:
    """Tag and VR of an attribute (PS3.6)."""
    tag = Tag(keyword)
    return tag, dictionary_VR(tag)


def _number(value: object) -> float:
    """A value as a number, not a finite one when it is none; `1_0` is Python's, not DICOM's (VR DS)."""
    text = str(value)
    number = attempt(lambda: float(text)) if "_" not in text else None
    return math.nan if number is None else number


def _is_form(vr: str, standard: str) -> bool:
    return vr in standard.split(" or ") or {vr, standard} <= _TEXT_VRS


def _unwrapped(content: bytes) -> tuple[Dataset, ...]:
    """Items in the bytes of an unknown VR: as a rule implicit ones, as they came from an implicit file."""
    implicit = not content[_FIRST_VR].isalpha()
    return tuple(attempt(lambda: convert_SQ(content, implicit, is_little_endian=True)) or ())
