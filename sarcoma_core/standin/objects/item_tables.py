"""Listings of objects: the columns that a client asks for, or those that XNAT gives unasked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from sarcoma_core.standin.objects.fields import plain, type_in_front
from sarcoma_core.standin.objects.items import Item, ItemKind
from sarcoma_core.standin.objects.tables import ResultSet
from sarcoma_core.standin.objects.types import is_a, kind_of

_UNASKED: Mapping[ItemKind, tuple[str, ...]] = {
    "project": ("ID", "secondary_ID", "name", "description", "pi_firstname", "pi_lastname", "URI"),
    "subject": ("ID", "project", "label", "insert_date", "insert_user", "URI"),
    "experiment": ("ID", "project", "date", "xsiType", "label", "insert_date", "URI"),
    "scan": (
        "xnat_imagescandata_id",
        "ID",
        "type",
        "quality",
        "xsiType",
        "note",
        "series_description",
        "URI",
    ),
    "assessor": ("ID", "project", "date", "xsiType", "label", "insert_date", "session_ID", "URI"),
}
_ALWAYS: Mapping[ItemKind, tuple[str, ...]] = {
    "project": ("ID", "URI"),
    "subject": ("ID", "URI"),
    "experiment": ("ID", "xsiType", "URI"),
    "scan": ("ID", "URI"),
    "assessor": ("ID", "xsiType", "URI"),
}
"""XNAT adds them to the columns that were asked for; clients rely on it."""

_FILTERS = frozenset(
    {
        "date",
        "frames",
        "id",
        "insert_date",
        "insert_user",
        "label",
        "modality",
        "name",
        "note",
        "project",
        "quality",
        "series_description",
        "session_id",
        "session_label",
        "subject_id",
        "subject_label",
        "type",
        "uid",
        "xsitype",
    }
)
"""Query parameters by which a listing is filtered, besides paths with a type in front."""

_SHORT = {"id": "ID", "subject_id": "subject_ID", "project": "project", "label": "label", "date": "date"}
"""Fields of every experiment, which XNAT lists by their shortcut however they were asked for."""


def item_table(
    kind: ItemKind,
    items: Sequence[Item],
    query: Mapping[str, str],
    scans: Callable[[Item], Sequence[Item]] | None = None,
) -> ResultSet:
    """A listing of objects.

    Args:
        kind: what they are.
        items: the objects.
        query: the request's query: `columns`, and fields that have to fit, with `*` as a wildcard.
        scans: gives the scans of a session: a listing with a scan's column has a row for each.

    Returns:
        The columns in the order asked for, then `ID` and `URI` where they were not.
    """
    asked = tuple(dict.fromkeys(c for c in query.get("columns", "").split(",") if c and c != "DEFAULT"))
    columns = asked + tuple(c for c in _ALWAYS[kind] if c not in asked) if asked else _UNASKED[kind]
    filters = {k: v for k, v in query.items() if v and (k.lower() in _FILTERS or type_in_front(k))}
    rows = []
    for item in (item for item in items if _fits(item, filters)):
        joined = kind == "experiment" and scans and any(_is_of_scan(c) for c in columns)
        its_scans = scans(item) if joined and scans else ()
        rows += [tuple(_cell(item, column, scan) for column in columns) for scan in its_scans or (None,)]
    return ResultSet(tuple(_header(column) for column in columns), tuple(rows))


def _header(column: str) -> str:
    """A path comes back in lower case, a shortcut as it was asked for."""
    owner, _, path = column.lower().partition("/")
    if owner in ("xnat:subjectassessordata", "xnat:experimentdata") and path in _SHORT:
        return _SHORT[path]
    return column.lower() if type_in_front(column) else column


def _is_of_scan(column: str) -> bool:
    return kind_of(type_in_front(column)) == "scan"


def _cell(item: Item, column: str, scan: Item | None) -> str:
    if scan and _is_of_scan(column):
        return value(scan, column)
    return value(item, column)


def _fits(item: Item, filters: Mapping[str, str]) -> bool:
    for column, wanted in filters.items():
        if column.lower() == "xsitype":
            if not any(is_a(item.kind, item.xsi_type, each) for each in wanted.split(",")):
                return False
            continue
        patterns = wanted.replace("%", "*").lower().split(",")
        if not any(fnmatchcase(value(item, column).lower(), pattern) for pattern in patterns):
            return False
    return True


def value(item: Item, column: str) -> str:
    """A column's value for an object; empty where it has none."""
    owner = _owner(item, kind_of(type_in_front(column)))
    if owner is None:
        return ""
    path = plain(owner.kind, column)
    held = {plain(owner.kind, name): text for name, text in owner.values.items()}
    return held[path] if path in held else _derived(owner, path)


def _owner(item: Item, kind: ItemKind | None) -> Item | None:
    """The object that a column is about: the one listed, or one that it belongs to."""
    if kind in (None, item.kind) or (kind, item.kind) == ("experiment", "assessor"):
        return item
    owner = item.above
    while owner is not None and owner.kind != kind:
        owner = owner.above
    return owner


def _derived(item: Item, path: str) -> str:
    """What XNAT knows of an object that is no field of it."""
    above = item.above
    subject = _owner(item, "subject") if item.kind != "project" else None
    session = above if item.kind in ("scan", "assessor") else item if item.kind == "experiment" else None
    known = {
        "uri": item.uri,
        "xsitype": item.xsi_type,
        "id": item.id,
        "label": item.label,
        "subject_id": subject.id if subject else "",
        "subjectid": subject.id if subject else "",
        "subject_label": subject.label if subject else "",
        "subject_project": item.project if subject else "",
        "session_id": session.id if session else "",
        "session_label": session.label if session else "",
        "session_type": session.xsi_type if session else "",
        "xnat_imagescandata_id": item.id if item.kind == "scan" else "",
        "insert_date": timestamp(item.made),
        "last_modified": timestamp(item.made),
        "insert_user": item.by,
        "handedness": "",
    }
    return known.get(path, "")


def timestamp(made: str) -> str:
    """A time as XNAT lists it: `2026-11-21 14:23:05.123`."""
    if not made:
        return ""
    return datetime.fromisoformat(made).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
