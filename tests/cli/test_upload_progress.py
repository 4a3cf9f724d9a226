"""How an upload is followed where nobody sits at a terminal."""

import pytest

from sarcoma_core.cli.upload_progress import watch_upload
from sarcoma_core.launch.upload.sending import Uploaded

DONE = Uploaded("SESSION", "uploaded", 64, 64)
FAILED = Uploaded("OTHER", "failed", 0, 0, reason="the server\x1b[2Janswered 500")


def told(capsys: pytest.CaptureFixture[str], *, quiet: bool) -> str:
    with watch_upload((), quiet=quiet) as watch:
        watch.finished(DONE)
        watch.finished(FAILED)
    return capsys.readouterr().err


def test_a_line_for_each_session_with_what_a_terminal_would_act_on_taken_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = told(capsys, quiet=False).splitlines()
    assert lines == ["SESSION\tuploaded", "OTHER\tfailed\tthe server?[2Janswered 500"]


def test_quiet_follows_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, quiet=True) == ""
