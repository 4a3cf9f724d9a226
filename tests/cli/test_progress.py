"""What the followers of an upload, a chain and a bulk run have in common: silence, a line, a bar."""

import sys

import pytest

from sarcoma_core.cli.progress import Bar, NoProgress, say
from sarcoma_core.cli.screen import watch_chain
from sarcoma_core.cli.upload_progress import watch_upload
from sarcoma_core.cli.xnat_watch import watch


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with NoProgress():
        pass
    assert capsys.readouterr() == ("", "")


def test_a_line_has_tabs_between_its_cells_and_nothing_that_drives_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("S1\x1b[2J", "complete")
    assert capsys.readouterr().err == "S1?[2J\tcomplete\n"


def test_what_is_said_beside_a_bar_stays_and_is_taken_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(total=2) as bar:
        bar.say("[bold]as it is[/bold]")
    assert "[bold]as it is[/bold]\n" in capsys.readouterr().err


def test_a_bar_is_drawn_at_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def kinds() -> list[bool]:
        followers = (watch_chain(1), watch_upload((), quiet=False), watch(1, quiet=False))
        return [isinstance(follower, Bar) for follower in followers]

    assert kinds() == [False] * 3
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert kinds() == [True] * 3
    assert not isinstance(watch(1, quiet=True), Bar)
