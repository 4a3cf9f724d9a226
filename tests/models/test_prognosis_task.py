"""What a network foretells is legal once built: rules just inside and just outside, and JSON and back."""

import json
import subprocess
import sys
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.models.prognosis_task import (
    GRADE,
    OUTCOME_HEADS,
    GradedOutcome,
    PrognosisTask,
    TimedOutcome,
    parse_prognosis,
)

OS = TimedOutcome("overall_survival", ("overall_survival",), 4)
DM = TimedOutcome("distant_metastasis", ("distant_metastasis", "death"), 3)
FNCLCC = GradedOutcome(("1", "2", "3"))


def task(**changes: Any) -> PrognosisTask:
    values: dict[str, Any] = {
        "head": "logistic-hazard",
        "timed": (OS, DM),
        "graded": FNCLCC,
        "sequences": ("T1CE", "T2FS"),
        "edge": 32,
        "spacing_mm": 6.0,
        "margin_mm": 20.0,
    }
    return PrognosisTask(**(values | changes))


TREE = json.loads(json.dumps(asdict(task())))
TASKS = (
    task(),
    task(graded=None),
    task(timed=(), graded=GradedOutcome(("low", "high"), ordinal=False)),
    task(sequences=(), timed=(DM,)),
    task(head="cox", timed=(TimedOutcome("overall_survival", ("overall_survival",), 1),)),
)


@pytest.mark.parametrize("made", TASKS, ids=lambda made: ", ".join(made.endpoints))
def test_places_tile_the_outputs_in_the_order_of_the_endpoints(made: PrognosisTask) -> None:
    found = np.concatenate([np.arange(made.outputs)[place] for place in made.places.values()])
    np.testing.assert_array_equal(found, np.arange(made.outputs))
    assert tuple(made.places) == made.endpoints


def test_an_output_stands_for_each_interval_of_each_cause_and_for_each_step_of_the_grade() -> None:
    assert [one.outputs for one in (OS, DM, FNCLCC)] == [4, 6, 2]
    assert GradedOutcome(("1", "2", "3"), ordinal=False).outputs == 3
    assert task().outputs == 12
    assert task().places == {OS.endpoint: slice(0, 4), DM.endpoint: slice(4, 10), GRADE: slice(10, 12)}


@pytest.mark.parametrize("made", TASKS, ids=lambda made: ", ".join(made.endpoints))
def test_what_was_written_is_read_back(made: PrognosisTask) -> None:
    assert parse_prognosis(json.loads(json.dumps(asdict(made)))) == made


def test_a_whole_length_is_a_length() -> None:
    found = parse_prognosis({**TREE, "spacing_mm": 5, "margin_mm": 0})
    assert (found.spacing_mm, found.margin_mm) == (5.0, 0.0)
    assert {type(found.spacing_mm), type(found.margin_mm)} == {float}


def endpoints(count: int) -> tuple[TimedOutcome, ...]:
    return tuple(TimedOutcome(f"e{number}", (f"e{number}",), 1) for number in range(count))


GOOD: tuple[dict[str, Any], ...] = (
    {"edge": 8},
    {"edge": 256},
    {"spacing_mm": 0.01},
    {"spacing_mm": 20.0},
    {"margin_mm": 0.0},
    {"margin_mm": 100.0},
    {"timed": endpoints(7)},
    {"timed": endpoints(8), "graded": None},
    {"timed": (), "graded": FNCLCC},
    {"sequences": tuple(CHOSEN_ROLES)},
    *({"head": head} for head in OUTCOME_HEADS),
)


@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_what_lies_just_inside_is_legal(changes: dict[str, Any]) -> None:
    made = task(**changes)
    assert all(getattr(made, name) == value for name, value in changes.items())


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"edge": 7}, "edge must be 8 to 256 voxels; found 7"),
    ({"edge": 257}, "edge must be 8 to 256 voxels; found 257"),
    ({"spacing_mm": 0.0}, "spacing_mm and margin_mm must be above 0 to 20, and 0 to 100; found"),
    ({"spacing_mm": 20.1}, "spacing_mm and margin_mm must be"),
    ({"spacing_mm": float("nan")}, "spacing_mm and margin_mm must be"),
    ({"margin_mm": -0.1}, "spacing_mm and margin_mm must be"),
    ({"margin_mm": 100.1}, "spacing_mm and margin_mm must be"),
    ({"margin_mm": float("nan")}, "spacing_mm and margin_mm must be"),
    ({"timed": (), "graded": None}, "endpoints must be 1 to 8, distinct; found"),
    ({"timed": endpoints(8)}, "endpoints must be 1 to 8"),
    ({"timed": endpoints(9), "graded": None}, "endpoints must be 1 to 8"),
    ({"timed": (OS, OS)}, "endpoints must be 1 to 8, distinct"),
    ({"timed": (TimedOutcome(GRADE, (GRADE,), 1),)}, "endpoints must be 1 to 8, distinct"),
    ({"sequences": ("T1CE", "T1CE")}, "sequences must be distinct, each one of T1CE"),
    ({"sequences": ("t1ce",)}, "sequences must be distinct"),
    ({"sequences": ("LOCALIZER",)}, "sequences must be distinct"),
)


