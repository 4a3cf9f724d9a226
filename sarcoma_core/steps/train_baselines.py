"""`train-baselines`: the models that any other has to beat, fitted on a frozen cohort."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from sarcoma_core.prognosis.endpoint_study import EndpointStudy, StudyRules
    from sarcoma_core.prognosis.features import CohortFeatures
    from sarcoma_core.prognosis.frozen import FrozenCohort

MODEL_LABELS = {
    "overall_survival": "MODEL_BASE_OS",
    "distant_metastasis": "MODEL_BASE_DM",
    "recurrence_free_survival": "MODEL_BASE_RFS",
}
"""The resource of each endpoint."""
REPORT_LABEL = "STUDY_REPORT"
_REASONS_TOLD = 3
"""So many of the reasons why patients have no features stand on the page."""
READS = ("REGISTERED", "NORMALISED", "N4", "SUV", "NIFTI", "MASKS")


class TrainBaselinesOutputs(NamedTuple):
    """What the step writes."""

    study: Annotated[
        Outcomes,
        Output(
            resource=REPORT_LABEL,
            format="HTML",
            help="how well they predict, out of fold: a page, the numbers, the predictions and the folds",
            title="Prognosis study",
        ),
    ]
    overall_survival: Annotated[
        Outcomes,
        Output(resource="MODEL_BASE_OS", format="JSON", help="baselines of death", title="Overall survival"),
    ]
    distant_metastasis: Annotated[
        Outcomes,
        Output(
            resource="MODEL_BASE_DM",
            format="JSON",
            help="baselines of a first distant metastasis",
            title="Distant metastasis",
        ),
    ]
    recurrence_free_survival: Annotated[
        Outcomes,
        Output(
            resource="MODEL_BASE_RFS",
            format="JSON",
            help="baselines of recurrence, metastasis or death",
            title="Recurrence-free survival",
        ),
    ]


def train_baselines(
    project: Annotated[
        ProjectFolder,
        Input(level="project", resource=READS, help="the project whose sessions the cohort names"),
    ],
    cohort: Annotated[
        AssetFolder, Asset(label="COHORT", help="a cohort that was frozen with a clinical table")
    ],
    out: OutputDir,
    *,
    seed: Annotated[int, Param(help="of the folds and of the bootstrap", ge=0, le=1_000_000)] = 0,
    folds: Annotated[int, Param(help="parts of the cross-validation", ge=2, le=10)] = 5,
    repeats: Annotated[int, Param(help="times that it is repeated", ge=1, le=20)] = 3,
    horizon: Annotated[
        int, Param(help="at which calibration is told and curves are drawn", ge=1, le=10, unit="years")
    ] = 3,
    least_events: Annotated[
        int, Param(help="events that an endpoint must have for a model", ge=5, le=1000, unit="events")
    ] = 10,
    features: Annotated[bool, Param(help="whether features of the drawn tumours are used")] = True,
) -> TrainBaselinesOutputs:
    """Fit the models that any other has to beat, and judge them on patients that they have not seen.

    Three for each endpoint: Cox's model on the variables of Sarculator (a refit, not the published nomogram),
    an elastic net on all clinical variables that are known before surgery, and one with first-order and shape
    features of the drawn tumours besides. Everything is learned inside the training of a fold. A model is
    kept as JSON in which no patient's own value or time stands. Cohort and files are checked against
    their hashes; a session that is damaged counts as one without features, and is told.
    """
    from sarcoma_core.prognosis.endpoint_study import StudyRules
    from sarcoma_core.prognosis.features import CohortFeatures
    from sarcoma_core.prognosis.frozen import read_frozen_cohort
    from sarcoma_core.segmentation.radiomics.features import FEATURES

    frozen = read_frozen_cohort(cohort)
    measured = _features(frozen, project) if features else CohortFeatures({}, {})
    lacking = measured.too_few if features else "features were not asked for"
    rules = StudyRules(
        seed=seed,
        folds=folds,
        repeats=repeats,
        horizon_years=horizon,
        least_events=least_events,
        features=() if lacking else FEATURES,
        no_features=lacking,
    )
    studies, failed = _studies(frozen, rules, measured)
    told = {name: _models(out, studies.get(name), frozen, failed.get(name, "")) for name in MODEL_LABELS}
    study = _study(out / REPORT_LABEL, _Told(frozen, rules, studies, failed, measured))
    return TrainBaselinesOutputs(study, **told)


def _features(frozen: "FrozenCohort", project: ProjectFolder) -> "CohortFeatures":
    from sarcoma_core.prognosis.features import cohort_features

    return cohort_features(frozen, {name: session.path for name, session in project.sessions()})


def _studies(
    frozen: "FrozenCohort", rules: "StudyRules", measured: "CohortFeatures"
) -> "tuple[Mapping[str, EndpointStudy], Mapping[str, str]]":
    """The study of each endpoint, and why one is not there.

    Raises:
        InputError: there is none.
    """
    from sarcoma_core.prognosis.clinical.endpoints import endpoint
    from sarcoma_core.prognosis.endpoint_study import patients_of, study_endpoint

    values = {subject: measured.of(subject) for subject in measured.found}
    rows = [member.row for member in frozen.members]
    studies: dict[str, EndpointStudy] = {}
    failed: dict[str, str] = {}
    for name in MODEL_LABELS:
        wanted = endpoint(name)
        try:
            studies[name] = study_endpoint(wanted, patients_of(wanted, rows, values), rules)
        except InputError as error:
            failed[name] = error.message
    if not studies:
        raise InputError(
            f"--cohort: must have an endpoint of which a model can be fitted. {' '.join(failed.values())}",
            hint="Wait for longer follow-up, or freeze a larger cohort.",
        )
    return studies, failed


def _models(out: Path, study: "EndpointStudy | None", frozen: "FrozenCohort", fault: str) -> Outcomes:
    """The models of an endpoint with their card; the reason where there is none."""
    from sarcoma_core.prognosis.baseline_card import (
        CARD_FILE,
        CARD_TEXT,
        CardSource,
        card_bytes,
        card_text,
        card_tree,
    )
    from sarcoma_core.prognosis.baseline_model import MODEL_FILE, kept_model

    if study is None:
        return (Outcome("", "", "refused", fault),)
    kept, absent = {}, dict(study.absent)
    for name, fitted in study.fitted.items():
        try:
            kept[name] = kept_model(
                fitted, study.patients.follow_up, endpoint=study.endpoint, time_zero=frozen.time_zero
            )
        except InputError as error:
            absent[name] = error.message
    if not kept:
        return (Outcome("", "", "refused", " ".join(absent.values())),)
    label = MODEL_LABELS[study.endpoint.name]
    card = card_tree(study, CardSource(label, frozen.sha256, kept, absent))
    files = {f"{name}/{MODEL_FILE}": model.document() for name, model in kept.items()}
    files |= {CARD_FILE: card_bytes(card), CARD_TEXT: card_text(card).encode()}
    _write(out / label, files)
    facts = {"card_sha256": card["sha256"], "models": {name: model.sha256 for name, model in kept.items()}}
    left = tuple(Outcome("", "", "set apart", f"{name}: {reason}") for name, reason in absent.items())
    return (Outcome("", "", "done", files=tuple(sorted(files)), facts=facts), *left)


class _Told(NamedTuple):
    """What the study is told from."""

    frozen: "FrozenCohort"
    rules: "StudyRules"
    studies: Mapping[str, "EndpointStudy"]
    failed: Mapping[str, str]
    measured: "CohortFeatures"


def _study(folder: Path, told: _Told) -> Outcomes:
    """The page, the numbers, the predictions and the folds."""
    from sarcoma_core.prognosis.clinical.endpoints import endpoint
    from sarcoma_core.prognosis.study_facts import StudyHead, study_facts
    from sarcoma_core.prognosis.study_files import evaluation, out_of_fold, splits
    from sarcoma_core.report.prognosis import render_prognosis

    studies = tuple(told.studies.values())
    failed = {endpoint(name).title: reason for name, reason in told.failed.items()}
    cautions = _cautions(told)
    head = StudyHead(told.frozen, told.rules, failed, cautions)
    sessions = {member.subject: member.session for member in told.frozen.members}
    page = render_prognosis(f"baselines of {told.frozen.project}", study_facts(studies, head))
    files = {
        "study.html": page.encode(),
        "evaluation.json": evaluation(studies, head, told.measured),
        "out_of_fold.csv": out_of_fold(studies, sessions),
        "splits.json": splits(studies),
    }
    _write(folder, files)
    facts: dict[str, Any] = {"endpoints": list(told.studies), "cautions": list(cautions)}
    if told.measured.missing:
        facts["no_features"] = dict(told.measured.missing)
    what = "the page, the numbers, the predictions and the folds"
    written = Outcome("", "", "done", what, files=tuple(sorted(files)), facts=facts)
    each = tuple(Outcome("", "", "done", _in_a_line(study)) for study in studies)
    none = tuple(Outcome("", "", "set apart", f"{title}: {reason}") for title, reason in failed.items())
    lacking = tuple(Outcome("", "", "not applicable", reason) for reason in _without_features(told.measured))
    return (written, *each, *none, *lacking)


def _in_a_line(study: "EndpointStudy") -> str:
    """What came of an endpoint, to be read where no page is."""
    from sarcoma_core.report.measures import measure_text

    judged = study.judgement.models.items()
    told = ", ".join(f"{name} {measure_text(one.harrell, 3)}" for name, one in judged)
    follow_up = study.patients.follow_up
    events = f"{counted(len(follow_up), 'patient')}, {counted(follow_up.events, 'event')}"
    return f"{study.endpoint.title}: {events}; Harrell's C {told}"


def _cautions(told: _Told) -> tuple[str, ...]:
    missing = told.measured.missing
    if not missing:
        return ()
    reasons = Counter(missing.values()).most_common()
    each = [f"{number}: {reason.removesuffix('.')}" for reason, number in reasons[:_REASONS_TOLD]]
    others = sum(number for _, number in reasons[_REASONS_TOLD:])
    each += [f"{others}: for other reasons"] if others else []
    patients = len(missing) + len(told.measured.found)
    without = f"{len(missing)} of {patients} patients have no features of the image"
    who = f"Who they are stands in run.json of {REPORT_LABEL}."
    return (f"{without}, and are in the study without them ({'; '.join(each)}). {who}",)


def _without_features(measured: "CohortFeatures") -> Iterator[str]:
    """Each reason for which patients have no features: they are in the study all the same."""
    patients = len(measured.found) + len(measured.missing)
    for reason, number in Counter(measured.missing.values()).most_common():
        yield f"{number} of {patients} patients have no features, and are in the study without: {reason}"


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


STEP = describe(
    train_baselines,
    image="train",
    title="Sarcoma: train baselines",
    methods=(
        "Baseline models were fitted to the frozen cohort: Cox's model (Efron) on age, size, grade and "
        "histology, and elastic-net Cox models on all clinical variables known before surgery, with and "
        "without first-order and shape features of the tumour. They were judged by repeated cross-validation "
        "by patient, with preprocessing and tuning inside the training folds, and with percentile limits of "
        "1000 bootstrap samples of patients."
    ),
    goes_on=True,
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=2),
)
