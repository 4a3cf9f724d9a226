"""What clients say of an object beyond what the archive holds: its fields, when and by whom it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sarcoma_core.standin.documents import Document


@dataclass(frozen=True)
class Said:
    """What was said of an object.

    Args:
        fields: values by their path in the schema below the object's type, such as
            `demographics[@xsi:type=xnat:demographicData]/gender`.
        made: when it was made, ISO 8601 in UTC; empty when the server has only found it.
        by: who made it.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
    by: str = ""

    def changed(self, values: Mapping[str, str]) -> "Said":
        """With other values; `NULL` takes a field away, as in XNAT."""
        merged = {**self.fields, **values}
        return Said({k: v for k, v in merged.items() if v not in ("", "NULL")}, self.made, self.by)

    def document(self) -> Document:
        """As it is kept."""
        return {"fields": dict(self.fields), "made": self.made, "by": self.by}


def said(document: Document | None) -> Said:
    """Read what was kept; nothing was said where there is none."""
    kept = document or {}
    return Said(kept.get("fields", {}), kept.get("made", ""), kept.get("by", ""))


def made_now(by: str) -> Said:
    """Of an object that is made now."""
    return Said(made=datetime.now(UTC).isoformat(timespec="milliseconds"), by=by)
