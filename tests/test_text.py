"""Text for people: counts read as sentences."""

import pytest

from sarcoma_core.text import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_one_is_singular_and_nothing_else(number: int, words: str) -> None:
    assert counted(number, "file") == words
