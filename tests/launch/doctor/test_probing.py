"""The probe's command is one that the service accepts, in the image of the step that it proves."""

import json
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.cli.main import parser
from sarcoma_core.interface import Step
from sarcoma_core.launch.doctor.probing import probe_command
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import image_reference
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.validation.rules import validate

each_step = pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])


@each_step
def test_the_service_accepts_it_and_the_linter_finds_nothing(step: Step) -> None:
    text = json.dumps(probe_command(step, image_reference(step.name)).to_json())
    verdict = validate(text)
    assert (verdict.kind, verdict.messages) == ("ACCEPT", ())
    assert lint(text) == ()


@each_step
def test_it_asks_the_image_of_the_step_for_the_probe(step: Step, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    scans = (Scan("1", "1.2", 1, "MR", "AX T1", 3),)
    session = Session("P", "S", "E1", "S", "1.1", "", "", scans, archive.session_path("P", "S"))
    resolved = resolve(probe_command(step, image_reference(step.name)), None, session_object(session), {})
    assert resolved.image == image_reference(step.name)
    arguments = parser().parse_args(["step", step.name, *resolved.arguments])
    assert arguments.probe
    assert [(o.label, o.path) for o in resolved.outputs] == [("SARCOMA_PROBE", "SARCOMA_PROBE")]
