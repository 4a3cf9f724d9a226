"""The tool that moves thresholds: what it takes for one, and that its tables fit the sources."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants.__main__ import plan
from tools.mutants.constants import constants
from tools.mutants.modules import MODULES, Module
from tools.mutants.mutant import by_text, meaning
from tools.mutants.sample import sample
from tools.mutants.tables import HARMLESS, NAMED

ROOT = Path(__file__).parents[1]
SOURCE = '''"""Häuser of 3."""
LIMIT_MM = 0.5  # µm
_WIDTHS = (4, 20.0)
_PART = 1 / 4
name = 7


def judge(value: list[float], *, least: int = 12) -> bool:
    """Whether 5 is enough."""
    return 2 * value[3] < least and len(value[:6]) + 8 > max(9, 0)
'''


def test_each_constant_is_tried_a_tenth_either_way_and_a_small_count_by_one() -> None:
    found = [(mutant.line, mutant.old, mutant.new) for mutant in constants(SOURCE)]

    assert found == [
        *((2, "0.5", new) for new in ("0.45", "0.55")),
        *((3, "4", new) for new in ("3", "5")),
        *((3, "20.0", new) for new in ("18", "22")),
        *((4, "1", new) for new in ("0", "2")),
        *((4, "4", new) for new in ("3", "5")),
        *((8, "12", new) for new in ("11", "13")),
        *((10, "2", new) for new in ("1", "3")),
        *((10, "8", new) for new in ("7", "9")),
    ]


def test_a_mutant_is_the_source_with_one_text_replaced() -> None:
    assert constants(SOURCE)[0].source == SOURCE.replace("0.5", "0.45")
    assert constants(SOURCE)[-1].source == SOURCE.replace("8", "9")


@pytest.mark.parametrize(("text", "times"), [("LIMIT_CM = 0.5", 0), ("value", 3)])
def test_a_text_that_is_not_in_the_source_once_is_an_error(text: str, times: int) -> None:
    with pytest.raises(LookupError, match=f"must be there once; found {times} times"):
        by_text(SOURCE, text, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("list[float]", "list[int]"),
        ("-> bool", "-> int"),
        ("5 is", "6 is"),
        ("*, least", "least"),
        ("µm", "mm"),
    ],
)
def test_what_the_type_checker_sees_and_what_nothing_does_is_no_change(old: str, new: str) -> None:
    assert by_text(SOURCE, old, new).meaning == meaning(SOURCE)


def test_a_sample_is_the_same_each_time_and_each_of_it_another_change() -> None:
    one, two = (sample(SOURCE, 20, seed=3) for _ in range(2))

    assert one == two
    assert len({mutant.meaning for mutant in one} | {meaning(SOURCE)}) == 21
    assert sample(SOURCE, 20, seed=4) != one


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.short)
def test_every_text_of_the_tables_and_every_test_is_there(module: Module) -> None:
    assert plan(module, (ROOT / module.path).read_text(), sampled=False).module is module
    assert all((ROOT / test).is_file() for test in module.tests)


def test_the_tables_name_modules_that_are_measured() -> None:
    assert {row.module for row in (*NAMED, *HARMLESS)} <= {module.short for module in MODULES}


def test_a_run_that_fails_hangs_or_raises_is_told_from_one_that_passes(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from tools.mutants.running import run_all

def hang():
    while True:
        pass

def fail():
    raise ValueError

log = Path({str(tmp_path / "log.txt")!r})
jobs = [(job, log) for job in (lambda: 0, hang, fail, lambda: 5)]
print([status for _, status, _ in sorted(run_all(jobs, 2, 1.0))])
"""
    line = [sys.executable, "-c", script]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() in {f"[0, {signal}, 1, 5]" for signal in (-9, -24)}
