"""Which series the steps for MR anatomy work on, what they tell of the others, and of the body they found."""

from collections.abc import Mapping
from typing import Any

from sarcoma_core.archive.folder import SeriesFiles
from sarcoma_core.imaging.body_mask import Body
from sarcoma_core.provenance import UNKNOWN_UNITS


def reason_to_pass(series: SeriesFiles, method: str) -> str:
    """Why a method does not apply to a series; empty where it does, which is MR that shows anatomy.

    A map (ADC, phase, subtraction) has numbers that mean something, and no bias of a coil to take away.

    Args:
        series: with the facts of the step that wrote it: `convert` names a map there, and the units.
        method: as the sentence names it, e.g. `N4`.
    """
    outcome = series.outcome
    if outcome.modality != "MR":
        units = (
            ", its units unknown" if outcome.facts.get("units") == UNKNOWN_UNITS else " and keeps its units"
        )
        return f"{method} is for MR; {outcome.modality} goes on as it is{units}"
    if outcome.map:
        return f"{outcome.map} is no anatomy: {method} does not apply; it goes on as it is"
    return ""


def body_facts(body: Body) -> Mapping[str, Any]:
    """What an outcome tells of the body mask: its part of the image, 0 to 1, and what is odd about it."""
    return {"body_part": body.part, "warnings": list(body.warnings())}
