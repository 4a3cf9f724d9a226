"""What the page of a comparison shows: rows of the paper's table by endpoint.

Whoever judged them fills it.
"""

from dataclasses import dataclass

from sarcoma_core.errors import InputError
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.measures import WithLimits


@dataclass(frozen=True, kw_only=True)
class ComparedLine:
    """A row of the table, for one endpoint.

    Args:
        model: what a reader calls it.
        harrell: Harrell's C, out of fold; None where it was not estimated.
        uno: Uno's C, likewise.
        difference: of its C from that of the row that all are compared with; None of that row itself.
        p: of no difference.
        adjusted: the same after Holm.
        flat: in how many folds it tells the same of everybody.
        published: C in the paper and its standard deviation; None where it has none.
        absent: why it was not run; empty where it was.

    Raises:
        InputError: it was not run and has a number all the same.
    """

    model: str
    harrell: WithLimits | None = None
    uno: WithLimits | None = None
    difference: WithLimits | None = None
    p: float | None = None
    adjusted: float | None = None
    flat: int = 0
    published: tuple[float, float] | None = None
    absent: str = ""

    def __post_init__(self) -> None:
        if self.absent and (self.harrell or self.uno or self.difference):
            raise InputError(f"absent: must be empty of a row with numbers; {self.model!r} has some.")


@dataclass(frozen=True, kw_only=True)
class EndpointComparison:
    """All rows of one endpoint, on the same patients.

    Args:
        name: e.g. `Overall survival`.
        short: e.g. `OS`.
        patients: of the development who were followed for it.
        events: of these.
        tau: to which Uno's C looks, days.
        lines: in the order of the table; the last is what all others are compared with.
    """

    name: str
    short: str
    patients: int
    events: int
    tau: float
    lines: tuple[ComparedLine, ...]

    @property
    def judged(self) -> tuple[ComparedLine, ...]:
        """Those that were run."""
        return tuple(line for line in self.lines if not line.absent)


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """All that the page shows.

    Args:
        model: what the networks are called, e.g. `MODEL_PROG_STS 0.10.0`.
        endpoints: in the order of the table, one at least.
        development: patients on whom the rows were judged.
        calibration: patients who were set aside for bounds.
        test: patients of the test set, which was not looked at.
        folds: in which the rows were judged.
        samples: of patients, for limits.
        seed: of all that is drawn.
        prediction_time: what is known when a prediction is made, e.g. `before surgery`.
        features: what is told of the features of the image, a sentence.
        cautions: sentences that a reader has to know.
        limits: of the comparison, sentences.
        hashes: what they are of, and SHA-256.
    """

    model: str
    endpoints: tuple[EndpointComparison, ...]
    development: int
    calibration: int
    test: int
    folds: int
    samples: int
    seed: int
    prediction_time: str
    features: str
    cautions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    hashes: tuple[Fact, ...] = ()
