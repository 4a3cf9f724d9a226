"""A person's choices reach the step by name, and one that cannot be meant stops the run at the door."""

import json
from pathlib import Path

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.provenance import recorded_scan_id
from sarcoma_core.steps.choosing import check_choices
from sarcoma_core.steps.running import run_step
from tests.choosing import STEP


@pytest.fixture
def session(tmp_path: Path) -> Path:
    for scan in ("1", "5", "7"):
        (tmp_path / "session" / "SCANS" / scan / "DICOM").mkdir(parents=True)
    return tmp_path / "session"


def given(out: Path) -> object:
    return json.loads((out / "CHOSEN" / "chosen.json").read_text())


def test_what_a_person_chose_reaches_the_step_and_is_no_parameter(session: Path, tmp_path: Path) -> None:
    (record,) = run_step(STEP, session, tmp_path / "out", {}, choices={"t1ce": "5"})
    assert given(tmp_path / "out") == {"t1": "", "t1ce": "5"}
    assert record.params == {"again": False}


@pytest.mark.parametrize("choices", [None, {}, {"t1": ""}, {"t1": "", "t1ce": " "}])
def test_where_nothing_is_chosen_the_step_is_given_an_empty_text(
    session: Path, tmp_path: Path, choices: dict[str, str] | None
) -> None:
    run_step(STEP, session, tmp_path / "out", {}, choices=choices)
    assert given(tmp_path / "out") == {"t1": "", "t1ce": ""}


def test_a_run_with_choices_is_the_same_work_as_one_without(session: Path, tmp_path: Path) -> None:
    (chosen,) = run_step(STEP, session, tmp_path / "a", {}, choices={"t1": "1"})
    (later,) = run_step(STEP, session, tmp_path / "b", {})
    assert chosen.is_same_work(later.step, later.revision, later.params, later.inputs, later.assets)


@pytest.mark.parametrize("typed", ["5", "7 echo2", " 5 "])
def test_a_choice_is_a_scan_or_a_part_of_one(session: Path, typed: str) -> None:
    assert check_choices(STEP, {"t1": typed}, session) == {"t1": typed.strip(), "t1ce": ""}


def test_a_scan_with_a_blank_in_its_id_is_called_as_the_manifests_call_it(session: Path) -> None:
    (session / "SCANS" / "5 a").mkdir()
    recorded = recorded_scan_id("5 a")
    for typed in ("5 a", recorded):
        assert check_choices(STEP, {"t1": typed}, session)["t1"] == recorded


@pytest.mark.parametrize("typed", ["6", "05", "5 echo 2", "echo2", "../1"])
def test_a_scan_that_is_not_there_is_refused_with_how_many_there_are(session: Path, typed: str) -> None:
    with pytest.raises(UsageError, match=r"--t1ce: must be a scan of the session, which has 3 scans; found"):
        check_choices(STEP, {"t1ce": typed}, session)


def test_one_scan_for_two_choices_is_refused_with_a_way_out(session: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--t1 and --t1ce: must be two scans; both name scan 5") as caught:
        run_step(STEP, session, tmp_path / "out", {}, choices={"t1": "5", "t1ce": "5"})
    assert "sarcoma roles set" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_two_parts_of_a_scan_are_two_choices(session: Path) -> None:
    chosen = {"t1": "7 echo1", "t1ce": "7 echo2"}
    assert check_choices(STEP, chosen, session) == chosen


def test_a_choice_that_the_step_does_not_have_is_named_with_those_that_it_has(session: Path) -> None:
    with pytest.raises(UsageError, match=r"no choice 'pet'; it has: t1, t1ce"):
        check_choices(STEP, {"pet": "1"}, session)
