from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.dicom.series import read_scan
from sarcoma_core.dicom.units import unit_warnings, units_of
from tests.dicom.series_maker import Stack, save

ABSENT = "the unit of the values is unknown"


@pytest.mark.parametrize(
    ("modality", "values", "units", "warned"),
    [
        ("CT", {}, "HU", ""),
        ("CT", {"RescaleType": "HU"}, "HU", ""),
        ("CT", {"RescaleType": "US"}, "US", ""),
        (
            "CT",
            {"RescaleSlope": None, "RescaleIntercept": None},
            "unknown",
            "RescaleSlope and RescaleIntercept are",
        ),
        ("PT", {}, "BQML", ""),
        ("PT", {"RescaleIntercept": None}, "BQML", ""),
        ("PT", {"Units": None}, "unknown", "Units is"),
        ("PT", {"Units": ""}, "unknown", "Units is"),
        ("PT", {"RescaleSlope": None}, "unknown", "RescaleSlope is"),
        ("PT", {"RescaleSlope": None, "Units": None}, "unknown", "RescaleSlope and Units are"),
        ("MR", {}, "arbitrary", ""),
        ("MR", {"RescaleSlope": 2, "RescaleIntercept": 0}, "arbitrary", ""),
    ],
)
def test_a_unit_is_named_only_if_the_headers_lead_to_it(
    tmp_path: Path, modality: str, values: dict[str, Any], units: str, warned: str
) -> None:
    headers = read_scan(save(Stack(modality=modality).datasets(**values), tmp_path)).headers

    assert units_of(headers) == units
    assert unit_warnings(headers) == ([f"{warned} absent: {ABSENT}"] if warned else [])


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_a_rescale_that_one_image_lacks_leaves_the_unit_of_all_unknown(tmp_path: Path, modality: str) -> None:
    datasets = Stack(modality=modality).datasets()
    del datasets[3].RescaleSlope

    assert units_of(read_scan(save(datasets, tmp_path)).headers) == "unknown"
