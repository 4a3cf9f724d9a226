"""Whether there are enough events for a model or its validation: rules of thumb, told as warnings."""

from collections.abc import Iterator
from typing import Final

from sarcoma_core.errors import UsageError
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.text import counted

EVENTS_PER_VARIABLE: Final = 10
"""Source: Peduzzi et al. 1995, J Clin Epidemiol 48:1503. Riley et al. 2020, BMJ 368:m441, count each
coefficient, and often ask for more."""
EVENTS_TO_VALIDATE: Final = 100
"""Source: Collins, Ogundimu and Altman 2016, Stat Med 35:214: at least 100 events, better 200; for a
calibration curve Van Calster et al. 2016, J Clin Epidemiol 74:167, ask for 200."""


def event_warnings(flow: PatientFlow, *, variables: int) -> tuple[str, ...]:
    """What to know before a model is fitted or validated on a cohort.

    Args:
        flow: of its patients.
        variables: how many a model would use.

    Raises:
        UsageError: there is no variable.
    """
    if variables < 1:
        raise UsageError(f"variables: must be 1 or more; found {variables}.")
    return tuple(warning for one in flow.endpoints for warning in _of_endpoint(one, variables))


def _of_endpoint(one: FlowStep, variables: int) -> Iterator[str]:
    events = one.events or 0
    if not events:
        yield f"{one.name}: no events: nothing can be fitted or validated."
        return
    if events < EVENTS_PER_VARIABLE * variables:
        yield (
            f"{one.name}: {counted(events, 'event')} for {counted(variables, 'variable')}, fewer than "
            f"{EVENTS_PER_VARIABLE} for each (Peduzzi 1995; Riley 2020): use fewer, or a penalty."
        )
    if events < EVENTS_TO_VALIDATE:
        yield (
            f"{one.name}: {counted(events, 'event')}, fewer than {EVENTS_TO_VALIDATE} (Collins 2016; "
            "Van Calster 2016): what is measured on them is imprecise, and no external validation."
        )
