"""Headers of a PET: every image is asked, what is asked for must be alike, and what is not may differ."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from sarcoma_core.dicom.radiopharmaceutical import (
    PHILIPS_ACTIVITY,
    PHILIPS_SUV,
    PetHeaders,
    read_pet,
)
from sarcoma_core.errors import DicomError, SeriesRefused
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.pet_maker import DOSE, PHILIPS, WEIGHT, item, pet, with_private
from tests.dicom.series_maker import Stack, save

WEIGHTLESS: dict[str, Any] = {"PatientWeight": None}


def mixed(folder: Path, first: dict[str, Any]) -> PetHeaders:
    """A series whose first image differs from the others."""
    return read_pet(save([*pet(**first)[:1], *pet()[1:]], folder))


def test_what_all_images_have_is_told(tmp_path: Path) -> None:
    headers = read_pet(save(pet(), tmp_path))
    assert len(headers.slices) == 4
    assert headers.text("Units") == "BQML"
    assert headers.number("PatientWeight") == WEIGHT
    assert headers.number("RadionuclideTotalDose") == DOSE
    assert headers.radionuclide == "C-111A1"
    assert headers.each_number("ActualFrameDuration") == (180000,) * 4


def test_what_no_image_has_is_nothing(tmp_path: Path) -> None:
    headers = read_pet(
        save(pet(PatientWeight=None, SUVType=None, given={"RadionuclideTotalDose": None}), tmp_path)
    )
    assert headers.number("PatientWeight") is None
    assert headers.number("RadionuclideTotalDose") is None
    assert headers.text("SUVType") == ""
    assert headers.number(PHILIPS_SUV) is None


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("PatientWeight", {"PatientWeight": 73}),
        ("RadionuclideTotalDose", {"given": {"RadionuclideTotalDose": 371e6}}),
        ("RadionuclideHalfLife", {"given": {"RadionuclideHalfLife": 6588}}),
        ("RadiopharmaceuticalStartTime", {"given": {"RadiopharmaceuticalStartTime": "100001"}}),
        ("Units", {"Units": "CNTS"}),
        ("DecayCorrection", {"DecayCorrection": "ADMIN"}),
        ("SeriesTime", {"SeriesTime": "110001"}),
    ],
)
def test_an_image_that_tells_otherwise_refuses_the_series_for_who_asks_and_for_no_other(
    tmp_path: Path, keyword: str, values: dict[str, Any]
) -> None:
    headers = mixed(tmp_path, values)
    with pytest.raises(SeriesRefused, match=rf"^{keyword}: must be the same.*found 2 values") as refused:
        headers.text(keyword)
    assert refused.value.hint
    assert headers.text("Manufacturer") == "SIEMENS"


def test_an_image_that_lacks_what_others_have_refuses_the_series(tmp_path: Path) -> None:
    with pytest.raises(SeriesRefused, match=r"PatientWeight: .*absent in 1 of 4"):
        mixed(tmp_path, WEIGHTLESS).number("PatientWeight")


@pytest.mark.parametrize(("items", "found"), [([], "none"), ([item(), item()], "several"), (None, "none")])
def test_a_series_of_no_dose_or_of_several_is_refused(tmp_path: Path, items: Any, found: str) -> None:
    headers = read_pet(save(pet(RadiopharmaceuticalInformationSequence=items), tmp_path))
    with pytest.raises(SeriesRefused, match=rf"RadiopharmaceuticalInformationSequence: .* found {found}"):
        headers.require_one_administration()


def test_a_dose_that_some_images_lack_is_refused(tmp_path: Path) -> None:
    headers = mixed(tmp_path, {"RadiopharmaceuticalInformationSequence": []})
    with pytest.raises(SeriesRefused, match="none in some images"):
        headers.require_one_administration()


def test_a_radionuclide_that_differs_is_refused(tmp_path: Path) -> None:
    headers = mixed(tmp_path, {"given": {"RadionuclideCodeSequence": []}})
    with pytest.raises(SeriesRefused, match="RadionuclideCodeSequence: must be the same"):
        _ = headers.radionuclide


def test_a_correction_is_counted_where_it_lacks(tmp_path: Path) -> None:
    headers = mixed(tmp_path, {"CorrectedImage": ["DECY"]})
    assert headers.lacking("DECY") == 0
    assert headers.lacking("ATTN") == 1


@pytest.mark.parametrize(
    ("vr", "value"), [("DS", 0.000128), ("UN", b"0.000128"), ("LO", "0.000128"), ("FD", 0.000128)]
)
@pytest.mark.parametrize(("element", "name"), [(0x00, PHILIPS_SUV), (0x09, PHILIPS_ACTIVITY)])
def test_a_factor_of_philips_is_read_whatever_its_vr(
    tmp_path: Path, vr: str, value: Any, element: int, name: str
) -> None:
    headers = read_pet(save(with_private(pet(), PHILIPS, element, value, vr=vr), tmp_path))
    assert headers.number(name) == pytest.approx(0.000128)


def test_a_factor_of_another_creator_is_none_and_0_is_none_as_well(tmp_path: Path) -> None:
    other = save(with_private(pet(), (PHILIPS[0], "ANOTHER"), 0x00, 2), tmp_path / "1")
    assert read_pet(other).number(PHILIPS_SUV) is None
    assert read_pet(save(with_private(pet(), PHILIPS, 0, 0), tmp_path / "2")).number(PHILIPS_SUV) is None


@pytest.mark.parametrize("value", ["many", "nan", "1,5"])
def test_a_factor_that_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    headers = read_pet(save(with_private(pet(), PHILIPS, 0, value, vr="LO"), tmp_path))
    with pytest.raises(SeriesRefused, match=r"SUV scale factor \(7053,xx00\): must be in a form"):
        headers.number(PHILIPS_SUV)


def test_what_is_no_pet_image_is_left_out(tmp_path: Path) -> None:
    other = Stack(slices=1, modality="CT").datasets()
    capture = pet(SOPClassUID=SecondaryCaptureImageStorage)[:1]
    capture[0].file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    assert len(read_pet(save([*pet(), *other, *capture], tmp_path)).slices) == 4


def test_a_scan_without_pet_images_is_refused(tmp_path: Path) -> None:
    for files in ([], save(Stack(slices=1, modality="CT").datasets(), tmp_path)):
        with pytest.raises(SeriesRefused, match="DICOM images of the PET") as refused:
            read_pet(files)
        assert refused.value.hint


def test_a_multi_frame_object_is_refused(tmp_path: Path) -> None:
    dataset = enhanced([Stack(slices=2)])
    dataset.Modality = "PT"
    with pytest.raises(SeriesRefused, match="SOPClassUID: must be that of PET Image Storage"):
        read_pet(save([dataset], tmp_path))


def test_a_file_that_cannot_be_read_is_refused_without_its_name(tmp_path: Path) -> None:
    paths = save(pet(), tmp_path)
    paths[0].write_bytes(paths[0].read_bytes()[:300])
    with pytest.raises(DicomError) as refused:
        read_pet(paths)
    assert "DOE" not in str(refused.value)
