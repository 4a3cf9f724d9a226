"""The table of the paper, on the patients and folds of one training: what networks are judged beside.

Each other model is fitted again within every fold, on those whom the fold does not judge; what networks
foretold of the same patients comes from their training. They learn from all folds but one, networks from all
but two, as one chooses their epoch; else a row differs from another in its model alone.
The test set is not looked at.

Source: Bozzo et al. 2024 (MMNN), the table of comparisons of its code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baselines import BASELINES, RADIOMICS, Baseline
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, Endpoint
from sarcoma_core.prognosis.endpoint_study import HORIZON_YEARS, BaselineFitting, StudyPatients, StudyRules
from sarcoma_core.prognosis.forest_baseline import ForestFitting, why_no_forest
from sarcoma_core.prognosis.out_of_fold import JudgingPlan, plan_judging, predict_out_of_fold
from sarcoma_core.prognosis.row_judging import JudgedRow, judge_rows
from sarcoma_core.prognosis.trained_study import KeptTraining
from sarcoma_core.survival.follow_up import Floats1
from sarcoma_core.text import counted

MULTIMODAL: Final = "multimodal"
"""The row that all others are compared with."""


@dataclass(frozen=True, slots=True)
class PublishedC:
    """Harrell's C as the paper has it, of its own patients.

    Args:
        value: the mean of its samples.
        deviation: their standard deviation.
    """

    value: float
    deviation: float


@dataclass(frozen=True)
class TableModel:
    """A row of the table.

    Args:
        name: in files.
        title: what a reader calls it.
        baseline: that is fitted again; None for what networks foretold.
        forest: whether a forest is grown on its columns, instead of Cox's model.
        head: of the networks; empty for what is fitted again.
        published: in the paper, by short name of the endpoint; none for rows that are ours.
    """

    name: str
    title: str
    baseline: Baseline | None = None
    forest: bool = False
    head: str = ""
    published: Mapping[str, PublishedC] = field(default_factory=dict)

    @property
    def takes_images(self) -> bool:
        """Whether it takes features of the image."""
        return self.baseline is not None and self.baseline.radiomics


def _published(os: tuple[float, float], dm: tuple[float, float]) -> Mapping[str, PublishedC]:
    return {"OS": PublishedC(*os), "DM": PublishedC(*dm)}


_SARCULATOR, _CLINICAL, _BOTH = BASELINES
TABLE: Final = (
    TableModel(
        "sarculator",
        _SARCULATOR.title,
        _SARCULATOR,
        published=_published((0.614, 0.117), (0.631, 0.097)),
    ),
    TableModel("clinical", _CLINICAL.title, _CLINICAL),
    TableModel(
        "clinical-forest",
        "Clinical, random survival forest",
        _CLINICAL,
        forest=True,
        published=_published((0.655, 0.111), (0.639, 0.108)),
    ),
    TableModel("radiomics", RADIOMICS.title, RADIOMICS),
    TableModel(
        "radiomics-forest",
        "Radiomics, random survival forest",
        RADIOMICS,
        forest=True,
        published=_published((0.532, 0.116), (0.541, 0.099)),
    ),
    TableModel(
        "radiomics-clinical",
        _BOTH.title,
        _BOTH,
        published=_published((0.707, 0.095), (0.658, 0.085)),
    ),
    TableModel(
        "unimodal",
        "Unimodal network (image head of the same training)",
        head="image",
        published=_published((0.553, 0.081), (0.562, 0.068)),
    ),
    TableModel(
        MULTIMODAL,
        "Multimodal network (joint head)",
        head="joint",
        published=_published((0.769, 0.126), (0.699, 0.092)),
    ),
)
"""In the paper's order; elastic nets beside its forests are ours, for where no forest can be grown."""


