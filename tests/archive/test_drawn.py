"""Where masks are found, and how a change of them is told: the same in a folder and on a server."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sarcoma_core.archive.drawn import DRAWN_LABEL, drawn_files, nifti_stem, roi_collections
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from tests.archive.filed import UID, put

SEG, LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
RTSTRUCT, MR = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.4"


def dicom(path: Path, sop_class: str, uid: str = UID + "1", *, more: str = "") -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = sop_class, uid
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.SeriesDescription = sop_class, uid, more
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Path:
    dicom(tmp_path / "SCANS/3/DICOM/1.dcm", MR)
    dicom(tmp_path / "SCANS/10/DICOM/1.dcm", RTSTRUCT)
    dicom(tmp_path / "SCANS/11/DICOM/1.dcm", LABEL_MAP)
    dicom(tmp_path / "ASSESSORS/reader/SEG/reader.dcm", SEG, UID + "5")
    put(tmp_path, "ASSESSORS/reader/SEG/SEG_catalog.xml")
    dicom(tmp_path / "ASSESSORS/old/RTSTRUCT/old.dcm", RTSTRUCT, UID + "6")
    put(tmp_path, "ASSESSORS/other/AIM/other.xml")
    put(tmp_path, f"RESOURCES/{DRAWN_LABEL}/3/mass.nii.gz")
    put(tmp_path, f"RESOURCES/{DRAWN_LABEL}/notes.txt")
    put(tmp_path, f"RESOURCES/{DRAWN_LABEL}/.DS_Store")
    dicom(tmp_path / f"RESOURCES/{DRAWN_LABEL}/plan.dcm", RTSTRUCT)
    return tmp_path


def test_all_that_may_hold_masks_is_found_and_images_are_not(session: Path) -> None:
    found = [(one.kind, one.origin, one.lies_on, one.told) for one in drawn_files(SessionFolder(session))]
    assert found == [
        ("RTSTRUCT", "collection old", "", "collection old"),
        ("SEG", "collection reader", "", "collection reader"),
        ("RTSTRUCT", "scan 10", "", "scan 10"),
        ("SEG", "scan 11", "", "scan 11"),
        ("NIFTI", "DRAWN/3/mass.nii.gz", "3", "DRAWN, file 1"),
        ("", "DRAWN/notes.txt", "", "DRAWN, file 2"),
        ("RTSTRUCT", "DRAWN/plan.dcm", "", "DRAWN, file 3"),
    ]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.nii", "a"),
        ("a.nii.gz", "a"),
        ("Tumour.NII.GZ", "Tumour"),
        ("a.b.Nii", "a.b"),
        ("a.gz", ""),
        ("nii", ""),
        ("a.nii.zip", ""),
    ],
)
def test_a_nifti_file_is_known_by_its_suffix_in_any_case(name: str, stem: str) -> None:
    assert nifti_stem(name) == stem


def test_a_collection_that_cannot_be_read_is_found_all_the_same(session: Path) -> None:
    path = session / "ASSESSORS/reader/SEG/reader.dcm"
    path.write_bytes(b"damaged")
    assert [one.label for one in roi_collections(session)] == ["old", "reader"]
    assert [one.kind for one in drawn_files(SessionFolder(session))][1] == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda s: dicom(s / "ASSESSORS/reader/SEG/reader.dcm", SEG, UID + "7"),
        lambda s: dicom(s / "ASSESSORS/reader/SEG/reader.dcm", SEG, UID + "5", more="A"),
        lambda s: dicom(s / "ASSESSORS/new/SEG/new.dcm", SEG),
        lambda s: (s / "ASSESSORS/old/RTSTRUCT/old.dcm").unlink(),
        lambda s: put(s, f"RESOURCES/{DRAWN_LABEL}/3/mass.nii.gz", b"4321"),
        lambda s: put(s, f"RESOURCES/{DRAWN_LABEL}/3/more.nii.gz"),
        lambda s: dicom(s / "SCANS/12/DICOM/1.dcm", SEG),
    ],
    ids=[
        "saved over",
        "saved over with the same UID",
        "drawn anew",
        "deleted",
        "another file of the same size",
        "a file more",
        "a scan more",
    ],
)
def test_whatever_is_drawn_is_another_fingerprint(session: Path, change) -> None:  # noqa: ANN001
    held = FolderHoldings(session)
    before = fingerprint(held, ("NIFTI", DRAWN_LABEL))
    assert fingerprint(held, ("NIFTI", DRAWN_LABEL)) == before
    change(session)
    assert fingerprint(held, ("NIFTI", DRAWN_LABEL)) != before
    assert fingerprint(held, ("NIFTI",)) == {}


def test_no_name_of_a_file_stands_in_a_fingerprint(session: Path) -> None:
    put(session, f"RESOURCES/{DRAWN_LABEL}/3/SMITH_JANE.nii.gz")
    told = fingerprint(FolderHoldings(session), ("NIFTI", DRAWN_LABEL))
    assert set(told) == {DRAWN_LABEL, "collections", "scan 3", "scan 10", "scan 11"}


def test_what_is_no_drawing_is_no_part_of_it(session: Path) -> None:
    held = FolderHoldings(session)
    before = fingerprint(held, (DRAWN_LABEL,))
    put(session, "ASSESSORS/other/AIM/more.xml")
    put(session, f"RESOURCES/{DRAWN_LABEL}/DRAWN_catalog.xml")
    assert fingerprint(held, (DRAWN_LABEL,)) == before
