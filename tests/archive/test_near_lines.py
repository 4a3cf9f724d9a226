"""A line of a list that nearly names somebody leaves that one out: whoever has withdrawn is never taken."""

import pytest

from sarcoma_core.archive.cohort import CohortRules
from sarcoma_core.archive.lists import Consent, near_lines
from sarcoma_core.archive.register import RegisteredSession

ONE = RegisteredSession("S1", "S1_MR")


def why_not(rules: CohortRules, *others: RegisteredSession) -> str:
    return rules.among((ONE, *others)).why_not(ONE)


@pytest.mark.parametrize("near", ["s1", "S_1", "S 1", "S01", "S\u200b1", "S1\x00"])
@pytest.mark.parametrize("word", ["granted", "refused", "withdrawn"])
@pytest.mark.parametrize("needs", [False, True])
def test_a_line_that_nearly_names_a_subject_leaves_it_out_whatever_it_says(
    near: str, word: Consent, *, needs: bool
) -> None:
    told = why_not(CohortRules(("N4",), {near: word}, needs_consent=needs))
    assert told.startswith("a line of CONSENT differs only in ")
    assert told.endswith(" from its label; correct the list")


@pytest.mark.parametrize(
    ("excluded", "words"),
    [
        (("s1", ""), "case"),
        (("s1", "S1_MR"), "case"),
        (("S1", "s1_mr"), "case"),
        (("S1", "S1-MR"), "dashes or underscores"),
        (("S\u200b1", "s1_mr"), "invisible characters and case"),
    ],
)
def test_a_line_that_nearly_names_a_session_leaves_it_out(excluded: tuple[str, str], words: str) -> None:
    told = why_not(CohortRules(("N4",), exclusions=frozenset({excluded})))
    assert told == f"a line of EXCLUSIONS differs only in {words} from its label; correct the list"


def test_of_several_sessions_those_are_left_out_that_the_line_nearly_names() -> None:
    other = RegisteredSession("S1", "S1_CT")
    rules = CohortRules(("N4",), exclusions=frozenset({("S1", "s1_ct")})).among((ONE, other))
    assert (rules.why_not(ONE), bool(rules.why_not(other))) == ("", True)


def test_what_is_told_exactly_comes_before_what_a_line_nearly_names() -> None:
    assert why_not(CohortRules(("N4",), {"S1": "withdrawn", "s1": "granted"})) == "consent withdrawn"
    assert "differs only in case" in why_not(CohortRules(("N4",), {"S1": "granted", "s1": "withdrawn"}))


def test_a_line_that_names_another_subject_exactly_is_that_subjects_alone() -> None:
    """Two labels of a project that are nearly the same are two subjects."""
    rules = CohortRules(("N4",), {"s1": "withdrawn"}, frozenset({("s1", "s1_mr")}))
    assert why_not(rules, RegisteredSession("s1", "s1_mr")) == ""
    assert why_not(rules) != "", "without it the line may mean this one"


@pytest.mark.parametrize(
    ("consents", "exclusions"),
    [
        (("S1", "S2", "S10"), ()),
        ((), (("S1", ""), ("S1", "S1_MR"), ("S2", ""), ("S1", "S1_CT"), ("S2", "S1_MR"), ("s2", "s1_mr"))),
    ],
)
def test_a_line_that_names_somebody_or_nobody_is_no_near_one(
    consents: tuple[str, ...], exclusions: tuple[tuple[str, str], ...]
) -> None:
    assert near_lines(consents, exclusions, [ONE[:2]]) == {}


def test_a_line_that_may_mean_two_leaves_both_out() -> None:
    told = near_lines(["P8"], [], [("P08", "a"), ("p8", "b"), ("P9", "c")])
    assert set(told) == {("P08", ""), ("p8", "")}
