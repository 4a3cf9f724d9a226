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
    UltrasoundMultiFrameImageStorage,
    XRay3DAngiographicImageStorage,
    XRayRadiationDoseSRStorage,
)

from sarcoma_core.dicom.kinds import reason_to_set_apart


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