@pytest.mark.parametrize(("changes", "rule"), BAD, ids=str)
def test_what_lies_just_outside_is_refused_with_rule_and_found_value(
    changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule) as caught:
        task(**changes)
    assert "; found " in str(caught.value)


@pytest.mark.parametrize(
    ("causes", "intervals", "rule"),
    [
        (("a",), 1, ""),
        (("a", "b"), 64, ""),
        ((), 1, "causes must be 1 or 2, distinct; found"),
        (("a", "b", "c"), 1, "causes must be 1 or 2"),
        (("a", "a"), 1, "causes must be 1 or 2, distinct"),
        (("a",), 0, "intervals must be 1 to 64; found 0"),
        (("a",), 65, "intervals must be 1 to 64; found 65"),
    ],
)
def test_an_endpoint_has_one_or_two_causes_and_as_many_intervals_as_can_be_told(
    causes: tuple[str, ...], intervals: int, rule: str
) -> None:
    if not rule:
        assert TimedOutcome("a", causes, intervals).outputs == len(causes) * intervals
        return
    with pytest.raises(ValueError, match=rule):
        TimedOutcome("a", causes, intervals)


@pytest.mark.parametrize(("levels", "good"), [(1, False), (2, True), (8, True), (9, False)])
def test_a_grade_has_two_to_eight_levels(levels: int, *, good: bool) -> None:
    names = tuple(f"{number}" for number in range(levels))
    if good:
        assert GradedOutcome(names).levels == names
        return
    with pytest.raises(ValueError, match="levels must be 2 to 8, distinct; found"):
        GradedOutcome(names)


def test_levels_are_distinct() -> None:
    with pytest.raises(ValueError, match="distinct"):
        GradedOutcome(("1", "2", "1"))


@pytest.mark.parametrize("field", [one.name for one in fields(PrognosisTask)])
def test_every_field_must_be_there(field: str) -> None:
    tree = {name: value for name, value in TREE.items() if name != field}
    with pytest.raises(ValueError, match=f"prognosis must have .*{field}.* alone; found"):
        parse_prognosis(tree)


@pytest.mark.parametrize("outer", ["timed", "graded"])
def test_what_nobody_knows_is_refused(outer: str) -> None:
    with pytest.raises(ValueError, match="alone; found"):
        parse_prognosis({**TREE, "more": 1})
    inner = [{**TREE["timed"][0], "more": 1}] if outer == "timed" else {**TREE["graded"], "more": 1}
    with pytest.raises(ValueError, match="prognosis must have fields of their types; found"):
        parse_prognosis({**TREE, outer: inner})


@pytest.mark.parametrize("field", ["endpoint", "causes", "intervals"])
def test_every_field_of_an_endpoint_must_be_there(field: str) -> None:
    inner = {name: value for name, value in TREE["timed"][0].items() if name != field}
    with pytest.raises(ValueError, match="fields of their types"):
        parse_prognosis({**TREE, "timed": [inner]})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("head", "weibull"),
        ("head", None),
        ("head", ["cox"]),
        ("timed", {}),
        ("timed", ["overall_survival"]),
        ("graded", []),
        ("graded", "1"),
        ("sequences", "T1CE"),
        ("sequences", [1]),
        ("edge", 32.0),
        ("edge", True),
        ("edge", "32"),
        ("spacing_mm", "6"),
        ("spacing_mm", True),
        ("spacing_mm", None),
        ("margin_mm", 10**400),
    ],
    ids=str,
)
def test_a_field_of_another_type_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match="prognosis must have fields of their types; found"):
        parse_prognosis({**TREE, field: value})


@pytest.mark.parametrize("tree", [None, [], "x", 1])
def test_what_is_no_object_is_none(tree: object) -> None:
    with pytest.raises(ValueError, match=r"prognosis must have head, timed, .* alone; found"):
        parse_prognosis(tree)


def test_what_was_found_is_told_in_one_short_line() -> None:
    with pytest.raises(ValueError, match="sequences must be") as caught:
        task(sequences=("a\n" * 10_000,))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_task_is_told_without_numpy_and_torch() -> None:
    code = (
        "import sys, sarcoma_core.models.prognosis_task\n"
        "print({'numpy', 'torch', 'safetensors', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
