"""A real cohort's table of 26 patients: half of its MR are copies, and none of these is ever chosen."""

from typing import NamedTuple

import pytest

from tests.dicom.roles.cohort_table import CHANGES, TABLE, sessions, truth

pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="needs SARCOMA_TEST_DATA")

PATIENTS = 26
MOST_IN_REVIEW = 0.1 * PATIENTS


class Count(NamedTuple):
    series: int
    wrong: list[str]
    copies_chosen: int
    silent: int
    review: set[str]


def count(key: str, change: str) -> Count:
    wrong: list[str] = []
    chosen = silent = series = 0
    review = set()
    for told, rows, patient in sessions(key, CHANGES[change]).values():
        if told.needs_review:
            review.add(patient)
        for one in told.series:
            series += 1
            real = truth(rows[one.name])
            if one.role != real:
                wrong.append(f"{rows[one.name]['SeriesDescription']}: {one.role} {one.confidence:.2f}")
            chosen += one.chosen and real == "DERIVED"
            silent += one.chosen and real == "DERIVED" and not one.needs_review
    return Count(series, wrong, chosen, silent, review)


@pytest.mark.parametrize("key", ["StudyInstanceUID", "PatientID"])
@pytest.mark.parametrize(
    "change", ["as it is", "without the word Aligned", "without MIM in Manufacturer", "without both"]
)
def test_every_series_has_its_role_no_copy_is_chosen_and_few_patients_need_review(
    key: str, change: str
) -> None:
    found = count(key, change)
    assert found.series == 156
    assert found.wrong == []
    assert found.copies_chosen == 0
    assert len(found.review) <= MOST_IN_REVIEW


@pytest.mark.parametrize("key", ["StudyInstanceUID", "PatientID"])
@pytest.mark.parametrize("change", list(CHANGES))
def test_no_copy_is_chosen_in_silence_whatever_was_taken_out_of_the_headers(key: str, change: str) -> None:
    assert count(key, change).silent == 0
