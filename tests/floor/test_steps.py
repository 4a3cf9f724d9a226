"""The steps of the tests are the tests' own: a site that installs sarcoma never has them."""

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from setuptools import build_meta

from sarcoma_core.images.catalogue import checkout
from sarcoma_core.interface import Step
from sarcoma_core.xnat.command.declaring import command_for
from tests.floor.steps import FLOOR
from tests.floor.tools import sarcoma


def test_they_are_not_among_the_steps_of_sarcoma() -> None:
    names = "import sarcoma_core.steps as s; print(*(step.name for step in s.STEPS), *sorted(s.LABELS))"
    ours = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, check=True).stdout
    assert "convert" in ours.split()
    assert not [word for word in ours.split() if word.lower().startswith("floor")]


def test_they_are_not_in_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel is built as pip builds it, from the files that git and pip would hand over."""
    source = tmp_path / "source"
    source.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=checkout(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name in filter(None, listed.split("\0")):
            if (checkout() / name).exists():
                tar.add(checkout() / name, name)
    held.seek(0)
    with tarfile.open(fileobj=held) as tar:
        tar.extractall(source, filter="data")
    assert (source / "tests" / "floor" / "steps.py").is_file()
    monkeypatch.chdir(source)
    wheel = build_meta.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as made:
        names = made.namelist()
        text = b"".join(made.read(name) for name in names).lower()
    assert "sarcoma_core/steps/convert.py" in names
    assert not [name for name in names if name.startswith("tests")]
    assert not [step.name for step in FLOOR if step.labels[0].lower().encode() in text]


def test_the_command_line_of_the_tests_knows_them_and_ours() -> None:
    said = sarcoma("step", "--help")
    assert all(name in said.out for name in ("convert", *(step.name for step in FLOOR))), said.err


@pytest.mark.parametrize("step", FLOOR, ids=[step.name for step in FLOOR])
def test_their_commands_pass_our_own_lint(step: Step, tmp_path: Path) -> None:
    (tmp_path / "command.json").write_text(json.dumps(command_for(step).to_json()), encoding="utf-8")
    said = sarcoma("commands", "lint", tmp_path / "command.json")
    assert said.code == 0, said.out + said.err
