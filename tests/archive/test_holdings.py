"""What a session folder holds, and the fingerprint of what a step would read of it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.holdings import FolderHoldings, Held, fingerprint
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, write_record
from sarcoma_core.steps import export_masks
from tests.records import record_of


def put(root: Path, path: str, content: bytes = b"1234") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_labels_are_the_resources_without_uploads_under_way(tmp_path: Path) -> None:
    assert FolderHoldings(tmp_path).labels() == ()
    for path in ("N4/a", "NIFTI/a", ".NIFTI-x/a"):
        put(tmp_path / "RESOURCES", path)
    put(tmp_path / "RESOURCES", "notes.txt")
    assert FolderHoldings(tmp_path).labels() == ("N4", "NIFTI")


def test_files_are_all_but_the_catalog(tmp_path: Path) -> None:
    for path in ("NIFTI/4/4.nii.gz", "NIFTI/run.json", "NIFTI/.hidden", "NIFTI/NIFTI_catalog.xml"):
        put(tmp_path / "RESOURCES", path)
    held = FolderHoldings(tmp_path).files("NIFTI")
    assert sorted(held) == [Held(".hidden", 4), Held("4/4.nii.gz", 4), Held("run.json", 4)]
    assert FolderHoldings(tmp_path).files("N4") == ()


def test_a_manifest_is_its_bytes(tmp_path: Path) -> None:
    put(tmp_path / "RESOURCES", "N4/run.json", b"\xff")
    assert FolderHoldings(tmp_path).manifest("N4") == b"\xff"
    assert FolderHoldings(tmp_path).manifest("NIFTI") is None


def test_no_session_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="SCANS"):
        fingerprint(FolderHoldings(tmp_path), ())


def dicom(tmp_path: Path) -> dict[str, str]:
    return dict(fingerprint(FolderHoldings(tmp_path), ()))


def test_a_scan_is_told_by_names_and_sizes_in_order(tmp_path: Path) -> None:
    for name in ("b.dcm", "a.dcm"):
        put(tmp_path, f"SCANS/4/DICOM/{name}")
    put(tmp_path, "SCANS/4/DICOM/scan_4_catalog.xml")
    put(tmp_path, "SCANS/4/DICOM/.DS_Store")
    assert dicom(tmp_path) == {"scan 4": hashlib.sha256(b"a.dcm\t4\nb.dcm\t4").hexdigest()}


@pytest.mark.parametrize("change", ["another size", "another name", "one more", "one less", "another scan"])
def test_any_change_of_a_scan_is_another_fingerprint(tmp_path: Path, change: str) -> None:
    for name in ("a.dcm", "b.dcm"):
        put(tmp_path, f"SCANS/4/DICOM/{name}")
    before = dicom(tmp_path)
    scan = tmp_path / "SCANS" / "4" / "DICOM"
    match change:
        case "another size":
            put(scan, "a.dcm", b"12345")
        case "another name":
            (scan / "a.dcm").rename(scan / "c.dcm")
        case "one more":
            put(scan, "notes.txt")
        case "one less":
            (scan / "a.dcm").unlink()
        case _:
            put(tmp_path, "SCANS/5/DICOM/a.dcm")
    assert dicom(tmp_path) != before


@pytest.mark.parametrize(
    "touch",
    ["other bytes of one size", "a hidden file", "a capture beside images", "a scan without images"],
)
def test_what_is_none_of_the_images_changes_nothing(tmp_path: Path, touch: str) -> None:
    put(tmp_path, "SCANS/4/DICOM/a.dcm")
    before = dicom(tmp_path)
    place = {"a hidden file": "DICOM/.x", "a capture beside images": "secondary/b.dcm"}.get(
        touch, "DICOM/a.dcm"
    )
    put(tmp_path, f"SCANS/4/{place}", b"5678")
    if touch == "a scan without images":
        put(tmp_path, "SCANS/9/DICOM/scan_9_catalog.xml")
    assert dicom(tmp_path) == before


def test_no_file_is_opened_to_tell_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "SCANS/4/DICOM/a.dcm")
    monkeypatch.setattr(Path, "open", None)
    assert list(dicom(tmp_path)) == ["scan 4"]


def test_a_resource_is_told_by_its_manifest_and_left_out_without_one(tmp_path: Path) -> None:
    put(tmp_path / "RESOURCES", "N4/run.json", b"x")
    put(tmp_path / "RESOURCES", "NIFTI/4.nii.gz")
    told = fingerprint(FolderHoldings(tmp_path), ("N4", "NIFTI", "SUV"))
    assert told == {"N4": hashlib.sha256(b"x").hexdigest()}


def test_a_manifest_that_cannot_be_read_is_damage_and_not_none(tmp_path: Path) -> None:
    (tmp_path / "RESOURCES" / "N4" / "run.json").mkdir(parents=True)
    holdings = FolderHoldings(tmp_path)
    for look in (lambda: holdings.manifest("N4"), lambda: fingerprint(holdings, ("N4",))):
        with pytest.raises(ArchiveError, match=r"N4/run\.json: must be a manifest"):
            look()


def collection(session: Path, label: str, content: bytes) -> str:
    """A collection of the viewer; gives its hash."""
    put(session, f"ASSESSORS/{label}/SEG/{label}.dcm", content)
    return hashlib.sha256(content).hexdigest()


def test_what_was_sent_to_the_viewer_is_no_drawing_until_somebody_changes_it(tmp_path: Path) -> None:
    def told() -> Mapping[str, str]:
        return fingerprint(FolderHoldings(tmp_path), ("NIFTI", DRAWN_LABEL))

    put(tmp_path, "SCANS/4/DICOM/1.dcm")
    before = told()
    ours = collection(tmp_path, "ours", b"sent")
    assert told() != before
    outcome = Outcome("4", "MR", "done", facts={"sent": [ours]})
    (tmp_path / "RESOURCES" / "ROI_COLLECTIONS").mkdir(parents=True)
    write_record(tmp_path / "RESOURCES" / "ROI_COLLECTIONS", record_of(export_masks.STEP, outcome))
    assert told() == before
    collection(tmp_path, "drawn", b"by a person")
    drawn = told()
    assert drawn != before
    collection(tmp_path, "ours", b"saved over")
    assert told() not in (before, drawn)


def test_a_manifest_that_tells_nothing_of_what_was_sent_hides_no_drawing(tmp_path: Path) -> None:
    put(tmp_path, "SCANS/4/DICOM/1.dcm")
    collection(tmp_path, "drawn", b"by a person")
    before = fingerprint(FolderHoldings(tmp_path), (DRAWN_LABEL,))
    put(tmp_path, "RESOURCES/ROI_COLLECTIONS/run.json", b"damaged")
    assert fingerprint(FolderHoldings(tmp_path), (DRAWN_LABEL,)) == before
