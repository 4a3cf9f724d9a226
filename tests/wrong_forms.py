"""DICOM attributes in forms that they must not have, written into files byte by byte.

A file is read and written here as Explicit VR Little Endian (PS3.5, 7.1.2, 7.5 and A.2), without pydicom's
help, so that a form goes to the disk as it is meant, and what reads the file goes through its own parser.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

MARKER = "DOE^SECRET"
"""Stands for a patient's name; no reason may repeat it."""
_PYTHONS_WORDS = re.compile(
    r"Traceback|NoneType|has no attribute|object is not|list index|out of range|unpack|invalid literal|"
    r"could not convert|float\(\)|int\(\)|codec|\.dcm|/tmp"
)
"""What is in the text of an exception, and a file's name."""
_NAME_OF_AN_EXCEPTION = re.compile(r"\w+(Error|Exception)\b")
Place = tuple[int, ...]
"""The sequences that lead to an attribute, and its own tag; a tag of group 0002 is one of the file meta."""
Elements = dict[int, "Element"]


class Element(NamedTuple):
    """A VR and a value: bytes, or the items of a sequence."""

    vr: str
    value: bytes | list[Elements]


class File(NamedTuple):
    """The file meta and the data set."""

    meta: Elements
    data: Elements


_LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
"""VRs that have a length of 32 bits (PS3.5, 7.1.2)."""
_TEXTS = {
    *["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"]
}
_WIDTHS = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2}
_ITEM, _ITEM_END, _END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_PREAMBLE = bytes(128) + b"DICM"
_GROUP_LENGTH = 0x00020000


def parse(content: bytes) -> File:
    """Read a file in Explicit VR Little Endian."""
    assert content.startswith(_PREAMBLE)
    meta: Elements = {}
    data: Elements = {}
    for tag, element in _elements(_Bytes(content[len(_PREAMBLE) :])):
        (meta if tag >> 16 == 2 else data)[tag] = element
    return File(meta, data)


def encode(file: File) -> bytes:
    """Write a file; the group length of the file meta is that which it has."""
    meta = {tag: element for tag, element in file.meta.items() if tag != _GROUP_LENGTH}
    group = _encoded(meta)
    length = Element("UL", struct.pack("<I", len(group)))
    if (own := file.meta.get(_GROUP_LENGTH, length)).vr != "UL" or len(own.value) != 4:
        length = own
    return _PREAMBLE + _encoded({_GROUP_LENGTH: length}) + group + _encoded(file.data)


def find(file: File, place: Place) -> Element | None:
    """The attribute at a place, of the last item of every sequence; None where it is absent."""
    holder = _holder(file, place)
    return None if holder is None else holder.get(place[-1])


def put(content: bytes, place: Place, element: Element) -> bytes:
    """The same file with an attribute at a place, in the last item of every sequence that leads there."""
    file = parse(content)
    holder = _holder(file, place)
    assert holder is not None, "the sequences that lead there must be in the file"
    holder[place[-1]] = element
    return encode(file)


def damaged(content: bytes, place: Place, form: str) -> bytes:
    """The same file with the attribute at a place in a wrong form."""
    good = find(parse(content), place) or Element(_dictionary_vr(place[-1]), b"")
    return put(content, place, FORMS[form](good))


def name(place: Place) -> str:
    """How a person calls a place: the keywords, or the tags of private attributes."""
    return ".".join(keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in place)


def faults_of(reason: str) -> list[str]:
    """What a reason must not be: none, a patient's value, an exception's words or its name alone."""
    words = set(re.findall(r"\w+", reason))
    faults = {
        "there is no reason": not reason.strip(),
        "a patient's value": MARKER in reason,
        "the words of an exception": _PYTHONS_WORDS.search(reason),
        "an exception, and no attribute": _NAME_OF_AN_EXCEPTION.search(reason)
        and not any(tag_for_keyword(word) for word in words)
        and not re.search(r"\([0-9A-F]{4},[0-9A-F]{4}\)|CSA", reason),
    }
    return [f"{fault}: {reason}" for fault, found in faults.items() if found]


def place_of(keywords: str) -> Place:
    """The place of standard attributes, keywords with dots between."""
    tags = [tag_for_keyword(keyword) for keyword in keywords.split(".")]
    assert None not in tags, keywords
    return tuple(int(tag) for tag in tags if tag is not None)


def as_item(elements: Elements, *, implicit: bool) -> bytes:
    """An encoded item of a sequence."""
    content = _encoded(elements, implicit=implicit)
    return _tag(_ITEM) + struct.pack("<I", len(content)) + content


def as_unknown(element: Element) -> Element:
    """A sequence as UN of defined length: its items in Implicit VR Little Endian (PS3.5, 6.2.2, note 3)."""
    assert isinstance(element.value, list)
    return Element("UN", b"".join(as_item(item, implicit=True) for item in element.value))


