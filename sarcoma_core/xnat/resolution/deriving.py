"""Derived inputs: from an XNAT object to what lies below it, above it, or among its properties.

Which type can be derived from which, and by what a value given at launch is recognised, is the service's own
table; what is not in it derives nothing, which is an error only where the input is required.

Source: Container Service 3.7, ``CommandResolutionServiceImpl.resolveDerivedWrapperInput``,
``matchChildFromParent``, ``getMatcherFromValue``.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.model import DerivedInput
from sarcoma_core.xnat.resolution.matchers import matching, property_text
from sarcoma_core.xnat.resolution.objects import OBJECT_TYPES, XnatObject
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError


class _Below(NamedTuple):
    """A type that is found in a list of its parent, by one of several keys tried in turn."""

    lists: Mapping[str, str]
    keys: tuple[str, ...]


_BELOW: Mapping[str, _Below] = {
    "ProjectAsset": _Below({"Project": "project-assets"}, ("uri", "id", "label", "directory")),
    "Subject": _Below({"Project": "subjects"}, ("uri", "id", "label", "directory")),
    "Session": _Below({"Subject": "sessions"}, ("uri", "id", "label", "directory")),
    "SubjectAssessor": _Below({"Subject": "subject-assessors"}, ("uri", "id", "label", "directory")),
    "Scan": _Below({"Session": "scans"}, ("uri", "id", "directory")),
    "Assessor": _Below({"Session": "assessors"}, ("uri", "id", "label")),
    "Resource": _Below(
        dict.fromkeys(
            ("Project", "ProjectAsset", "Subject", "SubjectAssessor", "Session", "Scan", "Assessor"),
            "resources",
        ),
        ("uri", "id", "label"),
    ),
    "File": _Below({"Resource": "files"}, ("uri",)),
    "File[]": _Below({"Resource": "files"}, ("uri",)),
}
_ABOVE: Mapping[str, tuple[str, ...]] = {
    "Project": ("ProjectAsset", "Session", "Subject", "Scan", "Assessor", "SubjectAssessor"),
    "Subject": ("Session", "SubjectAssessor"),
    "Session": ("Scan", "Assessor"),
    "Scan": ("Resource",),
}


class Derived(NamedTuple):
    """One value of a derived input."""

    text: str | None
    item: XnatObject | None = None


def derive(
    spec: DerivedInput,
    parent: XnatObject,
    parent_type: str,
    *,
    matcher: str | None,
    chosen: str | None,
    root: XnatObject,
) -> tuple[Derived, ...]:
    """The values of a derived input.

    Args:
        spec: its declaration.
        parent: the object that it is derived from.
        parent_type: the declared type of the input behind `parent`.
        matcher: its matcher, keys replaced.
        chosen: the value given at launch, or the default: a URI, id, label or folder, or a list of them.
        root: the object of the launch, through which what lies above is found.

    Raises:
        NotEvaluatedError: the matcher cannot be evaluated here, or what lies above is not known.
    """
    if spec.type == "string":
        return _property(spec, parent, parent_type, matcher)
    if spec.type == "Directory":
        return _folder(parent, parent_type, matcher)
    objects: tuple[XnatObject, ...] = ()
    below = _BELOW.get(spec.type)
    if below and parent_type in below.lists:
        candidates = parent.below.get(below.lists[parent_type], ())
        objects = _children(parent, candidates, below.keys, _Wanted(matcher, chosen, multiple=spec.multiple))
    elif parent_type in _ABOVE.get(spec.type, ()):
        objects = (_above(spec.type, parent, root),)
    return tuple(Derived(_value(spec, item), item) for item in objects)


def _property(
    spec: DerivedInput, parent: XnatObject, parent_type: str, matcher: str | None
) -> tuple[Derived, ...]:
    # A matcher on a text is a filter that Jayway refuses to apply to a scalar: the service finds nothing.
    if parent_type not in OBJECT_TYPES or not is_blank(matcher):
        return ()
    _refuse_parser(spec)
    text = property_text(parent, _path(spec))
    return () if text is None else (Derived(text),)


def _path(spec: DerivedInput) -> str:
    """The property asked for; without one the service asks for one called `null`, and finds nothing."""
    return spec.derived_from_xnat_object_property or "null"


def _folder(parent: XnatObject, parent_type: str, matcher: str | None) -> tuple[Derived, ...]:
    text = property_text(parent, "directory") if parent_type == "Resource" and is_blank(matcher) else None
    return () if text is None else (Derived(text),)


class _Wanted(NamedTuple):
    """What a child has to be: what the matcher says, and the one that was chosen."""

    matcher: str | None
    chosen: str | None
    multiple: bool

    def predicate(self, key: str) -> str | None:
        """Both as one predicate; the service joins the texts, so a bare `||` in a matcher splits them."""
        parts = [self._choice(key), None if is_blank(self.matcher) else self.matcher]
        return " && ".join(part for part in parts if part) or None

    def _choice(self, key: str) -> str | None:
        if self.chosen is None or is_blank(self.chosen):
            return None
        return (
            f"@.{key} in {self.chosen}"
            if self.multiple and _is_list(self.chosen)
            else f"@.{key} == '{self.chosen}'"
        )


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _children(
    parent: XnatObject, candidates: tuple[XnatObject, ...], keys: tuple[str, ...], wanted: _Wanted
) -> tuple[XnatObject, ...]:
    for key in keys:
        predicate = wanted.predicate(key)
        children = candidates if predicate is None else matching(candidates, predicate, root=parent)
        if children:
            return children
    return ()


def _above(kind: str, parent: XnatObject, root: XnatObject) -> XnatObject:
    """What `parent` belongs to; a matcher is not asked here."""
    for item in root.lineage(parent):
        if item.type == kind:
            return item
    raise NotEvaluatedError(
        f"archive object: its {kind} must be known to derive it; it is not known offline.",
        hint="Launch on an object of the archive, not on a single object's JSON.",
    )


def _value(spec: DerivedInput, item: XnatObject) -> str | None:
    """An object's value: its URI, or the property that the input asks for."""
    if is_blank(spec.derived_from_xnat_object_property):
        return item.uri
    _refuse_parser(spec)
    return property_text(item, _path(spec))


def _refuse_parser(spec: DerivedInput) -> None:
    if not is_blank(spec.parser):
        raise NotEvaluatedError(
            "parser: an XPath or a regular expression of Java's is not evaluated offline."
        )
