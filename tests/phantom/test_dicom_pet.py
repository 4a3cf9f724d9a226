import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.phantom.dicom_pet import rescale_slope
from sarcoma_core.phantom.truth import Truth, read_suv
from tests.phantom.conftest import PATIENT

Slices = list[pydicom.FileDataset]


@pytest.fixture(scope="module")
def pet(moved: Path, truth: Truth) -> Slices:
    folder = moved / truth.series_of("PET").folder
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    return sorted(slices, key=lambda instance: instance.InstanceNumber)


def moment(date: str, time: str) -> dt.datetime:
    return dt.datetime.strptime(date + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 -- DICOM tells no zone


def factor_by_the_headers(instance: pydicom.Dataset) -> float:
    """SUVbw for 1 Bq/ml (QIBA, decay correction START: to the time of the series)."""
    (tracer,) = instance.RadiopharmaceuticalInformationSequence
    scanned = moment(instance.SeriesDate, instance.SeriesTime)
    injected = dt.datetime.strptime(tracer.RadiopharmaceuticalStartDateTime, "%Y%m%d%H%M%S")  # noqa: DTZ007
    elapsed = (scanned - injected).total_seconds()
    left = float(tracer.RadionuclideTotalDose) * 2 ** (-elapsed / float(tracer.RadionuclideHalfLife))
    return float(instance.PatientWeight) * 1000 / left


def test_the_factor_of_the_truth_is_that_of_the_headers(pet: Slices, truth: Truth) -> None:
    scan = truth.series_of("PET").scan
    assert scan is not None
    assert scan.pet is not None
    for instance in pet:
        assert factor_by_the_headers(instance) == pytest.approx(scan.pet.suv_factor, rel=1e-9)


def test_voxels_are_the_true_uptake_to_half_a_step_of_their_slice(pet: Slices, moved: Path) -> None:
    true = read_suv(moved / "truth", PATIENT)
    assert true.shape == (pet[0].Columns, pet[0].Rows, len(pet))
    worst = []
    for k, instance in enumerate(pet):
        step = float(instance.RescaleSlope) * factor_by_the_headers(instance)
        found = instance.pixel_array.T * step
        worst.append(np.abs(found - true[..., k]).max() / step)
    # single precision of the truth is far finer than a step of 1/32767
    assert 0.4 < max(worst) <= 0.5 + 1e-2


def test_every_slice_has_a_slope_of_its_own_and_uses_all_of_its_bits(pet: Slices) -> None:
    assert len({instance.RescaleSlope for instance in pet}) > len(pet) / 2
    assert {int(instance.pixel_array.max()) for instance in pet} == {32767}
    assert {float(instance.RescaleIntercept) for instance in pet} == {0}


def test_a_slope_fits_into_a_decimal_string_and_an_empty_slice_has_one_too() -> None:
    slope = rescale_slope(np.array([[1234.56789012345, 3.0]]))
    assert len(slope.original_string if hasattr(slope, "original_string") else str(slope)) <= 16
    assert float(slope) == pytest.approx(1234.56789012345 / 32767, rel=1e-9)
    assert float(rescale_slope(np.zeros((2, 2)))) == 1


def test_headers_tell_units_and_corrections(pet: Slices) -> None:
    first = pet[0]
    assert (first.Modality, first.Units, first.DecayCorrection) == ("PT", "BQML", "START")
    assert {"DECY", "ATTN"} <= set(first.CorrectedImage)
    assert first.NumberOfSlices == len(pet)
    (tracer,) = first.RadiopharmaceuticalInformationSequence
    assert float(tracer.RadionuclideHalfLife) == 6586.2
    assert tracer.RadiopharmaceuticalStartDateTime.endswith(tracer.RadiopharmaceuticalStartTime)
    assert {float(instance.PatientSize) > 1.4 for instance in pet} == {True}


def test_the_second_bed_is_acquired_later_and_the_series_starts_with_the_first(pet: Slices) -> None:
    times = [instance.AcquisitionTime for instance in pet]
    assert len(set(times)) == 2
    assert times == sorted(times)
    for instance in pet:
        start = moment(instance.SeriesDate, instance.SeriesTime)
        offset = moment(instance.AcquisitionDate, instance.AcquisitionTime) - start
        # the time of a frame lies in it; the factor is the decay from the start of the series until then
        within = float(instance.FrameReferenceTime) / 1000 - offset.total_seconds()
        assert 0 < within < instance.ActualFrameDuration / 1000
        elapsed = float(instance.FrameReferenceTime) / 1000
        assert float(instance.DecayFactor) == pytest.approx(2 ** (elapsed / 6586.2))
    assert min(times) == pet[0].SeriesTime


def test_the_validator_finds_neither_error_nor_warning(
    moved: Path, truth: Truth, validate: Callable[[Path], str]
) -> None:
    files = sorted((moved / truth.series_of("PET").folder).iterdir())
    assert {validate(path) for path in files[::20]} == {""}
