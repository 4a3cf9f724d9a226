"""Labels that are nearly the same are found and told in what they differ; other labels never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.near_labels import difference, loose_forms, near_labels


@pytest.mark.parametrize(
    ("row", "project", "words"),
    [
        ("sts_007", "STS_007", "case"),
        ("STS 007", "STS007", "blanks"),
        ("STS_007 ", "STS_007", "blanks"),
        ("STS-007", "STS_007", "dashes or underscores"),
        ("STS\u2013007", "STS007", "dashes or underscores"),
        ("STS_7", "STS_007", "leading zeros"),
        ("7", "007", "leading zeros"),
        ("sts-7", "STS_007", "case and dashes or underscores and leading zeros"),
        ("1-01", "101", "dashes or underscores"),
        ("1-01", "1-1", "leading zeros"),
        ("\uff13", "3", "the form of characters"),
        ("P\u200b08", "P08", "invisible characters"),
        ("P08\ufeff", "P08", "invisible characters"),
        ("P\u00ad08", "P08", "invisible characters"),
        ("P\x0008", "P08", "invisible characters"),
        ("P0\u200d8", "P08", "invisible characters"),
        ("P08\ufe0f", "P08", "invisible characters"),
        ("P\t08", "P08", "blanks"),
        ("p\u200b8", "P08", "invisible characters and case and leading zeros"),
    ],
)
def test_a_near_label_is_told_in_what_alone_it_differs(row: str, project: str, words: str) -> None:
    assert loose_forms(row) & loose_forms(project)
    assert difference(row, project) == words


@pytest.mark.parametrize(
    ("row", "project"), [("STS_70", "STS_7"), ("STS_7", "STS_8"), ("STS.7", "STS_7"), ("STS_100", "STS_1")]
)
def test_another_label_is_not_near(row: str, project: str) -> None:
    assert not loose_forms(row) & loose_forms(project)


@given(st.text(max_size=8), st.text(max_size=8))
def test_to_be_near_goes_both_ways_and_every_label_is_near_itself(one: str, other: str) -> None:
    near = near_labels([one])
    assert bool(loose_forms(other) & near.keys()) == bool(loose_forms(one) & near_labels([other]).keys())
    assert loose_forms(one) <= near.keys()


@given(st.permutations(["S01", "s1", "S 1", "S2"]))
def test_which_label_is_told_does_not_depend_on_their_order(labels: list[str]) -> None:
    assert near_labels(labels) == near_labels(sorted(labels))
