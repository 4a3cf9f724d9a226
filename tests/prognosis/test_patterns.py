"""Which sequences an image has, and a patient as if some were missing."""

import numpy as np
import pytest

from sarcoma_core.prognosis.tumour_image import TumourImage, pattern_of, patterns_of
from tests.prognosis.made_networks import OS, order, patients_of, pictures, rows_of

SEQUENCES = ("T1CE", "T2FS")
ROWS = rows_of(3, 10)
IMAGES = pictures(ROWS)
LONE, BOTH = IMAGES[ROWS[0].subject], IMAGES[ROWS[1].subject]


@pytest.mark.parametrize(
    ("sequences", "patterns"),
    [((), ("",)), (("T1",), ("T1",)), (SEQUENCES, ("T1CE+T2FS", "T1CE", "T2FS"))],
)
def test_every_set_of_sequences_has_a_name(sequences: tuple[str, ...], patterns: tuple[str, ...]) -> None:
    assert patterns_of(sequences) == patterns


def test_an_image_has_the_pattern_of_what_is_there() -> None:
    assert [pattern_of(one, SEQUENCES) for one in (BOTH, LONE)] == ["T1CE+T2FS", "T1CE"]
    assert pattern_of(None, ()) == ""


def reduced(image: TumourImage, pattern: str) -> TumourImage:
    found = image.seen_by(pattern, SEQUENCES)
    assert found is not None
    return found


def test_as_if_one_were_missing_nothing_of_it_is_left_and_the_mask_stays() -> None:
    found = reduced(BOTH, "T2FS")
    assert pattern_of(found, SEQUENCES) == "T2FS"
    assert not found.array[0].any()
    np.testing.assert_array_equal(found.array[1:], BOTH.array[1:])
    np.testing.assert_array_equal(reduced(BOTH, "T1CE+T2FS").array, BOTH.array)


def test_who_lacks_one_cannot_be_seen_by_it() -> None:
    assert LONE.seen_by("T2FS", SEQUENCES) is None
    assert LONE.seen_by("T1CE+T2FS", SEQUENCES) is None
    np.testing.assert_array_equal(reduced(LONE, "T1CE").array, LONE.array)


def test_patients_are_those_who_have_the_sequences_as_if_they_had_no_others() -> None:
    patients = patients_of(ROWS, order(modalities="both", endpoints=(OS,)))
    both = [row.subject for number, row in enumerate(ROWS) if number % 5]
    assert [one.row.subject for one in patients.seen_by("T1CE+T2FS", SEQUENCES).patients] == both
    alone = patients.seen_by("T1CE", SEQUENCES)
    assert alone.subjects == patients.subjects
    assert {pattern_of(one.image, SEQUENCES) for one in alone.patients} == {"T1CE"}
    assert patients.seen_by("", ()) is patients
