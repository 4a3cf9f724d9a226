"""Labels reach a command line by derived inputs that no dialog shows, and never a label of something else."""

import json

import pytest

from sarcoma_core.steps.predict import STEP
from sarcoma_core.xnat.command.declaring import command_for, wrapper_name
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.resolution.objects import XnatObject, from_json
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.validation.rules import validate

COMMAND = Command.from_json(command_for(STEP).to_json())
WRAPPER = wrapper_name(STEP, "session")


def session(subject: XnatObject | None) -> XnatObject:
    found = from_json(
        {
            "type": "Session",
            "id": "E1",
            "uri": "/archive/experiments/E1",
            "label": "STS_007_MR",
            "directory": "/archive/S",
            "scans": [],
            "resources": [],
        }
    )
    project = from_json(
        {
            "type": "Project",
            "id": "P",
            "uri": "/archive/projects/P",
            "label": "P",
            "directory": "/archive/P",
            "resources": [
                {
                    "type": "Resource",
                    "id": "1",
                    "label": "MODEL_PROG_A",
                    "uri": "/archive/projects/P/resources/1",
                    "directory": "/archive/P/resources/MODEL_PROG_A",
                    "files": [],
                }
            ],
            "subjects": [],
        }
    )
    above = (project,) if subject is None else (subject, project)
    return XnatObject(found.type, found.keys, found.below, above)


def words(subject: XnatObject | None) -> tuple[str, ...]:
    return resolve(COMMAND, WRAPPER, session(subject), {}).arguments


def test_the_service_accepts_the_command_and_the_linter_finds_nothing() -> None:
    text = json.dumps(command_for(STEP).to_json())
    assert validate(text).kind == "ACCEPT"
    assert lint(text) == ()


def test_the_labels_are_those_of_the_session_and_of_its_subject() -> None:
    subject = XnatObject("Subject", {"id": "S1", "label": "STS_007", "uri": "/archive/subjects/S1"})
    assert words(subject)[-2:] == ("--session-label=STS_007_MR", "--subject-label=STS_007")


def test_a_subject_without_a_label_is_left_out() -> None:
    told = words(XnatObject("Subject", {"id": "S1", "uri": "/archive/subjects/S1"}))
    assert told[-1] == "--session-label=STS_007_MR"
    assert not any("subject" in word for word in told)


@pytest.mark.parametrize("name", ["subject", "session-label", "subject-label"])
def test_no_dialog_asks_for_them(name: str) -> None:
    [wrapper] = COMMAND.xnat
    [found] = [one for one in wrapper.derived_inputs if one.name == name]
    assert (found.user_settable, found.required) == (False, False)
