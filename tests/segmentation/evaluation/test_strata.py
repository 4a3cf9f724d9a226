"""Small parts are hidden, and cannot be computed back from what is shown."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.segmentation.evaluation.cases import NOT_TOLD, Strata
from sarcoma_core.segmentation.evaluation.evaluation import evaluate
from sarcoma_core.segmentation.evaluation.files import EvaluationHead, evaluation_bytes
from sarcoma_core.segmentation.evaluation.medians import LEAST_PATIENTS, Sampling
from sarcoma_core.segmentation.evaluation.reading import CaseRules
from sarcoma_core.segmentation.evaluation.strata import suppressed
from tests.segmentation.evaluation.planted import SHAPE, T1CE, case

REFERENCE = np.zeros(SHAPE, bool)
REFERENCE[4:8, 4:8, 4:8] = True


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 20, "b": 5}, {}),
        ({"a": 20, "b": 10, "c": 4}, {"c": "few", "b": "protects"}),
        ({"a": 20, "b": 4}, {"b": "few", "a": "protects"}),
        ({"a": 20, "b": 9, "c": 4, "d": 1}, {"c": "few", "d": "few"}),
        ({"a": 20, "b": 9, "c": 3, "d": 1}, {"c": "few", "d": "few", "b": "protects"}),
        ({"a": 9, "b": 9, "c": 1}, {"c": "few", "a": "protects"}),
        ({"a": 3, "b": 1}, {"a": "few", "b": "few"}),
    ],
)
def test_which_parts_are_hidden(counts: Mapping[str, int], hidden: Mapping[str, str]) -> None:
    assert suppressed(counts) == hidden


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), min_size=1))
def test_whatever_is_less_than_five_is_hidden_and_so_is_what_the_rest_would_tell(
    counts: dict[str, int],
) -> None:
    hidden = suppressed(counts)
    shown = {level: n for level, n in counts.items() if level not in hidden}
    assert all(n >= LEAST_PATIENTS for n in shown.values())
    rest = sum(counts.values()) - sum(shown.values())
    assert rest == 0 or rest >= LEAST_PATIENTS or not shown
    # and no more than needed: with the last one shown again, too little would be left
    protecting = [level for level, why in hidden.items() if why == "protects"]
    if protecting:
        assert rest - counts[protecting[-1]] < LEAST_PATIENTS


def levels(*counts: tuple[str, int]) -> list[str]:
    return [level for level, n in counts for _ in range(n)]


def told(histologies: list[str]) -> list[Strata]:
    return [{"histology": one} if one else {} for one in histologies]


def test_a_part_that_is_hidden_is_nowhere_in_the_numbers() -> None:
    strata = told(levels(("common", 12), ("less", 7), ("rare", 2)))
    cases = [
        case(f"S{n}", REFERENCE, np.roll(REFERENCE, n % 3, 0), strata=one) for n, one in enumerate(strata)
    ]
    found = evaluate(cases, (), Sampling())
    [parted] = found.strata
    assert [(one.level, one.hidden) for one in parted.strata] == [
        ("common", ""),
        ("less", "protects"),
        ("rare", "few"),
    ]
    for one in parted.strata[1:]:
        assert (one.n, one.n_failed, one.measures) == (None, None, None)
    assert set(chain.from_iterable(parted.values.values())) == {"common"}
    assert found.strata_tests == ()
    tree = json.loads(evaluation_bytes(found, EvaluationHead("P", "c", 21, CaseRules(), Sampling(), {})))
    written = {one["level"]: one for one in tree["strata"][0]["strata"]}
    assert written["rare"] == {
        "level": "rare",
        "hidden": "few",
        "n": None,
        "n_failed": None,
        "measures": None,
    }
    assert written["less"]["n"] is None


def test_patients_of_whom_nothing_is_told_are_a_part_that_can_be_hidden_and_is_never_tested() -> None:
    strata = told(levels(("a", 9), ("b", 9), ("", 6)))
    cases = [
        case(f"S{n}", REFERENCE, np.roll(REFERENCE, n % 3, 0), strata=one) for n, one in enumerate(strata)
    ]
    found = evaluate(cases, (), Sampling())
    assert [(one.level, one.n) for one in found.strata[0].strata] == [("a", 9), ("b", 9), (NOT_TOLD, 6)]
    assert {test.levels for test in found.strata_tests} == {("a", "b")}
    few = evaluate(cases[:-2], (), Sampling())  # four are left
    assert [one.hidden for one in few.strata[0].strata] == ["protects", "", "few"]


def test_a_variable_that_nothing_tells_makes_no_parts() -> None:
    cases = [case(f"S{n}", REFERENCE, REFERENCE) for n in range(8)]
    assert evaluate(cases, (), Sampling()).strata == ()


def test_two_lines_of_nearly_the_same_patients_hide_the_same_parts() -> None:
    """Else what is hidden in one line could be told from what the other shows.

    Of each line by itself `a` (9 and 10) or `b` (10 and 9) would be the smaller.
    """
    strata = told(levels(("a", 10), ("b", 10), ("c", 11), ("rare", 2)))
    cases = [case(f"S{n:02}", REFERENCE, REFERENCE, strata=one) for n, one in enumerate(strata)]
    other = [replace(one, group=replace(T1CE, model="other")) for one in cases]
    found = evaluate([*cases[1:], *other[:10], *other[11:]], (), Sampling())
    hidden = [tuple(one.level for one in line.strata if one.hidden) for line in found.strata]
    assert hidden == [("a", "rare"), ("a", "rare")]
    counts = [Counter({one.level: one.n for one in line.strata if one.n}) for line in found.strata]
    for one, two in combinations(counts, 2):
        assert one.keys() == two.keys()
