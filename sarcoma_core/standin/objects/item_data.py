"""An object's data beyond what the archive holds: its fields, when and by whom it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from sarcoma_core.standin.documents import Document

ITEM_DATA = "said"
"""Kind of the documents that keep it; files of earlier versions hold them under this word."""


@dataclass(frozen=True)
class ItemData:
    """The data of an object.

    Args:
        fields: values by their path in the schema below the object's type, such as
            `demographics[@xsi:type=xnat:demographicData]/gender`.
        made: when it was made, ISO 8601 in UTC; empty when the server has only found it.
        by: who made it.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
    by: str = ""

    def changed(self, values: Mapping[str, str]) -> Self:
        """With other values; `NULL` takes a field away, as in XNAT."""
        merged = {**self.fields, **values}
        return replace(self, fields={k: v for k, v in merged.items() if v not in ("", "NULL")})

    def to_document(self) -> Document:
        """As it is kept."""
        return {"fields": dict(self.fields), "made": self.made, "by": self.by}

    @classmethod
    def from_document(cls, document: Document | None) -> Self:
        """As it was kept; without fields where nothing was."""
        kept = document or {}
        return cls(kept.get("fields", {}), kept.get("made", ""), kept.get("by", ""))

    @classmethod
    def made_now(cls, by: str) -> Self:
        """Of an object that is made now."""
        return cls(made=datetime.now(UTC).isoformat(timespec="milliseconds"), by=by)
