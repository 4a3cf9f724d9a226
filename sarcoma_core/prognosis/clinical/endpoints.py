"""What is predicted: events, how long a patient was followed for each, and what competes with it.

All times are days from time zero. A patient without an event is censored at the last follow-up; for a
metastasis or a local recurrence death before it competes, and is censoring of the cause-specific hazard.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.errors import UsageError

EndpointName = Literal[
    "overall_survival", "distant_metastasis", "local_recurrence", "recurrence_free_survival"
]
TimeZero = Literal["surgery", "diagnosis"]
DAYS_OF_MONTH: Final = 365.25 / 12
DAYS_OF_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint.

    Args:
        name: in files and on the command line.
        short: for labels of resources.
        title: what a reader calls it.
        event: column that says whether it happened; empty for a composite of other endpoints.
        time: column with the days to it.
        of: the endpoints of which the first one counts; none where it is one itself.
    """

    name: EndpointName
    short: str
    title: str
    event: str = ""
    time: str = ""
    of: tuple[EndpointName, ...] = ()

    @property
    def competes_with_death(self) -> bool:
        """Whether who has died can no more have the event."""
        return self.name in ("distant_metastasis", "local_recurrence")


DEATH: Final = "death"
"""What competes with an endpoint, as a cause."""
ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("overall_survival", "OS", "Overall survival", "death", "overall_survival_days"),
    Endpoint(
        "distant_metastasis", "DM", "Distant metastasis", "distant_metastasis", "distant_metastasis_days"
    ),
    Endpoint("local_recurrence", "LR", "Local recurrence", "local_recurrence", "local_recurrence_days"),
    Endpoint(
        "recurrence_free_survival",
        "RFS",
        "Recurrence-free survival (recurrence, metastasis or death)",
        of=("local_recurrence", "distant_metastasis", "overall_survival"),
    ),
)


def endpoint(name: str) -> Endpoint:
    """The endpoint of a name.

    Raises:
        UsageError: there is none.
    """
    for one in ENDPOINTS:
        if one.name == name:
            return one
    raise UsageError(f"endpoint: must be one of {', '.join(e.name for e in ENDPOINTS)}; found {name!r}.")


def causes_of(name: str) -> tuple[str, ...]:
    """What ends the watch for an endpoint and is foretold: the event, and death where that competes.

    Args:
        name: of the endpoint.

    Raises:
        UsageError: there is none of that name.
    """
    return (name, DEATH) if endpoint(name).competes_with_death else (name,)
