"""`sarcoma demo`: what it shows at a terminal."""

import sys

import pytest

from sarcoma_core.cli import screen
from sarcoma_core.demo.mr_check import Check, CheckLine, check_line

WIDE = Check(
    patient="STS-PHANTOM-0008",
    sequence="T2FS",
    tumour_ml=1504.13,
    true_tumour_ml=1504.1,
    body_ml=10456.2,
    true_body_ml=10512.2,
    correlation=0.9812,
    muscle_cv_before=0.0912,
    muscle_cv_after=0.0312,
)


def test_found_and_true_fit_a_terminal_of_80_columns_a_series_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    headings = [name.replace("_", " ") for name in CheckLine._fields]
    screen.table("Found / true", headings, [check_line(WIDE)])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    assert all(cell in shown[2] for cell in check_line(WIDE))
