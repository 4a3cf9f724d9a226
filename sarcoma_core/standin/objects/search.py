"""XNAT's search: a query as XML, answered with a table; and the fields that can be searched for."""

import operator
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from http import HTTPStatus

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.access import members
from sarcoma_core.standin.objects.fields import without_type
from sarcoma_core.standin.objects.item_tables import value
from sarcoma_core.standin.objects.items import Item, ItemKind, Items
from sarcoma_core.standin.objects.tables import ResultSet
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.standin.objects.types import SESSION_TYPES, is_a, kind_of

_XDAT = "{http://nrg.wustl.edu/security}"
_LARGEST = 2**20
"""Bytes of a query."""
_DEEPEST = 20

ELEMENTS = ("xnat:projectData", "xnat:subjectData", *SESSION_TYPES)
_FIELDS: Mapping[ItemKind, tuple[str, ...]] = {
    "project": (
        "ID",
        "NAME",
        "DESCRIPTION",
        "KEYWORDS",
        "PROJECT_ACCESS",
        "PROJECT_OWNERS",
        "PROJ_MR_COUNT",
        "PROJ_CT_COUNT",
        "PROJ_PET_COUNT",
        "PROJ_UT_COUNT",
        "INSERT_DATE",
        "INSERT_USER",
    ),
    "subject": (
        "SUBJECT_ID",
        "SUBJECT_LABEL",
        "PROJECT",
        "GENDER_TEXT",
        "HANDEDNESS_TEXT",
        "DOB",
        "AGE",
        "INSERT_DATE",
        "INSERT_USER",
    ),
    "experiment": (
        "SESSION_ID",
        "LABEL",
        "PROJECT",
        "SUBJECT_ID",
        "SUBJECT_LABEL",
        "DATE",
        "UID",
        "MODALITY",
        "INSERT_DATE",
        "INSERT_USER",
    ),
}
"""What a table of a type shows unasked, by XNAT's names of its display fields."""
_KEYS: Mapping[ItemKind, tuple[str, ...]] = {
    "project": ("id",),
    "subject": ("subjectid", "subject_id", "project"),
    "experiment": ("session_id", "project", "subject_id", "xsitype"),
}
"""Columns that XNAT adds, by which clients find the objects again."""

_COMPARED: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def elements(items: Items, readable: Callable[[Item], bool]) -> ResultSet:
    """The types that can be searched for, and how many of each the user may see."""
    counts = {name: sum(map(readable, _all(items, name))) for name in ELEMENTS}
    rows = tuple((name, _word(name), f"{_word(name)}s", "true", str(counts[name])) for name in ELEMENTS)
    return ResultSet(("ELEMENT_NAME", "SINGULAR", "PLURAL", "SECURED", "COUNT"), rows)


def element(xsi_type: str) -> ResultSet:
    """The fields of a type.

    Raises:
        Refusal: 404, it is none that can be searched for.
    """
    kind = _kind(xsi_type)
    rows = tuple((f"{xsi_type}.{name}", name, name, "string", "1") for name in _FIELDS[kind])
    return ResultSet(("ELEMENT_NAME", "FIELD_ID", "HEADER", "TYPE", "SUMMARY"), rows)


def search(tree: Tree, readable: Callable[[Item], bool], query: bytes) -> ResultSet:
    """Answer a query.

    Args:
        tree: the objects.
        readable: whether the user may see an object.
        query: an `xdat:bundle` document.

    Raises:
        Refusal: 400, it is no such document, or compares in an unknown way; 404, its type is not known.
    """
    root = _parsed(query)
    xsi_type = root.findtext(f"{_XDAT}root_element_name", "")
    kind = _kind(xsi_type)
    wanted = [_field(node) for node in root.iter(f"{_XDAT}search_field")] or list(_FIELDS[kind])
    where = root.find(f"{_XDAT}search_where")
    hits = [
        item
        for item in _all(Items(tree), xsi_type)
        if readable(item) and (where is None or _holds(where, item, 0))
    ]
    heads = tuple(dict.fromkeys((*(_head(name) for name in wanted), *_KEYS[kind])))
    paths = {_head(name): name for name in (*_KEYS[kind], *wanted)}
    return ResultSet(heads, tuple(tuple(_value(tree, item, paths[head]) for head in heads) for item in hits))


def _word(xsi_type: str) -> str:
    return xsi_type.partition(":")[2].removesuffix("Data")


