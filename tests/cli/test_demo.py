"""`sarcoma demo`: what it shows at a terminal."""

import sys
from dataclasses import replace

import pytest

from sarcoma_core.cli import screen
from sarcoma_core.demo.frame_check import FrameCheck, frame_line
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


MOVED = FrameCheck("STS-PHANTOM-0014", "PET", 24.06, 0.42, 4.117e-4, 4.117e-4)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, ()),
        ({"after_mm": 1.8}, ()),
        ({"after_mm": 2.2}, ("registration",)),
        ({"before_mm": 2.0, "after_mm": 0.45}, ()),
        ({"before_mm": 2.0, "after_mm": 0.55}, ("registration",)),
        ({"after_mm": 24.06}, ("registration",)),
        ({"after_mm": None}, ("refused",)),
        ({"suv_factor": 4.117e-4 * (1 + 0.9e-6)}, ()),
        ({"suv_factor": 4.117e-4 * (1 + 1.1e-6)}, ("SUV factor",)),
        ({"suv_factor": None}, ("SUV factor",)),
        ({"suv_factor": None, "true_suv_factor": None}, ()),
    ],
)
def test_what_was_moved_must_be_found_again(
    changes: dict[str, float | None], faults: tuple[str, ...]
) -> None:
    assert replace(MOVED, **changes).faults == faults


def test_moved_and_found_again_is_one_short_line() -> None:
    line = frame_line(MOVED)
    assert line == ("STS-PHANTOM-0014", "PET", "24.1>0.4", "0.0004117/0.0004117", "ok")
    assert frame_line(replace(MOVED, after_mm=None)).mm_off == "24.1>refused"
