"""One object as an XNAT document: what a GET without a format answers."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from sarcoma_core.standin.objects.items import Item
from sarcoma_core.standin.objects.object_json import taken_apart

NAMESPACES = {
    "xnat": "http://nrg.wustl.edu/xnat",
    "xdat": "http://nrg.wustl.edu/xdat",
    "icr": "http://icr.ac.uk/icr",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_ATTRIBUTES = ("ID", "label", "project", "type", "UID", "secondary_ID")
"""Fields that are attributes in xnat.xsd; the others are elements."""
_MODALITY = re.compile(r"(petmr|mr|pet|ct|us|cr|dx|sm|qc)(?=[A-Z])")


def object_xml(item: Item, children: Iterable[Item] = ()) -> bytes:
    """An object as XML.

    Args:
        item: the object.
        children: a session's scans, or a subject's sessions.
    """
    for prefix, uri in NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(_root_tag(item.xsi_type))
    _fill(root, item)
    lists: dict[str, ET.Element] = {}
    for child in children:
        plural = f"{child.kind}s"
        if plural not in lists:
            lists[plural] = ET.SubElement(root, _tag("xnat", plural))
        element = ET.SubElement(lists[plural], _tag("xnat", child.kind))
        element.set(_tag("xsi", "type"), child.xsi_type)
        _fill(element, child)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root) + b"\n"


def _root_tag(xsi_type: str) -> str:
    """The element of a type: an `xnat:mrSessionData` is an `xnat:MRSession`."""
    prefix, _, word = xsi_type.partition(":")
    name = _MODALITY.sub(lambda match: match[0].upper(), word.removesuffix("Data"), count=1)
    return _tag(prefix, name[0].upper() + name[1:])


def _fill(root: ET.Element, item: Item) -> None:
    for path, text in item.values.items():
        if path in _ATTRIBUTES:
            root.set(path, text)
            continue
        nested = taken_apart(path)
        if not nested.child:
            _below(root, path).text = text
            continue
        element = _keyed(root, nested.child, nested.key, nested.value)
        if nested.rest in ("", nested.child.rsplit("/", 1)[-1]):
            element.text = text
        else:
            _below(element, nested.rest).text = text


def _keyed(root: ET.Element, path: str, key: str, value: str) -> ET.Element:
    """The nested element of a path and key: the one that is there, or a new one."""
    *before, name = path.split("/")
    parent = _below(root, "/".join(before)) if before else root
    attribute = _tag("xsi", "type") if key == "@xsi:type" else key
    for element in parent.findall(_tag("xnat", name)) if key else ():
        if element.get(attribute) == value:
            return element
    element = ET.SubElement(parent, _tag("xnat", name))
    if key:
        element.set(attribute, value)
    return element


def _below(root: ET.Element, path: str) -> ET.Element:
    """The element of a path, made where it is not there."""
    for name in path.split("/"):
        tag = _tag("xnat", re.sub(r"\[.*?\]", "", name))
        element = root.find(tag)
        root = ET.SubElement(root, tag) if element is None else element
    return root


def _tag(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES.get(prefix, NAMESPACES['xnat'])}}}{name}"
