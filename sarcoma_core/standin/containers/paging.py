"""Pages of a listing: size, order and filters, as XNAT's tables ask for them.

Source: XNAT framework, ``SqlPaginatedRequest`` with its string, number and datetime filters; the batch-launch
plugin's documentation of ``/xapi/workflows``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Document

_PAGE_SIZE = 50
_BOUNDS = {"gt": (1, False), "ge": (1, True), "lt": (-1, False), "le": (-1, True)}
_MOMENTS = {"after": "gt", "afterOrOn": "ge", "before": "lt", "beforeOrOn": "le"}


class Filter(NamedTuple):
    """What the values of one column must be like."""

    column: str
    kind: str
    asked: Mapping[str, Any]

    def takes(self, row: Document) -> bool:
        """Whether a row passes."""
        value = next((row[key] for key in row if key.lower() == self.column.lower()), None)
        if self.kind == "string":
            like = str(self.asked.get("like", "")).lower()
            return (like in str(value or "").lower()) is not bool(self.asked.get("not", False))
        bounds = self._bounds()
        return isinstance(value, int | float) and all(
            (value - bound) * sign > 0 or (value == bound and inclusive) for sign, inclusive, bound in bounds
        )

    def _bounds(self) -> tuple[tuple[int, bool, float], ...]:
        if self.kind == "number":
            return tuple((*_BOUNDS[k], float(v)) for k, v in self.asked.items() if k in _BOUNDS)
        moments = ((_MOMENTS[key], _millis(value)) for key, value in self.asked.items() if key in _MOMENTS)
        return tuple((*_BOUNDS[key], moment) for key, moment in moments)


@dataclass(frozen=True)
class Page:
    """A page of a listing.

    Args:
        number: which, from 1.
        size: rows on a page; 0 for all of them.
        column: what it is sorted by.
        descending: greatest first.
        filters: which rows are listed.
    """

    number: int
    size: int
    column: str
    descending: bool
    filters: tuple[Filter, ...] = field(default=())

    @classmethod
    def of(cls, body: Document, *, column: str) -> Self:
        """Read a request.

        Args:
            body: the request's JSON object.
            column: what is sorted by when it does not say; the greatest is first then.

        Raises:
            Refusal: 400, it is no such request.
        """
        try:
            return cls(
                number=max(int(body.get("page") or 1), 1),
                size=int(_PAGE_SIZE if body.get("size") is None else body["size"]),
                column=str(body.get("sort_col") or column),
                descending=str(body.get("sort_dir") or "desc").lower() != "asc",
                filters=tuple(_filter(*asked) for asked in (body.get("filters") or {}).items()),
            )
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise Refusal(400, f"Invalid request: {type(error).__name__}.") from None

    def of_rows(self, rows: Iterable[Document]) -> list[Document]:
        """The rows of this page."""
        taken = [row for row in rows if all(one.takes(row) for one in self.filters)]
        taken.sort(key=self._key, reverse=self.descending)
        first = (self.number - 1) * self.size
        return taken[first : first + self.size] if self.size else taken

    def _key(self, row: Document) -> tuple[bool, float, str]:
        value = next((row[key] for key in row if key.lower() == self.column.lower()), None)
        if isinstance(value, int | float):
            return True, float(value), ""
        return False, 0.0, str(value)


def _filter(column: str, asked: Mapping[str, Any]) -> Filter:
    backend, _, kind = asked["backend"].partition("_")
    if backend != "sql" or kind not in ("string", "number", "datetime"):
        raise ValueError(kind)
    read = Filter(column, kind, asked)
    read.takes({})  # what cannot be read is told before the first row
    return read


def _millis(moment: str) -> float:
    """A moment such as `2026-01-31 12:00` in milliseconds since 1970; UTC unless it says otherwise."""
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000
