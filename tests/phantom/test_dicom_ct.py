from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom

from sarcoma_core.phantom.truth import Truth, read_labels
from tests.phantom.conftest import PATIENT


def stored(moved: Path, truth: Truth) -> list[pydicom.FileDataset]:
    slices = [pydicom.dcmread(path) for path in (moved / truth.series_of("CT").folder).iterdir()]
    return sorted(slices, key=lambda instance: instance.InstanceNumber)


def test_stored_values_become_hounsfield_units(moved: Path, truth: Truth) -> None:
    slices = stored(moved, truth)
    assert {(float(s.RescaleSlope), float(s.RescaleIntercept), s.RescaleType) for s in slices} == {
        (1, -1024, "HU")
    }
    hounsfield = np.stack([instance.pixel_array.T - 1024.0 for instance in slices], axis=-1)
    labels = read_labels(moved / "truth", PATIENT, "CT")
    assert abs(np.median(hounsfield[labels == dict(truth.tissues)["MUSCLE"]]) - 55) < 5
    assert abs(np.median(hounsfield[labels == dict(truth.tissues)["BACKGROUND"]]) + 1000) < 2


def test_headers_tell_a_ct(moved: Path, truth: Truth) -> None:
    first = stored(moved, truth)[0]
    assert first.Modality == "CT"
    assert first.SOPClassUID.name == "CT Image Storage"
    assert list(first.ImageType) == ["ORIGINAL", "PRIMARY", "AXIAL"]
    assert first.BitsStored == 12
    assert "EchoTime" not in first


def test_the_validator_finds_neither_error_nor_warning(
    moved: Path, truth: Truth, validate: Callable[[Path], str]
) -> None:
    files = sorted((moved / truth.series_of("CT").folder).iterdir())
    assert {validate(path) for path in files[::20]} == {""}
