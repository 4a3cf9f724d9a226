"""What leaves the machine for CloudWatch."""

import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot import watch
from tests.cdk.boot.programs import Programs


def agent(places: Any) -> Path:
    path: Path = places.root / "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def start(places: Any) -> list[str]:
    told: list[str] = []
    watch.start_agent("/sarcoma/muhc/machine", places, told.append)
    return told


def test_no_log_but_the_boots_own_leaves_the_machine(places: Any) -> None:
    tree: Any = watch.agent_settings("/sarcoma/muhc/machine", places)
    (log,) = tree["logs"]["logs_collected"]["files"]["collect_list"]
    assert log["file_path"] == str(places.log)
    assert set(tree["logs"]["logs_collected"]) == {"files"}


def test_the_agent_is_started_once_for_the_same_settings(places: Any, programs: Programs) -> None:
    control = str(agent(places))
    programs.answer(control, by="{}")
    assert start(places) == []
    programs.answer(control, "-a", "status", by='{"status": "running"}')
    assert start(places) == []
    assert len(programs.named(control, "-a", "fetch-config")) == 1
    assert json.loads((places.state / "cloudwatch.json").read_text())["metrics"]["namespace"] == "Sarcoma"


@pytest.mark.parametrize("installed", [True, False])
def test_a_site_without_the_agent_comes_up_and_says_so(
    places: Any, programs: Programs, *, installed: bool
) -> None:
    if installed:
        programs.answer(str(agent(places)), by=1)
    else:
        programs.answer("env", "dnf", by=1)
    (warning,) = start(places)
    assert warning.startswith("warning: no disk metrics")
