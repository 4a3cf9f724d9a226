"""`sarcoma demo`: what it shows at a terminal."""

import sys
from dataclasses import replace

import pytest

from sarcoma_core.cli import screen
from sarcoma_core.demo.drawn_check import (
    LEAST_MEDIAN,
    DrawnCheck,
    DrawnCheckLine,
    drawn_line,
    drawn_table,
    is_good,
    median_dice,
)
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


DRAWN = DrawnCheck("STS-PHANTOM-0014", "T1CE", "T1CE_T2FS", 1485.3, 1500.4, 0.926, 0.851, 12)


def test_drawn_and_true_fit_a_terminal_of_80_columns_a_patient_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    table = drawn_table((DRAWN, replace(DRAWN, tumour_dice=0.1)))
    screen.table(table.title, list(table.columns), [(row.name, *row.cells) for row in table.rows])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert all(cell in shown[2] for cell in drawn_line(DRAWN))
    assert len(table.columns) == len(DrawnCheckLine._fields)


@pytest.mark.parametrize(
    ("dices", "median"), [((0.9,), 0.9), ((0.7, 0.95, 0.9), 0.9), ((0.8, 0.9), 0.85), ((), 0.0)]
)
def test_the_median_over_the_patients_counts(dices: tuple[float, ...], median: float) -> None:
    assert median_dice([replace(DRAWN, tumour_dice=dice) for dice in dices]) == pytest.approx(median)


@pytest.mark.parametrize(("off", "good"), [(0.01, True), (0.0, True), (-0.01, False)])
def test_a_median_below_its_bar_is_a_fault_and_told(off: float, *, good: bool) -> None:
    checks = (replace(DRAWN, tumour_dice=LEAST_MEDIAN + off),)
    assert is_good(checks) == good
    assert (drawn_table(checks).rows[-1].cells[-1] == "ok") == good


def test_a_patient_of_whom_nothing_was_drawn_counts_as_nothing_found() -> None:
    assert not is_good((DrawnCheck("A"), DRAWN, DrawnCheck("B")))
    assert drawn_line(DrawnCheck("A")).series == "nothing drawn"
