"""The tables of the page of a training of networks: parts, heads beside the baseline, openings in numbers."""

from collections.abc import Sequence

from sarcoma_core.models.card import CardNumber
from sarcoma_core.report.measures import NOT_ESTIMATED, WithLimits, fixed, measure_text
from sarcoma_core.report.network_study_facts import HeadMeasures, HeadsFacts, PartFacts
from sarcoma_core.report.prognosis_tables import MeasureCell, PerformanceLine, PerformanceTable, measured
from sarcoma_core.report.step_lines import duration
from sarcoma_core.report.study import StudyRow, StudyTable

_FIRST = "reference"


def parts_table(parts: Sequence[PartFacts]) -> StudyTable:
    """Who is in which part.

    Args:
        parts: in the order of the page.
    """
    titles = tuple(dict.fromkeys(title for one in parts for title in one.events))
    columns = ("part", "patients", *(f"events, {title}" for title in titles), "what for")
    rows = tuple(
        StudyRow(
            one.name,
            (fixed(one.patients, 0), *(fixed(one.events.get(title), 0) for title in titles), one.role),
        )
        for one in parts
    )
    caption = "By patients: nobody is in two parts, but for the folds, which are the development."
    return StudyTable("parts", "Parts", caption, columns, rows)


def heads_table(one: HeadsFacts) -> PerformanceTable:
    """How well each head and the baseline foretell an endpoint out of fold.

    Args:
        one: the endpoint.
    """
    first = next(iter(one.models), "")
    columns = (
        "Harrell's C",
        f"Difference from {first}",
        f"Uno's C, to {duration(one.tau, 'years')}",
        f"AUC at {one.horizon}" if one.horizon else "AUC",
        "Brier score, integrated",
        "Calibration slope",
        "ICI",
    )
    rows = tuple(
        PerformanceLine(name, _cells(found, one, first=name == first)) for name, found in one.models.items()
    )
    return PerformanceTable(columns, rows)


def _cells(found: HeadMeasures, one: HeadsFacts, *, first: bool) -> tuple[MeasureCell, ...]:
    null = "" if one.null_brier is None else f"Kaplan-Meier {fixed(one.null_brier, 3)}"
    brier = NOT_ESTIMATED if found.brier is None else fixed(found.brier.value, 3)
    return (
        measured(found.harrell),
        MeasureCell(_FIRST) if first else measured(found.difference, sign=True),
        measured(found.uno),
        measured(found.auc),
        MeasureCell(brier, null),
        measured(found.slope, decimals=2),
        MeasureCell(fixed(found.ici, 3)),
    )


def opening_table(numbers: Sequence[CardNumber], *, what: str) -> StudyTable:
    """What was seen at an opening of the test set.

    Args:
        numbers: of the opening.
        what: which opening, for the caption.
    """
    rows = tuple(StudyRow(one.setting, (one.measure, fixed(one.n, 0), _number_text(one))) for one in numbers)
    return StudyTable("", "", what, ("on", "measure", "patients", "value (95 % limits)"), rows)


def _number_text(one: CardNumber) -> str:
    if one.median is None:
        return NOT_ESTIMATED
    return measure_text(WithLimits(one.median, one.lower, one.upper), 3)
