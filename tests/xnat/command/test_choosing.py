"""Choices reach a command line by their own wrapper only, and only those that a person made."""

import json
from collections.abc import Mapping
from itertools import combinations

import pytest

from sarcoma_core.xnat.command.choosing import choice_values, correcting_name
from sarcoma_core.xnat.command.declaring import command_for, wrapper_name
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.resolution.input_tree import Launch, preresolve
from sarcoma_core.xnat.resolution.objects import XnatObject, from_json
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.validation.rules import validate
from tests.choosing import STEP

COMMAND = Command.from_json(command_for(STEP).to_json())
AUTOMATIC, CORRECTING = wrapper_name(STEP, "session"), correcting_name(STEP)
ALONE = "--session /input --out /output --no-again"


def session(*scans: str) -> XnatObject:
    uri = "/archive/experiments/E1"
    listed = [
        {"type": "Scan", "id": one, "uri": f"{uri}/scans/{one}", "label": f"{one} - T1", "modality": "MR"}
        for one in scans
    ]
    return from_json(
        {
            "type": "Session",
            "id": "E1",
            "uri": uri,
            "label": "S",
            "directory": "/archive/S",
            "scans": listed,
            "resources": [],
        }
    )


def line(wrapper: str, scans: tuple[str, ...], values: Mapping[str, str]) -> str:
    resolved = resolve(COMMAND, wrapper, session(*scans), {"again": "false", **values})
    return " ".join(resolved.arguments)


def test_the_service_accepts_both_wrappers_and_the_linter_finds_nothing() -> None:
    text = json.dumps(command_for(STEP).to_json())
    verdict = validate(text)
    assert (verdict.kind, verdict.messages, lint(text)) == ("ACCEPT", (), ())
    assert [(w.name, w.label) for w in COMMAND.xnat] == [
        ("sarcoma-choose-scans-session", "Sarcoma: choose"),
        ("sarcoma-choose-scans-correct", "Sarcoma: choose by hand"),
    ]


def test_both_are_on_sessions_mount_the_same_and_file_the_same() -> None:
    automatic, correcting = COMMAND.xnat
    assert automatic.contexts == correcting.contexts == ("xnat:imageSessionData",)
    assert automatic.external_inputs == correcting.external_inputs
    assert automatic.output_handlers == correcting.output_handlers


def test_no_replacement_key_is_part_of_another() -> None:
    for wrapper in COMMAND.xnat:
        keys = [i.key for i in (*COMMAND.inputs, *wrapper.external_inputs, *wrapper.derived_inputs)]
        assert not [(a, b) for a, b in combinations(sorted(keys, key=len), 2) if a in b]


@pytest.mark.parametrize("chosen", ["5", "/archive/experiments/E1/scans/5"])
def test_a_chosen_scan_reaches_the_line_as_its_id(chosen: str) -> None:
    assert line(CORRECTING, ("3", "5"), {"t1ce-scan": chosen}) == f"{ALONE} --t1ce=5"


def test_two_choices_are_two_words() -> None:
    values = {"t1-scan": "3", "t1ce-scan": "5"}
    assert line(CORRECTING, ("3", "5", "7"), values) == f"{ALONE} --t1=3 --t1ce=5"


@pytest.mark.parametrize("left_open", [{}, {"t1ce-scan": "", "t1-scan": ""}, {"t1ce-scan": "default"}])
def test_of_several_scans_none_is_chosen_where_nobody_chooses(left_open: dict[str, str]) -> None:
    assert line(CORRECTING, ("3", "5"), left_open) == ALONE


def test_the_only_scan_of_a_session_is_filled_in_for_every_choice_which_the_step_refuses() -> None:
    assert line(CORRECTING, ("3",), {}) == f"{ALONE} --t1=3 --t1ce=3"


def test_a_launch_that_names_no_scan_for_the_others_can_choose_the_only_one() -> None:
    assert line(CORRECTING, ("3",), choice_values(STEP, {"t1ce": "3"})) == f"{ALONE} --t1ce=3"
    assert line(CORRECTING, ("3",), choice_values(STEP, {})) == ALONE


@pytest.mark.parametrize("scans", [(), ("3",), ("3", "5")])
@pytest.mark.parametrize("values", [{}, {"t1ce-scan": "5"}, {"t1ce": "5"}, {"no-scan": "3"}])
def test_the_automatic_wrapper_chooses_nothing_whatever_is_sent(
    scans: tuple[str, ...], values: dict[str, str]
) -> None:
    assert line(AUTOMATIC, scans, values) == ALONE


def test_the_dialog_of_the_automatic_wrapper_asks_for_no_choice() -> None:
    trees = preresolve(Launch(COMMAND, COMMAND.xnat[0], session("3", "5"), {}))
    assert [tree.name for tree in trees] == ["session", "again"]
    [value] = trees[0].values
    assert [(child.name, child.values) for child in value.children] == [("no-scan", ())]


def test_the_dialog_of_the_other_offers_every_scan_for_every_choice_by_its_label() -> None:
    trees = preresolve(Launch(COMMAND, COMMAND.xnat[1], session("3", "5"), {}))
    [value] = trees[0].values
    offered = {
        child.name: [(v.text, v.item and v.item.label) for v in child.values] for child in value.children
    }
    assert offered == {key: [("3", "3 - T1"), ("5", "5 - T1")] for key in ("t1-scan", "t1ce-scan")}
