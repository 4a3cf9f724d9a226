from pathlib import Path

import pytest
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MRImageStorage,
    MRSpectroscopyStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    PositronEmissionTomographyImageStorage,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    SurfaceSegmentationStorage,
    UltrasoundMultiFrameImageStorage,
    XRay3DAngiographicImageStorage,
    XRayRadiationDoseSRStorage,
)

from sarcoma_core.archive.drawn import drawn_files
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.dicom.kinds import reason_to_set_apart
from tests.archive.test_drawn import LABEL_MAP, dicom


@pytest.mark.parametrize(
    "sop_class",
    [MRImageStorage, EnhancedMRImageStorage, CTImageStorage, PositronEmissionTomographyImageStorage],
)
def test_images_that_may_be_volumes_are_not_set_apart(sop_class: str) -> None:
    assert reason_to_set_apart(sop_class) is None


@pytest.mark.parametrize(
    ("sop_class", "word"),
    [
        (RTStructureSetStorage, "RTSTRUCT"),
        (RTDoseStorage, "radiotherapy"),
        (SegmentationStorage, "SEG"),
        (MRSpectroscopyStorage, "spectroscopy"),
        ("1.3.12.2.1107.5.9.1", "Siemens"),
        (KeyObjectSelectionDocumentStorage, "KO"),
        (GrayscaleSoftcopyPresentationStateStorage, "PR"),
        (XRayRadiationDoseSRStorage, "SR"),
        (MultiFrameTrueColorSecondaryCaptureImageStorage, "SC"),
        (UltrasoundMultiFrameImageStorage, "US"),
        (XRay3DAngiographicImageStorage, "X-Ray 3D Angiographic Image Storage"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_everything_else_is_set_apart_by_its_name(sop_class: str, word: str) -> None:
    assert word in str(reason_to_set_apart(sop_class))


@pytest.mark.parametrize(
    ("sop_class", "read"),
    [
        (RTStructureSetStorage, True),
        (SegmentationStorage, True),
        (LABEL_MAP, True),
        (SurfaceSegmentationStorage, False),
    ],
)
def test_what_import_masks_reads_is_told_and_that_alone(
    tmp_path: Path, sop_class: str, *, read: bool
) -> None:
    dicom(tmp_path / "SCANS/3/DICOM/1.dcm", sop_class)
    assert [one.name for one in drawn_files(SessionFolder(tmp_path))] == (["3"] if read else [])
    assert ("import-masks reads" in str(reason_to_set_apart(sop_class))) == read
