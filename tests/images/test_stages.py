"""The stages of a CI run (`.ci/stages`): no failure is passed over, and nothing is left running."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sarcoma_core.images.catalogue import checkout

PATIENCE = 30
"""Seconds: more than any of these scripts takes on a busy machine."""

LONG = "sleep 300"


@dataclass(frozen=True)
class Ended:
    """A script that used the stages, once it had ended."""

    code: int
    said: str

    @property
    def table(self) -> Mapping[str, str]:
        """What became of each stage, by its name."""
        _, _, rows = self.said.partition("== seconds (")
        cells = (row.split(" s  ") for row in rows.splitlines()[1:])
        return {name.rpartition(" ")[0].strip(): became for name, became in cells}


@contextmanager
def started(folder: Path, *lines: str) -> Iterator[subprocess.Popen[str]]:
    script = folder / "script"
    log = folder / "log"
    text = "\n".join(("set -euo pipefail", f". '{checkout()}/.ci/stages'", f"LOG='{log}'", *lines))
    script.write_text(text + "\n", encoding="utf-8")
    with subprocess.Popen(
        ["bash", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path, *lines: str) -> Ended:
    with started(folder, *lines) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, said)


def runs(pid_file: Path) -> bool:
    """Whether the process that wrote its number there is running; a zombie is not."""
    stat = Path("/proc", pid_file.read_text("ascii").strip(), "stat")
    try:
        return stat.read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def leaves_a_number(name: str, then: str = LONG) -> str:
    """A command of two processes, the inner of which says who it is and then works."""
    return f"""bash -c "bash -c 'echo \\$\\$ >{name}.new; mv {name}.new {name}; exec {then}' || exit" """


def await_file(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} was never written"
        time.sleep(0.05)


def test_all_is_well_and_the_table_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, "stage one true", 'behind two "$LOG" true', "stage three true", "caught_up")
    assert ended.code == 0
    assert ended.table == {"one": "ok", "three": "ok", "two": "ok", "total": "ok"}


def test_what_is_behind_runs_while_the_next_stage_does(tmp_path: Path) -> None:
    # Each waits for the other: in turn they would wait for ever.
    meet = "touch {0}; until test -e {1}; do sleep 0.05; done"
    ended = run(
        tmp_path,
        f"behind two \"$LOG\" bash -c '{meet.format('a', 'b')}'",
        f"stage three bash -c '{meet.format('b', 'a')}'",
        "caught_up",
    )
    assert ended.code == 0


def test_what_is_behind_is_told_with_its_own_seconds(tmp_path: Path) -> None:
    ended = run(tmp_path, 'behind quick "$LOG" true', "stage slow sleep 2", "caught_up")
    seconds = {
        row.split()[0]: int(row.split()[1]) for row in ended.said.splitlines() if row.endswith("s  ok")
    }
    assert seconds["quick"] < 2 <= seconds["slow"] <= seconds["total"]


def test_a_failure_ends_the_run_with_its_own_status(tmp_path: Path) -> None:
    ended = run(tmp_path, "stage one bash -c 'exit 3'", "stage two touch two")
    assert ended.code == 3
    assert ended.table == {"one": "FAILED (3)", "total": "FAILED (3)"}
    assert not (tmp_path / "two").exists()


def test_a_failure_behind_lets_the_tests_end_and_then_fails_with_its_log(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        "behind two \"$LOG\" bash -c 'echo no space left; exit 4'",
        "stage three sleep 1",
        "caught_up",
        "stage four touch four",
    )
    assert ended.code == 4
    assert "no space left" in ended.said
    assert ended.table == {"three": "ok", "two": "FAILED (4)", "total": "FAILED (4)"}
    assert not (tmp_path / "four").exists()
    assert (tmp_path / "log").read_text("ascii") == "no space left\n"


def test_what_worked_behind_keeps_its_log_to_itself(tmp_path: Path) -> None:
    ended = run(tmp_path, 'behind two "$LOG" echo 500 layers', "caught_up")
    assert "500 layers" not in ended.said
    assert (tmp_path / "log").read_text("ascii") == "500 layers\n"


def test_both_failures_are_told(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        "behind two \"$LOG\" bash -c 'echo no space left; exit 4'",
        "until test -e log.end; do sleep 0.05; done",
        "stage three bash -c 'echo 2 tests failed; exit 1'",
    )
    assert ended.code == 1
    assert "no space left" in ended.said
    assert "2 tests failed" in ended.said
    assert ended.table == {"three": "FAILED (1)", "two": "FAILED (4)", "total": "FAILED (1)"}


def test_a_script_that_forgets_to_catch_up_fails_by_what_was_behind(tmp_path: Path) -> None:
    ended = run(tmp_path, 'behind two "$LOG" false', "until test -e log.end; do sleep 0.05; done")
    assert ended.code == 1
    assert ended.table == {"two": "FAILED (1)", "total": "FAILED (1)"}


def test_what_is_behind_is_stopped_with_its_children_when_the_tests_fail_first(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        f'behind two "$LOG" {leaves_a_number("pid")}',
        "until test -e pid; do sleep 0.05; done",
        "stage three false",
    )
    assert ended.code == 1
    assert ended.table == {"three": "FAILED (1)", "two": "stopped", "total": "FAILED (1)"}
    assert not runs(tmp_path / "pid")


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = "bash -c \"trap '' INT TERM; echo \\$\\$ >pid.new; mv pid.new pid; while :; do sleep 0.1; done\""
    ended = run(
        tmp_path,
        "patience=2",
        f'behind two "$LOG" {deaf}',
        "until test -e pid; do sleep 0.05; done",
        "stage three false",
    )
    assert ended.code == 1
    assert not runs(tmp_path / "pid")


def test_one_that_was_killed_from_outside_has_failed(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "behind two \"$LOG\" bash -c 'echo last words; kill -s KILL -- -$PPID'", "caught_up"
    )
    assert ended.code == 137
    assert "last words" in ended.said
    assert ended.table["two"] == "FAILED (137)"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_stops_what_runs_and_says_what_it_took(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    lines = (
        f'behind two "$LOG" {leaves_a_number("rear")}',
        f"stage three {leaves_a_number('front')}",
        "caught_up",
    )
    with started(tmp_path, *lines) as process:
        await_file(tmp_path / "rear")
        await_file(tmp_path / "front")
        os.kill(process.pid, sent)
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert Ended(code, said).table == {"three": "stopped", "two": "stopped", "total": f"FAILED ({code})"}
    assert not runs(tmp_path / "rear")
    assert not runs(tmp_path / "front")


def test_on_ctrl_c_a_command_may_clear_up(tmp_path: Path) -> None:
    tidy = "bash -c 'trap \"touch cleared; exit 130\" INT; touch ready; while :; do sleep 0.1; done'"
    with started(tmp_path, f"stage one {tidy}") as process:
        await_file(tmp_path / "ready")
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert (tmp_path / "cleared").exists()


def test_a_run_builds_the_images_behind_the_tests_and_waits_for_them() -> None:
    lines = (checkout() / ".ci" / "run").read_text("utf-8").splitlines()
    order = [line.split('"')[1] if '"' in line else line for line in lines if line.startswith(STAGES)]
    assert order.index("make check") < order.index("images") < order.index("make test")
    assert order.index("make test") < order.index("caught_up") < order.index("tests on an engine")


STAGES = ("stage ", "behind ", "caught_up")