@dataclass(frozen=True)
class ComparisonRules:
    """How all endpoints are compared.

    Args:
        study: seed, features and time of the prediction, as for baselines.
        refit: whether other models than the networks are fitted.
        forests: whether forests are grown where they can be.
        samples: of patients, for limits.
    """

    study: StudyRules
    refit: bool = True
    forests: bool = True
    samples: int = 1000


@dataclass(frozen=True, eq=False)
class ComparedEndpoint:
    """The rows of one endpoint.

    Args:
        endpoint: which.
        patients: of the development who were followed for it.
        plan: how they were judged.
        rows: that were judged, by name.
        flat: in how many folds each of these tells the same of everybody.
        absent: why a row was not, by name.
    """

    endpoint: Endpoint
    patients: StudyPatients
    plan: JudgingPlan
    rows: Mapping[str, JudgedRow]
    flat: Mapping[str, int]
    absent: Mapping[str, str]


def compare_endpoint(
    endpoint: Endpoint, patients: StudyPatients, kept: KeptTraining, rules: ComparisonRules
) -> ComparedEndpoint:
    """Fit, foretell out of fold, and judge every row.

    Args:
        endpoint: which.
        patients: of the development who were followed for it.
        kept: what the training left.
        rules: of the comparison.

    Raises:
        InputError: the study tells other patients of the endpoint, or a patient is in no fold.
    """
    folds = list(kept.parts.folds.rows(patients.subjects))
    years = [DAYS_OF_YEAR * year for year in HORIZON_YEARS]
    main = DAYS_OF_YEAR * rules.study.horizon_years
    plan = plan_judging(patients.follow_up, folds, horizons=years, main=main)
    risks: dict[str, Floats1] = {}
    absent: dict[str, str] = {}
    for model in TABLE:
        absent[model.name] = _not_run(model, endpoint, kept, rules)
        if absent[model.name]:
            continue
        if model.baseline is None:
            risks[model.name] = _foretold(kept.risks[endpoint.name, model.head], patients, endpoint)
            continue
        kind = ForestFitting if model.forest else BaselineFitting
        fitting = kind(model.baseline, patients, rules.study)
        try:
            risks[model.name] = np.asarray(predict_out_of_fold(plan, fitting.on).risk[0], np.float64)
        except InputError as error:
            absent[model.name] = error.message
    rows = judge_rows(plan, risks, against=MULTIMODAL, samples=rules.samples, seed=rules.study.seed)
    told = {name: reason for name, reason in absent.items() if reason}
    flat = {name: sum(_is_flat(risk[fold.test]) for fold in folds) for name, risk in risks.items()}
    return ComparedEndpoint(endpoint, patients, plan, rows, flat, told)


def _is_flat(risk: Floats1) -> bool:
    """Whether it is the same of several patients."""
    return risk.size > 1 and bool(np.ptp(risk) == 0)


def _not_run(model: TableModel, endpoint: Endpoint, kept: KeptTraining, rules: ComparisonRules) -> str:
    """Why a row is not even tried; empty where it is."""
    if model.baseline is None:
        told = (endpoint.name, model.head) in kept.risks
        return "" if told else f"the networks of this model have no {model.head} head"
    if not rules.refit:
        return "--compare was not asked for"
    if model.takes_images and not rules.study.features:
        return rules.study.no_features or "there are no features of the image"
    if model.forest:
        return why_no_forest() if rules.forests else "--forests was not asked for"
    return ""


def _foretold(told: Mapping[str, float], patients: StudyPatients, endpoint: Endpoint) -> Floats1:
    """What networks foretold, in the order of the patients."""
    differ = len(set(told) ^ set(patients.subjects))
    if differ:
        raise InputError(
            f"--study: out_of_fold.csv must tell of the patients who were followed for {endpoint.title}, and "
            f"of no others; found {counted(differ, 'patient')} of one alone.",
            hint="Give COHORT and PROG_TRAINING of one training.",
        )
    return np.array([told[subject] for subject in patients.subjects], np.float64)
