"""Each row of the rule table decides in one series, fires in none nearly like it, and has its limits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sarcoma_core.dicom.roles.rule import QUESTIONS, RoleRule, sight_of
from sarcoma_core.dicom.roles.rules import RULES
from sarcoma_core.dicom.roles.weighing import REVIEW_BELOW, verdict_of
from tests.dicom.roles.rows import ROWS

FIELDS = {
    "RepetitionTime": "repetition_time",
    "EchoTime": "echo_time",
    "InversionTime": "inversion_time",
    "FlipAngle": "flip_angle",
    "DiffusionBValue": "b_value",
    "SeriesNumber": "series_number",
    "orientations": "orientations",
    "images": "images",
}


def test_every_row_has_an_example_and_no_example_is_of_another_row() -> None:
    assert sorted(ROWS) == sorted(rule.id for rule in RULES)


def test_what_a_rule_speaks_for_is_an_answer_to_a_question() -> None:
    known = {reply for answers in QUESTIONS.values() for reply in answers}
    assert {reply for rule in RULES for reply in rule.gives} <= known
    assert all(weight > 0 for rule in RULES for weight in rule.gives.values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_row_fires_in_its_example_and_decides_there(rule: RoleRule) -> None:
    row = ROWS[rule.id]
    assert rule.fires(sight_of(row.example, row.others))
    found = verdict_of(row.example, row.others)
    without = verdict_of(row.example, row.others, [other for other in RULES if other is not rule])
    assert found.role == row.role
    sure = (found.confidence >= REVIEW_BELOW, without.confidence >= REVIEW_BELOW)
    assert without.role != row.role or sure[0] != sure[1]
    assert any(rule.words in sentence for sentence in found.evidence)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_row_does_not_fire_in_its_near_miss(rule: RoleRule) -> None:
    row = ROWS[rule.id]
    others = row.others if row.others_of_miss is None else row.others_of_miss
    assert not rule.fires(sight_of(row.miss, others))


def limits() -> Iterator[object]:
    for rule in RULES:
        for condition in rule.when:
            if condition.least is not None:
                yield pytest.param(
                    rule, condition.name, condition.least, True, id=f"{rule.id}-{condition.text}"
                )
            if condition.below is not None:
                yield pytest.param(
                    rule, condition.name, condition.below, False, id=f"{rule.id}-{condition.text}-"
                )


@pytest.mark.parametrize(("rule", "name", "limit", "holds_above"), list(limits()))
def test_a_limit_holds_a_tenth_inside_and_not_a_tenth_outside(
    rule: RoleRule, name: str, limit: float, *, holds_above: bool
) -> None:
    row = ROWS[rule.id]

    def fires(number: float) -> bool:
        return rule.fires(sight_of(replace(row.example, **{FIELDS[name]: number}), row.others))

    assert (fires(1.1 * limit), fires(0.9 * limit)) == (holds_above, not holds_above)
