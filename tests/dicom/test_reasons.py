"""What cannot be used is told by a true reason."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from tests.dicom.fault_maker import (
    convert_one,
    holding,
    in_series,
    no_image,
    some,
    without,
)
from tests.dicom.series_maker import Stack, new_uid, save

STACK = Stack()
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
PHILIPS_PRIVATE = "1.3.46.670589.11.0.0.12.2"
SIEMENS_NON_IMAGE = "1.3.12.2.1107.5.9.1"
UNKNOWN_PRIVATE = "1.2.276.0.7230010.3.1.0.99"


# -- reasons


@pytest.mark.parametrize(
    "change", [without("SliceThickness"), holding(SliceThickness=None)], ids=["absent", "empty"]
)
def test_a_thickness_that_is_absent_is_not_told_as_0(
    change: Callable[[Dataset], None], tmp_path: Path
) -> None:
    outcome = convert_one(tmp_path, some(Stack(slices=2).datasets(), range(2), change))

    assert "0.0" not in outcome.reason
    if outcome.status != "done":
        assert re.search("SliceThickness is absent|no SliceThickness", outcome.reason)


@pytest.mark.parametrize("sop_class", [UNKNOWN_PRIVATE, PHILIPS_PRIVATE, "1.2.840.10008.5.1.4.1.1.999"])
def test_a_sop_class_without_a_name_is_told_by_its_uid(sop_class: str, tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, [no_image(sop_class, "MR", STACK.datasets()[0])])

    assert (outcome.status, outcome.files) == ("set apart", ())
    assert sop_class in outcome.reason


@pytest.mark.parametrize("change", [without("SOPClassUID"), holding(SOPClassUID="")], ids=["absent", "empty"])
def test_a_sop_class_that_is_absent_is_told_so(change: Callable[[Dataset], None], tmp_path: Path) -> None:
    folder = tmp_path / "session" / "SCANS" / "3" / "DICOM"
    for path in save(STACK.datasets(), folder):
        dataset = dcmread(path)
        change(dataset)
        if "MediaStorageSOPClassUID" in dataset.file_meta:
            del dataset.file_meta.MediaStorageSOPClassUID
        dataset.save_as(path, enforce_file_format=False)

    outcome = convert_one(tmp_path, [])

    assert outcome.status in ("refused", "set apart")
    assert "  " not in outcome.reason
    assert "SOPClassUID" in outcome.reason


@pytest.mark.parametrize(
    "sop_class", [SIEMENS_NON_IMAGE, PHILIPS_PRIVATE, UNKNOWN_PRIVATE, SPECTROSCOPY, RAW_DATA]
)
@pytest.mark.parametrize(
    "rows", [{}, {"Rows": 64, "Columns": 64, "BitsAllocated": 16}], ids=["no Rows", "Rows"]
)
def test_an_object_without_pixels_that_is_no_image_is_not_told_as_cut_short(
    sop_class: str, rows: dict[str, int], tmp_path: Path
) -> None:
    other = no_image(sop_class, "MR", STACK.datasets()[0], **rows)
    save([other], tmp_path / "export")

    report = import_folder(Archive(tmp_path / "archive"), "P", tmp_path / "export")
    outcome = convert_one(tmp_path, [other])

    assert [file.fate for file in report.files] == ["imported"]
    assert (outcome.status, outcome.files) == ("set apart", ())
    assert "cut short" not in outcome.reason


def test_an_image_without_its_pixels_is_still_told_as_cut_short(tmp_path: Path) -> None:
    save(some(STACK.datasets(), (2,), without("PixelData")), tmp_path / "export")

    report = import_folder(Archive(tmp_path / "archive"), "P", tmp_path / "export")

    assert (report.count("imported"), report.count("rejected")) == (5, 1)
    assert all("pixel data" in reason for reason in report.reasons())


@pytest.mark.parametrize("which", [(1, 4), range(6)], ids=["some", "all"])
@pytest.mark.parametrize(
    "value", [["1.5", "2.5"], ["1", "2", "3", "4"], ["left", "back", "4"], ["1,5", "2,5", "3,5"]]
)
@pytest.mark.parametrize("keyword", ["ImagePositionPatient"])
def test_a_position_of_a_wrong_form_is_not_told_as_absent(
    keyword: str, value: list[str], which: Any, tmp_path: Path
) -> None:
    def change(dataset: Dataset) -> None:
        dataset.add_new(keyword, "LO", value)
        dataset[keyword].VR = "DS" if all(re.fullmatch(r"[\d.]+", v) for v in value) else "LO"

    outcome = convert_one(tmp_path, some(STACK.datasets(), which, change))

    assert (outcome.status, outcome.files) == ("refused", ())
    assert keyword in outcome.reason
    assert f"{len(which)} of 6 " in outcome.reason
    assert not re.search(r"is absent( in|$)", outcome.reason)


def test_a_position_that_is_absent_is_told_as_absent(tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, some(STACK.datasets(), (1, 4), without("ImagePositionPatient")))

    assert outcome.status == "refused"
    assert re.search(r"ImagePositionPatient is absent.* 2 of 6", outcome.reason)


UNDECODABLE = {
    "1.2.840.10008.1.2.4.201": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.202": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.203": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
}


@pytest.mark.parametrize("syntax", UNDECODABLE)
def test_pixels_that_cannot_be_decoded_are_told_by_their_transfer_syntax(syntax: str, tmp_path: Path) -> None:
    datasets = STACK.datasets()
    for dataset in datasets:
        dataset.PixelData = encapsulate([b"\xff\xd8\xff\xf7" + bytes(range(60))])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = UID(syntax)

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search(UNDECODABLE[syntax], outcome.reason) or syntax in outcome.reason


# -- what an import says


def imported(export: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that an import prints."""
    assert main(["archive", "import", str(export), "--archive", str(archive), "--project", "P"]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_note_that_many_files_share_is_printed_once_with_a_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for patient in ("one", "two"):
        datasets = [new_uid(ds) for ds in in_series(STACK.datasets(PatientID=patient))]
        save(datasets, tmp_path / "export" / patient)

    printed = imported(tmp_path / "export", tmp_path / "archive", capsys)

    (line,) = (line for line in printed if "StudyInstanceUID is shared" in line)
    assert re.search(r"\b12\b", line)


def test_instances_with_other_content_are_noted_once_with_a_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets = STACK.datasets()
    save(datasets, tmp_path / "export" / "a")
    save(some(datasets, range(6), holding(PatientComments="again")), tmp_path / "export" / "b")

    printed = imported(tmp_path / "export", tmp_path / "archive", capsys)

    (line,) = (line for line in printed if "other content" in line)
    assert re.search(r"\b6\b", line)


@pytest.mark.parametrize("text", [rb"T1\axial", rb"AX T1\T2 ", rb"a\b\c"])
def test_a_backslash_in_a_description_is_a_part_of_it(text: bytes, tmp_path: Path) -> None:
    """VR LO cannot hold one (PS3.5, 6.2), and readers take it for two values."""
    text = text + b" " * (len(text) % 2)
    for path in save(STACK.datasets(SeriesDescription="X" * len(text)), tmp_path / "export"):
        path.write_bytes(path.read_bytes().replace(b"X" * len(text), text))

    report = import_folder(archive := Archive(tmp_path / "archive"), "P", tmp_path / "export")

    assert report.count("imported") == 6
    ((scan,),) = (session.scans for session in archive.sessions("P"))
    assert scan.description.strip() == text.decode().strip()
