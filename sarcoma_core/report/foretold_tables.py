"""The tables of what is foretold: chances by each horizon and grade; risk group and parts in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sarcoma_core.archive.predicted import BaselineEndpoint, ForetoldEndpoint, PatientPrediction
from sarcoma_core.report.foretold_terms import endpoint_words
from sarcoma_core.report.foretold_verdict import baseline_by, chances
from sarcoma_core.report.masks import shown
from sarcoma_core.report.measures import fixed, percent_span, whole_percent

NOT_TOLD: Final = "not told"
"""Where the clinical baseline says nothing."""
_PARTS: Final[Mapping[str, str]] = {
    "joint": "image and clinical variables together",
    "image": "the image alone",
    "clinical": "the clinical variables alone",
}
"""What each head of a network reads, by its name."""
_SCORE_DECIMALS: Final = 3


@dataclass(frozen=True)
class ForetoldRow:
    """A row: its key, and the other columns."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class ForetoldTable:
    """A table; `columns` has one word for the name and one for each cell."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[ForetoldRow, ...]


def chances_table(one: ForetoldEndpoint, baseline: BaselineEndpoint | None) -> ForetoldTable:
    """The chance of an event by each horizon.

    Args:
        one: the endpoint.
        baseline: what the clinical baseline says; None where there is none.
    """
    told = chances(one)
    competing = any(at_time.competing is not None for at_time in told)
    rows = []
    for at_time in told:
        cells = [
            whole_percent(at_time.incidence),
            percent_span(at_time.least, at_time.most) if len(one.each) > 1 else "one model",
            _cell(baseline_by(baseline, at_time.by)),
            *([_cell(at_time.competing)] if competing else []),
        ]
        rows.append(ForetoldRow(at_time.by, tuple(cells)))
    columns = ("By", "Mean of networks", "Spread between models", "Clinical baseline")
    return ForetoldTable(
        caption=f"Chance of {endpoint_words(one.endpoint).within} by that time.",
        columns=(*columns, *(("Death before it",) if competing else ())),
        rows=tuple(rows),
    )


def _cell(part: float | None) -> str:
    return NOT_TOLD if part is None else whole_percent(part)


def group_told(one: ForetoldEndpoint) -> str:
    """The risk group with its rule, a sentence."""
    risk, cut = (fixed(value, _SCORE_DECIMALS) for value in (one.risk, one.cut))
    side = "above" if one.group == "high" else "not above"
    return (
        f"{one.group.capitalize()}-risk group: a risk score of {risk}, {side} {cut}, the median of the "
        "patients that the model was developed on. Half of them were of high risk by this rule, so a patient "
        "near it may as well be in the other group."
    )


def parts_told(prediction: PatientPrediction, endpoint: str) -> str:
    """What each part of the model says alone, a sentence; empty where it has one part.

    Args:
        prediction: of the patient.
        endpoint: its name.
    """
    heads = prediction.heads.get(endpoint, {})
    if len(heads) <= 1:
        return ""
    known = [name for name in _PARTS if name in heads]
    names = (*known, *(name for name in heads if name not in _PARTS))
    told = (f"{_PARTS.get(name) or shown(name)} {fixed(heads[name], _SCORE_DECIMALS)}" for name in names)
    return f"Risk scores of the parts of the model: {', '.join(told)}."


def grade_table(prediction: PatientPrediction) -> ForetoldTable | None:
    """How likely each level of the grade is; None where it is not foretold.

    Args:
        prediction: of the patient.
    """
    if not prediction.graded:
        return None
    rows = (ForetoldRow(shown(level), (whole_percent(part),)) for level, part in prediction.graded.items())
    caption = "How likely each level is, mean of the networks. It replaces no biopsy."
    return ForetoldTable(caption, ("Level", "Chance"), tuple(rows))