def _kind(xsi_type: str) -> ItemKind:
    kind = kind_of(xsi_type)
    if kind is None or kind not in _FIELDS:
        raise Refusal(404, f"No searchable element {xsi_type[:100]!r}.")
    return kind


def _all(items: Items, xsi_type: str) -> Sequence[Item]:
    """Every object of a type."""
    kind = _kind(xsi_type)
    projects = items.projects()
    if kind == "project":
        return projects
    show = items.subjects if kind == "subject" else items.experiments
    every = [item for project in projects for item in show(project.id)]
    return [item for item in every if is_a(kind, item.xsi_type, xsi_type)]


def _parsed(query: bytes) -> ET.Element:
    if len(query) > _LARGEST:
        raise Refusal(HTTPStatus.BAD_REQUEST, "A query must be an XML document of at most 1 MiB.")
    parser = ET.XMLParser(target=_WithoutDoctype())  # noqa: S314  no entity is ever declared
    try:
        parser.feed(query)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):  # an unknown encoding is a LookupError
        raise Refusal(HTTPStatus.BAD_REQUEST, "A query must be an XML document.") from None
    return root


class _WithoutDoctype(ET.TreeBuilder):
    """Refuses a doctype as soon as it begins, whatever its encoding: a query needs none."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        del name, pubid, system
        raise Refusal(HTTPStatus.BAD_REQUEST, "A query must be an XML document without a doctype.")


def _field(node: ET.Element) -> str:
    owner = node.findtext(f"{_XDAT}element_name", "")
    field = node.findtext(f"{_XDAT}field_ID", "")
    return field if ":" in field.partition("/")[0] else f"{owner}/{field}"


def _head(path: str) -> str:
    """A column's name: the field's, in lower case."""
    return without_type(path).rsplit("/", 1)[-1].lower()


def _holds(node: ET.Element, item: Item, depth: int) -> bool:
    """Whether a set of criteria holds for an object."""
    if depth > _DEEPEST:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"A query must be at most {_DEEPEST} sets deep.")
    held = [_criterion(child, item) for child in node.findall(f"{_XDAT}criteria")]
    held += [_holds(child, item, depth + 1) for child in node.findall(f"{_XDAT}child_set")]
    if not held:
        return True
    return any(held) if node.get("method", "AND").upper() == "OR" else all(held)


def _criterion(node: ET.Element, item: Item) -> bool:
    path = node.findtext(f"{_XDAT}schema_field", "")
    how = node.findtext(f"{_XDAT}comparison_type", "=").strip().upper()
    wanted = node.findtext(f"{_XDAT}value", "")
    held = value(item, _display(path))
    if how == "LIKE":
        return fnmatchcase(held.lower(), wanted.lower().replace("%", "*"))
    if how in ("IS NULL", "IS NOT NULL"):
        return (held == "") == (how == "IS NULL")
    if how == "IN":
        return held in [each.strip(" '\"") for each in wanted.strip("() ").split(",")]
    if how not in _COMPARED:
        known = ", ".join((*_COMPARED, "LIKE", "IN", "IS NULL", "IS NOT NULL"))
        raise Refusal(HTTPStatus.BAD_REQUEST, f"comparison_type must be one of {known}.")
    try:
        return _COMPARED[how](float(held), float(wanted))
    except ValueError:
        return _COMPARED[how](held, wanted)


def _display(path: str) -> str:
    """A display field's path: XNAT shows `gender` under the name GENDER_TEXT."""
    return path.removesuffix("_TEXT").removesuffix("_text")


def _value(tree: Tree, item: Item, path: str) -> str:
    if item.kind == "project" and (shown := _of_project(tree, item, _head(path))) is not None:
        return shown
    return value(item, _display(path))


def _of_project(tree: Tree, item: Item, name: str) -> str | None:
    """What a table of projects shows that is no field of one."""
    if name == "project_access":
        return item.values.get("accessibility", "private")
    if name == "project_owners":
        owners = members(tree.documents, item.id).items()
        return " <br/> ".join(login for login, group in owners if group == "Owners")
    if name.startswith("proj_") and name.endswith("_count"):
        wanted = f"xnat:{name.removeprefix('proj_').removesuffix('_count')}SessionData"
        count = sum(session.xsi_type == wanted for session in tree.sessions(item.id))
        return str(count) if count else ""
    return None
