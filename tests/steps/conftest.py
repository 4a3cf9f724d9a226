"""Sessions of the coarse cohort, converted, for what takes masks in and out."""

from pathlib import Path

import pytest

from tests.steps.exported import Case, cases, converted_archive


@pytest.fixture(scope="session")
def converted_cohort(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two patients; only copy it."""
    return converted_archive(cohort, tmp_path_factory.mktemp("converted-cohort"))


@pytest.fixture
def both(converted_cohort: Path, cohort: Path, tmp_path: Path) -> tuple[Case, ...]:
    """Its sessions, in a copy for one test."""
    return tuple(cases(converted_cohort, tmp_path, cohort))


@pytest.fixture
def case(both: tuple[Case, ...]) -> Case:
    """The first of them, whose true tumour was drawn elsewhere and brought in."""
    both[0].draw("GTV_Mass", both[0].tumour)
    both[0].bring_in()
    return both[0]
