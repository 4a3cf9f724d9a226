"""What a training of networks tells in the lines of its run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.network_judging import JudgedEndpoint
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.report.measures import measure_text
from sarcoma_core.text import counted

_REASONS_TOLD: Final = 3


def lines_of_left_out(missing: Mapping[str, str]) -> Iterator[str]:
    """Who has no image that can be used, by the most frequent reasons.

    Args:
        missing: reasons, by subject.
    """
    for reason, number in Counter(missing.values()).most_common(_REASONS_TOLD):
        yield f"{counted(number, 'patient')} left out: {reason}"


def line_of_training(planned: PlannedPrognosis) -> str:
    """How many networks there are, and who was set aside.

    Args:
        planned: a training that has ended.
    """
    order, parts = planned.order, planned.parts
    return (
        f"{counted(order.networks, 'network')} of {counted(len(parts.development), 'patient')}; set aside: "
        f"{len(parts.test)} for the test, {len(parts.calibration)} for calibration"
    )


def line_of_endpoint(one: JudgedEndpoint) -> str:
    """How well an endpoint is foretold out of fold, beside the baseline.

    Args:
        one: the endpoint.
    """
    each = ", ".join(
        f"{name} {measure_text(found.harrell, 3)}" for name, found in one.judgement.models.items()
    )
    follow_up = one.patients.follow_up
    events = f"{counted(len(follow_up), 'patient')}, {counted(follow_up.events, 'event')}"
    return f"{endpoint(one.name).title}: {events}; Harrell's C out of fold: {each}"


def facts_of_training(planned: PlannedPrognosis, judged: Sequence[JudgedEndpoint]) -> dict[str, object]:
    """The same as numbers.

    Args:
        planned: a training that has ended.
        judged: each timed endpoint.
    """
    return {
        "patients": len(planned.patients.patients),
        "endpoints": list(planned.order.endpoints),
        "splits_sha256": planned.parts.sha256,
        "harrell": {
            one.name: {
                name: None if found.harrell is None else round(found.harrell.value, 4)
                for name, found in one.judgement.models.items()
            }
            for one in judged
        },
        "seeds": {one.name: [round(value, 4) for value in one.seeds] for one in judged},
    }
