"""How a bulk run is followed: who waits is told for what."""

import sys
import time

import pytest

from sarcoma_core.cli.xnat_watch import watch
from sarcoma_core.launch.bulk.ledger import ItemState

THREE = time.mktime((2024, 5, 1, 15, 2, 0, 0, 0, -1))
WAITING = "no answer from the server since 15:02, waiting; Ctrl-C stops, resume goes on"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_server_that_is_away_is_told_and_that_it_is_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with watch(2, quiet=False) as follower:
        follower.away(THREE)
        follower.away(None)
    told = capsys.readouterr().err
    assert WAITING in told
    assert told.index(WAITING) < told.index("the server answers again")


def test_a_session_that_ended_is_a_line_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    with watch(1, quiet=False) as follower:
        follower.ended(ItemState(1, "E1", "S1", step="convert", state="failed", reason="why"))
    assert capsys.readouterr().err == "S1\tfailed\tconvert: why\n"


def test_quiet_follows_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with watch(1, quiet=True) as follower:
        follower.ended(ItemState(1, "E1", "S1", state="failed"))
        follower.away(THREE)
    assert capsys.readouterr().err == ""
