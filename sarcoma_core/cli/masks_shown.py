"""How scores of masks are shown: tables for people, a document for programs."""

from dataclasses import asdict
from typing import Any

from sarcoma_core.archive.drawn import nifti_stem
from sarcoma_core.cli import screen
from sarcoma_core.segmentation.comparing import ComparedPairs
from sarcoma_core.segmentation.definitions import DEFINED
from sarcoma_core.segmentation.metrics import MaskScores
from sarcoma_core.segmentation.summary import CasesSummary
from sarcoma_core.text import counted

_SHOWN = {
    "dice": "dice",
    "f2": "f2",
    "assd_mm": "assd_mm",
    "hd95_mm": "hd95_mm",
    "hd_mm": "hd_mm",
    "surface_dice": "nsd",
    "volume_error_ml": "error_ml",
}
"""What a line for each case has, so that it fits a terminal; JSON has all."""
_NOT_COMPARED = "not compared"


def case_document(name: str, scores: MaskScores) -> dict[str, Any]:
    """One pair, JSON-able."""
    return {"case": name, **asdict(scores)}


def cases_document(compared: ComparedPairs, summary: CasesSummary) -> dict[str, Any]:
    """Several pairs, JSON-able; keys are added and never taken away."""
    first = compared.scored[0].scores
    return {
        "definition": first.definition,
        "tolerance_mm": first.tolerance_mm,
        "n": summary.n,
        "n_failed": summary.n_failed,
        "cases": [case_document(one.name, one.scores) for one in compared.scored],
        "refused": [{"case": one.name, "reason": one.reason} for one in compared.refused],
        "summary": [asdict(measure) for measure in summary.measures],
    }


def show_case(scores: MaskScores) -> None:
    """One pair, measure by measure."""
    apart = ("failed", "definition", "tolerance_mm")
    values = ((name, _number(value)) for name, value in asdict(scores).items() if name not in apart)
    screen.table("Agreement", ("measure", "value"), values)
    _say_definition(scores)
    if scores.failed:
        print("failed: one of both is empty")


def show_cases(compared: ComparedPairs, summary: CasesSummary) -> None:
    """A line for each pair, by name, those that could not be compared among them; then the sums."""
    rows = {
        one.name: [
            *(_number(getattr(one.scores, field)) for field in _SHOWN),
            "failed" if one.scores.failed else "",
        ]
        for one in compared.scored
    } | {one.name: [*([""] * len(_SHOWN)), _NOT_COMPARED] for one in compared.refused}
    screen.table(
        "Cases",
        ("case", *_SHOWN.values(), "failed"),
        ([nifti_stem(name), *rows[name]] for name in sorted(rows)),
    )
    columns = ("measure", "cases", "n", "mean", "median", "q1", "q3")
    sums = (
        [one.measure, one.cases, str(one.n), *map(_number, (one.mean, one.median, one.q1, one.q3))]
        for one in summary.measures
    )
    screen.table("Summary", columns, sums)
    _say_definition(compared.scored[0].scores)
    print(f"{summary.n_failed} of {counted(summary.n, 'case')} failed (one mask of both is empty)")
    for refused in compared.refused:
        print(f"pair {refused.number} by name, {_NOT_COMPARED}: {refused.reason}")
        if refused.hint:
            print(f" next: {refused.hint}")


def _say_definition(scores: MaskScores) -> None:
    print(f"HD95: {DEFINED[scores.definition]} ({scores.definition})")
    print(f"surface Dice (nsd): within {scores.tolerance_mm:g} mm")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
