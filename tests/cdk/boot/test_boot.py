"""The steps in their order, and what is said of the first that fails."""

import ast
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.settings import read_settings
from tests.cdk.boot.conftest import Told

BOOT = Path(__file__).parents[3] / "aws_cdk" / "sarcoma_cdk" / "boot"
main = importlib.import_module("sarcoma_cdk.boot.__main__")
NAMES = (
    *(
        "watch",
        "volumes",
        "engine",
        "images",
        "artefacts",
        "secrets",
        "project",
        "build",
        "up",
        "database",
        "healthy",
    ),
    *("settings", "bootstrap", "install", "automate", "doctor"),
)


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.calls, "make_ready", lambda: None)


def test_volumes_come_before_whatever_is_written_on_them_and_the_doctor_after_all_it_looks_at(
    told: Told, places: Any
) -> None:
    assert tuple(main.steps(read_settings(told()), places, print)) == NAMES


def test_the_first_step_that_fails_is_the_last_and_the_reason(
    told: Told, places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise BootError("the reason")

    steps = {"one": lambda: ran.append("one"), "two": fail, "three": lambda: ran.append("three")}
    monkeypatch.setattr(main, "steps", lambda *_: steps)
    assert main.boot(told(), places) == {"step": "two", "reason": "the reason"}
    assert ran == ["one"]
    assert places.log.read_text().splitlines()[-1].endswith("step two: FAILED. the reason")


def test_a_site_that_is_up_has_no_reason(told: Told, places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "steps", lambda *_: {"one": lambda: None})
    assert main.boot(told(), places) == {"step": "", "reason": ""}


def test_settings_that_are_refused_are_a_reason_too(told: Told, places: Any) -> None:
    found = main.boot(told(region=""), places)
    assert found["step"] == "settings"
    assert "parameter.region" in found["reason"]


def test_the_outcome_is_a_file_that_the_runner_reads(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = tmp_path / "outcome.json"
    for reason, code in (("", 0), ("why", 1)):
        monkeypatch.setattr(main, "boot", lambda *_, reason=reason: {"step": "one", "reason": reason})
        assert main.main([str(told()), str(outcome)]) == code
        assert json.loads(outcome.read_text())["reason"] == reason


@pytest.mark.parametrize("path", sorted(BOOT.glob("*.py")), ids=lambda path: path.name)
def test_it_is_written_for_amazon_linuxs_python_and_its_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert str(node.module).partition(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.Import):
            assert {each.name.partition(".")[0] for each in node.names} <= sys.stdlib_module_names
    later = {"file_digest", "UTC", "pairwise", "StrEnum"}  # of Python 3.10 and 3.11
    assert later.isdisjoint(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def test_every_call_of_aws_names_its_service_in_words() -> None:
    calls = [
        node
        for path in BOOT.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "aws"
    ]
    services = {node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)}
    assert all(isinstance(node.args[0], ast.Constant) for node in calls)
    assert services == {"ecr", "s3", "secretsmanager", "ssm"}
