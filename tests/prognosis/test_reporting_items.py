"""Two checklists by number: each number once, in the order of the published lists, in words of our own."""

import re
from typing import get_args

import pytest

from sarcoma_core.prognosis.reporting_items import CLAIM, TRIPOD_AI, ChecklistItem, Told

PARTS = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
"""Items of TRIPOD+AI that are published in parts, and how many: a, b, c and so on."""


def test_tripod_ai_has_27_items_of_52_parts_in_order() -> None:
    expected = [
        f"{item}{letter}"
        for item in range(1, 28)
        for letter in ("abcdefg"[: PARTS[item]] if item in PARTS else [""])
    ]
    assert [one.number for one in TRIPOD_AI] == expected
    assert len(expected) == 52


def test_claim_has_44_items_in_order() -> None:
    assert [one.number for one in CLAIM] == [str(number) for number in range(1, 45)]


@pytest.mark.parametrize("items", [TRIPOD_AI, CLAIM], ids=["tripod", "claim"])
def test_words_are_short(items: tuple[ChecklistItem, ...]) -> None:
    """A line that reminds, no text of a publication: ten words, where published items have twenty."""
    assert all(1 <= len(one.words.split()) <= 12 for one in items)
    assert not any(re.search(r"\.$", one.words) for one in items)


def test_what_a_run_can_tell_is_asked_somewhere() -> None:
    assert {one.told for one in (*TRIPOD_AI, *CLAIM) if one.told} == set(get_args(Told))
