"""The half-life of a PET: as its header has it, or by its radionuclide's code; both must agree."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from sarcoma_core.dicom.radionuclides import HalfLife, half_life
from sarcoma_core.dicom.radiopharmaceutical import read_pet
from sarcoma_core.errors import SeriesRefused
from tests.dicom.pet_maker import pet
from tests.dicom.series_maker import save

NNDC = {
    "C-105A1": 1221.8,
    "40565003": 1221.8,
    "C-107A1": 597.9,
    "C-B1038": 122.24,
    "C-111A1": 6586.2,
    "77004003": 6586.2,
    "C-127A2": 45723.6,
    "C-131A3": 4062.6,
    "35337001": 4062.6,
    "C-159A2": 75.45,
    "C-168A4": 282276.0,
    "C-114A5": 360806.4,
}


def told(folder: Path, *, code: str | None = "C-111A1", **given: Any) -> HalfLife:
    nuclide = Dataset()
    nuclide.CodeValue = code
    sequence = {"RadionuclideCodeSequence": [nuclide] if code else None}
    return half_life(read_pet(save(pet(given=sequence | given), folder)))


@pytest.mark.parametrize("code", NNDC)
def test_a_half_life_that_the_header_lacks_is_that_of_its_code(tmp_path: Path, code: str) -> None:
    found = told(tmp_path, code=code, RadionuclideHalfLife=None)
    assert found.seconds == pytest.approx(NNDC[code], rel=1e-4)
    assert found.told_by == "RadionuclideCodeSequence"


@pytest.mark.parametrize("stated", [6586.2, 6588.0, 6584.04])
def test_the_half_life_of_the_header_is_taken_before_that_of_the_code(tmp_path: Path, stated: float) -> None:
    assert told(tmp_path, RadionuclideHalfLife=stated) == HalfLife(stated, "RadionuclideHalfLife")


@pytest.mark.parametrize("off", [1.05, 0.95])
def test_a_half_life_of_another_radionuclide_or_in_minutes_is_refused(tmp_path: Path, off: float) -> None:
    inside, outside = 1 + (off - 1) * 0.95, 1 + (off - 1) * 1.05
    assert told(tmp_path / "1", RadionuclideHalfLife=round(6586.2 * inside, 3)).seconds > 0
    for number, stated in enumerate((6586.2 * outside, 109.77, 4062.6, -6586.2)):
        with pytest.raises(SeriesRefused, match=r"^RadionuclideHalfLife: must be that of F-18") as refused:
            told(tmp_path / f"a{number}", RadionuclideHalfLife=round(stated, 3))
        assert refused.value.hint


@pytest.mark.parametrize("code", [None, "C-162A7", "no code"])
def test_without_a_code_that_is_known_the_header_must_have_a_half_life_of_pet(
    tmp_path: Path, code: str | None
) -> None:
    low, high = 60.0, 2e6
    for number, stated in enumerate((low, low * 1.05, high * 0.95, high)):
        assert told(tmp_path / f"a{number}", code=code, RadionuclideHalfLife=stated).seconds == stated
    for number, wrong in enumerate((low * 0.95, high * 1.05, 0, None)):
        with pytest.raises(SeriesRefused, match=r"^RadionuclideHalfLife: must be 60 to 2e\+06 s"):
            told(tmp_path / f"b{number}", code=code, RadionuclideHalfLife=wrong)
