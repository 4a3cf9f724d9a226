"""`validate-prognosis`: how well a model foretells, beside the other models of the paper's table."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from sarcoma_core.prognosis.comparison import ComparedEndpoint, ComparisonRules
    from sarcoma_core.prognosis.comparison_facts import ComparisonHead
    from sarcoma_core.prognosis.features import CohortFeatures
    from sarcoma_core.prognosis.frozen import FrozenCohort
    from sarcoma_core.prognosis.trained_study import KeptTraining

LABEL: Final = "PROG_EVALUATION"
READS: Final = ("REGISTERED", "NORMALISED", "N4", "SUV", "NIFTI", "MASKS")


class ValidatePrognosisOutputs(NamedTuple):
    """What the step writes."""

    evaluation: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="HTML",
            help="how well the model foretells, beside others: a page, the numbers, and the paper's table",
            title="Prognosis comparison",
        ),
    ]


def validate_prognosis(
    project: Annotated[
        ProjectFolder,
        Input(level="project", resource=READS, help="the project whose sessions the cohort names"),
    ],
    cohort: Annotated[AssetFolder, Asset(label="COHORT", help="the cohort that the model was trained on")],
    model: Annotated[AssetFolder, Asset(label="MODEL_PROG_*", help="of train-prognosis")],
    study: Annotated[
        AssetFolder, Asset(label="PROG_TRAINING", help="what the training of the model left at the site")
    ],
    out: OutputDir,
    *,
    compare: Annotated[
        bool, Param(help="whether the other models of the paper's table are fitted again, too")
    ] = True,
    forests: Annotated[
        bool, Param(help="whether random survival forests are grown where scikit-survival is installed")
    ] = True,
    bootstrap: Annotated[int, Param(help="samples of patients for limits", ge=1000, le=20_000)] = 1000,
) -> ValidatePrognosisOutputs:
    """Judge a model that foretells out of fold, beside the other models of the paper's table.

    The rows are those of Bozzo et al. 2024: the variables of Sarculator, a larger clinical model, features of
    the drawn tumours (radiomics), both, the networks' head of images alone, and the multimodal networks. All
    but the networks are fitted again within each fold of the very training, and all are judged on the same
    patients, so that a difference has limits of its own. A row that cannot be fitted is told with its reason.
    The test set of the training is not looked at. Without `--compare` the networks alone are judged.
    """
    from sarcoma_core.prognosis.comparison_facts import ComparisonHead
    from sarcoma_core.prognosis.frozen import read_frozen_cohort
    from sarcoma_core.prognosis.network_model import open_prognosis
    from sarcoma_core.prognosis.trained_study import read_training

    frozen = read_frozen_cohort(cohort)
    opened = open_prognosis(model)
    kept = read_training(study, model, opened, frozen)
    measured = _features(frozen, project, kept, compare=compare)
    rules = _rules(kept, measured, compare=compare, forests=forests, samples=bootstrap)
    compared = _compared(frozen, kept, measured, rules)
    hashes = {
        "cohort": frozen.sha256,
        "model": model.sha256,
        "study": study.sha256,
        "splits": kept.parts.sha256,
    }
    card = opened.model.card
    head = ComparisonHead(frozen.project, card.name, card.version, kept, rules, measured, hashes)
    return ValidatePrognosisOutputs(tuple(_told(out / LABEL, compared, head)))


def _features(
    frozen: "FrozenCohort", project: ProjectFolder, kept: "KeptTraining", *, compare: bool
) -> "CohortFeatures":
    """Of the development alone; no image is read where no row takes one."""
    from sarcoma_core.prognosis.features import CohortFeatures, cohort_features

    if not compare:
        return CohortFeatures({}, {})
    development = frozenset(kept.parts.development)
    members = tuple(one for one in frozen.members if one.subject in development)
    folders = {name: session.path for name, session in project.sessions()}
    return cohort_features(replace(frozen, members=members), folders)


def _rules(
    kept: "KeptTraining", measured: "CohortFeatures", *, compare: bool, forests: bool, samples: int
) -> "ComparisonRules":
    from sarcoma_core.prognosis.comparison import ComparisonRules
    from sarcoma_core.prognosis.endpoint_study import StudyRules
    from sarcoma_core.segmentation.radiomics.features import FEATURES

    lacking = measured.too_few if compare else "--compare was not asked for"
    study = StudyRules(
        seed=kept.order.seed,
        folds=kept.parts.folds.folds,
        repeats=1,
        features=() if lacking else FEATURES,
        no_features=lacking,
        when=kept.order.when,
    )
    return ComparisonRules(study, refit=compare, forests=forests, samples=samples)


def _compared(
    frozen: "FrozenCohort", kept: "KeptTraining", measured: "CohortFeatures", rules: "ComparisonRules"
) -> "tuple[ComparedEndpoint, ...]":
    """Each endpoint that the model foretells with time.

    Raises:
        InputError: it foretells none, or the study tells other patients of one.
    """
    from sarcoma_core.prognosis.clinical.endpoints import endpoint
    from sarcoma_core.prognosis.comparison import compare_endpoint
    from sarcoma_core.prognosis.endpoint_study import patients_of

    if not kept.order.timed:
        raise InputError(
            "--model: must foretell an endpoint that comes with time; it foretells none.",
            hint="Train one with --endpoints os,dm: sarcoma run train-prognosis --archive A --project P",
        )
    development = frozenset(kept.parts.development)
    members = (member for member in frozen.members if member.subject in development)
    rows = sorted((member.row for member in members), key=lambda row: row.subject)
    values = {subject: measured.of(subject) for subject in measured.found}
    wanted = [endpoint(name) for name in kept.order.timed]
    return tuple(compare_endpoint(one, patients_of(one, rows, values), kept, rules) for one in wanted)


def _told(
    folder: Path, compared: "tuple[ComparedEndpoint, ...]", head: "ComparisonHead"
) -> Iterator[Outcome]:
    """The files, and what came of each endpoint and row, to be read where no page is."""
    from sarcoma_core.prognosis.comparison_facts import comparison_facts
    from sarcoma_core.prognosis.comparison_files import COMPARED, FORM, PAGE, compared_bytes, form_bytes
    from sarcoma_core.report.model_comparison import render_comparison

    page = render_comparison(f"{head.model} in {head.project}", comparison_facts(compared, head))
    files = {
        COMPARED: compared_bytes(compared, head),
        FORM: form_bytes(compared),
        PAGE: page.encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    what = "the page, the numbers and the table in the form of the paper"
    yield Outcome("", "", "done", what, files=tuple(sorted(files)), facts=_facts(compared, head))
    for one in compared:
        yield Outcome("", "", "done", _in_a_line(one))
    for reason, rows in _not_run(compared).items():
        yield Outcome("", "", "not applicable", f"not run: {'; '.join(rows)}: {reason}")


def _facts(compared: "tuple[ComparedEndpoint, ...]", head: "ComparisonHead") -> dict[str, Any]:
    return {
        "model_sha256": head.hashes["model"],
        "splits_sha256": head.hashes["splits"],
        "patients": len(head.kept.parts.development),
        "test_set": "not looked at",
        "harrell": {
            one.endpoint.name: {
                name: None if row.harrell is None else round(row.harrell.value, 4)
                for name, row in one.rows.items()
            }
            for one in compared
        },
        "cautions": list(head.cautions),
    }


def _in_a_line(one: "ComparedEndpoint") -> str:
    from sarcoma_core.report.measures import measure_text

    each = ", ".join(f"{name} {measure_text(row.harrell, 3)}" for name, row in one.rows.items())
    follow_up = one.patients.follow_up
    events = f"{counted(len(follow_up), 'patient')}, {counted(follow_up.events, 'event')}"
    return f"{one.endpoint.title}: {events}; Harrell's C out of fold: {each}"


def _not_run(compared: "tuple[ComparedEndpoint, ...]") -> Mapping[str, list[str]]:
    """Rows that were not run, with their endpoints, by reason."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in compared:
        for name, reason in one.absent.items():
            found.setdefault(reason.rstrip("."), {}).setdefault(name, []).append(one.endpoint.short)
    return {
        reason: [f"{name} ({', '.join(short)})" for name, short in rows.items()]
        for reason, rows in found.items()
    }


STEP = describe(
    validate_prognosis,
    image="train",
    title="Sarcoma: validate prognosis",
    methods=(
        "On the patients and folds of one training, its networks were compared with Cox's model (Efron) on "
        "age, size, grade and histology and elastic-net Cox models on clinical variables, on first-order and "
        "shape features of the tumour, and on both, each fitted again within every fold. Harrell's and Uno's "
        "C were taken out of fold, with percentile limits of bootstrap samples of patients, the same for all "
        "models; differences from the multimodal networks were tested by their samples, with Holm's "
        "adjustment for each endpoint."
    ),
    resources=Resources(reserve_memory=2048, limit_memory=4096, limit_cpu=1),
)
