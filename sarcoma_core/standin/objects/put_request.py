"""A PUT of an object: the fields and the type that stand in its query, checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.fields import full_path
from sarcoma_core.standin.objects.items import Item, ItemKind
from sarcoma_core.standin.objects.places import Place
from sarcoma_core.standin.objects.types import ASSESSOR_TYPES, DEFAULT_TYPE, SCAN_TYPES, SESSION_TYPES

_NO_FIELDS = frozenset(
    {
        "activate",
        "allowdatadeletion",
        "event_action",
        "event_id",
        "event_reason",
        "event_type",
        "fixscantypes",
        "format",
        "inbody",
        "overwrite",
        "primary",
        "pulldatafromheaders",
        "quarantine",
        "removefiles",
        "req_format",
        "triggerpipelines",
        "xnat_csrf",
        "xsitype",
    }
)
"""Query parameters that say how, not what."""
_WORD = r"[A-Za-z_][A-Za-z0-9_.-]*(\[[^\[\]<>&\"']*\])?"
_FIELD_PATH = re.compile(f"{_WORD}(/{_WORD})*")
_LONGEST_VALUE = 10_000
_TYPES: Mapping[ItemKind, tuple[str, ...]] = {
    "experiment": SESSION_TYPES,
    "scan": SCAN_TYPES,
    "assessor": ASSESSOR_TYPES,
}


@dataclass(frozen=True)
class PutRequest:
    """What a PUT is to make of an object.

    Args:
        place: what the path is about.
        exact: the object of that id or label; None when it is to be made.
        xsi_type: its type, in the schema's spelling.
        typed: whether the client named the type.
        fields: values by their path below the object.
        login: who asks.
    """

    place: Place
    exact: Item | None
    xsi_type: str
    typed: bool
    fields: Mapping[str, str]
    login: str

    @classmethod
    def of(cls, place: Place, query: Mapping[str, str], login: str) -> Self:
        """Read a query.

        Raises:
            Refusal: 400, a type, field or value is not legal.
        """
        exact = next((item for item in place.items if item.is_called(place.name)), None)
        wanted = query.get("xsiType", "")
        return cls(place, exact, _type(place.kind, wanted), bool(wanted), _fields(place.kind, query), login)

    @property
    def name(self) -> str:
        """The name in the path: the object's id or label, or what it will be called."""
        return self.place.name

    def but(self, *names: str) -> dict[str, str]:
        """The fields without some."""
        return {path: value for path, value in self.fields.items() if path not in names}


def _fields(kind: ItemKind, query: Mapping[str, str]) -> dict[str, str]:
    fields = {full_path(kind, k): v for k, v in query.items() if k.lower() not in _NO_FIELDS}
    for path, value in fields.items():
        if not _FIELD_PATH.fullmatch(path):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Unknown field {path[:100]!r}.")
        if len(value) > _LONGEST_VALUE or not all(c.isprintable() or c in "\r\n\t" for c in value):
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                f"Value of {path} must be text of at most {_LONGEST_VALUE} characters.",
            )
    return fields


def _type(kind: ItemKind, wanted: str) -> str:
    """A type in the schema's spelling.

    There is one type of projects and one of subjects, so none is asked for: pyxnat sometimes sends another.
    """
    known = _TYPES.get(kind, ())
    if not wanted or not known:
        return DEFAULT_TYPE[kind]
    for name in known:
        if name.lower() == wanted.lower():
            return name
    raise Refusal(HTTPStatus.BAD_REQUEST, f"xsiType must be one of {', '.join(known)}; found {wanted[:100]}.")
