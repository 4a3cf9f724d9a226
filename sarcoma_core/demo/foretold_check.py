"""What the demo's model foretold of the synthetic patients, beside the chance that the formula gave them.

One patient's fate proves nothing, and a network of 300 patients does not know what the formula does: so what
is checked is that it speaks of patients like those that it has seen; how good it is stands on its card.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.archive.predicted import PREDICTION_LABEL, read_prediction
from sarcoma_core.demo.patients import KnownSession
from sarcoma_core.phantom.outcomes import DEATH, draw_latents
from sarcoma_core.provenance import read_record
from sarcoma_core.report.study import StudyRow, StudyTable

YEARS: Final = 2
_DAYS_OF_YEAR: Final = 365.25
_OS: Final = "overall_survival"


@dataclass(frozen=True)
class ForetoldCheck:
    """What was foretold of one synthetic patient.

    Args:
        patient: label of the subject, who has one session.
        death: the chance of death within two years, mean over networks; None where nothing is foretold.
        least: of any network.
        most: of any network.
        true_death: as the formula has it, which knows what no image shows.
        why_not: why nothing is foretold; empty where it is.
    """

    patient: str
    death: float | None
    least: float
    most: float
    true_death: float
    why_not: str = ""


class ForetoldLine(NamedTuple):
    """One patient; short enough for a terminal of 80 columns."""

    patient: str
    death_2y: str
    networks: str
    formula: str
    check: str


def check_foretold(known: Iterable[KnownSession]) -> tuple[ForetoldCheck, ...]:
    """Read what was foretold of each synthetic patient.

    Args:
        known: sessions on which the chain `read` is complete.

    Raises:
        ArchiveError: a manifest or a prediction is damaged.
    """
    return tuple(_check(one) for one in known)


def _check(known: KnownSession) -> ForetoldCheck:
    eta = DEATH.score(draw_latents([known.truth.seed]))
    true = 1 - float(np.exp(-DEATH.cumulative(YEARS * _DAYS_OF_YEAR, eta))[0])
    nothing = ForetoldCheck(known.session.subject, None, 0.0, 0.0, true, "not run")
    place = known.session.resource(PREDICTION_LABEL)
    record = read_record(place)
    if record is None:
        return nothing
    outcome = record.outcomes[0]
    if outcome.status != "done":
        return ForetoldCheck(known.session.subject, None, 0.0, 0.0, true, outcome.reason)
    told = read_prediction(place / outcome.files[0]).prediction
    year = next(
        year for one in told.timed if one.endpoint == _OS for year in one.years if year.years == YEARS
    )
    return ForetoldCheck(known.session.subject, year.incidence, year.least, year.most, true)


def foretold_line(check: ForetoldCheck) -> ForetoldLine:
    """A check in words and rounded numbers."""
    if check.death is None:
        return ForetoldLine(check.patient, "", "", f"{check.true_death:.0%}", check.why_not)
    spread = f"{check.least:.0%} to {check.most:.0%}"
    return ForetoldLine(check.patient, f"{check.death:.0%}", spread, f"{check.true_death:.0%}", "ok")


def foretold_table(checks: Iterable[ForetoldCheck]) -> StudyTable:
    """The checks as a table of the study's page."""
    return StudyTable(
        "foretold",
        "Foretold",
        "The chance of death within two years: as networks for synthetic patients foretell it, how far they "
        "lie apart, and as the formula has it, which knows more than images and table show.",
        tuple(name.replace("_", " ") for name in ForetoldLine._fields),
        tuple(StudyRow(line.patient, tuple(line[1:])) for line in map(foretold_line, checks)),
    )


def all_foretold(checks: Iterable[ForetoldCheck]) -> bool:
    """Whether the model spoke of everybody."""
    return all(one.death is not None for one in checks)
