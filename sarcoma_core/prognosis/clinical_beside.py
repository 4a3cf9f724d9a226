"""The clinical baseline that travels with a model of networks: what the table alone foretells, beside them.

Of each timed endpoint it is an elastic-net Cox model of the event, and where death competes one of death, too:
hazards of each cause, of which the incidence is reckoned, never one less the survival of the event alone.
All patients of the development are learned from, and nobody of the test set or the calibration set.

Source: Prentice et al., Biometrics 1978 (hazards of causes); Bozzo et al. 2024 (MMNN), which has such a row.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sarcoma_core.archive.predicted import BaselineEndpoint
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baseline_model import BaselineModel, kept_model, read_model
from sarcoma_core.prognosis.baselines import baseline_named, fit_baseline
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, DAYS_OF_YEAR, TimeZero, endpoint
from sarcoma_core.prognosis.design import Values
from sarcoma_core.prognosis.endpoint_study import HORIZON_YEARS
from sarcoma_core.prognosis.kept_document import read_kept
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, causes_of
from sarcoma_core.survival.follow_up import Floats1, FollowUp
from sarcoma_core.survival.incidence import Cube, incidence_of_increments
from sarcoma_core.text import json_bytes

SCHEMA: Final = 1
BASELINES_FILE: Final = "baselines.json"


@dataclass(frozen=True)
class ClinicalBeside:
    """The clinical baseline of one timed endpoint.

    Args:
        endpoint: its name.
        models: of the hazard of each cause, in the order of `causes_of`; none where there is no baseline.
        absent: why there is none; empty where there is one.
    """

    endpoint: str
    models: tuple[BaselineModel, ...] = ()
    absent: str = ""

    @property
    def days(self) -> Floats1:
        """Ends of the bins of any cause, from 0 up to the last that all causes are told to."""
        last = min(one.hazard.months[-1] for one in self.models)
        months = {month for one in self.models for month in one.hazard.months if month <= last}
        return np.array([0, *sorted(months)]) * DAYS_OF_MONTH

    def incidence(self, patients: Sequence[Values], days: Floats1) -> Cube:
        """Incidence of each cause by each time, each competing with the others, shape (n, causes, times).

        Args:
            patients: what is known of each.
            days: times up to the last of `days`, in any order.

        Raises:
            InputError: a value is none of its variable, or a time is negative or lies beyond.
        """
        cuts, place = np.unique(np.concatenate([self.days, days]), return_inverse=True)
        hazards = [
            np.exp(one.risk(patients))[:, None] * np.diff(one.hazard.at(cuts))[None] for one in self.models
        ]
        told = incidence_of_increments(np.stack(hazards, axis=1))
        return np.asarray(told[:, :, place[self.days.size :]])


@dataclass(frozen=True)
class ClinicalBaselines:
    """The baselines of a model, as they are kept.

    Args:
        endpoints: one for each timed endpoint.
    """

    endpoints: tuple[ClinicalBeside, ...]

    def document(self) -> bytes:
        """The same as a file; equal baselines give equal bytes."""
        return json_bytes(
            {"schema": SCHEMA, "endpoints": {one.endpoint: _tree(one) for one in self.endpoints}}
        )


def fit_baselines(planned: PlannedPrognosis, time_zero: TimeZero) -> ClinicalBaselines:
    """Fit the baseline of each timed endpoint on the patients of the development, and keep it.

    Args:
        planned: whose patients and parts count.
        time_zero: from when times count.
    """
    return ClinicalBaselines(tuple(_fitted(planned, name, time_zero) for name in planned.order.timed))


def _fitted(planned: PlannedPrognosis, name: str, time_zero: TimeZero) -> ClinicalBeside:
    development = planned.patients.of(planned.parts.development)
    labels = development.outcomes().timed[name]
    known = np.flatnonzero(labels.known.numpy())
    values = [development.patients[row].row.values for row in known]
    subjects = [development.patients[row].row.subject for row in known]
    kept = []
    for place, cause in enumerate(causes_of(name), 1):
        time, event = labels.of_cause(place)
        try:
            follow_up = FollowUp(time.numpy()[known], event.numpy()[known])
            fitted = fit_baseline(
                baseline_named("clinical"),
                values,
                subjects,
                follow_up,
                when=planned.order.when,
                seed=planned.order.seed,
            )
            kept.append(kept_model(fitted, follow_up, endpoint=endpoint(name), time_zero=time_zero))
        except InputError as error:
            return ClinicalBeside(name, absent=f"of the hazard of {_words(cause)}: {error.message}")
    return ClinicalBeside(name, tuple(kept))


def beside(baselines: ClinicalBaselines, values: Values) -> tuple[BaselineEndpoint, ...]:
    """What the baselines foretell of a patient.

    Args:
        baselines: of a model.
        values: what is known of the patient.

    Raises:
        InputError: a value is none of its variable.
    """
    return tuple(_beside(one, values) for one in baselines.endpoints)


def _beside(one: ClinicalBeside, values: Values) -> BaselineEndpoint:
    if one.absent:
        return BaselineEndpoint(one.endpoint, absent=one.absent)
    days = one.days
    years = [year for year in HORIZON_YEARS if year * DAYS_OF_YEAR <= days[-1]]
    wanted = np.concatenate([days, np.array(years) * DAYS_OF_YEAR])
    event = one.incidence([values], wanted)[0, 0]
    told = event[days.size :].tolist()
    return BaselineEndpoint(
        one.endpoint,
        days=tuple(days.tolist()),
        curve=tuple(event[: days.size].tolist()),
        years={f"{year}": incidence for year, incidence in zip(years, told, strict=True)},
    )


def without_baselines(names: Sequence[str], why: str) -> ClinicalBaselines:
    """Baselines of a model that has none.

    Args:
        names: of its timed endpoints.
        why: it has none.
    """
    return ClinicalBaselines(tuple(ClinicalBeside(name, absent=why) for name in names))


def read_baselines(content: bytes) -> ClinicalBaselines:
    """Read baselines that were kept, and check all of them.

    Args:
        content: of their file.

    Raises:
        InputError: it is no such file, or its numbers do not belong together.
    """
    return read_kept(content, _baselines, schema=SCHEMA, fault=_fault)


def _baselines(tree: Mapping[str, Any]) -> ClinicalBaselines:
    return ClinicalBaselines(tuple(_endpoint(name, one) for name, one in tree["endpoints"].items()))


def _endpoint(name: str, tree: Mapping[str, Any]) -> ClinicalBeside:
    models, causes = tree["causes"], causes_of(endpoint(name).name)
    if set(models) != (set() if tree["absent"] else set(causes)):
        raise _fault(f"{name} has not a model of each of its causes, or the reason why not")
    found = tuple(read_model(json_bytes(models[cause])) for cause in causes if cause in models)
    if any(one.endpoint.name != name or one.baseline.radiomics for one in found):
        raise _fault(f"a model of {name} is of another endpoint, or takes features of the image")
    return ClinicalBeside(name, found, str(tree["absent"]))


def _tree(one: ClinicalBeside) -> Mapping[str, Any]:
    causes = causes_of(one.endpoint)[: len(one.models)]
    models = {cause: json.loads(each.document()) for cause, each in zip(causes, one.models, strict=True)}
    return {"absent": one.absent, "causes": models}


def _words(cause: str) -> str:
    return cause.replace("_", " ")


def _fault(found: str) -> InputError:
    return InputError(
        f"model: must have a {BASELINES_FILE} as train-prognosis wrote it; {found}.",
        hint="Train again, or put back the file as it was.",
    )
