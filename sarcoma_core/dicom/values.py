"""Read one value of a DICOM dataset tolerantly: what is absent, empty or broken is None, or empty."""

import math
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from pydicom.dataset import Dataset

Numbers = tuple[float, ...]
T = TypeVar("T")


def attempt(read: Callable[[], T]) -> T | None:
    """The result, or None where the dataset holds something that cannot be read so."""
    try:
        return read()
    except (ValueError, TypeError, AttributeError, OverflowError, KeyError):
        return None


def read_text(dataset: Dataset, keyword: str) -> str:
    """A text, without blanks around it."""
    return str(attempt(lambda: dataset.get(keyword)) or "").strip()


def read_texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a text with several."""
    value = attempt(lambda: dataset.get(keyword))
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(v) for v in value)


def read_number(dataset: Dataset, keyword: str) -> float | None:
    """A finite number."""
    value = attempt(lambda: float(dataset.get(keyword)))
    return value if value is not None and math.isfinite(value) else None


def read_whole(dataset: Dataset, keyword: str) -> int | None:
    """A whole number."""
    value = read_number(dataset, keyword)
    return None if value is None else int(value)


def read_numbers(dataset: Dataset, keyword: str, count: int) -> Numbers | None:
    """Exactly `count` finite numbers."""
    values = attempt(lambda: tuple(float(v) for v in dataset.get(keyword)))
    if values is None or len(values) != count or not all(map(math.isfinite, values)):
        return None
    return values


def read_trait(dataset: Dataset, keyword: str) -> Hashable:
    """A value that can be compared: a number, a text or a tuple of texts."""
    value = attempt(lambda: dataset.get(keyword))
    if value is None or value == "":
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(str(v) for v in value)
    number = attempt(lambda: float(value))
    return str(value) if number is None else number
