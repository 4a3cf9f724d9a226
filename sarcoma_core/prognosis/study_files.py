"""The files beside the page of a study: the numbers, the predictions of each patient, and the folds."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.endpoint_study import EndpointStudy
from sarcoma_core.prognosis.features import CohortFeatures
from sarcoma_core.prognosis.judged import JudgedModel
from sarcoma_core.prognosis.study_facts import StudyHead
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.text import json_bytes

SCHEMA: Final = 1
_DIGITS: Final = 6
"""Decimals of predictions, so that a file is the same on every machine."""


def evaluation(studies: Sequence[EndpointStudy], head: StudyHead, features: CohortFeatures) -> bytes:
    """How well every model predicts every endpoint.

    Args:
        studies: of the endpoints.
        head: of the whole study.
        features: that were measured.
    """
    rules = head.rules
    return json_bytes(
        {
            "schema": SCHEMA,
            "cohort_sha256": head.cohort.sha256,
            "time_zero": head.cohort.time_zero,
            "prediction_time": rules.when,
            "seed": rules.seed,
            "folds": rules.folds,
            "repeats": rules.repeats,
            "features": {
                "names": list(rules.features),
                "reason": rules.no_features,
                "patients": len(features.found),
                "role": features.role,
                "locked_masks": sum(one.locked for one in features.found.values()),
            },
            "endpoints": {study.endpoint.name: _endpoint(study) for study in studies},
            "failed": dict(head.failed),
        }
    )


def _endpoint(study: EndpointStudy) -> Mapping[str, Any]:
    plan, judged = study.plan, study.judgement
    return {
        "patients": len(study.patients.follow_up),
        "events": study.patients.follow_up.events,
        "splits_sha256": study.splits.sha256,
        "tau_days": plan.tau,
        "horizons_years": [days / DAYS_OF_YEAR for days in plan.horizons],
        "main_horizon_years": None if plan.main is None else plan.main / DAYS_OF_YEAR,
        "kaplan_meier_integrated_brier": judged.null_brier,
        "bootstrap_samples": judged.samples,
        "models": {
            name: {
                **_model(judged.models[name]),
                "events_per_column": fitted.events_per_column,
                "warnings": list(fitted.warnings),
                "left_out": dict(fitted.design.left_out),
            }
            for name, fitted in study.fitted.items()
        },
        "absent": dict(study.absent),
    }


def _model(judged: JudgedModel) -> Mapping[str, Any]:
    curve = judged.calibration.curve
    return {
        "harrell": _limits(judged.harrell),
        "difference": _limits(judged.difference),
        "uno": _limits(judged.uno),
        "auc_by_year": {f"{days / DAYS_OF_YEAR:g}": _limits(one) for days, one in judged.auc.items()},
        "integrated_brier": _limits(judged.brier),
        "calibration": {
            "slope": _limits(judged.calibration.slope),
            "ici": curve.ici if curve else None,
            "e50": curve.e50 if curve else None,
            "e90": curve.e90 if curve else None,
        },
    }


def _limits(found: WithLimits | None) -> Mapping[str, Any] | None:
    return None if found is None else asdict(found)


def out_of_fold(studies: Sequence[EndpointStudy], sessions: Mapping[str, str]) -> bytes:
    """What each model predicted of each patient that it had not seen, one line for each repeat.

    Args:
        studies: of the endpoints.
        sessions: label of each subject's session.
    """
    years = sorted({days for study in studies for days in study.plan.horizons})
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = ["endpoint", "model", "repeat", "fold", "subject", "session", "risk", "high_risk"]
    writer.writerow([*columns, *(f"survival_{days / DAYS_OF_YEAR:g}_years" for days in years)])
    for study in studies:
        for name, predicted in study.predicted.items():
            for repeat, folds in enumerate(study.splits.repeats):
                for number, subject in enumerate(study.patients.subjects):
                    told = dict(
                        zip(
                            study.plan.horizons,
                            predicted.survival[repeat, number, study.plan.grid.size :].tolist(),
                            strict=True,
                        )
                    )
                    writer.writerow(
                        [
                            *(study.endpoint.name, name, repeat, folds[subject], subject, sessions[subject]),
                            f"{predicted.risk[repeat, number]:.{_DIGITS}f}",
                            int(predicted.high[repeat, number]),
                            *(f"{told[days]:.{_DIGITS}f}" if days in told else "" for days in years),
                        ]
                    )
    return stream.getvalue().encode()


def splits(studies: Sequence[EndpointStudy]) -> bytes:
    """The folds of each endpoint, with their hash."""
    return json_bytes(
        {study.endpoint.name: {**study.splits.tree, "sha256": study.splits.sha256} for study in studies}
    )
