import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.cli.commands_resolve import resolve_file
from sarcoma_core.errors import ArchiveError, CommandError, UsageError
from tests.xnat.launches import small_archive

COMMAND = {
    "name": "n4",
    "image": "n4:1",
    "command-line": "run #shrink#",
    "environment-variables": {"MODE_OF_RUN": "x"},
    "inputs": [{"name": "shrink", "default-value": "4", "command-line-flag": "--shrink"}],
    "mounts": [{"name": "in", "path": "/input"}, {"name": "out", "path": "/output"}],
    "xnat": [
        {
            "name": "w",
            "external-inputs": [
                {"name": "session", "type": "Session", "provides-files-for-command-mount": "in"}
            ],
        }
    ],
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return small_archive(tmp_path).root


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "command.json"
    path.write_text(json.dumps(COMMAND), encoding="utf-8")
    return path


def show(file: Path, archive: Path, **asked: Any) -> int:
    given = {"project": None, "session": "S1", "sets": (), "wrapper": None, "as_json": False, **asked}
    return resolve_file(file, archive=archive, **given)


def test_a_piped_listing_has_a_line_for_each_thing(
    file: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(file, archive) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "image\tn4:1" in lines
    assert "shrink\tcommand\tstring\t4\tdefault" in lines
    assert f"in\t/input\tread-only\t{archive / 'STS/arc001/S1'}" in lines
    assert "out\t/output\tread-write\tan empty build folder" in lines
    assert "XNAT_USER\t(set by the server at launch)" in lines


def test_json_has_the_words_of_the_line_and_leaves_the_names_of_variables_alone(
    file: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(file, archive, sets=["shrink=8"], as_json=True, project="STS") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["arguments"] == ["run", "--shrink", "8"]
    assert found["environment"] == {"MODE_OF_RUN": "x"}
    assert {"role": "command", "name": "shrink", "type": "string", "value": "8", "origin": "launch"} in found[
        "inputs"
    ]
    assert found["mounts"][0]["source"] == str(archive / "STS/arc001/S1")


@pytest.mark.parametrize("pair", ["shrink", "speed=4", "=4"])
def test_a_value_has_to_name_an_input(file: Path, archive: Path, pair: str) -> None:
    with pytest.raises(UsageError, match="must be NAME=VALUE") as caught:
        show(file, archive, sets=[pair])
    assert caught.value.hint == "Inputs of this command: session, shrink."


@pytest.mark.parametrize("project", [None, "STS"])
def test_an_unknown_session_is_refused(file: Path, archive: Path, project: str | None) -> None:
    with pytest.raises(ArchiveError, match="--session: must"):
        show(file, archive, session="S9", project=project)


@pytest.mark.parametrize("text", ["[]", "{", '{"name": "n4"}'])
def test_a_file_without_a_command_is_refused(file: Path, archive: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError):
        show(file, archive)


def test_a_file_that_cannot_be_read_is_refused(file: Path, archive: Path) -> None:
    with pytest.raises(UsageError, match="FILE: must be a readable command JSON; found: No such file"):
        show(file.with_name("absent.json"), archive)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="it is no UTF-8 text"):
        show(file, archive)
