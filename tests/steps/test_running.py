"""A step's run: checked at the door, whole or not at all, with the reason as the last word."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import pytest

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.errors import InputError, OutputError, UsageError
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, Step, describe
from sarcoma_core.provenance import Outcome, Outcomes, read_record
from sarcoma_core.steps.running import each_case, run_step
from tests.laws import assert_manifest_is_the_folder


class Outputs(NamedTuple):
    copies: Annotated[Outcomes, Output(resource="COPIES", format="TEXT", help="copies")]


def double(behave: object = None, *outcomes: Outcome) -> Step:
    """A test double of a step: it writes one file, then does what it is told."""

    def copy(
        session: Annotated[SessionFolder, Input(level="session")],
        out: OutputDir,
        *,
        times: Annotated[int, Param(help="times", ge=1, le=3)] = 1,
    ) -> Outputs:
        """Copy."""
        del session
        (out / "COPIES").mkdir()
        (out / "COPIES" / "a.txt").write_text("a" * times)
        if isinstance(behave, BaseException):
            raise behave
        return Outputs(copies=outcomes or (Outcome("1", "MR", "done", files=("a.txt",)),))

    return describe(copy, image="core", title="T", methods="M.", resources=Resources(1, 2, 1))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "session" / "SCANS" / "1" / "DICOM").mkdir(parents=True)
    return tmp_path / "session"


def left_behind(out: Path) -> list[str]:
    return sorted(p.name for p in out.iterdir()) if out.is_dir() else []


def test_a_good_run_leaves_its_label_and_a_manifest_that_is_the_folder(session: Path, tmp_path: Path) -> None:
    (record,) = run_step(double(), session, tmp_path / "out", {"times": 2})
    assert left_behind(tmp_path / "out") == ["COPIES"]
    assert record == read_record(tmp_path / "out" / "COPIES")
    assert record.params == {"times": 2}
    assert_manifest_is_the_folder(tmp_path / "out" / "COPIES", record)


@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError, "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), OutputError, "mounted read-only"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/somewhere/else"),
            OutputError,
            "permission was denied",
        ),
        (InputError("session: no."), InputError, "session: no"),
        (KeyboardInterrupt(), KeyboardInterrupt, "^$"),
        (ZeroDivisionError("bug"), ZeroDivisionError, "bug"),
    ],
)
def test_whatever_goes_wrong_nothing_half_written_is_left(
    session: Path, tmp_path: Path, error: BaseException, raised: type[BaseException], words: str
) -> None:
    with pytest.raises(raised, match=words):
        run_step(double(error), session, tmp_path / "out", {})
    assert left_behind(tmp_path / "out") == []
    run_step(double(), session, tmp_path / "out", {})
    assert left_behind(tmp_path / "out") == ["COPIES"]


def test_a_file_of_the_session_that_cannot_be_read_is_the_inputs_fault_and_stays_unnamed(
    session: Path, tmp_path: Path
) -> None:
    name = session / "SCANS" / "1" / "Doe^John.dcm"
    with pytest.raises(InputError, match="--session: every file must be readable") as caught:
        run_step(
            double(PermissionError(errno.EACCES, "Permission denied", str(name))),
            session,
            tmp_path / "out",
            {},
        )
    assert "Doe" not in str(caught.value)


def test_a_session_of_which_nothing_can_be_used_fails_with_every_reason_and_no_output(
    session: Path, tmp_path: Path
) -> None:
    refused = (
        Outcome("1", "MR", "refused", "slice 3 is missing"),
        Outcome("2", "MR", "set apart", "a localizer"),
    )
    with pytest.raises(
        InputError, match=r"scan 1 refused: slice 3 is missing; scan 2 set apart: a localizer"
    ):
        run_step(double(None, *refused), session, tmp_path / "out", {})
    assert left_behind(tmp_path / "out") == []


def test_one_usable_series_is_enough_and_not_applicable_counts(session: Path, tmp_path: Path) -> None:
    for n, status in enumerate(("done", "not applicable")):
        outcomes = (Outcome("1", "MR", "refused", "no"), Outcome("2", "CT", status, "yes"))  # type: ignore[arg-type]
        run_step(double(None, *outcomes), session, tmp_path / f"out{n}", {})


class TwoOutputs(NamedTuple):
    first: Annotated[Outcomes, Output(resource="FIRST", format="TEXT", help="first")]
    second: Annotated[Outcomes, Output(resource="SECOND", format="TEXT", help="second")]


def two() -> Step:
    """A test double of a step with two outputs."""

    def pair(session: Annotated[SessionFolder, Input(level="session")], out: OutputDir) -> TwoOutputs:
        """Pair."""
        del session
        for label in ("FIRST", "SECOND"):
            (out / label).mkdir()
            (out / label / "a.txt").write_text(label)
        done = (Outcome("1", "MR", "done", files=("a.txt",)),)
        return TwoOutputs(done, done)

    return describe(pair, image="core", title="T", methods="M.", resources=Resources(1, 2, 1))


def test_of_two_outputs_each_has_its_manifest(session: Path, tmp_path: Path) -> None:
    first, second = run_step(two(), session, tmp_path / "out", {})
    assert left_behind(tmp_path / "out") == ["FIRST", "SECOND"]
    assert (first.title, second.title) == ("FIRST", "SECOND")
    assert read_record(tmp_path / "out" / "SECOND") == second


@pytest.mark.parametrize("label", ["FIRST", "SECOND"])
def test_when_one_of_two_outputs_cannot_be_put_in_place_neither_is(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if target == tmp_path / "out" / label:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Nothing was written"):
        run_step(two(), session, tmp_path / "out", {})
    assert left_behind(tmp_path / "out") == []


def series(scan: str, part: str = "") -> SeriesFiles:
    return SeriesFiles("NIFTI", Outcome(scan, "MR", "done", files=("a",), part=part), (Path("a"),))


def test_a_case_is_told_by_its_first_series_and_one_refusal_stops_no_other() -> None:
    fixed = series("1")
    cases = [(series("2", "echo1"), fixed), (series("2", "echo2"), fixed), (series("3"), fixed)]

    def register(case: tuple[SeriesFiles, ...]) -> Outcome:
        moving, target = case
        if moving.outcome.part == "echo2":
            raise InputError("volume: must not be constant.")
        return moving.told("done", files=("b",), facts={"to": target.scan})

    told = each_case(cases, register)
    assert [(o.series, o.status, o.reason) for o in told] == [
        ("2 echo1", "done", ""),
        ("2 echo2", "refused", "volume: must not be constant."),
        ("3", "done", ""),
    ]
    assert told[0].facts == {"to": "1"}


def test_a_fault_that_is_not_the_cases_own_stops_all() -> None:
    def full(_: tuple[SeriesFiles, ...]) -> Outcome:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        each_case([(series("1"),)], full)


def test_an_earlier_output_is_not_overwritten(session: Path, tmp_path: Path) -> None:
    run_step(double(), session, tmp_path / "out", {})
    with pytest.raises(OutputError, match="must not hold COPIES yet"):
        run_step(double(), session, tmp_path / "out", {"times": 3})
    assert (tmp_path / "out" / "COPIES" / "a.txt").read_text() == "a"


def test_bad_arguments_are_told_before_anything_is_touched(session: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--times: must be 1 to 3; found 4"):
        run_step(double(), session, tmp_path / "out", {"times": 4})
    with pytest.raises(InputError, match="--session: must be a folder"):
        run_step(double(), tmp_path / "none", tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_leaves_nothing_and_says_what_to_do(
    tmp_path: Path, name: signal.Signals
) -> None:
    """A real process of the real command line; a FIFO holds its step in the middle."""
    (tmp_path / "session" / "SCANS").mkdir(parents=True)
    os.mkfifo(tmp_path / "fifo")
    code = (
        "import sys, pathlib\n"
        "import sarcoma_core.steps.convert as c\n"
        "def hold(session, out):\n"
        "    (out / 'NIFTI').mkdir(); print('working', flush=True); open(sys.argv[1]).read()\n"
        "object.__setattr__(c.STEP, 'function', hold)\n"
        "from sarcoma_core.cli import main\n"
        "sys.exit(main(['step', 'convert', '--session', sys.argv[2], '--out', sys.argv[3]]))\n"
    )
    out = tmp_path / "out"
    line = [sys.executable, "-c", code, str(tmp_path / "fifo"), str(tmp_path / "session"), str(out)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "working\n"
        assert left_behind(out) != []
        time.sleep(0.05)
        process.send_signal(name)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again" in stderr
    assert left_behind(out) == []


def test_an_asset_that_the_step_does_not_have_is_refused(session: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no asset 'modle'; it has: none"):
        run_step(double(), session, tmp_path / "out", {}, assets={"modle": tmp_path})
    assert not (tmp_path / "out").exists()
