"""Odds become shares: kinds of evidence add up, one kind counts once, doubt is told below a threshold."""

import math
from dataclasses import replace
from typing import get_args

import pytest

from sarcoma_core.archive.roles import ROLES, Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.rule import QUESTIONS, Reply, RoleRule, When
from sarcoma_core.dicom.roles.weighing import LEAST_RUNNER_UP, REVIEW_BELOW, runners_up, unsure, verdict_of
from tests.dicom.roles.rows import ROWS

MR = SeriesFacts("1", "MR")
IS_MR = (When("Modality", any_of=("MR",)),)


def rule(kind: str, weight: float, reply: Reply = "T1") -> RoleRule:
    return RoleRule(f"{kind}-{weight}", kind, IS_MR, {reply: weight}, "so it is")  # type: ignore[arg-type]


def shares(role: Role, share: float) -> dict[Role, float]:
    rest: Role = "T2" if role == "T1" else "T1"
    return {**dict.fromkeys(ROLES, 0.0), role: share, rest: 1 - share}


@pytest.mark.parametrize("name", list(ROWS))
def test_shares_of_all_roles_add_up_to_1(name: str) -> None:
    assert sum(verdict_of(ROWS[name].example, ROWS[name].others).shares.values()) == pytest.approx(1)


def test_the_answers_to_each_question_add_up_to_1_and_every_answer_is_one() -> None:
    answers = verdict_of(MR).answers
    assert set(answers) == set(get_args(Reply))
    for replies in QUESTIONS.values():
        assert sum(answers[reply] for reply in replies) == pytest.approx(1)


def test_a_weight_is_the_logarithm_of_odds() -> None:
    before = verdict_of(MR, rules=[]).answers
    after = verdict_of(MR, rules=[rule("physics", math.log(20))]).answers
    assert after["T1"] / after["T2"] == pytest.approx(20 * before["T1"] / before["T2"])


def test_kinds_of_evidence_add_up_and_one_kind_counts_once() -> None:
    both = verdict_of(MR, rules=[rule("physics", 2), rule("description", 3)])
    one = verdict_of(MR, rules=[rule("physics", 5)])
    again = verdict_of(MR, rules=[rule("physics", 5), rule("physics", 4)])
    assert both.shares == pytest.approx(one.shares)
    assert again.shares == pytest.approx(one.shares)


def test_t1ce_is_the_product_of_its_answers() -> None:
    found = verdict_of(ROWS["contrast-agent"].example)
    product = found.answers["anatomy"] * found.answers["T1"] * found.answers["contrast"]
    assert found.shares["T1CE"] == pytest.approx(product)
    assert (found.role, found.confidence) == ("T1CE", found.shares["T1CE"])


@pytest.mark.parametrize(("modality", "role"), [("PT", "PET"), ("CT", "CT"), ("US", "OTHER"), ("", "OTHER")])
def test_another_modality_has_one_role(modality: str, role: str) -> None:
    assert verdict_of(replace(MR, modality=modality)).role == role


def test_a_series_of_which_nothing_is_known_is_other_and_not_sure() -> None:
    found = verdict_of(MR)
    assert found.role == "OTHER"
    assert found.confidence < REVIEW_BELOW
    assert found.evidence == ("nothing in its headers says what it is",)


@pytest.mark.parametrize(("part", "review"), [(0.9, True), (1.0, False), (1.1, False)])
def test_a_role_below_the_threshold_needs_review(part: float, *, review: bool) -> None:
    assert bool(unsure(shares("T1", part * REVIEW_BELOW), "T1")) == review


@pytest.mark.parametrize(("part", "told"), [(0.9, False), (1.1, True)])
def test_a_runner_up_is_told_from_a_hundredth_on(part: float, *, told: bool) -> None:
    found = runners_up(shares("T1", 1 - part * LEAST_RUNNER_UP), "T1")
    assert [one["role"] for one in found] == (["T2"] if told else [])


def test_the_protocols_name_is_asked_only_where_the_description_says_nothing() -> None:
    assert verdict_of(replace(MR, description="Ax", protocol="t1_tse")).role == "T1"
    assert verdict_of(replace(MR, description="Ax T2", protocol="t1_tse")).role == "T2"


def test_a_protocol_of_before_and_after_says_nothing_of_contrast() -> None:
    facts = replace(MR, description="Ax", protocol="T1 thigh w/ and w/o contrast")
    assert verdict_of(facts).role == "T1"
    assert verdict_of(facts).confidence >= REVIEW_BELOW
