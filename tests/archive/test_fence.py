"""What is wrong in one file rejects that file at most, whatever attribute it is and whatever form it has."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag

from sarcoma_core.archive.importing import FileFate, import_folder, log_path
from sarcoma_core.archive.store import Archive
from tests.recording import KINDS, numbered, read_by_convert, read_by_import
from tests.wrong_forms import (
    FORMS,
    MARKER,
    Element,
    Elements,
    Place,
    as_unknown,
    damaged,
    encode,
    faults_of,
    find,
    name,
    parse,
    place_of,
    put,
)

ATTRIBUTES = [
    pytest.param(kind, place, id=f"{kind}-{name(place)}")
    for kind in KINDS
    for place in sorted(read_by_import(kind))
]
REFERENCES = [
    place_of("ReferencedSeriesSequence"),
    place_of("ReferencedFrameOfReferenceSequence"),
    place_of("ReferencedFrameOfReferenceSequence.RTReferencedStudySequence"),
    place_of("ReferencedFrameOfReferenceSequence.RTReferencedStudySequence.RTReferencedSeriesSequence"),
    place_of("CurrentRequestedProcedureEvidenceSequence"),
    place_of("CurrentRequestedProcedureEvidenceSequence.ReferencedSeriesSequence"),
]
PADDING: Elements = {0x00081155: Element("UI", b"1.2.826.0.1.3680043.8.498.5555\0")}
"""ReferencedSOPInstanceUID, of which enough make a sequence of more than 64 kB."""


@pytest.mark.parametrize(
    ("kind", "keywords"),
    [
        ("MR", "Rows"),
        ("MR", "ImagePositionPatient"),
        ("MR", "TransferSyntaxUID"),
        ("MR", "SeriesInstanceUID"),
        ("enhanced MR", "SharedFunctionalGroupsSequence"),
        ("enhanced MR", "SharedFunctionalGroupsSequence.PixelMeasuresSequence.PixelSpacing"),
        ("enhanced MR", "PerFrameFunctionalGroupsSequence.PlanePositionSequence.ImagePositionPatient"),
    ],
)
def test_the_recorder_notes_what_is_known_to_be_read(kind: str, keywords: str) -> None:
    assert place_of(keywords) in read_by_convert(kind)


def test_the_recorder_notes_private_attributes() -> None:
    assert {(0x0021_104F,), (0x2001_1018,)} <= read_by_convert("MR")
    assert (0x0029_1010,) in read_by_convert("mosaic")


def test_the_recorder_notes_what_a_contour_is_about() -> None:
    series = (*REFERENCES[3], *place_of("SeriesInstanceUID"))
    assert {*REFERENCES, series} <= read_by_import("contours")


def test_every_sequence_that_is_read_is_there_to_be_read_in_some_object() -> None:
    """Else what is in its items would be missing from the list of what is read."""
    asked = {place[-1] for kind in KINDS for place in read_by_import(kind) | read_by_convert(kind)}
    there = {tag for kind in KINDS.values() for tag in sequences(parse(kind.files[0]).data)}
    assert {tag for tag in asked if not tag >> 16 & 1 and dictionary_VR(tag) == "SQ"} <= there


def sequences(elements: Elements) -> Iterator[int]:
    """The tags of sequences that have items, those within items included."""
    for tag, element in elements.items():
        if isinstance(element.value, list) and element.value:
            yield tag
            for item in element.value:
                yield from sequences(item)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_nothing_was_done_to_is_the_same_bytes(kind: str) -> None:
    for file in KINDS[kind].files:
        assert encode(parse(file)) == file


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "keywords", ["Rows", "PixelSpacing", "KVP", "ReferencedSeriesSequence.SeriesInstanceUID"]
)
def test_a_wrong_form_is_what_a_reader_finds(form: str, keywords: str, tmp_path: Path) -> None:
    place = place_of(keywords)
    content = damaged(KINDS["contours" if len(place) > 1 else "MR"].files[0], place, form)
    element = find(parse(content), place)
    assert element is not None
    path = tmp_path / "1.dcm"
    path.write_bytes(content)
    holder = pydicom.dcmread(path)
    for tag in place[:-1]:
        holder = holder[tag].value[-1]
    found = holder.get_item(Tag(place[-1]))
    assert isinstance(found, RawDataElement | DataElement)
    assert element.vr == found.VR
    if isinstance(element.value, bytes):
        assert (found.value or b"") == element.value
    else:
        assert len(holder[place[-1]].value) == len(element.value)


def test_the_forms_are_sixteen_and_each_is_another() -> None:
    good = Element("DS", b"1.5\\1.25")
    assert len(FORMS) == 16
    assert len({str(make(good)) for make in FORMS.values()}) == 16


@pytest.mark.parametrize(("kind", "place"), ATTRIBUTES)
def test_an_attribute_in_a_wrong_form_stops_no_other_file(kind: str, place: Place, tmp_path: Path) -> None:
    hurt = KINDS[kind].hurt[0]
    assert_fenced({form: damaged(KINDS[kind].files[hurt], place, form) for form in FORMS}, tmp_path)


def assert_fenced(files: Mapping[str, bytes], folder: Path) -> dict[str, FileFate]:
    """Import files with damage and a good series of their study; what is wrong is told of all of them."""
    source = folder / "source"
    source.mkdir(parents=True)
    for number, (title, content) in enumerate(files.items(), start=2):
        (source / title).write_bytes(numbered(content, number))
    good = KINDS["MR"].files
    for number, content in enumerate(good):
        (source / f"good {number}").write_bytes(numbered(content, 1))
    archive = Archive(folder / "archive")
    report = import_folder(archive, "P", source)
    assert len(report.files) == len(files) + len(good)
    told = {fate.path: fate for fate in report.files}
    assert {told.pop(f"good {number}").fate for number in range(len(good))} == {"imported"}
    uid = pydicom.dcmread(source / "good 0").SeriesInstanceUID
    scans = [scan for session in archive.sessions("P") for scan in session.scans if scan.uid == uid]
    assert [scan.frames for scan in scans] == [len(good)]
    rejected = {title: fate.reason for title, fate in told.items() if fate.fate == "rejected"}
    assert {title: faults for title, reason in rejected.items() if (faults := faults_of(reason))} == {}
    assert MARKER not in log_path(archive, "P").read_text()
    return told


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.113619.5.2",  # GE's private Implicit VR Big Endian
        "1.3.46.670589.33.1.4.1",  # a private one of Philips
        "1.2.840.10008.1.2.4.999",  # the standard has none of this number
        "1.2.840.10008.5.1.4.1.1.4",  # a UID, but one of a SOP class
        MARKER,
        "",
    ],
)
def test_a_transfer_syntax_that_nobody_knows_rejects_its_file_at_most(uid: str, tmp_path: Path) -> None:
    value = uid.encode() + b"\0" * (len(uid) % 2)
    file = put(KINDS["MR"].files[0], place_of("TransferSyntaxUID"), Element("UI", value))
    assert_fenced({"hurt": file}, tmp_path)


@pytest.mark.parametrize("place", REFERENCES, ids=name)
@pytest.mark.parametrize("items", [[{}], [{}, {}], [PADDING]], ids=["one empty item", "two", "no series"])
def test_a_reference_without_the_uid_of_a_series_costs_no_file(
    place: Place, items: list[Elements], tmp_path: Path
) -> None:
    file = put(KINDS["contours"].files[0], place, Element("SQ", items))
    told = assert_fenced({"hurt": file}, tmp_path)
    assert told["hurt"].fate == "imported", told["hurt"].reason


@pytest.mark.parametrize("place", REFERENCES, ids=name)
@pytest.mark.parametrize("size", [0, 70_000], ids=["small", "over 64 kB"])
def test_references_as_un_stop_no_other_file(place: Place, size: int, tmp_path: Path) -> None:
    """PS3.5, 6.2.2, note 3: a sequence as UN is in Implicit VR Little Endian, and is what it was."""
    good = find(parse(KINDS["contours"].files[0]), place)
    assert good is not None
    assert isinstance(good.value, list)
    longer = Element("SQ", [*good.value, *[PADDING] * (size // 40)])
    unknown = as_unknown(longer)
    assert len(unknown.value) > size
    assert_fenced({"hurt": put(KINDS["contours"].files[0], place, unknown)}, tmp_path)


@pytest.mark.parametrize("place", REFERENCES, ids=name)
@pytest.mark.parametrize("vr", ["SQ", "UN", "OB"])
def test_sequences_of_4_bytes_stop_no_other_file(place: Place, vr: str, tmp_path: Path) -> None:
    file = put(KINDS["contours"].files[0], place, Element(vr, b"\1\2\3\4"))
    assert_fenced({"hurt": file}, tmp_path)


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated", "SamplesPerPixel"])
@pytest.mark.parametrize("form", ["text", "two values", "OB", "FD", "SQ with an item", "UN of 70 kB"])
def test_the_size_of_the_pixels_in_a_wrong_form_names_the_attribute(
    keyword: str, form: str, tmp_path: Path
) -> None:
    told = assert_fenced({"hurt": damaged(KINDS["MR"].files[0], place_of(keyword), form)}, tmp_path)
    if told["hurt"].fate == "rejected":
        assert keyword in told["hurt"].reason or re.match("cut short", told["hurt"].reason)
