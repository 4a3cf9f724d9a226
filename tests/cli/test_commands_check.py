"""`sarcoma commands validate` and `lint`, as a terminal and a script see them."""

import json
from pathlib import Path

import pytest

from sarcoma_core.cli.commands_check import lint_files, validate_files
from tests.xnat.foreign import changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.json").write_text(changed())
    (tmp_path / "bad.json").write_text(changed(("image", ""), ("mounts/0/path", "")))
    (tmp_path / "label.json").write_text(f'[{changed()}, {{"name": "x"}}]')
    (tmp_path / "broken.json").write_text('{"name": "a",}')
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    (tmp_path / "gpu.json").write_text(changed(("gpus", "all")))
    (tmp_path / "odd.json").write_text('{"name": "\\ud800\\t", "image": "", "xnat": []}')
    return tmp_path


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_an_accepted_command_is_one_line_and_exit_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_files([folder / "good.json"], as_json=False) == 0
    assert rows(capsys) == [[str(folder / "good.json"), "ACCEPT", ""]]


def test_messages_stand_on_one_line_with_the_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate_files([folder / "bad.json"], as_json=False) == 1
    ((_, word, messages),) = rows(capsys)
    assert word == "REJECT(2)"
    assert messages == (
        'Command "probe" - image name cannot be blank. | Command "probe" - Mount "in" path cannot be blank.'
    )


def test_a_label_gets_a_line_for_each_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_files([folder / "label.json"], as_json=False) == 1
    label = str(folder / "label.json")
    assert [row[:2] for row in rows(capsys)] == [[str(label), "ACCEPT"], [str(label), "REJECT(1)"]]


def test_an_unparsable_text_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_files([folder / "broken.json"], as_json=False) == 1
    assert rows(capsys)[0][1] == "UNPARSABLE"


@pytest.mark.parametrize("name", ["missing.json", "latin.json", "."])
def test_a_file_that_cannot_be_read_is_exit_2_and_the_others_go_on(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate_files([folder / name, folder / "good.json"], as_json=False) == 2
    told = capsys.readouterr()
    assert "cannot be read" in told.err
    assert "ACCEPT" in told.out


def test_no_text_breaks_the_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_files([folder / "odd.json"], as_json=False) == 1
    ((_, _, messages),) = rows(capsys)
    assert messages == 'Command "? " - image name cannot be blank.'


def test_verdicts_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_files([folder / "good.json", folder / "bad.json"], as_json=True) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert good == {"file": str(folder / "good.json"), "place": "", "verdict": "ACCEPT", "messages": []}
    assert bad["verdict"] == "REJECT(2)"
    assert len(bad["messages"]) == 2


def test_a_clean_file_is_told_and_exit_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_files([folder / "good.json"], as_json=False) == 0
    assert rows(capsys) == [[str(folder / "good.json"), "clean"]]


def test_a_finding_says_rule_place_message_and_fix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_files([folder / "gpu.json"], as_json=False) == 1
    ((file, rule, where, message, fix),) = rows(capsys)
    assert (file, rule, where) == (str(folder / "gpu.json"), "gpus", "/gpus")
    assert message
    assert "generic-resources" in fix


def test_findings_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_files([folder / "gpu.json"], as_json=True) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert set(finding) == {"file", "rule", "where", "message", "fix"}
