"""The files of an evaluation: the numbers, the table, and the cases.

`evaluation.json` and `summary.csv` name no patient, and tell nothing of a part of the patients that is
hidden. What is of single patients stands in `cases.csv`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from sarcoma_core.segmentation.evaluation.cases import (
    VARIABLES,
    LackingCase,
    ModelGroup,
    ScoredCase,
)
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation
from sarcoma_core.segmentation.evaluation.medians import (
    LEAST_PATIENTS,
    MEASURES,
    MeasureKey,
    MedianWithLimits,
    Sampling,
)
from sarcoma_core.segmentation.evaluation.reading import CaseRules
from sarcoma_core.segmentation.evaluation.testing import ALPHA, TESTED
from sarcoma_core.segmentation.metrics import MaskScores
from sarcoma_core.text import csv_bytes

SCHEMA: Final = 1
EVALUATION_FILE, CASES_FILE, SUMMARY_FILE = "evaluation.json", "cases.csv", "summary.csv"
COMPARED: Final = "compared"
"""The status of a case that did not fail."""

_HEAD: Final = ("subject", "session", "series", "region", "model", "sequence", "plane", "status", "earlier")
SCORES: Final = tuple(
    one.name for one in fields(MaskScores) if one.name not in ("failed", "definition", "tolerance_mm")
)
_TAIL: Final = ("doubts", "reference", "reference_sha256", "mask", "mask_sha256")
CASE_COLUMNS: Final = (*_HEAD, *SCORES, *VARIABLES, *_TAIL, "why")
"""The columns of `cases.csv`, in their order."""
_SUMMARISED: Final = ("n", "median", "q1", "q3", "lower", "upper")
_DIGITS: Final = 6
"""Of the numbers of `summary.csv`."""


@dataclass(frozen=True)
class EvaluationHead:
    """What is told of a whole evaluation.

    Args:
        project: id of the project.
        cohort_sha256: what tells the cohort from another.
        sessions: of the cohort.
        rules: what was compared, and how.
        sampling: of the bootstrap.
        dropped: how many cases of an earlier evaluation do not count any more, by the reason.
    """

    project: str
    cohort_sha256: str
    sessions: int
    rules: CaseRules
    sampling: Sampling
    dropped: Mapping[str, int]


def evaluation_bytes(found: SegmentationEvaluation, head: EvaluationHead) -> bytes:
    """`evaluation.json`: the numbers without single patients; equal evaluations give equal bytes."""
    rules = head.rules
    tree = {
        "schema": SCHEMA,
        "project": head.project,
        "cohort_sha256": head.cohort_sha256,
        "sessions": head.sessions,
        "patients": found.patients,
        "models": list(found.models),
        "regions": list(rules.regions),
        "definition": rules.definition,
        "tolerance_mm": rules.tolerance_mm,
        "bootstrap": asdict(head.sampling),
        "least_patients": LEAST_PATIENTS,
        "table": [asdict(one) for one in found.table],
        "strata": [
            {"group": asdict(one.group), "variable": one.variable, "strata": [asdict(s) for s in one.strata]}
            for one in found.strata
        ],
        "tests": {
            "alpha": ALPHA,
            "measures": list(TESTED),
            "strata": [asdict(one) for one in found.strata_tests],
            "models": [asdict(one) for one in found.models_tests],
        },
        "without_scores_or_failed": [
            {"model": model, "region": region, "kinds": dict(kinds)}
            for (model, region), kinds in found.kinds().items()
        ],
        "earlier_cases": sum(one.earlier for one in found.cases),
        "earlier_cases_dropped": dict(head.dropped),
    }
    return (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def summary_bytes(found: SegmentationEvaluation) -> bytes:
    """`summary.csv`: the table of the study, each line twice: with failed cases and without."""
    columns = [f"{measure}_{what}" for measure in MEASURES for what in _SUMMARISED]
    rows = [
        [*asdict(line.group).values(), among, line.n, line.n_cases, line.n_failed, *_cells(measured)]
        for line in found.table
        for among, measured in (("all", line.all), ("not failed", line.not_failed))
    ]
    head = [*(one.name for one in fields(ModelGroup)), "among", "patients", "cases", "failed"]
    return csv_bytes([*head, *columns], rows)


def _cells(measured: Mapping[MeasureKey, MedianWithLimits]) -> Iterator[str]:
    for measure in MEASURES:
        told = (getattr(measured[measure], what) for what in _SUMMARISED)
        yield from ("" if value is None else f"{value:.{_DIGITS}g}" for value in told)


def cases_bytes(found: SegmentationEvaluation) -> bytes:
    """`cases.csv`: a line for each case, those without scores included."""
    lacking = sorted(found.lacking, key=lambda one: (one.session, one.region, one.model, one.kind))
    rows = [*(_scored_row(one) for one in found.cases), *(_lacking_row(one) for one in lacking)]
    return csv_bytes(CASE_COLUMNS, [[row.get(name, "") for name in CASE_COLUMNS] for row in rows])


def _scored_row(one: ScoredCase) -> Mapping[str, str]:
    return {
        **{name: getattr(one, name) for name in ("subject", "session", "series", "reference", "mask")},
        **{name: getattr(one, name) for name in ("reference_sha256", "mask_sha256")},
        **asdict(one.group),
        "status": one.failure or COMPARED,
        "earlier": str(int(one.earlier)),
        "doubts": str(one.doubts),
        **{name: _cell(getattr(one.scores, name)) for name in SCORES},
        **{str(name): level for name, level in one.strata.items()},
    }


def _lacking_row(one: LackingCase) -> Mapping[str, str]:
    return {
        **{name: getattr(one, name) for name in ("subject", "session", "region", "model", "why")},
        "status": one.kind,
        "earlier": "0",
    }


def _cell(value: float | None) -> str:
    """A number that reads as the very same one again; empty for none."""
    return "" if value is None else repr(value)
