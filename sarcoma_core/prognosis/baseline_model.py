"""A fitted baseline as JSON that can leave the site: nobody's own value or time stands in it.

Levels and means are of five patients or more, and rounded (`design`). The baseline hazard is told at the ends
of bins alone, at multiples of three months, each bin with five events or more, up to a whole year after which
five are still followed. Between the ends it rises evenly; beyond the last nothing is said.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baselines import Baseline, ElasticNetPenalty, FittedBaseline, baseline_named
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, Endpoint, TimeZero, endpoint
from sarcoma_core.prognosis.design import LEAST, Design, Values, rounded
from sarcoma_core.prognosis.design_document import design_of, design_tree
from sarcoma_core.prognosis.kept_document import read_kept
from sarcoma_core.provenance import typed
from sarcoma_core.survival.follow_up import Floats1, FollowUp, steps_at

SCHEMA: Final = 1
MODEL_FILE: Final = "model.json"
_STEP_MONTHS: Final = 3
"""Ends of bins are multiples of it: to where an event of a bin lies, nothing closer is told."""
_YEAR: Final = 12
"""The last bin ends with a year: else it would tell to a season how long the fifth longest was followed."""


@dataclass(frozen=True)
class BinnedHazard:
    """The cumulative hazard of the patient of mean columns.

    Args:
        months: ends of the bins, whole months, in order.
        cumulative: hazard up to each of them.
        events: of all bins; no bin has fewer than five.
    """

    months: tuple[int, ...]
    cumulative: tuple[float, ...]
    events: int

    @property
    def last(self) -> float:
        """Days to which it is told."""
        return self.months[-1] * DAYS_OF_MONTH

    def at(self, days: Floats1) -> Floats1:
        """Cumulative hazard, rising evenly within a bin.

        Raises:
            InputError: a time is negative, or lies beyond the last bin.
        """
        if not ((days >= 0) & (days <= self.last)).all():
            raise InputError(
                f"days: must be 0 to {self.last:g} ({self.months[-1]} months), as too few were followed "
                "beyond; some are not."
            )
        ends = np.array([0, *self.months]) * DAYS_OF_MONTH
        return np.interp(days, ends, [0.0, *self.cumulative])


@dataclass(frozen=True)
class BaselineModel:
    """A model of one endpoint, as it is kept.

    Args:
        baseline: which kind.
        endpoint: that it predicts.
        time_zero: from when its times count.
        design: of its columns.
        coefficients: log hazard ratio of one unit of each column.
        means: of the columns in the training, rounded: the patient whose hazard is told.
        hazard: of that patient.
        penalty: that was chosen; None where there is none.
        patients: of the training.
        events: of these, up to the last bin: of later ones their number would tell single patients.
    """

    baseline: Baseline
    endpoint: Endpoint
    time_zero: TimeZero
    design: Design
    coefficients: tuple[float, ...]
    means: tuple[float, ...]
    hazard: BinnedHazard
    penalty: ElasticNetPenalty | None
    patients: int
    events: int
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.document()).hexdigest())

    def risk(self, patients: Sequence[Values]) -> Floats1:
        """Log hazard ratio against the patient of mean columns, shape (n,).

        Raises:
            InputError: a value is none of its variable.
        """
        columns = self.design.matrix(patients)
        return np.asarray((columns - np.array(self.means)) @ np.array(self.coefficients))

    def survival(self, patients: Sequence[Values], days: Floats1) -> NDArray[np.float64]:
        """Predicted survival of each patient at each time, shape (n, times).

        Raises:
            InputError: a value is none of its variable, or a time lies beyond the last bin.
        """
        return np.asarray(np.exp(-np.exp(self.risk(patients))[:, None] * self.hazard.at(days)))

    def document(self) -> bytes:
        """The model as a file; equal models give equal bytes."""
        body = {
            "schema": SCHEMA,
            "baseline": self.baseline.name,
            "endpoint": self.endpoint.name,
            "time_zero": self.time_zero,
            **design_tree(self.design),
            "coefficients": list(self.coefficients),
            "means": list(self.means),
            "hazard": asdict(self.hazard),
            "penalty": None if self.penalty is None else asdict(self.penalty),
            "patients": self.patients,
            "events": self.events,
        }
        return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def kept_model(
    fitted: FittedBaseline, follow_up: FollowUp, *, endpoint: Endpoint, time_zero: TimeZero
) -> BaselineModel:
    """A fitted model as it is kept.

    Args:
        fitted: the model.
        follow_up: of the patients that it was fitted on, in days.
        endpoint: that it predicts.
        time_zero: from when its times count.

    Raises:
        InputError: there are too few events for one bin.
    """
    hazards = fitted.hazards
    means = np.array([rounded(mean) for mean in hazards.means.tolist()])
    cumulative = hazards.cumulative_hazard * np.exp((means - hazards.means) @ hazards.coefficients)
    hazard = _binned(hazards.times, cumulative, follow_up)
    return BaselineModel(
        baseline=fitted.baseline,
        endpoint=endpoint,
        time_zero=time_zero,
        design=fitted.design,
        coefficients=tuple(hazards.coefficients.tolist()),
        means=tuple(means.tolist()),
        hazard=hazard,
        penalty=fitted.penalty,
        patients=fitted.patients,
        events=hazard.events,
    )


def _binned(times: Floats1, cumulative: Floats1, follow_up: FollowUp) -> BinnedHazard:
    """The hazard at the ends of bins; those of the last one are told where five are still followed."""
    followed = np.sort(follow_up.time)[-LEAST] if len(follow_up) >= LEAST else 0.0
    steps = range(_STEP_MONTHS, int(followed / DAYS_OF_MONTH) + 1, _STEP_MONTHS)
    ends = [months for months in steps if np.count_nonzero(follow_up.time > months * DAYS_OF_MONTH) >= LEAST]
    happened = np.sort(follow_up.time[follow_up.event])
    by = {months: int(np.searchsorted(happened, months * DAYS_OF_MONTH, side="right")) for months in ends}
    kept: list[int] = []
    for months in ends:
        if by[months] - (by[kept[-1]] if kept else 0) >= LEAST:
            kept.append(months)
    if not kept:
        raise InputError(
            f"event: must be {LEAST} or more while {LEAST} patients are still followed, for a hazard to be "
            "told; there are fewer.",
            hint="So few events make no model that can be kept.",
        )
    kept[-1] = max([kept[-1], *(months for months in ends if months % _YEAR == 0)])
    hazard = steps_at(times, cumulative, np.array(kept) * DAYS_OF_MONTH, 0.0)
    return BinnedHazard(tuple(kept), tuple(hazard.tolist()), by[kept[-1]])


def read_model(content: bytes) -> BaselineModel:
    """Read a model that was kept, and check all of it.

    Args:
        content: of its file.

    Raises:
        InputError: it is no such file, or its numbers do not belong together.
    """
    return read_kept(content, _model, schema=SCHEMA, fault=_fault)


def _model(tree: Mapping[str, Any]) -> BaselineModel:
    zero = tree["time_zero"]
    if zero not in get_args(TimeZero):
        raise _fault("its time zero is none that is known")
    model = BaselineModel(
        baseline=baseline_named(tree["baseline"]),
        endpoint=endpoint(tree["endpoint"]),
        time_zero=zero,
        design=design_of(tree),
        coefficients=typed(tuple[float, ...], tree["coefficients"]),
        means=typed(tuple[float, ...], tree["means"]),
        hazard=typed(BinnedHazard, tree["hazard"]),
        penalty=typed(ElasticNetPenalty | None, tree["penalty"]),
        patients=typed(int, tree["patients"]),
        events=typed(int, tree["events"]),
    )
    _check(model)
    return model


def _check(model: BaselineModel) -> None:
    hazard = np.array([0.0, *model.hazard.cumulative])
    months = np.array([0, *model.hazard.months])
    penalty = (model.penalty.l1_ratio, model.penalty.penalty) if model.penalty else ()
    numbers = [*model.coefficients, *model.means, *hazard, *penalty]
    if not len(model.coefficients) == len(model.means) == len(model.design.columns) >= 1:
        raise _fault("it has not one coefficient and one mean for each column")
    if not np.isfinite(numbers).all():
        raise _fault("a number is not finite")
    rises = (np.diff(months) > 0).all() and (np.diff(hazard) >= 0).all()
    if not (model.hazard.months and months.size == hazard.size and rises):
        raise _fault("its hazard does not rise with time, from one bin on")
    if (months % _STEP_MONTHS).any() or model.hazard.events < LEAST * (months.size - 1):
        raise _fault(f"its bins do not end at multiples of {_STEP_MONTHS} months with {LEAST} events each")
    if not LEAST <= model.hazard.events <= model.events <= model.patients:
        raise _fault("its numbers of patients and events do not belong together")


def _fault(found: str) -> InputError:
    return InputError(
        f"model: must be a {MODEL_FILE} as train-baselines wrote it; {found}.",
        hint="Train again, or put back the file as it was.",
    )
