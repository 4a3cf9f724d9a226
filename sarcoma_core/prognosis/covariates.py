"""What a fitted model holds, for a reader: each column with its name, and a hazard ratio for a step."""

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from sarcoma_core.prognosis.baselines import FittedBaseline
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels, Quantity
from sarcoma_core.prognosis.design import LevelColumns, NumberColumn, Part
from sarcoma_core.prognosis.endpoint_study import EndpointStudy
from sarcoma_core.report.forest_plot import Coefficient
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.prognosis_facts import ModelCoefficients
from sarcoma_core.segmentation.radiomics.features import FEATURE_TITLES
from sarcoma_core.survival.cox import CoxModel
from sarcoma_core.survival.follow_up import Floats1
from sarcoma_core.survival.proportionality import proportionality

_DOUBLING = math.log(2)
"""A doubling, as a difference of logarithms."""


def model_coefficients(
    study: EndpointStudy, fitted: FittedBaseline, *, chosen_in: tuple[int, int] | None
) -> ModelCoefficients:
    """The coefficients of a model that was fitted on all patients.

    Args:
        study: of the endpoint.
        fitted: the model.
        chosen_in: in how many folds any covariate was chosen, and of how many; None where none is chosen.
    """
    titles = column_titles(fitted)
    found = fitted.hazards.coefficients
    if isinstance(fitted.hazards, CoxModel):
        rows = list(_unpenalised(study, fitted, fitted.hazards))
    else:
        chosen = zip(titles, found.tolist(), strict=True)
        rows = [Coefficient(title, WithLimits(float(np.exp(one)))) for title, one in chosen if one]
    return ModelCoefficients(
        model=fitted.baseline.title,
        penalised=fitted.baseline.penalised,
        rows=tuple(rows),
        candidates=len(titles),
        n=fitted.patients,
        events=fitted.events,
        chosen_in=chosen_in,
    )


def _unpenalised(study: EndpointStudy, fitted: FittedBaseline, hazards: CoxModel) -> Iterator[Coefficient]:
    x = fitted.design.matrix(study.patients.values)
    changing = proportionality(hazards, x, study.patients.follow_up).p
    steps = _steps(fitted)
    ratio, lower, upper = (np.exp(one * steps) for one in (hazards.coefficients, *hazards.limits()))
    z = hazards.coefficients / hazards.standard_errors
    each = zip(column_titles(fitted), ratio, lower, upper, z, changing, strict=True)
    for title, value, low, high, score, turns in each:
        p = 2 * NormalDist().cdf(-abs(float(score)))
        yield Coefficient(title, WithLimits(float(value), float(low), float(high)), p, float(turns))


def _steps(fitted: FittedBaseline) -> Floats1:
    """For what step each hazard ratio is told: a doubling where the logarithm counts, else 1."""
    logs = {one.name for one in fitted.design.parts if isinstance(one, NumberColumn) and one.log}
    return np.array([_DOUBLING if name in logs else 1.0 for name in fitted.design.columns])


def column_titles(fitted: FittedBaseline) -> tuple[str, ...]:
    """What each column of a model is, for a reader."""
    return tuple(
        title
        for part in fitted.design.parts
        for name, title in zip(part.columns, _titles(part, penalised=fitted.baseline.penalised), strict=True)
        if name not in fitted.design.left_out
    )


def _titles(part: Part, *, penalised: bool) -> Iterator[str]:
    variable = BY_NAME.get(part.name)
    title = variable.title if variable else FEATURE_TITLES.get(part.name, part.name)
    if isinstance(part, LevelColumns):
        levels = (column.removeprefix(f"{part.name}: ") for column in part.columns)
        yield from (f"{title}: {level} (against {part.reference})" for level in levels)
        return
    kind = variable.kind if variable else None
    if isinstance(kind, Levels) and len(kind.words) == 2:  # noqa: PLR2004  a pair
        title = f"{title}: {kind.words[1]}"
    yield f"{title} ({_step(part, kind, penalised=penalised)})"
    if part.tells_missing:
        yield f"{variable.title if variable else title}: not known"


def _step(part: NumberColumn, kind: Quantity | Levels | None, *, penalised: bool) -> str:
    """For what step the hazard ratio of a number is told."""
    if penalised:
        return f"per standard deviation{' of the logarithm' if part.log else ''}"
    if part.log:
        return "per doubling"
    return f"per {kind.unit.removesuffix('s')}" if isinstance(kind, Quantity) else "per level"
