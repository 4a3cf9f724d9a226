"""Several choices: a select-many, whose values reach the command line with commas between."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sarcoma_core.cli.main import parser
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Value
from sarcoma_core.launch.assets import launch_values
from sarcoma_core.launch.install.settings import carried, settings
from sarcoma_core.xnat.command.declaring import command_for, wrapper_name
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.resolution.objects import from_json
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.validation.rules import validate
from tests.floor.steps import SCAN as STEP

COMMAND = Command.from_json(command_for(STEP).to_json())
WRAPPER = wrapper_name(STEP, "scan")
(TELL,) = STEP.params
SESSION = {"type": "Session", "id": "E1", "uri": "/archive/experiments/E1", "label": "S", "directory": "/a"}
SCAN = {"type": "Scan", "id": "4", "uri": "/archive/experiments/E1/scans/4", "label": "4"}
ROOT = replace(from_json(SCAN), above=(from_json(SESSION),))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line has the step of the tests."""
    monkeypatch.setattr("sarcoma_core.cli.step.STEPS", (STEP,))


def words(**values: str) -> tuple[str, ...]:
    """What the service would give the step's entry point."""
    return resolve(COMMAND, WRAPPER, ROOT, values).arguments


def read(*given: str) -> Value:
    """The parameter, as the step's command line reads it."""
    told: str = parser().parse_args(["step", STEP.name, *given]).tell
    return TELL.parse(told)


def test_the_service_accepts_it_and_the_linter_finds_nothing() -> None:
    text = json.dumps(command_for(STEP).to_json())
    verdict = validate(text)
    assert (verdict.kind, verdict.messages, lint(text)) == ("ACCEPT", (), ())


def test_it_is_a_select_many_with_a_list_as_its_default() -> None:
    (shown,) = (each for each in command_for(STEP).to_json()["inputs"] if each["name"] == "tell")
    assert shown == {
        "name": "tell",
        "label": "Tell (one or more of scan, files, bytes)",
        "description": "what is told (one or more of scan, files, bytes; default scan,files)",
        "type": "select-many",
        "required": True,
        "default-value": '["scan", "files"]',
        "replacement-key": "#tell#",
        "select-values": ["scan", "files", "bytes"],
        "multiple-delimiter": "comma",
    }


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"default-value": '["scan", "names"]'}, "REJECT"),
        ({"default-value": "scan,files"}, "REJECT"),
        ({"multiple-delimiter": "commas"}, "REJECT"),
        ({"default-value": None}, "BIND-ERROR"),
    ],
)
def test_the_service_would_refuse_another_form_of_it(changes: dict[str, Any], verdict: str) -> None:
    tree = command_for(STEP).to_json()
    shown = next(each for each in tree["inputs"] if each["name"] == "tell")
    shown.update(changes)
    assert validate(json.dumps(tree)).kind == verdict


def test_the_declared_default_reaches_the_step() -> None:
    assert "--tell=scan,files" in words()
    assert read(*words()) == STEP.defaults["tell"]


@pytest.mark.parametrize("value", ["bytes", "scan,bytes", "scan,files,bytes"])
def test_what_our_launch_sends_reaches_the_step(value: str) -> None:
    sent = launch_values(STEP, {"tell": value}, {})
    assert json.loads(sent["tell"]) == value.split(",")
    assert read(*words(**sent)) == value


@pytest.mark.parametrize(
    "sent", ['["files", "bytes"]', '["bytes","files"]', "files,bytes", "bytes,files", "bytes,files,bytes"]
)
def test_a_list_in_whatever_order_and_a_plain_text_are_the_same_to_the_step(sent: str) -> None:
    assert read(*words(tell=sent)) == "files,bytes"


@pytest.mark.parametrize("sent", ["[]", "", " ", '["names"]', '["scan", "names"]', "names"])
def test_what_is_none_of_the_choices_is_refused_by_the_step_and_never_becomes_its_default(sent: str) -> None:
    with pytest.raises(UsageError, match="--tell: must be one or more of scan, files, bytes; found"):
        read(*words(tell=sent))


def test_what_a_site_has_set_goes_along_unless_it_is_no_choice_any_more() -> None:
    tree = command_for(STEP).to_json()
    for value, left in (('["bytes"]', ()), ('["bytes", "names"]', ("tell",))):
        made = settings({"inputs": {"tell": {"default-value": value}}}, {})
        assert carried(made, tree, WRAPPER).left == left
