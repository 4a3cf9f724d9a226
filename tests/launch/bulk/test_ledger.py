"""The ledger: append-only, readable by its owner only, the same to every process that opens it."""

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.launch.bulk.ledger import ItemState, LaunchRun, Ledger, default_ledger
from sarcoma_core.xnat.rest.remote import RemoteTarget

ASKED = LaunchRun(
    0,
    0.0,
    "http://x",
    "me",
    "P",
    "prepare",
    ("convert", "report"),
    {"convert": {}},
    3,
    forced=True,
    baseline=7,
)


def begin(ledger: Ledger, *names: str) -> LaunchRun:
    return ledger.begin(
        ASKED, [RemoteTarget("session", name, f"label {name}", "xnat:mrSessionData") for name in names]
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


def test_what_was_asked_for_is_read_back_as_it_was(path: Path) -> None:
    ledger = Ledger(path)
    run = begin(ledger, "E1", "E2")
    assert replace(run, id=0, at=0.0) == ASKED
    assert Ledger(path).run() == Ledger(path).run(run.id) == run
    assert [p.target for p in ledger.present(run)] == ["E1", "E2"]


def test_the_present_state_is_the_last_event(path: Path) -> None:
    ledger = Ledger(path)
    run = begin(ledger, "E1", "E2")
    first, second = ledger.present(run)
    assert first.state == ""
    launched = replace(first, at=1.0, step="convert", attempt=1, state="launched", workflow="12")
    failed = replace(launched, at=2.0, state="failed", reason="why", hint="what next", status="Failed")
    ledger.write(run, launched)
    ledger.write(run, failed)
    assert list(Ledger(path).present(run)) == [failed, second]


@pytest.mark.parametrize("table", ["run", "item", "event"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
def test_no_row_can_be_changed_or_deleted(path: Path, table: str, change: str) -> None:
    ledger = Ledger(path)
    run = begin(ledger, "E1")
    ledger.write(run, replace(next(ledger.present(run)), state="intended"))
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.Error, match="append-only"):
        other.execute(change.format(table))
    other.close()


def test_only_its_owner_can_read_it(path: Path) -> None:
    Ledger(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_next_untouched_session_is_one_without_an_event(path: Path) -> None:
    ledger = Ledger(path)
    run = begin(ledger, "E1", "E2", "E3")
    first, second, third = ledger.present(run)
    ledger.write(run, replace(second, state="intended"))
    assert ledger.untouched(run, 0) == first
    assert ledger.untouched(run, first.item) == third
    assert ledger.untouched(run, third.item) is None


def test_workflows_of_a_session_are_known_across_runs_but_not_across_servers(path: Path) -> None:
    ledger = Ledger(path)
    for number in ("1", "2"):
        run = begin(ledger, "E1")
        ledger.write(run, replace(next(ledger.present(run)), state="launched", workflow=number))
    assert ledger.workflows(run, "E1") == {"1", "2"}
    assert ledger.workflows(replace(run, server="http://other"), "E1") == frozenset()
    assert ledger.latest_workflow("http://x", "label E1") == ledger.latest_workflow("http://x", "E1") == "2"
    assert ledger.latest_workflow("http://x", "E9") == ""


@pytest.mark.parametrize(
    ("state", "step", "ended"),
    [
        ("", "", False),
        ("running", "report", False),
        ("retrying", "report", False),
        ("complete", "convert", False),
        ("already done", "convert", False),
        ("complete", "report", True),
        ("already done", "report", True),
        ("failed", "convert", True),
        ("not launched", "convert", True),
        ("cancelled", "convert", True),
    ],
)
def test_a_session_has_ended_at_its_last_step_or_where_it_stopped(
    state: str, step: str, *, ended: bool
) -> None:
    assert ItemState(1, "E", "L", state=state, step=step).ended(("convert", "report")) is ended


def test_a_killed_process_leaves_the_run_free(path: Path) -> None:
    ledger = Ledger(path)
    run = begin(ledger, "E1")
    code = (
        "import sys, os, signal\n"
        "from pathlib import Path\n"
        "from sarcoma_core.launch.bulk.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "with ledger.alone(ledger.run()):\n"
        "    print('held', flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="must not be worked on by another process"), ledger.alone(run):
            pass
        assert ledger.worker(run) == other.pid
        other.kill()
    assert ledger.worker(run) is None
    with ledger.alone(run):
        assert Ledger(path).worker(run) == os.getpid()
    assert ledger.worker(run) is None


def test_a_run_that_nobody_has_worked_on_has_no_worker(path: Path) -> None:
    ledger = Ledger(path)
    assert ledger.worker(begin(ledger, "E1")) is None


def test_a_folder_that_cannot_be_made_is_told_in_words_alone(tmp_path: Path) -> None:
    (tmp_path / "Doe").write_text("a file stands in the way")
    with pytest.raises(OutputError) as refused:
        Ledger(tmp_path / "Doe" / "ledger.sqlite")
    assert refused.value.message.endswith("found: File exists.")


def test_a_cancelled_run_is_known_as_such_by_every_process(path: Path) -> None:
    ledger = Ledger(path)
    run, other = begin(ledger, "E1"), begin(ledger, "E1")
    ledger.ask_to_cancel(run)
    assert Ledger(path).cancel_asked(run)
    assert not ledger.cancel_asked(other)


def test_a_ledger_without_the_run_says_where_to_look(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(UsageError, match="found none"):
        ledger.run()
    begin(ledger, "E1")
    with pytest.raises(UsageError, match="found 5"):
        ledger.run(5)


def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and they are longer than the head of a database would be." * 20)
    before = path.read_text()
    with pytest.raises(OutputError, match="--ledger: must be a ledger"):
        Ledger(path)
    assert path.read_text() == before


def test_the_default_is_where_the_desktop_standard_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_ledger() == tmp_path / "sarcoma" / "ledger.sqlite"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_ledger() == tmp_path / ".local" / "state" / "sarcoma" / "ledger.sqlite"
