"""A DICOM header as XNAT's dump service lists it: a row for each element, a sequence's below its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.errors import InvalidDicomError
from pydicom.tag import BaseTag, Tag

from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.errors import DicomError
from sarcoma_core.standin.answers import Refusal

_LONGEST = 256
"""Characters of a value that are shown."""
_BINARY = ("OB", "OW", "OF", "OD", "OL", "OV", "UN")


class DicomHeaderRow(NamedTuple):
    """One element: its tag, that of a sequence's element in `tag2`, its VR, value and name."""

    tag1: str
    tag2: str
    vr: str
    value: str
    desc: str


def dump(path: Path, fields: Sequence[str] = ()) -> tuple[DicomHeaderRow, ...]:
    """List the header of a file, without its pixels.

    Args:
        path: the file.
        fields: keywords, or tags as GGGGEEEE, to which the list is limited.

    Raises:
        Refusal: 400, a field is no DICOM element; 500, the file cannot be read.
    """
    wanted = {_tag(field) for field in fields}
    with reading_quietly():
        try:
            with path.open("rb") as stream:
                require_no_bomb(stream)
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            rows = tuple(_rows(dataset.file_meta)) + tuple(_rows(dataset))
        except (DicomError, InvalidDicomError, OSError, ValueError, EOFError, RecursionError):
            raise Refusal(500, "The DICOM file cannot be read.") from None
    return tuple(row for tag, row in rows if not wanted or tag in wanted)


def _tag(field: str) -> BaseTag:
    try:
        return Tag(tag_for_keyword(field) or int(field, 16))
    except (ValueError, OverflowError):
        raise Refusal(400, "field: must be a DICOM keyword or a tag as GGGGEEEE.") from None


def _rows(dataset: pydicom.Dataset) -> Iterator[tuple[BaseTag, DicomHeaderRow]]:
    for element in dataset:
        yield element.tag, _row(element)
        if element.VR == "SQ":
            for item in element.value:
                for inner in item:
                    yield element.tag, _row(inner, above=str(element.tag))


def _row(element: pydicom.DataElement, above: str = "") -> DicomHeaderRow:
    tag = str(element.tag).replace(", ", ",")
    if element.VR == "SQ":
        value = ""
    elif element.VR in _BINARY:
        value = f"{len(element.value or b'')} bytes"
    else:
        value = str("" if element.value is None else element.value)[:_LONGEST]
    own = (above.replace(", ", ","), tag) if above else (tag, "")
    return DicomHeaderRow(*own, str(element.VR), value, element.name)
