"""The clinical baseline of each endpoint, fitted on the development of a training of networks.

All patients of the development are learned from, and nobody of the test set or the calibration set.
"""

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baseline_model import kept_model
from sarcoma_core.prognosis.baselines import baseline_named, fit_baseline
from sarcoma_core.prognosis.clinical.endpoints import TimeZero, causes_of, endpoint
from sarcoma_core.prognosis.clinical_beside import ClinicalBaselines, ClinicalBeside
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.survival.follow_up import FollowUp


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
            return ClinicalBeside(name, absent=f"of the hazard of {cause.replace('_', ' ')}: {error.message}")
    return ClinicalBeside(name, tuple(kept))
