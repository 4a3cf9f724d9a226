"""Where a tumour lies, as headers tell it."""

from pathlib import Path

import pytest
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from sarcoma_core.dicom.body_sites import body_site


def header(folder: Path, name: str, part: str | None) -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
    with disable_value_validation():  # people write what the standard does not allow
        if part is not None:
            dataset.BodyPartExamined = part
        dataset.save_as(folder / name, enforce_file_format=True)
    return folder / name


@pytest.mark.parametrize(
    ("part", "site"),
    [
        ("THIGH", "extremity"),
        ("Upper Leg", "extremity"),
        ("UPPER_ARM", "extremity"),
        ("HIP", "extremity"),
        ("PELVIS", "abdomen_pelvis"),
        ("Abdomen/Pelvis", "abdomen_pelvis"),
        ("HEAD", "other"),
        ("LEGEND", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_the_site_is_read_off_body_part_examined(tmp_path: Path, part: str | None, site: str) -> None:
    assert body_site([header(tmp_path, "a.dcm", part)]) == site


def test_a_damaged_header_is_passed_over(tmp_path: Path) -> None:
    damaged = tmp_path / "0.dcm"
    damaged.write_bytes(b"no DICOM")
    assert body_site([damaged, header(tmp_path, "1.dcm", "KNEE")]) == "extremity"
    assert body_site([damaged]) == "other"
    assert body_site([]) == "other"
