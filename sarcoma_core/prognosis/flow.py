"""How the patients of a clinical table became those of each analysis: a flow after CONSORT, with reasons.

Source: Schulz, Altman and Moher 2010, CONSORT 2010 statement (item 13); TRIPOD+AI 2024, item 20a.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, Endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.join import STAGES, JoinedRow
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow

WHOLE_TABLE: Final = "Rows of the clinical table"
METASTATIC, NOT_FOLLOWED = "metastasis at presentation", "no follow-up: event or time is not told, or is 0"


def flow(rows: Sequence[JoinedRow]) -> PatientFlow:
    """From the whole table to the patients of each endpoint.

    Args:
        rows: what became of each row of the table.
    """
    left = list(rows)
    steps = [FlowStep(WHOLE_TABLE, len(left))]
    for stage, title in STAGES.items():
        lost = [one for one in left if one.fell == stage]
        left = [one for one in left if one.fell != stage]
        steps.append(FlowStep(title, len(left), _reasons(one.reason for one in lost)))
    joined = [one.row for one in left]
    return PatientFlow(tuple(steps), tuple(_of_endpoint(one, joined) for one in ENDPOINTS))


def _of_endpoint(wanted: Endpoint, rows: Iterable[ClinicalRow]) -> FlowStep:
    """Who was followed for an endpoint: who had a metastasis at presentation has no time to a first one."""
    told = [(row, row.followed(wanted.name)) for row in rows]
    kept = [followed for _, followed in told if followed is not None]
    concerned = "distant_metastasis" in (wanted.name, *wanted.of)
    lost = (
        METASTATIC if concerned and row.metastatic else NOT_FOLLOWED
        for row, followed in told
        if followed is None
    )
    return FlowStep(wanted.title, len(kept), _reasons(lost), sum(followed.event for followed in kept))


def _reasons(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Each reason with its number, the most frequent first."""
    return tuple(sorted(Counter(texts).items(), key=lambda pair: (-pair[1], pair[0])))


def flow_tree(told: PatientFlow) -> Mapping[str, Any]:
    """A flow as JSON."""
    return {"steps": [_tree(one) for one in told.steps], "endpoints": [_tree(one) for one in told.endpoints]}


def _tree(step: FlowStep) -> Mapping[str, Any]:
    tree: dict[str, Any] = {"name": step.name, "n": step.n, "left_out": [list(one) for one in step.left_out]}
    return tree if step.events is None else {**tree, "events": step.events}


def flow_of(tree: Mapping[str, Any]) -> PatientFlow:
    """A flow of `flow_tree`.

    Raises:
        InputError: its numbers do not add up.
        KeyError: a field is missing.
        TypeError: a field is of another type.
        ValueError: likewise.
    """
    return PatientFlow(
        tuple(_step(one) for one in tree["steps"]), tuple(_step(one) for one in tree["endpoints"])
    )


def _step(tree: Mapping[str, Any]) -> FlowStep:
    left_out = tuple((str(reason), int(number)) for reason, number in tree["left_out"])
    events = tree.get("events")
    return FlowStep(str(tree["name"]), int(tree["n"]), left_out, None if events is None else int(events))
