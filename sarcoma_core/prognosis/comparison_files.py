"""The files of a comparison beside its page: all numbers, and the table in the form of the paper."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.comparison import TABLE, ComparedEndpoint, TableModel
from sarcoma_core.prognosis.comparison_facts import ComparisonHead
from sarcoma_core.prognosis.row_judging import JudgedRow
from sarcoma_core.report.measures import WithLimits, measure_text
from sarcoma_core.text import csv_bytes, json_bytes

COMPARED: Final = "compared.json"
FORM: Final = "compared.csv"
PAGE: Final = "compared.html"
SCHEMA: Final = 1
NOT_RUN: Final = "not run"
PAPER: Final = "Bozzo et al. 2024, of other patients"
_DECIMALS: Final = 3
_DIGITS: Final = 6
"""Decimals of numbers, so that a file is the same on every machine."""


def compared_bytes(compared: Sequence[ComparedEndpoint], head: ComparisonHead) -> bytes:
    """All numbers.

    Args:
        compared: endpoints, in the order of the table.
        head: of the whole comparison.
    """
    parts, study = head.kept.parts, head.rules.study
    return json_bytes(
        {
            "schema": SCHEMA,
            "model": head.model,
            "version": head.version,
            "sha256": dict(head.hashes),
            "prediction_time": study.when,
            "seed": study.seed,
            "folds": parts.folds.folds,
            "bootstrap_samples": head.rules.samples,
            "patients": {
                "development": len(parts.development),
                "calibration": len(parts.calibration),
                "test": len(parts.test),
            },
            "test_set": "not looked at",
            "features": {
                "names": list(study.features),
                "reason": study.no_features,
                "patients": len(head.features.found),
                "role": head.features.role,
            },
            "published": {"source": PAPER, "measure": "C, mean and SD of 50 samples"},
            "endpoints": {one.endpoint.name: _endpoint(one) for one in compared},
            "cautions": list(head.cautions),
        }
    )


def form_bytes(compared: Sequence[ComparedEndpoint]) -> bytes:
    """The table in the form of the paper: a line for each model, a column for each endpoint.

    Args:
        compared: endpoints, in the order of the table.
    """
    columns = ["Model", *(f"C {one.endpoint.short} (95 % limits)" for one in compared)]
    told = [one.endpoint.short for one in compared if any(one.endpoint.short in m.published for m in TABLE)]
    columns += [f"C {short} (SD), {PAPER}" for short in told]
    return csv_bytes(
        columns,
        (
            [model.title, *(_cell(one, model) for one in compared), *(_published(model, s) for s in told)]
            for model in TABLE
        ),
    )


def _cell(one: ComparedEndpoint, model: TableModel) -> str:
    row = one.rows.get(model.name)
    return NOT_RUN if row is None else measure_text(row.harrell, _DECIMALS)


def _published(model: TableModel, short: str) -> str:
    found = model.published.get(short)
    return "" if found is None else f"{found.value:.3f} ({found.deviation:.3f})"


def _endpoint(one: ComparedEndpoint) -> Mapping[str, Any]:
    return {
        "patients": len(one.patients.follow_up),
        "events": one.patients.follow_up.events,
        "tau_years": round(one.plan.tau / DAYS_OF_YEAR, 1),  # the time itself is that of a patient
        "rows": [_row(one, model) for model in TABLE],
    }


def _row(one: ComparedEndpoint, model: TableModel) -> Mapping[str, Any]:
    told = model.published.get(one.endpoint.short)
    found = one.rows.get(model.name)
    return {
        "name": model.name,
        "title": model.title,
        "published": None if told is None else asdict(told),
        "not_run": one.absent.get(model.name, ""),
        **({"flat_folds": one.flat[model.name], **_numbers(found)} if found else {}),
    }


def _numbers(row: JudgedRow) -> Mapping[str, Any]:
    apart = row.difference
    return {
        "harrell": _limits(row.harrell),
        "uno": _limits(row.uno),
        "difference": None if apart is None else _limits(apart.c),
        "p": None if apart is None else _rounded(apart.p),
        "p_holm": None if apart is None else _rounded(apart.adjusted),
    }


def _limits(found: WithLimits | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    return {name: _rounded(value) for name, value in asdict(found).items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
