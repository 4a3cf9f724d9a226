"""One object as XNAT's JSON: its own fields, and nested elements as children.

`demographics[@xsi:type=xnat:demographicData]/gender` is the field `gender` of a child `demographics` of that
type; `fields/field[name=grade]/field` is one of the children `fields/field`, the one whose `name` is `grade`.
"""

import re
from datetime import datetime
from typing import Any, NamedTuple

from sarcoma_core.standin.objects.items import Item

_PART = re.compile(r"(?P<name>[^/\[\]]+)(?:\[(?P<key>[^=\]]*)=?(?P<value>[^\]]*)\])?")


class Nested(NamedTuple):
    """A field's path taken apart at its first bracket.

    Args:
        child: path of the nested element; empty for a field of the object itself.
        key: what tells it from others of its path: a field's name, `@xsi:type`, or a number.
        value: that key's value.
        rest: the field's path in it.
    """

    child: str
    key: str
    value: str
    rest: str


def taken_apart(path: str) -> Nested:
    """Take a field's path apart at its first bracket."""
    before: list[str] = []
    parts = re.findall(r"[^/\[]+(?:\[[^\]]*\])?", path)
    for index, part in enumerate(parts):
        match = _PART.fullmatch(part)
        if match is None or match["key"] is None:
            before.append(part)
            continue
        child = "/".join((*before, match["name"]))
        key, value = match["key"], match["value"]
        return Nested(child, key if value else "", value or key, "/".join(parts[index + 1 :]))
    return Nested("", "", "", path)


def object_json(item: Item) -> dict[str, Any]:
    """An object as `{"items": [...]}`."""
    own: dict[str, str] = {}
    children: dict[str, dict[str, dict[str, Any]]] = {}
    for path, text in item.values.items():
        nested = taken_apart(path)
        if not nested.child:
            own[path] = text
            continue
        element = children.setdefault(nested.child, {}).setdefault(nested.value, _child(item, nested))
        element["data_fields"][nested.rest or nested.child.rsplit("/", 1)[-1]] = text
    listed = [{"field": path, "items": list(items.values())} for path, items in children.items()]
    return {"items": [{"children": listed, "meta": _meta(item, item.xsi_type), "data_fields": own}]}


def _child(item: Item, nested: Nested) -> dict[str, Any]:
    """An empty nested element."""
    typed = nested.key == "@xsi:type"
    xsi_type = nested.value if typed else f"{item.xsi_type}_{nested.child.rsplit('/', 1)[-1]}"
    named = {nested.key: nested.value} if nested.key and not typed else {}
    return {"children": [], "meta": _meta(item, xsi_type), "data_fields": dict(named)}


def _meta(item: Item, xsi_type: str) -> dict[str, Any]:
    """What XNAT says of an element; clients parse the date, so one that is not known is left out."""
    started = {}
    if item.made:
        made = datetime.fromisoformat(item.made)
        started = {"start_date": made.strftime("%a %b %d %H:%M:%S UTC %Y")}
    return {"create_event_id": 0, "xsi:type": xsi_type, "isHistory": False, **started}
