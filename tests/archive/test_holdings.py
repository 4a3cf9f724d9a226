"""What a session folder holds, and the fingerprint of what a step would read of it."""

import hashlib
from pathlib import Path

import pytest

from sarcoma_core.archive.holdings import FolderHoldings, Held, fingerprint
from sarcoma_core.errors import ArchiveError


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
