"""Names of fields: a shortcut such as `gender`, or a path: `xnat:subjectData/demographics[...]/gender`.

Clients write paths in several ways: with the object's type in front or without, in lower case, and with the
type of a nested element in brackets or without. They all mean one field.
"""

import re
from collections.abc import Mapping

from sarcoma_core.standin.objects.items import ItemKind

_DEMOGRAPHICS = "demographics[@xsi:type=xnat:demographicData]"
SHORTCUTS: Mapping[ItemKind, Mapping[str, str]] = {
    "project": {
        "pi_firstname": "PI/firstname",
        "pi_lastname": "PI/lastname",
        "alias": "aliases/alias",
    },
    "subject": {
        name: f"{_DEMOGRAPHICS}/{name}"
        for name in (
            "gender",
            "handedness",
            "dob",
            "yob",
            "age",
            "education",
            "ses",
            "race",
            "ethnicity",
            "height",
            "weight",
        )
    },
    "experiment": {},
    "scan": {},
    "assessor": {},
}
_TYPE_IN_FRONT = re.compile(r"[A-Za-z]+:[A-Za-z]+/")
_NESTED_TYPE = re.compile(r"\[@xsi:type=[^\]]*\]")


def without_type(name: str) -> str:
    """A field's path below its object: `xnat:subjectData/label` is `label`."""
    return _TYPE_IN_FRONT.sub("", name, count=1) if _TYPE_IN_FRONT.match(name) else name


def type_in_front(name: str) -> str:
    """The type that a path begins with, or nothing."""
    return name.partition("/")[0] if _TYPE_IN_FRONT.match(name) else ""


def full_path(kind: ItemKind, name: str) -> str:
    """A field's path as it is kept: shortcuts written out."""
    path = without_type(name)
    return SHORTCUTS[kind].get(path.lower(), path)


def plain(kind: ItemKind, name: str) -> str:
    """A field's path such that two spellings of one field are equal."""
    return _NESTED_TYPE.sub("", full_path(kind, name)).lower()
