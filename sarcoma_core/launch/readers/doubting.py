"""What a network said of a case: how uncertain it was, and whether its gate asked for a person."""

from typing import NamedTuple

from sarcoma_core.provenance import RunRecord


class ModelDoubt(NamedTuple):
    """What the resource SEG tells of a case.

    Attributes:
        uncertainty: the largest of its series, 0 to 0.25; None where no network drew.
        needs_review: whether the gate doubted one of them.
    """

    uncertainty: float | None = None
    needs_review: bool = False


def doubt_of(record: RunRecord | None) -> ModelDoubt:
    """The doubt of a case.

    Args:
        record: manifest of SEG; None where there is none.
    """
    drawn = [one.facts for one in record.outcomes if one.status == "done"] if record else []
    told = [
        float(facts["uncertainty"]) for facts in drawn if isinstance(facts.get("uncertainty"), int | float)
    ]
    return ModelDoubt(max(told, default=None), any(bool(facts.get("needs_review")) for facts in drawn))
