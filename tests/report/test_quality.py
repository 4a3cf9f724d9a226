"""The numbers of a registration in words; what is not a number is not told."""

from typing import Any

import pytest

from sarcoma_core.report.quality import TOLD, quality
from tests.report.sessions import PAIR


def test_a_pair_that_was_moved_is_told_in_three_sentences() -> None:
    assert quality(PAIR) == (
        "Moved by 12.3 mm and turned by 5.1°, as a rigid body",
        "Mutual information rose: 0.21 before, 0.64 after",
        "Overlap of the two bodies: 71\u202f% before, 95\u202f% after",
    )


def test_what_is_told_in_words_is_named_for_the_receipt() -> None:
    assert set(PAIR) - {"warnings"} <= TOLD


def test_a_pair_that_was_bent_says_by_how_much() -> None:
    first, *_, last = quality({**PAIR, "transform": "deformable", "jacobian_min": 0.83, "jacobian_max": 1.2})
    assert first == "Moved by 12.3 mm and turned by 5.1°, and bent"
    assert last == "Volumes changed locally to 0.83 to 1.2 times what they were (Jacobian)"


def test_a_pair_that_was_not_moved_says_so() -> None:
    first, *_ = quality({**PAIR, "transform": "identity", "shift_mm": 0.0, "rotation_degrees": 0.0})
    assert first.startswith("Not moved")


@pytest.mark.parametrize(("after", "way"), [(0.22, "rose"), (0.2, "fell"), (0.21, "stayed")])
def test_which_way_the_mutual_information_went_is_told(after: float, way: str) -> None:
    told = quality({"mutual_information_before": 0.21, "mutual_information_after": after})
    assert told == (f"Mutual information {way}: 0.21 before, {after} after",)


@pytest.mark.parametrize("odd", [None, "much", True, [1.0], {"a": 1}, float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_not_told(odd: object) -> None:
    facts: dict[str, Any] = {name: odd for name in PAIR if name != "transform"}
    assert quality({**facts, "transform": "rigid"}) == ()
    assert quality({**facts, "transform": odd}) == ()


def test_without_facts_there_is_nothing_to_say() -> None:
    assert quality({}) == ()
