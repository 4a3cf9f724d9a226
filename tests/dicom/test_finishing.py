"""When an object was made, told by what its images say."""

from datetime import datetime

import pytest
from pydicom.dataset import Dataset

from sarcoma_core.dicom.finishing import NEVER, day_of


def header(**days: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in days.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("days", "saved", "expected"),
    [
        ({"StudyDate": "20210305"}, "2024-01-02T03:04:05", "2024-01-02T03:04:05"),
        ({"StudyDate": "20210305"}, "", "2021-03-05"),
        ({"StudyDate": "20210305", "SeriesDate": "20210306"}, "", "2021-03-06"),
        ({"StudyDate": "", "AcquisitionDate": "20210307"}, "no time", "2021-03-07"),
    ],
)
def test_the_time_of_saving_comes_before_the_days_of_the_images(
    days: dict[str, str], saved: str, expected: str
) -> None:
    assert day_of(header(**days), saved=saved) == datetime.fromisoformat(expected)


def test_where_nothing_says_when_it_is_the_same_day_for_all() -> None:
    assert day_of(header(StudyDate="")) == NEVER == day_of(header())