def _holder(file: File, place: Place) -> Elements | None:
    holder = file.meta if place[0] >> 16 == 2 else file.data
    for tag in place[:-1]:
        element = holder.get(tag)
        if element is None or not isinstance(element.value, list) or not element.value:
            return None
        holder = element.value[-1]
    return holder


def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag).partition(" or ")[0]
    except KeyError:  # a private attribute
        return "LO"


def _own_text(good: Element) -> str:
    """Its own VR where that is one of texts."""
    return good.vr if good.vr in _TEXTS else "LO"


def _even(content: bytes) -> bytes:
    return content + b" " * (len(content) % 2)


def _twice(good: Element) -> Element:
    """Two values in its own VR: the first two, or the only one twice."""
    if isinstance(good.value, list) or good.vr == "SQ":
        return Element("SQ", [{}, {}])
    if (width := _WIDTHS.get(good.vr)) is not None:
        values = [good.value[i : i + width] for i in range(0, len(good.value), width)] or [
            b"\1" + bytes(width - 1)
        ]
        return Element(good.vr, b"".join((values * 2)[:2]))
    if good.vr not in _TEXTS:
        return Element(good.vr, good.value * 2 or bytes(4))
    stand_in = {"UI": b"1.2.3", "DS": b"1", "IS": b"1", "DA": b"20210305"}.get(good.vr, MARKER.encode())
    texts = (good.value.strip(b" \0") or stand_in).split(b"\\")
    return Element(good.vr, _even(b"\\".join((texts * 2)[:2])))


_FOREIGN_ITEM: Elements = {0x00080104: Element("LO", MARKER.encode())}
"""CodeMeaning, which no sequence that is read here has."""

FORMS: Mapping[str, Callable[[Element], Element]] = {
    "text": lambda good: Element(_own_text(good), MARKER.encode()),
    "two values": _twice,
    "empty": lambda good: Element(good.vr, b""),
    "UN of 4 bytes": lambda _: Element("UN", b"\1\2\3\4"),
    "UN of 70 kB": lambda _: Element("UN", MARKER.encode() * 7000),
    "SQ with an item": lambda _: Element("SQ", [_FOREIGN_ITEM]),
    "empty SQ": lambda _: Element("SQ", []),
    "UN holding an item": lambda _: as_unknown(Element("SQ", [_FOREIGN_ITEM])),
    "OB": lambda _: Element("OB", b"\xff\0\x7f\1"),
    "IS 1.5": lambda _: Element("IS", b"1.5 "),
    "IS 0": lambda _: Element("IS", b"0 "),
    "DS with a comma": lambda _: Element("DS", b"1,5 "),
    "FD": lambda _: Element("FD", struct.pack("<d", 1.5)),
    "US": lambda _: Element("US", struct.pack("<H", 3)),
    "AT": lambda _: Element("AT", struct.pack("<HH", 0x0028, 0x0010)),
    "text that is not ASCII": lambda good: Element(_own_text(good), MARKER.encode() + "ÄÖ".encode("latin-1")),
}
"""From the good element to the wrong one."""


class _Bytes:
    """Reads on from a place."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, count: int) -> bytes:
        taken = self.content[self.at : self.at + count]
        assert len(taken) == count, "cut short"
        self.at += count
        return taken

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    @property
    def ended(self) -> bool:
        return self.at == len(self.content)


def _elements(stream: _Bytes) -> Iterator[tuple[int, Element]]:
    while not stream.ended:
        group, number = stream.numbers("HH")
        tag = group << 16 | number
        if tag == _ITEM_END:
            stream.take(4)
            return
        vr = stream.take(2).decode("ascii")
        length = stream.numbers("xxI" if vr in _LONG else "H")[0]
        if vr == "SQ":
            yield tag, Element(vr, list(_items(stream, length)))
        else:
            yield tag, Element(vr, stream.take(length))


def _items(stream: _Bytes, length: int) -> Iterator[Elements]:
    end = None if length == _UNDEFINED else stream.at + length
    while stream.at != end:
        group, number, size = stream.numbers("HHI")
        if group << 16 | number == _END:
            return
        assert group << 16 | number == _ITEM
        yield dict(_elements(stream if size == _UNDEFINED else _Bytes(stream.take(size))))


def _encoded(elements: Elements, *, implicit: bool = False) -> bytes:
    return b"".join(_one(tag, elements[tag], implicit=implicit) for tag in sorted(elements))


def _one(tag: int, element: Element, *, implicit: bool) -> bytes:
    value = element.value
    if isinstance(value, list):
        value = b"".join(as_item(item, implicit=implicit) for item in value)
    if implicit:
        return _tag(tag) + struct.pack("<I", len(value)) + value
    form = "<2sxxI" if element.vr in _LONG else "<2sH"
    return _tag(tag) + struct.pack(form, element.vr.encode("ascii"), len(value)) + value


def _tag(tag: int) -> bytes:
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)
