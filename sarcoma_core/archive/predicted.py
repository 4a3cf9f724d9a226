"""What was foretold of a session's patient: `PREDICTION/<model>/prediction.json`, written once, read by all.

It is whole in itself: who draws a page of it needs neither the model nor the images.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import typed
from sarcoma_core.text import json_bytes

PREDICTION_LABEL: Final = "PREDICTION"
PREDICTION_FILE: Final = "prediction.json"
SCHEMA: Final = 1

RiskGroup = Literal["high", "low"]
RowSource = Literal["COHORT", "CLINICAL"]
"""The resource of the project that the patient's row of the clinical table was taken from."""


@dataclass(frozen=True)
class ForetoldYear:
    """The chance of an event by a horizon.

    Args:
        years: the horizon.
        incidence: mean over networks, death competing where it can; 0 to 1.
        least: of any network.
        most: of any network.
        competing: the chance that death came before; None where nothing competes.
    """

    years: int
    incidence: float
    least: float
    most: float
    competing: float | None


@dataclass(frozen=True)
class ForetoldEndpoint:
    """What is foretold of an endpoint that comes with time.

    Args:
        endpoint: its name, as `EndpointName` has it.
        years: horizons that the model tells of; none where it tells of less than a year.
        days: of the curves, from 0.
        curve: mean incidence of the event by each.
        each: of each network, at the same days: the spread between models, which claims no coverage.
        risk: mean over networks; higher where the event is expected earlier.
        cut: the median risk of the development, above which a patient is one of high risk.
        group: whether it is above the cut.
    """

    endpoint: str
    years: tuple[ForetoldYear, ...]
    days: tuple[float, ...]
    curve: tuple[float, ...]
    each: tuple[tuple[float, ...], ...]
    risk: float
    cut: float
    group: RiskGroup


@dataclass(frozen=True)
class SurvivalBound:
    """A lower bound of survival time, with its coverage of patients like those of the calibration set.

    Args:
        coverage: that it claims, 0 to 1.
        days: of all patients like those of the calibration set such a part outlives its own bound.
    """

    coverage: float
    days: float


@dataclass(frozen=True)
class BaselineEndpoint:
    """What the clinical baseline foretells beside the networks: Cox's model of the clinical variables alone.

    Args:
        endpoint: its name.
        days: of the curve, from 0.
        curve: incidence of the event by each, death competing where it can.
        years: horizons that it tells of, with the incidence by each.
        absent: why there is none; empty where there is one, and then the rest is not.
    """

    endpoint: str
    days: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()
    years: Mapping[str, float] = field(default_factory=dict)
    absent: str = ""


@dataclass(frozen=True)
class PatientPrediction:
    """What a model says of a patient.

    Args:
        reasons: to abstain, a sentence each; then nothing else is told.
        not_known: what could not be compared with the training.
        missing: roles of sequences that the model takes and the session lacks.
        timed: endpoints that come with time.
        graded: how likely each level of the grade is; empty where it is not foretold.
        bounds: lower bounds of survival time.
        heads: of each endpoint the risk by each head (`joint`, `image`, `clinical`), so that it is seen what
            image and table say alone.
    """

    reasons: tuple[str, ...]
    not_known: tuple[str, ...]
    missing: tuple[str, ...]
    timed: tuple[ForetoldEndpoint, ...] = ()
    graded: Mapping[str, float] = field(default_factory=dict)
    bounds: tuple[SurvivalBound, ...] = ()
    heads: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def abstains(self) -> bool:
        """Whether nothing is foretold."""
        return bool(self.reasons)


@dataclass(frozen=True)
class PredictingModel:
    """The model, as its card tells it.

    Args:
        name: of the card.
        version: of the card.
        sha256: of the asset.
        synthetic: whether it has learned from synthetic patients alone.
        patients: of the development.
        what: who they are, a sentence.
        networks: how many are averaged.
        limits: a sentence each.
    """

    name: str
    version: str
    sha256: str
    synthetic: bool
    patients: int
    what: str
    networks: int
    limits: tuple[str, ...]


@dataclass(frozen=True)
class PredictionInputs:
    """What the model was given.

    Args:
        row: where the patient's row came from.
        time_zero: from when times count: `surgery` or `diagnosis`.
        variables: of the clinical table that were known and that the model takes.
        lacking: likewise, that were missing: they were filled in.
        series: of each sequence that was seen the series, as `Outcome.series` names it, by role.
        resource: that they were taken from; empty where the model takes none.
        masks: the resource of the tumour's mask, `MASKS` or `SEG`; empty where there is none.
        by_person: whether a person drew it.
        locked: whether a person has said that it is final.
        volume_ml: of the tumour; None where there is none.
    """

    row: RowSource
    time_zero: str
    variables: tuple[str, ...]
    lacking: tuple[str, ...]
    series: Mapping[str, str]
    resource: str = ""
    masks: str = ""
    by_person: bool = False
    locked: bool = False
    volume_ml: float | None = None


@dataclass(frozen=True)
class HeatMap:
    """Where the networks looked for the risk of an endpoint (Grad-CAM), files below PREDICTION.

    Args:
        endpoint: its name.
        volume: NIfTI on the grid of the reference series, 0 to 1.
        picture: PNG of slices through the tumour.
        dicom: parametric map on the reference series; empty where it could not be made.
        no_dicom: why; empty where it could.
        part_in_tumour: of its sum that lies inside the tumour, 0 to 1.
        like_random: rank correlation, -1 to 1, with the map of networks of the same form whose weights are
            random: near 1, it tells of the image and not of what was learned.
    """

    endpoint: str
    volume: str
    picture: str
    dicom: str
    no_dicom: str
    part_in_tumour: float
    like_random: float


@dataclass(frozen=True)
class SessionPrediction:
    """All that is told of a patient.

    Args:
        model: that foretold.
        inputs: that it was given.
        prediction: what it said.
        baseline: of each endpoint what the clinical baseline says; none where the model abstains.
        cautions: what to know before it is believed, a sentence each.
        heat: of endpoints; none where the model takes no image, or abstains.
    """

    model: PredictingModel
    inputs: PredictionInputs
    prediction: PatientPrediction
    baseline: tuple[BaselineEndpoint, ...] = ()
    cautions: tuple[str, ...] = ()
    heat: tuple[HeatMap, ...] = ()

    def document(self) -> bytes:
        """The same as a file; equal predictions give equal bytes."""
        return json_bytes({"schema": SCHEMA, **asdict(self)})


def read_prediction(path: Path) -> SessionPrediction:
    """Read a prediction.

    Args:
        path: of the file.

    Raises:
        ArchiveError: it is not as `predict` wrote it.
    """
    try:
        return _parsed(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ArchiveError(
            f"{PREDICTION_LABEL}: must hold {PREDICTION_FILE} as predict wrote it; it does not.",
            hint="Run it again: sarcoma run predict --archive DIR --project P",
        ) from None


def _parsed(tree: dict[str, Any]) -> SessionPrediction:
    if tree.pop("schema") != SCHEMA:
        raise ValueError
    found: SessionPrediction = typed(SessionPrediction, tree)
    return found
