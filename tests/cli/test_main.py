"""The command line: exit codes, errors that say what to do next, output that reads well piped."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sarcoma_core.cli import main
from sarcoma_core.cli.main import fail, parser
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.steps import STEPS
from sarcoma_core.text import printable


def sarcoma(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "sarcoma_core", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_an_error_ends_with_its_reason_and_the_next_command_stands_before_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fail(InputError("--session: no.", hint="Do this.")) == 1
    assert capsys.readouterr().err == "next: Do this.\nerror: --session: no.\n"
    assert fail(UsageError("--n: no.")) == 2


@pytest.mark.parametrize(
    "words", [[], ["none"], ["step"], ["run", "prepare"], ["step", "convert", "--out", "x"]]
)
def test_wrong_usage_exits_2_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: sarcoma")


def test_every_verb_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    verbs = ("demo", "run", "step", "archive", "commands", "generate", "images")
    text = capsys.readouterr().out
    for verb in verbs:
        assert f"    {verb} " in text
        with pytest.raises(SystemExit) as caught:
            main([verb, "--help"])
        assert caught.value.code == 0


def test_a_missing_session_is_told_in_two_lines(tmp_path: Path) -> None:
    done = sarcoma("step", "convert", "--session", tmp_path / "none", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "next: Check the path, or the mount of the container.",
        "error: --session: must be a folder; found none there.",
    ]


def test_import_run_and_list_tell_the_way_on_a_pipe(cohort: Path, tmp_path: Path) -> None:
    place = ("--archive", tmp_path / "a", "--project", "P")
    first = sarcoma("archive", "import", cohort, *place)
    assert first.returncode == 0
    assert first.stdout.splitlines()[0] == "152 imported, 0 duplicate, 0 rejected of 152 files"
    listed = sarcoma("archive", "list", *place)
    header, *rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert header == ["session", "subject", "type", "scans", "accession id"]
    assert [row[1:4] for row in rows] == [
        ["STS-PHANTOM-0001", "MR", "2 MR"],
        ["STS-PHANTOM-0002", "MR", "2 MR"],
    ]
    missing = sarcoma("run", "prepare", *place, "--session", "nobody")
    assert missing.returncode == 1
    assert "--session: must be in project 'P'; found 'nobody'" in missing.stderr
    assert "sarcoma archive list" in missing.stderr
    assert "\x1b" not in first.stdout + listed.stdout + missing.stderr


def test_a_folder_without_dicom_exits_1_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "notes.dcm").write_text("not an image\n" * 40)
    done = sarcoma("archive", "import", tmp_path / "export", "--archive", tmp_path / "a", "--project", "P")
    assert done.returncode == 1
    assert "1 rejected: not DICOM (no DICM prefix)" in done.stdout
    assert done.stderr.splitlines() == [
        "next: Check the path; compressed exports (zip, tar) have to be unpacked first.",
        "error: FOLDER: must hold DICOM; found none in 1 file.",
    ]


def test_a_table_at_a_terminal_of_80_columns_fits(cohort: Path, tmp_path: Path) -> None:
    place = ("--archive", str(tmp_path / "a"), "--project", "P")
    sarcoma("archive", "import", cohort, *place)
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    line = [sys.executable, "-m", "sarcoma_core", "archive", "list", *place]
    with subprocess.Popen(line, stdout=theirs, env=environment) as process:
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
        assert process.wait() == 0
    os.close(ours)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", text.decode())
    assert "STS-PHANTOM-0001" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side has closed
        return b""


def test_what_a_file_says_cannot_drive_the_terminal(tmp_path: Path) -> None:
    bell = tmp_path / "command.json"
    bell.write_text(json.dumps({"name": "\x1b[2Jx\x07", "image": "a/b:1", "\x1b[31m": 1}))
    for verb in ("validate", "lint"):
        done = sarcoma("commands", verb, bell)
        assert not set(done.stdout + done.stderr) & {"\x1b", "\x07"}
    assert printable("T1\x1b[2J\nä患") == "T1?[2J?ä患"


def test_a_file_system_that_refuses_is_told_without_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "Doe^John").write_text("a file stands in the way")
    done = sarcoma("demo", "--out", tmp_path / "Doe^John")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
    assert "Doe" not in done.stderr


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_help_fits_80_columns(step: str) -> None:
    done = sarcoma("step", step, "--help", env=os.environ | {"COLUMNS": "80"})
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_generate_check_tells_drift_by_its_exit_code(tmp_path: Path) -> None:
    assert sarcoma("generate", "--check", "--root", tmp_path).returncode == 1
    assert sarcoma("generate", "--root", tmp_path).returncode == 0
    assert sarcoma("generate", "--check", "--root", tmp_path).returncode == 0
    assert json.loads((tmp_path / "xnat_commands" / "convert.json").read_text())["name"] == "sarcoma-convert"


def test_a_boolean_a_number_and_a_choice_are_declared_as_flags() -> None:
    arguments = parser().parse_args(["step", "normalise", "--session", "s", "--out", "o", "--region=whole"])
    assert (arguments.region, arguments.clip_low) == ("whole", None)


def test_an_empty_path_is_refused_and_not_taken_for_the_current_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["archive", "import", "", "--archive", "a", "--project", "P"])
    assert caught.value.code == 2
    assert "must name a file or folder; found nothing" in capsys.readouterr().err
